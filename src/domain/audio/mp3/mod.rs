//! MP3: its frames, how loud they are, and their gain.

mod decode;
mod header;
mod info;
mod tags;
mod walk;

use super::format::{Container, channel_words, rate_words};
use super::measure::Measure;
use super::{AudioFacts, AudioFault, DURATION_H_MAX};

use header::Layer;
use walk::Stream;

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
    let (measure, oddities) = measured(&stream, bytes)?;
    let (before, after) = stream.info.and_then(|info| info.added).unwrap_or((0, 0));
    let added = u64::from(before) + u64::from(after);
    let frames = stream.samples();
    // A number that would leave nothing is not believed.
    let frames = frames.checked_sub(added).filter(|rest| *rest > 0).unwrap_or(frames);
    Ok(AudioFacts::of(words(&stream), frames, measure, oddities))
}

fn measured(stream: &Stream, bytes: &[u8]) -> Result<(Measure, Vec<String>), AudioFault> {
    let Some(header) = stream.header() else {
        return Err(AudioFault::new("no MP3 frame with sound was found"));
    };
    if stream.samples() / u64::from(header.sample_rate_hz) >= DURATION_H_MAX * 3600 {
        return Err(AudioFault::new(format!(
            "the MP3 is longer than {DURATION_H_MAX} hours, which is not decoded here"
        )));
    }
    let mut measure = Measure::new(header.channels() as u32, header.sample_rate_hz);
    let undecoded = decode::decode(stream, bytes, |samples| measure.add(samples))?;
    let mut oddities = Vec::new();
    if undecoded > 0 {
        oddities.push(format!(
            "{undecoded} of {} frames could not be decoded and count as silence",
            stream.frames.len()
        ));
    }
    if stream.is_cut_off {
        oddities.push("cut off within its last frame".to_owned());
    }
    if stream.stray_bytes > 0 {
        oddities.push(format!(
            "{} stray bytes between or behind the frames",
            stream.stray_bytes
        ));
    }
    Ok((measure, oddities))
}

/// `MP3 mono 48 kHz 128 kb/s`; `about` before the mean of a variable bit rate.
fn words(stream: &Stream) -> String {
    let Some(header) = stream.header() else {
        return "MP3".to_owned();
    };
    let rates = || stream.frames.iter().filter_map(|frame| frame.header.bitrate_kbps);
    let is_constant = rates().all(|rate| Some(rate) == header.bitrate_kbps);
    let mean = rates().map(u64::from).sum::<u64>() / (stream.frames.len() as u64).max(1);
    let channels = if header.is_joint() {
        "joint stereo".to_owned()
    } else {
        channel_words(header.channels() as u32)
    };
    let about = if is_constant { "" } else { "about " };
    format!(
        "MP3 {channels} {} {about}{mean} kb/s",
        rate_words(header.sample_rate_hz)
    )
}
