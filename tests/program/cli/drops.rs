//! Gates opened by files dropped into a run directory, for pipelines without any client (SPEC §8).

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use notify::event::{AccessKind, EventKind};
use notify::{RecursiveMode, Watcher};
use serde_json::{Value, json};

use crate::support::beside::Beside;
use crate::support::run::Workspace;
use crate::support::said::assert_contains;

const OPEN: &str = "runs/nightly-17/gates/script.open.json";
const ERROR: &str = "runs/nightly-17/gates/script.open.error.json";
const ARTIFACT: &str = "runs/nightly-17/artifacts/script/script.md";

fn request(attempt: u32) -> String {
    json!({ "attempt": attempt, "artifacts": [{ "kind": "script", "path": "artifacts/script/script.md" }] }).to_string()
}

/// Waits until the leader refuses; what it says stands in the file that the pipeline looks for.
#[track_caller]
fn refusal(workspace: &Workspace, leader: &mut Beside) -> Value {
    leader.line_with("nightly-17/gates/script.open.json: ");
    let document = workspace.read(ERROR);
    fs::remove_file(workspace.root().join(ERROR)).expect("it is there");
    let is_left = workspace.root().join(OPEN).exists();
    assert!(!is_left, "what was refused is not left to be refused again");
    serde_json::from_str(&document).unwrap_or_else(|error| panic!("{error}: {document}"))
}

#[test]
fn a_dropped_file_opens_a_gate_and_the_next_attempt() {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    // One lies there before anybody leads, the other comes while somebody does.
    workspace.write(ARTIFACT, "Low tide is at noon.\n");
    workspace.write(OPEN, request(1));
    let mut leader = Beside::leader(&workspace);
    leader.line_with("script #1 waits");
    // From the database: the files follow the commit.
    let event = workspace.first_event("nightly-17", "gate_opened");
    assert_eq!(event["payload"]["attempt"], 1, "{event}");
    let shown = workspace.json("gate show nightly-17 script");
    assert_eq!(shown["artifacts"][0]["path"], "artifacts/script/script.md");
    workspace.ok("gate reject nightly-17 script --notes 'too dry'");

    workspace.write(ARTIFACT, "Low tide is at noon: bring boots.\n");
    workspace.write(OPEN, request(2));
    leader.line_with("script #2 waits");
    workspace.ok("gate approve nightly-17 script");
    assert_eq!(
        workspace.decision_of_attempt("nightly-17", "script", 1)["approved"],
        false
    );
    assert_eq!(
        workspace.decision_of_attempt("nightly-17", "script", 2)["approved"],
        true
    );
    workspace.ok("decisions verify");

    // Nobody waits for ever at the gate of a job that is over.
    workspace.ok("job complete nightly-17");
    leader.line_with("job_completed");
    workspace.write(OPEN, request(3));
    let refusal = refusal(&workspace, &mut leader);
    assert_eq!(refusal["error"]["code"], "wrong_state", "{refusal}");
}

#[test]
fn a_directory_made_while_somebody_leads_is_found() {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    let mut leader = Beside::leader(&workspace);
    workspace.write(ARTIFACT, "Low tide is at noon.\n");
    fs::create_dir_all(workspace.run_directory("nightly-17").join("gates")).unwrap();
    // Still being written when another file brings the directory up: it is waited for, and loses
    // nothing.
    let mut half = fs::File::create(workspace.root().join(OPEN)).unwrap();
    let whole = request(1);
    half.write_all(&whole.as_bytes()[..20]).unwrap();
    workspace.write("runs/nightly-17/gates/audio.open.json", request(1));
    leader.line_with("audio #1 waits");
    half.write_all(&whole.as_bytes()[20..]).unwrap();
    drop(half);
    leader.line_with("script #1 waits");
    assert!(!workspace.root().join(ERROR).exists());
}

