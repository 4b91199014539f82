//! Taking a patch back while the gate is open: one at a time, the newest first, never beyond what
//! the attempt made (SPEC §5).
//!
//! What can be undone is part of the gate's row, so that the rule that decides and the screen that
//! asks read the same.

use super::artifact::{GateArtifact, PatchStep};
use super::gate::Gate;
use super::ids::ArtifactPath;
use super::refusal::Refusal;

/// The newest patch of a gate, or of one of its artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undoable<'g> {
    /// The artifact, as registered.
    pub artifact: &'g GateArtifact,
    /// The patch, with what it replaced.
    pub step: &'g PatchStep,
}

impl Undoable<'_> {
    /// In words: `ana's text_replace of script.txt: 41b07a -> 9f2c1e`.
    pub fn words(&self) -> String {
        let Self { artifact, step } = self;
        let back = match &step.former {
            Some(former) => former.digest.short(),
            None => "removed again".to_owned(),
        };
        let name = artifact.path.file_name();
        format!(
            "{}'s {} of {name}: {} -> {back}",
            step.by,
            step.type_name,
            step.made.short()
        )
    }
}

impl Gate {
    /// The patch that would be taken back: of this artifact, else the newest of all. Refused: there
    /// is none, or the artifact was changed by somebody else since.
    pub fn undoable(&self, path: Option<&ArtifactPath>) -> Result<Undoable<'_>, Refusal> {
        let path = path.map(|path| self.artifact_named(path)).transpose()?;
        let wanted = |artifact: &&GateArtifact| path.is_none_or(|path| artifact.path == *path);
        let newest = self
            .artifacts
            .iter()
            .filter(wanted)
            .filter_map(|artifact| {
                let step = artifact.patches.last()?;
                Some(Undoable { artifact, step })
            })
            .max_by_key(|undoable| undoable.step.number);
        let Some(undoable) = newest else {
            let names: Vec<_> = self
                .artifacts
                .iter()
                .filter(wanted)
                .map(|artifact| artifact.path.file_name())
                .collect();
            return Err(Refusal::nothing_to_undo(&self.key, &names));
        };
        let Undoable { artifact, step } = undoable;
        if artifact.digest != step.made {
            return Err(Refusal::changed_since_patch(&artifact.path, step.made, artifact.digest));
        }
        Ok(undoable)
    }

    /// The artifact under review of this path, or of this file name where only one has it.
    fn artifact_named(&self, wanted: &ArtifactPath) -> Result<&ArtifactPath, Refusal> {
        let paths = || self.artifacts.iter().map(|artifact| &artifact.path);
        if let Some(path) = paths().find(|path| *path == wanted) {
            return Ok(path);
        }
        let mut named = paths().filter(|path| path.file_name() == wanted.as_str());
        match (named.next(), named.next()) {
            (Some(path), None) => Ok(path),
            (Some(_), Some(_)) | (None, _) => {
                let known: Vec<_> = paths().map(ArtifactPath::as_str).collect();
                Err(Refusal::not_under_review(wanted, &self.key)
                    .with_hint(format!("under review are {}", known.join(", "))))
            }
        }
    }
}

/// The artifacts after a patch of this one was taken back; an artifact that only the patch made is
/// gone again.
pub fn undone(mut artifacts: Vec<GateArtifact>, path: &ArtifactPath) -> Vec<GateArtifact> {
    let Some(index) = artifacts.iter().position(|artifact| artifact.path == *path) else {
        return artifacts;
    };
    let mut artifact = artifacts.remove(index);
    match artifact.patches.pop() {
        Some(PatchStep {
            former: Some(former), ..
        }) => artifacts.insert(index, artifact.with_version(&former)),
        Some(PatchStep { former: None, .. }) => {}
        None => artifacts.insert(index, artifact),
    }
    artifacts
}
