//! What must be so after the storm.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::crowd::Crowd;
use crate::support::run::{Workspace, printed};

/// Panics where the record is not what everybody was told; else says what was compared.
pub fn of(crowd: &Crowd) -> String {
    let workspace = crowd.workspace();
    let hosts = || crowd.hosts.iter().map(|host| &host.workspace);
    hosts().for_each(assert_sound);
    if crowd.is_on_several() {
        // Of jobs that were over before, the host that leads has what it wrote itself; this writes the
        // rest, and leaves what somebody wrote to an artifact (1).
        for workspace in hosts() {
            let output = workspace.command(&["export", "--all"]).output().unwrap();
            assert!(matches!(output.status.code(), Some(0 | 1)), "{}", printed(&output));
        }
        hosts().for_each(assert_sound);
    }
    let decisions = workspace.json("decisions list");
    let decisions = decisions.as_array().unwrap();
    let mut by_gate: BTreeMap<(String, String, u64), &Value> = BTreeMap::new();
    let mut by_note: BTreeMap<&str, &Value> = BTreeMap::new();
    for decision in decisions {
        let text = |key: &str| decision[key].as_str().unwrap_or_default().to_owned();
        let gate = (text("job_id"), text("stage"), decision["attempt"].as_u64().unwrap());
        assert!(
            by_gate.insert(gate.clone(), decision).is_none(),
            "{gate:?} is decided twice"
        );
        // Those of the timer are all the same.
        if let Some(note) = decision["notes"].as_str().filter(|note| note.starts_with("note-")) {
            assert!(by_note.insert(note, decision).is_none(), "{note} decided twice");
        }
    }
    for told in &crowd.told {
        let decision = by_note.get(told.note.as_str());
        let decision =
            decision.unwrap_or_else(|| panic!("{} was told that it decided, and is in no decision", told.note));
        assert_eq!(decision["approved"], told.is_approval, "{}", told.note);
    }
    let known: Vec<&str> = crowd.told.iter().map(|told| told.note.as_str()).collect();
    let unexplained: Vec<_> = by_note
        .keys()
        .filter(|note| !known.contains(*note) && !crowd.unheard.contains(**note))
        .collect();
    assert!(
        unexplained.is_empty(),
        "decided, though they were told otherwise: {unexplained:?}"
    );
    let told_outside = webhook(crowd, decisions);
    let ids = (1..=crowd.figures.jobs).map(|number| format!("j-{number}"));
    // The start of some was killed before they were there.
    let is_there = |id: &String| workspace.run_directory(id).join("state.json").exists();
    let ids: Vec<String> = ids.filter(is_there).collect();
    let mut statuses: BTreeMap<String, u32> = BTreeMap::new();
    for id in &ids {
        for workspace in hosts() {
            assert_files_are_as_recorded(workspace, id, decisions);
        }
        let status = workspace.state(id)["job"]["status"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        *statuses.entry(status).or_default() += 1;
        // Each attempt of the stage ran once at most, wherever.
        let runs: String = hosts()
            .map(|workspace| std::fs::read_to_string(workspace.run_directory(id).join("script.runs")))
            .map(Result::unwrap_or_default)
            .collect();
        let attempts: BTreeSet<_> = runs.lines().collect();
        assert_eq!(
            attempts.len(),
            runs.lines().count(),
            "{id}: an attempt ran twice: {runs:?}"
        );
    }
    let is_of_one = |decision: &&Value| ids.iter().any(|id| decision["job_id"] == id.as_str());
    let files = decisions.iter().filter(is_of_one).count();
    assert_eq!(files, decisions.len(), "jobs with decisions have no files");
    let by_timer = decisions
        .iter()
        .filter(|decision| decision["auto_approved"] == true)
        .count();
    format!(
        "{} decisions ({by_timer} by the timer), each in its file ({files}) and its event; {} told, {} unheard; {told_outside}; jobs: {statuses:?}",
        decisions.len(),
        crowd.told.len(),
        crowd.unheard.len()
    )
}

/// Nothing that was recorded here is lost, changed or owed.
fn assert_sound(workspace: &Workspace) {
    for arguments in [&["decisions", "verify", "--versions"][..], &["doctor"]] {
        let output = workspace.command(arguments).output().unwrap();
        let said = printed(&output);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert!(!said.contains("owed"), "{arguments:?}: {said}");
    }
}

/// The files of a job have its decisions, each once, as they were recorded.
fn assert_files_are_as_recorded(workspace: &Workspace, id: &str, decisions: &[Value]) {
    let of_job: Vec<_> = decisions.iter().filter(|decision| decision["job_id"] == id).collect();
    let kinds = workspace.event_types(id);
    let count = |wanted: &[&str]| kinds.iter().filter(|kind| wanted.contains(&kind.as_str())).count();
    let decided = count(&["gate_approved", "gate_rejected", "gate_auto_approved"]);
    assert_eq!(decided, of_job.len(), "{id}: events and decisions");
    assert!(count(&["job_completed"]) <= 1, "{id} completed twice");
    if workspace.state(id)["job"]["status"] == "completed" {
        let approved = count(&["gate_approved", "gate_auto_approved"]);
        assert!(approved >= 2, "{id} went through two gates with {approved} approvals");
    }
    for decision in of_job {
        let stage = decision["stage"].as_str().unwrap();
        let attempt = u32::try_from(decision["attempt"].as_u64().unwrap()).unwrap();
        assert_eq!(*decision, workspace.decision_of_attempt(id, stage, attempt));
    }
}

/// Every decision was told to the webhook, at least once, always with the same bytes (which is
/// compared when they come).
fn webhook(crowd: &Crowd, decisions: &[Value]) -> String {
    let mut told: BTreeMap<u64, &str> = BTreeMap::new();
    let mut again = 0;
    for (id, (bytes, times)) in &crowd.delivered {
        again += times - 1;
        let body: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(body["id"], id.as_str());
        if let Some(seq) = body["decision"]["seq"].as_u64() {
            assert!(told.insert(seq, id).is_none(), "decision {seq} was told under two ids");
        }
    }
    // A webhook hears of what happens once somebody has led: that is before any job was started.
    for decision in decisions {
        let seq = decision["seq"].as_u64().unwrap();
        assert!(told.contains_key(&seq), "decision {seq} was not told");
    }
    format!(
        "{} deliveries to the webhook, {again} of them again",
        crowd.delivered.len()
    )
}
