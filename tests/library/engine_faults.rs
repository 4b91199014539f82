//! The engine when something is broken, in the way or happens at once: each test is a defect that a
//! stranger's review found.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use domain::ask::{Command, NewJob, OutsideArtifact};
use domain::event::{Event, EventType};
use domain::gate::{GateState, Verdict};
use domain::ids::{JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::refusal::RefusalCode;
use engine::api::{Notice, Ticket};
use engine::{Engine, Role};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use runs::RunsDir;
use runs::supervisor::{self, StageEnd};
use serde_json::json;

use crate::at_gate::{Does as _, reject};
use crate::support::engine::{Calls as _, PIPELINE, decide, gate, job, open, read_json, settings, start, until};

fn approve(id: &JobId) -> Command {
    decide(id, "script", Verdict::Approve, None, None)
}

fn replace(id: &JobId, old: &str, new: &str) -> Command {
    Command::ApplyPatch {
        gate: gate(id, "script"),
        patch: json!({"type": "text_replace", "replacements": [{"old": old, "new": new}]}),
        digest: None,
    }
}

/// What no command of holdpoint writes: a damaged row, or what a process that died in between
/// leaves.
fn sql(runs: &Path, text: &str) {
    let database = rusqlite::Connection::open(runs.join("holdpoint.db")).unwrap();
    database.execute_batch(text).unwrap();
}

fn script(runs: &Path, id: &JobId) -> PathBuf {
    runs.join(id.as_str()).join("artifacts/script/script.txt")
}

fn is_at_gate(rows: &JobRows) -> bool {
    rows.job.status == JobStatus::NeedsApproval
}

/// A leader with one job whose first gate is open.
async fn at_gate(runs: &Path) -> (Engine, JobId) {
    let mut engine = open(runs, PIPELINE, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, is_at_gate).await;
    (engine, id)
}

async fn heard(engine: &mut Engine, wanted: impl Fn(&Event) -> bool) -> Event {
    loop {
        if let Notice::Events(events) = engine.notice().await
            && let Some(event) = events.into_iter().find(|event| wanted(event))
        {
            return event;
        }
    }
}

/// A pipeline whose first stage says `ready` through a FIFO of that name, then never ends, in one
/// attempt; in any other it does its work.
fn pipeline_that_hangs(folder: &Path, attempt: u32) -> String {
    for name in ["ready", "never"] {
        mkfifo(&folder.join(name), Mode::S_IRWXU).unwrap();
    }
    let folder = folder.display();
    let hang = format!(
        "; if [ $HOLDPOINT_ATTEMPT = {attempt} ]; then echo ready > {folder}/ready; read x < {folder}/never; fi'"
    );
    PIPELINE.replacen("; echo made'", &hang, 1)
}

/// Waits until the stage of [`pipeline_that_hangs`] hangs.
async fn hangs(folder: &Path) {
    let ready = folder.join("ready");
    let said = tokio::task::spawn_blocking(move || fs::read_to_string(ready)).await;
    assert_eq!(said.unwrap().unwrap(), "ready\n");
}

#[tokio::test]
async fn a_damaged_owed_job_does_not_stop_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), PIPELINE, "ana", Role::Visitor);
    let bad = start(&mut engine, "bad").await;
    engine.rest().await;
    sql(
        folder.path(),
        &format!(
            "UPDATE attempt SET state = 'weird' WHERE job_id = '{bad}'; UPDATE job SET published_seq = 0 WHERE id = '{bad}'"
        ),
    );
    for slug in ["one", "two"] {
        let new = NewJob {
            slug: slug.into(),
            ..NewJob::default()
        };
        let (receipt, published) = engine.call_published(Command::StartJob(new)).await.unwrap();
        assert_eq!(published, Ok(()));
        assert!(folder.path().join(receipt.job_id.as_str()).join("state.json").exists());
    }
    engine.close();
}

#[tokio::test]
async fn published_means_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("a.txt");
    fs::write(&source, "x").unwrap();
    let runs = folder.path().join("runs");
    let mut engine = open(&runs, "gates: {script: {required: true}}", "ana", Role::Visitor);
    // More than one group of files.
    let ids: Vec<_> = (0..80).map(|n| JobId::new(&format!("j{n}")).unwrap()).collect();
    for id in &ids {
        let open_it = Command::OpenGate {
            job_id: id.clone(),
            stage: StageName::new("script").unwrap(),
            artifacts: vec![OutsideArtifact {
                kind: "script".into(),
                file: source.clone().into(),
            }],
            bases: Vec::new(),
            context: Box::default(),
            heartbeat: None,
        };
        engine.done(open_it).await;
    }
    engine.rest().await;
    fs::remove_dir_all(runs.join("j0/gates")).unwrap();
    fs::write(runs.join("j0/gates"), "in the way").unwrap();
    sql(&runs, "UPDATE job SET published_seq = 0");
    let (_, published) = engine.call_published(approve(&ids[79])).await.unwrap();
    assert_eq!(published, Ok(()), "what is in one job's way is in no other's");
    assert!(runs.join("j79/gates/script.json").exists());
    let (_, published) = engine.call_published(approve(&ids[0])).await.unwrap();
    assert!(published.is_err_and(|why| why.message.contains("j0/gates")));
    engine.close();
}

