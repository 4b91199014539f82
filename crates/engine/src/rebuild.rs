//! Makes a lost database again from the run directories: jobs from `state.json`, events and
//! decisions from their own files, and from `chain.jsonl` the links of what is gone.
//!
//! `state.json` is written after the events it knows of and before the decision files, so it says
//! how far each directory is whole. What lies beyond was not yet published: it is set aside and its
//! numbers are not given again. A lease comes back as the state last had it: it lapses like any
//! whose process is gone, so that no timer loses the time that it stood still.

use std::collections::BTreeSet;
use std::path::Path;

use domain::chain::ChainLink;
use domain::decision::SealedDecision;
use domain::event::Event;
use domain::gate::{Gate, GateState, Settled};
use domain::job::{JobRows, JobStatus};
use runs::publish::{StateFile, event_line};
use runs::record::{self, FileLines};
use runs::{RunDir, RunsDir, locks, mend};
use store::Rebuilding;

use super::audit;
use super::trouble::Trouble;

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    pub jobs: u64,
    pub events: u64,
    pub decisions: u64,
    /// What could not be taken, and why; a line each.
    pub left_out: Vec<String>,
    /// What is worth knowing and not wrong; a line each.
    pub notes: Vec<String>,
    /// Where the damaged database is now.
    pub moved_to: Option<String>,
}

/// Makes the database of this runs directory. With `is_replacing`, one that is there is moved aside
/// just before the new one gets its name. Refused while any other process has the directory open.
pub fn rebuild(runs: &RunsDir, is_replacing: bool) -> Result<Rebuilt, Trouble> {
    let _alone = locks::enter_alone(runs)?;
    let mut made = Made {
        runs,
        rebuilt: Rebuilt::default(),
        beyond: Vec::new(),
        newest_event: 0,
    };
    let mut moved_to = None;
    store::rebuild(
        runs.path(),
        |database| made.fill(database),
        || {
            if is_replacing {
                moved_to = Some(mend::move_database_away(runs, "damaged")?.display().to_string());
            }
            Ok::<(), Trouble>(())
        },
    )?;
    runs.share_database()?;
    made.rebuilt.moved_to = moved_to;
    // Only now: had the making failed, these lines would still be needed as they were.
    for (path, whole) in &made.beyond {
        mend::replace(runs, path, whole)?;
    }
    // The newest events may not have reached the files: their number says nothing about the new
    // database.
    runs.touch_nudge(None)?;
    Ok(made.rebuilt)
}

struct Made<'a> {
    runs: &'a RunsDir,
    rebuilt: Rebuilt,
    /// Event logs that go on beyond what was published as a whole, and what they keep.
    beyond: Vec<(std::path::PathBuf, Vec<u8>)>,
    newest_event: u64,
}

