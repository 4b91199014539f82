//! The store against real SQLite files, and, with the feature `postgres`, a real PostgreSQL.

mod commits;
mod files;
mod migrations;
#[cfg(feature = "postgres")]
mod on_postgres;
mod reads;
mod recorded;
mod round_trip;

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::open::Access;
use super::sql::Connection;
use super::{Batched, Reader, Store, StorePlace};
use domain::anchor::{Anchor, BootId};
use domain::artifact::{Artifact, Base, BaseOrigin, GateArtifact};
use domain::change::{Applied, Change};
use domain::context::GateContext;
use domain::event::{EventType, NewEvent};
use domain::gate::{Gate, GateState, OnDisk, Settled, Verdict};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{Job, JobRows, JobStatus};
use domain::key::GateKey;
use domain::lease::{Lease, LeasePurpose};
use domain::operator::{Operator, Surface, Via};
use domain::policy::{GatePolicy, OnTimeout};
use domain::refusal::Refusal;
use domain::stage::{ArtifactSpec, StageSpec};
use domain::time::{Now, SECOND_US, Timestamp};
use domain::timer::GateTimer;

/// A person holds this attempt of the script.
pub(super) fn hold(attempt: u32) -> Change {
    Change::Event(Box::new(NewEvent {
        kind: EventType::GateHeld,
        stage: Some(stage("script")),
        status: JobStatus::NeedsApproval,
        message: "held".to_owned(),
        payload: serde_json::json!({ "kind": "hold", "by": "ana", "attempt": attempt }),
    }))
}

/// A script as the field writes them: bold headings, a cue line, an en dash, no final newline.
pub(super) const SCRIPT: &str = "**Tip 1: Don’t wait – ask**\n[upbeat music]\nMost people lose 306.0 ms here.";

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_795_000_000 * SECOND_US + seconds * SECOND_US + 346_979)
}

/// Both clocks at that moment.
pub(super) fn both(seconds: i64) -> Now {
    Now {
        utc: at(seconds),
        boot_us: seconds * SECOND_US,
        boot: BootId::of_kernel("3f2a9c1e-77aa-4bd0"),
    }
}

pub(super) fn id(text: &str) -> JobId {
    JobId::new(text).unwrap()
}

pub(super) fn stage(text: &str) -> StageName {
    StageName::new(text).unwrap()
}

pub(super) fn path(text: &str) -> ArtifactPath {
    ArtifactPath::new(text).unwrap()
}

pub(super) fn operator(name: &str) -> Operator {
    let via = Via {
        surface: Surface::Console,
        login: name.to_owned(),
        uid: 1000,
        host: "render-1".to_owned(),
        ssh_client: Some("192.0.2.7".to_owned()),
        peer: None,
        by_proxy: false,
        pid: 4711,
    };
    Operator {
        name: name.to_owned(),
        via,
    }
}

pub(super) fn job(job_id: &str, status: JobStatus) -> Job {
    let cfg = json!({ "brief": "Kürzer – bitte", "zeta": 1, "alpha": { "b": 306.0, "a": -0.5e-7 } });
    Job {
        id: id(job_id),
        slug: "five-tips".to_owned(),
        intent: "a short film".to_owned(),
        is_manual: false,
        status,
        stage: Some(stage("script")),
        params: Map::from_iter([
            ("tone".to_owned(), json!("dry")),
            ("a".to_owned(), json!([1, 2.50, null])),
        ]),
        cfg: cfg.as_object().unwrap().clone(),
        stages: vec![StageSpec {
            name: stage("script"),
            command: vec!["make-script".to_owned(), "--fast".to_owned()],
            env: BTreeMap::from([("LANG".to_owned(), "C.UTF-8".to_owned())]),
            timeout_s: Some(600),
            artifacts: vec![ArtifactSpec {
                kind: "script".to_owned(),
                path: path("artifacts/script/script.txt"),
            }],
            context: context(),
        }],
        created_by: "ana".to_owned(),
        created_at: at(0),
        updated_at: at(1),
        acknowledged_at: None,
    }
}

