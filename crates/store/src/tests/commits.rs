//! The one transaction: guards, savepoints, retries, the chain, the leader's epoch.

use std::sync::Barrier;

use super::reads::attempt;
use super::*;
use crate::{LeadCandidate, Submission};
use domain::job::AttemptState;
use domain::refusal::RefusalCode;

#[test]
fn two_processes_racing_for_one_gate_make_one_decision() {
    let mut house = House::new();
    let rounds = 200;
    for round in 0..rounds {
        let name = format!("j-{round}");
        house.put(&name, started(&name)).unwrap();
    }
    let barrier = Barrier::new(2);
    let race = |mut store: Store, by: &'static str| {
        let mut answers = Vec::new();
        for round in 0..rounds {
            // What was read before the race is stale for one of the two: only the row's guard may
            // tell.
            let stale = gate(&format!("j-{round}"), 1);
            let entry = Batched::new(stale.key.job_id.clone(), stale);
            barrier.wait();
            let mut rule = |_: &JobId, _: Option<&JobRows>, stale: &Gate| decided(stale, by, Verdict::Approve, at(10));
            // Unwrapped after the race: whoever leaves it early lets the other wait for ever.
            answers.push(store.commit(&[entry], at(10), &mut rule));
        }
        answers
    };
    let (first, second) = (house.second(), house.second());
    let (ana, bea) = std::thread::scope(|scope| {
        let ana = scope.spawn(|| race(first, "ana"));
        let bea = scope.spawn(|| race(second, "bea"));
        (ana.join().unwrap(), bea.join().unwrap())
    });
    let only = |answer: Result<Vec<_>, _>| answer.unwrap().pop().unwrap();
    for (round, (ana, bea)) in ana.into_iter().map(only).zip(bea.into_iter().map(only)).enumerate() {
        let (winner, loser) = match (&ana, &bea) {
            (Ok(_), Err(refusal)) => ("ana", refusal),
            (Err(refusal), Ok(_)) => ("bea", refusal),
            both => panic!("round {round}: {both:?}"),
        };
        assert_eq!(loser.code, RefusalCode::AlreadyDecided);
        assert!(loser.message.starts_with(winner), "{}", loser.message);
        assert_eq!(house.rows(&format!("j-{round}")).decisions[0].decision.by(), winner);
    }
    let chain = house.reader().decisions(None, None, 1000).unwrap();
    assert_eq!(chain.len(), rounds);
}

#[test]
fn what_many_entries_of_one_commit_add_is_numbered_in_their_order_without_a_gap() {
    let mut house = House::new();
    let names: Vec<_> = (0..45).map(|at| format!("j-{at}")).collect();
    let entries: Vec<_> = names.iter().map(|name| Batched::new(id(name), name.clone())).collect();
    let mut begin = |_: &JobId, _: Option<&JobRows>, name: &String| Ok(started(name));
    let begun = house.store.commit(&entries, at(3), &mut begin).unwrap();
    assert!(begun.iter().all(Result::is_ok), "{begun:?}");
    let mut approve = |_: &JobId, rows: Option<&JobRows>, _: &String| decide(rows, "ana", Verdict::Approve);
    let answers = house.store.commit(&entries, at(10), &mut approve).unwrap();
    let decided = answers.into_iter().flat_map(|answer| answer.unwrap().0.decisions);
    let told: Vec<_> = decided
        .map(|one| (one.seq, one.decision.job_id().to_string()))
        .collect();
    assert_eq!(told, (1..).zip(names).collect::<Vec<_>>());
    let events = house.reader().events(None, 0, 1000, false).unwrap();
    let numbers: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(
        numbers,
        (1..=house.reader().last_event_seq().unwrap()).collect::<Vec<_>>()
    );
    assert!(events.len() >= 2 * told.len());
}

