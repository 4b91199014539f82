//! The engine on a real database, real files and real processes, without any front end.

use domain::ask::{Command, OutsideArtifact};
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::ids::{JobId, StageName};
use domain::job::JobStatus;
use domain::lease::LeasePurpose;
use domain::operator::{Operator, Surface, Via};
use domain::refusal::RefusalCode;
use engine::Role;
use engine::api::Notice;
use serde_json::{Value, json};

use crate::at_gate::{Does as _, approve, reject, waiting};
use crate::support::engine::{Calls as _, PIPELINE, decide, gate, job, open, read_json, start, until};

#[tokio::test]
async fn a_stage_runs_its_gate_is_approved_and_the_job_ends_with_everything_on_disk() {
    let (folder, mut engine, id) = waiting(PIPELINE).await;
    let rows = job(&mut engine, &id).await;
    assert_eq!(rows.gates[0].artifacts[0].added_lines, 1);
    let (receipt, published) = engine
        .call_published(decide(&id, "script", Verdict::Approve, Some("good"), None))
        .await
        .unwrap();
    assert_eq!(published, Ok(()));
    let run = folder.path().join(id.as_str());
    let file = read_json(&run.join("gates/script.json"));
    assert_eq!(file, serde_json::to_value(receipt.decision.unwrap()).unwrap());
    assert_eq!(
        (file["by"].as_str(), file["approved"].as_bool(), file["notes"].as_str()),
        (Some("ana"), Some(true), Some("good"))
    );
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::Completed).await;
    assert_eq!(std::fs::read_to_string(run.join("heard.txt")).unwrap(), "attempt 1: ");
    assert_eq!(
        std::fs::read_to_string(run.join("logs/script.1.log")).unwrap(),
        "made\n"
    );
    let refusal = engine.refused(reject(&id, "script", None)).await;
    assert_eq!(refusal.code, RefusalCode::AlreadyDecided);
    engine.close();
    let events = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    let kinds: Vec<_> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone())
        .collect();
    assert_eq!(kinds.first(), Some(&json!("job_created")));
    assert_eq!(kinds.last(), Some(&json!("job_completed")));
    assert_eq!(read_json(&run.join("state.json"))["job"]["status"], "completed");
}

#[tokio::test]
async fn rejected_with_notes_the_stage_runs_again_with_them_and_what_changed_since_is_told() {
    let (folder, mut engine, id) = waiting(PIPELINE).await;
    engine.done(reject(&id, "script", Some("shorter"))).await;
    assert_eq!(job(&mut engine, &id).await.job.status, JobStatus::Paused);
    engine.done(Command::resume(id.clone())).await;
    let rows = until(&mut engine, &id, |rows| rows.job.status == JobStatus::NeedsApproval).await;
    let second = rows.gates.last().unwrap();
    assert_eq!(
        (
            second.key.attempt,
            second.artifacts[0].added_lines,
            second.artifacts[0].removed_lines
        ),
        (2, 1, 0),
        "nothing was approved yet: all of it is new"
    );
    assert_eq!(second.artifacts[0].base, None);
    assert_eq!(
        second.artifacts[0].since_rejection_words("ana").as_deref(),
        Some("since your rejection: +1 -1")
    );
    let text = std::fs::read_to_string(folder.path().join(id.as_str()).join("artifacts/script/script.txt")).unwrap();
    assert_eq!(text, "attempt 2: shorter");
    engine.close();
}

#[tokio::test]
async fn a_patch_with_an_approval_is_on_disk_before_the_next_stage_reads_it() {
    let (folder, mut engine, id) = waiting(PIPELINE).await;
    let unfit = json!({"type": "text_replace", "replacements": [{"old": "nowhere", "new": "x"}]});
    let refusal = engine
        .refused(decide(&id, "script", Verdict::Approve, None, Some(unfit)))
        .await;
    assert_eq!(refusal.code, RefusalCode::PatchUnfit);
    let patch = json!({"type": "text_replace", "replacements": [{"old": "attempt", "new": "try"}]});
    engine
        .done(decide(&id, "script", Verdict::Approve, None, Some(patch)))
        .await;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::Completed).await;
    let run = folder.path().join(id.as_str());
    assert_eq!(std::fs::read_to_string(run.join("heard.txt")).unwrap(), "try 1: ");
    engine.close();
}

