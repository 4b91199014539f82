//! The chunks of a WAV file: which bytes are samples. Everything else is somebody else's and is
//! never touched.

use std::ops::Range;

use super::super::AudioFault;
use super::sample::Sample;
use text::words::counted;

/// Chunks begin after `RIFF`, the size and `WAVE`.
const FIRST_CHUNK: usize = 12;
const CHUNK_HEADER_BYTES: usize = 8;
/// Sizes that a writer leaves when it cannot go back to fill in the right one.
const STREAMED_SIZES: [u32; 2] = [0, u32::MAX];

const TAG_PCM: u16 = 1;
const TAG_FLOAT: u16 = 3;
const TAG_EXTENSIBLE: u16 = 0xfffe;
/// What follows the tag in the GUID of a subformat (Microsoft's `KSDATAFORMAT_SUBTYPE_…`).
const SUBFORMAT_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
/// Formats that a refusal can call by name.
const NAMED_TAGS: [(u16, &str); 8] = [
    (0x0002, "Microsoft ADPCM"),
    (0x0006, "A-law"),
    (0x0007, "\u{b5}-law"),
    (0x0011, "IMA ADPCM"),
    (0x0031, "GSM 6.10"),
    (0x0050, "MPEG Layer II"),
    (0x0055, "MP3"),
    (0x00ff, "AAC"),
];

/// Chunks that say how loud the samples are: broadcast loudness, envelope, peaks of float samples.
const LEVEL_CHUNKS: [(&[u8; 4], &str); 3] = [(b"bext", "bext"), (b"levl", "levl"), (b"PEAK", "PEAK")];

/// A WAV file whose header was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wav {
    /// How many channels, from 1.
    pub(in super::super) channels: u32,
    /// Frames in a second, from 1.
    pub(super) sample_rate_hz: u32,
    /// The sample format, or the name of one that is not read here.
    sample: Result<Sample, String>,
    frame_bytes: usize,
    /// Whole frames only.
    data: Range<usize>,
    /// Chunks that describe the level and are not brought up to date with it.
    level_chunks: Vec<&'static str>,
    /// What is odd about the file, in words.
    pub(in super::super) oddities: Vec<String>,
}

impl Wav {
    /// Reads the header and finds the samples; refuses what has no sound format or no data.
    pub(in super::super) fn read(bytes: &[u8]) -> Result<Self, AudioFault> {
        let mut format = None;
        let mut wav: Option<Self> = None;
        let mut level_chunks = Vec::new();
        let mut at = FIRST_CHUNK;
        while let Some(chunk) = Chunk::at(bytes, at) {
            match &chunk.id {
                b"fmt " if format.is_none() && wav.is_none() => {
                    let body = bytes.get(chunk.body..).unwrap_or(&[]);
                    let body = body.get(..chunk.size as usize).unwrap_or(body);
                    format = Some(Format::read(body, at)?);
                }
                b"data" if wav.is_none() => {
                    let format: Format = format.take().ok_or_else(|| {
                        AudioFault::new(format!("the `data` chunk at byte {at} has no `fmt ` chunk before it"))
                    })?;
                    wav = Some(format.with_data(bytes, &chunk));
                }
                id => level_chunks.extend(
                    LEVEL_CHUNKS
                        .iter()
                        .filter(|(level, _)| *level == id)
                        .map(|(_, name)| *name),
                ),
            }
            // Chunks are padded to an even length; the padding is not counted in the size.
            at = chunk
                .body
                .saturating_add(chunk.size as usize)
                .saturating_add(chunk.size as usize % 2);
        }
        if let Some(wav) = wav {
            level_chunks.dedup();
            return Ok(Self { level_chunks, ..wav });
        }
        let what = if format.is_some() { "data" } else { "fmt " };
        Err(AudioFault::new(format!(
            "the WAV file of {} bytes ends without a `{what}` chunk",
            bytes.len()
        ))
        .with_hint("the file is cut off, or is not a WAV file"))
    }

    /// Its sample format, or the name of one that is not read here.
    pub(in super::super) fn sample(&self) -> Result<Sample, &str> {
        self.sample.as_ref().copied().map_err(String::as_str)
    }

    /// Bytes of one sample of every channel.
    pub(super) fn frame_bytes(&self) -> usize {
        self.frame_bytes
    }

    /// Where the samples are.
    pub(super) fn data(&self) -> Range<usize> {
        self.data.clone()
    }

    /// Chunks that describe the level: what they say stays as it is.
    pub(in super::super) fn level_chunks(&self) -> &[&'static str] {
        &self.level_chunks
    }

    /// The samples of these bytes.
    pub(super) fn samples<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(self.data.clone()).unwrap_or(&[])
    }

    /// Samples in each channel.
    pub(in super::super) fn frames(&self) -> u64 {
        (self.data.len() / self.frame_bytes.max(1)) as u64
    }
}

