//! A directory below the runs directory, held open while something is written in it.
//!
//! A stage command may rename a directory away and put a symlink in its place at any moment, so
//! nothing is written by path: each part is opened in the one before without following links, and
//! names are given in what was opened.

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, SFlag, fchmodat, fstatat, mkdirat};
use nix::unistd::{Gid, UnlinkatFlags, fchownat, geteuid, linkat, unlinkat};

use super::error::{Doing, Result, RunsError};
use super::layout::{Modes, PRIVATE};

const DIRECTORY: OFlag = OFlag::O_DIRECTORY
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_RDONLY);
// A FIFO must not block whoever opens it, and a terminal must not become ours.
const FILE: OFlag = OFlag::O_NOFOLLOW
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_NOCTTY);

/// How many directories deep is removed what lies in one.
const DEPTH_MAX: u32 = 16;

/// How many names of temporary files are tried: those of processes that died with our number may
/// lie there.
const NAMES_MAX: u32 = 10_000;

/// An open directory; see the module.
#[derive(Debug)]
pub(super) struct OpenDirectory {
    handle: File,
    /// For messages only.
    path: PathBuf,
    modes: Modes,
    /// It was made just now: the directory above has a name that no flush has seen.
    is_new: bool,
}

impl OpenDirectory {
    /// The directory that everything lies below. It may be reached through links: where it is is
    /// the operator's to say.
    pub(super) fn top(path: &Path, modes: Modes) -> Result<Self> {
        Self::top_with(path, modes, OFlag::O_DIRECTORY)
    }

    /// The same only to go through it, see [`Self::pass`].
    pub(super) fn top_to_pass(path: &Path, modes: Modes) -> Result<Self> {
        Self::top_with(path, modes, OFlag::O_DIRECTORY | OFlag::O_PATH)
    }

    fn top_with(path: &Path, modes: Modes, flags: OFlag) -> Result<Self> {
        let shown = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let handle = File::options()
            .read(true)
            .custom_flags(flags.bits())
            .open(shown)
            .doing("open", shown)?;
        Ok(Self {
            handle,
            path: shown.to_owned(),
            modes,
            is_new: false,
        })
    }

    /// The places from `base` down to what `below` names, all of them there.
    pub(super) fn walk(base: &Path, below: &Path, modes: Modes) -> Result<Vec<Arc<Self>>> {
        Self::step(base, below, modes, Self::open)
    }

    /// The same; what is missing is made, and not flushed.
    pub(super) fn walk_making(base: &Path, below: &Path, modes: Modes) -> Result<Vec<Arc<Self>>> {
        Self::step(base, below, modes, Self::make)
    }

    fn step(
        base: &Path,
        below: &Path,
        modes: Modes,
        next: impl Fn(&Self, &str) -> Result<Self>,
    ) -> Result<Vec<Arc<Self>>> {
        let mut last = Arc::new(Self::top(base, modes)?);
        let mut places = vec![Arc::clone(&last)];
        for part in below {
            let name = part
                .to_str()
                .ok_or_else(|| RunsError::refused("use", &base.join(below), "its path is not UTF-8 text"))?;
            last = Arc::new(next(&last, name)?);
            places.push(Arc::clone(&last));
        }
        Ok(places)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The open directory itself, to lock.
    pub(super) fn handle(&self) -> &File {
        &self.handle
    }

    /// The path of a name in it, for messages.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn open(&self, name: &str) -> Result<Self> {
        match self.opened(name, DIRECTORY) {
            // The directory may not be listed, but what is in it may still be opened.
            Err(error) if error.is_permission() => self.pass(name),
            opened => opened,
        }
    }

    /// Opens a directory only to go through it: whoever watches it is not woken.
    pub(super) fn pass(&self, name: &str) -> Result<Self> {
        self.opened(name, DIRECTORY | OFlag::O_PATH)
    }

