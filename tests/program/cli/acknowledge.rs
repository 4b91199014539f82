//! A job that failed, noted on the command line.

use serde_json::{Value, json};

use crate::support::beside::{Beside, wait_for};
use crate::support::run::Workspace;
use crate::support::said::{assert_has, assert_starts};

const FAILS: &str = "\
pipeline: {stages: [{name: script, command: [/bin/sh, -c, exit 3]}]}
gates: {script: {required: true}}
";

#[test]
fn a_failed_job_is_noted_in_words_and_in_json_and_only_once() {
    let workspace = Workspace::new(FAILS);
    let serve = Beside::leader(&workspace);
    for id in ["j-1", "j-2"] {
        workspace.ok(&format!("job start --id {id} --slug tides"));
        wait_for(&workspace, id, "job_failed", 0);
        assert_eq!(workspace.json(&format!("job show {id}")).get("acknowledged_at"), None);
    }
    let (stdout, stderr) = workspace.run("job acknowledge j-1", 0);
    assert_eq!(
        (stdout.as_str(), stderr.as_str()),
        ("Job j-1 acknowledged\nJob j-1 is failed\n", "")
    );
    let document = workspace.json("job acknowledge j-2");
    assert_eq!(
        document,
        json!({"message": "Job j-2 acknowledged", "job_id": "j-2", "job_status": "failed", "job_stage": "script", "published": true})
    );
    let noted = workspace.json("job show j-1")["acknowledged_at"].clone();
    assert!(noted.is_string(), "{noted}");
    // Whoever comes second changes nothing.
    workspace.ok("--operator bea job acknowledge j-1");
    assert_eq!(workspace.json("job show j-1")["acknowledged_at"], noted);
    let (_, said) = serve.leaves();
    let events: Vec<Value> = workspace.events("j-1");
    let of_kind = events.iter().filter(|event| event["type"] == "job_acknowledged");
    assert_eq!(of_kind.count(), 1, "{said}");
    workspace.ok("decisions verify");
    // A database that is made anew knows it as well.
    std::fs::remove_file(workspace.runs().join("holdpoint.db")).expect("it is there");
    workspace.ok("doctor --rebuild");
    assert_eq!(workspace.json("job show j-1")["acknowledged_at"], noted);
}

#[test]
fn what_has_not_failed_is_refused_with_what_to_do() {
    let workspace = Workspace::new(FAILS);
    workspace.ok("job start --manual --id j-1 --slug tides");
    let (stdout, stderr) = workspace.run("job acknowledge j-1", 1);
    let hint = "   hint: holdpoint job list --status failed shows those that have\n";
    assert_eq!(
        (stdout, stderr),
        (
            String::new(),
            format!("Not acknowledged: job j-1 has not failed: it is running{hint}")
        )
    );
    let output = workspace
        .cmd(&["job", "acknowledge", "j-1", "--json"])
        .output()
        .unwrap();
    let failure: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_has!(failure, "error/code": "wrong_state", "error/where": "j-1");
    let stderr = workspace.refused("job acknowledge j-9", 6);
    assert_starts(&stderr, "Not acknowledged: there is no job j-9   hint: ");
    let types = workspace.event_types("j-1");
    assert!(!types.contains(&"job_acknowledged".to_owned()), "{types:?}");
}