#[tokio::test]
async fn a_stage_that_made_a_directory_fails() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = PIPELINE.replacen(
        "mkdir -p artifacts/script;",
        "mkdir -p artifacts/script/script.txt; exit 0;",
        1,
    );
    let mut engine = open(folder.path(), &yaml, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    loop {
        match engine.notice().await {
            Notice::Events(events) if events.iter().any(|event| event.kind == EventType::JobFailed) => break,
            Notice::Trouble(Some(why)) => panic!("taken for a trouble that passes: {why}"),
            _ => {}
        }
    }
    let rows = job(&mut engine, &id).await;
    assert_eq!(rows.job.status, JobStatus::Failed);
    let outcome = rows.attempts[0].outcome.as_ref().unwrap();
    assert!(outcome.contains("artifacts/script/script.txt"), "{outcome}");
    engine.close();
}

#[tokio::test]
async fn two_patches_at_once_are_both_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, id) = at_gate(folder.path()).await;
    // The writer is busy with these when the patches arrive, so that it takes both together.
    for n in 1..=5 {
        let job = NewJob {
            slug: format!("s{n}"),
            is_manual: true,
            ..NewJob::default()
        };
        engine.submit(Ticket(n), Command::StartJob(job));
    }
    engine.submit(Ticket(6), replace(&id, "attempt", "try"));
    let (_, published) = engine.call_published(replace(&id, "try", "test")).await.unwrap();
    assert_eq!(published, Ok(()));
    assert_eq!(fs::read_to_string(script(folder.path(), &id)).unwrap(), "test 1: ");
    engine.done(approve(&id)).await;
    engine.close();
}

#[tokio::test]
async fn the_former_version_put_back_is_not_the_reviewed_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, id) = at_gate(folder.path()).await;
    let (_, published) = engine.call_published(replace(&id, "attempt", "try")).await.unwrap();
    assert_eq!(published, Ok(()));
    fs::write(script(folder.path(), &id), "attempt 1: ").unwrap();
    let refusal = engine.refused(approve(&id)).await;
    assert_eq!(refusal.code, RefusalCode::ArtifactChanged);
    assert_eq!(job(&mut engine, &id).await.gates[0].state, GateState::Open);
    engine.close();
}

#[tokio::test]
async fn a_lost_rerun_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let yaml = pipeline_that_hangs(folder.path(), 2);
    let mut engine = open(&runs, &yaml, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, is_at_gate).await;
    engine
        .call_published(reject(&id, "script", None))
        .await
        .unwrap()
        .1
        .unwrap();
    engine.done(Command::resume(id.clone())).await;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::Running).await;
    hangs(folder.path()).await;
    let pids = read_json(&runs.join(id.as_str()).join(".stage/script.2.pid.json"));
    let supervisor = i32::try_from(pids["supervisor"]["pid"].as_i64().unwrap()).unwrap();
    kill(Pid::from_raw(supervisor), Signal::SIGKILL).unwrap();
    let rows = until(&mut engine, &id, |rows| {
        rows.gates.len() == 2 || rows.job.status == JobStatus::Paused
    })
    .await;
    assert_eq!(rows.job.status, JobStatus::NeedsApproval);
    assert_eq!(rows.gates[1].key.attempt, 3);
    engine.close();
}

#[tokio::test]
async fn a_suspended_standby_does_not_keep_the_lead() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path(), PIPELINE, "ana", Role::Candidate("serve"));
    while !first.is_lead() {
        first.notice().await;
    }
    let mut standby = open(folder.path(), PIPELINE, "bea", Role::Candidate("console"));
    // Ctrl-Z and fg as a standby.
    standby.resign();
    standby.rest().await;
    standby.stand();
    first.close();
    while !standby.is_lead() {
        standby.notice().await;
    }
    // Ctrl-Z as the leader: from here on nobody drives it.
    standby.resign();
    standby.rest().await;
    let lock = File::options()
        .append(true)
        .open(folder.path().join(".leader.lock"))
        .unwrap();
    // Often, because a second thread that waited for the lock would take it at some time.
    for _ in 0..10_000 {
        assert!(lock.try_lock().is_ok(), "a stopped process holds the lead");
        lock.unlock().unwrap();
        std::thread::yield_now();
    }
    standby.close();
}

#[tokio::test]
async fn a_directory_in_a_later_bare_stage_does_not_block_a_rejection() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = r#"
pipeline:
  stages:
    - name: script
    - name: acceptance
      artifacts: [{kind: report, path: artifacts/acceptance}]
gates:
  script: {required: true}
  acceptance: {required: true}
"#;
    let mut engine = open(folder.path(), yaml, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, is_at_gate).await;
    engine.rest().await;
    fs::create_dir_all(folder.path().join(id.as_str()).join("artifacts/acceptance")).unwrap();
    engine.done(reject(&id, "script", None)).await;
    engine.close();
}

