//! The whole story in one console: approved with a note, rejected and run again, patched in three
//! ways, released by the timer.

use serde_json::{Value, json};

use super::desk::{Desk, FILM};
use super::record;
use crate::support::beside::job_at_gate;
use crate::support::run::Workspace;
use crate::support::said::{assert_ends, assert_starts};

const SCRIPT: &str = "**Opening**\n\nLow tide is at noon – bring boots.\n\n**Close**\n\nGo home.";
const SECTION: &str =
    r#"{"type": "section_replace", "section_marker": "**Close**", "new_section": "\nCome back at dusk."}"#;

/// What a decision says, in the order of the file.
fn told(workspace: &Workspace, job: &str, stage: &str, attempt: u32) -> Value {
    let decision = workspace.decision_of_attempt(job, stage, attempt);
    let is_by_timer = decision["by"] == "timer";
    if !is_by_timer {
        assert_eq!(decision["by"], decision["via"]["login"]);
        assert_eq!(decision["via"]["surface"], "console");
    }
    let by = if is_by_timer { "timer" } else { "operator" };
    let mut notes = decision["notes"].clone();
    // Whether the gate stood on the screen long enough before its time was up differs from run to
    // run.
    if is_by_timer {
        let note = notes.take().as_str().unwrap_or_default().to_owned();
        assert_starts(&note, "nobody decided within 0:02; ");
        assert_ends(&note, " had looked");
    }
    json!([
        decision["approved"],
        by,
        notes,
        decision["patch"]["type"],
        decision["auto_approved"]
    ])
}

#[test]
fn a_morning_at_the_console() {
    let workspace = Workspace::new(FILM);
    let mut desk = Desk::leading(&workspace);
    for (id, slug) in [("j-1", "tides"), ("j-2", "dunes"), ("j-3", "marsh"), ("j-4", "reef")] {
        job_at_gate(&workspace, &["--id", id, "--slug", slug]);
    }
    desk.sees("4 open");

    approve_with_a_note(&mut desk);
    reject_and_read_the_new_attempt(&mut desk);
    approve_with_a_patch_made_from_the_template(&mut desk);
    reject_with_a_patch_and_resume(&mut desk);
    adjust_a_duration_and_watch_the_timer(&workspace, &mut desk);
    desk.leaves();

    let jobs = ["j-1", "j-2", "j-3", "j-4"];
    assert_eq!(record::assert_agrees(&workspace, &jobs), 10);
    for (job, stage, attempt, expected) in [
        ("j-1", "script", 1, json!([true, "operator", "good pace", null, false])),
        (
            "j-1",
            "storyboard",
            1,
            json!([false, "operator", null, "duration_adjust", false]),
        ),
        (
            "j-1",
            "storyboard",
            2,
            json!([true, "operator", "approved after patch", null, false]),
        ),
        ("j-1", "audio", 1, json!([true, "timer", null, null, true])),
        ("j-1", "acceptance", 1, json!([true, "operator", null, null, false])),
        (
            "j-2",
            "script",
            1,
            json!([false, "operator", "Name the harbour.", null, false]),
        ),
        ("j-2", "script", 2, json!([true, "operator", null, null, false])),
        (
            "j-3",
            "script",
            1,
            json!([true, "operator", null, "text_replace", false]),
        ),
        (
            "j-4",
            "script",
            1,
            json!([false, "operator", "a warmer end", "section_replace", false]),
        ),
        (
            "j-4",
            "script",
            2,
            json!([true, "operator", "approved after patch", null, false]),
        ),
    ] {
        assert_eq!(
            told(&workspace, job, stage, attempt),
            expected,
            "{job} / {stage} #{attempt}"
        );
    }
    for (job, script) in [
        ("j-1", SCRIPT.to_owned()),
        ("j-2", SCRIPT.replace("boots.", "boots. Name the harbour.")),
        ("j-3", SCRIPT.replace("boots", "wellies")),
        ("j-4", SCRIPT.replace("Go home.", "Come back at dusk.")),
    ] {
        assert_eq!(
            workspace.read(&format!("runs/{job}/artifacts/script/script.txt")),
            script,
            "{job}"
        );
    }
    assert_eq!(
        workspace.read("runs/j-1/artifacts/storyboard/storyboard.json"),
        "{\n  \"scenes\": [\n    {\"id\": \"scene_001\", \"duration_ms\": 6500},\n    {\"id\": \"scene_002\", \"duration_ms\": 306.0}\n  ]\n}"
    );
    assert_eq!(workspace.json("job show j-1")["status"], "completed");
    // The timer's note says what the record of looks says; somebody looked at every other gate.
    let by_timer = workspace.decision("j-1", "audio");
    let is_unseen = by_timer["seen"] == json!([]);
    let note = by_timer["notes"].as_str().unwrap();
    assert_eq!(note.ends_with("nobody had looked"), is_unseen, "{by_timer}");
    assert_eq!(
        workspace.decision("j-3", "script")["seen"].as_array().map(Vec::len),
        Some(1)
    );
}

