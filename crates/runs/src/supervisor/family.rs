//! A supervisor, its command and all descendants: who they are, and how they are ended when the
//! supervisor is dead.

use std::fs::{self, File};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::proc::{self, ProcessId, Processes, Stat};
use super::{Spec, StageFiles};
use crate::error::{Doing, IfThere, Result, RunsError};
use crate::layout::RunDir;
use crate::locks;
use domain::ids::StageName;

/// `pid.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pids {
    pub(crate) world: Processes,
    pub supervisor: ProcessId,
    /// The command, leader of its process group; none before it was started.
    pub(crate) command: Option<ProcessId>,
}

/// Rounds of looking for members; between two the family's lock is waited for.
const ROUNDS_MAX: u32 = 50;
const ROUND: Duration = Duration::from_millis(200);

/// What of this attempt's files could be read as `T`; a file that is missing or no longer makes
/// sense says nothing.
pub(super) fn read_json<T: for<'de> Deserialize<'de>>(path: &std::path::Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn is_member(stat: &Stat, pids: Option<&Pids>, marks: &[String]) -> bool {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    if stat.id.pid == own {
        return false;
    }
    let is_related = pids.is_some_and(|pids| {
        let is_group = pids.command.is_some_and(|command| command.pid == stat.group);
        // A number is not given to a new process while a session or group bears it. If its first
        // bearer is gone and another process has the number now, all of the session is gone too.
        let is_ours = |bearer: ProcessId| proc::stat(bearer.pid).is_none_or(|now| now.id == bearer);
        let is_session = pids.supervisor.pid == stat.session && is_ours(pids.supervisor);
        stat.id.start_ticks >= pids.supervisor.start_ticks
            && (is_session || is_group && pids.command.is_some_and(is_ours))
    });
    is_related || !marks.is_empty() && proc::was_started_with(stat.id.pid, marks)
}

fn marks(spec: Option<&Spec>) -> Vec<String> {
    spec.map_or_else(Vec::new, |spec| {
        vec![
            format!("HOLDPOINT_RUN_DIR={}", spec.run_dir.display()),
            format!("HOLDPOINT_STAGE={}", spec.stage),
            format!("HOLDPOINT_ATTEMPT={}", spec.attempt),
        ]
    })
}

/// Waits for a lock on a thread of its own, so that the wait can be bounded.
fn lock_free(file: File) -> Receiver<()> {
    let (sender, receiver) = sync_channel(1);
    thread::spawn(move || {
        if file.lock().is_ok() {
            // If this fails, the wait was given up and nobody listens.
            let _ = sender.send(());
        }
    });
    receiver
}

/// Ends what a dead supervisor left running: its session, the command's process group, and whoever
/// bears this attempt's variables. True when nobody of the family lives; false when somebody still
/// does, and the stage must not be run again yet. Refused while the supervisor lives.
pub fn end_orphan(run: &RunDir, stage: &StageName, attempt: u32) -> Result<bool> {
    let files = StageFiles::new(run, stage, attempt);
    if locks::is_held(&files.lock())? {
        return Err(RunsError::refused(
            "end the orphan of",
            &files.lock(),
            "its supervisor is alive",
        ));
    }
    let here = Processes::here().doing("examine", &files.pid())?;
    let pids = read_json::<Pids>(&files.pid()).filter(|pids| pids.world == here);
    let marks = marks(read_json::<Spec>(&files.spec()).as_ref());
    let family = files.family();
    let Some(file) = File::open(&family).doing("open", &family).if_there()? else {
        return Ok(true);
    };
    let free = lock_free(file);
    let mut is_free = false;
    for _ in 0..ROUNDS_MAX {
        let members: Vec<Stat> = proc::living()
            .into_iter()
            // Once the lock is free only those are looked for who closed it and left the session,
            // but bear the variables.
            .filter(|stat| is_member(stat, pids.as_ref().filter(|_| !is_free), &marks))
            .collect();
        for member in &members {
            // A process that ends meanwhile is fine: ending it is the aim.
            member.id.signal(Signal::SIGKILL);
        }
        if is_free && members.is_empty() {
            return Ok(true);
        }
        if is_free {
            // Killed a moment ago. Nothing tells of their end: they are not our children and hold
            // no lock.
            thread::park_timeout(ROUND / 10);
            continue;
        }
        match free.recv_timeout(ROUND) {
            Ok(()) => is_free = true,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(RunsError::refused("lock", &family, "the lock could not be waited for"));
            }
        }
    }
    Ok(false)
}
