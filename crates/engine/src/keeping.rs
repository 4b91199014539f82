//! Where the bytes go that a preparation comes upon: into the store of versions, or, for a dry run,
//! nowhere but memory. And where they come from.
//!
//! Where several hosts share a record it has the bytes of all versions, before a row names one. What
//! lies in `versions/` is what this host has read or made of them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::ask::OutsideFile;
use domain::ids::{ArtifactPath, Digest};
use runs::{RunDir, artifacts, versions};
use store::{Reader, StorePlace, VersionWriter};

use super::trouble::Trouble;

/// Keeps bytes by their digest.
pub(super) enum Keeping {
    /// As versions, where a decision may name them.
    Versions(Box<RefCell<VersionWriter>>),
    /// Until the dry run ends. What is among the versions already is not held.
    Memory(RefCell<BTreeMap<Digest, Vec<u8>>>),
}

impl Keeping {
    /// As versions of this record.
    pub(crate) fn versions_of(place: &StorePlace) -> Self {
        Self::Versions(Box::new(RefCell::new(VersionWriter::new(place.clone()))))
    }

    pub(crate) fn in_memory() -> Self {
        Self::Memory(RefCell::default())
    }

    /// Keeps these bytes.
    pub(crate) fn keep(&self, reader: &Reader, run: &RunDir, bytes: &[u8]) -> Result<(Digest, u64), Trouble> {
        match self {
            Self::Versions(writer) => {
                let kept = versions::keep(run, bytes)?;
                share(writer, reader, &kept.0, || Ok(bytes.to_vec()))?;
                Ok(kept)
            }
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
    pub(crate) fn keep_artifact(
        &self,
        reader: &Reader,
        run: &RunDir,
        path: &ArtifactPath,
    ) -> Result<Option<(Digest, u64)>, Trouble> {
        match self {
            Self::Versions(writer) => {
                let kept = versions::keep_artifact(run, path)?;
                if let Some((digest, _)) = &kept {
                    share(writer, reader, digest, || Ok(versions::read(run, digest)?))?;
                }
                Ok(kept)
            }
            Self::Memory(_) => match artifacts::read(run, path)? {
                Some(bytes) => self.keep(reader, run, &bytes).map(Some),
                None => Ok(None),
            },
        }
    }

    /// Keeps a file that the caller of a command brings.
    pub(crate) fn keep_outside(
        &self,
        reader: &Reader,
        run: &RunDir,
        file: &OutsideFile,
    ) -> Result<(Digest, u64), Trouble> {
        match (self, file) {
            (_, OutsideFile::Bytes { bytes, .. }) => self.keep(reader, run, bytes),
            (Self::Versions(writer), OutsideFile::Path(path)) => {
                let kept = artifacts::keep_outside(run, path)?;
                share(writer, reader, &kept.0, || Ok(versions::read(run, &kept.0)?))?;
                Ok(kept)
            }
            // There is no dry run of what brings files.
            (Self::Memory(_), OutsideFile::Path(path)) => Ok(artifacts::keep_outside(run, path)?),
        }
    }

    /// The bytes of this digest.
    pub(crate) fn read(&self, reader: &Reader, run: &RunDir, digest: &Digest) -> Result<Vec<u8>, Trouble> {
        if let Self::Memory(held) = self
            && let Some(bytes) = held.borrow().get(digest)
        {
            return Ok(bytes.clone());
        }
        fetch(reader, run, digest)
    }

    /// Lets go of what is only in memory.
    pub(crate) fn forget(&self) {
        if let Self::Memory(held) = self {
            held.borrow_mut().clear();
        }
    }
}

/// The bytes of a version: of this host, or of the record; then they are this host's too.
pub(super) fn fetch(reader: &Reader, run: &RunDir, digest: &Digest) -> Result<Vec<u8>, Trouble> {
    let missing = match versions::read(run, digest) {
        Ok(bytes) => return Ok(bytes),
        Err(error) if reader.is_shared() => error,
        Err(error) => return Err(error.into()),
    };
    let Some(bytes) = reader.version(digest)? else {
        return Err(missing.into());
    };
    // Where it cannot be written it is fetched again the next time.
    if let Err(error) = versions::keep_again(run, &bytes) {
        tracing::debug!("{}: {error}", run.job_id());
    }
    Ok(bytes)
}

/// Puts a version into a shared record, unless it is there.
fn share(
    writer: &RefCell<VersionWriter>,
    reader: &Reader,
    digest: &Digest,
    bytes: impl FnOnce() -> Result<Vec<u8>, Trouble>,
) -> Result<(), Trouble> {
    if reader.is_shared() && reader.version_size_bytes(digest)?.is_none() {
        writer.borrow_mut().put_if_absent(digest, &bytes()?)?;
    }
    Ok(())
}
