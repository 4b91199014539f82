//! Peak, loudness and outline of decoded samples, taken in piece by piece so that a long sound is
//! never held decoded.

use std::ops::Range;

use ebur128::{EbuR128, Mode};

use super::decibels;
use super::waveform::Waveform;

/// Rates that loudness is defined for in practice; the filter's memory grows with the rate, and a
/// header may claim any.
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
    peak: f32,
    over: u64,
    waveform: Waveform,
    /// None where the rate or the number of channels is out of its reach.
    loudness: Option<EbuR128>,
    /// The value between samples; the same, and none unless it is asked for.
    true_peak: Option<EbuR128>,
    /// The frames that are heard: silence that an encoder added is no part of how loud a sound is.
    heard: Range<u64>,
    /// How many were taken in.
    frames: u64,
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
        let meter = |mode| {
            is_usual
                .then(|| EbuR128::new(channels, sample_rate_hz, mode).ok())
                .flatten()
        };
        let true_peak = match depth {
            Depth::Level => None,
            Depth::WithTruePeak => meter(Mode::TRUE_PEAK),
        };
        Self {
            channels,
            sample_rate_hz,
            peak: 0.0,
            over: 0,
            waveform: Waveform::default(),
            loudness: meter(Mode::I),
            true_peak,
            heard: 0..u64::MAX,
            frames: 0,
        }
    }

    /// The same, with the loudness of these frames alone. Peaks are those of all: what clips in
    /// added silence clips.
    pub(super) fn heard(mut self, heard: Range<u64>) -> Self {
        self.heard = heard;
        self
    }

    /// How many channels are interleaved.
    pub(super) fn channels(&self) -> u32 {
        self.channels
    }

    /// Frames in a second.
    pub(super) fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Takes in whole frames, channels interleaved; a sample that is no finite number counts as
    /// silence.
    pub(super) fn add(&mut self, samples: &mut [f32]) {
        let channels = usize::try_from(self.channels.max(1)).unwrap_or(1);
        for frame in samples.chunks_exact_mut(channels) {
            let (mut low, mut high, mut squares) = (f32::MAX, f32::MIN, 0.0);
            for sample in frame {
                if !sample.is_finite() {
                    *sample = 0.0;
                }
                self.over += u64::from(sample.abs() > 1.0);
                low = low.min(*sample);
                high = high.max(*sample);
                squares += f64::from(*sample) * f64::from(*sample);
            }
            self.peak = self.peak.max(high).max(-low);
            self.waveform.add(low, high, squares / channels as f64);
        }
        let (heard, channels) = (self.heard_of(samples), channels as u64);
        self.frames += samples.len() as u64 / channels;
        add_to(&mut self.loudness, samples.get(heard).unwrap_or(&[]));
        add_to(&mut self.true_peak, samples);
    }

    /// Where those of the next samples stand that are heard.
    fn heard_of(&self, samples: &[f32]) -> Range<usize> {
        let at = |frame: u64| {
            let ahead = frame
                .saturating_sub(self.frames)
                .saturating_mul(u64::from(self.channels.max(1)));
            usize::try_from(ahead).unwrap_or(usize::MAX).min(samples.len())
        };
        at(self.heard.start)..at(self.heard.end)
    }

    /// The results.
    pub(super) fn finish(self) -> Measured {
        let true_peak = self.true_peak.as_ref().and_then(|meter| {
            (0..self.channels)
                .map(|channel| meter.true_peak(channel).ok())
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

// Refused only for a length that is no multiple of the channels: then nothing more is claimed.
fn add_to(meter: &mut Option<EbuR128>, samples: &[f32]) {
    if meter
        .as_mut()
        .is_some_and(|meter| meter.add_frames_f32(samples).is_err())
    {
        *meter = None;
    }
}
