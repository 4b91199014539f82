//! Any bytes as a WAV file: facts or a reason; a gain that is planned keeps the length, and taking it back needs no more than rounding.
#![no_main]


use patch::Patch;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|input: (i8, bool, &[u8])| {
    let (tenths, allow_clipping, bytes) = input;
    let _ = sound::facts(bytes);
    let patch = json!({
        "type": "level_adjust", "level_change_db": f64::from(tenths) / 10.0, "allow_clipping": allow_clipping,
    });
    let Ok(patch) = Patch::from_value(patch) else { return };
    if let Ok(plan) = patch.plan("artifacts/audio/voice.wav", bytes) {
        if plan.path.ends_with(".wav") {
            assert_eq!(plan.bytes.len(), bytes.len());
        }
    }
});
