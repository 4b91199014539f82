//! The rules of what follows from what: rows of one job, a trigger and the evidence for it in,
//! changes or a refusal out.
//!
//! Pure. It runs inside the store's transaction, so what it reads is what it changes; whatever
//! needed files (digests, plans of patches) was found out before and comes along as evidence. Every
//! front end, the timer and the stage runner end here.

mod ahead;
mod alive;
mod decide;
mod forecast;
mod hold;
mod job_edit;
mod jobs;
mod last_call;
mod lease;
mod outside;
mod recall;
mod review;
mod stages;

use std::collections::BTreeMap;

use domain::artifact::GateArtifact;
use domain::ask::{Ask, Command};
use domain::change::{self, Change};
use domain::comment::CountedVersion;
use domain::context::GateContext;
use domain::gate::OnDisk;
use domain::ids::{HostId, JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::key::{GateKey, GateRef};
use domain::operator::Via;
use domain::outlook::Outlook;
use domain::policy::GatePolicy;
use domain::proposal::Proposal;
use domain::refusal::Refusal;
use domain::stage::StageSpec;
use domain::time::Now;
use domain::wake::{DueGate, WakeKind};

pub use ahead::Ahead;
pub use forecast::{forecast, under_policies};
pub use job_edit::find_gate;
pub use jobs::new_job;

use job_edit::JobEdit;

/// What the rules need besides the rows.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The time of the transaction.
    pub now: Now,
    /// The policy in force, for gates that open now.
    pub policies: &'a BTreeMap<StageName, GatePolicy>,
    /// The stages of a job that starts now.
    pub stages: &'a [StageSpec],
    /// Seconds that an overdue gate waits for a person.
    pub grace_s: u64,
    /// This process.
    pub via: &'a Via,
}

/// Artifacts that are not what was decided on: the stage that answers for them, and what of them
/// lies there now.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    pub stage: StageName,
    /// All that it answers for, as it lies there, stored as versions; its base is the version that
    /// was decided on.
    pub artifacts: Vec<GateArtifact>,
}

/// What the log says of how a gate was opened and ended, and of whoever wants to withdraw it.
/// Events never change, so it may be read before the transaction.
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

/// What the machine itself tells of one job, in nobody's name.
#[derive(Debug, Clone)]
pub enum Happening {
    /// The ticker found the gate due: its time is up, or that to take its decision back.
    Expired(DueGate),
    /// A webhook of this name took a last call of the gate.
    Answered {
        key: GateKey,
        webhook: String,
        /// Whether its configuration names last calls among what it is told.
        is_asked_for: bool,
    },
    /// The leader is about to start a stage's supervisor, on this host.
    StageStarted {
        stage: StageName,
        attempt: u32,
        host: Option<HostId>,
    },
    /// Its supervisor could not be started: nothing ran, and the attempt waits again.
    StageNotStarted {
        stage: StageName,
        attempt: u32,
        why: String,
    },
    /// A stage's supervisor is gone. Its own host tells it; that it was lost with its host, the
    /// leader.
    StageEnded {
        stage: StageName,
        attempt: u32,
        /// The host that the supervisor ran on.
        host: Option<HostId>,
        outcome: StageOutcome,
    },
    /// Before a stage's supervisor was started, an artifact was found to differ from what was
    /// decided on.
    ArtifactMoved {
        /// The stage that does not start.
        stage: StageName,
        attempt: u32,
        /// Which, and what it is now.
        moved: OnDisk,
    },
}

/// Why the rules are asked.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one is made for each transaction")]
pub enum Trigger {
    /// Somebody wants something.
    Asked(Ask),
    /// Something happened.
    Happened(Happening),
}

/// What was found on disk and in the log before the transaction: as much of it as the trigger
/// needs.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The attempt that was looked at, where an operator named only a stage: a newer gate that
    /// opens meanwhile gets its own decision.
    pub attempt: Option<u32>,
    /// What lies there of what is under review, or of what the stage may read that starts.
    pub on_disk: Vec<OnDisk>,
    /// The patch of the command, or that of the rejection that a resume answers, planned on that.
    pub proposal: Option<Proposal>,
    /// How many lines the versions have that are commented on.
    pub counted: Vec<CountedVersion>,
    /// What the gate said when it was read, where that is something else than it says now.
    pub read_context: Option<GateContext>,
    /// Whether what the decision is made from was found as the draft of whoever is named as its
    /// writer.
    pub has_draft: bool,
    /// The patch that is taken back, in words.
    pub taken_back: Option<String>,
    /// Files from outside, stored as versions: what a gate is opened for.
    pub brought: Vec<GateArtifact>,
    /// For each bare stage that declares artifacts and may open next: those that exist, stored as
    /// versions.
    pub bare: BTreeMap<StageName, Vec<GateArtifact>>,
    /// What lies there of everything that the stage may read which waits for its start because of
    /// the command. None: no stage does, or nobody has looked; whoever starts it looks in any case.
    pub ahead: Option<Vec<OnDisk>>,
    /// What has to be reviewed before a resumed job may go on.
    pub review: Option<Review>,
    /// What the log says of the gate that is to be withdrawn.
    pub opening: OpeningRecord,
}

