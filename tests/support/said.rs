//! What a test holds against a text or a document; a failure shows all of the text or document.

use serde_json::Value;

/// Panics unless this stands in the text.
#[track_caller]
pub fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in: {text}");
}

/// Panics where this stands in the text.
#[track_caller]
pub fn assert_lacks(text: &str, part: &str) {
    assert!(!text.contains(part), "{part:?} is in: {text}");
}

/// Panics unless the text begins so.
#[track_caller]
pub fn assert_starts(text: &str, part: &str) {
    assert!(text.starts_with(part), "it does not begin with {part:?}: {text}");
}

/// Panics unless the text ends so.
#[track_caller]
pub fn assert_ends(text: &str, part: &str) {
    assert!(text.ends_with(part), "it does not end with {part:?}: {text}");
}

/// What each thing of a list has under this key.
#[track_caller]
pub fn each(list: &Value, key: &str) -> Vec<Value> {
    let all = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    all.iter().map(|one| one[key].clone()).collect()
}

/// See [`assert_has!`].
#[track_caller]
pub fn has(document: &Value, wanted: &Value) {
    for (path, wanted) in wanted.as_object().expect("paths and values") {
        let found = document.pointer(&format!("/{path}")).unwrap_or(&Value::Null);
        assert_eq!(found, wanted, "{path} of {document}");
    }
}

/// Panics unless the document has exactly this value at each path. The steps of a path are parted
/// by `/`, as in `assert_has!(job, "status": "paused", "gates/0/notes": null)`.
macro_rules! assert_has {
    ($document:expr, $($wanted:tt)+) => {
        $crate::support::said::has(&$document, &::serde_json::json!({ $($wanted)+ }))
    };
}
pub(crate) use assert_has;