#[tokio::test]
async fn rejected_with_a_patch_resume_applies_it_and_approves_without_running_the_stage() {
    let (folder, mut engine, id) = waiting(PIPELINE).await;
    let patch = json!({"type": "text_replace", "replacements": [{"old": "attempt", "new": "try"}]});
    engine
        .done(decide(&id, "script", Verdict::Reject, Some("wording"), Some(patch)))
        .await;
    let receipt = engine.done(Command::resume(id.clone())).await;
    assert_eq!(receipt.patches_applied, 1);
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::Completed).await;
    engine.close();
    let run = folder.path().join(id.as_str());
    assert_eq!(std::fs::read_to_string(run.join("heard.txt")).unwrap(), "try 1: ");
    assert_eq!(read_json(&run.join("gates/script.1.json"))["approved"], false);
    let second = read_json(&run.join("gates/script.2.json"));
    assert_eq!(
        (second["approved"].clone(), second["notes"].clone()),
        (json!(true), json!("approved after patch"))
    );
    assert!(!run.join("logs/script.2.log").exists(), "the stage did not run");
}

#[tokio::test]
async fn an_artifact_changed_behind_the_operators_back_is_not_decided_on() {
    let (folder, mut engine, id) = waiting(PIPELINE).await;
    let path = folder.path().join(id.as_str()).join("artifacts/script/script.txt");
    std::fs::write(&path, "something else").unwrap();
    let refusal = engine.refused(approve(&id, "script")).await;
    assert_eq!(refusal.code, RefusalCode::ArtifactChanged);
    assert_eq!(job(&mut engine, &id).await.gates[0].state, GateState::Open);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "something else",
        "nothing is changed"
    );
    engine.close();
}

#[tokio::test]
async fn an_artifact_changed_after_the_decision_pauses_the_job_before_the_next_stage() {
    let folder = tempfile::tempdir().unwrap();
    let mut visitor = open(folder.path(), PIPELINE, "ana", Role::Visitor);
    let mut leader = open(folder.path(), PIPELINE, "serve", Role::Candidate("serve"));
    let id = start(&mut leader, "tides").await;
    until(&mut leader, &id, |rows| rows.job.status == JobStatus::NeedsApproval).await;
    leader.close();
    visitor.call_published(approve(&id, "script")).await.unwrap().1.unwrap();
    std::fs::write(
        folder.path().join(id.as_str()).join("artifacts/script/script.txt"),
        "tampered",
    )
    .unwrap();
    let mut leader = open(folder.path(), PIPELINE, "serve", Role::Candidate("serve"));
    until(&mut leader, &id, |rows| rows.job.status == JobStatus::Paused).await;
    let receipt = leader.done(Command::resume(id.clone())).await;
    assert!(
        receipt.message.starts_with("Gate script #2")
            && receipt.message.contains("script.txt is not what was decided on"),
        "{}",
        receipt.message
    );
    let gate = receipt.rows.gates.last().unwrap();
    let decided = receipt.rows.decisions[0].decision.artifacts()[0].decided();
    assert_eq!(
        (gate.key.attempt, gate.state, gate.timer.as_ref()),
        (2, GateState::Open, None)
    );
    assert_eq!(gate.artifacts[0].base.as_ref().map(|base| base.digest), decided);
    let run = folder.path().join(id.as_str());
    assert!(!run.join("heard.txt").exists(), "nothing ran on it");
    assert!(!run.join("logs/script.2.log").exists(), "the stage did not run");
    leader.done(approve(&id, "script")).await;
    until(&mut leader, &id, |rows| rows.job.status == JobStatus::Completed).await;
    assert_eq!(std::fs::read_to_string(run.join("heard.txt")).unwrap(), "tampered");
    leader.close();
    visitor.close();
}

const TIMED: &str = r#"
pipeline:
  stages: [{name: outline}, {name: script}]
gates:
  outline: {required: false, auto_approve: true, auto_approve_after_s: 1}
  script: {required: true}
"#;

