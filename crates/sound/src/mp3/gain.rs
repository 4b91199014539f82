//! The `global_gain` of every granule and channel: one step is a quarter of a power of two, and no
//! sample is decoded for it.
//!
//! ISO/IEC 11172-3 2.4.1.7 and 13818-3 2.4.1.7 say where it stands in the side information, 2.4.3.1
//! how the checksum is made.

use super::header::{CRC_BYTES, HEADER_BYTES, Header, Version};
use super::walk::{Frame, Stream};

/// What one step does, exactly: 20·log10(2^¼) dB.
pub const STEP_DB: f64 = 1.505_149_978_319_906;
/// What one step is called.
pub const STEP_NOMINAL_DB: f64 = 1.5;

/// Bits of a granule's channel from one to the next, and up to its `global_gain`.
const GRANULE_BITS_1: usize = 59;
const GRANULE_BITS_2: usize = 63;
const LENGTH_BITS: usize = 12;
const GAIN_AT: usize = 12 + 9;
const GAIN_BITS: usize = 8;

/// What a change of gain did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mp3GainReport {
    /// Granules that have the new gain, each channel counted.
    pub granules: usize,
    /// Granules without a single bit of sound whose gain would have left its range: they keep it,
    /// and stay silent.
    pub silent_kept: usize,
    /// Frames whose checksum was made anew.
    pub checksums: usize,
    /// Frames whose checksum was wrong before; it stays as it is.
    pub wrong_checksums: usize,
}

/// The lowest and the highest gain of all granules that hold sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GainRange {
    /// From 0.
    pub lowest: u8,
    /// To 255.
    pub highest: u8,
}

impl GainRange {
    /// The most steps down and up that keep every gain in its 8 bits.
    pub fn steps(self) -> (i32, i32) {
        (-i32::from(self.lowest), i32::from(u8::MAX - self.highest))
    }
}

impl Stream {
    /// The range of gains; none: every granule is without sound.
    pub(in super::super) fn gains(&self, bytes: &[u8]) -> Option<GainRange> {
        let gains = self.frames().iter().flat_map(|frame| {
            let frame_bytes = frame.of(bytes);
            places(frame.header)
                .filter(|place| !place.is_silent(frame_bytes))
                .map(|place| place.gain(frame_bytes))
        });
        gains.fold(None, |range, gain| {
            let range = range.unwrap_or(GainRange {
                lowest: gain,
                highest: gain,
            });
            Some(GainRange {
                lowest: range.lowest.min(gain),
                highest: range.highest.max(gain),
            })
        })
    }

    /// The file with every gain moved by so many steps; the caller has asked [`Stream::gains`]
    /// whether they fit.
    pub(in super::super) fn stepped(&self, bytes: &[u8], steps: i32) -> (Vec<u8>, Mp3GainReport) {
        let mut changed = bytes.to_vec();
        let mut outcome = Mp3GainReport::default();
        for frame in self.frames() {
            if let Some(frame_bytes) = changed.get_mut(frame.at..frame.at + frame.length) {
                step(frame_bytes, *frame, steps, &mut outcome);
            }
        }
        (changed, outcome)
    }
}

fn step(bytes: &mut [u8], frame: Frame, steps: i32, outcome: &mut Mp3GainReport) {
    let is_right = frame.header.is_protected && stored_checksum(bytes) == checksum(bytes, frame.header);
    for place in places(frame.header) {
        match u8::try_from(i32::from(place.gain(bytes)) + steps) {
            Ok(gain) => {
                place.set_gain(bytes, gain);
                outcome.granules += 1;
            }
            Err(_) => outcome.silent_kept += 1,
        }
    }
    if !frame.header.is_protected {
        return;
    }
    // A checksum that was wrong is not ours to mend: it may be all that tells a strict player to
    // drop a broken frame.
    if !is_right {
        outcome.wrong_checksums += 1;
        return;
    }
    if let (Some(sum), Some(place)) = (
        checksum(bytes, frame.header),
        bytes.get_mut(HEADER_BYTES..HEADER_BYTES + CRC_BYTES),
    ) {
        place.copy_from_slice(&sum.to_be_bytes());
        outcome.checksums += 1;
    }
}

fn stored_checksum(bytes: &[u8]) -> Option<u16> {
    bytes
        .get(HEADER_BYTES..)?
        .first_chunk::<CRC_BYTES>()
        .map(|two| u16::from_be_bytes(*two))
}

/// CRC-16 (polynomial 0x8005, begun with ones) over the last two bytes of the header and the side
/// information.
fn checksum(bytes: &[u8], header: Header) -> Option<u16> {
    let side = bytes.get(header.side_at()..header.side_at() + header.side_bytes())?;
    let covered = bytes.get(2..HEADER_BYTES)?.iter().chain(side);
    Some(covered.fold(0xffff, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| {
            if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x8005 }
        })
    }))
}

/// Where one granule of one channel begins, in bits from the start of the frame.
#[derive(Debug, Clone, Copy)]
struct GranuleStart(usize);

/// The places of all granules and channels of a frame with this header.
fn places(header: Header) -> impl Iterator<Item = GranuleStart> {
    let channels = header.channels();
    // main_data_begin, private bits, and in MPEG-1 the shared scale factors.
    let (before, each) = match (header.version, channels) {
        (Version::Mpeg1, 1) => (9 + 5 + 4, GRANULE_BITS_1),
        (Version::Mpeg1, _) => (9 + 3 + 8, GRANULE_BITS_1),
        (Version::Mpeg2 | Version::Mpeg25, 1) => (8 + 1, GRANULE_BITS_2),
        (Version::Mpeg2 | Version::Mpeg25, _) => (8 + 2, GRANULE_BITS_2),
    };
    let first = header.side_at() * 8 + before;
    (0..header.granules() * channels).map(move |index| GranuleStart(first + index * each))
}

impl GranuleStart {
    /// Whether it has no bits of sound at all: then its gain multiplies nothing.
    fn is_silent(self, bytes: &[u8]) -> bool {
        bits(bytes, self.0, LENGTH_BITS) == 0
    }

    fn gain(self, bytes: &[u8]) -> u8 {
        // The value has eight bits, so it fits.
        bits(bytes, self.0 + GAIN_AT, GAIN_BITS) as u8
    }

    fn set_gain(self, bytes: &mut [u8], gain: u8) {
        let at = self.0 + GAIN_AT;
        let shift = 16 - GAIN_BITS - at % 8;
        if let Some([first, second]) = bytes.get_mut(at / 8..at / 8 + 2) {
            let pair = u16::from_be_bytes([*first, *second]) & !(0xff << shift) | u16::from(gain) << shift;
            [*first, *second] = pair.to_be_bytes();
        }
    }
}

/// So many bits, at most 16, from a bit position on; zeros beyond the end.
fn bits(bytes: &[u8], at: usize, count: usize) -> u32 {
    let window = (0..3).fold(0_u32, |window, index| {
        window << 8 | u32::from(bytes.get(at / 8 + index).copied().unwrap_or(0))
    });
    window >> (24 - count - at % 8) & ((1 << count) - 1)
}
