//! What a neighbour that writes at full speed to the same file system costs whoever decides: a
//! decision and a bulk of 18, from the command to its answer and until its files are in place,
//! without and with it in turns, medians and ratios.
//!
//! There are two such neighbours. One flushes nothing: its dirty pages lie there, and whoever
//! flushes the whole file system, or waits for it, pays for them. While they are fewer than the
//! kernel allows (`vm.dirty_background_ratio`) the disk itself is idle, so another one has each
//! file flushed beside its writing, and the disk is never idle: that tells what is the disk's, as
//! does a bare SQLite commit beside both. Either takes some of a processor too, which on two of
//! them counts.
//!
//! `TMPDIR` chooses the disk, else `target/tmp`; on a file system in memory nothing is shown. A
//! neighbour has at most [`FILES`] files of [`FILE_BYTES`], which are removed at the end.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "what is measured is real time, and a bench fails by panicking"
)]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clock::SystemClock;
use config::Config;
use domain::ask::{Command, NewJob};
use domain::gate::Verdict;
use domain::ids::{JobId, StageName};
use domain::key::GateRef;
use domain::operator::{Operator, Surface, Via};
use engine::api::{Notice, Ticket};
use engine::{Engine, EngineSettings, Role};
use rusqlite::Connection;

const YAML: &str = "pipeline: {stages: [{name: script}]}\ngates: {script: {required: true}}\n";
/// How often each side has its turn.
const TURNS: usize = 20;
/// Decisions one after the other in a turn.
const SINGLE: usize = 5;
/// Decisions at once in a turn.
const BULK: usize = 18;
/// The neighbour's files, written again and again in turn.
const FILES: usize = 12;
const FILE_BYTES: usize = 64 << 20;
/// What it has written before anybody decides beside it.
const DIRTY_BYTES: usize = 400 << 20;
const CHUNK_BYTES: usize = 1 << 20;

/// Whether this is `cargo bench`; else it is only seen that everything works.
fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Somebody else, who never waits for the disk.
struct Neighbour {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    folder: PathBuf,
}

impl Neighbour {
    /// Starts it; returns once it has written enough.
    fn start(folder: &Path, is_flushing: bool) -> Self {
        let (files, enough) = if is_measured() {
            (FILES, DIRTY_BYTES)
        } else {
            (1, CHUNK_BYTES)
        };
        let is_over = Arc::new(AtomicBool::new(false));
        let written = Arc::new(AtomicUsize::new(0));
        // No more than one file waits to be flushed; the others are the pages that are dirty.
        let (sender, full) = sync_channel::<File>(1);
        let mut threads = vec![{
            let (is_over, written, folder) = (Arc::clone(&is_over), Arc::clone(&written), folder.to_owned());
            std::thread::spawn(move || write(&folder, files, &is_over, &written, is_flushing.then_some(&sender)))
        }];
        if is_flushing {
            threads.push(std::thread::spawn(move || {
                full.iter().for_each(|file| file.sync_data().unwrap());
            }));
        }
        while written.load(Ordering::Relaxed) < enough && !threads[0].is_finished() {
            std::thread::yield_now();
        }
        Self {
            is_over,
            threads,
            folder: folder.to_owned(),
        }
    }
}

/// Ends it, and what it has left: the other side's turn begins with nothing to flush.
impl Drop for Neighbour {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        for number in 0..FILES {
            let _ = std::fs::remove_file(self.folder.join(number.to_string()));
        }
        File::open(&self.folder).unwrap().sync_all().unwrap();
    }
}

fn write(folder: &Path, files: usize, is_over: &AtomicBool, written: &AtomicUsize, full: Option<&SyncSender<File>>) {
    let chunk = vec![b'n'; CHUNK_BYTES];
    for number in (0..files).cycle() {
        let mut file = File::create(folder.join(number.to_string())).unwrap();
        for _ in 0..FILE_BYTES / CHUNK_BYTES {
            if is_over.load(Ordering::Relaxed) {
                return;
            }
            file.write_all(&chunk).unwrap();
            written.fetch_add(chunk.len(), Ordering::Relaxed);
        }
        if let Some(full) = full {
            // While the disk is slower than this, it has enough to do all the same.
            let _ = full.try_send(file);
        }
    }
}

fn open(runs: PathBuf) -> Engine {
    let via = Via {
        surface: Surface::Cli,
        login: "bench".into(),
        uid: 0,
        host: "bench".into(),
        ssh_client: None,
        peer: None,
        by_proxy: false,
        pid: std::process::id(),
    };
    Engine::open(EngineSettings {
        place: store::StorePlace::from(&runs),
        runs_dir: runs,
        config: Config::load(YAML, "bench").unwrap().config,
        config_path: None,
        operator: Operator {
            name: "bench".into(),
            via,
        },
        role: Role::Visitor,
        clock: Arc::new(SystemClock),
        program: std::env::current_exe().unwrap(),
        group: None,
        old_databases: Vec::new(),
    })
    .unwrap()
}

