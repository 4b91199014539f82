//! Tests of `duration_adjust` on storyboards as pipelines really write them.

mod around;

use serde_json::{Value, json};

use crate::storyboard::BOARD;
use crate::{Patch, PatchError, PatchFault, Plan};

fn planned(patch: Value, text: &str) -> Result<Plan, PatchError> {
    Patch::from_value(patch)?.plan("storyboard.json", text.as_bytes())
}

fn adjust(id: &str, duration: Value) -> Value {
    json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": id, "duration": duration}]})
}

fn with(mut patch: Value, flag: &str) -> Value {
    patch[flag] = true.into();
    patch
}

#[test]
fn one_value_changes_and_no_other_byte() {
    let plan = planned(adjust("scene_002", json!(19)), BOARD).unwrap();
    assert_eq!(
        plan.text(),
        BOARD.replace("\"duration_ms\": 12000", "\"duration_ms\": 19000")
    );
    assert_eq!(plan.told(), ["scenes[2].duration_ms 12000 -> 19000"]);
    assert_eq!(
        plan.consequences,
        ["total 62 s -> 69 s", "total_duration 62 s is now stale: sum is 69 s"]
    );
}

#[test]
fn the_number_style_of_the_field_stays() {
    let plan = planned(adjust("scene_001", json!(19)), BOARD).unwrap();
    assert_eq!(plan.told(), ["scenes[1].duration_ms 30000.0 -> 19000.0"]);
    let board = r#"{"scenes":[{"id":"a","duration":12.50},{"id":"b","duration_s":7,"x":1.0}]}"#;
    assert_eq!(
        planned(adjust("a", json!(15)), board).unwrap().told(),
        ["scenes[0].duration 12.50 -> 15.00"]
    );
    assert_eq!(
        planned(adjust("b", json!(8.0)), board).unwrap().told(),
        ["scenes[1].duration_s 7 -> 8"]
    );
}

#[test]
fn a_duration_must_be_exact_in_the_unit_of_the_field() {
    let board = r#"{"scenes":[{"id":"a","duration_ms":12000},{"id":"b","duration":7}]}"#;
    assert_eq!(
        planned(adjust("a", json!(12.345)), board).unwrap().told(),
        ["scenes[0].duration_ms 12000 -> 12345"]
    );
    let error = planned(adjust("a", json!(1.0005)), board).unwrap_err();
    assert_eq!(
        error.message,
        "scenes[0].duration_ms is written in whole milliseconds; 1.0005 s is not"
    );
    assert_eq!(error.hint.as_deref(), Some("the nearest are 1 and 1.001"));
    assert_eq!(error.field.as_deref(), Some("beat_adjustments[0].duration"));
    let error = planned(adjust("b", json!(0.5)), board).unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("the nearest is 1"));
    // Where the same field holds fractions elsewhere, whole numbers are chance and not a rule.
    let mixed = r#"{"scenes":[{"id":"a","duration":12},{"id":"b","duration":7.5}]}"#;
    assert_eq!(
        planned(adjust("a", json!(12.5)), mixed).unwrap().told(),
        ["scenes[0].duration 12 -> 12.5"]
    );
}

#[test]
fn durations_out_of_range_are_refused_at_the_field() {
    for duration in [
        json!(0),
        json!(-1),
        json!(86400.5),
        json!(86401),
        json!(1e300),
        json!(0.0),
        json!(1e-300),
    ] {
        let error = planned(adjust("scene_000", duration.clone()), BOARD).unwrap_err();
        assert_eq!(
            error.field.as_deref(),
            Some("beat_adjustments[0].duration"),
            "{duration}"
        );
        assert!(error.hint.unwrap().contains("86400"), "{duration}");
    }
    assert!(
        planned(adjust("scene_000", json!("15")), BOARD)
            .unwrap_err()
            .message
            .contains("not a number")
    );
    assert!(planned(adjust("scene_000", json!(86400)), BOARD).is_ok());
    assert!(
        Patch::parse(r#"{"type":"duration_adjust","beat_adjustments":[{"beat_id":"a","duration":1e999}]}"#).is_err()
    );
}

#[test]
fn beats_of_sections_are_found_by_their_ids() {
    let board = r#"{"sections":[{"name":"one","duration":20,"beats":[{"id":"intro_beat","duration":12},{"beat_id":"b2","duration":8}]},
        {"name":"two","duration":5,"beats":[{"id":7,"duration":5}]}],"total_duration_s":25}"#;
    let plan = planned(with(adjust("intro_beat", json!(15)), "update_totals"), board).unwrap();
    assert_eq!(
        plan.told(),
        [
            "sections[0].beats[0].duration 12 -> 15",
            "total_duration_s 25 -> 28",
            "sections[0].duration 20 -> 23"
        ]
    );
    assert_eq!(plan.consequences, ["total 25 s -> 28 s"]);
    assert_eq!(
        planned(adjust("b2", json!(9)), board).unwrap().told(),
        ["sections[0].beats[1].duration 8 -> 9"]
    );
    let plan = planned(adjust("7", json!(6)), board).unwrap();
    assert_eq!(
        plan.consequences[2],
        "sections[1].duration 5 s is now stale: sum is 6 s"
    );
}

