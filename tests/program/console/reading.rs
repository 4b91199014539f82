//! Reading and deciding one gate after the other with two keys each, in a real terminal of 80
//! columns and 24 rows.

use std::collections::BTreeSet;

use serde_json::json;

use super::desk::Desk;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};
use crate::support::screen;

const GATES: &str = "\
gates:
  release: {auto_approve: true, auto_approve_after_s: 3000}
  edit: {required: true}
";

/// A job without stages of its own.
fn starts(workspace: &Workspace, id: &str) {
    workspace.ok(&format!("job start --manual --id {id} --slug tides"));
}

/// A job with one gate, opened from outside on these files.
fn opens(workspace: &Workspace, id: &str, stage: &str, files: &str) {
    starts(workspace, id);
    workspace.ok(&format!("gate open {id} {stage} {files}"));
}

#[test]
fn a_and_enter_twice_decide_two_the_most_urgent_first_and_leave_no_row_behind() {
    let workspace = Workspace::new(GATES);
    for id in ["j-1", "j-2", "j-3"] {
        workspace.write("plan.txt", format!("plan of {id}\ntwo\n"));
        opens(&workspace, id, "release", "--artifact plan=plan.txt");
    }
    // What is most urgent stands neither first nor last.
    workspace.ok("gate extend j-1 release 10m");
    let mut desk = Desk::leading(&workspace);
    desk.sees(">j-2 tides");
    desk.sees_after("s", "Sorted by age");
    desk.sees(" + two");
    for (id, next) in [("j-2", "j-3"), ("j-3", "j-1")] {
        desk.sees_after("a", &format!("APPROVE {id} tides / release #1"));
        desk.confirm();
        // The outcome stands in the log line, the next gate and its diff above it, and no row of
        // the decided one.
        desk.pty.wait_for(|now| {
            let text = screen::text(now);
            let rows = text
                .lines()
                .filter(|row| row.contains(" tides ") && row.contains(" release  "))
                .count();
            text.contains(&format!("Approved {id} tides / release #1"))
                && text.contains(&format!(">{next} tides"))
                && text.contains(&format!("─ {next} tides / release #1  plan.txt 1/1"))
                && text.contains(" + two")
                && rows == if next == "j-3" { 2 } else { 1 }
        });
        workspace.ok(&format!("gate wait {id} release"));
        let decision = workspace.decision(id, "release");
        assert_eq!(decision["approved"], true, "{decision}");
    }
    // Decided from elsewhere: its row is one no more, nothing is left to decide, and the job waits
    // for somebody to resume it.
    workspace.ok("gate reject j-1 release --notes 'not today'");
    desk.pty.wait_gone("─ j-1 tides / release #1");
    desk.sees("0 open");
    desk.sees("R resume");
    desk.sees_after("a", "Not approved: ");
    assert_eq!(workspace.count("decisions list"), 3);
    desk.leaves();
}

/// A hunk that is longer than the screen, a second one far below it, and a second file.
fn long_hunk() -> Workspace {
    let workspace = Workspace::new(GATES);
    let old: String = (1..=80).map(|line| format!("line {line}\n")).collect();
    let new = (1..=80).map(|line| match line {
        10..=49 => format!("LINE {line}\n"),
        75 => "LAST\n".to_owned(),
        _ => format!("line {line}\n"),
    });
    workspace.write("base/a.txt", old);
    workspace.write("a.txt", new.collect::<String>());
    workspace.write("b.txt", "bravo\n");
    opens(
        &workspace,
        "j-1",
        "edit",
        "--artifact text=a.txt --artifact text=b.txt --base base/a.txt",
    );
    workspace
}

/// What stands below the queue.
fn pane(now: &vt100::Screen) -> String {
    let text = screen::text(now);
    text.split_once("\n─")
        .map(|(_, pane)| pane.to_owned())
        .unwrap_or_default()
}

const QUESTION: &str = "APPROVE j-1 tides / edit #1";

/// The file and its lines.
fn page(pane: &str) -> Vec<&str> {
    let words = ["line ", "LINE ", "LAST", "bravo", " / edit #1"];
    pane.lines()
        .filter(|line| words.iter().any(|word| line.contains(word)))
        .collect()
}

