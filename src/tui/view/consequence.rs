//! What will happen when the operator says yes, in plain words.

use crate::domain::gate::GateKey;
use crate::domain::job::JobRows;
use crate::tui::model::prompt::Intent;

/// The stage after this one.
fn next_stage<'a>(rows: &'a JobRows, key: &GateKey) -> Option<&'a str> {
    let place = rows.job.stages.iter().position(|spec| spec.name == key.stage)?;
    rows.job.stages.get(place + 1).map(|spec| spec.name.as_str())
}

/// Of a decision or a patch, in one line.
pub fn of(intent: Intent, rows: Option<&JobRows>, key: &GateKey, has_patch: bool) -> String {
    let Some(rows) = rows else {
        return String::new();
    };
    let patched = if has_patch { "The patch is applied first. " } else { "" };
    match intent {
        Intent::Approve if rows.job.is_manual => {
            format!("{patched}Then the pipeline outside may go on. Cannot be taken back.")
        }
        Intent::Approve => match next_stage(rows, key) {
            Some(next) => format!("{patched}Then stage {next} starts. Cannot be taken back."),
            None => format!("{patched}Then the job is complete. Cannot be taken back."),
        },
        Intent::Reject if has_patch => {
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
        return vec![format!("Stage {stage} runs again.")];
    };
    let kind = sealed
        .decision
        .patch()
        .and_then(|patch| patch.get("type"))
        .and_then(serde_json::Value::as_str);
    let by = sealed.decision.by();
    let mut lines = match kind {
        Some("params") => vec![format!(
            "The parameters are changed as {by} said; stage {stage} runs again as #{next}."
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
