//! Whole files appear at once or not at all: temporary file beside the target, rename (SPEC §4),
//! and the flushes of file and directory, before anything is told or, for files that follow from
//! rows, after it.
//!
//! It knows bytes and names, not what they mean.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::OFlag;

use super::error::{Doing, IfThere, Result, RunsError};
use super::layout::{ARTIFACTS, GATES, Modes, RunDir, STAGE, VERSIONS};
use super::open_directory::{OpenDirectory, Temporary};

/// Temporary files that exist only under the publish lock: any that is found there is a crash's
/// leftover.
const PUBLISH_PREFIX: &str = ".publish-";
const WRITE_PREFIX: &str = ".write-";
const SUFFIX: &str = ".tmp";

/// A temporary file at this place, with the rights that it will have.
pub(super) fn temporary(place: &Arc<OpenDirectory>, shown: &Path) -> Result<Temporary> {
    place.temporary(WRITE_PREFIX, SUFFIX, shown)
}

/// Opens a file that may be missing; never blocks on a FIFO, never follows a symlink in the last
/// part.
pub(super) fn open_there(path: &Path) -> Result<Option<File>> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let opened = File::options().read(true).custom_flags(flags.bits()).open(path);
    opened.doing("open", path).if_there()
}

/// The same of a regular file; anything else is refused.
pub(super) fn open_regular(path: &Path) -> Result<Option<File>> {
    let Some(file) = open_there(path)? else {
        return Ok(None);
    };
    if !file.metadata().doing("examine", path)?.is_file() {
        return Err(RunsError::refused("read", path, "it is not a regular file"));
    }
    Ok(Some(file))
}

/// Reads a regular file that may be missing, at most `bytes_max` bytes.
pub(super) fn read_regular(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>> {
    let file = open_regular(path)?;
    file.map(|file| read_limited(file, path, bytes_max)).transpose()
}

/// What an open file holds; refused: more than `bytes_max` bytes.
pub(super) fn read_limited(file: File, path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
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
    Ok(bytes)
}

/// Whether the file of this name holds exactly these bytes.
pub(super) fn holds(place: &OpenDirectory, name: &str, bytes: &[u8]) -> Result<bool> {
    Ok(place.read(name, bytes.len() as u64)?.as_deref() == Some(bytes))
}

/// Whether `found` is what a loss of power leaves of a file of these bytes that had its name and
/// was not flushed: a part of it may be missing at the end, and parts may read as zeros. Nobody
/// wrote that, and nothing is lost with it.
pub(super) fn is_torn(found: &[u8], bytes: &[u8]) -> bool {
    let is_left = |(found, byte): (&u8, &u8)| *found == 0 || found == byte;
    found != bytes && found.len() <= bytes.len() && found.iter().zip(bytes).all(is_left)
}

/// Writes a whole file below `base`, durable when this returns; replaces what was there. Its
/// directory must be there, and no link may be on the way.
pub(crate) fn write(base: &Path, path: &Path, bytes: &[u8], modes: Modes) -> Result<()> {
    let (place, name) = place_of(base, path, modes)?;
    write_at(&place, &name, bytes)
}

/// Opens a file below `base` for reading and appending, made where it is missing. No link may be on
/// the way.
pub(super) fn append(base: &Path, path: &Path, modes: Modes) -> Result<File> {
    let (place, name) = place_of(base, path, modes)?;
    place.append(&name)
}

/// The directory of a path below `base`, opened, and the path's last part.
pub(super) fn place_of(base: &Path, path: &Path, modes: Modes) -> Result<(Arc<OpenDirectory>, String)> {
    let below = path.strip_prefix(base).unwrap_or(path);
    let name = below
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| RunsError::refused("create", path, "its name is not UTF-8 text"))?;
    let mut places = OpenDirectory::walk(base, below.parent().unwrap_or(Path::new("")), modes)?;
    let place = places.pop().ok_or(io::ErrorKind::NotFound).doing("open", path)?;
    Ok((place, name.to_owned()))
}

/// These bytes under a temporary name, at the place of what will be `name`.
fn written(place: &Arc<OpenDirectory>, name: &str, bytes: &[u8]) -> Result<Temporary> {
    let shown = place.join(name);
    let mut file = temporary(place, &shown)?;
    file.file().write_all(bytes).doing("write", &shown)?;
    Ok(file)
}

/// Writes a whole file at a place, for as long as the machine runs: it is not flushed. Replaces
/// what was there.
pub(super) fn note_at(place: &Arc<OpenDirectory>, name: &str, bytes: &[u8]) -> Result<()> {
    written(place, name, bytes)?.persist(name).map(drop)
}

/// Writes a whole file at a place, durable when this returns; replaces what was there.
pub(super) fn write_at(place: &Arc<OpenDirectory>, name: &str, bytes: &[u8]) -> Result<()> {
    let mut file = written(place, name, bytes)?;
    file.file().sync_all().doing("flush", &place.join(name))?;
    file.persist(name)?;
    place.flush()
}

