//! What happened before and belongs to a question: whose patch is taken back, why a former attempt
//! was rejected, what was written then.
//!
//! Facts of the rows. What will happen is nobody's business here: that is asked of the rules, see
//! `update::preview`.

use super::label;
use domain::job::JobRows;
use domain::key::GateKey;
use domain::undo::Undoable;
use text::words::counted;

/// Of the patch that would be taken back: whose it is, of when, and the lines that were changed
/// before it. Nothing when there is none.
pub(crate) fn of_undo(rows: &JobRows, key: &GateKey) -> Vec<String> {
    let gate = rows.gate(&key.stage, key.attempt);
    let Some(Ok(Undoable { artifact, step })) = gate.map(|gate| gate.undoable(None)) else {
        return Vec::new();
    };
    let whose = format!("{}'s {} of {}", step.by, step.type_name, label::clock(step.at));
    let lines = |added, removed| format!("+{added} -{removed}");
    match &step.former {
        None => vec![format!("This takes back {whose}, which made it.")],
        Some(former) => {
            let mut back = vec![format!("This takes back {whose}.")];
            if !former.is_binary && !artifact.is_binary {
                let base = artifact.base.as_ref().map(|base| format!("vs {}", base.origin.label()));
                let base = base.unwrap_or_else(|| "as new".to_owned());
                back.push(format!(
                    "{base}: {} with it, {} before it.",
                    lines(artifact.added_lines, artifact.removed_lines),
                    lines(former.added_lines, former.removed_lines)
                ));
            }
            back
        }
    }
}

/// Why the former attempt was rejected: what this one was to mend. None when it was not, or there
/// was none.
pub(crate) fn former_rejection(rows: &JobRows, key: &GateKey) -> Option<String> {
    let former = rows
        .decisions
        .iter()
        .map(|sealed| &sealed.decision)
        .filter(|decision| *decision.stage() == key.stage && decision.attempt() < key.attempt)
        .max_by_key(|decision| decision.attempt())
        .filter(|decision| !decision.is_approved())?;
    let why = match (former.notes(), former.comments().len()) {
        (Some(notes), 0) => notes.to_owned(),
        (Some(notes), comments) => format!("{notes} ({})", counted(comments, "comment")),
        (None, 0) => "no reason was given".to_owned(),
        (None, comments) => counted(comments, "comment"),
    };
    Some(format!("#{} was rejected by {}: {why}", former.attempt(), former.by()))
}

/// What whoever rejected the stage wrote: it is what a resume answers to.
pub(crate) fn rejection_note(rows: &JobRows) -> Option<String> {
    let decision = &rows.rejection_to_answer()?.decision;
    Some(format!("{} wrote: {}", decision.by(), decision.notes()?))
}
