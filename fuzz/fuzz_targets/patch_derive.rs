//! Any edit of any text: the derived patch makes exactly the edit, also after its JSON was written down and read again.
#![no_main]

use diff::Limit;
use patch::{ArtifactFacts, Patch, derive};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>, bool)| {
    let (old, new, is_storyboard) = input;
    let (path, kind) = if is_storyboard {
        ("artifacts/storyboard/storyboard.json", "storyboard")
    } else {
        ("artifacts/script/script.txt", "script")
    };
    let artifact = ArtifactFacts { path, kind };
    if let Ok(derived) = derive(artifact, &old, &new, Limit::NONE) {
        assert_eq!(derived.plan.bytes, new);
        let text = derived.patch.value().to_string();
        let again = Patch::parse(&text).expect("what the record holds can be read");
        assert_eq!(again.plan(path, &old).expect("and applies").bytes, new);
    }
});
