//! What a stage may read: of every artifact that the stages before it made, the version that
//! somebody decided on.

use super::artifact::{Artifact, BaseOrigin, GateArtifact};
use super::gate::{Gate, GateState, OnDisk};
use super::ids::{Digest, StageName};
use super::job::{AttemptState, JobRows};
use super::refusal::Refusal;

/// The version of an artifact that the stages behind it may read, and who answers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed<'r> {
    pub artifact: &'r Artifact,
    /// The stage whose approval named it last; where the stage that made it passed without a gate,
    /// that one.
    pub stage: &'r StageName,
    /// The attempt that was approved; none: it passed.
    pub attempt: Option<u32>,
    /// SHA-256 of that version.
    pub digest: Digest,
}

impl JobRows {
    /// What this stage may read, in the order of the stages that answer for it.
    ///
    /// What the stage itself or a later one made in a former attempt is not among it: it is about
    /// to be made again.
    pub fn agreed_before(&self, stage: &StageName) -> Vec<Agreed<'_>> {
        let at = self.place(stage);
        let agreed = self.artifacts.iter().map(|artifact| self.agreed(artifact));
        let mut before: Vec<_> = agreed.filter(|agreed| self.place(agreed.stage) < at).collect();
        before.sort_by_key(|agreed| self.place(agreed.stage));
        before
    }

    /// Those of them that lie on disk otherwise than they were agreed on, or not at all. A look
    /// that is older than the rows, or that left one out, is refused.
    pub fn moved_before<'r>(
        &'r self,
        stage: &StageName,
        on_disk: &[OnDisk],
    ) -> Result<Vec<(Agreed<'r>, OnDisk)>, Refusal> {
        let mut moved = Vec::new();
        for agreed in self.agreed_before(stage) {
            let looked = on_disk
                .iter()
                .find(|looked| looked.path == agreed.artifact.path && looked.registered == agreed.digest)
                .ok_or_else(|| Refusal::stale_look(&self.job.id))?;
            if looked.is_moved() {
                moved.push((agreed, looked.clone()));
            }
        }
        Ok(moved)
    }

    /// Why an open gate is open again without its stage having run, in words:
    /// `for review: w.txt was replaced`. None: it is its stage's turn.
    pub fn review_words(&self, gate: &Gate) -> Option<String> {
        if let Some(recalled) = gate.recalls.as_ref().filter(|_| gate.state == GateState::Open) {
            return Some(format!("again: {} took decision {} back", recalled.by, recalled.seq));
        }
        let stage = &gate.key.stage;
        let has_run = self.attempt(stage, gate.key.attempt).is_some();
        let was_agreed = match self.standing_decision(stage) {
            Some(sealed) => sealed.decision.is_approved(),
            // A stage without an approval passed without a gate, if it has a command.
            None => self.stage_spec(stage).is_some_and(|spec| !spec.is_bare()),
        };
        if gate.state != GateState::Open || self.job.is_manual || has_run || !was_agreed {
            return None;
        }
        let is_other = |artifact: &&GateArtifact| {
            let base = artifact.base.as_ref().filter(|base| base.origin != BaseOrigin::Given);
            base.is_some_and(|base| base.digest != artifact.digest)
        };
        let names: Vec<_> = gate
            .artifacts
            .iter()
            .filter(is_other)
            .map(|one| one.path.file_name())
            .collect();
        let was = if names.len() == 1 { "was" } else { "were" };
        (!names.is_empty()).then(|| format!("for review: {} {was} replaced", names.join(", ")))
    }

    /// Who answers for an artifact: the newest approval that named it, by the stage that made it or
    /// by one behind that.
    fn agreed<'r>(&'r self, artifact: &'r Artifact) -> Agreed<'r> {
        let maker = self.place(&artifact.stage);
        let approvals = self.decisions.iter().filter(|sealed| {
            let decision = &sealed.decision;
            decision.is_approved()
                && self.is_final(decision)
                && self.place(decision.stage()) >= maker
                && self.is_last_word(decision.stage(), decision.attempt())
        });
        let named = approvals.filter_map(|sealed| {
            let named = sealed
                .decision
                .artifacts()
                .iter()
                .find(|named| named.path == artifact.path);
            named.and_then(|named| named.decided()).map(|digest| (sealed, digest))
        });
        let (stage, attempt, digest) = match named.max_by_key(|(sealed, _)| sealed.seq) {
            Some((sealed, digest)) => (sealed.decision.stage(), Some(sealed.decision.attempt()), digest),
            None => (&artifact.stage, None, artifact.digest),
        };
        Agreed {
            artifact,
            stage,
            attempt,
            digest,
        }
    }

    /// Whether nothing was made since this attempt was decided: a stage may have run again and
    /// passed, its gate taken out meanwhile.
    fn is_last_word(&self, stage: &StageName, attempt: u32) -> bool {
        let is_later = |other: &super::job::Attempt| other.number > attempt && other.state == AttemptState::Completed;
        !self
            .attempts
            .iter()
            .any(|other| other.stage == *stage && is_later(other))
    }

    /// The stage's place in the pipeline; one that the pipeline does not know comes before all.
    fn place(&self, stage: &StageName) -> Option<usize> {
        self.job.stages.iter().position(|spec| spec.name == *stage)
    }
}
