//! The one irrevocable outcome of a gate, and its place in the chain.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical;
use super::comment::Comment;
use super::context::GateContext;
use super::ids::{ArtifactPath, Digest, JobId, StageName};
use super::operator::{Operator, Surface, Via};
use super::policy::OnTimeout;
use super::recall::Recalled;
use super::time::Timestamp;
use crate::key::GateKey;
use text::words::counted;

/// The name that stands for the timer in records. No operator may bear it.
pub const TIMER_NAME: &str = "timer";

/// Where the files of decisions lie below a run directory.
pub const DIRECTORY: &str = "gates";

/// The name of a decision's file: of one attempt, or the newest of its stage.
pub fn file_name(stage: &StageName, attempt: Option<u32>) -> String {
    match attempt {
        Some(attempt) => format!("{stage}.{attempt}.json"),
        None => format!("{stage}.json"),
    }
}

/// The name of the file of a decision that was taken back: it is no answer to anybody.
pub fn recalled_file_name(stage: &StageName, attempt: u32) -> String {
    format!("{stage}.{attempt}.recalled.json")
}

/// A file that a decision leaves in the run directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLeft {
    /// Under the run directory.
    pub path: ArtifactPath,
    /// Its bytes, where a patch made them.
    after: Option<Digest>,
}

impl FileLeft {
    /// Whether what was found under its name is it.
    pub fn is(&self, found: Option<&[u8]>) -> bool {
        found.is_some_and(|bytes| self.after.is_none_or(|after| Digest::of(bytes) == after))
    }
}

/// Who decides. Only [`super::gate::Gate::expire`] can make the timer one.
#[derive(Debug, Clone)]
pub(crate) struct Decider(DeciderKind);

#[derive(Debug, Clone)]
enum DeciderKind {
    Operator(Operator),
    Timer(Via),
}

impl Decider {
    /// A person.
    pub(crate) fn operator(operator: Operator) -> Self {
        Self(DeciderKind::Operator(operator))
    }

    /// The timer, in the process that `via` names.
    pub(super) fn timer(via: Via) -> Self {
        Self(DeciderKind::Timer(Via {
            surface: Surface::Timer,
            ..via
        }))
    }
}

/// How much of what changed stood on a person's screen, in hunks over all files; a file that is no
/// text counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// How many there are.
    pub hunks: u32,
    /// Of how many every changed line was shown.
    pub hunks_shown: u32,
}

impl Extent {
    /// Whether everything was shown.
    pub fn is_whole(self) -> bool {
        self.hunks_shown >= self.hunks
    }
}

/// That a person was shown what the gate is about, before it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub by: String,
    /// When they first looked at these bytes.
    pub at: Timestamp,
    /// The gate's digest that was on screen.
    pub digest: Digest,
    /// How many hunks there are, over all files; none in records from before this was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hunks: Option<u32>,
    /// Of how many every changed line was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hunks_shown: Option<u32>,
    /// Which versions those were, of the newest looks of each person; a decision leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<SeenVersion>,
}

/// The version of an artifact that somebody was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenVersion {
    pub path: ArtifactPath,
    pub sha256: Digest,
}

impl Seen {
    /// The same look as a decision records it.
    fn recorded(&self) -> Self {
        Self {
            artifacts: Vec::new(),
            ..self.clone()
        }
    }

    /// How much was shown; none in records from before this was counted.
    pub fn extent(&self) -> Option<Extent> {
        Some(Extent {
            hunks: self.hunks?,
            hunks_shown: self.hunks_shown?,
        })
    }

    /// Whether everything was shown, as far as the record says.
    pub fn is_whole(&self) -> bool {
        self.extent().is_none_or(Extent::is_whole)
    }

    /// What of the change was shown, for a line about a look: `3 of 5 hunks`, `all of it`; nothing
    /// where it was not counted.
    pub fn shown_words(&self) -> String {
        match self.extent() {
            None => String::new(),
            Some(extent) if extent.is_whole() => "all of it".to_owned(),
            Some(extent) => format!("{} of {}", extent.hunks_shown, counted(extent.hunks as usize, "hunk")),
        }
    }
}

/// An artifact as it was decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedArtifact {
    /// Where it lies under the run directory.
    pub path: ArtifactPath,
    /// SHA-256 as reviewed; null for a file that only the patch makes.
    pub sha256: Option<Digest>,
    /// SHA-256 after the patch that came with the decision; null without one.
    pub sha256_after: Option<Digest>,
}

