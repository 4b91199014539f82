//! Where everything lies under the runs directory, and with which rights (SPEC §4, §9). It knows
//! names, not contents.

use std::fs::{self, DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::unistd::{Gid, fchown, geteuid};

use super::error::{Doing, IfThere, Result, RunsError};
use super::filesystem;
use super::open_directory::OpenDirectory;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};

/// The database, which SQLite opens by path.
pub(super) const DATABASE_FILE: &str = "holdpoint.db";
/// The names of the files that every publish writes.
pub(super) const CHAIN_FILE: &str = "chain.jsonl";
pub(super) const EVENTS_FILE: &str = "events.jsonl";
pub(super) const STATE_FILE: &str = "state.json";

/// The directory of artifacts, one below it for each stage.
pub(super) const ARTIFACTS: &str = "artifacts";
/// The directory of kept versions.
pub(super) const VERSIONS: &str = "versions";
/// The directories of what stages say, and of what the leader and the supervisors leave for each
/// other.
pub(super) const LOGS: &str = "logs";
pub(super) const STAGE: &str = ".stage";

/// The name of what one attempt of a stage says.
pub(super) fn log_file(stage: &StageName, attempt: u32) -> String {
    format!("{stage}.{attempt}.log")
}

/// The directory of decisions, and the names in it.
pub(super) use domain::decision::{
    DIRECTORY as GATES, file_name as decision_file, recalled_file_name as recalled_file,
};

/// Rights of new files and directories, set whatever the umask is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modes {
    /// The group that shares the files (`storage.group`); none: private.
    pub(crate) group: Option<u32>,
}

/// The rights of what is its owner's alone.
pub(super) const PRIVATE: Modes = Modes { group: None };

impl Modes {
    /// 0600, or 0660 for a group.
    pub(crate) fn file(self) -> u32 {
        if self.group.is_some() { 0o660 } else { 0o600 }
    }

    /// 0700, or 2770 for a group: new files inherit the group.
    pub(crate) fn directory(self) -> u32 {
        if self.group.is_some() { 0o2770 } else { 0o700 }
    }

    /// The umask of stage commands that gives their files the same rights.
    pub(crate) fn umask(self) -> u32 {
        if self.group.is_some() { 0o007 } else { 0o077 }
    }

    /// Gives an open file or directory its group and rights.
    pub(super) fn apply(self, file: &File, path: &Path, mode: u32) -> Result<()> {
        let metadata = file.metadata().doing("examine", path)?;
        if let Some(group) = self.group
            && metadata.gid() != group
        {
            fchown(file, None, Some(Gid::from_raw(group))).doing("set the group of", path)?;
        }
        if metadata.mode() & 0o7777 != mode {
            file.set_permissions(Permissions::from_mode(mode))
                .doing("set the rights of", path)?;
        }
        Ok(())
    }
}

/// The runs directory.
#[derive(Debug, Clone)]
pub struct RunsDir {
    path: PathBuf,
    modes: Modes,
    owner_uid: u32,
}

/// Makes the runs directory with these rights, durably. By path: where it is is the operator's to
/// say.
fn make_directory(path: &Path, modes: Modes) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            let directory = File::open(path).doing("open", path)?;
            modes.apply(&directory, path, modes.directory())?;
            // Without this a power loss may take the directory with everything that was flushed in
            // it.
            let above = path.parent().unwrap_or(Path::new(""));
            OpenDirectory::top(above, modes)?.flush()
        }
        // Another process made it first; whether it is a directory shows when it is opened.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(RunsError::new("create", path, error)),
    }
}

/// The last of these, after those that have a new directory in them were flushed: without this a
/// power loss may take that directory with everything that was flushed in it.
fn flushed_place(base: &Path, places: &[Arc<OpenDirectory>]) -> Result<Arc<OpenDirectory>> {
    for (above, place) in places.iter().zip(places.iter().skip(1)) {
        if place.is_new() {
            above.flush()?;
        }
    }
    let last = places.last().map(Arc::clone);
    last.ok_or(std::io::ErrorKind::NotFound).doing("open", base)
}

/// The places down to this one, as they are. None: some are missing.
fn existing(base: &Path, below: &Path, modes: Modes) -> Result<Option<Vec<Arc<OpenDirectory>>>> {
    OpenDirectory::walk(base, below, modes).if_there()
}

impl RunsDir {
    /// Opens one of its own files for reading and appending, made where it is missing; never a
    /// link.
    pub(super) fn append(&self, path: &Path) -> Result<File> {
        super::atomic::append(&self.path, path, self.modes)
    }

    /// Opens a directory of the runs directory as it is. None: there is none. A symlink on the way
    /// is refused.
    pub(super) fn existing(&self, below: &Path) -> Result<Option<Arc<OpenDirectory>>> {
        existing(&self.path, below, self.modes).map(|places| places.and_then(|mut places| places.pop()))
    }

    /// Opens a directory of the runs directory to write in, made durably where it is missing. A
    /// symlink on the way is refused.
    pub(super) fn place(&self, below: &Path) -> Result<Arc<OpenDirectory>> {
        let places = OpenDirectory::walk_making(&self.path, below, self.modes)?;
        flushed_place(&self.path, &places)
    }

