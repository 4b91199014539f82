//! Whole files appear at once or not at all: temporary file beside the target, flush, rename, flush of the directory (SPEC §4).
//!
//! It knows bytes and paths, not what they mean.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::OFlag;
use tempfile::{Builder, NamedTempFile};

use super::error::{Doing, Result, RunsError};
use super::layout::{Modes, RunDir};
use crate::fault;

/// From this many files on, one flush of the file system is cheaper than one for each file.
const SYNCFS_FROM_FILES: usize = 8;

/// Temporary files that exist only under the publish lock: any that is found there is a crash's leftover.
const PUBLISH_PREFIX: &str = ".publish-";
const WRITE_PREFIX: &str = ".write-";
const SUFFIX: &str = ".tmp";

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn temporary(path: &Path, prefix: &str, modes: Modes) -> Result<NamedTempFile> {
    let file = Builder::new()
        .prefix(prefix)
        .suffix(SUFFIX)
        .tempfile_in(parent(path))
        .doing("create", path)?;
    modes.apply(file.as_file(), path, modes.file())?;
    Ok(file)
}

/// A temporary file beside `path`, with the rights that it will have.
pub(super) fn temporary_beside(path: &Path, modes: Modes) -> Result<NamedTempFile> {
    temporary(path, WRITE_PREFIX, modes)
}

/// Flushes a directory, so that names made or changed in it survive a power loss.
pub fn flush_directory(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .doing("flush", path)
}

