//! Two JSON documents: the list of changed values is empty exactly when there is nothing to list, and never panics.
#![no_main]

use diff::Limit;
use diff::json::changed_values;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (old, new) = input;
    let Some(changed) = changed_values(old, new, Limit::NONE) else { return };
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    if let (Some(old), Some(new)) = (parse(old), parse(new)) {
        if changed.changes.is_empty() {
            assert_eq!(old, new, "a change that the list does not show");
        }
    }
});
