//! The engine's client: what another thread hands in while the loop turns.

use domain::ask::{Command, NewJob, OutsideArtifact, OutsideFile};
use domain::event::EventType;
use domain::ids::{JobId, StageName};
use domain::operator::{Operator, Surface, Via};
use domain::refusal::RefusalCode;
use domain::view::EventsSince;
use engine::Role;
use engine::client::Client;

use crate::at_gate::{Does as _, approve};
use crate::support::engine::{open, read_json};

const BARE: &str = "gates: {outline: {}}";

fn named(client: &Client, name: &str) -> Operator {
    Operator {
        name: name.into(),
        via: Via {
            surface: Surface::Http,
            ..client.operator().via.clone()
        },
    }
}

fn new_job(id: &str) -> Command {
    Command::StartJob(NewJob {
        id: Some(JobId::new(id).unwrap()),
        slug: id.into(),
        ..NewJob::default()
    })
}

#[tokio::test]
async fn commands_and_questions_are_answered_to_the_client_and_only_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), BARE, "ops", Role::Candidate("serve"));
    let client = engine.client();
    let ana = named(&client, "ana");
    let work = async {
        let (receipt, published) = client.command_of(ana.clone(), new_job("j-1")).await.unwrap();
        assert_eq!((receipt.rows.job.created_by.as_str(), published), ("ana", Ok(())));
        let verdict = approve(&receipt.job_id, "outline");
        let (receipt, published) = client.command_of(ana.clone(), verdict.clone()).await.unwrap();
        assert_eq!(published, Ok(()));
        let file = read_json(&folder.path().join("j-1/gates/outline.json"));
        assert_eq!(
            (file["by"].as_str(), file["via"]["surface"].as_str()),
            (Some("ana"), Some("http"))
        );
        assert_eq!(receipt.decision.unwrap().decision.by(), "ana");
        let refusal = client.command_of(ana, verdict).await.unwrap_err();
        assert_eq!(refusal.code, RefusalCode::AlreadyDecided);
        let job_id = JobId::new("j-1").unwrap();
        let (events, total) = client.event_page(&job_id, EventsSince::Seq(1), 2).await.unwrap();
        assert_eq!((events[0].seq, events.len()), (2, 2));
        assert!(total > 2);
        let since = EventsSince::Time(events[1].ts);
        let (later, _) = client.event_page(&job_id, since, 100).await.unwrap();
        assert!(later.iter().all(|event| event.ts > events[1].ts));
        // The files are in place, and on disk in a moment.
        while !matches!(client.owing().await, Ok(0)) {}
    };
    engine.beside(work).await;
}

#[tokio::test]
async fn what_another_engine_does_is_in_the_feed() {
    let folder = tempfile::tempdir().unwrap();
    let mut here = open(folder.path(), BARE, "ops", Role::Candidate("serve"));
    let mut there = open(folder.path(), BARE, "bea", Role::Visitor);
    let mut feed = here.client().follow();
    there.done(new_job("j-1")).await;
    let opened = here
        .beside(async {
            loop {
                let events = feed.recv().await.unwrap();
                if events.iter().any(|event| event.kind == EventType::GateOpened) {
                    return events;
                }
            }
        })
        .await;
    assert!(opened.iter().all(|event| event.job_id.as_str() == "j-1"));
}

#[tokio::test]
async fn bytes_that_come_with_a_gate_lie_in_the_run_directory() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), BARE, "ops", Role::Visitor);
    let file = |name: &str, bytes: &[u8]| OutsideFile::Bytes {
        name: name.into(),
        bytes: bytes.into(),
    };
    let open_it = |name: &str| Command::OpenGate {
        job_id: JobId::new("deploy").unwrap(),
        stage: StageName::new("release").unwrap(),
        artifacts: vec![OutsideArtifact {
            kind: "plan".into(),
            file: file(name, b"two\n"),
        }],
        bases: vec![file(name, b"one\n")],
        context: Box::default(),
        heartbeat: None,
    };
    let receipt = engine.done(open_it("plan.txt")).await;
    let artifact = &receipt.rows.gates[0].artifacts[0];
    assert_eq!((artifact.added_lines, artifact.removed_lines), (1, 1));
    assert_eq!(
        std::fs::read(folder.path().join("deploy/artifacts/release/plan.txt")).unwrap(),
        b"two\n"
    );
    for name in ["", "..", "/", "a\nb"] {
        let refusal = engine.refused(open_it(name)).await;
        assert_eq!(refusal.code, RefusalCode::Invalid, "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_under_way_when_the_engine_closes_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), BARE, "ops", Role::Visitor);
    let client = engine.client();
    let ana = named(&client, "ana");
    let waiting = tokio::spawn(async move { client.command_of(ana, new_job("j-1")).await });
    // Until the command is with the writer.
    while !folder.path().join("j-1").exists() {
        engine.settle();
        tokio::task::yield_now().await;
    }
    engine.close();
    let (receipt, published) = waiting.await.unwrap().unwrap();
    assert_eq!((receipt.job_id.as_str(), published), ("j-1", Ok(())));
}