#[test]
fn a_reference_to_a_beat_is_not_mistaken_for_it() {
    let board = r#"{"scenes":[{"id":"s1","beat_id":"intro","duration":1},{"id":"intro","beat_id":"x","duration":2}]}"#;
    assert_eq!(
        planned(adjust("intro", json!(3)), board).unwrap().told(),
        ["scenes[1].duration 2 -> 3"]
    );
    let twice = r#"{"scenes":[{"id":"s1","beat_id":"b","duration":1},{"id":"s2","beat_id":"b","duration":2}]}"#;
    let error = planned(adjust("b", json!(3)), twice).unwrap_err();
    assert_eq!(
        error.message,
        "beat `b` stands 2 times in `storyboard.json`: scenes[0] and scenes[1]"
    );
    let both = json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": "s1", "duration": 4}, {"beat_id": "b", "duration": 5}]});
    let board = r#"{"scenes":[{"id":"s1","beat_id":"b","duration":1}]}"#;
    assert!(
        planned(both, board)
            .unwrap_err()
            .message
            .contains("both mean scenes[0]")
    );
}

#[test]
fn an_id_that_is_not_there_is_refused_with_those_that_are() {
    let error = planned(adjust("scene_02", json!(3)), BOARD).unwrap_err();
    assert_eq!(
        error.message,
        "beat `scene_02` not found; `storyboard.json` has `scene_000`, `scene_001` and `scene_002`"
    );
    assert!(error.hint.unwrap().starts_with("did you mean `scene_0"));
    assert_eq!(error.field.as_deref(), Some("beat_adjustments[0].beat_id"));
    assert_eq!(error.candidates.len(), 3);
    let error = planned(adjust("a", json!(3)), r#"{"scenes": []}"#).unwrap_err();
    assert_eq!(error.message, "beat `a` not found; `storyboard.json` has no ids");
}

#[test]
fn a_scene_that_does_not_say_how_long_it_is_is_refused() {
    let board = "{\"scenes\":[{\"id\":\"a\",\"duration_ms\":1},\n{\"id\":\"b\"},\n{\"id\":\"c\",\"duration_ms\":null},{\"id\":\"d\",\"duration\":1,\"duration_ms\":1}]}";
    let error = planned(adjust("b", json!(3)), board).unwrap_err();
    assert_eq!(error.message, "scenes[1] (`b`, line 2) has no duration to change");
    assert!(error.hint.unwrap().contains("`duration_ms`"));
    let error = planned(adjust("c", json!(3)), board).unwrap_err();
    assert_eq!(error.message, "scenes[2].duration_ms is `null`, not a number (line 3)");
    assert!(
        planned(adjust("d", json!(3)), board)
            .unwrap_err()
            .message
            .contains("do not agree")
    );
    let both = r#"{"scenes":[{"id":"d","duration":1,"duration_ms":1000}]}"#;
    assert_eq!(
        planned(adjust("d", json!(3)), both).unwrap().told(),
        ["scenes[0].duration 1 -> 3", "scenes[0].duration_ms 1000 -> 3000"]
    );
}

#[test]
fn what_changes_nothing_is_refused() {
    assert_eq!(
        planned(adjust("scene_001", json!(30)), BOARD).unwrap_err().fault,
        PatchFault::NoChange
    );
    let both = json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": "scene_001", "duration": 30}, {"beat_id": "scene_000", "duration": 1}]});
    let plan = planned(both, BOARD).unwrap();
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(plan.consequences[0], "scenes[1] lasts 30 s already");
    let twice = json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": "a", "duration": 30}, {"beat_id": "a", "duration": 1}]});
    assert_eq!(
        planned(twice, BOARD).unwrap_err().field.as_deref(),
        Some("beat_adjustments[1].beat_id")
    );
    let none = json!({"type": "duration_adjust", "beat_adjustments": []});
    assert_eq!(
        planned(none, BOARD).unwrap_err().field.as_deref(),
        Some("beat_adjustments")
    );
}

#[test]
fn bad_documents_are_refused_with_their_place() {
    for (text, message) in [
        (
            "{\n  \"scenes\": [,]\n}",
            "`storyboard.json` is not JSON: line 2 column 14",
        ),
        ("// note\n{}", "is not JSON: line 1"),
        ("[]", "has neither `scenes` nor `sections`"),
        (r#"{"frames": []}"#, "has neither `scenes` nor `sections`"),
        (
            r#"{"scenes": [], "scenes": [{"id": "a", "duration": 1}]}"#,
            "has the key `scenes` twice",
        ),
        (
            r#"{"scenes": [{"id": "a", "duration": 1, "duration": 2}]}"#,
            "scenes[0] has the key `duration` twice",
        ),
        (
            r#"{"scenes": [{"id": "a", "id": "b", "duration": 1}]}"#,
            "scenes[0] has the key `id` twice",
        ),
        (
            r#"{"scenes": [{"id": "a", "id": "a", "duration": 1}]}"#,
            "scenes[0] has the key `id` twice",
        ),
        (
            r#"{"scenes": [{"id": "a", "duration": 1e999}]}"#,
            "more digits than a duration can have",
        ),
        (r#"{"scenes": [{"id": "a", "duration": {}}]}"#, "not a number"),
    ] {
        let error = planned(adjust("a", json!(3)), text).unwrap_err();
        assert!(error.message.contains(message), "{text}: {error}");
    }
    let deep = format!("{{\"scenes\": {}{}}}", "[".repeat(300_000), "]".repeat(300_000));
    assert!(
        planned(adjust("a", json!(3)), &deep)
            .unwrap_err()
            .message
            .contains("nested deeper")
    );
}

#[test]
fn byte_order_mark_and_line_ends_stay() {
    let board = format!("\u{feff}{}\r\n", BOARD.replace('\n', "\r\n"));
    let plan = planned(adjust("scene_002", json!(19)), &board).unwrap();
    assert_eq!(
        plan.text(),
        board.replace("\"duration_ms\": 12000", "\"duration_ms\": 19000")
    );
}
