//! Files that a pipeline without any client drops to open a gate (SPEC §8): found, claimed, and
//! done with or refused.
//!
//! ```text
//! gates/<stage>.open.json ─ claim (rename) ─ gates/.<stage>.open.claimed ─┬─ removed: the gate is open
//!                                                                        └─ removed, after gates/<stage>.open.error.json says why not
//! ```
//! A claimed file is nobody else's: what the pipeline drops meanwhile is another one, and neither
//! is lost. A crash leaves the claim, which is found again.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use nix::unistd::{Uid, User};

use super::atomic;
use super::error::{Doing, IfThere, Result, RunsError};
use super::layout::{GATES, RunDir, RunsDir};
use super::open_directory::OpenDirectory;
use domain::ids::{JobId, StageName};

/// The most bytes of a dropped file.
pub(crate) const DROP_BYTES_MAX: u64 = 256 * 1024;

const OPEN_SUFFIX: &str = ".open.json";
const CLAIM_SUFFIX: &str = ".open.claimed";
const ERROR_SUFFIX: &str = ".open.error.json";

/// The most misplaced files that are told of one job.
pub(crate) const MISPLACED_MAX: usize = 20;

const BESIDE: &str =
    "no gate is opened: it does not lie in the job's gates/ itself   hint: move it to gates/STAGE.open.json";
const NO_DIRECTORY: &str =
    "no gate is opened by what lies there: it is a link, or no directory   hint: put a directory in its place";
const DIRECTORY: &str = "no gate is opened: it is a directory   hint: write a file of that name";
const NOT_BELOW_A_JOB: &str =
    "no gate is opened: it lies in no job's directory   hint: move it to JOB/gates/STAGE.open.json";
const NO_STAGE: &str = "no gate is opened: what stands before .open.json is no stage name   hint: a stage is 1 to 50 lower-case letters, digits, _ and -, beginning with a letter";

/// A stage that a dropped file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DroppedGate {
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
    pub why: Cow<'static, str>,
}

/// What lies in some jobs' directories.
#[derive(Debug, Default)]
pub struct DropScan {
    /// What waits to be answered, sorted.
    pub drops: Vec<DroppedGate>,
    /// What nobody answers: of each directory that was looked at, at most so many as
    /// [`MISPLACED_MAX`].
    pub misplaced: BTreeMap<String, BTreeSet<Misplaced>>,
    /// The jobs whose directories could not be read, and why.
    pub unread: Vec<(JobId, RunsError)>,
}

/// Looks at these jobs' directories; one that cannot be read keeps nobody from the others. What
/// lies in a stray is no more than told.
pub fn find(runs: &RunsDir, jobs: &[JobId], strays: &[String]) -> DropScan {
    let mut found = DropScan::default();
    for name in strays {
        found.misplaced.insert(name.clone(), misplaced_in_stray(runs, name));
    }
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
    let names = gates_to_list(run).and_then(|gates| gates.map_or_else(|| Ok(Vec::new()), |gates| gates.names()));
    names.map_or(true, |names| names.iter().any(|name| stage_of(name).is_some()))
}

/// Whether an entry of the runs directory is a file or directory where pipelines drop files by
/// mistake: no job can have that name.
pub fn is_stray(name: &str, is_directory: bool) -> bool {
    // Our own files, and those of whoever does not want to be seen, begin with a dot.
    !name.starts_with('.') && (is_directory || is_dropped(name)) && JobId::new(name).is_err()
}

