//! The section `console.theme`: which colour what has.

use std::fmt;

use serde::{Serialize, Serializer};

use super::keys::{Rules, keys};
use super::kinds::{OrNull, Text, Word};
use super::reader::Field;

/// The sixteen that every terminal names.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright_black",
    "bright_red",
    "bright_green",
    "bright_yellow",
    "bright_blue",
    "bright_magenta",
    "bright_cyan",
    "bright_white",
];

/// A colour of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// One of 256; the first sixteen have names, and look as the terminal has them.
    Index(u8),
    Rgb(u8, u8, u8),
}

impl Colour {
    fn parse(text: &str) -> Option<Self> {
        if let Some(index) = (0..).zip(NAMES).find(|(_, name)| *name == text) {
            return Some(Self::Index(index.0));
        }
        let Some(digits) = text.strip_prefix('#') else {
            return text.parse().ok().map(Self::Index);
        };
        let is_hex = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
        let [_, red, green, blue] = value.to_be_bytes();
        Some(Self::Rgb(red, green, blue))
    }

    /// Whether every terminal with colours has it.
    pub fn is_named(self) -> bool {
        matches!(self, Self::Index(..16))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => match NAMES.get(usize::from(*index)) {
                Some(name) => f.write_str(name),
                None => write!(f, "{index}"),
            },
            Self::Rgb(red, green, blue) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

const COLOUR: OrNull<Text<Colour>> = OrNull(Text(colour));

keys! {
    /// Which colour what has in a console: a name (red, bright_blue), a number of the 256, or "#rrggbb"; null is that of the preset. Without 256 colours a terminal shows the sixteen of the preset, and `NO_COLOR` and `--color never` go before all of it. A saved change counts at once.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct ThemeSection [] {
        /// A set of colours: colour_blind has blue for what is added and orange for what is removed, and no red or green.
        #[since("0.2.0")]
        pub(crate) preset: &'static str = "default" => Word(&PRESETS, preset, "a set of colours", "write default or colour_blind");
        /// Added lines.
        #[since("0.2.0")]
        pub(crate) added: Option<Colour> = None => COLOUR;
        /// Removed lines.
        #[since("0.2.0")]
        pub(crate) removed: Option<Colour> = None => COLOUR;
        /// A timer's last minute, and a job that nobody leads.
        #[since("0.2.0")]
        pub(crate) urgent: Option<Colour> = None => COLOUR;
        /// A timer's last five minutes, and what is to be heeded.
        #[since("0.2.0")]
        pub(crate) warning: Option<Colour> = None => COLOUR;
        /// What is held, or open elsewhere.
        #[since("0.2.0")]
        pub(crate) held: Option<Colour> = None => COLOUR;
        /// What the timer decided.
        #[since("0.2.0")]
        pub(crate) timer: Option<Colour> = None => COLOUR;
        /// What did not happen.
        #[since("0.2.0")]
        pub(crate) error: Option<Colour> = None => COLOUR;
        /// Words of a language in unchanged lines: key words.
        #[since("0.2.0")]
        pub(crate) word: Option<Colour> = None => COLOUR;
        /// The same: texts.
        #[since("0.2.0")]
        pub(crate) text: Option<Colour> = None => COLOUR;
        /// The same: numbers and other values.
        #[since("0.2.0")]
        pub(crate) value: Option<Colour> = None => COLOUR;
    }
}

impl Rules for ThemeSection {
    fn unknown(entry: &Field<'_>) {
        use super::keys::Section as _;
        entry.unknown_key("console.theme", &Self::names());
    }
}

/// What has a colour of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourRole {
    Added,
    Removed,
    Urgent,
    Warning,
    Held,
    Timer,
    Error,
    Word,
    Text,
    Value,
}

const PRESETS: [&str; 2] = ["default", "colour_blind"];

fn preset(text: &str) -> Option<&'static str> {
    PRESETS.into_iter().find(|known| *known == text)
}

