//! The rules of what follows from what: rows of one job and an input in, changes or a refusal out.
//!
//! Pure. It runs inside the store's transaction, so what it reads is what it changes; whatever needed files (digests, plans of patches)
//! was found out before and comes along in the input. Every front door, the timer and the stage runner end here.

mod ahead;
mod decide;
mod draft;
mod hold;
mod jobs;
mod lease;
mod outside;
mod review;
mod stages;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::artifact::GateArtifact;
use domain::change::{Beside, Change};
use domain::decision::Extent;
use domain::gate::{DecisionRequest, OnDisk};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{Job, JobRows, JobStatus};
use domain::key::GateKey;
use domain::lease::LeasePurpose;
use domain::operator::{Operator, Via};
use domain::outlook::Outlook;
use domain::policy::GatePolicy;
use domain::proposal::{FileEffect, Proposal};
use domain::refusal::Refusal;
use domain::time::{Now, Timestamp};
use domain::wake::Wake;

pub use ahead::Ahead;
use domain::key::GateRef;
pub use draft::find_gate;

use draft::Draft;

/// What the rules need besides the rows.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The time of the transaction.
    pub now: Now,
    /// The policy in force, for gates that open now.
    pub policies: &'a BTreeMap<StageName, GatePolicy>,
    /// Seconds that an overdue gate waits for a person.
    pub grace_s: u64,
    /// This process.
    pub via: &'a Via,
}

/// What a resume found to do, before the transaction.
#[derive(Debug, Clone, Default)]
pub struct ResumePlan {
    /// The rejection's patch, planned again on what is there now.
    pub proposal: Option<Proposal>,
    /// What lies on disk of the artifacts that were rejected.
    pub on_disk: Vec<OnDisk>,
    /// What has to be reviewed before the job may go on.
    pub review: Option<Review>,
    /// What the operator was told would come of it; none: whatever it is.
    pub expected: Option<Box<Outlook>>,
}

/// Artifacts that are not what was decided on: the stage that answers for them, and what of them lies there now.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The stage.
    pub stage: StageName,
    /// All that it answers for, as it lies there, stored as versions; its base is the version that was decided on.
    pub artifacts: Vec<GateArtifact>,
}

/// What the log says of how a gate was opened and ended, and of whoever wants to withdraw it. Events never change, so it may be read
/// before the transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpeningRecord {
    /// Who opened it from outside; none: its stage did, or it was not written down.
    pub opened_by: Option<String>,
    /// Whether it was withdrawn already.
    pub is_withdrawn: bool,
    /// Whether they may withdraw what others opened.
    pub may_any: bool,
}

/// How a stage's command ended.
#[derive(Debug, Clone, PartialEq)]
pub enum StageOutcome {
    /// Well; these are its artifacts, stored as versions.
    Made(Vec<GateArtifact>),
    /// Not well, and why: `exit status 3`, `timed out after 30 s`.
    Failed(String),
    /// Its supervisor died without a word; nothing of it is alive any more.
    Lost,
}

