//! What kind of sound the first bytes announce, and the words for formats.

use super::mp3;

/// Kinds of sound, told apart by their first bytes and never by a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// RIFF WAVE, little-endian.
    Wav,
    /// A RIFF WAVE in a form that is not read here: RF64, BW64 or big-endian.
    OtherWave(&'static str),
    /// MPEG audio, Layer III.
    Mp3,
    /// MPEG audio of another layer, or ADTS AAC.
    OtherMpeg(&'static str),
    /// Any other kind that is known by name.
    Other(&'static str),
}

impl Container {
    /// Its name on a screen.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::Mp3 => "MP3",
            Self::OtherWave(name) | Self::OtherMpeg(name) | Self::Other(name) => name,
        }
    }
}

/// First bytes, the offset at which more must stand, and that.
const MAGIC: [(&[u8], usize, &[u8], Container); 12] = [
    (b"RIFF", 8, b"WAVE", Container::Wav),
    (b"RF64", 8, b"WAVE", Container::OtherWave("RF64 WAV")),
    (b"BW64", 8, b"WAVE", Container::OtherWave("BW64 WAV")),
    (b"RIFX", 8, b"WAVE", Container::OtherWave("big-endian WAV (RIFX)")),
    (b"fLaC", 4, b"", Container::Other("FLAC")),
    (b"OggS", 4, b"", Container::Other("Ogg")),
    (b"FORM", 8, b"AIFF", Container::Other("AIFF")),
    (b"FORM", 8, b"AIFC", Container::Other("AIFF-C")),
    (b"", 4, b"ftyp", Container::Other("MPEG-4 audio")),
    (b"caff", 4, b"", Container::Other("CAF")),
    (b"\x1aE\xdf\xa3", 4, b"", Container::Other("Matroska or WebM")),
    (b"\x30\x26\xb2\x75", 4, b"", Container::Other("WMA")),
];

/// What the bytes announce; none: nothing that is known.
pub(crate) fn sniff(bytes: &[u8]) -> Option<Container> {
    let stands_at = |offset: usize, what: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(what));
    MAGIC
        .iter()
        .find(|(first, offset, more, _)| stands_at(0, first) && stands_at(*offset, more))
        .map(|(_, _, _, container)| *container)
        .or_else(|| mp3::sniff(bytes))
}

/// `mono`, `stereo`, `6 channels`.
pub(super) fn channel_words(channels: u32) -> String {
    match channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        more => format!("{more} channels"),
    }
}

/// `48 kHz`, `44.1 kHz`, `22.05 kHz`.
pub(super) fn rate_words(sample_rate_hz: u32) -> String {
    format!("{} kHz", f64::from(sample_rate_hz) / 1000.0)
}
