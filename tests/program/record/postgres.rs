//! The record in PostgreSQL, as the program makes and reads it. Without PostgreSQL none of these run,
//! and the tests say so.

use serde_json::{Value, json};

use super::story::{PIPELINE, files, tell, told};
use crate::support::client::{configuration, serving_on};
use crate::support::pty::patience;
use crate::support::run::Workspace;

/// The paths of all keys of a document, in their order.
fn keys(value: &Value, above: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = format!("{above}.{key}");
                all.push(path.clone());
                keys(value, &path, all);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, above, all)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(super) fn psql(workspace: &Workspace, sql: &str) -> String {
    let address = workspace.read("store.url");
    let database = address.rsplit('/').next().unwrap();
    testing::postgres::server()
        .unwrap()
        .psql(database, sql)
        .unwrap()
        .trim()
        .to_owned()
}

#[test]
fn the_record_is_the_same_in_postgresql_as_in_a_file() {
    let Some(workspace) = Workspace::on_postgres(PIPELINE) else {
        return;
    };
    tell(&workspace);
    let in_file = told();
    assert!(!workspace.exists("runs/holdpoint.db"));
    assert_eq!(files(&workspace.runs()), files(&in_file.runs()));
    for file in files(&in_file.runs()) {
        let lines = |workspace: &Workspace| -> Vec<String> {
            let text = workspace.read(&format!("runs/{}", file.display()));
            let documents: Vec<Value> = match file.extension().is_some_and(|suffix| suffix == "jsonl") {
                true => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
                false => vec![serde_json::from_str(&text).unwrap()],
            };
            let mut all = Vec::new();
            documents.iter().for_each(|document| keys(document, "", &mut all));
            all
        };
        assert_eq!(lines(&workspace), lines(&in_file), "{}", file.display());
    }
    // What PostgreSQL has is what the files have, byte for byte.
    let document = psql(
        &workspace,
        "SELECT document FROM decision WHERE job_id = 'm-1' ORDER BY seq DESC LIMIT 1",
    );
    assert_eq!(document, workspace.read("runs/m-1/gates/script.json").trim_end());
    workspace.ok("decisions verify");
    workspace.ok("doctor");
    assert_eq!(workspace.json("stats")["decisions"], in_file.json("stats")["decisions"]);
    for list in [
        "job list",
        "gate list",
        "decisions list",
        "decisions list --operator nobody",
        "forecast",
    ] {
        let told = |workspace: &Workspace| {
            let mut all = Vec::new();
            keys(&workspace.json(list), "", &mut all);
            all
        };
        assert_eq!(told(&workspace), told(&in_file), "{list}");
    }
}

#[test]
fn what_was_changed_in_postgresql_is_found() {
    let Some(workspace) = Workspace::on_postgres(PIPELINE) else {
        return;
    };
    tell(&workspace);
    psql(
        &workspace,
        "SET session_replication_role = replica; DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
    );
    let found = workspace.told("doctor", 1);
    assert!(
        found.contains("table event: 1 rows fewer than were ever recorded"),
        "{found}"
    );
}

#[test]
fn a_database_without_what_is_on_disk_is_refused_by_its_own_name() {
    let Some(workspace) = Workspace::on_postgres(PIPELINE) else {
        return;
    };
    tell(&workspace);
    let other = testing::postgres::server().unwrap().database().unwrap();
    workspace.write("store.url", &other);
    let refused = workspace.refused("gate list", 1);
    let database = other.rsplit('/').next().unwrap();
    let told = format!("/{database} is older than the record beside it: decision ");
    assert!(refused.contains("postgres://") && refused.contains(&told), "{refused}");
}

