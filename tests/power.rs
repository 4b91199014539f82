//! What a loss of power leaves, as ALICE and CrashMonkey look for it: the system calls of real commands are recorded, states that a power
//! cut could leave are made of them, holdpoint is started on each, and what was answered must be there.
//!
//! A seeded sample is tried; `HOLDPOINT_POWER_STATES=100000` tries so many. Needs strace, and says so where there is none.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, and lays out files as a disk does"
)]

#[path = "power/disk.rs"]
mod disk;
#[allow(dead_code, reason = "the simulator uses the rest")]
#[path = "sim/random.rs"]
mod random;
mod support;
#[path = "power/trace.rs"]
mod trace;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use disk::{Disk, Left, Tree};
use holdpoint::domain::ids::JobId;
use holdpoint::engine::Role;
use holdpoint::engine::audit::{Scope, audit};
use holdpoint::engine::repair::repair;
use holdpoint::runs::RunsDir;
use holdpoint::store::Reader;
use random::Random;
use support::binary::holdpoint;
use support::engine::settings;
use support::run::Workspace;
use trace::Op;

const GATES: &str =
    "gates:\n  script: {required: true, auto_approve: true, auto_approve_after_s: 3600}\n  deploy: {required: true}\n";
const ARTIFACT: &str = "artifacts/script/script.txt";

