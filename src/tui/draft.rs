//! What an operator wrote and has not sent: kept through closed prompts, dropped lines and restarts.

use serde::{Deserialize, Serialize};

use crate::domain::gate::GateKey;
use crate::domain::ids::ArtifactPath;

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

/// The unsent words about one gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The gate.
    pub key: GateKey,
    /// The note.
    pub note: String,
    /// The patch.
    pub patch: Option<PatchDraft>,
}

impl Draft {
    /// An empty draft.
    pub fn new(key: GateKey) -> Self {
        Self {
            key,
            note: String::new(),
            patch: None,
        }
    }

    /// Whether there is nothing worth keeping.
    pub fn is_empty(&self) -> bool {
        self.note.trim().is_empty() && self.patch.is_none()
    }

    /// The name of the draft's file under `<runs>/.drafts/<operator>/`.
    pub fn file_name(&self) -> String {
        format!("{}.{}.{}.json", self.key.job_id, self.key.stage, self.key.attempt)
    }
}