#[tokio::test]
async fn the_timer_approves_in_its_own_name_and_the_job_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), TIMED, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, |rows| {
        rows.job.stage.as_ref().is_some_and(|stage| stage.as_str() == "script")
    })
    .await;
    engine.close();
    let file = read_json(&folder.path().join(id.as_str()).join("gates/outline.json"));
    assert_eq!(
        (
            file["by"].clone(),
            file["auto_approved"].clone(),
            file["approved"].clone()
        ),
        (json!("timer"), json!(true), json!(true))
    );
    assert_eq!(
        (file["via"]["surface"].clone(), file["seen"].clone()),
        (json!("timer"), json!([]))
    );
}

#[tokio::test]
async fn a_lease_holds_the_timer_until_it_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), TIMED, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    let receipt = engine
        .done(Command::TakeLease {
            gate: gate(&id, "outline"),
            purpose: LeasePurpose::Compose,
            is_takeover: false,
        })
        .await;
    let deadline = receipt.rows.gates[0].deadline().unwrap();
    let released = engine
        .done(Command::ReleaseLease {
            gate: gate(&id, "outline"),
        })
        .await;
    assert!(
        released.rows.gates[0].deadline().unwrap() > deadline,
        "at least a minute is left after a lease"
    );
    engine.close();
}

#[tokio::test]
async fn what_one_process_decides_another_hears_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path(), TIMED, "ana", Role::Candidate("serve"));
    let mut second = open(folder.path(), TIMED, "bea", Role::Visitor);
    let id = start(&mut first, "tides").await;
    first.done(approve(&id, "outline")).await;
    let mut heard = Vec::new();
    while !heard.contains(&EventType::GateApproved) {
        if let Notice::Events(events) = second.notice().await {
            heard.extend(events.iter().map(|event| event.kind));
        }
    }
    let refusal = second.refused(reject(&id, "outline", None)).await;
    assert!(refusal.message.starts_with("ana approved"), "{refusal}");
    first.close();
    second.close();
}

#[tokio::test]
async fn the_lead_passes_on_when_it_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path(), TIMED, "ana", Role::Candidate("serve"));
    while !first.is_lead() {
        first.notice().await;
    }
    let mut second = open(folder.path(), TIMED, "bea", Role::Candidate("serve"));
    let client = second.client();
    let leader = second.beside(client.leader()).await.unwrap();
    assert_eq!(leader.unwrap().name, "ana");
    assert!(!second.is_lead());
    first.resign();
    while !second.is_lead() {
        second.notice().await;
    }
    assert!(!first.is_lead());
    first.close();
    second.close();
}

/// Nobody reads the queue again because of a look that found nothing: that would cost by what
/// waits.
#[tokio::test]
async fn a_look_says_whether_the_rows_have_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path(), TIMED, "ana", Role::Visitor);
    let mut second = open(folder.path(), TIMED, "bea", Role::Visitor);
    let nudge = || std::fs::write(folder.path().join(".nudge"), ".").unwrap();
    // What the first looks find is news.
    loop {
        nudge();
        if matches!(first.notice().await, Notice::Looked) {
            break;
        }
    }
    nudge();
    loop {
        match first.notice().await {
            Notice::Looked => break,
            notice => assert!(!matches!(notice, Notice::Changed | Notice::Events(_)), "{notice:?}"),
        }
    }
    start(&mut second, "tides").await;
    loop {
        if matches!(first.notice().await, Notice::Events(_)) {
            break;
        }
    }
    first.close();
    second.close();
}

#[tokio::test]
async fn a_gate_opened_from_outside_reviews_a_copy_and_the_original_stays() {
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("plan.txt");
    std::fs::write(&original, "plan v1\n").unwrap();
    let runs = folder.path().join("runs");
    let mut engine = open(&runs, TIMED, "ci", Role::Visitor);
    let id = JobId::new("deploy-7").unwrap();
    let stage = StageName::new("deploy").unwrap();
    let open_it = || Command::OpenGate {
        job_id: id.clone(),
        stage: stage.clone(),
        artifacts: vec![OutsideArtifact {
            kind: "plan".into(),
            file: original.clone().into(),
        }],
        bases: Vec::new(),
        context: Box::default(),
        heartbeat: None,
    };
    engine.done(open_it()).await;
    let copy = runs.join("deploy-7/artifacts/deploy/plan.txt");
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "plan v1\n");
    let patch = json!({"type": "text_replace", "replacements": [{"old": "v1", "new": "v2"}]});
    engine
        .call_published(decide(&id, "deploy", Verdict::Approve, None, Some(patch)))
        .await
        .unwrap()
        .1
        .unwrap();
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "plan v2\n");
    assert_eq!(std::fs::read_to_string(&original).unwrap(), "plan v1\n");
    engine.done(Command::Complete(id.clone())).await;
    let refusal = engine.refused(open_it()).await;
    assert_eq!(refusal.code, RefusalCode::WrongState);
    assert_eq!(
        std::fs::read_to_string(&copy).unwrap(),
        "plan v2\n",
        "a refused opening leaves the files as they are"
    );
    engine.close();
}

