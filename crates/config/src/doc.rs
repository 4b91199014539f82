//! The configuration in force as `config show` and `/config/operator` give it (WIRE.md): effective
//! values, no secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use domain::ids::StageName;
use domain::policy::GatePolicy;
use domain::stage::{ArtifactSpec, StageSpec};

use super::Config;
use super::security::RateLimits;

/// Effective values, defaults filled in. A stage's `env` is left out altogether, because not even
/// the name of a secret is told; so are tokens, with their names, webhooks, whose addresses may be
/// secrets, and the old `storage.db_path`, which may be a URL with a password in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigDoc {
    server: ServerDoc,
    security: SecurityDoc,
    gates: BTreeMap<StageName, GatePolicy>,
    storage: StorageDoc,
    pipeline: PipelineDoc,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct ServerDoc {
    enabled: bool,
    host: String,
    port: u16,
    workers: u32,
    log_level: &'static str,
    allow_external_bind: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct SecurityDoc {
    shared_accounts: Vec<String>,
    rate_limiting: RateLimits,
    cors: CorsDoc,
    security_headers: SwitchDoc,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct CorsDoc {
    enabled: bool,
    allow_origins: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct SwitchDoc {
    enabled: bool,
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
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            server: ServerDoc {
                enabled: config.server.is_enabled,
                host: config.server.address().ip().to_string(),
                port: config.server.port,
                workers: 1,
                log_level: config.server.log_level,
                allow_external_bind: config.server.allow_external_bind,
            },
            security: SecurityDoc {
                shared_accounts: config.security.shared_accounts.to_vec(),
                rate_limiting: config.security.rate_limits,
                cors: CorsDoc {
                    enabled: !config.security.cors_origins.is_empty(),
                    allow_origins: config.security.cors_origins.to_vec(),
                },
                security_headers: SwitchDoc {
                    enabled: config.security.has_security_headers,
                },
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
