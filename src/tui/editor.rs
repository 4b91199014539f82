//! A text that an operator types: the one place that knows the editor crate.
//!
//! Text in and out, cursor, dirty or not. It draws nothing: what is typed or pasted is untrusted, and views make it visible.

use ratatui_textarea::{CursorMove, DataCursor, Input as AreaInput, Key as AreaKey, TextArea};

use super::input::{Code, Key};

/// A text with a cursor, undo and selection.
#[derive(Debug, Clone)]
pub struct Editor {
    area: TextArea<'static>,
    is_single_line: bool,
}

fn area_of(text: &str) -> TextArea<'static> {
    // A text's last line end is a last, empty line here, and comes back as one.
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.set_tab_length(2);
    area
}

impl Editor {
    /// Many lines; the cursor at the beginning.
    pub fn of_text(text: &str) -> Self {
        Self {
            area: area_of(text),
            is_single_line: false,
        }
    }

    /// A field of one line; the cursor at its end.
    pub fn of_line(text: &str) -> Self {
        let mut area = area_of(&text.replace(['\n', '\r'], " "));
        area.move_cursor(CursorMove::End);
        Self {
            area,
            is_single_line: true,
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Its lines.
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Whether there is nothing but blanks.
    pub fn is_blank(&self) -> bool {
        self.area.lines().iter().all(|line| line.trim().is_empty())
    }

    /// Line and character of the cursor, from 0.
    pub fn cursor(&self) -> (usize, usize) {
        let DataCursor(line, character) = self.area.cursor();
        (line, character)
    }

    /// Puts the cursor there, or as near as the text allows.
    pub fn move_to(&mut self, line: usize, character: usize) {
        let narrow = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(narrow(line), narrow(character)));
    }

    /// Puts the cursor behind the last character.
    pub fn move_to_end(&mut self) {
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// Selected characters of a line, from and to; none when nothing of it is selected.
    pub fn selected_in(&self, line: usize) -> Option<(usize, usize)> {
        let ((from_line, from), (to_line, to)) = self.area.selection_range()?;
        if line < from_line || line > to_line {
            return None;
        }
        let length = self.area.lines().get(line)?.chars().count();
        Some((
            if line == from_line { from } else { 0 },
            if line == to_line { to } else { length },
        ))
    }

    /// Takes a key; returns whether the text changed.
    pub fn press(&mut self, key: Key) -> bool {
        let Some(input) = area_input(key) else {
            return false;
        };
        if let Some(lines) = page(&input) {
            // The crate pages by the height of its own widget, which is never drawn.
            let (line, character) = self.cursor();
            if !self.is_single_line {
                self.move_to(line.saturating_add_signed(lines), character);
            }
            return false;
        }
        if self.is_single_line && matches!(input.key, AreaKey::Enter | AreaKey::Tab) {
            return false;
        }
        // Ctrl-j and Ctrl-m would break the line of a field.
        if self.is_single_line && input.ctrl && matches!(input.key, AreaKey::Char('m' | 'j')) {
            return false;
        }
        self.area.input(input)
    }

    /// Takes a pasted text; returns whether the text changed.
    pub fn paste(&mut self, text: &str) -> bool {
        // Terminals send the line ends of a paste as carriage returns.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = if self.is_single_line {
            text.replace('\n', " ")
        } else {
            text
        };
        self.area.insert_str(text)
    }
}

/// Lines of a page in the editor.
const PAGE_LINES: isize = 10;

fn page(input: &AreaInput) -> Option<isize> {
    let is_v = input.key == AreaKey::Char('v');
    if input.key == AreaKey::PageDown || (is_v && input.ctrl) {
        Some(PAGE_LINES)
    } else if input.key == AreaKey::PageUp || (is_v && input.alt) {
        Some(-PAGE_LINES)
    } else {
        None
    }
}

fn area_input(key: Key) -> Option<AreaInput> {
    let code = match key.code {
        Code::Char(character) => AreaKey::Char(character),
        Code::Enter => AreaKey::Enter,
        Code::Tab => AreaKey::Tab,
        Code::Backspace => AreaKey::Backspace,
        Code::Delete => AreaKey::Delete,
        Code::Up => AreaKey::Up,
        Code::Down => AreaKey::Down,
        Code::Left => AreaKey::Left,
        Code::Right => AreaKey::Right,
        Code::Home => AreaKey::Home,
        Code::End => AreaKey::End,
        Code::PageUp => AreaKey::PageUp,
        Code::PageDown => AreaKey::PageDown,
        Code::Esc | Code::Function(_) => return None,
    };
    Some(AreaInput {
        key: code,
        ctrl: key.is_ctrl,
        alt: key.is_alt,
        shift: key.is_shift,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(editor: &mut Editor, names: &str) {
        for name in names.split(' ') {
            editor.press(Key::parse(name).unwrap());
        }
    }

    #[test]
    fn a_text_comes_back_byte_for_byte() {
        for text in ["", "a", "a\n", "a\n\n", "\n", "α\tβ"] {
            assert_eq!(Editor::of_text(text).text(), text);
        }
    }

    #[test]
    fn typing_undo_and_paste() {
        let mut editor = Editor::of_text("one\ntwo");
        editor.move_to_end();
        typed(&mut editor, "! Enter x");
        assert_eq!(editor.text(), "one\ntwo!\nx");
        typed(&mut editor, "Ctrl-u");
        assert!(editor.paste("p\r\nq\rr"));
        assert!(editor.text().contains("p\nq\nr"), "{:?}", editor.text());
    }

    #[test]
    fn a_field_stays_one_line() {
        let mut field = Editor::of_line("a\nb");
        typed(&mut field, "Enter Ctrl-m Ctrl-j Tab c");
        field.paste("d\r\ne");
        assert_eq!(field.text(), "a bcd e");
    }
}
