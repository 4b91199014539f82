//! The last line: the keys of the focus that apply now, whole hints only.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::row_writer::RowWriter;
use crate::action::Action;
use crate::facts::enter::is_behind_text;
use crate::facts::{filter, lists, verb, window};
use crate::keymap::{self, Binding, Focus};
use crate::layout::question;
use crate::model::Model;
use crate::model::compose::Compose;
use crate::model::file::Against;
use crate::model::gate::GateView;
use crate::model::panes::Lower;
use crate::prompt::parts::until;
use crate::theme::Theme;

/// Why Enter does not stand there, behind letters that are a text.
fn text_comes(model: &Model, focus: Focus) -> Option<String> {
    let is_open = focus.is_prompt() && model.is_binding();
    (is_open && is_behind_text(model)).then(|| "a text comes in: wait".to_owned())
}

/// Whether Enter answers the open question.
fn is_enter_offered(model: &Model) -> bool {
    let is_whole = question::facts(model).is_none_or(|facts| facts.is_whole);
    is_whole && verb::applies(model, model.focus(), Action::Accept)
}

/// What is said where the keys stand in the question itself, or the letters are a text: what finds
/// no room is left out.
fn said(model: &Model, focus: Focus) -> Vec<String> {
    let keys = |actions: &[Action]| keymap::keys_of(focus, actions);
    let enter = keys(&[Action::Accept]);
    let moves = || format!("{} move", keys(&[Action::Up, Action::Down]));
    let list = |words: &str| vec![format!("{enter} {words}"), "type to find".to_owned(), moves()];
    match focus {
        Focus::Note => vec![
            until(is_enter_offered(model).then_some(&enter), "decided"),
            "type the note".to_owned(),
            format!("{} out", keys(&[Action::Note])),
        ],
        Focus::Line => vec![format!("{} point at a line", keys(&[Action::Down, Action::Up]))],
        Focus::Confirm | Focus::Bulk | Focus::Ask | Focus::Answer | Focus::Comment | Focus::Menu => {
            let offered = is_enter_offered(model).then_some(&*enter);
            model.ask().map_or_else(Vec::new, |ask| ask.said(model, offered))
        }
        Focus::Filter => match filter::fault(model) {
            Some(fault) => vec![fault.hint, "until then the rows stay as they are".to_owned()],
            None => vec![
                format!("{enter} keeps the filter"),
                format!("{} takes it back", keys(&[Action::Close])),
            ],
        },
        Focus::Search => vec![format!("{enter} finds")],
        Focus::Find => vec![
            "type what to find".to_owned(),
            format!("{enter} there"),
            format!(
                "{} next, in the text",
                keymap::keys_of(Focus::Compose, &[Action::FindNext])
            ),
        ],
        Focus::Candidates => vec![format!("{enter} writes it"), "type on".to_owned(), moves()],
        Focus::Types => vec![format!("{enter} writes in it"), moves()],
        Focus::Help => {
            let pages = keys(&[Action::Up, Action::Down, Action::PageUp, Action::PageDown]);
            vec!["type to find".to_owned(), format!("{pages} move")]
        }
        Focus::Files => list("shows it"),
        Focus::Discarded => list("restores it"),
        Focus::Handovers => {
            let rows = lists::handovers(model);
            let chosen = model.keys.overlay.as_ref().and_then(|overlay| rows.get(overlay.row));
            let adopted = chosen.map(|(_, gate)| (gate.draft.is_some(), gate.is_marked));
            list(match adopted {
                Some((true, true)) => "adopts draft and marks",
                Some((true, false)) => "adopts the draft",
                Some((false, true)) => "adopts the marks",
                Some((false, false)) | None => "goes there",
            })
        }
        Focus::Context => list("goes back"),
        Focus::Views => vec!["its letter shows it".to_owned(), moves()],
        Focus::Palette => list("does it"),
        Focus::Compose | Focus::Queue | Focus::Diff => Vec::new(),
        Focus::Job | Focus::History | Focus::Figures | Focus::Jobs | Focus::Board => Vec::new(),
    }
}

/// Cells between two hints.
const GAP: usize = 2;
/// Cells between two phrases.
const PHRASE_GAP: usize = 3;

/// The keys that end the line at every width: what all keys are, and the way out.
fn last(focus: Focus) -> Vec<&'static Binding> {
    let of = |action| bindings(focus).find(|binding| binding.action == Some(action));
    // The first that a focus has: the queue has a way back, too, and the menu one to the text.
    let ways_out = [Action::Quit, Action::Leave, Action::Menu, Action::Back, Action::Close];
    [of(Action::Help), ways_out.into_iter().find_map(of)]
        .into_iter()
        .flatten()
        .collect()
}