pub(super) fn artifact() -> GateArtifact {
    GateArtifact {
        kind: "script".to_owned(),
        path: path("artifacts/script/script.txt"),
        digest: Digest::of(SCRIPT.as_bytes()),
        size_bytes: SCRIPT.len() as u64,
        base: Some(Base {
            digest: Digest::of(b"before"),
            origin: BaseOrigin::Decided {
                attempt: 1,
                approved: false,
            },
        }),
        bases: Vec::new(),
        added_lines: 3,
        removed_lines: 1,
        is_binary: false,
        since_rejection: None,
        patches: Vec::new(),
    }
}

pub(super) fn lease() -> Lease {
    Lease {
        taken_from: None,
        holder: operator("ana"),
        session: "s-1".to_owned(),
        purpose: LeasePurpose::Compose,
        taken_at: at(5),
        expires_at: at(35),
        anchor: Anchor::of(both(5)),
    }
}

pub(super) fn context() -> GateContext {
    let document = json!({
        "title": "tides", "why": "monday\nwas wrong", "links": [{ "name": "ticket", "url": "https://t.example/17" }],
        "labels": { "team": "media" }, "severity": "high", "requester": "nightly", "instructions": "read scene 2",
    });
    GateContext::read(&document).unwrap()
}

pub(super) fn gate(job_id: &str, attempt: u32) -> Gate {
    Gate {
        key: GateKey {
            job_id: id(job_id),
            stage: stage("script"),
            attempt,
        },
        state: GateState::Open,
        policy: GatePolicy {
            auto_approve: true,
            auto_approve_after_s: Some(900),
            ..GatePolicy::default()
        },
        opened_at: at(2),
        timer: Some(GateTimer::start(both(2), 900, OnTimeout::Approve)),
        lease: None,
        artifacts: vec![artifact()],
        seen: Vec::new(),
        settled: None,
        context: GateContext::default(),
        heartbeat: None,
        recall: None,
        recalls: None,
    }
}

pub(super) fn opens(gate: Gate) -> Change {
    Change::OpenGate(Box::new(gate))
}

pub(super) fn puts(gate: Gate) -> Change {
    Change::PutGate(Box::new(gate))
}

/// The job is of this status.
pub(super) fn is(job_id: &str, status: JobStatus) -> Change {
    Change::PutJob(Box::new(job(job_id, status)))
}

pub(super) fn event(kind: EventType, status: JobStatus) -> Change {
    Change::Event(Box::new(NewEvent {
        kind,
        stage: Some(stage("script")),
        status,
        message: "script #1 – „waits“".to_owned(),
        payload: json!({ "z": 306.0, "a": [1, "ü"], "notes": SCRIPT }),
    }))
}

pub(super) fn started(job_id: &str) -> Vec<Change> {
    vec![
        Change::InsertJob(Box::new(job(job_id, JobStatus::NeedsApproval))),
        event(EventType::JobCreated, JobStatus::NeedsApproval),
        Change::PutArtifact(Box::new(Artifact {
            stage: stage("script"),
            kind: "script".to_owned(),
            path: path("artifacts/script/script.txt"),
            digest: Digest::of(SCRIPT.as_bytes()),
            size_bytes: SCRIPT.len() as u64,
            created_at: at(2),
            former: None,
        })),
        Change::OpenGate(Box::new(gate(job_id, 1))),
        event(EventType::GateOpened, JobStatus::NeedsApproval),
    ]
}

/// What a decision by this person comes to, by the domain's own rule.
pub(super) fn decided(gate: &Gate, by: &str, verdict: Verdict, when: Timestamp) -> Result<Vec<Change>, Refusal> {
    let on_disk = gate.artifacts.iter().map(|one| OnDisk {
        registered: one.digest,
        path: one.path.clone(),
        found: Some((one.digest, one.size_bytes)),
    });
    let reviewed = gate.reviewed_or_refuse(None, &on_disk.collect::<Vec<_>>(), Some(verdict))?;
    let decision = gate.decide(&operator(by), verdict, Some("Tip 1 – besser"), None, &reviewed, when)?;
    let state = match verdict {
        Verdict::Approve => GateState::Approved,
        Verdict::Reject => GateState::Rejected,
    };
    let settled = Settled {
        by: by.to_owned(),
        at: when,
    };
    Ok(vec![
        Change::SettleGate {
            gate: Box::new(Gate {
                state,
                settled: Some(settled),
                ..gate.clone()
            }),
            decision: Some(Box::new(decision)),
        },
        event(EventType::GateApproved, JobStatus::Running),
    ])
}

