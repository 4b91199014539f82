//! What readers see: the queue, timers, lists, debts.

use super::*;
use domain::anchor::BootId;
use domain::decision::SealedDecision;
use domain::group::GroupKey;
use domain::heartbeat::{Heartbeat, HeartbeatTerms, WhenGone};
use domain::job::{Attempt, AttemptState};
use domain::policy::{AtZero, Doubt};
use domain::recall::RecallWindow;
use domain::view::{JobFilter, Pause, QueueKind};

pub(super) fn attempt(number: u32, state: AttemptState) -> Change {
    Change::PutAttempt(Box::new(Attempt {
        stage: stage("script"),
        number,
        state,
        notes: Some("Tip 1 – besser".to_owned()),
        comments: Vec::new(),
        patch: None,
        queued_at: at(20 + i64::from(number)),
        started_at: (state == AttemptState::Running).then_some(at(30)),
        ended_at: None,
        outcome: None,
        host: None,
    }))
}

fn paused_for(reason: &str) -> Change {
    Change::Event(Box::new(NewEvent {
        kind: EventType::JobPaused,
        stage: Some(stage("script")),
        status: JobStatus::Paused,
        message: "paused".to_owned(),
        payload: serde_json::json!({ "reason": reason }),
    }))
}

#[test]
fn the_queue_has_a_row_for_each_open_gate_and_each_unfinished_job() {
    let mut house = House::with(["gate", "paused", "running", "queued", "manual", "rejected", "done"]);
    let mut open = Gate {
        lease: Some(lease()),
        artifacts: vec![
            artifact(),
            GateArtifact {
                is_binary: true,
                added_lines: u32::MAX,
                ..artifact()
            },
        ],
        seen: vec![domain::decision::Seen {
            by: "bea".to_owned(),
            at: at(4),
            digest: Digest::of(b""),
            hunks: Some(2),
            hunks_shown: Some(1),
            artifacts: Vec::new(),
        }],
        context: super::context(),
        ..gate("gate", 1)
    };
    open.policy.unseen = OnTimeout::Hold;
    house.put_one("gate", puts(open.clone())).unwrap();
    for name in ["paused", "running", "queued", "manual", "rejected", "done"] {
        house.decide(name, 1, "ana", Verdict::Reject);
    }
    let of_outside = |name: &str, status| {
        Change::PutJob(Box::new(Job {
            is_manual: true,
            ..job(name, status)
        }))
    };
    for (name, seconds, changes) in [
        (
            "paused",
            11,
            vec![is("paused", JobStatus::Paused), paused_for("withdrawn")],
        ),
        ("paused", 99, vec![is("paused", JobStatus::Paused)]),
        (
            "running",
            31,
            vec![is("running", JobStatus::Running), attempt(2, AttemptState::Running)],
        ),
        (
            "queued",
            32,
            vec![is("queued", JobStatus::Queued), attempt(2, AttemptState::Queued)],
        ),
        ("manual", 12, vec![of_outside("manual", JobStatus::Running)]),
        // Somebody rejected it: it waits to be resumed, whoever runs its stages.
        ("rejected", 12, vec![of_outside("rejected", JobStatus::Paused)]),
        ("done", 12, vec![is("done", JobStatus::Completed)]),
    ] {
        house.put_at(name, changes, at(seconds)).unwrap();
    }

    let reader = house.reader();
    let mut queue = reader.queue().unwrap();
    queue.sort_by(|a, b| a.job_id.cmp(&b.job_id));
    let short: Vec<_> = queue
        .iter()
        .map(|row| (row.job_id.as_str(), row.kind, row.attempt, row.since))
        .collect();
    assert_eq!(
        short,
        [
            ("gate", QueueKind::Gate, 1, at(2)),
            ("paused", QueueKind::Paused, 1, at(11)),
            ("queued", QueueKind::Queued, 2, at(22)),
            ("rejected", QueueKind::Paused, 1, at(12)),
            ("running", QueueKind::Running, 2, at(30)),
        ]
    );
    let pauses: Vec<_> = queue.iter().map(|row| row.pause).collect();
    assert_eq!(pauses, [None, Some(Pause::Withdrawn), None, None, None]);
    let row = &queue[0];
    assert_eq!(row.timer, open.timer);
    let held = AtZero {
        then: OnTimeout::Hold,
        because: Some(Doubt::Unseen),
    };
    assert_eq!(
        (row.at_zero, open.at_zero()),
        (Some(held), Some(held)),
        "half of it was shown"
    );
    assert_eq!(row.lease.as_deref(), open.lease.as_ref());
    assert_eq!((row.added_lines, row.removed_lines, row.files), (u32::MAX, 2, 2));
    assert_eq!((row.is_new, row.is_binary, row.is_seen), (false, false, true));
    assert!(!row.is_wholly_seen);
    assert!(row.group.is_some() && row.group.as_deref() == GroupKey::of(&open).as_ref());
    assert_eq!(row.context_digest.as_deref(), Some(&open.context.digest()));
    assert_eq!(
        (&*row.slug, row.stage.as_ref(), row.max_hold_s),
        ("five-tips", Some(&stage("script")), 3600)
    );
    assert_eq!(row.headline.as_deref(), super::context().headline().as_ref());
    assert!(queue[1].headline.is_none());
    assert!(
        std::sync::Arc::ptr_eq(&queue[0].slug, &queue[1].slug),
        "equal names share their bytes"
    );

    let numbers = |attempts: Vec<(JobId, Attempt)>| -> Vec<_> {
        attempts
            .into_iter()
            .map(|(job_id, attempt)| (job_id.to_string(), attempt.number))
            .collect()
    };
    assert_eq!(numbers(reader.queued_attempts().unwrap()), [("queued".to_owned(), 2)]);
    assert_eq!(numbers(reader.running_attempts().unwrap()), [("running".to_owned(), 2)]);
    let before = |name: &str| reader.attempts_before(Some(&JobId::new(name).unwrap())).unwrap();
    assert_eq!((before("queued"), before("running"), before("gate")), (1, 1, 2));
}

