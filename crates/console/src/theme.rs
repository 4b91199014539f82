//! Colours by role, the terminal's own background, and a sign beside every colour. Which colour a
//! role has is the configuration's to say.

use config::{Colour, ColourRole, ThemeSection};
use ratatui::style::{Color, Modifier, Style};

use crate::syntax::TokenKind;

/// The styles of the console; without colour only bold, underline and reverse are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours are used.
    pub(crate) has_colour: bool,
    /// Whether there are 256 of them.
    pub(crate) has_palette: bool,
    /// Whether there are all that three bytes can name.
    pub(crate) has_true_colour: bool,
    /// Which colour what has.
    pub(crate) section: ThemeSection,
}

/// The sixteen that every terminal names, in its order.
const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

impl Theme {
    fn colour(self, role: ColourRole) -> Style {
        if !self.has_colour {
            return Style::new();
        }
        Style::new().fg(match self.section.colour(role, self.has_palette) {
            Colour::Index(index) => NAMED.get(usize::from(index)).copied().unwrap_or(Color::Indexed(index)),
            Colour::Rgb(red, green, blue) if self.has_true_colour => Color::Rgb(red, green, blue),
            Colour::Rgb(red, green, blue) => nearest([red, green, blue]),
        })
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
        self.colour(ColourRole::Added)
    }
    /// Removed lines.
    pub(crate) fn removed(self) -> Style {
        self.colour(ColourRole::Removed)
    }
    /// Changed words and matches.
    pub(crate) fn emphasis(self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }
    /// A minute or less.
    pub(crate) fn urgent(self) -> Style {
        self.colour(ColourRole::Urgent).add_modifier(Modifier::BOLD)
    }
    /// Five minutes or less; warnings.
    pub(crate) fn warning(self) -> Style {
        self.colour(ColourRole::Warning)
    }
    /// Held or leased.
    pub(crate) fn held(self) -> Style {
        self.colour(ColourRole::Held)
    }
    /// Decided by the timer.
    pub(crate) fn timer(self) -> Style {
        self.colour(ColourRole::Timer)
    }
    /// What did not happen.
    pub(crate) fn error(self) -> Style {
        self.colour(ColourRole::Error)
    }
    /// What stands in place of text that cannot be shown.
    pub(crate) fn mark(self) -> Style {
        self.colour(ColourRole::Warning).add_modifier(Modifier::REVERSED)
    }
    /// What a word of an unchanged line is: never red or green, which say what changed.
    pub(crate) fn token(self, role: TokenKind) -> Style {
        match role {
            TokenKind::Word => self.colour(ColourRole::Word),
            TokenKind::Text => self.colour(ColourRole::Text),
            TokenKind::Value => self.colour(ColourRole::Value),
            TokenKind::Comment if self.has_colour => Style::new().add_modifier(Modifier::DIM),
            TokenKind::Comment => Style::new(),
        }
    }
    /// Lines that separate.
    pub(crate) fn rule(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }
}

/// The nearest colour of the 6×6×6 cube or of the greys that terminals with 256 colours share.
pub(crate) fn nearest([red, green, blue]: [u8; 3]) -> Color {
    let spread = red.max(green).max(blue) - red.min(green).min(blue);
    if spread < 12 {
        let grey = (u16::from(red) + u16::from(green) + u16::from(blue)) / 3;
        return match grey {
            ..4 => Color::Indexed(16),
            247.. => Color::Indexed(231),
            _ => Color::Indexed(232 + u8::try_from((grey - 3) * 23 / 243).unwrap_or(23).min(23)),
        };
    }
    let step = |value: u8| -> u8 {
        match value {
            ..48 => 0,
            48..115 => 1,
            _ => (value - 35) / 40,
        }
    };
    Color::Indexed(16 + 36 * step(red) + 6 * step(green) + step(blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_the_nearest_of_the_nearest() {
        assert_eq!(nearest([255, 0, 0]), Color::Indexed(196));
        assert_eq!(nearest([0, 0, 0]), Color::Indexed(16));
        assert_eq!(nearest([255, 255, 255]), Color::Indexed(231));
        assert_eq!(nearest([95, 135, 215]), Color::Indexed(68));
    }
}
