//! What a new duration does to keyframes, totals and start times.

use serde_json::json;

use super::{adjust, planned, with};
use crate::storyboard::BOARD;

#[test]
fn keyframes_past_the_new_end_are_named_or_scaled() {
    let plan = planned(adjust("scene_002", json!(5)), BOARD).unwrap();
    assert_eq!(
        plan.consequences.last().unwrap(),
        "2 keyframes lie past the new end 5000 ms: scenes[2].keyframes[1].t_ms 6000, scenes[2].keyframes[2].t_ms 12000"
    );
    let plan = planned(with(adjust("scene_002", json!(5)), "scale_keyframes"), BOARD).unwrap();
    assert_eq!(
        plan.told(),
        [
            "scenes[2].duration_ms 12000 -> 5000",
            "scenes[2].keyframes[1].t_ms 6000 -> 2500",
            "scenes[2].keyframes[2].t_ms 12000 -> 5000"
        ]
    );
    assert!(!plan.consequences.iter().any(|words| words.contains("past")));
    let plan = planned(with(adjust("scene_000", json!(5)), "scale_keyframes"), BOARD).unwrap();
    assert!(
        plan.consequences
            .contains(&"scenes[0] has no keyframes to scale".to_owned())
    );
}

#[test]
fn keyframes_of_elements_and_in_seconds_are_scaled_exactly() {
    let board = r#"{"scenes":[{"id":"a","duration":12,"elements":[{"id":"e","keyframes":[{"t":0.0,"v":1},{"t":3.0},{"t":12}]}]}]}"#;
    let plan = planned(with(adjust("a", json!(19)), "scale_keyframes"), board).unwrap();
    assert_eq!(
        plan.text(),
        board
            .replace("\"duration\":12,", "\"duration\":19,")
            .replace("3.0", "4.75")
            .replace("\"t\":12", "\"t\":19")
    );
    let whole = r#"{"scenes":[{"id":"a","duration":12,"keyframes":[{"t":3}]}]}"#;
    let error = planned(with(adjust("a", json!(19)), "scale_keyframes"), whole).unwrap_err();
    assert_eq!(
        error.message,
        "scenes[0].keyframes[0].t 3 would become 4.75, but is written in whole seconds"
    );
}

#[test]
fn keyframes_from_zero_to_one_are_shares_and_stay() {
    let board = r#"{"scenes":[{"id":"a","duration_ms":12000,"keyframes":[{"t":0},{"t":0.5},{"t":1}]}]}"#;
    let plan = planned(with(adjust("a", json!(19)), "scale_keyframes"), board).unwrap();
    assert_eq!(plan.told(), ["scenes[0].duration_ms 12000 -> 19000"]);
    assert_eq!(
        plan.consequences[1],
        "the keyframes of scenes[0] run from 0 to 1 and move with it: not scaled"
    );
}

#[test]
fn totals_are_written_in_their_own_unit_and_style() {
    for (total, after) in [
        (r#""total_duration": 62.0"#, r#""total_duration": 69.0"#),
        (r#""total_duration": 62000"#, r#""total_duration": 69000"#),
        (r#""total_duration_ms": 62000"#, r#""total_duration_ms": 69000"#),
        (r#""duration": 62"#, r#""duration": 69"#),
    ] {
        let board = BOARD.replace(r#""total_duration": 62"#, total);
        let plan = planned(with(adjust("scene_002", json!(19)), "update_totals"), &board).unwrap();
        assert_eq!(
            plan.text(),
            board
                .replace(total, after)
                .replace("\"duration_ms\": 12000", "\"duration_ms\": 19000")
        );
    }
    let error = planned(with(adjust("scene_002", json!(19.5)), "update_totals"), BOARD).unwrap_err();
    assert_eq!(
        error.message,
        "total_duration is written in whole seconds; the new total is 69.5 s"
    );
    let text = BOARD.replace("62,", "\"62\",");
    assert_eq!(
        planned(with(adjust("scene_002", json!(19)), "update_totals"), &text)
            .unwrap_err()
            .field
            .as_deref(),
        Some("update_totals")
    );
    assert!(planned(adjust("scene_002", json!(19)), &text).is_ok());
}

#[test]
fn a_total_over_scenes_of_unknown_length_moves_by_the_difference() {
    let board = r#"{"total_duration":30,"scenes":[{"id":"a","duration_ms":12000},{"id":"b"}]}"#;
    let plan = planned(with(adjust("a", json!(19)), "update_totals"), board).unwrap();
    assert_eq!(plan.told()[1], "total_duration 30 -> 37");
    assert_eq!(
        plan.consequences,
        ["total 12 s -> 19 s without 1 scene of unknown length"]
    );
    let plan = planned(adjust("a", json!(19)), board).unwrap();
    assert_eq!(
        plan.consequences[1],
        "total_duration 30 s is now stale: with the change it would be 37 s"
    );
}

#[test]
fn a_total_that_was_wrong_before_becomes_the_sum() {
    let board = BOARD.replace("\"total_duration\": 62", "\"total_duration\": 60");
    let plan = planned(with(adjust("scene_002", json!(19)), "update_totals"), &board).unwrap();
    assert_eq!(plan.told()[1], "total_duration 60 -> 69");
    assert_eq!(
        plan.consequences[1],
        "total_duration was 60 s, the sum was 62 s: it becomes the sum"
    );
}

#[test]
fn start_and_end_times_that_go_stale_are_named() {
    let board = r#"{"scenes":[{"id":"a","duration":5,"end_s":5},{"id":"b","start_s":5,"duration":5}]}"#;
    let plan = planned(adjust("a", json!(6)), board).unwrap();
    assert_eq!(
        plan.consequences[1],
        "start and end times are not moved: from scenes[0].end_s, scenes[1].start_s on they are stale"
    );
}

#[test]
fn a_keyframe_that_cannot_be_read_is_in_the_way_of_scaling_only() {
    let board = r#"{"scenes":[{"id":"a","duration":12,"keyframes":[{"t":"3s"},{"x":1}]}]}"#;
    assert!(planned(adjust("a", json!(19)), board).is_ok());
    let error = planned(with(adjust("a", json!(19)), "scale_keyframes"), board).unwrap_err();
    assert_eq!(
        error.message,
        "scenes[0].keyframes[0].t is `\"3s\"`, not a time (line 1)"
    );
    let twice = r#"{"scenes":[{"id":"a","duration":12,"keyframes":[{"t":1,"t":2}]}]}"#;
    assert!(
        planned(with(adjust("a", json!(19)), "scale_keyframes"), twice)
            .unwrap_err()
            .message
            .contains("key `t` twice")
    );
}
