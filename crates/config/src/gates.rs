//! The `gates:` section: one policy per stage (the table of SPEC §2).

use std::collections::BTreeMap;

use domain::ids::StageName;
use domain::policy::{GatePolicy, GateRule, OnTimeout};

use super::keys;
use super::near_miss::near_miss;
use super::node::{Node, Value};
use super::problem::SourcePosition;
use super::reader::{Path, ProblemCollector, Show, describe};

/// Keys that a later issue builds (SPEC §2): refused by name, because a key that is taken and not
/// enforced is a gate that is not there.
const KEYS_LATER: [&str; 6] = [
    "unseen",
    "remind_before_s",
    "notes_required",
    "approvers",
    "self_approval",
    "quorum",
];

/// Reads the section; `at` is its place.
pub(super) fn read(reader: &mut ProblemCollector, node: &Node, at: SourcePosition) -> BTreeMap<StageName, GatePolicy> {
    let path = Path::top().key("gates");
    let mut gates = BTreeMap::new();
    let Some(entries) = reader.map(node, &path, Show::Value) else {
        return gates;
    };
    if entries.is_empty() {
        no_gate(reader, at);
    }
    for entry in entries {
        let path = path.key(&entry.key);
        if entry.key == "overdue_grace_s" || entry.key == "max_concurrent_jobs" {
            let hint = format!("move it to pipeline.{}", entry.key);
            reader.error(entry.key_at, &path, "this is no stage: it stands for all gates", hint);
            continue;
        }
        let name = StageName::new(&entry.key);
        if let Err(error) = &name {
            reader.error(entry.key_at, &path, "this is not the name of a stage", error.rule);
        }
        let policy = gate(reader, &entry.node, &path);
        if let Ok(name) = name {
            gates.entry(name).or_insert(policy);
        }
    }
    gates
}

/// Says that nothing stops a job.
pub(super) fn no_gate(reader: &mut ProblemCollector, at: SourcePosition) {
    let hint = "name the stages that must wait under gates:";
    reader.warning(
        at,
        &Path::top().key("gates"),
        "no gate is configured: every stage passes without a decision",
        hint,
    );
}

fn gate(reader: &mut ProblemCollector, node: &Node, path: &Path) -> GatePolicy {
    let mut policy = GatePolicy::default();
    let Some(entries) = reader.map(node, path, Show::Value) else {
        return policy;
    };
    let errors_before = reader.error_count();
    let (mut after_at, mut on_timeout_at, mut auto_at) = (None, None, node.at);
    for entry in entries {
        let (node, key_path) = (&entry.node, path.key(&entry.key));
        match entry.key.as_str() {
            "required" => policy.required = reader.boolean(node, &key_path).unwrap_or(policy.required),
            "auto_approve" => {
                auto_at = node.at;
                policy.auto_approve = reader.boolean(node, &key_path).unwrap_or(policy.auto_approve);
            }
            "auto_approve_after_s" => {
                after_at = Some(node.at);
                policy.auto_approve_after_s = match node.value {
                    Value::Null => None,
                    Value::Bool(_)
                    | Value::Int(_)
                    | Value::Float(_)
                    | Value::Text(_)
                    | Value::List(_)
                    | Value::Map(_) => reader.seconds(node, &key_path, 0, "use null to wait for a person"),
                };
            }
            "on_timeout" => {
                on_timeout_at = Some(node.at);
                policy.on_timeout = on_timeout(reader, node, &key_path).unwrap_or_default();
            }
            "max_hold_s" => {
                let hint = "write the most seconds that persons may add; 0 lets nobody stop the timer";
                policy.max_hold_s = reader.seconds(node, &key_path, 0, hint).unwrap_or(policy.max_hold_s);
            }
            later if KEYS_LATER.contains(&later) => {
                let hint = "take it out: holdpoint refuses what it would not enforce";
                reader.error(entry.key_at, &key_path, format!("{later} is not built yet"), hint);
            }
            "overdue_grace_s" => {
                let hint = "move it to pipeline.overdue_grace_s, where it counts for all gates";
                reader.error(entry.key_at, &key_path, "a gate has no grace of its own", hint);
            }
            _ => reader.unknown_key(entry, path, "a gate", &keys::under("gates.*")),
        }
    }
    // Advice about a gate that is refused anyway would only hide why.
    if reader.error_count() == errors_before {
        doubts(reader, &policy, path, auto_at, after_at, on_timeout_at);
    }
    policy
}

fn on_timeout(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<OnTimeout> {
    let all = [OnTimeout::Approve, OnTimeout::Reject, OnTimeout::Hold];
    let text = match &node.value {
        Value::Text(text) => text.as_str(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => "",
    };
    if let Some(found) = all.into_iter().find(|word| word.as_str() == text) {
        return Some(found);
    }
    let hint = match near_miss(text, all.map(OnTimeout::as_str)) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "write approve, reject or hold".to_owned(),
    };
    reader.error(
        node.at,
        path,
        format!("{} is not what a timer can do", describe(node, Show::Value)),
        hint,
    );
    None
}

/// What is lawful and probably not meant.
fn doubts(
    reader: &mut ProblemCollector,
    policy: &GatePolicy,
    path: &Path,
    auto_at: SourcePosition,
    after_at: Option<SourcePosition>,
    on_timeout_at: Option<SourcePosition>,
) {
    let after_path = path.key("auto_approve_after_s");
    match (policy.rule(), policy.auto_approve_after_s, after_at) {
        (GateRule::Person, Some(_), Some(at)) => {
            let message = "this is ignored: auto_approve is false, so a person must decide";
            reader.warning(at, &after_path, message, "set auto_approve: true, or write null here");
        }
        (GateRule::Pass, Some(_), Some(at)) => {
            let message = "this is ignored: with required and auto_approve false the stage passes without a gate";
            reader.warning(
                at,
                &after_path,
                message,
                "set auto_approve: true to wait so long for a person",
            );
        }
        (GateRule::Person, None, _) if policy.auto_approve => {
            let message = "null never fires: a person must decide";
            let hint = "write the seconds to wait, or auto_approve: false to say the same";
            reader.warning(after_at.unwrap_or(auto_at), &after_path, message, hint);
        }
        (
            GateRule::Timer {
                after_s: 0,
                on_timeout: OnTimeout::Approve,
            },
            Some(_),
            Some(at),
        ) => {
            let message = "0 approves as soon as the gate opens: nobody can look first";
            reader.warning(
                at,
                &after_path,
                message,
                "write the seconds to wait, or null to wait for a person",
            );
        }
        (GateRule::Person | GateRule::Pass | GateRule::Timer { .. }, _, _) => {}
    }
    if let (GateRule::Person | GateRule::Pass, Some(at)) = (policy.rule(), on_timeout_at) {
        let message = "this is ignored: the gate has no timer";
        let hint = "a timer needs auto_approve: true and the seconds in auto_approve_after_s";
        reader.warning(at, &path.key("on_timeout"), message, hint);
    }
}
