//! Where a prompt shows Enter, it does something: every kind of question, in every way to stand.

use console::action::Action;
use console::effect::Msg;
use console::facts::verb::{NoOffer, offer};
use console::keymap;
use console::prompt::discard::DiscardAsk;
use domain::event::EventType;
use domain::lease::LeasePurpose;
use domain::view::QueueKind;

use crate::console::Console;
use crate::may::{State, drawn, elsewhere, job, over, said};
use crate::world::World;

fn leased(who: &str) -> World {
    let mut world = World::drawn();
    world.set_lease("j-17", Some((who, LeasePurpose::Compose)));
    world
}

fn on(world: World, keys: &str) -> Console {
    let mut console = over(world);
    console.press("g").press(keys);
    console
}

/// The rules take their time.
fn unanswered(keys: &str) -> Console {
    let mut world = World::drawn();
    world.is_asking = true;
    on(world, keys)
}

/// Somebody takes the gate over under the open prompt.
fn lost(keys: &str) -> Console {
    let mut console = drawn(keys);
    console.pass(1);
    console.backend.set_lease("j-17", Some(("ana", LeasePurpose::Prompt)));
    console.hears(EventType::GateHeld, "ana takes script #2 over");
    console
}

fn typed(mut console: Console, text: &str) -> Console {
    console.typed(text);
    console
}

/// The marked gate is not what it was marked as, and nobody here has heard of it.
fn refused_in_bulk() -> Console {
    let mut console = drawn("Space Space");
    console.backend.overwrite("j-17", "script/script.txt", b"other bytes\n");
    console.press("k a i");
    console
}

/// Every kind of question, in every way to stand. Enter is shown where it does something, and
/// nowhere else.
const PROMPTS: [State; 29] = [
    State("approve", || drawn("a")),
    State("approve, in the note", || drawn("a Tab")),
    State("approve, unanswered", || unanswered("a")),
    State("approve, a colleague has it", || on(leased("ana"), "a")),
    State("approve, a colleague has it, in the note", || {
        on(leased("ana"), "a Tab")
    }),
    State("approve, another console of mine has it", || on(leased("bea"), "a")),
    State("approve, taken over", || lost("a")),
    State("reject", || drawn("r")),
    State("reject, a colleague has it", || on(leased("ana"), "r")),
    State("decided elsewhere under the prompt", || elsewhere("a")),
    State("apply", || typed(drawn("e"), "x")),
    State("hold", || drawn("t")),
    State("hold, unanswered", || unanswered("t")),
    State("hold, a colleague has it", || on(leased("ana"), "t")),
    State("release", || drawn("t Enter t")),
    State("extend, nothing typed", || drawn("+")),
    State("extend, no length of time", || typed(drawn("+"), "20x")),
    State("extend, more than there is", || typed(drawn("+"), "2h")),
    State("extend", || typed(drawn("+"), "10m")),
    State("bulk", || drawn("Space Space k a i")),
    State("bulk, unanswered", || unanswered("Space Space k a i")),
    State("bulk, nobody has looked", || drawn("Space Space k a")),
    State("bulk, one refused", refused_in_bulk),
    State("resume", || {
        let mut console = job(QueueKind::Paused);
        console.press("R");
        console
    }),
    State("cancel", || drawn("X")),
    State("cancel, another id", || typed(drawn("X"), "j-18")),
    State("cancel, the id", || typed(drawn("X"), "j-17")),
    State("discard", || {
        let mut console = typed(drawn("p"), "x");
        console.press("Esc D");
        console
    }),
    State("discard, the word", || {
        let mut console = typed(drawn("p"), "x");
        console.press("Esc D");
        typed(console, "discard")
    }),
];

/// What was sent but leases and looks, which come and go with the screen.
fn deeds(console: &Console) -> usize {
    let of_screen = ["TakeLease", "ReleaseLease", "MarkSeen"];
    let sent = console.backend.sent.iter();
    sent.filter(|words| of_screen.iter().all(|quiet| !words.starts_with(quiet)))
        .count()
}