#[test]
fn what_is_refused_says_why_and_reads_nothing_outside() {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    let mut leader = Beside::leader(&workspace);
    workspace.write(ARTIFACT, "Low tide is at noon.\n");
    workspace.write("secret.txt", "secret\n");
    symlink(
        workspace.root().join("secret.txt"),
        workspace.run_directory("nightly-17").join("artifacts/link.txt"),
    )
    .unwrap();
    let of = |path: &str| json!({ "attempt": 1, "artifacts": [{ "kind": "script", "path": path }] }).to_string();
    for (text, code, place) in [
        (request(7), "invalid", "attempt"),
        (of("../../secret.txt"), "invalid", "artifacts[0].path"),
        (of("artifacts/link.txt"), "invalid", "artifacts[0].path"),
        (of("artifacts/none.txt"), "invalid", "artifacts[0].path"),
        ("{\"attempt\": 1, \"artif".to_owned(), "invalid", "line 1 column 21"),
        ("{}".to_owned(), "invalid", "line 1 column 2"),
    ] {
        workspace.write(OPEN, &text);
        let refusal = refusal(&workspace, &mut leader);
        assert_eq!(refusal["error"]["code"], code, "{text}: {refusal}");
        assert_eq!(refusal["error"]["where"], place, "{text}: {refusal}");
        assert_eq!(refusal["request"], text);
    }
    // A directory of that name is no file, and no later one of its stage waits behind it.
    fs::create_dir(workspace.root().join(OPEN)).unwrap();
    workspace.write("runs/nightly-17/gates/audio.open.json", request(7));
    leader.line_with("nightly-17/gates/audio.open.json: ");
    assert!(!workspace.root().join(ERROR).exists());
    fs::remove_dir(workspace.root().join(OPEN)).unwrap();
    let link = workspace.root().join("link");
    symlink(workspace.root().join("secret.txt"), &link).unwrap();
    fs::rename(link, workspace.root().join(OPEN)).unwrap();
    let refusal = refusal(&workspace, &mut leader);
    assert!(!refusal.to_string().contains("secret\\n"), "{refusal}");
    assert_eq!(workspace.json("gate list"), json!([]));
    assert_eq!(workspace.json("job list"), json!([]));
}

#[test]
fn what_lies_in_a_wrong_place_is_told_once() {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    let run_directory = workspace.run_directory("nightly-17");
    fs::create_dir_all(&run_directory).unwrap();
    let mut leader = Beside::leader(&workspace);
    // Before there is a gates/: this is where the file is easily put by mistake.
    workspace.write("runs/nightly-17/script.open.json", request(1));
    let line = leader.line_with("nightly-17/script.open.json: no gate is opened");
    assert_contains(&line, "move it to gates/STAGE.open.json");

    workspace.write("runs/nightly-17/gates/sub/script.open.json", request(1));
    workspace.write("runs/nightly-17/gates/Bad\u{1b}Stage.open.json", request(1));
    fs::create_dir(run_directory.join("gates/audio.open.json")).unwrap();
    // Each of them brings the job up once more, and so do these two, which lie where they belong.
    let mut said = String::new();
    for name in ["script", "audio2"] {
        workspace.write(&format!("runs/nightly-17/gates/{name}.open.json"), request(7));
        while !said.contains(&format!("nightly-17/gates/{name}.open.json: ")) {
            said.push_str(&leader.line_with(""));
        }
    }
    for (place, count) in [
        ("nightly-17/script.open.json: ", 0),
        ("nightly-17/gates/sub/script.open.json: no gate", 1),
        ("nightly-17/gates/Bad\\u{1b}Stage.open.json: no gate", 1),
        (
            "nightly-17/gates/audio.open.json: no gate is opened: it is a directory",
            1,
        ),
    ] {
        assert_eq!(said.matches(place).count(), count, "{place}\n{said}");
    }
}

#[test]
fn what_lies_below_a_name_that_no_job_can_have_is_told_once_and_so_is_what_lies_beside_the_jobs() {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    // One lies there before anybody leads; into the other it is dropped later.
    workspace.write("runs/v1.2.3/gates/script.open.json", request(1));
    fs::create_dir_all(workspace.root().join("runs/v1.2.4")).unwrap();
    let mut leader = Beside::leader(&workspace);
    let line = leader.line_with("v1.2.3/gates/script.open.json: no gate is opened");
    assert_contains(&line, "a job id is 1 to 100 letters");
    workspace.write("runs/v1.2.4/gates/script.open.json", request(1));
    leader.line_with("v1.2.4/gates/script.open.json: no gate is opened");
    // The third directory did not exist before.
    workspace.write("runs/new job/script.open.json", request(1));
    leader.line_with("new job/script.open.json: no gate is opened");
    workspace.write("runs/nightly-17.open.json", request(1));
    let line = leader.line_with("nightly-17.open.json: no gate is opened: it lies in no job's directory");
    assert_contains(&line, "JOB/gates/STAGE.open.json");
    // It is looked at once more, and what lay there is not told again.
    workspace.write("runs/v1.2.3/gates/audio.open.json", request(1));
    let line = leader.line_with("v1.2.3/");
    assert_contains(&line, "audio.open.json");
    assert_eq!(workspace.json("gate list"), json!([]));
}