/// Something that happened or is wanted, about one job.
#[derive(Debug, Clone)]
pub enum Input {
    /// Start this job; its rows do not exist yet.
    Start(Box<Job>),
    /// Open a gate from outside; the artifacts are copied in and stored as versions.
    OpenGate {
        /// Who asks.
        operator: Operator,
        /// The stage.
        stage: StageName,
        /// What is to be reviewed.
        artifacts: Vec<GateArtifact>,
    },
    /// A person decides.
    Decide {
        /// The gate.
        gate: GateRef,
        /// The verdict and what was found out before.
        request: DecisionRequest,
    },
    /// A person patches an artifact; the gate stays open.
    ApplyPatch {
        /// The gate.
        gate: GateRef,
        /// Who.
        operator: Operator,
        /// What it does.
        effect: Box<FileEffect>,
        /// The gate's digest that they saw.
        digest: Option<Digest>,
        /// What lies on disk.
        on_disk: Vec<OnDisk>,
    },
    /// A person takes the newest patch back; the gate stays open.
    UndoPatch {
        /// The gate.
        gate: GateRef,
        /// Who.
        operator: Operator,
        /// Of this artifact; none: of all.
        path: Option<ArtifactPath>,
        /// That patch in words, for the answer.
        words: String,
        /// The gate's digest that they saw.
        digest: Option<Digest>,
        /// What lies on disk.
        on_disk: Vec<OnDisk>,
    },
    /// A person lets a paused job go on.
    Resume {
        /// Who.
        operator: Operator,
        /// What was found out before.
        plan: ResumePlan,
    },
    /// A person ends the job.
    Cancel {
        /// Who.
        operator: Operator,
    },
    /// A person notes that the job failed.
    Acknowledge {
        /// Who.
        operator: Operator,
    },
    /// A person ends a manual job well.
    Complete {
        /// Who.
        operator: Operator,
    },
    /// A session takes or renews its lease.
    TakeLease {
        /// The gate.
        gate: GateRef,
        /// Who.
        operator: Operator,
        /// The session.
        session: String,
        /// What for.
        purpose: LeasePurpose,
        /// Whether another session's live lease is taken away from it.
        is_takeover: bool,
    },
    /// A person stops the timer.
    Hold {
        /// The gate.
        gate: GateRef,
        /// Who.
        operator: Operator,
        /// Why.
        reason: Option<String>,
    },
    /// A person lets a held timer run again.
    Release {
        /// The gate.
        gate: GateRef,
        /// Who.
        operator: Operator,
        /// Why.
        reason: Option<String>,
    },
    /// A person moves the deadline.
    Extend {
        /// The gate.
        gate: GateRef,
        /// Who.
        operator: Operator,
        /// By how much.
        seconds: u64,
        /// Only when the deadline is this.
        expected: Option<Timestamp>,
    },
    /// Whoever opened a gate from outside takes it back.
    Withdraw {
        /// The gate.
        gate: GateRef,
        /// Who.
        operator: Operator,
        /// Why.
        reason: Option<String>,
        /// What the record says of it.
        record: OpeningRecord,
    },
    /// A session gives its lease back.
    ReleaseLease {
        /// The gate.
        gate: GateRef,
        /// The session.
        session: String,
    },
    /// A person looked.
    MarkSeen {
        /// The gate.
        gate: GateRef,
        /// Who.
        operator: Operator,
        /// What they saw.
        digest: Digest,
        /// How much of it was shown by now.
        extent: Extent,
    },
    /// The ticker found the gate due, by both clocks.
    Expire {
        /// The gate.
        key: GateKey,
        /// The time that it was found due for.
        wake: Wake,
        /// Nobody could act when it was due: it becomes overdue first.
        is_missed: bool,
        /// What lies on disk, where the timer would approve.
        on_disk: Vec<OnDisk>,
    },
    /// The leader is about to start a stage's supervisor.
    StageStarted {
        /// The stage.
        stage: StageName,
        /// The attempt.
        attempt: u32,
        /// What lies on disk of everything that it may read.
        on_disk: Vec<OnDisk>,
    },
    /// Its supervisor could not be started: nothing ran, and the attempt waits again.
    StageNotStarted {
        /// The stage.
        stage: StageName,
        /// The attempt.
        attempt: u32,
        /// Why.
        why: String,
    },
    /// A stage's supervisor is gone.
    StageEnded {
        /// The stage.
        stage: StageName,
        /// The attempt.
        attempt: u32,
        /// How.
        outcome: StageOutcome,
    },
    /// Before a stage's supervisor was started, an artifact was found to differ from what was decided on.
    ArtifactMoved {
        /// The stage that does not start.
        stage: StageName,
        /// The attempt.
        attempt: u32,
        /// Which, and what it is now.
        moved: OnDisk,
    },
}

