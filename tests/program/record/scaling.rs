//! The commands of docs/SCALING.md, run as they stand there but for addresses and passwords.

use testing::postgres::PostgresServer;

use crate::http::examples::command;
use crate::support::client::{Served, configuration};
use crate::support::environment::STORE_FILE;
use crate::support::run::Workspace;

/// The first block of commands of the document.
fn commands() -> String {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/SCALING.md")).unwrap();
    let block = text.split("scaling.rs\n").nth(1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn a_record_in_postgresql_is_set_up_in_the_five_commands_of_the_document() {
    let Some(server) = PostgresServer::of_own() else {
        return;
    };
    // The tests' superuser has the name of a role that is made.
    let superuser = "CREATE ROLE postgres SUPERUSER LOGIN";
    server.psql("postgres", superuser).unwrap();
    let workspace = Workspace::new(&configuration(""));
    let commands = commands();
    assert_eq!(commands.lines().count(), 5, "{commands}");
    let socket = server.dir().display().to_string();
    let here = commands
        .replace("@db.example", &format!("@{}", socket.replace('/', "%2F")))
        .replace('…', "a-password")
        .replace("-f contrib", concat!("-f ", env!("CARGO_MANIFEST_DIR"), "/contrib"));
    let shell = |script: &str| {
        let mut shell = command(&workspace, "sh", &["-e", "-c", script]);
        let path = std::env::join_paths(
            std::iter::once(server.bin().to_owned()).chain(std::env::split_paths(&path_of(&shell))),
        );
        shell
            .env("PATH", path.unwrap())
            .env("PGHOST", &socket)
            .env("PGUSER", "postgres");
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
    };
    shell("psql -d postgres -c 'ALTER ROLE holdpoint RENAME TO tests'");
    let (set_up, serve) = here.trim_end().rsplit_once('\n').unwrap();
    shell(set_up);
    let (store, serve) = serve.split_once(' ').unwrap();
    assert_eq!(serve, "holdpoint serve");
    workspace.write(STORE_FILE, store.strip_prefix("HOLDPOINT_STORE=").unwrap());
    let served = Served::start(&workspace);
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 outline --artifact plan=plan.txt");
    workspace.ok("gate approve j-1 outline");
    served.leaves();
    workspace.ok("decisions verify");
    workspace.ok("doctor");
}

/// Where a command looks for programs.
fn path_of(command: &std::process::Command) -> std::ffi::OsString {
    let mut variables = command.get_envs();
    let path = variables.find_map(|(name, value)| (name == "PATH").then_some(value)?);
    path.unwrap_or_default().to_owned()
}
