//! What will happen when the operator says yes, in plain words.

use serde_json::Value;

use super::label;
use crate::domain::gate::GateKey;
use crate::domain::job::JobRows;
use crate::domain::undo::Undoable;
use crate::tui::model::prompt::Intent;

/// The stage after this one.
fn next_stage<'a>(rows: &'a JobRows, key: &GateKey) -> Option<&'a str> {
    let place = rows.job.stages.iter().position(|spec| spec.name == key.stage)?;
    rows.job.stages.get(place + 1).map(|spec| spec.name.as_str())
}

/// Of a decision or a patch, in one line.
pub fn of(intent: Intent, rows: Option<&JobRows>, key: &GateKey, patch: Option<&Value>) -> String {
    let Some(rows) = rows else {
        return String::new();
    };
    let patched = if patch.is_some() {
        "The patch is applied first. "
    } else {
        ""
    };
    match intent {
        Intent::Approve if rows.job.is_manual => {
            format!("{patched}Then the pipeline outside may go on. Cannot be taken back.")
        }
        Intent::Approve => match next_stage(rows, key) {
            Some(next) => format!("{patched}Then stage {next} starts. Cannot be taken back."),
            None => format!("{patched}Then the job is complete. Cannot be taken back."),
        },
        Intent::Reject if patch.is_some_and(is_params) => {
            let words = patch.map(params_words).unwrap_or_default();
            let again = if rows.job.is_manual {
                format!("the pipeline opens {} again", key.stage)
            } else {
                format!("{} runs again", key.stage)
            };
            format!("The job pauses. R resumes it: then {again} with {words}. Cannot be taken back.")
        }
        Intent::Reject if patch.is_some() => {
            "The job pauses. R resumes it: the patch is applied and approved, the stage does not run.".to_owned()
        }
        Intent::Reject if rows.job.is_manual => {
            "The job pauses until the pipeline opens a new gate. Cannot be taken back.".to_owned()
        }
        Intent::Reject => {
            format!(
                "The job pauses. R resumes it: stage {} runs again with your note. Cannot be taken back.",
                key.stage
            )
        }
        Intent::Apply => "The artifact changes, the gate stays open. The former version is kept.".to_owned(),
        Intent::Undo => "The gate stays open; the patched version is kept.".to_owned(),
    }
}

/// Whether a patch changes the job's parameters and no artifact.
pub fn is_params(patch: &Value) -> bool {
    patch.get("type").and_then(Value::as_str) == Some("params")
}

/// So many parameters are named one by one.
const PARAMS_NAMED_MAX: usize = 4;

/// What a params patch sets: `tone=bright, without length_s`.
fn params_words(patch: &Value) -> String {
    let Some(params) = patch.get("params").and_then(Value::as_object) else {
        return String::new();
    };
    let words = |(name, value): (&String, &Value)| match value {
        Value::Null => format!("without {name}"),
        Value::String(text) => format!("{name}={text}"),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => format!("{name}={value}"),
    };
    let mut named: Vec<_> = params.iter().take(PARAMS_NAMED_MAX).map(words).collect();
    if let Some(rest) = params.len().checked_sub(PARAMS_NAMED_MAX + 1) {
        named.push(format!("{} more", rest + 1));
    }
    named.join(", ")
}

/// Of taking the newest patch back: which patch, whose and when, and what the file is then. Nothing when there is none.
pub fn of_undo(rows: &JobRows, key: &GateKey) -> Vec<String> {
    let gate = rows.gate(&key.stage, key.attempt);
    let Some(Ok(Undoable { artifact, step })) = gate.map(|gate| gate.undoable(None)) else {
        return Vec::new();
    };
    let name = artifact.path.file_name();
    let whose = format!("{}'s {} of {}", step.by, step.type_name, label::clock(step.at));
    let (now, lines) = (artifact.digest.short(), |added, removed| format!("+{added} -{removed}"));
    match &step.former {
        None => vec![format!(
            "{name} {now} is removed again: takes back {whose}, which made it."
        )],
        Some(former) => {
            let mut back = vec![format!(
                "{name} {now} -> {}: takes back {whose}.",
                former.digest.short()
            )];
            if !former.is_binary && !artifact.is_binary {
                let base = artifact
                    .base
                    .as_ref()
                    .map_or("as new".to_owned(), |base| format!("vs {}", base.origin.label()));
                back.push(format!(
                    "{base}: now {}, then {}.",
                    lines(artifact.added_lines, artifact.removed_lines),
                    lines(former.added_lines, former.removed_lines)
                ));
            }
            back
        }
    }
}

/// Why the former attempt was rejected: what this one was to mend. None when it was not, or there was none.
pub fn former_rejection(rows: &JobRows, key: &GateKey) -> Option<String> {
    let former = rows
        .decisions
        .iter()
        .map(|sealed| &sealed.decision)
        .filter(|decision| *decision.stage() == key.stage && decision.attempt() < key.attempt)
        .max_by_key(|decision| decision.attempt())
        .filter(|decision| !decision.is_approved())?;
    let why = former.notes().unwrap_or("no reason was given");
    Some(format!("#{} was rejected by {}: {why}", former.attempt(), former.by()))
}

/// Of resuming a paused job.
pub fn of_resume(rows: &JobRows, operator: &str) -> Vec<String> {
    let Some(stage) = &rows.job.stage else {
        return vec!["The job goes on.".to_owned()];
    };
    let next = rows.next_attempt(stage);
    let rejected = rows
        .newest_decision(stage)
        .filter(|sealed| !sealed.decision.is_approved());
    let Some(sealed) = rejected else {
        return vec![format!(
            "What is not as it was decided on is opened for review; if all is, stage {stage} starts."
        )];
    };
    let patch = sealed.decision.patch();
    let by = sealed.decision.by();
    let mut lines = match patch {
        Some(patch) if is_params(patch) && rows.job.is_manual => vec![format!(
            "The parameters of the job change as {by} said: {}. It waits for the pipeline to open {stage} #{next}.",
            params_words(patch)
        )],
        Some(patch) if is_params(patch) => vec![format!(
            "Then {stage} runs again as #{next} with {}, as {by} said.",
            params_words(patch)
        )],
        Some(_) => vec![format!(
            "The patch of {by} is applied and #{next} approved as {operator}; stage {stage} does not run."
        )],
        None if rows.job.is_manual => vec![format!("The job waits for the pipeline to open {stage} #{next}.")],
        None => vec![format!(
            "Stage {stage} runs again as #{next}; its command gets the note."
        )],
    };
    if let Some(notes) = sealed.decision.notes() {
        lines.push(format!("{by} wrote: {notes}"));
    }
    lines
}
