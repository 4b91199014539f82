//! Reading never decides: every GET and HEAD, with good and odd values, leaves rows and files as
//! they were.

use std::fmt::Write as _;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::client::{Client, serving};
use crate::support::random::Random;
use crate::support::run::{Workspace, below};

/// Every row of every table, and every file of every run directory.
fn digest(workspace: &Workspace) -> String {
    let mut hasher = Sha256::new();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let tables: Vec<(String,)> = workspace.rows(tables, []);
    for row in workspace.dump(tables.iter().map(|(name,)| name.as_str())) {
        hasher.update(row);
    }
    for path in below(&workspace.runs()) {
        // The rows say it all; how SQLite keeps its pages is its own business.
        if path
            .strip_prefix(workspace.runs())
            .unwrap()
            .to_string_lossy()
            .starts_with("holdpoint.db")
        {
            continue;
        }
        hasher.update(path.to_string_lossy().as_bytes());
        hasher.update(std::fs::read(&path).unwrap_or_default());
    }
    hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Values that mean something, nothing, or mischief.
const VALUES: &str = "1 0 -1 approve true outline open 2026-01-01T00:00:00Z %00 ..%2f.. %27%3b-- 99999999999999999999";

/// Random values; the seed is printed, and `HOLDPOINT_SEED` takes it again.
fn chance() -> Random {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let seed = std::env::var("HOLDPOINT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(u64::from(now.subsec_nanos()) + now.as_secs());
    println!("HOLDPOINT_SEED={seed}");
    Random::seeded(seed)
}

/// Bytes of any kind, escaped.
fn text(chance: &mut Random) -> String {
    if chance.one_in(4) {
        return chance.pick(&VALUES.split(' ').collect::<Vec<_>>()).to_owned();
    }
    (0..chance.below(12))
        .map(|_| format!("%{:02x}", chance.below(256)))
        .collect()
}

fn ask(client: &Client, method: &str, path: &str) {
    if path.split('?').next().is_some_and(|path| path.ends_with("/stream")) {
        // A stream has no end: its head is enough, then the client leaves.
        let stream = client.open(method, path, &[], b"").unwrap();
        let mut first = [0; 1];
        std::io::Read::read_exact(&mut &stream, &mut first).unwrap();
        return;
    }
    // A body on a GET, and words that mean a decision elsewhere.
    let body = json!({"stage": "outline", "decision": "approve"}).to_string();
    let reply = client.send(method, path, &[("X-HTTP-Method-Override", "POST")], body.as_bytes());
    assert!(reply.status < 500, "{method} {path}: {reply:?}");
    if method == "HEAD" {
        assert!(reply.body.is_empty());
    }
}

#[test]
fn no_get_and_no_head_changes_a_row_or_a_file() {
    let (workspace, served, ana) = serving("");
    served.until("this process leads");
    let id = ana.start_job("tides");
    let gate = json!({"stage": "release", "artifacts": [{"kind": "plan", "name": "p", "content": "x"}]});
    ana.act("m-1", "gates", &gate).expect(201);
    ana.act("m-1", "reject", &json!({"stage": "release"})).expect(200);
    ana.until_on_disk();
    let before = digest(&workspace);
    let mut chance = chance();
    let document = ana.get("/openapi.json").expect(200);
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        // Also where only POST is meant: HEAD and GET there are refused, not done.
        let parameters = operations["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let queries: Vec<String> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query" && parameter["name"] != "wait")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect();
        for job in [&id, "m-1", "none", "..%2f.."] {
            let place = path
                .replace("{id}", job)
                .replace("{stage}", "outline")
                .replace("{path}", "artifacts/release/p");
            for method in ["GET", "HEAD"] {
                ask(&ana, method, &place);
                ask(
                    &ana,
                    method,
                    &format!("{place}?stage=outline&decision=approve&operator=eve"),
                );
                tried += 2;
            }
            // All of them at once, with values that nobody thought of.
            for _ in 0..8 {
                let mut random = Vec::new();
                for query in &queries {
                    if chance.below(3) > 0 {
                        random.push(format!("{query}={}", text(&mut chance)));
                    }
                }
                ask(&ana, "GET", &format!("{place}?{}", random.join("&")));
                ask(
                    &ana,
                    "HEAD",
                    &format!("{place}/{}?{}", text(&mut chance), random.join("&")),
                );
                tried += 2;
            }
            for (index, query) in queries.iter().enumerate() {
                for value in VALUES.split(' ').skip(index % 2).step_by(2) {
                    ask(&ana, "GET", &format!("{place}?{query}={value}"));
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 300, "only {tried} requests");
    assert_eq!(digest(&workspace), before);
    ana.approve(&id);
    assert_ne!(digest(&workspace), before, "the digest sees a decision");
}
