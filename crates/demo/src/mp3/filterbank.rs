//! From samples to 576 spectral lines a granule: polyphase analysis, MDCT over long blocks, alias reduction.
//!
//! Knows nothing of bits or bytes. ISO/IEC 11172-3, 2.4.3.4 and annex C.1.3.

use super::tables::WINDOW_HALF;
use std::f64::consts::PI;

/// Subbands of the polyphase filter.
pub(crate) const SUBBANDS: usize = 32;
/// Lines of one subband in one granule, which is also the number of filter steps in one granule.
pub(crate) const LINES: usize = 18;
/// Samples, and spectral lines, of one granule.
pub(crate) const GRANULE: usize = SUBBANDS * LINES;

const ALIAS: [f64; 8] = [-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037];

/// The filter with its memory of the samples and subband values that came before.
pub(crate) struct FilterBank {
    history: [f64; 512],
    /// For each subband the values of the last granule, then those of this one.
    blocks: [[f64; 2 * LINES]; SUBBANDS],
    window: [f64; 512],
    matrix: Vec<[f64; 64]>,
    mdct: Vec<[f64; 2 * LINES]>,
}

impl FilterBank {
    /// A filter that has heard only silence.
    pub(crate) fn new() -> Self {
        let mut window = [0.0; 512];
        for (index, value) in window.iter_mut().enumerate() {
            let half = WINDOW_HALF[index.min(512 - index)];
            // The standard's window changes sign where it is mirrored, except every 64 values.
            let mirrored = index > 256 && !index.is_multiple_of(64);
            *value = f64::from(if mirrored { -half } else { half }) / 65536.0 / 32.0;
        }
        let matrix = (0..SUBBANDS)
            .map(|band| std::array::from_fn(|k| ((2 * band + 1) as f64 * (k as f64 - 16.0) * PI / 64.0).cos()))
            .collect();
        let mdct = (0..LINES)
            .map(|line| {
                std::array::from_fn(|k| {
                    let sine = (PI / 36.0 * (k as f64 + 0.5)).sin();
                    let angle = PI / 72.0 * (2.0 * k as f64 + 19.0) * (2.0 * line as f64 + 1.0);
                    // 9 is what window, overlap and the decoder's inverse add up to.
                    sine * angle.cos() / 9.0
                })
            })
            .collect();
        FilterBank {
            history: [0.0; 512],
            blocks: [[0.0; 2 * LINES]; SUBBANDS],
            window,
            matrix,
            mdct,
        }
    }

    /// The spectrum of the next granule; samples that are missing at the end count as silence.
    pub(crate) fn granule(&mut self, samples: &[f64]) -> [f64; GRANULE] {
        for block in &mut self.blocks {
            block.copy_within(LINES.., 0);
        }
        for step in 0..LINES {
            self.shift_in(samples, step * SUBBANDS);
            let bands = self.analyse();
            for (band, (block, value)) in self.blocks.iter_mut().zip(bands).enumerate() {
                // Odd subbands come out mirrored in frequency; turning every second value straightens them.
                block[LINES + step] = if band % 2 == 1 && step % 2 == 1 { -value } else { value };
            }
        }
        let mut lines = [0.0; GRANULE];
        for (block, band_lines) in self.blocks.iter().zip(lines.chunks_exact_mut(LINES)) {
            for (line, weights) in band_lines.iter_mut().zip(&self.mdct) {
                *line = sum_of_products(block, weights);
            }
        }
        reduce_aliases(&mut lines);
        lines
    }

    fn shift_in(&mut self, samples: &[f64], start: usize) {
        self.history.copy_within(0..512 - SUBBANDS, SUBBANDS);
        for offset in 0..SUBBANDS {
            self.history[SUBBANDS - 1 - offset] = samples.get(start + offset).copied().unwrap_or(0.0);
        }
    }

    fn analyse(&self) -> [f64; SUBBANDS] {
        let mut folded = [0.0; 64];
        for (index, (weight, sample)) in self.window.iter().zip(&self.history).enumerate() {
            folded[index % 64] += weight * sample;
        }
        std::array::from_fn(|band| sum_of_products(&self.matrix[band], &folded))
    }
}

fn sum_of_products<const N: usize>(values: &[f64; N], weights: &[f64; N]) -> f64 {
    let mut sum = 0.0;
    for index in 0..N {
        sum += values[index] * weights[index];
    }
    sum
}

fn reduce_aliases(lines: &mut [f64; GRANULE]) {
    for edge in (LINES..GRANULE).step_by(LINES) {
        for (offset, coefficient) in ALIAS.iter().enumerate() {
            let scale = (1.0 + coefficient * coefficient).sqrt();
            let (cosine, sine) = (1.0 / scale, coefficient / scale);
            let (below, above) = (lines[edge - 1 - offset], lines[edge + offset]);
            lines[edge - 1 - offset] = below * cosine + above * sine;
            lines[edge + offset] = above * cosine - below * sine;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_tone_lands_on_its_own_lines() {
        let mut bank = FilterBank::new();
        // 1000 Hz is line 24 of 576 below 24 kHz.
        let tone: Vec<f64> = (0..4 * GRANULE)
            .map(|n| (2.0 * PI * 1000.0 * n as f64 / 48_000.0).sin())
            .collect();
        let spectra: Vec<_> = tone.chunks(GRANULE).map(|part| bank.granule(part)).collect();
        let energy = |from: usize, to: usize| spectra[3][from..to].iter().map(|line| line * line).sum::<f64>();
        assert!(
            energy(20, 28) > 0.98 * energy(0, GRANULE),
            "{} of {}",
            energy(20, 28),
            energy(0, GRANULE)
        );
    }
}
