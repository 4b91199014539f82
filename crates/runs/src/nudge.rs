//! The file that tells other processes to look: touched after every commit, watched by everyone
//! (HOUSE: change feed).
//!
//! It holds the number of the newest event that was committed: a hint that an older copy of the
//! database was put back, and no promise.

use std::os::unix::fs::FileExt;

use super::atomic;
use super::error::{Doing, Result};
use super::layout::RunsDir;

/// More bytes than any note has.
const BYTES_MAX: u64 = 64;

/// A note is as long as any other and lies over the one before: a file that is cut first waits
/// until the disk has taken what was in it, behind whatever else is written there. The number
/// stands twice, so that half of another note is not taken for one.
fn note(last_event_seq: Option<u64>) -> String {
    let number = last_event_seq.map_or_else(|| ".".repeat(20), |seq| format!("{seq:020}"));
    format!("{number} {number}\n")
}

impl RunsDir {
    /// Touches it, after this event was committed. The WAL is never watched instead: its event
    /// comes before the commit is visible.
    pub fn touch_nudge(&self, last_event_seq: Option<u64>) -> Result<()> {
        let path = self.nudge();
        let (top, name) = atomic::place_of(self.path(), &path, self.modes())?;
        let file = top.overwrite(&name)?;
        let note = note(last_event_seq);
        file.write_all_at(note.as_bytes(), 0).doing("write", &path)?;
        let length = note.len() as u64;
        if file.metadata().doing("examine", &path)?.len() > length {
            file.set_len(length).doing("write", &path)?;
        }
        Ok(())
    }

    /// Makes it where it is missing, so that there is a file to watch.
    pub fn make_nudge(&self) -> Result<()> {
        self.append(&self.nudge()).map(drop)
    }

    /// The number of the newest event that anybody noted in it. None: nobody did, or it is being
    /// written at this moment.
    pub fn nudged_seq(&self) -> Option<u64> {
        let bytes = atomic::read_regular(&self.nudge(), BYTES_MAX).ok()??;
        // Without its line end the note was only half written.
        let text = std::str::from_utf8(&bytes).ok()?.strip_suffix('\n')?;
        // Former versions wrote the number once.
        let (one, other) = text.split_once(' ').unwrap_or((text, text));
        one.parse().ok().filter(|_| one == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_lie_over_each_other_and_half_of_one_is_none() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path(), None).unwrap();
        let length = || std::fs::metadata(runs.nudge()).unwrap().len();
        assert_eq!(runs.nudged_seq(), None);
        runs.touch_nudge(Some(u64::MAX)).unwrap();
        assert_eq!(runs.nudged_seq(), Some(u64::MAX));
        let before = length();
        for seq in [Some(7), None, Some(10)] {
            runs.touch_nudge(seq).unwrap();
            assert_eq!((runs.nudged_seq(), length()), (seq, before));
        }
        let (old, new) = (note(Some(1299)), note(Some(1300)));
        for written in 0..=old.len() {
            let half = format!("{}{}", &new[..written], &old[written..]);
            atomic::write(runs.path(), &runs.nudge(), half.as_bytes(), runs.modes()).unwrap();
            assert!(matches!(runs.nudged_seq(), None | Some(1299 | 1300)), "{half}");
        }
        for (former, seq) in [("17\n", Some(17)), ("17", None), (".", None), ("", None)] {
            atomic::write(runs.path(), &runs.nudge(), former.as_bytes(), runs.modes()).unwrap();
            assert_eq!(runs.nudged_seq(), seq, "{former:?}");
        }
        let longer = format!("{}rest", note(Some(1)));
        atomic::write(runs.path(), &runs.nudge(), longer.as_bytes(), runs.modes()).unwrap();
        runs.touch_nudge(Some(2)).unwrap();
        assert_eq!(runs.nudged_seq(), Some(2));
    }
}
