//! What is written is what is read, to the byte.

use proptest::prelude::*;

use super::*;
use domain::anchor::{Anchor, BootId};
use domain::comment::{Comment, CommentSide};
use domain::decision::{Seen, SeenVersion};
use domain::hold::Hold;
use domain::job::{Attempt, AttemptState};
use domain::lease::{Lease, LeasePurpose};
use domain::policy::Doubt;
use domain::timer::LastCalls;

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(SCRIPT.to_owned()),
        Just("'; DROP TABLE gate; --".to_owned()),
        Just("\u{202e}\u{1b}[2J\u{0}".to_owned()),
        ".{0,40}",
    ]
    .prop_map(|text| match House::KEEPS_ANY_TEXT {
        true => text,
        false => text.replace('\0', "\u{2400}"),
    })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(306.0)),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((texts(), inner), 0..4).prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

fn times() -> impl Strategy<Value = Timestamp> {
    // Up to the year 9999: RFC 3339 has no more.
    (0..253_402_300_799_000_000_i64).prop_map(Timestamp::from_micros)
}

/// With none among them: timers from before anchors were known.
fn anchors() -> impl Strategy<Value = Anchor> {
    let anchor = ("[0-9a-f]{16}", any::<i64>()).prop_map(|(digits, offset_us)| Anchor {
        boot: BootId::of_kernel(&digits),
        offset_us,
    });
    prop_oneof![
        Just(Anchor::default()),
        anchor.prop_filter("no start", |anchor| !anchor.is_none())
    ]
}

prop_compose! {
    fn timers()(
        choice in 0..3_usize, deadline in any::<i64>(), overdue in prop::option::of(any::<i64>()),
        held in prop::option::of(any::<i64>()), added_us in any::<i64>(),
        hold in prop::option::of((texts(), times())), stopped in prop::option::of(any::<i64>()), anchor in anchors(),
    ) -> GateTimer {
        GateTimer {
            on_timeout: OnTimeout::ALL[choice],
            deadline: Timestamp::from_micros(deadline),
            overdue_since: overdue.map(Timestamp::from_micros),
            held_by_policy_at: held.map(Timestamp::from_micros),
            held_because: held.filter(|at| at % 2 == 0).map(|_| Doubt::Unseen),
            calls: overdue.map(|at| Box::new(LastCalls {
                next_s: (at % 2 == 0).then_some(120),
                said_s: (at % 3 == 0).then_some(600),
                is_reached: at % 5 == 0,
            })),
            added_us,
            hold: hold.map(|(name, taken_at)| Box::new(Hold { holder: operator(&name), taken_at, reason: Some(name) })),
            stopped_at: stopped.map(Timestamp::from_micros),
            anchor,
        }
    }
}

prop_compose! {
    fn leases()(taken_from in proptest::option::of(texts()), name in texts(), session in texts(), taken_at in times(), expires_at in times(), compose in any::<bool>(), anchor in anchors()) -> Lease {
        let purpose = if compose { LeasePurpose::Compose } else { LeasePurpose::Prompt };
        Lease { holder: operator(&name), session, purpose, taken_at, expires_at, taken_from, anchor }
    }
}

prop_compose! {
    fn gates()(
        timer in prop::option::of(timers()), lease in prop::option::of(leases()), max_hold_s in any::<u64>(),
        seen in prop::collection::vec((texts(), times()), 0..3), kind in texts(), added in any::<u32>(), size in any::<u64>(),
        files in 0..3_usize, opened_at in any::<i64>(), is_binary in any::<bool>(), has_base in any::<bool>(), has_context in any::<bool>(),
    ) -> Gate {
        let mut one = artifact();
        one.kind = kind;
        one.added_lines = added;
        one.size_bytes = size;
        one.is_binary = is_binary;
        one.base = one.base.filter(|_| has_base);
        let mut gate = gate("a", 1);
        gate.timer = timer;
        gate.context = if has_context { context() } else { gate.context };
        gate.lease = lease;
        gate.policy.max_hold_s = max_hold_s;
        gate.opened_at = Timestamp::from_micros(opened_at);
        gate.artifacts = vec![one; files];
        gate.seen = seen.into_iter().map(|(by, at)| Seen { by, at, digest: Digest::of(b"seen"), hunks: Some(3), hunks_shown: None, artifacts: vec![SeenVersion { path: ArtifactPath::new("artifacts/s.txt").unwrap(), sha256: Digest::of(b"s") }] }).collect();
        gate
    }
}

prop_compose! {
    fn attempts()(
        number in 1..u32::MAX, state in 0..6_usize, notes in prop::option::of(texts()), patch in prop::option::of(values()),
        times in prop::array::uniform3(any::<i64>()), outcome in prop::option::of(texts()),
    ) -> Attempt {
        use AttemptState::{Canceled, Completed, Failed, Lost, Queued, Running};
        Attempt {
            stage: stage("script"),
            number,
            state: [Queued, Running, Completed, Failed, Lost, Canceled][state],
            comments: notes.iter().map(|text| Comment {
                artifact: ArtifactPath::new("artifacts/script/script.txt").unwrap(),
                line: number,
                side: if patch.is_some() { CommentSide::Base } else { CommentSide::New },
                text: text.clone(),
            }).collect(),
            notes,
            patch,
            queued_at: Timestamp::from_micros(times[0]),
            started_at: (times[1] > 0).then_some(Timestamp::from_micros(times[1])),
            ended_at: (times[2] > 0).then_some(Timestamp::from_micros(times[2])),
            outcome,
            host: None,
        }
    }
}