/// A second passes, by both clocks: what stands on the screen has stood there long enough to be
/// read.
fn rests(workspace: &Workspace, seconds: usize) {
    // Whole or not at all: the console reads it whenever it looks at the time.
    workspace.write("clock.next", format!("{seconds} {seconds}"));
    std::fs::rename(workspace.root().join("clock.next"), workspace.root().join("clock")).expect("it is there");
}

/// Reads all of the gate with one key; what came on the screen may not be stepped over.
fn reads_on(workspace: &Workspace, desk: &mut Desk, key: &str) {
    const END: &str = "This is the end: all of it was shown";
    let mut shown = BTreeSet::new();
    for seconds in 1..40 {
        let before = desk.pty.inspect(pane);
        shown.extend((10..=49).filter(|line| before.contains(&format!("+ LINE {line}"))));
        let is_second_hunk_shown = before.contains("+ LAST");
        if is_second_hunk_shown || before.contains("b.txt 2/2") {
            assert_eq!(
                shown.len(),
                40,
                "it went on before all of the first hunk was shown: {shown:?}\n{before}"
            );
        }
        if before.contains(END) {
            assert_contains(&before, "b.txt 2/2");
            // What the key came upon counts with the next frame.
            desk.pty.wait_gone("NOT YET SHOWN");
            return;
        }
        rests(workspace, seconds);
        desk.press(key);
        // Another page, or the end: what counts may be told in a frame of its own before.
        desk.pty.wait_for(|now| {
            let pane = pane(now);
            (page(&pane) != page(&before) || pane.contains(END)) && !pane.contains("Reading ")
        });
    }
    panic!("it does not end: {}", desk.pty.screen_text());
}

#[test]
fn one_key_goes_through_a_half_shown_hunk_then_to_the_next_hunk_and_file() {
    for (opening, key) in [("", "}"), ("Enter", "Space"), ("a", "}")] {
        let workspace = long_hunk();
        let mut desk = Desk::leading(&workspace);
        desk.sees("10 - line 10");
        desk.press(opening);
        if opening == "a" {
            desk.asked(&workspace, QUESTION);
            desk.pty.wait_gone("asking the rules what it would do");
        }
        reads_on(&workspace, &mut desk, key);
        if opening != "a" {
            desk.press("a");
            desk.asked(&workspace, QUESTION);
        }
        desk.sees("[Enter] approve");
        desk.confirms("Approved j-1 tides / edit #1");
        workspace.ok("gate wait j-1 edit");
        // Nobody was in the pane that shows the diff but once: it counts wherever the keys go.
        let decision = workspace.decision("j-1", "edit");
        let seen = &decision["seen"][0];
        assert_eq!(
            (&seen["hunks"], &seen["hunks_shown"], &seen["by"]),
            (&json!(3), &json!(3), &decision["by"]),
            "{opening} {key}: {decision}"
        );
        assert!(
            seen["at"].is_string() && seen["digest"].as_str().is_some_and(|digest| digest.len() == 64),
            "{seen}"
        );
        if opening == "Enter" {
            // Back from the diff.
            desk.press("q");
        }
        desk.leaves();
    }
}

#[test]
fn space_marks_in_the_queue_and_what_is_cut_does_not_count() {
    let workspace = Workspace::new(GATES);
    let text = |word: &str, end: &str| {
        let between: String = (1..=10).map(|line| format!("line {line}\n")).collect();
        format!("{word}\n{between}{}{end}\n", "x".repeat(120))
    };
    workspace.write("base/a.txt", text("was", "was"));
    workspace.write("a.txt", text("is", "is"));
    workspace.write("plan.txt", "one\n");
    opens(&workspace, "j-0", "release", "--artifact plan=plan.txt");
    let mut desk = Desk::leading(&workspace);
    desk.sees(">j-0 tides");
    desk.sees_after("Space", "1 marked");
    desk.sees(" + one");
    desk.sees_after("w", "Long lines are cut");
    // It comes on the screen with its long lines cut.
    opens(&workspace, "j-1", "edit", "--artifact text=a.txt --base base/a.txt");
    desk.sees("j-1 tides");
    desk.sees_after("j", "+ is");
    desk.sees("NOT YET SHOWN: hunk 2");
    desk.press("Esc");
    desk.sees_after("Esc", "1 mark taken off");
    desk.approves("j-1 tides / edit #1");
    workspace.ok("gate wait j-1 edit");
    let decision = workspace.decision("j-1", "edit");
    assert_has!(decision, "seen/0/hunks": 2, "seen/0/hunks_shown": 1);
    desk.leaves();
}
