//! Run directories written from the record, beside its own or on another host.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::story::{PIPELINE, files, tell, told};
use crate::support::run::Workspace;

/// The files of the record, the artifacts and the versions below this directory, with their bytes.
fn record(top: &Path, has_versions: bool) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = files(top);
    for kind in ["artifacts/script", "versions"]
        .iter()
        .take(1 + usize::from(has_versions))
    {
        let directory = Path::new("m-1").join(kind);
        let names = std::fs::read_dir(top.join(&directory)).unwrap();
        all.extend(names.map(|entry| directory.join(entry.unwrap().file_name())));
    }
    let read = |path: PathBuf| (path.clone(), std::fs::read(top.join(path)).unwrap());
    all.into_iter().map(read).collect()
}

#[test]
fn a_copy_of_the_run_directories_is_what_they_are() {
    let workspace = told();
    let told = workspace.ok("export --all --to out --versions");
    assert!(told.contains("out has 2 jobs, "), "{told}");
    let out = workspace.root().join("out");
    assert_eq!(record(&out, true), record(&workspace.runs(), true));
    // Once more is the same; one job only; what somebody wrote there stays.
    workspace.write("out/m-1/artifacts/script/draft.md", "mine");
    let left = workspace.told("export m-1 --to out", 1);
    assert!(left.contains("left: m-1: "), "{left}");
    assert_eq!(workspace.read("out/m-1/artifacts/script/draft.md"), "mine");
    let document = workspace.json("export m-1 --to one");
    assert_eq!(
        (&document["jobs"], &document["versions"]),
        (&1.into(), &serde_json::Value::Null)
    );
    assert!(!workspace.exists("one/j-17"));
    let chain = workspace.read("one/chain.jsonl");
    assert!(
        chain.lines().count() == 3 && chain.lines().all(|line| line.contains("m-1")),
        "{chain}"
    );
    for (wrong, code) in [
        ("export", 2),
        ("export m-1 --all", 2),
        ("export nobody", 6),
        ("export m-1 --to runs", 1),
    ] {
        workspace.run(wrong, code);
    }
    workspace.ok("decisions verify");
}

#[test]
fn another_host_of_a_shared_record_verifies_it_and_writes_its_files() {
    let Some(workspace) = Workspace::on_postgres(PIPELINE) else {
        return;
    };
    tell(&workspace);
    for command in ["decisions verify", "doctor", "decisions verify --versions"] {
        let told = workspace.ok(&["--runs", "other"]
            .into_iter()
            .chain(command.split(' '))
            .collect::<Vec<_>>()[..]);
        assert!(told.contains("Sound: 4 decisions"), "{told}");
        assert!(
            told.contains("note: the files are kept on ") && told.contains("/runs, and were not looked at"),
            "{told}"
        );
    }
    let (_, refused) = workspace.run("--runs other doctor --repair", 1);
    assert!(refused.contains("Not repaired: the files are kept on "), "{refused}");
    workspace.ok("--runs other export --all --versions");
    assert_eq!(
        record(&workspace.root().join("other"), true),
        record(&workspace.runs(), true)
    );
    // What the database lost is found on any host.
    let address = workspace.read("store.url");
    let server = testing::postgres::server().unwrap();
    workspace.ok(&["store", "copy", &address, "other"]);
    server
        .psql(
            address.rsplit('/').next().unwrap(),
            "SET session_replication_role = replica; DELETE FROM version; DELETE FROM version_piece",
        )
        .unwrap();
    let found = workspace.told("doctor", 1);
    assert!(
        found.contains("table version, row ") && found.contains("the database does not have it"),
        "{found}"
    );
    // The copy is a record of its own.
    std::fs::remove_file(workspace.root().join("store.url")).unwrap();
    workspace.ok("--runs other decisions verify --versions");
    workspace.ok("--runs other doctor");
}