fn approve_with_a_note(desk: &mut Desk) {
    desk.reads("j-1", "script", 1, "3 + Low tide is at noon – bring boots.");
    desk.sees_after("a", "APPROVE j-1 tides / script #1");
    desk.sees("Then stage storyboard starts. Cannot be taken back.");
    desk.sees_after("Tab 'good pace'", "note: good pace");
    desk.confirms("Approved j-1 tides / script #1");
}

fn reject_and_read_the_new_attempt(desk: &mut Desk) {
    desk.reads("j-2", "script", 1, "3 + Low tide is at noon");
    desk.rejects("REJECT j-2 dunes / script #1", "Name the harbour.");
    desk.sees("gets the note.");
    // The look that is recorded meanwhile has the rules asked again: an Enter during that waits for
    // the answer.
    desk.sees("seen by ");
    desk.confirms("Rejected j-2 dunes / script #1");
    desk.sees("paused at script");
    desk.sees_after("R", "RESUME j-2 dunes");
    desk.sees("Stage script runs again as #2; its command gets the note.");
    desk.confirms("Resumed j-2 dunes");
    desk.selects("j-2", "script", 2);
    // Nothing was approved yet: all of it is new, and the title says that something is nearer.
    desk.sees("since your rejection: +1 -1   c");
    desk.sees_after("Tab c", "VS LAST REJECTED #1");
    desk.sees("3 - Low tide is at noon – bring boots.");
    desk.sees("3 + Low tide is at noon – bring boots. Name the harbour.");
    desk.sees_after("Tab a", "APPROVE j-2 dunes / script #2");
    desk.confirms("Approved j-2 dunes / script #2");
}

fn approve_with_a_patch_made_from_the_template(desk: &mut Desk) {
    desk.reads("j-3", "script", 1, "3 + Low tide is at noon");
    desk.sees("seen by ");
    desk.sees_after("p", "PATCH j-3 marsh / script #1");
    desk.sees("\"new\": \"Low tide is at noon – bring boots.\"");
    // The cursor is in the one value to change.
    desk.press("<C-k> 'Low tide is at noon – bring wellies.\"'");
    desk.sees_verdict("Fits script.txt: 1 change");
    desk.sees_after("Esc", "[a] approve with it");
    desk.sees_after("a", "APPROVE WITH PATCH j-3 marsh / script #1");
    desk.confirms("Approved j-3 marsh / script #1");
}

fn reject_with_a_patch_and_resume(desk: &mut Desk) {
    desk.reads("j-4", "script", 1, "3 + Low tide is at noon");
    desk.sees_after("p", "PATCH j-4 reef / script #1");
    desk.writes_patch(SECTION, "Fits script.txt: 1 change");
    desk.sees_after("Esc", "[r] reject with it");
    desk.rejects("REJECT WITH PATCH j-4 reef / script #1", "a warmer end");
    desk.confirms("Rejected j-4 reef / script #1");
    resume_with_the_patch(desk, "j-4 reef");
}

fn resume_with_the_patch(desk: &mut Desk, job: &str) {
    desk.sees(&format!("{job}  paused at "));
    desk.sees_after("R", &format!("RESUME {job}"));
    desk.sees(" is patched: ");
    desk.confirm();
    desk.pty.wait_gone("RESUME ");
}

fn adjust_a_duration_and_watch_the_timer(workspace: &Workspace, desk: &mut Desk) {
    desk.reads("j-1", "storyboard", 1, "\"scene_001\"");
    desk.sees_after("p", "PATCH j-1 tides / storyboard #1");
    desk.sees("\"duration\": 4");
    desk.press("<C-k> 6.5");
    desk.sees_verdict("Fits storyboard.json: 1 change");
    desk.sees_after("Esc", "[r] reject with it");
    desk.sees_after("r", "REJECT WITH PATCH j-1 tides / storyboard #1");
    desk.confirm();
    // A rejection wants a reason, or a second Enter.
    desk.sees("Enter once more rejects without a reason");
    desk.sees("[Enter] reject");
    desk.confirms("Rejected j-1 tides / storyboard #1");
    resume_with_the_patch(desk, "j-1 tides");
    desk.sees("timer approved audio #1");
    workspace.ok("gate wait j-1 audio");
    desk.reads("j-1", "acceptance", 1, "Nothing is attached");
    desk.sees_after("a", "Then the job is complete. Cannot be taken back.");
    desk.confirm();
    desk.pty.wait_gone("APPROVE ");
    workspace.ok("gate wait j-1 acceptance");
}
