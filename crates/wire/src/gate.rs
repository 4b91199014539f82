//! A gate as clients read it: in a job's `gates[]`, in `gates/status`, and alone.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{CommentDoc, ContextDoc, DocumentContext, HeartbeatDoc};
use domain::artifact::{Base, GateArtifact, SinceRejection};
use domain::comment::Comment;
use domain::context::GateContext;
use domain::decision::{Decision, SealedDecision, Seen};
use domain::gate::{Gate, GateState, Settled};
use domain::hold::used_up;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::old::{OldGate, OldJob};
use domain::policy::{AtZero, Doubt, GatePolicy, OnTimeout};
use domain::stage_state::StageState;
use domain::time::{SECOND_US, Timestamp};
use domain::timer::{GateTimer, TimerStatus};

/// One stage's gate, reached or not, of its latest attempt.
// Clients read it as one flat object: its shape is the contract, so it has a field for each of
// theirs.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Gate)]
pub struct GateDoc<'a> {
    /// The stage.
    #[schema(value_type = String)]
    pub stage: &'a StageName,
    /// not_reached, passed, open, decided (until `recall_until` that may be taken back), approved, rejected, canceled or recalled (its decision was taken back).
    #[schema(value_type = String)]
    pub state: StageState,
    /// From 1; null before the first.
    #[schema(required = true)]
    pub attempt: Option<u32>,
    /// Whether a person is wanted.
    pub(crate) required: bool,
    /// Null unless decided for good.
    #[schema(required = true)]
    pub(crate) approved: Option<bool>,
    /// Who decided.
    #[schema(required = true)]
    pub by: Option<&'a str>,
    /// When it was decided.
    #[schema(value_type = Option<String>, required = true)]
    pub at: Option<Timestamp>,
    /// What the decider wrote.
    #[schema(required = true)]
    pub notes: Option<&'a str>,
    /// What they said about lines; absent where they said nothing.
    #[schema(value_type = Vec<CommentDoc>, required = false)]
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub comments: &'a [Comment],
    /// The patch that came with it.
    #[schema(value_type = Option<Object>, required = true)]
    pub(crate) patch: Option<&'a Value>,
    /// Whether there is one.
    pub(crate) has_patch: bool,
    /// Whether the timer approved.
    pub(crate) auto_approved: bool,
    /// When it opened.
    #[schema(value_type = Option<String>, required = true)]
    pub opened_at: Option<Timestamp>,
    /// When the timer acts; null: never.
    #[schema(value_type = Option<String>, required = true)]
    pub deadline: Option<Timestamp>,
    /// Seconds from opening to the deadline.
    #[schema(required = true)]
    pub(crate) timeout_seconds: Option<u64>,
    /// Whether silence may decide.
    pub(crate) auto_approve_enabled: bool,
    /// approve, reject or hold.
    pub on_timeout: &'static str,
    /// What the timer does where it would approve and nobody was shown the whole change: approve, hold or reject.
    pub(crate) unseen: &'static str,
    /// How many seconds before its end the timer is told of once more.
    pub(crate) remind_before_s: &'a [u64],
    /// What the timer does where it would approve and no last call reached anybody: approve or hold.
    pub(crate) nobody_reached: &'static str,
    /// Whether one of these last calls stood on a console, or was taken by a webhook that asks for them.
    pub(crate) is_reached: bool,
    /// What the timer does at zero as the gate stands: approve, reject or hold; null where it has none, or is decided.
    #[schema(value_type = Option<String>, required = true)]
    pub at_zero: Option<OnTimeout>,
    /// Why it does not approve, though that was agreed on: `unseen`, because nobody was shown the whole change, or `nobody_reached`, because no last call reached anybody; absent without a doubt.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// Seconds until the timer acts; while stopped: the time until it acts if the hold lasts as long as it may. Null: it never acts by
    /// itself.
    #[schema(required = true)]
    pub time_remaining: Option<f64>,
    /// Seconds that it has been open, or was.
    #[schema(required = true)]
    pub(crate) time_elapsed: Option<f64>,
    /// Since when it is overdue: its deadline passed while nobody could act.
    #[schema(value_type = Option<String>, required = true)]
    pub overdue_since: Option<Timestamp>,
    /// Whether the policy stopped the timer for good.
    pub held_by_policy: bool,
    /// Who has a prompt or an editor open.
    #[schema(required = true)]
    pub held_by: Option<&'a str>,
    /// Who stopped the timer on purpose, and since when.
    #[schema(required = true)]
    pub hold: Option<HoldDoc<'a>>,
    /// How the timer stands while a hold, a prompt or an editor stops it.
    #[schema(required = true)]
    pub stopped: Option<StoppedDoc>,
    /// Seconds that persons may still add; null without a timer.
    #[schema(required = true)]
    pub addable_seconds: Option<f64>,
    /// The digest that a decision may name.
    #[schema(value_type = Option<String>, required = true)]
    pub(crate) digest: Option<Digest>,
    /// The digest of `context`, which a decision may name too.
    #[schema(value_type = Option<String>, required = true)]
    pub(crate) context_digest: Option<Digest>,
    /// What is under review.
    pub artifacts: Vec<GateArtifactDoc<'a>>,
    /// Who has looked.
    #[schema(value_type = Vec<Value>)]
    pub seen: &'a [Seen],
    /// Why it is open again on what lies there, in words: `for review: w.txt was replaced`; absent where it is just its stage's turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// Who ended it without a decision, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canceled: Option<CanceledDoc<'a>>,
    /// How many seconds a person's decision on it may be taken back.
    pub(crate) recall_s: u64,
    /// Until when the decision may be taken back; nothing has come of it before. Absent: it is final, or there is none.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall_until: Option<Timestamp>,
    /// What that decision says as long as it may be taken back: approved or rejected.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall_verdict: Option<GateState>,
    /// Who took the decision back, and when; the next attempt is decided in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recalled: Option<CanceledDoc<'a>>,
    /// The decision that was taken back before, in whose place this gate opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recalls: Option<RecallsDoc<'a>>,
    /// Why it is asked for; absent where nobody said so.
    #[schema(value_type = Option<ContextDoc>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<&'a GateContext>,
    /// The sign of life that its requester promised; absent where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<HeartbeatDoc>,
}

