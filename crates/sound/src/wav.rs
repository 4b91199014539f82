//! RIFF WAVE with PCM samples: where they are, what they are, and how loud.

mod gain;
mod layout;
mod sample;

use super::format::{channel_words, rate_words};
use super::measure::{Depth, Measure};
use super::{AudioFacts, AudioFault};

use gain::WavGainReport;
use sample::Sample;

pub(super) use layout::Wav;

/// About so many samples are converted at a time.
const SAMPLES_AT_ONCE: usize = 8192;

/// Measures a WAV file.
pub(super) fn facts(bytes: &[u8]) -> Result<AudioFacts, AudioFault> {
    let wav = Wav::read(bytes)?;
    let sample = wav.readable()?;
    let measure = wav.measured(bytes, Depth::WithTruePeak)?;
    let format = format!(
        "WAV {} {} {}",
        sample.words(),
        channel_words(wav.channels),
        rate_words(wav.sample_rate_hz)
    );
    Ok(AudioFacts::of(format, wav.frames(), measure, wav.oddities))
}

impl Wav {
    /// Its sample format, or a refusal that names the one it has.
    fn readable(&self) -> Result<Sample, AudioFault> {
        self.sample().map_err(|name| {
            AudioFault::new(format!("WAV with {name} samples is not decoded here"))
                .with_hint("PCM of 8, 16, 24 or 32 bits and floats of 32 or 64 bits are")
        })
    }

    /// Measures the samples of these bytes, which have this layout.
    pub(super) fn measured(&self, bytes: &[u8], depth: Depth) -> Result<Measure, AudioFault> {
        let sample = self.readable()?;
        let mut measure = Measure::new(self.channels, self.sample_rate_hz, depth);
        let mut samples = Vec::with_capacity(SAMPLES_AT_ONCE);
        let frames_at_once = (SAMPLES_AT_ONCE / self.channels as usize).max(1);
        for part in self.samples(bytes).chunks(frames_at_once * self.frame_bytes()) {
            samples.clear();
            samples.extend(part.chunks_exact(sample.bytes()).map(|raw| sample.amplitude(raw)));
            measure.add(&mut samples);
        }
        Ok(measure)
    }

    /// The file with every sample multiplied, and what that does to them.
    pub(super) fn times(&self, bytes: &[u8], factor: f64) -> Result<(Vec<u8>, WavGainReport), AudioFault> {
        let sample = self.readable()?;
        let mut changed = bytes.to_vec();
        let outcome = changed
            .get_mut(self.data())
            .map_or_else(WavGainReport::default, |samples| gain::apply(samples, sample, factor));
        Ok((changed, outcome))
    }
}

#[cfg(test)]
mod tests;
