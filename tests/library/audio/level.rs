//! MP3 levels, changed in the frames and heard by decoders that know nothing of it.

use std::path::Path;
use std::process::Command;

use sound::STEP_DB;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::fixtures::{ALL, planned, read};
use super::side_information::{frames, gain, without_gains};

const CHANGES: [(f64, i32); 5] = [(-24.0, -16), (-4.5, -3), (-1.5, -1), (3.0, 2), (9.0, 6)];

/// All samples by symphonia with its own demuxer, which shares no code with the walk that changed
/// the file.
fn decoded(bytes: &[u8]) -> Vec<f32> {
    let stream = MediaSourceStream::new(Box::new(std::io::Cursor::new(bytes.to_vec())), Default::default());
    let mut hint = Hint::new();
    hint.with_extension("mp3");
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let parameters = track.codec_params.as_ref().unwrap().audio().unwrap();
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .unwrap();
    let mut samples = Vec::new();
    while let Some(packet) = format.next_packet().unwrap() {
        let buffer = decoder.decode(&packet).unwrap();
        let mut part = vec![0.0_f32; buffer.samples_interleaved()];
        buffer.copy_to_slice_interleaved(&mut part);
        samples.extend(part);
    }
    samples
}

fn rms_db(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (sum / samples.len() as f64).log10()
}

/// Asserts that the one is the other, louder by so many steps, sample by sample.
fn assert_louder(name: &str, before: &[f32], after: &[f32], steps: i32) {
    assert!(before.len() > 8_000 && before.len() == after.len(), "{name}");
    let wanted_db = f64::from(steps) * STEP_DB;
    let difference_db = rms_db(after) - rms_db(before);
    assert!(
        (difference_db - wanted_db).abs() < 0.01,
        "{name}: {difference_db} dB for {steps} steps"
    );
    let factor = 10_f64.powf(wanted_db / 20.0);
    let furthest = before
        .iter()
        .zip(after)
        .map(|(before, after)| (f64::from(*before) * factor - f64::from(*after)).abs())
        .fold(0.0, f64::max);
    assert!(furthest < 1e-5 * factor.max(1.0), "{name}: {furthest}");
}

#[test]
fn a_decoder_hears_exactly_the_steps() {
    for name in ALL {
        let before = decoded(&read(name));
        for (change_db, steps) in CHANGES {
            assert_louder(name, &before, &decoded(&planned(name, change_db).bytes), steps);
        }
    }
}

/// Samples by mpg123 as 32-bit floats; none where it is not installed.
fn heard_by_mpg123(file: &Path) -> Option<Vec<f32>> {
    let output = Command::new("mpg123")
        .args(["-q", "-e", "f32", "-s"])
        .arg(file)
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let samples = output
        .stdout
        .chunks_exact(4)
        .map(|raw| f32::from_le_bytes(raw.try_into().unwrap()));
    Some(samples.collect())
}

/// The second opinion of a decoder that is no Rust; the test above does not depend on it.
#[test]
fn mpg123_hears_the_same_where_it_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ALL {
        let file = folder.path().join(name);
        std::fs::copy(super::fixtures::path(name), &file).unwrap();
        let Some(before) = heard_by_mpg123(&file) else {
            eprintln!("mpg123 is not installed: the second opinion was left out");
            return;
        };
        std::fs::write(&file, &planned(name, 3.0).bytes).unwrap();
        assert_louder(name, &before, &heard_by_mpg123(&file).unwrap(), 2);
    }
}

#[test]
fn nothing_but_gains_and_checksums_changes() {
    for name in ALL {
        let before = read(name);
        let old = frames(&before);
        for (change_db, steps) in CHANGES {
            let after = planned(name, change_db).bytes;
            let new = frames(&after);
            assert_eq!((before.len(), old.len()), (after.len(), new.len()), "{name}");
            let mut end = 0;
            for (old, new) in old.iter().zip(&new) {
                // Tags and the Info frame are between here and the frame before.
                assert_eq!(before[end..old.at], after[end..new.at], "{name}");
                assert_eq!(
                    without_gains(&before, old),
                    without_gains(&after, new),
                    "{name} at byte {}",
                    old.at
                );
                for (bit, length) in &old.gains {
                    let gains = [&before, &after].map(|bytes| gain(&bytes[old.at..old.at + old.length], *bit));
                    let wanted = gains[0] as i32 + steps;
                    let is_held = *length == 0 && !(0..=255).contains(&wanted);
                    assert_eq!(
                        gains[1] as i32,
                        if is_held { gains[0] as i32 } else { wanted },
                        "{name} at byte {}",
                        old.at
                    );
                }
                end = old.at + old.length;
            }
            assert_eq!(before[end..], after[end..], "{name}");
        }
    }
}

#[test]
fn checksums_hold_after_the_change() {
    let mut checked = 0;
    for name in ALL.iter().filter(|name| name.contains("crc")) {
        for bytes in [read(name), planned(name, 3.0).bytes] {
            for frame in frames(&bytes) {
                let (stored, wanted) = frame.checksum.unwrap();
                assert_eq!(stored, wanted, "{name} at byte {}", frame.at);
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 2 * (43 + 40 + 44));
}

/// ffmpeg refuses a frame whose checksum is wrong when it is told to.
#[test]
fn ffmpeg_finds_every_checksum_right_where_it_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checked.mp3");
    let complaints = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-err_detect", "crccheck+explode", "-i"])
            .arg(&file)
            .args(["-f", "null", "-"])
            .output()
            .ok()?;
        Some(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let after = planned("mono_48_crc.mp3", 3.0).bytes;
    let Some(said) = complaints(&after) else {
        eprintln!("ffmpeg is not installed: its opinion was left out");
        return;
    };
    assert_eq!(said, "");
    // It does look: one wrong bit in a checksum is found.
    let mut wrong = after;
    wrong[4] ^= 1;
    assert!(complaints(&wrong).unwrap().contains("CRC mismatch"));
}