impl ThemeSection {
    /// The colour of a role; where there are sixteen, one of these.
    pub fn colour(&self, role: ColourRole, has_palette: bool) -> Colour {
        let own = match role {
            ColourRole::Added => self.added,
            ColourRole::Removed => self.removed,
            ColourRole::Urgent => self.urgent,
            ColourRole::Warning => self.warning,
            ColourRole::Held => self.held,
            ColourRole::Timer => self.timer,
            ColourRole::Error => self.error,
            ColourRole::Word => self.word,
            ColourRole::Text => self.text,
            ColourRole::Value => self.value,
        };
        let own = own.filter(|own| has_palette || own.is_named());
        own.unwrap_or_else(|| self.of_preset(role, has_palette))
    }

    fn of_preset(&self, role: ColourRole, has_palette: bool) -> Colour {
        let (red, green, yellow, blue, magenta, cyan) = (1, 2, 3, 4, 5, 6);
        let is_default = self.preset == PRESETS[0];
        let (named, many) = match role {
            ColourRole::Added if is_default => (green, green),
            ColourRole::Removed | ColourRole::Urgent | ColourRole::Error if is_default => (red, red),
            ColourRole::Warning | ColourRole::Value if is_default => (yellow, yellow),
            ColourRole::Held | ColourRole::Text if is_default => (cyan, cyan),
            ColourRole::Timer | ColourRole::Word if is_default => (magenta, magenta),
            // In the middle between black and white: a terminal does not say which it has behind
            // its text.
            ColourRole::Added => (blue, 27),
            ColourRole::Removed | ColourRole::Urgent | ColourRole::Error => (yellow, 166),
            ColourRole::Warning | ColourRole::Value => (yellow, 136),
            ColourRole::Held | ColourRole::Text => (cyan, 30),
            ColourRole::Timer | ColourRole::Word => (magenta, 133),
        };
        Colour::Index(if has_palette { many } else { named })
    }
}

fn colour(field: &Field<'_>, text: &str) -> Option<Colour> {
    Colour::parse(text).or_else(|| {
        let message = format!("{text:?} is not a colour");
        let hint = "write a name as red or bright_blue, a number from \"0\" to \"255\" in quotes, or \"#rrggbb\"";
        field.refuse(message, hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much lighter one is than the other (WCAG 2.2, contrast ratio), of the 6×6×6 cube.
    fn contrast(index: u8, ground: f64) -> f64 {
        let cell = index - 16;
        let parts = [cell / 36, cell / 6 % 6, cell % 6].map(|step| {
            let value = f64::from([0u8, 95, 135, 175, 215, 255][usize::from(step)]) / 255.0;
            ((value + 0.055) / 1.055).powf(2.4)
        });
        let light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        let (least, most) = (light.min(ground), light.max(ground));
        (most + 0.05) / (least + 0.05)
    }

    #[test]
    fn the_colours_for_the_colour_blind_are_seen_on_black_and_on_white() {
        let theme = ThemeSection {
            preset: "colour_blind",
            ..ThemeSection::default()
        };
        for role in [
            ColourRole::Added,
            ColourRole::Removed,
            ColourRole::Warning,
            ColourRole::Held,
            ColourRole::Timer,
        ] {
            let Colour::Index(index) = theme.colour(role, true) else {
                panic!("{role:?}");
            };
            for ground in [0.0, 1.0] {
                assert!(contrast(index, ground) >= 3.0, "{role:?} {index} {ground}");
            }
            assert!(!matches!(theme.colour(role, false), Colour::Index(1 | 2)), "{role:?}");
        }
    }

    #[test]
    fn colours_are_read_and_written_alike() {
        for text in ["red", "bright_blue", "208", "#ff8700"] {
            assert_eq!(
                Colour::parse(text).map(|colour| colour.to_string()).as_deref(),
                Some(text)
            );
        }
        for text in ["rot", "256", "#ff87", "#gg0000", "", "-1"] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }
}