    fn opened(&self, name: &str, flags: OFlag) -> Result<Self> {
        let path = self.join(name);
        let handle = openat(&self.handle, name, flags, Mode::empty()).map_err(|errno| {
            if !matches!(errno, Errno::ENOTDIR | Errno::ELOOP) {
                return RunsError::new("open", &path, errno);
            }
            let is_link = self.stat(name).is_some_and(|stat| is_kind(&stat, SFlag::S_IFLNK));
            let reason = if is_link {
                "it is a symlink where a directory belongs"
            } else {
                "it is not a directory"
            };
            RunsError::refused("use", &path, reason)
        })?;
        Ok(Self {
            handle: File::from(handle),
            path,
            modes: self.modes,
            is_new: false,
        })
    }

    fn make(&self, name: &str) -> Result<Self> {
        match self.open(name) {
            Err(error) if error.is_not_found() => {}
            opened => return opened,
        }
        self.make_new(name, self.modes)
    }

    /// A directory for its owner alone, whatever group shares the one above; made where it is
    /// missing, and not flushed.
    pub(super) fn private(&self, name: &str) -> Result<Self> {
        let made = self.make_new(name, PRIVATE)?;
        PRIVATE.apply(&made.handle, &made.path, PRIVATE.directory())?;
        Ok(Self { modes: PRIVATE, ..made })
    }

    fn make_new(&self, name: &str, modes: Modes) -> Result<Self> {
        let path = self.join(name);
        let is_ours = match mkdirat(&self.handle, name, Mode::S_IRWXU) {
            Ok(()) => true,
            // Another process made it first.
            Err(Errno::EEXIST) => false,
            Err(errno) => return Err(RunsError::new("create", &path, errno)),
        };
        let made = self.open(name)?;
        if is_ours {
            modes.apply(&made.handle, &path, modes.directory())?;
        }
        Ok(Self { is_new: true, ..made })
    }

    pub(super) fn stat(&self, name: &str) -> Option<FileStat> {
        fstatat(&self.handle, name, AtFlags::AT_SYMLINK_NOFOLLOW).ok()
    }

    /// Whether anything is called so.
    pub(super) fn has(&self, name: &str) -> bool {
        self.stat(name).is_some()
    }

    /// Whether a directory is called so.
    pub(super) fn has_directory(&self, name: &str) -> bool {
        self.stat(name).is_some_and(|stat| is_kind(&stat, SFlag::S_IFDIR))
    }

