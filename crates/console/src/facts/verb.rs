//! May I? The one answer that keys, hint line, palette, menu and prompts are made of: the offer, or
//! the refusal in words.
//!
//! The rules are the domain's; what is asked here is whether they would let it happen to what is on
//! the screen.

mod enter;
mod gate;
mod text;

use crate::action::Action;
use crate::draft::DISCARDED_DAYS;
use crate::facts::lease::{concerned, open_elsewhere};
use crate::facts::{context, last_call, recall, window};
use crate::keymap::Focus;
use crate::model::Model;
use crate::model::compose::Compose;
use crate::model::file::FileView;
use crate::model::gate::GateView;
use crate::model::panes::Lower;
use crate::model::prompt::{Intent, TimerIntent, Why};

pub(crate) use enter::is_of_typed;
pub(crate) use gate::{each_open_elsewhere, explain, why};
pub(crate) use text::edit_here;

pub(crate) use gate::{cancelable, editable_text, hold_or_release, is_bulk, is_group, resumable};
pub use gate::{failed, pin, timed};

/// Why a key does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoOffer {
    /// It would be refused.
    Refused(Refused),
    /// There is nothing here for it; the words, where there are any.
    Nothing(String),
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What did not happen.
    pub what: &'static str,
    /// The fact that explains it.
    pub why: String,
    /// What to do; may be empty.
    pub hint: String,
    /// Whether it is about the text that is written: it goes when that changes.
    pub(crate) is_about_text: bool,
}

/// What did not happen, why, and what to do, where there is something.
pub(crate) fn in_words(what: &str, why: &str, hint: &str) -> String {
    let gap = if hint.is_empty() { "" } else { "   hint: " };
    format!("{what}: {why}{gap}{hint}")
}

fn refused(what: &'static str, answer: Result<(), Why>) -> Result<(), NoOffer> {
    let no = |(why, hint)| Refused {
        what,
        why,
        hint,
        is_about_text: false,
    };
    answer.map_err(|why| NoOffer::Refused(no(why)))
}

fn about_text(answer: Result<(), NoOffer>) -> Result<(), NoOffer> {
    answer.map_err(|no| match no {
        NoOffer::Refused(refused) => NoOffer::Refused(Refused {
            is_about_text: true,
            ..refused
        }),
        NoOffer::Nothing(words) => NoOffer::Nothing(words),
    })
}

fn there_is(is_something: bool) -> Result<(), NoOffer> {
    or_says(is_something, "")
}

fn or_says(is_something: bool, words: &str) -> Result<(), NoOffer> {
    match is_something {
        true => Ok(()),
        false => Err(NoOffer::Nothing(words.to_owned())),
    }
}

/// Whether a diff is on screen, with rows to move in.
pub(crate) fn is_diff_shown(model: &Model) -> bool {
    let file = model.gate.as_ref().and_then(GateView::current);
    is_gate_shown(model) && file.is_some_and(|file| file.document().is_some())
}

const NO_GATE: &str = "There is no gate on the screen to read";

/// Whether the pane of a gate is on the screen.
pub(crate) fn is_gate_shown(model: &Model) -> bool {
    let is_hidden = window::zoomed(model) == Some(window::Zoomed::Queue);
    model.gate.is_some() && model.compose.is_none() && model.panes.lower == Lower::Gate && !is_hidden
}

/// Whether there is a patch draft for what the prompt is about, and the prompt does not carry it.
pub(crate) fn is_draft_left_out(model: &Model) -> bool {
    let ask = model.ask().filter(|ask| ask.leaves_draft());
    let draft = ask.and_then(|ask| model.draft(&ask.pin()?.key));
    draft.is_some_and(|draft| draft.has_patch())
}

/// Whether it puts another text in place of the one in the editor, or offers to.
pub(crate) fn replaces_text(action: Action) -> bool {
    matches!(action, Action::CarryOver | Action::AsPatch | Action::OtherType)
}

