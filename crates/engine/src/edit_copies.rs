//! Private copies of artifacts for editors of the operator's own: a handle for whoever waits for
//! files off the loop.

pub use runs::edit_copy::{EditCopy, Stamp};

use runs::{RunsDir, RunsError};

/// Where this operator's copies lie.
#[derive(Debug, Clone)]
pub struct EditCopies {
    runs: RunsDir,
    operator: String,
}

impl EditCopies {
    /// Those of this operator.
    pub fn new(runs: RunsDir, operator: String) -> Self {
        Self { runs, operator }
    }

    /// Claims the place of a copy: the name of its directory, and the artifact's file name. Blocks.
    pub fn open(&self, name: &str, file_name: &str) -> Result<EditCopy, RunsError> {
        self.runs.edit_copy(&self.operator, name, file_name)
    }
}
