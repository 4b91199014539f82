//! Stage commands and the small process that watches over each (SPEC §5).
//!
//! The leader starts `holdpoint __stage <spec>` and may die; the supervisor does not. Everything
//! they say to each other is a file in the run directory's `.stage/`, named `<stage>.<attempt>.…`:
//!
//! | file | written by | meaning |
//! |---|---|---|
//! | `spec.json`, `params.json`, `notes.txt`, `patch.json` | leader | what to run |
//! | `lock` | – | held by the supervisor as its standard input: free means that it is gone |
//! | `family` | – | held by the supervisor, the command and all its descendants: free means that nobody of them lives |
//! | `pid.json` | supervisor | whom a signal would reach |
//! | `cancel` | whoever cancels | the command shall be ended |
//! | `exit.json` | supervisor | how the command ended |
//!
//! A free `lock` without `exit.json` means that the attempt is lost. The command's working
//! directory is the run directory: a program with a relative path is looked for there, one without
//! a slash on `PATH`.

mod environment;
mod family;
mod launch;
mod proc;
mod supervise;
mod wait;

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use family::end_orphan;
pub use launch::{StageLaunch, former_alive, own_program, start};
pub use supervise::supervise;
pub use wait::{StageEnd, Supervised, adopt, signal_cancel};

use super::atomic;
use super::error::Result;
use super::layout::{Modes, RunDir};
use domain::ids::StageName;
use domain::time::Timestamp;

/// The subcommand under which the executable is a supervisor: `holdpoint __stage <spec>`.
pub const SUBCOMMAND: &str = "__stage";

/// Seconds between TERM and KILL.
pub(crate) const GRACE_S: u32 = 5;

/// How a command ended, as the supervisor saw it: `exit.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// The exit status; none when it was ended by a signal or never began.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether its time ran out.
    pub timed_out: bool,
    /// Whether somebody canceled it.
    pub canceled: bool,
    /// When the supervisor began.
    pub(crate) started_at: Timestamp,
    /// When the command had ended.
    pub(crate) ended_at: Timestamp,
    /// In words: `exit status 0`, `timed out after 30 s`,
    /// `cannot start mkae: no such file or directory`.
    pub message: String,
}

impl ExitRecord {
    /// Whether the command did what it should: exit status 0, not canceled, in time.
    pub fn is_success(&self) -> bool {
        self.status == Some(0) && !self.timed_out && !self.canceled
    }
}

/// What a supervisor needs to know: `spec.json`. All paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spec {
    job_id: String,
    stage: StageName,
    attempt: u32,
    argv: Vec<String>,
    /// The whole environment that is added to what is inherited.
    env: Vec<(String, String)>,
    timeout_s: Option<u64>,
    run_dir: PathBuf,
    group: Option<u32>,
}

/// The names of an attempt's files, each behind its stage and number.
const SPEC: &str = "spec.json";
const PARAMS: &str = "params.json";
const LOCK: &str = "lock";
const FAMILY: &str = "family";
const PID: &str = "pid.json";
const CANCEL: &str = "cancel";
const EXIT: &str = "exit.json";

/// The files of one attempt.
#[derive(Debug, Clone)]
pub(super) struct StageFiles {
    directory: PathBuf,
    name: String,
}

impl StageFiles {
    fn new(run: &RunDir, stage: &StageName, attempt: u32) -> Self {
        Self {
            directory: run.stage(),
            name: format!("{stage}.{attempt}"),
        }
    }

    fn beside(spec_path: &Path, spec: &Spec) -> Self {
        Self {
            directory: spec_path.parent().unwrap_or(Path::new(".")).to_owned(),
            name: format!("{}.{}", spec.stage, spec.attempt),
        }
    }

    /// Writes one of them whole. Nothing on the way from the runs directory to it may be a link. It
    /// is not flushed: a loss of power ends everybody whom it tells something, and the leader does
    /// not wait for the disk before it starts a stage.
    fn write(&self, path: &Path, bytes: &[u8], modes: Modes) -> Result<()> {
        let (place, name) = atomic::place_of(self.base(), path, modes)?;
        atomic::note_at(&place, &name, bytes)
    }

    /// The same for what is to be known after a loss of power too.
    fn write_durably(&self, path: &Path, bytes: &[u8], modes: Modes) -> Result<()> {
        atomic::write(self.base(), path, bytes, modes)
    }

    /// Opens one of them, made where it is missing. Nothing on the way may be a link either.
    fn open(&self, path: &Path, modes: Modes) -> Result<File> {
        atomic::append(self.base(), path, modes)
    }

    /// The runs directory.
    fn base(&self) -> &Path {
        self.directory.parent().and_then(Path::parent).unwrap_or(Path::new(""))
    }

    fn file(&self, what: &str) -> PathBuf {
        self.directory.join(self.name_of(what))
    }
    fn name_of(&self, what: &str) -> String {
        format!("{}.{what}", self.name)
    }
    fn spec(&self) -> PathBuf {
        self.file(SPEC)
    }
    fn lock(&self) -> PathBuf {
        self.file(LOCK)
    }
    fn family(&self) -> PathBuf {
        self.file(FAMILY)
    }
    fn pid(&self) -> PathBuf {
        self.file(PID)
    }
    fn cancel(&self) -> PathBuf {
        self.file(CANCEL)
    }
    fn exit(&self) -> PathBuf {
        self.file(EXIT)
    }
}
