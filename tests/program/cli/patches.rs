//! Patches on the command line: planned, applied, taken back, sent with a rejection; what each says
//! and how it exits.

use serde_json::{Value, json};

use super::beside::run;
use crate::support::run::Workspace;

/// A manual job with two files under review.
fn workspace() -> Workspace {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    workspace.write("out/script.txt", "**Opening**\r\nLow tide is at noon.");
    workspace.write("out/captions.srt", "1\nLow tide is at noon.\n");
    let params = "{\"type\": \"params\", \"params\": {\"tone\": \"bright\", \"length_s\": null}}";
    workspace.write("params.json", params);
    workspace.write("fix.json", patch("script.txt", "noon", "two"));
    workspace.write("srt.json", patch("captions.srt", "noon", "two"));
    run(
        &workspace,
        &[
            "job",
            "start",
            "--manual",
            "--slug",
            "tides",
            "--id",
            "j-17",
            "--param",
            "tone=calm",
            "--param",
            "length_s=45",
        ],
        0,
    );
    run(
        &workspace,
        &[
            "gate",
            "open",
            "j-17",
            "script",
            "--artifact",
            "script=out/script.txt",
            "--artifact",
            "captions=out/captions.srt",
        ],
        0,
    );
    workspace
}

fn patch(artifact: &str, old: &str, new: &str) -> String {
    json!({"type": "text_replace", "artifact": artifact, "replacements": [{"old": old, "new": new}]}).to_string()
}

fn digest(workspace: &Workspace) -> String {
    let gate = workspace.json(&["gate", "show", "j-17", "script"]);
    gate["digest"].as_str().expect("an open gate has a digest").to_owned()
}

const SCRIPT: &str = "runs/j-17/artifacts/script/script.txt";
const UNDO: [&str; 4] = ["patch", "undo", "j-17", "script"];

#[test]
fn a_patch_is_taken_back_by_another_process_one_at_a_time() {
    let workspace = workspace();
    let original = digest(&workspace);
    run(&workspace, &["patch", "apply", "j-17", "script", "fix.json"], 0);
    let patched = digest(&workspace);
    run(&workspace, &["patch", "apply", "j-17", "script", "srt.json"], 0);
    // Only while exactly these bytes are under review.
    let (stdout, stderr) = run(&workspace, &[&UNDO[..], &["--digest", &patched]].concat(), 1);
    assert_eq!(stdout, "");
    assert!(
        stderr.starts_with("Not undone: ") && stderr.contains("holdpoint gate diff j-17 script"),
        "{stderr}"
    );
    // By file name, although it is not the newest; the digest is that of before the other patch.
    let (stdout, _) = run(&workspace, &[&UNDO[..], &["--artifact", "captions.srt"]].concat(), 0);
    let mut lines = stdout.lines();
    let first = lines.next().unwrap();
    assert!(
        first.starts_with("Took back ") && first.contains("'s text_replace of captions.srt: "),
        "{first}"
    );
    assert_eq!(
        lines.next(),
        Some(format!("The gate stays open; its digest is now {patched}").as_str())
    );
    let undone = workspace.json(&UNDO);
    assert_eq!(
        (&undone["digest"], &undone["published"], &undone["job_status"]),
        (&json!(original), &json!(true), &json!("needs_approval"))
    );
    assert_eq!(workspace.read(SCRIPT), "**Opening**\r\nLow tide is at noon.");
    let (_, stderr) = run(&workspace, &UNDO, 1);
    assert_eq!(
        stderr,
        "Not undone: nothing to undo: script.txt and captions.srt are as script #1 made them\n"
    );
    let (_, stderr) = run(&workspace, &[&UNDO[..], &["--artifact", "gone.txt"]].concat(), 1);
    assert!(
        stderr.contains("gone.txt is not under review") && stderr.contains("artifacts/script/captions.srt"),
        "{stderr}"
    );
    run(&workspace, &["patch", "undo", "j-17", "scirpt"], 6);
    run(&workspace, &["gate", "approve", "j-17", "script"], 0);
    run(&workspace, &UNDO, 5);
    let kinds = workspace.event_types("j-17");
    assert_eq!(kinds.iter().filter(|kind| *kind == "patch_undone").count(), 2);
}

#[test]
fn a_refusal_names_the_command_that_shows_only_what_changed_since() {
    let workspace = workspace();
    let read = workspace.json(&["gate", "show", "j-17", "script"]);
    let version = read["artifacts"][0]["sha256"].as_str().unwrap();
    let mine = read["digest"].as_str().unwrap();
    run(&workspace, &["patch", "apply", "j-17", "script", "fix.json"], 0);
    workspace.write(SCRIPT, "**Opening**\r\nLow tide is at two.\r\nBring a lamp.");
    let (_, stderr) = run(&workspace, &["gate", "approve", "j-17", "script", "--digest", mine], 1);
    assert!(stderr.contains("script.txt changed since it was read"), "{stderr}");
    // Of the version that was registered last, only the line that was added by hand.
    let (_, stderr) = run(&workspace, &["gate", "approve", "j-17", "script"], 1);
    let command = stderr.split("what changed since: holdpoint ").nth(1).unwrap();
    let command: Vec<_> = command.split("; ").next().unwrap().split(' ').collect();
    let (diff, _) = run(&workspace, &command, 0);
    assert!(diff.contains("+Bring a lamp.") && !diff.contains("captions"), "{diff}");
    assert!(!diff.contains("noon"), "{diff}");
    // Of the version that was read before the patch, both.
    let (diff, _) = run(&workspace, &["gate", "diff", "j-17", "script", "--base", version], 0);
    assert!(
        diff.contains("-Low tide is at noon.") && diff.contains("+Bring a lamp."),
        "{diff}"
    );
    let diffs = workspace.json(&["gate", "diff", "j-17", "script", "--base", version]);
    assert_eq!(
        (diffs.as_array().map(Vec::len), &diffs[0]["base_sha256"]),
        (Some(1), &json!(version))
    );
    let unknown = "0".repeat(64);
    run(&workspace, &["gate", "diff", "j-17", "script", "--base", &unknown], 6);
}