    fn entries(&self) -> Result<Vec<CString>> {
        let mut listed = Dir::openat(&self.handle, ".", DIRECTORY, Mode::empty()).doing("list", &self.path)?;
        let mut names = Vec::new();
        for entry in listed.iter() {
            let entry = entry.doing("list", &self.path)?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                names.push(entry.file_name().to_owned());
            }
        }
        Ok(names)
    }

    /// The names in it; what is not UTF-8 text is passed over.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let names = self.entries()?.into_iter();
        Ok(names.filter_map(|name| name.into_string().ok()).collect())
    }

    /// Whether nothing else lies in it.
    pub(super) fn has_only(&self, name: &str) -> Result<bool> {
        Ok(self.entries()?.iter().all(|other| other.to_bytes() == name.as_bytes()))
    }

    /// Flushes it, so that names made or changed in it survive a power loss.
    pub(super) fn flush(&self) -> Result<()> {
        match self.handle.sync_all() {
            // See [`Self::open`].
            Err(error) if error.raw_os_error() == Some(Errno::EBADF as i32) => {
                Err(RunsError::new("flush", &self.path, Errno::EACCES))
            }
            flushed => flushed.doing("flush", &self.path),
        }
    }

    /// Opens a regular file for reading. None: nothing is called so.
    pub(super) fn file(&self, name: &str) -> Result<Option<File>> {
        let path = self.join(name);
        let file = match openat(&self.handle, name, FILE | OFlag::O_RDONLY, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(RunsError::new("open", &path, errno)),
        };
        if !file.metadata().doing("examine", &path)?.is_file() {
            return Err(RunsError::refused("read", &path, "it is not a regular file"));
        }
        Ok(Some(file))
    }

    /// The bytes of a regular file, where there are no more than `bytes_max`. None: there is no
    /// file of that name, or a longer one.
    pub(super) fn read(&self, name: &str, bytes_max: u64) -> Result<Option<Vec<u8>>> {
        let is_file = self.stat(name).is_some_and(|stat| is_kind(&stat, SFlag::S_IFREG));
        let Some(file) = is_file.then(|| self.file(name)).transpose()?.flatten() else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(bytes_max.saturating_add(1))
            .read_to_end(&mut bytes)
            .doing("read", &self.join(name))?;
        Ok((bytes.len() as u64 <= bytes_max).then_some(bytes))
    }

    /// Opens a file for reading and appending, made with its rights when it is missing.
    pub(super) fn append(&self, name: &str) -> Result<File> {
        self.made(name, OFlag::O_APPEND)
    }

    /// The same to write over what is there.
    pub(super) fn overwrite(&self, name: &str) -> Result<File> {
        self.made(name, OFlag::empty())
    }

    fn made(&self, name: &str, flags: OFlag) -> Result<File> {
        let path = self.join(name);
        let flags = flags | FILE | OFlag::O_RDWR | OFlag::O_CREAT;
        let file = openat(&self.handle, name, flags, mode(self.modes.file()))
            .map(File::from)
            .doing("open", &path)?;
        let metadata = file.metadata().doing("examine", &path)?;
        if !metadata.is_file() {
            return Err(RunsError::refused("open", &path, "it is not a regular file"));
        }
        // Another member of the group may own it; only the owner may set its rights, and has done
        // so.
        if metadata.uid() == geteuid().as_raw() {
            self.modes.apply(&file, &path, self.modes.file())?;
        }
        Ok(file)
    }

    /// Removes a file, or a link. False: there is none.
    pub(super) fn remove(&self, name: &str) -> Result<bool> {
        match unlinkat(&self.handle, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(RunsError::new("remove", &self.join(name), errno)),
        }
    }

    /// Removes a directory with everything in it; of a link in it, the link itself.
    pub(super) fn remove_directory(&self, name: &str) -> Result<()> {
        self.remove_below(name, DEPTH_MAX)
    }

    fn remove_below(&self, name: &str, depth: u32) -> Result<()> {
        let below = self.open(name)?;
        for entry in below.entries()? {
            match entry.to_str() {
                Ok(name) if depth > 0 && below.has_directory(name) => below.remove_below(name, depth - 1)?,
                Ok(_) | Err(_) => unlinkat(&below.handle, entry.as_c_str(), UnlinkatFlags::NoRemoveDir)
                    .doing("remove", &below.join(&entry.to_string_lossy()))?,
            }
        }
        unlinkat(&self.handle, name, UnlinkatFlags::RemoveDir).doing("remove", &self.join(name))
    }

    /// Gives a file that may not be opened its group and rights; one that is somebody else's, and
    /// what is no file, stays as it is.
    pub(super) fn share_unopened(&self, name: &str) -> Result<()> {
        let Some(stat) = self.stat(name).filter(|stat| is_kind(stat, SFlag::S_IFREG)) else {
            return Ok(());
        };
        if stat.st_uid != geteuid().as_raw() {
            return Ok(());
        }
        let path = self.join(name);
        if let Some(group) = self.modes.group.filter(|group| *group != stat.st_gid) {
            let group = Some(Gid::from_raw(group));
            fchownat(&self.handle, name, None, group, AtFlags::AT_SYMLINK_NOFOLLOW).doing("set the group of", &path)?;
        }
        if stat.st_mode & 0o7777 != self.modes.file() {
            fchmodat(
                &self.handle,
                name,
                mode(self.modes.file()),
                FchmodatFlags::NoFollowSymlink,
            )
            .doing("set the rights of", &path)?;
        }
        Ok(())
    }

    /// Gives a file another name in it. False: there is none.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<bool> {
        match renameat(&self.handle, from, &self.handle, to) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(RunsError::new("rename", &self.join(from), errno)),
        }
    }

    /// Moves what is called `name` to another place.
    pub(super) fn move_to(&self, name: &str, other: &Self, new: &str) -> Result<()> {
        renameat(&self.handle, name, &other.handle, new).doing("move", &self.join(name))
    }

    /// Gives a file a second name at another place; of a symlink the link itself.
    pub(super) fn link_to(&self, name: &str, other: &Self, new: &str) -> Result<()> {
        linkat(&self.handle, name, &other.handle, new, AtFlags::empty()).doing("keep", &self.join(name))
    }

    /// A file that has no name of its own yet, in the place of what will be `shown`.
    pub(super) fn temporary(self: &Arc<Self>, prefix: &str, suffix: &str, shown: &Path) -> Result<Temporary> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let flags = FILE | OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL;
        let mut taken = Errno::EEXIST;
        for _ in 0..NAMES_MAX {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{prefix}{}-{number}{suffix}", std::process::id());
            match openat(&self.handle, name.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR) {
                Ok(file) => {
                    let temporary = Temporary {
                        file: File::from(file),
                        name: Some(name),
                        place: Arc::clone(self),
                    };
                    self.modes.apply(&temporary.file, shown, self.modes.file())?;
                    return Ok(temporary);
                }
                Err(Errno::EEXIST) => {}
                Err(errno) => {
                    taken = errno;
                    break;
                }
            }
        }
        Err(RunsError::new("create", shown, taken))
    }
}

