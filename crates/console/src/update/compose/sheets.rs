//! The patch types to write in: choosing another, with what was written in it before.

use crate::action::Action;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::compose::{Check, List, Subject};
use crate::update::compose::open::{edited, in_menu, say_closed};
use crate::update::outgoing::tell;

/// Opens the list of the patch types for this file.
pub fn other_type(model: &mut Model) {
    model.prompt = None;
    let Some(compose) = &mut model.compose else {
        return;
    };
    if compose.closed.is_some() {
        return say_closed(model);
    }
    let now = compose.written_type();
    let Subject::Patch(sheets) = &compose.subject else {
        let patch = in_menu(Action::AsPatch);
        let text = format!("The patch type follows from what you change; {patch} makes it a patch to write");
        return tell(model, text);
    };
    if sheets.templates.len() < 2 {
        return tell(model, "No other patch type is for this file");
    }
    let now = now.unwrap_or(sheets.type_name);
    let chosen = sheets.templates.iter().position(|(name, _)| *name == now).unwrap_or(0);
    compose.list = Some(List::Types { chosen });
}

/// Moves in the list that is open.
pub fn move_choice(model: &mut Model, rows: isize) {
    let Some(compose) = &mut model.compose else {
        return;
    };
    let types = compose.sheets().map_or(0, |sheets| sheets.templates.len());
    match &mut compose.list {
        Some(List::Types { chosen }) => *chosen = chosen.saturating_add_signed(rows).min(types.saturating_sub(1)),
        Some(List::Candidates { candidates, chosen }) => {
            *chosen = chosen
                .saturating_add_signed(rows)
                .min(candidates.len().saturating_sub(1));
        }
        None => {}
    }
}

/// Takes the chosen type; what is written now is kept.
pub fn choose_type(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(compose) = &mut model.compose else {
        return;
    };
    let chosen = match compose.list.take() {
        Some(List::Types { chosen }) => chosen,
        Some(List::Candidates { .. }) | None => return,
    };
    let is_untouched = compose.is_untouched();
    let written = compose.written_type();
    let Subject::Patch(sheets) = &mut compose.subject else {
        return;
    };
    let now = written.unwrap_or(sheets.type_name);
    let Some((name, template)) = sheets.templates.get(chosen).filter(|(name, _)| *name != now).cloned() else {
        return;
    };
    let place = sheets.shelf.iter().rposition(|(shelved, _)| *shelved == name);
    let editor = match place {
        Some(place) => sheets.shelf.remove(place).1,
        None => Editor::at(&template.text, (template.cursor.line, template.cursor.character)),
    };
    let former = std::mem::replace(&mut compose.editor, editor);
    if !is_untouched {
        sheets.shelf.push((now, former));
    }
    sheets.type_name = name;
    compose.check = Check::Pending;
    let kept = if is_untouched {
        String::new()
    } else {
        let types = keymap::key_in(Focus::Compose, Action::OtherType);
        format!("; what you wrote as {now} is kept, {types} brings it back")
    };
    tell(model, format!("Patch type {name}{kept}"));
    edited(model, fx);
}
