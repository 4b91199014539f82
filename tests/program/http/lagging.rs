//! Clients that read too slowly: dropped with words, at a cost that does not grow, and they miss
//! nothing when they come back.

use std::io::{Cursor, ErrorKind, Read};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::client::{Client, Follow, serving};
use crate::support::said::each;

/// So many clients that each take a little of every event: together they would be owed ten times
/// what the server may keep.
const CLIENTS: usize = 32;
/// What each takes for every event of 8 KiB. Who takes nothing at all is cut off after a while, and
/// then has no last event.
const TAKEN_BYTES: u64 = 2048;
/// More than the server may need for all of them.
const GROWTH_BYTES_MAX: usize = 24 * 1024 * 1024;

/// Many times what fills all buffers and the feed.
const ROUNDS_MAX: usize = 5_000;

/// A client that reads less than comes.
struct Laggard {
    stream: TcpStream,
    taken: Vec<u8>,
}

impl Laggard {
    fn new(client: &Client, path: &str) -> Self {
        let stream = client.open("GET", path, &[], b"").unwrap();
        Self {
            stream,
            taken: Vec::new(),
        }
    }

    fn take_some(&mut self) {
        self.stream.set_nonblocking(true).unwrap();
        match (&self.stream).take(TAKEN_BYTES).read_to_end(&mut self.taken) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }

    /// Reads all the rest: the numbers of the events, and what the last one was.
    fn rest(self) -> (Vec<u64>, Value) {
        self.stream.set_nonblocking(false).unwrap();
        let mut follow = Follow::new(Cursor::new(self.taken).chain(self.stream));
        let (mut numbers, mut last) = (Vec::new(), json!(null));
        while let Some((number, event)) = follow.next() {
            if event["type"] != "heartbeat" {
                numbers.extend(number);
                last = event;
            }
        }
        (numbers, last)
    }
}

#[test]
fn who_reads_too_slowly_is_told_so_costs_no_memory_and_comes_back_without_a_gap() {
    let (_workspace, served, ana) = serving("");
    let id = ana.start_job("tides");
    ana.approve(&id);
    let path = format!("/api/v1/jobs/{id}/events/stream");
    let mut laggards: Vec<_> = (0..CLIENTS).map(|_| Laggard::new(&ana, &path)).collect();
    let before_bytes = served.resident_bytes();

    let reason = "r".repeat(4096);
    let all_dropped = format!("holdpoint_http_streams_dropped_total {CLIENTS}\n");
    let is_dropped = (0..ROUNDS_MAX).any(|_| {
        for deed in ["hold", "release"] {
            ana.post(
                &format!("/api/v1/jobs/{id}/gates/script/{deed}"),
                &json!({ "reason": reason }),
            )
            .expect(200);
            laggards.iter_mut().for_each(Laggard::take_some);
        }
        let metrics = ana.get("/metrics").text();
        metrics.contains(&all_dropped)
    });
    assert!(is_dropped, "all of them are behind by {ROUNDS_MAX} rounds");
    let grown_bytes = served.resident_bytes().saturating_sub(before_bytes);
    assert!(grown_bytes < GROWTH_BYTES_MAX, "{grown_bytes} B more than before");

    let all = ana.job(&id, "/events?limit=5000");
    let all: Vec<u64> = each(&all["events"], "seq").iter().filter_map(Value::as_u64).collect();
    for laggard in laggards {
        let (mut seen, last) = laggard.rest();
        assert_eq!(last["type"], "dropped", "{last}");
        let known = *seen.last().unwrap();
        assert_eq!(last["payload"]["last_event_id"], json!(known));
        // `connected` bears the number that the client counts as known.
        let first = seen[0];
        assert!(known < *all.last().unwrap(), "it has not seen all");
        let mut resumed = ana.follow(&path, &[("Last-Event-ID", &known.to_string())]);
        assert_eq!(resumed.next().unwrap().0, Some(known));
        while seen.last() != all.last() {
            seen.extend(resumed.next().unwrap().0);
        }
        let wanted: Vec<u64> = all.iter().copied().filter(|number| *number >= first).collect();
        assert_eq!(seen, wanted, "nothing twice, nothing missed");
    }
}
