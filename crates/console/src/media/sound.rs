//! A sound in words and bars: length, format, peak, loudness, and its outline.

use super::{MediaFact, MediaPair};
use ::sound::{AudioFacts, Stretch};
use text::words::length;

// Counts as full scale: another decoder may round up to it.
const FULL_SCALE_DB: f64 = -0.01;

/// The facts as a table. A sound that cannot be read has one that says why.
pub fn facts(pair: &MediaPair<AudioFacts>) -> Vec<MediaFact> {
    let before = pair.known_before();
    let Ok(now) = &pair.now else {
        return vec![unread(pair)];
    };
    let level = |name, of: fn(&AudioFacts) -> Option<f64>, unit, none| level(name, before.map(of), of(now), unit, none);
    let mut facts = vec![
        fact(
            "length",
            before.map(|facts| length(facts.duration_s)),
            length(now.duration_s),
            before.map(|before| difference(before.duration_s, now.duration_s, 3, "s")),
        ),
        level("peak", |facts| facts.peak_dbfs, "dBFS", "silence"),
        level("true peak", |facts| facts.true_peak_dbtp, "dBTP", "not measured"),
        level("loudness", |facts| facts.loudness_lufs, "LUFS", "not measured"),
        fact(
            "format",
            before.map(|facts| facts.format.clone()),
            now.format.clone(),
            before.map(|before| same(before.format == now.format)),
        ),
    ];
    for oddity in &now.oddities {
        facts.push(MediaFact {
            is_alarming: true,
            ..fact("odd", None, oddity.clone(), None)
        });
    }
    if matches!(&pair.before, Some(Err(_))) {
        facts.push(unread(pair));
    }
    facts
}

fn unread(pair: &MediaPair<AudioFacts>) -> MediaFact {
    let why = |told: &Result<AudioFacts, String>| told.as_ref().err().map(|why| format!("not read: {why}"));
    let (before, now) = (pair.before.as_ref().and_then(why), why(&pair.now).unwrap_or_default());
    MediaFact {
        is_alarming: true,
        ..fact("sound", before, now, None)
    }
}

fn fact(name: &'static str, before: Option<String>, now: String, change: Option<String>) -> MediaFact {
    MediaFact {
        name,
        before: before.unwrap_or_default(),
        now,
        change: change.unwrap_or_default(),
        is_alarming: false,
    }
}

fn same(is_same: bool) -> String {
    if is_same { "same" } else { "differs" }.to_owned()
}

fn difference(before: f64, now: f64, digits: usize, unit: &str) -> String {
    let text = format!("{:+.digits$}", now - before);
    if text.chars().all(|sign| matches!(sign, '+' | '-' | '0' | '.')) {
        "same".to_owned()
    } else {
        format!("{text} {unit}")
    }
}

fn level(name: &'static str, before: Option<Option<f64>>, now: Option<f64>, unit: &str, none: &str) -> MediaFact {
    let word = |value: Option<f64>| match value {
        Some(value) if is_clipping(unit, value) => format!("{value:.1} {unit} CLIPS"),
        Some(value) => format!("{value:.1} {unit}"),
        None => none.to_owned(),
    };
    // A difference of loudnesses is in LU (EBU R 128), of others in dB.
    let step = if unit == "LUFS" { "LU" } else { "dB" };
    let change = before.map(|before| match (before, now) {
        (Some(before), Some(now)) => difference(before, now, 1, step),
        (None, None) => "same".to_owned(),
        (Some(_), None) | (None, Some(_)) => "differs".to_owned(),
    });
    MediaFact {
        is_alarming: now.is_some_and(|value| is_clipping(unit, value)),
        ..fact(name, before.map(word), word(now), change)
    }
}

fn is_clipping(unit: &str, value: f64) -> bool {
    match unit {
        "dBFS" => value >= FULL_SCALE_DB,
        "dBTP" => value > 0.0,
        _ => false,
    }
}

/// The lowest level that the outline shows: speech at a usual level fills it.
pub(crate) const OUTLINE_FLOOR_DB: f64 = -42.0;

