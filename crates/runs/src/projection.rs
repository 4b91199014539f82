//! One job's files, as its rows say they should be. Called under the publish lock; what it stages
//! becomes visible later.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::artifacts;
use super::atomic::{self, Group};
use super::error::{Doing, Result, RunsError};
use super::finding::Discrepancy;
use super::jsonl;
use super::layout::{EVENTS_FILE, GATES, RunDir, STATE_FILE, decision_file, recalled_file};
use super::open_directory::OpenDirectory;
use super::publish::PublishRequest;
use domain::artifact::Artifact;
use domain::decision::SealedDecision;
use domain::event::{Event, predecessors, removed_again};
use domain::gate::GateState;
use domain::ids::{ArtifactPath, Digest};
use domain::job::{AttemptState, JobRows};
use domain::time::Timestamp;

/// The most bytes of a `state.json` that is compared before it is replaced.
const STATE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The version of `state.json`'s shape.
pub(super) const STATE_SCHEMA: u32 = 2;

/// `state.json`: everything that a lost database is made from again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateFile {
    /// [`STATE_SCHEMA`] of whoever wrote it.
    pub(crate) schema: u32,
    /// The newest event that this state knows of: what lies beyond it in other files was not yet
    /// published as a whole. None in schema 1.
    #[serde(default)]
    pub up_to: Option<u64>,
    /// Since when the job has its status. None in schema 1.
    #[serde(default)]
    pub status_since: Option<Timestamp>,
    /// The job as the store had it.
    #[serde(flatten)]
    pub rows: JobRows,
}

/// The bytes of `state.json` for these rows as of this event.
pub fn state_file(rows: &JobRows, up_to: u64, status_since: Timestamp) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct StateRef<'a> {
        schema: u32,
        up_to: u64,
        status_since: Timestamp,
        #[serde(flatten)]
        rows: &'a JobRows,
    }
    let state = StateRef {
        schema: STATE_SCHEMA,
        up_to,
        status_since,
        rows,
    };
    let mut bytes = serde_json::to_vec_pretty(&state).doing("write", Path::new("state.json"))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The line of `events.jsonl` for this event, with its line end.
pub fn event_line(event: &Event) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(event).doing("write", Path::new("events.jsonl"))?;
    line.push(b'\n');
    Ok(line)
}

/// Brings a job's files up to date: stages what is owed, appends events, puts patched artifacts in
/// place.
pub(super) fn project(
    run: &RunDir,
    owed: &PublishRequest,
    group: &mut Group,
    findings: &mut Vec<Discrepancy>,
) -> Result<()> {
    let places = run.places(GATES)?;
    let [.., home, gates] = places.as_slice() else {
        return Err(RunsError::refused("use", run.path(), "it has no name"));
    };
    // All of them: whoever made one may have died before the one above was flushed.
    places.iter().for_each(|place| group.unflushed.directory(place));
    atomic::sweep(home);
    atomic::sweep(gates);
    put_artifacts(run, owed, group, findings)?;
    remove_artifacts(run, owed, group, findings)?;
    fault::point("artifacts_done");
    append_events(home, owed, group, findings)?;
    // Before the decision files: it holds the newest ones whole, so that a database is never made
    // again from a state that is older than a decision that others have seen.
    let state = state_file(&owed.rows, owed.up_to, owed.status_since)?;
    if !owed.is_distrusted && is_state(home, &state)? {
        group.unflushed.found(home, STATE_FILE)?;
    } else {
        group.stage(home, STATE_FILE, &state)?;
    }
    for sealed in &owed.decisions {
        let (stage, attempt) = (sealed.decision.stage(), sealed.decision.attempt());
        let gate = owed.rows.gate(stage, attempt);
        // Whoever waits for the file goes on with it: one that may be taken back has none yet.
        let name = match gate.map(|gate| (gate.state, gate.recall.is_some())) {
            Some((_, true)) => continue,
            Some((GateState::Recalled, false)) => recalled_file(stage, attempt),
            Some(_) | None => decision_file(stage, Some(attempt)),
        };
        let bytes = sealed.to_file();
        if !gates.has(&name) {
            group.stage_new(gates, &name, &bytes)?;
            continue;
        }
        match gates.read(&name, bytes.len() as u64)? {
            Some(found) if found == bytes && !owed.is_distrusted => group.unflushed.found(gates, &name)?,
            Some(found) if found == bytes => group.stage(gates, &name, &bytes)?,
            Some(found) if atomic::is_torn(&found, &bytes) => group.stage(gates, &name, &bytes)?,
            Some(_) | None => findings.push(Discrepancy::DecisionDiffers {
                path: gates.join(&name),
            }),
        }
    }
    // The newest of a stage may still be taken back, or was, while an older one is owed.
    let all = owed.rows.decisions.iter().chain(&owed.decisions);
    let mut newest: BTreeMap<_, &SealedDecision> = BTreeMap::new();
    for sealed in all.filter(|sealed| owed.rows.is_final(&sealed.decision)) {
        let slot = newest.entry(sealed.decision.stage()).or_insert(sealed);
        if slot.seq < sealed.seq {
            *slot = sealed;
        }
    }
    for (stage, sealed) in newest {
        let name = decision_file(stage, None);
        let bytes = sealed.to_file();
        if !owed.is_distrusted && atomic::holds(gates, &name, &bytes)? {
            group.unflushed.found(gates, &name)?;
        } else {
            group.stage(gates, &name, &bytes)?;
        }
    }
    Ok(())
}

