//! Gates of an outside pipeline: `gate open` and `--wait`, with what others write printed safely.

use serde_json::{Value, json};

use crate::support::beside::{Beside, Stream, wait_for};
use crate::support::run::{Workspace, text_replace};
use crate::support::said::{assert_contains, assert_ends, assert_has, assert_lacks, assert_starts};

fn workspace() -> Workspace {
    let workspace = Workspace::new("{}\n");
    workspace.write("out/script.txt", "Tip 1: breathe\nTip 2: rest");
    workspace.write("last/script.txt", "Tip 1: breathe\n");
    workspace
}

const OPEN: &str = "gate open nightly-17 script --artifact script=out/script.txt --base last/script.txt";

#[test]
fn an_outside_pipeline_waits_for_another_process_and_goes_on_with_the_copy() {
    let workspace = workspace();
    // Made beforehand, so that there is something to follow.
    workspace.ok("job start --manual --slug nightly --id nightly-17");
    let open = format!("{OPEN} --wait --json");
    let waiting = Beside::start(&workspace, &open, Stream::Stdout);
    wait_for(&workspace, "nightly-17", "gate_opened", 0);
    let diff = workspace.ok("gate diff nightly-17 script");
    assert_contains(&diff, "+Tip 2: rest\n\\ No newline at end of file");
    workspace.ok("gate approve nightly-17 script --notes go");
    let told = waiting.document(0);
    assert_has!(told, "state": "approved", "notes": "go", "published": true);
    let copy = workspace.root().join(told["artifacts"][0]["file"].as_str().unwrap());
    assert_eq!(
        std::fs::read(copy).unwrap(),
        std::fs::read(workspace.root().join("out/script.txt")).unwrap()
    );
    let stderr = workspace.refused("job cancel nightly-18", 6);
    assert_eq!(
        stderr,
        "Not canceled: there is no job nightly-18   hint: holdpoint job list shows the jobs of this runs directory\n"
    );
    workspace.ok("job complete nightly-17");
    assert_eq!(workspace.json("job show nightly-17")["status"], "completed");
}

#[test]
fn the_same_bytes_are_the_same_gate_and_others_a_new_attempt() {
    let workspace = workspace();
    let first: Value = workspace.json(OPEN);
    assert_eq!(workspace.json(OPEN)["attempt"], 1);
    workspace.write("out/script.txt", "Tip 1: breathe\nTip 2: sleep");
    let second = workspace.json(OPEN);
    assert_has!(second, "attempt": 2, "state": "open");
    assert_ne!(first["digest"], second["digest"]);
    workspace.first_event("nightly-17", "gate_canceled");
    workspace.write("out/script.txt", "Tip 1: breathe\nTip 2: run");
    let told = workspace.ok(OPEN);
    assert_contains(&told, "script #3 is open");
    assert_contains(&told, "It took the place of #2, which nobody had decided");
}

#[test]
fn a_rejected_manual_job_pauses_and_a_new_gate_ends_the_pause() {
    let workspace = workspace();
    workspace.json(OPEN);
    workspace.ok("gate reject nightly-17 script");
    assert_eq!(workspace.json("job show nightly-17")["status"], "paused");
    let stderr = workspace.refused("job complete nightly-17", 1);
    assert_starts(&stderr, "Not completed: ");
    workspace.ok("job resume nightly-17");
    let waiting = Beside::start(&workspace, "gate wait nightly-17 audio", Stream::Stdout);
    workspace.write("vo.mp3", b"\xff\xfb\x90\x00\x00\x00\x00");
    workspace.json("gate open nightly-17 audio --artifact voiceover=vo.mp3");
    wait_for(&workspace, "nightly-17", "gate_opened", 0);
    let diff = workspace.ok("gate diff nightly-17 audio");
    assert_starts(&diff, "Binary artifacts/audio/vo.mp3: new -> 7 bytes, ");
    workspace.ok("gate approve nightly-17 audio");
    assert_eq!(waiting.finish().0.code(), Some(0));
}

