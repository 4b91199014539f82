//! `gates/<stage>.open.json`: how a pipeline without any client opens a gate (SPEC §8, end). It reads and answers files, decides nothing.

use std::fs;

use serde::{Deserialize, Serialize};

use super::atomic;
use super::error::{Doing, Result, RunsError};
use super::layout::RunDir;
use crate::domain::ids::{ArtifactPath, StageName};
use crate::domain::stage::ArtifactSpec;

/// The most bytes a dropped file may have.
pub const DROPPED_BYTES_MAX: u64 = 1024 * 1024;

/// A request to open a gate, as dropped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DroppedGate {
    /// 1 + the highest present.
    pub attempt: u32,
    /// What is to be reviewed, relative to the run directory.
    pub artifacts: Vec<ArtifactSpec>,
    /// What the first artifact is compared with, relative to the run directory.
    #[serde(default)]
    pub base: Option<ArtifactPath>,
}

#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
}

/// The stages for which a file was dropped in this run directory, sorted.
pub fn stages(run: &RunDir) -> Result<Vec<StageName>> {
    let gates = run.gates();
    let entries = match fs::read_dir(&gates) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(RunsError::new("list", &gates, error)),
    };
    let mut stages: Vec<StageName> = entries
        .flatten()
        .filter_map(|entry| StageName::new(entry.file_name().to_str()?.strip_suffix(".open.json")?).ok())
        .collect();
    stages.sort();
    Ok(stages)
}

/// Reads a dropped file. The outer error: it could not be read now. The inner one: it is refused, with the line and what would be right.
pub fn read(run: &RunDir, stage: &StageName) -> Result<Option<std::result::Result<DroppedGate, String>>> {
    let path = run.dropped(stage);
    let name = format!("gates/{stage}.open.json");
    let Some(bytes) = atomic::read_regular(&path, DROPPED_BYTES_MAX)? else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_slice::<DroppedGate>(&bytes).map_err(|error| {
        format!("{name}:{}:{}: {error}", error.line(), error.column())
    })))
}

/// Removes a dropped file whose gate is open.
pub fn consume(run: &RunDir, stage: &StageName) -> Result<()> {
    remove(&run.dropped(stage))?;
    remove(&run.dropped_error(stage))
}

/// Answers a dropped file with the reason why its gate was not opened, and removes it: the refusal is there before the file is gone.
pub fn refuse(run: &RunDir, stage: &StageName, reason: &str) -> Result<()> {
    let path = run.dropped_error(stage);
    let mut bytes = serde_json::to_vec_pretty(&Refusal { error: reason })
        .map_err(std::io::Error::from)
        .doing("create", &path)?;
    bytes.push(b'\n');
    atomic::write(&path, &bytes, run.modes())?;
    remove(&run.dropped(stage))
}

fn remove(path: &std::path::Path) -> Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(RunsError::new("remove", path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::JobId;
    use crate::runs::RunsDir;

    #[test]
    fn a_dropped_file_is_read_answered_and_removed() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        assert!(stages(&run).unwrap().is_empty());
        run.make("gates").unwrap();
        let script = StageName::new("script").unwrap();
        assert_eq!(read(&run, &script).unwrap(), None);
        let good = br#"{"attempt": 2, "artifacts": [{"kind": "script", "path": "artifacts/script/script.md"}]}"#;
        atomic::write(&run.dropped(&script), good, run.modes()).unwrap();
        assert_eq!(stages(&run).unwrap(), std::slice::from_ref(&script));
        let gate = read(&run, &script).unwrap().unwrap().unwrap();
        assert_eq!((gate.attempt, gate.artifacts.len(), gate.base), (2, 1, None));

        let bad = br#"{"attempt": 2, "artifacts": [{"kind": "script", "path": "../escape"}]}"#;
        atomic::write(&run.dropped(&script), bad, run.modes()).unwrap();
        let reason = read(&run, &script).unwrap().unwrap().unwrap_err();
        assert!(reason.starts_with("gates/script.open.json:1:"), "{reason}");
        assert!(
            reason.contains("is not a artifact path") || reason.contains("artifact path"),
            "{reason}"
        );
        refuse(&run, &script, &reason).unwrap();
        assert_eq!(read(&run, &script).unwrap(), None);
        assert!(run.dropped_error(&script).exists());
        consume(&run, &script).unwrap();
        assert!(!run.dropped_error(&script).exists());
    }
}
