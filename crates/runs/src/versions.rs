//! Every version that an attempt made or a patch produced, under its SHA-256: `versions/<sha256>`
//! (SPEC §4). Written once, never changed.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;

use super::artifacts::{self, ARTIFACT_BYTES_MAX};
use super::atomic;
use super::error::{Doing, Result, RunsError};
use super::layout::{RunDir, VERSIONS};
use domain::ids::{ArtifactPath, Digest};

/// Whether a version is kept, judged by name and size: its bytes are checked when they are read.
pub fn is_kept(run: &RunDir, digest: &Digest, size_bytes: u64) -> bool {
    fs::symlink_metadata(run.version(digest)).is_ok_and(|metadata| metadata.is_file() && metadata.len() == size_bytes)
}

/// How large what has the name of a version is; none: nothing has. What it is shows when it is
/// read.
pub fn size_bytes(run: &RunDir, digest: &Digest) -> Option<u64> {
    fs::symlink_metadata(run.version(digest))
        .ok()
        .map(|metadata| metadata.len())
}

/// Under which name these bytes would be kept, and their size; refused when they are too large.
pub fn name_of(run: &RunDir, bytes: &[u8]) -> Result<(Digest, u64)> {
    let digest = Digest::of(bytes);
    let size_bytes = bytes.len() as u64;
    if size_bytes > ARTIFACT_BYTES_MAX {
        return Err(RunsError::refused(
            "keep",
            &run.version(&digest),
            format!("it is larger than {} MiB", ARTIFACT_BYTES_MAX / (1024 * 1024)),
        ));
    }
    Ok((digest, size_bytes))
}

/// Keeps these bytes; durable when this returns. Already there: nothing is written.
pub fn keep(run: &RunDir, bytes: &[u8]) -> Result<(Digest, u64)> {
    let (digest, size_bytes) = name_of(run, bytes)?;
    let place = run.place(VERSIONS)?;
    if is_kept(run, &digest, size_bytes) {
        // Another process may have named it a moment ago and not flushed the directory yet.
        place.flush()?;
    } else {
        // Replaces a file of this name with other bytes: that one is damaged, its name says so.
        atomic::write_at(&place, &digest.to_string(), bytes)?;
    }
    Ok((digest, size_bytes))
}

/// Keeps these bytes, and replaces what has their name: it is damaged.
pub fn keep_again(run: &RunDir, bytes: &[u8]) -> Result<()> {
    let (digest, _) = name_of(run, bytes)?;
    atomic::write_at(&run.place(VERSIONS)?, &digest.to_string(), bytes)
}

/// Keeps the bytes of an artifact as it lies in the run directory now; durable when this returns.
/// None: there is no such file.
pub fn keep_artifact(run: &RunDir, path: &ArtifactPath) -> Result<Option<(Digest, u64)>> {
    match artifacts::open(run, path)? {
        None => Ok(None),
        Some(mut file) => keep_stream(run, &mut file, &run.artifact(path)).map(Some),
    }
}

/// Keeps what an open file holds. What is already kept is only read.
pub(super) fn keep_stream(run: &RunDir, file: &mut File, shown: &Path) -> Result<(Digest, u64)> {
    let place = run.place(VERSIONS)?;
    let (digest, size_bytes) = artifacts::stream(file, shown, |_| Ok(()))?;
    if is_kept(run, &digest, size_bytes) {
        place.flush()?;
        return Ok((digest, size_bytes));
    }
    file.rewind().doing("read", shown)?;
    let mut copy = atomic::temporary(&place, &run.version(&digest))?;
    // Hashed once more while it is copied: the file may have changed since, and a version must be
    // what its name says.
    let (digest, size_bytes) = artifacts::stream(file, shown, |bytes| {
        copy.file().write_all(bytes).doing("write", &run.version(&digest))
    })?;
    let path = run.version(&digest);
    copy.file().sync_all().doing("flush", &path)?;
    copy.persist(&digest.to_string())?;
    place.flush()?;
    Ok((digest, size_bytes))
}

/// The bytes of a kept version; refused when they are not what its name says.
pub fn read(run: &RunDir, digest: &Digest) -> Result<Vec<u8>> {
    let path = run.version(digest);
    let bytes = atomic::read_regular(&path, ARTIFACT_BYTES_MAX)?
        .ok_or_else(|| RunsError::new("open", &path, std::io::ErrorKind::NotFound))?;
    let found = Digest::of(&bytes);
    if found == *digest {
        Ok(bytes)
    } else {
        Err(RunsError::refused(
            "read",
            &path,
            format!("it is damaged: its SHA-256 is {found}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::RunsDir;
    use domain::ids::JobId;

    #[test]
    fn a_version_is_kept_once_and_checked_when_read() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        let (digest, size_bytes) = keep(&run, b"306.0").unwrap();
        assert_eq!(size_bytes, 5);
        let inode = fs::metadata(run.version(&digest)).unwrap().ino();
        keep(&run, b"306.0").unwrap();
        run.make("artifacts/script").unwrap();
        let path = ArtifactPath::new("artifacts/script/a").unwrap();
        assert_eq!(keep_artifact(&run, &path).unwrap(), None);
        File::create(run.artifact(&path)).unwrap().write_all(b"306.0").unwrap();
        assert_eq!(keep_artifact(&run, &path).unwrap(), Some((digest, 5)));
        assert_eq!(
            fs::metadata(run.version(&digest)).unwrap().ino(),
            inode,
            "not written again"
        );
        assert_eq!(read(&run, &digest).unwrap(), b"306.0");

        File::create(run.artifact(&path)).unwrap().write_all(b"other").unwrap();
        let (other, _) = keep_artifact(&run, &path).unwrap().unwrap();
        assert_eq!(read(&run, &other).unwrap(), b"other");
        File::create(run.version(&other)).unwrap().write_all(b"forge").unwrap();
        assert!(read(&run, &other).unwrap_err().to_string().contains("it is damaged"));
        assert!(read(&run, &Digest::ZERO).unwrap_err().is_not_found());
    }
}
