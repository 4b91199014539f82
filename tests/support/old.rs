//! What the old system left: its database with the tables as it made them, and run directories as
//! it wrote them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, params};

use super::run::{Workspace, below};

/// A job of the old database that was decided twice, and one that was never decided.
pub const DECIDED: &str = "545a960d-31b9-4844-b1ff-20fa07a5d9e8";
/// See [`DECIDED`].
pub const UNDECIDED: &str = "b5247276-e468-409e-adb3-49686d0a27e3";
/// A job of which nothing but its run directory is left.
pub const ORPHAN: &str = "e2d2a4a7-f54f-4901-b9de-7b576c90a2ab";

/// The tables of the old system, all columns.
pub const SCHEMA: &str = "
CREATE TABLE jobs (id TEXT PRIMARY KEY, slug TEXT NOT NULL, intent TEXT NOT NULL, status TEXT NOT NULL, stage TEXT NOT NULL,
  cfg_json TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE gates (id INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL, stage TEXT NOT NULL,
  required BOOLEAN NOT NULL DEFAULT 1, approved BOOLEAN, operator TEXT, decision_at TEXT, notes TEXT, patch_json TEXT,
  auto_approved BOOLEAN NOT NULL DEFAULT 0, FOREIGN KEY (job_id) REFERENCES jobs (id));
CREATE TABLE artifacts (id INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL, stage TEXT NOT NULL, kind TEXT NOT NULL,
  path TEXT NOT NULL, meta_json TEXT NOT NULL, created_at TEXT NOT NULL, FOREIGN KEY (job_id) REFERENCES jobs (id));
CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL, timestamp TEXT NOT NULL, event_type TEXT NOT NULL,
  stage TEXT, message TEXT NOT NULL, metadata_json TEXT NOT NULL, FOREIGN KEY (job_id) REFERENCES jobs (id));";

const ROWS: &str = r#"
INSERT INTO jobs VALUES ('545a960d-31b9-4844-b1ff-20fa07a5d9e8', 'tides', 'a film – on tides', 'paused', 'script',
  '{"brief": {"tone": "calm"}}', '2025-08-14T16:00:00.000001+00:00', '2025-08-15T03:45:31.029652+00:00');
INSERT INTO jobs VALUES ('b5247276-e468-409e-adb3-49686d0a27e3', 'reefs', '', 'needs_approval', 'outline', '{}',
  '2025-08-16T09:00:00', '2025-08-16T09:30:00');
INSERT INTO gates (job_id, stage, required, approved, operator, decision_at, notes, patch_json, auto_approved) VALUES
  ('545a960d-31b9-4844-b1ff-20fa07a5d9e8', 'outline', 0, 1, 'timer', '2025-08-15T03:31:33.486606+00:00', NULL, NULL, 1),
  ('545a960d-31b9-4844-b1ff-20fa07a5d9e8', 'script', 1, 0, 'admin', '2025-08-15T03:45:31.029652+00:00', 'again – shorter',
    '{"type": "text_replace", "replacements": [{"old": "a", "new": "b"}]}', 0),
  ('b5247276-e468-409e-adb3-49686d0a27e3', 'outline', 1, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO artifacts (job_id, stage, kind, path, meta_json, created_at) VALUES
  ('545a960d-31b9-4844-b1ff-20fa07a5d9e8', 'script', 'script', 'scripts/tides.txt', '{"words": 850}', '2025-08-15T03:40:00+00:00');
INSERT INTO events (job_id, timestamp, event_type, stage, message, metadata_json) VALUES
  ('545a960d-31b9-4844-b1ff-20fa07a5d9e8', '2025-08-14T16:00:01+00:00', 'job_created', NULL, 'Job created', '{"slug": "tides"}'),
  ('545a960d-31b9-4844-b1ff-20fa07a5d9e8', '2025-08-15T03:45:31+00:00', 'gate_decision', 'script', 'Gate script rejected', '{}');"#;

/// Makes an old database with those two jobs.
pub fn database(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection.execute_batch(ROWS).unwrap();
}

/// Adds so many jobs of two decided gates each, one a minute.
pub fn many(path: &Path, count: u32) {
    let mut connection = Connection::open(path).unwrap();
    let transaction = connection.transaction().unwrap();
    for number in 0..count {
        let id = format!("old-{number:06}");
        let at = format!(
            "2024-{:02}-{:02}T{:02}:{:02}:00+00:00",
            1 + number / 40_320,
            1 + number / 1440 % 28,
            number / 60 % 24,
            number % 60
        );
        let job = "INSERT INTO jobs VALUES (?1, 'many', '', 'completed', 'acceptance', '{}', ?2, ?2)";
        transaction.execute(job, params![id, at]).unwrap();
        for stage in ["outline", "script"] {
            let gate =
                "INSERT INTO gates (job_id, stage, approved, operator, decision_at) VALUES (?1, ?2, 1, 'admin', ?3)";
            transaction.execute(gate, params![id, stage, at]).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// A run directory as the old system wrote one: a decision, and events in the form of six keys.
pub fn orphan(workspace: &Workspace) -> PathBuf {
    let run = format!("runs/{ORPHAN}");
    workspace.write(
        &format!("{run}/gates/outline.json"),
        "{\n  \"stage\": \"outline\",\n  \"approved\": true,\n  \"by\": \"admin\",\n  \"at\": \"2025-08-15T03:31:33.486606+00:00\",\n  \"notes\": \"Audit test approval\",\n  \"patch\": null,\n  \"auto_approved\": false\n}",
    );
    workspace.write(
        &format!("{run}/events.jsonl"),
        "{\"ts\": \"2025-08-15T03:31:33.486606+00:00\", \"type\": \"gate_decision\", \"stage\": \"outline\", \"status\": null, \"message\": \"m\", \"payload\": {}}\n",
    );
    workspace.run_directory(ORPHAN)
}

/// Every file under here with its bytes and the time of its last change; also what lies there and
/// is no file.
pub fn files(path: &Path) -> Vec<(String, Vec<u8>, SystemTime)> {
    let files = below(path).into_iter().filter(|path| !path.is_dir()).map(|path| {
        let changed = std::fs::metadata(&path).unwrap().modified().unwrap();
        (path.display().to_string(), std::fs::read(&path).unwrap(), changed)
    });
    files.collect()
}
