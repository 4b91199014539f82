//! Comments on lines, on the command line.

use serde_json::json;

use crate::support::run::Workspace;
use crate::support::said::assert_contains;

fn opened() -> Workspace {
    let workspace = Workspace::new("gates: {release: {required: true}}\n");
    workspace.write("plan.txt", "one\ntwo\n");
    workspace.write("old.txt", "one\ngone\n");
    workspace.ok("gate open deploy-42 release --artifact plan=plan.txt --base old.txt");
    workspace
}

fn reject<'a>(comments: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["gate", "reject", "deploy-42", "release"];
    for comment in comments {
        words.extend(["--comment", *comment]);
    }
    words
}

#[test]
fn what_is_said_of_lines_is_recorded_and_shown_wherever_the_decision_is() {
    let workspace = opened();
    let told = workspace.ok(&[&reject(&["plan.txt:2:wrong: unit"])[..], &["--dry-run"]].concat()[..]);
    assert_contains(&told, "The job pauses");
    let comments = [
        "plan.txt:2:wrong: unit",
        "artifacts/release/plan.txt:1:why\nthis?",
        "plan.txt:-2:keep it",
    ];
    workspace.ok(&reject(&comments)[..]);
    let path = "artifacts/release/plan.txt";
    let said = json!([
        { "artifact": path, "line": 1, "text": "why\nthis?" },
        { "artifact": path, "line": 2, "text": "wrong: unit" },
        { "artifact": path, "line": 2, "side": "base", "text": "keep it" },
    ]);
    assert_eq!(workspace.json("decisions show deploy-42 release")["comments"], said);
    assert_eq!(workspace.json("decisions list")[0]["comments"], said);
    let shown = workspace.json("gate show deploy-42 release");
    assert_eq!(shown["comments"], said);
    assert_eq!(shown["decision"]["comments"], said);
    let waited = workspace.told("gate wait deploy-42 release --json", 3);
    let waited: serde_json::Value = serde_json::from_str(&waited).unwrap();
    assert_eq!(waited["comments"], said);
    for command in ["gate show deploy-42 release", "decisions show deploy-42 release"] {
        let shown = workspace.ok(command);
        for words in ["plan.txt:1 why\n", "plan.txt:2 wrong: unit\n", "plan.txt:-2 keep it\n"] {
            assert_contains(&shown, words);
        }
    }
    workspace.ok("decisions verify");
}

#[test]
fn a_line_that_there_is_not_is_refused_with_what_would_be_right() {
    let workspace = opened();
    let refused = |comment: &str| workspace.refused(&reject(&[comment])[..], 1);
    assert_contains(
        &refused("plan.txt:3:x"),
        "a comment on plan.txt:3: plan.txt has 2 lines",
    );
    assert_contains(&refused("plan.txt:3:x"), "name a line from 1 to 2");
    assert_contains(
        &refused("plan.txt:-3:x"),
        "plan.txt has 2 lines in the version that it is compared with",
    );
    assert_contains(&refused("other.txt:1:x"), "other.txt is not under review");
    for wrong in ["plan.txt:x", "plan.txt", "plan.txt:one:x", ":1:x"] {
        assert_contains(&workspace.refused(&reject(&[wrong])[..], 2), "FILE:LINE:TEXT");
    }
    let several = "gate reject deploy-42:release deploy-43:release --comment plan.txt:1:x";
    assert_contains(
        &workspace.refused(several, 2),
        "--comment, --patch, --digest and --context-digest go with one gate",
    );
    let shown = workspace.json("gate show deploy-42 release");
    assert_eq!((shown["state"].as_str(), shown.get("comments")), (Some("open"), None));
}

/// The next attempt of what was rejected with four comments: a line is new at its top, one changed,
/// one is gone.
fn opened_again() -> Workspace {
    let workspace = Workspace::new("gates: {release: {required: true}}\n");
    let lines = |words: &[&str]| words.iter().map(|word| format!("{word}\n")).collect::<String>();
    let middle: Vec<String> = (0..20).map(|line| format!("line {line}")).collect();
    let middle = middle.join("\n");
    workspace.write("plan.txt", lines(&["wind 5", "gust", "tide", &middle, "end"]));
    workspace.ok("gate open deploy-42 release --artifact plan=plan.txt");
    let comments = [
        "plan.txt:1:which unit?",
        "plan.txt:2:why\ntwice?",
        "plan.txt:3:keep",
        "plan.txt:24:the end",
    ];
    workspace.ok(&reject(&comments)[..]);
    workspace.ok("job resume deploy-42");
    workspace.write("old.txt", lines(&["wind 5", "gust", "tide", &middle, "end"]));
    workspace.write("plan.txt", lines(&["# plan", "wind 5 kn", "tide", &middle, "end"]));
    workspace.ok("gate open deploy-42 release --artifact plan=plan.txt --base old.txt");
    workspace
}

#[test]
fn the_next_attempts_diff_has_what_was_said_beside_the_lines_as_they_are_now() {
    let workspace = opened_again();
    let by = workspace.json("decisions show deploy-42 release")["by"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = workspace.json("gate diff deploy-42 release");
    let said = |line: u32, text: &str, line_now: u32, now: &str| json!({ "attempt": 1, "by": by, "line": line, "side": "new", "text": text, "line_now": line_now, "now": now });
    // The first two stand where the former two lines stood: one line is there instead of one, and
    // one more.
    assert_eq!(
        shown[0]["comments"],
        json!([
            said(1, "which unit?", 1, "changed"),
            said(2, "why\ntwice?", 2, "changed"),
            said(3, "keep", 3, "same"),
            said(24, "the end", 24, "same"),
        ])
    );
    let read = workspace.ok("gate diff deploy-42 release --visible");
    let below = format!("+wind 5 kn\n  ; #1 {by} (line changed): why\n  ; twice?\n tide\n  ; #1 {by}: keep\n line 0\n");
    assert_contains(&read, &below);
    // What the diff leaves out stands after it, with its line.
    assert!(
        read.ends_with(&format!("  ; plan.txt:24: #1 {by}: the end\n")),
        "{read}"
    );
    let two = workspace.ok("gate diff deploy-42 release --side-by-side --lines all");
    let lines: Vec<_> = two.lines().collect();
    let tide = lines.iter().position(|line| line.ends_with("tide")).unwrap();
    assert_contains(lines[tide + 1], &format!("  ; #1 {by}: keep"));
    // What a program applies has nothing else in it.
    let (diff, noted) = workspace.run("gate diff deploy-42 release", 0);
    assert!(!diff.contains("keep"), "{diff}");
    assert_contains(&noted, &format!("plan.txt:3: #1 {by}: keep"));
}