/// A decision that was taken back.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Recalls)]
pub struct RecallsDoc<'a> {
    /// Its number.
    pub(crate) seq: u64,
    /// Who took it back.
    pub(crate) by: &'a str,
    /// When.
    #[schema(value_type = String)]
    pub(crate) at: Timestamp,
}

/// Who ended a gate without a decision, or took its decision back.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Canceled)]
pub struct CanceledDoc<'a> {
    /// Who.
    pub by: &'a str,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
}

/// A person's hold of a timer.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Hold)]
pub struct HoldDoc<'a> {
    /// Who.
    pub by: &'a str,
    /// Since when.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Why, if they said so.
    #[schema(required = true)]
    pub reason: Option<&'a str>,
    /// Whether its time is used up (the gate's `max_hold_s`), so that the timer runs on.
    pub(crate) is_used_up: bool,
}

impl HoldDoc<'_> {
    /// What is said of it where it stops nothing any more.
    pub fn used_up(self) -> Option<String> {
        self.is_used_up.then(|| used_up(self.by))
    }
}

/// A timer that persons stop.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Stopped)]
pub struct StoppedDoc {
    /// Seconds that were left, and stand still.
    pub left_seconds: f64,
    /// When it runs again at the latest.
    #[schema(value_type = String)]
    pub until: Timestamp,
}

/// An artifact under review.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GateArtifact)]
pub struct GateArtifactDoc<'a> {
    /// What it is.
    pub kind: &'a str,
    /// Relative to the run directory.
    #[schema(value_type = String)]
    pub path: &'a ArtifactPath,
    /// The absolute path, where the server listens on this machine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// The version under review.
    #[schema(value_type = String)]
    pub sha256: Digest,
    /// Its size.
    pub size_bytes: u64,
    /// The version it is compared with.
    #[schema(value_type = Option<String>, required = true)]
    pub base_sha256: Option<Digest>,
    /// Where that came from, in words.
    #[schema(required = true)]
    pub base: Option<String>,
    /// Every version it may be compared with.
    pub(crate) bases: Vec<BaseDoc>,
    /// Lines added against the base.
    pub added_lines: u32,
    /// Lines removed.
    pub removed_lines: u32,
    /// Whether line counts say nothing.
    pub is_binary: bool,
    /// What changed since a version was rejected that is nearer than the base.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since_rejection: Option<SinceRejectionDoc<'a>>,
}