    /// Opens the runs directory, making it when it is missing: 0700, or 2770 with a group id.
    /// Network file systems are refused by name.
    ///
    /// A directory of one's own that is open to others is closed to them.
    pub fn open(path: impl Into<PathBuf>, group: Option<u32>) -> Result<Self> {
        let path: PathBuf = path.into();
        let modes = Modes { group };
        if !path.exists() {
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                fs::create_dir_all(parent).doing("create", parent)?;
            }
            make_directory(&path, modes)?;
        }
        let directory = File::open(&path).doing("open", &path)?;
        let metadata = directory.metadata().doing("examine", &path)?;
        let runs = Self::at(path, modes, Some(&metadata))?;
        let path = runs.path();
        filesystem::refuse_network(path)?;
        if metadata.uid() == geteuid().as_raw() {
            modes.apply(&directory, path, modes.directory())?;
        }
        Ok(runs)
    }

    /// The runs directory as it is, for those who only look: nothing is made and no right is
    /// changed. One that is not there has no jobs.
    pub fn look(path: impl Into<PathBuf>, group: Option<u32>) -> Result<Self> {
        let path: PathBuf = path.into();
        let metadata = fs::metadata(&path).doing("open", &path).if_there()?;
        Self::at(path, Modes { group }, metadata.as_ref())
    }

    fn at(path: PathBuf, modes: Modes, found: Option<&fs::Metadata>) -> Result<Self> {
        if found.is_some_and(|found| !found.is_dir()) {
            let reason = "it is not a directory";
            return Err(RunsError::refused("use the runs directory", &path, reason));
        }
        let owner_uid = found.map_or_else(|| geteuid().as_raw(), MetadataExt::uid);
        Ok(Self { path, modes, owner_uid })
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rights of new files.
    pub(crate) fn modes(&self) -> Modes {
        self.modes
    }

    /// Who owns the directory; only this uid leads (SPEC §9).
    pub fn owner_uid(&self) -> u32 {
        self.owner_uid
    }

    /// Whether this process runs under the uid that owns the directory.
    pub fn is_owner(&self) -> bool {
        geteuid().as_raw() == self.owner_uid
    }

    /// `holdpoint.db`: always here. Never open it by hand: closing it would drop SQLite's own
    /// locks.
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE_FILE)
    }

    /// Gives the database, and what SQLite lays beside it, their group and rights, where they are
    /// one's own. SQLite gives those of the database to what it makes later.
    pub fn share_database(&self) -> Result<()> {
        let top = OpenDirectory::top(&self.path, self.modes)?;
        for suffix in ["", "-wal", "-shm"] {
            match top.share_unopened(&format!("{DATABASE_FILE}{suffix}")) {
                // SQLite removes its files when the last process closes the database.
                Err(error) if error.is_not_found() => {}
                shared => shared?,
            }
        }
        Ok(())
    }

    /// The file that is touched after a commit, so that others look for news.
    pub fn nudge(&self) -> PathBuf {
        self.path.join(".nudge")
    }

    /// `chain.jsonl`.
    pub fn chain(&self) -> PathBuf {
        self.path.join(CHAIN_FILE)
    }

    /// The lock under which files are published.
    pub(crate) fn publish_lock(&self) -> PathBuf {
        self.path.join(".publish.lock")
    }

    /// The lock that the leader holds.
    pub(crate) fn leader_lock(&self) -> PathBuf {
        self.path.join(".leader.lock")
    }

    /// What this directory is known by among several hosts.
    pub(crate) fn host_file(&self) -> PathBuf {
        self.path.join(".host")
    }

    /// The lock that every process with an open database shares.
    pub(crate) fn presence_lock(&self) -> PathBuf {
        self.path.join(".open.lock")
    }

    /// A job's run directory; nothing is made.
    pub fn run(&self, job_id: &JobId) -> RunDir {
        RunDir {
            path: self.path.join(job_id.as_str()),
            job_id: job_id.clone(),
            modes: self.modes,
        }
    }

    /// The jobs that have a run directory, sorted; other names are passed over.
    pub fn jobs(&self) -> Result<Vec<JobId>> {
        let mut jobs = Vec::new();
        for entry in entries(&self.path)? {
            jobs.extend(job_of(&entry?));
        }
        jobs.sort();
        Ok(jobs)
    }
}

/// What lies in a directory; nothing where there is none.
pub(super) fn entries(path: &Path) -> Result<impl Iterator<Item = Result<fs::DirEntry>>> {
    let listed = fs::read_dir(path).doing("list", path).if_there()?;
    let entries = listed.into_iter().flatten();
    Ok(entries.map(move |entry| entry.doing("list", path)))
}

/// The job whose directory this entry of the runs directory may be.
pub(super) fn job_of(entry: &fs::DirEntry) -> Option<JobId> {
    directory_of(entry).and_then(|name| JobId::new(&name).ok())
}

/// The name of an entry that is a directory.
pub(super) fn directory_of(entry: &fs::DirEntry) -> Option<String> {
    let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
    is_directory.then(|| entry.file_name().into_string().ok()).flatten()
}

