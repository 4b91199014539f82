//! What a command would do, told from the changes that the rules answer with: the one place where the future is worded.
//!
//! The changes come from a dry run of the reducer (`engine::reducer::foresee`). Nothing here knows a rule; a sentence that cannot be
//! found in the changes is not said.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::change::Change;
use super::event::EventType;
use super::gate::{Gate, GateKey, GateState};
use super::ids::{ArtifactPath, Digest, StageName};
use super::job::{Attempt, AttemptState, JobRows, JobStatus};
use super::policy::OnTimeout;
use super::refusal::Refusal;
use super::words::duration;

/// How an artifact comes to have another registered version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A patch makes it.
    Patch,
    /// A patch is taken back.
    Undo,
    /// Somebody else put it there, and it is taken as it lies.
    Found,
}

/// One thing that would happen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "fact")]
pub enum Fact {
    /// An artifact has another version.
    ArtifactChanges {
        /// Which.
        path: ArtifactPath,
        /// The registered version before; null: there was no such file.
        from: Option<Digest>,
        /// The version then; null: the file is removed.
        to: Option<Digest>,
        /// How.
        cause: Cause,
    },
    /// The job's parameters change.
    ParamsChange {
        /// What they are set to.
        set: Map<String, Value>,
        /// What is no parameter any more.
        removed: Vec<String>,
    },
    /// A gate opens.
    GateOpens {
        /// Its stage.
        stage: StageName,
        /// Its attempt.
        attempt: u32,
        /// Seconds until the timer acts; null: only a person decides.
        after_s: Option<u64>,
        /// What the timer does then.
        on_timeout: Option<OnTimeout>,
        /// Whether the stage's command ran for it: not where a person is to see what lies there already.
        stage_ran: bool,
    },
    /// A gate is decided.
    GateDecided {
        /// Its stage.
        stage: StageName,
        /// Its attempt.
        attempt: u32,
        /// The verdict.
        approved: bool,
        /// Who.
        by: String,
    },
    /// A gate ends without a decision.
    GateCloses {
        /// Its stage.
        stage: StageName,
        /// Its attempt.
        attempt: u32,
    },
    /// A gate stays open over other bytes.
    GateStaysOpen {
        /// Its stage.
        stage: StageName,
        /// Its attempt.
        attempt: u32,
        /// Its digest then.
        digest: Digest,
    },
    /// A stage is passed over: it has no command and asks for no gate.
    StagePasses {
        /// Which.
        stage: StageName,
    },
    /// A stage's command runs, as soon as a leader has a slot for it.
    StageStarts {
        /// Which.
        stage: StageName,
        /// Its attempt.
        attempt: u32,
        /// Whether its command is handed the note of the rejection.
        gets_note: bool,
    },
    /// A stage's command is stopped, or does not start any more.
    StageStops {
        /// Which.
        stage: StageName,
        /// Its attempt.
        attempt: u32,
        /// Whether it runs.
        is_running: bool,
    },
    /// The pipeline outside may go on behind this stage.
    OutsideGoesOn {
        /// Which.
        stage: StageName,
    },
    /// The pipeline outside is to open this stage's gate again.
    OutsideOpens {
        /// Which.
        stage: StageName,
        /// The attempt that it would be.
        attempt: u32,
    },
    /// The job has another status, which no other fact tells.
    JobIs {
        /// Which.
        status: JobStatus,
    },
}

/// What a command would do to one job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outlook {
    /// What would happen, in this order.
    pub facts: Vec<Fact>,
    /// Where the job pauses: what resuming it would do then, or why it would be refused.
    pub resumed: Option<Result<Vec<Fact>, Refusal>>,
    /// The job's status then.
    pub job_status: JobStatus,
    /// The stage it would be at.
    pub job_stage: Option<StageName>,
}

impl Outlook {
    /// What these changes would make of a job; `before` are its rows as they are, `after` as they would be.
    pub fn of(before: &JobRows, after: &JobRows, changes: &[Change]) -> Self {
        Self {
            facts: facts(before, after, changes),
            resumed: None,
            job_status: after.job.status,
            job_stage: after.job.stage.clone(),
        }
    }

