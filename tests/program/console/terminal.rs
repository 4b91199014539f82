//! The terminal itself: given back whatever happens, and of any size.

use nix::sys::signal::Signal;

use super::desk::{Desk, FILM};
use super::record;
use crate::support::beside::job_at_gate;
use crate::support::run::Workspace;

/// Alternate screen, bracketed paste, mouse: what the console turns on.
const MODES: [&str; 4] = ["1049", "2004", "1000", "1006"];

/// Whether the last word about every mode is that it is off, and about the cursor that it shows.
#[track_caller]
pub fn assert_given_back(raw: &[u8]) {
    for mode in MODES {
        let (on, off) = (
            last(raw, &format!("\x1b[?{mode}h")),
            last(raw, &format!("\x1b[?{mode}l")),
        );
        assert!(on.is_some() && off > on, "mode {mode}: on at {on:?}, off at {off:?}");
    }
    let (shown, hidden) = (last(raw, "\x1b[?25h"), last(raw, "\x1b[?25l"));
    assert!(shown > hidden, "cursor: shown at {shown:?}, hidden at {hidden:?}");
}

fn last(raw: &[u8], sequence: &str) -> Option<usize> {
    raw.windows(sequence.len())
        .rposition(|window| window == sequence.as_bytes())
}

#[test]
fn every_way_out_gives_the_terminal_back() {
    let workspace = Workspace::new(FILM);
    for leave in [
        (|desk: &mut Desk| desk.press("q")) as fn(&mut Desk),
        |desk| desk.pty.terminate(Signal::SIGTERM),
        |desk| desk.pty.terminate(Signal::SIGINT),
        // Somebody may send it while the terminal lives on.
        |desk| desk.pty.terminate(Signal::SIGHUP),
    ] {
        let mut desk = Desk::leading(&workspace);
        assert!(!desk.pty.edits_lines());
        leave(&mut desk);
        assert_eq!(desk.pty.wait_exit().code(), Some(0));
        desk.pty.wait_end_of_output();
        assert_given_back(&desk.pty.raw_bytes());
        assert_eq!(desk.pty.screen_text(), "", "the screen from before is back");
        assert!(desk.pty.edits_lines());
    }
}

#[test]
fn sizes_from_one_cell_to_very_wide() {
    let workspace = Workspace::new(FILM);
    let mut desk = Desk::leading(&workspace);
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "script", 1, "Low tide is at noon");
    desk.resize(60, 20);
    desk.sees("Low tide is at noon");
    // In one cell there is nothing to look at: that it lived shows when it is larger again.
    desk.pty.resize(1, 1);
    desk.press("j");
    desk.resize(300, 90);
    desk.sees("Low tide is at noon");
    desk.sees_after("a", "APPROVE j-1 tides / script #1");
    desk.pty.resize(1, 1);
    desk.resize(80, 24);
    desk.sees("APPROVE j-1 tides / script #1");
    desk.confirms("Approved j-1 tides / script #1");
    workspace.ok("gate wait j-1 script");
    // Leaving asks first while a stage runs.
    desk.selects("j-1", "storyboard", 1);
    desk.leaves();
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
}
