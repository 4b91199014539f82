//! The evidence for a command, found before its transaction: what lies there of the files that it is
//! about, the patch planned on them, and what it would let go.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use diff::lines::line_count;
use diff::summary::is_binary;
use domain::ask::{Ask, Command};
use domain::comment::{COMMENTS_MAX, Comment, CountedVersion};
use domain::context::GateContext;
use domain::gate::{Gate, OnDisk, Verdict};
use domain::ids::{ArtifactPath, Digest, StageName};
use domain::job::JobRows;
use domain::key::GateRef;
use domain::policy::OnTimeout;
use domain::recall::RecallWindow;
use domain::refusal::Refusal;
use rules::{Ahead, Evidence, find_gate};

use super::evidence::{Files, Finds as _};

/// What the rules need for a command, or why it is refused at once. What a job or a gate is begun
/// with is put in its place by the writer, and who opened a gate stands in the log: of those
/// commands nothing is found here.
pub fn evidence(files: &impl Files, ask: &Ask) -> Result<Evidence, Refusal> {
    match &ask.command {
        Command::Decide {
            gate,
            verdict,
            comments,
            draft_by,
            patch,
            context_digest,
            ..
        } => Ok(Evidence {
            read_context: read_context(files, gate, *context_digest)?,
            has_draft: has_draft(files, gate, draft_by.as_deref())?,
            ..decide(files, ask, gate, *verdict, comments, patch.as_ref())?
        }),
        Command::ApplyPatch { gate, patch, .. } => apply_patch(files, gate, patch),
        Command::UndoPatch { gate, path, .. } => undo_patch(files, gate, path.as_ref()),
        Command::Resume { job_id, .. } => resume(files, ask, &files.known(job_id)?),
        Command::StartJob(_)
        | Command::OpenGate { .. }
        | Command::KeepAlive { .. }
        | Command::Withdraw { .. }
        | Command::Cancel(_)
        | Command::Acknowledge(_)
        | Command::Complete(_)
        | Command::TakeLease { .. }
        | Command::Hold { .. }
        | Command::Release { .. }
        | Command::Extend { .. }
        | Command::Recall { .. }
        | Command::ReleaseLease { .. }
        | Command::MarkSeen { .. }
        | Command::MarkReached { .. } => Ok(Evidence::default()),
    }
}

/// The open gate that is meant, in the rows of its job, and what lies there of its artifacts.
fn open_one(files: &impl Files, wanted: &GateRef) -> Result<(JobRows, Gate), Refusal> {
    let rows = files.known(&wanted.job_id)?;
    let gate = find_gate(&rows, wanted)?.clone();
    gate.open_or_refuse()?;
    Ok((rows, gate))
}

fn decide(
    files: &impl Files,
    ask: &Ask,
    gate: &GateRef,
    verdict: Verdict,
    comments: &[Comment],
    patch: Option<&Value>,
) -> Result<Evidence, Refusal> {
    let (rows, gate) = open_one(files, gate)?;
    let on_disk = on_disk(files, &rows, &gate)?;
    let counted = counted(files, &gate, &on_disk, comments)?;
    let proposal = patch.map(|patch| files.propose(&rows, &gate, patch, &on_disk));
    let evidence = Evidence {
        attempt: Some(gate.key.attempt),
        proposal: proposal.transpose()?,
        counted,
        on_disk,
        bare: match verdict {
            Verdict::Approve => files.bare_artifacts(&rows),
            // A rejection opens no gate, so nothing has to be looked at.
            Verdict::Reject => BTreeMap::new(),
        },
        ..Evidence::default()
    };
    // Where what the next stage may read cannot be read the decision stands even so: whoever starts
    // the stage looks again.
    let ahead = Ahead::of(&rows, ask, &evidence, files.context(&ask.by.via));
    let ahead = ahead.ok().flatten();
    let ahead = ahead.and_then(|ahead| looks(files, &rows, &ahead).ok());
    Ok(Evidence { ahead, ..evidence })
}

