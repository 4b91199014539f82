//! A patch as any bytes, on a text as any bytes: refused with words, or planned to the same bytes twice.
#![no_main]

use patch::{Patch, Surroundings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (String, Vec<u8>)| {
    let (patch, artifact) = input;
    let Ok(patch) = Patch::parse(&patch) else { return };
    let files = ["assets/reef.png".to_owned(), "artifacts/assets/tide.png".to_owned()];
    for path in ["artifacts/script/script.txt", "artifacts/storyboard/storyboard.json"] {
        let around = Surroundings {
            files: &files,
            sidecar: Some(&artifact),
        };
        let once = patch.plan_among(path, &artifact, around);
        assert_eq!(once, patch.plan_among(path, &artifact, around), "planning is a pure function");
        if let Ok(plan) = once {
            let former: &[u8] = if plan.path == path { &artifact } else { around.sidecar.unwrap_or_default() };
            assert_ne!(plan.bytes, former, "a plan changes something");
        }
    }
});
