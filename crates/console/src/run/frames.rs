//! When the next frame is drawn, and how fast the line takes them. All moments are microseconds on
//! the boot clock.

use domain::time::SECOND_US;

/// A frame is put off for so long while answers are under way that it would be drawn anew for: what
/// is read comes within some milliseconds, and nobody sees the difference but a thin line.
const READING_US: i64 = 25_000;
/// The same for what is being written, where the frame would say no more than that it is: a disk
/// takes that long, and nobody reads words that stand for a tenth of a second.
const WRITING_US: i64 = 100_000;
/// A row that moves is put off no longer than this, however thin the line is taken to be.
const MOVING_US: i64 = 200_000;
/// While a key is held, frames are as far apart as such a line takes for them, bytes a second: the
/// rows go by on a thin line too, and the last one is there when the key is let go.
const THIN_LINE: i64 = 1_500;

/// A line on which a frame takes longer than this is thin, from then on.
const THIN_US: i64 = 300_000;

/// What the next frame may wait for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Under {
    /// Something is read for the screen, or asked of the rules.
    pub(super) is_reading: bool,
    /// Something that the operator sent is being written.
    pub(super) is_writing: bool,
    /// The selection may go on.
    pub(super) is_moving: bool,
}

/// When frames are drawn.
#[derive(Default)]
pub(super) struct Frames {
    /// Since when one is wanted; none: none is.
    wanted_us: Option<i64>,
    /// Until when a thin line has to do with the last one.
    taken_us: i64,
    /// When the one that is being written was sent.
    sent_us: i64,
}

impl Frames {
    /// No frame is wanted.
    pub(super) fn rest(&mut self) {
        self.wanted_us = None;
    }

    /// How long the frame that is wanted is put off.
    pub(super) fn put_off_us(&mut self, now_us: i64, under: Under) -> i64 {
        let wanted = *self.wanted_us.get_or_insert(now_us);
        let answers = match under {
            Under { is_writing: true, .. } => wanted + WRITING_US,
            Under { is_reading: true, .. } => wanted + READING_US,
            Under { .. } => now_us,
        };
        // On a fast line the row must move all the same.
        let line = match under.is_moving {
            true => self.taken_us.min(wanted + MOVING_US),
            false => now_us,
        };
        (answers.max(line) - now_us).max(0)
    }

    /// A frame of so many bytes is drawn.
    pub(super) fn drawn(&mut self, now_us: i64, bytes: usize) {
        self.wanted_us = None;
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.taken_us = now_us.saturating_add(bytes.saturating_mul(SECOND_US) / THIN_LINE);
    }

    /// The terminal has not taken all of it yet.
    pub(super) fn sent(&mut self, now_us: i64) {
        self.sent_us = now_us;
    }

    /// The terminal has taken all of it: whether that took as long as on a thin line.
    pub(super) fn is_slow(&self, now_us: i64) -> bool {
        now_us - self.sent_us > THIN_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Under = Under {
        is_reading: true,
        is_writing: false,
        is_moving: false,
    };

    #[test]
    fn a_frame_waits_a_little_for_what_is_read_and_longer_for_what_is_written() {
        let mut frames = Frames::default();
        assert_eq!(frames.put_off_us(1_000, READING), READING_US);
        assert_eq!(frames.put_off_us(11_000, READING), READING_US - 10_000);
        let writing = Under {
            is_writing: true,
            ..READING
        };
        assert_eq!(frames.put_off_us(11_000, writing), WRITING_US - 10_000);
        assert_eq!(
            frames.put_off_us(11_000, Under::default()),
            0,
            "all is answered: the frame at once"
        );
        assert_eq!(frames.put_off_us(1_000_000, writing), 0, "no answer comes");
        frames.drawn(1_000_000, 100);
        assert_eq!(frames.put_off_us(1_000_000, writing), WRITING_US, "the next one");
    }

    #[test]
    fn rows_go_by_as_far_apart_as_a_thin_line_takes_for_them() {
        let moving = Under {
            is_moving: true,
            ..Under::default()
        };
        let mut frames = Frames::default();
        assert_eq!(frames.put_off_us(5_000, moving), 0, "the first one at once");
        frames.drawn(5_000, 150);
        assert_eq!(frames.put_off_us(5_000, moving), 100_000);
        frames.drawn(5_000, 3_000);
        assert_eq!(
            frames.put_off_us(5_000, moving),
            MOVING_US,
            "the row moves all the same"
        );
    }

    #[test]
    fn a_line_on_which_a_frame_takes_long_is_slow() {
        let mut frames = Frames::default();
        frames.sent(1_000_000);
        assert!(!frames.is_slow(1_000_000 + THIN_US));
        assert!(frames.is_slow(1_000_001 + THIN_US));
    }
}
