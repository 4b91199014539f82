//! The voiceover: a hummed speaker, cut and joined at frame borders from one clip of five vowels
//! (`clip/make.sh`).
//!
//! No frame of the clip needs the one before it, and each vowel fades in and out, so that any can
//! stand behind any other.

use super::DemoError;
use super::audio::VOICE_PATH;
use super::storyboard::Scene;
use sound::{Levels, STEP_DB};

const CLIP: &[u8] = include_bytes!("../clip/vowels.mp3");
/// The vowels of the clip, in order; a frame of silence follows.
const VOWELS: &str = "aeiou";
const FRAMES_OF_VOWEL: usize = 8;
/// 48 kbit/s.
const FRAME_BYTES: usize = 144;
/// 1152 samples at 48 kHz.
pub(crate) const FRAME_S: f64 = 0.024;

/// One syllable for each vowel of a scene, then silence until the scene ends, at `speed`;
/// `louder_db` in the steps that MP3 has.
pub(crate) fn voice(scenes: &[Scene], speed: f64, louder_db: f64) -> Result<Vec<u8>, DemoError> {
    let clip: Vec<&[u8]> = CLIP.chunks_exact(FRAME_BYTES).collect();
    let silence = VOWELS.len() * FRAMES_OF_VOWEL;
    let mut frames = Vec::new();
    let mut end_ms = 0;
    for scene in scenes {
        end_ms += scene.duration_ms;
        let end = (end_ms as f64 / 1_000.0 / speed / FRAME_S).ceil() as usize;
        let vowels = scene.text.chars().filter_map(|letter| VOWELS.find(letter));
        let hummed = vowels.flat_map(|vowel| vowel * FRAMES_OF_VOWEL..(vowel + 1) * FRAMES_OF_VOWEL);
        let wanted = hummed
            .chain(std::iter::repeat(silence))
            .take(end.saturating_sub(frames.len()));
        frames.extend(wanted.filter_map(|frame| clip.get(frame).copied()));
    }
    let bytes = frames.concat();
    let steps = (louder_db / STEP_DB).round() as i32;
    match sound::levels(&bytes) {
        Ok(Some(Levels::Mp3(levels))) => levels.stepped(steps).map(|(levelled, _)| levelled.bytes),
        Ok(Some(Levels::Wav(_) | Levels::Elsewhere(_)) | None) => return Ok(bytes),
        Err(fault) => Err(fault),
    }
    .map_err(|fault| DemoError::artifact(VOICE_PATH, fault.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str, louder_db: f64) -> sound::AudioFacts {
        let scenes = [2_000, 1_000].map(|duration_ms| Scene {
            id: "s01".into(),
            text: text.into(),
            duration_ms,
        });
        sound::facts(&voice(&scenes, 1.5, louder_db).unwrap()).unwrap()
    }

    #[test]
    fn the_voice_is_as_long_as_the_film_at_its_speed_and_hums_only_what_is_written() {
        let spoken = heard("See the light", 0.0);
        assert_eq!(spoken.format, "MP3 mono 48 kHz 48 kb/s");
        assert_eq!(spoken.frames, 1152 * 84);
        assert_eq!(spoken.oddities, Vec::<String>::new());
        assert!(spoken.loudness_lufs > Some(-24.0), "{spoken:?}");
        let silent = heard("Hm.", 0.0);
        assert_eq!(silent.frames, spoken.frames);
        assert!(silent.peak_dbfs < Some(-40.0), "{silent:?}");
    }

    #[test]
    fn louder_is_louder() {
        let peak = |louder_db| heard("See the light", louder_db).peak_dbfs.unwrap();
        assert!((peak(3.0) - peak(0.0) - 2.0 * STEP_DB).abs() < 0.1);
        assert!((peak(-6.0) - peak(0.0) + 4.0 * STEP_DB).abs() < 0.1);
    }
}
