//! Where the bytes go that a preparation comes upon: into the store of versions, or, for a dry run,
//! nowhere but memory.

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::ids::{ArtifactPath, Digest};
use runs::{RunDir, RunsError, artifacts, versions};

/// Keeps bytes by their digest.
pub(super) enum Keeping {
    /// As versions in the run directory, where a decision may name them.
    Versions,
    /// Until the dry run ends. What is among the versions already is not held.
    Memory(RefCell<BTreeMap<Digest, Vec<u8>>>),
}

impl Keeping {
    pub(crate) fn in_memory() -> Self {
        Self::Memory(RefCell::default())
    }

    /// Keeps these bytes.
    pub(crate) fn keep(&self, run: &RunDir, bytes: &[u8]) -> Result<(Digest, u64), RunsError> {
        match self {
            Self::Versions => versions::keep(run, bytes),
            Self::Memory(held) => {
                let (digest, size_bytes) = versions::name_of(run, bytes)?;
                if !versions::is_kept(run, &digest, size_bytes) {
                    held.borrow_mut().insert(digest, bytes.to_vec());
                }
                Ok((digest, size_bytes))
            }
        }
    }

    /// Keeps an artifact as it lies in the run directory. None: there is no such file.
    pub(crate) fn keep_artifact(&self, run: &RunDir, path: &ArtifactPath) -> Result<Option<(Digest, u64)>, RunsError> {
        match self {
            Self::Versions => versions::keep_artifact(run, path),
            Self::Memory(_) => match artifacts::read(run, path)? {
                Some(bytes) => self.keep(run, &bytes).map(Some),
                None => Ok(None),
            },
        }
    }

    /// The bytes of this digest.
    pub(crate) fn read(&self, run: &RunDir, digest: &Digest) -> Result<Vec<u8>, RunsError> {
        match self {
            Self::Versions => versions::read(run, digest),
            Self::Memory(held) => match held.borrow().get(digest) {
                Some(bytes) => Ok(bytes.clone()),
                None => versions::read(run, digest),
            },
        }
    }

    /// Lets go of what is only in memory.
    pub(crate) fn forget(&self) {
        if let Self::Memory(held) = self {
            held.borrow_mut().clear();
        }
    }
}
