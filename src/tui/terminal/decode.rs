//! Bytes of a terminal in the console's own words.
//!
//! Pure: bytes and a time in, inputs out. Written here and not taken from crossterm, which cannot tell two things that decide whether a
//! slip acts: a sequence whose Escape arrived alone (crossterm: the Escape key, then letters), and an Escape key that arrived together
//! with the next key (crossterm: that key with Alt). Here the former is one torn key, which acts on nothing, and the latter two keys.

use crate::tui::input::{Code, Input, Key, Mouse, MouseKind};

/// What completes a sequence this long after its Escape, or after the byte before, is the rest of that sequence.
const TORN_US: i64 = 1_000_000;
/// No sequence that a keyboard or a mouse sends is longer.
const SEQUENCE_BYTES_MAX: usize = 48;
/// More than any text takes (see `editor::TEXT_BYTES_MAX`): what is pasted beyond it is dropped, and its end still looked for.
const PASTE_BYTES_MAX: usize = 4 << 20;

const ESC: u8 = 0x1b;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Reads what a terminal sends, however it is cut into pieces.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// What may become more than it is.
    pending: Vec<u8>,
    /// When an Escape was handed on that was the last byte so far.
    esc_us: Option<i64>,
    /// `pending` lacks its Escape, which was handed on before; when its last byte came.
    torn_us: Option<i64>,
    /// A paste that has begun and not ended.
    paste: Option<Vec<u8>>,
}

/// What a sequence is.
enum Found {
    /// It may go on.
    Unfinished,
    /// So many bytes: an input, or something that the console has no use for.
    Whole(usize, Option<Input>),
    /// So many bytes, with which a paste begins.
    PasteBegins(usize),
    /// So many bytes, which are a whole sequence that nobody knows.
    Unknown(usize),
    /// So many bytes, which the next one cuts short.
    Broken(usize),
}

impl Decoder {
    /// Takes what was read at this time.
    pub fn feed(&mut self, bytes: &[u8], now_us: i64, inputs: &mut Vec<Input>) {
        self.tick(now_us, inputs);
        let is_rest = self.esc_us.take().is_some_and(|at| now_us - at <= TORN_US);
        if is_rest && matches!(bytes.first(), Some(b'[' | b'O')) {
            self.torn_us = Some(now_us);
        }
        self.pending.extend_from_slice(bytes);
        while !self.pending.is_empty() && self.step(now_us, inputs) {}
    }

    /// Time passes: what did not become the rest of a torn sequence was typed.
    pub fn tick(&mut self, now_us: i64, inputs: &mut Vec<Input>) {
        if self.torn_us.is_some_and(|at| now_us - at > TORN_US) {
            self.torn_us = None;
            while !self.pending.is_empty() && self.step(now_us, inputs) {}
        }
    }

    /// When [`Self::tick`] has something to do.
    pub fn wake_us(&self) -> Option<i64> {
        self.torn_us.map(|at| at + TORN_US + 1)
    }

    /// Forgets what was begun: another program has read on.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes one thing from what is pending; false: nothing can be taken before more comes.
    fn step(&mut self, now_us: i64, inputs: &mut Vec<Input>) -> bool {
        if self.paste.is_some() {
            return self.paste_on(inputs);
        }
        if self.torn_us.is_some() {
            return self.torn(now_us, inputs);
        }
        match &self.pending[..] {
            [ESC] => {
                self.pending.clear();
                self.esc_us = Some(now_us);
                inputs.push(Input::Key(Key::plain(Code::Esc)));
                false
            }
            [ESC, b'[' | b'O', ..] => match sequence(&self.pending) {
                Found::Unfinished => false,
                Found::Whole(count, input) => {
                    self.pending.drain(..count);
                    inputs.extend(input);
                    true
                }
                Found::PasteBegins(count) => {
                    self.pending.drain(..count);
                    self.paste = Some(Vec::new());
                    true
                }
                // `ESC O` and a letter that ends no sequence were two keys and that letter.
                Found::Unknown(_) | Found::Broken(_) if self.pending[1] == b'O' => self.esc_then_key(inputs),
                Found::Unknown(count) | Found::Broken(count) => {
                    self.pending.drain(..count);
                    true
                }
            },
            [ESC, ..] => self.esc_then_key(inputs),
            [..] => self.typed(inputs),
        }
    }

