//! What a queue remembers so that no frame has to look for it is the same as what looking for it
//! finds.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use domain::filter::Reading;
use domain::group::GroupKey;
use domain::ids::StageName;
use domain::lease::{Lease, LeasePurpose};
use domain::operator::{Operator, Surface, Via};
use domain::policy::OnTimeout;
use domain::time::{Now, Timestamp};
use domain::timer::{GateTimer, LastCalls};

const NAMES: [&str; 6] = ["j-1", "j-2", "j-3", "j-4", "j-5", "j-6"];

/// A gate (with so many seconds left, or without a timer) or a running job.
fn row(name: usize, attempt: u32, left_s: Option<u64>, kind: QueueKind) -> QueueRow {
    let is_left = |of: u64| left_s.is_some_and(|left_s| left_s % of == 0);
    let lease = || {
        let via = Via {
            surface: Surface::Console,
            login: "ana".to_owned(),
            uid: 1,
            host: "vm".to_owned(),
            ssh_client: None,
            peer: None,
            pid: 1,
            by_proxy: false,
        };
        let ana = Operator {
            name: "ana".to_owned(),
            via,
        };
        Arc::new(Lease::taken(
            ana,
            "other".to_owned(),
            LeasePurpose::Prompt,
            Now::default(),
        ))
    };
    QueueRow {
        kind,
        job_id: JobId::new(NAMES[name]).unwrap(),
        slug: Arc::from(["tides", "dunes"][name % 2]),
        stage: Some(StageName::new("script").unwrap()),
        attempt,
        since: Timestamp::from_micros(left_s.unwrap_or_default() as i64 % 7),
        at_zero: None,
        timer: left_s.map(|left_s| GateTimer {
            calls: (left_s % 3 > 0).then(|| {
                Box::new(LastCalls {
                    said_s: (left_s % 3 > 1).then_some(60),
                    ..LastCalls::default()
                })
            }),
            ..GateTimer::start(Now::default(), left_s, OnTimeout::Approve)
        }),
        max_hold_s: 0,
        lease: is_left(2).then(lease),
        added_lines: 0,
        removed_lines: 0,
        files: 0,
        is_new: false,
        is_binary: false,
        is_seen: false,
        is_wholly_seen: is_left(3),
        pause: None,
        headline: None,
        decided: None,
        group: (kind == QueueKind::Gate && attempt == 1).then(|| {
            let id = Digest::of(&[u8::try_from(name % 2).unwrap()]);
            Arc::new(GroupKey { id, digest: id })
        }),
        context_digest: None,
    }
}