/// A manual job has nothing in the queue between its gates: whoever leads next looks for its files
/// all the same.
#[test]
fn the_next_leader_finds_files_of_a_job_that_is_between_two_gates() {
    let workspace = Workspace::new("gates: {script: {required: true}, audio: {required: true}}\n");
    let mut first = Beside::leader(&workspace);
    workspace.write(ARTIFACT, "Low tide is at noon.\n");
    workspace.write(OPEN, request(1));
    first.line_with("script #1 waits");
    workspace.ok("gate approve nightly-17 script");
    first.leaves();
    let mut next = Beside::leader(&workspace);
    // Any look that comes with the start is over: this job's file was answered.
    workspace.write("runs/other/gates/script.open.json", request(7));
    next.line_with("other/gates/script.open.json: ");
    workspace.write("runs/nightly-17/gates/audio.open.json", request(1));
    next.line_with("audio #1 waits");
}

/// More directories than are watched: they are looked at in rounds, and what has not changed is not
/// opened again and again.
#[test]
fn directories_that_do_not_change_are_opened_no_more_than_twice_however_often_the_round_passes() {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    for number in 0..2_100 {
        fs::create_dir_all(workspace.run_directory(&format!("j-{number}")).join("gates")).unwrap();
    }
    // With a state it is not taken for a new one, and found by the round alone.
    workspace.write("runs/marker/state.json", "{}");
    fs::create_dir(workspace.run_directory("marker").join("gates")).unwrap();

    let opened = Arc::new(Mutex::new(BTreeMap::<PathBuf, usize>::new()));
    let count = Arc::clone(&opened);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let event = event.unwrap();
        if matches!(event.kind, EventKind::Access(AccessKind::Open(_))) {
            *count.lock().unwrap().entry(event.paths[0].clone()).or_default() += 1;
        }
    })
    .unwrap();
    let is_sampled = |number: &usize| number.is_multiple_of(20);
    let sample: Vec<PathBuf> = (0..2_100)
        .filter(is_sampled)
        .map(|number| workspace.run_directory(&format!("j-{number}")).join("gates"))
        .collect();
    for path in &sample {
        watcher.watch(path, RecursiveMode::NonRecursive).unwrap();
    }
    let mut leader = Beside::leader(&workspace);
    for _ in 0..4 {
        // Between two answers the round has passed every directory.
        workspace.write("runs/marker/gates/script.open.json", request(7));
        leader.line_with("marker/gates/script.open.json: ");
    }
    let opened = opened.lock().unwrap();
    assert_eq!(opened.len(), sample.len(), "each was looked into at the start");
    let often: Vec<_> = opened.iter().filter(|(_, times)| **times > 2).collect();
    assert_eq!(often, []);
}

#[test]
fn a_file_waits_for_a_decision_that_may_be_taken_back_and_is_told_which_number_is_free_after_that() {
    let workspace = Workspace::new("gates: {script: {recall_s: 600}}\n");
    workspace.write(ARTIFACT, "Low tide is at noon.\n");
    workspace.write(OPEN, request(1));
    let mut leader = Beside::leader(&workspace);
    leader.line_with("script #1 waits");
    workspace.ok("gate approve nightly-17 script");
    workspace.ok("gate recall nightly-17 script");
    leader.line_with("script #2 waits");

    // The pipeline counts what it asked for; the second gate stands for its first file.
    let request = |attempt| request(attempt).replace("script.md", "boots.md");
    workspace.write(
        &ARTIFACT.replace("script.md", "boots.md"),
        "Low tide is at noon: bring boots.\n",
    );
    for asked in [1, 2] {
        workspace.write(OPEN, request(asked));
        let refused = refusal(&workspace, &mut leader);
        let why = refused["error"]["message"].as_str().expect("it says why");
        let taken_back = [
            "decision was taken back, and 2 opened in its place",
            "opened in the place of 1, whose decision was taken back",
        ];
        assert_contains(why, taken_back[asked as usize - 1]);
        assert_eq!(refused["error"]["hint"], "write \"attempt\": 3");
    }
    workspace.ok("gate approve nightly-17 script");
    workspace.write(OPEN, request(3));
    // What is tried again and again says nothing: another file is taken meanwhile.
    let other = OPEN.replace("nightly-17", "nightly-18");
    let artifact = "runs/nightly-18/artifacts/script/boots.md";
    workspace.write(artifact, "High tide is at six.\n");
    workspace.write(&other, request(1));
    leader.line_with("script #1 waits");
    assert!(!workspace.root().join(ERROR).exists(), "it is not refused");
    workspace.set_clocks(600, 600);
    leader.line_with("script #3 waits");
    // What it owes is written before it ends.
    leader.leaves();
    assert_eq!(
        workspace.decision_of_attempt("nightly-17", "script", 2)["approved"],
        true
    );
}
