//! Format, length, peak and loudness of real MP3 files, against values that ffmpeg and mpg123 measured on them.

use holdpoint::domain::audio;

use super::fixtures::read;

/// Name, words, samples in each channel, peak in dBFS, loudness in LUFS: see the README beside the fixtures.
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
        let facts = audio::facts(&read(name)).unwrap();
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