/// Whether it would do something in this focus.
pub(crate) fn applies(model: &Model, focus: Focus, action: Action) -> bool {
    offer(model, focus, action).is_ok()
}

/// Whether it is hinted and listed. A resume that the rules refused when the job was read last is
/// not; its key asks them anew, for files come back without a word.
pub(crate) fn is_hinted(model: &Model, focus: Focus, action: Action) -> bool {
    let is_refused = || model.panes.job.as_ref().is_some_and(|job| job.is_resume_refused);
    applies(model, focus, action) && !(action == Action::Resume && is_refused())
}

/// May I? Yes, or why not.
pub fn offer(model: &Model, focus: Focus, action: Action) -> Result<(), NoOffer> {
    if let Some(why) = model.session.forbids(action) {
        return refused("Not done", Err((why.to_owned(), String::new())));
    }
    match action {
        Action::Accept if focus.is_prompt() => enter::confirm(model),
        Action::Approve | Action::Reject => {
            let intent = if action == Action::Approve {
                Intent::Approve
            } else {
                Intent::Reject
            };
            asked(model, intent.words().not_done, || {
                match (is_group(model, focus), focus == Focus::Queue && is_bulk(model)) {
                    (true, _) => Ok(()),
                    (false, true) => gate::bulk(model),
                    (false, false) => pin(model).map(drop),
                }
            })
        }
        Action::Undo => asked(model, Intent::Undo.words().not_done, || {
            gate::is_one(model, focus)?;
            gate::undo(model)
        }),
        Action::Hold | Action::Extend | Action::HandOver => {
            let Some(intent) = timer_intent(model, focus, action) else {
                return there_is(false);
            };
            let rule = || match (is_of_marked(model, focus), is_group(model, focus)) {
                (true, _) => gate::bulk(model),
                (false, true) => Ok(()),
                (false, false) => timed(model, intent).map(drop),
            };
            asked(model, intent.words().not_done, rule)
        }
        Action::HoldCalled => {
            written(model, TimerIntent::Hold.words().not_done, || Ok(()))?;
            let is_any = last_call::standing(model).next().is_some();
            or_says(is_any, "No gate is in its last call")
        }
        Action::Resume => asked(model, "Not resumed", || resumable(model).map(drop)),
        Action::Cancel => asked(model, "Not canceled", || {
            gate::is_one(model, focus)?;
            cancelable(model).map(drop)
        }),
        Action::Recall => written(model, "Not taken back", || match recall::targets(model).is_empty() {
            true => Err(why(
                "no decision made here can still be taken back",
                "reject the next gate, or cancel the job",
            )),
            false => Ok(()),
        }),
        Action::Acknowledge => written(model, "Not noted", || failed(model).map(drop)),
        Action::ApproveWith => sent(model, Intent::Approve),
        Action::RejectWith => sent(model, Intent::Reject),
        Action::ApplyOnly => sent(model, Intent::Apply),
        Action::Comment => asked(model, "Not commented", || {
            gate::is_one(model, focus)?;
            gate::comment(model)
        }),
        Action::Compose if focus == Focus::Confirm => there_is(model.is_binding() && is_draft_left_out(model)),
        Action::Compose => asked(model, "Not composed", || {
            gate::is_one(model, focus)?;
            gate::compose(model)
        }),
        Action::Edit => asked(model, "Not edited", || {
            gate::is_one(model, focus)?;
            gate::edit(model)
        }),
        Action::ExternalEditor => {
            let is_note = focus == Focus::Note || focus.is_prompt();
            let is_open = model.compose.is_some() || is_note;
            let rule = || match (&model.session.external_editor, is_open) {
                (None, _) => Err(text::no_external_editor()),
                (Some(_), _) if is_note => Ok(()),
                (Some(_), true) => text::external_editor(model),
                (Some(_), false) => gate::is_one(model, focus).and_then(|()| gate::edit(model)),
            };
            if is_note {
                there_is(model.ask().is_some_and(|ask| ask.note().is_some()))?;
            }
            match is_open {
                true => written(model, "Not edited", rule),
                false => asked(model, "Not edited", rule),
            }
        }
        Action::CarryOver => written(model, "Not carried over", || text::carry_over(model)),
        Action::AsPatch => written(model, "Not made a patch", || text::as_patch(model)),
        Action::Mark | Action::MarkAll if focus == Focus::Board => {
            written(model, "Not marked", || Ok(()))?;
            there_is(!model.panes.board.shown().is_empty())
        }
        Action::Mark | Action::MarkRange | Action::MarkAll => {
            // A mark is for deciding, so a gate that may not be decided cannot be marked.
            written(model, "Not marked", || Ok(()))?;
            there_is(!model.queue.is_empty())
        }
        Action::TakeOver => {
            written(model, "Not taken over", || Ok(()))?;
            // Until our own asking is answered again, the row is the newer of the two.
            let is_refused = |key: &_| model.outgoing.leases.get(key).is_some_and(|own| own.is_refused);
            let has_left = concerned(model).keys().any(is_refused);
            let words = match has_left {
                true => "Nobody else has it open any more: it is yours in a moment",
                false => "Nobody else has it open",
            };
            or_says(!open_elsewhere(model).is_empty(), words)
        }
        Action::NextFile | Action::FormerFile if focus == Focus::Job => {
            let least = if window::is_low(model) { 1 } else { 2 };
            there_is(model.panes.job.as_ref().is_some_and(|job| job.logs().len() >= least))
        }
        Action::MarkRead => {
            written(model, "Not marked", || Ok(()))?;
            or_says(is_gate_shown(model), NO_GATE)
        }
        Action::MarkAgain => or_says(!model.marks.off.is_empty(), "No marks were taken off"),
        Action::TakeIn => or_says(
            model.ask().is_some_and(|ask| ask.can_take_in()),
            "Nothing is left out that could be taken in",
        ),
        Action::Discarded => or_says(
            !model.drafts.discarded.is_empty(),
            &format!("No text was discarded here in the last {DISCARDED_DAYS} days"),
        ),
        Action::Views => or_says(
            !model.session.offers.views.is_empty(),
            "The configuration has no views   hint: console.views",
        ),
        Action::NextFile | Action::FormerFile | Action::Files => {
            let has_several = model.gate.as_ref().is_some_and(|view| view.files.len() > 1);
            there_is(has_several && model.compose.is_none() && model.panes.lower == Lower::Gate)
        }
        Action::ReadOn
            if matches!(
                focus,
                Focus::Queue | Focus::Job | Focus::History | Focus::Figures | Focus::Jobs | Focus::Board
            ) =>
        {
            let is_any = model.gate.is_some() || model.queue.by_urgency().next().is_some();
            or_says(is_any, "There is no gate to read")
        }
        Action::ReadOn => or_says(is_gate_shown(model), NO_GATE),
        Action::Context => or_says(
            context::is_said(model) && model.compose.is_none() && model.panes.lower == Lower::Gate,
            "Nobody has said why this gate is asked for",
        ),
        Action::Base if is_diff_shown(model) => {
            let file = model.gate.as_ref().and_then(GateView::current);
            let is_alone = |file: &FileView| file.bases() == [file.comparison.wanted.clone()];
            // What has a base can also be compared with nothing.
            or_says(
                !file.is_some_and(is_alone),
                "Nothing else to compare with: the file is new",
            )
        }
        Action::SinceLook if is_diff_shown(model) => {
            let file = model.gate.as_ref().and_then(GateView::current);
            let is_changed = file.is_some_and(|file| file.former_read().is_some());
            or_says(is_changed, "You have looked at no other version of this file")
        }
        Action::FormerHunk
        | Action::NextMatch
        | Action::FormerMatch
        | Action::Fold
        | Action::Mode
        | Action::Wrap
        | Action::Base
        | Action::SinceLook
        | Action::Search => {
            let is_queue = focus == Focus::Queue;
            let words = if is_queue { "There is no diff on the screen" } else { "" };
            or_says(is_diff_shown(model), words)
        }
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::Top
        | Action::Bottom
        | Action::HalfUp
        | Action::HalfDown => {
            let has_list = || model.ask().is_some_and(|ask| ask.listed() > 0);
            there_is((focus != Focus::Confirm || is_diff_shown(model)) && (focus != Focus::Answer || has_list()))
        }
        Action::OtherType => {
            let compose = model.compose.as_ref().filter(|compose| compose.closed.is_none());
            let sheets = compose.and_then(Compose::sheets);
            there_is(sheets.is_some_and(|sheets| sheets.templates.len() > 1))
        }
        Action::Complete => there_is(model.compose.as_ref().is_some_and(|compose| compose.closed.is_none())),
        Action::Open if focus == Focus::Board => there_is(is_foreseen_open(model)),
        Action::Open if focus == Focus::Jobs => there_is(model.panes.jobs.current().is_some()),
        Action::Open => there_is(model.queue.current().is_some()),
        Action::FormerNote | Action::LaterNote | Action::Reason | Action::Note => {
            there_is(model.ask().is_some_and(|ask| ask.note().is_some()))
        }
        Action::Back if focus == Focus::Queue => there_is(
            model.panes.is_zoomed
                || !model.marks.on.is_empty()
                || model.marks.range.is_some()
                || !model.queue.filter.is_empty(),
        ),
        Action::Left
        | Action::Right
        | Action::NextPane
        | Action::Back
        | Action::ShowQueue
        | Action::ShowGate
        | Action::ShowJob
        | Action::ShowHistory
        | Action::Handovers
        | Action::ShowFigures
        | Action::ShowJobs
        | Action::ShowBoard
        | Action::Zoom
        | Action::Filter
        | Action::FoldGroups
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
        | Action::Find
        | Action::FindNext
        | Action::FindFormer
        | Action::ResizePreview
        | Action::PreviewUp
        | Action::PreviewDown => Ok(()),
    }
}