#[tokio::test]
async fn a_failing_a_missing_and_a_silent_command_end_the_job_with_the_reason() {
    for (command, reason) in [
        ("[sh, -c, 'exit 3']", "exit status 3"),
        ("[/no/such/program]", "/no/such/program"),
        ("['true']", "did not make artifacts/script/script.txt"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let yaml = format!(
            "pipeline:\n  stages:\n    - name: script\n      command: {command}\n      artifacts: [{{kind: script, path: artifacts/script/script.txt}}]\ngates:\n  script: {{required: true}}\n"
        );
        let mut engine = open(folder.path(), &yaml, "ana", Role::Candidate("serve"));
        let id = start(&mut engine, "tides").await;
        let rows = until(&mut engine, &id, |rows| rows.job.status.is_ended()).await;
        assert_eq!(rows.job.status, JobStatus::Failed);
        assert!(
            rows.attempts[0].outcome.as_ref().unwrap().contains(reason),
            "{:?}",
            rows.attempts[0].outcome
        );
        engine.close();
    }
}

#[tokio::test]
async fn canceling_ends_the_running_stage_and_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = "pipeline:\n  stages:\n    - name: script\n      command: [sh, -c, 'mkfifo pipe; (echo alive > pid; cat pipe) & wait']\ngates:\n  script: {required: true}\n";
    let mut engine = open(folder.path(), yaml, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::Running).await;
    engine.done(Command::Cancel(id.clone())).await;
    let rows = job(&mut engine, &id).await;
    assert_eq!(rows.job.status, JobStatus::Canceled);
    let run = runs::RunsDir::open(folder.path(), None).unwrap().run(&id);
    let end = runs::supervisor::adopt(&run, &StageName::new("script").unwrap(), 1);
    let end = tokio::task::spawn_blocking(move || end.wait()).await.unwrap().unwrap();
    assert!(matches!(end, runs::supervisor::StageEnd::Exited(exit) if exit.canceled));
    engine.close();
}

#[tokio::test]
async fn jobs_run_side_by_side_up_to_the_limit_and_a_gate_takes_no_slot() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = PIPELINE.replace("pipeline:\n", "pipeline:\n  max_concurrent_jobs: 1\n");
    let mut engine = open(folder.path(), &yaml, "ana", Role::Candidate("serve"));
    let mut ids = Vec::new();
    for slug in ["one", "two", "three"] {
        ids.push(start(&mut engine, slug).await);
    }
    for id in &ids {
        until(&mut engine, id, |rows| rows.job.status == JobStatus::NeedsApproval).await;
    }
    engine.close();
}

#[tokio::test]
async fn a_command_is_done_in_the_name_it_is_handed_over_in() {
    let temporary = tempfile::tempdir().unwrap();
    let mut engine = open(temporary.path(), "gates: {outline: {}}", "ops", Role::Visitor);
    let id = start(&mut engine, "tides").await;
    let ana = Operator {
        name: "ana".into(),
        via: Via {
            surface: Surface::Http,
            ..engine.operator().via.clone()
        },
    };
    let client = engine.client();
    let approving = approve(&id, "outline");
    let (receipt, _) = engine.beside(client.command_of(ana.clone(), approving)).await.unwrap();
    let decision = receipt.decision.unwrap().decision;
    assert_eq!((decision.by(), decision.via()), ("ana", &ana.via));
    assert_eq!(receipt.rows.job.created_by, "ops");
}