#[test]
fn a_params_patch_goes_with_a_rejection_and_is_merged_at_resume() {
    let workspace = workspace();
    let (plan, _) = run(&workspace, &["patch", "check", "j-17", "script", "params.json"], 0);
    assert_eq!(
        plan,
        "params.json fits the parameters of j-17; nothing is changed yet\n  \
         params.tone \"calm\" -> \"bright\"\n  params.length_s 45 -> (deleted)\n  \
         then the stage runs again with them when the job is resumed\n"
    );
    let plan = workspace.json(&["patch", "check", "j-17", "script", "params.json"]);
    assert_eq!(
        (&plan["params"], &plan["params_after"]),
        (&json!({"tone": "calm", "length_s": 45}), &json!({"tone": "bright"}))
    );
    for args in [
        &["gate", "approve", "j-17", "script", "--patch", "params.json"][..],
        &["patch", "apply", "j-17", "script", "params.json"],
    ] {
        let (_, stderr) = run(&workspace, args, 1);
        assert!(
            stderr.contains(
                "a params patch goes with a rejection: script runs again with it   hint: holdpoint gate reject"
            ),
            "{stderr}"
        );
    }
    run(
        &workspace,
        &["gate", "reject", "j-17", "script", "--patch", "params.json"],
        0,
    );
    assert_eq!(
        workspace.decision("j-17", "script")["patch"],
        json!({"type": "params", "params": {"tone": "bright", "length_s": null}})
    );
    let job = |workspace: &Workspace| workspace.json(&["job", "show", "j-17"]);
    assert_eq!(job(&workspace)["params"]["tone"], "calm");
    let resumed = workspace.json(&["job", "resume", "j-17"]);
    assert_eq!(resumed["patches_applied"], 1);
    let job = job(&workspace);
    assert_eq!(
        (&job["params"], &job["status"]),
        (&json!({"tone": "bright"}), &json!("running"))
    );
    let newest = workspace
        .events("j-17")
        .into_iter()
        .rfind(|event| event["type"] == "patch_applied");
    let newest = newest.expect("it is in the log");
    assert!(
        newest["message"]
            .as_str()
            .unwrap()
            .contains("params.tone \"calm\" -> \"bright\"")
    );
    assert_eq!(newest["payload"]["path"], Value::Null);
}

#[test]
fn a_patch_from_standard_input_and_one_that_is_too_long() {
    let workspace = workspace();
    let checked = workspace
        .cmd(&["patch", "check", "j-17", "script", "-"])
        .write_stdin(patch("script.txt", "noon", "two"))
        .assert()
        .success();
    let stdout = String::from_utf8(checked.get_output().stdout.clone()).unwrap();
    assert!(
        stdout.starts_with("standard input fits artifacts/script/script.txt"),
        "{stdout}"
    );
    let before = workspace.read(SCRIPT);
    for args in [
        &["patch", "check", "j-17", "script", "-"][..],
        &["patch", "apply", "j-17", "script", "-"],
        &["gate", "approve", "j-17", "script", "--patch", "-"],
        &["gate", "reject", "j-17", "script", "--patch", "-"],
    ] {
        let refused = workspace
            .cmd(args)
            .write_stdin(patch("script.txt", "noon", &"x".repeat(1 << 20)))
            .assert()
            .code(1);
        let stderr = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(stderr.contains("1 MiB"), "{stderr}");
    }
    assert_eq!(workspace.read(SCRIPT), before);
    assert_eq!(workspace.json(&["gate", "show", "j-17", "script"])["state"], "open");
}

#[test]
fn every_type_is_listed_with_an_example_for_people_and_programs() {
    let workspace = workspace();
    let (listed, _) = run(&workspace, &["patch", "types"], 0);
    let document = workspace.json(&["patch", "types"]);
    let kinds = document["patch_types"].as_object().unwrap();
    let mut named = 0;
    for (kind, group) in kinds {
        for example in group["examples"].as_array().unwrap() {
            let name = example["type"].as_str().unwrap();
            assert_eq!(example["example"]["type"], name, "{kind}");
            assert!(example["description"].as_str().is_some_and(|text| !text.is_empty()));
            assert!(listed.contains(&format!("{name}   for ")), "{name} is not listed");
            named += 1;
        }
    }
    let heads = listed
        .lines()
        .filter(|line| !line.starts_with(' ') && line.contains("   for "));
    assert_eq!(heads.count(), named, "{listed}");
    assert!(kinds["job"]["examples"][0]["example"]["params"].is_object());
}
