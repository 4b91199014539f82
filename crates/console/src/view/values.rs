//! The changed values of a JSON document, as a list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::row_writer::RowWriter;
use crate::action::Action;
use crate::facts::change::{self, Side};
use crate::keymap::{self, Focus};
use crate::theme::Theme;
use diff::json::{ChangeKind, ChangedValues, ValueChange};
use patch::PlannedChange;
use text::{visible_line, width};

/// What happened to a value, as a sign that needs no colour.
fn sign(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "+",
        ChangeKind::Removed => "-",
        ChangeKind::Changed => "~",
        ChangeKind::Respelled => "=",
        ChangeKind::Moved => ">",
    }
}

/// As many values as there is room for, from `top` on. Returns how many.
pub fn draw(values: &ChangedValues, top: usize, theme: Theme, area: Rect, buffer: &mut Buffer) -> usize {
    let columns = usize::from(area.width).saturating_sub(4);
    let mut line = 0;
    let mut shown = 0;
    for value in values.changes.iter().skip(top) {
        let lines = lines(value, columns);
        let room = usize::from(area.height.saturating_sub(line));
        if lines.len() > room && shown > 0 {
            break;
        }
        for (index, part) in (0..).zip(lines) {
            let style = change::style(part.side, theme);
            let mut pen = RowWriter::at_line(buffer, area, line);
            let sign = if index == 0 { sign(value.kind) } else { "" };
            pen.skip(1).cell(sign, 2, theme.strong()).text(&part.text, style);
            line += 1;
        }
        shown += 1;
    }
    if values.is_cut && top + shown >= values.changes.len() {
        let mode = keymap::key_in(Focus::Diff, Action::Mode);
        let text = format!("There are more; the unified view ({mode}) has all of them");
        RowWriter::at_line(buffer, area, line)
            .skip(3)
            .text(&text, theme.warning());
    }
    shown
}

fn lines(value: &ValueChange, columns: usize) -> Vec<change::ChangeLine> {
    let id = value.id.as_deref().map(|id| format!("  ({id})")).unwrap_or_default();
    let whole = format!("{value}{id}");
    if width(&visible_line(&whole)) <= columns {
        return vec![change::ChangeLine {
            text: whole,
            side: Side::Both,
        }];
    }
    let place = if value.path.is_empty() {
        "the document"
    } else {
        &value.path
    };
    let change = PlannedChange {
        place: format!("{place}{id}"),
        before: value.before.clone().unwrap_or_else(|| "(not there)".to_owned()),
        after: value.after.clone().unwrap_or_else(|| "(removed)".to_owned()),
    };
    change::lines(&change, columns, 2)
}
