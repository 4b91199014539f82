//! The first frame that encoders leave for players: `Xing`, `Info` or `VBRI`. It decodes to silence
//! and is no sound.

use super::header::Header;

/// Where `VBRI` stands, whatever the frame (Fraunhofer).
const VBRI_AT: usize = 36;
/// From the letters: flags, then what the flags announce, then the encoder's name and its settings
/// (LAME).
const FLAGS_AT: usize = 4;
const FIELDS: [(u32, usize); 4] = [(1, 4), (2, 4), (4, 100), (8, 4)];
/// From the encoder's name.
const REPLAY_GAIN_AT: usize = 15;
const DELAYS_AT: usize = 21;

/// What such a frame says that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Info {
    /// Silence that the encoder added before and after, in samples of each channel; none: it does
    /// not say.
    pub(super) added: Option<(u32, u32)>,
    /// It carries a ReplayGain that a change of level makes untrue.
    pub(super) has_replay_gain: bool,
}

impl Info {
    /// Reads the frame; none when it is a frame of sound.
    pub(super) fn read(frame: &[u8], header: Header) -> Option<Self> {
        let starts_at = |at: usize, what: &[u8]| frame.get(at..).is_some_and(|rest| rest.starts_with(what));
        if starts_at(VBRI_AT, b"VBRI") {
            return Some(Self {
                added: None,
                has_replay_gain: false,
            });
        }
        // Some encoders leave no room for the checksum in this frame although they announce one.
        let behind_side = [header.side_at(), super::header::HEADER_BYTES].map(|at| at + header.side_bytes());
        let letters = behind_side
            .into_iter()
            .find(|at| starts_at(*at, b"Xing") || starts_at(*at, b"Info"))?;
        let extension = Self::extension(frame.get(letters..).unwrap_or(&[])).unwrap_or(&[]);
        Some(Self {
            added: Self::added(extension),
            has_replay_gain: extension
                .get(REPLAY_GAIN_AT..REPLAY_GAIN_AT + 4)
                .is_some_and(|gains| gains.iter().any(|byte| *byte != 0)),
        })
    }

    /// The encoder's name and what follows, where there is one.
    fn extension(tag: &[u8]) -> Option<&[u8]> {
        let flags = u32::from_be_bytes(*tag.get(FLAGS_AT..)?.first_chunk::<4>()?);
        let announced: usize = FIELDS
            .iter()
            .filter(|(flag, _)| flags & flag != 0)
            .map(|(_, bytes)| bytes)
            .sum();
        let extension = tag.get(FLAGS_AT + 4 + announced..)?;
        extension.first().filter(|byte| byte.is_ascii_alphabetic())?;
        Some(extension)
    }

    fn added(extension: &[u8]) -> Option<(u32, u32)> {
        let [a, b, c] = *extension.get(DELAYS_AT..)?.first_chunk::<3>()?;
        let (before, after) = (
            u32::from(a) << 4 | u32::from(b) >> 4,
            u32::from(b & 0x0f) << 8 | u32::from(c),
        );
        (before > 0 || after > 0).then_some((before, after))
    }
}
