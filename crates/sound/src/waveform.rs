//! The outline of a sound: the lowest and the highest sample of equal stretches of time, and their
//! mean level.

use serde::Serialize;

/// How many stretches are kept at most: enough for the widest terminal at two columns a cell, with
/// room to spare.
const STRETCHES_MAX: usize = 1024;

/// A stretch of time; 1.0 is full scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stretch {
    /// The lowest sample, over all channels.
    pub low: f32,
    /// The highest one.
    pub high: f32,
    /// The squares of the samples, for each frame the mean of its channels, added up.
    squares: f64,
    frames: u64,
}

impl Stretch {
    /// The root of the mean square.
    pub fn rms(&self) -> f64 {
        (self.squares / self.frames.max(1) as f64).sqrt()
    }

    fn joined(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            squares: self.squares + other.squares,
            frames: self.frames + other.frames,
        }
    }
}

/// Equal stretches of a sound.
///
/// The length of the sound need not be known before: when the stretches run out, neighbours are
/// joined and each counts for twice as long.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Waveform {
    stretches: Vec<Stretch>,
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
    /// Takes in one frame, already reduced to its lowest and highest sample and the mean of their
    /// squares.
    pub(super) fn add(&mut self, low: f32, high: f32, square: f64) {
        let frame = Stretch {
            low,
            high,
            squares: square,
            frames: 1,
        };
        if self.frames_in_last < self.frames_per_stretch
            && let Some(last) = self.stretches.last_mut()
        {
            *last = last.joined(frame);
            self.frames_in_last += 1;
            return;
        }
        if self.stretches.len() == STRETCHES_MAX {
            self.stretches = self
                .stretches
                .chunks(2)
                .filter_map(|pair| pair.iter().copied().reduce(Stretch::joined))
                .collect();
            self.frames_per_stretch *= 2;
        }
        self.stretches.push(frame);
        self.frames_in_last = 1;
    }

    fn frames(&self) -> u64 {
        let whole = (self.stretches.len() as u64).saturating_sub(1);
        whole * self.frames_per_stretch + self.frames_in_last
    }

    /// The outline in so many columns of equal duration. Empty only without sound or columns.
    pub fn columns(&self, columns: usize) -> Vec<Stretch> {
        self.columns_of(columns, self.frames())
    }

    /// As [`Waveform::columns`], with columns as wide as those of a sound of so many frames: two
    /// sounds drawn to one scale of time. What this sound has no frames for is left out at the end.
    pub fn columns_of(&self, columns: usize, frames: u64) -> Vec<Stretch> {
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
                self.stretches.get(first..end)?.iter().copied().reduce(Stretch::joined)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(frames: u64) -> Waveform {
        let mut waveform = Waveform::default();
        for frame in 0..frames {
            waveform.add(-(frame as f32), frame as f32, (frame * frame) as f64);
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
                assert_eq!(drawn[columns - 1].high, (frames - 1) as f32);
                let slack = 2.0 * (frames as f32 / columns as f32 + waveform.frames_per_stretch as f32);
                for (column, stretch) in drawn.iter().enumerate() {
                    let (low, high) = (stretch.low, stretch.high);
                    let end = (column + 1) as f32 * frames as f32 / columns as f32;
                    assert!((high - end).abs() <= slack, "{frames} {columns} {column}: {high} {end}");
                    assert!(low <= 0.0 && -low <= high);
                    assert!(stretch.rms() <= f64::from(high), "no mean is above the peak");
                }
            }
        }
    }

    #[test]
    fn what_is_kept_does_not_grow_with_the_sound() {
        assert!(ramp(1_000_000).stretches.len() <= STRETCHES_MAX);
        assert_eq!(Waveform::default().columns(10), Vec::new());
        assert_eq!(ramp(10).columns(0), Vec::new());
    }

    #[test]
    fn the_mean_level_is_that_of_all_frames_also_where_stretches_are_joined() {
        for frames in [10_u64, 1024, 50_000] {
            let mut waveform = Waveform::default();
            (0..frames).for_each(|at| waveform.add(-1.0, 1.0, if at % 2 == 0 { 1.0 } else { 0.0 }));
            let rms = waveform.columns(1)[0].rms();
            assert!((rms - 0.5_f64.sqrt()).abs() < 1e-3, "{frames}: {rms}");
        }
    }

    #[test]
    fn a_shorter_sound_is_drawn_to_the_scale_of_a_longer_one() {
        assert_eq!(ramp(50).columns_of(10, 100).len(), 5);
        assert_eq!(ramp(100).columns_of(10, 100), ramp(100).columns(10));
        assert_eq!(ramp(100).columns_of(10, 50).len(), 10);
    }
}
