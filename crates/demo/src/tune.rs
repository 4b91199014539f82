//! The sound of the guide track, made from nothing: bells over a chord for each scene.
//!
//! Pure: the same scenes give the same samples. Samples are mono, between −1 and 1.

use super::storyboard::Scene;
use std::f64::consts::TAU;

/// The guide track is no longer than this; a longer film is played faster.
const GUIDE_S_MAX: f64 = 6.0;
const BELL_S: f64 = 0.2;
/// Roots of the chords that the scenes walk through, in semitones above the key note, and whether
/// they are minor.
const CHORDS: [(f64, bool); 4] = [(0.0, false), (9.0, true), (5.0, false), (7.0, false)];

/// How the tune is played; what an operator may ask to be otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Playing {
    /// Key note in hertz.
    pub(crate) key_hz: f64,
    /// Loudness of the loudest moment, 0 to 1.
    pub(crate) peak: f64,
    /// Which arpeggio; any number.
    pub(crate) pattern: usize,
    /// How much faster than the film, above 0.
    pub(crate) speed: f64,
}

/// How much faster than a film of that length its guide track has to run, at least 1.
pub(crate) fn guide_speed(total_ms: u64) -> f64 {
    (total_ms as f64 / 1_000.0 / GUIDE_S_MAX).max(1.0)
}

pub(crate) fn tune(scenes: &[Scene], playing: Playing, sample_rate_hz: u32) -> Vec<f64> {
    let mut samples = sound(scenes, playing, sample_rate_hz);
    let loudest = samples
        .iter()
        .fold(1e-9, |loudest: f64, sample| loudest.max(sample.abs()));
    samples.iter_mut().for_each(|sample| *sample *= playing.peak / loudest);
    samples
}

/// A moment of the track.
struct Moment {
    number: usize,
    /// Since the scene began, in seconds of the guide track.
    at_s: f64,
    left_s: f64,
}

fn sound(scenes: &[Scene], playing: Playing, sample_rate_hz: u32) -> Vec<f64> {
    let speed = playing.speed;
    let rate = f64::from(sample_rate_hz);
    let total_ms: u64 = scenes.iter().map(|scene| scene.duration_ms).sum();
    let count = (total_ms as f64 / 1_000.0 / speed * rate).round() as usize;
    let mut samples = Vec::with_capacity(count);
    let mut end_s = 0.0;
    for (number, scene) in scenes.iter().enumerate() {
        let start_s = end_s;
        end_s += scene.duration_ms as f64 / 1_000.0 / speed;
        // Rounded from the running total, so that rounding errors of many scenes never add up.
        let end = ((end_s * rate).round() as usize).min(count);
        while samples.len() < end {
            let now_s = samples.len() as f64 / rate;
            let moment = Moment {
                number,
                at_s: now_s - start_s,
                left_s: end_s - now_s,
            };
            samples.push(bells(&moment, playing) * fade(moment.left_s, 0.03) * fade(moment.at_s, 0.01));
        }
    }
    samples
}

fn fade(distance_s: f64, width_s: f64) -> f64 {
    (distance_s / width_s).clamp(0.0, 1.0)
}

fn semitones(key_hz: f64, count: f64) -> f64 {
    key_hz * 2f64.powf(count / 12.0)
}

fn bells(moment: &Moment, playing: Playing) -> f64 {
    let (root, minor) = CHORDS[moment.number % CHORDS.len()];
    let chord = [0.0, if minor { 3.0 } else { 4.0 }, 7.0, 12.0];
    let strike = (moment.at_s / BELL_S).floor();
    let since_s = moment.at_s - strike * BELL_S;
    let step = (strike as usize * (1 + playing.pattern % 3) + playing.pattern) % chord.len();
    let bell_hz = semitones(playing.key_hz, root + chord[step] + 12.0);
    let ring = |ratio: f64, decay: f64| (-since_s * decay).exp() * (TAU * bell_hz * ratio * since_s).sin();
    let bell = (ring(1.0, 6.0) + 0.4 * ring(2.0, 9.0) + 0.15 * ring(3.01, 14.0)) * fade(since_s, 0.004);
    let pad = chord[..3]
        .iter()
        .map(|note| (TAU * semitones(playing.key_hz, root + note) * moment.at_s).sin());
    0.5 * bell + 0.12 * pad.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenes() -> Vec<Scene> {
        let scene = |id: &str, duration_ms| Scene {
            id: id.into(),
            text: "See the light".into(),
            duration_ms,
        };
        vec![scene("s01", 9_000), scene("s02", 12_000), scene("s03", 2_000)]
    }

    const PLAYING: Playing = Playing {
        key_hz: 220.0,
        peak: 0.5,
        pattern: 0,
        speed: 23.0 / 6.0,
    };

    #[test]
    fn the_track_is_as_long_as_the_film_divided_by_its_speed() {
        let samples = tune(&scenes(), PLAYING, 8_000);
        assert_eq!(samples.len(), 48_000);
        assert!((guide_speed(23_000) - 23.0 / 6.0).abs() < 1e-12);
        assert_eq!(guide_speed(4_000), 1.0);
    }

    #[test]
    fn the_loudest_moment_is_as_loud_as_asked() {
        let samples = tune(&scenes(), PLAYING, 8_000);
        let peak = samples.iter().fold(0.0, |peak: f64, sample| peak.max(sample.abs()));
        assert!((peak - 0.5).abs() < 1e-9, "{peak}");
    }
}