/// What has its name and is not flushed yet: files, and the directories that name them. The flush
/// of each file and of each directory, and never of a whole file system, which would wait for what
/// everybody else has written there.
#[derive(Debug, Default)]
pub(super) struct Unflushed {
    files: Vec<(File, PathBuf)>,
    places: BTreeMap<PathBuf, Arc<OpenDirectory>>,
}

impl Unflushed {
    /// A file that was written, at its place.
    pub(super) fn file(&mut self, file: File, place: &Arc<OpenDirectory>, name: &str) {
        self.files.push((file, place.join(name)));
        self.directory(place);
    }

    /// A directory in which a name was given, changed or taken away.
    pub(super) fn directory(&mut self, place: &Arc<OpenDirectory>) {
        self.places
            .entry(place.path().to_owned())
            .or_insert_with(|| Arc::clone(place));
    }

    /// A file that is owed and lies there already: whoever wrote it may have died before it was
    /// flushed, and then nobody has.
    pub(super) fn found(&mut self, place: &Arc<OpenDirectory>, name: &str) -> Result<()> {
        if let Some(file) = place.file(name)? {
            self.file(file, place, name);
        }
        Ok(())
    }

    /// Flushes the files; [`Self::flush_directories`] comes after.
    pub(super) fn flush_files(&self) -> Result<()> {
        self.files
            .iter()
            .try_for_each(|(file, path)| file.sync_all().doing("flush", path))
    }

    /// Flushes the directories, each once: `done` has those of others, and what became of them.
    pub(super) fn flush_directories(&self, done: &mut BTreeMap<PathBuf, Result<()>>) -> Result<()> {
        for (path, place) in &self.places {
            let flushed = done.entry(path.clone()).or_insert_with(|| place.flush());
            flushed.clone()?;
        }
        Ok(())
    }
}

/// A file of a [`Group`], written but not yet under its name.
#[derive(Debug)]
struct Staged {
    file: Temporary,
    name: String,
    is_new: bool,
}

/// Several files that become visible together. Dropped before [`Group::name`]: nothing has changed.
#[derive(Debug, Default)]
pub(super) struct Group {
    staged: Vec<Staged>,
    /// What of it has its name already.
    pub(super) unflushed: Unflushed,
}

impl Group {
    fn stage_as(&mut self, place: &Arc<OpenDirectory>, name: &str, bytes: &[u8], is_new: bool) -> Result<()> {
        let shown = place.join(name);
        let mut file = place.temporary(PUBLISH_PREFIX, SUFFIX, &shown)?;
        file.file().write_all(bytes).doing("write", &shown)?;
        self.staged.push(Staged {
            file,
            name: name.to_owned(),
            is_new,
        });
        Ok(())
    }

    /// Writes the bytes beside the name, to replace what has it later.
    pub(super) fn stage(&mut self, place: &Arc<OpenDirectory>, name: &str, bytes: &[u8]) -> Result<()> {
        self.stage_as(place, name, bytes, false)
    }

    /// The same for a file that must never replace another.
    pub(super) fn stage_new(&mut self, place: &Arc<OpenDirectory>, name: &str, bytes: &[u8]) -> Result<()> {
        self.stage_as(place, name, bytes, true)
    }

    /// Gives the files their names; the names of new files that others had taken come back.
    pub(super) fn name(mut self) -> Result<(Vec<PathBuf>, Unflushed)> {
        let mut taken = Vec::new();
        for Staged { file, name, is_new } in self.staged {
            let place = Arc::clone(file.place());
            let named = if is_new {
                file.persist_new(&name)?
            } else {
                Some(file.persist(&name)?)
            };
            match named {
                Some(file) => self.unflushed.file(file, &place, &name),
                None => taken.push(place.join(&name)),
            }
            fault::point("file_named");
        }
        Ok((taken, self.unflushed))
    }
}

/// The temporary files of this kind in a directory.
fn leftovers(place: &OpenDirectory, prefix: &str) -> Vec<String> {
    // If the directory cannot be listed, the next write to it reports that.
    let mut names = place.names().unwrap_or_default();
    names.retain(|name| name.starts_with(prefix) && name.ends_with(SUFFIX));
    names
}

/// Removes what a crash during publishing left in a directory. Only under the publish lock.
pub(super) fn sweep(place: &OpenDirectory) {
    for name in leftovers(place, PUBLISH_PREFIX) {
        // A temporary file that cannot be removed does no harm.
        drop(place.remove(&name));
    }
}

/// A temporary file that nobody has written to for so long belongs to nobody any more.
const STALE_AFTER: Duration = Duration::from_secs(3600);

