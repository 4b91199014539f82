//! The supervisor itself, from `setsid` to the exit record. It runs in a process of its own and
//! outlives whoever started it.
//!
//! All signals it cares for are blocked from the first moment and fetched one at a time: one
//! thread, no handler, and nothing that waits for the end of a pipe, which a stray grandchild may
//! keep open.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, alarm, setsid};

use super::environment::is_withheld;
use super::family::{Pids, read_json};
use super::proc::{self, ProcessId, Processes, Stat};
use super::{ExitRecord, GRACE_S, Spec, StageFiles};
use domain::time::Timestamp;
use text::words::duration;

use crate::error::{Doing, Result, reason};
use crate::layout::{LOGS, Modes, log_file};
use crate::{atomic, locks};

/// Tells the supervisor to look for the cancel file. A signal that is ignored by default: it can
/// reach the process in the moment in which it starts the command with open signals, and must not
/// end it there.
pub(super) const POKE: Signal = Signal::SIGURG;

/// Times that the grace may pass before processes which cannot be killed are left behind.
const KILL_TRIES_MAX: u32 = 3;

/// Why the command is being ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    TimedOut,
    Canceled,
    /// Somebody ended the supervisor: a shutdown, or a person. No record is written, so that the
    /// stage is run again.
    Terminated,
}

/// Runs the stage command that `spec_path` names, to its end: `holdpoint __stage <spec>`. To be
/// called first thing in the process, before any thread is made. Returns the exit status: 0 when
/// the end was recorded.
pub fn supervise(spec_path: &Path, now: impl Fn() -> Timestamp) -> i32 {
    let Some(spec) = read_json::<Spec>(spec_path) else {
        return 1;
    };
    let supervisor = Supervisor {
        files: StageFiles::beside(spec_path, &spec),
        modes: Modes { group: spec.group },
        spec,
        signals: SigSet::from_iter([
            Signal::SIGCHLD,
            Signal::SIGALRM,
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGHUP,
            POKE,
        ]),
    };
    // Nobody reads our standard error; without a record the stage counts as lost, which is the
    // truth.
    supervisor.run(now).map_or(1, |is_recorded| i32::from(!is_recorded))
}

struct Supervisor {
    spec: Spec,
    files: StageFiles,
    modes: Modes,
    signals: SigSet,
}

/// What came of the command, before it is put in words.
#[derive(Default)]
struct Outcome {
    status: Option<ExitStatus>,
    ending: Option<Ending>,
    not_started: Option<String>,
    is_family_left: bool,
}

impl Supervisor {
    fn run(&self, now: impl Fn() -> Timestamp) -> Result<bool> {
        let spec_path = self.files.spec();
        self.signals.thread_block().doing("block signals for", &spec_path)?;
        // Refused only to the leader of a process group, which a child never is unless somebody
        // started us by hand.
        let _ = setsid();
        // Descendants that leave the process group and lose their parent come to us, and so are
        // found and ended.
        prctl::set_child_subreaper(true).doing("adopt the descendants of", &spec_path)?;
        // The leader's working directory must not stay in use for hours; all our paths are
        // absolute.
        std::env::set_current_dir("/").doing("leave the directory for", &spec_path)?;
        umask(Mode::from_bits_truncate(self.modes.umask()));
        let started_at = now();

        let family = self.files.open(&self.files.family(), self.modes)?;
        if !locks::try_take(&family, &self.files.family())? {
            // A former family lives: without a record this attempt is lost, and its orphan is ended
            // first.
            return Ok(false);
        }
        // Inherited by the command and all its descendants: the lock is free when the last of them
        // is gone.
        fcntl(&family, FcntlArg::F_SETFD(FdFlag::empty())).doing("share", &self.files.family())?;

        fault::point("supervisor_started");
        let outcome = self.run_command();
        fault::point("command_ended");
        if outcome.ending == Some(Ending::Terminated) {
            return Ok(false);
        }
        let record = self.record(&outcome, started_at, now());
        let is_recorded = self.write_record(&record)?;
        fault::point("exit_recorded");
        Ok(is_recorded)
    }

    fn is_canceled(&self) -> bool {
        self.files.cancel().exists()
    }