/// The files were in place when the decision was new; what became of them since is nobody's wait.
#[test]
fn what_was_decided_long_ago_is_told_at_once_whatever_became_of_its_artifact() {
    let workspace = workspace();
    workspace.json(OPEN);
    workspace.write("p.json", text_replace("rest", "sleep"));
    let approve = ["gate", "approve", "nightly-17", "script", "--patch", "p.json"];
    workspace.ok(&approve);
    let artifact = workspace
        .run_directory("nightly-17")
        .join("artifacts/script/script.txt");
    for is_directory in [false, true] {
        std::fs::remove_file(&artifact).unwrap();
        match is_directory {
            false => std::fs::File::create(&artifact).map(drop).unwrap(),
            true => std::fs::create_dir(&artifact).unwrap(),
        }
        let told = workspace.json("gate wait nightly-17 script");
        assert_eq!(
            (&told["state"], &told["published"]),
            (&json!("approved"), &json!(true)),
            "{is_directory}"
        );
    }
}

#[test]
fn what_others_wrote_is_printed_as_marks() {
    let workspace = workspace();
    workspace.json(OPEN);
    let hostile = "fine\u{1b}[2J\u{202e}desrever\u{9b}5n\nsecond\u{7}line";
    workspace.ok(&["gate", "reject", "nightly-17", "script", "--notes", hostile]);
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
    let shown = workspace.json("decisions show nightly-17 script");
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
        let stderr = workspace.refused(&["gate", "open", "j-1", "script", "--artifact", artifact], 1);
        assert_starts(&stderr, "Not opened: ");
        assert_contains(&stderr, fact);
    }
    let twice = "gate open j-1 script --artifact a=out/script.txt --artifact b=last/script.txt";
    let stderr = workspace.refused(twice, 1);
    assert_contains(&stderr, "two artifacts are called script.txt");
    workspace.run("gate open j-1 script", 2);
    workspace.run("gate open ../up script --artifact a=out/script.txt", 2);
    assert_eq!(workspace.json("gate list"), json!([]));
}

#[test]
fn a_gate_that_was_opened_from_outside_is_withdrawn_once_and_says_by_whom() {
    let workspace = workspace();
    workspace.json(OPEN);
    let withdraw = ["gate", "withdraw", "nightly-17", "script", "--reason", "wrong tag"];
    let said = workspace.ok(&withdraw);
    let me = whoami(&workspace);
    assert_starts(&said, &format!("nightly-17 / script #1 was withdrawn by {me} at "));
    assert_eq!(workspace.ok(&withdraw), said, "the same answer, and nothing new");
    let shown = workspace.json("gate show nightly-17 script");
    assert_has!(shown, "state": "canceled", "canceled/by": me);
    assert_eq!(shown["by"], json!(null), "nobody decided");
    let events = workspace.json_lines("events nightly-17");
    let canceled: Vec<_> = events.iter().filter(|event| event["type"] == "gate_canceled").collect();
    assert_eq!(canceled.len(), 1);
    assert_has!(canceled[0], "message": format!("{me} withdrew script #1: wrong tag"), "payload/why": "wrong tag");
    workspace.run("gate wait nightly-17 script", 1);
    let said = workspace.refused("gate approve nightly-17 script", 1);
    assert_contains(&said, "nightly-17 / script #1 was canceled by");
    assert_eq!(workspace.json("job show nightly-17")["status"], "running");
    assert_eq!(workspace.json(OPEN)["attempt"], 2);
    workspace.ok("gate approve nightly-17 script");
    workspace.run(&withdraw, 5);
}

fn whoami(workspace: &Workspace) -> String {
    let jobs = workspace.json("job list");
    jobs[0]["operator"].as_str().expect("a name").to_owned()
}

#[test]
fn a_stage_that_the_configuration_does_not_know_is_opened_and_said_so() {
    let workspace = Workspace::new("gates: {script: {auto_approve: true, auto_approve_after_s: 600}, audio: {}}\n");
    workspace.write("out/script.txt", "Tip 1: breathe\n");
    let open = |stage: &str, more: &[&str]| {
        let artifact = ["--artifact", "script=out/script.txt"];
        let arguments = [&["gate", "open", "j-1", stage], &artifact[..], more].concat();
        workspace.run(&arguments, 0)
    };
    let (_, said) = open("scirpt", &[]);
    assert_eq!(
        said.lines().next().unwrap(),
        "j-1 / scirpt: the configuration knows no stage scirpt: no timer, a person must decide   hint: did you mean script?"
    );
    let (document, said) = open("release", &["--json"]);
    let document: Value = serde_json::from_str(&document).unwrap();
    let warning = document["warnings"][0].as_str().unwrap();
    assert_ends(warning, "hint: gates are configured for audio, script");
    assert_contains(&said, warning);
    let (document, said) = open("script", &["--json"]);
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document.get("warnings"), None);
    assert_lacks(&said, "knows no stage");
}
