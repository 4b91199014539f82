//! Files that a pipeline without any client drops to open a gate (SPEC §8): found, claimed, and done with or refused.
//!
//! ```text
//! gates/<stage>.open.json ─ claim (rename) ─ gates/.<stage>.open.claimed ─┬─ removed: the gate is open
//!                                                                        └─ removed, after gates/<stage>.open.error.json says why not
//! ```
//! A claimed file is nobody else's: what the pipeline drops meanwhile is another one, and neither is lost. A crash leaves the claim,
//! which is found again.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use nix::unistd::{Uid, User};

use super::atomic;
use super::error::{Doing, Result};
use super::layout::{GATES, RunDir, RunsDir};
use super::place::Place;
use crate::domain::ids::{JobId, StageName};

/// The most bytes of a dropped file.
pub const DROP_BYTES_MAX: u64 = 256 * 1024;

const OPEN_SUFFIX: &str = ".open.json";
const CLAIM_SUFFIX: &str = ".open.claimed";
const ERROR_SUFFIX: &str = ".open.error.json";

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

/// What waits to be answered in these jobs' directories, sorted; files of other names are passed over.
pub fn find(runs: &RunsDir, jobs: &[JobId]) -> Result<Vec<Drop>> {
    let mut found = Vec::new();
    for job_id in jobs {
        let gates = runs.run(job_id).gates();
        let entries = match fs::read_dir(&gates) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).doing("list", &gates),
        };
        for entry in entries {
            let entry = entry.doing("list", &gates)?;
            // A directory is no file, whatever it is called.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let name = entry.file_name();
            found.extend(name.to_str().and_then(stage_of).map(|stage| Drop {
                job_id: job_id.clone(),
                stage,
            }));
        }
    }
    found.sort();
    // A claim and the next file of the same stage are answered one after the other.
    found.dedup();
    Ok(found)
}

/// Whether a name in `gates/` is that of a dropped file.
pub fn is_dropped(name: &str) -> bool {
    name.ends_with(OPEN_SUFFIX) && stage_of(name).is_some()
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
    let below = Path::new(run.job_id().as_str()).join(GATES);
    match Place::walk(run.base(), &below, run.modes()) {
        Ok(mut places) => Ok(places.pop()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

fn claimed(stage: &StageName) -> String {
    format!(".{stage}{CLAIM_SUFFIX}")
}

fn error_file(stage: &StageName) -> String {
    format!("{stage}{ERROR_SUFFIX}")
}
