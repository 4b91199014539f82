//! Worlds made of a seed: what a preview said is what then happens.

use std::fs;
use std::path::Path;

use domain::ask::{Command, NewJob, OutsideArtifact};
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::ids::{JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::outlook::{Fact, Outlook};
use engine::{Engine, Role};
use serde_json::{Value, json};

use super::hog::{Hog, when};
use super::preview;
use crate::at_gate::{Does as _, reject};
use crate::support::engine::{Calls as _, decide, gate, job, open, until};
use crate::support::happened::{lies, lies_of_resume};
use crate::support::random::Random;

/// A pipeline out of a seed: stages with and without command, artifacts and gates, in any order; or
/// all with artifacts and a person's gate, every other one with a command.
fn pipeline(random: &mut Random, is_chain: bool) -> (String, Vec<String>) {
    let (mut stages, mut gates) = (String::new(), String::new());
    let mut names = Vec::new();
    for number in 1..=3 + random.below(3) {
        let name = format!("stage{number}");
        let path = format!("artifacts/{name}/made.txt");
        let make =
            format!("mkdir -p artifacts/{name}; printf \"made %s $HOLDPOINT_NOTES\" \"$HOLDPOINT_ATTEMPT\" > {path}");
        let kind = if is_chain { 2 - number % 2 * 2 } else { random.below(4) };
        stages.push_str(&match kind {
            0 => format!("    - name: {name}\n      command: [sh, -c, '{make}']\n      artifacts: [{{kind: script, path: {path}}}]\n"),
            1 => format!("    - {{name: {name}}}\n"),
            _ => format!("    - name: {name}\n      artifacts: [{{kind: script, path: {path}}}]\n"),
        });
        gates.push_str(&match if is_chain { 4 } else { random.below(5) } {
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
    if rows.job.status == JobStatus::Paused && random.one_in(2) {
        return Command::resume(id);
    }
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
        5 | 6 => reject(&id, &stage, note),
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
        _ => Command::resume(id),
    }
}

fn is_settled(rows: &JobRows) -> bool {
    !matches!(rows.job.status, JobStatus::Queued) && (rows.job.is_manual || rows.job.status != JobStatus::Running)
}

/// Writes what bare stages have to show; sometimes somebody changes or removes what was there.
fn touch(random: &mut Random, run: &Path, names: &[String]) {
    for name in names {
        let path = run.join(format!("artifacts/{name}/made.txt"));
        if path.exists() && random.one_in(30) {
            fs::remove_file(path).unwrap();
        } else if random.one_in(if path.exists() { 9 } else { 3 }) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("put {}", random.below(1000))).unwrap();
        }
    }
}

/// Sometimes somebody changes or removes what was approved.
fn betray(random: &mut Random, run: &Path, rows: &JobRows) {
    let approved = rows.gates.iter().filter(|gate| gate.state == GateState::Approved);
    for artifact in approved.flat_map(|gate| &gate.artifacts) {
        let path = run.join(artifact.path.as_str());
        match random.below(40) {
            0..=4 => fs::write(path, format!("put {}", random.below(1000))).unwrap(),
            // It may be gone already.
            5 => drop(fs::remove_file(path)),
            _ => {}
        }
    }
}

/// What was said to start starts: at once, or where it was said to wait, only when the hog has let
/// its slot go.
async fn follow(engine: &mut Engine, id: &JobId, outlook: &Outlook, hog: &mut Option<Hog>, told: &mut Told) {
    for fact in &outlook.facts {
        match fact {
            Fact::StageStarts {
                stage, attempt, slots, ..
            } => {
                assert_eq!(slots.unwrap().is_free(), hog.is_none(), "{:?}", outlook.sentences());
                let let_go = match hog.take() {
                    Some(hog) => hog.end(engine).await,
                    None => 0,
                };
                told.waited += usize::from(let_go > 0);
                let began = |rows: &JobRows| {
                    let attempt = rows.attempt(stage, *attempt);
                    attempt.is_some_and(|attempt| attempt.started_at.is_some())
                };
                let rows = until(engine, id, |rows| began(rows) || rows.job.status != JobStatus::Queued).await;
                assert!(
                    began(&rows),
                    "{stage} #{attempt} was said to start: {:?}",
                    outlook.sentences()
                );
                assert!(
                    when(engine, id, EventType::StageStarted).await > let_go,
                    "{:?}",
                    outlook.sentences()
                );
                told.started += 1;
            }
            Fact::StageHeldUp { .. } => told.held_up += 1,
            _ => {}
        }
    }
}

#[derive(Default, Debug)]
struct Told {
    kept: usize,
    refused: usize,
    resumed: usize,
    started: usize,
    waited: usize,
    held_up: usize,
    reviewed: usize,
}

/// Plays one world: everything is previewed, then done; what differs is a lie.
async fn play(seed: u64, told: &mut Told) {
    let mut random = Random::seeded(seed);
    let folder = tempfile::tempdir().unwrap();
    let is_chain = random.one_in(2);
    let (yaml, names) = pipeline(&mut random, is_chain);
    let is_narrow = random.one_in(3);
    let yaml = if is_narrow {
        yaml.replace("pipeline:\n", Hog::SLOTS)
    } else {
        yaml
    };
    let mut hog: Option<Hog> = None;
    let outside = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), &yaml, "ana", Role::Candidate("serve"));
    let is_manual = !is_chain && random.one_in(5);
    let id = JobId::new("j-1").unwrap();
    let run = folder.path().join(id.as_str());
    touch(&mut random, &run, &names);
    let new = NewJob {
        id: Some(id.clone()),
        slug: "tides".into(),
        is_manual,
        ..NewJob::default()
    };
    engine.done(Command::StartJob(new)).await;
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
                .done(Command::OpenGate {
                    job_id: id.clone(),
                    stage,
                    artifacts,
                    bases: Vec::new(),
                    context: Box::default(),
                    heartbeat: None,
                })
                .await;
        }
        let before = job(&mut engine, &id).await;
        // Files that a commit owes are written before the next look at them, here as in a person's
        // time.
        engine.rest().await;
        touch(&mut random, &run, &names);
        betray(&mut random, &run, &before);
        if is_narrow && hog.is_none() && random.one_in(3) {
            hog = Some(Hog::start(&mut engine, folder.path(), outside.path().join(format!("go{step}"))).await);
        }
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
                told.reviewed += usize::from(receipt.review.is_some());
                assert_eq!(
                    receipt.next.as_ref(),
                    outlook.facts.iter().find(|fact| is_of_start(fact)),
                    "{}",
                    context()
                );
                follow(&mut engine, &id, &outlook, &mut hog, told).await;
                if let (Some(Ok(facts)), true) = (outlook.resumed, random.one_in(2)) {
                    let resumed = engine.done(Command::resume(id.clone())).await;
                    told.reviewed += usize::from(resumed.review.is_some());
                    let lies = lies_of_resume(&facts, &receipt.rows, &resumed.rows);
                    assert!(lies.is_empty(), "resumed after {}\n{lies:#?}\n{facts:#?}", context());
                    if let Some(hog) = hog.take() {
                        hog.end(&mut engine).await;
                    }
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
    if let Some(hog) = hog {
        hog.end(&mut engine).await;
    }
    engine.close();
}

/// What an answer says too.
fn is_of_start(fact: &Fact) -> bool {
    matches!(fact, Fact::StageStarts { .. } | Fact::StageHeldUp { .. })
}

#[tokio::test]
async fn what_a_preview_said_is_what_then_happened_in_worlds_of_a_seed() {
    let asked = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let mut told = Told::default();
    let first = asked("HOLDPOINT_PREVIEW_SEED").unwrap_or(1);
    for seed in first..first + asked("HOLDPOINT_PREVIEW_WORLDS").unwrap_or(40) {
        play(seed, &mut told).await;
    }
    println!("{told:?}");
    if asked("HOLDPOINT_PREVIEW_SEED").is_none() {
        assert!(
            told.kept > 70 && told.refused > 70 && told.resumed > 8 && told.started > 8,
            "the worlds reach too little: {told:?}"
        );
        assert!(
            told.waited > 1 && told.held_up > 4 && told.reviewed > 2,
            "the worlds reach too little: {told:?}"
        );
    }
}