/// What the key row and the last line say of Enter and Ctrl-t, and what these keys then do.
fn walk(name: &str, mut console: Console) -> Option<NoOffer> {
    let focus = console.model.focus();
    let text = console.text();
    let last = text.lines().last().unwrap().to_owned();
    let answer = offer(&console.model, focus, Action::Accept);
    let is_open = console.model.is_binding();
    let at = format!("{name}: {answer:?}\n{text}");
    assert_eq!(text.contains("[Enter]"), is_open && answer.is_ok(), "{at}");
    assert!(
        !(is_open && last.contains("Enter") && answer.is_err()),
        "the last line: {at}"
    );
    let can_take =
        keymap::key_of(focus, Action::TakeOver).is_some() && offer(&console.model, focus, Action::TakeOver).is_ok();
    assert_eq!(text.contains("[Ctrl-t]"), is_open && can_take, "{at}");
    let (before, had) = (deeds(&console), said(&console));
    console.press("Enter");
    let now = said(&console);
    if is_open && answer.is_ok() {
        assert!(now == had || !now.starts_with("Not "), "{now} was offered: {at}");
        return None;
    }
    assert_eq!(deeds(&console), before, "sent, and not offered: {at}");
    let words = match answer.as_ref().err() {
        Some(NoOffer::Refused(refused)) => format!("{}: {}", refused.what, refused.why),
        Some(NoOffer::Nothing(words)) => words.clone(),
        None => String::new(),
    };
    assert!(now.starts_with(&words), "said {now:?}, not {words:?}: {at}");
    answer.err()
}

#[test]
fn a_prompt_shows_enter_where_it_would_do_something_and_nowhere_else() {
    let mut refusals = std::collections::BTreeSet::new();
    let mut offered = Vec::new();
    for State(name, make) in PROMPTS {
        match walk(name, make()) {
            Some(NoOffer::Refused(refused)) => {
                refusals.insert(refused.why);
            }
            Some(NoOffer::Nothing(words)) => {
                refusals.insert(words);
            }
            None => offered.push(name),
        }
    }
    for name in [
        "approve",
        "approve, in the note",
        "release",
        "extend",
        "bulk",
        "bulk, one refused",
        "resume",
        "cancel, the id",
        "discard, the word",
    ] {
        assert!(offered.contains(&name), "{name} is not among {offered:?}");
    }
    for words in [
        "ana is composing on j-17 / script #2",
        "ana has a prompt open on j-17 / script #2",
        "still being asked",
        "is no length of time",
        "more than may still be added",
        "you have seen none of the marked gates wholly",
        "that is not j-17",
        "that is not discard",
    ] {
        assert!(
            refusals.iter().any(|why| why.contains(words)),
            "{words:?} is not in {refusals:#?}"
        );
    }
}

#[test]
fn a_prompt_that_is_open_when_the_console_becomes_read_only_says_so_and_offers_no_enter() {
    for State(name, make) in PROMPTS {
        let mut console = make();
        if !console.model.is_binding() || console.model.asked::<DiscardAsk>().is_some() {
            continue;
        }
        console.tell(Msg::ReadOnly("this holdpoint is older than the database".to_owned()));
        console.draw();
        console.shows(": this console only reads");
        console.hides("[Ctrl-t]");
        let answer = walk(name, console);
        assert!(
            matches!(answer, Some(NoOffer::Refused(no)) if no.why == "this console only reads"),
            "{name}"
        );
    }
}

#[test]
fn a_bulk_is_told_by_the_rules_and_leaves_out_what_they_would_refuse() {
    let mut console = drawn("Space Space Space g a i");
    console.shows("3 jobs: ");
    console.shows("Cannot be taken back.");
    console.press("Enter Enter").decides(3);
    let mut console = refused_in_bulk();
    console.shows("left out: would be refused");
    console.shows("1 would be refused: script.txt changed");
    console.shows("APPROVE 1 gate");
    console.press("Enter Enter").decides(1);
    assert!(
        console.decisions()[0].starts_with("Approve j-21"),
        "{:?}",
        console.decisions()
    );
}
