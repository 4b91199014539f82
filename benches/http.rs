//! HTTP from outside: the real binary, one kept connection, each side in turns, medians, and ratios
//! to what lies beneath.
//!
//! Reads against `/healthz` (which asks the database too), decisions against bare SQLite commits
//! that are flushed, on the same disk (`TMPDIR` chooses it). A decision is answered when its files
//! are in place as well.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what is measured is real time, and a bench fails by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::ids::Digest;
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

/// Open gates in the queue.
const GATES: usize = 1_000;
/// Clients that follow one job.
const STREAMS: usize = 200;
/// How often each side has its turn.
const TURNS: usize = 300;
const TOKEN: &str = "of-a-bench";

/// `cargo test --benches` only sees that everything works.
fn fewer(count: usize) -> usize {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    if is_measured { count } else { 2 }
}

struct Served {
    child: Child,
    address: SocketAddr,
    directory: TempDir,
}

impl Served {
    fn start() -> Self {
        let directory = TempDir::with_prefix("holdpoint-bench-").unwrap();
        let sha256 = Digest::of(TOKEN.as_bytes());
        let text = format!(
            "gates:\n  outline: {{auto_approve: true, auto_approve_after_s: 86400, max_hold_s: 86400}}\nserver: {{port: 0}}\nsecurity:\n  \
             rate_limiting: {{enabled: false}}\n  tokens: [{{name: bench, role: operator, sha256: {sha256}}}]\n"
        );
        std::fs::write(directory.path().join("operator.yaml"), text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_holdpoint"))
            .args(["serve", "--config", "operator.yaml"])
            .current_dir(directory.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("HTTP on http://")).unwrap();
        // What it says later has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        let address = line.rsplit("http://").next().unwrap().trim().parse().unwrap();
        Self {
            child,
            address,
            directory,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection, kept.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, method: &str, path: &str, body: &str) {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Vec<u8> {
        self.send(method, path, body);
        self.answer()
    }

    fn answer(&mut self) -> Vec<u8> {
        let mut status = String::new();
        self.0.read_line(&mut status).unwrap();
        assert!(status.starts_with("HTTP/1.1 20"), "{status}");
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).unwrap();
        answer
    }

    fn start_job(&mut self) -> String {
        let job = self.ask("POST", "/api/v1/jobs", r#"{"slug": "bench", "intent": "measured"}"#);
        let job: Value = serde_json::from_slice(&job).unwrap();
        job["id"].as_str().unwrap().to_owned()
    }

    /// Reads a stream up to an event of this type.
    fn until(&mut self, kind: &str) {
        let wanted = format!("\"type\":\"{kind}\"");
        let mut line = String::new();
        while !line.contains(&wanted) {
            line.clear();
            assert_ne!(
                self.0.read_line(&mut line).unwrap(),
                0,
                "the stream ended before {kind}"
            );
        }
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// What a name took, and how much of that lies beneath.
fn tell(name: &str, took: Duration, beneath: &str, floor: Duration) {
    let ratio = took.as_secs_f64() / floor.as_secs_f64();
    println!(
        "{name:<40} {:>10.3} ms   {ratio:>8.2} x {beneath}",
        took.as_secs_f64() * 1000.0
    );
}

fn reads(client: &mut Client) {
    let id = client.start_job();
    let paths = [
        "/healthz".to_owned(),
        "/api/v1/gates?state=open".to_owned(),
        format!("/api/v1/jobs/{id}"),
        "/api/v1/jobs?limit=20".to_owned(),
    ];
    let mut times = paths.clone().map(|_| Vec::new());
    for _ in 0..fewer(TURNS) {
        for (path, times) in paths.iter().zip(&mut times) {
            times.push(timed(|| drop(client.ask("GET", path, ""))));
        }
    }
    let [health, rest @ ..] = times.map(median);
    tell("GET /healthz", health, "itself", health);
    let names = ["GET the queue of 1 000 open gates", "GET a job", "GET 20 jobs"];
    for (name, took) in names.into_iter().zip(rest) {
        tell(name, took, "/healthz", health);
    }
}

/// The least that a durable decision costs: one row, committed and flushed.
struct Bare(Connection);

impl Bare {
    fn new(directory: &Path) -> Self {
        let connection = Connection::open(directory.join("bare.db")).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE decision (body TEXT)")
            .unwrap();
        Self(connection)
    }

    fn commit(&self) {
        let body = "d".repeat(1024);
        self.0
            .execute("INSERT INTO decision (body) VALUES (?1)", [body])
            .unwrap();
    }
}

fn decisions(client: &mut Client, bare: &Bare) {
    let (mut decided, mut committed) = (Vec::new(), Vec::new());
    for _ in 0..fewer(TURNS) {
        let path = format!("/api/v1/jobs/{}/approve", client.start_job());
        committed.push(timed(|| bare.commit()));
        decided.push(timed(|| drop(client.ask("POST", &path, r#"{"stage": "outline"}"#))));
    }
    let floor = median(committed);
    tell("bare SQLite commit", floor, "itself", floor);
    tell(
        "POST a decision, files in place",
        median(decided),
        "a bare commit",
        floor,
    );
}

fn fan_out(client: &mut Client, address: SocketAddr, bare: &Bare) {
    let id = client.start_job();
    let mut streams: Vec<_> = (0..fewer(STREAMS))
        .map(|_| {
            let mut stream = Client::new(address);
            stream.send("GET", &format!("/api/v1/jobs/{id}/events/stream"), "");
            stream.until("connected");
            stream
        })
        .collect();
    let (mut first, mut last, mut committed) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..fewer(TURNS) {
        let (deed, kind) = if turn % 2 == 0 {
            ("hold", "gate_held")
        } else {
            ("release", "gate_released")
        };
        committed.push(timed(|| bare.commit()));
        let path = format!("/api/v1/jobs/{id}/gates/outline/{deed}");
        let began = Instant::now();
        client.send("POST", &path, "{}");
        for (number, stream) in streams.iter_mut().enumerate() {
            stream.until(kind);
            if number == 0 {
                first.push(began.elapsed());
            }
        }
        last.push(began.elapsed());
        // Its answer, which may be later than the event.
        client.answer();
    }
    let floor = median(committed);
    tell(
        "an event, to the first of 200 streams",
        median(first),
        "a bare commit",
        floor,
    );
    tell(
        "an event, to the last of 200 streams",
        median(last),
        "a bare commit",
        floor,
    );
}

fn main() {
    let served = Served::start();
    let mut client = Client::new(served.address);
    let bare = Bare::new(served.directory.path());
    decisions(&mut client, &bare);
    for _ in 0..fewer(GATES) {
        client.start_job();
    }
    reads(&mut client);
    fan_out(&mut client, served.address, &bare);
}
