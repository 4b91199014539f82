//! The outline of a sound: the lowest and the highest sample of equal stretches of time.

use serde::Serialize;

/// How many stretches are kept at most: enough for the widest terminal at two columns a cell, with
/// room to spare.
const STRETCHES_MAX: usize = 1024;

/// Lowest and highest sample, over all channels, of equal stretches; 1.0 is full scale.
///
/// The length of the sound need not be known before: when the stretches run out, neighbours are
/// joined and each counts for twice as long.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Waveform {
    stretches: Vec<(f32, f32)>,
    /// Frames that each stretch stands for; the last may be shorter.
    frames_per_stretch: u64,
    /// Frames in the last stretch.
    frames_in_last: u64,
}

impl Default for Waveform {
    fn default() -> Self {
        Self {
            stretches: Vec::new(),
            frames_per_stretch: 1,
            frames_in_last: 0,
        }
    }
}

impl Waveform {
    /// Takes in one frame, already reduced to its lowest and highest sample.
    pub(super) fn add(&mut self, low: f32, high: f32) {
        if self.frames_in_last < self.frames_per_stretch
            && let Some(last) = self.stretches.last_mut()
        {
            *last = joined(*last, (low, high));
            self.frames_in_last += 1;
            return;
        }
        if self.stretches.len() == STRETCHES_MAX {
            self.stretches = self
                .stretches
                .chunks(2)
                .filter_map(|pair| pair.iter().copied().reduce(joined))
                .collect();
            self.frames_per_stretch *= 2;
        }
        self.stretches.push((low, high));
        self.frames_in_last = 1;
    }

    fn frames(&self) -> u64 {
        let whole = (self.stretches.len() as u64).saturating_sub(1);
        whole * self.frames_per_stretch + self.frames_in_last
    }

    /// The outline in so many columns of equal duration: lowest and highest sample of each. Empty
    /// only without sound or columns.
    pub fn columns(&self, columns: usize) -> Vec<(f32, f32)> {
        self.columns_of(columns, self.frames())
    }

    /// As [`Waveform::columns`], with columns as wide as those of a sound of so many frames: two
    /// sounds drawn to one scale of time. What this sound has no frames for is left out at the end.
    pub fn columns_of(&self, columns: usize, frames: u64) -> Vec<(f32, f32)> {
        let Some(last) = self.stretches.len().checked_sub(1) else {
            return Vec::new();
        };
        let own = self.frames();
        let frames = frames.max(1);
        // In u128: a frame count from a caller times a column count cannot overflow.
        let frame_at = |column: usize| (column as u128 * u128::from(frames)).div_ceil(columns.max(1) as u128);
        (0..columns)
            .map_while(|column| {
                let first = u64::try_from(column as u128 * u128::from(frames) / columns as u128).ok()?;
                if first >= own {
                    return None;
                }
                let end = u64::try_from(frame_at(column + 1)).unwrap_or(u64::MAX).min(own);
                let first = usize::try_from(first / self.frames_per_stretch).ok()?.min(last);
                let end = usize::try_from(end.div_ceil(self.frames_per_stretch)).ok()?;
                let end = end.clamp(first + 1, last + 1);
                self.stretches.get(first..end)?.iter().copied().reduce(joined)
            })
            .collect()
    }
}

fn joined(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (a.0.min(b.0), a.1.max(b.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(frames: u64) -> Waveform {
        let mut waveform = Waveform::default();
        for frame in 0..frames {
            waveform.add(-(frame as f32), frame as f32);
        }
        waveform
    }

    #[test]
    fn every_frame_is_in_the_column_of_its_time() {
        for frames in [1, 2, 7, 1023, 1024, 1025, 5000, 100_000] {
            let waveform = ramp(frames);
            assert_eq!(waveform.frames(), frames);
            for columns in [1_usize, 3, 80, 600] {
                let drawn = waveform.columns(columns);
                assert_eq!(drawn.len(), columns, "{frames} {columns}");
                assert_eq!(drawn[columns - 1].1, (frames - 1) as f32);
                let slack = 2.0 * (frames as f32 / columns as f32 + waveform.frames_per_stretch as f32);
                for (column, (low, high)) in drawn.iter().enumerate() {
                    let end = (column + 1) as f32 * frames as f32 / columns as f32;
                    assert!((high - end).abs() <= slack, "{frames} {columns} {column}: {high} {end}");
                    assert!(*low <= 0.0 && -low <= *high);
                }
            }
        }
    }

    #[test]
    fn what_is_kept_does_not_grow_with_the_sound() {
        assert!(ramp(1_000_000).stretches.len() <= STRETCHES_MAX);
        assert_eq!(Waveform::default().columns(10), []);
        assert_eq!(ramp(10).columns(0), []);
    }

    #[test]
    fn a_shorter_sound_is_drawn_to_the_scale_of_a_longer_one() {
        assert_eq!(ramp(50).columns_of(10, 100).len(), 5);
        assert_eq!(ramp(100).columns_of(10, 100), ramp(100).columns(10));
        assert_eq!(ramp(100).columns_of(10, 50).len(), 10);
    }
}