#[test]
fn a_name_under_which_something_was_done_does_nothing_again_and_hinders_no_other() {
    let mut house = House::with(["a", "b", "c"]);
    let named = |name: &str| Batched {
        submission: Some(Submission {
            id: "s-1".to_owned(),
            command: Digest::of(b"approve"),
        }),
        ..Batched::new(id(name), ())
    };
    let mut approve = |_: &JobId, rows: Option<&JobRows>, (): &()| decide(rows, "ana", Verdict::Approve);
    let first = house.store.commit(&[named("a")], at(10), &mut approve).unwrap();
    assert!(first[0].is_ok());
    let entries = [named("b"), Batched::new(id("c"), ())];
    let answers = house.store.commit(&entries, at(10), &mut approve).unwrap();
    let refusal = answers[0].as_ref().unwrap_err();
    assert_eq!(refusal.message, "this submission was done already");
    assert!(answers[1].is_ok());
    assert!(house.rows("b").decisions.is_empty(), "nothing of it stays");
    let kept = house.reader().submission("s-1").unwrap().unwrap();
    assert_eq!(kept.outcome.unwrap().0, id("a"));
}

#[test]
fn the_chain_runs_through_all_jobs_in_the_order_of_commits() {
    let mut house = House::with(["c", "a", "b"]);
    let mut prev = Digest::ZERO;
    for (index, name) in ["b", "c", "a"].into_iter().enumerate() {
        let applied = house.decide(name, 1, "ana", Verdict::Reject);
        let sealed = &applied.decisions[0];
        assert_eq!((sealed.seq, sealed.prev), (index as u64 + 1, prev));
        assert_eq!(sealed.hash, sealed.computed_hash());
        prev = sealed.hash;
    }
    let head = house.reader().chain_head().unwrap().unwrap();
    assert_eq!((head.seq, head.hash), (3, prev));
}

#[test]
fn a_refused_input_hinders_neither_the_one_before_nor_the_one_after() {
    let mut house = House::with(["a", "b", "c"]);
    let before = house.rows("b");
    let inputs = ["a", "b", "c"].map(|name| Batched::new(id(name), name));
    let answers = house
        .store
        .commit(&inputs, at(10), &mut |_, rows, name| {
            let mut changes = decide(rows, "ana", Verdict::Approve)?;
            if *name == "b" {
                // Fails at its last change, when all the others are written.
                changes.push(Change::OpenGate(Box::new(gate("b", 1))));
            }
            Ok(changes)
        })
        .unwrap();
    assert!(answers[0].is_ok() && answers[2].is_ok());
    let refusal = answers[1].as_ref().unwrap_err();
    assert_eq!(refusal.code, RefusalCode::AlreadyDecided);
    assert_eq!(house.rows("b"), before, "nothing of it stays");
    let seqs: Vec<_> = answers
        .iter()
        .flatten()
        .map(|(applied, _)| applied.decisions[0].seq)
        .collect();
    assert_eq!(seqs, [1, 2], "a refused decision takes no number");
    let events = house.reader().events(None, 0, 100, false).unwrap();
    assert!(events.is_sorted_by(|a, b| a.seq < b.seq));
    assert_eq!(events.len(), 8);
}

#[test]
fn only_the_leader_of_the_newest_epoch_writes_as_the_leader() {
    let mut house = House::new();
    let candidate = |pid| LeadCandidate {
        name: "ana".to_owned(),
        role: "console".to_owned(),
        host: "render-1".to_owned(),
        pid,
        since: at(0),
    };
    assert_eq!(house.reader().leader().unwrap(), None);
    let start = |house: &mut House, name: &str, epoch| {
        let entry = Batched {
            epoch: Some(epoch),
            ..Batched::new(id(name), name.to_owned())
        };
        let mut rule = |_: &JobId, _: Option<&JobRows>, name: &String| Ok(started(name));
        house.store.commit(&[entry], at(3), &mut rule).unwrap().pop().unwrap()
    };
    assert!(start(&mut house, "a", 1).is_err(), "nobody leads yet");
    let first = house.store.take_lead(&candidate(1), None).unwrap().unwrap();
    assert!(start(&mut house, "a", first).is_ok());
    let second = house.second().take_lead(&candidate(2), None).unwrap().unwrap();
    assert_eq!((first, second), (1, 2));
    let refusal = start(&mut house, "b", first).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (RefusalCode::NotPossible, "another process leads now")
    );
    house.store.resign(first).unwrap();
    let leader = house.reader().leader().unwrap().unwrap();
    assert_eq!(
        (leader.epoch, leader.pid),
        (2, 2),
        "who resigns late takes nothing from the next"
    );
    house.store.resign(second).unwrap();
    assert_eq!(house.reader().leader().unwrap(), None);
    assert!(start(&mut house, "b", second).is_err(), "who resigned does not lead");
    assert_eq!(
        house.store.take_lead(&candidate(3), None).unwrap(),
        Some(3),
        "an epoch is never given twice"
    );
}

