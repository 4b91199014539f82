//! Which characters may stand on a screen as they are, and what is shown in place of the others.
//! Must not know: lines, columns, colours.

use unicode_width::UnicodeWidthChar;

/// How many zero-width combining characters may sit on one base: the stacked scripts need up to
/// four, floods use hundreds.
pub(super) const COMBINING_MAX: usize = 4;

/// What a character means to a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CharClass {
    /// Stands for itself.
    Plain,
    /// Stands on the character before it and takes no cell.
    Combining,
    /// Would act on the terminal, or hide, or look like something else: a mark is shown in its
    /// place.
    Deceptive,
}

pub(super) fn classify(character: char) -> CharClass {
    if character.is_control() || is_deceptive(character) {
        CharClass::Deceptive
    } else if character.width() == Some(0) {
        CharClass::Combining
    } else {
        CharClass::Plain
    }
}

/// Writes what is shown in place of a deceptive character: a control picture, `⍽` for a no-break
/// space, else `<U+202E>`.
pub(super) fn mark(character: char) -> String {
    match character {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character))
            .unwrap_or('\u{fffd}')
            .to_string(),
        '\u{7f}' => "␡".to_owned(),
        '\u{a0}' => "⍽".to_owned(),
        _ => format!("<U+{:04X}>", u32::from(character)),
    }
}

// Default-ignorable and format characters (Unicode DerivedCoreProperties, category Cf), every space
// that passes for U+0020, line separators, noncharacters. ZWJ and variation selectors too: they
// change what is seen without taking a cell, and terminals disagree about the width of what they
// join. U+3000 stays: it is two cells wide and common.
fn is_deceptive(character: char) -> bool {
    matches!(
        u32::from(character),
        0xa0
            | 0xad
            | 0x34f
            | 0x61c
            | 0x115f..=0x1160
            | 0x1680
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x2000..=0x200f
            | 0x2028..=0x202f
            | 0x205f..=0x206f
            | 0x2800
            | 0x3164
            | 0xfdd0..=0xfdef
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfffc
            | 0x13430..=0x13455
            | 0x1bca0..=0x1bca3
            | 0x1d173..=0x1d17a
            | 0xe0000..=0xe0fff
    ) || u32::from(character) & 0xfffe == 0xfffe
}
