//! What a loss of power leaves, as ALICE and CrashMonkey look for it: the system calls of real
//! commands are recorded, states that a power cut could leave are made of them, holdpoint is
//! started on each, and what was answered must be there.
//!
//! A seeded sample is tried; `HOLDPOINT_POWER_STATES=100000` tries so many. Needs strace, and says
//! so where there is none. `real.rs` does the like on a file system that loses its power.

mod disk;
mod real;
mod start;
mod story;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use disk::{Disk, Left, Tree};
use store::Reader;
use story::STORY;
use trace::Op;

use crate::support::random::Random;

/// Everything there was, and then every step of the story.
struct Recording {
    base: Tree,
    ops: Vec<Op>,
}

/// None, and why, where nothing can be traced.
fn record() -> Option<Recording> {
    let workspace = story::workspace();
    let runs = workspace.runs();
    for arguments in story::BEFORE {
        workspace.ok(arguments);
    }
    // An open console, as it were: the log of the database is not folded into it after each
    // command.
    let held = Reader::open(&runs).unwrap();
    held.last_event_seq().unwrap();
    let base = disk::read(&runs);
    let mut ops = Vec::new();
    for (arguments, _) in STORY {
        let written = workspace.root().join("trace");
        let options = trace::OPTIONS.into_iter().chain(["-o", written.to_str().unwrap()]);
        let mut command = workspace.through("strace", &options.collect::<Vec<_>>(), arguments);
        let output = match command.output() {
            Ok(output) if written.exists() => output,
            missing => {
                skip("power loss", "strace", &format!("it cannot be run here: {missing:?}"));
                return None;
            }
        };
        assert!(output.status.success(), "{arguments:?}: {output:?}");
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

/// A directory for what is left, in memory where there is such a place: what is asked is what
/// holdpoint finds, not what this disk keeps.
fn folder() -> tempfile::TempDir {
    let shm = Path::new("/dev/shm");
    let folder = if shm.is_dir() {
        tempfile::tempdir_in(shm)
    } else {
        tempfile::tempdir()
    };
    folder.unwrap()
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

/// So many are tried with the program itself, for each takes it ten starts; where more states are
/// asked for, a tenth of them.
const BY_HAND: usize = 12;

struct Tried {
    states: usize,
    /// States that needed `doctor --repair`, by what it had to mend.
    mended: BTreeMap<String, usize>,
    broken: Option<String>,
}

/// Tries states in a seeded order, each once, until one breaks a promise. `start` says what was
/// left to mend.
fn try_states(
    base: &Tree,
    ops: &[Op],
    states_max: usize,
    start: impl Fn(&Path, usize) -> Result<Vec<String>, String>,
) -> Tried {
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
        mended: BTreeMap::new(),
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
        let folder = folder();
        let runs = folder.path().join("runs");
        disk::write(&tree, &runs);
        match start(&runs, answered) {
            Ok(left) => {
                let places: BTreeSet<_> = left.iter().filter_map(|what| what.split(':').next()).collect();
                for place in places {
                    *tried.mended.entry(place.to_owned()).or_default() += 1;
                }
            }
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

/// Tells that something was not tried; panics where the caller has promised what it takes.
fn skip(what: &str, tool: &str, why: &str) {
    let needed = std::env::var("HOLDPOINT_TEST_NEEDS").unwrap_or_default();
    assert!(
        !needed.split(' ').any(|named| named == tool),
        "{tool} is needed here: {why}"
    );
    println!("skipped: {what} was not tried: {why}");
}

#[test]
fn what_was_answered_survives_a_loss_of_power_and_forgotten_flushes_are_caught() {
    let Some(Recording { base, ops }) = record() else {
        return;
    };
    let asked = std::env::var("HOLDPOINT_POWER_STATES")
        .ok()
        .and_then(|states| states.parse().ok());
    let tried = try_states(&base, &ops, asked.unwrap_or(300), start::in_process);
    println!("power loss: {} states of {} steps tried", tried.states, ops.len());
    assert_eq!(tried.broken, None, "after {} states", tried.states);
    assert_eq!(
        tried.mended,
        BTreeMap::new(),
        "what was not confirmed is written by the start, and nothing is left for doctor --repair"
    );
    let workspace = story::workspace();
    let by_hand = |runs: &Path, answered| start::by_hand(&workspace, runs, answered).map(|()| Vec::new());
    let tried = try_states(&base, &ops, asked.map_or(BY_HAND, |_| tried.states / 10), by_hand);
    println!("power loss: {} of them tried with the program itself", tried.states);
    assert_eq!(
        tried.broken, None,
        "with the program itself, after {} states",
        tried.states
    );
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
        let tried = try_states(&base, &ops, 5000, start::in_process);
        let broken = tried
            .broken
            .unwrap_or_else(|| panic!("{what}: not caught in {} states", tried.states));
        println!("planted: {what}: caught after {} states: {broken}", tried.states);
    }
}
