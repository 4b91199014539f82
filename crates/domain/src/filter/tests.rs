//! What each word takes, and what is said of one that is wrong.

use super::*;
use crate::context::{GateContext, Severity};

struct Row {
    headline: Option<Headline>,
    is_unseen: bool,
    is_failed: bool,
    by: &'static str,
    left_s: Option<i64>,
}

impl Filtered for Row {
    fn names(&self) -> [&str; 4] {
        let title = self.headline.as_ref().map_or("", |said| &*said.title);
        ["j-17", "Tides", "audio_mix", title]
    }

    fn headline(&self) -> Option<&Headline> {
        self.headline.as_ref()
    }

    fn is_unseen(&self) -> bool {
        self.is_unseen
    }

    fn is_failed(&self) -> bool {
        self.is_failed
    }

    fn is_by(&self, name: &str) -> bool {
        self.by == name
    }

    fn left_us(&self) -> Option<i64> {
        self.left_s.map(|left_s| left_s * SECOND_US)
    }
}

fn row() -> Row {
    let said = GateContext {
        title: Some("Release notes: spring".to_owned()),
        severity: Some(Severity::High),
        labels: [("team".to_owned(), "media night".to_owned())].into(),
        ..GateContext::default()
    };
    Row {
        headline: said.headline(),
        is_unseen: true,
        is_failed: false,
        by: "bea",
        left_s: Some(600),
    }
}

fn takes(filter: &str, row: &Row) -> bool {
    GateFilter::parse(filter).unwrap().takes(row, "bea")
}

#[test]
fn each_word_takes_what_it_says_and_all_must_hold() {
    let row = row();
    for filter in [
        "",
        "  ",
        "tides",
        "TIDES j-17",
        "mix spring",
        "unseen",
        "mine",
        "by:bea",
        "!by:ana",
        "!failed",
        "stage:audio",
        "stage:audio_mix",
        "!stage:mix",
        "left<10m",
        "left<=600",
        "left>9m59s",
        "left>=10m",
        "!left<9m",
        "label:team",
        "label:team=\"media night\"",
        "!label:owner",
        "severity>=high",
        "severity:high",
        "severity=high",
        "severity<critical",
        "!severity=low",
        "\"notes: spring\"",
        "\"notes: spring",
        "!\"unseen\"",
        "unseen left<30m severity>normal tides !failed",
    ] {
        assert!(takes(filter, &row), "{filter}");
        // What must not hold refuses what must.
        let words = split(filter).len();
        let is_not = filter.starts_with('!');
        if words == 1 && !is_not {
            assert!(!takes(&format!("!{filter}"), &row), "!{filter}");
        }
    }
    for filter in [
        "dunes",
        "failed",
        "by:be",
        "stage:mix",
        "left<9m",
        "left>10m1s",
        "label:owner",
        "label:team=media",
        "severity>high",
        "\"unseen\"",
        "unseen failed",
        "tides !unseen",
    ] {
        assert!(!takes(filter, &row), "{filter}");
    }
}

#[test]
fn what_has_no_timer_is_in_no_bound_of_time() {
    let row = Row { left_s: None, ..row() };
    assert!(!takes("left<10m", &row) && !takes("left>10m", &row) && takes("!left<10m", &row));
}

#[test]
fn a_wrong_word_is_named_with_what_would_be_right() {
    let told: Vec<String> = [
        "left<abc",
        "tides left<",
        "left:10m",
        "left",
        "severitty:high",
        "severity>=loud",
        "severity>=",
        "lable:team",
        "label:",
        "label:=x",
        "by:",
        "by=ana",
        "stage:",
        "http://x",
        "!",
        "\u{1b}[2J:x",
    ]
    .iter()
    .map(|filter| match GateFilter::parse(filter) {
        Err(fault) => fault.to_string(),
        Ok(_) => format!("{filter}: taken"),
    })
    .collect();
    let right = "\
left<abc: \"abc\" is no length of time; write left<10m, left>1h or left<1h30m
left<: a length of time is wanted behind it; write left<10m, left>1h or left<1h30m
left:10m: < or > is wanted behind left; write left<10m, left>1h or left<1h30m
left: taken
severitty:high: no filter word begins so; did you mean severity?
severity>=loud: low, normal, high or critical is wanted; write severity>=high or severity=low
severity>=: low, normal, high or critical is wanted; write severity>=high or severity=low
lable:team: no filter word begins so; did you mean label?
label:: a label is wanted behind label:; write label:team=media, or label:team for any value
label:=x: a label is written key=value, or key for any value of it; write label:team=media, or label:team for any value
by:: a name is wanted behind by:; write by:ana
by=ana: a name is wanted behind by:; write by:ana
stage:: the beginning of a stage's name is wanted behind stage:; write stage:audio
http://x: no filter word begins so; write by, left, stage, label or severity, or put text in \"quotes\"
!: nothing stands behind the !; write !unseen
␛[2J:x: no filter word begins so; write by, left, stage, label or severity, or put text in \"quotes\"";
    assert_eq!(told.join("\n"), right);
    let long = GateFilter::parse(&"x".repeat(FILTER_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(long.to_string(), "a filter of 401 bytes is too long; write at most 400");
    assert!(GateFilter::parse(&"x".repeat(FILTER_BYTES_MAX)).is_ok());
}

#[test]
fn every_word_that_is_told_can_be_written() {
    for word in FILTER_WORDS {
        assert!(GateFilter::parse(word).is_ok(), "{word}");
    }
    let of_the_moment = |filter| GateFilter::parse(filter).unwrap().is_of_the_moment();
    assert!(of_the_moment("left<10m") && of_the_moment("tides mine") && !of_the_moment("tides unseen"));
}

#[test]
fn a_word_that_may_still_become_another_waits() {
    for (text, begun) in [
        ("", ""),
        ("u", ""),
        ("tides unsee", "tides "),
        ("tides unseen", "tides unseen"),
        ("tides\u{2003}!left", "tides\u{2003}"),
        ("tides left<", "tides left<"),
        ("tides left ", "tides left "),
        ("um", "um"),
        ("!", ""),
    ] {
        assert_eq!(GateFilter::begun(text), begun, "{text:?}");
    }
}