#[test]
fn of_many_that_decide_at_once_one_does() {
    let Some(workspace) = Workspace::on_postgres("gates: {deploy: {required: true}}\n") else {
        return;
    };
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    let racing: Vec<_> = (0..6)
        .map(|number| {
            let verdict = if number % 2 == 0 { "approve" } else { "reject" };
            let mut command = workspace.command(&["gate", verdict, "j-1", "deploy", "--notes", &number.to_string()]);
            command
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    let codes: Vec<_> = racing.into_iter().map(|mut one| one.wait().unwrap().code()).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert_eq!(psql(&workspace, "SELECT count(*) FROM decision"), "1");
    workspace.ok("decisions verify");
}

#[test]
fn what_is_no_address_is_refused_and_no_password_is_shown() {
    let workspace = Workspace::new("storage: {url: 'postgres://ana:hunter2@db.example:no/x'}\ngates: {}\n");
    let (_, refused) = workspace.run("gate list", 1);
    assert!(refused.contains("storage.url: "), "{refused}");
    let elsewhere = Workspace::new("storage: {url: 'mysql://ana:hunter2@db.example/x'}\ngates: {}\n");
    let (_, faults) = elsewhere.run("gate list", 1);
    assert!(faults.contains("storage.url"), "{faults}");
    let nowhere = Workspace::new("storage: {url: 'postgres://ana:hunter2@localhost:1/x'}\ngates: {}\n");
    let (_, unreachable) = nowhere.run("gate list", 1);
    assert!(unreachable.contains("postgres://localhost:1/x"), "{unreachable}");
    for said in [refused, faults, unreachable] {
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_server_goes_on_when_its_connections_to_the_database_were_ended() {
    let Some(workspace) = Workspace::on_postgres(&configuration("")) else {
        return;
    };
    let (workspace, _served, ana) = serving_on(workspace);
    workspace.write("plan.txt", "new\n");
    for number in 0..4 {
        let job = format!("j-{number}");
        workspace.ok(&["gate", "open", &job, "outline", "--artifact", "plan=plan.txt"]);
        psql(
            &workspace,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        // Whatever it answers meanwhile, it is decided once.
        let deadline = std::time::Instant::now() + patience();
        while ana.act(&job, "approve", &json!({})).status != 200 {
            assert!(std::time::Instant::now() < deadline, "the server does not go on");
        }
    }
    assert_eq!(psql(&workspace, "SELECT count(*) FROM decision"), "4");
    workspace.ok("decisions verify");
}

#[test]
fn a_record_moves_to_postgresql_and_back_and_its_chain_goes_on() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let workspace = told();
    let address = server.database().unwrap();
    let head = |workspace: &Workspace| workspace.json("decisions verify")["head"].clone();
    let in_file = head(&workspace);
    let told = workspace.ok(&["store", "copy", "runs", &address]);
    assert!(told.contains(" has the whole record: "), "{told}");
    let kept = std::fs::read_dir(workspace.runs().join("m-1/versions"))
        .unwrap()
        .count();
    assert!(told.contains(&format!(" {kept} versions of artifacts")), "{told}");
    workspace.write("store.url", &address);
    assert_eq!(psql(&workspace, "SELECT count(*) FROM version"), kept.to_string());
    let home = "SELECT name FROM host WHERE id = (SELECT host FROM leader)";
    assert!(psql(&workspace, home).ends_with("/runs"), "its files are here");
    assert_eq!(head(&workspace), in_file);
    workspace.ok("doctor");
    workspace.write("draft.md", "# Two\n");
    workspace.ok("gate open m-2 script --artifact script=draft.md");
    workspace.ok("gate approve m-2 script");
    workspace.ok("decisions verify");
    // Without the address there is no database, and the record says that there was one.
    std::fs::remove_file(workspace.root().join("store.url")).unwrap();
    assert!(workspace.exists("runs/holdpoint.db.copied-1"));
    let (_, lost) = workspace.run("gate open m-3 script --artifact script=draft.md", 1);
    assert!(lost.contains("is missing, but"), "{lost}");
    workspace.ok(&["store", "copy", &address, "runs"]);
    // While the file is there, nobody goes on with the other one.
    workspace.write("store.url", &address);
    let (_, two) = workspace.run("gate open m-3 script --artifact script=draft.md", 1);
    assert!(
        two.contains("runs/holdpoint.db is there, and the record is said to be in postgres://"),
        "{two}"
    );
    std::fs::remove_file(workspace.root().join("store.url")).unwrap();
    workspace.ok("decisions verify");
    workspace.ok("doctor");
    workspace.ok("gate open m-3 script --artifact script=draft.md");
    workspace.ok("gate approve m-3 script");
    workspace.ok("decisions verify");
}

#[test]
fn the_database_has_the_bytes_of_all_versions_and_this_hosts_are_a_cache() {
    let Some(workspace) = Workspace::on_postgres(PIPELINE) else {
        return;
    };
    tell(&workspace);
    workspace.write("draft.md", "# One\n\nBring nothing.\n");
    workspace.write("former/draft.md", "# One\n\nBring all.\n");
    workspace.ok("gate open m-1 again --artifact script=draft.md --base former/draft.md");
    let kept = workspace.runs().join("m-1/versions");
    let mut files: Vec<_> = std::fs::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    let rows = psql(&workspace, "SELECT digest FROM version ORDER BY digest");
    assert_eq!(rows.lines().collect::<Vec<_>>(), files);
    let sizes = "SELECT count(*) FROM version WHERE size_bytes <> (SELECT sum(length(bytes)) FROM version_piece
                 WHERE version_piece.digest = version.digest)";
    assert_eq!(psql(&workspace, sizes), "0");
    // What is gone here, or damaged, comes back with the first look.
    let diff = workspace.ok("gate diff m-1 again");
    std::fs::remove_dir_all(&kept).unwrap();
    assert_eq!(workspace.ok("gate diff m-1 again"), diff);
    let again = std::fs::read_dir(&kept).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&again).unwrap();
    std::fs::write(&again, "x".repeat(bytes.len())).unwrap();
    assert_eq!(workspace.ok("gate diff m-1 again"), diff);
    assert_eq!(std::fs::read(&again).unwrap(), bytes);
}

#[test]
fn a_record_that_is_not_sound_is_not_copied() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let workspace = told();
    let address = server.database().unwrap();
    workspace.edit("UPDATE event SET message = 'other' WHERE seq = 2", 1);
    let (_, refused) = workspace.run(&["store", "copy", "runs", &address], 1);
    assert!(refused.contains(" is not sound: "), "{refused}");
    let (_, usage) = workspace.run("store copy runs other", 2);
    assert!(usage.contains("one of the two is a runs directory"), "{usage}");
}

#[test]
fn the_role_that_works_with_the_tables_can_do_all_but_change_what_is_recorded() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let shipped = |name: &str| {
        let path = format!("{}/contrib/postgresql/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path)
            .unwrap()
            .replace(":owner", "'x'")
            .replace(":worker", "'y'")
    };
    let workspace = Workspace::new(PIPELINE);
    let address = server.database().unwrap();
    let database = address.rsplit('/').next().unwrap();
    let as_role = |role: &str| address.replace("holdpoint@", &format!("{role}@"));
    // The tests' superuser has the name of the role that is shipped.
    let renamed = |name: &str| {
        shipped(name)
            .replace("holdpoint_owner", "the_owner")
            .replace("holdpoint", "the_worker")
    };
    server.psql(database, &renamed("roles.sql")).unwrap();
    workspace.write("store.url", as_role("the_worker"));
    let (_, refused) = workspace.run("gate list", 1);
    assert!(refused.contains("permission denied"), "{refused}");
    workspace.write("store.url", as_role("the_owner"));
    workspace.ok("gate list");
    server.psql(database, &renamed("grants.sql")).unwrap();
    workspace.write("store.url", as_role("the_worker"));
    tell(&workspace);
    workspace.ok("decisions verify");
    workspace.ok("doctor");
    for forbidden in [
        "DELETE FROM decision",
        "DELETE FROM event",
        "UPDATE decision SET hash = ''",
        "UPDATE event SET message = ''",
    ] {
        let denied = server
            .psql(database, &format!("SET ROLE the_worker; {forbidden}"))
            .unwrap_err();
        assert!(
            denied.to_string().contains("permission denied"),
            "{forbidden}: {denied}"
        );
    }
}
