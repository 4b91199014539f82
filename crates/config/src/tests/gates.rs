//! The `gates` section and what belongs to it.

use super::*;
use domain::policy::{GatePolicy, OnTimeout};

#[test]
fn every_key_of_a_gate_is_taken() {
    let text = "gates: {script: {auto_approve: true, auto_approve_after_s: 315360000, on_timeout: reject, max_hold_s: 0}, \
         audio: {auto_approve: true, auto_approve_after_s: 1, unseen: hold}}";
    let Loaded { config, warnings } = loaded(text);
    assert_eq!(warnings, []);
    let policy = &config.gates[&stage("script")];
    assert_eq!(policy.auto_approve_after_s, Some(315_360_000));
    assert_eq!((policy.on_timeout, policy.max_hold_s), (OnTimeout::Reject, 0));
    assert_eq!(config.gates[&stage("audio")].unseen, OnTimeout::Hold);
}

#[test]
fn the_grace_may_be_nothing() {
    let config = loaded("gates: {script: }\npipeline: {overdue_grace_s: 0}").config;
    assert_eq!(config.pipeline.overdue_grace_s, 0);
}

#[test]
fn no_gate_at_all_is_told() {
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
