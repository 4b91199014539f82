//! WAV: what is read, what is refused, and that nothing but samples changes.

use proptest::prelude::*;

use super::super::{Levels, WavLevels, facts, levels};
use super::Wav;
use testing::sound::{Form, PLAIN, chunk, extensible_body, fmt_body, of_16_bits, riff, tone, wav};

fn wav_levels(bytes: &[u8]) -> WavLevels<'_> {
    match levels(bytes).unwrap() {
        Some(Levels::Wav(levels)) => levels,
        other => panic!("{other:?}"),
    }
}

fn changed(bytes: &[u8], change_db: f64) -> Vec<u8> {
    wav_levels(bytes).changed(change_db).unwrap().bytes
}

fn data_of(bytes: &[u8]) -> std::ops::Range<usize> {
    Wav::read(bytes).unwrap().data()
}

#[test]
fn samples_of_every_format_are_doubled_and_halved_to_the_bit() {
    let double_db = 20.0 * 2_f64.log10();
    let f32s = |samples: &[f32]| {
        samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect::<Vec<_>>()
    };
    for (form, samples, doubled) in [
        (
            Form(1, 8, 1, 8_000),
            vec![128, 129, 127, 191, 64],
            vec![128, 130, 126, 254, 0],
        ),
        (
            Form(1, 16, 2, 8_000),
            of_16_bits(&[1, -1, 300, -16_384]),
            of_16_bits(&[2, -2, 600, -32_768]),
        ),
        (
            Form(1, 24, 1, 8_000),
            vec![1, 0, 0, 0xff, 0xff, 0xff, 0, 0, 0xc0],
            vec![2, 0, 0, 0xfe, 0xff, 0xff, 0, 0, 0x80],
        ),
        (
            Form(1, 32, 1, 8_000),
            [3_i32, -5, 1 << 29]
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
            [6_i32, -10, 1 << 30]
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
        ),
        (
            Form(3, 32, 1, 8_000),
            f32s(&[0.25, -0.125, 1e-30]),
            f32s(&[0.5, -0.25, 2e-30]),
        ),
        (
            Form(3, 64, 1, 8_000),
            [0.25_f64, -0.125]
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
            [0.5_f64, -0.25]
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect(),
        ),
    ] {
        let (before, after) = (wav(form, &samples), wav(form, &doubled));
        let louder = wav_levels(&before).changed(double_db).unwrap();
        assert_eq!(louder.over, 0, "{form:?}");
        match form.0 {
            // 20·log10(2) is no binary number: floats may differ in their last bit.
            3 => assert!((louder.after.peak_dbfs.unwrap() - facts(&after).unwrap().peak_dbfs.unwrap()).abs() < 1e-6),
            _ => {
                assert_eq!(louder.bytes, after, "{form:?}");
                assert_eq!(changed(&after, -double_db), before, "{form:?}");
            }
        }
    }
}

#[test]
fn halves_are_rounded_away_from_zero_and_full_scale_holds() {
    let half_db = 20.0 * 0.5_f64.log10();
    let before = wav(PLAIN, &of_16_bits(&[3, -3, 1, -1, 0]));
    assert_eq!(changed(&before, half_db), wav(PLAIN, &of_16_bits(&[2, -2, 1, -1, 0])));
    let before = wav(PLAIN, &of_16_bits(&[30_000, -30_000, 100]));
    let louder = wav_levels(&before).changed(6.0).unwrap();
    assert_eq!(louder.bytes, wav(PLAIN, &of_16_bits(&[32_767, -32_768, 200])));
    assert_eq!((louder.over, louder.samples), (2, 3));
    assert!((louder.headroom_db.unwrap() - 20.0 * (32_767.0 / 30_000.0_f64).log10()).abs() < 1e-9);
    let before = wav(Form(1, 8, 1, 8_000), &[228, 28]);
    assert_eq!(changed(&before, 6.0), wav(Form(1, 8, 1, 8_000), &[255, 0]));
}

