//! Changed values against the documents they come from.

use proptest::prelude::*;

use super::*;
use crate::lines::Limit;

const STORYBOARD: &str = r#"{
  "title": "tides",
  "scenes": [
    {"id": "scene_000", "duration_ms": 5000, "caption": "dawn – low tide"},
    {"id": "scene_001", "duration_ms": 306.0},
    {"id": "scene_002", "caption": "reef"}
  ],
  "total_ms": 5306.0
}"#;

fn told(old: &str, new: &str) -> Vec<String> {
    let found = changed_values(old.as_bytes(), new.as_bytes(), Limit::NONE).expect("both are JSON");
    let side = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    found
        .changes
        .into_iter()
        .map(|change| {
            format!(
                "{:?} {} {} -> {}",
                change.kind,
                change.path,
                side(change.before),
                side(change.after)
            )
        })
        .collect()
}

#[test]
fn a_changed_duration_is_one_change_with_its_path() {
    let new = STORYBOARD.replace("306.0}", "310.0}");
    assert_eq!(told(STORYBOARD, &new), ["Changed scenes[1].duration_ms 306.0 -> 310.0"]);
}

#[test]
fn a_changed_value_says_in_which_element_it_is() {
    let new = STORYBOARD.replace("306.0}", "310.0}");
    let found = changed_values(STORYBOARD.as_bytes(), new.as_bytes(), Limit::NONE).expect("both are JSON");
    assert_eq!(found.changes[0].id.as_deref(), Some("scene_001"));
    assert_eq!(found.changes[0].to_string(), "scenes[1].duration_ms 306.0 -> 310.0");
}

#[test]
fn a_reached_limit_cuts_the_list_and_says_so() {
    let reached = Limit {
        deadline: None,
        is_reached: &|| true,
    };
    let found = changed_values(b"[1]", b"[2]", reached).expect("JSON");
    assert!(found.is_cut && found.changes.is_empty());
}

#[test]
fn a_removed_beat_is_one_change() {
    let new = STORYBOARD.replace(
        "    {\"id\": \"scene_000\", \"duration_ms\": 5000, \"caption\": \"dawn – low tide\"},\n",
        "",
    );
    let removed = r#"{"id":"scene_000","duration_ms":5000,"caption":"dawn – low tide"}"#;
    assert_eq!(told(STORYBOARD, &new), [format!("Removed scenes[0] {removed} -> -")]);
    assert_eq!(told(&new, STORYBOARD), [format!("Added scenes[0] - -> {removed}")]);
}

#[test]
fn a_number_spelled_otherwise_is_no_other_value() {
    assert_eq!(told("[306.0]", "[306]"), ["Respelled [0] 306.0 -> 306"]);
    assert_eq!(
        told(r#"{"a": "é"}"#, r#"{"a": "\u00e9"}"#),
        [r#"Respelled a "é" -> "\u00e9""#]
    );
    assert_eq!(
        told("9007199254740993", "9007199254740992.0"),
        ["Changed  9007199254740993 -> 9007199254740992.0"]
    );
    assert_eq!(told("1", "true"), ["Changed  1 -> true"]);
}

#[test]
fn layout_and_key_order_are_no_changes() {
    assert_eq!(
        told(r#"{"a": 1, "b": [1, {"c": 2}]}"#, "{ \"b\":[1,{\"c\":2}],\n\"a\":1}"),
        [""; 0]
    );
    assert_eq!(told("\u{feff}{}", "{ }"), [""; 0]);
}

#[test]
fn moved_beats_are_told_as_moved() {
    let list = |ids: [u8; 4]| format!("[{}]", ids.map(|id| format!("{{\"beat_id\": {id}}}")).join(","));
    assert_eq!(told(&list([1, 2, 3, 4]), &list([4, 1, 2, 3])), ["Moved [0] [3] -> [0]"]);
}

#[test]
fn elements_without_ids_are_aligned_by_their_text() {
    assert_eq!(told(r#"["a","b","c"]"#, r#"["b","c"]"#), [r#"Removed [0] "a" -> -"#]);
    assert_eq!(
        told(r#"[{"x":1},{"x":2}]"#, r#"[{"x":1},{"x":3}]"#),
        ["Changed [1].x 2 -> 3"]
    );
    assert_eq!(
        told(r#"[{"id":1},{"id":1,"x":2}]"#, r#"[{"id":1},{"id":1,"x":3}]"#),
        ["Changed [1].x 2 -> 3"]
    );
}

#[test]
fn odd_keys_are_quoted_and_repeated_keys_shown_whole() {
    assert_eq!(
        told(r#"{"a.b": {"": 1}}"#, r#"{"a.b": {"": 2}}"#),
        [r#"Changed ["a.b"][""] 1 -> 2"#]
    );
    assert_eq!(
        told(r#"{"a":1,"a":2}"#, r#"{"a":2,"a":2}"#),
        [r#"Changed  {"a":1,"a":2} -> {"a":2,"a":2}"#]
    );
}

#[test]
fn what_is_no_json_has_no_values() {
    assert!(changed_values(b"{", b"{}", Limit::NONE).is_none());
    assert!(changed_values(b"\xff", b"1", Limit::NONE).is_none());
    assert!(
        changed_values("[".repeat(100_000).as_bytes(), b"1", Limit::NONE).is_none(),
        "deeper than anyone reads"
    );
}

#[test]
fn the_list_has_an_end_and_says_so() {
    let list = |value: usize| {
        format!(
            "{{{}}}",
            (0..2600)
                .map(|n| format!("\"k{n}\":{value}"))
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    let found = changed_values(list(1).as_bytes(), list(2).as_bytes(), Limit::NONE).expect("JSON");
    assert_eq!((found.changes.len(), found.is_cut), (CHANGES_MAX, true));
    let long = told("[1]", &format!("[1, \"{}\"]", "x".repeat(5000)));
    assert!(long[0].ends_with('…') && long[0].len() < 300);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        (-3i64..3).prop_map(serde_json::Value::from),
        "[a-c\\\\\"é]{0,3}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::vec(("id|[ab]", inner), 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn there_are_changes_exactly_when_the_values_differ(old in json(), new in json()) {
        let pretty = serde_json::to_vec_pretty(&old).expect("serializes");
        let changes = |other: &serde_json::Value| changed_values(&pretty, other.to_string().as_bytes(), Limit::NONE).expect("JSON").changes;
        prop_assert!(changes(&old).is_empty());
        prop_assert_eq!(changes(&new).is_empty(), old == new);
    }
}
