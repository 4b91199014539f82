//! Bytes of a terminal in the console's own words.
//!
//! Pure: bytes and a time in, inputs out. Written here and not taken from crossterm, which cannot
//! tell two things that decide whether a slip acts: a sequence whose Escape arrived alone
//! (crossterm: the Escape key, then letters), and an Escape key that arrived together with the next
//! key (crossterm: that key with Alt). Here the former is one torn key, which acts on nothing, and
//! the latter two keys.

use super::sequence::{SEQUENCE_BYTES_MAX, Sequence, begins, is_string, sequence};
use crate::input::{Code, KeyPress, TerminalInput};

/// What completes a sequence this long after its Escape, or after the byte before, is the rest of
/// that sequence.
const TORN_US: i64 = 1_000_000;
/// What is longer was not typed by a hand within a second: of a terminal's string beyond this only
/// its end is looked for.
const STRING_BYTES_MAX: usize = 4096;
/// More than any text takes (see `editor::TEXT_BYTES_MAX`): what is pasted beyond it is dropped,
/// and its end still looked for.
const PASTE_BYTES_MAX: usize = 4 << 20;

/// A piece with this many letters, of this many kinds, was pasted and not typed: a key that repeats
/// itself is one kind, and what is typed ahead on a slow line is seldom more than five.
const TEXT_MIN: Much = Much { letters: 8, kinds: 6 };
/// The line may have cut a text: so much that comes this soon after it is its rest, and so is an
/// Enter.
const TEXT_GOES_ON_US: i64 = 100_000;
/// See [`TEXT_GOES_ON_US`].
const REST_MIN: Much = Much { letters: 4, kinds: 3 };

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
    /// Bytes of a string were dropped: what is left of it is never typed.
    is_dropping: bool,
    /// A paste that has begun and not ended.
    paste: Option<Vec<u8>>,
    /// When a text came last that nobody has typed.
    text_us: Option<i64>,
    /// When such a text, a paste or a line end of either came last: an Enter right behind it is
    /// another line end.
    line_us: Option<i64>,
}

impl Decoder {
    /// Takes what was read at this time.
    pub(crate) fn feed(&mut self, bytes: &[u8], now_us: i64, inputs: &mut Vec<TerminalInput>) {
        self.tick(now_us, inputs);
        let is_rest = self.esc_us.take().is_some_and(|at| now_us - at <= TORN_US);
        let is_first = is_rest && bytes.first().is_some_and(|byte| begins(*byte));
        // Whoever types on after Escape is not kept waiting by each letter; a line that is torn to
        // single bytes has a second as well.
        let goes_on =
            self.torn_us.is_some() && (bytes.len() > 1 || !self.pending.first().is_some_and(|byte| is_string(*byte)));
        if is_first || goes_on {
            self.torn_us = Some(now_us);
        }
        self.pending.extend_from_slice(bytes);
        self.run(now_us, inputs);
    }

    /// Takes all that can be taken, and tells texts from keys.
    fn run(&mut self, now_us: i64, inputs: &mut Vec<TerminalInput>) {
        let mut came = Vec::new();
        while !self.pending.is_empty() && self.step(now_us, &mut came) {}
        let (mut piece, mut has_letters) = (Vec::new(), false);
        for input in came {
            // Some texts end their lines with two bytes (CR LF): the second is no line end of its
            // own.
            let is_second =
                input == line_feed() && matches!(piece.last(), Some(('\n', enter)) if *enter != line_feed());
            if is_second {
                continue;
            }
            match letter(&input) {
                // An Enter or a Tab in front is a key of its own, but for an Enter behind a text
                // that the line has cut there.
                Some(letter)
                    if has_letters || !letter.is_control() || letter == '\n' && self.is_behind_text(now_us) =>
                {
                    has_letters |= !letter.is_control();
                    piece.push((letter, input));
                }
                Some(_) | None => {
                    self.end_of_piece(&mut piece, now_us, inputs);
                    // A key of another kind ends the text: what follows does not belong to it.
                    self.line_us = matches!(input, TerminalInput::Paste(_)).then_some(now_us);
                    inputs.push(input);
                }
            }
        }
        self.end_of_piece(&mut piece, now_us, inputs);
    }