/// Whether the row of the forecast is a gate that is open.
fn is_foreseen_open(model: &Model) -> bool {
    let line = model.panes.board.current();
    line.is_some_and(|line| model.queue.gate(&line.key).is_some())
}

/// Whether the timer keys are about all marked gates: on the queue and on the forecast, at one of
/// them.
pub(crate) fn is_of_marked(model: &Model, focus: Focus) -> bool {
    matches!(focus, Focus::Queue | Focus::Board) && model.marks.range.is_none() && is_bulk(model)
}

/// What a key does to timers; of several gates `t` holds.
pub(crate) fn timer_intent(model: &Model, focus: Focus, action: Action) -> Option<TimerIntent> {
    if action == Action::Extend {
        return Some(TimerIntent::Extend);
    }
    if action == Action::HandOver {
        return Some(TimerIntent::HandOver);
    }
    let hold = match is_of_marked(model, focus) || is_group(model, focus) {
        true => TimerIntent::Hold,
        false => hold_or_release(model),
    };
    (action == Action::Hold).then_some(hold)
}

/// What changes more than the screen.
fn written(model: &Model, what: &'static str, rule: impl FnOnce() -> Result<(), Why>) -> Result<(), NoOffer> {
    if model.session.is_read_only {
        return refused(what, Err(("this console only reads".to_owned(), String::new())));
    }
    refused(what, rule())
}

/// The same where a question is asked first, which the window has to hold.
fn asked(model: &Model, what: &'static str, rule: impl FnOnce() -> Result<(), Why>) -> Result<(), NoOffer> {
    written(model, what, || match window::too_small(model) {
        Some(why) => Err((why, window::MAKE_ROOM.to_owned())),
        None => rule(),
    })
}

/// The text that is written, from the menu.
fn sent(model: &Model, intent: Intent) -> Result<(), NoOffer> {
    about_text(asked(model, intent.words().not_done, || text::send(model, intent)))
}