/// The bindings of a focus that have a hint.
fn bindings(focus: Focus) -> impl Iterator<Item = &'static Binding> {
    keymap::bindings(focus).filter(|binding| !binding.hint.is_empty())
}

/// The line as it is written: what ends it keeps its room.
struct Bar<'a> {
    pen: RowWriter<'a>,
    theme: Theme,
    reserved: usize,
}

impl Bar<'_> {
    /// A key with its hint, or nothing at all of it.
    fn key(&mut self, key: &str, hint: &str) -> bool {
        let cells = key.len() + 1 + hint.len();
        if cells + self.reserved > self.pen.room() {
            return false;
        }
        self.pen
            .text(key, self.theme.strong())
            .text(" ", self.theme.plain())
            .text(hint, self.theme.plain())
            .skip(GAP as u16);
        true
    }

    fn say(&mut self, words: &str) -> bool {
        if words.len() + PHRASE_GAP + self.reserved > self.pen.room() + GAP {
            return false;
        }
        self.pen.text(words, self.theme.plain()).skip(PHRASE_GAP as u16);
        true
    }
}

/// Draws it. Inside a prompt the prompt itself names its keys, and the line says how to look
/// around.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let focus = model.focus();
    let last = last(focus);
    let mut bar = Bar {
        pen: RowWriter::new(buffer, area),
        theme: model.session.theme(),
        // The way to all keys and the way out are always in sight; the others give way.
        reserved: last
            .iter()
            .map(|binding| binding.key_out().len() + 1 + binding.hint.len() + GAP)
            .sum(),
    };
    bar.pen.skip(1);
    // Where another pane stands below, it must be plain that the keys are the queue's.
    if focus == Focus::Queue && model.panes.lower != Lower::Gate {
        bar.pen.text("QUEUE ", model.session.theme().strong());
    }
    for words in text_comes(model, focus).into_iter().chain(said(model, focus)) {
        bar.say(&words);
    }
    let zoom = keymap::key_of(focus, Action::Zoom).filter(|_| window::zoomed(model).is_some());
    if let Some(key) = zoom {
        bar.key(key, "all panes");
    }
    let is_pane = matches!(
        focus,
        Focus::Queue | Focus::Diff | Focus::Job | Focus::Jobs | Focus::Board
    );
    if is_pane && verb::is_hinted(model, focus, Action::Resume) {
        bar.key(&keymap::keys_of(focus, &[Action::Resume]), "resume");
    }
    // The way back to the text comes before what can be done with it, which a window with room for
    // it lists above; so does the way back to the usual base, which alone counts as shown.
    let is_menu = focus == Focus::Menu;
    let is_listed = is_menu && !window::is_low(model);
    let file = model.gate.as_ref().and_then(GateView::current);
    let is_other_base = file.is_some_and(|file| file.comparison.wanted != Against::Usual);
    let is_back = |binding: &&Binding| match binding.action {
        Some(Action::Close) => is_menu,
        Some(Action::Base) => is_other_base,
        Some(_) | None => false,
    };
    let back = bindings(focus).filter(is_back);
    let others = bindings(focus).filter(|binding| !is_back(binding) && !is_listed);
    let applies = |binding: &&Binding| binding.action.is_some_and(|action| verb::applies(model, focus, action));
    let is_said = |binding: &&Binding| zoom.is_some() && binding.action == Some(Action::Zoom);
    let is_last = |binding: &&Binding| last.iter().any(|last| last.action == binding.action);
    for binding in back
        .chain(others)
        .filter(applies)
        .filter(|binding| !is_last(binding) && !is_said(binding))
    {
        if !bar.key(binding.key(), binding.hint) {
            break;
        }
    }
    if focus == Focus::Compose {
        let compose = model.compose.as_ref();
        if compose.is_some_and(|compose| compose.closed.is_some()) {
            bar.say("the text can only be read");
        } else {
            bar.key(keymap::undo_key(), "undo");
            // Before anything is written there is no draft.
            if compose.is_some_and(Compose::is_changed) {
                bar.say("the draft is kept");
            }
        }
    }
    bar.reserved = 0;
    for binding in last {
        bar.key(binding.key_out(), binding.hint);
    }
}

#[cfg(test)]
mod tests;
