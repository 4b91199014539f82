//! The sequences that keys, mice and terminals' own answers are sent as.
//!
//! Pure: bytes in, what they are out.

use crate::input::{Code, KeyPress, Mouse, MouseKind, TerminalInput};

/// No sequence that a keyboard or a mouse sends is longer.
pub(super) const SEQUENCE_BYTES_MAX: usize = 48;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// What ends a string that will not be finished.
const CANCEL: u8 = 0x18;
/// Ends one as well.
const SUBSTITUTE: u8 = 0x1a;

/// What a sequence is.
pub(super) enum Sequence {
    /// It may go on.
    Unfinished,
    /// So many bytes: an input, or something that the console has no use for.
    Whole(usize, Option<TerminalInput>),
    /// So many bytes, with which a paste begins.
    PasteBegins(usize),
    /// So many bytes, which are a whole sequence that nobody knows.
    Unknown(usize),
    /// So many bytes, behind which comes what makes no sequence of them.
    Broken(usize),
}

/// Whether an Escape and this byte may begin a sequence.
pub(super) fn begins(byte: u8) -> bool {
    matches!(byte, b'[' | b'O') || is_string(byte)
}

/// Whether an Escape and this byte begin a string of the terminal's: OSC, DCS, APC, PM, SOS.
pub(super) fn is_string(byte: u8) -> bool {
    matches!(byte, b']' | b'P' | b'_' | b'^' | b'X')
}

/// What begins with an Escape and one of [`begins`].
pub(super) fn sequence(bytes: &[u8]) -> Sequence {
    match bytes.get(1) {
        Some(b'O') => single_shift(bytes),
        Some(b'[') => control(bytes),
        Some(_) => string(bytes),
        None => Sequence::Unfinished,
    }
}

/// Function keys, and the keypad of a terminal that tells it apart.
fn single_shift(bytes: &[u8]) -> Sequence {
    let parameters = bytes[2..]
        .iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b';'))
        .count();
    let count = 3 + parameters;
    match bytes.get(2 + parameters) {
        _ if count > SEQUENCE_BYTES_MAX => Sequence::Broken(2),
        None => Sequence::Unfinished,
        Some(last) => match lettered(*last) {
            Some(code) => Sequence::Whole(
                count,
                (parameters == 0).then_some(TerminalInput::Key(KeyPress::plain(code))),
            ),
            None if matches!(last, b' ' | b'I' | b'M' | b'X' | b'j'..=b'y') => Sequence::Whole(count, None),
            None if (0x20..0x7f).contains(last) => Sequence::Unknown(count),
            None => Sequence::Broken(count - 1),
        },
    }
}

/// What a terminal answers in words, to its end: nobody here asked.
fn string(bytes: &[u8]) -> Sequence {
    // Anything else is a person who goes on after Escape: an answer begins with a number, a title
    // with a letter of its own.
    let is_answer = |byte: u8| match bytes[1] {
        b']' => matches!(byte, b'0'..=b'9' | b'l' | b'L' | b'I' | BEL),
        b'P' => (0x20..0x40).contains(&byte),
        _ => true,
    };
    if bytes.get(2).is_some_and(|byte| !is_answer(*byte) && *byte != ESC) {
        return Sequence::Broken(2);
    }
    let end = bytes[2..]
        .iter()
        .position(|byte| matches!(*byte, BEL | ESC | CANCEL | SUBSTITUTE));
    match end.map(|end| 2 + end) {
        None => Sequence::Unfinished,
        Some(end) if bytes[end] != ESC => Sequence::Whole(end + 1, None),
        Some(end) => match bytes.get(end + 1) {
            None => Sequence::Unfinished,
            Some(b'\\') => Sequence::Whole(end + 2, None),
            Some(_) => Sequence::Broken(end),
        },
    }
}