/// A rejection that came after the version that an artifact is compared with.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SinceRejection)]
pub struct SinceRejectionDoc<'a> {
    /// The attempt that was rejected.
    attempt: u32,
    /// Who rejected it.
    by: &'a str,
    /// The rejected version.
    #[schema(value_type = String)]
    digest: Digest,
    /// Lines added since.
    added_lines: u32,
    /// Lines removed since.
    removed_lines: u32,
}

impl<'a> SinceRejectionDoc<'a> {
    fn of(since: &'a SinceRejection) -> Self {
        Self {
            attempt: since.attempt,
            by: &since.by,
            digest: since.digest,
            added_lines: since.added_lines,
            removed_lines: since.removed_lines,
        }
    }
}

/// A version that an artifact may be compared with.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GateBase)]
pub struct BaseDoc {
    /// SHA-256.
    #[schema(value_type = String)]
    pub(crate) sha256: Digest,
    /// Where it came from, in words.
    pub(crate) origin: String,
}

impl BaseDoc {
    fn of(base: &Base) -> Self {
        Self {
            sha256: base.digest,
            origin: base.origin.label(),
        }
    }
}

impl<'a> GateArtifactDoc<'a> {
    /// The document of one artifact under review.
    pub(crate) fn of(job_id: &JobId, artifact: &'a GateArtifact, lens: DocumentContext<'_>) -> Self {
        Self {
            kind: &artifact.kind,
            path: &artifact.path,
            file: lens
                .runs_dir
                .map(|runs_dir| format!("{runs_dir}/{job_id}/{}", artifact.path)),
            sha256: artifact.digest,
            size_bytes: artifact.size_bytes,
            base_sha256: artifact.base.as_ref().map(|base| base.digest),
            base: artifact.base.as_ref().map(|base| base.origin.label()),
            bases: artifact.bases.iter().map(BaseDoc::of).collect(),
            added_lines: artifact.added_lines,
            removed_lines: artifact.removed_lines,
            is_binary: artifact.is_binary,
            since_rejection: artifact.since_rejection.as_ref().map(SinceRejectionDoc::of),
        }
    }
}

impl GateDoc<'_> {
    /// What its timer does at zero, where it has one.
    pub fn then(&self) -> Option<AtZero> {
        let (then, because) = (self.at_zero?, self.doubt);
        Some(AtZero { then, because })
    }

    /// What the timer does at zero, and why, behind the deadline; of a decided gate, what was agreed
    /// on.
    pub fn at_deadline(&self) -> String {
        match self.then() {
            None => format!(", then {}", self.on_timeout),
            Some(at_zero) if self.held_by_policy => {
                let doubt = at_zero.because.map(|doubt| format!(": {}", doubt.words()));
                format!("; only a person decides{}", doubt.unwrap_or_default())
            }
            Some(at_zero) => format!(", then {}{}", at_zero.then, at_zero.unless()),
        }
    }
}

fn seconds(us: i64) -> f64 {
    us.max(0) as f64 / SECOND_US as f64
}

impl<'a> GateDoc<'a> {
    /// The gate of a stage's latest attempt, reached or not.
    pub fn of_stage(rows: &'a JobRows, stage: &'a StageName, lens: DocumentContext<'_>) -> Self {
        let (state, gate) = StageState::of(rows, stage);
        match gate {
            Some(gate) => Self::of_gate(rows, gate, lens),
            None => {
                let policy = lens.policies.get(stage).cloned();
                let is_gated = policy.is_some();
                let policy = policy.unwrap_or_default();
                Self {
                    attempt: rows.newest_attempt(stage).map(|attempt| attempt.number),
                    required: is_gated && policy.required,
                    timeout_seconds: policy.auto_approve_after_s,
                    auto_approve_enabled: policy.auto_approve,
                    on_timeout: policy.on_timeout.as_str(),
                    unseen: policy.unseen.as_str(),
                    nobody_reached: policy.nobody_reached.as_str(),
                    recall_s: policy.recall_s,
                    ..Self::blank(stage, state)
                }
            }
        }
    }

