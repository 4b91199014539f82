//! Why a demo stage could not do its work, in words for its log pane.

use std::path::{Path, PathBuf};

/// A demo stage that failed; the message is the last line of its log.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The stage is not one of the nine.
    #[error("{stage} is not a stage of the demo   hint: the stages are {}", super::STAGES.join(", "))]
    UnknownStage {
        /// What was asked for.
        stage: String,
    },
    /// A variable that the runner sets is missing or unreadable.
    #[error("{name} is not set to {expected}   hint: this command is run by holdpoint, not by hand")]
    Environment {
        /// Name of the variable.
        name: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A parameter of the job has a value this stage cannot use.
    #[error("params.{name}: {found} is not {expected}")]
    Param {
        /// Name of the parameter.
        name: &'static str,
        /// The value as JSON.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An artifact of an earlier stage does not have the shape this stage needs.
    #[error("{}: {reason}", path.display())]
    Artifact {
        /// Path of the artifact.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("cannot {operation} {}: {source}", path.display())]
    File {
        /// What was tried: read, write, create.
        operation: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The embedded films do not parse; a fault of this build.
    #[error("the demo's own films cannot be read: {0}")]
    Films(serde_json::Error),
}

impl DemoError {
    /// An I/O error with the operation and the path it happened on.
    pub(crate) fn file(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| DemoError::File {
            operation,
            path,
            source,
        }
    }

    /// A complaint about an artifact of an earlier stage.
    pub(crate) fn artifact(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        DemoError::Artifact {
            path: path.into(),
            reason: reason.into(),
        }
    }
}