fn control(bytes: &[u8]) -> Sequence {
    match &bytes[2..] {
        // F1 to F5 of the Linux console.
        [b'['] => return Sequence::Unfinished,
        [b'[', letter @ b'A'..=b'E', ..] => {
            let key = KeyPress::plain(Code::Function(letter - b'A' + 1));
            return Sequence::Whole(4, Some(TerminalInput::Key(key)));
        }
        // The mouse of terminals that know no other way: three bytes of any value.
        [b'M', rest @ ..] => {
            return match rest {
                [button, column, row, ..] => {
                    let cell = |byte: u8| u16::from(byte.saturating_sub(33));
                    Sequence::Whole(
                        6,
                        mouse(u16::from(button.saturating_sub(32)), cell(*column), cell(*row)),
                    )
                }
                _ => Sequence::Unfinished,
            };
        }
        _ => {}
    }
    // ECMA-48: parameters, then what modifies the end, then the end.
    let of_parameters = bytes[2..]
        .iter()
        .take_while(|byte| (0x30..0x40).contains(*byte))
        .count();
    let between = bytes[2 + of_parameters..]
        .iter()
        .take_while(|byte| (0x20..0x30).contains(*byte));
    let middle = of_parameters + between.count();
    if middle > SEQUENCE_BYTES_MAX {
        return Sequence::Broken(bytes.len());
    }
    let Some(last) = bytes.get(2 + middle) else {
        return Sequence::Unfinished;
    };
    let count = 3 + middle;
    if !(0x40..0x7f).contains(last) {
        return Sequence::Broken(count - 1);
    }
    // All of it is ASCII.
    let parameters = std::str::from_utf8(&bytes[2..2 + middle]).unwrap_or_default();
    if parameters == "200" && *last == b'~' {
        return Sequence::PasteBegins(count);
    }
    match known(parameters, *last) {
        Some(input) => Sequence::Whole(count, input),
        None => Sequence::Unknown(count),
    }
}

/// What a sequence with these parameters and this end means: an input, nothing to the console, or
/// (none) nothing at all.
fn known(parameters: &str, last: u8) -> Option<Option<TerminalInput>> {
    if let Some(report) = parameters.strip_prefix('<') {
        let mut numbers = report.split(';').map(str::parse::<u16>);
        let (Some(Ok(button)), Some(Ok(column)), Some(Ok(row)), None) =
            (numbers.next(), numbers.next(), numbers.next(), numbers.next())
        else {
            return None;
        };
        return match last {
            b'M' => Some(mouse(button, column.saturating_sub(1), row.saturating_sub(1))),
            // A released button is no input.
            b'm' => Some(None),
            _ => None,
        };
    }
    let mut numbers = Vec::new();
    let mut is_release = false;
    for part in parameters.split(';').filter(|part| !part.is_empty()) {
        let mut parts = part.split(':');
        numbers.push(parts.next()?.parse::<u32>().ok()?);
        is_release |= numbers.len() == 2 && parts.next() == Some("3");
    }
    let modifiers = |index: usize| numbers.get(index).copied().unwrap_or(1).saturating_sub(1);
    let (code, modifiers) = match (last, &numbers[..]) {
        (b'I' | b'O', []) => return Some(None),
        (b'Z', _) => (Code::Tab, modifiers(1) | 1),
        // As xterm and others tell keys that have no sequence of their own.
        (b'~', [27, modifiers, character]) => (other(*character)?, modifiers.saturating_sub(1)),
        (b'u', [character, ..]) => (other(*character)?, modifiers(1)),
        (b'~', [number, ..]) => match numbered(*number) {
            Some(code) => (code, modifiers(1)),
            // Insert and similar keys have no use here.
            None => return (*number <= 34).then_some(None),
        },
        (_, [] | [1] | [1, _]) => (lettered(last)?, modifiers(1)),
        (_, [_, ..]) => return None,
    };
    let is_character = matches!(code, Code::Char(_));
    let key = KeyPress {
        code,
        is_shift: modifiers & 1 != 0 && !is_character,
        is_alt: modifiers & 2 != 0,
        is_ctrl: modifiers & 4 != 0,
    };
    Some((!is_release).then_some(TerminalInput::Key(key)))
}

fn lettered(letter: u8) -> Option<Code> {
    Some(match letter {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'P'..=b'S' => Code::Function(letter - b'P' + 1),
        _ => return None,
    })
}

fn numbered(number: u32) -> Option<Code> {
    let number = u8::try_from(number).ok()?;
    Some(match number {
        1 | 7 => Code::Home,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        // The numbers leave one out behind every fifth key.
        11..=15 => Code::Function(number - 10),
        17..=21 => Code::Function(number - 11),
        23..=24 => Code::Function(number - 12),
        _ => return None,
    })
}

/// A key that is told by its character.
fn other(character: u32) -> Option<Code> {
    Some(match character {
        9 => Code::Tab,
        13 => Code::Enter,
        27 => Code::Esc,
        127 => Code::Backspace,
        32.. => Code::Char(char::from_u32(character)?),
        _ => return None,
    })
}

fn mouse(button: u16, column: u16, row: u16) -> Option<TerminalInput> {
    const MODIFIERS: u16 = 4 | 8 | 16;
    let kind = match button & !MODIFIERS {
        0 => MouseKind::Click,
        64 => MouseKind::WheelUp,
        65 => MouseKind::WheelDown,
        // Other buttons, releases, motion.
        _ => return None,
    };
    Some(TerminalInput::Mouse(Mouse { kind, column, row }))
}
