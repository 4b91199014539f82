//! Looking for words in the text that is being written.

use crate::editor::{Editor, TextPosition};
use crate::model::Model;
use crate::model::keys::Field;
use crate::update::outgoing::tell;
use diff::search::Needle;

/// Opens the field for what is sought.
pub fn find(model: &mut Model) {
    if let Some(compose) = &model.compose {
        model.keys.field = Some(Field::Find(Editor::of_line(""), compose.editor.place()));
    }
}

/// What is sought changed: to the first place behind the one where the search began.
pub fn find_typed(model: &mut Model) {
    let (Some(Field::Find(field, from)), Some(compose)) = (&model.keys.field, &mut model.compose) else {
        return;
    };
    let (text, from): (String, TextPosition) = (field.text(), *from);
    if let Some(needle) = Needle::new(&text) {
        compose.editor.find_here(&needle, from);
    }
    compose.find = Some(text).filter(|text| !text.is_empty());
}

/// To the next place, or the one before.
pub fn find_next(model: &mut Model, is_forward: bool) {
    let Some(compose) = &mut model.compose else {
        return;
    };
    let Some(text) = compose.find.clone() else {
        return find(model);
    };
    let is_found = Needle::new(&text).is_some_and(|needle| compose.editor.find(&needle, is_forward));
    if !is_found {
        tell(model, format!("Not found in the text: {text}"));
    }
}