/// What a command answered, and what must be so from then on.
type Promise = (&'static str, fn(&Path, &Reader) -> bool);

/// Commands, in this order; the answer to each is a promise.
const STORY: [(&[&str], Promise); 6] = [
    (
        &["gate", "hold", "j-1", "script", "--reason", "wait"],
        ("the hold of j-1", |_, reader| has_event(reader, "j-1", "gate_held")),
    ),
    (
        &["patch", "apply", "j-1", "script", "fix.json"],
        ("the patch of j-1", |runs, reader| {
            has_event(reader, "j-1", "patch_applied") && holds(runs, &format!("j-1/{ARTIFACT}"), "two\n")
        }),
    ),
    (
        &["gate", "approve", "j-1", "script", "--notes", "ship it"],
        ("the approval of j-1", |runs, reader| {
            is_decided(runs, reader, "j-1", "script", true)
        }),
    ),
    (
        &["gate", "open", "j-3", "deploy", "--artifact", "plan=plan.txt"],
        ("the gate of j-3", |runs, reader| {
            has_event(reader, "j-3", "gate_opened") && holds(runs, "j-3/artifacts/deploy/plan.txt", "plan\n")
        }),
    ),
    (
        &["gate", "reject", "j-2", "deploy", "--notes", "no"],
        ("the rejection of j-2", |runs, reader| {
            is_decided(runs, reader, "j-2", "deploy", false)
        }),
    ),
    (
        &["gate", "approve", "j-3", "deploy"],
        ("the approval of j-3", |runs, reader| {
            is_decided(runs, reader, "j-3", "deploy", true)
        }),
    ),
];

fn id(job: &str) -> JobId {
    JobId::new(job).unwrap()
}

fn has_event(reader: &Reader, job: &str, kind: &str) -> bool {
    let events = reader.events(Some(&id(job)), 0, 1000, false).unwrap();
    events.iter().any(|event| event.kind.as_str() == kind)
}

fn holds(runs: &Path, path: &str, text: &str) -> bool {
    std::fs::read(runs.join(path)).is_ok_and(|bytes| bytes == text.as_bytes())
}

fn is_decided(runs: &Path, reader: &Reader, job: &str, stage: &str, is_approved: bool) -> bool {
    let rows = reader.job(&id(job)).unwrap();
    let row = rows.and_then(|rows| {
        rows.decisions
            .into_iter()
            .find(|sealed| sealed.decision.stage().as_str() == stage)
    });
    let file = std::fs::read(runs.join(format!("{job}/gates/{stage}.json"))).unwrap_or_default();
    row.is_some_and(|sealed| sealed.decision.is_approved() == is_approved && sealed.to_file() == file)
}

/// Everything there was, and then every step of the story.
struct Recording {
    base: Tree,
    ops: Vec<Op>,
}

/// None, and why, where nothing can be traced.
fn record() -> Option<Recording> {
    let workspace = Workspace::new(GATES);
    let runs = workspace.runs();
    for (path, text) in [
        ("script.txt", "one\n"),
        ("plan.txt", "plan\n"),
        (
            "fix.json",
            r#"{"type": "text_replace", "replacements": [{"old": "one", "new": "two"}]}"#,
        ),
    ] {
        workspace.write(path, text);
    }
    for arguments in [
        ["gate", "open", "j-1", "script", "--artifact", "script=script.txt"],
        ["gate", "open", "j-2", "deploy", "--artifact", "plan=plan.txt"],
    ] {
        workspace.cmd(&arguments).assert().success();
    }
    // An open console, as it were: the log of the database is not folded into it after each command.
    let held = Reader::open(&runs).unwrap();
    held.last_event_seq().unwrap();
    let base = disk::read(&runs);
    let mut ops = Vec::new();
    for (arguments, _) in STORY {
        let written = workspace.root().join("trace");
        let mut command = std::process::Command::new("strace");
        command
            .args(trace::OPTIONS)
            .arg("-o")
            .arg(&written)
            .arg(holdpoint())
            .args(arguments)
            .current_dir(workspace.root())
            .env_clear()
            .envs(support::environment::clean(workspace.root()));
        let output = match command.output() {
            Ok(output) if written.exists() => output,
            missing => {
                let needed = std::env::var("HOLDPOINT_TEST_NEEDS").unwrap_or_default();
                assert!(
                    !needed.split(' ').any(|tool| tool == "strace"),
                    "strace is needed here: {missing:?}"
                );
                println!("skipped: power loss was not tried, strace cannot be run here: {missing:?}");
                return None;
            }
        };
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = std::fs::read_to_string(&written).unwrap();
        ops.extend(trace::parse(&text, &workspace.root().display().to_string()));
        std::fs::remove_file(written).unwrap();
    }
    let answers = ops.iter().filter(|op| matches!(op, Op::Answer)).count();
    assert_eq!(answers, STORY.len(), "every command answers once");
    // What the steps make is what lies there, or the steps are not what happened.
    let mut disk = Disk::on(&base);
    ops.iter().for_each(|op| disk.take(op));
    let made = disk.cut(Left::All, Left::All, &mut Random::seeded(1));
    let found = disk::read(&runs);
    for path in made.keys().chain(found.keys()) {
        assert!(
            made.get(path) == found.get(path),
            "{path} is not what the steps make of it"
        );
    }
    Some(Recording { base, ops })
}

/// Starts holdpoint on what is left; what was broken of its promises, and whether `doctor --repair` had to mend.
fn start(tree: &Tree, answered: usize) -> Result<bool, String> {
    let shm = Path::new("/dev/shm");
    let folder = if shm.is_dir() {
        tempfile::tempdir_in(shm)
    } else {
        tempfile::tempdir()
    }
    .unwrap();
    let runs = folder.path().join("runs");
    disk::write(tree, &runs);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let opened = holdpoint::engine::Engine::open(settings(&runs, GATES, "ana", Role::Visitor));
        let mut engine = opened.map_err(|error| format!("it does not start: {error}"))?;
        engine.rest().await;
        engine.close();
        Ok::<(), String>(())
    })?;
    let directory = RunsDir::open(&runs, None).unwrap();
    let reader = Reader::open(&runs).map_err(|error| error.to_string())?;
    let scope = Scope {
        is_hashing_versions: true,
        ..Scope::default()
    };
    let sound = || {
        let report = audit(&directory, &reader, scope, &mut |_| {});
        let mut wrong: Vec<String> = report
            .findings
            .iter()
            .map(|one| format!("{}: {}", one.place, one.message))
            .collect();
        wrong.extend(report.owed.iter().map(|owed| format!("{} is owed files", owed.job_id)));
        wrong
    };
    let is_mended = !sound().is_empty();
    if is_mended {
        repair(&directory, &reader, &mut |_| {}).map_err(|error| error.to_string())?;
    }
    let wrong = sound();
    if !wrong.is_empty() {
        return Err(format!("not sound after doctor --repair: {}", wrong.join("; ")));
    }
    for (_, (what, is_kept)) in &STORY[..answered] {
        if !is_kept(&runs, &reader) {
            return Err(format!("{what} was answered, and is not there"));
        }
    }
    Ok(is_mended)
}

