//! The unseen rule between two consoles: what one is shown changes what both say of the timer.

use super::desk::{Desk, FILM};
use super::held::shared_with;
use crate::support::beside::job_at_gate;
use crate::support::pty::PtyOptions;

#[test]
fn what_one_console_was_shown_the_other_knows_at_once() {
    let timed = "script: {auto_approve: true, auto_approve_after_s: 3000, unseen: hold}";
    let workspace = shared_with(&FILM.replace("script: {required: true}", timed));
    let serve = Desk::spawn(PtyOptions::new(workspace.root()).args(["--operator", "bea"]));
    serve.sees("lead you");
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    // Nobody has touched a key there: what stands on that screen nobody was shown.
    serve.sees(" hold tides");
    let mut ana = Desk::spawn(PtyOptions::new(workspace.root()).args(["--operator", "ana"]));
    ana.sees(" hold tides");
    ana.reads("j-1", "script", 1, "bring boots");
    ana.sees(" approve ");
    serve.sees(" approve tides");
    let gate = workspace.json("gate show j-1 script");
    assert_eq!(
        (&gate["at_zero"], &gate["doubt"]),
        (&"approve".into(), &serde_json::Value::Null)
    );
    ana.leaves();
}
