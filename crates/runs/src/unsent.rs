//! Commands that were handed to a line and are not answered, one file each under
//! `.unsent/<operator>/<session>/`: nothing that was decided is forgotten with its process.
//!
//! What is in them is the line's business; here they are bytes with a name. A session's directory is
//! 0700 and locked as long as the session lives, so that nobody else sends what it is about to send.

use std::path::Path;
use std::sync::Arc;

use super::atomic;
use super::drafts::{KeptDrafts, drafts_in, plain, read_all};
use super::error::{Result, RunsError};
use super::layout::RunsDir;
use super::locks;
use super::open_directory::OpenDirectory;

const UNSENT: &str = ".unsent";

/// How many names are tried for a directory that another process has locked before it was ours.
const TRIES: u32 = 3;

/// The place of one session, claimed as long as this lives.
#[derive(Debug)]
pub struct UnsentFiles {
    /// The operator's.
    above: Arc<OpenDirectory>,
    place: Arc<OpenDirectory>,
    name: String,
}

impl RunsDir {
    /// Claims a place for this session, with what sessions of this operator have left that are over.
    pub fn unsent(&self, operator: &str, session: &str) -> Result<UnsentFiles> {
        let above = self.place(&Path::new(UNSENT).join(plain(operator)))?;
        for number in 0..TRIES {
            let name = plain(&format!("{session}.{number}"));
            let place = Arc::new(above.private(&name)?);
            if locks::is_taken(place.handle().try_lock(), place.path())? {
                above.flush()?;
                let claimed = UnsentFiles { above, place, name };
                claimed.take_over()?;
                return Ok(claimed);
            }
        }
        Err(RunsError::refused(
            "use",
            above.path(),
            "other consoles have locked every place in it",
        ))
    }
}

impl UnsentFiles {
    /// Keeps it durably under this name.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<()> {
        atomic::write_at(&self.place, &plain(name), bytes)
    }

    /// It is answered.
    pub fn forget(&self, name: &str) -> Result<()> {
        self.place.remove(&plain(name)).map(drop)
    }

    /// All of it, in the order of its names.
    pub fn load(&self) -> Result<KeptDrafts> {
        read_all(&self.place, drafts_in(&self.place)?)
    }

    fn take_over(&self) -> Result<()> {
        for name in self.above.names()? {
            if name == self.name || !self.above.has_directory(&name) {
                continue;
            }
            let left = self.above.open(&name)?;
            if locks::is_taken(left.handle().try_lock(), left.path())? {
                for file in left.names()? {
                    left.move_to(&file, &self.place, &file)?;
                }
                self.place.flush()?;
                self.above.remove_directory(&name)?;
            }
        }
        Ok(())
    }
}

impl Drop for UnsentFiles {
    fn drop(&mut self) {
        if self.place.names().is_ok_and(|names| names.is_empty()) {
            // What cannot be removed is taken over by the next session.
            let _ = self.above.remove_directory(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn names(kept: &UnsentFiles) -> Vec<String> {
        let kept = kept.load().unwrap();
        assert!(kept.problems.is_empty(), "{:?}", kept.problems);
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        kept.drafts.iter().map(|(path, _)| name(path)).collect()
    }

    #[test]
    fn what_a_session_leaves_is_the_next_ones_and_never_one_that_lives() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let first = runs.unsent("ana", "s-1").unwrap();
        first.keep("2.json", b"two").unwrap();
        first.keep("1.json", b"one").unwrap();
        let mode = std::fs::metadata(first.place.path()).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
        let beside = runs.unsent("ana", "s-2").unwrap();
        assert!(names(&beside).is_empty(), "the first session lives");
        assert!(names(&runs.unsent("bea", "s-3").unwrap()).is_empty(), "hers are hers");
        drop(first);
        let next = runs.unsent("ana", "s-4").unwrap();
        assert_eq!(names(&next), ["1.json", "2.json"]);
        next.forget("1.json").unwrap();
        next.forget("1.json").unwrap();
        drop((next, beside));
        let last = runs.unsent("ana", "s-4").unwrap();
        assert_eq!(names(&last), ["2.json"], "the same name is another session's too");
        last.forget("2.json").unwrap();
        drop(last);
        let above = runs.path().join(".unsent/ana");
        assert_eq!(std::fs::read_dir(above).unwrap().count(), 0);
    }
}