/// Removes what crashes outside of publishing left in a run directory: temporary files that are an
/// hour old by the clock of the file system itself. For the start of an engine.
pub fn sweep_stale(run: &RunDir) {
    // A directory that is missing or behind a link contains none of our files.
    let place = |relative: &str| run.existing(relative).ok()?.and_then(|mut places| places.pop());
    let artifacts = place(ARTIFACTS);
    let stages = artifacts.iter().flat_map(|artifacts| {
        let names = artifacts.names().unwrap_or_default();
        names
            .into_iter()
            .filter_map(|name| artifacts.open(&name).ok().map(Arc::new))
    });
    for place in ["", GATES, VERSIONS, STAGE].into_iter().filter_map(place).chain(stages) {
        sweep_older(&place, STALE_AFTER);
    }
}

fn sweep_older(place: &Arc<OpenDirectory>, age: Duration) {
    let leftovers = leftovers(place, WRITE_PREFIX);
    if leftovers.is_empty() {
        return;
    }
    let now = temporary(place, place.path()).and_then(|mut file| {
        let metadata = file.file().metadata().doing("examine", place.path())?;
        Ok(metadata.mtime())
    });
    let Ok(now_s) = now else { return };
    for name in leftovers {
        let passed_s = place.stat(&name).map(|stat| now_s.saturating_sub(stat.st_mtime));
        if passed_s.is_some_and(|passed_s| i128::from(passed_s) >= i128::from(age.as_secs())) {
            drop(place.remove(&name));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::layout::PRIVATE;
    use super::*;

    fn top(path: &Path) -> Arc<OpenDirectory> {
        Arc::new(OpenDirectory::top(path, PRIVATE).unwrap())
    }

    #[test]
    fn a_file_is_private_and_replaced_whole() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("script.1.json");
        write(temporary.path(), &path, b"yes", PRIVATE).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        write(temporary.path(), &path, b"other", PRIVATE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert_eq!(
            fs::read_dir(temporary.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
    }

    #[test]
    fn a_new_file_replaces_none_and_leaves_no_other_name() {
        let temporary = tempfile::tempdir().unwrap();
        let place = top(temporary.path());
        for (bytes, taken) in [(b"one", 0), (b"two", 1)] {
            let mut group = Group::default();
            group.stage_new(&place, "script.1.json", bytes).unwrap();
            assert_eq!(group.name().unwrap().0.len(), taken);
        }
        assert_eq!(fs::read(temporary.path().join("script.1.json")).unwrap(), b"one");
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_crash_between_leaves_nothing_visible_and_is_swept() {
        let temporary = tempfile::tempdir().unwrap();
        let place = top(temporary.path());
        let mut group = Group::default();
        group.stage(&place, "state.json", b"x").unwrap();
        // A process that dies runs no destructor, so the test skips it too.
        std::mem::forget(group);
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1);
        assert!(!temporary.path().join("state.json").exists());
        sweep(&place);
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_loss_of_power_leaves_is_told_from_what_somebody_wrote() {
        for torn in [&b""[..], b"{\"a\"", b"\0\0\0\0:1}", b"{\"a\0\0\0\0"] {
            assert!(is_torn(torn, b"{\"a\":1}"), "{torn:?}");
        }
        for other in [&b"{\"a\":1}"[..], b"{\"a\":2}", b"{\"a\":1}\n", b"{}"] {
            assert!(!is_torn(other, b"{\"a\":1}"), "{other:?}");
        }
    }

    #[test]
    fn sweeping_never_follows_a_link_out_of_the_run_directory() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = crate::RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&domain::ids::JobId::new("j-17").unwrap());
        run.make("artifacts").unwrap();
        let elsewhere = temporary.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let theirs = elsewhere.join(".write-1-1.tmp");
        let written = File::create(&theirs).unwrap();
        let then = written.metadata().unwrap().modified().unwrap() - STALE_AFTER;
        written.set_modified(then).unwrap();
        for place in ["gates", "versions", ".stage", "artifacts/script"] {
            std::os::unix::fs::symlink(&elsewhere, run.path().join(place)).unwrap();
        }
        let before = fs::metadata(&elsewhere).unwrap().modified().unwrap();
        sweep_stale(&run);
        assert!(theirs.exists());
        assert_eq!(fs::metadata(&elsewhere).unwrap().modified().unwrap(), before);
    }

    #[test]
    fn only_old_temporary_files_are_swept() {
        let temporary = tempfile::tempdir().unwrap();
        let old = temporary.path().join(".write-old.tmp");
        let young = temporary.path().join(".write-young.tmp");
        let written = File::create(&young).unwrap().metadata().unwrap().modified().unwrap();
        File::create(&old).unwrap().set_modified(written - STALE_AFTER).unwrap();
        sweep_older(&top(temporary.path()), STALE_AFTER);
        assert!(!old.exists() && young.exists());
    }
}