#[test]
fn floats_beyond_full_scale_are_kept_and_no_numbers_stay() {
    let samples = [0.8_f32, f32::NAN, f32::NEG_INFINITY, -0.0, f32::MAX];
    let raw: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let before = wav(Form(3, 32, 1, 8_000), &raw);
    let louder = wav_levels(&before).changed(6.0).unwrap();
    let after: Vec<f32> = louder.bytes[data_of(&before)]
        .chunks(4)
        .map(|raw| f32::from_le_bytes(raw.try_into().unwrap()))
        .collect();
    assert!((f64::from(after[0]) - 0.8 * 10_f64.powf(0.3)).abs() < 1e-6);
    assert!(after[1].is_nan() && after[2] == f32::NEG_INFINITY && after[3].to_bits() == (-0.0_f32).to_bits());
    assert_eq!((after[4], louder.over), (f32::MAX, 2));
    assert_eq!(louder.remarks, ["2 samples are no finite numbers and stay as they are"]);
}

#[test]
fn the_extensible_form_keeps_to_its_valid_bits() {
    let double_db = 20.0 * 2_f64.log10();
    for (bits, valid, samples, doubled, words) in [
        (16, 16, of_16_bits(&[5]), of_16_bits(&[10]), "WAV 16-bit mono 8 kHz"),
        (
            32,
            24,
            vec![0, 5, 0, 0],
            vec![0, 10, 0, 0],
            "WAV 24-bit in 32 mono 8 kHz",
        ),
        // The largest number of 24 bits in 32 ends with an idle byte of 0.
        (
            32,
            24,
            vec![0, 0, 0, 0x7f],
            vec![0, 0xff, 0xff, 0x7f],
            "WAV 24-bit in 32 mono 8 kHz",
        ),
        (
            24,
            20,
            vec![0x30, 0, 0],
            vec![0x60, 0, 0],
            "WAV 20-bit in 24 mono 8 kHz",
        ),
    ] {
        let of = |samples: &[u8]| {
            let body = extensible_body(Form(1, bits, 1, 8_000), valid);
            riff(&[chunk(b"fmt ", &body), chunk(b"data", samples)].concat())
        };
        assert_eq!(changed(&of(&samples), double_db), of(&doubled), "{words}");
        assert_eq!(facts(&of(&samples)).unwrap().format, words);
    }
    let float = riff(
        &[
            chunk(b"fmt ", &extensible_body(Form(3, 32, 1, 8_000), 32)),
            chunk(b"data", &0.5_f32.to_le_bytes()),
        ]
        .concat(),
    );
    assert_eq!(facts(&float).unwrap().format, "WAV 32-bit float mono 8 kHz");
}

#[test]
fn a_file_that_was_streamed_or_cut_off_is_read_to_its_end() {
    let whole = tone(1000);
    let size_at = data_of(&whole).start - 4;
    for (riff_size, data_size, oddity) in [
        (u32::MAX, u32::MAX, "before the length was known"),
        (0, 0, "before the length was known"),
        (u32::MAX, 0x7fff_f000, "cut off: the header announces 2147479552 bytes"),
        (8_036, 8_010, "cut off"),
    ] {
        let mut bytes = whole.clone();
        bytes[4..8].copy_from_slice(&riff_size.to_le_bytes());
        bytes[size_at..size_at + 4].copy_from_slice(&data_size.to_le_bytes());
        let facts = facts(&bytes).unwrap();
        assert_eq!(facts.frames, 4_000, "{oddity}");
        assert!(facts.oddities[0].contains(oddity), "{:?}", facts.oddities);
        let louder = changed(&bytes, 6.0);
        assert_eq!(louder[..size_at + 4], bytes[..size_at + 4]);
        assert_eq!(louder[size_at + 4..], changed(&whole, 6.0)[size_at + 4..]);
    }
    let mut odd = whole.clone();
    odd.pop();
    let louder = wav_levels(&odd).changed(6.0).unwrap();
    assert_eq!(louder.bytes.last(), odd.last());
    assert!(
        louder
            .remarks
            .iter()
            .any(|remark| remark == "1 byte of no whole frame at the end")
    );
    // An empty data chunk in a finished file is empty, whatever follows it.
    let empty = riff(
        &[
            chunk(b"fmt ", &fmt_body(PLAIN)),
            chunk(b"data", &[]),
            chunk(b"note", &[1; 8]),
        ]
        .concat(),
    );
    assert_eq!(facts(&empty).unwrap().frames, 0);
}

