//! Which run directories are not as they were when somebody looked into them last: found in rounds,
//! a part at a time, for whoever cannot be told by the operating system.
//!
//! A part costs the same however many directories there are, and what has not changed costs the
//! reading of its times: it is not opened, so that nobody who watches it is woken.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, Metadata, ReadDir};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};

use super::drop_folder;
use super::error::{Doing, Result};
use super::layout::{RunDir, RunsDir, directory_of};
use domain::ids::JobId;

/// The most names that one part goes through.
pub(crate) const PART_MAX: usize = 2_500;

/// The most directories of a part that are looked into once more although their times are the same.
const UNSURE_MAX: usize = 50;

/// Goes round and round.
pub struct Rounds {
    runs: RunsDir,
    /// Where the round stands; none between two rounds.
    listing: Option<ReadDir>,
    /// By the number of the directory's inode: names of a hundred thousand would be most of the
    /// memory.
    known: HashMap<u64, Known>,
    is_first: bool,
    /// Alternates from round to round: what the last one did not meet is gone.
    is_odd: bool,
}

struct Known {
    stamp: u64,
    was_odd: bool,
    /// It was looked into after its times had been the same in two rounds. The times of files have
    /// coarse steps: what changes right after a look may bear the time that the look saw.
    is_sure: bool,
}

/// What a part of a round found.
#[derive(Debug, Default)]
pub struct RoundPart {
    /// How many names it went through.
    pub(crate) examined: usize,
    /// The jobs whose directories are new or have changed.
    pub changed: Vec<JobId>,
    /// Those whose times are the same, and which are to be looked into once more.
    pub unsure: Vec<JobId>,
    /// The names of what lies where a run directory would, and is no job's; see
    /// [`drops::is_stray`].
    pub strays: Vec<String>,
}

impl Rounds {
    /// Nothing is known yet: the first round finds every directory changed.
    pub fn new(runs: RunsDir) -> Self {
        Self {
            runs,
            listing: None,
            known: HashMap::new(),
            is_first: true,
            is_odd: false,
        }
    }

    /// Whether the first round is not over.
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Goes one part on.
    pub fn go_on(&mut self) -> Result<RoundPart> {
        let path = self.runs.path();
        let mut listing = match self.listing.take() {
            Some(listing) => listing,
            None => fs::read_dir(path).doing("list", path)?,
        };
        let mut part = RoundPart::default();
        for entry in listing.by_ref().take(PART_MAX) {
            let entry = entry.doing("list", self.runs.path())?;
            part.examined += 1;
            match directory_of(&entry).map(|name| JobId::new(&name).map_err(|_| name)) {
                Some(Ok(job_id)) => self.compare(entry.ino(), job_id, &mut part),
                Some(Err(name)) => part.strays.extend(drop_folder::is_stray(&name, true).then_some(name)),
                None => {
                    let name = entry.file_name().into_string().ok();
                    part.strays
                        .extend(name.filter(|name| drop_folder::is_stray(name, false)));
                }
            }
        }
        if part.examined == PART_MAX {
            self.listing = Some(listing);
        } else {
            let is_odd = self.is_odd;
            self.known.retain(|_, known| known.was_odd == is_odd);
            self.is_odd = !is_odd;
            self.is_first = false;
        }
        Ok(part)
    }

    fn compare(&mut self, inode: u64, job_id: JobId, part: &mut RoundPart) {
        let stamp = stamp(&self.runs.run(&job_id));
        match self.known.entry(inode) {
            Entry::Occupied(mut known) if known.get().stamp == stamp => {
                let known = known.get_mut();
                known.was_odd = self.is_odd;
                if !known.is_sure && part.unsure.len() < UNSURE_MAX {
                    known.is_sure = true;
                    part.unsure.push(job_id);
                }
            }
            entry @ (Entry::Occupied(_) | Entry::Vacant(_)) => {
                entry.insert_entry(Known {
                    stamp,
                    was_odd: self.is_odd,
                    is_sure: false,
                });
                part.changed.push(job_id);
            }
        }
    }
}

/// What changes when a file is made in `gates/`, or moved there; where there is none, when one is
/// made.
fn stamp(run: &RunDir) -> u64 {
    let mut hasher = DefaultHasher::new();
    // If the times cannot be read, the scan of that directory reports it.
    let times = fs::symlink_metadata(run.gates()).or_else(|_| fs::symlink_metadata(run.path()));
    times.ok().as_ref().map(of).hash(&mut hasher);
    hasher.finish()
}