impl Evidence {
    /// Exactly the attempt whose files were looked at.
    pub fn pinned(&self, wanted: &GateRef) -> GateRef {
        GateRef {
            attempt: wanted.attempt.or(self.attempt),
            ..wanted.clone()
        }
    }
}

/// Applies the rules to the job of this id.
///
/// `rows` is the job as the transaction sees it; none: there is no such job. The refusal is an
/// answer, nothing is changed then.
pub fn reduce(
    job_id: &JobId,
    rows: Option<&JobRows>,
    trigger: &Trigger,
    evidence: &Evidence,
    cx: Context<'_>,
) -> Result<Vec<Change>, Refusal> {
    match trigger {
        Trigger::Asked(ask) => asked(job_id, rows, ask, evidence, cx),
        Trigger::Happened(happening) => {
            let rows = rows.ok_or_else(|| Refusal::no_such_job(job_id))?;
            let mut draft = JobEdit::new(rows, evidence, cx);
            happened(&mut draft, happening)?;
            Ok(draft.finish())
        }
    }
}

/// The same for what somebody wants.
pub fn asked(
    job_id: &JobId,
    rows: Option<&JobRows>,
    ask: &Ask,
    evidence: &Evidence,
    cx: Context<'_>,
) -> Result<Vec<Change>, Refusal> {
    let changes = commanded(job_id, rows, ask, evidence, cx)?;
    if let (Some(rows), Command::Resume { expected, .. }) = (rows, &ask.command) {
        as_expected(rows, &changes, expected.as_deref(), evidence, cx)?;
    }
    Ok(changes)
}

fn commanded(
    job_id: &JobId,
    rows: Option<&JobRows>,
    ask: &Ask,
    evidence: &Evidence,
    cx: Context<'_>,
) -> Result<Vec<Change>, Refusal> {
    let mut draft = match rows {
        Some(rows) => JobEdit::new(rows, evidence, cx),
        None => JobEdit::of_new_job(jobs::begun(job_id, ask, cx)?, evidence, cx),
    };
    draft.overridden = lease::overridden(&draft, ask)?;
    if rows.is_some() && matches!(ask.command, Command::StartJob(_)) {
        return Err(jobs::id_taken(job_id));
    }
    carry_out(&mut draft, ask)?;
    Ok(draft.finish())
}

fn carry_out(draft: &mut JobEdit<'_>, ask: &Ask) -> Result<(), Refusal> {
    let by = &ask.by;
    match &ask.command {
        Command::StartJob(_) => {
            jobs::start(draft);
            Ok(())
        }
        Command::OpenGate {
            stage,
            context,
            heartbeat,
            ..
        } => outside::open(draft, by, stage, context, *heartbeat),
        Command::KeepAlive {
            gate,
            context,
            heartbeat,
        } => alive::keep(draft, gate, by, context.as_deref(), *heartbeat),
        Command::Decide {
            gate,
            verdict,
            notes,
            comments,
            draft_by,
            patch,
            digest,
            context_digest,
        } => {
            let proposal = draft.planned(patch.as_ref())?;
            if let Some(Proposal::Params(_)) = proposal {
                // Every stage reads the parameters.
                ask.rights.allow_of_job(&by.name)?;
            }
            let judged = decide::Judged {
                verdict: *verdict,
                notes: notes.as_deref(),
                comments,
                draft_by: draft_by.as_deref(),
                proposal,
                digest: *digest,
                context_digest: *context_digest,
            };
            decide::decide(draft, gate, by, &judged)
        }
        Command::ApplyPatch { gate, patch, digest } => {
            let proposal = draft.planned(Some(patch))?;
            decide::apply_patch(draft, gate, by, proposal, *digest)
        }
        Command::UndoPatch { gate, path, digest } => decide::undo_patch(draft, gate, by, path.as_ref(), *digest),
        Command::Resume { .. } => jobs::resume(draft, ask),
        Command::Cancel(_) => jobs::cancel(draft, by),
        Command::Acknowledge(_) => jobs::acknowledge(draft, by),
        Command::Complete(_) => jobs::complete(draft, by),
        Command::TakeLease {
            gate,
            purpose,
            is_takeover,
        } => lease::take(draft, gate, ask, *purpose, *is_takeover),
        Command::Hold { gate, reason } => hold::hold(draft, gate, by, reason.as_deref()),
        Command::Release { gate, reason } => hold::release(draft, gate, by, reason.as_deref()),
        Command::Extend {
            gate,
            seconds,
            expected,
        } => hold::extend(draft, gate, by, *seconds, *expected),
        Command::Withdraw { gate, reason } => outside::withdraw(draft, gate, by, reason.as_deref()),
        Command::Recall { gate } => recall::take_back(draft, gate, by),
        Command::ReleaseLease { gate } => lease::release(draft, gate, ask.session.as_deref()),
        Command::MarkReached { gate } => last_call::shown(draft, gate, by),
        Command::MarkSeen { gate, digest, extent } => lease::mark_seen(draft, gate, by, *digest, *extent),
    }
}