/// An input with what its consequences may need: the artifacts of bare stages that may open because of it.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The input.
    pub input: Input,
    /// For each bare stage that declares artifacts: those that exist, stored as versions.
    pub bare: BTreeMap<StageName, Vec<GateArtifact>>,
    /// The session that asks: a console, which may have the gate open itself. None: a command, a client, the timer.
    pub session: Option<String>,
    /// What lies on disk of everything that the stage may read which waits for its start because of it. None: no stage does, or nobody has
    /// looked; whoever starts it looks in any case.
    pub ahead: Option<Vec<OnDisk>>,
}

impl Prepared {
    /// An input that needs nothing more.
    pub fn of(input: Input) -> Self {
        Self {
            input,
            bare: BTreeMap::new(),
            session: None,
            ahead: None,
        }
    }
}

/// Applies the rules to the job of this id.
///
/// `rows` is the job as the transaction sees it; none: there is no such job. The refusal is an answer, nothing is changed then.
pub fn reduce(
    job_id: &JobId,
    rows: Option<&JobRows>,
    prepared: &Prepared,
    cx: Context<'_>,
) -> Result<Vec<Change>, Refusal> {
    let bare = &prepared.bare;
    let Some(rows) = rows else {
        return match &prepared.input {
            Input::Start(job) => jobs::start(job, bare, cx),
            Input::OpenGate {
                operator,
                stage,
                artifacts,
            } => outside::open(
                Draft::of_new_job(outside::manual_job(job_id, operator, cx), bare, cx),
                operator,
                stage,
                artifacts,
            ),
            Input::Decide { .. }
            | Input::ApplyPatch { .. }
            | Input::UndoPatch { .. }
            | Input::Resume { .. }
            | Input::Cancel { .. }
            | Input::Complete { .. }
            | Input::Acknowledge { .. }
            | Input::TakeLease { .. }
            | Input::Hold { .. }
            | Input::Release { .. }
            | Input::Extend { .. }
            | Input::Withdraw { .. }
            | Input::ReleaseLease { .. }
            | Input::MarkSeen { .. }
            | Input::Expire { .. }
            | Input::StageStarted { .. }
            | Input::StageNotStarted { .. }
            | Input::StageEnded { .. }
            | Input::ArtifactMoved { .. } => Err(Refusal::no_such_job(job_id)),
        };
    };
    let mut draft = Draft::new(rows, prepared, cx);
    draft.overridden = lease::overridden(&draft, &prepared.input, prepared.session.as_deref())?;
    match &prepared.input {
        Input::Start(job) => Err(jobs::id_taken(&job.id)),
        Input::OpenGate {
            operator,
            stage,
            artifacts,
        } => outside::open(draft, operator, stage, artifacts),
        Input::Decide { gate, request } => decide::decide(draft, gate, request.clone()),
        Input::ApplyPatch {
            gate,
            operator,
            effect,
            digest,
            on_disk,
        } => decide::apply_patch(draft, gate, operator, effect, *digest, on_disk),
        Input::UndoPatch {
            gate,
            operator,
            path,
            words: _,
            digest,
            on_disk,
        } => decide::undo_patch(draft, gate, operator, path.as_ref(), *digest, on_disk),
        Input::Expire {
            key,
            wake,
            is_missed,
            on_disk,
        } => decide::expire(draft, key, *wake, *is_missed, on_disk),
        Input::Resume { operator, plan } => {
            let changes = jobs::resume(draft, operator, plan)?;
            as_expected(rows, &changes, plan.expected.as_deref(), cx)?;
            Ok(changes)
        }
        Input::Cancel { operator } => jobs::cancel(draft, operator),
        Input::Acknowledge { operator } => jobs::acknowledge(draft, operator),
        Input::Complete { operator } => jobs::complete(draft, operator),
        Input::TakeLease {
            gate,
            operator,
            session,
            purpose,
            is_takeover,
        } => lease::take(draft, gate, operator, session, *purpose, *is_takeover),
        Input::Hold { gate, operator, reason } => hold::hold(draft, gate, operator, reason.as_deref()),
        Input::Release { gate, operator, reason } => hold::release(draft, gate, operator, reason.as_deref()),
        Input::Extend {
            gate,
            operator,
            seconds,
            expected,
        } => hold::extend(draft, gate, operator, *seconds, *expected),
        Input::Withdraw {
            gate,
            operator,
            reason,
            record,
        } => outside::withdraw(draft, gate, operator, reason.as_deref(), record),
        Input::ReleaseLease { gate, session } => lease::release(draft, gate, session),
        Input::MarkSeen {
            gate,
            operator,
            digest,
            extent,
        } => lease::mark_seen(draft, gate, operator, *digest, *extent),
        Input::StageStarted {
            stage,
            attempt,
            on_disk,
        } => stages::started(draft, stage, *attempt, on_disk),
        Input::StageNotStarted { stage, attempt, why } => stages::not_started(draft, stage, *attempt, why),
        Input::StageEnded {
            stage,
            attempt,
            outcome,
        } => stages::ended(draft, stage, *attempt, outcome),
        Input::ArtifactMoved { stage, attempt, moved } => stages::artifact_moved(draft, stage, *attempt, moved),
    }
}

