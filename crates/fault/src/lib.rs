//! Named steps at which a test kills the process, or makes the step fail, and then looks at what a
//! restart makes of it.
//!
//! Only in builds with debug assertions; a release binary has no such points. It knows names, not
//! what happens there.
//!
//! `HOLDPOINT_CRASH_AT=name` dies there by SIGKILL; `HOLDPOINT_FAIL_AT=name:ENOSPC` makes the step
//! fail with that error. With `HOLDPOINT_FAULT_WHEN=path` either happens only while a file of that
//! name exists; a crash takes the file away, so that it happens once. With
//! `HOLDPOINT_FAULT_DURING=approved` either happens only on a thread that has that kind of command
//! in hand, or had it: what else the process does meanwhile (leases, looks) takes no fault that was
//! meant for the decision.

use std::io;

const CRASH_AT: &str = "HOLDPOINT_CRASH_AT";
const FAIL_AT: &str = "HOLDPOINT_FAIL_AT";
#[cfg(debug_assertions)]
const PANIC_AT: &str = "HOLDPOINT_PANIC_AT";
const WHEN: &str = "HOLDPOINT_FAULT_WHEN";
const DURING: &str = "HOLDPOINT_FAULT_DURING";

#[cfg(debug_assertions)]
thread_local! {
    /// The command that the test waits for has come to this thread.
    static IS_BEGUN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Every step, in the order in which a decision meets them, with what has happened by then.
/// `docs/DURABILITY.md` has the same table.
pub const POINTS: [(&str, &str); 29] = [
    ("submitted", "a front end handed the command over"),
    (
        "prepared",
        "files were looked at, unknown bytes kept as versions, a patch planned",
    ),
    ("before_commit", "nothing is in the database"),
    ("in_transaction", "all rows are changed, and not committed"),
    ("after_commit", "committed, and no answer is out"),
    ("answered", "the answer is out; no file is written"),
    ("publish_locked", "the publish lock is held"),
    ("chain_torn", "half a line of chain.jsonl is written"),
    ("chain_appended", "chain.jsonl has its line, unflushed"),
    (
        "artifact_placed",
        "a patched artifact is in place, its event in no file",
    ),
    ("artifacts_done", "patched artifacts are in place or removed"),
    ("events_torn", "half a line of events.jsonl is written"),
    ("events_appended", "events.jsonl has its lines, unflushed"),
    (
        "files_staged",
        "state.json and decision files lie under temporary names",
    ),
    ("file_named", "one file has its name, the others have not"),
    ("files_named", "all files have their names, unflushed"),
    (
        "files_flushed",
        "the files are flushed, the directories that name them are not",
    ),
    ("after_files", "all files are on disk, the watermark is old"),
    ("after_watermark", "the watermark is raised"),
    ("before_nudge", "the other processes do not know yet"),
    ("lead_taken", "the epoch is raised, no stage was looked at"),
    ("before_launch", "the row says that the stage runs, and nothing runs"),
    ("spec_written", "what to run is on disk, its supervisor is not started"),
    ("after_launch", "the supervisor runs, nobody waits for it"),
    (
        "supervisor_started",
        "in the supervisor: it holds its locks, the command is not started",
    ),
    ("command_started", "in the supervisor: the command runs"),
    (
        "command_ended",
        "in the supervisor: the command has ended, its end is not recorded",
    ),
    ("exit_recorded", "in the supervisor: the end is recorded"),
    ("stage_ended", "the leader knows of the end, no row does"),
];

/// Steps beside that way: `tests/program/http` dies there.
#[cfg(debug_assertions)]
pub(crate) const ASIDE: [(&str, &str); 1] = [("webhook_answered", "a webhook's receiver has answered, no row says so")];

/// Dies here when a test asked for it.
pub fn point(name: &'static str) {
    // A failure that a test asked for at a step that cannot fail is the test's mistake; it would be
    // seen at once.
    drop(step(name));
}

/// Dies here, or fails, when a test asked for it.
#[cfg(debug_assertions)]
pub fn step(name: &'static str) -> io::Result<()> {
    debug_assert!(
        POINTS.iter().chain(&ASIDE).any(|(known, _)| *known == name),
        "{name} is not in the list"
    );
    if is_crash(name) {
        if let Some(path) = std::env::var_os(WHEN) {
            let _ = std::fs::remove_file(path);
        }
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
    }
    let Ok(fail_at) = std::env::var(FAIL_AT) else {
        return Ok(());
    };
    match fail_at.split_once(':') {
        Some((at, errno)) if at == name && is_now() => Err(match errno {
            "ENOSPC" => nix::errno::Errno::ENOSPC.into(),
            "EACCES" => nix::errno::Errno::EACCES.into(),
            _ => nix::errno::Errno::EIO.into(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub fn step(_name: &'static str) -> io::Result<()> {
    Ok(())
}

/// Whether the process is to die here: a write stops in the middle then.
pub fn is_crash(name: &'static str) -> bool {
    cfg!(debug_assertions) && std::env::var_os(CRASH_AT).is_some_and(|at| at == name) && is_now()
}

/// A command of this kind has come to this thread.
#[cfg(debug_assertions)]
pub fn begin(deed: &str) {
    if std::env::var_os(DURING).is_some_and(|wanted| wanted == deed) {
        IS_BEGUN.set(true);
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub fn begin(_deed: &str) {}

#[cfg(debug_assertions)]
fn is_begun() -> bool {
    std::env::var_os(DURING).is_none() || IS_BEGUN.get()
}

#[cfg(not(debug_assertions))]
fn is_begun() -> bool {
    true
}

/// Panics here when `HOLDPOINT_PANIC_AT` names this point: a panic is no crash, somebody may still
/// catch it.
#[cfg(debug_assertions)]
pub fn panic_point(name: &str) {
    let is_named = std::env::var_os(PANIC_AT).is_some_and(|at| at == name);
    assert!(!is_named, "a test asked for a panic at {name}");
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub fn panic_point(_name: &str) {}

fn is_now() -> bool {
    is_begun() && std::env::var_os(WHEN).is_none_or(|path| std::path::Path::new(&path).exists())
}

/// Whether a variable asks for a fault: those go on to the supervisors of stages, which have points
/// of their own.
pub fn is_ours(name: &str) -> bool {
    cfg!(debug_assertions) && [CRASH_AT, FAIL_AT, WHEN, DURING].contains(&name)
}