    /// The same, with what a resume would do then.
    #[must_use]
    pub fn then_resumed(self, resumed: Result<Self, Refusal>) -> Self {
        Self {
            resumed: Some(resumed.map(|outlook| outlook.facts)),
            ..self
        }
    }

    /// What would happen in plain words, a sentence each.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = words(&self.facts);
        match &self.resumed {
            None => {}
            Some(Ok(facts)) => {
                let mut resumed = words(facts).into_iter();
                sentences.extend(resumed.next().map(|first| format!("Once it is resumed: {first}")));
                sentences.extend(resumed);
            }
            Some(Err(refusal)) => {
                let hint = refusal.hint.as_ref().map(|hint| format!(" ({hint})"));
                let hint = hint.unwrap_or_default();
                sentences.push(format!("As things are it cannot be resumed: {refusal}{hint}."));
            }
        }
        if self.facts.iter().any(Fact::is_final) {
            sentences.push("Cannot be taken back.".to_owned());
        }
        sentences
    }

    /// The gate's digest after a patch, where one stays open over other bytes.
    pub fn digest(&self) -> Option<Digest> {
        self.facts.iter().find_map(|fact| match fact {
            Fact::GateStaysOpen { digest, .. } => Some(*digest),
            Fact::ArtifactChanges { .. }
            | Fact::ParamsChange { .. }
            | Fact::GateOpens { .. }
            | Fact::GateDecided { .. }
            | Fact::GateCloses { .. }
            | Fact::StagePasses { .. }
            | Fact::StageStarts { .. }
            | Fact::StageStops { .. }
            | Fact::OutsideGoesOn { .. }
            | Fact::OutsideOpens { .. }
            | Fact::JobIs { .. } => None,
        })
    }
}

/// What changes make of a job, in the order of the changes; what becomes of the job as a whole comes last.
fn facts(before: &JobRows, after: &JobRows, changes: &[Change]) -> Vec<Fact> {
    let causes = causes(changes);
    let mut facts = Vec::new();
    if before.job.params != after.job.params {
        facts.push(params(&before.job.params, &after.job.params));
    }
    for change in changes {
        match change {
            Change::PutArtifact(artifact) => {
                let from = before.registered(&artifact.path);
                // Without a word in the log: what a bare stage has to show is read anew when its gate opens again.
                let cause = causes.get(&artifact.path).copied().or(from.map(|_| Cause::Found));
                if let (Some(cause), true) = (cause, from != Some(artifact.digest)) {
                    let to = Some(artifact.digest);
                    facts.retain(|fact| !fact.is_of_artifact(&artifact.path));
                    facts.push(changed(&artifact.path, from, to, cause));
                }
            }
            Change::DropArtifact(path) => {
                // A stage that made its artifacts anew drops what stood beside them; that is its business, not this command's.
                if let Some(cause) = causes.get(path) {
                    facts.push(changed(path, before.registered(path), None, *cause));
                }
            }
            Change::PutAttempt(attempt) => facts.extend(attempt_fact(before, attempt)),
            Change::OpenGate(gate) => facts.push(opened(after, gate)),
            Change::PutGate(gate) => {
                let known = before.gate(&gate.key.stage, gate.key.attempt);
                if known.is_some_and(|known| known.digest() != gate.digest()) {
                    facts.push(Fact::GateStaysOpen {
                        stage: gate.key.stage.clone(),
                        attempt: gate.key.attempt,
                        digest: gate.digest(),
                    });
                }
            }
            Change::SettleGate { gate, decision } => {
                let GateKey { stage, attempt, .. } = gate.key.clone();
                facts.push(match decision {
                    None => Fact::GateCloses { stage, attempt },
                    Some(decision) => Fact::GateDecided {
                        stage: stage.clone(),
                        attempt,
                        approved: decision.is_approved(),
                        by: decision.by().to_owned(),
                    },
                });
                if after.job.is_manual && gate.state == GateState::Approved {
                    let stage = gate.key.stage.clone();
                    facts.push(Fact::OutsideGoesOn { stage });
                }
            }
            Change::Event(event) if event.kind == EventType::StageCompleted => {
                let is_passed = event.payload.get("gate").and_then(Value::as_bool) == Some(false);
                if let (Some(stage), true) = (&event.stage, is_passed) {
                    facts.push(Fact::StagePasses { stage: stage.clone() });
                }
            }
            Change::InsertJob(_) | Change::PutJob(_) | Change::Event(_) => {}
        }
    }
    facts.extend(job_fact(before, after, &facts));
    facts
}