    fn write_pids(&self, command: Option<ProcessId>) -> Result<()> {
        let path = self.files.pid();
        let own = i32::try_from(std::process::id()).unwrap_or(0);
        let pids = Pids {
            world: Processes::here().doing("examine", &path)?,
            supervisor: ProcessId::of(own)
                .ok_or(std::io::ErrorKind::NotFound)
                .doing("examine", &path)?,
            command,
        };
        let bytes = serde_json::to_vec_pretty(&pids).doing("create", &path)?;
        self.files.write(&path, &bytes, self.modes)
    }

    fn run_command(&self) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.write_pids(None) {
            outcome.not_started = Some(error.to_string());
            return outcome;
        }
        if self.is_canceled() {
            outcome.ending = Some(Ending::Canceled);
            return outcome;
        }
        let mut child = match self.start_command() {
            Ok(child) => child,
            Err(text) => {
                outcome.not_started = Some(text);
                return outcome;
            }
        };
        let pid = i32::try_from(child.id()).unwrap_or(0);
        // Our own session, which is written down already, is enough to find it by.
        drop(self.write_pids(ProcessId::of(pid)));
        fault::point("command_started");
        let (status, ending) = self.await_end(&mut child, Pid::from_raw(pid));
        outcome.status = status;
        outcome.ending = ending;
        outcome.is_family_left = !self.end_descendants(ending.is_some());
        outcome
    }

    /// The command as a child in its own process group, or why it cannot be started.
    fn start_command(&self) -> std::result::Result<Child, String> {
        let Some((program, arguments)) = self.spec.argv.split_first() else {
            return Err("cannot start the command: it is empty".to_owned());
        };
        let log_path = self
            .spec
            .run_dir
            .join(LOGS)
            .join(log_file(&self.spec.stage, self.spec.attempt));
        let runs = self.spec.run_dir.parent().unwrap_or(Path::new("/"));
        let log = atomic::append(runs, &log_path, self.modes).map_err(|error| error.to_string())?;
        let log_again = log
            .try_clone()
            .doing("open", &log_path)
            .map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.spec.run_dir)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(blocking(log))
            .stderr(blocking(log_again));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_withheld) {
                command.env_remove(name);
            }
        }
        command.envs(self.spec.env.iter().map(|(name, value)| (name, value)));
        // A child inherits its maker's signal mask, and the command must be able to receive
        // signals: a thread of its own makes it. A TERM in the moment of that thread ends the
        // supervisor at once; then the attempt is lost and its orphan ended by the leader.
        let spawned = thread::scope(|scope| {
            scope
                .spawn(|| {
                    SigSet::empty().thread_set_mask()?;
                    command.spawn()
                })
                .join()
        });
        match spawned {
            Ok(Ok(child)) => Ok(child),
            Ok(Err(error)) => Err(format!("cannot start {program}: {}", reason(&error))),
            Err(_) => Err(format!("cannot start {program}")),
        }
    }

    /// Waits for the command, its time, or a wish to end it.
    fn await_end(&self, child: &mut Child, group: Pid) -> (Option<ExitStatus>, Option<Ending>) {
        let mut ending = None;
        let end = |why: Ending| {
            // The group exists as long as its leader is not reaped.
            let _ = killpg(group, Signal::SIGTERM);
            alarm::set(GRACE_S);
            Some(why)
        };
        if let Some(timeout_s) = self.spec.timeout_s {
            // The kernel counts this by a clock that nobody steps.
            alarm::set(u32::try_from(timeout_s.max(1)).unwrap_or(u32::MAX));
        }
        if self.is_canceled() {
            ending = end(Ending::Canceled);
        }
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return (Some(status), ending),
                Ok(None) => {}
                // This cannot happen: it is our child, and nobody else reaps it.
                Err(_) => return (None, ending),
            }
            match (self.signals.wait(), ending) {
                (Ok(Signal::SIGALRM), None) => ending = end(Ending::TimedOut),
                (Ok(Signal::SIGALRM), Some(_)) => {
                    let _ = killpg(group, Signal::SIGKILL);
                }
                (Ok(POKE), None) if self.is_canceled() => ending = end(Ending::Canceled),
                (Ok(Signal::SIGTERM | Signal::SIGINT | Signal::SIGHUP), None) => ending = end(Ending::Terminated),
                (Ok(_) | Err(_), _) => {}
            }
        }
    }

    /// Ends whatever the command left running; with a grace when it was told to end just before.
    /// False: some could not be killed.
    fn end_descendants(&self, has_grace: bool) -> bool {
        let mut is_killing = !has_grace;
        let mut tries = 0;
        if is_killing {
            alarm::set(GRACE_S);
        } else {
            // The command's own group was told already; those that left it were not.
            for stat in descendants() {
                stat.id.signal(Signal::SIGTERM);
            }
        }
        loop {
            reap_all();
            let left = descendants();
            if left.is_empty() {
                alarm::cancel();
                return true;
            }
            if is_killing {
                for stat in &left {
                    stat.id.signal(Signal::SIGKILL);
                }
            }
            if let Ok(Signal::SIGALRM) = self.signals.wait() {
                is_killing = true;
                tries += 1;
                alarm::set(GRACE_S);
            }
            if tries > KILL_TRIES_MAX {
                alarm::cancel();
                return false;
            }
        }
    }

    fn record(&self, outcome: &Outcome, started_at: Timestamp, ended_at: Timestamp) -> ExitRecord {
        let status = outcome.status.and_then(|status| status.code());
        let signal = outcome.status.and_then(|status| status.signal());
        let mut message = match (outcome.ending, &outcome.not_started, status, signal) {
            (Some(Ending::TimedOut), ..) => format!("timed out after {}", duration(self.spec.timeout_s.unwrap_or(0))),
            (Some(Ending::Canceled), ..) => "canceled".to_owned(),
            (_, Some(reason), ..) => reason.clone(),
            (_, None, Some(status), _) => format!("exit status {status}"),
            (_, None, None, Some(signal)) => format!("killed by signal {signal}"),
            (_, None, None, None) => "its exit status is not known".to_owned(),
        };
        if outcome.is_family_left {
            message.push_str("; some of its processes could not be ended");
        }
        ExitRecord {
            status,
            signal,
            timed_out: outcome.ending == Some(Ending::TimedOut),
            canceled: outcome.ending == Some(Ending::Canceled),
            started_at,
            ended_at,
            message,
        }
    }

    /// Writes the record; on a full disk it waits for space, because work that was done must not be
    /// done again for want of a few bytes.
    fn write_record(&self, record: &ExitRecord) -> Result<bool> {
        let path = self.files.exit();
        let bytes = serde_json::to_vec_pretty(record).doing("create", &path)?;
        loop {
            match self.files.write_durably(&path, &bytes, self.modes) {
                Ok(()) => return Ok(true),
                Err(error) if error.is_full() => {
                    alarm::set(1);
                    let woken = self.signals.wait();
                    let is_ended = matches!(woken, Ok(Signal::SIGTERM | Signal::SIGINT | Signal::SIGHUP));
                    if is_ended || self.is_canceled() {
                        return Ok(false);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The log was opened without blocking, in case somebody put a FIFO there; the command expects an
/// ordinary file.
fn blocking(file: File) -> Stdio {
    if let Ok(flags) = fcntl(&file, FcntlArg::F_GETFL) {
        let flags = nix::fcntl::OFlag::from_bits_truncate(flags) - nix::fcntl::OFlag::O_NONBLOCK;
        let _ = fcntl(&file, FcntlArg::F_SETFL(flags));
    }
    Stdio::from(file)
}

fn reap_all() {
    // Only after the command itself was waited for: its status must not be lost here.
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            return;
        }
    }
}

/// Everybody whose chain of parents leads to this process.
fn descendants() -> Vec<Stat> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let living = proc::living();
    let mut family = BTreeSet::from([own]);
    loop {
        let before = family.len();
        family.extend(
            living
                .iter()
                .filter(|stat| family.contains(&stat.parent))
                .map(|stat| stat.id.pid)
                .collect::<Vec<_>>(),
        );
        if family.len() == before {
            break;
        }
    }
    family.remove(&own);
    living
        .into_iter()
        .filter(|stat| family.contains(&stat.id.pid))
        .collect()
}
