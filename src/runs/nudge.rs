//! The file that tells other processes to look: touched after every commit, watched by everyone (HOUSE: change feed).
//!
//! It holds the number of the newest event that was committed: a hint that an older copy of the database was put back, and no promise.

use std::io::Write;

use super::atomic;
use super::error::{Doing, Result};
use super::layout::RunsDir;

/// The most bytes of a number and its line end.
const BYTES_MAX: u64 = 32;

impl RunsDir {
    /// Touches it, after this event was committed. The WAL is never watched instead: its event comes before the commit is visible.
    pub fn touch_nudge(&self, last_event_seq: Option<u64>) -> Result<()> {
        let path = self.nudge();
        let mut file = self.append(&path)?;
        file.set_len(0).doing("write", &path)?;
        let text = last_event_seq.map_or_else(|| ".".to_owned(), |seq| format!("{seq}\n"));
        file.write_all(text.as_bytes()).doing("write", &path)
    }

    /// Makes it where it is missing, so that there is a file to watch.
    pub fn make_nudge(&self) -> Result<()> {
        self.append(&self.nudge()).map(drop)
    }

    /// The number of the newest event that anybody noted in it. None: nobody did, or it is being written at this moment.
    pub fn nudged_seq(&self) -> Option<u64> {
        let bytes = atomic::read_regular(&self.nudge(), BYTES_MAX).ok()??;
        // Without its line end it is half a number.
        std::str::from_utf8(&bytes).ok()?.strip_suffix('\n')?.parse().ok()
    }
}
