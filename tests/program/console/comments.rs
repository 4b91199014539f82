//! Comments on lines, at a console in a real terminal: kept through a kill, told to the stage that
//! runs again, and shown where its lines are then.

use serde_json::json;

use super::desk::Desk;
use crate::support::beside::job_at_gate;
use crate::support::run::Workspace;

/// The script has a line more at its top when it was told something, and keeps what it was told.
const SCRIPT: &str = r#"
pipeline:
  stages:
    - name: script
      command:
        - /bin/sh
        - -c
        - >-
          mkdir -p artifacts/script;
          if [ -n "$HOLDPOINT_COMMENTS" ]; then cp "$HOLDPOINT_COMMENTS" told.json; echo Mended. > artifacts/script/script.txt;
          else : > artifacts/script/script.txt; fi;
          printf 'Low tide is at noon.\nBring 10 feet of rope.\nGo home.\n' >> artifacts/script/script.txt
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
gates:
  script: {required: true}
"#;

#[test]
fn a_comment_survives_a_kill_goes_with_the_rejection_and_stands_beside_its_line_in_the_next_attempt() {
    let workspace = Workspace::new(SCRIPT);
    let mut desk = Desk::leading(&workspace);
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "script", 1, "Bring 10 feet");
    desk.sees_after("Enter", "q back");
    desk.sees_after(";", "point at a line");
    desk.press("j");
    desk.sees_after("Enter", "COMMENT script.txt:2");
    desk.press("'wrong unit'");
    desk.sees("about it: wrong unit");
    // It is on disk as it is typed.
    workspace.json_until("drafts list", |listed| listed[0]["contents"] == "1 comment");
    desk.killed();
    let kept = workspace.ok("drafts show j-1.script.1");
    assert!(
        kept.contains("comment on script.txt:2, of ") && kept.contains("  wrong unit"),
        "{kept}"
    );

    let mut desk = Desk::leading(&workspace);
    desk.reads("j-1", "script", 1, "wrong unit");
    desk.press("Enter");
    desk.press("r");
    // The field of the console that was killed still has the gate.
    desk.sees("[Ctrl-t] take it over");
    desk.sees_after("<C-t>", "Taken over j-1 / script #1 from ");
    desk.press("'mend it'");
    desk.sees("note: mend it");
    desk.sees("1 comment goes with it: script.txt:2");
    desk.confirms("Rejected");
    let said = json!([{ "artifact": "artifacts/script/script.txt", "line": 2, "text": "wrong unit" }]);
    let decision = workspace.json("decisions show j-1 script");
    assert_eq!(decision["comments"], said);
    // What was said is no draft any more.
    workspace.json_until("drafts list", |listed| listed.as_array().unwrap().is_empty());

    desk.sees_after("R", "RESUME");
    desk.confirms("Resumed");
    desk.reads("j-1", "script", 2, "Mended.");
    desk.pty.wait_for(|now| {
        let text = crate::support::screen::text(now);
        let line = text.lines().position(|line| line.contains("3 + Bring 10 feet"));
        line.is_some_and(|line| text.lines().nth(line + 1).unwrap().contains("; #1 ") && text.contains("wrong unit"))
    });
    let told: serde_json::Value = serde_json::from_str(&workspace.read("runs/j-1/told.json")).unwrap();
    assert_eq!(told, said);
    workspace.ok("decisions verify");
    desk.press("1");
    desk.leaves();
}
