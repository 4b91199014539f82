//! What was thrown away lately, as a list to take something back from.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message;
use super::row_writer::{RowWriter, clear};
use crate::draft::{DISCARDED_DAYS, Discarded};
use crate::facts::{label, lists};
use crate::layout::Layout;
use crate::model::Model;
use crate::model::keys::Overlay;

/// The first words of what was thrown away.
fn first_words(discarded: &Discarded) -> String {
    let draft = &discarded.draft;
    let patch = draft.patch.as_ref().map(|patch| &patch.text);
    let edit = draft.edits.first().map(|edit| &edit.text);
    let notes = [&draft.approval, &draft.rejection];
    let mut texts = patch
        .into_iter()
        .chain(edit)
        .chain(notes)
        .filter(|text| !text.trim().is_empty());
    texts
        .next()
        .map(|text| text.split_whitespace().take(12).collect::<Vec<_>>().join(" "))
        .unwrap_or_default()
}

/// Draws it above the keys.
pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    let Some(Overlay::Discarded { text, chosen }) = &model.keys.overlay else {
        return None;
    };
    let listed = lists::discarded(model);
    let wanted = u16::try_from(listed.len()).unwrap_or(u16::MAX).saturating_add(2);
    let height = wanted.clamp(3, 16).min(layout.hint.y.saturating_sub(1));
    let area = Rect::new(0, layout.hint.y - height, model.window.size.0, height);
    clear(buffer, area);
    let mut pen = RowWriter::new(buffer, area);
    pen.text("─", theme.rule())
        .text(
            &format!(" discarded in the last {DISCARDED_DAYS} days "),
            theme.strong(),
        )
        .rule(theme);
    let rows = usize::from(height.saturating_sub(2));
    let top = (chosen + 1).saturating_sub(rows);
    for (line, (place, index)) in (1..).zip(listed.iter().enumerate().skip(top).take(rows)) {
        let Some(discarded) = model.drafts.discarded.get(*index) else {
            continue;
        };
        let mut pen = RowWriter::at_line(buffer, area, line);
        let is_chosen = place == *chosen;
        pen.text(if is_chosen { " > " } else { "   " }, theme.strong())
            .text(
                &label::time_or_date(discarded.discarded_at, model.now.utc),
                theme.plain(),
            )
            .text(
                &format!("  {}  {}  ", discarded.draft.key, discarded.draft.contents()),
                theme.plain(),
            )
            .text(&first_words(discarded), theme.plain());
        if is_chosen {
            pen.fill(theme.selected());
        }
    }
    let y = area.bottom().saturating_sub(1);
    let mut pen = RowWriter::at_line(buffer, area, height.saturating_sub(1));
    pen.text(" text: ", theme.strong());
    message::field(&mut pen, text, y, theme)
}
