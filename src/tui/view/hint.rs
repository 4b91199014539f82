//! The last line: the keys of the focus that apply now, whole hints only.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::Pen;
use super::prompt;
use crate::tui::action::Action;
use crate::tui::keymap::{self, Focus};
use crate::tui::model::compose::Compose;
use crate::tui::model::prompt::{ConfirmState, Intent, Prompt, TimerIntent};
use crate::tui::model::{Lower, Model};
use crate::tui::verb;

/// The keys that look around behind the prompt, as far as there is something to look at.
fn look(model: &Model) -> String {
    let actions = [Action::Down, Action::Up, Action::ReadOn, Action::NextFile];
    let keys: Vec<_> = actions
        .into_iter()
        .filter(|action| verb::is_diff_shown(model) && verb::applies(model, Focus::Confirm, *action))
        .filter_map(|action| keymap::key_of(Focus::Confirm, action))
        .collect();
    if keys.is_empty() {
        String::new()
    } else {
        format!("{} look at the diff   ", keys.join(" "))
    }
}

/// Whether Enter answers the open question.
fn is_enter_offered(model: &Model) -> bool {
    let is_whole = prompt::facts(model).is_none_or(|facts| facts.is_whole);
    is_whole && verb::applies(model, model.focus(), Action::Accept)
}

/// What holds until Enter; where that would be refused, what holds.
fn until_enter(model: &Model, what: &str) -> String {
    let until = if is_enter_offered(model) { " until Enter" } else { "" };
    format!("nothing is {what}{until}")
}

fn confirm(model: &Model) -> String {
    let Some(Prompt::Confirm(confirm)) = &model.prompt else {
        return String::new();
    };
    let so = match (&confirm.state, confirm.intent) {
        (ConfirmState::Asking, Intent::Apply | Intent::Undo) => until_enter(model, "changed"),
        (ConfirmState::Asking, Intent::Approve | Intent::Reject) => until_enter(model, "decided"),
        (ConfirmState::Writing(_), _) => "the answer will show here".to_owned(),
        (ConfirmState::Refused(..), _) => "Esc closes the prompt".to_owned(),
    };
    format!("{}{so}", look(model))
}

fn bulk(model: &Model) -> String {
    match &model.prompt {
        Some(Prompt::Bulk(ask)) if ask.writing() > 0 => "the answers will show here".to_owned(),
        Some(Prompt::Bulk(ask)) if !ask.is_asking() => "j k look at the list   Esc closes it".to_owned(),
        Some(_) | None => format!("j k look at the list   {}", until_enter(model, "decided")),
    }
}

fn answer(model: &Model) -> String {
    let (what, esc) = match &model.prompt {
        Some(Prompt::Timer(ask)) if ask.intent == TimerIntent::Extend => ("type how long", "Esc back"),
        Some(Prompt::Discard(_)) => ("type the word", "Esc keeps the text"),
        Some(Prompt::Timer(_)) => ("type the reason, or leave it out", "Esc back"),
        Some(
            Prompt::Cancel(_)
            | Prompt::Bulk(_)
            | Prompt::Confirm(_)
            | Prompt::Resume(_)
            | Prompt::Quit(_)
            | Prompt::Menu,
        )
        | None => ("type the id", "Esc back"),
    };
    let enter = if is_enter_offered(model) { "Enter   " } else { "" };
    format!("{what}   {enter}{esc}")
}

/// Cells between two hints.
const GAP: usize = 2;

/// A key with its hint.
fn cells(key: &str, hint: &str) -> usize {
    key.len() + 1 + hint.len()
}

/// The keys that end the line of a pane at every width: what all keys are, and the way out.
fn last(focus: Focus) -> Vec<(&'static str, &'static str)> {
    let out = match focus {
        Focus::Queue => Action::Quit,
        Focus::Diff | Focus::Job | Focus::History => Action::Back,
        Focus::Confirm
        | Focus::Note
        | Focus::Bulk
        | Focus::Ask
        | Focus::Answer
        | Focus::Compose
        | Focus::Menu
        | Focus::Filter
        | Focus::Search
        | Focus::Find
        | Focus::Types
        | Focus::Candidates
        | Focus::Help
        | Focus::Palette
        | Focus::Files
        | Focus::Discarded => return Vec::new(),
    };
    let bindings = keymap::groups(focus).into_iter().flat_map(|group| group.bindings);
    let hinted: Vec<_> = bindings.filter(|binding| !binding.hint.is_empty()).collect();
    let of = |action| hinted.iter().find(|binding| binding.action == Some(action));
    let both = [of(Action::Help), of(out)].into_iter().flatten();
    both.filter_map(|binding| Some((*binding.keys.first()?, binding.hint)))
        .collect()
}

