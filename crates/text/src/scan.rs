//! Cuts untrusted bytes into pieces that are each wholly plain, a tab, or something to be marked.
//! Must not know: windows, trailing space, what emphasis means.

use std::ops::Range;

use super::marks::{COMBINING_MAX, CharClass, classify, mark};

/// A piece of a line; `source` is its byte range in the line.
#[derive(Debug)]
pub(super) struct Piece {
    pub(crate) source: Range<usize>,
    pub(crate) kind: PieceKind,
}

#[derive(Debug)]
pub(super) enum PieceKind {
    /// Valid UTF-8 that may be shown as it is.
    Plain,
    Tab,
    /// Shown instead of the source.
    Mark(String),
}

// A piece this long ends at the next ASCII character, so that a window on a line of 1 MB does not
// read all of it.
const PLAIN_BYTES_MAX: usize = 1024;

/// The pieces of `line`, in order, covering every byte once. `breaks` (sorted) also end plain
/// pieces.
pub(super) struct Scan<'a> {
    line: &'a [u8],
    at: usize,
    breaks: &'a [Range<usize>],
    combining: usize,
    has_base: bool,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(line: &'a [u8], breaks: &'a [Range<usize>]) -> Self {
        Scan {
            line,
            at: 0,
            breaks,
            combining: 0,
            has_base: false,
        }
    }

    /// The first break after `offset`.
    fn next_break(&self, offset: usize) -> usize {
        let passed = self.breaks.partition_point(|range| range.end <= offset);
        match self.breaks.get(passed) {
            Some(range) if range.start > offset => range.start,
            Some(range) => range.end,
            None => usize::MAX,
        }
    }

    fn marked(&mut self, start: usize, text: String) -> Piece {
        self.has_base = false;
        self.combining = 0;
        Piece {
            source: start..self.at,
            kind: PieceKind::Mark(text),
        }
    }

    fn plain(&mut self) -> Option<Piece> {
        let start = self.at;
        let stop = self.next_break(start);
        while let Some(&byte) = self.line.get(self.at) {
            if (0x20..0x7f).contains(&byte) {
                if self.at > start && (self.at >= stop || self.at - start >= PLAIN_BYTES_MAX) {
                    break;
                }
                self.at += 1;
                self.has_base = true;
                self.combining = 0;
                continue;
            }
            if byte < 0x80 {
                break;
            }
            let Decoded::Character(character, length) = decode(self.line, self.at) else {
                break;
            };
            match classify(character) {
                CharClass::Deceptive => break,
                CharClass::Plain => {
                    if self.at > start && self.at >= stop {
                        break;
                    }
                    self.has_base = true;
                    self.combining = 0;
                }
                // A combining character stays with its base, even at a line break.
                CharClass::Combining if self.has_base && self.combining < COMBINING_MAX => self.combining += 1,
                CharClass::Combining => break,
            }
            self.at += length;
        }
        (self.at > start).then_some(Piece {
            source: start..self.at,
            kind: PieceKind::Plain,
        })
    }

    /// A run of combining characters beyond what their base may carry, as one mark.
    fn flood(&mut self, first: char) -> Piece {
        let start = self.at;
        let mut count = 0usize;
        while let Decoded::Character(character, length) = decode(self.line, self.at) {
            if classify(character) != CharClass::Combining {
                break;
            }
            count += 1;
            self.at += length;
        }
        let text = if count == 1 {
            mark_code(first)
        } else {
            format!("<{count} combining>")
        };
        self.marked(start, text)
    }
}

fn mark_code(character: char) -> String {
    format!("<U+{:04X}>", u32::from(character))
}

impl Iterator for Scan<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if let Some(piece) = self.plain() {
            return Some(piece);
        }
        let start = self.at;
        match decode(self.line, start) {
            Decoded::End => None,
            Decoded::Invalid(byte) => {
                self.at += 1;
                Some(self.marked(start, format!("<{byte:02X}>")))
            }
            Decoded::Character('\t', _) => {
                self.at += 1;
                self.has_base = false;
                self.combining = 0;
                Some(Piece {
                    source: start..self.at,
                    kind: PieceKind::Tab,
                })
            }
            Decoded::Character(character, length) => {
                if classify(character) == CharClass::Combining {
                    return Some(self.flood(character));
                }
                self.at += length;
                Some(self.marked(start, mark(character)))
            }
        }
    }
}

enum Decoded {
    End,
    Character(char, usize),
    Invalid(u8),
}

fn decode(line: &[u8], at: usize) -> Decoded {
    let Some(&first) = line.get(at) else {
        return Decoded::End;
    };
    let length = match first {
        0..=0x7f => return Decoded::Character(char::from(first), 1),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        0x80..=0xc1 | 0xf5..=0xff => return Decoded::Invalid(first),
    };
    let decoded = line
        .get(at..at + length)
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    match decoded.and_then(|text| text.chars().next()) {
        Some(character) => Decoded::Character(character, length),
        None => Decoded::Invalid(first),
    }
}
