//! What publishing found and left alone, because somebody else's bytes are there: for the operator
//! and `doctor`.

use std::fmt;
use std::path::PathBuf;

use domain::ids::{ArtifactPath, Digest};

/// Something on disk that is not what the rows say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discrepancy {
    /// A decision file, written once, holds other bytes than its row.
    DecisionDiffers {
        /// The file.
        path: PathBuf,
    },
    /// An artifact is neither the registered version nor the one that it replaced.
    ArtifactChanged {
        /// Its path under the run directory.
        path: ArtifactPath,
        /// The registered version.
        registered: Digest,
        /// What lies there; none when the file is gone.
        found: Option<Digest>,
    },
    /// A file that a patch had made was to go when the patch was taken back, but other bytes lie
    /// there.
    NotRemoved {
        /// Its path under the run directory.
        path: ArtifactPath,
        /// What lies there.
        found: Digest,
    },
    /// The registered version of an artifact is owed, but not among the kept versions.
    VersionMissing {
        /// Its path under the run directory.
        path: ArtifactPath,
        /// The registered version.
        registered: Digest,
        /// Why it could not be read.
        reason: String,
    },
    /// An artifact cannot be read as a file inside the run directory.
    ArtifactUnreadable {
        /// Its path under the run directory.
        path: ArtifactPath,
        /// Why not.
        reason: String,
    },
    /// Whole lines at the end of a log are not what holdpoint writes.
    LinesDamaged {
        /// The file.
        path: PathBuf,
        /// How many, counted from the end.
        lines: u64,
    },
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DecisionDiffers { path } => {
                write!(
                    f,
                    "{}: differs from the decision in the database; left as it is",
                    path.display()
                )
            }
            Self::ArtifactChanged {
                path,
                registered,
                found: Some(found),
            } => write!(
                f,
                "{path}: was changed by somebody else (registered is {}, there is {}); left as it is",
                registered.short(),
                found.short()
            ),
            Self::ArtifactChanged {
                path,
                registered,
                found: None,
            } => write!(f, "{path}: is gone (registered is {})", registered.short()),
            Self::NotRemoved { path, found } => write!(
                f,
                "{path}: was made by a patch that was taken back, but there is {} now; left as it is",
                found.short()
            ),
            Self::VersionMissing {
                path,
                registered,
                reason,
            } => write!(f, "{path}: version {} is owed but lost: {reason}", registered.short()),
            Self::ArtifactUnreadable { path, reason } => write!(f, "{path}: {reason}"),
            Self::LinesDamaged { path, lines } => write!(
                f,
                "{}: {lines} lines at the end are not events of holdpoint; left as they are",
                path.display()
            ),
        }
    }
}