/// A column of an outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bar {
    /// The peak, from 0 ([`OUTLINE_FLOOR_DB`] and below) to 1 (full scale), in decibels.
    pub(crate) height: f64,
    /// The mean level (RMS) on the same scale.
    pub(crate) mean: f64,
    /// Reaches full scale.
    pub(crate) clips: bool,
}

/// The outline in so many columns, as wide as a sound of `duration_s` seconds: two sounds are drawn
/// to one scale of time.
pub(crate) fn outline(facts: &AudioFacts, columns: usize, duration_s: f64) -> Vec<Bar> {
    let frames = (duration_s * f64::from(facts.sample_rate_hz)).ceil() as u64;
    let level_db = |amplitude: f64| 20.0 * amplitude.max(1e-9).log10();
    let height = |level_db: f64| ((level_db - OUTLINE_FLOOR_DB) / -OUTLINE_FLOOR_DB).clamp(0.0, 1.0);
    let bar = |stretch: Stretch| {
        let peak_db = level_db(f64::from(stretch.low.abs().max(stretch.high.abs())));
        Bar {
            height: height(peak_db),
            mean: height(level_db(stretch.rms())),
            clips: peak_db >= FULL_SCALE_DB,
        }
    };
    let columns = facts
        .waveform
        .columns_of(columns, frames.max(facts.frames.min(frames)).max(1));
    columns.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(seconds: f64, amplitude: f32) -> AudioFacts {
        let rate = 8_000;
        let frames = (seconds * f64::from(rate)) as usize;
        let samples = (0..frames).map(|at| {
            let sample = (at as f32 * 0.3).sin() * amplitude * 32_767.0;
            (sample as i16).to_le_bytes()
        });
        let data: Vec<u8> = samples.flatten().collect();
        let mut wav = Vec::new();
        wav.extend(b"RIFF");
        wav.extend((36 + data.len() as u32).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        wav.extend(u32::to_le_bytes(rate));
        wav.extend(u32::to_le_bytes(rate * 2));
        wav.extend(b"\x02\0\x10\0data");
        wav.extend((data.len() as u32).to_le_bytes());
        wav.extend(data);
        sound::facts(&wav).expect("a WAV file")
    }

    fn told(pair: &MediaPair<AudioFacts>, name: &str) -> [String; 3] {
        let found = facts(pair).into_iter().find(|fact| fact.name == name);
        let fact = found.unwrap_or_else(|| panic!("{name} is told"));
        [fact.before, fact.now, fact.change]
    }

    #[test]
    fn every_fact_stands_in_words() {
        let pair = MediaPair {
            before: Some(Ok(sound(1.0, 0.25))),
            now: Ok(sound(1.5, 0.5)),
        };
        assert_eq!(told(&pair, "length"), ["0:01.000", "0:01.500", "+0.500 s"]);
        assert_eq!(told(&pair, "peak"), ["-12.0 dBFS", "-6.0 dBFS", "+6.0 dB"]);
        assert_eq!(told(&pair, "loudness")[2], "+6.0 LU");
        assert_eq!(told(&pair, "format")[2], "same");
        assert!(facts(&pair).iter().all(|fact| !fact.is_alarming));
    }

    #[test]
    fn clipping_is_a_word_and_a_mark() {
        let loud = sound(1.0, 1.0);
        assert!(outline(&loud, 20, 1.0).iter().any(|bar| bar.clips));
        let pair = MediaPair {
            before: None,
            now: Ok(loud),
        };
        let [before, now, change] = told(&pair, "peak");
        assert!(now.ends_with("CLIPS"), "{now}");
        assert_eq!([before, change], ["", ""]);
        assert!(facts(&pair).iter().any(|fact| fact.is_alarming));
    }

    #[test]
    fn two_outlines_have_one_scale_of_time() {
        let half = sound(1.0, 0.5);
        assert_eq!(outline(&half, 40, 2.0).len(), 20);
        assert_eq!(outline(&half, 40, 1.0).len(), 40);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let pair = MediaPair {
            before: Some(Ok(sound(1.0, 0.5))),
            now: Err("the frame at byte 12 is cut off".to_owned()),
        };
        let facts = facts(&pair);
        assert_eq!(facts.len(), 1);
        assert_eq!(facts[0].now, "not read: the frame at byte 12 is cut off");
    }
}
