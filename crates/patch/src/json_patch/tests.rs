//! RFC 6902's own examples, refusals with their places, and the cost of many operations.

use serde_json::{Value, json};

use super::super::{Patch, PatchError, PatchFault, Plan};

fn plan(text: &str, ops: Value) -> Result<Plan, PatchError> {
    Patch::from_value(json!({"type": "json_patch", "ops": ops}))?.plan("a.json", text.as_bytes())
}

fn told(text: &str, ops: Value) -> Vec<String> {
    plan(text, ops).unwrap().told()
}

/// Field, message and hint of a refusal.
fn refused(text: &str, ops: Value) -> (String, String, String) {
    let error = plan(text, ops).unwrap_err();
    let words = |text: Option<Box<str>>| text.map(String::from).unwrap_or_default();
    (words(error.field), error.message, words(error.hint))
}

/// RFC 6902, appendix A, in its order: document, operations, result; no result: refused. A.13 is no
/// JSON object to us.
fn appendix() -> Vec<(Value, Value, Option<Value>)> {
    let ok = |document: Value, ops: Value, result: Value| (document, ops, Some(result));
    vec![
        ok(
            json!({"foo": "bar"}),
            json!([{"op": "add", "path": "/baz", "value": "qux"}]),
            json!({"baz": "qux", "foo": "bar"}),
        ),
        ok(
            json!({"foo": ["bar", "baz"]}),
            json!([{"op": "add", "path": "/foo/1", "value": "qux"}]),
            json!({"foo": ["bar", "qux", "baz"]}),
        ),
        ok(
            json!({"baz": "qux", "foo": "bar"}),
            json!([{"op": "remove", "path": "/baz"}]),
            json!({"foo": "bar"}),
        ),
        ok(
            json!({"foo": ["bar", "qux", "baz"]}),
            json!([{"op": "remove", "path": "/foo/1"}]),
            json!({"foo": ["bar", "baz"]}),
        ),
        ok(
            json!({"baz": "qux", "foo": "bar"}),
            json!([{"op": "replace", "path": "/baz", "value": "boo"}]),
            json!({"baz": "boo", "foo": "bar"}),
        ),
        ok(
            json!({"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}),
            json!([{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]),
            json!({"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
        ),
        ok(
            json!({"foo": ["all", "grass", "cows", "eat"]}),
            json!([{"op": "move", "from": "/foo/1", "path": "/foo/3"}]),
            json!({"foo": ["all", "cows", "eat", "grass"]}),
        ),
        ok(
            json!({"baz": "qux", "foo": ["a", 2, "c"]}),
            json!([
                {"op": "test", "path": "/baz", "value": "qux"},
                {"op": "test", "path": "/foo/1", "value": 2},
                {"op": "add", "path": "/done", "value": true},
            ]),
            json!({"baz": "qux", "foo": ["a", 2, "c"], "done": true}),
        ),
        (
            json!({"baz": "qux"}),
            json!([{"op": "test", "path": "/baz", "value": "bar"}]),
            None,
        ),
        ok(
            json!({"foo": "bar"}),
            json!([{"op": "add", "path": "/child", "value": {"grandchild": {}}}]),
            json!({"foo": "bar", "child": {"grandchild": {}}}),
        ),
        ok(
            json!({"foo": "bar"}),
            json!([{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}]),
            json!({"foo": "bar", "baz": "qux"}),
        ),
        (
            json!({"foo": "bar"}),
            json!([{"op": "add", "path": "/baz/bat", "value": "qux"}]),
            None,
        ),
        ok(
            json!({"/": 9, "~1": 10}),
            json!([{"op": "test", "path": "/~01", "value": 10}, {"op": "add", "path": "/x", "value": 0}]),
            json!({"/": 9, "~1": 10, "x": 0}),
        ),
        (
            json!({"/": 9, "~1": 10}),
            json!([{"op": "test", "path": "/~01", "value": "10"}]),
            None,
        ),
        ok(
            json!({"foo": ["bar"]}),
            json!([{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}]),
            json!({"foo": ["bar", ["abc", "def"]]}),
        ),
    ]
}

#[test]
fn the_examples_of_the_rfc_hold() {
    for (document, ops, wanted) in appendix() {
        let made = plan(&document.to_string(), ops.clone());
        match wanted {
            Some(wanted) => assert_eq!(
                serde_json::from_slice::<Value>(&made.unwrap().bytes).unwrap(),
                wanted,
                "{ops}"
            ),
            None => assert_eq!(made.unwrap_err().fault, PatchFault::Unfit, "{ops}"),
        }
    }
    let twice = r#"{"type": "json_patch", "ops": [{"op": "add", "path": "/baz", "value": "qux", "op": "remove"}]}"#;
    assert_eq!(Patch::parse(twice).unwrap_err().fault, PatchFault::Unreadable);
}

const BOARD: &str = "{\n  \"fps\": 25.0,\n  \"scenes\": [\n    {\"id\": \"s0\", \"duration_ms\": 12000},\n    {\"id\": \"s1\", \"note\": null}\n  ]\n}";

#[test]
fn changes_are_told_as_paths_with_both_values() {
    assert_eq!(
        told(
            BOARD,
            json!([
                {"op": "test", "path": "/fps", "value": 25},
                {"op": "replace", "path": "/scenes/0/duration_ms", "value": 19000},
                {"op": "add", "path": "/scenes/-", "value": {"id": "s2"}},
                {"op": "move", "from": "/scenes/1", "path": "/scenes/0"},
                {"op": "copy", "from": "/fps", "path": "/scenes/0/low tide"},
                {"op": "remove", "path": "/fps"},
                {"op": "replace", "path": "/scenes/0", "value": {"id": "s1", "note": "x"}},
            ])
        ),
        [
            "scenes[0].duration_ms 12000 -> 19000",
            "scenes[2] (none) -> {\"id\":\"s2\"}",
            "scenes[1] {\"id\":\"s1\",\"note\":null} -> moved to scenes[0]",
            "scenes[0][\"low tide\"] (none) -> 25.0",
            "fps 25.0 -> (deleted)",
            "scenes[0][\"low tide\"] 25.0 -> (deleted)",
            "scenes[0].note null -> \"x\"",
        ]
    );
    assert_eq!(
        told("[1]", json!([{"op": "replace", "path": "", "value": {"a": 1}}])),
        ["the document [1] -> {\"a\":1}"]
    );
}

#[test]
fn a_single_operation_may_stand_in_the_patch_itself() {
    let patch = json!({"type": "json_patch", "op": "replace", "path": "/fps", "value": 30});
    let made = Patch::from_value(patch.clone())
        .unwrap()
        .plan("a.json", BOARD.as_bytes())
        .unwrap();
    assert_eq!(made.bytes, BOARD.replace("25.0", "30").as_bytes());
    let refused = |change: &[(&str, Value)]| {
        let mut patch = patch.clone();
        for (key, value) in change {
            patch[*key] = value.clone();
        }
        let error = Patch::from_value(patch).and_then(|patch| patch.plan("a.json", BOARD.as_bytes()));
        let error = error.unwrap_err();
        (error.field.unwrap().to_string(), error.message)
    };
    assert_eq!(
        refused(&[("ops", json!([]))]),
        ("op".into(), "both `ops` and a single `op` are given".into())
    );
    assert_eq!(
        refused(&[("path", json!("/fpss"))]),
        (
            "path".into(),
            "`/fpss` not found: the document has no key `fpss`; closest is `fps`".into()
        )
    );
    assert_eq!(refused(&[("vlaue", json!(1))]).0, "vlaue");
    let error = Patch::from_value(json!({"type": "json_patch", "path": "/a", "value": 1})).unwrap_err();
    assert_eq!(error.message, "`path` stands beside no `op`");
}

#[test]
fn a_place_that_is_not_there_is_refused_with_what_is_near() {
    let last = |op: Value| refused(BOARD, json!([{"op": "remove", "path": "/fps"}, op]));
    assert_eq!(
        last(json!({"op": "replace", "path": "/scenes/7/id", "value": 1})),
        (
            "ops[1].path".into(),
            "`/scenes/7/id` not found: scenes has 2 items (0 … 1)".into(),
            String::new()
        )
    );
    assert_eq!(
        last(json!({"op": "remove", "path": "/scenes/0/duration_m"})),
        (
            "ops[1].path".into(),
            "`/scenes/0/duration_m` not found: scenes[0] has no key `duration_m`; closest is `duration_ms`".into(),
            "its keys are `id` and `duration_ms`".into()
        )
    );
    assert_eq!(
        last(json!({"op": "remove", "path": "/scenes/s1/note"})),
        (
            "ops[1].path".into(),
            "`/scenes/s1/note` not found: scenes has 2 items (0 … 1), and `s1` is no place in it".into(),
            "`s1` is the id of item 1: write 1 in its place".into()
        )
    );
    assert_eq!(
        last(json!({"op": "move", "from": "/scenes/-", "path": "/x"})),
        (
            "ops[1].from".into(),
            "`/scenes/-` not found: scenes has 2 items (0 … 1); `-` is the place behind the last, where add can put something".into(),
            String::new()
        )
    );
    assert_eq!(
        last(json!({"op": "add", "path": "/scenes/3", "value": 1})).2,
        "something can be put in at 0 … 2, or with `-` at the end"
    );
    assert_eq!(
        last(json!({"op": "add", "path": "/scenes/0/id/x", "value": 1})).1,
        "`/scenes/0/id/x` not found: scenes[0].id is a text (\"s0\"), with nothing inside"
    );
    let error = plan(BOARD, json!([{"op": "remove", "path": "/scenes/1/x"}])).unwrap_err();
    assert_eq!(error.artifact_line, Some(5));
    assert_eq!(*error.candidates, ["id".to_owned(), "note".to_owned()]);
}

#[test]
fn a_failed_test_names_place_found_and_wanted() {
    assert_eq!(
        refused(
            BOARD,
            json!([{"op": "test", "path": "/scenes/0/duration_ms", "value": 13000}])
        ),
        (
            "ops[0].path".into(),
            "test failed: scenes[0].duration_ms is `12000`, not `13000`".into(),
            String::new()
        )
    );
    let ops = json!([{"op": "test", "path": "", "value": {"a": [1, 2.50, {"b": "\u{e9}"}]}}, {"op": "add", "path": "/c", "value": 1}]);
    assert!(plan("{\"a\": [1.0, 25e-1, {\"b\": \"\\u00e9\"}]}", ops.clone()).is_ok());
    assert!(plan("{\"a\": [1.0, 25e-1, {\"b\": \"\\u00e8\"}]}", ops).is_err());
    // No member may stand for another: `b` is missing here.
    assert!(
        plan(
            "{\"a\": 1, \"a\": 1}",
            json!([{"op": "test", "path": "", "value": {"a": 1, "b": 1}}])
        )
        .is_err()
    );
}

#[test]
fn patches_that_no_document_fits_are_refused_when_read() {
    for (op, field, message) in [
        (
            json!({"op": "ad", "path": "/a", "value": 1}),
            "ops[0].op",
            "unknown operation `ad`",
        ),
        (json!({"path": "/a"}), "ops[0].op", "`op` is missing: a text is needed"),
        (
            json!({"op": "add", "path": "/a"}),
            "ops[0].value",
            "`value` is missing: a value is needed",
        ),
        (
            json!({"op": "move", "path": "/a"}),
            "ops[0].from",
            "`from` is missing: a text is needed",
        ),
        (
            json!({"op": "move", "path": "/a/b", "from": "/a"}),
            "ops[0].path",
            "`/a/b` lies inside `/a`: a value cannot move into itself",
        ),
        (
            json!({"op": "remove", "path": "/a~2"}),
            "ops[0].path",
            "`/a~2` is no JSON pointer: a `~` in a key is written `~0`, a `/` in a key `~1`",
        ),
    ] {
        let error = plan("{}", json!([op])).unwrap_err();
        assert_eq!((error.field.as_deref(), error.message.as_str()), (Some(field), message));
        assert_eq!(error.fault, PatchFault::Field);
    }
    let (_, _, hint) = refused("{}", json!([{"op": "remove", "path": "scenes[2].id"}]));
    assert_eq!(hint, "write `/scenes/2/id`");
}

#[test]
fn equal_keys_on_the_way_are_refused_and_elsewhere_kept() {
    let text = "{\"a\": {\"x\": 1, \"x\": 2}, \"b\": 1}";
    assert_eq!(
        refused(text, json!([{"op": "remove", "path": "/a/x"}])).1,
        "a has the key `x` twice, in lines 1 and 1; readers differ in which one counts"
    );
    let made = plan(text, json!([{"op": "move", "from": "/a", "path": "/c"}])).unwrap();
    assert_eq!(made.bytes, b"{\"b\": 1, \"c\": {\"x\": 1, \"x\": 2}}");
}

#[test]
fn nothing_changes_unless_all_operations_fit() {
    let ops = json!([{"op": "remove", "path": "/fps"}, {"op": "add", "path": "/fps", "value": 25.0}]);
    let made = plan(BOARD, ops).unwrap();
    assert!(made.bytes.ends_with(b"\"fps\": 25.0\n}"));
    let ops = json!([{"op": "add", "path": "/x", "value": 1}, {"op": "remove", "path": "/x"}]);
    assert_eq!(plan(BOARD, ops).unwrap_err().fault, PatchFault::NoChange);
    assert_eq!(
        plan("[1]", json!([{"op": "remove", "path": ""}])).unwrap_err().message,
        "the whole document cannot be removed"
    );
}

#[test]
fn depth_has_an_end() {
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let ops = json!([{"op": "copy", "from": "", "path": &"/0".repeat(100)}]);
    let error = plan(&deep, ops).unwrap_err();
    assert_eq!(
        error.message,
        "`a.json` could not be read after the patch: nested deeper than 120 levels"
    );
    assert_eq!(error.field.as_deref(), Some("ops[0].path"));
}

/// Of many operations the one is named that goes too far, not one that only stands beside it.
#[test]
fn the_operation_that_goes_too_deep_is_named() {
    let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    let fill = |at: usize| json!({"op": "add", "path": format!("/k{at}"), "value": at});
    for (count, bad) in [(1, 0), (2, 1), (9, 0), (9, 4), (9, 8)] {
        let mut ops: Vec<Value> = (0..count).map(fill).collect();
        ops[bad] = json!({"op": "copy", "from": "/deep", "path": format!("/deep{}", "/0".repeat(69))});
        let document = format!("{{\"deep\": {deep}}}");
        let error = plan(&document, json!(ops)).unwrap_err();
        assert!(error.message.contains("nested deeper than 120"), "{}", error.message);
        assert_eq!(error.field.as_deref(), Some(format!("ops[{bad}].path").as_str()));
    }
}

#[test]
fn a_thousand_operations_on_a_large_document_read_it_once() {
    let scene = |at: usize| {
        format!(
            "    {{\"id\": \"s{at}\", \"duration_ms\": {at}.0, \"text\": \"{}\"}}",
            "low tide ".repeat(8)
        )
    };
    let scenes: Vec<String> = (0..90_000).map(scene).collect();
    let text = format!("{{\n  \"scenes\": [\n{}\n  ]\n}}\n", scenes.join(",\n"));
    assert!(text.len() > 10_000_000);
    let ops: Vec<Value> = (0..1000)
        .map(|at| match at % 4 {
            0 => json!({"op": "replace", "path": format!("/scenes/{}/duration_ms", at * 80), "value": 1}),
            1 => json!({"op": "add", "path": format!("/scenes/{}", at * 80), "value": {"id": "new", "duration_ms": 2}}),
            2 => json!({"op": "remove", "path": format!("/scenes/{}", at * 80)}),
            _ => json!({"op": "move", "from": format!("/scenes/{}", at * 80), "path": "/scenes/0"}),
        })
        .collect();
    let made = plan(&text, json!(ops)).unwrap();
    assert_eq!(made.changes.len(), super::super::CHANGES_LISTED_MAX);
    assert_eq!(made.consequences, ["800 more changes are not listed"]);
    assert_eq!(made.bytes.iter().filter(|byte| **byte == b'\n').count(), 90_004);
}
