//! What artifacts hash to, remembered as long as they are the same files: many decisions look at
//! what few have changed.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::artifacts;
use super::error::{Doing, Result};
use super::layout::RunDir;
use domain::ids::{ArtifactPath, Digest};
use domain::time::Timestamp;

/// How many files are remembered; with one more it begins anew.
const FILES_MAX: usize = 20_000;

/// The times of files have coarse steps: what changes right after a look may bear the time that the
/// look saw. So a file that changed more recently than this before it was read is read again.
const FRESH_US: i64 = 2_000_000;

/// Of files by device and inode, what they held when they were read. Clones share it.
#[derive(Clone, Default)]
pub struct Digests(Arc<Mutex<HashMap<(u64, u64), Known>>>);

struct Known {
    stamp: Stamp,
    digest: Digest,
}

/// What differs when the bytes differ. The time of the inode's change can be set by nobody, that of
/// the bytes by everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            mtime: (metadata.mtime(), metadata.mtime_nsec()),
            ctime: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    fn is_fresh(self, now: Timestamp) -> bool {
        let (seconds, nanos) = self.ctime;
        let changed_us = seconds.saturating_mul(1_000_000).saturating_add(nanos / 1000);
        now.micros().saturating_sub(changed_us) < FRESH_US
    }
}

impl Digests {
    fn known(&self) -> MutexGuard<'_, HashMap<(u64, u64), Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The digest and size of an artifact, as [`artifacts::hash`] finds them; one that is unchanged
    /// since it was read is not read again.
    ///
    /// Whoever writes through a memory map moves the times late, and on some file systems never. So
    /// this serves those who look ahead; whoever lets something go looks at the bytes.
    pub fn hash(&self, run: &RunDir, path: &ArtifactPath, now: Timestamp) -> Result<Option<(Digest, u64)>> {
        let Some(mut file) = artifacts::open(run, path)? else {
            return Ok(None);
        };
        let shown = run.artifact(path);
        let examine = |file: &File| file.metadata().doing("examine", &shown);
        let metadata = examine(&file)?;
        let (key, stamp) = ((metadata.dev(), metadata.ino()), Stamp::of(&metadata));
        if let Some(known) = self.known().get(&key).filter(|known| known.stamp == stamp) {
            return Ok(Some((known.digest, stamp.size)));
        }
        let (digest, size_bytes) = artifacts::stream(&mut file, &shown, |_| Ok(()))?;
        if !stamp.is_fresh(now) && Stamp::of(&examine(&file)?) == stamp {
            let mut known = self.known();
            if known.len() >= FILES_MAX {
                known.clear();
            }
            known.insert(key, Known { stamp, digest });
        }
        Ok(Some((digest, size_bytes)))
    }

    /// How many files are remembered.
    #[cfg(any(test, feature = "testing"))]
    pub fn count(&self) -> usize {
        self.known().len()
    }

    /// As if the bytes that lie there now were those that were read: whether a file is read again
    /// can be seen by it.
    #[cfg(any(test, feature = "testing"))]
    #[expect(clippy::unwrap_used, reason = "tests only: it may panic")]
    pub fn pretend_unchanged(&self, file: &std::path::Path) {
        let metadata = std::fs::metadata(file).unwrap();
        let mut all = self.known();
        all.get_mut(&(metadata.dev(), metadata.ino())).unwrap().stamp = Stamp::of(&metadata);
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test puts artifacts there as a stage does")]
mod tests {
    use std::fs;

    use super::*;
    use crate::RunsDir;
    use domain::ids::JobId;

    fn fixture() -> (tempfile::TempDir, RunDir, ArtifactPath) {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        run.make("artifacts").unwrap();
        (temporary, run, ArtifactPath::new("artifacts/a").unwrap())
    }

    /// So long after the file changed last.
    fn after(run: &RunDir, path: &ArtifactPath, us: i64) -> Timestamp {
        let metadata = fs::metadata(run.artifact(path)).unwrap();
        Timestamp::from_micros(metadata.ctime() * 1_000_000 + metadata.ctime_nsec() / 1000 + us)
    }

    #[test]
    fn an_unchanged_file_is_read_once_and_every_change_is_seen() {
        let (temporary, run, path) = fixture();
        let digests = Digests::default();
        let hash = || digests.hash(&run, &path, after(&run, &path, FRESH_US)).unwrap();
        let real = run.artifact(&path);
        fs::write(&real, b"one").unwrap();
        assert_eq!(hash(), Some((Digest::of(b"one"), 3)));
        fs::write(&real, b"ONE").unwrap();
        digests.pretend_unchanged(&real);
        assert_eq!(hash(), Some((Digest::of(b"one"), 3)), "not read again");

        // Of the same size, and with the time of the bytes put back.
        let modified = fs::metadata(&real).unwrap().modified().unwrap();
        let file = File::options().write(true).open(&real).unwrap();
        fs::write(&real, b"two").unwrap();
        file.set_modified(modified).unwrap();
        assert_eq!(hash(), Some((Digest::of(b"two"), 3)));
        // Another file in its place.
        let other = temporary.path().join("other");
        fs::write(&other, b"six").unwrap();
        fs::rename(&other, &real).unwrap();
        assert_eq!(hash(), Some((Digest::of(b"six"), 3)));
        fs::remove_file(&real).unwrap();
        assert_eq!(digests.hash(&run, &path, Timestamp::from_micros(0)).unwrap(), None);
    }

    #[test]
    fn what_changed_a_moment_ago_is_read_again_whatever_its_times_say() {
        let (_temporary, run, path) = fixture();
        let digests = Digests::default();
        fs::write(run.artifact(&path), b"one").unwrap();
        // A clock that was set back too: then the file is from tomorrow.
        for us in [0, FRESH_US - 1, -3_600_000_000] {
            digests.hash(&run, &path, after(&run, &path, us)).unwrap();
            assert_eq!(digests.count(), 0, "{us}");
        }
        digests.hash(&run, &path, after(&run, &path, FRESH_US)).unwrap();
        assert_eq!(digests.count(), 1);
    }
}