    /// An Escape key, and behind it something of its own.
    fn esc_then_key(&mut self, inputs: &mut Vec<Input>) -> bool {
        self.pending.drain(..1);
        inputs.push(Input::Key(Key::plain(Code::Esc)));
        true
    }

    /// The rest of a sequence whose Escape was handed on as a key.
    fn torn(&mut self, now_us: i64, inputs: &mut Vec<Input>) -> bool {
        let mut whole = vec![ESC];
        whole.extend_from_slice(&self.pending[..self.pending.len().min(SEQUENCE_BYTES_MAX)]);
        match sequence(&whole) {
            Found::Unfinished if whole.len() <= SEQUENCE_BYTES_MAX => {
                self.torn_us = Some(now_us);
                false
            }
            Found::Whole(count, input) => {
                self.torn_us = None;
                self.pending.drain(..count - 1);
                inputs.push(Input::Torn(match input {
                    Some(Input::Key(key)) => Some(key),
                    Some(Input::Paste(_) | Input::Mouse(_) | Input::Torn(_) | Input::Resize(..)) | None => None,
                }));
                true
            }
            Found::PasteBegins(count) => {
                self.torn_us = None;
                self.pending.drain(..count - 1);
                self.paste = Some(Vec::new());
                // The Escape was no key either; the text comes whole.
                inputs.push(Input::Torn(None));
                true
            }
            // Somebody pressed Escape and went on typing.
            Found::Unfinished | Found::Unknown(_) | Found::Broken(_) => {
                self.torn_us = None;
                true
            }
        }
    }

    fn paste_on(&mut self, inputs: &mut Vec<Input>) -> bool {
        let Some(text) = &mut self.paste else {
            return false;
        };
        let from = text.len().saturating_sub(PASTE_END.len());
        text.append(&mut self.pending);
        let end = text[from..]
            .windows(PASTE_END.len())
            .position(|window| window == PASTE_END);
        if let Some(end) = end {
            self.pending = text.split_off(from + end + PASTE_END.len());
            text.truncate(from + end);
            inputs.push(Input::Paste(String::from_utf8_lossy(text).into_owned()));
            self.paste = None;
            return true;
        }
        if text.len() > PASTE_BYTES_MAX + PASTE_END.len() {
            // Its last bytes may be the beginning of the end.
            let last = text.split_off(text.len() - PASTE_END.len());
            text.truncate(PASTE_BYTES_MAX);
            text.extend_from_slice(&last);
        }
        false
    }

    /// A character, or one of the keys that send a single byte.
    fn typed(&mut self, inputs: &mut Vec<Input>) -> bool {
        let first = self.pending[0];
        if first < 0x80 {
            self.pending.drain(..1);
            inputs.push(Input::Key(single(first)));
            return true;
        }
        let length = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            // No character begins so.
            _ => {
                self.pending.drain(..1);
                return true;
            }
        };
        let have = &self.pending[..self.pending.len().min(length)];
        match std::str::from_utf8(have) {
            Ok(text) => {
                inputs.extend(
                    text.chars()
                        .map(|character| Input::Key(Key::plain(Code::Char(character)))),
                );
                self.pending.drain(..length);
                true
            }
            Err(error) if error.error_len().is_none() => false,
            Err(_) => {
                self.pending.drain(..1);
                true
            }
        }
    }
}

/// The key that sends this one byte.
fn single(byte: u8) -> Key {
    let ctrl = |character: u8| Key {
        is_ctrl: true,
        ..Key::plain(Code::Char(char::from(character)))
    };
    match byte {
        b'\r' => Key::plain(Code::Enter),
        b'\t' => Key::plain(Code::Tab),
        0x7f => Key::plain(Code::Backspace),
        0 => ctrl(b' '),
        0x01..=0x1a => ctrl(byte - 1 + b'a'),
        0x1c..=0x1f => ctrl(byte - 0x1c + b'4'),
        _ => Key::plain(Code::Char(char::from(byte))),
    }
}

