//! Colours by role: 16 of them, the terminal's own background, and a sign beside every colour.

use ratatui::style::{Color, Modifier, Style};

/// The styles of the console; without colour only bold, underline and reverse are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours are used.
    pub has_colour: bool,
    /// Whether there are 256 of them: for pictures only, everything else has the sixteen that every terminal names.
    pub has_palette: bool,
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
    pub fn plain(self) -> Style {
        Style::new()
    }
    /// Column heads and names.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
    /// The selected row where the keys go.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
    /// Added lines.
    pub fn added(self) -> Style {
        self.colour(Color::Green)
    }
    /// Removed lines.
    pub fn removed(self) -> Style {
        self.colour(Color::Red)
    }
    /// Changed words and matches.
    pub fn emphasis(self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }
    /// A minute or less.
    pub fn urgent(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }
    /// Five minutes or less; warnings.
    pub fn warning(self) -> Style {
        self.colour(Color::Yellow)
    }
    /// Held or leased.
    pub fn held(self) -> Style {
        self.colour(Color::Cyan)
    }
    /// Decided by the timer.
    pub fn timer(self) -> Style {
        self.colour(Color::Magenta)
    }
    /// What did not happen.
    pub fn error(self) -> Style {
        self.colour(Color::Red)
    }
    /// What stands in place of text that cannot be shown.
    pub fn mark(self) -> Style {
        self.colour(Color::Yellow).add_modifier(Modifier::REVERSED)
    }
    /// Lines that separate.
    pub fn rule(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }
}
