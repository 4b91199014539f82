//! Run directories of the old system: what their files tell. Nothing is written, and no symlink is
//! followed below the runs directory.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::Result;
use super::layout::RunDir;
use super::record::{self, FileLines};
use domain::ids::StageName;
use domain::job::JobStatus;
use domain::old::{ListedEvent, OldArtifact, OldDecision, OldGate, OldJob};
use domain::time::{SECOND_US, Timestamp};

/// The most events of a job that are read, and the most bytes of their lines.
const EVENTS_MAX: usize = 10_000;
const EVENT_BYTES_MAX: usize = 32 * 1024 * 1024;

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Whether the run directory holds an old record: see [`record::is_old`].
pub fn is_old(run: &RunDir) -> Result<bool> {
    Ok(is_directory(run.path()) && record::is_old(run)?)
}

/// The job of an old run directory, as far as its files tell. None: it is none.
pub fn job(run: &RunDir) -> Result<Option<OldJob>> {
    if !is_old(run)? {
        return Ok(None);
    }
    let lay = Timestamp::from_micros(
        fs::symlink_metadata(run.path()).map_or(0, |metadata| metadata.mtime().saturating_mul(SECOND_US)),
    );
    let bytes = record::read(&run.state()).ok().flatten().unwrap_or_default();
    let state = serde_json::from_slice::<Map<String, Value>>(&bytes).unwrap_or_default();
    let text = |key: &str| state.get(key).and_then(Value::as_str);
    let time = |key: &str| text(key).and_then(Timestamp::parse);
    let gates = gates(run, lay)?;
    let first_event = events_until(run, 1)?.first().map(|event| event.ts);
    let decided = gates.iter().filter_map(|gate| Some(gate.decision.as_ref()?.at));
    let witnessed: Vec<_> = decided.chain(time("updated_at")).chain(first_event).collect();
    let earliest = witnessed.iter().min().copied().unwrap_or(lay);
    let latest = witnessed.iter().max().copied().unwrap_or(lay);
    let unknown = OldJob::unknown(run.job_id().clone(), time("created_at").unwrap_or(earliest));
    let newest = gates
        .iter()
        .filter_map(|gate| gate.decision.as_ref())
        .max_by_key(|decision| decision.at);
    let status = match (text("status").and_then(JobStatus::parse), newest) {
        (Some(status), _) => status,
        (None, Some(decision)) if !decision.approved => JobStatus::Paused,
        (None, _) => unknown.status,
    };
    let stage = text("stage").and_then(|stage| StageName::new(stage).ok());
    let mut job = OldJob {
        slug: text("slug").map_or_else(|| unknown.slug.clone(), str::to_owned),
        intent: text("intent").unwrap_or_default().to_owned(),
        status,
        stage: stage.or_else(|| newest.map(|decision| decision.stage.clone())),
        cfg: state.get("cfg").and_then(Value::as_object).cloned().unwrap_or_default(),
        artifacts: artifacts(&state, latest),
        updated_at: time("updated_at").unwrap_or(latest),
        gates,
        ..unknown
    };
    job.add_gates(gates_of_state(&job, &state));
    Ok(Some(job))
}

/// The gates that have a decision file, `<stage>.json` before those of attempts: the old system
/// wrote only the first.
pub fn gates(run: &RunDir, otherwise: Timestamp) -> Result<Vec<OldGate>> {
    let mut gates: Vec<OldGate> = Vec::new();
    if !is_directory(&run.gates()) {
        return Ok(gates);
    }
    for file in record::gate_files(run)? {
        if gates.iter().any(|gate| gate.stage == file.stage) {
            continue;
        }
        // One file that cannot be read hides no other.
        let bytes = record::read(&file.path(run)).ok().flatten().unwrap_or_default();
        let decision = OldDecision::parse(&bytes, run.job_id(), &file.stage, otherwise);
        gates.extend(decision.map(|decision| OldGate {
            stage: file.stage,
            required: true,
            decision: Some(decision),
        }));
    }
    Ok(gates)
}

/// What `state.json` says of gates.
fn gates_of_state(job: &OldJob, state: &Map<String, Value>) -> Vec<OldGate> {
    let of = |gate: &Value| {
        let stage = StageName::new(gate.get("stage")?.as_str()?).ok()?;
        let bytes = serde_json::to_vec(gate).ok()?;
        Some(OldGate {
            required: gate.get("required").and_then(Value::as_bool).unwrap_or(true),
            decision: OldDecision::parse(&bytes, &job.id, &stage, job.updated_at),
            stage,
        })
    };
    list(state, "gates").filter_map(of).collect()
}

fn artifacts(state: &Map<String, Value>, otherwise: Timestamp) -> Vec<OldArtifact> {
    let of = |artifact: &Value| {
        let text = |key: &str| artifact.get(key).and_then(Value::as_str);
        Some(OldArtifact {
            stage: StageName::new(text("stage")?).ok()?,
            kind: text("kind")?.to_owned(),
            path: text("path")?.to_owned(),
            meta: artifact
                .get("meta")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
            created_at: text("created_at").and_then(Timestamp::parse).unwrap_or(otherwise),
        })
    };
    list(state, "artifacts").filter_map(of).collect()
}

