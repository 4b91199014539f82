//! Patches on the command line: planned, applied, taken back, sent with a rejection; what each says
//! and how it exits.

use serde_json::{Value, json};

use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, assert_lacks, assert_starts};

/// A manual job with two files under review.
fn workspace() -> Workspace {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    workspace.write("out/script.txt", "**Opening**\r\nLow tide is at noon.");
    workspace.write("out/captions.srt", "1\nLow tide is at noon.\n");
    let params = "{\"type\": \"params\", \"params\": {\"tone\": \"bright\", \"length_s\": null}}";
    workspace.write("params.json", params);
    workspace.write("fix.json", patch("script.txt", "noon", "two"));
    workspace.write("srt.json", patch("captions.srt", "noon", "two"));
    workspace.ok("job start --manual --slug tides --id j-17 --param tone=calm --param length_s=45");
    workspace.ok("gate open j-17 script --artifact script=out/script.txt --artifact captions=out/captions.srt");
    workspace
}

fn patch(artifact: &str, old: &str, new: &str) -> String {
    json!({"type": "text_replace", "artifact": artifact, "replacements": [{"old": old, "new": new}]}).to_string()
}

fn digest(workspace: &Workspace) -> String {
    let gate = workspace.json("gate show j-17 script");
    gate["digest"].as_str().expect("an open gate has a digest").to_owned()
}

const SCRIPT: &str = "runs/j-17/artifacts/script/script.txt";
const UNDO: [&str; 4] = ["patch", "undo", "j-17", "script"];

#[test]
fn a_patch_is_taken_back_by_another_process_one_at_a_time() {
    let workspace = workspace();
    let original = digest(&workspace);
    workspace.ok("patch apply j-17 script fix.json");
    let patched = digest(&workspace);
    workspace.ok("patch apply j-17 script srt.json");
    // Only while exactly these bytes are under review.
    let (stdout, stderr) = workspace.run(&[&UNDO[..], &["--digest", &patched]].concat(), 1);
    assert_eq!(stdout, "");
    assert_starts(&stderr, "Not undone: ");
    assert_contains(&stderr, "holdpoint gate diff j-17 script");
    // By file name, although it is not the newest; the digest is that of before the other patch.
    let stdout = workspace.ok(&[&UNDO[..], &["--artifact", "captions.srt"]].concat());
    let mut lines = stdout.lines();
    let first = lines.next().unwrap();
    assert_starts(first, "Took back ");
    assert_contains(first, "'s text_replace of captions.srt: ");
    assert_eq!(
        lines.next(),
        Some(format!("The gate stays open; its digest is now {patched}").as_str())
    );
    let undone = workspace.json(&UNDO);
    assert_has!(undone, "digest": original, "published": true, "job_status": "needs_approval");
    assert_eq!(workspace.read(SCRIPT), "**Opening**\r\nLow tide is at noon.");
    let stderr = workspace.refused(&UNDO, 1);
    assert_eq!(
        stderr,
        "Not undone: nothing to undo: script.txt and captions.srt are as script #1 made them\n"
    );
    let stderr = workspace.refused(&[&UNDO[..], &["--artifact", "gone.txt"]].concat(), 1);
    assert_contains(&stderr, "gone.txt is not under review");
    assert_contains(&stderr, "artifacts/script/captions.srt");
    workspace.run("patch undo j-17 scirpt", 6);
    workspace.ok("gate approve j-17 script");
    workspace.run(&UNDO, 5);
    assert_eq!(workspace.count_events("j-17", "patch_undone"), 2);
}

#[test]
fn a_refusal_names_the_command_that_shows_only_what_changed_since() {
    let workspace = workspace();
    let read = workspace.json("gate show j-17 script");
    let version = read["artifacts"][0]["sha256"].as_str().unwrap();
    let mine = read["digest"].as_str().unwrap();
    workspace.ok("patch apply j-17 script fix.json");
    workspace.write(SCRIPT, "**Opening**\r\nLow tide is at two.\r\nBring a lamp.");
    let stderr = workspace.refused(&["gate", "approve", "j-17", "script", "--digest", mine], 1);
    assert_contains(&stderr, "script.txt changed since it was read");
    // Of the version that was registered last, only the line that was added by hand.
    let stderr = workspace.refused("gate approve j-17 script", 1);
    let command = stderr.split("what changed since: holdpoint ").nth(1).unwrap();
    let command: Vec<_> = command.split("; ").next().unwrap().split(' ').collect();
    let diff = workspace.ok(&command);
    assert_contains(&diff, "+Bring a lamp.");
    assert_lacks(&diff, "captions");
    assert_lacks(&diff, "noon");
    // Of the version that was read before the patch, both.
    let diff = workspace.ok(&["gate", "diff", "j-17", "script", "--base", version]);
    assert_contains(&diff, "-Low tide is at noon.");
    assert_contains(&diff, "+Bring a lamp.");
    let diffs = workspace.json(&["gate", "diff", "j-17", "script", "--base", version]);
    assert_eq!(
        (diffs.as_array().map(Vec::len), &diffs[0]["base_sha256"]),
        (Some(1), &json!(version))
    );
    let unknown = "0".repeat(64);
    workspace.run(&["gate", "diff", "j-17", "script", "--base", &unknown], 6);
}

#[test]
fn a_params_patch_goes_with_a_rejection_and_is_merged_at_resume() {
    let workspace = workspace();
    let plan = workspace.ok("patch check j-17 script params.json");
    assert_eq!(
        plan,
        "params.json fits the parameters of j-17; nothing is changed yet\n  \
         params.tone \"calm\" -> \"bright\"\n  params.length_s 45 -> (deleted)\n  \
         then the stage runs again with them when the job is resumed\n"
    );
    let plan = workspace.json("patch check j-17 script params.json");
    assert_has!(plan, "params": {"tone": "calm", "length_s": 45}, "params_after": {"tone": "bright"});
    for args in [
        &["gate", "approve", "j-17", "script", "--patch", "params.json"][..],
        &["patch", "apply", "j-17", "script", "params.json"],
    ] {
        let stderr = workspace.refused(args, 1);
        assert_contains(
            &stderr,
            "a params patch goes with a rejection: script runs again with it   hint: holdpoint gate reject",
        );
    }
    workspace.ok("gate reject j-17 script --patch params.json");
    assert_eq!(
        workspace.decision("j-17", "script")["patch"],
        json!({"type": "params", "params": {"tone": "bright", "length_s": null}})
    );
    let job = |workspace: &Workspace| workspace.json("job show j-17");
    assert_eq!(job(&workspace)["params"]["tone"], "calm");
    let resumed = workspace.json("job resume j-17");
    assert_eq!(resumed["patches_applied"], 1);
    let job = job(&workspace);
    assert_has!(job, "params": {"tone": "bright"}, "status": "running");
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
    assert_starts(&stdout, "standard input fits artifacts/script/script.txt");
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
        assert_contains(&stderr, "1 MiB");
    }
    assert_eq!(workspace.read(SCRIPT), before);
    assert_eq!(workspace.json("gate show j-17 script")["state"], "open");
}

#[test]
fn every_type_is_listed_with_an_example_for_people_and_programs() {
    let workspace = workspace();
    let listed = workspace.ok("patch types");
    let document = workspace.json("patch types");
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
