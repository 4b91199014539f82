//! Artifacts as they lie in a run directory now: opened so that no symlink leads out of it, hashed,
//! and copied in from outside.
//!
//! A stage command or another process may change the tree at any moment, so nothing is checked by
//! path and opened afterwards: the kernel resolves the path below the run directory, and what was
//! opened is what is examined.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::Mode;
use sha2::{Digest as _, Sha256};

use super::atomic::{self, Unflushed};
use super::error::{Doing, IfThere, Result, RunsError};
use super::layout::RunDir;
use super::open_directory::{OpenDirectory, Temporary};
use super::versions;
use domain::ask::OutsideFile;
use domain::ids::{ArtifactPath, Digest, StageName};

/// The most bytes an artifact may have (SPEC §10).
pub(crate) const ARTIFACT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How often the kernel may ask to look again because a directory was renamed meanwhile
/// (openat2(2), EAGAIN).
const OPEN_TRIES_MAX: u32 = 16;

// A FIFO must not block the reader, and a terminal must not become ours.
fn read_flags() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY
}

fn open_directory(path: &Path) -> Result<File> {
    File::options()
        .read(true)
        .custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits())
        .open(path)
        .doing("open", path)
}

/// Opens part by part and follows no symlink at all: for kernels and sandboxes without openat2.
fn open_without_symlinks(top: &File, path: &str) -> std::result::Result<OwnedFd, Errno> {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut at: OwnedFd = top.as_fd().try_clone_to_owned().map_err(|_| Errno::EMFILE)?;
    for part in directories.split('/').filter(|part| !part.is_empty()) {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_RDONLY;
        at = openat(&at, part, flags, Mode::empty())?;
    }
    openat(&at, name, read_flags() | OFlag::O_NOFOLLOW, Mode::empty())
}

fn open_beneath(top: &File, path: &str) -> std::result::Result<OwnedFd, Errno> {
    let how = OpenHow::new()
        .flags(read_flags())
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let mut outcome = Err(Errno::EAGAIN);
    for _ in 0..OPEN_TRIES_MAX {
        outcome = openat2(top, path, how);
        match outcome {
            Err(Errno::EAGAIN) => {}
            Err(Errno::ENOSYS | Errno::EPERM) => return open_without_symlinks(top, path),
            Ok(_) | Err(_) => break,
        }
    }
    outcome
}

/// Opens an artifact for reading. None: there is no such file. Refused: a symlink that leaves the
/// run directory, and whatever is not a regular file (a directory cannot be reviewed: the pipeline
/// registers an index file instead).
pub(crate) fn open(run: &RunDir, path: &ArtifactPath) -> Result<Option<File>> {
    let shown = run.artifact(path);
    let Some(top) = open_directory(run.path()).if_there()? else {
        return Ok(None);
    };
    let file = match open_beneath(&top, path.as_str()) {
        Ok(descriptor) => File::from(descriptor),
        Err(Errno::ENOENT) => return Ok(None),
        Err(Errno::EXDEV | Errno::ELOOP) => {
            return Err(RunsError::refused(
                "open",
                &shown,
                "a symlink leads out of the run directory",
            ));
        }
        // What open(2) says of a socket.
        Err(Errno::ENXIO) => return Err(RunsError::refused("open", &shown, "it is not a regular file")),
        Err(errno) => return Err(RunsError::new("open", &shown, errno)),
    };
    check_regular(&file, &shown)?;
    Ok(Some(file))
}

fn check_regular(file: &File, shown: &Path) -> Result<()> {
    let metadata = file.metadata().doing("examine", shown)?;
    if metadata.is_dir() {
        return Err(RunsError::refused(
            "open",
            shown,
            "it is a directory; register one file that lists what is in it",
        ));
    }
    if !metadata.is_file() {
        return Err(RunsError::refused("open", shown, "it is not a regular file"));
    }
    if metadata.len() > ARTIFACT_BYTES_MAX {
        return Err(too_large(shown));
    }
    Ok(())
}

fn too_large(shown: &Path) -> RunsError {
    RunsError::refused(
        "read",
        shown,
        format!("it is larger than {} MiB", ARTIFACT_BYTES_MAX / (1024 * 1024)),
    )
}

