//! The record by its times: a window costs what is in it.

use super::*;
use domain::context::LabelFilter;
use domain::decision::RecordedDecision;
use domain::figures::RecordFilter;

/// Decisions and holds at these seconds, in this order: the clock was ahead once.
fn house() -> House {
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut house = House::with(names);
    for (name, seconds) in names.into_iter().zip([10, 20, 500, 30, 40, 50]) {
        let changes = decided(&gate(name, 1), "ana", Verdict::Approve, at(seconds)).unwrap();
        house.put(name, changes).unwrap();
        house.put_at(name, vec![hold(1)], at(seconds)).unwrap();
    }
    house
}

fn since(seconds: i64) -> RecordFilter {
    RecordFilter {
        since: Some(at(seconds)),
        ..RecordFilter::default()
    }
}

#[test]
fn a_window_begins_at_its_first_decision_and_reads_none_before_it() {
    let house = house();
    let reader = house.reader();
    // So many decisions are looked at in one go: without the index the first go finds none.
    let page = |filter: &RecordFilter, after: u64| {
        let mut found = Vec::new();
        let last = reader.each_decision(filter, after, 1, |RecordedDecision { decision, .. }| {
            found.push(decision.job_id().to_string())
        });
        (found, last.unwrap())
    };
    assert_eq!(page(&since(35), 0), (vec!["c".to_owned()], 3));
    assert_eq!(
        page(&since(35), 3),
        (Vec::new(), 4),
        "behind it each is asked for its own time"
    );
    assert_eq!(page(&since(35), 4), (vec!["e".to_owned()], 5));
    assert_eq!(page(&since(501), 0), (Vec::new(), 0), "there is none");
    assert_eq!(page(&RecordFilter::default(), 0), (vec!["a".to_owned()], 1));

    let listed = |filter: &RecordFilter| -> Vec<String> {
        let listed = reader.recorded(filter, 10).unwrap();
        listed
            .iter()
            .map(|sealed| sealed.decision.job_id().to_string())
            .collect()
    };
    assert_eq!(listed(&since(35)), ["f", "e", "c"]);
    assert_eq!(listed(&since(501)), [""; 0]);
    assert_eq!(listed(&RecordFilter::default()).len(), 6);
}

#[test]
fn holds_of_a_window_begin_at_its_first_one() {
    let house = house();
    let reader = house.reader();
    let held = |filter: &RecordFilter, after: u64| -> Vec<String> {
        let held = reader.holds(filter, after, 10).unwrap();
        held.iter().map(|(event, _)| event.job_id.to_string()).collect()
    };
    assert_eq!(held(&since(35), 0), ["c", "e", "f"]);
    assert_eq!(held(&since(501), 0), [""; 0]);
    assert_eq!(held(&RecordFilter::default(), 0).len(), 6);
}

#[test]
fn a_torn_decision_is_named_whatever_is_asked_for() {
    if !House::KEEPS_ANY_TEXT {
        return;
    }
    let house = house();
    house.edit("UPDATE decision SET document = 'torn' WHERE seq = 2");
    let reader = house.reader();
    let label = |key: &str, value: Option<&str>| LabelFilter {
        key: key.to_owned(),
        value: value.map(str::to_owned),
    };
    let filters = [
        RecordFilter::default(),
        since(5),
        RecordFilter {
            operator: Some("bea".to_owned()),
            ..RecordFilter::default()
        },
        RecordFilter {
            verdict: Some(Verdict::Reject),
            ..RecordFilter::default()
        },
        RecordFilter {
            is_by_timer: Some(true),
            ..RecordFilter::default()
        },
        RecordFilter {
            labels: vec![label("team", None), label("team", Some("media"))],
            ..RecordFilter::default()
        },
    ];
    for filter in filters {
        let refused = [
            reader.recorded(&filter, 10).unwrap_err().to_string(),
            reader.each_decision(&filter, 0, 10, drop).unwrap_err().to_string(),
        ];
        for refused in refused {
            assert!(
                refused.contains("table decision, row 2: document: "),
                "{refused}, for {filter:?}"
            );
        }
    }
    // What is asked of a later time begins behind it.
    assert_eq!(reader.recorded(&since(35), 10).unwrap().len(), 3);
}