    fn is_behind_text(&self, now_us: i64) -> bool {
        self.line_us.is_some_and(|at| now_us - at <= TEXT_GOES_ON_US)
    }

    /// What came at once: a text, or keys. An Enter that came with letters before it may be the end
    /// of a line of a text that is too short to be told from keys: what it means is known where it
    /// goes to.
    fn end_of_piece(&mut self, piece: &mut Vec<(char, TerminalInput)>, now_us: i64, inputs: &mut Vec<TerminalInput>) {
        let is_rest = self.text_us.is_some_and(|at| now_us - at <= TEXT_GOES_ON_US);
        let least = if is_rest { REST_MIN } else { TEXT_MIN };
        let piece = std::mem::take(piece);
        let text: String = piece.iter().map(|(letter, _)| letter).collect();
        if Much::of(&text).reaches(least) {
            (self.text_us, self.line_us) = (Some(now_us), Some(now_us));
            return inputs.push(TerminalInput::Burst(text));
        }
        for (letter, input) in piece {
            match (letter, input) {
                ('\n', TerminalInput::Key(key)) => {
                    // A text may end in blank lines too.
                    if self.is_behind_text(now_us) {
                        self.line_us = Some(now_us);
                    }
                    inputs.push(TerminalInput::LineEnd(key));
                }
                (_, input) => inputs.push(input),
            }
        }
    }

    /// Time passes: what did not become the rest of a torn sequence was typed.
    pub(crate) fn tick(&mut self, now_us: i64, inputs: &mut Vec<TerminalInput>) {
        if self.torn_us.is_some_and(|at| now_us - at > TORN_US) {
            self.torn_us = None;
            if std::mem::take(&mut self.is_dropping) {
                self.pending.clear();
            }
            self.run(now_us, inputs);
        }
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn wake_us(&self) -> Option<i64> {
        self.torn_us.map(|at| at + TORN_US + 1)
    }

    /// Forgets what was begun: another program has read on.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes one thing from what is pending; false: nothing can be taken before more comes.
    fn step(&mut self, now_us: i64, inputs: &mut Vec<TerminalInput>) -> bool {
        if self.paste.is_some() {
            return self.paste_on(inputs);
        }
        if self.torn_us.is_some() {
            return self.torn(inputs);
        }
        match &self.pending[..] {
            [ESC] => {
                self.pending.clear();
                self.esc_us = Some(now_us);
                inputs.push(TerminalInput::Key(KeyPress::plain(Code::Esc)));
                false
            }
            [ESC, second, ..] if begins(*second) => match sequence(&self.pending) {
                // Two keys so far, an Escape and a letter; the end of the string may still come.
                Sequence::Unfinished if is_string(*second) => {
                    self.torn_us = Some(now_us);
                    self.esc_then_key(inputs)
                }
                Sequence::Unfinished => false,
                Sequence::Whole(count, input) => {
                    self.pending.drain(..count);
                    inputs.extend(input);
                    true
                }
                Sequence::PasteBegins(count) => {
                    self.pending.drain(..count);
                    self.paste = Some(Vec::new());
                    true
                }
                // The Escape, the letter and what follows were separate keys.
                Sequence::Unknown(_) if *second == b'O' => self.esc_then_key(inputs),
                Sequence::Broken(2) if *second != b'[' => self.esc_then_key(inputs),
                Sequence::Unknown(count) | Sequence::Broken(count) => {
                    self.pending.drain(..count);
                    true
                }
            },
            [ESC, ..] => self.esc_then_key(inputs),
            [..] => self.typed(inputs),
        }
    }

    /// An Escape key, and behind it something of its own.
    fn esc_then_key(&mut self, inputs: &mut Vec<TerminalInput>) -> bool {
        self.pending.drain(..1);
        inputs.push(TerminalInput::Key(KeyPress::plain(Code::Esc)));
        true
    }

    /// The rest of a sequence whose Escape was handed on as a key.
    fn torn(&mut self, inputs: &mut Vec<TerminalInput>) -> bool {
        let is_string = self.pending.first().is_some_and(|byte| is_string(*byte));
        let longest = if is_string {
            STRING_BYTES_MAX
        } else {
            SEQUENCE_BYTES_MAX
        };
        let mut whole = vec![ESC];
        whole.extend_from_slice(&self.pending);
        match sequence(&whole) {
            Sequence::Unfinished if whole.len() <= longest => return false,
            Sequence::Unfinished if is_string => {
                self.is_dropping = true;
                // Its first bytes say what it is, and its last may be the beginning of the end.
                self.pending.drain(2..self.pending.len() - 1);
                return false;
            }
            Sequence::Whole(count, input) => {
                self.pending.drain(..count - 1);
                let key = input.and_then(|input| input.key());
                inputs.push(TerminalInput::Torn(key));
            }
            Sequence::PasteBegins(count) => {
                self.pending.drain(..count - 1);
                self.paste = Some(Vec::new());
                // The Escape was not pressed either: it belongs to the pasted text, which follows
                // whole.
                inputs.push(TerminalInput::Torn(None));
            }
            Sequence::Unknown(count) => {
                self.pending.drain(..count - 1);
                inputs.push(TerminalInput::Torn(None));
            }
            // Cut short by what comes behind it: a string that had begun is none of a hand's.
            Sequence::Broken(count) if is_string && count > 2 => {
                self.pending.drain(..count - 1);
                inputs.push(TerminalInput::Torn(None));
            }
            // Somebody pressed Escape and went on typing.
            Sequence::Unfinished | Sequence::Broken(_) => {}
        }
        (self.torn_us, self.is_dropping) = (None, false);
        true
    }

    fn paste_on(&mut self, inputs: &mut Vec<TerminalInput>) -> bool {
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
            inputs.push(TerminalInput::Paste(String::from_utf8_lossy(text).into_owned()));
            self.paste = None;
            return true;
        }
        if text.len() > PASTE_BYTES_MAX + PASTE_END.len() {
            // The last bytes may be the beginning of the sequence that ends the paste.
            let last = text.split_off(text.len() - PASTE_END.len());
            text.truncate(PASTE_BYTES_MAX);
            text.extend_from_slice(&last);
        }
        false
    }

