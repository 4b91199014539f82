//! Whether an action applies now: the one answer from which hint line, menus and palette are made.
//!
//! A key that does not apply still says why when it is pressed; that is the update's business.

use super::action::Action;
use super::keymap::Focus;
use super::model::compose::Compose;
use super::model::file::{Content, FileView};
use super::model::gate::GateView;
use super::model::prompt::Prompt;
use super::model::queue::RowKey;
use super::model::{Lower, Model};
use super::update::wanted;
use crate::domain::job::JobStatus;
use crate::domain::patch::{ArtifactFacts, applicable};
use crate::domain::view::QueueKind;

/// Whether a diff is on screen, with rows to move in.
pub fn is_diff_shown(model: &Model) -> bool {
    let file = model.gate.as_ref().and_then(GateView::current);
    model.compose.is_none() && model.lower == Lower::Gate && file.is_some_and(|file| file.document().is_some())
}

fn is_gate_open(model: &Model) -> bool {
    let Some(RowKey::Gate(key)) = model.queue.selected() else {
        return false;
    };
    !model.session.is_read_only && model.queue.gone.is_none() && model.gate.is_some() && model.writing(key).is_none()
}

fn is_patchable(file: &FileView) -> bool {
    let facts = ArtifactFacts {
        path: file.artifact.path.as_str(),
        kind: &file.artifact.kind,
    };
    match file.content {
        Content::Text(_) => file.bytes.is_some(),
        Content::Binary => file.bytes.is_some() && !applicable(facts).is_empty(),
        Content::Loading | Content::Known | Content::Missing | Content::Failed(_) => false,
    }
}

fn job_status(model: &Model) -> Option<JobStatus> {
    let rows = model.job.as_ref()?.rows.as_ref()?;
    Some(rows.job.status)
}

/// Whether there is a patch draft for what the prompt is about, and the prompt does not carry it.
pub fn is_draft_left_out(model: &Model) -> bool {
    let Some(Prompt::Confirm(confirm)) = &model.prompt else {
        return false;
    };
    let has_draft = model.draft(&confirm.pin.key).is_some_and(|draft| draft.has_patch());
    confirm.intent.is_decision() && confirm.patch.is_none() && has_draft
}

/// Whether the selected row is a job that failed and that nobody has noted yet.
pub fn is_failed(model: &Model) -> bool {
    model.queue.current().is_some_and(|row| row.kind == QueueKind::Failed) && model.queue.gone.is_none()
}

/// Whether it puts another text in place of the one in the editor, or offers to.
pub fn replaces_text(action: Action) -> bool {
    matches!(action, Action::CarryOver | Action::AsPatch | Action::OtherType)
}

