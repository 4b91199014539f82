//! Unified diffs: what we write from two texts, we apply to the first and get the second; any other text is refused or applied.
#![no_main]

use std::sync::Arc;

use diff::{DiffDocument, Limit, unified};
use patch::Patch;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const PATH: &str = "artifacts/script/script.txt";

fuzz_target!(|input: (String, String, String)| {
    let (old, new, any) = input;
    if old != new {
        let bytes = |text: &str| Arc::new(text.as_bytes().to_vec());
        let document = DiffDocument::compare(Some(bytes(&old)), bytes(&new), Limit::NONE);
        let written = unified::write(&document, "a/script.txt", "b/script.txt");
        let text = String::from_utf8(written).expect("a diff of texts is text");
        let patch = Patch::from_value(json!({ "type": "unified_diff", "diff": text })).expect("our own diff is read");
        let plan = patch.plan(PATH, old.as_bytes()).expect("our own diff applies");
        assert_eq!(plan.bytes, new.as_bytes());
    }
    if let Ok(patch) = Patch::from_value(json!({ "type": "unified_diff", "diff": any })) {
        let _ = patch.plan(PATH, old.as_bytes());
    }
});