    /// A character, or one of the keys that send a single byte.
    fn typed(&mut self, inputs: &mut Vec<TerminalInput>) -> bool {
        let first = self.pending[0];
        if first < 0x80 {
            self.pending.drain(..1);
            inputs.push(TerminalInput::Key(single(first)));
            return true;
        }
        let length = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            // No UTF-8 character begins with this byte.
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
                        .map(|character| TerminalInput::Key(KeyPress::plain(Code::Char(character)))),
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

/// How many letters there are, and how many different ones.
#[derive(Debug, Clone, Copy)]
struct Much {
    letters: usize,
    kinds: usize,
}

impl Much {
    fn of(text: &str) -> Self {
        let mut letters: Vec<char> = text.chars().filter(|letter| !letter.is_control()).collect();
        let count = letters.len();
        letters.sort_unstable();
        letters.dedup();
        Self {
            letters: count,
            kinds: letters.len(),
        }
    }

    fn reaches(self, least: Self) -> bool {
        self.letters >= least.letters && self.kinds >= least.kinds
    }
}

/// The letter that a key would be in a text. Its lines end with the byte of Enter or with the line
/// feed, as the terminal likes.
fn letter(input: &TerminalInput) -> Option<char> {
    let key = input.key()?;
    if key == KeyPress::plain(Code::Enter) || *input == line_feed() {
        Some('\n')
    } else if key == KeyPress::plain(Code::Tab) {
        Some('\t')
    } else {
        key.typed()
    }
}

fn line_feed() -> TerminalInput {
    TerminalInput::Key(single(b'\n'))
}

/// The key that sends this one byte.
fn single(byte: u8) -> KeyPress {
    let ctrl = |character: u8| KeyPress {
        is_ctrl: true,
        ..KeyPress::plain(Code::Char(char::from(character)))
    };
    match byte {
        b'\r' => KeyPress::plain(Code::Enter),
        b'\t' => KeyPress::plain(Code::Tab),
        0x7f => KeyPress::plain(Code::Backspace),
        0 => ctrl(b' '),
        0x01..=0x1a => ctrl(byte - 1 + b'a'),
        0x1c..=0x1f => ctrl(byte - 0x1c + b'4'),
        _ => KeyPress::plain(Code::Char(char::from(byte))),
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
