//! The leader's side again: waiting for a supervisor's end, its own or an adopted one, and telling
//! it to end its command.

use std::fs::File;
use std::process::Child;

use super::family::{Pids, read_json};
use super::proc::Processes;
use super::supervise::POKE;
use super::{ExitRecord, StageFiles};
use crate::error::{Doing, IfThere, Result};
use crate::layout::RunDir;
use crate::{atomic, locks};
use domain::ids::StageName;

/// More than any exit record has.
const EXIT_BYTES_MAX: u64 = 1024 * 1024;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageEnd {
    /// The supervisor saw the command's end and nobody of its family lives.
    Exited(ExitRecord),
    /// The supervisor is gone without a word: see [`super::end_orphan`], then run the stage again.
    Lost,
}

/// A supervisor that this process waits for.
#[derive(Debug)]
pub struct Supervised {
    files: StageFiles,
    /// None: another process started it.
    child: Option<Child>,
}

/// Takes over the supervisor that another process started; also right when it has ended meanwhile
/// or was never started.
pub fn adopt(run: &RunDir, stage: &StageName, attempt: u32) -> Supervised {
    Supervised {
        files: StageFiles::new(run, stage, attempt),
        child: None,
    }
}

impl Supervised {
    pub(super) fn ours(files: StageFiles, child: Child) -> Self {
        Self {
            files,
            child: Some(child),
        }
    }

    /// Blocks until the supervisor is gone and says how the command ended. For a thread of its own.
    pub fn wait(self) -> Result<StageEnd> {
        let path = self.files.lock();
        let Some(lock) = File::open(&path).doing("open", &path).if_there()? else {
            // Never started: the former leader died before it could.
            return Ok(StageEnd::Lost);
        };
        lock.lock_shared().doing("lock", &path)?;
        // Not held while the record is read: who starts the stage anew takes it for itself alone.
        drop(lock);
        if let Some(mut child) = self.child {
            // Reaps it. Its status says nothing that the exit record does not say better.
            drop(child.wait());
        }
        let exit = self.files.exit();
        match atomic::read_regular(&exit, EXIT_BYTES_MAX)? {
            None => Ok(StageEnd::Lost),
            Some(bytes) => serde_json::from_slice(&bytes)
                .map(StageEnd::Exited)
                .doing("read", &exit),
        }
    }
}

/// Asks the supervisor to end its command. True: it lives and will; its end still arrives through
/// [`Supervised::wait`]. False: there is no supervisor any more.
pub fn signal_cancel(run: &RunDir, stage: &StageName, attempt: u32) -> Result<bool> {
    let files = StageFiles::new(run, stage, attempt);
    if !locks::is_held(&files.lock())? {
        return Ok(false);
    }
    // The file is the request and the signal only a poke: a supervisor that is not listening yet
    // finds the file.
    files.write(&files.cancel(), b"", run.modes())?;
    let here = Processes::here().doing("examine", &files.pid())?;
    if let Some(pids) = read_json::<Pids>(&files.pid()).filter(|pids| pids.world == here) {
        pids.supervisor.signal(POKE);
    }
    locks::is_held(&files.lock())
}