#[derive(Debug, Clone)]
enum Step {
    Refresh(Vec<QueueRow>),
    Select(usize),
    Deselect,
    Filter(&'static str),
    Fold(bool),
    Unfold(bool),
    Sort,
}

fn rows() -> impl Strategy<Value = Vec<QueueRow>> {
    let kind = prop_oneof![3 => Just(QueueKind::Gate), 1 => Just(QueueKind::Running)];
    let one = (1..3u32, prop::option::of(0..500u64), kind, any::<bool>());
    prop::collection::vec(one, NAMES.len()).prop_map(|all| {
        let there = all.into_iter().enumerate().filter(|(_, one)| one.3);
        there
            .map(|(name, (attempt, left_s, kind, _))| {
                row(name, attempt, left_s.filter(|_| kind == QueueKind::Gate), kind)
            })
            .collect()
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => rows().prop_map(Step::Refresh),
        4 => (0..7usize).prop_map(Step::Select),
        1 => Just(Step::Deselect),
        1 => prop::sample::select(vec!["", "tides", "j-3", "left<2m", "failed"]).prop_map(Step::Filter),
        1 => Just(Step::Sort),
        1 => any::<bool>().prop_map(Step::Fold),
        2 => any::<bool>().prop_map(Step::Unfold),
    ]
}

fn check(queue: &Queue) {
    let selected = queue.selected();
    let place = selected.and_then(|key| queue.visible().position(|row| key.names(row)));
    assert_eq!(queue.place(), place);
    let present: Vec<&QueueRow> = queue.present().collect();
    let gates: Vec<&QueueRow> = present
        .iter()
        .copied()
        .filter(|row| row.kind == QueueKind::Gate)
        .collect();
    assert_eq!(queue.gates(), gates.len());
    for row in &queue.rows {
        if let RowKey::Gate(key) = RowKey::of(row) {
            let found = gates.iter().copied().find(|row| is_gate(row, &key));
            assert_eq!(queue.gate(&key), found);
        }
    }
    for place in 0..queue.len() {
        let members: Vec<_> = queue.members(place).collect();
        let Some(summed) = queue.summed(place) else {
            assert_eq!(members.len(), 1);
            continue;
        };
        assert_eq!(summed.group.len(), members.len());
        let fires_at = |row: &QueueRow| row.timer.as_ref().map_or(i64::MAX, |timer| timer.deadline.micros());
        assert_eq!(
            fires_at(summed.soonest),
            members.iter().map(|row| fires_at(row)).min().unwrap()
        );
        assert_eq!(summed.oldest.since, members.iter().map(|row| row.since).min().unwrap());
        let attended: Vec<_> = members.iter().filter(|row| row.lease.is_some()).collect();
        let first = attended.first().map(|row| (RowKey::of(row), attended.len()));
        assert_eq!(summed.attended.map(|(row, count)| (RowKey::of(row), count)), first);
        let seen = members.iter().filter(|row| row.is_wholly_seen).count();
        assert_eq!(summed.unseen + seen, members.len());
        assert!(summed.is_of_one_attempt && !summed.is_said_otherwise);
        for row in &queue.rows {
            let key = RowKey::of(row).gate();
            let is_member = key.is_some_and(|key| queue.member(summed.group, &key).is_some());
            assert_eq!(is_member, members.iter().any(|member| std::ptr::eq(*member, row)));
        }
    }
    let stood_for: usize = (0..queue.len()).map(|place| queue.members(place).count()).sum();
    assert_eq!(
        stood_for + queue.hidden(),
        present.len(),
        "every row is in sight, stood for or hidden"
    );
    let urgent: Vec<_> = queue.by_urgency().collect();
    let of_gates = (0..queue.len()).filter(|place| queue.row(*place).unwrap().kind == QueueKind::Gate);
    assert_eq!(
        urgent.iter().copied().collect::<std::collections::BTreeSet<_>>(),
        of_gates.collect()
    );
    assert_eq!(
        urgent.len(),
        urgent.iter().collect::<std::collections::BTreeSet<_>>().len()
    );
    let mut timed: Vec<_> = present
        .iter()
        .filter_map(|row| Some(row.timer.as_ref()?.deadline))
        .collect();
    timed.sort();
    let by_deadline = queue.by_deadline().map(|(row, _)| row.timer.as_ref().unwrap().deadline);
    assert_eq!(by_deadline.collect::<Vec<_>>(), timed);
    let is_called = |row: &&QueueRow| row.timer.as_ref().unwrap().has_called();
    let by_deadline = queue.by_deadline().map(|(row, _)| row).filter(is_called);
    let keys = |rows: Vec<&QueueRow>| rows.into_iter().map(RowKey::of).collect::<Vec<_>>();
    assert_eq!(keys(queue.called().collect()), keys(by_deadline.collect()));
    for (row, place) in queue.by_deadline() {
        let key = RowKey::of(row);
        let stands_for = |place: &usize| queue.members(*place).any(|row| key.names(row));
        assert_eq!(place, (0..queue.len()).find(stands_for));
    }
}

proptest! {
    #[test]
    fn whatever_happens_to_it_a_queue_finds_what_is_there(steps in prop::collection::vec(step(), 1..40)) {
        let mut queue = Queue::default();
        let drafts = BTreeMap::new();
        let reading = Reading { me: "bea", now: Now::default(), grace_s: 0 };
        let reader = QueueReader { reading, drafts: &drafts };
        for step in steps {
            match step {
                Step::Refresh(rows) => queue.refresh(rows, reader),
                Step::Select(place) => {
                    queue.select(place);
                }
                Step::Deselect => queue.deselect(),
                Step::Filter(words) => {
                    queue.filter = GateFilter::parse(words).unwrap();
                    queue.arrange(false, reader);
                }
                Step::Fold(is_on) => {
                    queue.groups.is_on = is_on;
                    queue.arrange(true, reader);
                }
                Step::Unfold(is_open) => {
                    queue.unfold(is_open, reader);
                }
                Step::Sort => {
                    queue.sort = queue.sort.next();
                    queue.arrange(true, reader);
                }
            }
            check(&queue);
        }
    }
}
