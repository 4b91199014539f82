//! What stands where: with `--json` a failure is one document on standard error; help comes by
//! every way that people try.

use serde_json::Value;

use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_starts};

/// Exit code, standard output and standard error.
fn said(workspace: &Workspace, arguments: &[&str]) -> (i32, String, String) {
    let output = workspace.command(arguments).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().expect("it ends by itself");
    (code, text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_failure_in_json_is_one_document_and_no_other_line() {
    let workspace = Workspace::without_configuration();
    workspace.write("plan.txt", "plan\n");
    let notice = "There is no configuration: the one built in is used";
    for (arguments, code) in [
        (&["gate", "approve", "nope", "s"][..], 6),
        (&["gate", "wait", "nope", "s"], 6),
        (&["job", "show", "v1.2.3"], 2),
        (&["decisions", "show", "nope", "s"], 6),
        (&["gate", "frobnicate"], 2),
        (&["serve"], 1),
        (&["console"], 1),
        (&["gate", "open", "j-1", "s", "--artifact", "plan=none.txt"], 1),
    ] {
        let (exit, stdout, stderr) = said(&workspace, &[&["--json"], arguments].concat());
        assert_eq!((exit, stdout.as_str()), (code, ""), "{arguments:?}: {stderr}");
        let document: Value =
            serde_json::from_str(&stderr).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {stderr}"));
        assert!(document["error"]["code"].is_string(), "{arguments:?}: {stderr}");
    }
    // Without --json the notice comes first, as ever; and with it, beside a result that is one.
    let (_, _, stderr) = said(&workspace, &["gate", "approve", "nope", "s"]);
    assert_starts(&stderr, notice);
    let (exit, stdout, stderr) = said(&workspace, &["--json", "job", "list"]);
    assert_eq!((exit, stdout.trim()), (0, "[]"));
    assert_contains(&stderr, notice);
}

#[test]
fn what_a_failure_came_of_is_told_to_who_asks() {
    let workspace = Workspace::new("{}\n");
    workspace.write(
        "runs/holdpoint.db",
        "this is no database, and long enough to be looked at as one ".repeat(10),
    );
    let (exit, _, plain) = said(&workspace, &["job", "list"]);
    assert_eq!(exit, 1);
    assert!(
        plain.starts_with("Not listed: cannot open ") && plain.lines().count() == 1,
        "{plain}"
    );
    for flag in ["-v", "--verbose"] {
        let (exit, _, verbose) = said(&workspace, &["job", "list", flag]);
        let causes = verbose.strip_prefix(&plain).expect("the same line comes first");
        assert_eq!(exit, 1);
        assert!(causes.contains("  because: file is not a database\n"), "{verbose}");
    }
    let (_, _, document) = said(&workspace, &["--json", "-v", "job", "list"]);
    let document: Value = serde_json::from_str(&document).expect("it is one document");
    assert_eq!(document["error"]["causes"][0], "file is not a database");
}

#[test]
fn help_is_a_command_too() {
    let workspace = Workspace::new("{}\n");
    for (asked, flag) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "gate"], &["gate", "--help"]),
        (&["help", "gate", "approve"], &["gate", "approve", "--help"]),
        (&["gate", "help", "approve"], &["gate", "approve", "--help"]),
    ] {
        assert_eq!(workspace.run(asked, 0), workspace.run(flag, 0), "{asked:?}");
    }
    let (exit, _, stderr) = said(&workspace, &["help", "nope"]);
    assert_eq!(exit, 2);
    assert_contains(&stderr, "unrecognized subcommand 'nope'");
}

#[test]
fn whoever_opens_a_gate_and_waits_may_give_up() {
    let workspace = Workspace::new("{}\n");
    workspace.write("plan.txt", "plan\n");
    let open = ["gate", "open", "j-1", "release", "--artifact", "plan=plan.txt"];
    let stdout = workspace.told(&[&open[..], &["--wait", "--timeout", "0"]].concat(), 4);
    assert_contains(&stdout, "j-1 / release #1 is still open");
    // The gate stays; who comes again waits for the same one.
    workspace.ok("gate approve j-1 release");
    workspace.ok("gate wait j-1 release --timeout 0");
    let stderr = workspace.refused(&[&open[..], &["--timeout", "1"]].concat(), 2);
    assert_contains(&stderr, "--wait");
}
