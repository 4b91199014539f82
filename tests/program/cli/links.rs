//! A symlink in place of anything under the runs directory: what lies outside is neither read into
//! anything that is shown or kept, nor changed (SPEC §10). Each place has its outcome: the gate can
//! be decided, because the link is replaced or not needed, or it is refused.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use crate::support::beside::Beside;
use crate::support::run::{Workspace, below, printed};
use crate::support::said::assert_contains;

/// What lies outside, word by word.
const CANARY: &str = "canary-Zq8vT2xW";
const PLAN: &str = "plan v1\n";

/// What becomes of a decision where a link lies.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// It is made and on disk, and a file of ours lies there afterwards.
    Replaced,
    /// It is made and on disk; what the link stands for was not needed, or is evidence (a decision
    /// file is never rewritten).
    Left,
    /// It is made; its files are not written while the link lies there, and it is said so.
    Owed,
    /// It is not made.
    Refused,
}

use Outcome::{Left, Owed, Refused, Replaced};

/// Links to a file, and what becomes of a decision.
const FILES: [(&str, Outcome); 15] = [
    ("j-1/state.json", Replaced),
    ("j-1/gates/deploy.json", Replaced),
    ("j-1/gates/deploy.1.json", Left),
    ("j-1/events.jsonl", Owed),
    ("chain.jsonl", Owed),
    (".publish.lock", Owed),
    ("j-1/artifacts/deploy/plan.txt", Refused),
    ("j-1/versions/VERSION", Left),
    (".nudge", Refused),
    (".open.lock", Refused),
    ("holdpoint.db", Refused),
    ("holdpoint.db-wal", Refused),
    ("holdpoint.db-shm", Refused),
    (".leader.lock", Left),
    ("j-1/gates/deploy.open.error.json", Left),
];

/// The same for links to a directory.
const DIRECTORIES: [(&str, Outcome); 9] = [
    ("j-1", Refused),
    ("j-1/artifacts", Refused),
    ("j-1/artifacts/deploy", Refused),
    ("j-1/versions", Left),
    ("j-1/gates", Owed),
    ("j-1/logs", Left),
    ("j-1/.stage", Left),
    (".drafts", Left),
    (".aside", Left),
];

fn everything(directory: &Path) -> BTreeSet<(PathBuf, Vec<u8>, SystemTime)> {
    let files = below(directory)
        .into_iter()
        .filter(|path| fs::symlink_metadata(path).unwrap().is_file());
    let read = |path: PathBuf| {
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        (path.clone(), fs::read(&path).unwrap(), changed)
    };
    files.map(read).collect()
}

fn opened() -> Workspace {
    let workspace = Workspace::new("gates: {deploy: {required: true}}\n");
    workspace.write("plan.txt", PLAN);
    let open = ["gate", "open", "j-1", "deploy", "--artifact", "plan=plan.txt"];
    workspace.ok(&open);
    workspace
}

/// Puts a link in the place of what lies there; a directory keeps its content outside, beside the
/// canary.
fn link(workspace: &Workspace, place: &str, is_directory: bool) -> PathBuf {
    let digest = domain::ids::Digest::of(PLAN.as_bytes()).to_string();
    let path = workspace.runs().join(place.replace("VERSION", &digest));
    let outside = workspace.root().join("outside");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if is_directory {
        fs::create_dir_all(&path).unwrap();
        fs::rename(&path, &outside).unwrap();
        workspace.write("outside/canary.txt", CANARY);
        symlink(&outside, &path).unwrap();
    } else {
        // As like what belongs there as it can be.
        let known = fs::read(&path).unwrap_or_default();
        let canary: &[u8] = if place == "holdpoint.db" {
            b""
        } else {
            CANARY.as_bytes()
        };
        let text = [canary, &known].concat();
        workspace.write("outside/file", text);
        let _ = fs::remove_file(&path);
        symlink(outside.join("file"), &path).unwrap();
    }
    path
}

