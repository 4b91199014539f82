//! Files that a pipeline without any client drops to open a gate (SPEC §8): found, claimed, and done with or refused.
//!
//! ```text
//! gates/<stage>.open.json ─ claim (rename) ─ gates/.<stage>.open.claimed ─┬─ removed: the gate is open
//!                                                                        └─ removed, after gates/<stage>.open.error.json says why not
//! ```
//! A claimed file is nobody else's: what the pipeline drops meanwhile is another one, and neither is lost. A crash leaves the claim,
//! which is found again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use nix::unistd::{Uid, User};

use super::atomic;
use super::error::{Doing, Result, RunsError};
use super::layout::{GATES, RunDir, RunsDir};
use super::place::Place;
use crate::domain::ids::{JobId, StageName};

/// The most bytes of a dropped file.
pub const DROP_BYTES_MAX: u64 = 256 * 1024;

const OPEN_SUFFIX: &str = ".open.json";
const CLAIM_SUFFIX: &str = ".open.claimed";
const ERROR_SUFFIX: &str = ".open.error.json";

/// The most misplaced files that are told of one job.
pub const MISPLACED_MAX: usize = 20;

const BESIDE: &str =
    "no gate is opened: it does not lie in the job's gates/ itself   hint: move it to gates/STAGE.open.json";
const DIRECTORY: &str = "no gate is opened: it is a directory   hint: write a file of that name";
const NO_STAGE: &str = "no gate is opened: what stands before .open.json is no stage name   hint: a stage is 1 to 50 lower-case letters, digits, _ and -, beginning with a letter";

/// A stage that a dropped file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drop {
    pub job_id: JobId,
    pub stage: StageName,
}

/// A dropped file that is ours to answer.
#[derive(Debug)]
pub struct Claim {
    pub bytes: Vec<u8>,
    /// Who owns it: the login name, or the number where there is none.
    pub owner: String,
    pub uid: u32,
}

/// A file that was meant to open a gate, where it opens none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Misplaced {
    /// Where it lies, below the runs directory; for a log line.
    pub place: String,
    /// Why no gate is opened, and what to do.
    pub why: &'static str,
}

/// What lies in some jobs' directories.
#[derive(Debug, Default)]
pub struct Found {
    /// What waits to be answered, sorted.
    pub drops: Vec<Drop>,
    /// What nobody answers: of each job that was looked at, at most so many as [`MISPLACED_MAX`].
    pub misplaced: BTreeMap<JobId, BTreeSet<Misplaced>>,
    /// The jobs whose directories could not be read, and why.
    pub unread: Vec<(JobId, RunsError)>,
}

/// Looks at these jobs' directories; one that cannot be read keeps nobody from the others.
pub fn find(runs: &RunsDir, jobs: &[JobId]) -> Found {
    let mut found = Found::default();
    for job_id in jobs {
        if let Err(error) = find_in(&runs.run(job_id), &mut found) {
            found.unread.push((job_id.clone(), error));
        }
    }
    found.drops.sort();
    // A claim and the next file of the same stage are answered one after the other.
    found.drops.dedup();
    found
}

/// Whether there is something to answer, or this cannot be told.
pub fn is_any(run: &RunDir) -> bool {
    entries(&run.gates()).map_or(true, |names| names.iter().any(|(name, _)| stage_of(name).is_some()))
}

fn find_in(run: &RunDir, found: &mut Found) -> Result<()> {
    let job_id = run.job_id();
    let mut misplaced = BTreeSet::new();
    for (name, _) in entries(run.path())? {
        note(&mut misplaced, &name, &[job_id.as_str()], BESIDE);
    }
    for (name, is_directory) in entries(&run.gates())? {
        let parents = [job_id.as_str(), GATES];
        if is_directory {
            // A directory is no file, whatever it is called.
            note(&mut misplaced, &name, &parents, DIRECTORY);
            for (below, _) in entries(&run.gates().join(&name))? {
                note(&mut misplaced, &below, &[job_id.as_str(), GATES, &name], BESIDE);
            }
        } else if let Some(stage) = stage_of(&name) {
            found.drops.push(Drop {
                job_id: job_id.clone(),
                stage,
            });
        } else {
            note(&mut misplaced, &name, &parents, NO_STAGE);
        }
    }
    found.misplaced.insert(job_id.clone(), misplaced);
    Ok(())
}

