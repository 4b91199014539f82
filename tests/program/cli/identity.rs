//! In whose name a decision is made.

use nix::unistd::{Uid, User};
use serde_json::json;

use crate::support::run::Workspace;
use crate::support::said::assert_has;

fn login() -> String {
    User::from_uid(Uid::current())
        .ok()
        .flatten()
        .map_or_else(|| format!("uid-{}", Uid::current()), |user| user.name)
}

fn at_gate(shared: &str) -> Workspace {
    let workspace = Workspace::new(&format!("security: {{shared_accounts: {shared}}}\n"));
    workspace.write("a.txt", "text\n");
    workspace.ok("gate open j-1 script --artifact script=a.txt");
    workspace
}

#[test]
fn a_shared_account_names_the_person_and_the_record_keeps_both() {
    let workspace = at_gate(&format!("[{}]", login()));
    let mut approve = workspace.cmd(&["gate", "approve", "j-1", "script", "--operator", "ana"]);
    approve.env("SSH_CONNECTION", "203.0.113.9 52144 10.0.0.1 22");
    approve.assert().success();
    let decision = workspace.decision("j-1", "script");
    assert_has!(decision, "by": "ana", "via/login": login());
    assert_has!(decision, "via/surface": "cli", "via/ssh_client": "203.0.113.9");
    let host = decision["via"]["host"].as_str().unwrap();
    let via = format!(
        "via       {}@{host}, command line, ssh from 203.0.113.9 (uid {})\n",
        login(),
        Uid::current()
    );
    let shown = workspace.ok("decisions show j-1 script");
    assert!(shown.contains(&via), "{via}{shown}");
}

#[test]
fn others_decide_in_their_own_name_only() {
    let workspace = at_gate("[ops, night-shift]");
    let stderr = workspace.refused("--operator ana gate approve j-1 script", 1);
    let login = login();
    assert_eq!(
        stderr,
        format!(
            "Not approved: {login} may not act for others: security.shared_accounts names ops, night-shift   \
             hint: leave --operator out, or log in as the person who decides\n"
        )
    );
    workspace.ok(&["gate", "approve", "j-1", "script", "--operator", &login]);
    assert_eq!(workspace.decision("j-1", "script")["by"], json!(login));
}

#[test]
fn nobody_is_the_timer_or_a_name_that_cannot_be_read() {
    let workspace = at_gate(&format!("[{}]", login()));
    for name in ["timer", "", " ana", "ana\u{202e}", "a\nb"] {
        let stderr = workspace.refused(&["gate", "approve", "j-1", "script", "--operator", name], 1);
        assert!(stderr.starts_with("Not approved: "), "{name:?}: {stderr}");
    }
    assert_eq!(workspace.json("gate show j-1 script")["state"], "open");
}
