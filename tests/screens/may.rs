//! May I? Keys, hint line, palette and menu give the same answer: a walk over what the console can
//! stand on.

use console::action::Action;
use console::effect::Msg;
use console::facts::lists;
use console::facts::verb::{NoOffer, offer};
use console::keymap::{self, Focus};
use console::model::keys::Listed;
use console::model::panes::Lower;
use console::prompt::confirm::Confirm;
use console::prompt::menu::Menu;
use console::prompt::resume::ResumeAsk;
use console::prompt::timer::TimerAsk;
use console::question::Answered;
use domain::event::EventType;
use domain::gate::Verdict;
use domain::job::JobStatus;
use domain::lease::LeasePurpose;
use domain::refusal::{Refusal, RefusalCode};
use domain::view::QueueKind;
use testing::world::job_id;

use crate::console::{Console, session};
use crate::world::{World, job_row};

/// Something to stand on: made anew for each key, because a key changes it.
pub struct State(pub &'static str, pub fn() -> Console);

pub fn over(world: World) -> Console {
    Console::resting(session(), world, (80, 24), false)
}

pub fn drawn(keys: &str) -> Console {
    let mut console = over(World::drawn());
    console.press("g").press(keys);
    console
}

fn used_up(keys: &str) -> Console {
    let mut console = drawn(keys);
    console.backend.change_timer(&job_id("j-17"), |timer| {
        let mut used = timer.clone();
        used.added_us = 3600 * 1_000_000;
        used
    });
    console.hears(EventType::GateExtended, "ana gives more");
    console
}

fn read_only(keys: &str) -> Console {
    let mut console = drawn(keys);
    console.tell(Msg::ReadOnly("this holdpoint is older than the database".to_owned()));
    console.draw();
    console
}

fn restricted(keys: &str) -> Console {
    let mut session = session();
    session.is_restricted = true;
    let mut console = Console::resting(session, World::drawn(), (80, 24), false);
    console.press("g").press(keys);
    console
}

fn small(keys: &str) -> Console {
    let mut console = drawn(keys);
    console.resize(59, 24);
    console
}

pub fn elsewhere(keys: &str) -> Console {
    let mut console = drawn(keys);
    let world = &mut console.backend;
    world.settle("j-17", "script", Verdict::Approve, "ana");
    console.hears(EventType::GateApproved, "ana approved script #2");
    console
}

pub fn job(kind: QueueKind) -> Console {
    let mut world = World::new();
    match kind {
        QueueKind::Paused => world.paused("j-30", "heath"),
        QueueKind::Failed => {
            world.job("j-30", "heath", Some("script"), JobStatus::Failed);
            world
                .slots
                .push(job_row("j-30", "heath", QueueKind::Failed, Some("script")));
        }
        other => panic!("no state of {other:?}"),
    }
    over(world)
}

/// To the next of two gates, if it is not on one.
fn to(console: &mut Console, key: &str) {
    for _ in 0..9 {
        let id = console.model.queue.selected().unwrap().job_id().clone();
        if ["j-17", "j-21"].contains(&id.as_str()) {
            return;
        }
        console.press(key);
    }
    panic!("neither gate is on {}", console.text());
}

/// Both marked gates are in the hands of others.
fn all_leased() -> Console {
    let mut world = World::drawn();
    world.set_lease("j-17", Some(("ana", LeasePurpose::Prompt)));
    world.set_lease("j-21", Some(("cy", LeasePurpose::Prompt)));
    let mut console = over(world);
    console.press("g");
    to(&mut console, "j");
    console.press("Space");
    to(&mut console, "j");
    console.press("Space k");
    to(&mut console, "k");
    console
}

const STATES: [State; 29] = [
    State("row 1", || drawn("")),
    State("row 2", || drawn("j")),
    State("row 3", || drawn("j j")),
    State("row 4, leased", || drawn("j j j")),
    State("row 5, no timer and no file", || drawn("j j j j")),
    State("row 6, a running job", || drawn("j j j j j")),
    State("its job pane", || drawn("j j j j j 3")),
    State("the gate", || drawn("Enter")),
    State("history", || drawn("4")),
    State("forecast", || drawn("F")),
    State("forecast, two marked", || drawn("F Space Space k")),
    State("held", || drawn("t Enter")),
    State("used up", || used_up("")),
    State("used up, in the gate", || used_up("Enter")),
    State("read-only", || read_only("")),
    State("read-only, in the gate", || read_only("Enter")),
    State("read-only, writing", || read_only("e x Esc")),
    State("restricted", || restricted("")),
    State("restricted, writing", || restricted("e x Esc")),
    State("small", || small("")),
    State("small, in the gate", || small("Enter")),
    State("decided elsewhere", || elsewhere("Enter")),
    State("decided elsewhere, writing", || elsewhere("p x Esc")),
    State("paused", || job(QueueKind::Paused)),
    State("failed", || job(QueueKind::Failed)),
    State("two marked", || drawn("Space Space k")),
    State("two marked, leased", all_leased),
    State("a range", || drawn("V j")),
    State("nothing", || over(World::new())),
];

fn actions(focus: Focus) -> Vec<(Action, &'static str)> {
    let bindings = keymap::groups(focus).into_iter().flat_map(|group| group.bindings);
    let all = bindings.filter_map(|binding| Some((binding.action?, *binding.keys.first()?)));
    let mut actions: Vec<(Action, &str)> = Vec::new();
    for (action, key) in all {
        if actions.iter().all(|(known, _)| *known != action) {
            actions.push((action, key));
        }
    }
    actions
}

pub fn said(console: &Console) -> String {
    console
        .model
        .toasts
        .newest()
        .map(|toast| toast.text.clone())
        .unwrap_or_default()
}

/// Whether Enter alone answers the question, and nobody else has the gate open, who would have to
/// be asked first (Ctrl-t).
fn is_confirmable(console: &Console) -> bool {
    let model = &console.model;
    let confirm = model.asked::<Confirm>().map(|confirm| &confirm.pin.key);
    match confirm.or(model.asked::<TimerAsk>().map(|ask| &ask.key)) {
        Some(key) => model.lease_of_other(key).is_none(),
        None => model.asked::<ResumeAsk>().is_some(),
    }
}

#[test]
fn every_key_does_what_was_offered_or_says_the_refusal() {
    let mut refusals = std::collections::BTreeSet::new();
    let mut confirmed = std::collections::BTreeSet::new();
    for State(name, make) in STATES {
        let mut console = make();
        let focus = console.model.focus();
        for (action, key) in actions(focus) {
            let (answer, before) = (offer(&console.model, focus, action), said(&console));
            let had_prompt = console.model.prompt.is_some();
            let count = console.model.toasts.unread;
            console.press(key);
            let after = said(&console);
            let at = format!("{name}, {key} ({action:?}) said {after:?} after {before:?}");
            match answer {
                Ok(()) => {
                    let is_new = console.model.toasts.unread > 0 || count > 0 && after != before;
                    assert!(
                        !(is_new && after != before && after.starts_with("Not ")),
                        "offered: {at}"
                    );
                    let had = said(&console);
                    if !had_prompt && is_confirmable(&console) {
                        if matches!(action, Action::Extend | Action::HandOver) {
                            console.typed("10");
                        }
                        console.press("Enter Enter");
                        let (why, now) = (format!("asked what cannot be confirmed: {at}"), said(&console));
                        assert!(now == had || !now.starts_with("Not "), "{why}: {now}");
                        confirmed.insert(name);
                    }
                    console = make();
                }
                Err(NoOffer::Refused(refused)) => {
                    let gap = if refused.hint.is_empty() { "" } else { "   hint: " };
                    assert_eq!(
                        after,
                        format!("{}: {}{gap}{}", refused.what, refused.why, refused.hint),
                        "{at}"
                    );
                    assert_eq!(
                        console.model.prompt.is_some(),
                        had_prompt,
                        "a prompt came or went: {at}"
                    );
                    refusals.insert(refused.why);
                }
                Err(NoOffer::Nothing(words)) => {
                    assert!(words.is_empty() || after == words, "{at}, not {words:?}");
                    assert!(after == before || !after.starts_with("Not "), "{at}");
                    console = make();
                }
            }
        }
    }
    for name in ["row 1", "the gate", "held", "used up", "restricted", "paused"] {
        assert!(confirmed.contains(name), "nothing was confirmed on {name}");
    }
    // The walk has come past what it is about.
    for words in [
        "this console only reads",
        "that persons may add to j-17 / script #2",
        "this console is restricted",
        "below 60x14 nothing is decided",
        "ana approved it at",
        "has no timer",
        "not paused",
        "has already ended",
        "no failed job",
        "no open gate is selected",
    ] {
        assert!(
            refusals.iter().any(|why| why.contains(words)),
            "{words:?} is not in {refusals:#?}"
        );
    }
}

#[test]
fn no_hint_and_no_line_of_palette_or_menu_shows_what_would_be_refused() {
    for State(name, make) in STATES {
        let mut console = make();
        let focus = console.model.focus();
        let text = console.text();
        let line = text.lines().last().unwrap();
        let bindings = keymap::groups(focus).into_iter().flat_map(|group| group.bindings);
        for binding in bindings.filter(|binding| !binding.hint.is_empty()) {
            let shown = format!("{} {}  ", binding.keys[0], binding.hint);
            let answer = offer(&console.model, focus, binding.action.unwrap());
            assert!(
                !format!("{line}  ").contains(&format!(" {shown}")) || answer.is_ok(),
                "{name}: {shown} is hinted"
            );
        }
        if console.model.asked::<Menu>().is_some() {
            for (action, key) in actions(Focus::Menu)
                .into_iter()
                .filter(|(action, _)| *action != Action::Close)
            {
                let is_shown = text.contains(&format!("[{key}]"));
                assert!(
                    !is_shown || offer(&console.model, focus, action).is_ok(),
                    "{name}: [{key}] is in the menu"
                );
            }
            continue;
        }
        console.press(":");
        let overlay = console.model.keys.overlay.as_ref();
        assert_eq!(overlay.map(|overlay| overlay.listed), Some(Listed::Palette), "{name}");
        let pane = console.model.pane_focus();
        for entry in lists::entries(&console.model) {
            let answer = offer(&console.model, pane, entry.action);
            assert_eq!(answer, Ok(()), "{name}: {} is in the palette", entry.name);
        }
    }
}

#[test]
fn a_timer_with_nothing_left_to_add_is_hinted_nowhere() {
    let mut console = drawn("");
    let is_offered = |console: &Console, action| offer(&console.model, Focus::Queue, action).is_ok();
    assert!(is_offered(&console, Action::Hold) && is_offered(&console, Action::Extend));
    console = used_up("");
    assert!(!is_offered(&console, Action::Hold) && !is_offered(&console, Action::Extend));
    console.hides(" t timer");
    assert_eq!(console.model.panes.lower, Lower::Gate);
}

#[test]
fn a_console_that_became_read_only_opens_no_prompt_and_sends_nothing() {
    let mut console = read_only("");
    console.press("a").shows("Not approved: this console only reads");
    assert!(console.model.prompt.is_none());
    let mut console = read_only("e x Esc");
    console.press("a").shows("Not approved: this console only reads");
    assert!(console.model.asked::<Menu>().is_some());
    assert_eq!(console.decisions(), Vec::<&str>::new());
}

#[test]
fn a_resume_that_the_rules_refuse_is_hinted_nowhere_and_its_key_asks_anew() {
    let mut console = job(QueueKind::Paused);
    console.shows("R resume");
    let refusal = Refusal::new(RefusalCode::NotPossible, "w.txt is missing");
    console.tell(Msg::Answered(Answered::Resumable(job_id("j-30"), Ok(Err(refusal)))));
    console.draw();
    assert!(!console.text().contains("R resume"));
    console.press("R");
    assert!(
        console.model.asked::<ResumeAsk>().is_some(),
        "files come back without a word"
    );
}

#[test]
fn a_console_that_only_reads_marks_nothing() {
    let mut console = read_only("");
    for key in ["Space", "V", "*"] {
        console.press(key).shows("Not marked: this console only reads");
    }
    assert!(console.model.marks.on.is_empty() && console.model.marks.range.is_none());
}