/// Passes the bytes on in pieces and returns their digest and number; more than
/// [`ARTIFACT_BYTES_MAX`] are refused even when the file grows meanwhile.
pub(super) fn stream(
    file: &mut File,
    shown: &Path,
    mut pass: impl FnMut(&[u8]) -> Result<()>,
) -> Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 256 * 1024];
    let mut size_bytes: u64 = 0;
    loop {
        let count = match file.read(&mut chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(RunsError::new("read", shown, error)),
        };
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok((Digest::from_bytes(hasher.finalize().into()), size_bytes));
        };
        size_bytes += count as u64;
        if size_bytes > ARTIFACT_BYTES_MAX {
            return Err(too_large(shown));
        }
        hasher.update(bytes);
        pass(bytes)?;
    }
}

/// The digest and size of an artifact as it lies there now. None: there is no such file. Refuses as
/// [`open`] does.
pub fn hash(run: &RunDir, path: &ArtifactPath) -> Result<Option<(Digest, u64)>> {
    let shown = run.artifact(path);
    let Some(mut file) = open(run, path)? else {
        return Ok(None);
    };
    stream(&mut file, &shown, |_| Ok(())).map(Some)
}

/// The bytes of an artifact as it lies there now. None: there is no such file. Refuses as [`open`]
/// does.
pub fn read(run: &RunDir, path: &ArtifactPath) -> Result<Option<Vec<u8>>> {
    let shown = run.artifact(path);
    let Some(mut file) = open(run, path)? else {
        return Ok(None);
    };
    let mut all = Vec::new();
    stream(&mut file, &shown, |bytes| {
        all.extend_from_slice(bytes);
        Ok(())
    })?;
    Ok(Some(all))
}

/// A part of a stage's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPart {
    /// Where in the log it begins, in bytes.
    pub offset: u64,
    pub bytes: Vec<u8>,
    /// How long the log was.
    pub size_bytes: u64,
}

/// At most so many bytes of a stage's log, from this byte on, or its last ones. None: there is no
/// log.
pub fn read_log(
    run: &RunDir,
    stage: &StageName,
    attempt: u32,
    offset: Option<u64>,
    bytes_max: u64,
) -> Result<Option<LogPart>> {
    use std::io::{Seek, SeekFrom};
    let shown = run.log(stage, attempt);
    let Some(mut file) = atomic::open_there(&shown)? else {
        return Ok(None);
    };
    let size_bytes = file.metadata().doing("examine", &shown)?.len();
    // What lies behind the end begins at the end: a log does not shrink, and a number may be wrong.
    let offset = offset.unwrap_or(size_bytes.saturating_sub(bytes_max)).min(size_bytes);
    file.seek(SeekFrom::Start(offset)).doing("read", &shown)?;
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes).doing("read", &shown)?;
    Ok(Some(LogPart {
        offset,
        bytes,
        size_bytes,
    }))
}

/// Opens a file that the caller of a command named: any regular file that they can read; symlinks
/// are theirs to follow.
fn open_outside(outside: &Path) -> Result<File> {
    let file = File::options()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(outside)
        .doing("open", outside)?;
    check_regular(&file, outside)?;
    Ok(file)
}

/// The bytes of a file from outside, under its name: for an engine on another machine.
pub fn read_outside(outside: &Path) -> Result<OutsideFile> {
    let bytes = atomic::read_limited(open_outside(outside)?, outside, ARTIFACT_BYTES_MAX)?;
    let name = outside.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = bytes.into();
    Ok(OutsideFile::Bytes { name, bytes })
}

/// Keeps a file from outside as a version only (`gate open --base`): its digest and size.
pub fn keep_outside(run: &RunDir, outside: &Path) -> Result<(Digest, u64)> {
    versions::keep_stream(run, &mut open_outside(outside)?, outside)
}

/// Makes a kept version the current one of an artifact, whole or not at all, durable when this
/// returns. Replaces what is there: the caller has made sure that this is right.
pub fn place(run: &RunDir, path: &ArtifactPath, digest: &Digest) -> Result<()> {
    let (directory, name) = split(path);
    let place = run.place(directory)?;
    let mut file = beside(run, &place, path, digest)?;
    file.file().sync_all().doing("flush", &place.join(name))?;
    file.persist(name)?;
    place.flush()
}

/// Makes a kept version the current one where `former` lies, or where nothing does; false, and
/// nothing is changed, when something else lies there. Not flushed yet.
pub(super) fn replace(
    run: &RunDir,
    path: &ArtifactPath,
    former: Option<Digest>,
    digest: &Digest,
    unflushed: &mut Unflushed,
) -> Result<bool> {
    let (directory, name) = split(path);
    let places = run.places(directory)?;
    places.iter().for_each(|place| unflushed.directory(place));
    let Some(place) = places.last() else { return Ok(false) };
    let file = beside(run, place, path, digest)?;
    // Asked last of all: between this answer and the new name there is no slow step in which
    // somebody else could write.
    if hash(run, path)?.map(|(found, _)| found) != former {
        return Ok(false);
    }
    unflushed.file(file.persist(name)?, place, name);
    Ok(true)
}

