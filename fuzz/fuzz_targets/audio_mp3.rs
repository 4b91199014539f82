//! Any bytes as an MP3 file: facts or a reason; steps that are planned keep the length, and taken back they give the same bytes.
#![no_main]


use patch::Patch;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const PATH: &str = "artifacts/audio/voice.mp3";

fn by(steps: i8) -> Option<Patch> {
    let change = f64::from(steps) * 1.5;
    Patch::from_value(json!({ "type": "level_adjust", "level_change_db": change, "allow_clipping": true })).ok()
}

fuzz_target!(|input: (i8, &[u8])| {
    let (steps, bytes) = input;
    let steps = steps % 17;
    let _ = sound::facts(bytes);
    let (Some(there), Some(back)) = (by(steps), by(-steps)) else { return };
    let Ok(plan) = there.plan(PATH, bytes) else { return };
    if plan.path != PATH {
        return;
    }
    assert_eq!(plan.bytes.len(), bytes.len());
    if let Ok(undone) = back.plan(PATH, &plan.bytes) {
        assert_eq!(undone.bytes.len(), bytes.len());
    }
});
