//! The audio stage: a tune as WAV, a hummed voiceover as MP3, and captions.

use super::captions;
use super::storyboard::{self, Scene};
use super::tune::{self, Playing};
use super::work::Work;
use super::{DemoError, animatics, voice};

/// Where the tune is written.
pub(crate) const TUNE_PATH: &str = "artifacts/audio/guide.wav";
/// Where the voiceover is written.
pub(crate) const VOICE_PATH: &str = "artifacts/audio/voiceover.mp3";
/// Where the captions are written.
pub(crate) const CAPTIONS_PATH: &str = "artifacts/audio/captions.srt";
const TUNE_RATE_HZ: u32 = 22_050;
/// Loudness of the loudest moment, unless somebody asked for another.
const PEAK: f64 = 0.6;

/// Runs the stage.
pub(crate) fn run(work: &mut Work) -> Result<(), DemoError> {
    let scenes = storyboard::scenes(work)?;
    let playing = playing(work, animatics::playable_speed(work, &scenes)?);
    work.step(&format!("key {:.0} Hz, {} scenes", playing.key_hz, scenes.len()), 0.3);
    let wav = wav(&tune::tune(&scenes, playing, TUNE_RATE_HZ))?;
    work.write("guide.wav", &wav)?;
    work.step("humming the voiceover", 0.5);
    let louder_db = 20.0 * (playing.peak / PEAK).log10();
    let voice = voice::voice(&scenes, playing.speed, louder_db)?;
    work.write("voiceover.mp3", &voice)?;
    work.step("writing captions", 0.2);
    let captions = captions::write(&timed(&scenes));
    work.write("captions.srt", captions.as_bytes())
}

fn timed(scenes: &[Scene]) -> Vec<captions::Caption> {
    let mut at_ms = 0;
    let mut captions = Vec::new();
    for scene in scenes {
        captions.extend(captions::split(&scene.text, at_ms, scene.duration_ms));
        at_ms += scene.duration_ms;
    }
    captions
}

/// How to play, by what operators said of the last attempt.
fn playing(work: &Work, speed: f64) -> Playing {
    let pattern = work.brief.film.slug.len() + work.env.attempt as usize;
    let mut playing = Playing {
        key_hz: work.brief.film.key_hz,
        peak: PEAK,
        pattern,
        speed,
    };
    if work.notes.speak_of(&["louder", "loud enough", "quiet", "faint"]) {
        playing.peak = 0.85;
    }
    if work.notes.speak_of(&["quieter", "softer", "loud", "too loud"]) {
        playing.peak = 0.3;
    }
    if work.notes.speak_of(&["higher", "brighter", "dull"]) {
        playing.key_hz *= 4.0 / 3.0;
    }
    if work.notes.speak_of(&["lower", "deeper", "shrill"]) {
        playing.key_hz *= 0.75;
    }
    playing
}

fn wav(samples: &[f64]) -> Result<Vec<u8>, DemoError> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: TUNE_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let failed = |error: hound::Error| DemoError::artifact(TUNE_PATH, error.to_string());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).map_err(failed)?;
    for sample in samples {
        writer
            .write_sample((sample * f64::from(i16::MAX)).round() as i16)
            .map_err(failed)?;
    }
    writer.finalize().map_err(failed)?;
    Ok(bytes.into_inner())
}