/// A file under a temporary name, which goes when it is dropped without having got its own.
#[derive(Debug)]
pub(super) struct Temporary {
    file: File,
    /// None once it has its own.
    name: Option<String>,
    place: Arc<OpenDirectory>,
}

impl Temporary {
    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    pub(super) fn place(&self) -> &Arc<OpenDirectory> {
        &self.place
    }

    /// Gives it its name, in place of whatever has it. The file, which still has to be flushed with
    /// its directory.
    pub(super) fn persist(mut self, name: &str) -> Result<File> {
        if let Some(own) = &self.name {
            renameat(&self.place.handle, own.as_str(), &self.place.handle, name)
                .doing("create", &self.place.join(name))?;
        }
        self.name = None;
        self.kept(name)
    }

    /// The same where nothing has that name. None: something has.
    pub(super) fn persist_new(self, name: &str) -> Result<Option<File>> {
        let shown = self.place.join(name);
        let own = self.name.as_deref().unwrap_or_default();
        let handle = &self.place.handle;
        match linkat(handle, own, handle, name, AtFlags::empty()) {
            // Dropping the value removes the temporary name.
            Ok(()) => self.kept(name).map(Some),
            Err(Errno::EEXIST) => Ok(None),
            // A file system without second names: nobody else makes this name, for all do it under
            // one lock.
            Err(Errno::EPERM | Errno::EOPNOTSUPP) if !self.place.has(name) => self.persist(name).map(Some),
            Err(Errno::EPERM | Errno::EOPNOTSUPP) => Ok(None),
            Err(errno) => Err(RunsError::new("create", &shown, errno)),
        }
    }

    fn kept(&self, name: &str) -> Result<File> {
        self.file.try_clone().doing("flush", &self.place.join(name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // A temporary file that cannot be removed does no harm.
            drop(self.place.remove(name));
        }
    }
}

fn is_kind(stat: &FileStat, kind: SFlag) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == kind
}

fn mode(bits: u32) -> Mode {
    Mode::from_bits_truncate(bits)
}
