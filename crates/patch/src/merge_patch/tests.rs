//! RFC 7396, and the bytes around.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::json_document::tests::any_value;
use super::super::{Patch, PatchError, PatchFault};

fn merged(text: &str, merge: &Value) -> Result<(String, Vec<String>), PatchError> {
    let patch = Patch::from_value(json!({"type": "merge_patch", "merge": merge}))?;
    let plan = patch.plan("a.json", text.as_bytes())?;
    Ok((plan.text().to_owned(), plan.told()))
}

/// RFC 7396, appendix A, in its order: original, patch, result.
const APPENDIX: [(&str, &str, &str); 15] = [
    (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
    (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
    (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
    (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
    (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
    (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
    (
        r#"{"a":{"b":"c"}}"#,
        r#"{"a":{"b":"d","c":null}}"#,
        r#"{"a":{"b":"d"}}"#,
    ),
    (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
    (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
    (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
    (r#"{"a":"foo"}"#, "null", "null"),
    (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
    (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
    ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
    ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
];

#[test]
fn the_examples_of_the_rfc_hold_to_the_byte() {
    for (text, merge, wanted) in APPENDIX {
        let (made, _) = merged(text, &serde_json::from_str(merge).unwrap()).unwrap();
        // A document of `{}` shows no manner of its own.
        assert_eq!(made.replace(": ", ":"), wanted, "{text} {merge}");
    }
}

#[test]
fn members_are_set_where_they_stand() {
    let text =
        "{\r\n  \"title\": \"tides\",\r\n  \"frame\": {\"width\": 1280.0, \"height\": 720},\r\n  \"old\": 1\r\n}";
    let merge = json!({"frame": {"height": 1080, "width": 1280.0, "unit": "px"}, "old": null, "gone": null, "by": {"x": null, "name": "ana"}});
    let (made, changes) = merged(text, &merge).unwrap();
    assert_eq!(
        made,
        "{\r\n  \"title\": \"tides\",\r\n  \"frame\": {\"width\": 1280.0, \"height\": 1080, \"unit\": \"px\"},\r\n  \"by\": {\"name\": \"ana\"}\r\n}"
    );
    assert_eq!(
        changes,
        [
            "frame.height 720 -> 1080",
            "frame.unit (none) -> \"px\"",
            "old 1 -> (deleted)",
            "by (none) -> {\"name\":\"ana\"}",
        ]
    );
}

#[test]
fn a_list_that_is_sent_whole_changes_only_where_it_differs() {
    let text = "{\n  \"scenes\": [\n    {\"id\": \"a\", \"x\": 306.0},\n    {\"id\":   \"b\", \"x\": 2e1}\n  ]\n}\n";
    let merge = json!({"scenes": [{"id": "a", "x": 306.0}, {"x": 21.0, "id": "b"}, {"id": "c", "x": 0}]});
    let (made, changes) = merged(text, &merge).unwrap();
    assert_eq!(
        made,
        text.replace("2e1}\n", "21.0},\n    {\"id\":   \"c\", \"x\":   0}\n")
    );
    assert_eq!(changes.len(), 2, "{changes:?}");
}

#[test]
fn what_cannot_be_merged_is_refused() {
    assert_eq!(
        merged("{\"a\": null}", &json!({"b": null})).unwrap_err().fault,
        PatchFault::NoChange
    );
    let error = merged("{\"a\": 1,\n\"a\": 2}", &json!({"a": 3})).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("merge"));
    assert_eq!(
        error.message,
        "the document has the key `a` twice, in lines 1 and 2; readers differ in which one counts"
    );
    let error = Patch::from_value(json!({"type": "merge_patch"})).unwrap_err();
    assert_eq!(error.message, "`merge` is missing: a value is needed");
}

proptest! {
    #[test]
    fn it_is_what_the_other_implementation_makes(document in any_value(), merge in any_value(), is_pretty in any::<bool>()) {
        let text = if is_pretty { serde_json::to_string_pretty(&document).unwrap() } else { document.to_string() };
        let mut theirs = document.clone();
        json_patch::merge(&mut theirs, &merge);
        match merged(&text, &merge) {
            Ok((made, changes)) => {
                prop_assert_eq!(serde_json::from_str::<Value>(&made).unwrap(), theirs);
                prop_assert!(!changes.is_empty());
            }
            Err(error) => {
                prop_assert_eq!(error.fault, PatchFault::NoChange, "{}", error);
                prop_assert_eq!(theirs, document);
            }
        }
    }
}
