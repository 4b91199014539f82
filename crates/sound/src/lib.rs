//! Sound: what can be known of it from its bytes, and how its level is changed without touching
//! anything else.
//!
//! Owns the reading of WAV (PCM) and MP3 (Layer III), the measures (length, peak, loudness,
//! waveform) and the change of level. Pure: bytes come in, values and bytes go out. Sizes in
//! headers are never trusted: what is allocated is bounded by the bytes that are there. Must not
//! know patches, files or screens.

mod fault;
mod format;
mod level;
mod measure;
mod mp3;
mod wav;
mod waveform;

use serde::Serialize;

pub use fault::AudioFault;
pub use level::{Level, Levelled, Levels, Mp3Levels, WavLevels, levels, steps_within};
pub use mp3::{GainRange, Mp3GainReport as GainOutcome, STEP_DB, STEP_NOMINAL_DB};
pub use waveform::{Stretch, Waveform};

use format::Container;
use measure::Measure;

/// The longest MP3 that is decoded, in hours: bounds the work that a small file of a low bit rate
/// can ask for.
pub(crate) const DURATION_H_MAX: u64 = 4;
/// The largest file that is measured, in bytes (SPEC §10: 64 MiB).
pub(crate) const AUDIO_BYTES_MAX: usize = 64 << 20;

/// What is known of a sound.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AudioFacts {
    /// In words: `MP3 mono 48 kHz 128 kb/s`, `WAV 24-bit stereo 44.1 kHz`.
    pub format: String,
    /// How many channels, from 1.
    pub channels: u32,
    /// Frames in a second.
    pub sample_rate_hz: u32,
    /// Samples in each channel, without the silence that an encoder says it added around them.
    pub frames: u64,
    /// `frames` in seconds.
    pub duration_s: f64,
    /// The largest sample in dB under full scale (above 0: over it); none: digital silence, or no
    /// sound at all.
    pub peak_dbfs: Option<f64>,
    /// The largest value between samples, oversampled four times (ITU-R BS.1770-4); none: silence,
    /// or an unusual rate or channel count.
    pub true_peak_dbtp: Option<f64>,
    /// Integrated loudness (EBU R 128); none: shorter than 0.4 s, too quiet to be gated in, or an
    /// unusual rate or channel count.
    pub loudness_lufs: Option<f64>,
    /// Its outline over time.
    pub waveform: Waveform,
    /// What is odd about the file, in words; none of it kept the sound from being measured.
    pub oddities: Vec<String>,
}

/// What the bytes hold as sound, or why they cannot be read. Takes as long as decoding them: not
/// for an event loop.
pub fn facts(bytes: &[u8]) -> Result<AudioFacts, AudioFault> {
    if bytes.len() > AUDIO_BYTES_MAX {
        return Err(AudioFault::too_long(bytes.len()));
    }
    match format::sniff(bytes) {
        Some(Container::Wav) => wav::facts(bytes),
        Some(Container::Mp3) => mp3::facts(bytes),
        Some(other) => Err(AudioFault::new(format!("{} is not decoded here", other.words()))
            .with_hint("WAV and MP3 are measured; for others the digest and the size must do")),
        None => Err(AudioFault::new("the bytes are no sound that is known here")),
    }
}

/// An amplitude (1.0 is full scale) in dB; none for silence.
fn decibels(amplitude: f64) -> Option<f64> {
    (amplitude > 0.0 && amplitude.is_finite()).then(|| 20.0 * amplitude.log10())
}

impl AudioFacts {
    fn of(format: String, frames: u64, measure: Measure, oddities: Vec<String>) -> Self {
        let sample_rate_hz = measure.sample_rate_hz();
        let channels = measure.channels();
        let measured = measure.finish();
        Self {
            format,
            channels,
            sample_rate_hz,
            frames,
            duration_s: frames as f64 / f64::from(sample_rate_hz.max(1)),
            peak_dbfs: measured.peak_dbfs,
            true_peak_dbtp: measured.true_peak_dbtp,
            loudness_lufs: measured.loudness_lufs,
            waveform: measured.waveform,
            oddities,
        }
    }
}
