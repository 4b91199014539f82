//! The files behind a preparation: what lies on disk, kept versions, planned patches, and what an artifact is compared with.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diff::{self, Limit};
use crate::domain::artifact::{Base, GateArtifact};
use crate::domain::event::predecessors;
use crate::domain::gate::{Gate, OnDisk, PatchEffect};
use crate::domain::ids::{ArtifactPath, Digest, StageName};
use crate::domain::job::JobRows;
use crate::domain::patch::{self, Patch};
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::runs::{RunDir, artifacts, versions};

use super::bases::bases_of;
use super::prepare::Preparer;
use super::trouble::{runs_refusal, store_refusal};

impl Preparer {
    /// Plans a patch on what lies on disk, and keeps the bytes it makes as a version.
    pub(super) fn propose(
        &self,
        rows: &JobRows,
        gate: &Gate,
        value: &Value,
        on_disk: &[OnDisk],
    ) -> Result<PatchEffect, Refusal> {
        let parsed = Patch::from_value(value.clone()).map_err(|error| patch_refusal(&error))?;
        let facts: Vec<_> = gate
            .artifacts
            .iter()
            .map(|artifact| patch::ArtifactFacts {
                path: artifact.path.as_str(),
                kind: artifact.kind.as_str(),
            })
            .collect();
        let chosen = patch::choose_artifact(&parsed, &facts).map_err(|error| patch_refusal(&error))?;
        let Some(target) = gate.artifacts.get(chosen) else {
            return Err(Refusal::new(
                RefusalCode::PatchUnfit,
                "no artifact is under review at this gate",
            ));
        };
        let found = on_disk
            .iter()
            .find(|other| other.path == target.path)
            .and_then(|other| other.found);
        let Some((before, _)) = found else {
            return Err(Refusal::artifact_vanished(&target.path, target.digest));
        };
        let run = self.runs.run(&rows.job.id);
        let current = versions::read(&run, &before).map_err(|error| runs_refusal(&error))?;
        let plan = parsed
            .plan(target.path.as_str(), &current)
            .map_err(|error| patch_refusal(&error))?;
        let (after, after_bytes) = versions::keep(&run, &plan.bytes).map_err(|error| runs_refusal(&error))?;
        let base = target
            .base
            .as_ref()
            .map(|base| versions::read(&run, &base.digest))
            .transpose()
            .map_err(|error| runs_refusal(&error))?;
        let summary = diff::summary(base.as_deref(), &plan.bytes, Limit::NONE);
        Ok(PatchEffect {
            patch: value.clone(),
            path: target.path.clone(),
            before,
            after,
            after_bytes,
            lines: (count(summary.added), count(summary.removed)),
            changes: plan.changes.iter().map(ToString::to_string).collect(),
        })
    }

    /// What lies on disk of a gate's artifacts; versions that nobody knew are kept.
    pub(super) fn on_disk(&self, rows: &JobRows, gate: &Gate) -> Result<Vec<OnDisk>, Refusal> {
        gate.artifacts
            .iter()
            .map(|artifact| self.one_on_disk(rows, &artifact.path, artifact.digest))
            .collect()
    }

    pub(super) fn one_on_disk(&self, rows: &JobRows, path: &ArtifactPath, reviewed: Digest) -> Result<OnDisk, Refusal> {
        let run = self.runs.run(&rows.job.id);
        let found = artifacts::hash(&run, path).map_err(|error| runs_refusal(&error))?;
        let found = match found {
            Some((digest, _)) if digest != reviewed && self.is_predecessor(rows, path, digest)? => {
                let registered = rows.artifacts.iter().find(|known| known.path == *path);
                registered.map(|known| (known.digest, known.size_bytes))
            }
            Some((digest, _)) if digest != reviewed => {
                versions::keep_artifact(&run, path).map_err(|error| runs_refusal(&error))?
            }
            found => found,
        };
        Ok(OnDisk {
            path: path.clone(),
            registered: reviewed,
            found,
        })
    }