/// Where the databases of a suite are.
pub(super) trait Ground {
    /// How many cases of generated values are tried.
    const CASES: u32;
    /// Whether it keeps any text: the character U+0000, and what is no JSON in the place of JSON.
    const KEEPS_ANY_TEXT: bool;
    fn place(dir: &TempDir) -> StorePlace;
}

/// In files.
pub(super) struct Files;

impl Ground for Files {
    const CASES: u32 = 64;
    const KEEPS_ANY_TEXT: bool = true;
    fn place(dir: &TempDir) -> StorePlace {
        StorePlace::from(dir.path())
    }
}

type House = HouseOn<Files>;

pub(super) struct HouseOn<G> {
    pub(crate) dir: TempDir,
    place: StorePlace,
    pub(crate) store: Store,
    ground: PhantomData<G>,
}

impl<G: Ground> HouseOn<G> {
    pub(crate) const CASES: u32 = G::CASES;
    pub(crate) const KEEPS_ANY_TEXT: bool = G::KEEPS_ANY_TEXT;

    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let place = G::place(&dir);
        let store = Store::open(place.clone()).unwrap();
        Self {
            dir,
            place,
            store,
            ground: PhantomData,
        }
    }

    /// With these jobs, each at its open gate.
    pub(crate) fn with<const N: usize>(names: [&str; N]) -> Self {
        let mut house = Self::new();
        for name in names {
            house.put(name, started(name)).unwrap();
        }
        house
    }

    /// Decides the gate of this attempt.
    pub(crate) fn decide(&mut self, job_id: &str, attempt: u32, by: &str, verdict: Verdict) -> Applied {
        let changes = decided(&gate(job_id, attempt), by, verdict, at(10)).unwrap();
        self.put(job_id, changes).unwrap()
    }

    /// Writes this one change to the job.
    pub(crate) fn put_one(&mut self, job_id: &str, change: Change) -> Result<Applied, Refusal> {
        self.put(job_id, vec![change])
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(self.place.clone()).unwrap()
    }

    /// Another process's connection.
    pub(crate) fn second(&self) -> Store {
        Store::open(self.place.clone()).unwrap()
    }

    /// Applies these changes to the job, whatever it is.
    pub(crate) fn put(&mut self, job_id: &str, changes: Vec<Change>) -> Result<Applied, Refusal> {
        self.put_at(job_id, changes, at(3))
    }

    pub(crate) fn put_at(&mut self, job_id: &str, changes: Vec<Change>, now: Timestamp) -> Result<Applied, Refusal> {
        let entry = Batched::new(id(job_id), changes);
        let mut answers = self
            .store
            .commit(&[entry], now, &mut |_, _, changes| Ok(changes.clone()))
            .unwrap();
        let (applied, rows) = answers.pop().unwrap()?;
        assert_eq!(rows, self.rows(job_id), "what is answered is what the database has");
        Ok(applied)
    }

    pub(crate) fn rows(&self, job_id: &str) -> JobRows {
        self.reader().job(&id(job_id)).unwrap().unwrap()
    }

    /// All of these jobs' events up to these are on disk.
    pub(crate) fn published(&self, up_to: &[(JobId, u64)]) {
        self.store.marker(None).unwrap().mark_published(up_to).unwrap();
    }

    /// Changes a row behind the store's back.
    pub(crate) fn edit(&self, sql: &str) {
        let connection = self.place.connect(Access::Durable).unwrap();
        if !matches!(connection, Connection::Sqlite(_)) {
            // The triggers that keep what is recorded are there to be passed by, too.
            connection.batch("SET session_replication_role = replica").unwrap();
        }
        assert_eq!(connection.execute(sql, &[]).unwrap(), 1, "{sql}");
    }
}

/// The rule of a person who decides the newest gate of the script stage.
pub(super) fn decide(rows: Option<&JobRows>, by: &str, verdict: Verdict) -> Result<Vec<Change>, Refusal> {
    let gate = rows.and_then(|rows| rows.newest_gate(&stage("script"))).unwrap();
    decided(gate, by, verdict, at(10))
}