#[test]
fn the_flags_of_a_row_are_those_of_its_artifacts() {
    let mut house = House::new();
    let new_binary = GateArtifact {
        base: None,
        is_binary: true,
        ..artifact()
    };
    for (name, artifacts, expected) in [
        ("none", vec![], (false, false, 0)),
        ("new", vec![new_binary.clone(), new_binary.clone()], (true, true, 2)),
        ("mixed", vec![new_binary, artifact()], (false, false, 2)),
    ] {
        let mut changes = started(name);
        changes[3] = opens(Gate {
            artifacts,
            ..gate(name, 1)
        });
        house.put(name, changes).unwrap();
        let queue = house.reader().queue().unwrap();
        let row = queue.iter().find(|row| row.job_id == id(name)).unwrap();
        assert_eq!((row.is_new, row.is_binary, row.files), expected, "{name}");
    }
}

#[test]
fn timers_are_those_of_open_gates_that_the_timer_may_settle() {
    let mut house = House::with(["runs", "leased", "held", "person", "settled"]);
    let mut held = gate("held", 1);
    held.timer.as_mut().unwrap().held_by_policy_at = Some(at(9));
    let person = Gate {
        timer: None,
        lease: Some(lease()),
        ..gate("person", 1)
    };
    let leased = Gate {
        lease: Some(lease()),
        ..gate("leased", 1)
    };
    for gate in [held, person, leased.clone()] {
        house
            .put(gate.key.job_id.clone().as_str(), vec![Change::PutGate(Box::new(gate))])
            .unwrap();
    }
    house.decide("settled", 1, "ana", Verdict::Approve);
    let reader = house.reader();
    let timers = reader.timers().unwrap();
    let names: Vec<_> = timers.iter().map(|timer| timer.key.job_id.as_str()).collect();
    assert_eq!(names, ["leased", "runs"]);
    assert_eq!(reader.timers_of(&id("leased")).unwrap(), timers[..1]);
    assert_eq!(
        (timers[0].timer.as_ref(), &timers[0].lease),
        (leased.timer.as_ref(), &leased.lease)
    );
    assert_eq!(timers[0].max_hold_s, 3600);
    assert!(reader.timers_of(&id("held")).unwrap().is_empty());
}

