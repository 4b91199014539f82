//! What a preview says is what then happens: on a real database and real files, in worlds made of a
//! seed. And a preview changes nothing.

mod hog;
mod replaced;
mod worlds;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use domain::ask::{Command, OutsideArtifact};
use domain::gate::Verdict;
use domain::ids::{JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::outlook::{Fact, Outlook};
use domain::refusal::{Refusal, RefusalCode};
use engine::{Engine, Role};
use serde_json::json;

use crate::at_gate::{Does as _, approve, reject, waiting};
use crate::support::engine::{PIPELINE, decide, gate, job, open, start, until};
use crate::support::happened::lies;
use hog::Hog;

async fn preview(engine: &mut Engine, command: Command) -> Result<Outlook, Refusal> {
    previews(engine, vec![command]).await.pop().unwrap()
}

/// Of several commands, one after the other.
async fn previews(engine: &mut Engine, commands: Vec<Command>) -> Vec<Result<Outlook, Refusal>> {
    let client = engine.client();
    engine.beside(client.previews(commands)).await.unwrap()
}

fn in_words(outlook: &Outlook) -> String {
    outlook.sentences().join(" ")
}

/// What a preview says in words.
async fn said(engine: &mut Engine, command: Command) -> String {
    in_words(&preview(engine, command).await.unwrap())
}

/// The trial of November 2026: "Then stage research starts." of a stage that is passed over.
#[tokio::test]
async fn a_stage_that_is_passed_over_is_not_said_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = "
pipeline:
  stages:
    - {name: outline}
    - {name: research}
    - {name: audio, command: ['true']}
gates:
  outline: {required: true}
";
    let mut engine = open(folder.path(), yaml, "ana", Role::Visitor);
    let id = start(&mut engine, "tides").await;
    assert_eq!(
        said(&mut engine, approve(&id, "outline")).await,
        "Stage research passes: it has no command and no gate. Then stage audio starts. Cannot be taken back."
    );
    engine.close();
}

#[tokio::test]
async fn a_rejection_says_what_resuming_would_do_and_a_resume_says_it_again() {
    let (_folder, mut engine, id) = waiting(PIPELINE).await;
    let reject = reject(&id, "script", Some("shorter"));
    assert_eq!(
        said(&mut engine, reject.clone()).await,
        "The job pauses. Once it is resumed: Stage script runs again as #2; its command gets the note. Cannot be taken back."
    );
    let patch = json!({"type": "text_replace", "replacements": [{"old": "attempt", "new": "try"}]});
    let patched = decide(&id, "script", Verdict::Reject, None, Some(patch));
    let outlook = preview(&mut engine, patched).await.unwrap();
    let words = in_words(&outlook);
    assert!(
        words.contains(
            "Gate script #2 opens and is approved as ana; stage script does not run. Then stage audio starts."
        ),
        "{words}"
    );
    engine.done(reject).await;
    assert_eq!(
        said(&mut engine, Command::resume(id.clone())).await,
        "Stage script runs again as #2; its command gets the note."
    );
    assert_eq!(
        said(&mut engine, Command::Cancel(id)).await,
        "The job ends: it is canceled. Cannot be taken back."
    );
    engine.close();
}

#[tokio::test]
async fn a_stage_for_which_no_slot_is_free_is_said_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let yaml = format!(
        "{}  stages: [{{name: a}}, {{name: c, command: ['true']}}]\ngates: {{a: {{required: true}}}}\n",
        Hog::SLOTS
    );
    let mut engine = open(folder.path(), &yaml, "ana", Role::Candidate("serve"));
    let (one, two) = (start(&mut engine, "one").await, start(&mut engine, "two").await);
    let approve = |id| approve(id, "a");
    let (first, second) = (
        preview(&mut engine, approve(&one)).await.unwrap(),
        preview(&mut engine, approve(&two)).await.unwrap(),
    );
    let together = domain::outlook::together(&[vec![&first], vec![&second]]);
    assert_eq!(
        together[0],
        "2 jobs: stage c starts in 1, stage c waits for a free slot in 1."
    );
    let hog = Hog::start(&mut engine, folder.path(), outside.path().join("go")).await;
    let outlook = preview(&mut engine, approve(&one)).await.unwrap();
    let waits =
        "Then stage c #1 waits for a free slot: 1 stage comes before it, 1 may run at once (max_concurrent_jobs).";
    assert_eq!(in_words(&outlook), format!("{waits} Cannot be taken back."));
    let done = engine.done(approve(&one)).await;
    assert_eq!(done.hindrance().as_deref(), Some(waits));
    let outlook = preview(&mut engine, approve(&two)).await.unwrap();
    assert!(in_words(&outlook).contains("2 stages come before it"), "{outlook:?}");
    hog.end(&mut engine).await;
    until(&mut engine, &one, |rows| rows.job.status == JobStatus::Completed).await;
    assert_eq!(
        said(&mut engine, approve(&two)).await,
        "Then stage c starts. Cannot be taken back."
    );
    engine.close();
}

