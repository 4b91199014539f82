//! What a preview says is what then happens: on a real database and real files, in worlds made of a seed. And a preview changes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and plays the others who write files"
)]

#[path = "support/happened.rs"]
mod happened;
#[path = "sim/random.rs"]
mod random;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use happened::{lies, lies_of_resume};
use holdpoint::domain::gate::{GateState, Verdict};
use holdpoint::domain::ids::{JobId, StageName};
use holdpoint::domain::job::{JobRows, JobStatus};
use holdpoint::domain::outlook::{Fact, Outlook};
use holdpoint::domain::refusal::{Refusal, RefusalCode};
use holdpoint::engine::api::{Answer, Command, NewJob, OutsideArtifact, Query};
use holdpoint::engine::{Engine, Role};
use random::Random;
use serde_json::{Value, json};
use support::engine::{PIPELINE, decide, gate, job, open, start, until};

async fn preview(engine: &mut Engine, command: Command) -> Result<Outlook, Refusal> {
    previews(engine, vec![command]).await.pop().unwrap()
}

/// Of several commands, one after the other.
async fn previews(engine: &mut Engine, commands: Vec<Command>) -> Vec<Result<Outlook, Refusal>> {
    let query = Query::Preview {
        operator: None,
        commands,
    };
    match engine.read(query).await {
        Answer::Preview(previewed) => previewed,
        other => panic!("no preview: {other:?}"),
    }
}

fn in_words(outlook: &Outlook) -> String {
    outlook.sentences().join(" ")
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
    let outlook = preview(&mut engine, decide(&id, "outline", Verdict::Approve, None, None))
        .await
        .unwrap();
    assert_eq!(
        in_words(&outlook),
        "Stage research passes: it has no command and no gate. Then stage audio starts. Cannot be taken back."
    );
    engine.close();
}

#[tokio::test]
async fn a_rejection_says_what_resuming_would_do_and_a_resume_says_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), PIPELINE, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::NeedsApproval).await;
    let reject = decide(&id, "script", Verdict::Reject, Some("shorter"), None);
    let outlook = preview(&mut engine, reject.clone()).await.unwrap();
    assert_eq!(
        in_words(&outlook),
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
    engine.call(reject).await.unwrap();
    let outlook = preview(&mut engine, Command::Resume(id.clone())).await.unwrap();
    assert_eq!(
        in_words(&outlook),
        "Stage script runs again as #2; its command gets the note."
    );
    let again = preview(&mut engine, Command::Cancel(id)).await.unwrap();
    assert_eq!(in_words(&again), "The job ends: it is canceled. Cannot be taken back.");
    engine.close();
}

#[tokio::test]
async fn a_preview_refuses_with_the_words_of_the_command_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), PIPELINE, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::NeedsApproval).await;
    let nobody = JobId::new("nobody").unwrap();
    let unfit = json!({"type": "text_replace", "replacements": [{"old": "nowhere", "new": "x"}]});
    for command in [
        decide(&id, "script", Verdict::Approve, None, Some(unfit)),
        decide(&id, "audio", Verdict::Approve, None, None),
        decide(&nobody, "script", Verdict::Approve, None, None),
        Command::Resume(id.clone()),
        Command::UndoPatch {
            gate: gate(&id, "script"),
            path: None,
            digest: None,
        },
    ] {
        let said = preview(&mut engine, command.clone()).await.unwrap_err();
        let told = engine.call(command).await.unwrap_err();
        assert_eq!(said, told);
    }
    fs::write(
        folder.path().join(id.as_str()).join("artifacts/script/script.txt"),
        "other",
    )
    .unwrap();
    let approve = decide(&id, "script", Verdict::Approve, None, None);
    let said = preview(&mut engine, approve.clone()).await.unwrap_err();
    assert_eq!(said.code, RefusalCode::ArtifactChanged);
    assert_eq!(engine.call(approve).await.unwrap_err(), said);
    let opening = Command::OpenGate {
        job_id: id.clone(),
        stage: StageName::new("script").unwrap(),
        artifacts: Vec::new(),
        bases: Vec::new(),
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
    let extended = engine.call(extend.clone()).await.unwrap().rows;
    assert_eq!(timer(&extended).deadline, timer(&before).deadline.plus_s(3600));

    // Asked together they are foreseen one after the other.
    let both = previews(&mut engine, vec![hold.clone(), release.clone()]).await;
    let said: Vec<_> = both
        .iter()
        .map(|foreseen| in_words(foreseen.as_ref().unwrap()))
        .collect();
    assert!(
        said[0].starts_with("The timer stands still for everybody until it is released, at the latest until ")
            && said[0].ends_with("Z; then it approves."),
        "{said:?}"
    );
    assert!(said[1].starts_with("The timer runs again with "), "{said:?}");
    assert_eq!(
        preview(&mut engine, release.clone()).await.unwrap_err().code,
        RefusalCode::WrongState
    );

    let said = preview(&mut engine, hold.clone()).await.unwrap();
    let [Fact::TimerStops { until, .. }] = said.facts.as_slice() else {
        panic!("{said:?}")
    };
    let held = engine.call(hold).await.unwrap().rows;
    let limit = timer(&held).wake(None, 86400, 60).unwrap().at;
    assert_eq!(*until, limit, "when the ticker would act");
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
    engine.call(release).await.unwrap();
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
        };
        engine.call(opening).await.unwrap();
    }
    engine.rest().await;
    let reject = |stage| decide(&id, stage, Verdict::Reject, Some("no"), None);
    let commands = vec![reject("cut"), reject("mix")];
    let said = previews(&mut engine, commands.clone()).await;
    let before = job(&mut engine, &id).await;
    let mut rows = before;
    for (said, command) in said.into_iter().zip(commands) {
        let done = engine.call(command).await.unwrap();
        let lies = lies(&said.unwrap(), &rows, &done.rows);
        assert!(lies.is_empty(), "{lies:#?}");
        rows = (*done.rows).clone();
    }
    engine.close();
}

