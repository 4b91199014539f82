//! Puts on disk what the rows owe: decision files, events, the chain, `state.json`, patched artifacts (SPEC §4).
//!
//! Files are a projection of rows and every effect is idempotent: a crash between any two steps is made good by the next publish.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use super::atomic::{self, Group};
use super::error::{Doing, Result, RunsError};
use super::finding::Finding;
use super::jsonl;
use super::layout::{RunDir, RunsDir};
use super::locks;
use super::projection;
pub use super::projection::{STATE_SCHEMA, State, event_line, state_file};
use super::record;
pub use crate::domain::chain::ChainLink;
use crate::domain::decision::SealedDecision;
use crate::domain::event::Event;
use crate::domain::ids::JobId;
use crate::domain::job::JobRows;
use crate::domain::time::Timestamp;
use crate::fault;

/// What a job's files are owed.
#[derive(Debug, Clone)]
pub struct Owed {
    /// The job as it is now.
    pub rows: JobRows,
    /// Its events above the watermark, oldest first.
    pub events: Vec<Event>,
    /// Those below it that a torn line took out of the log again: see [`torn_after`].
    pub torn_events: Vec<Event>,
    /// Its decisions above the watermark.
    pub decisions: Vec<SealedDecision>,
    /// The event number that the watermark rises to when this is on disk.
    pub up_to: u64,
    /// Since when the job has its status.
    pub status_since: Timestamp,
}

/// What became of one job's files.
#[derive(Debug)]
pub struct Published {
    /// The job.
    pub job_id: JobId,
    /// The watermark's new value; none when nothing was owed. An error: all of it stays owed.
    pub result: Result<Option<u64>>,
    /// What was found on disk and left alone.
    pub findings: Vec<Finding>,
}

/// The number of the last whole line of a job's event log, where a torn one follows it: what the log lost may lie below the watermark.
/// None: its last line is whole, or there is no log.
pub fn torn_after(run: &RunDir) -> Result<Option<u64>> {
    let path = run.events();
    // What is no file is told of when it is to be written.
    if !record::is_file(&path) {
        return Ok(None);
    }
    let file = File::open(&path).doing("open", &path)?;
    jsonl::torn_after(&file).doing("read", &path)
}

/// How far behind the newest link a late one is looked for: jobs publish side by side, so links may be out of order, but not by this
/// much. A link written twice beyond it says the same twice and harms nothing.
pub(super) const CHAIN_DISORDER_MAX: u64 = 4096;

/// Publishes what these jobs owe. `reload` is called once for each job, under the publish lock: it reads the watermark and what lies
/// above it, now that no other process can publish; its error, in words, is that job's failure. The error is that the lock could not be
/// taken within `patience`; one job's failure is its own.
///
/// The caller raises each watermark to at least the published value, never lowers it.
pub fn publish(
    runs: &RunsDir,
    jobs: &[JobId],
    patience: Duration,
    mut reload: impl FnMut(&JobId) -> std::result::Result<Option<Owed>, String>,
) -> Result<Vec<Published>> {
    let lock_path = runs.publish_lock();
    let lock = runs.modes().open_append(&lock_path)?;
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
    let chained = append_chain(runs, &links);

    let mut outcomes = Vec::with_capacity(all_owed.len());
    let mut groups = Vec::new();
    for (job_id, owed) in all_owed {
        let mut findings = Vec::new();
        let staged = match (&owed, &chained) {
            (None, _) => Ok(None),
            (Some(owed), Err(error)) if !owed.decisions.is_empty() => Err(again(error)),
            (Some(owed), _) => {
                let mut group = Group::default();
                projection::project(&runs.run(&job_id), owed, &mut group, &mut findings)
                    .map(|()| Some((group, owed.up_to)))
            }
        };
        let result = staged.map(|staged| {
            staged.map(|(group, up_to)| {
                groups.push((outcomes.len(), group));
                up_to
            })
        });
        outcomes.push(Published {
            job_id,
            result,
            findings,
        });
    }

    let (places, groups): (Vec<usize>, Vec<Group>) = groups.into_iter().unzip();
    for (place, committed) in places.into_iter().zip(atomic::commit(runs.path(), groups)) {
        let Some(outcome) = outcomes.get_mut(place) else {
            continue;
        };
        match committed {
            Ok(taken) => outcome
                .findings
                .extend(taken.into_iter().map(|path| Finding::DecisionDiffers { path })),
            Err(error) => outcome.result = Err(error),
        }
    }
    drop(lock);
    outcomes.extend(unreadable);
    Ok(outcomes)
}

fn again(error: &RunsError) -> RunsError {
    RunsError {
        operation: error.operation.clone(),
        source: match error.source.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(error.source.kind(), error.source.to_string()),
        },
    }
}

fn chain_links(all_owed: &[(JobId, Option<Owed>)]) -> Vec<ChainLink> {
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

fn append_chain(runs: &RunsDir, links: &[ChainLink]) -> Result<()> {
    let Some(first) = links.first() else {
        return Ok(());
    };
    let path = runs.chain();
    let file = runs.modes().open_append(&path)?;
    let length = jsonl::cut_torn(&file).doing("read", &path)?;
    let mut missing: Vec<&ChainLink> = links.iter().collect();
    jsonl::lines_back(&file, length, |line| {
        let Ok(link) = serde_json::from_slice::<ChainLink>(line) else {
            return ControlFlow::Continue(());
        };
        // By hash too: a forged line does not keep the true one out.
        missing.retain(|wanted| **wanted != link);
        if missing.is_empty() || link.seq.saturating_add(CHAIN_DISORDER_MAX) <= first.seq {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .doing("read", &path)?;
    let mut lines = Vec::new();
    for link in missing {
        lines.extend_from_slice(&link.line());
    }
    if let Err(error) = jsonl::append(&file, &lines, "chain_torn") {
        drop(file.set_len(length));
        return Err(error).doing("write", &path);
    }
    fault::step("chain_appended").doing("flush", &path)?;
    file.sync_all().doing("flush", &path)?;
    fault::point("chain_flushed");
    if length == 0 {
        atomic::flush_directory(runs.path())?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "publish_tests.rs"]
mod tests;