/// Why artifacts have other versions: the log says it.
fn causes(changes: &[Change]) -> BTreeMap<ArtifactPath, Cause> {
    let mut causes = BTreeMap::new();
    for change in changes {
        let Change::Event(event) = change else { continue };
        let cause = match event.kind {
            EventType::PatchApplied => Cause::Patch,
            EventType::PatchUndone => Cause::Undo,
            EventType::ArtifactChanged => Cause::Found,
            EventType::JobCreated
            | EventType::JobStarted
            | EventType::StageStarted
            | EventType::StageCompleted
            | EventType::StageFailed
            | EventType::GateOpened
            | EventType::GateSeen
            | EventType::GateHeld
            | EventType::GateReleased
            | EventType::GateExtended
            | EventType::GateOverdue
            | EventType::GateApproved
            | EventType::GateRejected
            | EventType::GateAutoApproved
            | EventType::GateCanceled
            | EventType::JobPaused
            | EventType::JobResumed
            | EventType::JobCanceled
            | EventType::JobCompleted
            | EventType::JobFailed
            | EventType::JobAcknowledged => continue,
        };
        let path = event.payload.get("path").and_then(Value::as_str);
        if let Some(path) = path.and_then(|path| ArtifactPath::new(path).ok()) {
            // What somebody put there and a patch then changed is what the patch made.
            causes.insert(path, cause);
        }
    }
    causes
}

fn changed(path: &ArtifactPath, from: Option<Digest>, to: Option<Digest>, cause: Cause) -> Fact {
    Fact::ArtifactChanges {
        path: path.clone(),
        from,
        to,
        cause,
    }
}

fn params(before: &Map<String, Value>, after: &Map<String, Value>) -> Fact {
    let set = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let removed = before.keys().filter(|name| !after.contains_key(*name));
    Fact::ParamsChange {
        set: set.map(|(name, value)| (name.clone(), value.clone())).collect(),
        removed: removed.cloned().collect(),
    }
}

fn attempt_fact(before: &JobRows, attempt: &Attempt) -> Option<Fact> {
    let known = before
        .attempts
        .iter()
        .find(|known| known.stage == attempt.stage && known.number == attempt.number);
    let stage = attempt.stage.clone();
    match attempt.state {
        AttemptState::Queued => Some(Fact::StageStarts {
            stage,
            attempt: attempt.number,
            gets_note: attempt.notes.is_some(),
        }),
        AttemptState::Canceled => Some(Fact::StageStops {
            stage,
            attempt: attempt.number,
            is_running: known.is_some_and(|known| known.state == AttemptState::Running),
        }),
        // What the leader reports; no person's command does that.
        AttemptState::Running | AttemptState::Completed | AttemptState::Failed | AttemptState::Lost => None,
    }
}

fn opened(after: &JobRows, gate: &Gate) -> Fact {
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let stage_ran = after
        .attempts
        .iter()
        .any(|ran| ran.stage == stage && ran.number == attempt);
    Fact::GateOpens {
        stage,
        attempt,
        after_s: gate.timer.as_ref().and(gate.policy.auto_approve_after_s),
        on_timeout: gate.timer.as_ref().map(|timer| timer.on_timeout),
        stage_ran,
    }
}