prop_compose! {
    fn jobs()(
        slug in texts(), intent in texts(), is_manual in any::<bool>(), status in 0..7_usize, has_stage in any::<bool>(),
        params in values(), cfg in values(), created_by in texts(), created in any::<i64>(), updated in any::<i64>(),
    ) -> Job {
        Job {
            slug,
            intent,
            is_manual,
            stage: has_stage.then(|| stage("script")),
            params: Map::from_iter([("z".to_owned(), params), ("a".to_owned(), Value::Null)]),
            cfg: Map::from_iter([("z".to_owned(), cfg), ("a".to_owned(), Value::Null)]),
            created_by,
            created_at: Timestamp::from_micros(created),
            updated_at: Timestamp::from_micros(updated),
            acknowledged_at: None,
            ..job("a", JobStatus::ALL[status])
        }
    }
}

/// Numbers as JSON has them: a float that is no number has no JSON form and became null before it
/// came here.
fn text_of(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(House::CASES))]

    #[test]
    fn every_field_of_a_job_comes_back(
        job in jobs(), first in gates(), then in gates(), attempt in attempts(), former in prop::option::of(Just(Digest::of(b"x"))),
        payload in values(), message in texts(),
    ) {
        let mut house = House::new();
        let stored = Artifact {
            stage: stage("script"), kind: "script".to_owned(), path: path("artifacts/script/script.txt"),
            digest: Digest::of(SCRIPT.as_bytes()), size_bytes: 5, created_at: at(4), former,
        };
        let event = NewEvent {
            kind: EventType::GateOpened, stage: None, status: job.status, message: message.clone(), payload: payload.clone(),
        };
        let changes = vec![
            Change::InsertJob(Box::new(job.clone())),
            Change::PutAttempt(Box::new(attempt.clone())),
            Change::OpenGate(Box::new(first.clone())),
            Change::PutArtifact(Box::new(stored.clone())),
            Change::Event(Box::new(event)),
        ];
        house.put("a", changes).unwrap();
        let expected = JobRows { job, attempts: vec![attempt], gates: vec![first], artifacts: vec![stored], decisions: Vec::new() };
        prop_assert_eq!(text_of(&house.rows("a")), text_of(&expected));
        let gate = &house.rows("a").gates[0];
        prop_assert_eq!(&gate.timer, &expected.gates[0].timer, "to the microsecond, also where RFC 3339 ends");

        house.put_one("a", puts(then.clone())).unwrap();
        prop_assert_eq!(text_of(&house.rows("a").gates), text_of(&vec![then]));

        let read = house.reader().events(None, 0, 10, false).unwrap();
        let line = text_of(&read[0]);
        prop_assert_eq!(&line, &text_of(&domain::event::Event {
            seq: 1, ts: at(3), job_id: id("a"), kind: EventType::GateOpened, stage: None, status: expected.job.status, message, payload,
        }));
        prop_assert_eq!(text_of(&house.reader().events(None, 0, 10, true).unwrap()[0]), line);
    }

    #[test]
    fn a_decision_renders_to_the_bytes_that_were_sealed(
        gate in gates(), notes in texts(), patch in values(), when in times(), approve in any::<bool>(),
    ) {
        // A null patch is no patch: the decision file has one word for both.
        prop_assume!(!patch.is_null());
        let gate = Gate { opened_at: at(2), timer: None, ..gate };
        let mut house = House::new();
        let mut changes = started("a");
        changes[3] = Change::OpenGate(Box::new(gate.clone()));
        house.put("a", changes).unwrap();
        let verdict = if approve { Verdict::Approve } else { Verdict::Reject };
        let mut changes = decided(&gate, &notes, verdict, when).unwrap();
        if let Change::SettleGate { decision: Some(decision), .. } = &mut changes[0] {
            let mut raw = serde_json::to_value(&**decision).unwrap();
            raw["patch"] = patch;
            **decision = serde_json::from_value(raw).unwrap();
        }
        let applied = house.put("a", changes).unwrap();
        let sealed = &applied.decisions[0];
        for read in [
            house.rows("a").decisions.pop().unwrap(),
            house.reader().decisions(Some(&id("a")), Some(&stage("script")), 1).unwrap().pop().unwrap(),
        ] {
            prop_assert_eq!(read.to_file(), sealed.to_file());
            prop_assert_eq!(read.computed_hash(), sealed.hash);
        }
        let stored = house.reader().raw_decisions_of(&id("a"), 0, 1).unwrap().pop().unwrap();
        prop_assert_eq!(stored.document, sealed.to_file());
    }
}
