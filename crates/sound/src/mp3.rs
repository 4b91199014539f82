//! MP3: its frames, how loud they are, and their gain.

mod decode;
mod gain;
mod header;
mod info;
mod tags;
mod walk;

use super::format::{Container, channel_words, rate_words};
use super::measure::{Depth, Measure};
use super::{AudioFacts, AudioFault, DURATION_H_MAX};
use text::words::counted;

use header::Layer;

pub use gain::{GainRange, Mp3GainReport, STEP_DB, STEP_NOMINAL_DB};
pub use walk::Stream;

/// Whether the bytes begin as MPEG audio.
pub(super) fn sniff(bytes: &[u8]) -> Option<Container> {
    Some(match walk::first_layer(bytes)? {
        Layer::Three => Container::Mp3,
        Layer::Two => Container::OtherMpeg("MPEG Layer II"),
        Layer::One => Container::OtherMpeg("MPEG Layer I"),
        Layer::Adts => Container::OtherMpeg("AAC"),
    })
}

/// Measures an MP3 file.
pub(super) fn facts(bytes: &[u8]) -> Result<AudioFacts, AudioFault> {
    let stream = Stream::read(bytes)?;
    let (measure, oddities) = stream.measured(bytes, Depth::WithTruePeak)?;
    let (_, frames) = stream.encoded();
    Ok(AudioFacts::of(words(&stream), frames, measure, oddities))
}

/// How many samples later every decoder gives a sound than its encoder took it in, beside what the
/// encoder says of itself.
const DECODER_DELAY: u64 = 529;

impl Stream {
    /// What was encoded, without the silence that the encoder added: the samples to skip, and how
    /// many follow.
    fn encoded(&self) -> (u64, u64) {
        let all = self.samples();
        let Some((before, after)) = self.info.and_then(|info| info.added) else {
            return (0, all);
        };
        // If these numbers would leave no sound, they are taken for damaged.
        match all.checked_sub(u64::from(before) + u64::from(after)) {
            None | Some(0) => (0, all),
            Some(rest) => (u64::from(before) + DECODER_DELAY, rest),
        }
    }

    /// Decodes and measures the frames of these bytes; with what is odd about them, in words.
    pub(super) fn measured(&self, bytes: &[u8], depth: Depth) -> Result<(Measure, Vec<String>), AudioFault> {
        let header = self.header();
        if self.samples() / u64::from(header.sample_rate_hz) >= DURATION_H_MAX * 3600 {
            return Err(AudioFault::new(format!(
                "the MP3 is longer than {DURATION_H_MAX} hours, which is not decoded here"
            )));
        }
        let (skipped, rest) = self.encoded();
        let heard = skipped..skipped.saturating_add(rest);
        let mut measure = Measure::new(self.channels(), header.sample_rate_hz, depth).heard(heard);
        let undecoded = decode::decode(self, bytes, |samples| measure.add(samples))?;
        let mut oddities = Vec::new();
        if undecoded > 0 {
            oddities.push(format!(
                "{undecoded} of {} could not be decoded: taken as silence",
                counted(self.frames().len(), "frame")
            ));
        }
        if self.is_cut_off {
            oddities.push("cut off within its last frame".to_owned());
        }
        if self.stray_bytes > 0 {
            let bytes = counted(self.stray_bytes, "stray byte");
            oddities.push(format!("{bytes} between or behind the frames"));
        }
        Ok((measure, oddities))
    }
}

/// `MP3 mono 48 kHz 128 kb/s`; `about` before the mean of a variable bit rate.
fn words(stream: &Stream) -> String {
    let header = stream.header();
    let rates = || stream.frames().iter().filter_map(|frame| frame.header.bitrate_kbps);
    let is_constant = rates().all(|rate| Some(rate) == header.bitrate_kbps);
    let mean = rates().map(u64::from).sum::<u64>() / (stream.frames().len() as u64).max(1);
    let channels = if header.is_joint() {
        "joint stereo".to_owned()
    } else {
        channel_words(stream.channels())
    };
    let about = if is_constant { "" } else { "about " };
    format!(
        "MP3 {channels} {} {about}{mean} kb/s",
        rate_words(header.sample_rate_hz)
    )
}
