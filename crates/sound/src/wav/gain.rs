//! A change of level on PCM samples: multiplied, rounded to the nearest (halves away from zero), no
//! dither, saturated at full scale.
//!
//! No dither, because a patch must be a pure function of bytes and small changes back and forth
//! must not add noise each time.

use super::sample::{Sample, full_scale, put_signed, signed};

/// What a change of level does to the samples of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in super::super) struct WavGainReport {
    /// Samples that would be beyond full scale: whole numbers are held at it, floats keep their
    /// value.
    pub(in super::super) over: u64,
    /// Float samples that are no finite number; they stay as they are.
    pub(in super::super) not_numbers: u64,
    /// The factor by which the loudest sample reaches full scale; none: silence, which no factor
    /// makes louder.
    pub(in super::super) largest_factor: Option<f64>,
}

impl WavGainReport {
    fn at_most(&mut self, factor: f64) {
        if factor.is_finite() {
            self.largest_factor = Some(self.largest_factor.map_or(factor, |least| least.min(factor)));
        }
    }
}

/// Multiplies every sample in place.
pub(super) fn apply(samples: &mut [u8], sample: Sample, factor: f64) -> WavGainReport {
    let mut outcome = WavGainReport::default();
    match sample {
        Sample::Integer { bytes, idle_bits } => {
            let scale = Integers::new(bytes, idle_bits);
            let (mut lowest, mut highest) = (0, 0);
            for raw in samples.chunks_exact_mut(bytes) {
                let value = signed(raw);
                lowest = lowest.min(value);
                highest = highest.max(value);
                let (value, is_over) = scale.times(value, factor);
                outcome.over += u64::from(is_over);
                put_signed(raw, value);
            }
            outcome.at_most(scale.highest / f64::from(highest));
            outcome.at_most(scale.lowest / f64::from(lowest));
        }
        Sample::Float32 => {
            for raw in samples.as_chunks_mut::<4>().0 {
                let value = f32::from_le_bytes(*raw);
                if let Some(value) = float(f64::from(value), factor, f64::from(f32::MAX), &mut outcome) {
                    *raw = (value as f32).to_le_bytes();
                }
            }
        }
        Sample::Float64 => {
            for raw in samples.as_chunks_mut::<8>().0 {
                if let Some(value) = float(f64::from_le_bytes(*raw), factor, f64::MAX, &mut outcome) {
                    *raw = value.to_le_bytes();
                }
            }
        }
    }
    outcome
}

/// None: not a number, so it stays. Beyond the largest float it stops there instead of becoming
/// infinite.
fn float(value: f64, factor: f64, largest: f64, outcome: &mut WavGainReport) -> Option<f64> {
    if !value.is_finite() {
        outcome.not_numbers += 1;
        return None;
    }
    outcome.at_most(1.0 / value.abs());
    let value = (value * factor).clamp(-largest, largest);
    outcome.over += u64::from(value.abs() > 1.0);
    Some(value)
}

/// The range and the step of whole numbers, in units of their container.
struct Integers {
    step: f64,
    lowest: f64,
    highest: f64,
}

impl Integers {
    fn new(bytes: usize, idle_bits: u32) -> Self {
        let step = f64::from(1_u32.checked_shl(idle_bits).unwrap_or(1));
        Self {
            step,
            lowest: -full_scale(bytes),
            highest: full_scale(bytes) - step,
        }
    }

    /// The product in whole steps, and whether it had to be held at full scale.
    fn times(&self, value: i32, factor: f64) -> (i32, bool) {
        let product = (f64::from(value) * factor / self.step).round() * self.step;
        let held = product.clamp(self.lowest, self.highest);
        // Exact: the range is that of the container, at most 32 bits.
        (held as i32, held != product)
    }
}