/// Whether what lies there is what a loss of power left of one of these versions, when it had its
/// name and was not flushed.
pub(super) fn is_torn(run: &RunDir, path: &ArtifactPath, mut versions: impl Iterator<Item = Digest>) -> bool {
    let Ok(Some(found)) = read(run, path) else { return false };
    versions.any(|digest| versions::read(run, &digest).is_ok_and(|bytes| atomic::is_torn(&found, &bytes)))
}

/// An artifact that is owed and lies there already: whoever placed it may have died before it was
/// flushed.
pub(super) fn found(run: &RunDir, path: &ArtifactPath, unflushed: &mut Unflushed) -> Result<()> {
    let (directory, name) = split(path);
    match run.places(directory) {
        Ok(places) => {
            places.iter().for_each(|place| unflushed.directory(place));
            places.last().map_or(Ok(()), |place| unflushed.found(place, name))
        }
        // Behind a link inside the run directory: nothing of ours is written there.
        Err(error) if error.is_refusal() => Ok(()),
        Err(error) => Err(error),
    }
}

/// An artifact that is to be gone, and is.
pub(super) fn gone(run: &RunDir, path: &ArtifactPath, unflushed: &mut Unflushed) {
    if let Ok(Some(places)) = run.existing(split(path).0) {
        places.iter().for_each(|place| unflushed.directory(place));
    }
}

/// Removes an artifact where this version of it lies; false, and nothing is changed, when something
/// else does. Not flushed yet.
pub(super) fn remove(run: &RunDir, path: &ArtifactPath, digest: &Digest, unflushed: &mut Unflushed) -> Result<bool> {
    let (directory, name) = split(path);
    let mut places = run.existing(directory)?.unwrap_or_default();
    if hash(run, path)?.is_none_or(|(found, _)| found != *digest) {
        return Ok(false);
    }
    let Some(place) = places.pop() else { return Ok(false) };
    place.remove(name)?;
    unflushed.directory(&place);
    Ok(true)
}

/// The directory of an artifact below the run directory, and its name there.
fn split(path: &ArtifactPath) -> (&str, &str) {
    path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()))
}