#[test]
fn other_chunks_that_speak_of_the_level_are_named() {
    let bytes = riff(
        &[
            chunk(b"bext", &[0; 602]),
            chunk(b"fmt ", &fmt_body(PLAIN)),
            chunk(b"data", &of_16_bits(&[100; 9])),
            chunk(b"PEAK", &[0; 16]),
        ]
        .concat(),
    );
    let remarks = wav_levels(&bytes).changed(1.0).unwrap().remarks;
    assert_eq!(remarks.len(), 2);
    assert!(remarks[0].starts_with("the `bext` chunk stays") && remarks[1].starts_with("the `PEAK` chunk stays"));
}

#[test]
fn what_is_no_wav_is_refused_with_its_place() {
    let fmt = |form: Form| chunk(b"fmt ", &fmt_body(form));
    let data = chunk(b"data", &[0; 8]);
    for (chunks, expected) in [
        (vec![], "the WAV file of 12 bytes ends without a `fmt ` chunk"),
        (fmt(PLAIN), "the WAV file of 36 bytes ends without a `data` chunk"),
        (
            data.clone(),
            "the `data` chunk at byte 12 has no `fmt ` chunk before it",
        ),
        (chunk(b"fmt ", &[0; 4]), "the `fmt ` chunk at byte 12 has 4 bytes"),
        (fmt(Form(1, 16, 0, 8_000)), "0 channels"),
        (fmt(Form(1, 16, 1, 0)), "0 Hz"),
        (
            chunk(b"fmt ", &extensible_body(Form(1, 16, 1, 8_000), 20)),
            "says 20 valid bits in a container of 16",
        ),
        (
            chunk(b"fmt ", &fmt_body(Form(0xfffe, 16, 1, 8_000))),
            "the extensible form needs 40",
        ),
    ] {
        let message = facts(&riff(&chunks)).unwrap_err().message;
        assert!(message.contains(expected), "{message}");
    }
    let mut body = fmt_body(PLAIN);
    body[12] = 3;
    let message = facts(&riff(&[chunk(b"fmt ", &body), data.clone()].concat()))
        .unwrap_err()
        .message;
    assert!(
        message.contains("says 3 bytes a frame, which 1 sample of 16 bits are not"),
        "{message}"
    );
    for (form, name) in [
        (Form(6, 8, 1, 8_000), "A-law"),
        (Form(0x11, 4, 1, 8_000), "IMA ADPCM"),
        (Form(1, 12, 1, 8_000), "12-bit"),
    ] {
        let mut body = fmt_body(form);
        body[12] = body[12].max(1);
        let bytes = riff(&[chunk(b"fmt ", &body), data.clone()].concat());
        let message = facts(&bytes).unwrap_err().message;
        assert_eq!(message, format!("WAV with {name} samples is not decoded here"));
        match levels(&bytes).unwrap() {
            Some(Levels::Elsewhere(form)) => assert_eq!(form, format!("WAV with {name} samples")),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_tone_of_known_level_is_measured_so() {
    // BS.1770: a sine of full scale at 997 Hz in one channel is -3.01 LUFS.
    let samples: Vec<i16> = (0..96_000)
        .map(|n| (32_767.0 * (f64::from(n) * std::f64::consts::TAU * 997.0 / 48_000.0).sin()) as i16)
        .collect();
    let facts = facts(&wav(Form(1, 16, 1, 48_000), &of_16_bits(&samples))).unwrap();
    assert!(
        (facts.loudness_lufs.unwrap() + 3.01).abs() < 0.05,
        "{:?}",
        facts.loudness_lufs
    );
    assert!(facts.peak_dbfs.unwrap().abs() < 0.01);
    assert_eq!((facts.frames, facts.duration_s, facts.channels), (96_000, 2.0, 1));
    assert_eq!(facts.waveform.columns(80).len(), 80);
    let silence = super::super::facts(&wav(PLAIN, &[0; 16_000])).unwrap();
    assert_eq!((silence.peak_dbfs, silence.loudness_lufs), (None, None));
}

fn forms() -> impl Strategy<Value = Form> {
    let kinds = prop_oneof![
        Just((1, 8)),
        Just((1, 16)),
        Just((1, 24)),
        Just((1, 32)),
        Just((3, 32)),
        Just((3, 64))
    ];
    (
        kinds,
        1..4_u16,
        prop_oneof![Just(8_000_u32), Just(44_100), Just(48_000)],
    )
        .prop_map(|((tag, bits), channels, rate)| Form(tag, bits, channels, rate))
}

fn other_chunks() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![
        Just(*b"LIST"),
        Just(*b"cue "),
        Just(*b"smpl"),
        Just(*b"bext"),
        Just(*b"\xff\0zz")
    ];
    proptest::collection::vec((names, proptest::collection::vec(any::<u8>(), 0..40)), 0..4)
        .prop_map(|chunks| chunks.iter().flat_map(|(id, body)| chunk(id, body)).collect())
}

proptest! {
    #[test]
    fn everything_but_the_samples_is_byte_equal(
        form in forms(),
        before in other_chunks(),
        after in other_chunks(),
        samples in proptest::collection::vec(any::<u8>(), 0..200),
        stray in proptest::collection::vec(any::<u8>(), 0..5),
        change_db in -24.0..24.0_f64,
    ) {
        let chunks = [before, chunk(b"fmt ", &fmt_body(form)), chunk(b"data", &samples), after, stray].concat();
        let bytes = riff(&chunks);
        let data = data_of(&bytes);
        let frame_bytes = usize::from(form.1 / 8 * form.2);
        prop_assert_eq!(data.len(), samples.len() / frame_bytes * frame_bytes);
        let louder = changed(&bytes, change_db);
        prop_assert_eq!(louder.len(), bytes.len());
        prop_assert_eq!(&louder[..data.start], &bytes[..data.start]);
        prop_assert_eq!(&louder[data.end..], &bytes[data.end..]);
    }

    #[test]
    fn up_and_down_again_is_where_it_was_within_a_rounding(
        samples in proptest::collection::vec(-2_000..2_000_i16, 1..200),
        change_db in 0.01..24.0_f64,
    ) {
        let bytes = wav(PLAIN, &of_16_bits(&samples));
        let back = changed(&changed(&bytes, change_db), -change_db);
        for (raw, sample) in back[data_of(&bytes)].chunks(2).zip(&samples) {
            let now = i16::from_le_bytes(raw.try_into().unwrap());
            prop_assert!((i32::from(now) - i32::from(*sample)).abs() <= 1, "{sample} {now}");
        }
    }

    #[test]
    fn floats_come_back_to_their_last_bits(
        samples in proptest::collection::vec(-1.0..1.0_f32, 1..100),
        change_db in -24.0..24.0_f64,
    ) {
        let raw: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let bytes = wav(Form(3, 32, 1, 8_000), &raw);
        let back = changed(&changed(&bytes, change_db), -change_db);
        for (raw, sample) in back[data_of(&bytes)].chunks(4).zip(&samples) {
            let now = f32::from_le_bytes(raw.try_into().unwrap());
            prop_assert!((now - sample).abs() <= sample.abs() * 3.0 * f32::EPSILON + 1e-44, "{sample} {now}");
        }
    }

    #[test]
    fn the_headroom_is_the_largest_change_that_fits(
        form in forms(),
        samples in proptest::collection::vec(any::<u8>(), 24..200),
    ) {
        let bytes = wav(form, &samples);
        if let Some(headroom_db) = wav_levels(&bytes).changed(1.0).unwrap().headroom_db.filter(|db| db.abs() < 200.0) {
            // Whole numbers are rounded: half a step more still fits.
            prop_assert_eq!(wav_levels(&bytes).changed(headroom_db - 1e-9).unwrap().over, 0);
            let steps = if form.0 == 3 { 1e-6 } else { 0.1 };
            let louder = wav_levels(&bytes).changed(headroom_db + steps).unwrap();
            prop_assert!(louder.over > 0 || form.1 == 8, "{headroom_db}");
        }
    }
}
