//! What wide windows hold, in a real terminal: the third column, the list of jobs, a zoomed pane,
//! help and history in columns, levels of a sound and words in colours, and the way between sizes.

use super::desk::Desk;
use crate::support::beside::wait_for;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::screen;

const CONFIGURATION: &str = "\
pipeline:
  stages:
    - name: render
      command: [/bin/false]
    - name: release
gates:
  release: {required: true}
  voice: {required: true}
";

const OLD: &str = "# the canary first\nimage: reef:1.4\nreplicas: 3\n";
const NEW: &str = "# the canary first\nimage: reef:1.5\nreplicas: 3\n";
/// One second of a voice.
const SOUND: &[u8] = include_bytes!("../../fixtures/audio/mono_48.mp3");
const SIZES: [(u16, u16); 2] = [(120, 40), (200, 60)];

/// A change of a text with words of a language, a sound, and a job that failed.
fn gates(configuration: &str) -> Workspace {
    let workspace = Workspace::new(configuration);
    workspace.write("old.yaml", OLD);
    workspace.write("plan.yaml", NEW);
    workspace.write("voice.mp3", SOUND);
    workspace.ok("gate open harbour-lights-of-the-north-quay-2 release --artifact plan=plan.yaml --base old.yaml");
    workspace.ok("gate open tides voice --artifact voice=voice.mp3");
    workspace
}

fn desk(workspace: &Workspace, (columns, rows): (u16, u16)) -> Desk {
    let desk = Desk::spawn(PtyOptions::new(workspace.root()).size(columns, rows));
    desk.sees("lead you");
    desk.sees("2 open");
    desk
}

/// The row that begins with these words, blanks aside.
fn row(desk: &Desk, words: &str) -> String {
    let text = desk.pty.screen_text();
    let row = text.lines().find(|row| row.trim_start().starts_with(words));
    row.unwrap_or_else(|| panic!("{words}: {text}")).to_owned()
}

#[test]
fn each_piece_of_a_wide_window_is_in_a_real_terminal() {
    for size in SIZES {
        let workspace = gates(CONFIGURATION);
        let mut desk = desk(&workspace, size);
        let failed = workspace.ok("job start --id j-60 --slug quay");
        wait_for(&workspace, failed.trim(), "job_failed", 0);
        desk.sees("j-60 quay");

        // No name is cut, and beside the change stand the stages: at 160 columns and more with the day.
        desk.press("g");
        desk.sees("harbour-lights-of-the-north-quay-2");
        desk.sees("replicas: 3");
        desk.sees("STAGES  harbour");
        if size.0 >= 160 {
            desk.sees(" TODAY ");
        }
        assert_eq!(
            desk.pty.style_of("replicas").words(),
            "magenta",
            "a word of the language"
        );
        assert_eq!(
            desk.pty.style_of("+ image").words(),
            "green bold",
            "never instead of a sign"
        );

        desk.sees_after("6", "JOBS  1 failed");
        desk.sees("exit status 1");
        desk.press("q");
        desk.pty.wait_gone("JOBS  1 failed");

        desk.sees_after("Enter =", "= all panes");
        desk.pty.wait_gone("STAGES  harbour");
        desk.sees("replicas: 3");
        desk.sees_after("= q", "STAGES  harbour");

        desk.sees_after("?", " KEYS ");
        let beside = row(&desk, "columns of the queue").replacen("columns of the queue", "", 1);
        assert!(
            !beside.trim().is_empty(),
            "help has columns: {}",
            desk.pty.screen_text()
        );
        desk.backs_out(" KEYS ");

        // The sound: bars of its levels, with what they are.
        desk.sees_after("j", "RMS inside");
        desk.pty.wait_for(|now| {
            screen::text(now)
                .lines()
                .any(|row| row.matches(['█', '░', '▄']).count() > 20)
        });

        desk.approves("tides / voice #1");
        desk.sees_after("4", "HISTORY  decision 1 of 1");
        let head = row(&desk, "TIME");
        let columns = ["JOB", "STAGE", "VERDICT", "BY", "WAITED", "SEEN", "NOTE"];
        assert!(columns.iter().all(|column| head.contains(column)), "{head}");
        desk.sees("+ approved");
        desk.press("q");
        desk.leaves();
    }
}

#[test]
fn a_window_goes_from_wide_to_narrow_to_nearly_nothing_and_back() {
    let workspace = gates(CONFIGURATION);
    let mut desk = desk(&workspace, (200, 60));
    desk.press("g");
    desk.sees("replicas: 3");
    desk.sees(" TODAY ");
    let wide = desk.pty.screen_text();
    desk.resize(80, 24);
    desk.sees("replicas: 3");
    desk.pty.wait_gone(" TODAY ");
    desk.pty.wait_gone("STAGES  harbour");
    // Below 60x14 nothing that decides is asked, and what is there can be read.
    desk.resize(80, 8);
    desk.sees("harbour");
    desk.press("a");
    desk.sees("Not approved");
    desk.resize(200, 60);
    desk.sees("replicas: 3");
    desk.sees(" TODAY ");
    let again = desk.pty.screen_text();
    let panes = |text: &str| -> Vec<String> { text.lines().skip(1).take(50).map(str::to_owned).collect() };
    assert_eq!(panes(&again), panes(&wide), "as it was");
    assert_eq!(desk.pty.style_of("replicas").words(), "magenta");
    desk.leaves();
}

#[test]
fn whoever_wants_no_colours_for_words_has_none() {
    let workspace = gates(&format!("console: {{syntax: false}}\n{CONFIGURATION}"));
    let mut desk = desk(&workspace, (120, 40));
    desk.press("g");
    desk.sees("replicas: 3");
    assert_eq!(desk.pty.style_of("replicas").words(), "");
    assert_eq!(desk.pty.style_of("+ image").words(), "green bold");
    desk.leaves();
}