fn misplaced_in_stray(runs: &RunsDir, name: &str) -> BTreeSet<Misplaced> {
    let mut misplaced = BTreeSet::new();
    let Err(wrong) = JobId::new(name) else { return misplaced };
    let Ok(top) = OpenDirectory::top_to_pass(runs.path(), runs.modes()) else {
        return misplaced;
    };
    if top.has(name) && !top.has_directory(name) {
        note(&mut misplaced, name, &[], NOT_BELOW_A_JOB);
        return misplaced;
    }
    let why = format!("no gate is opened: {wrong}");
    let Ok(home) = top.open(name) else { return misplaced };
    for (place, parents) in [(home.open(GATES), &[name, GATES][..]), (Ok(home), &[name])] {
        for below in place.and_then(|place| place.names()).unwrap_or_default() {
            note(&mut misplaced, &below, parents, why.clone());
        }
    }
    misplaced
}

fn find_in(run: &RunDir, found: &mut DropScan) -> Result<()> {
    let job_id = run.job_id();
    let mut misplaced = BTreeSet::new();
    // This, and what lies deeper, is listed only to tell: where it is closed to us, gates are
    // opened all the same.
    let home = run.existing("").ok().flatten().and_then(|mut places| places.pop());
    for name in home.and_then(|home| home.names().ok()).unwrap_or_default() {
        note(&mut misplaced, &name, &[job_id.as_str()], BESIDE);
    }
    match gates_to_list(run) {
        Ok(Some(gates)) => {
            for name in gates.names()? {
                look_at(&gates, &name, job_id, &mut misplaced, &mut found.drops);
            }
        }
        Ok(None) => {}
        Err(error) if error.is_refusal() => {
            misplaced.insert(Misplaced::at(&[job_id.as_str(), GATES], NO_DIRECTORY));
        }
        Err(error) => return Err(error),
    }
    found.misplaced.insert(job_id.to_string(), misplaced);
    Ok(())
}

fn look_at(
    gates: &OpenDirectory,
    name: &str,
    job_id: &JobId,
    misplaced: &mut BTreeSet<Misplaced>,
    drops: &mut Vec<DroppedGate>,
) {
    let parents = [job_id.as_str(), GATES];
    if gates.has_directory(name) {
        // A directory is no file, whatever it is called.
        note(misplaced, name, &parents, DIRECTORY);
        let below = gates.open(name).and_then(|below| below.names());
        for below in below.unwrap_or_default() {
            note(misplaced, &below, &[job_id.as_str(), GATES, name], BESIDE);
        }
    } else if let Some(stage) = stage_of(name) {
        drops.push(DroppedGate {
            job_id: job_id.clone(),
            stage,
        });
    } else {
        note(misplaced, name, &parents, NO_STAGE);
    }
}

impl Misplaced {
    fn at(parts: &[&str], why: impl Into<Cow<'static, str>>) -> Self {
        // Whoever drops it chooses the name: nothing in it may act on a terminal.
        let place = parts.join("/").escape_debug().to_string();
        Self { place, why: why.into() }
    }
}