#[test]
fn a_gate_without_a_timer_whose_requester_promised_signs_of_life_is_looked_after_too() {
    let mut house = House::with(["promised", "person", "settled"]);
    let terms = HeartbeatTerms {
        heartbeat_s: 60,
        when_gone: WhenGone::Keep,
    };
    let now = Now {
        utc: at(3),
        boot_us: 3,
        boot: BootId::of_kernel("3f2a9c1e-77aa-4bd0"),
    };
    let heartbeat = Some(Heartbeat::begun(terms, now));
    let of = |name: &str, heartbeat: &Option<Heartbeat>| Gate {
        timer: None,
        heartbeat: heartbeat.clone(),
        ..gate(name, 1)
    };
    for (name, heartbeat) in [("promised", &heartbeat), ("person", &None), ("settled", &heartbeat)] {
        house
            .put(name, vec![Change::PutGate(Box::new(of(name, heartbeat)))])
            .unwrap();
    }
    house.decide("settled", 1, "ana", Verdict::Approve);
    let reader = house.reader();
    let timers = reader.timers().unwrap();
    assert_eq!(timers.len(), 1);
    assert_eq!(
        (timers[0].key.job_id.as_str(), &timers[0].timer, &timers[0].heartbeat),
        ("promised", &None, &heartbeat)
    );
    assert_eq!(timers[0].wake(20).unwrap().at, at(63));
    assert_eq!(reader.timers_of(&id("promised")).unwrap(), timers);
    assert!(reader.timers_of(&id("person")).unwrap().is_empty());
}

#[test]
fn jobs_come_newest_first_and_as_asked_for() {
    let mut house = House::new();
    for (index, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let mut changes = started(name);
        let status = [JobStatus::NeedsApproval, JobStatus::Failed][usize::from(name == "c")];
        changes[0] = Change::InsertJob(Box::new(Job {
            created_at: at(index as i64),
            ..job(name, status)
        }));
        house.put(name, changes).unwrap();
    }
    let reader = house.reader();
    let names = |filter: &JobFilter| -> String {
        reader
            .jobs(filter)
            .unwrap()
            .iter()
            .map(|rows| rows.job.id.as_str().to_owned())
            .collect()
    };
    let all = JobFilter {
        limit: 100,
        ..JobFilter::default()
    };
    let asked = |change: fn(&mut JobFilter)| {
        let mut filter = all.clone();
        change(&mut filter);
        names(&filter)
    };
    assert_eq!(asked(|_| ()), "dcba");
    assert_eq!(asked(|filter| filter.limit = 2), "dc");
    assert_eq!(asked(|filter| filter.before = Some(at(2))), "ba");
    assert_eq!(asked(|filter| filter.status = Some(JobStatus::Failed)), "c");
    assert_eq!(asked(|filter| filter.limit = 0), "");
    for rows in reader.jobs(&all).unwrap() {
        assert_eq!(
            Some(rows.clone()),
            reader.job(&rows.job.id).unwrap(),
            "a list loads what one job loads"
        );
    }
    assert_eq!(reader.job(&id("nobody")).unwrap(), None);
}

#[test]
fn a_job_has_the_newest_decision_of_each_stage() {
    let mut house = House::with(["a"]);
    house.decide("a", 1, "ana", Verdict::Reject);
    house.put_one("a", opens(gate("a", 2))).unwrap();
    house
        .put("a", decided(&gate("a", 2), "bea", Verdict::Approve, at(11)).unwrap())
        .unwrap();
    let mut audio = gate("a", 1);
    audio.key.stage = stage("audio");
    house.put_one("a", opens(audio.clone())).unwrap();
    house
        .put("a", decided(&audio, "ana", Verdict::Approve, at(12)).unwrap())
        .unwrap();
    let names: Vec<_> = house
        .rows("a")
        .decisions
        .iter()
        .map(|sealed| sealed.decision.key().to_string())
        .collect();
    assert_eq!(names, ["a / script #2", "a / audio #1"]);
    let seqs = |stage: Option<&StageName>, limit| -> Vec<u64> {
        let found = house.reader().decisions(Some(&id("a")), stage, limit).unwrap();
        found.iter().map(|sealed| sealed.seq).collect()
    };
    assert_eq!(seqs(None, 10), [3, 2, 1]);
    assert_eq!(seqs(Some(&stage("script")), 1), [2]);
}

