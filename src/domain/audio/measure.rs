//! Peak, loudness and outline of decoded samples, taken in piece by piece so that a long sound is never held decoded.

use ebur128::{EbuR128, Mode};

use super::decibels;
use super::waveform::Waveform;

/// Rates that loudness is defined for in practice; the filter's memory grows with the rate, and a header may claim any.
const LOUDNESS_RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;
/// Beyond 7.1 nobody has said how channels are weighted.
const LOUDNESS_CHANNELS_MAX: u32 = 8;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Peak and loudness.
    Level,
    /// The value between samples as well, which takes most of the time.
    WithTruePeak,
}

/// The measures of a sound under way.
pub(super) struct Measure {
    channels: u32,
    sample_rate_hz: u32,
    depth: Depth,
    peak: f32,
    over: u64,
    waveform: Waveform,
    /// None where the rate or the number of channels is out of its reach.
    loudness: Option<EbuR128>,
}

/// The measures of a whole sound, in the units of `AudioFacts`.
pub(super) struct Measured {
    pub(super) peak_dbfs: Option<f64>,
    pub(super) true_peak_dbtp: Option<f64>,
    pub(super) loudness_lufs: Option<f64>,
    /// Samples beyond full scale.
    pub(super) over: u64,
    pub(super) waveform: Waveform,
}

impl Measure {
    /// Nothing heard yet.
    pub(super) fn new(channels: u32, sample_rate_hz: u32, depth: Depth) -> Self {
        let is_usual = LOUDNESS_RATES_HZ.contains(&sample_rate_hz) && (1..=LOUDNESS_CHANNELS_MAX).contains(&channels);
        let mode = match depth {
            Depth::Level => Mode::I,
            Depth::WithTruePeak => Mode::I | Mode::TRUE_PEAK,
        };
        let loudness = is_usual
            .then(|| EbuR128::new(channels, sample_rate_hz, mode).ok())
            .flatten();
        Self {
            channels,
            sample_rate_hz,
            depth,
            peak: 0.0,
            over: 0,
            waveform: Waveform::default(),
            loudness,
        }
    }

    /// How many channels are interleaved.
    pub(super) fn channels(&self) -> u32 {
        self.channels
    }

    /// Frames in a second.
    pub(super) fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Takes in whole frames, channels interleaved; a sample that is no finite number counts as silence.
    pub(super) fn add(&mut self, samples: &mut [f32]) {
        let channels = usize::try_from(self.channels.max(1)).unwrap_or(1);
        for frame in samples.chunks_exact_mut(channels) {
            let (mut low, mut high) = (f32::MAX, f32::MIN);
            for sample in frame {
                if !sample.is_finite() {
                    *sample = 0.0;
                }
                self.over += u64::from(sample.abs() > 1.0);
                low = low.min(*sample);
                high = high.max(*sample);
            }
            self.peak = self.peak.max(high).max(-low);
            self.waveform.add(low, high);
        }
        // Refused only for a length that is no multiple of the channels: then nothing more is claimed about loudness.
        if let Some(loudness) = &mut self.loudness
            && loudness.add_frames_f32(samples).is_err()
        {
            self.loudness = None;
        }
    }

    /// The results.
    pub(super) fn finish(self) -> Measured {
        let deep = self.loudness.as_ref().filter(|_| self.depth == Depth::WithTruePeak);
        let true_peak = deep.and_then(|loudness| {
            (0..self.channels)
                .map(|channel| loudness.true_peak(channel).ok())
                .try_fold(0_f64, |highest, peak| Some(highest.max(peak?)))
        });
        let lufs = self
            .loudness
            .as_ref()
            .and_then(|loudness| loudness.loudness_global().ok());
        Measured {
            peak_dbfs: decibels(f64::from(self.peak)),
            true_peak_dbtp: true_peak.and_then(decibels),
            loudness_lufs: lufs.filter(|lufs| lufs.is_finite()),
            over: self.over,
            waveform: self.waveform,
        }
    }
}
