//! What is broken: a line below the header for as long as it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::Pen;
use crate::tui::model::Model;

/// The line, when something is broken.
pub fn text(model: &Model) -> Option<String> {
    if let Some(trouble) = &model.trouble {
        return Some(trouble.clone());
    }
    match &model.config_faults[..] {
        [] => None,
        [one] => Some(format!("Configuration not loaded, the former policy stays: {one}")),
        [first, rest @ ..] => Some(format!(
            "Configuration not loaded, the former policy stays: {first} (and {} more)",
            rest.len()
        )),
    }
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    if let Some(text) = text(model) {
        Pen::new(buffer, area)
            .text("! ", model.theme.urgent())
            .text(&text, model.theme.error());
    }
}