    /// Whether what lies there is what a committed patch has replaced, its file still owed: not somebody's change.
    fn is_predecessor(&self, rows: &JobRows, path: &ArtifactPath, found: Digest) -> Result<bool, Refusal> {
        let owed = self
            .reader
            .owed_of(&rows.job.id)
            .map_err(|error| store_refusal(&error))?;
        Ok(owed.is_some_and(|owed| predecessors(&owed.events, path).any(|digest| digest == found)))
    }

    /// The artifacts of the bare stages that may open next: the current one, and those directly behind it. One that cannot be read
    /// counts as absent: it must not stand in the way of a decision about another stage.
    pub(super) fn bare_artifacts(&self, rows: &JobRows) -> BTreeMap<StageName, Vec<GateArtifact>> {
        let stages = &rows.job.stages;
        let at = rows
            .job
            .stage
            .as_ref()
            .and_then(|stage| stages.iter().position(|spec| spec.name == *stage));
        let ahead = stages
            .iter()
            .skip(at.map_or(0, |at| at + 1))
            .take_while(|spec| spec.is_bare());
        let current = at.and_then(|at| stages.get(at)).filter(|spec| spec.is_bare());
        let mut all = BTreeMap::new();
        for spec in current
            .into_iter()
            .chain(ahead)
            .filter(|spec| !spec.artifacts.is_empty())
        {
            let mut present = Vec::new();
            for artifact in &spec.artifacts {
                match self.keep(rows, &spec.name, &artifact.kind, &artifact.path) {
                    Ok(kept) => present.extend(kept),
                    Err(refusal) => tracing::warn!("{}: {} is left out: {refusal}", rows.job.id, artifact.path),
                }
            }
            all.insert(spec.name.clone(), present);
        }
        all
    }

    /// Keeps an artifact that lies in the run directory as a version and compares it with its base.
    pub(super) fn keep(
        &self,
        rows: &JobRows,
        stage: &StageName,
        kind: &str,
        path: &ArtifactPath,
    ) -> Result<Option<GateArtifact>, Refusal> {
        let run = self.runs.run(&rows.job.id);
        let Some((digest, size_bytes)) = versions::keep_artifact(&run, path).map_err(|error| runs_refusal(&error))?
        else {
            return Ok(None);
        };
        let bases = bases_of(Some(rows), stage, path, None);
        self.compared(&run, kind.to_owned(), path.clone(), digest, size_bytes, bases)
            .map(Some)
    }

    /// The artifact as it stands in front of the operator, its lines counted against the first of its bases.
    pub(super) fn compared(
        &self,
        run: &RunDir,
        kind: String,
        path: ArtifactPath,
        digest: Digest,
        size_bytes: u64,
        bases: Vec<Base>,
    ) -> Result<GateArtifact, Refusal> {
        let read = |digest: &Digest| versions::read(run, digest).map_err(|error| runs_refusal(&error));
        let base = bases.first().cloned();
        let former = base.as_ref().map(|base| read(&base.digest)).transpose()?;
        let summary = diff::summary(former.as_deref(), &read(&digest)?, Limit::NONE);
        Ok(GateArtifact {
            kind,
            path,
            digest,
            size_bytes,
            base,
            bases,
            added_lines: count(summary.added),
            removed_lines: count(summary.removed),
            is_binary: summary.is_binary,
        })
    }
}

fn count(lines: u64) -> u32 {
    u32::try_from(lines).unwrap_or(u32::MAX)
}

fn patch_refusal(error: &patch::PatchError) -> Refusal {
    let mut refusal = Refusal::new(RefusalCode::PatchUnfit, error.to_string());
    refusal.hint = error.hint.as_deref().map(str::to_owned);
    refusal.place = error.field.as_deref().map(str::to_owned);
    refusal
}