/// A kept version under a temporary name, where it will be the artifact.
fn beside(run: &RunDir, place: &Arc<OpenDirectory>, path: &ArtifactPath, digest: &Digest) -> Result<Temporary> {
    let target = run.artifact(path);
    if place.has_directory(split(path).1) {
        return Err(RunsError::refused(
            "create",
            &target,
            "there is a directory of that name",
        ));
    }
    let bytes = versions::read(run, digest)?;
    let mut file = atomic::temporary(place, &target)?;
    file.file().write_all(&bytes).doing("write", &target)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use nix::unistd::mkfifo;

    use super::*;
    use crate::RunsDir;
    use domain::ids::JobId;

    fn put(path: impl AsRef<Path>, bytes: &[u8]) {
        File::create(path).unwrap().write_all(bytes).unwrap();
    }

    fn artifact(text: &str) -> ArtifactPath {
        ArtifactPath::new(text).unwrap()
    }

    fn fixture() -> (tempfile::TempDir, RunDir) {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        run.make("artifacts/script").unwrap();
        (temporary, run)
    }

    #[test]
    fn an_artifact_is_hashed_where_it_lies() {
        let (_temporary, run) = fixture();
        assert_eq!(hash(&run, &artifact("artifacts/script/script.txt")).unwrap(), None);
        put(run.path().join("artifacts/script/script.txt"), b"**Hook**\nHej");
        let (digest, size_bytes) = hash(&run, &artifact("artifacts/script/script.txt")).unwrap().unwrap();
        assert_eq!((digest, size_bytes), (Digest::of(b"**Hook**\nHej"), 12));
        symlink("script.txt", run.path().join("artifacts/script/same.txt")).unwrap();
        let inside = hash(&run, &artifact("artifacts/script/same.txt")).unwrap();
        assert_eq!(inside, Some((digest, size_bytes)), "a symlink inside is no way out");
    }

    #[test]
    fn symlinks_out_of_the_run_directory_are_refused() {
        let (temporary, run) = fixture();
        put(temporary.path().join("secret"), b"x");
        symlink("../../../../secret", run.path().join("artifacts/script/up")).unwrap();
        symlink(
            temporary.path().join("secret"),
            run.path().join("artifacts/script/absolute"),
        )
        .unwrap();
        symlink(temporary.path(), run.path().join("artifacts/away")).unwrap();
        for path in [
            "artifacts/script/up",
            "artifacts/script/absolute",
            "artifacts/away/secret",
        ] {
            let error = hash(&run, &artifact(path)).unwrap_err();
            assert!(
                error
                    .to_string()
                    .ends_with(": a symlink leads out of the run directory"),
                "{error}"
            );
            let top = open_directory(run.path()).unwrap();
            let errno = open_without_symlinks(&top, path).unwrap_err();
            assert!(matches!(errno, Errno::ELOOP | Errno::ENOTDIR), "{path}: {errno}");
        }
    }

    #[test]
    fn only_regular_files_of_bearable_size_are_read() {
        let (_temporary, run) = fixture();
        mkfifo(&run.path().join("artifacts/script/fifo"), Mode::S_IRWXU).unwrap();
        let error = hash(&run, &artifact("artifacts/script/fifo")).unwrap_err();
        assert!(error.to_string().ends_with("it is not a regular file"), "{error}");
        let error = hash(&run, &artifact("artifacts/script")).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("register one file that lists what is in it"),
            "{error}"
        );
        let large = File::create(run.path().join("artifacts/script/large")).unwrap();
        large.set_len(ARTIFACT_BYTES_MAX + 1).unwrap();
        let error = hash(&run, &artifact("artifacts/script/large")).unwrap_err();
        assert!(error.to_string().ends_with("it is larger than 64 MiB"), "{error}");
    }

    /// What `gate open` does with a file: kept first, then the kept bytes are placed, so that a
    /// change meanwhile does not matter.
    fn copy(run: &RunDir, outside: &Path, stage: &str) -> Result<ArtifactPath> {
        let name = outside.file_name().and_then(|name| name.to_str()).unwrap();
        let path = artifact(&format!("artifacts/{stage}/{name}"));
        let (digest, _) = keep_outside(run, outside)?;
        place(run, &path, &digest)?;
        Ok(path)
    }

    #[test]
    fn a_file_from_outside_is_copied_and_kept() {
        let (temporary, run) = fixture();
        let outside = temporary.path().join("draft.md");
        put(&outside, b"# One\n");
        let path = copy(&run, &outside, "script").unwrap();
        assert_eq!(path.as_str(), "artifacts/script/draft.md");
        put(&outside, b"# Two\n");
        assert_eq!(read(&run, &path).unwrap().unwrap(), b"# One\n");
        assert_eq!(versions::read(&run, &Digest::of(b"# One\n")).unwrap(), b"# One\n");
        assert!(copy(&run, temporary.path(), "script").is_err());
    }

    /// A stage that renames the directory away and puts a link in its place, again and again, while
    /// versions are placed in it.
    #[test]
    fn nothing_lands_outside_however_a_directory_is_swapped_for_a_link() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let (temporary, run) = fixture();
        let elsewhere = temporary.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let (inside, aside) = (run.path().join("artifacts/script"), run.path().join("artifacts/aside"));
        let (digest, _) = versions::keep(&run, b"bytes of an artifact").unwrap();
        let is_done = AtomicBool::new(false);
        let placed = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    // Whoever places makes the directory again where it is missing, so each of
                    // these may fail.
                    let _ = fs::rename(&inside, &aside);
                    if symlink(&elsewhere, &inside).is_ok() {
                        fs::remove_file(&inside).unwrap();
                    }
                    let _ = fs::remove_dir_all(&aside);
                }
            });
            let path = artifact("artifacts/script/script.txt");
            let placed = (0..2000).filter(|_| place(&run, &path, &digest).is_ok()).count();
            is_done.store(true, Ordering::Relaxed);
            placed
        });
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "{placed} were placed");
    }

    #[test]
    fn a_copy_never_lands_outside() {
        let (temporary, run) = fixture();
        let outside = temporary.path().join("draft.md");
        put(&outside, b"x");
        fs::create_dir(temporary.path().join("elsewhere")).unwrap();
        symlink(temporary.path().join("elsewhere"), run.path().join("artifacts/audio")).unwrap();
        let error = copy(&run, &outside, "audio").unwrap_err();
        assert!(error.to_string().contains("symlink"), "{error}");
        assert_eq!(fs::read_dir(temporary.path().join("elsewhere")).unwrap().count(), 0);
    }
}