/// Whether it would do something in this focus.
pub fn applies(model: &Model, focus: Focus, action: Action) -> bool {
    if model.session.forbids(action).is_some() {
        return false;
    }
    let is_asking = matches!(&model.prompt, Some(Prompt::Confirm(confirm)) if confirm.is_asking());
    match action {
        Action::Approve | Action::Reject => is_gate_open(model),
        Action::Compose if focus == Focus::Confirm => is_asking && is_draft_left_out(model),
        Action::Compose => {
            let file = model.gate.as_ref().and_then(GateView::current);
            is_gate_open(model) && file.is_some_and(is_patchable)
        }
        Action::Hold | Action::Extend => {
            let timer = model.queue.current().and_then(|row| row.timer.as_ref());
            is_gate_open(model) && timer.is_some_and(|timer| timer.held_by_policy_at.is_none())
        }
        Action::Mark | Action::MarkRange | Action::MarkAll => !model.queue.is_empty(),
        Action::TakeOver => {
            let mut wanted = wanted(model).into_iter();
            wanted
                .next()
                .is_some_and(|(key, _)| model.lease_of_other(&key).is_some())
        }
        Action::Undo => {
            let gate = model.gate.as_ref().and_then(GateView::gate);
            is_gate_open(model) && gate.is_some_and(|gate| gate.undoable(None).is_ok())
        }
        Action::Resume => !model.session.is_read_only && job_status(model) == Some(JobStatus::Paused),
        Action::Cancel => !model.session.is_read_only && job_status(model).is_some_and(|status| !status.is_ended()),
        Action::NextFile | Action::FormerFile if focus == Focus::Job => {
            model.job.as_ref().is_some_and(|job| job.logs().len() > 1)
        }
        Action::MarkAgain => !model.marks_off.is_empty(),
        Action::TakeIn => matches!(&model.prompt, Some(Prompt::Bulk(ask)) if ask.can_take_in()),
        Action::Discarded => !model.discarded.is_empty(),
        Action::NextFile | Action::FormerFile | Action::Files => {
            let has_several = model.gate.as_ref().is_some_and(|view| view.files.len() > 1);
            has_several && model.compose.is_none() && model.lower == Lower::Gate
        }
        Action::Acknowledge => !model.session.is_read_only && is_failed(model),
        Action::ReadOn => model.gate.is_some() && model.compose.is_none() && model.lower == Lower::Gate,
        Action::FormerHunk
        | Action::NextMatch
        | Action::FormerMatch
        | Action::Fold
        | Action::Mode
        | Action::Wrap
        | Action::Base
        | Action::Search => is_diff_shown(model),
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::Top
        | Action::Bottom
        | Action::HalfUp
        | Action::HalfDown => focus != Focus::Confirm || is_diff_shown(model),
        Action::ApproveWith | Action::RejectWith | Action::ApplyOnly => {
            let compose = model.compose.as_ref().filter(|compose| compose.closed.is_none());
            let fitting = compose.and_then(Compose::fitting);
            fitting.is_some_and(|checked| action == Action::RejectWith || !checked.is_of_job())
        }
        Action::OtherType => {
            let compose = model.compose.as_ref().filter(|compose| compose.closed.is_none());
            let sheets = compose.and_then(Compose::sheets);
            sheets.is_some_and(|sheets| sheets.templates.len() > 1)
        }
        Action::AsPatch => {
            let compose = model.compose.as_ref().filter(|compose| compose.closed.is_none());
            compose.is_some_and(|compose| compose.edited().is_some() && compose.fitting().is_some())
        }
        Action::CarryOver => {
            let compose = model.compose.as_ref().filter(|compose| compose.closed.is_none());
            let has_moved = |compose: &Compose| compose.edited().is_some_and(|edited| edited.has_moved);
            compose.is_some_and(|compose| has_moved(compose) && compose.fitting().is_some())
        }
        Action::OwnEditor if focus == Focus::Menu => {
            let compose = model.compose.as_ref().filter(|compose| compose.closed.is_none());
            model.session.own_editor.is_some() && compose.is_some_and(|compose| compose.edited().is_some())
        }
        Action::Edit | Action::OwnEditor => {
            let file = model.gate.as_ref().and_then(GateView::current);
            is_gate_open(model) && file.is_some_and(|file| file.document().is_some())
        }
        Action::Open => model.queue.current().is_some(),
        Action::Note => {
            matches!(&model.prompt, Some(Prompt::Confirm(confirm)) if is_asking && confirm.intent.is_decision())
                || matches!(&model.prompt, Some(Prompt::Bulk(ask)) if ask.is_asking())
        }
        Action::Left
        | Action::Right
        | Action::NextPane
        | Action::Back
        | Action::ShowQueue
        | Action::ShowGate
        | Action::ShowJob
        | Action::ShowHistory
        | Action::Filter
        | Action::Sort
        | Action::Accept
        | Action::Close
        | Action::Menu
        | Action::Discard
        | Action::Leave
        | Action::Help
        | Action::Palette
        | Action::Copy
        | Action::Repaint
        | Action::Suspend
        | Action::Quit
        | Action::Complete
        | Action::Find
        | Action::FindNext
        | Action::FindFormer
        | Action::ResizePreview
        | Action::PreviewUp
        | Action::PreviewDown => true,
    }
}
