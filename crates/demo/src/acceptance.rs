//! The acceptance report: what really is in the run directory, checked against what it should be.
//!
//! It reads the artifacts as they are now, so that a patched storyboard with an old total, or sound
//! made too loud, is found here.

use super::script::Script;
use super::storyboard::{self, Scene};
use super::voice::FRAME_S;
use super::work::Work;
use super::{DemoError, animatics, assets, audio, captions};
use serde_json::Value;
use sound::AudioFacts;

const PEAK_DB_MAX: f64 = -1.0;
const PEAK_DB_MIN: f64 = -30.0;
/// What silence is shown as: one step of 16 bits.
const SILENCE_DB: f64 = -90.3;
/// How far the film may be from the length that was ordered.
const LENGTH_TOLERANCE: f64 = 0.4;
const LETTERS_PER_SECOND_MAX: f64 = 22.0;

/// One thing that was looked at: what, whether it is good, and the figures.
struct Check {
    name: &'static str,
    good: bool,
    figures: String,
}

/// Runs the stage.
pub(crate) fn run(work: &mut Work) -> Result<(), DemoError> {
    let scenes = storyboard::scenes(work)?;
    let total_ms: u64 = scenes.iter().map(|scene| scene.duration_ms).sum();
    let mut checks = Vec::new();
    for check in [
        scenes_match,
        totals_add_up,
        length_fits,
        assets_whole,
        sound_level,
        sound_length,
        captions_fit,
    ] {
        let check = check(work, &scenes, total_ms)?;
        work.step(
            &format!("{} – {}", check.name, if check.good { "good" } else { "FINDING" }),
            0.2,
        );
        checks.push(check);
    }
    let report = render(work, &checks);
    work.write("acceptance.md", report.as_bytes())
}

fn scenes_match(work: &Work, scenes: &[Scene], _: u64) -> Result<Check, DemoError> {
    let sections = Script::parse(&work.read_text("artifacts/script/script.txt")?)
        .sections
        .len();
    // The storyboard adds one scene for the end card.
    let drawn = scenes.len().saturating_sub(1);
    let figures = format!("{sections} sections in the script, {drawn} scenes and an end card");
    Ok(Check {
        name: "Every section has a scene",
        good: sections == drawn,
        figures,
    })
}

fn totals_add_up(work: &Work, _: &[Scene], total_ms: u64) -> Result<Check, DemoError> {
    // A missing total is shown as 0; a patch may have written it as 40440.0.
    let total = |document: &Value, key: &str| document.get(key).and_then(Value::as_f64).unwrap_or(0.0);
    let board_ms = total(&work.read_json(storyboard::PATH)?, "total_duration_ms");
    let timing_ms = total(&work.read_json(animatics::PATH)?, "total_ms");
    let good = [board_ms, timing_ms]
        .iter()
        .all(|total| (total - total_ms as f64).abs() < 1.0);
    let figures = format!("scenes {total_ms} ms, storyboard says {board_ms} ms, timing sheet {timing_ms} ms");
    Ok(Check {
        name: "Durations add up",
        good,
        figures,
    })
}

fn length_fits(work: &Work, _: &[Scene], total_ms: u64) -> Result<Check, DemoError> {
    let (wanted_s, length_s) = (work.brief.length_s, total_ms as f64 / 1_000.0);
    let good = (length_s / wanted_s - 1.0).abs() <= LENGTH_TOLERANCE;
    Ok(Check {
        name: "Length is what was ordered",
        good,
        figures: format!("{length_s:.1} s for {wanted_s} s ordered"),
    })
}

fn assets_whole(work: &Work, _: &[Scene], _: u64) -> Result<Check, DemoError> {
    let index = work.read_json(assets::INDEX_PATH)?;
    let entries = index
        .get("assets")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut broken = Vec::new();
    for entry in &entries {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let bytes = work.read_bytes(&format!("artifacts/assets/{}", text("asset")));
        if !bytes.is_ok_and(|bytes| assets::digest(&bytes) == text("sha256")) {
            broken.push(text("asset").to_string());
        }
    }
    let figures = match broken.as_slice() {
        [] => format!("{} files as indexed", entries.len()),
        [..] => format!("not as indexed: {}", broken.join(", ")),
    };
    Ok(Check {
        name: "Assets are whole",
        good: broken.is_empty() && !entries.is_empty(),
        figures,
    })
}