/// The directory of one job. Its directories are made when something is written into them.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
    job_id: JobId,
    modes: Modes,
}

impl RunDir {
    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }
    pub fn job_id(&self) -> &JobId {
        &self.job_id
    }
    /// The rights of new files.
    pub(crate) fn modes(&self) -> Modes {
        self.modes
    }
    /// `state.json`.
    pub fn state(&self) -> PathBuf {
        self.path.join(STATE_FILE)
    }
    /// `events.jsonl`.
    pub fn events(&self) -> PathBuf {
        self.path.join(EVENTS_FILE)
    }
    /// `gates/`.
    pub fn gates(&self) -> PathBuf {
        self.path.join(GATES)
    }
    /// The newest decision of a stage.
    pub fn decision(&self, stage: &StageName) -> PathBuf {
        self.gates().join(decision_file(stage, None))
    }
    /// The decision of one attempt.
    pub fn decision_of(&self, stage: &StageName, attempt: u32) -> PathBuf {
        self.gates().join(decision_file(stage, Some(attempt)))
    }
    /// The decision of one attempt that was taken back.
    pub fn recalled_decision_of(&self, stage: &StageName, attempt: u32) -> PathBuf {
        self.gates().join(recalled_file(stage, attempt))
    }
    /// An artifact's current version. Not safe to open as it is when others can write there: see
    /// [`super::artifacts`].
    pub(crate) fn artifact(&self, path: &ArtifactPath) -> PathBuf {
        self.path.join(path.as_str())
    }
    /// `versions/`.
    pub(crate) fn versions(&self) -> PathBuf {
        self.path.join(VERSIONS)
    }
    /// A kept version.
    pub fn version(&self, digest: &Digest) -> PathBuf {
        self.versions().join(digest.to_string())
    }
    /// `logs/`.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join(LOGS)
    }
    /// What a stage's command said.
    pub fn log(&self, stage: &StageName, attempt: u32) -> PathBuf {
        self.logs().join(log_file(stage, attempt))
    }
    /// `.stage/`: what the leader and the supervisors leave for each other.
    pub fn stage(&self) -> PathBuf {
        self.path.join(STAGE)
    }

    /// The runs directory that it lies in.
    pub(super) fn base(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Opens the runs directory, the run directory and the directories under it that `relative`
    /// names, in this order; what is missing is made, and not flushed. A symlink on the way is
    /// refused: what is written must stay in the run directory (SPEC §10).
    pub(super) fn places(&self, relative: &str) -> Result<Vec<Arc<OpenDirectory>>> {
        let below = Path::new(self.job_id.as_str()).join(relative);
        OpenDirectory::walk_making(self.base(), &below, self.modes)
    }

    /// The same as they are. None: some are missing.
    pub(super) fn existing(&self, relative: &str) -> Result<Option<Vec<Arc<OpenDirectory>>>> {
        existing(self.base(), &Path::new(self.job_id.as_str()).join(relative), self.modes)
    }

    /// The last of [`Self::places`], to write in; it is there after a loss of power too.
    pub(super) fn place(&self, relative: &str) -> Result<Arc<OpenDirectory>> {
        flushed_place(self.base(), &self.places(relative)?)
    }

    /// Makes the run directory and the directories under it that `relative` names, durably. A
    /// symlink on the way is refused.
    pub fn make(&self, relative: &str) -> Result<PathBuf> {
        Ok(self.place(relative)?.path().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn directories_are_private_whatever_the_umask() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("a/runs"), None).unwrap();
        assert_eq!(mode(runs.path()), 0o700);
        assert!(runs.is_owner());
        let run = runs.run(&JobId::new("j-17").unwrap());
        run.make("artifacts/script").unwrap();
        for path in ["", "artifacts", "artifacts/script"] {
            assert_eq!(mode(&run.path().join(path)), 0o700, "{path}");
        }
        assert_eq!(runs.jobs().unwrap(), [JobId::new("j-17").unwrap()]);
        fs::set_permissions(runs.path(), Permissions::from_mode(0o755)).unwrap();
        RunsDir::open(runs.path(), None).unwrap();
        assert_eq!(mode(runs.path()), 0o700);
    }

    #[test]
    fn a_group_shares_them() {
        let temporary = tempfile::tempdir().unwrap();
        let group = nix::unistd::getegid().as_raw();
        let runs = RunsDir::open(temporary.path().join("runs"), Some(group)).unwrap();
        assert_eq!(mode(runs.path()), 0o2770);
        let run = runs.run(&JobId::new("j-17").unwrap());
        assert_eq!(mode(&run.make("gates").unwrap()), 0o2770);
        super::super::atomic::append(runs.path(), &run.events(), run.modes()).unwrap();
        assert_eq!(mode(&run.events()), 0o660);
    }

    #[test]
    fn a_symlink_in_place_of_a_directory_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        run.make("").unwrap();
        std::os::unix::fs::symlink(temporary.path(), run.gates()).unwrap();
        let error = run.make("gates").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("j-17/gates: it is a symlink where a directory belongs"),
            "{error}"
        );
    }
}