/// What becomes of the job, where the facts so far do not say it.
fn job_fact(before: &JobRows, after: &JobRows, facts: &[Fact]) -> Option<Fact> {
    let status = after.job.status;
    let is_outside = after.job.is_manual && before.job.status == JobStatus::Paused;
    match status {
        JobStatus::Running | JobStatus::NeedsApproval if is_outside && facts.iter().all(|fact| !fact.opens()) => {
            let stage = after.job.stage.clone()?;
            let attempt = after.next_attempt(&stage);
            Some(Fact::OutsideOpens { stage, attempt })
        }
        // The attempt that waited all the while is no change of its row.
        JobStatus::Queued if before.job.status == JobStatus::Paused && !facts.iter().any(Fact::starts) => {
            let stage = after.job.stage.clone()?;
            let waiting = after.newest_attempt(&stage)?;
            Some(Fact::StageStarts {
                stage,
                attempt: waiting.number,
                gets_note: waiting.notes.is_some(),
            })
        }
        JobStatus::Queued | JobStatus::Running | JobStatus::NeedsApproval => None,
        JobStatus::Paused | JobStatus::Completed | JobStatus::Failed | JobStatus::Canceled => {
            (before.job.status != status).then_some(Fact::JobIs { status })
        }
    }
}

impl Fact {
    fn is_of_artifact(&self, wanted: &ArtifactPath) -> bool {
        matches!(self, Self::ArtifactChanges { path, .. } if path == wanted)
    }

    fn opens(&self) -> bool {
        matches!(self, Self::GateOpens { .. })
    }

    fn starts(&self) -> bool {
        matches!(self, Self::StageStarts { .. })
    }

    /// Whether nobody can take it back.
    fn is_final(&self) -> bool {
        match self {
            Self::GateDecided { .. } | Self::GateCloses { .. } => true,
            Self::JobIs { status } => status.is_ended(),
            Self::ArtifactChanges { .. }
            | Self::ParamsChange { .. }
            | Self::GateOpens { .. }
            | Self::GateStaysOpen { .. }
            | Self::StagePasses { .. }
            | Self::StageStarts { .. }
            | Self::StageStops { .. }
            | Self::OutsideGoesOn { .. }
            | Self::OutsideOpens { .. } => false,
        }
    }

    /// The fact in a sentence; none where it goes without saying, as the decision that is asked about.
    fn words(&self) -> Option<String> {
        Some(match self {
            Self::ArtifactChanges { path, from, to, cause } => artifact_words(path.file_name(), *from, *to, *cause),
            Self::ParamsChange { set, removed } => {
                format!("The parameters of the job change: {}.", params_words(set, removed))
            }
            Self::GateOpens {
                stage,
                attempt,
                after_s,
                on_timeout,
                stage_ran,
            } => {
                let then = match (after_s, on_timeout) {
                    (Some(after_s), Some(on_timeout)) => {
                        format!("the timer will {} after {}", on_timeout.as_str(), duration(*after_s))
                    }
                    (None, _) | (_, None) => "a person must decide".to_owned(),
                };
                match (attempt, stage_ran) {
                    (1, _) | (_, true) => format!("Then gate {stage} #{attempt} opens: {then}."),
                    (_, false) => format!("Gate {stage} #{attempt} opens on what lies there: {then}."),
                }
            }
            Self::GateDecided { .. } => return None,
            Self::GateCloses { stage, attempt } => format!("Gate {stage} #{attempt} closes without a decision."),
            Self::GateStaysOpen { digest, .. } => {
                format!("The gate stays open; its digest is then {}.", digest.short())
            }
            Self::StagePasses { stage } => format!("Stage {stage} passes: it has no command and no gate."),
            Self::StageStarts {
                stage,
                attempt: 1,
                gets_note: _,
            } => format!("Then stage {stage} starts."),
            Self::StageStarts {
                stage,
                attempt,
                gets_note,
            } => {
                let note = if *gets_note { "; its command gets the note" } else { "" };
                format!("Stage {stage} runs again as #{attempt}{note}.")
            }
            Self::StageStops {
                stage,
                attempt,
                is_running: true,
            } => format!("Stage {stage} #{attempt} is stopped."),
            Self::StageStops {
                stage,
                attempt,
                is_running: false,
            } => format!("Stage {stage} #{attempt} does not start."),
            Self::OutsideGoesOn { .. } => "Then the pipeline that opened the gate may go on.".to_owned(),
            Self::OutsideOpens { stage, attempt } => {
                format!("The job waits for its pipeline to open {stage} #{attempt}.")
            }
            Self::JobIs { status } => match status {
                JobStatus::Completed => "Then the job is complete.".to_owned(),
                JobStatus::Paused => "The job pauses.".to_owned(),
                JobStatus::Canceled => "The job ends: it is canceled.".to_owned(),
                JobStatus::Failed => "The job ends: it has failed.".to_owned(),
                JobStatus::Queued | JobStatus::Running | JobStatus::NeedsApproval => {
                    format!("The job is then {}.", status.words())
                }
            },
        })
    }
}