/// Whether whoever is named as the writer of what is sent has written about this gate.
fn has_draft(files: &impl Files, gate: &GateRef, draft_by: Option<&str>) -> Result<bool, Refusal> {
    let Some(by) = draft_by else { return Ok(false) };
    let (_, gate) = open_one(files, gate)?;
    Ok(files.has_draft(by, &gate.key))
}

/// What the gate said when whoever decides read it, where that is something else than it says now.
fn read_context(files: &impl Files, gate: &GateRef, digest: Option<Digest>) -> Result<Option<GateContext>, Refusal> {
    let Some(digest) = digest else { return Ok(None) };
    let (_, gate) = open_one(files, gate)?;
    if gate.context.digest() == digest {
        return Ok(None);
    }
    Ok(GateContext::logged(&files.sayings(&gate.key)?, digest))
}

/// The lines of the versions that are commented on. What names no artifact is left to the rules,
/// which refuse it.
fn counted(
    files: &impl Files,
    gate: &Gate,
    on_disk: &[OnDisk],
    comments: &[Comment],
) -> Result<Vec<CountedVersion>, Refusal> {
    if comments.is_empty() {
        return Ok(Vec::new());
    }
    let mut artifacts = gate.artifacts.clone();
    for artifact in &mut artifacts {
        if let Some((digest, _)) = OnDisk::found_at(on_disk, &artifact.path) {
            artifact.digest = digest;
        }
    }
    let versions = comments.iter().take(COMMENTS_MAX);
    let versions = versions.filter_map(|comment| comment.version_in(&artifacts).ok().flatten());
    let versions: BTreeSet<_> = versions.collect();
    let count = |digest: Digest| {
        let bytes = files.read(&gate.key.job_id, &digest)?;
        let lines = (!is_binary(&bytes)).then(|| line_count(&bytes));
        Ok(CountedVersion { digest, lines })
    };
    versions.into_iter().map(count).collect()
}

fn apply_patch(files: &impl Files, gate: &GateRef, patch: &Value) -> Result<Evidence, Refusal> {
    let (rows, gate) = open_one(files, gate)?;
    let on_disk = on_disk(files, &rows, &gate)?;
    Ok(Evidence {
        attempt: Some(gate.key.attempt),
        proposal: Some(files.propose(&rows, &gate, patch, &on_disk)?),
        on_disk,
        ..Evidence::default()
    })
}

fn undo_patch(files: &impl Files, gate: &GateRef, path: Option<&ArtifactPath>) -> Result<Evidence, Refusal> {
    let (rows, gate) = open_one(files, gate)?;
    let undoable = gate.undoable(path)?;
    if let Some(former) = &undoable.step.former {
        // The version that is put back must exist and match its digest.
        files.read(&rows.job.id, &former.digest)?;
    }
    Ok(Evidence {
        attempt: Some(gate.key.attempt),
        on_disk: on_disk(files, &rows, &gate)?,
        taken_back: Some(undoable.words()),
        ..Evidence::default()
    })
}

/// What the end of a gate's time needs to know. What cannot be read for want of rights or of a disk
/// is an error: the timer approves nothing then.
pub fn expiry(files: &impl Files, rows: &JobRows, gate: Option<&Gate>) -> Result<Evidence, Refusal> {
    if let Some((gate, window)) = gate.and_then(|gate| Some((gate, gate.recall.as_ref()?))) {
        return Ok(carrying_out(files, rows, gate, window));
    }
    let is_approved = |gate: &&Gate| gate.at_zero().is_some_and(|at_zero| at_zero.then == OnTimeout::Approve);
    let approved = gate.filter(is_approved);
    let artifacts = approved.iter().flat_map(|gate| &gate.artifacts);
    let on_disk = artifacts.map(|artifact| files.readable_on_disk(rows, &artifact.path, artifact.digest));
    Ok(Evidence {
        on_disk: on_disk.collect::<Result<_, _>>()?,
        bare: files.bare_artifacts(rows),
        ..Evidence::default()
    })
}