/// Every file under a directory, with its bytes; the lock files and what SQLite keeps for readers are nobody's record.
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
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), PIPELINE, "ana", Role::Candidate("serve"));
    let id = start(&mut engine, "tides").await;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::NeedsApproval).await;
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
    let digest = match preview(&mut engine, decide(&id, "script", Verdict::Approve, None, None)).await {
        Err(refusal) => {
            holdpoint::domain::ids::Digest::parse(refusal.hint.unwrap().rsplit(' ').next().unwrap()).unwrap()
        }
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
            patch,
            digest: Some(digest),
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

/// A pipeline out of a seed: stages with and without command, artifacts and gates, in any order.
fn pipeline(random: &mut Random) -> (String, Vec<String>) {
    let (mut stages, mut gates) = (String::new(), String::new());
    let mut names = Vec::new();
    for number in 1..=3 + random.below(3) {
        let name = format!("stage{number}");
        let path = format!("artifacts/{name}/made.txt");
        let make =
            format!("mkdir -p artifacts/{name}; printf \"made %s $HOLDPOINT_NOTES\" \"$HOLDPOINT_ATTEMPT\" > {path}");
        stages.push_str(&match random.below(4) {
            0 => format!("    - name: {name}\n      command: [sh, -c, '{make}']\n      artifacts: [{{kind: script, path: {path}}}]\n"),
            1 => format!("    - {{name: {name}}}\n"),
            _ => format!("    - name: {name}\n      artifacts: [{{kind: script, path: {path}}}]\n"),
        });
        gates.push_str(&match random.below(5) {
            0 => String::new(),
            1 => format!("  {name}: {{required: false}}\n"),
            2 => format!("  {name}: {{auto_approve: true, auto_approve_after_s: 9000, on_timeout: reject}}\n"),
            _ => format!("  {name}: {{required: true}}\n"),
        });
        names.push(name);
    }
    if gates.is_empty() {
        gates = "  stage1: {required: true}\n".to_owned();
    }
    (format!("pipeline:\n  stages:\n{stages}gates:\n{gates}"), names)
}

/// Something that a person might want to do, whether it is possible or not.
fn wish(random: &mut Random, rows: &JobRows) -> Command {
    let id = rows.job.id.clone();
    let open = rows.gates.iter().rfind(|gate| gate.state == GateState::Open);
    let stage = open
        .or(rows.gates.last())
        .map_or("stage1".to_owned(), |gate| gate.key.stage.to_string());
    let words = random.pick(&["made", "put", "try", "nowhere"]);
    let text =
        json!({"type": "text_replace", "replacements": [{"old": words, "new": format!("try{}", random.below(100))}]});
    let params = json!({"type": "params", "params": {"tone": format!("t{}", random.below(3)),  "length_s": if random.one_in(2) { Value::Null } else { json!(3) }}});
    let note = random.one_in(2).then_some("a note");
    let gate = gate(&id, &stage);
    match random.below(17) {
        14 => Command::Hold { gate, reason: None },
        15 => Command::Release { gate, reason: None },
        16 => Command::Extend {
            gate,
            seconds: random.below(9000) as u64,
            expected: None,
        },
        0..=3 => decide(&id, &stage, Verdict::Approve, note, None),
        4 => decide(&id, &stage, Verdict::Approve, note, Some(text)),
        5 | 6 => decide(&id, &stage, Verdict::Reject, note, None),
        7 => decide(&id, &stage, Verdict::Reject, note, Some(text)),
        8 => decide(&id, &stage, Verdict::Reject, note, Some(params)),
        9 | 10 => Command::ApplyPatch {
            gate,
            patch: text,
            digest: None,
        },
        11 => Command::UndoPatch {
            gate,
            path: None,
            digest: None,
        },
        12 if random.one_in(3) => Command::Cancel(id),
        _ => Command::Resume(id),
    }
}

fn is_settled(rows: &JobRows) -> bool {
    !matches!(rows.job.status, JobStatus::Queued) && (rows.job.is_manual || rows.job.status != JobStatus::Running)
}

/// Writes what bare stages have to show; sometimes somebody changes what was there.
fn touch(random: &mut Random, run: &Path, names: &[String]) {
    for name in names {
        let path = run.join(format!("artifacts/{name}/made.txt"));
        if random.one_in(if path.exists() { 12 } else { 3 }) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("put {}", random.below(1000))).unwrap();
        }
    }
}