/// Whether the state that lies there is this one. Leases come and go without an event, and so
/// without a debt: a state that differs in them alone stays, or what replaces it would be unflushed
/// with nobody owing it.
fn is_state(home: &OpenDirectory, state: &[u8]) -> Result<bool> {
    let Some(found) = home.read(STATE_FILE, STATE_BYTES_MAX)? else {
        return Ok(false);
    };
    let without_leases = |bytes: &[u8]| {
        let mut state: StateFile = serde_json::from_slice(bytes).ok()?;
        for gate in &mut state.rows.gates {
            gate.lease = None;
        }
        Some(state)
    };
    Ok(found == state
        || (!found.is_empty() && without_leases(&found).is_some_and(|found| without_leases(state) == Some(found))))
}

fn append_events(
    home: &Arc<OpenDirectory>,
    owed: &PublishRequest,
    group: &mut Group,
    findings: &mut Vec<Discrepancy>,
) -> Result<()> {
    if owed.events.is_empty() {
        return Ok(());
    }
    let path = home.join(EVENTS_FILE);
    let file = home.append(EVENTS_FILE)?;
    jsonl::cut_torn(&file).doing("read", &path)?;
    let length = jsonl::cut_holes(&file, owed.published_seq).doing("read", &path)?;
    let mut last_seq = 0;
    let mut damaged = 0;
    jsonl::lines_back(&file, length, |line| match jsonl::line_seq(line) {
        Some(seq) => {
            last_seq = seq;
            ControlFlow::Break(())
        }
        None => {
            damaged += 1;
            ControlFlow::Continue(())
        }
    })
    .doing("read", &path)?;
    if damaged > 0 {
        findings.push(Discrepancy::LinesDamaged {
            path: path.clone(),
            lines: damaged,
        });
    }
    let mut lines = Vec::new();
    let events = owed.torn_events.iter().chain(&owed.events);
    for event in events.filter(|event| event.seq > last_seq) {
        lines.extend_from_slice(&event_line(event)?);
    }
    if let Err(error) = jsonl::append(&file, &lines, "events_torn") {
        // Followers read this file: a line torn by a full disk does not stay until space returns.
        drop(file.set_len(length));
        return Err(error).doing("write", &path);
    }
    fault::point("events_appended");
    group.unflushed.file(file, home, EVENTS_FILE);
    Ok(())
}

/// Whether a change of this artifact is among what is owed. Only then may its file be touched: at
/// any other time the bytes there are the stage's, and a stage that runs again may well write what
/// a patch had replaced.
fn is_owed(owed: &PublishRequest, artifact: &Artifact) -> bool {
    let is_running = owed
        .rows
        .newest_attempt(&artifact.stage)
        .is_some_and(|attempt| attempt.state == AttemptState::Running);
    let is_patched = predecessors(&owed.events, &artifact.path).next().is_some();
    let is_decided = owed
        .decisions
        .iter()
        .flat_map(|sealed| sealed.decision.artifacts())
        .any(|decided| decided.path == artifact.path && decided.sha256_after == Some(artifact.digest));
    !is_running && (is_patched || is_decided)
}

