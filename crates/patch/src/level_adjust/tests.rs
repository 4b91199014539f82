//! `level_adjust` on real bytes: WAV made here, MP3 from the fixtures.

use serde_json::{Value, json};

use super::super::{Patch, PatchError, PatchFault, Plan, Surroundings};
use testing::sound::{Form, chunk, fmt_body, of_16_bits, riff, tone, wav};

const WAV: &str = "artifacts/audio/voiceover.wav";
const MP3: &str = "artifacts/audio/voiceover.mp3";
const MONO: &[u8] = include_bytes!("../../../../tests/fixtures/audio/mono_48.mp3");
const CHECKED: &[u8] = include_bytes!("../../../../tests/fixtures/audio/mono_48_crc.mp3");

fn patch(change_db: impl Into<Value>, is_clipping_allowed: bool) -> Result<Patch, PatchError> {
    Patch::from_value(json!({
        "type": "level_adjust",
        "level_change_db": change_db.into(),
        "allow_clipping": is_clipping_allowed,
    }))
}

fn plan(path: &str, bytes: &[u8], change_db: f64) -> Result<Plan, PatchError> {
    patch(change_db, false).unwrap().plan(path, bytes)
}

#[test]
fn a_change_is_a_number_within_its_range() {
    for (value, expected) in [
        (json!(0), "`level_change_db` 0 would change nothing"),
        (json!(0.0), "`level_change_db` 0.0 would change nothing"),
        (json!(24.1), "`level_change_db` 24.1 is beyond the range"),
        (json!(-25), "`level_change_db` -25 is beyond the range"),
        (json!(1e300), "`level_change_db` 1e+300 is beyond the range"),
        (
            json!(1e-30),
            "`level_change_db` 1e-30 has more digits than a level needs",
        ),
        (
            json!("3"),
            "`level_change_db` is the text `3`, not a number, without quotation marks",
        ),
    ] {
        let error = patch(value, false).unwrap_err();
        assert_eq!(error.message, expected);
        assert_eq!(error.field.as_deref(), Some("level_change_db"));
    }
    assert!(patch(24, false).is_ok() && patch(-24.0, false).is_ok() && patch(0.001, false).is_ok());
    let error = Patch::parse(r#"{"type": "level_adjust", "level_change_db": 3, "allow_clip": true}"#).unwrap_err();
    assert_eq!(
        error.message,
        "unknown field `allow_clip`; did you mean `allow_clipping`?"
    );
}

#[test]
fn a_wav_is_changed_in_its_samples() {
    let before = tone(8_231);
    let plan = plan(WAV, &before, 3.0).unwrap();
    assert_eq!((plan.path.as_str(), plan.bytes.len()), (WAV, before.len()));
    assert_eq!(plan.bytes[..44], before[..44]);
    assert_eq!(plan.told(), ["level -15.5 -> -12.5 LUFS", "peak -12.0 -> -9.0 dBFS"]);
    assert_eq!(plan.consequences, Vec::<String>::new());
}

#[test]
fn a_change_that_would_clip_is_refused_with_the_headroom_and_what_fits() {
    let before = tone(20_000);
    let error = plan(WAV, &before, 6.0).unwrap_err();
    assert_eq!(
        error.message,
        "`artifacts/audio/voiceover.wav` would clip: the headroom is 4.28 dB, and 6 dB puts 1200 of 4000 samples beyond full scale"
    );
    assert_eq!(
        (error.fault, error.field.as_deref()),
        (PatchFault::Unfit, Some("level_change_db"))
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("the largest change that fits is 4.28; \"allow_clipping\": true takes the clipping")
    );
    assert!(plan(WAV, &before, 4.28).is_ok());
    assert!(plan(WAV, &before, 4.3).is_err());
    let taken = patch(6, true).unwrap().plan(WAV, &before).unwrap();
    assert_eq!(
        taken.consequences,
        ["1200 of 4000 samples clip: they are cut off at full scale"]
    );
    assert_eq!(taken.told()[1], "peak -4.3 -> 0.0 dBFS");
    let full = plan(WAV, &tone(32_767), 1.0).unwrap_err();
    assert!(full.message.contains("the headroom is 0.00 dB"), "{full}");
    assert!(full.hint.unwrap().starts_with("no louder change fits"));
}

#[test]
fn floats_keep_what_is_beyond_full_scale_and_say_so() {
    let raw: Vec<u8> = [0.9_f32, -0.9, 0.1]
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let before = wav(Form(3, 32, 1, 48_000), &raw);
    assert!(
        plan(WAV, &before, 6.0)
            .unwrap_err()
            .message
            .contains("the headroom is 0.91 dB")
    );
    let taken = patch(6, true).unwrap().plan(WAV, &before).unwrap();
    assert_eq!(taken.told(), ["peak -0.9 -> 5.1 dBFS"]);
    assert_eq!(
        taken.consequences,
        ["2 of 3 samples are beyond full scale: the float format keeps them, a player may cut them off"]
    );
    // What is too loud already may always become quieter.
    assert!(plan(WAV, &taken.bytes, -3.0).is_ok());
}

#[test]
fn silence_has_no_level_to_change() {
    let error = plan(WAV, &wav(Form(1, 16, 1, 8_000), &[0; 800]), 3.0).unwrap_err();
    assert_eq!(error.fault, PatchFault::NoChange);
    assert_eq!(
        error.message,
        "`artifacts/audio/voiceover.wav` is silent: no change of level is heard in it"
    );
    let faint = plan(WAV, &wav(Form(1, 16, 1, 8_000), &of_16_bits(&[1, -1, 0])), -12.0).unwrap();
    assert_eq!(faint.told(), ["peak -90.3 -> silence"]);
    assert_eq!(
        faint.consequences,
        ["every sample is rounded to 0: nothing is left to be heard"]
    );
}

#[test]
fn an_mp3_is_changed_in_the_gain_of_its_frames() {
    let plan = plan(MP3, MONO, -3.0).unwrap();
    assert_eq!((plan.path.as_str(), plan.bytes.len()), (MP3, MONO.len()));
    assert_eq!(
        plan.told(),
        [
            "level -22.8 -> -25.8 LUFS",
            "peak -12.3 -> -15.4 dBFS",
            "global_gain 152-185 -> 150-183 (-2 steps in 86 granules)",
        ]
    );
    assert_eq!(
        plan.consequences,
        [
            "the level changes by -3.01 dB: a step is 1.505 dB",
            "ReplayGain in its tags stays as it is: a player that follows it undoes the change",
        ]
    );
    let back = super::tests::plan(MP3, &plan.bytes, 3.0).unwrap();
    assert_eq!(back.bytes, MONO);
}

#[test]
fn an_mp3_changes_in_whole_steps_only() {
    for (change_db, nearest) in [
        (2.0, "1.5 and 3"),
        (-4.0, "-4.5 and -3"),
        (1.0, "0, which changes nothing and 1.5"),
        (-0.1, "-1.5 and 0, which changes nothing"),
        (3.01, "3 and 4.5"),
        (23.9, "22.5 and 24"),
    ] {
        let error = plan(MP3, MONO, change_db).unwrap_err();
        assert_eq!(
            error.message,
            format!("MP3 changes in steps of 1.5 dB; {change_db} is none")
        );
        assert_eq!(error.hint, Some(format!("the nearest are {nearest}").into()));
        assert_eq!(error.field.as_deref(), Some("level_change_db"));
    }
}

#[test]
fn an_mp3_that_would_clip_is_refused_in_steps() {
    let error = plan(MP3, MONO, 13.5).unwrap_err();
    assert!(
        error
            .message
            .contains("would clip: the headroom is 12.34 dB, and 13.5 dB puts"),
        "{error}"
    );
    assert!(error.hint.unwrap().starts_with("the largest change that fits is 12; "));
    assert!(plan(MP3, MONO, 12.0).is_ok());
    let taken = patch(13.5, true).unwrap().plan(MP3, MONO).unwrap();
    assert!(
        taken.consequences[1].ends_with("samples are beyond full scale when decoded: players cut them off"),
        "{:?}",
        taken.consequences
    );
    // What is too loud already may become quieter, and is still named while it is.
    let quieter = plan(MP3, &taken.bytes, -1.5).unwrap();
    assert_eq!(quieter.bytes, plan(MP3, MONO, 12.0).unwrap().bytes);
}

#[test]
fn a_gain_that_would_leave_its_byte_is_refused() {
    let mut low = MONO.to_vec();
    for _ in 0..6 {
        low = plan(MP3, &low, -24.0).unwrap().bytes;
    }
    low = plan(MP3, &low, -21.0).map_or(low.clone(), |plan| plan.bytes);
    let error = (0..8).find_map(|_| match plan(MP3, &low, -24.0) {
        Ok(plan) => {
            low = plan.bytes;
            None
        }
        Err(error) => Some(error),
    });
    let error = error.unwrap();
    assert!(error.message.contains("-16 steps would leave 0 to 255"), "{error}");
    assert!(error.hint.unwrap().starts_with("the largest change that fits is -"));
}

#[test]
fn checksums_are_made_anew_and_wrong_ones_left() {
    let change = plan(MP3, CHECKED, 1.5).unwrap();
    assert!(
        change
            .consequences
            .contains(&"the checksums of 43 frames are made anew".to_owned())
    );
    let mut broken = CHECKED.to_vec();
    broken[4] ^= 0x40;
    let change = plan(MP3, &broken, 1.5).unwrap();
    assert_eq!(change.bytes[4..6], broken[4..6]);
    assert!(
        change
            .consequences
            .contains(&"1 frame with a wrong checksum, wrong before: it stays as it is".to_owned()),
        "{:?}",
        change.consequences
    );
}

#[test]
fn other_sound_is_left_alone_and_gets_a_sidecar() {
    let flac = b"fLaC\0\0\0\x22rest";
    let ogg = "artifacts/audio/voice.flac";
    let plan = plan(ogg, flac, 3.0).unwrap();
    assert_eq!(plan.path, "artifacts/audio/voice.flac.mix.json");
    assert_eq!(plan.bytes, b"{\n  \"gain_db\": 3.0\n}\n");
    assert_eq!(plan.told(), ["gain_db (none) -> 3.0"]);
    assert!(
        plan.consequences[0]
            .ends_with("it stays as it is, and the next stage has to apply gain_db from voice.flac.mix.json"),
        "{:?}",
        plan.consequences
    );
    let around = Surroundings {
        files: &[],
        sidecar: Some(b"{\"pan\": 0.10, \"gain_db\": 3.0}"),
    };
    let plan = patch(-4.5, false).unwrap().plan_among(ogg, flac, around).unwrap();
    assert_eq!(plan.bytes, b"{\"pan\": 0.10, \"gain_db\": -1.5}");
    assert_eq!(plan.told(), ["gain_db 3.0 -> -1.5"]);
}

#[test]
fn the_bytes_decide_the_way_and_not_the_name() {
    let a_law = riff(
        &[
            chunk(b"fmt ", &fmt_body(Form(6, 8, 1, 8_000))),
            chunk(b"data", &[0xd5; 8]),
        ]
        .concat(),
    );
    let aside = plan(WAV, &a_law, 3.0).unwrap();
    assert_eq!(aside.path, "artifacts/audio/voiceover.wav.mix.json");
    assert!(aside.consequences[0].contains("is WAV with A-law samples"));
    assert_eq!(
        plan("artifacts/audio/voiceover", MONO, 3.0).unwrap().path,
        "artifacts/audio/voiceover"
    );
    assert_eq!(plan(WAV, MONO, 3.0).unwrap().bytes.len(), MONO.len());
    assert_eq!(
        plan("artifacts/audio/voice.opus", b"", 3.0).unwrap().path,
        "artifacts/audio/voice.opus.mix.json"
    );
    for (path, bytes, expected) in [
        (
            MP3,
            &b"no sound at all"[..],
            "`artifacts/audio/voiceover.mp3` holds no MP3 sound",
        ),
        (WAV, b"", "`artifacts/audio/voiceover.wav` holds no WAV sound"),
        (
            "artifacts/audio/voiceover",
            b"text",
            "`artifacts/audio/voiceover` is no sound that is known here",
        ),
        (
            WAV,
            b"RIFF\0\0\0\0WAVE",
            "`artifacts/audio/voiceover.wav`: the WAV file of 12 bytes ends without a `fmt ` chunk",
        ),
    ] {
        assert_eq!(plan(path, bytes, 3.0).unwrap_err().message, expected);
    }
}
