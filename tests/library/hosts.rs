//! Two hosts on one record in PostgreSQL: what one decides, the other puts in place. Without
//! PostgreSQL none of these run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::ask::{Command, OutsideArtifact, OutsideFile};
use domain::gate::Verdict;
use domain::ids::{ArtifactPath, JobId, StageName};
use domain::job::JobStatus;
use engine::{Engine, EngineSettings, Role};
use store::StorePlace;
use tempfile::TempDir;
use testing::postgres::PostgresServer;

use crate::at_gate::{Does as _, approve, reject, replace};
use crate::support::engine::{Calls as _, decide, settings, start};

const BARE: &str = "
pipeline: {stages: [{name: outline}, {name: pictures, artifacts: [{kind: picture, path: artifacts/pictures/one.txt}]}]}
gates: {outline: {required: true}, pictures: {required: true}}
";

/// A record, and the directories of two hosts that work on it.
struct Hosts {
    server: &'static PostgresServer,
    address: String,
    yaml: &'static str,
    dirs: [TempDir; 2],
}

const ONE: usize = 0;
const OTHER: usize = 1;

impl Hosts {
    /// The run directories of the first one are kept up to date.
    fn new(yaml: &'static str) -> Option<(Self, Engine, Engine)> {
        let server = testing::postgres::server()?;
        let hosts = Self {
            server,
            address: server.database().unwrap(),
            yaml,
            dirs: [TempDir::new().unwrap(), TempDir::new().unwrap()],
        };
        let other = hosts.open(OTHER, Role::Visitor);
        hosts.psql("UPDATE leader SET host = NULL");
        let one = hosts.open(ONE, Role::Visitor);
        Some((hosts, one, other))
    }

    fn open(&self, host: usize, role: Role) -> Engine {
        let place = StorePlace::shared(&self.address).unwrap();
        let dir = self.dirs[host].path();
        Engine::open(EngineSettings {
            place,
            ..settings(dir, self.yaml, "ana", role)
        })
        .unwrap()
    }

    fn psql(&self, sql: &str) -> String {
        let database = self.address.rsplit('/').next().unwrap();
        self.server.psql(database, sql).unwrap().trim().to_owned()
    }

    fn path(&self, host: usize, path: &str) -> PathBuf {
        self.dirs[host].path().join(path)
    }

    fn text(&self, host: usize, path: &str) -> Option<String> {
        std::fs::read_to_string(self.path(host, path)).ok()
    }

    fn lines(&self, host: usize, path: &str) -> Vec<String> {
        let mut lines: Vec<_> = self
            .text(host, path)
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    }