const KINDS: [(Left, Left); 12] = [
    (Left::All, Left::All),
    (Left::Nothing, Left::Nothing),
    (Left::All, Left::Nothing),
    (Left::All, Left::Zeros),
    (Left::All, Left::Half),
    (Left::Nothing, Left::All),
    (Left::Half, Left::Random),
    (Left::Half, Left::All),
    (Left::Random, Left::Random),
    (Left::Random, Left::All),
    (Left::Random, Left::Nothing),
    (Left::All, Left::Random),
];

struct Tried {
    states: usize,
    mended: usize,
    broken: Option<String>,
}

/// Tries states in a seeded order, each once, until one breaks a promise.
fn try_states(base: &Tree, ops: &[Op], states_max: usize) -> Tried {
    let mut random = Random::seeded(22);
    let mut cuts: Vec<(usize, usize)> = (0..=ops.len())
        .flat_map(|at| (0..KINDS.len()).map(move |kind| (at, kind)))
        .collect();
    for at in (1..cuts.len()).rev() {
        cuts.swap(at, random.below(at + 1));
    }
    let mut seen = BTreeSet::new();
    let mut tried = Tried {
        states: 0,
        mended: 0,
        broken: None,
    };
    for (at, kind) in cuts {
        if tried.states >= states_max {
            break;
        }
        let mut disk = Disk::on(base);
        ops[..at].iter().for_each(|op| disk.take(op));
        let (names, bytes) = KINDS[kind];
        let tree = disk.cut(names, bytes, &mut random);
        let answered = ops[..at].iter().filter(|op| matches!(op, Op::Answer)).count();
        let mut hasher = DefaultHasher::new();
        (&tree, answered).hash(&mut hasher);
        if !seen.insert(hasher.finish()) {
            continue;
        }
        tried.states += 1;
        match start(&tree, answered) {
            Ok(is_mended) => tried.mended += usize::from(is_mended),
            Err(why) => {
                tried.broken = Some(format!(
                    "power lost after step {at}, names {names:?}, bytes {bytes:?}: {why}"
                ));
                break;
            }
        }
    }
    tried
}

fn is_database(path: &str) -> bool {
    path.starts_with("holdpoint.db")
}

/// The steps without the flushes that somebody forgot.
fn without(ops: &[Op], is_forgotten: impl Fn(usize, &str) -> bool) -> Vec<Op> {
    let kept = ops
        .iter()
        .enumerate()
        .filter(|(at, op)| !matches!(op, Op::Flush(path) if is_forgotten(*at, path)));
    kept.map(|(_, op)| op.clone()).collect()
}

#[test]
fn what_was_answered_survives_a_loss_of_power_and_forgotten_flushes_are_caught() {
    let Some(Recording { base, ops }) = record() else {
        return;
    };
    let asked = std::env::var("HOLDPOINT_POWER_STATES")
        .ok()
        .and_then(|states| states.parse().ok());
    let tried = try_states(&base, &ops, asked.unwrap_or(300));
    println!(
        "power loss: {} states of {} steps tried, {} of them mended by doctor --repair",
        tried.states,
        ops.len(),
        tried.mended
    );
    assert_eq!(tried.broken, None, "after {} states", tried.states);
    let is_directory = |path: &str| path.rsplit('/').next().is_some_and(|name| !name.contains('.')) || path.is_empty();
    // NORMAL flushes the log only before its pages go into the database.
    let is_folded = |at: usize| {
        let mut after = ops[at + 1..].iter();
        after.find_map(|op| match op {
            Op::Write(path, ..) if is_database(path) => Some(path == "holdpoint.db"),
            _ => None,
        }) == Some(true)
    };
    let planted = [
        (
            "directories are not flushed",
            without(&ops, |_, path| is_directory(path)),
        ),
        (
            "files are not flushed",
            without(&ops, |_, path| !is_directory(path) && !is_database(path)),
        ),
        (
            "synchronous is NORMAL",
            without(&ops, |at, path| path == "holdpoint.db-wal" && !is_folded(at)),
        ),
    ];
    for (what, ops) in planted {
        let tried = try_states(&base, &ops, 5000);
        let broken = tried
            .broken
            .unwrap_or_else(|| panic!("{what}: not caught in {} states", tried.states));
        println!("planted: {what}: caught after {} states: {broken}", tried.states);
    }
}
