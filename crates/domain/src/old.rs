//! What the system before holdpoint left: jobs, decisions and events that are listed and never
//! acted on (SPEC §4, *old record*).
//!
//! They are types of their own, so that no rule can take one for a job: a rule takes
//! [`super::job::JobRows`]. Whatever the old system did not write, or wrote in a way that cannot be
//! read, is left out without complaint.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::decision::SealedDecision;
use super::event::Event;
use super::ids::{JobId, StageName};
use super::job::{JobRows, JobStatus};
use super::refusal::Refusal;
use super::time::Timestamp;

/// A job as it is listed and shown: one of ours, or an old record. It can be read and nothing else:
/// a rule takes [`JobRows`].
#[derive(Debug, Serialize, Deserialize)]
pub enum ListedJob {
    /// One that rules work on.
    Ours(Arc<JobRows>),
    /// History only.
    Old(Box<OldJob>),
}

impl ListedJob {
    /// When it was started.
    pub fn created_at(&self) -> Timestamp {
        match self {
            Self::Ours(rows) => rows.job.created_at,
            Self::Old(job) => job.created_at,
        }
    }

    /// The rows, for everything that is more than looking; refused: nothing is ever done to an old
    /// record.
    pub fn ours(self) -> Result<Arc<JobRows>, Refusal> {
        match self {
            Self::Ours(rows) => Ok(rows),
            Self::Old(job) => Err(Refusal::old_record(&job.id)),
        }
    }

    /// Those of its decisions that came with it, oldest first.
    pub fn decisions(&self) -> Vec<ListedDecision<'_>> {
        match self {
            Self::Ours(rows) => {
                let mut decisions: Vec<_> = rows.decisions.iter().map(ListedDecision::Ours).collect();
                decisions.sort_by_key(|decision| decision.seq());
                decisions
            }
            Self::Old(job) => job.decisions().into_iter().map(ListedDecision::Old).collect(),
        }
    }
}

/// A job of the old system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OldJob {
    pub id: JobId,
    /// A short name for people; its id where nothing tells it.
    pub slug: String,
    /// What it was for.
    pub intent: String,
    /// Where it stood when it was last written down.
    pub status: JobStatus,
    /// The stage it was at.
    pub stage: Option<StageName>,
    /// What its client sent along.
    pub cfg: Map<String, Value>,
    /// One for each stage that had a gate.
    pub gates: Vec<OldGate>,
    /// What it made.
    pub artifacts: Vec<OldArtifact>,
    /// When it was started; where that is not known, the earliest time that its record tells.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl OldJob {
    /// A job of which nothing is known but its name and a time.
    pub fn unknown(id: JobId, at: Timestamp) -> Self {
        Self {
            slug: id.to_string(),
            id,
            intent: String::new(),
            status: JobStatus::Running,
            stage: None,
            cfg: Map::new(),
            gates: Vec::new(),
            artifacts: Vec::new(),
            created_at: at,
            updated_at: at,
        }
    }

    pub fn gate(&self, stage: &StageName) -> Option<&OldGate> {
        self.gates.iter().find(|gate| gate.stage == *stage)
    }

    /// Its decisions, oldest first.
    pub fn decisions(&self) -> Vec<&OldDecision> {
        let mut decisions: Vec<_> = self.gates.iter().filter_map(|gate| gate.decision.as_ref()).collect();
        decisions.sort_by_key(|decision| decision.at);
        decisions
    }

    /// Puts what decision files say over what the rows say: the file is the decision, a row is a
    /// note of it.
    pub fn put_files(&mut self, files: Vec<OldGate>) {
        for file in files {
            match self.gates.iter_mut().find(|gate| gate.stage == file.stage) {
                None => self.gates.push(file),
                Some(gate) => gate.decision = file.decision.or(gate.decision.take()),
            }
        }
    }

    /// Adds gates that a second witness knows and this one does not.
    pub fn add_gates(&mut self, others: Vec<OldGate>) {
        for other in others {
            match self.gates.iter_mut().find(|gate| gate.stage == other.stage) {
                None => self.gates.push(other),
                Some(gate) if gate.decision.is_none() => gate.decision = other.decision,
                Some(_) => {}
            }
        }
    }
}

/// A gate of the old system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OldGate {
    pub stage: StageName,
    /// Whether a person was wanted.
    pub required: bool,
    /// How it was decided; none: it never was, and never will be.
    pub decision: Option<OldDecision>,
}

/// A decision of the old system: the seven keys of its file in their order, then what tells it from
/// one of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OldDecision {
    pub stage: StageName,
    /// Whether the work was to go on.
    pub approved: bool,
    /// Who decided; empty where it was not written down.
    pub by: String,
    pub at: Timestamp,
    /// What the decider wrote.
    pub notes: Option<String>,
    /// The patch that came with it.
    pub patch: Option<Value>,
    /// Whether the timer approved.
    pub auto_approved: bool,
    /// The job: the old file does not name it, its directory does.
    pub job_id: JobId,
    /// Always true.
    pub old_record: bool,
}

