//! Puts in place, and flushes, what the rows owe: decision files, events, the chain, `state.json`,
//! patched artifacts (SPEC §4).
//!
//! Files are a projection of rows and every effect is idempotent: a crash between any two steps is
//! made good by the next publish.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::atomic::{Group, Unflushed};
use super::error::{Doing, Result, RunsError};
use super::finding::Discrepancy;
use super::jsonl;
use super::layout::{CHAIN_FILE, RunDir, RunsDir};
use super::locks;
use super::open_directory::OpenDirectory;
use super::projection;
pub use super::projection::{StateFile, event_line, state_file};
use super::record;
pub use domain::chain::ChainLink;
use domain::decision::SealedDecision;
use domain::event::Event;
use domain::ids::{ArtifactPath, Digest, JobId};
use domain::job::JobRows;
use domain::time::Timestamp;

/// What a job's files are owed.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// The job as it is now.
    pub rows: JobRows,
    /// Its events above the watermark, oldest first.
    pub events: Vec<Event>,
    /// Those below it that a torn line took out of the log again: see [`torn_after`].
    pub torn_events: Vec<Event>,
    /// Its decisions above the watermark.
    pub decisions: Vec<SealedDecision>,
    /// Up to this event the artifacts were put in place by this process: what lies there now that
    /// is not theirs is somebody's.
    pub placed_seq: u64,
    /// Registered artifacts that another host made, and what lies in their place: a version of the
    /// record, or nothing.
    pub completed: BTreeMap<ArtifactPath, Option<Digest>>,
    /// A flush of its files has failed: what lies there may be in memory only, and is written anew
    /// whatever it says.
    pub is_distrusted: bool,
    /// The watermark: up to this event everything is on disk, and nothing beyond it is known to be.
    pub published_seq: u64,
    /// The event number that the watermark rises to when this is on disk.
    pub up_to: u64,
    /// Since when the job has its status.
    pub status_since: Timestamp,
}

impl PublishRequest {
    /// The events whose artifacts may not be in place.
    pub(super) fn unplaced(&self) -> &[Event] {
        let placed = self.events.partition_point(|event| event.seq <= self.placed_seq);
        self.events.get(placed..).unwrap_or_default()
    }
}

/// What became of one job's files.
#[derive(Debug)]
pub struct Published {
    pub job_id: JobId,
    /// The event up to which its files are in place now; none when nothing was owed. An error: all
    /// of it stays owed.
    pub result: Result<Option<u64>>,
    /// What was found on disk and left alone.
    pub findings: Vec<Discrepancy>,
}

/// The number of the last whole line of a job's event log, where a torn one follows it: what the
/// log lost may lie below the watermark. None: its last line is whole, or there is no log.
pub fn torn_after(run: &RunDir) -> Result<Option<u64>> {
    let path = run.events();
    // Something other than a file is reported when the file is to be written.
    if !record::is_file(&path) {
        return Ok(None);
    }
    let file = File::open(&path).doing("open", &path)?;
    jsonl::torn_after(&file).doing("read", &path)
}

/// The number of the last whole line of a job's event log; 0: there is none.
pub fn last_event(run: &RunDir) -> Result<u64> {
    let path = run.events();
    if !record::is_file(&path) {
        return Ok(0);
    }
    let file = File::open(&path).doing("open", &path)?;
    let length = file.metadata().doing("examine", &path)?.len();
    let mut last = 0;
    jsonl::lines_back(&file, length, |line| match jsonl::line_seq(line) {
        Some(seq) => {
            last = seq;
            ControlFlow::Break(())
        }
        None => ControlFlow::Continue(()),
    })
    .doing("read", &path)?;
    Ok(last)
}

/// How far behind the newest link a late one is looked for: jobs publish side by side, so links may
/// be out of order, but not by this much. A link written twice beyond it says the same twice and
/// harms nothing.
pub(super) const CHAIN_DISORDER_MAX: u64 = 4096;

/// Files of several jobs that have their names and are not flushed yet.
#[derive(Debug, Default)]
pub struct Unconfirmed {
    /// `chain.jsonl`, where decisions are among what is owed.
    chain: Option<Unflushed>,
    jobs: Vec<UnconfirmedJob>,
}

#[derive(Debug)]
struct UnconfirmedJob {
    job_id: JobId,
    up_to: u64,
    /// Whether a line of `chain.jsonl` belongs to it.
    is_chained: bool,
    unflushed: Unflushed,
}

