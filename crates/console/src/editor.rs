//! A text that an operator types: lines, cursor, selection, undo, search.
//!
//! Text in and out, byte for byte. A key costs by its line and never by the text: 70 kB pasted
//! without brackets are 70 000 keys. It draws nothing: what is typed or pasted is untrusted, and
//! views make it visible.

mod history;
mod lines;
mod press;

use std::ops::Range;

use history::{TextEdit, UndoHistory};
use lines::Lines;
pub(crate) use lines::TextPosition;

use diff::search::Needle;

/// No text grows beyond this: twice what a patch or an artifact that is edited here may have.
pub(crate) const TEXT_BYTES_MAX: usize = 2 << 20;

/// A byte order mark; it is no part of the first line.
const BOM: &str = "\u{feff}";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Field,
    /// A field of several lines.
    Note,
    Text,
}

/// A text with a cursor, undo and selection.
#[derive(Debug, Clone)]
pub struct Editor {
    lines: Lines,
    cursor: TextPosition,
    /// Where the selection began.
    anchor: Option<TextPosition>,
    /// The column that Up and Down keep to, in cells.
    goal_cells: Option<usize>,
    history: UndoHistory,
    /// What was deleted or copied last.
    kept: String,
    form: Form,
    /// Columns in which the text is drawn; 0: long lines are cut.
    columns: usize,
    /// What Tab writes.
    tab: &'static str,
    has_bom: bool,
    /// Every line of the text ended with CR LF: so will new ones.
    is_crlf: bool,
}

impl Editor {
    fn new(lines: Lines, form: Form) -> Self {
        Self {
            lines,
            cursor: TextPosition::default(),
            anchor: None,
            goal_cells: None,
            history: UndoHistory::default(),
            kept: String::new(),
            form,
            columns: 0,
            tab: "  ",
            has_bom: false,
            is_crlf: false,
        }
    }

    /// Many lines; the cursor at the beginning. A byte order mark and CR LF, where all lines end
    /// so, are kept out of sight; line ends that differ stay in their lines, to be seen.
    pub fn of_text(text: &str) -> Self {
        let body = text.strip_prefix(BOM).unwrap_or(text);
        let ends = body.matches('\n').count();
        let is_crlf = ends > 0 && body.matches("\r\n").count() == ends;
        let lines = if is_crlf {
            Lines::new(&body.replace("\r\n", "\n"))
        } else {
            Lines::new(body)
        };
        let has_tabs = lines.all().iter().any(|line| line.starts_with('\t'));
        Self {
            has_bom: body.len() < text.len(),
            is_crlf,
            tab: if has_tabs { "\t" } else { "  " },
            ..Self::new(lines, Form::Text)
        }
    }

    /// Many lines; the cursor at this character of this line, or as near as the text allows.
    pub(crate) fn at(text: &str, (line, character): (usize, usize)) -> Self {
        let mut editor = Self::of_text(text);
        editor.move_to(line, character);
        editor
    }

    /// A field of one line; the cursor at its end.
    pub(crate) fn of_line(text: &str) -> Self {
        let mut field = Self::new(Lines::new(&text.replace(['\n', '\r'], " ")), Form::Field);
        field.cursor = field.lines.end();
        field
    }