    /// A gate of which nothing is known but where it stands.
    fn blank(stage: &'a StageName, state: StageState) -> Self {
        Self {
            stage,
            state,
            attempt: None,
            required: false,
            approved: None,
            by: None,
            at: None,
            notes: None,
            comments: &[],
            patch: None,
            has_patch: false,
            auto_approved: false,
            opened_at: None,
            deadline: None,
            timeout_seconds: None,
            auto_approve_enabled: false,
            on_timeout: OnTimeout::Approve.as_str(),
            unseen: OnTimeout::Approve.as_str(),
            remind_before_s: &[],
            nobody_reached: OnTimeout::Approve.as_str(),
            is_reached: false,
            at_zero: None,
            doubt: None,
            time_remaining: None,
            time_elapsed: None,
            overdue_since: None,
            held_by_policy: false,
            held_by: None,
            hold: None,
            stopped: None,
            addable_seconds: None,
            digest: None,
            context_digest: None,
            artifacts: Vec::new(),
            seen: &[],
            review: None,
            canceled: None,
            recall_s: 0,
            recall_until: None,
            recall_verdict: None,
            recalled: None,
            recalls: None,
            context: None,
            heartbeat: None,
        }
    }

    /// A gate of an old record, as it was left: the one that the job waited at is open, though nobody will decide it.
    pub fn of_old(job: &OldJob, gate: &'a OldGate) -> Self {
        let decision = gate.decision.as_ref();
        let is_waited_at = job.status == JobStatus::NeedsApproval && job.stage.as_ref() == Some(&gate.stage);
        let state = match decision.map(|decision| decision.approved) {
            Some(true) => StageState::Approved,
            Some(false) => StageState::Rejected,
            None if is_waited_at => StageState::Open,
            None => StageState::NotReached,
        };
        Self {
            required: gate.required,
            approved: decision.map(|decision| decision.approved),
            by: decision.map(|decision| decision.by.as_str()),
            at: decision.map(|decision| decision.at),
            notes: decision.and_then(|decision| decision.notes.as_deref()),
            patch: decision.and_then(|decision| decision.patch.as_ref()),
            has_patch: decision.is_some_and(|decision| decision.patch.is_some()),
            auto_approved: decision.is_some_and(|decision| decision.auto_approved),
            ..Self::blank(&gate.stage, state)
        }
    }

