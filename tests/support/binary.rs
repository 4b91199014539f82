//! The program under test: the one that cargo built for this test run.

use std::path::Path;

use super::pty::{Pty, PtyOptions};

/// The absolute path of the holdpoint binary of this build.
pub fn holdpoint() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_holdpoint"))
}

impl Pty {
    /// Runs holdpoint in a terminal. Panics when it cannot be started.
    pub fn spawn(options: PtyOptions) -> Self {
        Self::spawn_program(holdpoint(), options)
    }
}
