//! One step of a pipeline as configured, frozen into the job when it starts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::context::GateContext;
use super::ids::{ArtifactPath, StageName};

/// An artifact that a stage promises to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactSpec {
    /// What it is, in the field's words (`script`, `storyboard`, `voiceover`, …); free text.
    pub kind: String,
    /// Where it lies under the run directory.
    pub path: ArtifactPath,
}

/// A stage: what to run and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageSpec {
    /// Its name, unique in the pipeline.
    pub name: StageName,
    /// Program and arguments, run without a shell; empty means a bare gate: it opens as soon as the
    /// stage is reached (SPEC §5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Variables added to the command's environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Seconds after which the command's process group is ended; none waits for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// What it makes, relative to the run directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactSpec>,
    /// What its gates say of themselves, where whoever opens one says nothing else.
    #[serde(default, skip_serializing_if = "GateContext::is_empty")]
    pub context: GateContext,
}

impl StageSpec {
    /// A stage without a command: nothing runs, the gate is all there is.
    pub fn is_bare(&self) -> bool {
        self.command.is_empty()
    }
}

/// The stages of a pipeline when the configuration names none (SPEC §5).
pub const STAGES_DEFAULT: [&str; 9] = [
    "outline",
    "research",
    "script",
    "storyboard",
    "assets",
    "animatics",
    "audio",
    "assemble",
    "acceptance",
];