    /// Exactly this gate. Its decision is told only when `rows` has it.
    pub fn of_gate(rows: &'a JobRows, gate: &'a Gate, lens: DocumentContext<'_>) -> Self {
        let sealed = rows.decision_on(&gate.key);
        let decision = sealed.map(|sealed| &sealed.decision);
        let is_open = gate.state == GateState::Open;
        let settled = gate.settled.as_ref();
        let is_decided = matches!(gate.state, GateState::Approved | GateState::Rejected);
        let lease = gate.lease.as_ref().filter(|lease| is_open && lease.is_live(lens.now));
        let timer = gate.timer.as_ref();
        let at_zero = gate.at_zero();
        let max_hold_s = gate.policy.max_hold_s;
        let stopped = |timer: &GateTimer| {
            Some(StoppedDoc {
                left_seconds: seconds(timer.left_when_stopped_us(lens.grace_s)?),
                until: timer.runs_again_at(lens.now, max_hold_s),
            })
        };
        let (fires_at, stopped) = timer.filter(|_| is_open).map_or((None, None), |timer| {
            match timer.status(lease, lens.now, max_hold_s, lens.grace_s) {
                TimerStatus::Running(at) | TimerStatus::Overdue(at) => (Some(at), None),
                TimerStatus::Leased(at) | TimerStatus::Held(at) => (Some(at), stopped(timer)),
                TimerStatus::HeldByPolicy => (None, None),
            }
        });
        let until = settled.map_or(lens.now.utc, |settled| settled.at);
        let ended = |state| {
            let Settled { by, at } = settled.filter(|_| gate.state == state)?;
            Some(CanceledDoc { by, at: *at })
        };
        Self {
            stage: &gate.key.stage,
            state: StageState::of_gate(gate),
            attempt: Some(gate.key.attempt),
            required: gate.policy.required,
            approved: gate.is_final().then_some(gate.state == GateState::Approved),
            by: settled.filter(|_| is_decided).map(|settled| settled.by.as_str()),
            at: settled.filter(|_| is_decided).map(|settled| settled.at),
            notes: decision.and_then(|decision| decision.notes()),
            comments: decision.map_or(&[], |decision| decision.comments()),
            patch: decision.and_then(|decision| decision.patch()),
            has_patch: decision.is_some_and(|decision| decision.patch().is_some()),
            auto_approved: decision.is_some_and(Decision::is_auto_approved),
            opened_at: Some(gate.opened_at),
            deadline: gate.deadline(),
            timeout_seconds: gate.policy.auto_approve_after_s,
            auto_approve_enabled: gate.policy.auto_approve,
            on_timeout: gate.policy.on_timeout.as_str(),
            unseen: gate.policy.unseen.as_str(),
            remind_before_s: &gate.policy.remind_before_s,
            nobody_reached: gate.policy.nobody_reached.as_str(),
            is_reached: timer.is_some_and(GateTimer::is_reached),
            at_zero: at_zero.map(|at_zero| at_zero.then),
            doubt: at_zero.and_then(|at_zero| at_zero.because),
            time_remaining: fires_at.map(|at| seconds(at.us_since(lens.now.utc))),
            time_elapsed: Some(seconds(until.us_since(gate.opened_at))),
            overdue_since: timer.and_then(|timer| timer.overdue_since),
            held_by_policy: timer.is_some_and(|timer| timer.held_by_policy_at.is_some()),
            held_by: lease.map(|lease| lease.holder.name.as_str()),
            hold: timer
                .filter(|_| is_open)
                .and_then(|timer| timer.hold.as_ref())
                .map(|hold| HoldDoc {
                    by: &hold.holder.name,
                    at: hold.taken_at,
                    reason: hold.reason.as_deref(),
                    is_used_up: timer.is_some_and(|timer| timer.used_up_hold(lens.now, max_hold_s).is_some()),
                }),
            stopped,
            addable_seconds: timer
                .filter(|timer| is_open && timer.held_by_policy_at.is_none())
                .map(|timer| seconds(timer.addable_us(lens.now, max_hold_s))),
            digest: Some(gate.digest()),
            context_digest: Some(gate.context.digest()),
            artifacts: gate
                .artifacts
                .iter()
                .map(|artifact| GateArtifactDoc::of(&gate.key.job_id, artifact, lens))
                .collect(),
            seen: &gate.seen,
            review: rows.review_words(gate),
            canceled: ended(GateState::Canceled),
            recall_s: gate.policy.recall_s,
            recall_until: gate.recall.as_ref().map(|window| window.until),
            recall_verdict: gate.recall.as_ref().map(|_| gate.state),
            recalled: ended(GateState::Recalled),
            recalls: gate.recalls.as_ref().map(|recalled| RecallsDoc {
                seq: recalled.seq,
                by: &recalled.by,
                at: recalled.at,
            }),
            context: Some(&gate.context).filter(|context| !context.is_empty()),
            heartbeat: gate.heartbeat.as_ref().map(HeartbeatDoc::from),
        }
    }
}

/// A gate with its job.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = JobGate)]
pub struct JobGateDoc<'a> {
    /// The job.
    #[schema(value_type = String)]
    pub job_id: &'a JobId,
    /// Its short name.
    pub slug: &'a str,
    /// Where it stands.
    #[schema(value_type = String)]
    pub job_status: JobStatus,
    /// The gate.
    #[schema(inline)]
    #[serde(flatten)]
    pub gate: GateDoc<'a>,
    /// The policy that was frozen when it opened.
    #[schema(ignore)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<&'a GatePolicy>,
    /// The policy in force for gates of this stage that open from now on.
    #[schema(ignore)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_in_force: Option<&'a GatePolicy>,
    /// The decision file.
    #[schema(ignore)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<&'a SealedDecision>,
    /// Whether the files are in place under their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<bool>,
    /// What whoever opened it should know: the configuration does not know its stage, so no timer was agreed on.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub warnings: &'a [String],
}

impl<'a> JobGateDoc<'a> {
    /// A gate with its job, and nothing that would have to be read besides.
    pub fn of(rows: &'a JobRows, gate: GateDoc<'a>) -> Self {
        Self {
            job_id: &rows.job.id,
            slug: &rows.job.slug,
            job_status: rows.job.status,
            gate,
            policy: None,
            policy_in_force: None,
            decision: None,
            published: None,
            warnings: &[],
        }
    }
}