/// The names in a directory, and whether each is a directory; what is not text is passed over. Nothing, where there is no directory.
fn entries(directory: &Path) -> Result<Vec<(String, bool)>> {
    let listed = match fs::read_dir(directory) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        listed => listed.doing("list", directory)?,
    };
    let mut names = Vec::new();
    for entry in listed {
        let entry = entry.doing("list", directory)?;
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        names.extend(entry.file_name().to_str().map(|name| (name.to_owned(), is_directory)));
    }
    Ok(names)
}

fn note(misplaced: &mut BTreeSet<Misplaced>, name: &str, parents: &[&str], why: &'static str) {
    if is_dropped(name) && misplaced.len() < MISPLACED_MAX {
        // Whoever drops it chooses the name: nothing in it may act on a terminal.
        let place = format!("{}/{name}", parents.join("/")).escape_debug().to_string();
        misplaced.insert(Misplaced { place, why });
    }
}

/// Whether a name is that of a dropped file, whatever it says before.
pub fn is_dropped(name: &str) -> bool {
    name.ends_with(OPEN_SUFFIX)
}

fn stage_of(name: &str) -> Option<StageName> {
    let dropped = name.strip_suffix(OPEN_SUFFIX);
    let claimed = || name.strip_prefix('.')?.strip_suffix(CLAIM_SUFFIX);
    StageName::new(dropped.or_else(claimed)?).ok()
}

/// Makes a dropped file ours, and reads it. None: it is gone.
pub fn claim(run: &RunDir, stage: &StageName) -> Result<Option<Claim>> {
    let Some(gates) = gates(run)? else { return Ok(None) };
    let claimed = claimed(stage);
    if !gates.has(&claimed) {
        let dropped = format!("{stage}{OPEN_SUFFIX}");
        if gates.has_directory(&dropped) || !gates.rename(&dropped, &claimed)? {
            return Ok(None);
        }
    }
    let Some(file) = gates.file(&claimed)? else {
        return Ok(None);
    };
    let shown = gates.join(&claimed);
    let uid = file.metadata().doing("examine", &shown)?.uid();
    let bytes = atomic::read_limited(file, &shown, DROP_BYTES_MAX)?;
    let owner = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    Ok(Some(Claim {
        bytes,
        owner: owner.map_or_else(|| uid.to_string(), |user| user.name),
        uid,
    }))
}

/// Ends a claim whose gate is open; what was said of an earlier one is out of date.
pub fn settle(run: &RunDir, stage: &StageName) -> Result<()> {
    let Some(gates) = gates(run)? else { return Ok(()) };
    gates.remove(&error_file(stage))?;
    gates.remove(&claimed(stage)).map(drop)
}

/// Ends a claim with the reason why no gate was opened.
pub fn refuse(run: &RunDir, stage: &StageName, reason: &[u8]) -> Result<()> {
    let Some(gates) = gates(run)? else { return Ok(()) };
    atomic::write_at(&gates, &error_file(stage), reason)?;
    gates.remove(&claimed(stage)).map(drop)
}

/// The directory of a run's gates, opened without following a link. None: there is none.
fn gates(run: &RunDir) -> Result<Option<Arc<Place>>> {
    Ok(run.existing(GATES)?.and_then(|mut places| places.pop()))
}

fn claimed(stage: &StageName) -> String {
    format!(".{stage}{CLAIM_SUFFIX}")
}

fn error_file(stage: &StageName) -> String {
    format!("{stage}{ERROR_SUFFIX}")
}