#[test]
fn beside_a_decision_that_was_taken_back_a_job_has_the_one_that_counts() {
    let mut house = House::with(["a"]);
    let kept = |house: &House| -> (Vec<u32>, Option<u32>) {
        let rows = house.rows("a");
        let key = |sealed: &SealedDecision| sealed.decision.attempt();
        let counts = rows.standing_decision(&stage("script")).map(key);
        (rows.decisions.iter().map(key).collect(), counts)
    };
    let attempt = |house: &mut House, number: u32, ends: GateState| {
        if number > 1 {
            house.put_one("a", opens(gate("a", number))).unwrap();
        }
        let mut changes = decided(&gate("a", number), "ana", Verdict::Approve, at(10)).unwrap();
        let Change::SettleGate { gate: settled, .. } = &mut changes[0] else {
            panic!("no decision")
        };
        settled.recall = Some(Box::new(RecallWindow::begun(both(10), 10, None)));
        let finished = Gate {
            state: ends,
            recall: None,
            ..(**settled).clone()
        };
        house.put("a", changes).unwrap();
        let meanwhile = kept(house);
        let finish = Change::FinishGate(Box::new(finished));
        house
            .put("a", vec![finish, event(EventType::GateApproved, JobStatus::Running)])
            .unwrap();
        (meanwhile, kept(house))
    };
    let of = |kept: &[u32], counts| (kept.to_vec(), counts);
    let recalled = GateState::Recalled;
    assert_eq!(attempt(&mut house, 1, recalled), (of(&[1], None), of(&[1], None)));
    assert_eq!(
        attempt(&mut house, 2, GateState::Approved),
        (of(&[2], None), of(&[2], Some(2)))
    );
    assert_eq!(
        attempt(&mut house, 3, recalled),
        (of(&[2, 3], Some(2)), of(&[2, 3], Some(2)))
    );
    assert_eq!(
        attempt(&mut house, 4, recalled),
        (of(&[2, 4], Some(2)), of(&[2, 4], Some(2)))
    );
    assert_eq!(
        attempt(&mut house, 5, GateState::Approved),
        (of(&[2, 5], Some(2)), of(&[5], Some(5)))
    );
}

#[test]
fn events_are_read_forward_from_a_number_or_backward_from_the_end() {
    let mut house = House::new();
    assert_eq!(house.reader().last_event_seq().unwrap(), 0);
    for name in ["a", "b", "c"] {
        house.put(name, started(name)).unwrap();
    }
    let reader = house.reader();
    let seqs = |job: Option<&str>, since, limit, tail| -> Vec<u64> {
        let job = job.map(id);
        reader
            .events(job.as_ref(), since, limit, tail)
            .unwrap()
            .iter()
            .map(|event| event.seq)
            .collect()
    };
    assert_eq!(seqs(None, 0, 100, false), [1, 2, 3, 4, 5, 6]);
    assert_eq!(seqs(None, 2, 2, false), [3, 4]);
    assert_eq!(seqs(None, 0, 2, true), [5, 6]);
    assert_eq!(seqs(Some("b"), 0, 100, false), [3, 4]);
    assert_eq!(seqs(Some("b"), 3, 100, true), [4]);
    assert_eq!(seqs(None, u64::MAX, 100, false), [0; 0]);
    assert_eq!(reader.last_event_seq().unwrap(), 6);
}

#[test]
fn what_is_owed_is_what_lies_above_the_watermark() {
    let mut house = House::with(["a", "b"]);
    let reader = house.reader();
    assert_eq!(reader.owed(10).unwrap(), [(id("a"), 2), (id("b"), 4)]);
    assert_eq!(reader.owed(1).unwrap(), [(id("a"), 2)]);
    let owed = reader.owed_of(&id("b")).unwrap().unwrap();
    assert_eq!(
        (owed.events.len(), owed.decisions.len(), owed.published_seq, owed.up_to),
        (2, 0, 0, 4)
    );
    house.published(&[(id("a"), 2), (id("b"), 4)]);
    assert!(reader.owed(10).unwrap().is_empty());

    let sealed = house.decide("b", 1, "ana", Verdict::Approve).decisions;
    assert_eq!(reader.owed(10).unwrap(), [(id("b"), 5)]);
    let owed = reader.owed_of(&id("b")).unwrap().unwrap();
    assert_eq!(owed.decisions, sealed);
    assert_eq!(owed.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [5]);
    assert_eq!(owed.rows, house.rows("b"));

    house.published(&[(id("b"), 3)]);
    let owed = reader.owed_of(&id("b")).unwrap().unwrap();
    assert_eq!(
        (owed.published_seq, owed.events.len()),
        (4, 1),
        "a watermark never falls"
    );
    house.published(&[(id("b"), 1000)]);
    assert!(reader.owed_of(&id("b")).unwrap().unwrap().events.is_empty());
    house
        .put("b", vec![event(EventType::JobCompleted, JobStatus::Completed)])
        .unwrap();
    assert_eq!(
        reader.owed(10).unwrap(),
        [(id("b"), 6)],
        "a watermark beyond the events hides none that follow"
    );
    assert_eq!(reader.owed_of(&id("nobody")).unwrap(), None);
}

#[test]
fn a_reader_cannot_write() {
    let house = House::new();
    let error = house
        .reader()
        .read(|connection| connection.execute("DELETE FROM job", &[]))
        .unwrap_err();
    assert_eq!(error.kind(), crate::StoreErrorKind::ReadOnly, "{error}");
}
