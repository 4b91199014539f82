//! Changing how loud a sound is, in its own bytes and without coding it anew.

use super::format::{self, Container};
use super::measure::{Depth, Measure};
use super::mp3::{self, GainRange, STEP_DB, Stream};
use super::wav::Wav;
use super::{AUDIO_BYTES_MAX, AudioFault, decibels};
use text::words::counted;

/// How the level of some bytes can be changed.
#[derive(Debug)]
pub enum Levels<'b> {
    /// By multiplying samples.
    Wav(WavLevels<'b>),
    /// By the gain of its frames, in whole steps.
    Mp3(Mp3Levels<'b>),
    /// Not here: a sound of a form, named here, that is not changed in place.
    Elsewhere(String),
}

/// Peak and loudness; none as in `AudioFacts`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The largest sample, in dB under full scale.
    pub peak_dbfs: Option<f64>,
    /// Integrated loudness.
    pub loudness_lufs: Option<f64>,
}

/// A sound with another level.
#[derive(Debug, Clone, PartialEq)]
pub struct Levelled {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Measured on the former bytes.
    pub before: Level,
    /// Measured on the new bytes.
    pub after: Level,
    /// Samples beyond full scale after the change.
    pub over: u64,
    /// All samples, each channel counted.
    pub samples: u64,
    /// How much louder it can become before a sample goes beyond full scale; none: silence.
    pub headroom_db: Option<f64>,
    /// What else is to be known about it, in words.
    pub remarks: Vec<String>,
}

/// A WAV file whose samples can be multiplied.
#[derive(Debug)]
pub struct WavLevels<'b> {
    bytes: &'b [u8],
    wav: Wav,
    /// Whether samples beyond full scale can be written: floats.
    holds_more: bool,
}

/// An MP3 file whose gains can be stepped.
#[derive(Debug)]
pub struct Mp3Levels<'b> {
    bytes: &'b [u8],
    stream: Stream,
}

/// Finds out what the bytes are; none: no sound that is known.
pub fn levels(bytes: &[u8]) -> Result<Option<Levels<'_>>, AudioFault> {
    if bytes.len() > AUDIO_BYTES_MAX {
        return Err(AudioFault::too_long(bytes.len()));
    }
    Ok(match format::sniff(bytes) {
        None => None,
        Some(Container::Wav) => {
            let wav = Wav::read(bytes)?;
            Some(match wav.sample() {
                Ok(sample) => Levels::Wav(WavLevels {
                    bytes,
                    holds_more: sample.is_float(),
                    wav,
                }),
                Err(form) => Levels::Elsewhere(format!("WAV with {form} samples")),
            })
        }
        Some(Container::Mp3) => Some(Levels::Mp3(Mp3Levels {
            bytes,
            stream: Stream::read(bytes)?,
        })),
        Some(other) => Some(Levels::Elsewhere(other.words().to_owned())),
    })
}

impl Level {
    fn of(measure: Measure) -> (Self, u64) {
        let measured = measure.finish();
        let level = Self {
            peak_dbfs: measured.peak_dbfs,
            loudness_lufs: measured.loudness_lufs,
        };
        (level, measured.over)
    }
}

impl WavLevels<'_> {
    /// Whether samples beyond full scale keep their value in this file.
    pub fn holds_more_than_full_scale(&self) -> bool {
        self.holds_more
    }

    /// The file with every sample changed by so many dB: whole numbers are rounded to the nearest
    /// and held at full scale.
    pub fn changed(&self, change_db: f64) -> Result<Levelled, AudioFault> {
        let factor = 10_f64.powf(change_db / 20.0);
        let (bytes, outcome) = self.wav.times(self.bytes, factor)?;
        let (before, _) = Level::of(self.wav.measured(self.bytes, Depth::Level)?);
        let (after, _) = Level::of(self.wav.measured(&bytes, Depth::Level)?);
        let mut remarks = self.wav.oddities.clone();
        if outcome.not_numbers > 0 {
            remarks.push(match outcome.not_numbers {
                1 => "1 sample is no finite number and stays as it is".to_owned(),
                more => format!("{more} samples are no finite numbers and stay as they are"),
            });
        }
        if before.peak_dbfs.is_some() && after.peak_dbfs.is_none() {
            remarks.push("every sample is rounded to 0: nothing is left to be heard".to_owned());
        }
        for chunk in self.wav.level_chunks() {
            remarks.push(format!(
                "the `{chunk}` chunk stays as it is: what it says of the level no longer holds"
            ));
        }
        Ok(Levelled {
            bytes,
            before,
            after,
            over: outcome.over,
            samples: self.wav.frames() * u64::from(self.wav.channels),
            headroom_db: outcome.largest_factor.and_then(decibels),
            remarks,
        })
    }
}

impl Mp3Levels<'_> {
    /// The range of gains in the file; none: no granule holds sound.
    pub fn gains(&self) -> Option<GainRange> {
        self.stream.gains(self.bytes)
    }

    /// The file with every gain moved by so many steps, which must be within [`GainRange::steps`];
    /// both are decoded to measure them.
    pub fn stepped(&self, steps: i32) -> Result<(Levelled, mp3::Mp3GainReport), AudioFault> {
        let (bytes, outcome) = self.stream.stepped(self.bytes, steps);
        let (measure, mut remarks) = self.stream.measured(self.bytes, Depth::Level)?;
        let (before, _) = Level::of(measure);
        let (measure, _) = self.stream.measured(&bytes, Depth::Level)?;
        let (after, over) = Level::of(measure);
        if outcome.silent_kept > 0 {
            let granules = counted(outcome.silent_kept, "granule");
            remarks.push(format!(
                "{granules} without a bit of sound: global_gain cannot move further there and stays"
            ));
        }
        if outcome.wrong_checksums > 0 {
            let frames = counted(outcome.wrong_checksums, "frame");
            remarks.push(format!(
                "{frames} with a wrong checksum, wrong before: it stays as it is"
            ));
        }
        if self.stream.has_replay_gain(self.bytes) {
            remarks
                .push("ReplayGain in its tags stays as it is: a player that follows it undoes the change".to_owned());
        }
        let levelled = Levelled {
            bytes,
            before,
            after,
            over,
            samples: self.stream.samples() * u64::from(self.stream.channels()),
            headroom_db: before.peak_dbfs.map(|peak| -peak),
            remarks,
        };
        Ok((levelled, outcome))
    }
}

/// The most steps by which an MP3 with this headroom can be made louder; below 0: it is beyond full
/// scale already.
pub fn steps_within(headroom_db: f64) -> i32 {
    // 16 steps are all that a patch can ask for; the clamp keeps the conversion in range.
    (headroom_db / STEP_DB).floor().clamp(-255.0, 255.0) as i32
}
