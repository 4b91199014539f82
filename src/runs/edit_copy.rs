//! A private copy of an artifact for an editor of the operator's own, beside the drafts: such an editor never has the artifact itself.
//!
//! The directory is 0700 and the copy 0600 whatever group shares the runs: swap and backup files that an editor makes lie in it too.
//! It is made again under the same name for the same artifact of the same gate, so that what a killed editor left there is found.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::atomic;
use super::drafts::{DRAFTS, plain};
use super::error::{Doing, Result, RunsError};
use super::layout::{Modes, RunsDir};

const PRIVATE: Modes = Modes { group: None };

/// The copy, claimed as long as this lives.
#[derive(Debug)]
pub struct EditCopy {
    directory: PathBuf,
    path: PathBuf,
    _claimed: File,
}

/// What tells one state of the copy from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    bytes: u64,
    modified: SystemTime,
}

fn private_directory(path: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if !fs::symlink_metadata(path).doing("examine", path)?.is_dir() {
                return Err(RunsError::refused("use", path, "it is not a directory"));
            }
        }
        Err(error) => return Err(RunsError::new("create", path, error)),
    }
    // The directory above may hand its set-group-id bit down.
    fs::set_permissions(path, Permissions::from_mode(0o700)).doing("set the rights of", path)
}

impl RunsDir {
    /// Claims the place of a copy of this operator: `name` is the directory's, `file_name` the artifact's own, so that an editor
    /// knows its language. Refused while another process has claimed it.
    pub fn edit_copy(&self, operator: &str, name: &str, file_name: &str) -> Result<EditCopy> {
        let drafts = self.drafts(operator);
        self.place(&Path::new(DRAFTS).join(plain(operator)))?;
        let directory = drafts.join(plain(name));
        private_directory(&directory)?;
        // An editor is started wherever the console was: the path must mean the same to both.
        let directory = directory.canonicalize().doing("examine", &directory)?;
        let claimed = File::open(&directory).doing("open", &directory)?;
        match claimed.try_lock() {
            Ok(()) => Ok(EditCopy {
                path: directory.join(file_name),
                directory,
                _claimed: claimed,
            }),
            Err(TryLockError::WouldBlock) => Err(RunsError::refused(
                "edit",
                &directory.join(file_name),
                "an editor of another console of yours has it open",
            )),
            Err(TryLockError::Error(error)) => Err(RunsError::new("lock", &directory, error)),
        }
    }
}

impl EditCopy {
    /// Where it lies, from the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a text there, whatever was there.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        // It was of a former text.
        let _ = fs::remove_file(self.rescue());
        atomic::write(&self.directory, &self.path, bytes, PRIVATE)
    }

    /// What is there; none: nothing. At most so many bytes.
    pub fn read(&self, bytes_max: u64) -> Result<Option<Vec<u8>>> {
        atomic::read_regular(&self.path, bytes_max)
    }

    /// What nano keeps of an unsaved text when it is ended: there only if it was.
    pub fn read_rescue(&self, bytes_max: u64) -> Result<Option<Vec<u8>>> {
        atomic::read_regular(&self.rescue(), bytes_max)
    }

    fn rescue(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".save");
        PathBuf::from(name)
    }

    /// Its state; none: it is not there.
    pub fn stamp(&self) -> Option<Stamp> {
        let metadata = fs::symlink_metadata(&self.path).ok()?;
        Some(Stamp {
            bytes: metadata.len(),
            modified: metadata.modified().ok()?,
        })
    }

    /// Removes it with everything that the editor left beside it.
    pub fn remove(&self) -> Result<()> {
        fs::remove_dir_all(&self.directory).doing("remove", &self.directory)
    }

    /// Removes the copy unless something lies beside it: an editor that was killed may have left what only it can read.
    pub fn remove_if_alone(&self) -> Result<()> {
        let entries = fs::read_dir(&self.directory).doing("list", &self.directory)?;
        let is_alone = entries.flatten().all(|entry| entry.path() == self.path);
        if is_alone { self.remove() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::super::drafts::KeptDrafts;
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_copy_is_private_also_where_a_group_shares_the_runs() {
        let folder = tempfile::tempdir().unwrap();
        let group = nix::unistd::getegid().as_raw();
        let runs = RunsDir::open(folder.path().join("runs"), Some(group)).unwrap();
        let copy = runs.edit_copy("ana", "j-1.script.1.abc.edit", "script.txt").unwrap();
        copy.write(b"one").unwrap();
        assert!(copy.path().is_absolute());
        assert_eq!(copy.path().file_name().unwrap(), "script.txt");
        assert_eq!(mode(copy.path()), 0o600);
        assert_eq!(mode(copy.path().parent().unwrap()), 0o700);
        assert_eq!(copy.read(3).unwrap().unwrap(), b"one");
        assert!(copy.read(2).unwrap_err().to_string().contains("more than 2 bytes"));
        assert_eq!(
            runs.load_drafts("ana").unwrap(),
            KeptDrafts::default(),
            "it is no draft"
        );
    }

    #[test]
    fn one_console_at_a_time_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path().join("runs"), None).unwrap();
        let first = runs.edit_copy("ana", "one.edit", "script.txt").unwrap();
        first.write(b"kept").unwrap();
        let refused = runs.edit_copy("ana", "one.edit", "script.txt").unwrap_err();
        assert!(refused.to_string().contains("another console"), "{refused}");
        runs.edit_copy("ana", "two.edit", "script.txt").unwrap();
        drop(first);
        let again = runs.edit_copy("ana", "one.edit", "script.txt").unwrap();
        assert_eq!(again.read(9).unwrap().unwrap(), b"kept");
    }

    #[test]
    fn what_a_killed_editor_left_beside_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path().join("runs"), None).unwrap();
        let copy = runs.edit_copy("ana", "one.edit", "script.txt").unwrap();
        copy.write(b"text").unwrap();
        let swap = copy.path().with_file_name(".script.txt.swp");
        atomic::write(copy.path().parent().unwrap(), &swap, b"unsaved", PRIVATE).unwrap();
        copy.remove_if_alone().unwrap();
        assert!(swap.exists());
        fs::remove_file(&swap).unwrap();
        copy.remove_if_alone().unwrap();
        assert!(!copy.path().parent().unwrap().exists());
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path().join("runs"), None).unwrap();
        let copy = runs.edit_copy("ana", "one.edit", "script.txt").unwrap();
        let other = folder.path().join("other");
        atomic::write(folder.path(), &other, b"not yours", PRIVATE).unwrap();
        std::os::unix::fs::symlink(&other, copy.path()).unwrap();
        assert!(copy.read(99).is_err());
        copy.write(b"text").unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"not yours");
        assert_eq!(copy.read(99).unwrap().unwrap(), b"text");
    }
}
