//! `doctor --rebuild`: a lost database gives the same answers as before.

use serde_json::Value;
use store::Reader;

use super::story;
use crate::support::beside::Beside;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_starts};

/// Takes out what depends on the moment of asking.
fn timeless(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for key in ["time_remaining", "time_elapsed"] {
                    map.remove(key);
                }
                map.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

/// What every command that only looks says with `--json`, and what the console's queue holds.
fn answers(workspace: &Workspace, jobs: &[&str]) -> Vec<(String, Value)> {
    let mut asked: Vec<String> = ["job list", "gate list", "decisions list", "decisions head"]
        .map(str::to_owned)
        .into();
    for job in jobs {
        asked.push(format!("job show {job}"));
        asked.push(format!("decisions list {job}"));
        for stage in ["outline", "script", "acceptance"] {
            asked.extend(["gate show", "gate diff", "decisions show"].map(|look| format!("{look} {job} {stage}")));
        }
        asked.push(format!("patch check {job} script fix.json"));
    }
    let answer = |asked: String| {
        let output = workspace.under(&[], &format!("{asked} --json"));
        let text = if output.stdout.is_empty() {
            output.stderr
        } else {
            output.stdout
        };
        let told = serde_json::from_slice(&text).unwrap_or_else(|_| String::from_utf8(text).unwrap().into());
        (asked, timeless(told))
    };
    let mut answers: Vec<_> = asked.into_iter().map(answer).collect();
    for job in jobs {
        answers.push((
            format!("events {job}"),
            workspace.json_lines(&format!("events {job}")).into(),
        ));
    }
    let reader = Reader::open(&workspace.runs()).unwrap();
    let mut queue: Vec<_> = reader.queue().unwrap().iter().map(|row| format!("{row:?}")).collect();
    queue.sort();
    answers.push(("the queue".to_owned(), queue.into()));
    answers
}

fn same(after: Vec<(String, Value)>, before: Vec<(String, Value)>) {
    for (after, before) in after.into_iter().zip(before) {
        assert_eq!(after, before);
    }
}

const JOBS: [&str; 3] = ["j-17", "m-1", "p-1"];

fn rich() -> Workspace {
    let workspace = story::told();
    workspace.ok("job start --slug paused --id p-1");
    workspace.ok("gate reject p-1 outline --notes again");
    workspace.ok("job start --slug gone --id x-1");
    workspace.ok("job cancel x-1");
    workspace
}

#[test]
fn a_lost_database_gives_the_same_answers_when_it_was_made_again() {
    let workspace = rich();
    let before = answers(&workspace, &JOBS);
    workspace.lose_database();
    let said = workspace.refused("job list", 1);
    assert_contains(&said, "holdpoint.db is missing");
    assert_contains(&said, "holdpoint doctor --rebuild");
    let said = workspace.ok("doctor --rebuild");
    assert_starts(&said, "runs/holdpoint.db made again: 4 jobs, ");
    assert_contains(&said, "\nSound: 5 decisions, ");
    same(answers(&workspace, &JOBS), before);

    // The chain and the numbers of events go on where they were.
    let newest = |job: &str| workspace.events(job).last().unwrap()["seq"].as_u64().unwrap();
    let last = newest("x-1");
    let decided = workspace.json("gate approve j-17 script");
    assert_eq!(decided["decision"]["seq"], 6);
    assert!(newest("j-17") > last);
    let said = workspace.refused("doctor --rebuild", 1);
    assert_contains(&said, "holdpoint.db is there and sound");
    assert_starts(&workspace.ok("decisions verify"), "Sound: 6 decisions");
}

#[test]
fn a_removed_run_directory_does_not_break_the_chain_of_a_database_made_again() {
    let workspace = rich();
    std::fs::remove_dir_all(workspace.run_directory("m-1")).unwrap();
    workspace.lose_database();
    let said = workspace.ok("doctor --rebuild");
    assert_contains(&said, "note: decision 4 of m-1 is known by its hash only");
    assert_contains(&said, "\nSound: 2 decisions, ");
    let decided = workspace.json("gate approve j-17 script");
    assert_eq!(decided["decision"]["seq"], 6);
    assert_contains(&workspace.ok("decisions verify"), "\nSound: 3 decisions");
    // And where the newest decision of all is the one that is gone.
    std::fs::remove_dir_all(workspace.run_directory("j-17")).unwrap();
    workspace.lose_database();
    workspace.ok("doctor --rebuild");
    workspace.ok("job resume p-1");
    let decided = workspace.json("gate approve p-1 outline");
    assert_eq!(decided["decision"]["seq"], 7);
}

#[test]
fn what_was_not_yet_published_is_the_exception() {
    let workspace = rich();
    let before = answers(&workspace, &JOBS);
    let crash = workspace.under(&[("HOLDPOINT_CRASH_AT", "after_commit")], "gate approve j-17 script");
    assert_eq!(crash.status.code(), None);
    workspace.lose_database();
    workspace.ok("doctor --rebuild");
    same(answers(&workspace, &JOBS), before);

    // A crash between the log of events and the rest: the log goes on beyond the state.
    let state = workspace.read("runs/j-17/state.json");
    workspace.ok("gate approve j-17 script");
    let beyond = workspace.events("j-17").last().unwrap()["seq"].as_u64().unwrap();
    workspace.write("runs/j-17/state.json", state);
    std::fs::remove_file(workspace.run_directory("j-17").join("gates/script.1.json")).unwrap();
    std::fs::remove_file(workspace.run_directory("j-17").join("gates/script.json")).unwrap();
    workspace.lose_database();
    let said = workspace.ok("doctor --rebuild");
    assert_contains(&said, "note: decision 6 of j-17 is known by its hash only");
    let decided = workspace.json("gate approve j-17 script");
    assert_eq!(decided["decision"]["seq"], 7, "no number is given twice");
    let events = workspace.events("j-17");
    assert_eq!(
        events
            .iter()
            .filter(|event| event["type"] == "gate_auto_approved" || event["type"] == "gate_approved")
            .count(),
        2
    );
    assert!(events.last().unwrap()["seq"].as_u64().unwrap() > beyond);
    assert!(
        workspace
            .read("runs/.aside/j-17.events.jsonl.1")
            .contains(&format!("\"seq\":{beyond},"))
    );
    assert_contains(&workspace.ok("decisions verify"), "\nSound: 6 decisions");
}

#[test]
fn a_damaged_database_is_moved_aside_and_never_deleted() {
    let workspace = rich();
    let before = answers(&workspace, &JOBS);
    for (round, is_header) in [(1, true), (2, false)] {
        let path = workspace.runs().join("holdpoint.db");
        workspace.checkpoint();
        let mut bytes = std::fs::read(&path).unwrap();
        let from = if is_header { 0 } else { 4096 };
        let end = if is_header { 100 } else { bytes.len() };
        bytes[from..end].fill(0x5a);
        workspace.write("runs/holdpoint.db", &bytes);
        let said = workspace.refused("job list", 1);
        assert_contains(&said, "hint: holdpoint doctor tells what is damaged");
        let said = workspace.told("doctor", 1);
        assert_contains(&said, "holdpoint doctor --rebuild --replace");
        let said = workspace.refused("doctor --rebuild", 1);
        assert_contains(&said, "is there, and damaged");
        assert_contains(&said, "--replace moves it aside");
        let said = workspace.ok("doctor --rebuild --replace");
        assert_starts(
            &said,
            &format!("the damaged database is now runs/holdpoint.db.damaged-{round}\n"),
        );
        assert_eq!(
            std::fs::read(workspace.runs().join(format!("holdpoint.db.damaged-{round}"))).unwrap(),
            bytes
        );
        same(answers(&workspace, &JOBS), before.clone());
    }
}

#[test]
fn nobody_makes_a_database_again_under_the_hands_of_others() {
    let workspace = rich();
    let serve = Beside::leader(&workspace);
    workspace.lose_database();
    let said = workspace.refused("doctor --rebuild", 1);
    assert_contains(&said, "another holdpoint has it open");
    assert_contains(&said, "stop holdpoint serve");
    drop(serve);
    workspace.ok("doctor --rebuild");
}

#[test]
fn a_damaged_copy_is_told_and_the_other_taken() {
    let workspace = rich();
    let text = workspace.read("runs/p-1/gates/outline.1.json");
    workspace.write("runs/p-1/gates/outline.1.json", text.replace("again", "at gain"));
    let text = workspace.read("runs/m-1/gates/script.1.json");
    workspace.write("runs/m-1/gates/script.1.json", text.replace("mind", "mend"));
    workspace.lose_database();
    let said = workspace.told("doctor --rebuild", 1);
    assert_contains(&said, "left out: m-1/gates/script.1.json: it is no intact decision");
    assert_contains(&said, "note: decision 2 of m-1 is known by its hash only");
    assert!(
        said.contains("p-1/gates/outline.1.json:6:14: notes: it reads \"t gain"),
        "the stage's newest file had it whole: {said}"
    );
    let notes = workspace.json("decisions show p-1 outline")["notes"].clone();
    assert_eq!(notes, "again");
}