/// Reads a regular file that may be missing, at most `bytes_max` bytes; never blocks on a FIFO, never follows a symlink in the last part.
pub(super) fn read_regular(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>> {
    let opened = File::options()
        .read(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits() | OFlag::O_NONBLOCK.bits())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(RunsError::new("open", path, error)),
    };
    if !file.metadata().doing("examine", path)?.is_file() {
        return Err(RunsError::refused("read", path, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .doing("read", path)?;
    if bytes.len() as u64 > bytes_max {
        return Err(RunsError::refused(
            "read",
            path,
            format!("it has more than {bytes_max} bytes"),
        ));
    }
    Ok(Some(bytes))
}

/// Whether the file holds exactly these bytes.
pub(super) fn holds(path: &Path, bytes: &[u8]) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == bytes.len() as u64 => {
            Ok(read_regular(path, metadata.len())?.as_deref() == Some(bytes))
        }
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(RunsError::new("examine", path, error)),
    }
}

/// Writes a whole file, durable when this returns; replaces what was there.
pub fn write(path: &Path, bytes: &[u8], modes: Modes) -> Result<()> {
    let mut file = temporary(path, WRITE_PREFIX, modes)?;
    file.write_all(bytes).doing("write", path)?;
    file.as_file().sync_all().doing("flush", path)?;
    persist(file, path)?;
    flush_directory(parent(path))
}

fn persist(file: NamedTempFile, path: &Path) -> Result<()> {
    file.persist(path).map_err(|error| error.error).doing("create", path)?;
    Ok(())
}

/// A file of a [`Group`], written but not yet under its name.
#[derive(Debug)]
struct Staged {
    file: NamedTempFile,
    path: PathBuf,
    is_new: bool,
}

/// Several files that become visible together after few flushes. Dropped before [`Group::flush`]: nothing has changed.
#[derive(Debug, Default)]
pub(super) struct Group {
    staged: Vec<Staged>,
    appended: Vec<(File, PathBuf)>,
    directories: BTreeSet<PathBuf>,
}

impl Group {
    fn stage_as(&mut self, path: PathBuf, bytes: &[u8], modes: Modes, is_new: bool) -> Result<()> {
        let mut file = temporary(&path, PUBLISH_PREFIX, modes)?;
        file.write_all(bytes).doing("write", &path)?;
        self.staged.push(Staged { file, path, is_new });
        Ok(())
    }

    /// Writes the bytes beside `path`, to replace it later.
    pub(super) fn stage(&mut self, path: PathBuf, bytes: &[u8], modes: Modes) -> Result<()> {
        self.stage_as(path, bytes, modes, false)
    }

    /// The same for a file that must never replace another.
    pub(super) fn stage_new(&mut self, path: PathBuf, bytes: &[u8], modes: Modes) -> Result<()> {
        self.stage_as(path, bytes, modes, true)
    }

    /// A file that was appended to and is flushed with the others.
    pub(super) fn appended(&mut self, file: File, path: PathBuf) {
        // It may have been made just now: its name needs a flush too.
        self.directories.insert(parent(&path).to_owned());
        self.appended.push((file, path));
    }

    /// A file that is owed and lies there already: whoever named it may have died before its name was flushed, and then nobody has.
    pub(super) fn found(&mut self, path: &Path) {
        self.directories.insert(parent(path).to_owned());
    }

    pub(super) fn files(&self) -> usize {
        self.staged.len() + self.appended.len()
    }

    fn flush(&self) -> Result<()> {
        for staged in &self.staged {
            fault::step("files_staged").doing("flush", &staged.path)?;
            staged.file.as_file().sync_all().doing("flush", &staged.path)?;
        }
        for (file, path) in &self.appended {
            file.sync_all().doing("flush", path)?;
        }
        Ok(())
    }

    /// Gives the files their names; the names of new files that others had taken come back.
    fn rename(&mut self) -> Result<Vec<PathBuf>> {
        let mut taken = Vec::new();
        for staged in self.staged.drain(..) {
            let Staged { file, path, is_new } = staged;
            self.directories.insert(parent(&path).to_owned());
            if !is_new {
                persist(file, &path)?;
            } else if let Err(error) = file.persist_noclobber(&path) {
                if error.error.kind() != io::ErrorKind::AlreadyExists {
                    return Err(RunsError::new("create", &path, error.error));
                }
                taken.push(path);
            }
            fault::point("file_named");
        }
        Ok(taken)
    }

    fn flush_directories(&self) -> Result<()> {
        self.directories.iter().try_for_each(|path| flush_directory(path))
    }
}

/// Makes groups visible: at most four flushes for many files, and one group's failure leaves the others whole. Each group's answer names
/// the new files whose names were taken.
pub(super) fn commit(top: &Path, groups: Vec<Group>) -> Vec<Result<Vec<PathBuf>>> {
    let files: usize = groups.iter().map(Group::files).sum();
    let flush_all = || -> Result<()> {
        let directory = File::open(top).doing("open", top)?;
        nix::unistd::syncfs(&directory).doing("flush", top)
    };
    let is_many = files > SYNCFS_FROM_FILES;
    fault::point("files_staged");
    // A flush of the whole file system that fails does not say whose bytes were lost: then each file is asked.
    let is_flushed = is_many && flush_all().is_ok();
    let renamed: Vec<_> = groups
        .into_iter()
        .map(|mut group| {
            if !is_flushed {
                group.flush()?;
            }
            fault::point("files_flushed");
            let taken = group.rename()?;
            Ok((group, taken))
        })
        .collect();
    fault::point("files_named");
    let is_flushed = is_many && flush_all().is_ok();
    renamed
        .into_iter()
        .map(|outcome| {
            let (group, taken) = outcome?;
            if !is_flushed {
                group.flush_directories()?;
            }
            Ok(taken)
        })
        .collect()
}

/// Removes what a crash during publishing left in a directory. Only under the publish lock.
pub(super) fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let is_leftover = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(PUBLISH_PREFIX) && name.ends_with(SUFFIX));
        if is_leftover {
            // A leftover that cannot be removed harms nobody.
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// A temporary file that nobody has written to for so long belongs to nobody any more.
const STALE_AFTER: Duration = Duration::from_secs(3600);

/// Removes what crashes outside of publishing left in a run directory: temporary files that are an hour old by the clock of the file
/// system itself. For the start of an engine.
pub fn sweep_stale(run: &RunDir) {
    let mut directories = vec![run.path().to_owned(), run.gates(), run.versions(), run.stage()];
    if let Ok(stages) = fs::read_dir(run.path().join("artifacts")) {
        directories.extend(stages.flatten().map(|entry| entry.path()));
    }
    for directory in directories {
        sweep_older(&directory, STALE_AFTER);
    }
}

fn sweep_older(directory: &Path, age: Duration) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    let leftovers: Vec<_> = entries
        .flatten()
        .filter(|entry| {
            entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.starts_with(WRITE_PREFIX) && name.ends_with(SUFFIX))
        })
        .collect();
    if leftovers.is_empty() {
        return;
    }
    let now = tempfile::tempfile_in(directory).and_then(|file| file.metadata()?.modified());
    for leftover in leftovers {
        let modified = leftover.metadata().and_then(|metadata| metadata.modified());
        if let (Ok(now), Ok(modified)) = (&now, modified)
            && now.duration_since(modified).is_ok_and(|passed| passed >= age)
        {
            drop(fs::remove_file(leftover.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const PRIVATE: Modes = Modes { group: None };

    #[test]
    fn a_file_is_private_and_replaced_whole() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("script.1.json");
        write(&path, b"yes", PRIVATE).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        write(&path, b"other", PRIVATE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert_eq!(
            fs::read_dir(temporary.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
    }

    #[test]
    fn one_group_fails_and_the_others_are_written() {
        let temporary = tempfile::tempdir().unwrap();
        let gone = temporary.path().join("gone");
        fs::create_dir(&gone).unwrap();
        let mut groups = Vec::new();
        for number in 0..12 {
            let mut group = Group::default();
            group
                .stage(temporary.path().join(format!("{number}")), b"x", PRIVATE)
                .unwrap();
            groups.push(group);
        }
        let mut broken = Group::default();
        broken.stage(gone.join("y"), b"y", PRIVATE).unwrap();
        groups.push(broken);
        fs::remove_dir_all(&gone).unwrap();
        let outcomes = commit(temporary.path(), groups);
        assert!(outcomes[..12].iter().all(Result::is_ok));
        assert!(outcomes[12].as_ref().unwrap_err().is_not_found());
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 12);
    }

    #[test]
    fn a_crash_between_leaves_nothing_visible_and_is_swept() {
        let temporary = tempfile::tempdir().unwrap();
        let mut group = Group::default();
        group.stage(temporary.path().join("state.json"), b"x", PRIVATE).unwrap();
        let leftover = group.staged.pop().unwrap().file.into_temp_path().keep().unwrap();
        assert!(leftover.file_name().unwrap().to_str().unwrap().starts_with('.'));
        sweep(temporary.path());
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_old_temporary_files_are_swept() {
        let temporary = tempfile::tempdir().unwrap();
        let old = temporary.path().join(".write-old.tmp");
        let young = temporary.path().join(".write-young.tmp");
        let written = File::create(&young).unwrap().metadata().unwrap().modified().unwrap();
        File::create(&old).unwrap().set_modified(written - STALE_AFTER).unwrap();
        sweep_older(temporary.path(), STALE_AFTER);
        assert!(!old.exists() && young.exists());
    }
}
