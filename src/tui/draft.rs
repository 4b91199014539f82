//! What an operator wrote and has not sent: kept through closed prompts, dropped lines and restarts.

use serde::{Deserialize, Serialize};

use crate::domain::gate::GateKey;
use crate::domain::ids::{ArtifactPath, Digest};

/// A patch that is being composed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchDraft {
    /// The artifact it is for.
    pub path: ArtifactPath,
    /// The text in the editor.
    pub text: String,
    /// Line and character of the cursor, from 0.
    pub cursor: (usize, usize),
    /// What was written as other patch types: type and text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<(String, String)>,
}

/// An artifact that is being edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditDraft {
    /// The artifact.
    pub path: ArtifactPath,
    /// SHA-256 of the version that the edit began from.
    pub base: Digest,
    /// The whole text as edited.
    pub text: String,
    /// Line and character of the cursor, from 0.
    pub cursor: (usize, usize),
}

/// The unsent words about one gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The gate.
    pub key: GateKey,
    /// The note.
    pub note: String,
    /// The patch.
    pub patch: Option<PatchDraft>,
    /// Edited artifacts, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<EditDraft>,
}

impl Draft {
    /// An empty draft.
    pub fn new(key: GateKey) -> Self {
        Self {
            key,
            note: String::new(),
            patch: None,
            edits: Vec::new(),
        }
    }

    /// Whether a patch is being composed, in one way or another.
    pub fn has_patch(&self) -> bool {
        self.patch.is_some() || !self.edits.is_empty()
    }

    /// The edit of an artifact.
    pub fn edit(&self, path: &ArtifactPath) -> Option<&EditDraft> {
        self.edits.iter().find(|edit| edit.path == *path)
    }

    /// Puts an edit in place of the former one of the same artifact; none: removes it.
    pub fn set_edit(&mut self, path: &ArtifactPath, edit: Option<EditDraft>) {
        self.edits.retain(|former| former.path != *path);
        self.edits.extend(edit);
    }

    /// Whether there is nothing worth keeping.
    pub fn is_empty(&self) -> bool {
        self.note.trim().is_empty() && !self.has_patch()
    }

    /// The name of the directory beside the draft's file in which an artifact is edited outside of the console.
    pub fn copy_name(&self, path: &ArtifactPath) -> String {
        // Two artifacts of a gate may have the same file name.
        let which = Digest::of(path.as_str().as_bytes());
        let key = &self.key;
        format!("{}.{}.{}.{}.edit", key.job_id, key.stage, key.attempt, which.short())
    }

    /// The name of the draft's file under `<runs>/.drafts/<operator>/`.
    pub fn file_name(&self) -> String {
        format!("{}.{}.{}.json", self.key.job_id, self.key.stage, self.key.attempt)
    }
}