async fn start_jobs(engine: &mut Engine, count: usize) -> Vec<JobId> {
    let mut jobs = Vec::with_capacity(count);
    let client = engine.client();
    for _ in 0..count {
        let command = Command::StartJob(NewJob {
            slug: "bench".to_owned(),
            ..NewJob::default()
        });
        jobs.push(engine.beside(client.command(command)).await.unwrap().0.job_id);
    }
    jobs
}

/// Approves the gates of these jobs at once: until the last answer, and until the last file has its
/// name.
async fn decide(engine: &mut Engine, jobs: &[JobId]) -> (Duration, Duration) {
    let began = Instant::now();
    for (ticket, job_id) in (1..).map(Ticket).zip(jobs) {
        let approve = Command::Decide {
            gate: GateRef {
                job_id: job_id.clone(),
                stage: StageName::new("script").unwrap(),
                attempt: None,
            },
            verdict: Verdict::Approve,
            notes: None,
            comments: Vec::new(),
            draft_by: None,
            patch: None,
            digest: None,
            context_digest: None,
        };
        engine.submit(ticket, approve);
    }
    let (mut done, mut placed) = (0, 0);
    let mut answered = Duration::ZERO;
    while placed < jobs.len() {
        match engine.notice().await {
            Notice::Done(_, result) => {
                result.unwrap();
                done += 1;
                if done == jobs.len() {
                    answered = began.elapsed();
                }
            }
            Notice::Published(_, result) => {
                result.unwrap();
                placed += 1;
            }
            _ => {}
        }
    }
    (answered, began.elapsed())
}

/// What one side took, each time.
#[derive(Default)]
struct Times {
    bare: Vec<Duration>,
    single: Vec<Duration>,
    single_placed: Vec<Duration>,
    bulk: Vec<Duration>,
    bulk_placed: Vec<Duration>,
}

impl Times {
    async fn turn(&mut self, engine: &mut Engine, bare: &Connection, jobs: &mut Vec<JobId>) {
        for _ in 0..SINGLE {
            let began = Instant::now();
            bare.execute("INSERT INTO decision (body) VALUES (?1)", ["d".repeat(1024)])
                .unwrap();
            self.bare.push(began.elapsed());
            let job_id = jobs.pop().unwrap();
            let (answered, placed) = decide(engine, &[job_id]).await;
            self.single.push(answered);
            self.single_placed.push(placed);
        }
        let bulk = jobs.split_off(jobs.len() - BULK);
        let (answered, placed) = decide(engine, &bulk).await;
        self.bulk.push(answered);
        self.bulk_placed.push(placed);
    }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn tell(name: &str, sides: &mut [Times; 3], times: fn(&mut Times) -> &mut Vec<Duration>) {
    let [alone, dirty, busy] = sides.each_mut().map(|side| median(times(side)));
    println!(
        "{name:<30} {alone:>9.3} ms alone {dirty:>9.3} ms {:>5.2} x beside dirty pages {busy:>9.3} ms {:>5.2} x beside a busy disk",
        dirty / alone,
        busy / alone
    );
}

#[tokio::main]
async fn main() {
    let disk = std::env::var_os("TMPDIR").unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into());
    let folder = tempfile::Builder::new()
        .prefix("holdpoint-bench-")
        .tempdir_in(disk)
        .unwrap();
    let others = folder.path().join("neighbour");
    std::fs::create_dir(&others).unwrap();
    let bare = Connection::open(folder.path().join("bare.db")).unwrap();
    bare.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE decision (body TEXT)")
        .unwrap();
    let mut engine = open(folder.path().join("runs"));
    let turns = if is_measured() { TURNS } else { 1 };
    let mut sides: [Times; 3] = Default::default();
    let mut jobs = start_jobs(&mut engine, turns * sides.len() * (SINGLE + BULK)).await;
    let [alone, dirty, busy] = &mut sides;
    for _ in 0..turns {
        alone.turn(&mut engine, &bare, &mut jobs).await;
        for (side, is_flushing) in [(&mut *dirty, false), (&mut *busy, true)] {
            let neighbour = Neighbour::start(&others, is_flushing);
            side.turn(&mut engine, &bare, &mut jobs).await;
            drop(neighbour);
        }
    }
    engine.close();
    tell("bare SQLite commit", &mut sides, |side| &mut side.bare);
    tell("a decision, answered", &mut sides, |side| &mut side.single);
    tell("a decision, files in place", &mut sides, |side| &mut side.single_placed);
    tell("a bulk of 18, answered", &mut sides, |side| &mut side.bulk);
    tell("a bulk of 18, files in place", &mut sides, |side| &mut side.bulk_placed);
}
