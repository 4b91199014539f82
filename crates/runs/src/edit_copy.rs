//! A private copy of an artifact for an editor of the operator's own, beside the drafts: such an
//! editor never has the artifact itself.
//!
//! The directory is 0700 and the copy 0600 whatever group shares the runs: swap and backup files
//! that an editor makes lie in it too. It is made again under the same name for the same artifact
//! of the same gate, so that what a killed editor left there is found.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::atomic;
use super::drafts::{folder, plain};
use super::error::{Doing, Result, RunsError};
use super::layout::RunsDir;
use super::locks;
use super::open_directory::OpenDirectory;

/// The copy, claimed as long as this lives.
#[derive(Debug)]
pub struct EditCopy {
    /// The operator's drafts.
    above: Arc<OpenDirectory>,
    place: Arc<OpenDirectory>,
    /// The directory's name among the drafts, and the copy's in it.
    names: (String, String),
    /// For the editor, which opens it by path.
    path: PathBuf,
}

/// What tells one state of the copy from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    bytes: i64,
    modified: (i64, i64),
}

impl RunsDir {
    /// Claims the place of a copy of this operator: `name` is the directory's, `file_name` the
    /// artifact's own, so that an editor knows its language. Refused while another process has
    /// claimed it.
    pub fn edit_copy(&self, operator: &str, name: &str, file_name: &str) -> Result<EditCopy> {
        let above = self.place(&folder(operator))?;
        let name = plain(name);
        let place = Arc::new(above.private(&name)?);
        // An editor is started wherever the console was: the path must mean the same to both.
        let directory = place.path().canonicalize().doing("examine", place.path())?;
        let path = directory.join(file_name);
        if !locks::is_taken(place.handle().try_lock(), &directory)? {
            let reason = "an editor of another console of yours has it open";
            return Err(RunsError::refused("edit", &path, reason));
        }
        Ok(EditCopy {
            above,
            place,
            names: (name, file_name.to_owned()),
            path,
        })
    }
}

impl EditCopy {
    /// Where it lies, from the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a text there, whatever was there.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        // The rescue file belongs to a former text.
        drop(self.place.remove(&self.rescue()));
        atomic::write_at(&self.place, &self.names.1, bytes)
    }

    /// What is there; none: nothing. At most so many bytes.
    pub fn read(&self, bytes_max: u64) -> Result<Option<Vec<u8>>> {
        self.read_named(&self.names.1, bytes_max)
    }

    /// What nano keeps of an unsaved text when it is ended: there only if it was.
    pub fn read_rescue(&self, bytes_max: u64) -> Result<Option<Vec<u8>>> {
        self.read_named(&self.rescue(), bytes_max)
    }

    fn read_named(&self, name: &str, bytes_max: u64) -> Result<Option<Vec<u8>>> {
        let read = |file: File| atomic::read_limited(file, &self.place.join(name), bytes_max);
        self.place.file(name)?.map(read).transpose()
    }

    fn rescue(&self) -> String {
        format!("{}.save", self.names.1)
    }

    /// Its state; none: it is not there.
    pub fn stamp(&self) -> Option<Stamp> {
        let stat = self.place.stat(&self.names.1)?;
        Some(Stamp {
            bytes: stat.st_size,
            modified: (stat.st_mtime, stat.st_mtime_nsec),
        })
    }

    /// Removes it with everything that the editor left beside it.
    pub fn remove(&self) -> Result<()> {
        self.above.remove_directory(&self.names.0)
    }

    /// Removes the copy unless something lies beside it: an editor that was killed may have left
    /// what only it can read.
    pub fn remove_if_alone(&self) -> Result<()> {
        if self.place.has_only(&self.names.1)? {
            self.remove()
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::MetadataExt;

    use super::super::drafts::KeptDrafts;
    use super::super::layout::PRIVATE;
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
        let strange = copy.path().with_file_name(std::ffi::OsStr::from_bytes(b"swap\xff"));
        fs::File::create(&strange).unwrap();
        copy.remove_if_alone().unwrap();
        assert!(strange.exists());
        fs::remove_file(&strange).unwrap();
        copy.remove_if_alone().unwrap();
        assert!(!copy.path().parent().unwrap().exists());
    }

    #[test]
    fn a_directory_that_is_swapped_for_a_link_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path().join("runs"), None).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let theirs = elsewhere.join("script.txt.save");
        fs::File::create(&theirs).unwrap();
        let copy = runs.edit_copy("ana", "one.edit", "script.txt").unwrap();
        let directory = copy.path().parent().unwrap();
        let aside = directory.with_file_name("aside");
        fs::rename(directory, &aside).unwrap();
        std::os::unix::fs::symlink(&elsewhere, directory).unwrap();
        copy.write(b"text").unwrap();
        assert_eq!(fs::read(aside.join("script.txt")).unwrap(), b"text");
        assert!(copy.remove().is_err(), "what lies there now is not the copy");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
        assert!(theirs.exists());
        assert!(runs.edit_copy("ana", "one.edit", "script.txt").is_err());
    }

    #[test]
    fn what_lies_beside_it_goes_with_it_and_links_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path().join("runs"), None).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::File::create(elsewhere.join("theirs")).unwrap();
        let copy = runs.edit_copy("ana", "one.edit", "script.txt").unwrap();
        copy.write(b"text").unwrap();
        let directory = copy.path().parent().unwrap();
        fs::create_dir_all(directory.join("undo/deep")).unwrap();
        fs::File::create(directory.join("undo/deep/swap")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, directory.join("undo/link")).unwrap();
        fs::File::create(directory.join(std::ffi::OsStr::from_bytes(b"swap\xff"))).unwrap();
        copy.remove().unwrap();
        assert!(!directory.exists());
        assert!(elsewhere.join("theirs").exists());
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