impl DecidedArtifact {
    /// SHA-256 of what the decision leaves: after the patch, else as reviewed.
    pub fn decided(&self) -> Option<Digest> {
        self.sha256_after.or(self.sha256)
    }
}

/// A decision. Its first seven keys are the seed's, unchanged in name, order and meaning (SPEC §4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    stage: StageName,
    approved: bool,
    by: String,
    at: Timestamp,
    notes: Option<String>,
    patch: Option<Value>,
    auto_approved: bool,
    job_id: JobId,
    attempt: u32,
    via: Via,
    opened_at: Timestamp,
    deadline: Option<Timestamp>,
    seen: Vec<Seen>,
    artifacts: Vec<DecidedArtifact>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    overridden: Option<String>,
    #[serde(default, skip_serializing_if = "GateContext::is_empty")]
    context: GateContext,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unseen: Option<OnTimeout>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    comments: Vec<Comment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recalls: Option<Recalled>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    draft_by: Option<String>,
}

/// What a gate hands over to make its decision.
pub(super) struct DecisionParts<'a> {
    pub key: &'a GateKey,
    pub(crate) approved: bool,
    pub(crate) decider: Decider,
    pub at: Timestamp,
    pub notes: Option<String>,
    pub patch: Option<Value>,
    pub(crate) opened_at: Timestamp,
    pub(crate) deadline: Option<Timestamp>,
    pub seen: &'a [Seen],
    pub artifacts: Vec<DecidedArtifact>,
    pub context: &'a GateContext,
    pub recalls: Option<&'a Recalled>,
}

impl Decision {
    /// Made by a gate only: whoever holds a `Decision` knows that a gate allowed it.
    pub(super) fn new(parts: DecisionParts<'_>) -> Self {
        let (by, via, is_timer) = match parts.decider.0 {
            DeciderKind::Operator(operator) => (operator.name, operator.via, false),
            DeciderKind::Timer(via) => (TIMER_NAME.to_owned(), via, true),
        };
        Self {
            stage: parts.key.stage.clone(),
            approved: parts.approved,
            by,
            at: parts.at,
            notes: parts.notes,
            patch: parts.patch,
            auto_approved: is_timer && parts.approved,
            job_id: parts.key.job_id.clone(),
            attempt: parts.key.attempt,
            via,
            opened_at: parts.opened_at,
            deadline: parts.deadline,
            seen: parts.seen.iter().map(Seen::recorded).collect(),
            artifacts: parts.artifacts,
            overridden: None,
            context: parts.context.clone(),
            unseen: None,
            comments: Vec::new(),
            recalls: parts.recalls.cloned(),
            draft_by: None,
        }
    }

    /// The same, made because the policy asks for it where nobody was shown the whole change.
    #[must_use]
    pub(super) fn for_unseen(self, unseen: Option<OnTimeout>) -> Self {
        Self { unseen, ..self }
    }

    /// The same, made while this person had the gate open, or after it was taken over from them.
    #[must_use]
    pub fn overriding(self, overridden: Option<String>) -> Self {
        Self { overridden, ..self }
    }

    /// The same, made from what this person had written.
    #[must_use]
    pub fn drafted(self, draft_by: Option<String>) -> Self {
        Self { draft_by, ..self }
    }

    /// The same with what was said about lines, as [`super::comment::settled`] has it.
    #[must_use]
    pub fn commenting(self, comments: Vec<Comment>) -> Self {
        Self { comments, ..self }
    }

