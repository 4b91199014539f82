//! What another host has left undone in the run directories of this one, where several share a
//! record: artifacts that were registered there, and links of the chain.
//!
//! Events, state and decision files follow from the rows wherever they are written. Artifacts are
//! taken from the versions of the record; what lies in their place and is none of those is
//! somebody's, and stays.

use std::collections::{BTreeMap, BTreeSet};

use domain::artifact::Artifact;
use domain::chain::ChainLink;
use domain::event::EventType;
use domain::ids::{ArtifactPath, Digest, StageName};
use domain::job::AttemptState;
use runs::chain::LinkAppender;
use runs::{Discrepancy, RunDir, RunsDir, artifacts, record, versions};
use store::{OwedRecords, Reader};

use super::keeping::fetch;
use super::named::versions_named;
use super::trouble::Trouble;

/// Links that are read at once.
const PAGE: u32 = 500;

/// Where the bytes of versions come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bytes<'a> {
    /// The record that several hosts share.
    Record(&'a Reader),
    /// The run directory beside a record that is a file.
    Kept(&'a RunsDir),
}

impl Bytes<'_> {
    /// Whether the job's record names such a version. That its bytes are there says nothing: what
    /// somebody wrote in the place of an artifact is kept too, when it is looked at.
    fn has(self, run: &RunDir, digest: &Digest) -> Result<bool, Trouble> {
        match self {
            Self::Record(reader) => {
                let named = versions_named(reader, run.job_id(), &BTreeSet::from([*digest]))?;
                Ok(named.contains(digest))
            }
            Self::Kept(runs) => Ok(versions::size_bytes(&runs.run(run.job_id()), digest).is_some()),
        }
    }

    /// Sees to it that the run directory has the version.
    pub(super) fn fetch(self, run: &RunDir, digest: &Digest) -> Result<(), Trouble> {
        match self {
            Self::Record(reader) => fetch(reader, run, digest).map(drop),
            Self::Kept(runs) => {
                let bytes = versions::read(&runs.run(run.job_id()), digest)?;
                versions::keep(run, &bytes)?;
                Ok(())
            }
        }
    }
}

/// The registered artifacts that are to be put in place although nobody patched them, each with what
/// lies there now. Of all that are registered the version is in the run directory then.
pub(super) fn artifacts(
    run: &RunDir,
    bytes: Bytes<'_>,
    owed: &OwedRecords,
    placed_seq: u64,
) -> Result<BTreeMap<ArtifactPath, Option<Digest>>, Trouble> {
    let mut completed = BTreeMap::new();
    // Nothing is known to be in place here, or less than another host has noted of its own.
    let is_behind = placed_seq == 0 && (owed.is_behind || owed.published_seq == 0);
    let made = made_since(owed, placed_seq);
    let is_running = |artifact: &&Artifact| {
        let attempt = owed.rows.newest_attempt(&artifact.stage);
        attempt.is_some_and(|attempt| attempt.state == AttemptState::Running)
    };
    for artifact in owed.rows.artifacts.iter().filter(|artifact| !is_running(artifact)) {
        let (path, digest) = (&artifact.path, artifact.digest);
        let is_wanted = is_behind || made.contains(&artifact.stage);
        if !is_wanted && versions::is_kept(run, &digest, artifact.size_bytes) {
            continue;
        }
        // What cannot be read is told by whoever wants to replace it.
        let Ok(found) = artifacts::hash(run, path) else {
            continue;
        };
        let found = found.map(|(found, _)| found);
        if found == Some(digest) {
            continue;
        }
        if let Err(error) = bytes.fetch(run, &digest) {
            tracing::warn!("{}: {path}: {error}", run.job_id());
            continue;
        }
        let is_ours = match found {
            None => true,
            Some(found) => bytes.has(run, &found)?,
        };
        if is_wanted && is_ours {
            completed.insert(path.clone(), found);
        } else if is_wanted {
            let (path, registered) = (path.clone(), digest);
            let changed = Discrepancy::ArtifactChanged {
                path,
                registered,
                found,
            };
            tracing::warn!("{}: {changed}", run.job_id());
        }
    }
    Ok(completed)
}

/// The stages that have something to show since: on another host it was not put in place here,
/// whether their command ran there or their gate was opened from outside.
fn made_since(owed: &OwedRecords, placed_seq: u64) -> BTreeSet<StageName> {
    let shows = |kind: EventType| matches!(kind, EventType::GateOpened | EventType::StageCompleted);
    let events = owed
        .events
        .iter()
        .filter(|event| event.seq > placed_seq && shows(event.kind));
    events.filter_map(|event| event.stage.clone()).collect()
}

/// Adds the links to `chain.jsonl` that other hosts have published: on a host that leads for the
/// first time, all of them.
pub(super) fn complete_chain(runs: &RunsDir, reader: &Reader) -> Result<(), Trouble> {
    if reader.chain_head()?.is_none() {
        return Ok(());
    }
    let mut appender = LinkAppender::open(runs)?;
    let known = known(runs)?;
    let mut after = 0;
    loop {
        let page = reader.links_after(after, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = last.seq;
        // What is owed gets its line with its file.
        let missing = page
            .iter()
            .filter(|(link, is_owed)| !is_owed && !known.contains(&(link.seq, link.hash)));
        appender.append(missing.map(|(link, _)| link))?;
    }
    Ok(appender.flush()?)
}

/// By hash too: a forged line does not keep the true one out.
fn known(runs: &RunsDir) -> Result<BTreeSet<(u64, Digest)>, Trouble> {
    let mut known = BTreeSet::new();
    let Some(mut lines) = record::FileLines::open(&runs.chain())? else {
        return Ok(known);
    };
    while let Some(line) = lines.next_line()? {
        let link = serde_json::from_slice::<ChainLink>(&line.bytes).ok();
        known.extend(link.map(|link| (link.seq, link.hash)));
    }
    Ok(known)
}
