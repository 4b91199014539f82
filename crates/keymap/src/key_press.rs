//! A key as a terminal sends it, and its name (`Ctrl-u`, `PgDn`), which the keymap, the help, the
//! configuration and the tests share.

/// A key without its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A character; upper case carries its Shift.
    Char(char),
    Enter,
    /// Escape.
    Esc,
    /// Tab; with Shift: back-tab.
    Tab,
    /// Deletes to the left.
    Backspace,
    /// Deletes to the right.
    Delete,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// F1 to F12.
    Function(u8),
}

/// A key as it was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyPress {
    pub code: Code,
    /// With Ctrl.
    pub is_ctrl: bool,
    /// With Alt.
    pub is_alt: bool,
    /// With Shift; never set for characters.
    pub is_shift: bool,
}

const NAMED: [(&str, Code); 14] = [
    ("Enter", Code::Enter),
    ("Esc", Code::Esc),
    ("Tab", Code::Tab),
    ("Backspace", Code::Backspace),
    ("Del", Code::Delete),
    ("Up", Code::Up),
    ("Down", Code::Down),
    ("Left", Code::Left),
    ("Right", Code::Right),
    ("Home", Code::Home),
    ("End", Code::End),
    ("PgUp", Code::PageUp),
    ("PgDn", Code::PageDown),
    ("Space", Code::Char(' ')),
];

impl KeyPress {
    /// A key without modifiers.
    pub fn plain(code: Code) -> Self {
        Self {
            code,
            is_ctrl: false,
            is_alt: false,
            is_shift: false,
        }
    }

    /// The key's name, as help and keymap write it: `Ctrl-u`, `Shift-Tab`, `}`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for (is_set, word) in [
            (self.is_ctrl, "Ctrl-"),
            (self.is_alt, "Alt-"),
            (self.is_shift, "Shift-"),
        ] {
            if is_set {
                name.push_str(word);
            }
        }
        if let Some((word, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            name.push_str(word);
        } else if let Code::Char(character) = self.code {
            name.push(character);
        } else if let Code::Function(number) = self.code {
            name.push_str(&format!("F{number}"));
        }
        name
    }

    /// Reads a name; none when there is no such key.
    pub fn parse(name: &str) -> Option<Self> {
        let mut key = Self::plain(Code::Esc);
        let mut rest = name;
        loop {
            if let Some(after) = rest.strip_prefix("Ctrl-") {
                (key.is_ctrl, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("Alt-") {
                (key.is_alt, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("Shift-") {
                (key.is_shift, rest) = (true, after);
            } else {
                break;
            }
        }
        let named = NAMED.iter().find(|(word, _)| *word == rest).map(|(_, code)| *code);
        key.code = match named {
            Some(code) => code,
            None => {
                let mut characters = rest.chars();
                match (characters.next(), characters.as_str()) {
                    (Some(character), "") => Code::Char(character),
                    (Some('F'), number) => Code::Function(number.parse().ok()?),
                    (Some(_) | None, _) => return None,
                }
            }
        };
        Some(key)
    }

    /// The character that the key types, if it types one.
    pub fn typed(self) -> Option<char> {
        if let Code::Char(character) = self.code
            && !self.is_ctrl
            && !self.is_alt
        {
            Some(character)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for name in [
            "j",
            "}",
            "Ctrl-u",
            "Shift-Tab",
            "PgDn",
            "Space",
            "F5",
            "Alt-Enter",
            "?",
            "-",
        ] {
            assert_eq!(KeyPress::parse(name).map(KeyPress::name).as_deref(), Some(name));
        }
        assert_eq!(KeyPress::parse("Entr"), None);
        assert_eq!(KeyPress::parse(""), None);
    }
}
