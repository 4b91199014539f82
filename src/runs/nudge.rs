//! The file that tells other processes to look: touched after every commit, watched by everyone (HOUSE: change feed).

use std::io::Write;

use super::error::{Doing, Result};
use super::layout::RunsDir;

impl RunsDir {
    /// Touches it. The WAL is never watched instead: its event comes before the commit is visible.
    pub fn touch_nudge(&self) -> Result<()> {
        let path = self.nudge();
        let mut file = self.modes().open_append(&path)?;
        file.set_len(0).doing("write", &path)?;
        file.write_all(b".").doing("write", &path)
    }
}