fn note(misplaced: &mut BTreeSet<Misplaced>, name: &str, parents: &[&str], why: impl Into<Cow<'static, str>>) {
    if is_dropped(name) && misplaced.len() < MISPLACED_MAX {
        misplaced.insert(Misplaced::at(&[parents, &[name]].concat(), why));
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
    let (dropped, claimed) = (format!("{stage}{OPEN_SUFFIX}"), claimed(stage));
    if !gates.has(&claimed) && (gates.has_directory(&dropped) || !gates.rename(&dropped, &claimed)?) {
        return Ok(None);
    }
    if gates.has_directory(&claimed) {
        // It was made between the look and the renaming. It goes back, so that no later file of its
        // stage waits behind it.
        gates.rename(&claimed, &dropped)?;
        return Ok(None);
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
fn gates(run: &RunDir) -> Result<Option<Arc<OpenDirectory>>> {
    Ok(run.existing(GATES)?.and_then(|mut places| places.pop()))
}

/// The same to look into it: what lies above is not opened, so that nobody who watches that is
/// woken.
fn gates_to_list(run: &RunDir) -> Result<Option<OpenDirectory>> {
    let home = OpenDirectory::top_to_pass(run.base(), run.modes()).and_then(|top| top.pass(run.job_id().as_str()));
    home.and_then(|home| home.open(GATES)).if_there()
}

fn claimed(stage: &StageName) -> String {
    format!(".{stage}{CLAIM_SUFFIX}")
}

fn error_file(stage: &StageName) -> String {
    format!("{stage}{ERROR_SUFFIX}")
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use nix::unistd::setfsuid;

    use super::*;

    /// What somebody finds who owns nothing there. Rights are those of this thread alone, also
    /// where the tests run as root.
    fn as_stranger<T: Send>(look: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                setfsuid(Uid::from_raw(65_534));
                look()
            });
            thread.join().unwrap()
        })
    }

    fn rights(path: &std::path::Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn fixture() -> (tempfile::TempDir, RunsDir, RunDir) {
        let temporary = tempfile::tempdir().unwrap();
        rights(temporary.path(), 0o755);
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        fs::create_dir_all(run.gates()).unwrap();
        rights(runs.path(), 0o755);
        (temporary, runs, run)
    }

    #[test]
    fn a_drop_is_found_and_claimed_where_neither_its_run_directory_nor_what_lies_beside_it_can_be_listed() {
        let (_temporary, runs, run) = fixture();
        File::create(run.gates().join("script.open.json")).unwrap();
        let closed = run.gates().join("closed");
        fs::create_dir(&closed).unwrap();
        rights(&run.gates(), 0o777);
        rights(&closed, 0o000);
        rights(run.path(), 0o311);
        let stage = StageName::new("script").unwrap();
        let (found, claimed) = as_stranger(|| {
            let found = find(&runs, &[run.job_id().clone()], &[]);
            assert!(is_any(&run));
            (found, claim(&run, &stage))
        });
        rights(run.path(), 0o700);
        rights(&closed, 0o700);
        assert!(found.unread.is_empty(), "{:?}", found.unread);
        assert_eq!(found.drops.len(), 1);
        assert_eq!(claimed.unwrap().unwrap().bytes, b"");
    }

    /// One that is made between the look and the renaming is renamed: this is what it looks like
    /// then.
    #[test]
    fn a_directory_is_no_claim_and_gets_its_name_back() {
        let (_temporary, _runs, run) = fixture();
        let stage = StageName::new("script").unwrap();
        let (dropped, claimed) = (run.gates().join("script.open.json"), run.gates().join(claimed(&stage)));
        fs::create_dir(&claimed).unwrap();
        assert!(claim(&run, &stage).unwrap().is_none());
        assert!(dropped.is_dir() && !claimed.exists());
        fs::remove_dir(&dropped).unwrap();
        File::create(&dropped).unwrap();
        assert!(claim(&run, &stage).unwrap().is_some());
    }

    #[test]
    fn nothing_is_read_through_a_link_in_the_place_of_a_directory_and_that_is_told() {
        let (temporary, runs, run) = fixture();
        let elsewhere = temporary.path().join("elsewhere");
        fs::rename(run.gates(), &elsewhere).unwrap();
        File::create(elsewhere.join("script.open.json")).unwrap();
        symlink(&elsewhere, run.gates()).unwrap();
        let found = find(&runs, &[run.job_id().clone()], &[]);
        assert!(found.drops.is_empty() && found.unread.is_empty(), "{found:?}");
        let told = found.misplaced[run.job_id().as_str()].first().unwrap();
        assert_eq!((told.place.as_str(), &*told.why), ("j-17/gates", NO_DIRECTORY));
        // Below them none is followed either.
        fs::remove_file(run.gates()).unwrap();
        fs::create_dir(run.gates()).unwrap();
        symlink(&elsewhere, run.gates().join("more")).unwrap();
        let found = find(&runs, &[run.job_id().clone()], &[]);
        assert!(
            found.drops.is_empty() && found.misplaced[run.job_id().as_str()].is_empty(),
            "{found:?}"
        );
    }
}
