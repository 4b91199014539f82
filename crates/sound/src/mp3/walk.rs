//! The frames of an MP3 file, one after the other, over whatever stands between them.

use std::ops::Range;

use super::super::AudioFault;
use super::header::{HEADER_BYTES, Header, Layer, layer};
use super::info::Info;
use super::tags::{between_tags, leading, names_replay_gain};

/// One frame of sound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) header: Header,
}

/// The frames of a file.
#[derive(Debug)]
pub struct Stream {
    /// Of sound; the Info frame is not among them. Never empty.
    frames: Vec<Frame>,
    /// Of the first frame; all agree with it in what matters.
    header: Header,
    /// What lies between the tags.
    sound: Range<usize>,
    /// What the encoder left in a first frame that is no sound.
    pub(super) info: Option<Info>,
    /// Bytes between the frames, or behind them, that are neither frames nor tags.
    pub(super) stray_bytes: usize,
    /// The bytes of the last frame are not all there.
    pub(super) is_cut_off: bool,
}

impl Frame {
    /// Its bytes.
    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.at..self.at + self.length).unwrap_or(&[])
    }

    fn end(self) -> usize {
        self.at + self.length
    }
}

/// The frame that may begin here: a header whose length is known.
fn frame_at(bytes: &[u8], at: usize) -> Option<Frame> {
    let header = Header::read(bytes.get(at..)?)?;
    let length = header.frame_bytes()?;
    // The lowest rates leave less room than the side information needs only where nothing could be
    // encoded at all.
    (length >= header.side_at() + header.side_bytes()).then_some(Frame { at, length, header })
}

/// Whether what follows the frame bears it out: another frame of the stream, a tag, or the end. Two
/// sync bytes alone are often chance.
fn is_borne_out(bytes: &[u8], frame: Frame, end: usize) -> bool {
    let next = frame.end();
    next == end
        || bytes.get(next..end).is_some_and(|rest| leading(rest).is_some())
        || Header::read(bytes.get(next..end).unwrap_or(&[])).is_some_and(|header| header.is_of_one_stream(frame.header))
}

/// Whether the bytes are MP3, or MPEG audio that is not: judged by the first frame behind the tags.
pub(super) fn first_layer(bytes: &[u8]) -> Option<Layer> {
    let sound = between_tags(bytes);
    let rest = bytes.get(sound.clone())?;
    let layer = layer(rest)?;
    (layer != Layer::Three || Header::read(rest).is_some()).then_some(layer)
}

impl Stream {
    /// Finds the frames; refuses what has none, and free format.
    pub(in super::super) fn read(bytes: &[u8]) -> Result<Self, AudioFault> {
        let sound = between_tags(bytes);
        let mut frames = Vec::new();
        let (mut info, mut stray_bytes, mut is_cut_off) = (None, 0, false);
        let mut first: Option<Header> = None;
        let mut at = sound.start;
        // Whether the frame before ended here: then a header that fits is enough.
        let mut is_in_step = false;
        while at + HEADER_BYTES <= sound.end {
            let candidate = frame_at(bytes, at)
                .filter(|frame| first.is_none_or(|first| frame.header.is_of_one_stream(first)))
                .filter(|frame| is_in_step || is_borne_out(bytes, *frame, sound.end));
            let Some(mut frame) = candidate else {
                let tag = bytes.get(at..sound.end).and_then(leading).filter(|_| is_in_step);
                is_in_step = tag.is_some();
                at += tag.unwrap_or(1);
                stray_bytes += usize::from(tag.is_none());
                continue;
            };
            at = frame.end();
            is_in_step = true;
            if at > sound.end {
                frame.length = sound.end - frame.at;
                is_cut_off = true;
                at = sound.end;
                if frame.length < frame.header.side_at() + frame.header.side_bytes() {
                    stray_bytes += frame.length;
                    break;
                }
            }
            if first.is_none() {
                first = Some(frame.header);
                info = Info::read(frame.of(bytes), frame.header);
                if info.is_some() {
                    continue;
                }
            }
            frames.push(frame);
        }
        stray_bytes += sound.end.saturating_sub(at);
        match first.filter(|_| !frames.is_empty()) {
            Some(header) => Ok(Self {
                frames,
                header,
                sound,
                info,
                stray_bytes,
                is_cut_off,
            }),
            None => Err(Self::missing(bytes.get(sound).unwrap_or(&[]))),
        }
    }

    fn missing(sound: &[u8]) -> AudioFault {
        match Header::read(sound) {
            Some(header) if header.bitrate_kbps.is_none() => {
                AudioFault::new("the MP3 is in free format: its headers do not say how long a frame is")
                    .with_hint("encode it at one of the standard bit rates")
            }
            Some(_) | None => AudioFault::new("no MP3 frame with sound was found"),
        }
    }

    /// The header that all frames agree with in version, rate and channels.
    pub(super) fn header(&self) -> Header {
        self.header
    }

    /// How many channels every frame has.
    pub(in super::super) fn channels(&self) -> u32 {
        if self.header.channels() == 1 { 1 } else { 2 }
    }

    /// The frames of sound, at least one.
    pub(super) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Whether the Info frame or a tag says how much a player should turn the sound up or down.
    pub(in super::super) fn has_replay_gain(&self, bytes: &[u8]) -> bool {
        let tags = [bytes.get(..self.sound.start), bytes.get(self.sound.end..)];
        self.info.is_some_and(|info| info.has_replay_gain) || tags.into_iter().flatten().any(names_replay_gain)
    }

    /// Samples of each channel in all frames.
    pub(in super::super) fn samples(&self) -> u64 {
        self.frames.iter().map(|frame| frame.header.samples()).sum()
    }
}
