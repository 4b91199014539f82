//! The locks of a runs directory, which die with whoever holds them: the lead (SPEC §9), the
//! presence of a process, and the right to publish, which is waited for with patience that ends,
//! because a stopped process keeps its locks. It knows nothing of what is done under them.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::error::{Doing, IfThere, Result, RunsError};
use super::holder::holder;
use super::layout::RunsDir;

/// How long a publisher waits for another one: a group of files takes some hundredths of a second,
/// and a slow disk a few seconds.
pub const PUBLISH_PATIENCE: Duration = Duration::from_secs(5);

/// Between two askings; short at first, because most waits are for a publisher that is about to
/// end.
const FIRST_PAUSES: u32 = 50;
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const PAUSE: Duration = Duration::from_millis(20);

/// The lead, as long as this lives. The file is closed on exec, so no child keeps it.
#[derive(Debug)]
pub struct LeadGuard {
    _locked: File,
}

fn open_lead(runs: &RunsDir) -> Result<File> {
    let path = runs.leader_lock();
    if !runs.is_owner() {
        return Err(RunsError::new(
            "lead in",
            runs.path(),
            std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                format!("only the uid that owns the runs directory leads ({})", runs.owner_uid()),
            ),
        ));
    }
    runs.append(&path)
}

/// That this process has the database of a runs directory open; or, taken alone, that no other has.
#[derive(Debug)]
pub struct Presence {
    _locked: File,
}

/// Notes that this process works here. Refused while somebody makes the database again.
pub fn enter(runs: &RunsDir) -> Result<Presence> {
    let why = "holdpoint doctor --rebuild is at work in it";
    present(runs, File::try_lock_shared, "use the runs directory", why)
}

/// Keeps every other process out, for the one deed that replaces the database. Refused while any
/// has it open.
pub fn enter_alone(runs: &RunsDir) -> Result<Presence> {
    let why = "another holdpoint has it open";
    present(runs, File::try_lock, "have the runs directory alone", why)
}

fn present(
    runs: &RunsDir,
    lock: impl FnOnce(&File) -> std::result::Result<(), TryLockError>,
    verb: &str,
    why: &str,
) -> Result<Presence> {
    let path = runs.presence_lock();
    let file = runs.append(&path)?;
    if is_taken(lock(&file), &path)? {
        Ok(Presence { _locked: file })
    } else {
        Err(RunsError::refused(verb, runs.path(), why))
    }
}

/// Whether a lock that was asked for is ours now; false: somebody holds it.
pub(super) fn is_taken(asked: std::result::Result<(), TryLockError>, path: &Path) -> Result<bool> {
    match asked {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(RunsError::new("lock", path, error)),
    }
}

/// Waits until the lead is free and takes it: for a thread of its own, as it cannot be interrupted.
pub fn wait_lead(runs: &RunsDir) -> Result<LeadGuard> {
    let file = open_lead(runs)?;
    file.lock().doing("lock", &runs.leader_lock())?;
    Ok(LeadGuard { _locked: file })
}

/// Whether some process leads right now.
pub fn leader_is_alive(runs: &RunsDir) -> Result<bool> {
    is_held(&runs.leader_lock())
}

/// Whether another open file holds the lock of this path. A missing file is not held.
pub(super) fn is_held(path: &Path) -> Result<bool> {
    let Some(file) = File::open(path).doing("open", path).if_there()? else {
        return Ok(false);
    };
    // Shared: several who ask at once do not take each other for the holder.
    Ok(!is_taken(file.try_lock_shared(), path)?)
}

/// How often a lock is asked for that somebody may hold for a moment only, to see whether it is
/// held.
const ASKING_MAX: u32 = 100;

/// Takes a lock unless somebody holds it for longer than it takes to ask. False: held.
pub(super) fn try_take(file: &File, path: &Path) -> Result<bool> {
    for _ in 0..ASKING_MAX {
        if is_taken(file.try_lock(), path)? {
            return Ok(true);
        }
        std::thread::yield_now();
    }
    Ok(false)
}

/// Takes the publish lock, or says who has it when patience runs out.
pub(super) fn take_publish_lock(file: &File, path: &Path, patience: Duration) -> Result<()> {
    let mut waited = Duration::ZERO;
    for asked in 0.. {
        if is_taken(file.try_lock(), path)? {
            return Ok(());
        }
        if waited >= patience {
            break;
        }
        let pause = if asked < FIRST_PAUSES { FIRST_PAUSE } else { PAUSE };
        std::thread::park_timeout(pause);
        waited += pause;
    }
    let who = holder(path).map_or_else(|| "another process".to_owned(), |holder| holder.to_string());
    let held = std::io::Error::new(std::io::ErrorKind::WouldBlock, format!("it is held by {who}"));
    Err(RunsError::new("lock", path, held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_work_side_by_side_and_one_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let (one, other) = (enter(&runs).unwrap(), enter(&runs).unwrap());
        drop(one);
        assert!(
            enter_alone(&runs)
                .unwrap_err()
                .to_string()
                .ends_with("another holdpoint has it open")
        );
        drop(other);
        let alone = enter_alone(&runs).unwrap();
        assert!(
            enter(&runs)
                .unwrap_err()
                .to_string()
                .ends_with("doctor --rebuild is at work in it")
        );
        drop(alone);
        enter(&runs).unwrap();
    }

    #[test]
    fn one_leads_and_the_next_takes_over() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        assert!(!leader_is_alive(&runs).unwrap());
        let lead = wait_lead(&runs).unwrap();
        assert!(leader_is_alive(&runs).unwrap());
        let standby = {
            let runs = runs.clone();
            std::thread::spawn(move || wait_lead(&runs).map(drop))
        };
        drop(lead);
        standby.join().unwrap().unwrap();
        assert!(!leader_is_alive(&runs).unwrap());
    }

    #[test]
    fn patience_ends_and_the_holder_is_named() {
        let temporary = tempfile::NamedTempFile::new().unwrap();
        let (first, second) = (temporary.reopen().unwrap(), temporary.reopen().unwrap());
        take_publish_lock(&first, temporary.path(), Duration::ZERO).unwrap();
        let error = take_publish_lock(&second, temporary.path(), Duration::from_millis(3)).unwrap_err();
        let own = format!("it is held by process {} (", std::process::id());
        assert!(error.to_string().contains(&own), "{error}");
        drop(first);
        take_publish_lock(&second, temporary.path(), Duration::ZERO).unwrap();
    }
}
