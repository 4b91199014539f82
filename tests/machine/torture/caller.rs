//! A client over HTTP whose server may be killed at any moment: it repeats what it asked until it
//! knows what became of it.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::Client;

/// So often a request is repeated to a server that is away; then nobody knows.
const TRIES_MAX: u32 = 1200;
const PAUSE: Duration = Duration::from_millis(100);

/// A gate as it was read.
#[derive(Debug, Clone)]
pub struct Read {
    pub job: String,
    pub stage: String,
    pub attempt: u64,
    pub digest: Value,
}

/// What the client knows in the end.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its own decision stands.
    Decided,
    /// Somebody else's does.
    TooLate,
    /// No, and why.
    Refused(String),
    /// The server never came back.
    Nothing,
}

/// A request under way, on a thread of its own.
pub struct Caller {
    thread: JoinHandle<(Heard, u32, u32)>,
    pub note: String,
    pub is_approval: bool,
}

impl Caller {
    pub fn decides(address: SocketAddr, gate: Read, note: String, is_approval: bool) -> Self {
        let client = Client {
            address,
            token: Some("ana-token".to_owned()),
        };
        let of_thread = note.clone();
        let thread = std::thread::spawn(move || decide(&client, &gate, &of_thread, is_approval));
        Self {
            thread,
            note,
            is_approval,
        }
    }

    pub fn has_heard(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for what it hears, and how often it lost an answer and was answered that it cannot be done
    /// now.
    pub fn heard(self) -> (Heard, u32, u32) {
        self.thread.join().unwrap()
    }
}

fn decide(client: &Client, gate: &Read, note: &str, is_approval: bool) -> (Heard, u32, u32) {
    let Read {
        job,
        stage,
        attempt,
        digest,
    } = gate;
    let verb = if is_approval { "approve" } else { "reject" };
    let path = format!("/api/v1/jobs/{job}/{verb}");
    let body = json!({"stage": stage, "attempt": attempt, "digest": digest, "notes": note}).to_string();
    let stands = format!("/api/v1/jobs/{job}/gates/{stage}/decision?attempt={attempt}");
    let (mut lost, mut doubts) = (0, 0);
    for _ in 0..TRIES_MAX {
        let answer = client.try_send("POST", &path, &[], body.as_bytes());
        let heard = match &answer {
            Ok(reply) if reply.status == 200 => Some(Heard::Decided),
            // Decided, or moved on: whose decision stands is asked for, because an own one may have
            // been lost on its way here.
            Ok(reply) if reply.status == 409 => match client.try_send("GET", &stands, &[], b"") {
                Ok(decision) if decision.status == 200 && decision.json()["notes"] == note => Some(Heard::Decided),
                Ok(decision) if decision.status == 200 => Some(Heard::TooLate),
                Ok(decision) if decision.status == 404 => Some(Heard::Refused(code(&reply.body))),
                Ok(_) | Err(_) => None,
            },
            // It says itself that it may still be done.
            Ok(reply) if reply.status >= 500 => {
                doubts += 1;
                None
            }
            Ok(reply) => Some(Heard::Refused(code(&reply.body))),
            Err(error) => {
                // A refused connection carried nothing.
                lost += u32::from(error.kind() != std::io::ErrorKind::ConnectionRefused);
                None
            }
        };
        if let Some(heard) = heard {
            return (heard, lost, doubts);
        }
        std::thread::sleep(PAUSE);
    }
    (Heard::Nothing, lost, doubts)
}

fn code(body: &[u8]) -> String {
    let answer = serde_json::from_slice::<Value>(body).unwrap_or_default();
    format!("HTTP: {}", answer["code"].as_str().unwrap_or("no code"))
}