/// The versions that publishing may have put in an artifact's place since the watermark.
fn versions_of(owed: &PublishRequest, artifact: &Artifact) -> impl Iterator<Item = Digest> {
    std::iter::once(artifact.digest).chain(predecessors(&owed.events, &artifact.path).flatten())
}

fn put_artifacts(
    run: &RunDir,
    owed: &PublishRequest,
    group: &mut Group,
    findings: &mut Vec<Discrepancy>,
) -> Result<()> {
    let is_owed = |artifact: &&Artifact| is_owed(owed, artifact) || owed.completed.contains_key(&artifact.path);
    for artifact in owed.rows.artifacts.iter().filter(is_owed) {
        let path = artifact.path.clone();
        let found = match artifacts::hash(run, &path) {
            Ok(found) => found.map(|(digest, _)| digest),
            Err(error) => {
                findings.push(Discrepancy::ArtifactUnreadable {
                    path,
                    reason: error.to_string(),
                });
                continue;
            }
        };
        let is_there = found == Some(artifact.digest);
        if is_there && !owed.is_distrusted {
            artifacts::found(run, &path, &mut group.unflushed)?;
            continue;
        }
        let is_completed = owed.completed.get(&path) == Some(&found);
        let replaced: Vec<_> = predecessors(owed.unplaced(), &path).collect();
        if !is_there && !is_completed && replaced.is_empty() && predecessors(&owed.events, &path).next().is_some() {
            // It was in its place, and what lies there now is as much somebody's as it will be when
            // this is on disk.
            continue;
        }
        // Several patches may be owed at once: what lies there may be what any of them replaced.
        let is_ours = is_there
            || is_completed
            || replaced.contains(&found)
            || artifacts::is_torn(run, &path, versions_of(owed, artifact));
        let is_replaced = match is_ours {
            false => false,
            true => match artifacts::replace(run, &path, found, &artifact.digest, &mut group.unflushed) {
                Ok(is_replaced) => {
                    fault::point("artifact_placed");
                    is_replaced
                }
                Err(error) if error.is_full() || error.is_permission() => return Err(error),
                Err(error) => {
                    findings.push(Discrepancy::VersionMissing {
                        path,
                        registered: artifact.digest,
                        reason: error.to_string(),
                    });
                    continue;
                }
            },
        };
        if !is_replaced {
            findings.push(Discrepancy::ArtifactChanged {
                path,
                registered: artifact.digest,
                found,
            });
        }
    }
    Ok(())
}

/// Files that a patch made and that were taken back again go, unless somebody else wrote there
/// meanwhile.
fn remove_artifacts(
    run: &RunDir,
    owed: &PublishRequest,
    group: &mut Group,
    findings: &mut Vec<Discrepancy>,
) -> Result<()> {
    let is_registered = |path: &ArtifactPath| owed.rows.registered(path).is_some();
    for path in removed_again(&owed.events)
        .into_iter()
        .filter(|path| !is_registered(path))
    {
        let found = match artifacts::hash(run, &path) {
            Ok(Some((found, _))) => found,
            Ok(None) => {
                // The process that removed it may have died before the removal was flushed.
                artifacts::gone(run, &path, &mut group.unflushed);
                continue;
            }
            Err(error) => {
                let reason = error.to_string();
                findings.push(Discrepancy::ArtifactUnreadable { path, reason });
                continue;
            }
        };
        let removed: Vec<_> = predecessors(owed.unplaced(), &path).collect();
        if removed.is_empty() {
            // The patch's file was removed, and somebody has made another one.
            continue;
        }
        let is_ours =
            removed.contains(&Some(found)) || artifacts::is_torn(run, &path, removed.iter().copied().flatten());
        if !is_ours || !artifacts::remove(run, &path, &found, &mut group.unflushed)? {
            findings.push(Discrepancy::NotRemoved { path, found });
        }
    }
    Ok(())
}