#[tokio::test]
async fn a_preview_refuses_with_the_words_of_the_command_itself() {
    let (folder, mut engine, id) = waiting(PIPELINE).await;
    let nobody = JobId::new("nobody").unwrap();
    let unfit = json!({"type": "text_replace", "replacements": [{"old": "nowhere", "new": "x"}]});
    for command in [
        decide(&id, "script", Verdict::Approve, None, Some(unfit)),
        approve(&id, "audio"),
        approve(&nobody, "script"),
        Command::resume(id.clone()),
        Command::UndoPatch {
            gate: gate(&id, "script"),
            path: None,
            digest: None,
        },
    ] {
        let said = preview(&mut engine, command.clone()).await.unwrap_err();
        let told = engine.refused(command).await;
        assert_eq!(said, told);
    }
    fs::write(
        folder.path().join(id.as_str()).join("artifacts/script/script.txt"),
        "other",
    )
    .unwrap();
    let approve = approve(&id, "script");
    let said = preview(&mut engine, approve.clone()).await.unwrap_err();
    assert_eq!(said.code, RefusalCode::ArtifactChanged);
    assert_eq!(engine.refused(approve).await, said);
    let opening = Command::OpenGate {
        job_id: id.clone(),
        stage: StageName::new("script").unwrap(),
        artifacts: Vec::new(),
        bases: Vec::new(),
        context: Box::default(),
        heartbeat: None,
    };
    assert_eq!(
        preview(&mut engine, opening).await.unwrap_err().code,
        RefusalCode::Invalid
    );
    engine.close();
}

/// What a person does to a timer: said with the time that is left, and so it happens.
#[tokio::test]
async fn a_preview_says_what_becomes_of_a_timer() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = "
pipeline:
  stages: [{name: outline}]
gates:
  outline: {auto_approve: true, auto_approve_after_s: 7200, max_hold_s: 86400}
";
    let mut engine = open(folder.path(), yaml, "ana", Role::Visitor);
    let id = start(&mut engine, "tides").await;
    let gate = || gate(&id, "outline");
    let hold = Command::Hold {
        gate: gate(),
        reason: None,
    };
    let release = Command::Release {
        gate: gate(),
        reason: None,
    };
    let extend = Command::Extend {
        gate: gate(),
        seconds: 3600,
        expected: None,
    };
    let timer = |rows: &JobRows| rows.gates[0].timer.clone().unwrap();

    let said = preview(&mut engine, extend.clone()).await.unwrap();
    let [
        Fact::TimerMoves {
            left_before_s, left_s, ..
        },
    ] = said.facts.as_slice()
    else {
        panic!("{said:?}")
    };
    assert_eq!(left_s - left_before_s, 3600);
    let before = job(&mut engine, &id).await;
    let extended = engine.done(extend.clone()).await.rows;
    // Both clocks are read, one after the other: a microsecond may lie between.
    let moved_us = timer(&extended).deadline.us_since(timer(&before).deadline);
    assert!((moved_us - 3_600_000_000).abs() < 1000, "{moved_us}");

    // Asked together they are foreseen one after the other.
    let both = previews(&mut engine, vec![hold.clone(), release.clone()]).await;
    let said: Vec<_> = both
        .iter()
        .map(|foreseen| in_words(foreseen.as_ref().unwrap()))
        .collect();
    assert!(
        said[0].starts_with("The timer stands still for everybody until it is released, at the latest until ")
            && said[0].ends_with(" left, and it approves."),
        "{said:?}"
    );
    assert!(said[1].starts_with("The timer runs again with "), "{said:?}");
    assert_eq!(
        preview(&mut engine, release.clone()).await.unwrap_err().code,
        RefusalCode::WrongState
    );

    let said = preview(&mut engine, hold.clone()).await.unwrap();
    let [Fact::TimerStops { until, left_s, .. }] = said.facts.as_slice() else {
        panic!("{said:?}")
    };
    let held = engine.done(hold).await.rows;
    let limit = timer(&held).wake(None, 86400, 60).unwrap().at;
    let end = until.plus_s(*left_s);
    assert_eq!(
        end.us_since(limit) / 1_000_000,
        0,
        "when the ticker would act, to the second"
    );
    let said = preview(&mut engine, release.clone()).await.unwrap();
    let [
        Fact::TimerRuns {
            left_s, open_by: None, ..
        },
    ] = said.facts.as_slice()
    else {
        panic!("{said:?}")
    };
    let left_us = timer(&held).left_when_stopped_us(60).unwrap();
    assert_eq!(*left_s, left_us.unsigned_abs().div_ceil(1_000_000));
    engine.done(release).await;
    engine.close();
}

