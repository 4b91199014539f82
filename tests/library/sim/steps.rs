//! What a schedule is made of.

use super::disk::Stop;
use super::store::CommitFault;

/// Something that a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Approve,
    ApprovePatched,
    Reject,
    RejectPatched,
    Patch,
    Undo,
    Hold,
    Release,
    Extend,
    Lease,
    TakeOver,
    Unlease,
    Seen,
    /// A console tells that a last call stands on its screen.
    Reached,
    Resume,
    Cancel,
    /// A gate is opened from outside: on the manual job.
    Open,
    Withdraw,
    Recall,
    /// Whoever opened the gate gives a sign of life.
    Alive,
}

/// Where the next process that commits dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    BeforeCommit,
    AfterCommit,
    AfterAnswer,
    /// After so many steps of publishing.
    InFiles(usize),
}

/// One step of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Process, job, deed; whether it is committed at once or left on its way.
    Deed(usize, usize, Deed, bool),
    /// The oldest input on its way in this process is committed.
    Commit(usize),
    Look(usize),
    /// Look first or not; commit at once or not.
    Tick(usize, bool, bool),
    Pass(i64),
    SetClock(i64),
    Change(usize),
    Vanish(usize),
    Restore(usize),
    Arm(Crash),
    Fault(CommitFault),
    Die(usize),
    Start(usize),
    LosePower,
    TakeLead(usize),
    Resign(usize),
    /// At once, or left on its way: a leader that is stopped for a while.
    LeaderTurn(usize, bool),
    CommandEnds(usize),
    SupervisorDies(usize),
    /// The next supervisor cannot be started.
    FailLaunch,
    /// Somebody replaces the artifact between the row that says that the next stage runs and its
    /// launch.
    ReplaceAtLaunch,
    Publish(usize, Option<(usize, Stop)>),
}
