//! Fills a runs directory with open gates, for measuring:
//! `cargo run --release --example seed_gates -- DIR COUNT`.
//!
//! Every gate is a real one: a job with one bare stage, opened by the engine, with its row and its
//! files.
#![allow(clippy::unwrap_used, reason = "a tool for measuring: it may fail by panicking")]

use std::sync::Arc;

use clock::SystemClock;
use config::Config;
use domain::ask::{Command, NewJob};
use domain::operator::{Operator, Surface, Via};
use engine::api::{Notice, Ticket};
use engine::{Engine, EngineSettings, Role};

const YAML: &str =
    "pipeline: {stages: [{name: script}]}\ngates: {script: {auto_approve: true, auto_approve_after_s: 3000}}\n";

/// Commands under way at once: fewer than the engine's queue holds.
const UNDER_WAY: u64 = 200;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (
        arguments.next(),
        arguments.next().and_then(|count| count.parse::<u64>().ok()),
    ) else {
        eprintln!("usage: seed_gates DIR COUNT");
        std::process::exit(2);
    };
    let via = Via {
        surface: Surface::Cli,
        login: "seed".into(),
        uid: 0,
        host: "seed".into(),
        ssh_client: None,
        peer: None,
        by_proxy: false,
        pid: std::process::id(),
    };
    let mut engine = Engine::open(EngineSettings {
        place: store::StorePlace::from(&folder),
        runs_dir: folder.into(),
        config: Config::load(YAML, "seed").unwrap().config,
        config_path: None,
        operator: Operator {
            name: "seed".into(),
            via,
        },
        role: Role::Visitor,
        clock: Arc::new(SystemClock),
        program: std::env::current_exe().unwrap(),
        group: None,
        old_databases: Vec::new(),
    })
    .unwrap();
    let (mut sent, mut done) = (0, 0);
    while done < count {
        while sent < count && sent - done < UNDER_WAY {
            let job = NewJob {
                slug: format!("job-{sent}"),
                ..NewJob::default()
            };
            engine.submit(Ticket(sent), Command::StartJob(job));
            sent += 1;
        }
        if let Notice::Done(_, result) = engine.notice().await {
            result.unwrap();
            done += 1;
        }
    }
    engine.close();
}