/// What there is to know when a decision can no longer be taken back. As for a decision: whoever
/// starts a stage looks again.
fn carrying_out(files: &impl Files, rows: &JobRows, gate: &Gate, window: &RecallWindow) -> Evidence {
    let replaced = window
        .effect
        .as_ref()
        .and_then(|effect| files.readable_on_disk(rows, effect.path(), effect.before()?).ok());
    let evidence = Evidence {
        on_disk: replaced.into_iter().collect(),
        bare: files.bare_artifacts(rows),
        ..Evidence::default()
    };
    let ahead = || {
        let via = rows.decision_on(&gate.key)?.decision.via();
        let ahead = Ahead::of_carrying_out(rows, gate, &evidence, files.context(via)).ok()??;
        let mut looks = looks(files, rows, &ahead).ok()?;
        // The patch replaces what was reviewed; what lies there instead is somebody's.
        if let Some((effect, before)) = window
            .effect
            .as_ref()
            .and_then(|effect| Some((effect, effect.before()?)))
        {
            let lying = files.known_on_disk(rows, effect.path(), before).ok()?;
            let patched = looks.iter_mut().find(|looked| looked.path == *effect.path());
            if let Some(patched) = patched.filter(|_| lying.is_moved()) {
                patched.found = lying.found;
            }
        }
        Some(looks)
    };
    let ahead = ahead();
    Evidence { ahead, ..evidence }
}

/// What resuming the job of these rows needs to know.
pub fn resume(files: &impl Files, ask: &Ask, rows: &JobRows) -> Result<Evidence, Refusal> {
    let evidence = planned_again(files, rows)?;
    // What is refused now is refused in the transaction too, with the same words.
    let Ok(Some(ahead)) = Ahead::of(rows, ask, &evidence, files.context(&ask.by.via)) else {
        return Ok(evidence);
    };
    let looks = looks(files, rows, &ahead)?;
    Ok(Evidence {
        review: files.review(&ahead, &looks)?,
        ahead: Some(looks),
        ..evidence
    })
}

/// The patch of the rejection that a resume would apply, planned on what is there now.
fn planned_again(files: &impl Files, rows: &JobRows) -> Result<Evidence, Refusal> {
    let (mut on_disk, mut proposal) = (Vec::new(), None);
    if let Some(rejection) = rows.rejection_to_answer()
        && let Some(value) = rejection.decision.patch()
        && let Some(gate) = rows.gate(rejection.decision.stage(), rejection.decision.attempt())
    {
        on_disk = self::on_disk(files, rows, gate)?;
        proposal = Some(files.propose(rows, gate, value, &on_disk)?);
    }
    Ok(Evidence {
        on_disk,
        proposal,
        bare: files.bare_artifacts(rows),
        ..Evidence::default()
    })
}

/// What lies there of a gate's artifacts; versions that nobody knew are kept.
pub fn on_disk(files: &impl Files, rows: &JobRows, gate: &Gate) -> Result<Vec<OnDisk>, Refusal> {
    let artifacts = gate.artifacts.iter();
    artifacts
        .map(|artifact| files.one_on_disk(rows, &artifact.path, artifact.digest))
        .collect()
}

/// What lies there of everything that this stage may read.
pub fn look_before(files: &impl Files, rows: &JobRows, stage: &StageName) -> Result<Vec<OnDisk>, Refusal> {
    let agreed = rows.agreed_before(stage).into_iter();
    agreed
        .map(|agreed| files.readable_on_disk(rows, &agreed.artifact.path, agreed.digest))
        .collect()
}

/// What lies there of everything that a stage may read which a command lets go.
fn looks(files: &impl Files, rows: &JobRows, ahead: &Ahead<'_>) -> Result<Vec<OnDisk>, Refusal> {
    ahead.looks(|path, digest| files.known_on_disk(rows, path, digest))
}