/// Refuses what would come to something else than the operator was told.
fn as_expected(
    before: &JobRows,
    changes: &[Change],
    expected: Option<&Outlook>,
    cx: Context<'_>,
) -> Result<(), Refusal> {
    let Some(expected) = expected else { return Ok(()) };
    let after = applied(&before.job.id, Some(before), changes)?;
    let now = Outlook::of(before, &after, changes, cx.now, cx.grace_s);
    if now.is_same_deed(expected) {
        return Ok(());
    }
    Err(Refusal::other_than_told(&before.job.id, &now.sentences()))
}

/// What the rules would make of an input, and of the job's rows: found by running them dry; nobody's rows change.
///
/// Whoever makes the job pause by a decision wants to know what comes of resuming it: `resume` finds what that needs to know on the rows
/// as they would be, and the same rules say the rest.
pub fn foresee(
    job_id: &JobId,
    rows: Option<&JobRows>,
    prepared: &Prepared,
    cx: Context<'_>,
    resume: &mut dyn FnMut(&JobRows) -> Result<Prepared, Refusal>,
) -> Result<(Outlook, JobRows), Refusal> {
    let (outlook, after) = run_dry(job_id, rows, prepared, cx)?;
    if !matches!(prepared.input, Input::Decide { .. }) || after.job.status != JobStatus::Paused {
        return Ok((outlook, after));
    }
    let resumed = resume(&after).and_then(|prepared| run_dry(job_id, Some(&after), &prepared, cx));
    Ok((outlook.then_resumed(resumed.map(|(outlook, _)| outlook)), after))
}

/// The outlook, and the rows as they would be.
fn run_dry(
    job_id: &JobId,
    rows: Option<&JobRows>,
    prepared: &Prepared,
    cx: Context<'_>,
) -> Result<(Outlook, JobRows), Refusal> {
    let before = rows.ok_or_else(|| Refusal::no_such_job(job_id))?;
    let (changes, after) = dry(job_id, rows, prepared, cx)?;
    Ok((Outlook::of(before, &after, &changes, cx.now, cx.grace_s), after))
}

/// The changes that would come of an input, and the rows as they would be.
fn dry(
    job_id: &JobId,
    rows: Option<&JobRows>,
    prepared: &Prepared,
    cx: Context<'_>,
) -> Result<(Vec<Change>, JobRows), Refusal> {
    let changes = reduce(job_id, rows, prepared, cx)?;
    let after = applied(job_id, rows, &changes)?;
    Ok((changes, after))
}

/// The rows as changes make them.
fn applied(job_id: &JobId, rows: Option<&JobRows>, changes: &[Change]) -> Result<JobRows, Refusal> {
    let mut after = rows.cloned();
    let mut decisions = Vec::new();
    for change in changes.iter().cloned() {
        match change.apply_to(&mut after)? {
            Beside::Decision(decision) => decisions.push(decision),
            Beside::Nothing | Beside::Opened(_) | Beside::Event(_) => {}
        }
    }
    let mut after = after.ok_or_else(|| Refusal::no_such_job(job_id))?;
    for decision in decisions {
        after.note_newest(*decision);
    }
    Ok(after)
}
