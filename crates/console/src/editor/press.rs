//! What a key does in an editor. The keymap's group *while writing* names these keys for the help.
//!
//! No letter with Alt does anything: on a line that stalls it is the Escape key and a letter that
//! came together.

use super::lines::TextPosition;
use super::{Editor, Form};
use crate::input::{Code, KeyPress};

/// Lines of a page in the editor.
const PAGE_LINES: isize = 10;

impl Editor {
    /// Takes a key; returns whether the text changed.
    pub(crate) fn press(&mut self, key: KeyPress) -> bool {
        if let Some(place) = self.motion(key) {
            self.go(place, key);
            return false;
        }
        match (key.code, key.is_ctrl, key.is_alt) {
            (Code::Char(character), false, false) => self.write(character.encode_utf8(&mut [0; 4])),
            // A line feed is a line end also where it comes as a key, as in a paste without
            // brackets.
            (Code::Enter, _, _) | (Code::Char('j' | 'm'), true, false) => self.form != Form::Field && self.write("\n"),
            (Code::Tab, false, false) => {
                let tab = self.tab;
                self.form != Form::Field && !key.is_shift && self.write(tab)
            }
            (Code::Backspace, false, false) | (Code::Char('h'), true, false) => self.delete(Self::before_cursor),
            (Code::Delete, false, false) => self.delete(Self::after_cursor),
            (Code::Backspace, _, _) | (Code::Char('w'), true, false) => self.cut(Self::former_word),
            (Code::Delete, _, _) => self.cut(Self::next_word),
            (Code::Char('k'), true, false) => self.cut(Self::line_end_or_next),
            (Code::Char('x'), true, false) => self.selection().is_some() && self.cut(|editor| editor.cursor),
            (Code::Char('o'), true, false) => {
                if let Some((from, to)) = self.selection() {
                    self.kept = self.lines.text_between(from, to);
                }
                false
            }
            (Code::Char('y'), true, false) => {
                let kept = self.kept.clone();
                self.write(&kept)
            }
            // As at every prompt of a shell; a text of many lines has more to lose, and an undo.
            (Code::Char('u'), true, false) if self.form != Form::Text => self.cut(|_| TextPosition::default()),
            (Code::Char('u'), true, false) => self.undo(),
            (Code::Char('r'), true, false) => self.redo(),
            (Code::Char(_) | Code::Tab | Code::Esc | Code::Function(_), _, _) => false,
            // Keys that move the cursor have moved it.
            (Code::Up | Code::Down | Code::Left | Code::Right, _, _) => false,
            (Code::Home | Code::End | Code::PageUp | Code::PageDown, _, _) => false,
        }
    }

    /// Where a key moves the cursor, if it moves it.
    fn motion(&mut self, key: KeyPress) -> Option<TextPosition> {
        let is_word = key.is_ctrl || key.is_alt;
        let line = self.cursor.line;
        let start = TextPosition::at(line, 0);
        Some(match (key.code, is_word) {
            (Code::Left, false) => self.before_cursor(),
            (Code::Right, false) => self.after_cursor(),
            (Code::Left, true) => self.former_word(),
            (Code::Right, true) => self.next_word(),
            (Code::Up, _) => self.vertical(-1),
            (Code::Down, _) => self.vertical(1),
            (Code::PageUp, _) => self.vertical(-PAGE_LINES),
            (Code::PageDown, _) => self.vertical(PAGE_LINES),
            (Code::Home, false) => start,
            (Code::End, false) => self.lines.line_end(line),
            (Code::Home, true) => TextPosition::default(),
            (Code::End, true) => self.lines.end(),
            (Code::Char('e'), true) if key.is_ctrl => self.lines.line_end(line),
            (Code::Char(_) | Code::Enter | Code::Esc | Code::Tab | Code::Function(_), _) => return None,
            (Code::Backspace | Code::Delete, _) => return None,
        })
    }

    fn go(&mut self, place: TextPosition, key: KeyPress) {
        let is_vertical = matches!(key.code, Code::Up | Code::Down | Code::PageUp | Code::PageDown);
        if !is_vertical {
            self.goal_cells = None;
        }
        self.history.close();
        self.anchor = key.is_shift.then(|| self.anchor.unwrap_or(self.cursor));
        self.cursor = place;
    }

    /// Up or down by rows as they are drawn: a long line has several.
    fn vertical(&mut self, rows: isize) -> TextPosition {
        let cells = match self.goal_cells {
            Some(cells) => cells,
            None => self.lines.row_of(self.cursor, self.columns).1,
        };
        self.goal_cells = Some(cells);
        self.lines.rows_away(self.cursor, rows, cells, self.columns)
    }

    fn before_cursor(&self) -> TextPosition {
        self.lines.before(self.cursor)
    }

    fn after_cursor(&self) -> TextPosition {
        self.lines.after(self.cursor)
    }

    fn next_word(&self) -> TextPosition {
        self.lines.next_word(self.cursor)
    }

    fn former_word(&self) -> TextPosition {
        self.lines.former_word(self.cursor)
    }

    /// To the line's end; from there over it.
    fn line_end_or_next(&self) -> TextPosition {
        let end = self.lines.line_end(self.cursor.line);
        if self.cursor == end { self.after_cursor() } else { end }
    }

    /// The selection, else what stands between the cursor and a place; none when that is nothing.
    fn reached(&self, to: impl FnOnce(&Self) -> TextPosition) -> Option<(TextPosition, TextPosition)> {
        let (from, to) = self.selection().unwrap_or_else(|| {
            let to = to(self);
            (self.cursor.min(to), self.cursor.max(to))
        });
        (from != to).then_some((from, to))
    }

    fn delete(&mut self, to: impl FnOnce(&Self) -> TextPosition) -> bool {
        self.reached(to).is_some_and(|(from, to)| self.replace(from, to, ""))
    }

    /// Deletes, and keeps what was deleted for Ctrl-y.
    fn cut(&mut self, to: impl FnOnce(&Self) -> TextPosition) -> bool {
        let Some((from, to)) = self.reached(to) else {
            return false;
        };
        self.kept = self.lines.text_between(from, to);
        self.replace(from, to, "")
    }
}
