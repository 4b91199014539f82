//! RIFF WAVE with PCM samples: where they are, what they are, and how loud.

mod layout;
mod sample;

use super::format::{channel_words, rate_words};
use super::measure::Measure;
use super::{AudioFacts, AudioFault};

pub(super) use layout::Wav;

/// About so many samples are converted at a time.
const SAMPLES_AT_ONCE: usize = 8192;

/// Measures a WAV file.
pub(super) fn facts(bytes: &[u8]) -> Result<AudioFacts, AudioFault> {
    let wav = Wav::read(bytes)?;
    let sample = wav.sample()?;
    let mut measure = Measure::new(wav.channels, wav.sample_rate_hz);
    let mut samples = Vec::with_capacity(SAMPLES_AT_ONCE);
    let frames_at_once = (SAMPLES_AT_ONCE / wav.channels as usize).max(1);
    for part in wav.samples(bytes).chunks(frames_at_once * wav.frame_bytes()) {
        samples.clear();
        samples.extend(part.chunks_exact(sample.bytes()).map(|raw| sample.amplitude(raw)));
        measure.add(&mut samples);
    }
    let format = format!(
        "WAV {} {} {}",
        sample.words(),
        channel_words(wav.channels),
        rate_words(wav.sample_rate_hz)
    );
    Ok(AudioFacts::of(format, wav.frames(), measure, wav.oddities))
}
