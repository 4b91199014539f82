//! What the timers will do while nobody does anything, as the command and HTTP tell it.

use serde_json::{Value, json};

use crate::http::shapes::Shapes;
use crate::support::client::{GATES, configuration, serving_on};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, assert_starts};

const NIGHT: &str = "\
pipeline: {stages: [{name: script}, {name: research}, {name: release}, {name: film, command: [make]}]}
gates:
  script: {auto_approve: true, auto_approve_after_s: 3600, max_hold_s: 600}
  release: {auto_approve: true, auto_approve_after_s: 1800, on_timeout: reject}
";

/// Microseconds from one time of a document to another.
fn us_between(from: &Value, to: &Value) -> i64 {
    let micros = |time: &Value| domain::time::Timestamp::parse(time.as_str().unwrap()).unwrap().micros();
    micros(to) - micros(from)
}

#[test]
fn one_gate_after_the_other_ends_as_its_policy_says() {
    let workspace = Workspace::new(NIGHT);
    workspace.ok("job start --slug tides --id j-1");
    let gate = workspace.json("gate show j-1 script");
    let told = workspace.json("forecast --until 2h");
    let ends = told["ends"].as_array().unwrap();
    assert_eq!(ends.len(), 2, "{told}");
    assert_has!(ends[0], "job_id": "j-1", "slug": "tides", "stage": "script", "attempt": 1,
        "verdict": "approves", "seen_by": [], "auto_approve_after_s": 3600, "on_timeout": "approve");
    // Both clocks must have come to it.
    assert!(
        (0..1000).contains(&us_between(&gate["deadline"], &ends[0]["at"])),
        "{gate} {told}"
    );
    assert_eq!(
        ends[0]["sentences"],
        json!([
            "Stage research passes: it has no command and no gate.",
            "Then gate release #1 opens: the timer will reject after 30:00."
        ])
    );
    assert_has!(ends[1], "stage": "release", "verdict": "rejects", "sentences": ["The job pauses."]);
    assert_eq!(us_between(&ends[0]["at"], &ends[1]["at"]), 1_800_000_000);
    // Nothing of it has happened.
    assert_eq!(workspace.json("gate show j-1 script")["state"], "open");

    let (shown, said) = workspace.run("forecast --until 80m", 0);
    assert_eq!((shown.lines().count(), said.as_str()), (2, ""), "{shown}");
    assert_contains(&shown, "approves  nobody   approve after 1h00m");
    let (shown, said) = workspace.run("forecast --until 10m", 0);
    assert_eq!(shown, "");
    assert_starts(&said, "No timer ends before ");
}

#[test]
fn a_hold_ends_as_it_ends_by_the_rules_and_a_person_decides_where_no_timer_does() {
    let workspace = Workspace::new(NIGHT);
    workspace.ok("job start --slug tides --id j-1");
    workspace.ok("gate hold j-1 script");
    let gate = workspace.json("gate show j-1 script");
    let told = workspace.json("forecast");
    let late_us = us_between(&gate["opened_at"], &told["ends"][0]["at"]);
    // The hold began after the gate had opened, and may take ten minutes.
    assert!((4_199_000_000..4_260_000_000).contains(&late_us), "{late_us}");

    workspace.write(
        "day.yaml",
        "pipeline: {stages: [{name: script}]}\ngates: {script: {required: true}}\n",
    );
    let told = workspace.json("forecast --policy day.yaml");
    assert_has!(told, "ends": [], "unasked": []);
    workspace.write("none.yaml", "pipeline: {stages: [{name: script}]}\n");
    let told = workspace.json("forecast --policy none.yaml");
    assert_has!(told, "ends": [], "unasked": [{"job_id": "j-1", "stage": "script", "attempt": 1}]);
    let said = workspace.run("forecast --policy none.yaml", 0).1;
    assert_contains(&said, "j-1 / script #1: no gate would be asked for\n");
    workspace.write(
        "soon.yaml",
        "gates: {script: {auto_approve: true, auto_approve_after_s: 60, on_timeout: hold}}\n",
    );
    workspace.ok("job start --slug dunes --id j-2");
    let opened = workspace.json("gate show j-2 script");
    let told = workspace.json("forecast --policy soon.yaml");
    let of_dunes = told["ends"]
        .as_array()
        .unwrap()
        .iter()
        .find(|end| end["job_id"] == "j-2")
        .unwrap();
    let after_us = us_between(&opened["opened_at"], &of_dunes["at"]);
    assert!((59_999_000..61_000_000).contains(&after_us), "{after_us}");
    assert_has!(told["ends"][0], "verdict": "holds", "auto_approve_after_s": 60);
    assert_eq!(
        told["ends"][0]["sentences"],
        json!(["Then the time is up, and only a person decides."])
    );
}