impl OldDecision {
    /// Reads a decision file. None: it is no decision. `otherwise` stands for a time that cannot be
    /// read.
    pub fn parse(file: &[u8], job_id: &JobId, stage: &StageName, otherwise: Timestamp) -> Option<Self> {
        let object = serde_json::from_slice::<Map<String, Value>>(file).ok()?;
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        Some(Self {
            stage: stage.clone(),
            approved: object.get("approved")?.as_bool()?,
            by: text("by").unwrap_or_default().to_owned(),
            at: text("at").and_then(Timestamp::parse).unwrap_or(otherwise),
            notes: text("notes").map(str::to_owned),
            patch: object.get("patch").filter(|patch| patch.is_object()).cloned(),
            auto_approved: object.get("auto_approved").and_then(Value::as_bool).unwrap_or_default(),
            job_id: job_id.clone(),
            old_record: true,
        })
    }
}

/// A decision as it is listed: one of the chain, or an old record's. It can be read and nothing
/// else: a rule takes a [`SealedDecision`], which no old record becomes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ListedDecision<'a> {
    /// In the chain.
    Ours(&'a SealedDecision),
    /// History only, outside the chain and before it.
    Old(&'a OldDecision),
}

impl<'a> ListedDecision<'a> {
    /// Its number; an old record has none.
    pub fn seq(self) -> Option<u64> {
        match self {
            Self::Ours(sealed) => Some(sealed.seq),
            Self::Old(_) => None,
        }
    }

    pub fn at(self) -> Timestamp {
        match self {
            Self::Ours(sealed) => sealed.decision.at(),
            Self::Old(old) => old.at,
        }
    }

    pub fn job_id(self) -> &'a JobId {
        match self {
            Self::Ours(sealed) => sealed.decision.job_id(),
            Self::Old(old) => &old.job_id,
        }
    }

    pub fn stage(self) -> &'a StageName {
        match self {
            Self::Ours(sealed) => sealed.decision.stage(),
            Self::Old(old) => &old.stage,
        }
    }

    /// The attempt; the old system knew none.
    pub fn attempt(self) -> Option<u32> {
        match self {
            Self::Ours(sealed) => Some(sealed.decision.attempt()),
            Self::Old(_) => None,
        }
    }

    /// Who decided.
    pub fn by(self) -> &'a str {
        match self {
            Self::Ours(sealed) => sealed.decision.by(),
            Self::Old(old) => &old.by,
        }
    }

    /// Whether the work was to go on.
    pub fn is_approved(self) -> bool {
        match self {
            Self::Ours(sealed) => sealed.decision.is_approved(),
            Self::Old(old) => old.approved,
        }
    }

    /// What the gate was labeled with; the old system knew no labels.
    pub fn labels(self) -> Option<&'a BTreeMap<String, String>> {
        match self {
            Self::Ours(sealed) => Some(&sealed.decision.context().labels),
            Self::Old(_) => None,
        }
    }

    /// Whether the timer decided.
    pub fn is_by_timer(self) -> bool {
        match self {
            Self::Ours(sealed) => sealed.decision.is_by_timer(),
            Self::Old(old) => old.auto_approved,
        }
    }

    /// Whether the timer approved.
    pub fn is_auto_approved(self) -> bool {
        match self {
            Self::Ours(sealed) => sealed.decision.is_auto_approved(),
            Self::Old(old) => old.auto_approved,
        }
    }

    /// What the decider wrote.
    pub fn notes(self) -> Option<&'a str> {
        match self {
            Self::Ours(sealed) => sealed.decision.notes(),
            Self::Old(old) => old.notes.as_deref(),
        }
    }

    /// The patch that came with it.
    pub fn patch(self) -> Option<&'a Value> {
        match self {
            Self::Ours(sealed) => sealed.decision.patch(),
            Self::Old(old) => old.patch.as_ref(),
        }
    }
}

/// What a job of the old system made. Nobody hashed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OldArtifact {
    pub stage: StageName,
    /// What it is.
    pub kind: String,
    /// Where it lay, as it was written down; never opened.
    pub path: String,
    /// What was noted with it.
    pub meta: Map<String, Value>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// An event as it is listed: one of ours, or an old record's. It can be read and nothing else: what
/// follows from events asks for an [`Event`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListedEvent {
    pub job_id: JobId,
    /// Its number; an old one's is its place in the job's log, from 1.
    pub seq: u64,
    pub ts: Timestamp,
    /// Its type, in the words of whoever wrote it.
    pub kind: String,
    /// The stage it is about.
    pub stage: Option<StageName>,
    /// The job's status after it; none where an old record does not tell it.
    pub status: Option<JobStatus>,
    /// One line for a person.
    pub message: String,
    /// The facts.
    pub payload: Value,
}

