//! Decisions a second through the store, one at a time and in groups (P9, P10), and the queue of
//! ten thousand open gates (P1).
//!
//! The rule is as small as a rule can be, so that the store is what is measured. `TMPDIR` chooses
//! the disk.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
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
use store::{Batched, Reader, Store};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
const STAGES: [&str; 3] = ["script", "storyboard", "audio"];

fn both() -> Now {
    Now {
        utc: NOW,
        boot_us: 0,
        boot: BootId::of_kernel("3f2a9c1e-77aa-4bd0"),
    }
}

fn job_id(index: usize) -> JobId {
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

fn started(job_id: &JobId, stage: &StageName) -> Vec<Change> {
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
        created_at: NOW,
        updated_at: NOW,
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
        opened_at: NOW,
        timer: Some(GateTimer::start(both(), 900, OnTimeout::Approve)),
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

fn approve(rows: Option<&JobRows>) -> Result<Vec<Change>, Refusal> {
    let Some(gate) = rows.and_then(|rows| rows.gates.first()) else {
        return Ok(Vec::new());
    };
    let via = Via {
        surface: Surface::Console,
        login: "ana".to_owned(),
        uid: 1000,
        host: "render-1".to_owned(),
        ssh_client: None,
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
    let decision = gate.decide(&by, Verdict::Approve, Some("fine – goes out"), None, &reviewed, NOW)?;
    let settled = Settled {
        by: "ana".to_owned(),
        at: NOW,
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
fn open_gates(store: &mut Store, first: usize, count: usize) {
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
            Ok(next.next().map(|id| started(id, stage)).unwrap_or_default())
        };
        let answers = store.commit(&inputs, NOW, &mut rule).expect("the store works");
        assert!(answers.iter().all(Result::is_ok));
    }
}

fn decisions(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut store = Store::open(dir.path()).expect("the store opens");
    let mut used = 0;
    let mut group = criterion.benchmark_group("decisions");
    for size in [1, 100] {
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(format!("commit of {size}"), |bencher| {
            let shared = std::cell::RefCell::new((&mut store, &mut used));
            bencher.iter_batched(
                || {
                    let (store, used) = &mut *shared.borrow_mut();
                    let first = **used;
                    open_gates(store, first, size);
                    **used += size;
                    (first..first + size)
                        .map(|index| Batched::new(job_id(index), ()))
                        .collect::<Vec<_>>()
                },
                |inputs| {
                    let (store, _) = &mut *shared.borrow_mut();
                    let answers = store
                        .commit(&inputs, NOW, &mut |_, rows, ()| approve(rows))
                        .expect("the store works");
                    assert!(answers.iter().flatten().count() == size);
                    answers
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// The floor under one decision: the least row that a durable commit can hold, on the same disk.
fn bare_commit(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a directory");
    let connection = rusqlite::Connection::open(dir.path().join("bare.db")).expect("a database");
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (a TEXT)")
        .expect("a table");
    criterion.bench_function("bare SQLite FULL commit", |bencher| {
        bencher.iter(|| {
            connection
                .prepare_cached("INSERT INTO t VALUES (?1)")
                .and_then(|mut statement| statement.execute(["decided"]))
                .expect("a row")
        });
    });
}

fn queue(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut store = Store::open(dir.path()).expect("the store opens");
    open_gates(&mut store, 0, 10_000);
    let mut group = criterion.benchmark_group("10 000 open gates");
    let reader = Reader::open(dir.path()).expect("the reader opens");
    group.bench_function("queue", |bencher| {
        bencher.iter(|| black_box(reader.queue().expect("a queue")))
    });
    group.bench_function("timers", |bencher| {
        bencher.iter(|| black_box(reader.timers().expect("timers")))
    });
    group.bench_function("open and queue", |bencher| {
        bencher.iter(|| {
            black_box(
                Reader::open(dir.path())
                    .and_then(|reader| reader.queue())
                    .expect("a queue"),
            )
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
    targets = bare_commit, decisions, queue
}
criterion_main!(benches);