fn list<'s>(state: &'s Map<String, Value>, key: &str) -> impl Iterator<Item = &'s Value> {
    state.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The events of an old run directory, oldest first, numbered by their lines; lines that are none
/// are passed over.
pub fn events(run: &RunDir) -> Result<Vec<ListedEvent>> {
    events_until(run, EVENTS_MAX)
}

fn events_until(run: &RunDir, count_max: usize) -> Result<Vec<ListedEvent>> {
    let mut events = Vec::new();
    let mut bytes = 0;
    // Something else than a file in its place is no log.
    let Ok(Some(mut lines)) = FileLines::open(&run.events()) else {
        return Ok(events);
    };
    while events.len() < count_max
        && bytes < EVENT_BYTES_MAX
        && let Some(line) = lines.next_line()?
    {
        bytes += line.bytes.len();
        events.extend(ListedEvent::parse_old(&line.bytes, run.job_id(), line.number));
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::RunsDir;
    use domain::ids::JobId;

    struct OldRun {
        folder: tempfile::TempDir,
        run: RunDir,
    }

    impl OldRun {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let runs = RunsDir::open(folder.path().join("runs"), None).unwrap();
            let run = runs.run(&JobId::new("e2d2a4a7").unwrap());
            Self { folder, run }
        }

        fn write(&self, path: &str, text: &str) {
            use std::io::Write;
            let path = self.run.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
        }
    }

    const DECISION: &str = r#"{"stage": "outline", "approved": true, "by": "admin", "at": "2025-08-15T03:31:33.486606+00:00", "notes": null, "patch": null, "auto_approved": false}"#;

    #[test]
    fn a_directory_with_nothing_but_a_decision_is_a_job() {
        let place = OldRun::new();
        assert_eq!(job(&place.run).unwrap(), None, "there is no directory");
        place.write("asset_plan.json", "{}");
        assert_eq!(job(&place.run).unwrap(), None, "material alone is no record");
        place.write("gates/outline.json", DECISION);
        place.write("gates/script.json", "{\"torn\": ");
        let job = job(&place.run).unwrap().unwrap();
        assert_eq!(job.decisions().len(), 1, "a damaged file hides no other");
        assert_eq!(job.created_at.to_string(), "2025-08-15T03:31:33.486606+00:00");
        assert_eq!(
            (job.status, job.stage.unwrap().as_str()),
            (JobStatus::Running, "outline")
        );
    }

    #[test]
    fn state_and_events_tell_the_rest() {
        let place = OldRun::new();
        place.write(
            "state.json",
            r#"{"id": "x", "slug": "tides", "status": "paused", "stage": "script", "updated_at": "2025-08-14T13:55:49.363122+00:00",
                "gates": [{"stage": "script", "required": false, "approved": false, "by": "ana", "at": "2025-08-14T13:00:00"}, 7],
                "artifacts": [{"stage": "script", "kind": "script", "path": "../../etc/passwd", "meta": {"words": 12}}]}"#,
        );
        let line = r#"{"ts": "2025-08-14T12:00:00+00:00", "type": "test_event", "stage": null, "status": null, "message": "m", "payload": {}}"#;
        place.write("events.jsonl", &format!("{line}\nnonsense\n{line}\n{{\"ts\": "));
        let job = job(&place.run).unwrap().unwrap();
        assert_eq!((job.slug.as_str(), job.status), ("tides", JobStatus::Paused));
        assert_eq!(job.created_at.to_string(), "2025-08-14T12:00:00.000000+00:00");
        let gate = job.gate(&StageName::new("script").unwrap()).unwrap();
        assert!(!gate.required && gate.decision.as_ref().unwrap().by == "ana");
        assert_eq!(
            job.artifacts[0].path, "../../etc/passwd",
            "told as it was written, and never opened"
        );
        let numbers: Vec<_> = events(&place.run).unwrap().iter().map(|event| event.seq).collect();
        assert_eq!(numbers, [1, 3]);
    }

    #[test]
    fn nothing_outside_is_read_through_a_link() {
        let place = OldRun::new();
        let outside = place.folder.path().join("outside");
        fs::create_dir_all(outside.join("gates")).unwrap();
        place.write("decision", DECISION);
        fs::rename(place.run.path().join("decision"), outside.join("gates/outline.json")).unwrap();
        fs::remove_dir(place.run.path()).unwrap();
        symlink(&outside, place.run.path()).unwrap();
        assert_eq!(job(&place.run).unwrap(), None, "the directory itself is a link");
        fs::remove_file(place.run.path()).unwrap();
        place.write("events.jsonl", "");
        symlink(outside.join("gates"), place.run.gates()).unwrap();
        assert!(job(&place.run).unwrap().unwrap().gates.is_empty(), "gates/ is a link");
        fs::remove_file(place.run.gates()).unwrap();
        place.write("gates/.keep", "");
        symlink(
            outside.join("gates/outline.json"),
            place.run.gates().join("outline.json"),
        )
        .unwrap();
        assert!(job(&place.run).unwrap().unwrap().gates.is_empty(), "the file is a link");
    }
}