#[tokio::test]
async fn a_vanished_artifact_keeps_the_job_paused_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, id) = at_gate(folder.path()).await;
    engine.resign();
    engine.call_published(approve(&id)).await.unwrap().1.unwrap();
    let path = script(folder.path(), &id);
    let aside = path.with_extension("aside");
    fs::rename(&path, &aside).unwrap();
    engine.stand();
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::Paused).await;
    let refusal = engine.refused(Command::resume(id.clone())).await;
    assert!(refusal.message.contains("script.txt"), "{refusal}");
    fs::rename(&aside, &path).unwrap();
    engine.done(Command::resume(id.clone())).await;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::Completed).await;
    engine.close();
}

#[tokio::test]
async fn a_launch_that_fails_is_tried_again_and_is_no_dead_supervisor() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let program = folder.path().join("holdpoint");
    let mut settings = settings(&runs, PIPELINE, "ana", Role::Candidate("serve"));
    settings.program.clone_from(&program);
    let mut engine = Engine::open(settings).unwrap();
    let id = start(&mut engine, "tides").await;
    let event = heard(&mut engine, |event| event.kind == EventType::StageFailed).await;
    assert_eq!(event.payload["retried"], true, "{}", event.message);
    std::os::unix::fs::symlink(crate::support::binary::holdpoint(), &program).unwrap();
    let rows = until(&mut engine, &id, |rows| is_at_gate(rows) || rows.job.status.is_ended()).await;
    assert_eq!(rows.job.status, JobStatus::NeedsApproval);
    assert_eq!(rows.gates[0].key.attempt, 1, "it is the same attempt");
    engine.close();
}

/// Whether the next thing told of trouble is that a stage is tried again.
async fn is_tried_again(engine: &mut Engine) -> bool {
    loop {
        if let Notice::Trouble(trouble) = engine.notice().await {
            return trouble.is_some_and(|trouble| trouble.message.contains("it is tried again"));
        }
    }
}

#[tokio::test]
async fn that_a_stage_is_tried_again_is_said_only_while_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let mut settings = settings(&runs, PIPELINE, "ana", Role::Candidate("serve"));
    settings.program = folder.path().join("nowhere");
    let mut engine = Engine::open(settings).unwrap();
    let id = start(&mut engine, "tides").await;
    assert!(is_tried_again(&mut engine).await);
    engine.submit(Ticket(1), Command::Cancel(id));
    while is_tried_again(&mut engine).await {}
    engine.close();
}

#[tokio::test]
async fn a_job_that_pauses_for_what_moved_is_not_said_to_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut engine, id) = at_gate(folder.path()).await;
    engine.resign();
    engine.call_published(approve(&id)).await.unwrap().1.unwrap();
    fs::write(script(folder.path(), &id), "forged").unwrap();
    engine.stand();
    loop {
        match engine.notice().await {
            Notice::Trouble(Some(trouble)) => panic!("{trouble}"),
            Notice::Events(events) if events.iter().any(|event| event.kind == EventType::JobPaused) => break,
            _ => {}
        }
    }
    engine.close();
}

#[tokio::test]
async fn the_command_of_a_canceled_job_is_ended_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let yaml = pipeline_that_hangs(folder.path(), 1);
    let mut engine = open(&runs, &yaml, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::Running).await;
    hangs(folder.path()).await;
    engine.close();
    // What a process that dies between the commit of a cancel and its signal leaves.
    sql(
        &runs,
        &format!(
            "UPDATE attempt SET state = 'canceled', ended_at = 1 WHERE job_id = '{id}'; UPDATE job SET status = 'canceled' WHERE id = '{id}'"
        ),
    );
    let mut next = open(&runs, &yaml, "bea", Role::Candidate("serve"));
    let run = RunsDir::open(&runs, None).unwrap().run(&id);
    let supervised = supervisor::adopt(&run, &StageName::new("script").unwrap(), 1);
    let mut waiting = tokio::task::spawn_blocking(move || supervised.wait());
    let end = loop {
        tokio::select! {
            end = &mut waiting => break end.unwrap().unwrap(),
            _ = next.notice() => {}
        }
    };
    assert!(matches!(end, StageEnd::Exited(exit) if exit.canceled));
    next.close();
}

#[tokio::test]
async fn an_empty_save_of_the_configuration_keeps_the_former_gates() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("operator.yaml");
    fs::write(&path, PIPELINE).unwrap();
    let mut settings = settings(&folder.path().join("runs"), PIPELINE, "ana", Role::Visitor);
    settings.config_path = Some(path.clone());
    let mut engine = Engine::open(settings).unwrap();
    File::create(&path).unwrap();
    let lines = loop {
        match engine.notice().await {
            Notice::ConfigBroken(lines) => break lines,
            Notice::ConfigLoaded(gates, ..) => panic!("in force: {gates:?}"),
            _ => {}
        }
    };
    assert!(!lines.is_empty());
    assert_eq!(engine.config().gates.len(), 1);
    fs::write(&path, PIPELINE).unwrap();
    while !matches!(engine.notice().await, Notice::ConfigLoaded(gates, ..) if gates.len() == 1) {}
    engine.close();
}
