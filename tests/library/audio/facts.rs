//! Format, length, peak and loudness of real MP3 files, against values that ffmpeg and mpg123
//! measured on them.

use ebur128::{EbuR128, Mode};

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::fixtures::{ALL, read};

/// Name, words, samples in each channel, peak in dBFS, loudness in LUFS: see the README beside the
/// fixtures.
const MEASURED: [(&str, &str, u64, f64, f64); 7] = [
    (
        "joint_11.mp3",
        "MP3 joint stereo 11.025 kHz 24 kb/s",
        12_672,
        -11.729,
        -16.6,
    ),
    (
        "joint_24_crc.mp3",
        "MP3 joint stereo 24 kHz 48 kb/s",
        25_344,
        -10.899,
        -16.9,
    ),
    (
        "joint_441_crc_id3.mp3",
        "MP3 joint stereo 44.1 kHz 96 kb/s",
        44_100,
        -11.806,
        -16.8,
    ),
    (
        "mono_2205_id3v1.mp3",
        "MP3 mono 22.05 kHz 32 kb/s",
        23_616,
        -11.959,
        -22.9,
    ),
    ("mono_48.mp3", "MP3 mono 48 kHz 64 kb/s", 48_000, -12.340, -22.8),
    ("mono_48_crc.mp3", "MP3 mono 48 kHz 64 kb/s", 49_536, -11.996, -22.9),
    (
        "stereo_441_vbr.mp3",
        "MP3 stereo 44.1 kHz about 128 kb/s",
        44_100,
        -11.506,
        -16.3,
    ),
];

#[test]
fn facts_of_mp3_agree_with_other_decoders() {
    for (name, words, frames, peak_dbfs, loudness_lufs) in MEASURED {
        let facts = sound::facts(&read(name)).unwrap();
        assert_eq!((facts.format.as_str(), facts.frames), (words, frames), "{name}");
        assert!(
            (facts.peak_dbfs.unwrap() - peak_dbfs).abs() < 0.01,
            "{name}: {:?}",
            facts.peak_dbfs
        );
        assert!(
            (facts.loudness_lufs.unwrap() - loudness_lufs).abs() < 0.2,
            "{name}: {:?}",
            facts.loudness_lufs
        );
        assert!(facts.true_peak_dbtp >= facts.peak_dbfs, "{name}");
        assert_eq!(facts.oddities, Vec::<String>::new(), "{name}");
    }
}

/// The samples of each channel and the loudness that another reader of MP3 files comes to, with or
/// without what the encoder added.
fn heard_by_another(name: &str, is_trimmed: bool) -> (u64, f64) {
    let stream = MediaSourceStream::new(Box::new(std::io::Cursor::new(read(name))), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(
            &Hint::new(),
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let parameters = track.codec_params.as_ref().unwrap().audio().unwrap();
    let options = AudioDecoderOptions::default().gapless(is_trimmed);
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &options)
        .unwrap();
    let (mut meter, mut samples) = (None, 0);
    while let Some(packet) = format.next_packet().unwrap() {
        let buffer = decoder.decode(&packet).unwrap();
        let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
        let mut part = vec![0.0f32; buffer.samples_interleaved()];
        buffer.copy_to_slice_interleaved(&mut part);
        samples += (part.len() / channels) as u64;
        let channels = u32::try_from(channels).unwrap();
        let meter = meter.get_or_insert_with(|| EbuR128::new(channels, rate, Mode::I).unwrap());
        meter.add_frames_f32(&part).unwrap();
    }
    (samples, meter.unwrap().loudness_global().unwrap())
}

#[test]
fn loudness_leaves_out_the_silence_that_the_encoder_added() {
    let mut most = 0.0_f64;
    for name in ALL {
        let facts = sound::facts(&read(name)).unwrap();
        let (samples, loudness) = heard_by_another(name, true);
        assert_eq!(facts.frames, samples, "{name}");
        let measured = facts.loudness_lufs.unwrap();
        assert!(
            (measured - loudness).abs() < 0.001,
            "{name}: {measured}, another says {loudness}"
        );
        most = most.max((loudness - heard_by_another(name, false).1).abs());
    }
    assert!(most > 0.01, "with it, some would differ: {most}");
}
