//! What is worked with, by name.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::console::desk::Desk;
use crate::support::client::{Served, configuration, serving};
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_lacks};
use domain::ids::Digest;

const FILE: &str = ".config/holdpoint/contexts.yaml";

/// A machine with these contexts, and a token that nobody else may read.
fn machine(served: &Served, contexts: &str) -> Workspace {
    let machine = Workspace::without_configuration();
    machine.write(FILE, contexts.replace("SERVER", &format!("http://{}", served.address)));
    machine.write(".config/holdpoint/prod.token", "ana-token\nmore\n");
    allow(&machine, ".config/holdpoint/prod.token", 0o600);
    machine
}

fn allow(machine: &Workspace, path: &str, mode: u32) {
    set_permissions(machine.root().join(path), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_context_names_what_is_worked_with_and_two_that_contradict_are_refused() {
    let (workspace, served, _ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    let machine = machine(
        &served,
        "contexts:\n  prod: {server: SERVER, token_file: prod.token}\n  \
         here: {runs: ../../elsewhere}\n  asked: {server: SERVER, token_command: [sh, -c, 'echo ana-token']}\n",
    );
    for context in ["prod", "asked"] {
        assert_contains(&machine.ok(&format!("--context {context} gate list")), "j-1");
    }
    assert_lacks(&machine.ok("gate list"), "j-1");
    let by_variable = |variables: &[(&str, &str)], args: &str| {
        let output = machine.under(variables, args);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        text(&output.stdout) + &text(&output.stderr)
    };
    assert_contains(&by_variable(&[("HOLDPOINT_CONTEXT", "prod")], "gate list"), "j-1");
    // What is named on purpose goes before what the environment names.
    assert_lacks(
        &by_variable(&[("HOLDPOINT_CONTEXT", "prod")], "--runs runs gate list"),
        "j-1",
    );
    let both = [("HOLDPOINT_CONTEXT", "prod"), ("HOLDPOINT_SERVER", "https://h")];
    assert_contains(
        &by_variable(&both, "gate list"),
        "HOLDPOINT_CONTEXT and HOLDPOINT_SERVER are both set: only one can be meant",
    );
    assert_contains(&by_variable(&both, "--context prod gate list"), "j-1");
    for other in ["--server https://h", "--runs runs", "--token-file f", "--authority f"] {
        let said = machine.refused(&format!("--context prod {other} gate list"), 2);
        assert_contains(&said, "'--context <NAME>' cannot be used with");
    }
    assert_contains(
        &machine.refused("--context prd gate list", 1),
        "has no context prd   hint: the contexts are asked, here, prod",
    );
    machine.ok("--context here job start --slug tides --manual");
    assert!(machine.exists("elsewhere/holdpoint.db"));

    let listed: Value = machine.json("--context prod config contexts");
    assert_eq!(listed[2]["used_by"], "--context", "{listed}");
    assert_eq!(listed[0]["token"], "command sh");
    assert_lacks(&listed.to_string(), "ana-token");
    machine.write(FILE, machine.read(FILE) + "default: prod\n");
    let (told, said) = machine.run("gate list", 0);
    assert_contains(&told, "j-1");
    assert_contains(&said, "context prod (the default)");
    assert_contains(&machine.ok("config contexts"), "prod   default  http://127.0.0.1:");
}

#[test]
fn a_token_that_others_may_read_is_not_used() {
    let (_workspace, served, _ana) = serving("");
    let machine = machine(&served, "contexts: {prod: {server: SERVER, token_file: prod.token}}\n");
    allow(&machine, ".config/holdpoint/prod.token", 0o640);
    let said = machine.refused("--context prod gate list", 1);
    assert_contains(&said, "others may read the token in ");
    assert_contains(&said, "its mode is 0640   hint: chmod 600 ");
    let listed = machine.json("config contexts");
    assert_contains(listed[0]["fault"].as_str().unwrap(), "others may read the token");
}

#[test]
fn a_command_that_gives_no_token_says_why() {
    let (_workspace, served, _ana) = serving("");
    let machine = machine(
        &served,
        "contexts:\n  a: {server: SERVER, token_command: [sh, -c, 'echo first >&2; echo the store is locked >&2; exit 3']}\n  \
         b: {server: SERVER, token_command: ['true']}\n  c: {server: SERVER, token_command: [no-such-program]}\n",
    );
    for (context, why) in [
        (
            "a",
            "the token command sh ended with exit status: 3; it says: the store is locked",
        ),
        (
            "b",
            "true prints no token   hint: the first line of its standard output has to be the token",
        ),
        ("c", "the token command no-such-program cannot be started"),
    ] {
        assert_contains(&machine.refused(&format!("--context {context} gate list"), 1), why);
    }
    let wrong = "contexts:\n  a: {server: SERVER}\n";
    machine.write(FILE, wrong);
    assert_contains(
        &machine.refused("--context a gate list", 1),
        "contexts.yaml:2:6: contexts.a: a token comes from a file or from a command",
    );
}

#[test]
fn the_console_names_its_context_and_goes_on_with_a_token_that_was_renewed() {
    let (workspace, served, _ana) = serving("");
    let machine = machine(
        &served,
        "default: prod\ncontexts: {prod: {server: SERVER, token_command: [cat, now.token]}}\n",
    );
    machine.write("now.token", "ana-token\n");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    let mut desk = Desk::spawn(PtyOptions::new(machine.root()));
    desk.sees("[prod]");
    desk.selects("j-1", "deploy", 1);
    // The old token opens nothing from now on, and the command prints the new one.
    machine.write("now.token", "newer-token\n");
    let digest = |token: &str| Digest::of(token.as_bytes()).to_string();
    let text = configuration("").replace(&digest("ana-token"), &digest("newer-token"));
    workspace.write("conf/operator.yaml", text);
    served.until("the configuration was saved");
    served.ana().get("/api/v1/jobs").expect(401);
    desk.press("a");
    desk.asked(&workspace, "APPROVE j-1");
    desk.confirms("Approved j-1");
    assert_eq!(workspace.decision("j-1", "deploy")["by"], json!("ana"));
    desk.leaves();
}
