//! Why something was not done: a value, not a failure of the program.
//!
//! Every refusal says the one fact that explains it and what to do next (HOUSE: *what the operator
//! reads*). The front end puts `Not approved:` before it, because only it knows what was wanted.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::gate::{GateState, Settled, Verdict};
use super::hold::Hold;
use super::ids::{ArtifactPath, Digest, JobId, StageName};
use super::job::{JobRows, JobStatus};
use super::lease::{Lease, LeasePurpose};
use super::time::{Timestamp, clock_time};
use crate::key::GateKey;
use text::words::duration;

words! {
    /// What kind of refusal it is; decides exit codes and HTTP status codes.
    pub enum RefusalCode {
        /// Someone was quicker.
        AlreadyDecided = "already_decided",
        /// The gate ended without a decision.
        GateCanceled = "gate_canceled",
        /// No such job, stage or gate.
        NotFound = "not_found",
        /// What lies on disk is not what was reviewed.
        ArtifactChanged = "artifact_changed",
        /// What the requester says of the gate is not what was read.
        ContextChanged = "context_changed",
        /// The patch does not fit.
        PatchUnfit = "patch_unfit",
        /// The job is not in the state that this needs.
        WrongState = "wrong_state",
        /// The deadline is not the one that the caller knows.
        DeadlineMoved = "deadline_moved",
        /// What was sent breaks a rule or a limit.
        Invalid = "invalid",
        /// Whoever asks may not.
        NotAllowed = "not_allowed",
        /// A decision is in the way, as long as it may be taken back.
        StillRecallable = "still_recallable",
        /// This process may not, or not now.
        NotPossible = "not_possible",
        /// Nobody took it: whoever was asked is leaving, or has too much to do. Sent again under the
        /// name of its submission it is done once.
        NotNow = "not_now",
        /// Whoever was asked does not know such a question, command or field: one of the two is
        /// older than the other.
        NotUnderstood = "not_understood",
    }
}

impl RefusalCode {
    /// Whether it is kept under the name of what was submitted: what says when the same may be asked
    /// for again is no last word.
    pub fn is_last_word(self) -> bool {
        self != Self::StillRecallable
    }

    /// Whether the very same may be done later, without anybody's doing anything about it.
    pub fn passes(self) -> bool {
        matches!(self, Self::StillRecallable | Self::NotPossible | Self::NotNow)
    }
}

/// When something may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TryAgain {
    pub at: Timestamp,
    /// Seconds until then, begun ones too, by the clock that counts.
    pub after_s: u64,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its kind; one that a newer holdpoint has made counts as not possible.
    #[serde(deserialize_with = "code_or_newer")]
    pub code: RefusalCode,
    /// The one fact that explains it: no capital letter, no full stop.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The place: a field, a path, a gate.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// When to try again, where that is known.
    #[serde(skip)]
    pub again: Option<TryAgain>,
    /// The error that it came of.
    #[serde(skip)]
    pub cause: ErrorCause,
}

fn code_or_newer<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<RefusalCode, D::Error> {
    let word = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(word).unwrap_or(RefusalCode::NotPossible))
}

/// The error of a library that something came of, for the log and for `--verbose`. No document has
/// it, and any two are equal: refusals compare by what they say.
#[derive(Debug, Clone, Default)]
pub struct ErrorCause(Option<Arc<dyn Error + Send + Sync>>);

impl ErrorCause {
    pub fn of(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(error)))
    }

    /// The error itself, for [`Error::source`].
    pub fn error(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_deref().map(|error| error as &(dyn Error + 'static))
    }

    /// What each error of the chain says, the nearest first; what the line before says already is
    /// left out. `said` is the line before the first.
    pub fn chain(&self, said: &str) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut next = self.error();
        while let Some(error) = next {
            let text = error.to_string();
            if !causes.last().map_or(said, String::as_str).contains(&text) {
                causes.push(text);
            }
            next = error.source();
        }
        causes
    }
}

impl PartialEq for ErrorCause {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ErrorCause {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.error()
    }
}

/// An artifact that is not what was read of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangedArtifact<'a> {
    /// Its file name.
    pub(crate) name: &'a str,
    /// What was read.
    pub(crate) read: Digest,
    /// What it is now.
    pub(crate) now: Digest,
    /// The version of this artifact that was read, where that is known: what has changed is the
    /// difference to it.
    pub(crate) base: Option<Digest>,
    /// The gate's digest now.
    pub(crate) gate: Digest,
}