fn heard(work: &Work, path: &str) -> Result<AudioFacts, DemoError> {
    sound::facts(&work.read_bytes(path)?).map_err(|fault| DemoError::artifact(path, fault.to_string()))
}

fn sound_level(work: &Work, _: &[Scene], _: u64) -> Result<Check, DemoError> {
    let peak_db = heard(work, audio::TUNE_PATH)?.peak_dbfs.unwrap_or(SILENCE_DB);
    let good = (PEAK_DB_MIN..=PEAK_DB_MAX).contains(&peak_db);
    let figures = format!("peak {peak_db:.1} dBFS, allowed {PEAK_DB_MIN:.0} to {PEAK_DB_MAX:.0}");
    Ok(Check {
        name: "Sound level",
        good,
        figures,
    })
}

fn sound_length(work: &Work, _: &[Scene], total_ms: u64) -> Result<Check, DemoError> {
    let film_s = total_ms as f64 / 1_000.0;
    let speed = animatics::guide_speed(work)?;
    let tune_s = heard(work, audio::TUNE_PATH)?.duration_s;
    let voice_s = heard(work, audio::VOICE_PATH)?.duration_s;
    // The voice ends with the frame in which the film ends.
    let good = (tune_s * speed - film_s).abs() < 0.04 && (voice_s - film_s / speed).abs() <= FRAME_S;
    let figures = format!(
        "film {film_s:.2} s, tune {:.2} s, voiceover {:.2} s",
        tune_s * speed,
        voice_s * speed
    );
    Ok(Check {
        name: "Sound is as long as the film",
        good,
        figures,
    })
}

fn captions_fit(work: &Work, _: &[Scene], total_ms: u64) -> Result<Check, DemoError> {
    let name = "Captions fit";
    let captions = match captions::read(&work.read_text(audio::CAPTIONS_PATH)?) {
        Ok(captions) => captions,
        Err(block) => {
            return Ok(Check {
                name,
                good: false,
                figures: format!("block {block} is not a caption"),
            });
        }
    };
    let in_order = captions.windows(2).all(|pair| pair[0].to_ms <= pair[1].from_ms);
    let inside = captions
        .iter()
        .all(|caption| caption.from_ms < caption.to_ms && caption.to_ms <= total_ms);
    let fastest = captions.iter().map(|caption| {
        caption.text.chars().count() as f64 * 1_000.0 / caption.to_ms.saturating_sub(caption.from_ms).max(1) as f64
    });
    let fastest = fastest.fold(0.0, f64::max);
    let good = in_order && inside && fastest <= LETTERS_PER_SECOND_MAX;
    let figures = format!("{} captions, the fastest {fastest:.0} letters a second", captions.len());
    Ok(Check { name, good, figures })
}

fn render(work: &Work, checks: &[Check]) -> String {
    let findings: Vec<&Check> = checks.iter().filter(|check| !check.good).collect();
    let mut text = format!("# Acceptance: {}\n\n", work.brief.film.title);
    text += &match findings.len() {
        0 => "No findings. Ready for release.\n".to_string(),
        1 => "1 finding.\n".to_string(),
        count => format!("{count} findings.\n"),
    };
    for finding in &findings {
        text += &format!("- {}: {}\n", finding.name, finding.figures);
    }
    text += "\n| check | result | figures |\n|---|---|---|\n";
    for check in checks {
        text += &format!(
            "| {} | {} | {} |\n",
            check.name,
            if check.good { "good" } else { "finding" },
            check.figures
        );
    }
    if !work.notes.texts.is_empty() {
        text += "\n## Asked at review\n\n";
        for note in &work.notes.texts {
            text += &format!("- {}\n", note.replace('\n', " "));
        }
    }
    text
}
