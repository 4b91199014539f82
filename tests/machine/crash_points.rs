//! Killed at every named step between a keypress and the job's advance, and started again:
//! database, files, events and the job's state agree, nothing is lost, nothing is repeated, and a
//! stage whose process is lost runs again (SPEC §4, §5).
//!
//! The list is `fault::POINTS`; a step without a row here fails the test. `docs/DURABILITY.md` has
//! the same table.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use crate::support::beside::{Beside, wait_for};
use crate::support::run::{Workspace, printed};
use crate::support::said::assert_has;

const PIPELINE: &str = r#"
pipeline:
  stages:
    - name: script
      command: [sh, -c, 'echo $HOLDPOINT_ATTEMPT >> script.runs; mkdir -p artifacts/script; printf "one\n" > artifacts/script/script.txt']
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
    - name: audio
      command: [sh, -c, 'cat artifacts/script/script.txt >> audio.heard']
gates: {script: {required: true}}
"#;

const PATCH: &str = r#"{"type": "text_replace", "replacements": [{"old": "one", "new": "two"}]}"#;

/// Where a process dies, and what is so after the restart.
#[derive(Clone, Copy, PartialEq)]
enum Dies {
    /// Who approves, before the decision is in the database: it was not made.
    Undecided,
    /// Who approves, after that: it was made.
    Decided,
    /// The leader at the first stage; the stage's command runs so often, and the gate is of this
    /// attempt.
    Leader { runs: &'static str },
    /// The supervisor of the first stage, beside a leader that lives.
    Supervisor { runs: &'static str },
}

fn dies(point: &str) -> Dies {
    match point {
        "submitted" | "prepared" | "before_commit" | "in_transaction" => Dies::Undecided,
        "after_commit" | "answered" | "publish_locked" | "chain_torn" | "chain_appended" | "chain_flushed"
        | "artifact_placed" | "artifacts_done" | "events_torn" | "events_appended" | "files_staged"
        | "files_flushed" | "file_named" | "files_named" | "after_files" | "after_watermark" | "before_nudge" => {
            Dies::Decided
        }
        "lead_taken" => Dies::Leader { runs: "1\n" },
        // The row says that it runs: the first attempt counts as lost, and its command never ran.
        "before_launch" | "spec_written" => Dies::Leader { runs: "2\n" },
        // The supervisor goes on without its leader, and the next one adopts it.
        "after_launch" | "stage_ended" => Dies::Leader { runs: "1\n" },
        "supervisor_started" => Dies::Supervisor { runs: "2\n" },
        // What the lost attempt did is not taken for done, however far it came.
        "command_ended" => Dies::Supervisor { runs: "1\n2\n" },
        "command_started" => Dies::Supervisor { runs: "[1\n]2\n" },
        "exit_recorded" => Dies::Supervisor { runs: "1\n" },
        unknown => {
            panic!(
                "{unknown} has no row in tests/machine/crash_points.rs: say what dies there and what is so afterwards"
            )
        }
    }
}

/// A token in whose presence the crash happens, once.
fn armed(workspace: &Workspace) -> PathBuf {
    workspace.write("armed", "");
    workspace.root().join("armed")
}

fn serve(workspace: &Workspace, point: &str) -> Beside {
    let armed = armed(workspace).display().to_string();
    Beside::serving(
        workspace,
        &[("HOLDPOINT_CRASH_AT", point), ("HOLDPOINT_FAULT_WHEN", &armed)],
    )
}

fn start(workspace: &Workspace) {
    workspace.ok("job start --id j-1 --slug tides");
}

fn approve(workspace: &Workspace, variables: &[(&str, &str)]) -> std::process::Output {
    workspace.write("fix.json", PATCH);
    workspace.under(variables, "gate approve j-1 script --patch fix.json --notes 'ship it'")
}

/// What must be so whatever was killed, once the job is through.
fn assert_agrees(workspace: &Workspace, point: &str) {
    for arguments in [&["decisions", "verify"][..], &["doctor"]] {
        let output = workspace.command(arguments).output().unwrap();
        let said = printed(&output);
        assert_eq!(output.status.code(), Some(0), "{point}: {arguments:?}: {said}");
    }
    let decision = workspace.decision("j-1", "script");
    assert_has!(decision, "approved": true, "notes": "ship it");
    let attempt = u32::try_from(decision["attempt"].as_u64().unwrap()).unwrap();
    assert_eq!(
        decision,
        workspace.decision_of_attempt("j-1", "script", attempt),
        "{point}"
    );
    let run = workspace.run_directory("j-1");
    let names = |folder: PathBuf| -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names(run.join("gates")),
        [format!("script.{attempt}.json"), "script.json".to_owned()],
        "{point}: one decision, and no temporary file"
    );
    assert!(!names(run).iter().any(|name| name.starts_with(".publish-")), "{point}");
    assert_eq!(workspace.read("runs/chain.jsonl").lines().count(), 1, "{point}");
    assert_eq!(
        workspace.read("runs/j-1/artifacts/script/script.txt"),
        "two\n",
        "{point}"
    );
    assert_eq!(
        workspace.read("runs/j-1/audio.heard"),
        "two\n",
        "{point}: the next stage ran once"
    );

    let kinds = workspace.event_types("j-1");
    let count = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
    for kind in "job_created gate_opened patch_applied gate_approved job_completed".split(' ') {
        assert_eq!(count(kind), 1, "{point}: {kind} in {kinds:?}");
    }
    let seqs: Vec<_> = workspace
        .events("j-1")
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert!(seqs.is_sorted_by(|one, other| one < other), "{point}: {seqs:?}");
    let told = workspace.json_lines("events j-1");
    assert_eq!(told.len(), seqs.len(), "{point}");
    let state = workspace.state("j-1");
    assert_eq!(
        (&state["job"]["status"], &state["gates"][0]["state"]),
        (&"completed".into(), &"approved".into()),
        "{point}"
    );
    assert_eq!(workspace.json("job show j-1")["status"], "completed", "{point}");
}

#[test]
fn killed_at_every_point_everything_agrees_after_a_restart() {
    for (point, _) in fault::POINTS {
        let workspace = Workspace::new(PIPELINE);
        let is_torn_run = |runs: &str| {
            let ran = workspace.read("runs/j-1/script.runs");
            match runs.strip_prefix("[1\n]") {
                // The command may have been ended before it came to its first word.
                Some(rest) => assert!(ran == rest || ran == format!("1\n{rest}"), "{point}: {ran:?}"),
                None => assert_eq!(ran, runs, "{point}"),
            }
        };
        let leader = match dies(point) {
            Dies::Undecided | Dies::Decided => {
                let leader = Beside::serving(&workspace, &[]);
                start(&workspace);
                wait_for(&workspace, "j-1", "gate_opened", 0);
                leader.leaves();
                let killed = approve(&workspace, &[("HOLDPOINT_CRASH_AT", point)]);
                let said = String::from_utf8_lossy(&killed.stderr).into_owned();
                assert_eq!(killed.status.signal(), Some(9), "{point}: {said}");
                Beside::serving(&workspace, &[])
            }
            Dies::Leader { runs } => {
                let victim = serve(&workspace, point);
                // What kills the leader before any job is there needs none.
                if point != "lead_taken" {
                    start(&workspace);
                }
                assert_eq!(victim.ended().signal(), Some(9), "{point}");
                if point == "lead_taken" {
                    start(&workspace);
                }
                let leader = Beside::serving(&workspace, &[]);
                wait_for(&workspace, "j-1", "gate_opened", 0);
                is_torn_run(runs);
                leader
            }
            Dies::Supervisor { runs } => {
                let leader = serve(&workspace, point);
                start(&workspace);
                wait_for(&workspace, "j-1", "gate_opened", 0);
                assert!(!workspace.root().join("armed").exists(), "{point}: nothing died");
                is_torn_run(runs);
                leader
            }
        };
        let again = approve(&workspace, &[]);
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        let wanted = if dies(point) == Dies::Decided { 5 } else { 0 };
        assert_eq!(again.status.code(), Some(wanted), "{point}: {said}");
        wait_for(&workspace, "j-1", "job_completed", 0);
        leader.leaves();
        assert_agrees(&workspace, point);
    }
}

#[test]
fn a_console_killed_at_the_key_that_approves_made_the_decision_or_did_not() {
    for (point, is_decided) in [
        ("submitted", false),
        ("in_transaction", false),
        ("after_commit", true),
        ("files_staged", true),
    ] {
        let workspace = Workspace::new("gates: {deploy: {required: true}}\n");
        workspace.write("plan.txt", "plan v1\n");
        let open = ["gate", "open", "j-1", "deploy", "--artifact", "plan=plan.txt"];
        workspace.ok(&open);
        // The console also records the look and takes leases, and publishes both: what dies is the
        // decision and nothing else.
        let options = crate::support::pty::PtyOptions::new(workspace.root())
            .env("HOLDPOINT_CRASH_AT", point)
            .env("HOLDPOINT_FAULT_DURING", "approved");
        let mut console = crate::support::pty::Pty::spawn(options);
        console.wait_text("deploy");
        console.send("Enter");
        console.wait_text("plan v1");
        console.send("a");
        console.wait_text("[Enter] approve");
        console.confirm();
        assert_eq!(console.wait_exit().signal(), Some(9), "{point}");
        let again = workspace
            .command(&["gate", "approve", "j-1", "deploy"])
            .output()
            .unwrap();
        assert_eq!(again.status.code(), Some(if is_decided { 5 } else { 0 }), "{point}");
        workspace.ok("decisions verify");
        assert_eq!(workspace.decision("j-1", "deploy")["approved"], true, "{point}");
        assert_eq!(workspace.read("runs/chain.jsonl").lines().count(), 1, "{point}");
    }
}

#[test]
fn the_page_has_every_point_in_its_order() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/DURABILITY.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        let happened = cells.next()?;
        cells.next().map(|_| (name.to_owned(), happened.to_owned()))
    });
    let known: Vec<_> = fault::POINTS
        .iter()
        .map(|(name, happened)| ((*name).to_owned(), (*happened).to_owned()))
        .collect();
    let is_point = |row: &(String, String)| known.iter().any(|(name, _)| *name == row.0);
    assert_eq!(rows.filter(is_point).collect::<Vec<_>>(), known);
}