#[test]
fn guards_name_what_is_in_the_way() {
    let mut house = House::with(["a"]);
    let taken = house.put("a", started("a")).unwrap_err();
    assert_eq!(taken.message, "there is a job a already");
    let second_open = house.put_one("a", opens(gate("a", 2))).unwrap_err();
    assert_eq!(second_open.message, "a / script #1 is open");
    let nowhere = house.put_one("a", puts(gate("a", 7))).unwrap_err();
    assert_eq!(nowhere.code, RefusalCode::NotFound);
    let no_job = house.put_one("b", is("b", JobStatus::Paused)).unwrap_err();
    assert_eq!(no_job.code, RefusalCode::NotFound);
    let canceled = Gate {
        state: GateState::Canceled,
        settled: Some(Settled {
            by: "bea".to_owned(),
            at: at(9),
        }),
        ..gate("a", 1)
    };
    let settle = vec![Change::SettleGate {
        gate: Box::new(canceled),
        decision: None,
    }];
    house.put("a", settle).unwrap();
    let late = house.put_one("a", puts(gate("a", 1))).unwrap_err();
    assert_eq!(late.code, RefusalCode::GateCanceled);
    assert!(late.message.contains("bea"), "{late}");
}

/// Each answer is compared with what a reader loads, see [`House::put`]: also the order, where rows
/// go and come again.
#[test]
fn the_answer_has_the_rows_that_a_reader_would_load() {
    let mut house = House::new();
    let artifact = |name: &str| {
        let Change::PutArtifact(mut artifact) = started("a").remove(2) else {
            panic!("the third is an artifact");
        };
        artifact.path = path(&format!("artifacts/script/{name}"));
        Change::PutArtifact(artifact)
    };
    house.put("a", started("a")).unwrap();
    let (queued, running) = (AttemptState::Queued, AttemptState::Running);
    house
        .put("a", vec![attempt(1, queued), attempt(2, queued), attempt(1, running)])
        .unwrap();
    house.put("a", vec![artifact("b.txt"), artifact("c.txt")]).unwrap();
    let gone = Change::DropArtifact(path("artifacts/script/b.txt"));
    house
        .put("a", vec![gone, artifact("c.txt"), artifact("b.txt")])
        .unwrap();
    house.put_one("a", is("a", JobStatus::Paused)).unwrap();
    for attempt in [1, 2] {
        house.decide("a", attempt, "ana", Verdict::Reject);
        house.put_one("a", opens(gate("a", attempt + 1))).unwrap();
    }
    assert_eq!(house.rows("a").decisions.len(), 1, "the newest of the stage");
}

#[test]
fn changes_that_contradict_each_other_change_nothing() {
    let mut house = House::with(["a"]);
    let before = house.rows("a");
    let of_other = vec![Change::PutJob(Box::new(job("b", JobStatus::Paused)))];
    let mut unlogged = decided(&gate("a", 1), "ana", Verdict::Approve, at(10)).unwrap();
    unlogged.pop();
    let mut twisted = decided(&gate("a", 1), "ana", Verdict::Approve, at(10)).unwrap();
    if let Change::SettleGate { gate, .. } = &mut twisted[0] {
        gate.state = GateState::Rejected;
    }
    let orphan = vec![event(EventType::JobCreated, JobStatus::Queued)];
    for (job_id, changes) in [("a", of_other), ("a", unlogged), ("a", twisted), ("nobody", orphan)] {
        let refusal = house.put(job_id, changes).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::NotPossible, "{refusal}");
        assert!(
            refusal.message.starts_with("the rules contradict themselves"),
            "{refusal}"
        );
        assert_eq!(house.rows("a"), before);
    }
}
