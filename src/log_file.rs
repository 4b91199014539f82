//! A log that several processes may write at once: private, rotated, bounded, and never in
//! anybody's way.
//!
//! It knows lines and paths, not who writes them. Whatever fails is left out: a log that cannot be
//! written stops nobody.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

/// A file that has so many bytes becomes an old one.
const BYTES_MAX: u64 = 1024 * 1024;
/// Where the file cannot be made an old one, lines are dropped from here on.
const BYTES_DROPPED: u64 = 2 * BYTES_MAX;
/// Old files beside it, `.1` the newest.
const OLD_MAX: u32 = 3;
/// The longest line that is kept whole.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// Where logs lie: `$XDG_STATE_HOME/holdpoint`, else `~/.local/state/holdpoint`. None: neither is
/// an absolute path.
pub(crate) fn folder(state_home: Option<&Path>, home: Option<&Path>) -> Option<PathBuf> {
    let absolute = |path: &&Path| path.is_absolute();
    let state = state_home.filter(absolute).map(Path::to_owned);
    let state = state.or_else(|| home.filter(absolute).map(|home| home.join(".local/state")));
    state.map(|state| state.join("holdpoint"))
}

/// A log of this name; its file is made with its first line.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    bytes_max: u64,
    file: Option<File>,
}

impl LogFile {
    /// Nothing is touched yet.
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        Self::at(folder.join(format!("{name}.log")))
    }

    /// The same at a path.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self {
            path,
            bytes_max: BYTES_MAX,
            file: None,
        }
    }

    /// Appends a line, in one write: lines of several processes do not mix.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        let end = text.floor_char_boundary(LINE_BYTES_MAX);
        let line = format!("{}\n", &text[..end]);
        self.follow()?;
        if self.size()? >= self.bytes_max {
            self.rotate()?;
        }
        if self.size()? >= self.bytes_max.saturating_mul(BYTES_DROPPED / BYTES_MAX) {
            return Err(Errno::EFBIG.into());
        }
        match &mut self.file {
            Some(file) => file.write_all(line.as_bytes()),
            None => Ok(()),
        }
    }

    fn size(&self) -> io::Result<u64> {
        self.file.as_ref().map_or(Ok(0), |file| Ok(file.metadata()?.len()))
    }

    /// Opens the file, or opens it anew when another process made it an old one.
    fn follow(&mut self) -> io::Result<()> {
        let of = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let there = fs::symlink_metadata(&self.path).map(of).ok();
        let ours = self.file.as_ref().and_then(|file| file.metadata().ok()).map(of);
        if ours.is_some() && ours == there {
            return Ok(());
        }
        // Of a file in the working directory the folder has no name, and is there.
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        // Neither a link nor a FIFO: what lies there may be somebody's trap.
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits() | OFlag::O_NONBLOCK.bits())
            .open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(Errno::EINVAL.into());
        }
        self.file = Some(file);
        Ok(())
    }

    /// Makes the file an old one. Whoever does so already is not waited for.
    fn rotate(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        // The lock is the old file's: of two processes that found it full, the second one finds
        // another file in its place.
        let Ok(locked) = Flock::lock(file.try_clone()?, FlockArg::LockExclusiveNonblock) else {
            return Ok(());
        };
        if fs::symlink_metadata(&self.path)
            .is_ok_and(|there| locked.metadata().is_ok_and(|ours| there.ino() == ours.ino()))
        {
            for number in (1..OLD_MAX).rev() {
                // Old log files of this number may not exist yet.
                let _ = fs::rename(self.old(number), self.old(number + 1));
            }
            fs::rename(&self.path, self.old(1))?;
        }
        drop(locked);
        self.follow()
    }

    fn old(&self, number: u32) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(format!(".{number}"));
        path.into()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn small(folder: &Path) -> LogFile {
        LogFile {
            bytes_max: 100,
            ..LogFile::new(folder, "console")
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_folder_is_the_users_own_and_never_a_relative_path() {
        let path = |text: &'static str| Some(Path::new(text));
        assert_eq!(folder(path("/s"), path("/h")).unwrap(), Path::new("/s/holdpoint"));
        assert_eq!(
            folder(None, path("/h")).unwrap(),
            Path::new("/h/.local/state/holdpoint")
        );
        assert_eq!(
            folder(path(""), path("/h")).unwrap(),
            Path::new("/h/.local/state/holdpoint")
        );
        assert_eq!(folder(path("s"), path("h")), None);
        assert_eq!(folder(None, None), None);
    }

    #[test]
    fn files_are_private_and_made_with_the_first_line() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/holdpoint");
        let mut log = LogFile::new(&folder, "console");
        assert!(!folder.exists());
        log.line("one").unwrap();
        log.line(&"ü".repeat(LINE_BYTES_MAX)).unwrap();
        let text = fs::read_to_string(folder.join("console.log")).unwrap();
        assert_eq!(text.len(), "one\n".len() + LINE_BYTES_MAX + 1);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("console.log"))), (0o700, 0o600));
    }

    #[test]
    fn several_writers_rotate_one_log_and_it_stays_bounded() {
        let home = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let folder = home.path();
                scope.spawn(move || {
                    let mut log = small(folder);
                    for number in 0..200 {
                        // A line that finds the log full while another one rotates it is dropped.
                        let _ = log.line(&format!("writer {writer} line {number}"));
                    }
                });
            }
        });
        small(home.path()).line("the last").unwrap();
        assert_eq!(
            names(home.path()),
            ["console.log", "console.log.1", "console.log.2", "console.log.3"]
        );
        for name in names(home.path()) {
            let text = fs::read_to_string(home.path().join(&name)).unwrap();
            assert!(text.len() <= 300, "{name}: {}", text.len());
            let is_whole = |line: &str| line == "the last" || line.starts_with("writer ");
            assert!(text.ends_with('\n') && text.lines().all(is_whole), "{name}: {text}");
        }
    }

    #[test]
    fn what_is_no_file_of_ours_is_not_written() {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = home.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, home.path().join("console.log")).unwrap();
        assert!(small(home.path()).line("x").is_err());
        assert!(!elsewhere.exists());
        // A file where the folder belongs.
        let file = home.path().join("file");
        File::create(&file).unwrap();
        assert!(LogFile::new(&file.join("holdpoint"), "console").line("x").is_err());
        // A FIFO that nobody reads.
        nix::unistd::mkfifo(&home.path().join("demo.log"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(LogFile::new(home.path(), "demo").line("x").is_err());
    }
}
