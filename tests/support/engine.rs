//! What the tests of the engine share: opening one on a directory, asking it, and waiting for what
//! it tells.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clock::SystemClock;
use config::Config;
use domain::ask::{Command, NewJob};
use domain::gate::Verdict;
use domain::ids::{JobId, StageName};
use domain::job::JobRows;
use domain::key::GateRef;
use domain::operator::{Operator, Surface, Via};
use domain::refusal::Refusal;
use engine::api::{Notice, Receipt, Ticket};
use engine::client::Committed;
use engine::{Engine, EngineSettings, Role};
use serde_json::Value;
use store::StorePlace;

use super::binary;

/// A stage whose gate waits for a person, and one that hears what was approved.
pub const PIPELINE: &str = r#"
pipeline:
  stages:
    - name: script
      command: [sh, -c, 'mkdir -p artifacts/script; printf "attempt %s: %s" "$HOLDPOINT_ATTEMPT" "$HOLDPOINT_NOTES" > artifacts/script/script.txt; echo made']
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
    - name: audio
      command: [sh, -c, 'cat artifacts/script/script.txt > heard.txt']
gates:
  script: {required: true}
"#;

fn operator(name: &str) -> Operator {
    let via = Via {
        surface: Surface::Cli,
        login: name.into(),
        uid: 0,
        host: "test".into(),
        ssh_client: None,
        peer: None,
        by_proxy: false,
        pid: std::process::id(),
    };
    Operator { name: name.into(), via }
}

/// Set to `postgresql` where the record of every runs directory is to be in a database of its own.
pub const RECORD: &str = "HOLDPOINT_TEST_RECORD";

/// Where the record of this runs directory is: beside it, unless [`RECORD`] says otherwise.
fn place(runs: &Path) -> StorePlace {
    static ADDRESSES: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());
    if std::env::var_os(RECORD).is_none() {
        return StorePlace::from(runs);
    }
    let mut addresses = ADDRESSES.lock().unwrap();
    let address = addresses.entry(runs.to_path_buf()).or_insert_with(|| {
        let server = testing::postgres::server().expect("whoever asks for it has it");
        server.database().unwrap()
    });
    StorePlace::shared(address).unwrap()
}

/// What [`open`] opens an engine with.
pub fn settings(runs: &Path, yaml: &str, name: &str, role: Role) -> EngineSettings {
    let loaded = Config::load(yaml, "test.yaml").unwrap_or_else(|problems| panic!("{problems:#?}"));
    EngineSettings {
        runs_dir: runs.to_path_buf(),
        place: place(runs),
        config: loaded.config,
        config_path: None,
        operator: operator(name),
        role,
        clock: Arc::new(SystemClock),
        program: binary::holdpoint().to_path_buf(),
        group: None,
        old_databases: Vec::new(),
    }
}

/// An engine on these runs, with the real clock and the real binary as its supervisor.
pub fn open(runs: &Path, yaml: &str, name: &str, role: Role) -> Engine {
    Engine::open(settings(runs, yaml, name, role)).unwrap()
}

/// Starts a job with this slug.
pub async fn start(engine: &mut Engine, slug: &str) -> JobId {
    let new = NewJob {
        slug: slug.into(),
        ..NewJob::default()
    };
    engine.call(Command::StartJob(new)).await.unwrap().job_id
}

/// The rows of a job, which must exist.
pub async fn job(engine: &mut Engine, id: &JobId) -> JobRows {
    let client = engine.client();
    let rows = engine.beside(client.job(id)).await.unwrap();
    (*rows.unwrap_or_else(|| panic!("no job {id}"))).clone()
}

/// Waits on events, never on time, until the job is as wanted.
pub async fn until(engine: &mut Engine, id: &JobId, wanted: impl Fn(&JobRows) -> bool) -> JobRows {
    loop {
        let rows = job(engine, id).await;
        if wanted(&rows) {
            return rows;
        }
        engine.notice().await;
    }
}

/// The newest gate of a stage.
pub fn gate(id: &JobId, stage: &str) -> GateRef {
    GateRef {
        job_id: id.clone(),
        stage: StageName::new(stage).unwrap(),
        attempt: None,
    }
}

/// A verdict on the newest gate of a stage.
pub fn decide(id: &JobId, stage: &str, verdict: Verdict, notes: Option<&str>, patch: Option<Value>) -> Command {
    Command::Decide {
        gate: gate(id, stage),
        verdict,
        notes: notes.map(str::to_owned),
        comments: Vec::new(),
        draft_by: None,
        patch,
        digest: None,
        context_digest: None,
    }
}

/// A file of the run directory, parsed.
pub fn read_json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// Commands of somebody who has nothing else to wait for: other notices are dropped.
pub trait Calls {
    /// Hands a command over and waits for its answer.
    async fn call(&mut self, command: Command) -> Result<Box<Receipt>, Refusal>;
    /// Waits until its files are in place as well, or are found not to be for now.
    async fn call_published(&mut self, command: Command) -> Result<Committed, Refusal>;
}

impl Calls for Engine {
    async fn call(&mut self, command: Command) -> Result<Box<Receipt>, Refusal> {
        // One is under way at a time; tests number what they submit themselves from 1.
        let ticket = Ticket(0);
        self.submit(ticket, command);
        loop {
            if let Notice::Done(answered, result) = self.notice().await
                && answered == ticket
            {
                return result;
            }
        }
    }

    async fn call_published(&mut self, command: Command) -> Result<Committed, Refusal> {
        let client = self.client();
        self.beside(client.command(command)).await
    }
}