struct Chunk {
    id: [u8; 4],
    size: u32,
    body: usize,
}

impl Chunk {
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let header = bytes.get(at..at.checked_add(CHUNK_HEADER_BYTES)?)?;
        let (id, size) = header.split_first_chunk::<4>()?;
        let size = size.first_chunk::<4>()?;
        Some(Self {
            id: *id,
            size: u32::from_le_bytes(*size),
            body: at + CHUNK_HEADER_BYTES,
        })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk::<2>().map(|two| u16::from_le_bytes(*two))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk::<4>()
        .map(|four| u32::from_le_bytes(*four))
}

/// The `fmt ` chunk.
struct Format {
    channels: u32,
    sample_rate_hz: u32,
    sample: Result<Sample, String>,
    frame_bytes: usize,
}

impl Format {
    fn read(body: &[u8], at: usize) -> Result<Self, AudioFault> {
        let wrong = |what: String| Err(AudioFault::new(format!("the `fmt ` chunk at byte {at} {what}")));
        let (Some(tag), Some(channels), Some(sample_rate_hz), Some(frame_bytes), Some(bits)) = (
            u16_at(body, 0),
            u16_at(body, 2),
            u32_at(body, 4),
            u16_at(body, 12),
            u16_at(body, 14),
        ) else {
            return wrong(format!("has {} bytes; a sound format needs at least 16", body.len()));
        };
        if channels == 0 || sample_rate_hz == 0 || frame_bytes == 0 {
            return wrong(format!(
                "says {channels} channels, {sample_rate_hz} Hz and {frame_bytes} bytes a frame: none of them can be 0"
            ));
        }
        let mut tag = tag;
        let mut valid_bits = bits;
        if tag == TAG_EXTENSIBLE {
            let guid = body.get(24..40).and_then(|guid| guid.split_first_chunk::<2>());
            let Some((subformat, tail)) = guid else {
                return wrong(format!("has {} bytes; the extensible form needs 40", body.len()));
            };
            if tail == SUBFORMAT_TAIL {
                tag = u16::from_le_bytes(*subformat);
            }
            // 0 is left by writers for whom the container is full.
            valid_bits = u16_at(body, 18).filter(|valid| *valid > 0).unwrap_or(bits);
            if valid_bits > bits {
                return wrong(format!("says {valid_bits} valid bits in a container of {bits}"));
            }
        }
        let sample = match tag {
            TAG_PCM => Sample::integer(bits, valid_bits),
            TAG_FLOAT => Sample::float(bits),
            _ => None,
        };
        let sample = match sample {
            Some(sample) if sample.bytes() * usize::from(channels) == usize::from(frame_bytes) => Ok(sample),
            Some(_) if tag == TAG_PCM || tag == TAG_FLOAT => {
                return wrong(format!(
                    "says {frame_bytes} bytes a frame, which {} of {bits} bits are not",
                    counted(usize::from(channels), "sample")
                ));
            }
            Some(_) | None => Err(match NAMED_TAGS.iter().find(|(known, _)| *known == tag) {
                Some((_, name)) => (*name).to_owned(),
                None if tag == TAG_PCM || tag == TAG_FLOAT => format!("{bits}-bit"),
                None => format!("format 0x{tag:04x}"),
            }),
        };
        Ok(Self {
            channels: u32::from(channels),
            sample_rate_hz,
            sample,
            frame_bytes: usize::from(frame_bytes),
        })
    }

    fn with_data(self, bytes: &[u8], chunk: &Chunk) -> Wav {
        let there = bytes.len().saturating_sub(chunk.body);
        let riff_size = u32_at(bytes, 4).unwrap_or(0);
        let is_streamed = chunk.size == u32::MAX || chunk.size == 0 && STREAMED_SIZES.contains(&riff_size);
        let mut oddities = Vec::new();
        let length = if is_streamed {
            if there > 0 {
                oddities.push("the header was written before the length was known: samples run to the end".to_owned());
            }
            there
        } else {
            let size = chunk.size as usize;
            if size > there {
                oddities.push(format!(
                    "cut off: the header announces {size} bytes of samples, {there} are there"
                ));
            }
            size.min(there)
        };
        let partial = length % self.frame_bytes;
        if partial > 0 {
            oddities.push(format!("{} of no whole frame at the end", counted(partial, "byte")));
        }
        Wav {
            channels: self.channels,
            sample_rate_hz: self.sample_rate_hz,
            sample: self.sample,
            frame_bytes: self.frame_bytes,
            data: chunk.body..chunk.body + length - partial,
            level_chunks: Vec::new(),
            oddities,
        }
    }
}