impl Refusal {
    /// A refusal without hint and place.
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            place: None,
            again: None,
            cause: ErrorCause::default(),
        }
    }

    /// No such job, stage or gate.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::NotFound, message)
    }

    /// The patch does not fit.
    pub fn unfit(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::PatchUnfit, message)
    }

    /// The job or gate is not in the state that this needs.
    pub fn wrong_state(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::WrongState, message)
    }

    /// What was sent breaks a rule or a limit.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::Invalid, message)
    }

    /// This process may not, or not now.
    pub fn not_possible(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::NotPossible, message)
    }

    /// Such a question, command or field is not known here.
    pub fn not_understood(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::NotUnderstood, message)
            .with_hint("one of the two holdpoints is older than the other: upgrade that one")
    }

    /// Adds the error that it came of.
    #[must_use]
    pub fn because(mut self, error: impl Error + Send + Sync + 'static) -> Self {
        self.cause = ErrorCause::of(error);
        self
    }

    /// The same in other words.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..self
        }
    }

    /// The line for the log: what it says and, where it came of an error, the causes of that.
    pub fn with_causes(&self) -> String {
        let causes = self.cause.chain(&self.message);
        std::iter::once(&self.message)
            .chain(&causes)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(": ")
    }

    /// Adds what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, of what stands in a part of something larger.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        let place = match self.place.as_deref() {
            None | Some("") => part.to_owned(),
            Some(place) => format!("{part}.{place}"),
        };
        self.at(place)
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Nobody promised a sign of life.
    pub fn no_heartbeat(key: &GateKey) -> Self {
        Self::wrong_state("this gate waits for no sign of life")
            .with_hint("open it with --heartbeat SECONDS, or heartbeat_s")
            .at(key.to_string())
    }

    /// Someone was quicker: names who and when.
    pub(crate) fn already_decided(key: &GateKey, verdict: Verdict, settled: Settled) -> Self {
        let message = format!("{} {} {key} at {}", settled.by, verdict.past(), clock_time(settled.at));
        Self::new(RefusalCode::AlreadyDecided, message).at(key.to_string())
    }

    /// Only a gate that was opened from outside can be withdrawn.
    pub fn not_from_outside(key: &GateKey) -> Self {
        Self::wrong_state(format!(
            "{key} was opened by its stage, not by a command, a client or a file"
        ))
        .with_hint("reject it, or cancel the job")
        .at(key.to_string())
    }

    /// Somebody else opened the gate.
    pub fn not_the_opener(key: &GateKey, opened_by: Option<&str>, who: &str) -> Self {
        let message = match opened_by {
            Some(opened_by) => format!("{opened_by} opened {key}, not {who}"),
            None => format!("who opened {key} is not recorded"),
        };
        Self::new(RefusalCode::NotAllowed, message)
            .with_hint("reject it; only who opened it, admin, and the owner of the runs directory may withdraw it")
            .at(key.to_string())
    }

    /// The gate ended without a decision.
    pub(crate) fn gate_canceled(key: &GateKey, settled: Settled) -> Self {
        let message = format!("{key} was canceled by {} at {}", settled.by, clock_time(settled.at));
        Self::new(RefusalCode::GateCanceled, message).at(key.to_string())
    }

    /// The decision on the gate was taken back.
    pub(crate) fn recalled(key: &GateKey, settled: &Settled) -> Self {
        let at = clock_time(settled.at);
        Self::wrong_state(format!("{} took the decision on {key} back at {at}", settled.by)).at(key.to_string())
    }

    /// The decision on the gate cannot be taken back, for this reason.
    pub fn not_recallable(key: &GateKey, why: impl fmt::Display) -> Self {
        Self::wrong_state(format!("the decision on {key} cannot be taken back: {why}"))
            .with_hint(format!("holdpoint job show {} tells where the job stands", key.job_id))
            .at(key.to_string())
    }

    /// The gate is decided, and until that is carried out nothing takes its place.
    pub fn still_recallable(key: &GateKey, again: TryAgain) -> Self {
        let until = clock_time(again.at);
        let message = format!("{key} is decided, and until {until} that can be taken back");
        let again = Some(again);
        Self {
            again,
            ..Self::new(RefusalCode::StillRecallable, message)
        }
        .with_hint(format!("try again after {until}"))
        .at(key.to_string())
    }

    /// There is no such job.
    pub fn no_such_job(id: &JobId) -> Self {
        Self::not_found(format!("there is no job {id}"))
            .with_hint("holdpoint job list shows the jobs of this runs directory")
            .at(id.to_string())
    }

    /// The job is the old system's.
    pub fn old_record(id: &JobId) -> Self {
        Self::wrong_state(format!("{id} is an old record: it is read and never written"))
            .with_hint("it is history; start a job under another id")
            .at(id.to_string())
    }

    /// The job has no such stage.
    pub fn no_such_stage(id: &JobId, stage: &StageName, known: &[StageName]) -> Self {
        let known: Vec<_> = known.iter().map(StageName::as_str).collect();
        Self::not_found(format!("job {id} has no stage {stage}"))
            .with_hint(format!("its stages are {}", known.join(", ")))
            .at(format!("{id} / {stage}"))
    }

    /// The stage has no gate yet.
    pub fn no_such_gate(id: &JobId, stage: &StageName) -> Self {
        Self::not_found(format!("no gate of {id} / {stage} has opened"))
            .with_hint(format!("holdpoint job show {id} tells where the job stands"))
            .at(format!("{id} / {stage}"))
    }

    /// There is no such gate: the stage is none, its gate never opened, or it has no such attempt.
    pub fn no_gate(rows: &JobRows, stage: &StageName, attempt: Option<u32>) -> Self {
        let id = &rows.job.id;
        let gates = rows.gates.iter().filter(|gate| gate.key.stage == *stage);
        let attempts: Vec<_> = gates.map(|gate| gate.key.attempt.to_string()).collect();
        match attempt {
            Some(attempt) if !attempts.is_empty() => {
                Self::not_found(format!("{id} / {stage} has no attempt #{attempt}"))
                    .with_hint(format!("its attempts are {}", attempts.join(", ")))
                    .at(format!("{id} / {stage}"))
            }
            Some(_) | None if rows.stage_spec(stage).is_some() => Self::no_such_gate(id, stage),
            Some(_) | None => {
                let known: Vec<_> = rows.job.stages.iter().map(|spec| spec.name.clone()).collect();
                Self::no_such_stage(id, stage, &known)
            }
        }
    }

    /// There is a newer attempt than the one that was meant.
    pub fn old_attempt(key: &GateKey, newest: u32) -> Self {
        Self::wrong_state(format!("{key} is an old attempt; the newest is #{newest}"))
            .with_hint("read the new attempt, then decide on that")
            .at(key.to_string())
    }

    /// What lies on disk is not what was reviewed.
    pub(crate) fn artifact_changed(key: &GateKey, changed: ChangedArtifact<'_>) -> Self {
        let ChangedArtifact {
            name,
            read,
            now,
            base,
            gate,
        } = changed;
        let message = format!(
            "{name} changed since it was read (you read {}, it is now {})",
            read.short(),
            now.short()
        );
        let only_since = base.map(|base| format!(" --base {base}")).unwrap_or_default();
        let hint = format!(
            "what changed since: holdpoint gate diff {} {}{only_since}; to decide on that, name it: --digest {gate}",
            key.job_id, key.stage
        );
        Self::new(RefusalCode::ArtifactChanged, message)
            .with_hint(hint)
            .at(name.to_owned())
    }

    /// What the requester says of the gate is not what was read: in these words.
    pub(crate) fn context_changed(key: &GateKey, words: &str, now: Digest) -> Self {
        let hint = format!(
            "what it says now: holdpoint gate show {} {}; to decide on that, name it: --context-digest {now}",
            key.job_id, key.stage
        );
        Self::new(RefusalCode::ContextChanged, format!("{words} since it was read"))
            .with_hint(hint)
            .at(key.to_string())
    }

    /// There is no patch to take back.
    pub(crate) fn nothing_to_undo(key: &GateKey, names: &[&str]) -> Self {
        let (what, made) = match names {
            [] => ("this gate has no artifact".to_owned(), String::new()),
            [one] => (
                format!("{one} is"),
                format!(" as {} #{} made it", key.stage, key.attempt),
            ),
            [several @ .., last] => (
                format!("{} and {last} are", several.join(", ")),
                format!(" as {} #{} made them", key.stage, key.attempt),
            ),
        };
        Self::wrong_state(format!("nothing to undo: {what}{made}")).at(key.to_string())
    }

    /// Somebody changed an artifact after the patch that would be taken back: their change would be
    /// lost with it.
    pub fn changed_since_patch(path: &ArtifactPath, made: Digest, now: Digest) -> Self {
        let message = format!(
            "{} was changed by other means after that patch (it made {}, now there is {})",
            path.file_name(),
            made.short(),
            now.short()
        );
        Self::new(RefusalCode::ArtifactChanged, message)
            .with_hint("taking the patch back would drop that change too; patch it, or put the bytes back by hand")
            .at(path.to_string())
    }

    /// A patch of the job's parameters makes the stage run again, so it goes with a rejection only
    /// (SPEC §6).
    pub fn params_need_rejection(key: &GateKey) -> Self {
        Self::unfit(format!(
            "a params patch goes with a rejection: {} runs again with it",
            key.stage
        ))
        .with_hint(format!(
            "holdpoint gate reject {} {} --patch FILE, then holdpoint job resume {}",
            key.job_id, key.stage, key.job_id
        ))
        .at("type")
    }

    /// An artifact is gone from the run directory.
    pub fn artifact_vanished(path: &ArtifactPath, digest: Digest) -> Self {
        Self::new(
            RefusalCode::ArtifactChanged,
            format!("{path} is missing from the run directory"),
        )
        .with_hint(format!("copy the reviewed bytes back first, from versions/{digest}"))
        .at(path.to_string())
    }

    /// Somebody registered another version between the look at the files and the transaction.
    pub fn stale_look(id: &JobId) -> Self {
        Self::wrong_state(format!("the artifacts of job {id} changed while they were looked at"))
            .with_hint("try again")
            .at(id.to_string())
    }

    /// What would be done is something else than the operator was told when they were asked.
    pub fn other_than_told(id: &JobId, now: &[String]) -> Self {
        Self::wrong_state(format!("what was asked is not so any more. {}", now.join(" ")))
            .with_hint("ask again")
            .at(id.to_string())
    }

    /// The patch is for something that this gate does not hold.
    pub(crate) fn not_under_review(path: &ArtifactPath, key: &GateKey) -> Self {
        Self::unfit(format!("{path} is not under review at {key}")).at("artifact")
    }

    /// The timer was asked about a gate that has none.
    pub fn no_timer(key: &GateKey) -> Self {
        Self::wrong_state(format!("{key} has no timer")).at(key.to_string())
    }

    /// A person wants to move a timer that the policy stopped.
    pub(crate) fn held_by_policy(key: &GateKey) -> Self {
        let message = format!("the policy of {key} stopped its timer for good");
        Self::wrong_state(message)
            .with_hint("only a decision ends this gate")
            .at(key.to_string())
    }

    /// Persons have added all that `max_hold_s` lets them.
    pub(crate) fn hold_used_up(key: &GateKey, max_hold_s: u64) -> Self {
        let message = match max_hold_s {
            0 => format!("nobody may stop or move the timer of {key}: its max_hold_s is 0"),
            _ => format!("the {} that persons may add to {key} are used up", duration(max_hold_s)),
        };
        Self::wrong_state(message)
            .with_hint("decide now, or reject: a rejection pauses the job")
            .at(key.to_string())
    }

    /// The timer was asked too early, or someone moved the deadline.
    pub fn not_due(key: &GateKey) -> Self {
        Self::wrong_state(format!("{key} is not due")).at(key.to_string())
    }

    /// A note is over the limit.
    pub fn notes_too_long(bytes: usize) -> Self {
        let max = super::gate::NOTES_BYTES_MAX;
        Self::invalid(format!("the note has {bytes} bytes; at most {max} are kept"))
            .with_hint("shorten it, or put the text into a file of its own")
            .at("notes")
    }

    /// The job would have to be paused.
    pub fn not_paused(id: &JobId, status: JobStatus) -> Self {
        Self::wrong_state(format!("job {id} is {}, not paused", status.words())).at(id.to_string())
    }

    /// The job has ended.
    pub fn job_ended(id: &JobId, status: JobStatus) -> Self {
        Self::wrong_state(format!("job {id} has already ended: {}", status.words())).at(id.to_string())
    }

    /// The gate is open and that is in the way.
    pub fn gate_open(key: &GateKey) -> Self {
        Self::wrong_state(format!("{key} is {}", GateState::Open))
            .with_hint("decide it first, or cancel the job")
            .at(key.to_string())
    }

    /// Somebody else stopped the timer.
    pub fn held_already(key: &GateKey, hold: &Hold) -> Self {
        let message = format!("{} holds {key} since {}", hold.holder.name, clock_time(hold.taken_at));
        Self::wrong_state(message)
            .with_hint("release it first, then hold it yourself")
            .at(key.to_string())
    }

    /// Another console has the gate open: nothing is done over its head.
    pub fn open_elsewhere(key: &GateKey, lease: &Lease) -> Self {
        let what = match lease.purpose {
            LeasePurpose::Prompt => "has a prompt open on",
            LeasePurpose::Compose => "is composing on",
        };
        Self::not_possible(format!("{} {what} {key}", lease.holder.name))
            .with_hint("Ctrl-t takes the gate over first; the record names both")
            .at(key.to_string())
    }

    /// The lease is another session's.
    pub fn held_by(key: &GateKey, holder: &str) -> Self {
        Self::not_possible(format!("{holder} has {key} open")).at(key.to_string())
    }
}
