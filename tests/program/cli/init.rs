//! `holdpoint init`: a configuration to begin with, and the two commands that it names, which work.

use serde_json::Value;

use crate::console::desk::Desk;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_starts, each};

/// Writes it, and gives the two commands back, without `holdpoint`.
fn next(workspace: &Workspace, args: &str) -> Vec<String> {
    let written = workspace.json(args);
    let next = written["next"].as_array().expect("a list").iter();
    let next = next.map(|command| command.as_str().expect("a text"));
    let next: Vec<_> = next
        .map(|command| command.strip_prefix("holdpoint").expect("ours").trim().to_owned())
        .collect();
    assert_eq!(next.len(), 2);
    next
}

/// The second command is the console.
fn console(workspace: &Workspace, command: &str) -> Desk {
    Desk::spawn(PtyOptions::new(workspace.root()).args(command.split_whitespace()))
}

#[test]
fn gates_from_outside_are_opened_and_decided_by_the_two_commands() {
    let workspace = Workspace::without_configuration();
    let told = workspace.ok("init --for gates");
    assert_starts(&told, "Written: conf/operator.yaml\nNext:\n  holdpoint gate open ");
    assert_eq!(workspace.ok("config check"), "conf/operator.yaml: ok\n");
    std::fs::remove_dir_all(workspace.root().join("conf")).unwrap();
    let [open, look] = &next(&workspace, "init --for gates")[..] else {
        panic!("two")
    };
    workspace.ok(open);
    let mut desk = console(&workspace, look);
    desk.sees("Gates from outside");
    desk.press("a");
    desk.asked(&workspace, "APPROVE try-1 / release #1");
    desk.confirms("Approved try-1 / release #1");
    desk.leaves();
    // Nothing is run here, and that is said instead of a film.
    let refused = workspace.refused("job start --slug tides", 1);
    assert_starts(&refused, "Not started: there are no stages to run");
    assert_contains(&refused, "--manual");
}

#[test]
fn stages_of_ones_own_run_up_to_their_gate() {
    let workspace = Workspace::without_configuration();
    let [start, look] = &next(&workspace, "init --for stages")[..] else {
        panic!("two")
    };
    assert_eq!(workspace.ok("config check"), "conf/operator.yaml: ok\n");
    let job = workspace.ok(start).trim().to_owned();
    let desk = console(&workspace, look);
    desk.sees("first");
    desk.sees("build");
    workspace.json_until("gate list", |gates| gates[0]["stage"] == "build");
    workspace.ok(&format!("gate approve {job} build"));
    let ended = workspace.json_until(&format!("job show {job}"), |job| job["status"] == "completed");
    assert_eq!(ended["status"], "completed");
    desk.leaves();
}

#[test]
fn the_film_is_there_for_who_asks_for_it() {
    let workspace = Workspace::without_configuration();
    let [start, look] = &next(
        &workspace,
        "init --for film --config film/operator.yaml --runs film/runs",
    )[..] else {
        panic!("two")
    };
    assert_eq!(
        workspace.ok("config check --config film/operator.yaml"),
        "film/operator.yaml: ok\n"
    );
    workspace.ok(start);
    let desk = console(&workspace, look);
    workspace.json_until("gate list --runs film/runs", |gates| gates[0]["stage"] == "outline");
    drop(desk);
}

#[test]
fn what_is_there_stays_and_without_an_answer_nothing_is_written() {
    let workspace = Workspace::new("gates: {}\n");
    let refused = workspace.refused("init --for stages", 1);
    assert_starts(&refused, "Not written: conf/operator.yaml is there already   hint: ");
    assert_eq!(workspace.read("conf/operator.yaml"), "gates: {}\n");
    let refused = workspace.refused("init --config new.yaml", 2);
    assert_starts(
        &refused,
        "Not written: what holdpoint is to do is not said   hint: holdpoint init --for gates",
    );
    let refused = workspace.refused("init --for gates --server https://a.example --config new.yaml", 2);
    assert_starts(&refused, "Not written: init writes a file on this machine");
    // Nor through a link that leads nowhere.
    std::os::unix::fs::symlink("nowhere.yaml", workspace.root().join("link.yaml")).unwrap();
    workspace.refused("init --for gates --config link.yaml", 1);
    assert!(!workspace.exists("new.yaml") && !workspace.exists("nowhere.yaml"));
}

#[test]
fn a_person_is_asked() {
    let workspace = Workspace::without_configuration();
    let mut init = workspace.pty(&["init"]);
    init.wait_text("What is holdpoint to do here?");
    init.wait_text("1  gates");
    init.wait_text("1, 2 or 3:");
    init.send("x Enter");
    init.wait_text("1, 2 or 3: x");
    init.send("stages Enter");
    init.wait_text("Written: conf/operator.yaml");
    assert_eq!(init.wait_exit().code(), Some(0));
    let stages = workspace.json("config show");
    assert_eq!(
        each(&stages["pipeline"]["stages"], "name"),
        [Value::from("build"), Value::from("publish")]
    );
    // Ctrl-D is no answer.
    let mut init = workspace.pty(&["init", "--config", "other.yaml"]);
    init.wait_text("1, 2 or 3:");
    init.send("<C-d>");
    init.wait_text("Not written:");
    assert!(!workspace.exists("other.yaml"));
}
