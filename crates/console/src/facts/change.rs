//! One change of a patch in lines: what stands there and what will, so that the place where they
//! differ is in sight.

use ratatui::style::Style;

use crate::theme::Theme;
use patch::{PlannedChange, around_difference};
use text::{visible_line, width};

/// A line, and which side it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangeLine {
    /// The words.
    pub(crate) text: String,
    /// What they are.
    pub(crate) side: Side,
}

/// What a line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Place, before and after in one.
    Both,
    /// What stands there now.
    Before,
    /// What would stand there.
    After,
}

/// The colour of a side.
pub(crate) fn style(side: Side, theme: Theme) -> Style {
    match side {
        Side::Both => theme.plain(),
        Side::Before => theme.removed(),
        Side::After => theme.added(),
    }
}

/// A longer place has a line of its own.
const PLACE_CELLS: usize = 20;

/// The change in lines of so many columns: one line where both sides fit in it, else each side in
/// at most `rows_each` lines.
pub(crate) fn lines(change: &PlannedChange, columns: usize, rows_each: usize) -> Vec<ChangeLine> {
    let line = |text: String, side| ChangeLine { text, side };
    let whole = change.to_string();
    if cells(&whole) <= columns {
        return vec![line(whole, Side::Both)];
    }
    let mut lines = Vec::new();
    let mut head = change.place.clone();
    if cells(&head) > PLACE_CELLS {
        lines.push(line(std::mem::take(&mut head), Side::Both));
    } else {
        head.push(' ');
    }
    let indent = cells(&head);
    let room = columns.saturating_sub(indent + 2).max(8);
    let (before, after) = around_difference(&change.before, &change.after, room.saturating_mul(rows_each.max(1)));
    for (sign, text, side) in [('-', before, Side::Before), ('+', after, Side::After)] {
        for (index, row) in rows(&text, room).into_iter().take(rows_each.max(1)).enumerate() {
            let start = match (side, index) {
                (Side::Before, 0) => head.clone(),
                (Side::Both | Side::Before | Side::After, _) => " ".repeat(indent),
            };
            let sign = if index == 0 { sign } else { ' ' };
            lines.push(line(format!("{start}{sign} {row}"), side));
        }
    }
    lines
}

fn cells(text: &str) -> usize {
    width(&visible_line(text))
}

/// The text cut into rows of so many cells, wherever they end: blanks count in a change.
fn rows(text: &str, room: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0;
    for character in text.chars() {
        let wide = cells(character.encode_utf8(&mut [0; 4]));
        if used + wide > room {
            rows.push(String::new());
            used = 0;
        }
        if let Some(row) = rows.last_mut() {
            row.push(character);
        }
        used += wide;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: &str, after: &str) -> PlannedChange {
        PlannedChange {
            place: "line 5".to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        }
    }

    #[test]
    fn a_short_change_is_one_line() {
        let lines = lines(&change("`a`", "`b`"), 40, 2);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].text, "line 5 `a` -> `b`");
    }

    #[test]
    fn a_long_one_shows_where_the_sides_differ() {
        let start = "the sea gives the beach back twice a day and ".repeat(3);
        let change = change(&format!("`{start}asks nobody`"), &format!("`{start}tells nobody`"));
        for columns in [30, 58, 78] {
            for rows_each in [1, 2] {
                let lines = lines(&change, columns, rows_each);
                assert!(lines.len() <= 2 * rows_each, "{lines:?}");
                assert!(lines.iter().all(|line| cells(&line.text) <= columns), "{lines:?}");
                let text: String = lines.iter().map(|line| line.text.as_str()).collect();
                assert!(
                    text.contains("asks") && text.contains("tells"),
                    "{columns} {rows_each} {lines:?}"
                );
                assert!(lines[0].text.starts_with("line 5 - `") || lines[0].text.starts_with("line 5 - …"));
            }
        }
    }
}