fn artifact_words(name: &str, from: Option<Digest>, to: Option<Digest>, cause: Cause) -> String {
    let versions = match (from, to) {
        (Some(from), Some(to)) => format!("{} -> {}", from.short(), to.short()),
        (None, Some(to)) => format!("new, {}", to.short()),
        (Some(from), None) => format!("{} is removed", from.short()),
        (None, None) => "removed".to_owned(),
    };
    match cause {
        Cause::Patch => format!("{name} is patched: {versions}."),
        Cause::Undo => format!("{name} goes back: {versions}."),
        Cause::Found => format!("{name} was changed on disk: {versions}."),
    }
}

/// So many parameters are named one by one.
const PARAMS_NAMED_MAX: usize = 4;

/// What is set and what goes: `tone=bright, without length_s`.
fn params_words(set: &Map<String, Value>, removed: &[String]) -> String {
    let set = set.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            format!("{name}={value}")
        }
    });
    let mut all: Vec<_> = set
        .chain(removed.iter().map(|name| format!("without {name}")))
        .collect();
    let rest = all.len().saturating_sub(PARAMS_NAMED_MAX);
    all.truncate(PARAMS_NAMED_MAX);
    if rest > 0 {
        all.push(format!("{rest} more"));
    }
    all.join(", ")
}

/// The facts, a sentence each; a gate that opens and is decided at once is one sentence.
fn words(facts: &[Fact]) -> Vec<String> {
    let decided = |key: (&StageName, u32)| {
        facts.iter().find_map(|fact| match fact {
            Fact::GateDecided {
                stage,
                attempt,
                approved,
                by,
            } if (stage, *attempt) == key => Some((*approved, by)),
            Fact::GateDecided { .. }
            | Fact::ArtifactChanges { .. }
            | Fact::ParamsChange { .. }
            | Fact::GateOpens { .. }
            | Fact::GateCloses { .. }
            | Fact::GateStaysOpen { .. }
            | Fact::StagePasses { .. }
            | Fact::StageStarts { .. }
            | Fact::StageStops { .. }
            | Fact::OutsideGoesOn { .. }
            | Fact::OutsideOpens { .. }
            | Fact::JobIs { .. } => None,
        })
    };
    let sentence = |fact: &Fact| match fact {
        Fact::GateOpens { stage, attempt, .. } => match decided((stage, *attempt)) {
            Some((is_approved, by)) => {
                let verdict = if is_approved { "approved" } else { "rejected" };
                Some(format!(
                    "Gate {stage} #{attempt} opens and is {verdict} as {by}; stage {stage} does not run."
                ))
            }
            None => fact.words(),
        },
        Fact::ArtifactChanges { .. }
        | Fact::ParamsChange { .. }
        | Fact::GateDecided { .. }
        | Fact::GateCloses { .. }
        | Fact::GateStaysOpen { .. }
        | Fact::StagePasses { .. }
        | Fact::StageStarts { .. }
        | Fact::StageStops { .. }
        | Fact::OutsideGoesOn { .. }
        | Fact::OutsideOpens { .. }
        | Fact::JobIs { .. } => fact.words(),
    };
    facts.iter().filter_map(sentence).collect()
}
