//! Decisions a second in PostgreSQL, one at a time and in groups, against the least that a durable
//! commit of the same server can be. Both sides in turns; without PostgreSQL it says so.
//!
//! `TMPDIR` does not choose the disk here: the server lies in /tmp.

use std::cell::RefCell;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use domain::time::Timestamp;
use store::{Batched, Store, StorePlace};
use testing::postgres::PostgresServer;

use gates::{approve, job_id, open_gates};

#[path = "material/gates.rs"]
mod gates;

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn postgres(criterion: &mut Criterion) {
    let Some(server) = PostgresServer::of_own() else {
        return;
    };
    let address = server.database().expect("a database");
    let name = address
        .rsplit_once('/')
        .map_or(address.as_str(), |(_, name)| name)
        .to_owned();
    let place = StorePlace::shared(&address).expect("an address");
    let mut store = Store::open(place).expect("the store opens");
    // Tables of some size that the server has looked at, as it does by itself within a minute.
    let mut used = 1000;
    open_gates(&mut store, 0, used, NOW);
    server.psql(&name, "ANALYZE").expect("it is read");
    let bare_address = server.database().expect("a database");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (client, line) = runtime
        .block_on(tokio_postgres::connect(&bare_address, tokio_postgres::NoTls))
        .expect("it answers");
    runtime.spawn(line);
    runtime
        .block_on(client.batch_execute("CREATE TABLE t (a TEXT)"))
        .expect("a table");
    let insert = runtime
        .block_on(client.prepare("INSERT INTO t VALUES ($1)"))
        .expect("a statement");

    let mut group = criterion.benchmark_group("postgres");
    for size in [1, 20, 100] {
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(format!("bare commit of {size}"), |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    client.batch_execute("BEGIN").await?;
                    for _ in 0..size {
                        client.execute(&insert, &[&"decided"]).await?;
                    }
                    client.batch_execute("COMMIT").await
                })
            });
        });
        group.bench_function(format!("decisions, {size} in a commit"), |bencher| {
            let shared = RefCell::new((&mut store, &mut used));
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

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_millis(500));
    targets = postgres
}
criterion_main!(benches);
