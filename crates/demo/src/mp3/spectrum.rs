//! Quantised lines and their bits: one gain for all 576 lines, found so that the granule fits its budget.
//!
//! Only two code tables are used, the family 24 to 31 for pairs and table B for the quads near silence: a tune of a few seconds has
//! bits to spare, and every table less is a page of numbers less.

use super::bits::BitWriter;
use super::filterbank::GRANULE;
use super::tables::{BAND_EDGES, CODE_LENGTHS, CODES};

/// Bits that extend a value of 15 in the tables 24 to 31.
const LINBITS: [u32; 8] = [4, 5, 6, 7, 8, 9, 11, 13];
const FAMILY_FIRST: u32 = 24;
/// The field for the length of a granule has 12 bits.
const GRANULE_BITS_MAX: usize = 4095;
/// Bits of the scale factor bands that the first two regions take; with one table for all it decides nothing.
const REGION_COUNTS: (u32, u32) = (7, 7);

/// One granule, ready to be written.
#[derive(Debug)]
pub(crate) struct Granule {
    values: [i32; GRANULE],
    global_gain: u32,
    pairs: usize,
    quads: usize,
    family: usize,
}

impl Granule {
    /// Quantises as finely as `budget_bits` allow.
    pub(crate) fn fit(lines: &[f64; GRANULE], budget_bits: usize) -> Self {
        let budget_bits = budget_bits.min(GRANULE_BITS_MAX);
        let powers = std::array::from_fn(|index: usize| lines[index].abs().powf(0.75).copysign(lines[index]));
        // More gain means coarser steps and fewer bits; the search keeps `low` too fine and `high` coarse enough.
        let (mut low, mut high) = (0, 255);
        let mut best = Granule::quantise(&powers, high);
        while high - low > 1 {
            let middle = (low + high) / 2;
            let candidate = Granule::quantise(&powers, middle);
            if candidate.fits(budget_bits) {
                high = middle;
                best = candidate;
            } else {
                low = middle;
            }
        }
        best
    }

    /// Quantises lines that were already raised to 3/4, sign kept (2.4.3.4.7, reversed).
    fn quantise(powers: &[f64; GRANULE], global_gain: u32) -> Self {
        let step = 2f64.powf(-0.1875 * (f64::from(global_gain) - 210.0));
        let values = std::array::from_fn(|index| {
            let power: f64 = powers[index];
            // A value beyond the largest code is clamped here and refused by `fits`.
            let size = (power.abs() * step + 0.4054).floor().min(1e6) as i32;
            if power < 0.0 { -size } else { size }
        });
        let last = values
            .iter()
            .rposition(|value| *value != 0)
            .map_or(0, |index| index + 1);
        let last_big = values
            .iter()
            .rposition(|value| value.abs() > 1)
            .map_or(0, |index| index + 1);
        let pairs = last_big.div_ceil(2);
        let quads = last
            .saturating_sub(2 * pairs)
            .div_ceil(4)
            .min((GRANULE - 2 * pairs) / 4);
        // Lines 574 and 575 may be left over when pairs and quads do not meet at the end; nobody hears 24 kHz.
        let largest = values.iter().map(|value| value.abs()).max().unwrap_or(0);
        let family = LINBITS
            .iter()
            .position(|bits| largest < 15 + (1 << bits))
            .unwrap_or(LINBITS.len());
        Granule {
            values,
            global_gain,
            pairs,
            quads,
            family,
        }
    }

    fn fits(&self, budget_bits: usize) -> bool {
        self.family < LINBITS.len() && self.main_bits() <= budget_bits
    }

    fn main_bits(&self) -> usize {
        let linbits = LINBITS.get(self.family).copied().unwrap_or(0) as usize;
        let pairs = self.values[..2 * self.pairs].chunks_exact(2).map(|pair| {
            let signs = pair.iter().filter(|value| **value != 0).count();
            let extended = pair.iter().filter(|value| value.abs() >= 15).count();
            usize::from(CODE_LENGTHS[code_index(pair)]) + signs + extended * linbits
        });
        let quads = self
            .quad_values()
            .map(|quad| 4 + quad.iter().filter(|value| **value != 0).count());
        pairs.sum::<usize>() + quads.sum::<usize>()
    }

    fn quad_values(&self) -> impl Iterator<Item = &[i32]> {
        self.values[2 * self.pairs..][..4 * self.quads].chunks_exact(4)
    }

    /// Writes the 59 bits of side information (2.4.1.7).
    pub(crate) fn write_side(&self, bits: &mut BitWriter) {
        bits.put(self.main_bits() as u32, 12);
        bits.put(self.pairs as u32, 9);
        bits.put(self.global_gain, 8);
        // No scale factors, long blocks only.
        bits.put(0, 4 + 1);
        for _region in 0..3 {
            bits.put(FAMILY_FIRST + self.family as u32, 5);
        }
        bits.put(REGION_COUNTS.0, 4);
        bits.put(REGION_COUNTS.1, 3);
        // No pre-emphasis, fine scale factors, table B for the quads.
        bits.put(0b001, 3);
    }

    /// Writes the code words.
    pub(crate) fn write_main(&self, bits: &mut BitWriter) {
        let linbits = LINBITS.get(self.family).copied().unwrap_or(0);
        for pair in self.values[..2 * self.pairs].chunks_exact(2) {
            let index = code_index(pair);
            bits.put(u32::from(CODES[index]), u32::from(CODE_LENGTHS[index]));
            for value in pair {
                if value.abs() >= 15 {
                    bits.put(value.unsigned_abs() - 15, linbits);
                }
                write_sign(bits, *value);
            }
        }
        for quad in self.quad_values() {
            let pattern = quad
                .iter()
                .fold(0, |pattern, value| pattern << 1 | value.unsigned_abs());
            bits.put(15 - pattern, 4);
            for value in quad {
                write_sign(bits, *value);
            }
        }
    }
}

fn code_index(pair: &[i32]) -> usize {
    pair.iter()
        .fold(0, |index, value| index * 16 + value.unsigned_abs().min(15) as usize)
}

fn write_sign(bits: &mut BitWriter, value: i32) {
    if value != 0 {
        bits.put(u32::from(value < 0), 1);
    }
}

// Both region counts must name bands that exist.
const _: () = assert!((REGION_COUNTS.0 + REGION_COUNTS.1) as usize + 2 < BAND_EDGES.len());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_written_are_the_bits_announced_and_within_the_budget() {
        let mut lines = [0.0; GRANULE];
        for (index, line) in lines.iter_mut().enumerate() {
            *line = 0.5 * (index as f64 * 1.7).sin() / (1.0 + index as f64 / 20.0);
        }
        for budget_bits in [0, 300, 1000, 1436, 9000] {
            let granule = Granule::fit(&lines, budget_bits);
            let mut bits = BitWriter::default();
            granule.write_main(&mut bits);
            assert_eq!(bits.length_bits(), granule.main_bits());
            assert!(bits.length_bits() <= budget_bits.min(GRANULE_BITS_MAX), "{budget_bits}");
            assert!(budget_bits < 300 || bits.length_bits() * 10 > budget_bits.min(GRANULE_BITS_MAX) * 8);
        }
    }

    #[test]
    fn silence_needs_no_bits() {
        let granule = Granule::fit(&[0.0; GRANULE], 1000);
        assert_eq!(granule.main_bits(), 0);
    }
}