/// Gates of one job, decided together: the second is foreseen on what the first would leave.
#[tokio::test]
async fn what_comes_after_another_command_is_foreseen_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), PIPELINE, "ana", Role::Visitor);
    let id = JobId::new("outside").unwrap();
    for name in ["cut", "mix"] {
        let outside = folder.path().join(format!("{name}.txt"));
        fs::write(&outside, name).unwrap();
        let opening = Command::OpenGate {
            job_id: id.clone(),
            stage: StageName::new(name).unwrap(),
            artifacts: vec![OutsideArtifact {
                kind: "script".into(),
                file: outside.into(),
            }],
            bases: Vec::new(),
            context: Box::default(),
            heartbeat: None,
        };
        engine.done(opening).await;
    }
    engine.rest().await;
    let reject = |stage| reject(&id, stage, Some("no"));
    let commands = vec![reject("cut"), reject("mix")];
    let said = previews(&mut engine, commands.clone()).await;
    let before = job(&mut engine, &id).await;
    let mut rows = before;
    for (said, command) in said.into_iter().zip(commands) {
        let done = engine.done(command).await;
        let lies = lies(&said.unwrap(), &rows, &done.rows);
        assert!(lies.is_empty(), "{lies:#?}");
        rows = (*done.rows).clone();
    }
    engine.close();
}

/// Every file under a directory, with its bytes; the lock files and what SQLite keeps for readers
/// are nobody's record.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.to_string_lossy().contains("holdpoint.db-shm") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    all
}

#[tokio::test]
async fn a_preview_changes_no_row_and_no_file() {
    let (folder, engine, id) = waiting(PIPELINE).await;
    engine.close();
    let mut engine = open(folder.path(), PIPELINE, "ana", Role::Visitor);
    // Bytes that nobody has kept yet, and a patch whose result nobody has.
    fs::write(
        folder.path().join(id.as_str()).join("artifacts/script/script.txt"),
        "attempt: other",
    )
    .unwrap();
    // What is owed from before is paid first.
    engine.rest().await;
    let before = (job(&mut engine, &id).await, files(folder.path()));
    let patch = json!({"type": "text_replace", "replacements": [{"old": "attempt", "new": "try"}]});
    let digest = match preview(&mut engine, approve(&id, "script")).await {
        Err(refusal) => domain::ids::Digest::parse(refusal.hint.unwrap().rsplit(' ').next().unwrap()).unwrap(),
        Ok(outlook) => panic!("{outlook:?}"),
    };
    for (verdict, patch) in [
        (Verdict::Approve, None),
        (Verdict::Approve, Some(patch.clone())),
        (Verdict::Reject, Some(patch.clone())),
    ] {
        let command = Command::Decide {
            gate: gate(&id, "script"),
            verdict,
            notes: None,
            comments: Vec::new(),
            draft_by: None,
            patch,
            digest: Some(digest),
            context_digest: None,
        };
        preview(&mut engine, command).await.unwrap();
    }
    let apply = Command::ApplyPatch {
        gate: gate(&id, "script"),
        patch,
        digest: Some(digest),
    };
    let outlook = preview(&mut engine, apply).await.unwrap();
    assert!(in_words(&outlook).contains("The gate stays open"), "{outlook:?}");
    preview(&mut engine, Command::Cancel(id.clone())).await.unwrap();
    let after = (job(&mut engine, &id).await, files(folder.path()));
    assert_eq!(before.0, after.0);
    assert_eq!(before.1.keys().collect::<Vec<_>>(), after.1.keys().collect::<Vec<_>>());
    assert!(before.1 == after.1, "some file has other bytes");
    engine.close();
}
