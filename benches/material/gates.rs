//! Gates that are opened and decided through the store, with a rule as small as a rule can be.

use domain::anchor::BootId;
use domain::artifact::GateArtifact;
use domain::change::Change;
use domain::event::{EventType, NewEvent};
use domain::gate::{Gate, GateState, OnDisk, Settled, Verdict};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{Job, JobRows, JobStatus};
use domain::key::GateKey;
use domain::operator::{Operator, Surface, Via};
use domain::policy::{GatePolicy, OnTimeout};
use domain::refusal::Refusal;
use domain::time::{Now, Timestamp};
use domain::timer::GateTimer;
use serde_json::{Map, json};
use store::{Batched, Store};

const STAGES: [&str; 3] = ["script", "storyboard", "audio"];

fn both(now: Timestamp) -> Now {
    Now {
        utc: now,
        boot_us: 0,
        boot: BootId::of_kernel("3f2a9c1e-77aa-4bd0"),
    }
}

/// The job of that number.
pub fn job_id(index: usize) -> JobId {
    JobId::new(&format!("0198f3a2-0000-7000-8000-{index:012}")).expect("a valid id")
}

fn event(kind: EventType, stage: &StageName) -> Change {
    Change::Event(Box::new(NewEvent {
        kind,
        stage: Some(stage.clone()),
        status: JobStatus::NeedsApproval,
        message: format!("{stage} #1 waits: a person must decide"),
        payload: json!({ "attempt": 1 }),
    }))
}

fn started(job_id: &JobId, stage: &StageName, now: Timestamp) -> Vec<Change> {
    let job = Job {
        id: job_id.clone(),
        slug: "five-tips".to_owned(),
        intent: "a short film".to_owned(),
        is_manual: false,
        status: JobStatus::NeedsApproval,
        stage: Some(stage.clone()),
        params: Map::new(),
        cfg: Map::new(),
        stages: Vec::new(),
        created_by: "ana".to_owned(),
        created_at: now,
        updated_at: now,
        acknowledged_at: None,
    };
    let gate = Gate {
        key: GateKey {
            job_id: job_id.clone(),
            stage: stage.clone(),
            attempt: 1,
        },
        state: GateState::Open,
        policy: GatePolicy::default(),
        opened_at: now,
        timer: Some(GateTimer::start(both(now), 900, OnTimeout::Approve)),
        lease: None,
        artifacts: vec![GateArtifact {
            kind: stage.to_string(),
            path: ArtifactPath::new("artifacts/script/script.txt").expect("a valid path"),
            digest: Digest::of(b"script"),
            size_bytes: 6,
            base: None,
            bases: Vec::new(),
            added_lines: 40,
            removed_lines: 3,
            is_binary: false,
            since_rejection: None,
            patches: Vec::new(),
        }],
        seen: Vec::new(),
        settled: None,
        context: Default::default(),
        heartbeat: None,
        recall: None,
        recalls: None,
    };
    vec![
        Change::InsertJob(Box::new(job)),
        event(EventType::JobCreated, stage),
        Change::OpenGate(Box::new(gate)),
        event(EventType::GateOpened, stage),
    ]
}

/// The rule of a person who approves.
pub fn approve(rows: Option<&JobRows>, now: Timestamp) -> Result<Vec<Change>, Refusal> {
    let Some(gate) = rows.and_then(|rows| rows.gates.first()) else {
        return Ok(Vec::new());
    };
    let via = Via {
        surface: Surface::Console,
        login: "ana".to_owned(),
        uid: 1000,
        host: "render-1".to_owned(),
        ssh_client: None,
        peer: None,
        by_proxy: false,
        pid: 4711,
    };
    let on_disk = gate.artifacts.iter().map(|one| OnDisk {
        registered: one.digest,
        path: one.path.clone(),
        found: Some((one.digest, one.size_bytes)),
    });
    let by = Operator {
        name: "ana".to_owned(),
        via,
    };
    let reviewed = gate.reviewed_or_refuse(None, &on_disk.collect::<Vec<_>>(), Some(Verdict::Approve))?;
    let decision = gate.decide(&by, Verdict::Approve, Some("fine – goes out"), None, &reviewed, now)?;
    let settled = Settled {
        by: "ana".to_owned(),
        at: now,
    };
    let event = event(EventType::GateApproved, &gate.key.stage);
    let gate = Gate {
        state: GateState::Approved,
        settled: Some(settled),
        ..gate.clone()
    };
    Ok(vec![
        Change::SettleGate {
            gate: Box::new(gate),
            decision: Some(Box::new(decision)),
        },
        event,
    ])
}

/// Opens one gate in each of so many new jobs, a thousand a commit.
pub fn open_gates(store: &mut Store, first: usize, count: usize, now: Timestamp) {
    for start in (first..first + count).step_by(1000) {
        let inputs: Vec<_> = (start..(start + 1000).min(first + count))
            .map(|index| {
                let stage = StageName::new(STAGES[index % STAGES.len()]).expect("a valid stage");
                Batched::new(job_id(index), stage)
            })
            .collect();
        let ids: Vec<_> = inputs.iter().map(|input| input.job_id.clone()).collect();
        let mut next = ids.iter();
        let mut rule = |_: &JobId, _: Option<&JobRows>, stage: &StageName| {
            Ok(next.next().map(|id| started(id, stage, now)).unwrap_or_default())
        };
        let answers = store.commit(&inputs, now, &mut rule).expect("the store works");
        assert!(answers.iter().all(Result::is_ok));
    }
}
