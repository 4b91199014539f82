//! What the stage runner hands to a stage command, read once from the environment.

use super::DemoError;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Everything a demo stage knows about its task (SPEC §5).
#[derive(Debug, Clone)]
pub struct StageEnv {
    pub(crate) job_id: String,
    /// Name of the stage.
    pub(crate) stage: String,
    /// Execution of this stage for this job, from 1.
    pub(crate) attempt: u32,
    /// The job's run directory.
    pub(crate) run_dir: PathBuf,
    /// Parameters of the job.
    pub(crate) params: Map<String, Value>,
    /// What the operator said when rejecting the last attempt.
    pub(crate) notes: Option<String>,
    /// The patch that came with that rejection.
    pub(crate) patch: Option<Value>,
}

impl StageEnv {
    /// Reads `HOLDPOINT_JOB_ID`, `_STAGE`, `_ATTEMPT`, `_RUN_DIR`, `_PARAMS`, `_NOTES` and
    /// `_PATCH`.
    pub fn from_environment() -> Result<Self, DemoError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// The same from any source of variables; an empty value counts as none.
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, DemoError> {
        let find = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let wanted =
            |name: &'static str, expected: &'static str| find(name).ok_or(DemoError::Environment { name, expected });
        let attempt = wanted("HOLDPOINT_ATTEMPT", "a number from 1")?;
        let patch = find("HOLDPOINT_PATCH")
            .map(|text| serde_json::from_str(&text))
            .transpose();
        Ok(StageEnv {
            job_id: wanted("HOLDPOINT_JOB_ID", "the id of a job")?,
            stage: wanted("HOLDPOINT_STAGE", "the name of a stage")?,
            attempt: attempt
                .parse()
                .ok()
                .filter(|attempt| *attempt >= 1)
                .ok_or(DemoError::Environment {
                    name: "HOLDPOINT_ATTEMPT",
                    expected: "a number from 1",
                })?,
            run_dir: wanted("HOLDPOINT_RUN_DIR", "a run directory")?.into(),
            params: match find("HOLDPOINT_PARAMS") {
                Some(path) => read_params(&PathBuf::from(path))?,
                None => Map::new(),
            },
            notes: find("HOLDPOINT_NOTES"),
            patch: patch.map_err(|_| DemoError::Environment {
                name: "HOLDPOINT_PATCH",
                expected: "a JSON document",
            })?,
        })
    }
}

fn read_params(path: &PathBuf) -> Result<Map<String, Value>, DemoError> {
    let text = std::fs::read_to_string(path).map_err(DemoError::file("read", path))?;
    serde_json::from_str(&text).map_err(|error| DemoError::artifact(path, format!("not a JSON object: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let error = StageEnv::from_lookup(|name| (name != "HOLDPOINT_RUN_DIR").then(|| "1".to_string())).unwrap_err();
        // HOLDPOINT_PARAMS names the file "1", which is asked for only after the run directory.
        assert!(
            error
                .to_string()
                .starts_with("HOLDPOINT_RUN_DIR is not set to a run directory"),
            "{error}"
        );
    }

    #[test]
    fn an_attempt_before_the_first_is_refused() {
        for attempt in ["0", "-1", "two"] {
            let error = StageEnv::from_lookup(|name| (name != "HOLDPOINT_PARAMS").then(|| attempt.into())).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("HOLDPOINT_ATTEMPT is not set to a number from 1"),
                "{error}"
            );
        }
    }

    #[test]
    fn params_notes_and_patch_are_optional() {
        let env = StageEnv::from_lookup(|name| match name {
            "HOLDPOINT_JOB_ID" => Some("j-17".into()),
            "HOLDPOINT_STAGE" => Some("script".into()),
            "HOLDPOINT_ATTEMPT" => Some("2".into()),
            "HOLDPOINT_RUN_DIR" => Some("runs/j-17".into()),
            "HOLDPOINT_NOTES" => Some(String::new()),
            "HOLDPOINT_PATCH" => Some(r#"{"type": "params"}"#.into()),
            _ => None,
        })
        .unwrap();
        assert_eq!((env.attempt, env.notes, env.params.len()), (2, None, 0));
        assert_eq!(env.patch.unwrap()["type"], "params");
    }
}
