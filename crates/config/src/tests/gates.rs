//! The `gates` section and what belongs to it.

use super::*;
use domain::policy::{GatePolicy, OnTimeout};

#[test]
fn seconds_are_whole_plain_numbers() {
    let path = "2:34: gates.script.auto_approve_after_s:";
    let cases = [
        ("30.0", "30 is not a whole number of seconds   hint: write 30"),
        (
            "1.5",
            "1.5 is not a whole number of seconds   hint: seconds have no fraction here",
        ),
        (
            ".nan",
            "NaN is not a whole number of seconds   hint: seconds have no fraction here",
        ),
        (
            "30m",
            "\"30m\" is not a number of seconds   hint: write 1800, the seconds as a plain number",
        ),
        (
            "\"1800\"",
            "\"1800\" is not a number of seconds   hint: write 1800, the seconds as a plain number",
        ),
        (
            "soon",
            "\"soon\" is not a number of seconds   hint: use null to wait for a person",
        ),
        (
            "true",
            "true is not a number of seconds   hint: use null to wait for a person",
        ),
        (
            "[30]",
            "a list is not a number of seconds   hint: use null to wait for a person",
        ),
        (
            "315360001",
            "315360001 seconds are more than ten years   hint: 315360000 is the most",
        ),
        (
            "99999999999999999999999",
            "1e23 seconds are more than ten years   hint: 315360000 is the most",
        ),
    ];
    for (value, said) in cases {
        let keys = format!("auto_approve_after_s: {value}");
        assert_eq!(about_gate(&keys), [format!("{path} {said}")], "{value}");
    }
    let config = loaded("gates: {script: {auto_approve: true, auto_approve_after_s: 315360000}}").config;
    assert_eq!(config.gates[&stage("script")].auto_approve_after_s, Some(315_360_000));
}

#[test]
fn further_gate_keys_are_taken() {
    let text = "gates: {script: {auto_approve: true, auto_approve_after_s: 30, on_timeout: reject, max_hold_s: 0}}";
    let Loaded { config, warnings } = loaded(text);
    assert_eq!(warnings, []);
    let policy = &config.gates[&stage("script")];
    assert_eq!((policy.on_timeout, policy.max_hold_s), (OnTimeout::Reject, 0));
    assert_eq!(
        about_gate("on_timeout: rejct"),
        ["2:24: gates.script.on_timeout: \"rejct\" is not what a timer can do   hint: did you mean reject?"]
    );
    assert_eq!(
        about_gate("max_hold_s: null"),
        [
            "2:24: gates.script.max_hold_s: null is not a number of seconds   hint: write the most seconds that persons may add; 0 lets \
          nobody stop the timer"
        ]
    );
}

#[test]
fn a_gate_key_that_is_not_built_or_not_known_is_refused_by_name() {
    for key in [
        "unseen",
        "remind_before_s",
        "notes_required",
        "approvers",
        "self_approval",
        "quorum",
    ] {
        let said = about_gate(&format!("{key}: 1"));
        assert_eq!(
            said,
            [format!(
                "2:12: gates.script.{key}: {key} is not built yet   hint: take it out: holdpoint refuses what it would not enforce"
            )]
        );
    }
    assert_eq!(
        about_gate("auto_aprove: true, colour: red"),
        [
            "2:12: gates.script.auto_aprove: a gate has no key of this name   hint: did you mean auto_approve?",
            "2:31: gates.script.colour: a gate has no key of this name   hint: the keys are required, auto_approve, \
             auto_approve_after_s, on_timeout, max_hold_s",
        ]
    );
}

#[test]
fn the_grace_has_one_place() {
    assert_eq!(
        loaded("gates: {script: }\npipeline: {overdue_grace_s: 0}")
            .config
            .pipeline
            .overdue_grace_s,
        0
    );
    assert_eq!(
        told("overdue_grace_s: 5\ngates:\n  overdue_grace_s: 5\n  script: {overdue_grace_s: 5}\n"),
        [
            "c.yaml:1:1: overdue_grace_s: this key stands outside its section   hint: move it to pipeline.overdue_grace_s",
            "c.yaml:3:3: gates.overdue_grace_s: this is no stage: it stands for all gates   hint: move it to pipeline.overdue_grace_s",
            "c.yaml:4:12: gates.script.overdue_grace_s: a gate has no grace of its own   hint: move it to pipeline.overdue_grace_s, \
             where it counts for all gates",
        ]
    );
}

#[test]
fn what_is_lawful_and_probably_not_meant_is_a_warning() {
    assert_eq!(
        about_gate("required: true, auto_approve_after_s: 30"),
        [
            "2:50: warning: gates.script.auto_approve_after_s: this is ignored: auto_approve is false, so a person must decide   hint: set \
          auto_approve: true, or write null here"
        ]
    );
    assert_eq!(
        about_gate("auto_approve: true"),
        [
            "2:26: warning: gates.script.auto_approve_after_s: null never fires: a person must decide   hint: write the seconds to wait, or \
          auto_approve: false to say the same"
        ]
    );
    assert_eq!(
        about_gate("required: false, auto_approve_after_s: 30, on_timeout: hold"),
        [
            "2:51: warning: gates.script.auto_approve_after_s: this is ignored: with required and auto_approve false the stage passes \
             without a gate   hint: set auto_approve: true to wait so long for a person",
            "2:67: warning: gates.script.on_timeout: this is ignored: the gate has no timer   hint: a timer needs auto_approve: true and \
             the seconds in auto_approve_after_s",
        ]
    );
    assert_eq!(
        about_gate("auto_approve: true, auto_approve_after_s: 0"),
        [
            "2:54: warning: gates.script.auto_approve_after_s: 0 approves as soon as the gate opens: nobody can look first   hint: write \
          the seconds to wait, or null to wait for a person"
        ]
    );
    assert_eq!(about_gate("required: false, auto_approve: true"), [""; 0]);
}

#[test]
fn a_gate_without_its_stage_is_a_warning_with_the_stage_that_was_meant() {
    assert_eq!(
        told("gates:\n  storybord: {}\n  review: {}\n"),
        [
            "c.yaml:2:3: warning: gates.storybord: the pipeline has no stage of this name, so this gate never opens by itself   hint: \
             did you mean storyboard?",
            "c.yaml:3:3: warning: gates.review: the pipeline has no stage of this name, so this gate never opens by itself   hint: the \
             stages are acceptance, animatics, assemble, assets, audio, outline, research, script, storyboard",
        ]
    );
    assert_eq!(
        told("gates: {review: {}}\npipeline: {stages: [Review]}").len(),
        1,
        "a stage that is refused is not missing"
    );
    assert_eq!(
        told("gates: {review: {}}\npipeline: {stages: [draft, review]}"),
        [""; 0]
    );
}

#[test]
fn no_gate_at_all_is_told() {
    let said = "warning: gates: no gate is configured: every stage passes without a decision   hint: name the stages that must wait \
                under gates:";
    assert_eq!(told("gates:\n"), [format!("c.yaml:1:1: {said}")]);
    assert_eq!(told("pipeline: {}\ngates: {}\n"), [format!("c.yaml:2:1: {said}")]);
    for empty in ["", "# nothing\n", "---\n", "{}", "null"] {
        let said = told(empty);
        assert!(
            said.len() == 1 && said[0].contains("no gate is configured"),
            "{empty:?}: {said:?}"
        );
    }
    assert_eq!(
        loaded("gates: {script: }").config.gates[&stage("script")],
        GatePolicy::default(),
        "a bare name asks for a person"
    );
}