/// Draws it. Inside a prompt the prompt itself names its keys, and the line says how to look around.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let focus = model.focus();
    let fixed = match focus {
        Focus::Confirm => Some(confirm(model)),
        Focus::Note => Some(format!("type the note   Tab out   {}", until_enter(model, "decided"))),
        Focus::Ask if is_enter_offered(model) => Some("Enter yes   Esc no".to_owned()),
        Focus::Ask => Some("Esc no".to_owned()),
        Focus::Bulk => Some(bulk(model)),
        Focus::Answer => Some(answer(model)),
        Focus::Filter => Some("Enter keeps the filter   Esc takes it back".to_owned()),
        Focus::Search => Some("Enter finds   Esc back".to_owned()),
        Focus::Find => Some("type what to find   Enter there   Ctrl-g next, in the text".to_owned()),
        Focus::Candidates => Some("type on   Up Down move   Enter writes it   Esc closes it".to_owned()),
        Focus::Types => Some("Up Down move   Enter writes in it   Esc back to the text".to_owned()),
        Focus::Help => Some("type to narrow down   Up Down PgUp PgDn move   Esc back".to_owned()),
        Focus::Files => Some("type to find   Up Down move   Enter shows it   Esc back".to_owned()),
        Focus::Discarded => Some("type to find   Up Down move   Enter restores it   Esc back".to_owned()),
        Focus::Palette => Some("type to find   Up Down move   Enter does it   Esc back".to_owned()),
        Focus::Compose | Focus::Menu | Focus::Queue | Focus::Diff | Focus::Job | Focus::History => None,
    };
    let mut pen = Pen::new(buffer, area);
    pen.skip(1);
    if let Some(text) = fixed {
        pen.text(&text, theme.plain());
        return;
    }
    // Where another pane stands below, it must be plain that the keys are the queue's.
    if focus == Focus::Queue && model.lower != Lower::Gate {
        pen.text("QUEUE ", theme.strong());
    }
    // The way to all keys and the way out are always in sight; the others give way.
    let last = last(focus);
    let reserved: usize = last.iter().map(|(key, hint)| cells(key, hint) + GAP).sum();
    let mut put = |key: &str, hint: &str, reserved: usize| {
        if cells(key, hint) + reserved > pen.room() {
            return false;
        }
        pen.text(key, theme.strong())
            .text(" ", theme.plain())
            .text(hint, theme.plain())
            .skip(GAP as u16);
        true
    };
    let is_pane = matches!(focus, Focus::Queue | Focus::Diff | Focus::Job);
    if is_pane && verb::is_hinted(model, focus, Action::Resume) {
        put("R", "resume", reserved);
    }
    let bindings = keymap::groups(focus).into_iter().flat_map(|group| group.bindings);
    let hinted = bindings.filter(|binding| !binding.hint.is_empty());
    for binding in hinted.filter(|binding| binding.action.is_some_and(|action| verb::applies(model, focus, action))) {
        if let Some(key) = binding.keys.first()
            && !last.contains(&(key, binding.hint))
            && !put(key, binding.hint, reserved)
        {
            break;
        }
    }
    for (key, hint) in last {
        put(key, hint, 0);
    }
    if focus == Focus::Compose {
        let compose = model.compose.as_ref();
        if compose.is_some_and(|compose| compose.closed.is_some()) {
            put("", "the text can only be read", 0);
        } else {
            put("Ctrl-u", "undo", 0);
            // Before anything is written there is no draft.
            if compose.is_some_and(Compose::is_changed) {
                put("", "the draft is kept", 0);
            }
        }
    }
}