/// What begins with `ESC [` or `ESC O`.
fn sequence(bytes: &[u8]) -> Found {
    if bytes.get(1) == Some(&b'O') {
        return match bytes.get(2) {
            None => Found::Unfinished,
            Some(last) => match lettered(*last) {
                Some(code) => Found::Whole(3, Some(Input::Key(Key::plain(code)))),
                None => Found::Unknown(3),
            },
        };
    }
    match &bytes[2..] {
        // F1 to F5 of the Linux console.
        [b'['] => return Found::Unfinished,
        [b'[', letter @ b'A'..=b'E', ..] => {
            let key = Key::plain(Code::Function(letter - b'A' + 1));
            return Found::Whole(4, Some(Input::Key(key)));
        }
        // The mouse of terminals that know no other way: three bytes of any value.
        [b'M', rest @ ..] => {
            return match rest {
                [button, column, row, ..] => {
                    let cell = |byte: u8| u16::from(byte.saturating_sub(33));
                    Found::Whole(
                        6,
                        mouse(u16::from(button.saturating_sub(32)), cell(*column), cell(*row)),
                    )
                }
                _ => Found::Unfinished,
            };
        }
        _ => {}
    }
    let middle = bytes[2..]
        .iter()
        .take_while(|byte| (0x20..0x40).contains(*byte))
        .count();
    if middle > SEQUENCE_BYTES_MAX {
        return Found::Broken(bytes.len());
    }
    let Some(last) = bytes.get(2 + middle) else {
        return Found::Unfinished;
    };
    let count = 3 + middle;
    if !(0x40..0x7f).contains(last) {
        return Found::Broken(count - 1);
    }
    // All of it is ASCII.
    let parameters = std::str::from_utf8(&bytes[2..2 + middle]).unwrap_or_default();
    if parameters == "200" && *last == b'~' {
        return Found::PasteBegins(count);
    }
    match known(parameters, *last) {
        Some(input) => Found::Whole(count, input),
        None => Found::Unknown(count),
    }
}

/// What a sequence with these parameters and this end means: an input, nothing to the console, or (none) nothing at all.
fn known(parameters: &str, last: u8) -> Option<Option<Input>> {
    if let Some(report) = parameters.strip_prefix('<') {
        let mut numbers = report.split(';').map(str::parse::<u16>);
        let (Some(Ok(button)), Some(Ok(column)), Some(Ok(row)), None) =
            (numbers.next(), numbers.next(), numbers.next(), numbers.next())
        else {
            return None;
        };
        return match last {
            b'M' => Some(mouse(button, column.saturating_sub(1), row.saturating_sub(1))),
            // The button went up.
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
            // Insert and its like.
            None => return (*number <= 34).then_some(None),
        },
        (_, [] | [1] | [1, _]) => (lettered(last)?, modifiers(1)),
        (_, [_, ..]) => return None,
    };
    let is_character = matches!(code, Code::Char(_));
    let key = Key {
        code,
        is_shift: modifiers & 1 != 0 && !is_character,
        is_alt: modifiers & 2 != 0,
        is_ctrl: modifiers & 4 != 0,
    };
    Some((!is_release).then_some(Input::Key(key)))
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
    Some(match number {
        1 | 7 => Code::Home,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11 => Code::Function(1),
        12 => Code::Function(2),
        13 => Code::Function(3),
        14 => Code::Function(4),
        15 => Code::Function(5),
        17 => Code::Function(6),
        18 => Code::Function(7),
        19 => Code::Function(8),
        20 => Code::Function(9),
        21 => Code::Function(10),
        23 => Code::Function(11),
        24 => Code::Function(12),
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

fn mouse(button: u16, column: u16, row: u16) -> Option<Input> {
    const MODIFIERS: u16 = 4 | 8 | 16;
    let kind = match button & !MODIFIERS {
        0 => MouseKind::Click,
        64 => MouseKind::WheelUp,
        65 => MouseKind::WheelDown,
        // Other buttons, releases, motion.
        _ => return None,
    };
    Some(Input::Mouse(Mouse { kind, column, row }))
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