    /// A field of several lines; the cursor at its end.
    pub(crate) fn of_note(text: &str) -> Self {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut note = Self::new(Lines::new(&text), Form::Note);
        note.cursor = note.lines.end();
        note
    }

    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.size_bytes());
        if self.has_bom {
            text.push_str(BOM);
        }
        let end = if self.is_crlf { "\r\n" } else { "\n" };
        for (index, line) in self.lines().iter().enumerate() {
            if index > 0 {
                text.push_str(end);
            }
            text.push_str(line);
        }
        text
    }

    /// The length of the text.
    pub fn size_bytes(&self) -> usize {
        let bom = if self.has_bom { BOM.len() } else { 0 };
        let returns = if self.is_crlf { self.lines().len() - 1 } else { 0 };
        self.lines.size_bytes() + bom + returns
    }

    /// Whether this is the text; costs nothing when the lengths differ.
    pub(crate) fn is_text(&self, text: &str) -> bool {
        self.size_bytes() == text.len() && self.text() == text
    }

    /// Its lines, without their ends.
    pub(crate) fn lines(&self) -> &[String] {
        self.lines.all()
    }

    /// Whether there is nothing but blanks.
    pub(crate) fn is_blank(&self) -> bool {
        self.lines().iter().all(|line| line.trim().is_empty())
    }

    /// What is written, without the blanks around it; none: there is nothing but those.
    pub(crate) fn words(&self) -> Option<String> {
        (!self.is_blank()).then(|| self.text().trim().to_owned())
    }

    /// Line and character of the cursor, from 0.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        let TextPosition { line, byte } = self.cursor;
        let before = self.lines.line(line).get(..byte).unwrap_or_default();
        (line, before.chars().count())
    }

    /// Where the cursor stands.
    pub(crate) fn place(&self) -> TextPosition {
        self.cursor
    }

    /// Tells in how many columns the text is drawn: Up and Down move by rows as they are seen. 0:
    /// long lines are cut.
    pub(crate) fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Where the rows of a line begin that is drawn in so many columns.
    pub(crate) fn rows(&self, line: usize, columns: usize) -> Vec<usize> {
        self.lines.rows(line, columns)
    }

    /// The row of its line in which the cursor is drawn, and the cells before it there.
    pub(crate) fn cursor_row(&self, columns: usize) -> (usize, usize) {
        self.lines.row_of(self.cursor, columns)
    }

    /// Puts the cursor there, or as near as the text allows.
    pub(crate) fn move_to(&mut self, line: usize, character: usize) {
        let text = self.lines.line(line);
        let byte = text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte);
        self.jump(TextPosition::at(line, byte));
    }

    fn jump(&mut self, place: TextPosition) {
        self.cursor = self.lines.clamped(place);
        (self.anchor, self.goal_cells) = (None, None);
        self.history.close();
    }

    fn selection(&self) -> Option<(TextPosition, TextPosition)> {
        let anchor = self.anchor.filter(|anchor| *anchor != self.cursor)?;
        Some((anchor.min(self.cursor), anchor.max(self.cursor)))
    }

    /// The selected bytes of a line; none when nothing of it is selected.
    pub(crate) fn selected_in(&self, line: usize) -> Option<Range<usize>> {
        let (from, to) = self.selection()?;
        if line < from.line || line > to.line {
            return None;
        }
        let length = self.lines.line(line).len();
        let start = if line == from.line { from.byte } else { 0 };
        Some(start..if line == to.line { to.byte } else { length })
    }

    /// Whether a text of this length could be written.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.size_bytes().saturating_add(bytes) <= TEXT_BYTES_MAX
    }

    /// Takes a pasted text; returns whether the text changed.
    pub(crate) fn paste(&mut self, text: &str) -> bool {
        // Terminals send the line ends of a paste as carriage returns.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        match self.form {
            Form::Field => self.write(&text.replace('\n', " ")),
            Form::Note | Form::Text => self.write(&text),
        }
    }

    /// Puts a text in place of some characters of a line, and the cursor behind it; one step to
    /// take back.
    pub(crate) fn replace_in_line(&mut self, line: usize, characters: Range<usize>, text: &str) -> bool {
        let old = self.lines.line(line);
        let byte = |at: usize| old.char_indices().nth(at).map_or(old.len(), |(byte, _)| byte);
        let (from, to) = (byte(characters.start), byte(characters.end));
        self.history.close();
        let is_changed = self.replace(TextPosition::at(line, from), TextPosition::at(line, to), text);
        self.history.close();
        is_changed
    }

    /// Moves to the next place that holds the needle, behind the cursor or before it, around the
    /// text's end if need be.
    pub(crate) fn find(&mut self, needle: &Needle, is_forward: bool) -> bool {
        let found = if is_forward {
            self.find_on(needle, self.lines.after(self.cursor))
        } else {
            self.find_back(needle)
        };
        if let Some(place) = found {
            self.jump(place);
        }
        found.is_some()
    }

    /// The same, with the place of the cursor itself: while the needle is being typed.
    pub(crate) fn find_here(&mut self, needle: &Needle, from: TextPosition) -> bool {
        let found = self.find_on(needle, from);
        self.jump(found.unwrap_or(from));
        found.is_some()
    }

    fn find_on(&self, needle: &Needle, from: TextPosition) -> Option<TextPosition> {
        let count = self.lines().len();
        (0..=count).find_map(|step| {
            let line = (from.line + step) % count;
            let start = if step == 0 { from.byte } else { 0 };
            let byte = needle.find_in(self.lines.line(line).as_bytes(), start)?.start;
            Some(TextPosition::at(line, byte))
        })
    }

    fn find_back(&self, needle: &Needle) -> Option<TextPosition> {
        let count = self.lines().len();
        (0..=count).find_map(|step| {
            let line = (self.cursor.line + count - step % count) % count;
            let is_before = |start: &usize| step > 0 || *start < self.cursor.byte;
            let found = needle.all_in(self.lines.line(line).as_bytes());
            let byte = found.into_iter().map(|found| found.start).rfind(is_before)?;
            Some(TextPosition::at(line, byte))
        })
    }

    /// Writes at the cursor, in place of what is selected.
    fn write(&mut self, text: &str) -> bool {
        if text.is_empty() || !self.has_room(text.len()) {
            return false;
        }
        let (from, to) = self.selection().unwrap_or((self.cursor, self.cursor));
        self.replace(from, to, text)
    }

    fn replace(&mut self, from: TextPosition, to: TextPosition, text: &str) -> bool {
        let cursor = self.cursor;
        let (removed, end) = self.lines.replace(from, to, text);
        self.cursor = end;
        (self.anchor, self.goal_cells) = (None, None);
        let is_changed = removed != text;
        self.history.push(TextEdit {
            at: from,
            removed,
            written: text.to_owned(),
            cursor,
        });
        is_changed
    }

    fn undo(&mut self) -> bool {
        let change = self.history.undo();
        change.is_some_and(|change| {
            self.exchange(change.at, &change.written, &change.removed);
            self.cursor = self.lines.clamped(change.cursor);
            true
        })
    }

    fn redo(&mut self) -> bool {
        let change = self.history.redo();
        change.is_some_and(|change| {
            self.exchange(change.at, &change.removed, &change.written);
            true
        })
    }

    /// Puts a text in place of another one that stands there, and the cursor behind it.
    fn exchange(&mut self, at: TextPosition, there: &str, new: &str) {
        let to = TextEdit::behind(at, there);
        (_, self.cursor) = self.lines.replace(at, to, new);
        (self.anchor, self.goal_cells) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::input::KeyPress;
    use super::*;

    fn typed(editor: &mut Editor, names: &str) {
        for name in names.split(' ') {
            editor.press(KeyPress::parse(name).unwrap());
        }
    }

    #[test]
    fn a_text_comes_back_byte_for_byte() {
        for text in [
            "",
            "a",
            "a\n",
            "a\n\n",
            "\n",
            "α\tβ",
            "\u{feff}a\r\nb\r\n",
            "a\r\nb",
            "a\r\nb\nc\r\n",
            "\u{feff}",
            "a\rb",
        ] {
            let editor = Editor::of_text(text);
            assert_eq!(editor.text(), text);
            assert_eq!(editor.size_bytes(), text.len(), "{text:?}");
            assert!(editor.is_text(text));
        }
    }

    #[test]
    fn a_new_line_ends_as_the_others_do() {
        let mut editor = Editor::of_text("\u{feff}a\r\nb");
        typed(&mut editor, "x End Enter y");
        editor.paste("p\nq");
        assert_eq!(editor.text(), "\u{feff}xa\r\nyp\r\nq\r\nb");
        let mut mixed = Editor::of_text("a\r\nb\n");
        typed(&mut mixed, "Down Enter");
        assert_eq!(mixed.text(), "a\r\n\nb\n");
    }

    #[test]
    fn typing_undo_and_paste() {
        let mut editor = Editor::of_text("one\ntwo");
        editor.jump(editor.lines.end());
        typed(&mut editor, "! Enter x");
        assert_eq!(editor.text(), "one\ntwo!\nx");
        typed(&mut editor, "Ctrl-u");
        assert!(editor.paste("p\r\nq\rr"));
        assert!(editor.text().contains("p\nq\nr"), "{:?}", editor.text());
    }

    #[test]
    fn a_word_is_taken_back_at_once_and_comes_again() {
        let mut editor = Editor::of_text("");
        typed(&mut editor, "l o w Space t i d e");
        assert_eq!(editor.text(), "low tide");
        typed(&mut editor, "Ctrl-u");
        assert_eq!(editor.text(), "low ");
        typed(&mut editor, "Ctrl-u");
        assert_eq!(editor.text(), "");
        typed(&mut editor, "Ctrl-r Ctrl-r Ctrl-r");
        assert_eq!(editor.text(), "low tide");
        typed(&mut editor, "Left ! Ctrl-u Ctrl-u Ctrl-u z Ctrl-r");
        assert_eq!(
            editor.text(),
            "z",
            "what was taken back is gone once something else is written"
        );
    }

    #[test]
    fn what_is_selected_is_replaced_cut_and_put_back() {
        let mut editor = Editor::of_text("low tide\nhigh tide");
        typed(&mut editor, "Shift-Right Shift-Right Shift-Right X");
        assert_eq!(editor.text(), "X tide\nhigh tide");
        typed(&mut editor, "Home Shift-Down Ctrl-x");
        assert_eq!(editor.text(), "high tide");
        typed(&mut editor, "End Ctrl-y Ctrl-y");
        assert_eq!(editor.text(), "high tideX tide\nX tide\n");
        typed(&mut editor, "Ctrl-Home Ctrl-Shift-End Ctrl-o Del");
        assert_eq!(editor.text(), "");
        typed(&mut editor, "Ctrl-y Ctrl-u Ctrl-u");
        assert_eq!(editor.text(), "high tideX tide\nX tide\n");
    }

    #[test]
    fn the_column_is_kept_over_short_lines() {
        let mut editor = Editor::of_text("\u{65e5}\u{672c}語 abc\n\nwide enough");
        typed(&mut editor, "End Left Down Down x");
        assert_eq!(editor.text(), "日本語 abc\n\nwide enouxgh");
    }

    #[test]
    fn places_are_found_around_the_end() {
        let mut editor = Editor::of_text("tide\nlow Tide tide\nend");
        let needle = Needle::new("tide").unwrap();
        let mut stops = Vec::new();
        for _ in 0..3 {
            assert!(editor.find(&needle, true));
            stops.push(editor.cursor());
        }
        assert_eq!(stops, [(1, 4), (1, 9), (0, 0)]);
        for _ in 0..3 {
            assert!(editor.find(&needle, false));
            stops.push(editor.cursor());
        }
        assert_eq!(stops[3..], [(1, 9), (1, 4), (0, 0)]);
        assert!(!editor.find(&Needle::new("ebb").unwrap(), true));
        assert_eq!(editor.cursor(), (0, 0));
    }

    #[test]
    fn a_text_does_not_grow_without_end() {
        let mut editor = Editor::of_text(&"x".repeat(TEXT_BYTES_MAX));
        assert!(!editor.press(KeyPress::parse("y").unwrap()) && !editor.paste("y"));
        assert!(editor.press(KeyPress::parse("Del").unwrap()) && editor.paste("y"));
    }

    #[test]
    fn control_u_clears_a_field_to_its_beginning_as_a_shell_does() {
        let mut field = Editor::of_line("j-17 script");
        typed(&mut field, "Left Left Ctrl-u");
        assert_eq!(field.text(), "pt");
        typed(&mut field, "Ctrl-y");
        assert_eq!(field.text(), "j-17 script", "what was cleared comes back");
        typed(&mut field, "End Ctrl-u Ctrl-u");
        assert_eq!(field.text(), "");
    }

    #[test]
    fn a_field_stays_one_line() {
        let mut field = Editor::of_line("a\nb");
        typed(&mut field, "Enter Ctrl-m Ctrl-j Tab c");
        field.paste("d\r\ne");
        assert_eq!(field.text(), "a bcd e");
    }

    // Not the names but what they do to a text: the help must not promise what the editor does not do.
    #[test]
    fn every_editing_key_of_the_help_does_something() {
        for binding in keymap::writing() {
            for name in binding.keys {
                let mut editor = Editor::of_text(&"one two three\n".repeat(30));
                editor.move_to(15, 4);
                editor.press(KeyPress::parse("x").unwrap());
                editor.press(KeyPress::parse("Shift-Right").unwrap());
                editor.press(KeyPress::parse("Ctrl-x").unwrap());
                if *name == "Ctrl-r" {
                    editor.press(KeyPress::parse("Ctrl-u").unwrap());
                }
                if matches!(*name, "Ctrl-x" | "Ctrl-o") {
                    editor.press(KeyPress::parse("Shift-Left").unwrap());
                }
                let before = (editor.text(), editor.cursor(), editor.selected_in(15));
                editor.press(KeyPress::parse(name).unwrap());
                if *name == "Ctrl-o" {
                    // A copy shows when it is pasted.
                    editor.press(KeyPress::parse("End").unwrap());
                    editor.press(KeyPress::parse("Ctrl-y").unwrap());
                }
                let after = (editor.text(), editor.cursor(), editor.selected_in(15));
                assert_ne!(before, after, "{name}: {}", binding.help());
            }
        }
    }

    // What arrives as a letter with Alt may be the Escape key and a letter that a stalled line has put
    // together.
    #[test]
    fn no_letter_with_alt_is_taken_by_a_text() {
        for character in '!'..='~' {
            let name = format!("Alt-{character}");
            let key = KeyPress::parse(&name).unwrap();
            for mut editor in [Editor::of_text("one two\nthree"), Editor::of_line("one two")] {
                editor.move_to(0, 4);
                let before = (editor.text(), editor.cursor());
                assert!(!editor.press(key), "{name}");
                assert_eq!(
                    (editor.text(), editor.cursor(), editor.selected_in(0)),
                    (before.0, before.1, None),
                    "{name}"
                );
            }
        }
    }

    proptest! {
        /// Whatever is typed, taking it all back gives the text that was opened, and doing it again
        /// what was written.
        #[test]
        fn everything_can_be_taken_back(
            text in "(\u{feff})?[aé\t \r\n日\u{301}]{0,30}",
            keys in proptest::collection::vec(0usize..22, 0..60),
        ) {
            let names = [
                "a", "Space", "é", "Enter", "Tab", "Backspace", "Del", "Left", "Right", "Up", "Down", "Home", "End",
                "Ctrl-w", "Ctrl-Del", "Ctrl-k", "Ctrl-y", "Shift-Right", "Shift-Up", "Ctrl-x", "Ctrl-Shift-End", "PgDn",
            ];
            let mut editor = Editor::of_text(&text);
            for key in keys {
                editor.press(KeyPress::parse(names[key]).unwrap());
            }
            let written = editor.text();
            prop_assert_eq!(editor.size_bytes(), written.len());
            let mut steps = 0;
            while editor.press(KeyPress::parse("Ctrl-u").unwrap()) {
                steps += 1;
            }
            prop_assert_eq!(editor.text(), text);
            for _ in 0..steps {
                editor.press(KeyPress::parse("Ctrl-r").unwrap());
            }
            prop_assert_eq!(editor.text(), written);
        }
    }
}
