//! The files under review, as a list to choose from.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message;
use super::pen::{Pen, clear};
use crate::facts::label;
use crate::layout::Layout;
use crate::model::file::FileView;
use crate::model::{Model, Overlay};
use text::words::{NO_TEXT, counted};

/// The files that fit what is typed, by their index.
pub(crate) fn matching(model: &Model) -> Vec<usize> {
    let text = match &model.overlay {
        Some(Overlay::Files { text, .. }) => text.text().to_lowercase(),
        Some(Overlay::Help { .. } | Overlay::Palette { .. } | Overlay::Discarded { .. }) | None => String::new(),
    };
    let files = model.gate.as_ref().map_or(&[][..], |view| &view.files[..]);
    let fits = |file: &FileView| {
        let name = file.artifact.path.as_str().to_lowercase();
        text.split_whitespace().all(|word| name.contains(word))
    };
    files
        .iter()
        .enumerate()
        .filter(|(_, file)| fits(file))
        .map(|(index, _)| index)
        .collect()
}

/// How much changed in it: lines, or its size; and how many values, where they are known.
pub(crate) fn change(file: &FileView) -> String {
    let artifact = &file.artifact;
    if artifact.is_binary {
        return format!("{NO_TEXT}, {}", label::size(artifact.size_bytes));
    }
    let lines = format!("+{} -{}", artifact.added_lines, artifact.removed_lines);
    match &file.values {
        Some(values) => {
            let more = if values.is_cut { "+" } else { "" };
            format!("{lines}  {}{more} values", values.changes.len())
        }
        None => lines,
    }
}

/// Draws it above the keys.
pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let Some(Overlay::Files { text, chosen }) = &model.overlay else {
        return None;
    };
    let files = matching(model);
    let wanted = u16::try_from(files.len()).unwrap_or(u16::MAX).saturating_add(2);
    let height = wanted.clamp(3, 16).min(layout.hint.y.saturating_sub(1));
    let area = Rect::new(0, layout.hint.y - height, model.size.0, height);
    clear(buffer, area);
    let count = model.gate.as_ref().map_or(0, |view| view.files.len());
    let unseen = model.gate.as_ref().map_or(0, |view| {
        view.files.iter().filter(|file| !file.is_wholly_shown()).count()
    });
    let mut pen = Pen::new(buffer, area);
    pen.text("─", theme.rule())
        .text(
            &format!(" {}, {unseen} not wholly seen ", counted(count, "file")),
            theme.strong(),
        )
        .rule(theme);
    let rows = usize::from(height.saturating_sub(2));
    let top = (chosen + 1).saturating_sub(rows);
    for (line, (place, index)) in (1..).zip(files.iter().enumerate().skip(top).take(rows)) {
        let Some(file) = model.gate.as_ref().and_then(|view| view.files.get(*index)) else {
            continue;
        };
        let mut pen = Pen::at_line(buffer, area, line);
        let is_chosen = place == *chosen;
        let seen = match (file.is_shown, file.is_wholly_shown()) {
            (_, true) => "seen",
            (true, false) => "partly seen",
            (false, false) => "unseen",
        };
        let name = file.artifact.path.file_name();
        let name_cells = usize::from(area.width).saturating_sub(44).max(12);
        pen.text(if is_chosen { " > " } else { "   " }, theme.strong())
            .cell(&(index + 1).to_string(), 4, theme.plain())
            .cell(name, name_cells, theme.plain())
            .cell(&format!(" {}", change(file)), 24, theme.plain())
            .text(seen, if seen == "seen" { theme.plain() } else { theme.warning() });
        if file.is_changed_on_disk() {
            pen.text(" CHANGED", theme.warning());
        }
        if is_chosen {
            pen.fill(theme.selected());
        }
    }
    let y = area.bottom().saturating_sub(1);
    let mut pen = Pen::at_line(buffer, area, height.saturating_sub(1));
    pen.text(" file: ", theme.strong());
    message::field(&mut pen, text, y, theme)
}
