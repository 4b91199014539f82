//! The configuration in force as `config show` and `/config/operator` give it (WIRE.md): effective values, no secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::domain::ids::StageName;
use crate::domain::policy::GatePolicy;
use crate::domain::stage::{ArtifactSpec, StageSpec};

use super::Config;
use super::sections::ServerValue;

/// Effective values, defaults filled in. A stage's `env` is left out altogether, because not even the name of a secret is told, and so is
/// the old `storage.db_path`, which may be a URL with a password in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigDoc {
    server: BTreeMap<String, ServerValue>,
    security: SecurityDoc,
    gates: BTreeMap<StageName, GatePolicy>,
    storage: StorageDoc,
    pipeline: PipelineDoc,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct SecurityDoc {
    shared_accounts: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct StorageDoc {
    runs_dir: PathBuf,
    group: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct PipelineDoc {
    max_concurrent_jobs: u32,
    overdue_grace_s: u64,
    stages: Vec<StageDoc>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct StageDoc {
    name: StageName,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_s: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    artifacts: Vec<ArtifactSpec>,
}

impl StageDoc {
    fn of(stage: &StageSpec) -> Self {
        Self {
            name: stage.name.clone(),
            command: stage.command.clone(),
            timeout_s: stage.timeout_s,
            artifacts: stage.artifacts.clone(),
        }
    }
}

impl ConfigDoc {
    /// What this configuration comes to.
    pub fn of(config: &Config) -> Self {
        Self {
            server: config.server.as_ref().clone(),
            security: SecurityDoc {
                shared_accounts: config.security.shared_accounts.to_vec(),
            },
            gates: config.gates.as_ref().clone(),
            storage: StorageDoc {
                runs_dir: config.runs_dir(None),
                group: config.storage.group.clone(),
            },
            pipeline: PipelineDoc {
                max_concurrent_jobs: config.pipeline.max_concurrent_jobs,
                overdue_grace_s: config.pipeline.overdue_grace_s,
                stages: config.pipeline.stages.iter().map(StageDoc::of).collect(),
            },
        }
    }

    /// As YAML, which [`Config::load`] reads back.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::SerializeError> {
        serde_yaml::to_string(self)
    }
}