fn of(found: &Metadata) -> (u64, [i64; 4]) {
    let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
    (found.ino(), times)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A runs directory with so many runs, every second with its `gates/`.
    fn fixture(count: usize) -> (tempfile::TempDir, RunsDir) {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        for number in 0..count {
            let run = runs.run(&job(number));
            fs::create_dir(run.path()).unwrap();
            if number % 2 == 0 {
                fs::create_dir(run.gates()).unwrap();
            }
        }
        (temporary, runs)
    }

    fn job(number: usize) -> JobId {
        JobId::new(&format!("j-{number}")).unwrap()
    }

    /// One round: how many parts it had, the most that one of them cost, and what was found.
    fn round(rounds: &mut Rounds) -> (usize, usize, RoundPart) {
        let (mut parts, mut most, mut all) = (0, 0, RoundPart::default());
        loop {
            let part = rounds.go_on().unwrap();
            parts += 1;
            most = most.max(part.examined);
            assert!(part.unsure.len() <= UNSURE_MAX);
            all.changed.extend(part.changed);
            all.unsure.extend(part.unsure);
            if rounds.listing.is_none() {
                return (parts, most, all);
            }
        }
    }

    #[test]
    fn what_does_not_change_costs_one_look_at_its_times_and_a_part_costs_the_same_however_many_there_are() {
        for count in [10, 3 * PART_MAX] {
            let (_temporary, runs) = fixture(count);
            let mut rounds = Rounds::new(runs);
            let (parts, most, found) = round(&mut rounds);
            assert!(parts > count / PART_MAX && most <= PART_MAX, "{parts} {most}");
            assert_eq!((found.changed.len(), found.unsure.len()), (count, 0));
            // Each directory is scanned once more, some at a time, and then no more.
            let mut again = 0;
            for _ in 0..=PART_MAX / UNSURE_MAX {
                let (_, _, found) = round(&mut rounds);
                assert_eq!(found.changed, []);
                again += found.unsure.len();
            }
            assert_eq!(again, count);
            let (_, most, found) = round(&mut rounds);
            assert!(most <= PART_MAX);
            assert_eq!((found.changed, found.unsure), (vec![], vec![]));
        }
    }

    #[test]
    fn the_next_round_finds_what_was_dropped_made_moved_and_removed() {
        let (temporary, runs) = fixture(20);
        let mut rounds = Rounds::new(runs.clone());
        round(&mut rounds);
        round(&mut rounds);
        fs::File::create(runs.run(&job(4)).gates().join("script.open.json")).unwrap();
        fs::create_dir(runs.run(&job(5)).gates()).unwrap();
        fs::create_dir(runs.run(&job(20)).path()).unwrap();
        fs::remove_dir(runs.run(&job(7)).path()).unwrap();
        // Made elsewhere before, and moved here: its own times are old.
        let elsewhere = temporary.path().join("open.json");
        fs::File::create(&elsewhere).unwrap();
        fs::rename(elsewhere, runs.run(&job(6)).gates().join("script.open.json")).unwrap();
        let (_, _, mut found) = round(&mut rounds);
        found.changed.sort();
        assert_eq!(found.changed, [job(20), job(4), job(5), job(6)]);
        assert_eq!(rounds.known.len(), 20, "what is gone is forgotten");
        // Each once more, for what came right after the look and bears the same time.
        let (_, _, mut found) = round(&mut rounds);
        found.unsure.sort();
        assert_eq!(
            (found.changed, found.unsure),
            (vec![], vec![job(20), job(4), job(5), job(6)])
        );
    }

    #[test]
    fn where_there_is_nothing_to_list_the_next_round_begins_anew() {
        let (_temporary, runs) = fixture(2);
        let mut rounds = Rounds::new(runs.clone());
        let aside = runs.path().with_extension("aside");
        fs::rename(runs.path(), &aside).unwrap();
        assert!(rounds.go_on().is_err());
        fs::rename(&aside, runs.path()).unwrap();
        assert_eq!(rounds.go_on().unwrap().changed.len(), 2);
    }
}