/// What is killed of a decision that may be taken back.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Killed {
    /// Who decides.
    Decision,
    /// Who takes it back.
    Recall,
    /// Who carries it out, when it can no longer be taken back.
    End,
}

/// Whether it comes to this step: only the decision makes a link of the chain, and only at the end
/// a file is patched; that is nobody's command.
fn comes_to(killed: Killed, point: &str) -> bool {
    match point {
        "chain_torn" | "chain_appended" => killed == Killed::Decision,
        "artifact_placed" | "artifacts_done" => killed == Killed::End,
        "submitted" | "prepared" => killed != Killed::End,
        _ => true,
    }
}

/// One of the three killed at this step, and everything done to its end: one outcome.
fn one_outcome(killed: Killed, point: &str) {
    let workspace = Workspace::new("gates: {script: {recall_s: 600}}\n");
    workspace.write("script.txt", "one\n");
    workspace.ok("gate open j-1 script --artifact script=script.txt");
    let told = format!("{killed:?} at {point}");
    let is_done = dies(point) == Dies::Decided;
    let dies = |output: std::process::Output| {
        assert_eq!(output.status.signal(), Some(9), "{told}: {}", printed(&output));
    };
    let ends = |output: std::process::Output, code: i32| {
        assert_eq!(output.status.code(), Some(code), "{told}: {}", printed(&output));
    };
    let crash = [("HOLDPOINT_CRASH_AT", point)];
    let state = || workspace.json("gate show j-1 script")["state"].clone();
    let recall = "gate recall j-1 script";
    if killed == Killed::Decision {
        dies(approve(&workspace, &crash));
        assert_eq!(state(), if is_done { "decided" } else { "open" }, "{told}");
        ends(approve(&workspace, &[]), if is_done { 5 } else { 0 });
    } else {
        ends(approve(&workspace, &[]), 0);
    }
    if killed == Killed::Recall {
        dies(workspace.under(&crash, recall));
        assert_eq!(state(), if is_done { "open" } else { "decided" }, "{told}");
        ends(workspace.under(&[], recall), i32::from(is_done));
        ends(approve(&workspace, &[]), 0);
    }
    assert_eq!(
        workspace.read("runs/j-1/artifacts/script/script.txt"),
        "one\n",
        "{told}: not yet"
    );
    // Long over: nobody leads, so whoever waits carries it out.
    workspace.set_clocks(1200, 1200);
    if killed == Killed::End {
        dies(workspace.under(&crash, "gate wait j-1 script"));
    }
    ends(workspace.under(&[], "gate wait j-1 script"), 0);
    ends(workspace.under(&[], recall), 1);
    for arguments in ["decisions verify", "doctor"] {
        ends(workspace.under(&[], arguments), 0);
    }
    let recalls = usize::from(killed == Killed::Recall);
    let count = |kind: &str| workspace.count_events("j-1", kind);
    let counted = ["decision_made", "decision_recalled", "gate_approved", "patch_applied"].map(count);
    assert_eq!(counted, [1 + recalls, recalls, 1, 1], "{told}");
    assert_eq!(
        workspace.read("runs/chain.jsonl").lines().count(),
        1 + recalls,
        "{told}"
    );
    assert_eq!(
        workspace.read("runs/j-1/artifacts/script/script.txt"),
        "two\n",
        "{told}"
    );
    assert_has!(workspace.decision("j-1", "script"), "approved": true, "attempt": 1 + recalls);
}

#[test]
fn a_decision_that_may_be_taken_back_has_one_outcome_wherever_a_process_is_killed() {
    let of_command = |point: &&str| matches!(dies(point), Dies::Undecided | Dies::Decided);
    let points: Vec<_> = fault::POINTS.iter().map(|(name, _)| *name).filter(of_command).collect();
    std::thread::scope(|scope| {
        for killed in [Killed::Decision, Killed::Recall, Killed::End] {
            let points = points.iter().filter(move |point| comes_to(killed, point));
            scope.spawn(move || points.for_each(|point| one_outcome(killed, point)));
        }
    });
}
