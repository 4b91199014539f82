//! A job that waits at its first gate, and what is then done to it.

use std::path::PathBuf;

use domain::ask::Command;
use domain::event::EventType;
use domain::gate::Verdict;
use domain::ids::{Digest, JobId};
use domain::job::{JobRows, JobStatus};
use domain::refusal::Refusal;
use engine::api::Receipt;
use engine::{Engine, Role};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Calls as _, decide, gate, job, open, start, until};

/// An engine that leads, on a directory of its own, and its job that waits at its first gate.
pub async fn waiting(yaml: &str) -> (TempDir, Engine, JobId) {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), yaml, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::NeedsApproval).await;
    (folder, engine, id)
}

pub fn approve(id: &JobId, stage: &str) -> Command {
    decide(id, stage, Verdict::Approve, None, None)
}

pub fn reject(id: &JobId, stage: &str, notes: Option<&str>) -> Command {
    decide(id, stage, Verdict::Reject, notes, None)
}

/// Commands whose outcome is known before.
pub trait Does {
    async fn done(&mut self, command: Command) -> Box<Receipt>;
    async fn refused(&mut self, command: Command) -> Refusal;
}

impl Does for Engine {
    async fn done(&mut self, command: Command) -> Box<Receipt> {
        self.call(command).await.unwrap()
    }

    async fn refused(&mut self, command: Command) -> Refusal {
        self.call(command).await.unwrap_err()
    }
}

/// A job at its first gate, with its artifact.
pub struct AtGate {
    _folder: tempfile::TempDir,
    pub engine: Engine,
    pub id: JobId,
    pub run: PathBuf,
}

pub const SCRIPT: &str = "artifacts/script/script.txt";

impl AtGate {
    pub async fn new(yaml: &str) -> Self {
        let (folder, engine, id) = waiting(yaml).await;
        let run = folder.path().join(id.as_str());
        Self {
            _folder: folder,
            engine,
            id,
            run,
        }
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(self.run.join(SCRIPT)).unwrap()
    }

    pub fn write(&self, text: &str) {
        std::fs::write(self.run.join(SCRIPT), text).unwrap();
    }

    /// The kept version of these bytes.
    pub fn kept(&self, text: &str) -> Option<Vec<u8>> {
        std::fs::read(self.run.join("versions").join(Digest::of(text.as_bytes()).to_string())).ok()
    }

    pub async fn rows(&mut self) -> JobRows {
        job(&mut self.engine, &self.id).await
    }

    /// Applies a patch and waits for its file.
    pub async fn apply(&mut self, patch: Value) -> Box<Receipt> {
        self.try_apply(patch, None).await.unwrap()
    }

    pub async fn try_apply(&mut self, patch: Value, digest: Option<Digest>) -> Result<Box<Receipt>, Refusal> {
        let gate = gate(&self.id, "script");
        let command = Command::ApplyPatch { gate, patch, digest };
        let (receipt, published) = self.engine.call_published(command).await?;
        assert_eq!(published, Ok(()));
        Ok(receipt)
    }

    pub async fn undo(&mut self, digest: Option<Digest>) -> Result<Box<Receipt>, Refusal> {
        let gate = gate(&self.id, "script");
        let command = Command::UndoPatch {
            gate,
            path: None,
            digest,
        };
        let (receipt, published) = self.engine.call_published(command).await?;
        assert_eq!(published, Ok(()));
        Ok(receipt)
    }

    pub async fn events(&mut self, kind: EventType) -> Vec<Value> {
        let client = self.engine.client();
        let events = self
            .engine
            .beside(client.events(Some(&self.id), 0, 1000))
            .await
            .unwrap();
        let of_kind = events.into_iter().filter(|event| event.kind == kind);
        of_kind.map(|event| event.payload).collect()
    }
}

/// The patch that puts one text for another.
pub fn replace(old: &str, new: &str) -> Value {
    json!({"type": "text_replace", "replacements": [{"old": old, "new": new}]})
}