impl Made<'_> {
    fn fill(&mut self, database: &Rebuilding<'_>) -> Result<(), Trouble> {
        for job_id in self.runs.jobs()? {
            let run = self.runs.run(&job_id);
            match record::state(&run)? {
                Some(state) if state.rows.job.id == job_id => self.job(database, &run, state)?,
                Some(state) => {
                    let what = format!("it is the state of {}", state.rows.job.id);
                    self.leave_out(&run.state(), &what);
                }
                None => self.stateless(&run)?,
            }
        }
        self.links(database)?;
        database.event_numbers_up_to(self.newest_event)?;
        Ok(())
    }

    fn leave_out(&mut self, path: &Path, why: &str) {
        let shown = path.strip_prefix(self.runs.path()).unwrap_or(path).display();
        self.rebuilt.left_out.push(format!("{shown}: {why}"));
    }

    /// A directory without a state of ours: an old record, which stays outside, or a damaged one.
    fn stateless(&mut self, run: &RunDir) -> Result<(), Trouble> {
        let mut has_ours = false;
        for file in record::gate_files(run)? {
            let bytes = record::read(&file.path(run))?.unwrap_or_default();
            has_ours |= serde_json::from_slice::<SealedDecision>(&bytes).is_ok();
        }
        if has_ours {
            self.leave_out(&run.state(), "it is missing or damaged, so the job cannot be made again; its decisions keep their places in the chain");
        }
        Ok(())
    }

    fn job(&mut self, database: &Rebuilding<'_>, run: &RunDir, state: StateFile) -> Result<(), Trouble> {
        let StateFile {
            up_to,
            status_since,
            mut rows,
            ..
        } = state;
        let decisions = self.decisions_of(run, &mut rows)?;
        // Schema 1 did not say how far it reaches: everything there is counts then.
        let reach = up_to.unwrap_or(u64::MAX);
        database.job(&rows, up_to.unwrap_or(0), status_since.unwrap_or(rows.job.updated_at))?;
        let last = self.events(database, run, reach)?;
        if up_to.is_none() {
            database.reach(&rows.job.id, last)?;
        } else if last != reach {
            let why = format!("it ends with event {last}, and the job had come to {reach}");
            self.leave_out(&run.events(), &why);
        }
        for sealed in decisions {
            if database.decision(&sealed)? {
                self.rebuilt.decisions += 1;
            } else {
                let path = run.decision_of(sealed.decision.stage(), sealed.decision.attempt());
                self.leave_out(
                    &path,
                    &format!("another decision has the number {} already", sealed.seq),
                );
            }
        }
        self.rebuilt.jobs += 1;
        Ok(())
    }

    /// Every decision of the job that is intact: its own file, else the copies in the stage's
    /// newest file and in the state. Gates that the state still has open are settled by theirs.
    fn decisions_of(&mut self, run: &RunDir, rows: &mut JobRows) -> Result<Vec<SealedDecision>, Trouble> {
        let mut found: Vec<SealedDecision> = Vec::new();
        let (mut damaged, mut recalled) = (Vec::new(), Vec::new());
        for file in record::gate_files(run)? {
            let path = file.path(run);
            let named = |sealed: &SealedDecision| {
                let decision = &sealed.decision;
                decision.job_id() == run.job_id()
                    && *decision.stage() == file.stage
                    && file.attempt.is_none_or(|attempt| attempt == decision.attempt())
            };
            let bytes = record::read(&path)?.unwrap_or_default();
            match serde_json::from_slice(&bytes).ok() {
                Some(sealed) if named(&sealed) && audit::is_intact(&bytes) => {
                    recalled.extend(file.is_recalled.then(|| sealed.decision.key()));
                    add_new(&mut found, sealed);
                }
                Some(sealed) => damaged.push((path, Some(sealed.decision.key()))),
                None if file.attempt.is_some() => damaged.push((path, None)),
                None => {}
            }
        }
        for sealed in &rows.decisions {
            if sealed.computed_hash() == sealed.hash {
                add_new(&mut found, sealed.clone());
            }
        }
        for (path, key) in damaged {
            if key.is_none_or(|key| !found.iter().any(|sealed| sealed.decision.key() == key)) {
                self.leave_out(
                    &path,
                    "it is no intact decision of holdpoint, and there is no other copy of it",
                );
            }
        }
        found.sort_by_key(|sealed| sealed.seq);
        for sealed in &found {
            self.settle(run, rows, sealed, recalled.contains(&sealed.decision.key()));
        }
        Ok(found)
    }

    /// A decision that the state does not know: the gate is settled by it, and the job waits for a
    /// person.
    fn settle(&mut self, run: &RunDir, rows: &mut JobRows, sealed: &SealedDecision, is_recalled: bool) {
        let decision = &sealed.decision;
        let key = decision.key();
        let open = rows
            .gates
            .iter_mut()
            .find(|gate| gate.key == key && gate.state == GateState::Open);
        let Some(gate) = open else { return };
        *gate = Gate {
            state: match decision.is_approved() {
                _ if is_recalled => GateState::Recalled,
                true => GateState::Approved,
                false => GateState::Rejected,
            },
            settled: Some(Settled {
                by: decision.by().to_owned(),
                at: decision.at(),
            }),
            ..gate.clone()
        };
        rows.job.status = JobStatus::Paused;
        rows.job.stage = Some(key.stage.clone());
        let why = format!(
            "it is older than decision {} of {}; the gate is settled by it and the job paused",
            sealed.seq, key
        );
        self.leave_out(&run.state(), &why);
    }

    /// Takes the events up to `reach`; the number of the last one taken.
    fn events(&mut self, database: &Rebuilding<'_>, run: &RunDir, reach: u64) -> Result<u64, Trouble> {
        let path = run.events();
        let Some(mut lines) = FileLines::open(&path)? else {
            return Ok(0);
        };
        let mut last = 0;
        let mut whole_bytes = 0_u64;
        let mut is_beyond = false;
        while let Some(line) = lines.next_line()? {
            let event = serde_json::from_slice::<Event>(&line.bytes).ok();
            let event = event.filter(|event| event.job_id == *run.job_id());
            let end = line.offset + line.bytes.len() as u64;
            match event {
                Some(event) if event.seq > reach => {
                    self.newest_event = self.newest_event.max(event.seq);
                    is_beyond = true;
                }
                Some(event) if event_line(&event)? == line.bytes && event.seq > last => {
                    if database.event(&event)? {
                        self.rebuilt.events += 1;
                        self.newest_event = self.newest_event.max(event.seq);
                        last = event.seq;
                        whole_bytes = end;
                    } else {
                        let why = format!("line {}: another job has event {}", line.number, event.seq);
                        self.leave_out(&path, &why);
                    }
                }
                Some(event) => {
                    let why = format!(
                        "line {}: event {} is not as holdpoint writes it, or out of order",
                        line.number, event.seq
                    );
                    self.leave_out(&path, &why);
                }
                // Lines of the old system stand first and outside the record.
                None if record::is_old_event(&line.bytes) && last == 0 => whole_bytes = end,
                None if line.is_whole() => {
                    self.leave_out(&path, &format!("line {}: it is no event of holdpoint", line.number))
                }
                None => is_beyond = true,
            }
        }
        if is_beyond {
            let mut bytes = record::read(&path)?.unwrap_or_default();
            bytes.truncate(usize::try_from(whole_bytes).unwrap_or(usize::MAX));
            self.beyond.push((path, bytes));
        }
        Ok(last)
    }

    /// Decisions of which only the link is left keep their places in the chain.
    fn links(&mut self, database: &Rebuilding<'_>) -> Result<(), Trouble> {
        let path = self.runs.chain();
        let Some(mut lines) = FileLines::open(&path)? else {
            return Ok(());
        };
        let mut told = BTreeSet::new();
        while let Some(line) = lines.next_line()? {
            let Ok(link) = serde_json::from_slice::<ChainLink>(&line.bytes) else {
                if line.is_whole() {
                    self.leave_out(&path, &format!("line {}: it is no link of the chain", line.number));
                }
                continue;
            };
            if database.lost(&link)? && told.insert(link.seq) && told.len() <= LOST_TOLD_MAX {
                self.rebuilt.notes.push(format!(
                    "decision {} of {} is known by its hash only: its run directory is gone, or it was not yet published",
                    link.seq, link.job_id
                ));
            }
        }
        Ok(())
    }
}

/// The most lost decisions that are told one by one.
const LOST_TOLD_MAX: usize = 100;

/// Adds a decision, unless it is there from another file.
fn add_new(found: &mut Vec<SealedDecision>, sealed: SealedDecision) {
    let key = sealed.decision.key();
    if found.iter().all(|other| other.decision.key() != key) {
        found.push(sealed);
    }
}
