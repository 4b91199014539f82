//! What names a gate.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{JobId, StageName};

/// Names one gate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GateKey {
    pub job_id: JobId,
    pub stage: StageName,
    /// The attempt, from 1.
    pub attempt: u32,
}

impl fmt::Display for GateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {} #{}", self.job_id, self.stage, self.attempt)
    }
}

/// Names a gate as a person does: the newest attempt unless one is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateRef {
    pub job_id: JobId,
    pub stage: StageName,
    /// Exactly this attempt; a newer one makes it a refusal. None: the newest.
    pub attempt: Option<u32>,
}

impl From<&GateKey> for GateRef {
    fn from(key: &GateKey) -> Self {
        Self {
            job_id: key.job_id.clone(),
            stage: key.stage.clone(),
            attempt: Some(key.attempt),
        }
    }
}