    pub fn stage(&self) -> &StageName {
        &self.stage
    }
    /// Whether the work may go on.
    pub fn is_approved(&self) -> bool {
        self.approved
    }
    /// Who decided: a name, or [`TIMER_NAME`].
    pub fn by(&self) -> &str {
        &self.by
    }
    /// Whether the timer decided.
    pub fn is_by_timer(&self) -> bool {
        self.via.surface == Surface::Timer
    }
    pub fn at(&self) -> Timestamp {
        self.at
    }
    /// What the decider wrote.
    pub fn notes(&self) -> Option<&str> {
        self.notes.as_deref()
    }
    /// Who wrote what the decider adopted.
    pub fn draft_by(&self) -> Option<&str> {
        self.draft_by.as_deref()
    }
    /// Who decided, and from whose draft: `bea, from a draft of ana`.
    pub fn by_words(&self) -> String {
        match &self.draft_by {
            None => self.by.clone(),
            Some(draft_by) => format!("{}, from a draft of {draft_by}", self.by),
        }
    }
    /// What the decider said about lines, by artifact and line.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }
    /// The patch that came with it.
    pub fn patch(&self) -> Option<&Value> {
        self.patch.as_ref()
    }
    /// Whether the timer approved.
    pub fn is_auto_approved(&self) -> bool {
        self.auto_approved
    }
    pub fn job_id(&self) -> &JobId {
        &self.job_id
    }
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
    /// What type of patch came with it.
    pub fn patch_type(&self) -> Option<&str> {
        self.patch()?.get("type")?.as_str()
    }
    /// How long the gate was open, in microseconds.
    pub fn waited_us(&self) -> i64 {
        self.at.us_since(self.opened_at)
    }
    /// How long after its deadline the timer decided, in microseconds; none: it did not.
    pub fn late_us(&self) -> Option<i64> {
        let deadline = self.deadline.filter(|_| self.is_by_timer())?;
        Some(self.at.us_since(deadline).max(0))
    }
    /// Whether some person was shown all of what was decided on.
    pub fn is_wholly_seen(&self) -> bool {
        let reviewed = self
            .artifacts
            .iter()
            .filter_map(|artifact| Some((&artifact.path, artifact.sha256?)));
        let digest = Digest::of_gate(reviewed);
        self.seen.iter().any(|seen| seen.digest == digest && seen.is_whole())
    }
    /// What the policy's `unseen` made of it; none: somebody was shown the whole change, or the
    /// policy asks nobody.
    pub fn unseen(&self) -> Option<OnTimeout> {
        self.unseen
    }
    /// Why the gate was asked for, as it stood when it was decided.
    pub fn context(&self) -> &GateContext {
        &self.context
    }
    /// Who had the gate open that was decided, other than whoever decided.
    pub fn overridden(&self) -> Option<&str> {
        self.overridden.as_deref()
    }
    /// The decision that was taken back before, in whose place this one stands.
    pub fn recalls(&self) -> Option<&Recalled> {
        self.recalls.as_ref()
    }
    /// Who had looked before.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }
    /// What was decided on.
    pub fn artifacts(&self) -> &[DecidedArtifact] {
        &self.artifacts
    }
    /// The files that whoever waited for it goes on with: its own, and the artifacts that its patch
    /// changed.
    pub fn files(&self) -> Vec<FileLeft> {
        let own = format!("{DIRECTORY}/{}", file_name(&self.stage, Some(self.attempt)));
        let own = ArtifactPath::new(&own);
        let own = own.ok().map(|path| FileLeft { path, after: None });
        // Without a patch the bytes are those that were reviewed, or were changed by somebody
        // since.
        let patched = self.artifacts.iter().filter_map(|artifact| {
            let after = Some(artifact.sha256_after?);
            let path = artifact.path.clone();
            Some(FileLeft { path, after })
        });
        own.into_iter().chain(patched).collect()
    }
    /// How the decider came in.
    pub fn via(&self) -> &Via {
        &self.via
    }
    pub fn key(&self) -> GateKey {
        GateKey {
            job_id: self.job_id.clone(),
            stage: self.stage.clone(),
            attempt: self.attempt,
        }
    }

    /// Gives the decision its place in the chain: `hash` is SHA-256 over the RFC 8785 form of the
    /// decision file without `hash`.
    pub fn seal(self, seq: u64, prev: Digest) -> SealedDecision {
        let mut sealed = SealedDecision {
            decision: self,
            seq,
            prev,
            hash: Digest::ZERO,
        };
        sealed.hash = sealed.computed_hash();
        sealed
    }
}

/// A decision in the chain; this, two-space indented, is the decision file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealedDecision {
    #[serde(flatten)]
    pub decision: Decision,
    /// Counts decisions per runs directory, from 1.
    pub seq: u64,
    /// The `hash` of the decision before; 64 zeros for the first.
    pub prev: Digest,
    /// See [`Decision::seal`].
    pub hash: Digest,
}

impl SealedDecision {
    /// The hash that this decision ought to bear.
    pub fn computed_hash(&self) -> Digest {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.remove("hash");
        }
        // A decision is strings, whole numbers, booleans and a patch that was parsed from JSON: it
        // always has a canonical form.
        Digest::of(&canonical::bytes(&value))
    }

    /// The bytes of the decision file.
    pub fn to_file(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// What became of a decision, as its gate's row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionStanding {
    /// It is carried out.
    Final,
    /// It may still be taken back: no file has it.
    Recallable,
    /// It was taken back: its file says so by its name.
    Recalled,
}

/// A decision, and what has become of it.
#[derive(Debug)]
pub struct RecordedDecision {
    /// Its number.
    pub seq: u64,
    pub decision: Decision,
    pub standing: DecisionStanding,
}
