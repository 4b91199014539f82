//! Figures of a year with 100 000 decisions: time and memory of `holdpoint stats`, of its last week, and
//! of `/api/v1/stats` and `/metrics`, each side in turns, medians, and ratios to what lies beneath: the
//! reading of all documents of the record.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what is measured is real time, and a bench fails by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::ids::Digest;
use domain::time::{SECOND_US, Timestamp};
use rusqlite::Connection;
use store::{Batched, DATABASE_FILE, Store};
use tempfile::TempDir;

use gates::{approve, job_id, open_gates};

#[path = "material/gates.rs"]
mod gates;

const DECISIONS: usize = 100_000;
const DAYS: i64 = 365;
const TURNS: usize = 9;
const TOKEN: &str = "of-a-bench";

/// `cargo test --benches` only sees that everything works.
fn fewer(count: usize, few: usize) -> usize {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    if is_measured { count } else { few }
}

/// A year of decisions that ends now, in the runs directory below this one.
fn year(directory: &Path) {
    let runs = directory.join("runs");
    std::fs::create_dir_all(&runs).unwrap();
    let mut store = Store::open(&runs).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
    let count = fewer(DECISIONS, 200);
    let apart_us = DAYS * 86_400 * SECOND_US / count as i64;
    for first in (0..count).step_by(100) {
        let at = Timestamp::from_micros(now - (count - first) as i64 * apart_us);
        open_gates(&mut store, first, 100, at);
        let inputs: Vec<_> = (first..first + 100)
            .map(|index| Batched::new(job_id(index), ()))
            .collect();
        let decided = at.plus_us(300 * SECOND_US);
        let answers = store.commit(&inputs, decided, &mut |_, rows, ()| approve(rows, decided));
        assert!(answers.unwrap().iter().all(Result::is_ok));
    }
    drop(store);
    // They are history: nothing of them is open, and their files are another matter.
    let connection = Connection::open(runs.join(DATABASE_FILE)).unwrap();
    let sql = "UPDATE job SET status = 'completed', published_seq = last_event_seq";
    assert_eq!(connection.execute(sql, []).unwrap(), count);
}

/// The least that figures cost: each document, read.
fn documents(directory: &Path) -> i64 {
    let connection = Connection::open(directory.join("runs").join(DATABASE_FILE)).unwrap();
    let sql = "SELECT sum(length(document)) FROM decision";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn holdpoint(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
    command
        .args(arguments)
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// The most memory of a process so far, in bytes; nought: it has ended.
fn peak(process_id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0) * 1024
}

/// How many decisions a command counts, how long that takes, and its memory, looked at every millisecond.
fn counts(directory: &Path, arguments: &[&str]) -> (u64, Duration, u64) {
    let began = Instant::now();
    let mut child = holdpoint(directory, arguments).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        text
    });
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(peak(child.id()));
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = began.elapsed();
    let document: serde_json::Value = serde_json::from_str(&reading.join().unwrap()).unwrap();
    let told = document["all"]["decisions"].as_u64();
    (told.unwrap_or_else(|| panic!("{document}")), took, most)
}

struct Served(Child, String);

impl Served {
    fn start(directory: &Path) -> Self {
        let sha256 = Digest::of(TOKEN.as_bytes());
        let text =
            format!("server: {{port: 0}}\nsecurity: {{tokens: [{{name: bench, role: viewer, sha256: {sha256}}}]}}\n");
        std::fs::write(directory.join("operator.yaml"), text).unwrap();
        let mut child = holdpoint(directory, &["serve", "--config", "operator.yaml"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut said = Vec::new();
        let line = loop {
            let line = lines.next().unwrap_or_else(|| panic!("not served: {said:?}"));
            match line.contains("HTTP on http://") {
                true => break line,
                false => said.push(line),
            }
        };
        // What it says later has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, line.rsplit("http://").next().unwrap().trim().to_owned())
    }

    fn get(&self, path: &str) -> (usize, Duration) {
        let began = Instant::now();
        let mut stream = TcpStream::connect(&self.1).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n");
        write!(stream, "{head}Connection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", answer.escape_ascii());
        (answer.len(), began.elapsed())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// What a name took, how much of that lies beneath, and what it keeps.
fn tell(name: &str, took: Duration, floor: Duration, bytes: u64) {
    let ratio = took.as_secs_f64() / floor.as_secs_f64();
    let mib = bytes as f64 / f64::from(1 << 20);
    let ms = took.as_secs_f64() * 1000.0;
    println!("{name:<40} {ms:>10.3} ms   {ratio:>8.3} x all documents   {mib:>7.1} MiB");
}

fn main() {
    let directory = TempDir::with_prefix("holdpoint-bench-").unwrap();
    let directory = directory.path();
    year(directory);
    let sides: [(&str, &[&str]); 3] = [
        ("holdpoint stats", &["stats", "--json"]),
        ("holdpoint stats --since 7d", &["stats", "--json", "--since", "7d"]),
        ("holdpoint stats --since 30d", &["stats", "--json", "--since", "30d"]),
    ];
    let mut floor = Vec::new();
    let mut took = sides.map(|_| Vec::new());
    let mut most = [0; 3];
    for _ in 0..fewer(TURNS, 1) {
        let began = Instant::now();
        assert!(documents(directory) > 0);
        floor.push(began.elapsed());
        for (at, (_, arguments)) in sides.iter().enumerate() {
            let (told, time, bytes) = counts(directory, arguments);
            assert_eq!(told == fewer(DECISIONS, 200) as u64, at == 0, "{arguments:?}: {told}");
            took[at].push(time);
            most[at] = most[at].max(bytes);
        }
    }
    let floor = median(floor);
    tell("all documents, by SQLite", floor, floor, 0);
    for ((name, _), (took, most)) in sides.iter().zip(took.into_iter().zip(most)) {
        tell(name, median(took), floor, most);
    }
    let began = Instant::now();
    let served = Served::start(directory);
    tell("holdpoint serve, ready", began.elapsed(), floor, peak(served.0.id()));
    for path in ["/metrics", "/metrics", "/api/v1/stats", "/api/v1/stats?since=7d"] {
        let (_, took) = served.get(path);
        tell(&format!("GET {path}"), took, floor, peak(served.0.id()));
    }
}
