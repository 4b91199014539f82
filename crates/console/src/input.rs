//! What comes in from a keyboard and a mouse, as values of our own.
//!
//! Must not know crossterm.

pub use keymap::key_press::{Code, KeyPress};

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// The wheel, away from the hand.
    WheelUp,
    /// The wheel, towards the hand.
    WheelDown,
    /// The left button went down.
    Click,
}

/// A mouse event and its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    pub kind: MouseKind,
    /// Column, from 0.
    pub column: u16,
    /// Row, from 0.
    pub row: u16,
}

/// Anything that a terminal sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalInput {
    Key(KeyPress),
    /// A bracketed paste.
    Paste(String),
    /// More letters at once than hands press, as a terminal sends that brackets no paste; its line
    /// ends are `\n`.
    Burst(String),
    /// An Enter, or a line feed, that came in one piece with letters before it, or right behind a
    /// text: the end of a line where a text is written, nobody's answer where one is asked for,
    /// elsewhere that key.
    LineEnd(KeyPress),
    /// The rest of a sequence whose Escape was taken for a key: that Escape was none. Which key it
    /// was; none: something else.
    Torn(Option<KeyPress>),
    Mouse(Mouse),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
}

impl TerminalInput {
    /// The key that it is, if it is no more than that.
    pub(crate) fn key(&self) -> Option<KeyPress> {
        if let Self::Key(key) = self { Some(*key) } else { None }
    }
}
