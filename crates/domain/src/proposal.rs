//! What a patch would do, planned before the transaction, and whether it still may when the
//! transaction looks at the rows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::artifact::{FormerVersion, GateArtifact, PATCH_STEPS_MAX, PatchStep};
use super::ids::{ArtifactPath, Digest};
use super::refusal::{ChangedArtifact, Refusal};
use super::time::Timestamp;
use crate::key::GateKey;

/// A patch that fits.
#[derive(Debug, Clone, PartialEq)]
pub enum Proposal {
    /// It changes a file.
    File(Box<FileEffect>),
    /// It changes the job's parameters; the stage runs again with them (SPEC §6).
    Params(Box<ParamsEffect>),
}

/// What a patch does to a file: planned by digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileEffect {
    /// The patch as it was composed.
    pub patch: Value,
    pub artifact: ArtifactPath,
    /// The version of that artifact that it was planned against.
    pub planned_on: Digest,
    /// The version of the changed file that it replaces; none: there is no such file yet.
    pub former: Option<FormerVersion>,
    /// The changed file as it will stand at the gate: the artifact itself, or its sidecar. Its
    /// bytes are among the versions already.
    pub after: GateArtifact,
    /// The changes in words.
    pub changes: Vec<String>,
}

/// What a patch does to the job's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamsEffect {
    /// The patch as it was composed.
    pub patch: Value,
    /// The parameters that it was planned against.
    pub before: Map<String, Value>,
    /// The parameters after it.
    pub after: Map<String, Value>,
    /// The changes in words.
    pub changes: Vec<String>,
}

impl Proposal {
    /// The patch as it was composed: what the decision record holds.
    pub fn patch(&self) -> &Value {
        match self {
            Self::File(effect) => &effect.patch,
            Self::Params(effect) => &effect.patch,
        }
    }

    /// The file that changes; none: it changes no file.
    pub fn path(&self) -> Option<&ArtifactPath> {
        match self {
            Self::File(effect) => Some(effect.path()),
            Self::Params(_) => None,
        }
    }

    /// The changes in words.
    pub fn changes(&self) -> &[String] {
        match self {
            Self::File(effect) => &effect.changes,
            Self::Params(effect) => &effect.changes,
        }
    }
}

/// The type that a patch names, for messages.
pub(crate) fn type_name(patch: &Value) -> &str {
    patch.get("type").and_then(Value::as_str).unwrap_or("patch")
}

impl FileEffect {
    /// The file that changes.
    pub fn path(&self) -> &ArtifactPath {
        &self.after.path
    }

    /// SHA-256 of the version that it replaces; none: there is no such file yet.
    pub fn before(&self) -> Option<Digest> {
        self.former.as_ref().map(|former| former.digest)
    }

    /// Refuses unless these artifacts are what the patch was planned against.
    pub fn fits_or_refuse(&self, key: &GateKey, current: &[GateArtifact]) -> Result<(), Refusal> {
        let find = |path: &ArtifactPath| current.iter().find(|artifact| artifact.path == *path);
        let is_planned_on = |artifact: &GateArtifact, version: Digest| {
            if artifact.digest == version {
                return Ok(());
            }
            Err(Refusal::artifact_changed(
                key,
                ChangedArtifact {
                    name: artifact.path.file_name(),
                    read: version,
                    now: artifact.digest,
                    base: Some(version),
                    gate: Digest::of_gate(current.iter().map(|artifact| (&artifact.path, artifact.digest))),
                },
            ))
        };
        let target = find(&self.artifact).ok_or_else(|| Refusal::not_under_review(&self.artifact, key))?;
        is_planned_on(target, self.planned_on)?;
        match (find(self.path()), self.before()) {
            (Some(found), Some(before)) => is_planned_on(found, before),
            // Somebody brought the same file under review meanwhile.
            (Some(found), None) => is_planned_on(found, self.after.digest),
            // A file beside the artifact comes under review with the patch.
            (None, _) => Ok(()),
        }
    }

    /// The artifacts after the patch: its file replaced, or added.
    pub fn applied_to(&self, mut artifacts: Vec<GateArtifact>, by: &str, at: Timestamp) -> Vec<GateArtifact> {
        let step = PatchStep {
            number: next_number(&artifacts),
            by: by.to_owned(),
            at,
            type_name: type_name(&self.patch).to_owned(),
            made: self.after.digest,
            former: self.former.clone(),
        };
        let slot = artifacts.iter_mut().find(|artifact| artifact.path == *self.path());
        let mut patches = slot
            .as_ref()
            .map(|artifact| artifact.patches.clone())
            .unwrap_or_default();
        if patches.len() >= PATCH_STEPS_MAX {
            patches.remove(0);
        }
        patches.push(step);
        let after = GateArtifact {
            patches,
            ..self.after.clone()
        };
        match slot {
            Some(artifact) => *artifact = after,
            None => artifacts.push(after),
        }
        artifacts
    }
}

fn next_number(artifacts: &[GateArtifact]) -> u32 {
    let steps = artifacts.iter().flat_map(|artifact| &artifact.patches);
    steps.map(|step| step.number).max().unwrap_or(0).saturating_add(1)
}