#[test]
fn stages_that_start_in_one_night_stand_in_one_line() {
    let workspace = Workspace::new(
        "pipeline: {max_concurrent_jobs: 2, stages: [{name: script}, {name: film, command: [make]}]}\n\
         gates: {script: {auto_approve: true, auto_approve_after_s: 3600}}\n",
    );
    for id in ["j-1", "j-2", "j-3", "j-4"] {
        workspace.ok(&format!("job start --slug tides --id {id}"));
    }
    // One of them waits for its start already: nobody leads.
    workspace.ok("gate approve j-1 script");
    let told = workspace.json("forecast --until 2h");
    let said: Vec<_> = told["ends"]
        .as_array()
        .unwrap()
        .iter()
        .map(|end| end["sentences"].clone())
        .collect();
    let waits = |ahead: &str| {
        json!([
            format!(
                "Then stage film #1 waits for a free slot: {ahead} before it, 2 may run at once (max_concurrent_jobs)."
            ),
            "Stages that end before that are not foreseen.",
        ])
    };
    assert_eq!(
        said,
        [
            json!(["Then stage film starts."]),
            waits("2 stages come"),
            waits("3 stages come"),
        ]
    );
    let slots = told["ends"][2]["facts"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|fact| fact.get("slots"));
    assert_eq!(slots, Some(&json!({ "ahead": 3, "limit": 2 })), "{told}");
}

#[test]
fn what_is_asked_for_wrongly_is_named() {
    let workspace = Workspace::new(NIGHT);
    let said = workspace.refused("forecast --until yesterday", 1);
    assert_eq!(
        said,
        "Not foreseen: \"yesterday\" is no time to look ahead to: write 08:00 (UTC), 12h, or 2026-11-30T08:00:00Z\n"
    );
    let said = workspace.refused("forecast --until 169h", 1);
    assert_contains(&said, " is more than 7 days ahead\n");
    workspace.ok("forecast --until 168h");
    workspace.write("broken.yaml", "gates: {script: {auto_approve: perhaps}}\n");
    let said = workspace.refused("forecast --policy broken.yaml", 1);
    assert_contains(&said, "\nNot foreseen: broken.yaml has 1 fault   hint: ");
}

#[test]
fn over_http_it_is_the_same() {
    let text = configuration(NIGHT.split("gates:").next().unwrap());
    let gates = &NIGHT[NIGHT.find("gates:").unwrap()..];
    let (workspace, _served, ana) = serving_on(Workspace::new(&text.replace(GATES, gates)));
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    let told = shapes.get("/api/v1/forecast?until=2h", 200);
    let by_command = workspace.json("forecast --until 2h");
    let without_times = |told: &Value| {
        let ends = told["ends"].as_array().unwrap().iter().cloned();
        ends.map(|mut end| end.as_object_mut().unwrap().remove("at").map(|_| end))
            .collect::<Vec<_>>()
    };
    assert_eq!(without_times(&told), without_times(&by_command));
    assert_has!(told["ends"][1], "job_id": id, "verdict": "rejects");
    let refused = ana.get("/api/v1/forecast?until=never").expect(422);
    assert_contains(&refused.to_string(), "is no time to look ahead to");
    let refused = ana.get("/api/v1/forecast?until=169h").expect(422);
    assert_contains(&refused.to_string(), "is more than 7 days ahead");
}