#[track_caller]
fn hold(place: &str, expected: Outcome, is_directory: bool) {
    let workspace = opened();
    let path = link(&workspace, place, is_directory);
    let outside = everything(&workspace.root().join("outside"));
    let mut said = Vec::new();
    let mut told = |args: &[&str]| {
        let output = workspace.cmd(args).output().unwrap();
        let text = printed(&output);
        assert!(!text.contains("panicked"), "{place}: {args:?}: {text}");
        said.push((args.join(" "), text.clone()));
        (output.status.code().unwrap_or(-1), text)
    };
    for args in [
        &["gate", "diff", "j-1", "deploy"][..],
        &["gate", "show", "j-1", "deploy", "--json"],
        &["job", "show", "j-1", "--json"],
        &["events", "j-1", "--json"],
    ] {
        told(args);
    }
    let (code, text) = told(&["gate", "approve", "j-1", "deploy"]);
    let outcome = match code {
        0 if text.contains("not yet on disk") => Owed,
        0 if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) => Left,
        0 => Replaced,
        _ => Refused,
    };
    assert_eq!(outcome, expected, "{place}: {text}");
    for args in [
        &["decisions", "list", "--json"][..],
        &["decisions", "verify", "--versions"],
        &["doctor"],
        &["doctor", "--repair"],
        &["job", "list"],
        &["gate", "open", "j-1", "deploy", "--artifact", "plan=conf/operator.yaml"],
        &["job", "start", "--slug", "tides"],
    ] {
        told(args);
    }
    // Somebody leads, watches the dropped files and works off what is owed; how far it comes is its
    // matter.
    let mut serve = workspace.command(&["serve", "--no-http"]);
    let mut serve = serve.stderr(std::process::Stdio::piped()).spawn().unwrap();
    told(&["gate", "list"]);
    serve.kill().unwrap();
    let served = serve.wait_with_output().unwrap();
    said.push(("serve".to_owned(), String::from_utf8_lossy(&served.stderr).into_owned()));
    for (what, text) in &said {
        assert!(!text.contains(CANARY), "{place}: {what}: {text}");
    }
    assert_eq!(everything(&workspace.root().join("outside")), outside, "{place}");
    for (path, bytes, _) in everything(&workspace.runs()) {
        let has_canary = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!has_canary, "{place}: {} holds what lies outside", path.display());
    }
    if place == "j-1/gates/deploy.1.json" {
        let finding = "j-1/gates/deploy.1.json: a symlink";
        assert!(
            said.iter()
                .any(|(what, text)| what == "doctor" && text.contains(finding)),
            "it is found"
        );
        assert!(
            fs::symlink_metadata(&path).unwrap().is_file(),
            "doctor --repair has put it right"
        );
    }
    if expected == Refused {
        let decision = workspace.run_directory("j-1").join("gates/deploy.json");
        assert!(!decision.exists(), "{place}: nothing was decided");
    }
}

#[test]
fn a_link_in_place_of_a_file_leads_nowhere() {
    for (place, outcome) in FILES {
        hold(place, outcome, false);
    }
}

#[test]
fn a_link_in_place_of_a_directory_leads_nowhere() {
    for (place, outcome) in DIRECTORIES {
        hold(place, outcome, true);
    }
}

/// What lies in one place hides no other from doctor, and is put right like any other damage; the
/// link itself is kept aside.
#[test]
fn doctor_looks_past_a_link_and_puts_it_right() {
    let workspace = opened();
    workspace.ok("gate approve j-1 deploy");
    let open = ["gate", "open", "j-2", "deploy", "--artifact", "plan=plan.txt"];
    workspace.ok(&open);
    workspace.ok("gate approve j-2 deploy");
    workspace.write("outside/file", CANARY);
    let outside = everything(&workspace.root().join("outside"));
    let places = [
        "j-1/state.json",
        "j-1/events.jsonl",
        "j-1/gates/deploy.1.json",
        "chain.jsonl",
    ];
    for place in places {
        let path = workspace.runs().join(place);
        fs::remove_file(&path).unwrap();
        symlink(workspace.root().join("outside/file"), path).unwrap();
    }
    // A directory is no file either.
    let latest = workspace.run_directory("j-1").join("gates/deploy.json");
    fs::remove_file(&latest).unwrap();
    fs::create_dir(&latest).unwrap();
    fs::remove_file(workspace.run_directory("j-2").join("gates/deploy.json")).unwrap();
    for command in [&["decisions", "verify"][..], &["doctor"]] {
        let output = workspace.cmd(command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        for place in places.iter().chain(&["j-1/gates/deploy.json", "j-2/gates/deploy.json"]) {
            assert!(
                said.lines().any(|line| line.starts_with(place)),
                "{place} is not in: {said}"
            );
        }
        assert_contains(&said, "a symlink lies where a file belongs");
    }
    workspace.ok("doctor --repair");
    workspace.ok("decisions verify --versions");
    assert_eq!(everything(&workspace.root().join("outside")), outside);
    let aside = fs::read_dir(workspace.runs().join(".aside")).unwrap().flatten();
    assert_eq!(aside.filter(|entry| entry.path().is_symlink()).count(), places.len());
}

/// Where the runs directory is, and which configuration is used, is the operator's to say: there a
/// link is an address like any other.
#[test]
fn the_runs_directory_and_the_configuration_may_be_links_themselves() {
    let workspace = opened();
    fs::rename(workspace.runs(), workspace.root().join("elsewhere")).unwrap();
    symlink(workspace.root().join("elsewhere"), workspace.runs()).unwrap();
    fs::rename(
        workspace.root().join("conf/operator.yaml"),
        workspace.root().join("conf/real.yaml"),
    )
    .unwrap();
    symlink("real.yaml", workspace.root().join("conf/operator.yaml")).unwrap();
    workspace.ok("gate approve j-1 deploy");
    workspace.ok("decisions verify");
    assert!(workspace.exists("elsewhere/j-1/gates/deploy.json"));
    drop(Beside::leader(&workspace));
    assert_eq!(workspace.json("gate list"), Value::Array(Vec::new()));
}
