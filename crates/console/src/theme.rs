//! Colours by role: 16 of them, the terminal's own background, and a sign beside every colour.

use ratatui::style::{Color, Modifier, Style};

use crate::syntax::TokenKind;

/// The styles of the console; without colour only bold, underline and reverse are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours are used.
    pub(crate) has_colour: bool,
    /// Whether there are 256 of them: for pictures only, everything else has the sixteen that every
    /// terminal names.
    pub(crate) has_palette: bool,
}

impl Theme {
    fn colour(self, colour: Color) -> Style {
        if self.has_colour {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    /// Text.
    pub(crate) fn plain(self) -> Style {
        Style::new()
    }
    /// Column heads and names.
    pub(crate) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
    /// The selected row where the keys go.
    pub(crate) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
    /// Added lines.
    pub(crate) fn added(self) -> Style {
        self.colour(Color::Green)
    }
    /// Removed lines.
    pub(crate) fn removed(self) -> Style {
        self.colour(Color::Red)
    }
    /// Changed words and matches.
    pub(crate) fn emphasis(self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }
    /// A minute or less.
    pub(crate) fn urgent(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }
    /// Five minutes or less; warnings.
    pub(crate) fn warning(self) -> Style {
        self.colour(Color::Yellow)
    }
    /// Held or leased.
    pub(crate) fn held(self) -> Style {
        self.colour(Color::Cyan)
    }
    /// Decided by the timer.
    pub(crate) fn timer(self) -> Style {
        self.colour(Color::Magenta)
    }
    /// What did not happen.
    pub(crate) fn error(self) -> Style {
        self.colour(Color::Red)
    }
    /// What stands in place of text that cannot be shown.
    pub(crate) fn mark(self) -> Style {
        self.colour(Color::Yellow).add_modifier(Modifier::REVERSED)
    }
    /// What a word of an unchanged line is: never red or green, which say what changed.
    pub(crate) fn token(self, role: TokenKind) -> Style {
        match role {
            TokenKind::Word => self.colour(Color::Magenta),
            TokenKind::Text => self.colour(Color::Cyan),
            TokenKind::Value => self.colour(Color::Yellow),
            TokenKind::Comment if self.has_colour => Style::new().add_modifier(Modifier::DIM),
            TokenKind::Comment => Style::new(),
        }
    }
    /// Lines that separate.
    pub(crate) fn rule(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }
}