/// A job, the event up to which its files are on disk now, or why they are not known to be.
pub(crate) type Confirmed = (JobId, u64, Result<()>);

impl Unconfirmed {
    /// The jobs, with the event up to which each has its files.
    pub fn jobs(&self) -> impl Iterator<Item = (&JobId, u64)> {
        self.jobs.iter().map(|job| (&job.job_id, job.up_to))
    }

    /// Flushes all of it: each file, then each directory once, and nothing else. It takes as long
    /// as the disk takes; one job's failure is its own.
    pub fn flush(self) -> Vec<Confirmed> {
        let failed = fault::step("files_named").doing("flush", std::path::Path::new("the files"));
        let chained = match (&self.chain, &failed) {
            (Some(chain), Ok(())) => chain.flush_files(),
            (_, Err(error)) => Err(error.clone()),
            (None, Ok(())) => Ok(()),
        };
        let mut results: Vec<Result<()>> = self
            .jobs
            .iter()
            .map(|job| {
                failed.clone()?;
                job.unflushed.flush_files()
            })
            .collect();
        fault::point("files_flushed");
        let mut directories: BTreeMap<PathBuf, Result<()>> = BTreeMap::new();
        let chained = chained.and_then(|()| match &self.chain {
            Some(chain) => chain.flush_directories(&mut directories),
            None => Ok(()),
        });
        for (job, result) in self.jobs.iter().zip(&mut results) {
            if result.is_ok() {
                *result = job.unflushed.flush_directories(&mut directories);
            }
            if result.is_ok() && job.is_chained {
                *result = chained.clone();
            }
        }
        fault::point("after_files");
        let jobs = self.jobs.into_iter().zip(results);
        jobs.map(|(job, result)| (job.job_id, job.up_to, result)).collect()
    }
}

/// Puts what these jobs owe in place. `reload` is called once for each job, under the publish lock:
/// it reads the watermark and what lies above it, now that no other process can publish; its error
/// is that job's failure. The error is that the lock could not be taken within `patience`; one
/// job's failure is its own.
///
/// Nothing is on disk before the second answer is flushed. Then the caller raises each watermark to
/// at least the confirmed value, never lowers it: a job's watermark never passes a file that is not
/// flushed, for whatever lies above it is flushed again by whoever publishes it, also where it was
/// found in place.
pub fn publish(
    runs: &RunsDir,
    jobs: &[JobId],
    patience: Duration,
    mut reload: impl FnMut(&JobId) -> std::result::Result<Option<PublishRequest>, Box<dyn Error + Send + Sync>>,
) -> Result<(Vec<Published>, Unconfirmed)> {
    let lock_path = runs.publish_lock();
    let lock = runs.append(&lock_path)?;
    locks::take_publish_lock(&lock, &lock_path, patience)?;
    fault::point("publish_locked");

    let mut unreadable = Vec::new();
    let mut all_owed = Vec::with_capacity(jobs.len());
    for job_id in jobs {
        match reload(job_id) {
            Ok(owed) => all_owed.push((job_id.clone(), owed)),
            Err(why) => unreadable.push(Published {
                job_id: job_id.clone(),
                result: Err(RunsError::new("write", runs.run(job_id).path(), io::Error::other(why))),
                findings: Vec::new(),
            }),
        }
    }
    let links = chain_links(&all_owed);
    let chained = append_chain(runs, &links, &mut |link| {
        let is_it = |sealed: &SealedDecision| ChainLink::of(sealed) == *link;
        matches!(reload(&link.job_id), Ok(Some(owed)) if owed.decisions.iter().any(is_it))
    });

    let mut outcomes = Vec::with_capacity(all_owed.len());
    let mut groups = Vec::new();
    let mut unconfirmed = Unconfirmed::default();
    for (job_id, owed) in all_owed {
        let mut findings = Vec::new();
        let staged = match (&owed, &chained) {
            (None, _) => Ok(None),
            (Some(owed), Err(error)) if !owed.decisions.is_empty() => Err(error.clone()),
            (Some(owed), _) => {
                let mut group = Group::default();
                projection::project(&runs.run(&job_id), owed, &mut group, &mut findings)
                    .map(|()| Some((group, owed.up_to, !owed.decisions.is_empty())))
            }
        };
        let result = staged.map(|staged| {
            staged.map(|(group, up_to, is_chained)| {
                groups.push((outcomes.len(), group, is_chained));
                up_to
            })
        });
        outcomes.push(Published {
            job_id,
            result,
            findings,
        });
    }

    fault::point("files_staged");
    for (place, group, is_chained) in groups {
        let Some(outcome) = outcomes.get_mut(place) else {
            continue;
        };
        match group.name() {
            Ok((taken, unflushed)) => {
                let differs = |path| Discrepancy::DecisionDiffers { path };
                outcome.findings.extend(taken.into_iter().map(differs));
                unconfirmed.jobs.push(UnconfirmedJob {
                    job_id: outcome.job_id.clone(),
                    up_to: *outcome.result.as_ref().ok().and_then(Option::as_ref).unwrap_or(&0),
                    is_chained,
                    unflushed,
                });
            }
            Err(error) => outcome.result = Err(error),
        }
    }
    drop(lock);
    unconfirmed.chain = chained.ok().flatten();
    outcomes.extend(unreadable);
    Ok((outcomes, unconfirmed))
}