fn happened(draft: &mut JobEdit<'_>, happening: &Happening) -> Result<(), Refusal> {
    match happening {
        Happening::Expired(due) if due.wake.kind == WakeKind::RecallEnd => recall::over(draft, due),
        Happening::Expired(due) => decide::expire(draft, due),
        Happening::Answered {
            key,
            webhook,
            is_asked_for,
        } => last_call::answered(draft, key, webhook, *is_asked_for),
        Happening::StageStarted { stage, attempt, host } => stages::started(draft, stage, *attempt, host.as_ref()),
        Happening::StageNotStarted { stage, attempt, why } => stages::not_started(draft, stage, *attempt, why),
        Happening::StageEnded {
            stage,
            attempt,
            host,
            outcome,
        } => stages::ended(draft, stage, *attempt, host.as_ref(), outcome),
        Happening::ArtifactMoved { stage, attempt, moved } => stages::artifact_moved(draft, stage, *attempt, moved),
    }
}

/// Refuses what would come to something else than the operator was told.
fn as_expected(
    before: &JobRows,
    changes: &[Change],
    expected: Option<&Outlook>,
    evidence: &Evidence,
    cx: Context<'_>,
) -> Result<(), Refusal> {
    let Some(expected) = expected else { return Ok(()) };
    let (after, changes) = recall::carried_out(before, changes.to_vec(), evidence, cx)?;
    let now = Outlook::of(before, &after, &changes, cx.now, cx.grace_s);
    if now.is_same_deed(expected) {
        return Ok(());
    }
    Err(Refusal::other_than_told(&before.job.id, &now.sentences()))
}

/// What the rules would make of a command, and of the job's rows: found by running them dry;
/// nobody's rows change. Of a decision that can be taken back: once it cannot any more.
///
/// Whoever makes the job pause by a decision wants to know what comes of resuming it: `resume`
/// finds what that needs to know on the rows as they would be, and the same rules say the rest.
pub fn foresee(
    job_id: &JobId,
    rows: Option<&JobRows>,
    ask: &Ask,
    evidence: &Evidence,
    cx: Context<'_>,
    resume: &mut dyn FnMut(&Ask, &JobRows) -> Result<Evidence, Refusal>,
) -> Result<(Outlook, JobRows), Refusal> {
    let rows = rows.ok_or_else(|| Refusal::no_such_job(job_id))?;
    let (outlook, after) = run_dry(rows, ask, evidence, cx)?;
    if !matches!(ask.command, Command::Decide { .. }) || after.job.status != JobStatus::Paused {
        return Ok((outlook, after));
    }
    let then = Ask {
        command: Command::resume(job_id.clone()),
        ..ask.clone()
    };
    let resumed = resume(&then, &after).and_then(|evidence| run_dry(&after, &then, &evidence, cx));
    Ok((outlook.then_resumed(resumed.map(|(outlook, _)| outlook)), after))
}

/// The outlook, and the rows as they would be.
fn run_dry(before: &JobRows, ask: &Ask, evidence: &Evidence, cx: Context<'_>) -> Result<(Outlook, JobRows), Refusal> {
    let changes = asked(&before.job.id, Some(before), ask, evidence, cx)?;
    let (after, changes) = recall::carried_out(before, changes, evidence, cx)?;
    Ok((Outlook::of(before, &after, &changes, cx.now, cx.grace_s), after))
}

/// The rows as changes make them.
fn applied(before: &JobRows, changes: &[Change]) -> Result<JobRows, Refusal> {
    let (mut after, decisions) = change::applied(Some(before.clone()), changes)?;
    for decision in decisions {
        after.note_newest(decision);
    }
    Ok(after)
}