#[derive(Default, Debug)]
struct Told {
    kept: usize,
    refused: usize,
    resumed: usize,
}

/// Plays one world: everything is previewed, then done; what differs is a lie.
async fn play(seed: u64, told: &mut Told) {
    let mut random = Random::seeded(seed);
    let folder = tempfile::tempdir().unwrap();
    let (yaml, names) = pipeline(&mut random);
    let mut engine = open(folder.path(), &yaml, "ana", Role::Candidate("serve"));
    let is_manual = random.one_in(5);
    let new = NewJob {
        slug: "tides".into(),
        is_manual,
        ..NewJob::default()
    };
    let id = engine.call(Command::StartJob(new)).await.unwrap().job_id;
    let run = folder.path().join(id.as_str());
    for step in 0..14 {
        let before = until(&mut engine, &id, is_settled).await;
        if before.job.status.is_ended() {
            break;
        }
        if is_manual && random.one_in(3) {
            let outside = folder.path().join("outside.txt");
            fs::write(&outside, format!("made {step}")).unwrap();
            let stage = StageName::new(random.pick(&["stage1", "stage2"])).unwrap();
            let artifacts = vec![OutsideArtifact {
                kind: "script".into(),
                file: outside.into(),
            }];
            engine
                .call(Command::OpenGate {
                    job_id: id.clone(),
                    stage,
                    artifacts,
                    bases: Vec::new(),
                })
                .await
                .unwrap();
        }
        let before = job(&mut engine, &id).await;
        // Files that a commit owes are written before the next look at them, here as in a person's time.
        engine.rest().await;
        touch(&mut random, &run, &names);
        let command = wish(&mut random, &before);
        let said = preview(&mut engine, command.clone()).await;
        let done = engine.call(command.clone()).await;
        let context = || format!("seed {seed}, step {step}, {command:?}\n{yaml}");
        match (said, done) {
            (Err(said), Err(done)) => {
                assert_eq!(said, done, "{}", context());
                told.refused += 1;
            }
            (Ok(outlook), Ok(receipt)) => {
                let lies = lies(&outlook, &before, &receipt.rows);
                assert!(lies.is_empty(), "{}\n{lies:#?}\n{:#?}", context(), outlook.sentences());
                told.kept += 1;
                if let (Some(Ok(facts)), true) = (outlook.resumed, random.one_in(2)) {
                    let resumed = engine.call(Command::Resume(id.clone())).await.unwrap();
                    let lies = lies_of_resume(&facts, &receipt.rows, &resumed.rows);
                    assert!(lies.is_empty(), "resumed after {}\n{lies:#?}\n{facts:#?}", context());
                    told.resumed += 1;
                }
            }
            (said, done) => panic!(
                "{}\nsaid {said:#?}\ndone {:#?}",
                context(),
                done.map(|receipt| receipt.message)
            ),
        }
    }
    engine.close();
}

#[tokio::test]
async fn what_a_preview_said_is_what_then_happened_in_worlds_of_a_seed() {
    let asked = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let mut told = Told::default();
    let first = asked("HOLDPOINT_PREVIEW_SEED").unwrap_or(1);
    for seed in first..first + asked("HOLDPOINT_PREVIEW_WORLDS").unwrap_or(30) {
        play(seed, &mut told).await;
    }
    println!("{told:?}");
    if asked("HOLDPOINT_PREVIEW_SEED").is_none() {
        assert!(
            told.kept > 70 && told.refused > 70 && told.resumed > 8,
            "the worlds reach too little: {told:?}"
        );
    }
}
