//! What a stage made: the artifact's current version, by digest.

use serde::{Deserialize, Serialize};

use super::decision::TIMER_NAME;
use super::ids::{ArtifactPath, Digest, StageName};
use super::time::Timestamp;

/// What is said in place of counted lines of an artifact that is no text: sound, a picture,
/// anything else.
pub const NO_TEXT: &str = "no text";

/// The registered current version of one artifact of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The stage that made it.
    pub stage: StageName,
    /// What it is, in the field's words.
    pub kind: String,
    /// Where it lies under the run directory.
    pub path: ArtifactPath,
    /// SHA-256 of the current version.
    pub digest: Digest,
    pub size_bytes: u64,
    /// When this version was registered.
    pub created_at: Timestamp,
    /// The version it replaced in this job, if any.
    pub former: Option<Digest>,
}

/// How an artifact stood in front of the operator: frozen into the gate, replaced only by a
/// registered patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateArtifact {
    /// What it is.
    pub kind: String,
    /// Where it lies under the run directory.
    pub path: ArtifactPath,
    /// SHA-256 of the version under review.
    pub digest: Digest,
    pub size_bytes: u64,
    /// The version it is compared with, and where that came from.
    pub base: Option<Base>,
    /// Every version it may be compared with, `base` first: what `c` steps through. Empty in gates
    /// of an older version, and without a base.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<Base>,
    /// Lines added against the base (all lines when there is none); 0 for binaries.
    pub added_lines: u32,
    /// Lines removed against the base.
    pub removed_lines: u32,
    /// Whether it is shown by size and digest only.
    pub is_binary: bool,
    /// How it differs from a version that was rejected after the one that it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_rejection: Option<SinceRejection>,
    /// The patches that made this version of what the attempt made, oldest first: what undo takes
    /// back, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<PatchStep>,
}

/// The most patches of one artifact that can be undone; of more, the oldest stay.
pub const PATCH_STEPS_MAX: usize = 200;

/// One patch that was applied while the gate was open, with what it replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchStep {
    /// Counts the patches of the gate, over all its artifacts, from 1: the highest was applied
    /// last.
    pub(crate) number: u32,
    pub by: String,
    pub at: Timestamp,
    /// The patch's type: `text_replace`.
    pub type_name: String,
    /// The version it made; while that is the current one, the patch can be undone.
    pub made: Digest,
    /// The version it replaced; none: there was no such file.
    pub former: Option<FormerVersion>,
}

/// A version that a patch replaced, as the gate showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerVersion {
    /// SHA-256; the bytes are among the kept versions.
    pub digest: Digest,
    pub(crate) size_bytes: u64,
    /// Lines added against the base.
    pub added_lines: u32,
    /// Lines removed against the base.
    pub removed_lines: u32,
    /// Whether it is shown by size and digest only.
    pub is_binary: bool,
    /// How it differs from a rejected version that is nearer than the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since_rejection: Option<SinceRejection>,
}

/// A rejection that came after the version that an artifact is compared with, and what changed
/// since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinceRejection {
    /// The attempt that was rejected.
    pub attempt: u32,
    /// Who rejected it.
    pub by: String,
    /// SHA-256 of the rejected version.
    pub digest: Digest,
    /// Lines added since.
    pub added_lines: u32,
    /// Lines removed since.
    pub removed_lines: u32,
}

impl GateArtifact {
    /// This version, to be put back later.
    pub fn version(&self) -> FormerVersion {
        FormerVersion {
            digest: self.digest,
            size_bytes: self.size_bytes,
            added_lines: self.added_lines,
            removed_lines: self.removed_lines,
            is_binary: self.is_binary,
            since_rejection: self.since_rejection.clone(),
        }
    }

    /// Puts a version in place of this one; everything else stays.
    #[must_use]
    pub(crate) fn with_version(self, version: &FormerVersion) -> Self {
        Self {
            digest: version.digest,
            size_bytes: version.size_bytes,
            added_lines: version.added_lines,
            removed_lines: version.removed_lines,
            is_binary: version.is_binary,
            since_rejection: version.since_rejection.clone(),
            ..self
        }
    }

    /// What changed since a nearer version was rejected, as `reader` is told it:
    /// `since your rejection: +1 -1`. None: nothing is nearer.
    pub fn since_rejection_words(&self, reader: &str) -> Option<String> {
        let since = self.since_rejection.as_ref()?;
        let whose = match since.by.as_str() {
            by if by == reader => "your".to_owned(),
            TIMER_NAME => "the timer's".to_owned(),
            by => format!("{by}'s"),
        };
        let change = if since.digest == self.digest {
            "nothing changed".to_owned()
        } else if self.is_binary {
            "other bytes".to_owned()
        } else {
            format!("+{} -{}", since.added_lines, since.removed_lines)
        };
        Some(format!("since {whose} rejection: {change}"))
    }
}

/// The version that a diff starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// SHA-256 of that version.
    pub digest: Digest,
    /// Where it came from.
    pub origin: BaseOrigin,
}

/// Where a base came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum BaseOrigin {
    /// The version that the stage's last decision was about.
    Decided {
        /// The attempt that was decided.
        attempt: u32,
        /// Whether it was approved.
        approved: bool,
    },
    /// What the former attempt made; nobody decided on it.
    Attempt { attempt: u32 },
    /// Named by whoever opened the gate (`--base`).
    Given,
}

impl BaseOrigin {
    /// In words, for the line under the header: `last approved #1`.
    pub fn label(&self) -> String {
        match self {
            Self::Decided {
                attempt,
                approved: true,
            } => format!("last approved #{attempt}"),
            Self::Decided {
                attempt,
                approved: false,
            } => format!("last rejected #{attempt}"),
            Self::Attempt { attempt } => format!("attempt #{attempt}"),
            Self::Given => "sent along".to_owned(),
        }
    }
}
