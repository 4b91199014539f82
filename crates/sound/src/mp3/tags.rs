//! What stands around and between the frames of an MP3 file and is not sound: ID3, APE and Lyrics3
//! tags.

use std::ops::Range;

const ID3V2_HEADER_BYTES: usize = 10;
const ID3V1_BYTES: usize = 128;
const APE_BLOCK_BYTES: usize = 32;
const LYRICS_END: &[u8] = b"LYRICS200";
const LYRICS_SIZE_DIGITS: usize = 6;

/// Where the frames are to be looked for: behind the leading tags and before the trailing ones.
pub(super) fn between_tags(bytes: &[u8]) -> Range<usize> {
    let mut start = 0;
    while let Some(length) = bytes.get(start..).and_then(leading) {
        start = (start + length).min(bytes.len());
    }
    let mut end = bytes.len();
    while let Some(length) = bytes.get(start..end).and_then(trailing) {
        end -= length;
    }
    start..end
}

/// The length of the tag that these bytes begin with, above 0.
pub(super) fn leading(bytes: &[u8]) -> Option<usize> {
    if let Some(rest) = bytes.strip_prefix(b"ID3") {
        let [_, _, flags, sizes @ ..] = *rest.first_chunk::<7>()?;
        // Seven bits a byte: anything else is no tag.
        if sizes.iter().any(|byte| *byte > 0x7f) {
            return None;
        }
        let size = sizes.iter().fold(0, |size, byte| size << 7 | usize::from(*byte));
        let footer = if flags & 0x10 != 0 { ID3V2_HEADER_BYTES } else { 0 };
        return Some(ID3V2_HEADER_BYTES + size + footer);
    }
    let (size, _) = ape(bytes.get(..APE_BLOCK_BYTES)?)?;
    Some(APE_BLOCK_BYTES + size)
}

/// The length of the tag that these bytes end with, above 0 and at most theirs.
fn trailing(bytes: &[u8]) -> Option<usize> {
    let from_end = |length: usize| bytes.len().checked_sub(length).and_then(|at| bytes.get(at..));
    if from_end(ID3V1_BYTES).is_some_and(|tag| tag.starts_with(b"TAG")) {
        return Some(ID3V1_BYTES);
    }
    if let Some(before) = bytes.strip_suffix(LYRICS_END) {
        let digits = before
            .len()
            .checked_sub(LYRICS_SIZE_DIGITS)
            .and_then(|at| before.get(at..))?;
        let size: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
        return Some(size + LYRICS_SIZE_DIGITS + LYRICS_END.len()).filter(|length| *length <= bytes.len());
    }
    let (size, has_header) = ape(from_end(APE_BLOCK_BYTES)?)?;
    let length = size + if has_header { APE_BLOCK_BYTES } else { 0 };
    Some(length).filter(|length| (APE_BLOCK_BYTES..=bytes.len()).contains(length))
}

/// The size of an APE tag without its header, and whether it has one.
fn ape(block: &[u8]) -> Option<(usize, bool)> {
    let rest = block.strip_prefix(b"APETAGEX")?;
    let size = rest.get(4..)?.first_chunk::<4>()?;
    let flags = rest.get(12..)?.first_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
    Some((size, u32::from_le_bytes(*flags) >> 31 == 1))
}

/// Whether a tag holds a ReplayGain, in the spelling of ID3 or of APE; zeros are passed over, so
/// that UTF-16 reads like ASCII.
pub(super) fn names_replay_gain(tags: &[u8]) -> bool {
    const NAME: &[u8] = b"REPLAYGAIN_";
    let letters: Vec<u8> = tags
        .iter()
        .filter(|byte| **byte != 0)
        .map(u8::to_ascii_uppercase)
        .collect();
    letters.windows(NAME.len()).any(|window| window == NAME)
}