impl From<Event> for ListedEvent {
    fn from(event: Event) -> Self {
        Self {
            job_id: event.job_id,
            seq: event.seq,
            ts: event.ts,
            kind: event.kind.as_str().to_owned(),
            stage: event.stage,
            status: Some(event.status),
            message: event.message,
            payload: event.payload,
        }
    }
}

impl ListedEvent {
    /// Reads a line of an old `events.jsonl`. None: it is no event.
    pub fn parse_old(line: &[u8], job_id: &JobId, seq: u64) -> Option<Self> {
        let mut object = serde_json::from_slice::<Map<String, Value>>(line).ok()?;
        let payload = object.remove("payload").unwrap_or_default();
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        Some(Self {
            job_id: job_id.clone(),
            seq,
            ts: Timestamp::parse(text("ts")?)?,
            kind: text("type")?.to_owned(),
            stage: text("stage").and_then(|stage| StageName::new(stage).ok()),
            status: text("status").and_then(JobStatus::parse),
            message: text("message").unwrap_or_default().to_owned(),
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_micros(5);

    fn parse(file: &str) -> Option<OldDecision> {
        OldDecision::parse(
            file.as_bytes(),
            &JobId::new("j-1").unwrap(),
            &StageName::new("script").unwrap(),
            AT,
        )
    }

    #[test]
    fn a_decision_file_of_the_seven_keys_is_read_and_told_in_their_order() {
        let file = r#"{"stage": "script", "approved": false, "by": "admin", "at": "2025-08-15T03:45:31.029652+00:00", "notes": "again – shorter", "patch": {"type": "text_replace"}, "auto_approved": false}"#;
        let told = serde_json::to_string(&parse(file).unwrap()).unwrap();
        assert_eq!(
            told,
            r#"{"stage":"script","approved":false,"by":"admin","at":"2025-08-15T03:45:31.029652+00:00","notes":"again – shorter","patch":{"type":"text_replace"},"auto_approved":false,"job_id":"j-1","old_record":true}"#
        );
    }

    #[test]
    fn what_is_missing_or_odd_in_it_is_left_out_and_what_is_no_decision_is_none() {
        let bare = parse(r#"{"approved": true, "at": "yesterday", "patch": [], "by": null}"#).unwrap();
        assert_eq!((bare.by.as_str(), bare.at, bare.patch), ("", AT, None));
        for other in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"approved": null}"#,
            r#"{"approved": "yes"}"#,
            "{\"approved\": true",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn events_of_six_keys_are_read() {
        let line = br#"{"ts": "2025-08-14T16:24:49.424250+00:00", "type": "gate_decision", "stage": null, "status": null, "message": "m", "payload": {"test": true}}"#;
        let job_id = JobId::new("j-1").unwrap();
        let event = ListedEvent::parse_old(line, &job_id, 3).unwrap();
        assert_eq!(
            (event.seq, event.kind.as_str(), event.message.as_str()),
            (3, "gate_decision", "m")
        );
        assert_eq!(event.payload["test"], true);
        assert_eq!((event.stage, event.status), (None, None));
        for other in [
            "",
            "{}",
            r#"{"ts": "yesterday", "type": "x"}"#,
            r#"{"ts": "2025-08-14T16:24:49+00:00"}"#,
        ] {
            assert_eq!(ListedEvent::parse_old(other.as_bytes(), &job_id, 1), None, "{other}");
        }
    }

    #[test]
    fn a_second_witness_adds_what_the_first_does_not_know() {
        let stage = |name: &str| StageName::new(name).unwrap();
        let gate = |name: &str, decision: Option<OldDecision>| OldGate {
            stage: stage(name),
            required: true,
            decision,
        };
        let decided = |by: &str| parse(&format!(r#"{{"approved": true, "by": "{by}"}}"#));
        let mut job = OldJob::unknown(JobId::new("j-1").unwrap(), AT);
        job.gates = vec![gate("script", decided("ana")), gate("audio", None)];
        job.add_gates(vec![
            gate("script", decided("bea")),
            gate("audio", decided("bea")),
            gate("outline", decided("bea")),
        ]);
        let by = |name: &str| {
            job.gate(&stage(name))
                .and_then(|gate| Some(gate.decision.as_ref()?.by.clone()))
        };
        assert_eq!(by("script").as_deref(), Some("ana"));
        assert_eq!(by("audio").as_deref(), Some("bea"));
        assert_eq!(by("outline").as_deref(), Some("bea"));

        job.put_files(vec![
            gate("script", decided("file")),
            gate("audio", None),
            gate("assets", decided("file")),
        ]);
        let by = |name: &str| {
            job.gate(&stage(name))
                .and_then(|gate| Some(gate.decision.as_ref()?.by.clone()))
        };
        assert_eq!(by("script").as_deref(), Some("file"));
        assert_eq!(by("audio").as_deref(), Some("bea"));
        assert_eq!(by("assets").as_deref(), Some("file"));
    }
}
