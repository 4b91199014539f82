//! How much changed, in numbers: what a gate stores when it opens and a queue row shows.
//! Must not know: rows, words.

use serde::{Deserialize, Serialize};

use super::lines::{Limit, diff_lines};

/// The size of a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Lines; 0 for binaries.
    pub added: u64,
    /// Lines; 0 for binaries.
    pub removed: u64,
    /// Either text is no text.
    pub is_binary: bool,
    /// There was nothing to compare with: `added` counts every line.
    pub(crate) is_new: bool,
    /// The limit was reached: the counts may be too high.
    pub(crate) is_coarse: bool,
    /// Size of the new bytes.
    pub(crate) bytes: u64,
}

// Like git and less, only the beginning is looked at.
const SAMPLE_BYTES: usize = 8192;

/// Counts what changed from `old` to `new`.
pub fn summary(old: Option<&[u8]>, new: &[u8], limit: Limit<'_>) -> Summary {
    let is_binary = is_binary(new) || old.is_some_and(is_binary);
    let sizes = Summary {
        is_binary,
        is_new: old.is_none(),
        bytes: new.len() as u64,
        ..Summary::default()
    };
    if is_binary {
        return sizes;
    }
    let diff = diff_lines(old.unwrap_or_default(), new, limit);
    Summary {
        added: diff.added as u64,
        removed: diff.removed as u64,
        is_coarse: diff.is_coarse,
        ..sizes
    }
}

/// True for bytes that are no text: a NUL, or mostly invalid UTF-8, in the first 8 kB.
pub fn is_binary(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let invalid: usize = sample.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    sample.contains(&0) || invalid * 2 > sample.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted() {
        let counted = summary(Some(b"a\nb\nc"), b"a\nx\ny\nc", Limit::NONE);
        assert_eq!(
            (counted.added, counted.removed, counted.is_new, counted.bytes),
            (2, 1, false, 7)
        );
        let counted = summary(None, b"a\nb", Limit::NONE);
        assert_eq!((counted.added, counted.removed, counted.is_new), (2, 0, true));
    }

    #[test]
    fn binaries_are_told_from_text_in_old_encodings() {
        assert!(is_binary(b"ID3\x04\x00\x00"));
        assert!(is_binary(b"\xff\xfb\x90\xc4\xff"));
        assert!(!is_binary(b"caf\xe9 au lait") && !is_binary("10–12 km 海".as_bytes()) && !is_binary(b""));
        let late = [vec![b'a'; 9000], vec![0]].concat();
        assert!(!is_binary(&late), "only the beginning is looked at");
        let counted = summary(Some(b"a\0b\n"), b"a\n", Limit::NONE);
        assert!(counted.is_binary && counted.added == 0);
    }
}
