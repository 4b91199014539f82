//! Facts in plain words.

use serde_json::{Map, Value};

use super::{ChangeCause, Fact, Slots};
use crate::ids::{Digest, StageName};
use crate::job::JobStatus;
use crate::policy::{AtZero, OnTimeout};
use crate::time;
use text::words::{counted, duration};

/// The facts, a sentence each; a gate that opens and is decided at once is one sentence.
pub(super) fn sentences(facts: &[Fact]) -> Vec<String> {
    let at_once = |fact: &Fact| {
        let (stage, attempt, verdict, by) = decided_at_once(facts, fact)?;
        Some(format!(
            "Gate {stage} #{attempt} opens and is {verdict} as {by}; stage {stage} does not run."
        ))
    };
    let told = facts.iter().filter_map(|fact| at_once(fact).or_else(|| fact.words()));
    told.collect()
}

/// Of a gate that opens and is decided at once: its stage and attempt, how, and by whom.
pub(super) fn decided_at_once<'f>(
    facts: &'f [Fact],
    opening: &'f Fact,
) -> Option<(&'f StageName, u32, &'static str, &'f str)> {
    let Fact::GateOpens { stage, attempt, .. } = opening else {
        return None;
    };
    facts.iter().find_map(|fact| {
        let Fact::GateDecided {
            stage: of,
            attempt: number,
            approved,
            by,
            ..
        } = fact
        else {
            return None;
        };
        let verdict = if *approved { "approved" } else { "rejected" };
        (of == stage && number == attempt).then_some((stage, *attempt, verdict, by.as_str()))
    })
}

impl Fact {
    /// The fact in a sentence; none where it goes without saying, as the decision that is asked
    /// about.
    pub fn words(&self) -> Option<String> {
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
                because,
                stage_ran,
            } => {
                let then = match (after_s, on_timeout) {
                    (Some(after_s), Some(then)) => {
                        let (then, because) = (*then, *because);
                        let will = AtZero { then, because }.will(&format!("after {}", duration(*after_s)));
                        format!("the timer will {will}")
                    }
                    (None, _) | (_, None) => "a person must decide".to_owned(),
                };
                match (attempt, stage_ran) {
                    (1, _) | (_, true) => format!("Then gate {stage} #{attempt} opens: {then}."),
                    (_, false) => format!("Gate {stage} #{attempt} opens on what lies there: {then}."),
                }
            }
            Self::GateDecided { .. } => return None,
            Self::DecisionRecalled {
                stage,
                attempt,
                approved,
                by,
            } => {
                let what = if *approved { "approval" } else { "rejection" };
                format!("The {what} of {stage} #{attempt} by {by} is taken back: nothing comes of it.")
            }
            Self::GateCloses { stage, attempt } => format!("Gate {stage} #{attempt} closes without a decision."),
            Self::GateStaysOpen { digest, .. } => {
                format!("The gate stays open; its digest is then {}.", digest.short())
            }
            Self::TimerStops {
                until,
                at,
                left_s,
                at_zero,
                ..
            } => format!(
                "The timer stands still for everybody until it is released, at the latest until {}; then it runs on with {} left, and {}.",
                time::until(*until, *at),
                duration(*left_s),
                at_zero.words()
            ),
            Self::TimerRuns {
                left_s,
                open_by,
                at_zero,
                ..
            } => {
                let (head, tail) = match open_by {
                    None => ("", String::new()),
                    Some(who) => ("The hold ends. ", format!(" when {who} has left the gate")),
                };
                let (left, then) = (duration(*left_s), at_zero.words());
                format!("{head}The timer runs again with {left} left{tail}; then {then}.")
            }
            Self::TimerMoves {
                left_before_s,
                left_s,
                at_zero,
                ..
            } => {
                let (before, then) = (duration(*left_before_s), duration(*left_s));
                format!("The time left: {before} -> {then}; then {}.", at_zero.words())
            }
            Self::TimerEnds { because, .. } => {
                let because = because.map(|doubt| format!(", because {}", doubt.words()));
                format!(
                    "Then the time is up, and only a person decides{}.",
                    because.unwrap_or_default()
                )
            }
            Self::StagePasses { stage } => format!("Stage {stage} passes: it has no command and no gate."),
            Self::StageStarts {
                stage,
                attempt,
                gets_note,
                comments,
                ran_before,
                slots,
            } => {
                let said = match (gets_note, comments) {
                    (false, 0) => None,
                    (true, 0) => Some("the note".to_owned()),
                    (false, comments) => Some(counted(*comments, "comment")),
                    (true, comments) => Some(format!("the note and {}", counted(*comments, "comment"))),
                };
                let note = said.map_or_else(String::new, |said| format!("; its command gets {said}"));
                match (slots.filter(|slots| !slots.is_free()), ran_before, attempt) {
                    (Some(slots), ..) => {
                        let place = place_words(slots);
                        format!("Then stage {stage} #{attempt} waits for a free slot: {place}{note}.")
                    }
                    (None, true, _) => format!("Stage {stage} runs again as #{attempt}{note}."),
                    (None, false, 1) => format!("Then stage {stage} starts{note}."),
                    (None, false, _) => format!("Then stage {stage} starts as #{attempt}{note}."),
                }
            }
            Self::StageHeldUp {
                stage,
                attempt,
                path,
                found,
            } => {
                let number = if *attempt == 1 {
                    String::new()
                } else {
                    format!(" #{attempt}")
                };
                let what = found.map_or("is missing", |_| "was replaced");
                let name = path.file_name();
                format!("Stage {stage}{number} does not start: {name} {what}; the job pauses.")
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

/// Where a stage stands in the line:
/// `4 stages come before it, 4 may run at once (max_concurrent_jobs)`.
fn place_words(Slots { ahead, limit }: Slots) -> String {
    let come = if ahead == 1 { "comes" } else { "come" };
    let ahead = counted(ahead, "stage");
    format!("{ahead} {come} before it, {limit} may run at once (max_concurrent_jobs)")
}

impl AtZero {
    /// What it does, behind what else there is to say of a timer.
    fn words(self) -> String {
        let does = match self.then {
            OnTimeout::Approve => "it approves",
            OnTimeout::Reject => "it rejects",
            OnTimeout::Hold => "only a person decides",
        };
        format!("{does}{}", self.unless())
    }
}

fn artifact_words(name: &str, from: Option<Digest>, to: Option<Digest>, cause: ChangeCause) -> String {
    let versions = match (from, to) {
        (Some(from), Some(to)) => format!("{} -> {}", from.short(), to.short()),
        (None, Some(to)) => format!("new, {}", to.short()),
        (Some(from), None) => format!("{} is removed", from.short()),
        (None, None) => "removed".to_owned(),
    };
    match cause {
        ChangeCause::Patch => format!("{name} is patched: {versions}."),
        ChangeCause::Undo => format!("{name} goes back: {versions}."),
        ChangeCause::Found => format!("{name} was changed on disk: {versions}."),
    }
}

/// How many parameters are named one by one.
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