fn chain_links(all_owed: &[(JobId, Option<PublishRequest>)]) -> Vec<ChainLink> {
    let mut links: Vec<ChainLink> = all_owed
        .iter()
        .filter_map(|(_, owed)| owed.as_ref())
        .flat_map(|owed| &owed.decisions)
        .map(ChainLink::of)
        .collect();
    links.sort_by_key(|link| link.seq);
    links.dedup_by_key(|link| link.seq);
    links
}

/// Cuts a hole that a loss of power left in the midst of the chain, with what lies behind it: that
/// comes back, to be appended again. Only where nothing behind it was ever confirmed: else all of
/// it had been on the disk, and the hole is somebody's.
fn cut_hole(
    file: &File,
    length: u64,
    mut is_owed: impl FnMut(&ChainLink) -> bool,
) -> io::Result<(u64, Vec<ChainLink>)> {
    let (mut start, mut hole) = (length, None);
    let mut behind = Vec::new();
    jsonl::lines_back(file, length, |line| {
        start = start.saturating_sub(line.len() as u64 + 1);
        let is_torn = line.contains(&0);
        // The line end before it may be among the zeros.
        let text = line.rsplit(|byte| *byte == 0).next().unwrap_or_default();
        match serde_json::from_slice(text) {
            Ok(link) if is_owed(&link) => behind.push(link),
            Err(_) if is_torn => {}
            Ok(_) | Err(_) => return ControlFlow::Break(()),
        }
        if is_torn {
            hole = Some((start, behind.len()));
        }
        ControlFlow::Continue(())
    })?;
    let Some((hole, count)) = hole else {
        return Ok((length, Vec::new()));
    };
    file.set_len(hole)?;
    behind.truncate(count);
    Ok((hole, behind))
}

fn append_chain(
    runs: &RunsDir,
    links: &[ChainLink],
    is_owed: &mut dyn FnMut(&ChainLink) -> bool,
) -> Result<Option<Unflushed>> {
    let Some(first) = links.first() else {
        return Ok(None);
    };
    let path = runs.chain();
    let top = Arc::new(OpenDirectory::top(runs.path(), runs.modes())?);
    let file = top.append(CHAIN_FILE)?;
    let mut length = jsonl::cut_torn(&file).doing("read", &path)?;
    let mut missing = links.to_vec();
    let mut has_hole = false;
    jsonl::lines_back(&file, length, |line| {
        has_hole |= line.contains(&0);
        let Ok(link) = serde_json::from_slice::<ChainLink>(line) else {
            return ControlFlow::Continue(());
        };
        // By hash too: a forged line does not keep the true one out.
        missing.retain(|wanted| *wanted != link);
        if missing.is_empty() || link.seq.saturating_add(CHAIN_DISORDER_MAX) <= first.seq {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .doing("read", &path)?;
    if has_hole {
        let (left, behind) =
            cut_hole(&file, length, |link| links.contains(link) || is_owed(link)).doing("read", &path)?;
        length = left;
        missing.extend(behind);
        missing.sort_by_key(|link| link.seq);
    }
    let mut lines = Vec::new();
    for link in missing {
        lines.extend_from_slice(&link.line());
    }
    if let Err(error) = jsonl::append(&file, &lines, "chain_torn") {
        drop(file.set_len(length));
        return Err(error).doing("write", &path);
    }
    fault::point("chain_appended");
    let mut unflushed = Unflushed::default();
    unflushed.file(file, &top, CHAIN_FILE);
    Ok(Some(unflushed))
}

#[cfg(test)]
#[path = "publish_tests.rs"]
mod tests;
