//! What can be edited as text here: an artifact, or what an editor made of one.

use std::fmt;

use diff::summary::is_binary;
use patch::PATCH_BYTES_MAX;

/// A longer text is not edited here: no patch of a whole one could carry it.
pub(crate) const EDIT_BYTES_MAX: usize = PATCH_BYTES_MAX;
/// Drawing costs by the line that the cursor stands in.
const LINE_BYTES_MAX: usize = 100_000;

/// Why bytes are not edited as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotEditable {
    /// They hold what no text holds.
    Binary,
    /// The first byte that is no UTF-8, from 0.
    NotUtf8(usize),
    /// They are so many.
    TooLarge(usize),
    /// A line, from 1, is so many bytes long.
    LongLine(usize, usize),
}

impl NotEditable {
    /// In a sentence about the file of this name.
    pub(crate) fn about(self, name: &str) -> impl fmt::Display {
        match self {
            Self::Binary => format!("{name} is not text"),
            Self::NotUtf8(byte) => format!("{name} is not UTF-8 at byte {byte}"),
            Self::TooLarge(bytes) => format!("{name} has {bytes} bytes, more than are edited here"),
            Self::LongLine(line, bytes) => {
                format!("line {line} of {name} has {bytes} bytes, more than are edited here")
            }
        }
    }

    /// What to do with such an artifact instead; `compose` is the key that composes a patch.
    pub(crate) fn hint(self, compose: &str) -> String {
        match self {
            Self::Binary => format!("press {compose} to see which patches it takes, or reject it with a note"),
            Self::NotUtf8(_) => "no text patch applies to it; reject it with a note".to_owned(),
            Self::TooLarge(_) | Self::LongLine(..) => format!("press {compose} to write a patch"),
        }
    }
}

/// The bytes as text, or why they are none.
pub(crate) fn editable(bytes: &[u8]) -> Result<&str, NotEditable> {
    if bytes.len() > EDIT_BYTES_MAX {
        return Err(NotEditable::TooLarge(bytes.len()));
    }
    if is_binary(bytes) {
        return Err(NotEditable::Binary);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| NotEditable::NotUtf8(error.valid_up_to()))?;
    let lines = text.split('\n').map(str::len).enumerate();
    match lines.max_by_key(|(_, bytes)| *bytes) {
        Some((index, bytes)) if bytes > LINE_BYTES_MAX => Err(NotEditable::LongLine(index + 1, bytes)),
        Some(_) | None => Ok(text),
    }
}