    /// Every file of a job on this host but its versions.
    fn files(&self, host: usize, job: &str) -> BTreeMap<PathBuf, String> {
        let top = self.path(host, job);
        let mut files = BTreeMap::new();
        let mut waiting = vec![top.clone()];
        while let Some(directory) = waiting.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    let name = path.strip_prefix(&top).unwrap().to_owned();
                    files.insert(name, std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        files.retain(|path, _| !path.starts_with("versions"));
        files
    }
}

fn id(text: &str) -> JobId {
    JobId::new(text).unwrap()
}

fn opens(job: &str, text: &'static str) -> Command {
    let file = OutsideFile::Bytes {
        name: "plan.txt".into(),
        bytes: text.as_bytes().into(),
    };
    let kind = "script".into();
    Command::OpenGate {
        job_id: id(job),
        stage: StageName::new("script").unwrap(),
        artifacts: vec![OutsideArtifact { kind, file }],
        bases: Vec::new(),
        context: Box::default(),
        heartbeat: None,
    }
}

async fn published(engine: &mut Engine, command: Command) {
    let (_, published) = engine.call_published(command).await.unwrap();
    assert_eq!(published, Ok(()));
}

const PLAN: &str = "artifacts/script/plan.txt";

#[tokio::test]
async fn what_another_host_decides_is_put_in_place_by_the_one_that_has_the_files() {
    let Some((hosts, mut one, mut other)) = Hosts::new("gates: {script: {required: true}}\n") else {
        return;
    };
    published(&mut one, opens("j-1", "one\n")).await;
    let patch = replace("one", "two");
    published(
        &mut other,
        decide(&id("j-1"), "script", Verdict::Approve, None, Some(patch)),
    )
    .await;
    published(&mut other, opens("j-2", "first\n")).await;
    // Of what the other has done nothing lies there but the versions that it read or made.
    for job in ["j-1", "j-2"] {
        assert_eq!(hosts.files(OTHER, job), BTreeMap::new());
    }
    assert!(!hosts.path(OTHER, "chain.jsonl").exists());
    let client = other.client();
    let (job, path) = (id("j-2"), ArtifactPath::new(PLAN).unwrap());
    let lying = other.beside(client.on_disk(&job, &path, None)).await.unwrap();
    assert_eq!(lying.as_deref(), Some(b"first\n".as_slice()));
    assert_eq!(other.beside(client.files(&job)).await.unwrap().as_ref(), [PLAN]);

    published(&mut one, opens("j-3", "three\n")).await;
    assert_eq!(hosts.text(ONE, &format!("j-1/{PLAN}")).as_deref(), Some("two\n"));
    assert!(hosts.path(ONE, "j-1/gates/script.json").exists());
    assert_eq!(hosts.text(ONE, &format!("j-2/{PLAN}")).as_deref(), Some("first\n"));

    // What the other has just opened is put in place before it is decided on.
    published(&mut other, opens("j-5", "five\n")).await;
    published(&mut one, approve(&id("j-5"), "script")).await;

    // Another version in the place of a former one; what is nobody's version stays.
    published(&mut other, reject(&job, "script", Some("more"))).await;
    published(&mut other, Command::resume(job.clone())).await;
    published(&mut other, opens("j-2", "second\n")).await;
    published(&mut one, approve(&id("j-3"), "script")).await;
    assert_eq!(hosts.text(ONE, &format!("j-2/{PLAN}")).as_deref(), Some("second\n"));
    std::fs::write(hosts.path(ONE, &format!("j-2/{PLAN}")), "mine\n").unwrap();
    published(&mut other, reject(&job, "script", None)).await;
    published(&mut other, Command::resume(job.clone())).await;
    published(&mut other, opens("j-2", "third\n")).await;
    published(&mut one, opens("j-4", "four\n")).await;
    assert_eq!(hosts.text(ONE, &format!("j-2/{PLAN}")).as_deref(), Some("mine\n"));
    one.close();
    other.close();
}

#[tokio::test]
async fn a_host_that_takes_over_writes_what_the_other_one_had() {
    let Some((hosts, mut one, mut other)) = Hosts::new("gates: {script: {required: true}}\n") else {
        return;
    };
    published(&mut one, opens("j-1", "one\n")).await;
    let patch = replace("one", "two");
    let rejected = decide(&id("j-1"), "script", Verdict::Reject, Some("no"), Some(patch));
    published(&mut one, rejected).await;
    published(&mut one, opens("over", "over\n")).await;
    published(&mut one, approve(&id("over"), "script")).await;
    published(&mut one, Command::Complete(id("over"))).await;
    one.close();
    hosts.psql(
        "UPDATE leader SET host = (SELECT id FROM host WHERE id <> leader.host);
         UPDATE job SET published_seq = 0 WHERE status <> 'completed'",
    );
    let one_had = hosts.files(ONE, "j-1");
    assert!(one_had.len() >= 5, "{:?}", one_had.keys());
    published(&mut other, opens("j-2", "first\n")).await;
    assert_eq!(hosts.files(OTHER, "j-1"), one_had);
    // What was over is in the chain of whoever leads.
    other.close();
    let mut leads = hosts.open(OTHER, Role::Candidate("serve"));
    while !leads.is_lead() {
        leads.notice().await;
    }
    published(&mut leads, opens("j-3", "first\n")).await;
    assert_eq!(hosts.lines(OTHER, "chain.jsonl"), hosts.lines(ONE, "chain.jsonl"));
    assert_eq!(hosts.lines(ONE, "chain.jsonl").len(), 2);
    leads.close();
    // And back: what was written there since is added behind what is here.
    hosts.psql(
        "UPDATE leader SET holder = NULL, host = (SELECT id FROM host WHERE id <> leader.host);
         UPDATE job SET published_seq = 0 WHERE status <> 'completed'",
    );
    let mut one = hosts.open(ONE, Role::Visitor);
    published(&mut one, opens("j-4", "first\n")).await;
    for job in ["j-1", "j-2", "j-3"] {
        assert_eq!(hosts.files(ONE, job), hosts.files(OTHER, job), "{job}");
    }
    one.close();
}

#[tokio::test]
async fn a_gate_on_files_that_only_another_host_has_is_opened_there() {
    let Some((hosts, mut one, mut other)) = Hosts::new(BARE) else {
        return;
    };
    let job = start(&mut one, "tides").await;
    let picture = hosts.path(ONE, job.as_str()).join("artifacts/pictures/one.txt");
    std::fs::create_dir_all(picture.parent().unwrap()).unwrap();
    std::fs::write(&picture, "a picture").unwrap();
    let refused = other.refused(approve(&job, "outline")).await;
    assert!(
        refused
            .message
            .contains("the gate of pictures would open next, and its files lie on another host, test:"),
        "{refused:?}"
    );
    let client = other.client();
    let preview = other
        .beside(client.preview(None, approve(&job, "outline")))
        .await
        .unwrap();
    assert_eq!(preview.unwrap_err().message, refused.message);
    let receipt = one.done(approve(&job, "outline")).await;
    let gate = receipt.rows.gates.last().unwrap();
    assert_eq!(gate.artifacts.len(), 1, "{gate:?}");
    // The last gate has nothing behind it.
    let receipt = other.done(approve(&job, "pictures")).await;
    assert_eq!(receipt.rows.job.status, JobStatus::Completed);
    one.close();
    other.close();
}
