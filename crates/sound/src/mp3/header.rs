//! The four bytes that begin an MPEG audio frame (ISO/IEC 11172-3 2.4.1.3, 13818-3, and the
//! unofficial 2.5).

pub(super) const HEADER_BYTES: usize = 4;
/// Bytes of the checksum behind the header of a protected frame.
pub(super) const CRC_BYTES: usize = 2;

/// Kilobits a second of Layer III; 0 is free format, 15 is forbidden.
const BITRATES_1: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BITRATES_2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const RATES_HZ: [u32; 3] = [44_100, 48_000, 32_000];

/// Which of the three generations: they differ in rates and in the length of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Mpeg1,
    Mpeg2,
    Mpeg25,
}

/// A header of Layer III that may stand where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: Version,
    /// None: free format, whose frame length only the next frame tells.
    pub(super) bitrate_kbps: Option<u32>,
    pub(super) sample_rate_hz: u32,
    pub(super) is_protected: bool,
    pub(super) is_padded: bool,
    /// 0 stereo, 1 joint stereo, 2 two channels, 3 mono.
    mode: u8,
}

/// What the layer bits say of bytes that have the sync bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    Adts,
    Three,
    Two,
    One,
}

/// The layer of what may be a frame header; none: no sync, or the version that was never given out.
pub(super) fn layer(bytes: &[u8]) -> Option<Layer> {
    let [first, second, ..] = *bytes else { return None };
    if first != 0xff || second & 0xe0 != 0xe0 || second & 0x18 == 0x08 {
        return None;
    }
    Some(match second >> 1 & 3 {
        0 => Layer::Adts,
        1 => Layer::Three,
        2 => Layer::Two,
        _ => Layer::One,
    })
}

impl Header {
    /// Reads a header of Layer III; none for anything else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if layer(bytes)? != Layer::Three {
            return None;
        }
        let [_, second, third, fourth] = *bytes.first_chunk::<HEADER_BYTES>()?;
        let version = match second >> 3 & 3 {
            0 => Version::Mpeg25,
            2 => Version::Mpeg2,
            _ => Version::Mpeg1,
        };
        let bitrates = match version {
            Version::Mpeg1 => &BITRATES_1,
            Version::Mpeg2 | Version::Mpeg25 => &BITRATES_2,
        };
        let bitrate_kbps = *bitrates.get(usize::from(third >> 4))?;
        let rate_hz = *RATES_HZ.get(usize::from(third >> 2 & 3))?;
        // Emphasis 2 is reserved: bytes that have it only look like a header.
        if fourth & 3 == 2 {
            return None;
        }
        Some(Self {
            version,
            bitrate_kbps: (bitrate_kbps > 0).then_some(bitrate_kbps),
            sample_rate_hz: match version {
                Version::Mpeg1 => rate_hz,
                Version::Mpeg2 => rate_hz / 2,
                Version::Mpeg25 => rate_hz / 4,
            },
            is_protected: second & 1 == 0,
            is_padded: third & 2 != 0,
            mode: fourth >> 6,
        })
    }

    /// Channels in the frame.
    pub(super) fn channels(self) -> usize {
        if self.mode == 3 { 1 } else { 2 }
    }

    /// Whether the two channels may share their bits.
    pub(super) fn is_joint(self) -> bool {
        self.mode == 1
    }

    /// Granules in the frame.
    pub(super) fn granules(self) -> usize {
        match self.version {
            Version::Mpeg1 => 2,
            Version::Mpeg2 | Version::Mpeg25 => 1,
        }
    }

    /// Samples of each channel in the frame.
    pub(super) fn samples(self) -> u64 {
        576 * self.granules() as u64
    }

    /// Bytes of the frame, header included; none in free format.
    pub(super) fn frame_bytes(self) -> Option<usize> {
        let slots_k = match self.version {
            Version::Mpeg1 => 144_000,
            Version::Mpeg2 | Version::Mpeg25 => 72_000,
        };
        let bytes = slots_k * self.bitrate_kbps? / self.sample_rate_hz + u32::from(self.is_padded);
        usize::try_from(bytes).ok()
    }

    /// Bytes of the side information.
    pub(super) fn side_bytes(self) -> usize {
        match (self.version, self.channels()) {
            (Version::Mpeg1, 1) => 17,
            (Version::Mpeg1, _) => 32,
            (Version::Mpeg2 | Version::Mpeg25, 1) => 9,
            (Version::Mpeg2 | Version::Mpeg25, _) => 17,
        }
    }

    /// Where the side information begins in the frame.
    pub(super) fn side_at(self) -> usize {
        HEADER_BYTES + if self.is_protected { CRC_BYTES } else { 0 }
    }

    /// Whether a frame with this header can belong to one stream with the other: what may change
    /// from frame to frame is the bit rate, the padding, the protection and the way of stereo.
    pub(super) fn is_of_one_stream(self, other: Self) -> bool {
        self.version == other.version
            && self.sample_rate_hz == other.sample_rate_hz
            && self.channels() == other.channels()
    }
}
