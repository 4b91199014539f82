//! Decisions a second through the store, one at a time and in groups (P9, P10), and the queue of
//! ten thousand open gates (P1).
//!
//! The rule is as small as a rule can be, so that the store is what is measured. `TMPDIR` chooses
//! the disk.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use domain::time::Timestamp;
use store::{Batched, Reader, Store};

use gates::{approve, job_id, open_gates};

#[path = "material/gates.rs"]
mod gates;

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

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
                    open_gates(store, first, size, NOW);
                    **used += size;
                    (first..first + size)
                        .map(|index| Batched::new(job_id(index), ()))
                        .collect::<Vec<_>>()
                },
                |inputs| {
                    let (store, _) = &mut *shared.borrow_mut();
                    let answers = store
                        .commit(&inputs, NOW, &mut |_, rows, ()| approve(rows, NOW))
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
    open_gates(&mut store, 0, 10_000, NOW);
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
