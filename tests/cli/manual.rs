//! Gates of an outside pipeline: `gate open` and `--wait`, with what others write printed safely.

use serde_json::{Value, json};

use super::beside::{Beside, Stream, run, wait_for};
use crate::support::run::Workspace;

fn workspace() -> Workspace {
    let workspace = Workspace::new("{}\n");
    workspace.write("out/script.txt", "Tip 1: breathe\nTip 2: rest");
    workspace.write("last/script.txt", "Tip 1: breathe\n");
    workspace
}

const OPEN: [&str; 8] = [
    "gate",
    "open",
    "nightly-17",
    "script",
    "--artifact",
    "script=out/script.txt",
    "--base",
    "last/script.txt",
];

#[test]
fn an_outside_pipeline_waits_for_another_process_and_goes_on_with_the_copy() {
    let workspace = workspace();
    // Made beforehand, so that there is something to follow.
    run(
        &workspace,
        &["job", "start", "--manual", "--slug", "nightly", "--id", "nightly-17"],
        0,
    );
    let open = [&OPEN[..], &["--wait", "--json"]].concat();
    let waiting = Beside::start(&workspace, &open, Stream::Stdout);
    wait_for(&workspace, "nightly-17", "gate_opened", 0);
    let (diff, _) = run(&workspace, &["gate", "diff", "nightly-17", "script"], 0);
    assert!(diff.contains("+Tip 2: rest\n\\ No newline at end of file"), "{diff}");
    run(
        &workspace,
        &["gate", "approve", "nightly-17", "script", "--notes", "go"],
        0,
    );
    let (status, told) = waiting.finish();
    assert_eq!(status.code(), Some(0));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["state"], &told["notes"], &told["published"]),
        (&json!("approved"), &json!("go"), &json!(true))
    );
    let copy = workspace.root().join(told["artifacts"][0]["file"].as_str().unwrap());
    assert_eq!(
        std::fs::read(copy).unwrap(),
        std::fs::read(workspace.root().join("out/script.txt")).unwrap()
    );
    let (_, stderr) = run(&workspace, &["job", "cancel", "nightly-18"], 6);
    assert_eq!(
        stderr,
        "Not canceled: there is no job nightly-18   hint: holdpoint job list shows the jobs of this runs directory\n"
    );
    run(&workspace, &["job", "complete", "nightly-17"], 0);
    assert_eq!(workspace.json(&["job", "show", "nightly-17"])["status"], "completed");
}

#[test]
fn the_same_bytes_are_the_same_gate_and_others_a_new_attempt() {
    let workspace = workspace();
    let first: Value = workspace.json(&OPEN);
    assert_eq!(workspace.json(&OPEN)["attempt"], 1);
    workspace.write("out/script.txt", "Tip 1: breathe\nTip 2: sleep");
    let second = workspace.json(&OPEN);
    assert_eq!((&second["attempt"], &second["state"]), (&json!(2), &json!("open")));
    assert_ne!(first["digest"], second["digest"]);
    let types: Vec<_> = workspace
        .json_lines(&["events", "nightly-17"])
        .iter()
        .map(|event| event["type"].clone())
        .collect();
    assert!(types.contains(&json!("gate_canceled")), "{types:?}");
}

#[test]
fn a_rejected_manual_job_pauses_and_a_new_gate_ends_the_pause() {
    let workspace = workspace();
    workspace.json(&OPEN);
    run(&workspace, &["gate", "reject", "nightly-17", "script"], 0);
    assert_eq!(workspace.json(&["job", "show", "nightly-17"])["status"], "paused");
    let (_, stderr) = run(&workspace, &["job", "complete", "nightly-17"], 1);
    assert!(stderr.starts_with("Not completed: "), "{stderr}");
    run(&workspace, &["job", "resume", "nightly-17"], 0);
    let waiting = Beside::start(&workspace, &["gate", "wait", "nightly-17", "audio"], Stream::Stdout);
    workspace.write("vo.mp3", b"\xff\xfb\x90\x00\x00\x00\x00");
    workspace.json(&["gate", "open", "nightly-17", "audio", "--artifact", "voiceover=vo.mp3"]);
    wait_for(&workspace, "nightly-17", "gate_opened", 0);
    let (diff, _) = run(&workspace, &["gate", "diff", "nightly-17", "audio"], 0);
    assert!(
        diff.starts_with("Binary artifacts/audio/vo.mp3: new -> 7 bytes, "),
        "{diff}"
    );
    run(&workspace, &["gate", "approve", "nightly-17", "audio"], 0);
    assert_eq!(waiting.finish().0.code(), Some(0));
}

#[test]
fn what_others_wrote_is_printed_as_marks() {
    let workspace = workspace();
    workspace.json(&OPEN);
    let hostile = "fine\u{1b}[2J\u{202e}desrever\u{9b}5n\nsecond\u{7}line";
    run(
        &workspace,
        &["gate", "reject", "nightly-17", "script", "--notes", hostile],
        0,
    );
    for args in [
        &["decisions", "show", "nightly-17", "script"][..],
        &["decisions", "list"],
        &["gate", "show", "nightly-17", "script"],
        &["job", "show", "nightly-17"],
        &["gate", "wait", "nightly-17", "script"],
        &["decisions", "show", "nightly-17", "script", "--json"],
        &["events", "nightly-17", "--json"],
    ] {
        let output = workspace.cmd(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')),
            "{args:?}: {text:?}"
        );
    }
    let shown = workspace.json(&["decisions", "show", "nightly-17", "script"]);
    assert_eq!(shown["notes"], hostile, "a program gets every character");
}

#[test]
fn artifacts_that_cannot_be_taken_are_refused_and_no_gate_opens() {
    let workspace = workspace();
    for (artifact, fact) in [
        ("script=out/none.txt", "none.txt"),
        ("script=out", "out"),
        ("script=/dev/zero", "zero"),
    ] {
        let (_, stderr) = run(
            &workspace,
            &["gate", "open", "j-1", "script", "--artifact", artifact],
            1,
        );
        assert!(stderr.starts_with("Not opened: ") && stderr.contains(fact), "{stderr}");
    }
    let twice = [
        "gate",
        "open",
        "j-1",
        "script",
        "--artifact",
        "a=out/script.txt",
        "--artifact",
        "b=last/script.txt",
    ];
    let (_, stderr) = run(&workspace, &twice, 1);
    assert!(stderr.contains("two artifacts are called script.txt"), "{stderr}");
    run(&workspace, &["gate", "open", "j-1", "script"], 2);
    run(
        &workspace,
        &["gate", "open", "../up", "script", "--artifact", "a=out/script.txt"],
        2,
    );
    assert_eq!(workspace.json(&["gate", "list"]), json!([]));
}
