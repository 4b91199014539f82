//! Gates with the same change in one row: folded, opened, marked, and decided as one with a record
//! for each.

use console::action::Action;
use console::facts::verb::{NoOffer, offer};
use console::keymap::{self, Focus};
use domain::event::EventType;
use domain::gate::Verdict;
use domain::lease::LeasePurpose;
use domain::policy::OnTimeout;
use domain::view::QueueKind;
use insta::assert_snapshot;
use serde_json::json;

use crate::console::{Console, SIZES, session};
use crate::world::{File, World};

const OLD: &str = "image: 1.4.0\nreplicas: 2\n";
const NEW: &str = "image: 1.4.1\nreplicas: 2\n";

/// So many gates with one change, one more stage with the same bytes, and one with other bytes.
fn world(count: u32) -> World {
    let mut world = World::new();
    let file = || [File::changed("deploy.yaml", OLD, NEW)];
    for number in 1..=count {
        let title = format!("h-{number:02} host / script #1");
        world.gate(&title, Some(600 + 60 * u64::from(number)), file());
    }
    world.gate("j-50 dunes / storyboard #1", Some(300), file());
    world.gate(
        "j-51 reef / script #1",
        Some(1000),
        [File::changed("deploy.yaml", OLD, "image: 1.5.0\nreplicas: 2\n")],
    );
    world
}

/// A console that folds, with an operator who looks at every screen or at none.
fn console(world: World, size: (u16, u16), rests: bool) -> Console {
    Console::resting(session(), world, size, rests)
}

/// The jobs whose gates have a row.
fn jobs(console: &Console) -> Vec<String> {
    let visible = console.model.queue.visible();
    let visible = visible.filter(|row| row.kind == QueueKind::Gate);
    visible.map(|row| row.job_id.to_string()).collect()
}

#[test]
fn one_row_stands_for_all_with_the_same_change_and_opens() {
    for (columns, rows) in SIZES {
        let mut console = console(world(12), (columns, rows), true);
        assert_eq!(jobs(&console), ["j-50", "h-01", "j-51"]);
        console
            .press("j")
            .shows("×12 h-01")
            .shows("×12 the same change: h-01 host");
        assert_snapshot!(format!("group_folded_{columns}"), console.picture());
        console.press("l");
        assert_eq!(jobs(&console).len(), 14);
        assert_snapshot!(format!("group_open_{columns}"), console.picture());
        console.press("j j h");
        assert_eq!(
            jobs(&console),
            ["j-50", "h-03", "j-51"],
            "the selected one stands for all"
        );
        console.press("K").shows("Every gate has its own row");
        assert_eq!(jobs(&console).len(), 14);
        console.press("K");
        assert_eq!(jobs(&console), ["j-50", "h-03", "j-51"]);
    }
}

#[test]
fn a_folded_row_is_decided_as_one_and_each_gate_has_its_record() {
    let mut console = console(world(12), (80, 24), true).then("j");
    console.press("a");
    assert_snapshot!("group_prompt_80", console.picture());
    console
        .shows("APPROVE 12 gates with the same change")
        .shows("12 h-12 host / script #1");
    assert!(console.decisions().is_empty());
    // What opens now was not asked about.
    console.opens(
        "h-13 host / script #1",
        Some(900),
        [File::changed("deploy.yaml", OLD, NEW)],
    );
    console.press("Enter").shows("Approved 12 gates");
    assert_eq!(console.decisions().len(), 12);
    assert_eq!(jobs(&console).len(), 3, "{:?}", jobs(&console));
    for number in 1..=12 {
        let rows = console.backend.rows_of(&format!("h-{number:02}"));
        let decision = rows.decisions.last().unwrap();
        assert!(
            decision.decision.is_wholly_seen(),
            "h-{number:02} was shown in the one of the group"
        );
    }
    assert!(console.backend.rows_of("h-13").decisions.is_empty());
}

#[test]
fn a_row_that_was_opened_stays_open_as_long_as_one_of_its_gates_is_there() {
    let mut console = console(world(2), (80, 24), true).then("j l");
    assert_eq!(jobs(&console), ["j-50", "h-01", "h-02", "j-51"]);
    console.elsewhere("h-01", "script", Verdict::Approve, "ana");
    assert_eq!(jobs(&console), ["j-50", "h-02", "j-51"]);
    console.opens(
        "h-09 host / script #1",
        Some(900),
        [File::changed("deploy.yaml", OLD, NEW)],
    );
    assert_eq!(jobs(&console), ["j-50", "h-02", "h-09", "j-51"]);
    // Nor does a filter that shows one of them close it, or one that shows none.
    for filter in ["h-02", "dunes"] {
        console.press("/").typed(filter).press("Enter");
        console.press("/ Ctrl-u Enter");
        assert_eq!(jobs(&console), ["j-50", "h-02", "h-09", "j-51"], "after {filter}");
    }
    // It is another one once none of them is left.
    for id in ["h-02", "h-09"] {
        console.elsewhere(id, "script", Verdict::Approve, "ana");
    }
    for title in ["h-10 host / script #1", "h-11 host / script #1"] {
        console.opens(title, Some(900), [File::changed("deploy.yaml", OLD, NEW)]);
    }
    assert_eq!(jobs(&console), ["j-50", "h-10", "j-51"]);
}

#[test]
fn what_was_not_shown_is_left_out_and_a_colleague_takes_theirs_away() {
    let mut console = console(world(3), (80, 24), false).then("j");
    console.press("r").shows("nothing to reject yet");
    console.press("i").shows("REJECT 3 gates with the same change");
    console.elsewhere("h-02", "script", Verdict::Approve, "ana");
    console.shows("REJECT 2 gates").shows("NOT: it is no longer open");
    console.press("Esc Esc");
    assert_eq!(jobs(&console), ["j-50", "h-01", "j-51"]);
    console.elsewhere("h-01", "script", Verdict::Approve, "ana");
    assert_eq!(
        console.model.queue.selected().unwrap().job_id().as_str(),
        "h-03",
        "the row stays"
    );
}

#[test]
fn a_mark_on_a_folded_row_is_on_each_of_its_gates() {
    let mut console = console(world(3), (80, 24), true).then("j Space");
    assert_eq!(console.model.marks.on.len(), 3);
    console.shows(" * ×3 h-01");
    console.press("k l j Space k h");
    console.shows("×3");
    assert_eq!(console.model.marks.on.len(), 2, "{}", console.text());
    console.shows(" + ");
    console.press("a").shows("APPROVE 3 gates with the same change");
    console.press("Esc *");
    assert_eq!(console.model.marks.on.len(), 5);
}

#[test]
fn the_timers_of_a_folded_row_are_held_together() {
    let mut console = console(world(3), (80, 24), true);
    console.press("j").shows(">×3 h-01");
    console.press("t").shows("HOLD TIMER of 3 gates");
    console.typed("until cy is here").press("Enter").shows("Held 3 gates");
    assert_eq!(console.sent("Hold").len(), 3);
    console.press("l").press("+").shows("EXTEND TIMER h-01");
}

#[test]
fn the_question_about_timers_lists_every_gate_with_its_time_and_title() {
    let mut world = world(30);
    world.says("h-02", &json!({ "title": "pier: 1.4.1" }));
    let mut console = console(world, (80, 24), true).then("j t");
    console.shows("  1 h-01 host / script #1  =11:00 approve");
    console.shows("  2 h-02 host / script #1  =12:00 approve  pier: 1.4.1");
    console.hides(" 30 h-30").shows("Down Up PgUp PgDn");
    console.press("PgDn PgDn PgDn PgDn").shows(" 30 h-30 host / script #1");
    assert_snapshot!("group_timers_80", console.picture());
    console.typed("until six").press("Enter").shows("Held 30 gates");
}

#[test]
fn what_is_more_than_one_question_can_be_about_is_said() {
    let mut console = console(world(405), (120, 40), true);
    console.press("j").shows(">×405 ");
    console.press("a").shows("5 more with the same change are NOT included");
    console
        .press("Esc t")
        .shows("5 more with the same change are NOT included");
    console.press("Enter");
    console.shows("Held 400 gates   5 more with the same change were NOT included");
}

#[test]
fn a_folded_row_has_the_time_of_its_most_urgent_gate_wherever_that_stands() {
    let mut console = console(world(60), (80, 24), true);
    console.backend.change_timer(&testing::world::job_id("h-60"), |timer| {
        let mut soon = timer.clone();
        soon.deadline = crate::world::at("02:13:20");
        soon
    });
    // Sorted by age the urgent one stands last.
    console.press("s").hears(EventType::GateExtended, "less");
    let text = console.text();
    let row = text.lines().find(|line| line.contains("×60 ")).unwrap().to_owned();
    assert!(row.contains(" 0:"), "{row}");
}

#[test]
fn what_a_requester_says_between_screen_and_decision_is_refused_for_each_gate_that_nobody_marked() {
    let said = || {
        let mut world = world(3);
        for (id, host) in [("h-01", "quay"), ("h-02", "pier"), ("h-03", "mole")] {
            world.says(
                id,
                &json!({ "title": format!("{host}: 1.4.1"), "labels": { "host": host } }),
            );
        }
        console(world, (80, 24), true).then("j")
    };
    // Heard of while the question is open.
    let mut console = said();
    console.press("a").shows("APPROVE 3 gates with the same change");
    console.backend.says("h-03", &json!({ "labels": { "ticket": "77" } }));
    console.hears(EventType::GateContextChanged, "ci says otherwise of script #1");
    console.shows("APPROVE 2 gates with the same change");
    console.shows("NOT: its requester says otherwise now");
    console.press("Enter").shows("Approved 2 of 3 gates");
    assert!(console.backend.rows_of("h-03").decisions.is_empty());
    // And before it was heard of.
    let mut console = said();
    console.press("a");
    console.backend.says("h-02", &json!({ "why": "legal asks" }));
    console.press("Enter").shows("Approved 2 of 3 gates");
    console.shows("NOT: its requester changed why since it was read");
    assert!(console.backend.rows_of("h-02").decisions.is_empty());
}

#[test]
fn gates_that_are_asked_for_for_another_reason_are_another_row() {
    let mut world = world(3);
    world.says("h-02", &json!({ "why": "1.4.0 leaks" }));
    let console = console(world, (80, 24), false);
    assert_eq!(jobs(&console), ["j-50", "h-01", "h-02", "j-51"]);
    console.shows("×2 h-01");
}

/// What a key of the queue is about where the row stands for several gates.
#[derive(Debug, PartialEq, Eq)]
enum About {
    /// All of them, in one question.
    Asks,
    /// All of them: it marks.
    Marks,
    /// One: it is refused, and says how to open the row.
    One,
    /// No open gate: it is refused or has nothing to do.
    NoGate,
    /// What is on the screen, or the console: nothing of any gate changes.
    Screen,
    /// Not a key of the queue.
    Elsewhere,
}

fn about(action: Action) -> About {
    use Action as A;
    match action {
        A::Approve | A::Reject | A::Hold | A::Extend | A::HandOver => About::Asks,
        A::Mark | A::MarkAll | A::MarkRead | A::MarkRange => About::Marks,
        A::Undo | A::Cancel | A::Compose | A::Edit | A::ExternalEditor | A::Comment => About::One,
        A::Resume | A::Acknowledge | A::Recall | A::MarkAgain | A::HoldCalled | A::Views | A::Discarded => {
            About::NoGate
        }
        A::Up | A::Down | A::Top | A::Bottom | A::PageUp | A::PageDown | A::HalfUp | A::HalfDown => About::Screen,
        A::Left | A::Right | A::NextPane | A::Open | A::Back | A::Zoom | A::Filter | A::FoldGroups => About::Screen,
        A::ShowQueue | A::ShowGate | A::ShowJob | A::ShowHistory | A::ShowFigures | A::ShowBoard => About::Screen,
        A::ShowJobs | A::Sort | A::ReadOn | A::FormerHunk | A::NextMatch | A::FormerMatch => About::Screen,
        A::NextFile | A::FormerFile | A::Fold | A::Mode | A::Wrap | A::Base | A::SinceLook => About::Screen,
        A::Files | A::Context | A::Search | A::Help | A::Palette | A::Copy | A::Repaint => About::Screen,
        A::Suspend | A::Quit | A::Handovers => About::Screen,
        A::TakeIn | A::TakeOver | A::Accept | A::Note | A::FormerNote | A::LaterNote | A::Reason => About::Elsewhere,
        A::Close | A::Menu | A::ApproveWith | A::RejectWith | A::ApplyOnly | A::Discard => About::Elsewhere,
        A::Leave | A::OtherType | A::AsPatch | A::CarryOver | A::Complete | A::Find => About::Elsewhere,
        A::FindNext | A::FindFormer | A::ResizePreview | A::PreviewUp | A::PreviewDown => About::Elsewhere,
    }
}

#[test]
fn every_key_at_a_folded_row_is_about_all_of_its_gates_or_says_that_it_is_about_one() {
    let folded = || {
        let console = console(world(3), (80, 24), true).then("j");
        console.shows(">×3 h-01");
        console
    };
    for binding in keymap::groups(Focus::Queue)
        .into_iter()
        .flat_map(|group| group.bindings)
    {
        let (Some(action), key) = (binding.action, binding.keys[0]) else {
            continue;
        };
        let mut console = folded();
        let answer = offer(&console.model, Focus::Queue, action);
        let at = format!("{key} ({action:?})");
        if about(action) != About::Screen {
            console.press(key);
        }
        match about(action) {
            About::Asks => {
                console.shows(" 3 gates");
                assert!(console.model.prompt.is_some(), "{at}");
            }
            About::Marks => {
                console.press(if action == Action::MarkRange { "V" } else { "" });
                let marked = console
                    .model
                    .marks
                    .on
                    .keys()
                    .filter(|key| key.job_id.as_str().starts_with("h-"));
                assert_eq!(marked.count(), 3, "{at}: {}", console.text());
            }
            About::One => {
                console.shows("the row stands for 3 gates   hint: l opens it");
                assert!(
                    console.model.prompt.is_none() && console.model.compose.is_none(),
                    "{at}"
                );
                // In the gate of the row too, and not where the row is its own.
                let mut inside = folded().then("Enter");
                inside
                    .press(key)
                    .shows("the row stands for 3 gates   hint: q l opens it");
                let opened = folded().then("l");
                let answer = offer(&opened.model, Focus::Queue, action);
                let is_about_row =
                    |no: &NoOffer| matches!(no, NoOffer::Refused(refused) if refused.why.contains("row"));
                assert!(!answer.is_err_and(|no| is_about_row(&no)), "{at}");
            }
            About::NoGate => assert!(answer.is_err(), "{at}"),
            About::Screen => {
                let before = (console.model.marks.on.len(), console.decisions().len());
                console.press(key);
                assert_eq!(
                    (console.model.marks.on.len(), console.decisions().len()),
                    before,
                    "{at}"
                );
                assert!(console.model.prompt.is_none() || action == Action::Quit, "{at}");
            }
            About::Elsewhere => panic!("{at} is a key of the queue: what is it about at a folded row?"),
        }
    }
}

#[test]
fn a_folded_row_hides_nobody_who_is_at_one_of_its_gates() {
    let mut console = console(world(5), (120, 40), false);
    let row = |console: &Console| {
        let text = console.text();
        text.lines().find(|line| line.contains("×5 ")).unwrap().to_owned()
    };
    assert!(row(&console).contains(" unseen"), "{}", row(&console));
    for id in ["h-02", "h-03"] {
        console.backend.looked(id, "ana");
    }
    console.hears(EventType::GateSeen, "ana looked");
    assert!(row(&console).contains(" ×3 unseen"), "{}", row(&console));
    console.backend.set_lease("h-04", Some(("cy", LeasePurpose::Compose)));
    console.hears(EventType::GateOpened, "cy composes");
    assert!(row(&console).contains(" ×1 cy composing"), "{}", row(&console));
    console.backend.set_lease("h-04", None);
    for id in ["h-01", "h-05"] {
        console.backend.hold(id, "ana", Some("cy comes at six"));
    }
    console.hears(EventType::GateHeld, "ana holds");
    assert!(row(&console).contains(" ×2 ana "), "{}", row(&console));
    assert!(
        row(&console).contains(" 12:00 "),
        "the first that runs: {}",
        row(&console)
    );
}

#[test]
fn what_the_timers_do_and_what_is_said_of_each_is_told_where_it_differs() {
    let mut world = world(3);
    for id in ["h-01", "h-02", "h-03"] {
        world.rows_of(id).gates[0].policy.unseen = OnTimeout::Hold;
    }
    world.says("h-02", &json!({ "title": "pier: 1.4.1" }));
    world.looked("h-02", "ana");
    let mut console = console(world, (80, 24), false).then("j");
    console.shows("×3 the same change (2 hold, 1 approve): h-01 host");
    console.press("i").hides("pier");
    console.press("l j").shows(" pier: 1.4.1").hides("h-02: pier");
    console.press("h").shows(" h-02:  pier: 1.4.1");
    console.press("r i").shows("REJECT 3 gates").shows("pier: 1.4.1");
}

#[test]
fn what_was_read_in_one_gate_of_a_row_counts_for_the_others_among_marks_too() {
    let mut console = console(world(3), (80, 24), true);
    console.press("j m");
    assert_eq!(console.model.marks.on.len(), 3, "{}", console.text());
    console.press("g Space");
    console.shows(">×3 h-01");
    console.press("a").shows("APPROVE 4 gates").hides("Left out");
    console.press("Enter").shows("Approved 4 gates");
    for id in ["h-01", "h-02", "h-03"] {
        let rows = console.backend.rows_of(id);
        assert!(rows.decisions.last().unwrap().decision.is_wholly_seen(), "{id}");
    }
}

#[test]
fn whoever_goes_to_one_gate_of_a_row_finds_its_own() {
    let mut session = session();
    session.open_at = Some((testing::world::job_id("h-02"), None));
    let mut console = Console::resting(session, world(3), (80, 24), true);
    console.shows("│ h-02").shows("─ h-02 host / script #1");
    console.press("q h F").shows("h-03");
    for _ in 0..9 {
        let selected = console.model.queue.selected().unwrap();
        if selected.job_id().as_str() == "h-03" {
            break;
        }
        console.press("j");
    }
    console.press("Enter").shows("└ h-03").shows("─ h-03 host / script #1");
}

#[test]
fn what_somebody_else_has_open_of_a_row_is_taken_over_as_one_by_a_second_press() {
    let mut world = world(3);
    for id in ["h-01", "h-02", "h-03"] {
        world.set_lease(id, Some(("cy", LeasePurpose::Prompt)));
    }
    let mut console = console(world, (120, 40), true).then("j");
    console.press("a").shows("APPROVE: nothing to approve yet, 3 left out");
    console.shows("[Ctrl-t] take them over");
    console.press("Ctrl-t");
    console.shows("Ctrl-t once more takes 3 gates over from cy; what they wrote is kept");
    assert!(console.sent("TakeLease").iter().all(|sent| !sent.contains("true")));
    console.press("Ctrl-t").shows("APPROVE 3 gates with the same change");
    console.press("Enter").shows("Approved 3 gates");
}

#[test]
fn what_is_left_to_others_can_be_taken_over_beside_what_is_decided() {
    let mut world = world(3);
    world.set_lease("h-02", Some(("cy", LeasePurpose::Prompt)));
    let mut console = console(world, (120, 40), true).then("j");
    console.press("a").shows("APPROVE 2 gates").shows("[Ctrl-t] take over");
    console.press("Ctrl-t").shows("takes 1 gate over from cy");
    // It stands there until it is done, or something else happens.
    console.press("Tab x Tab").shows("takes 1 gate over from cy");
    console
        .press("Ctrl-t")
        .shows("APPROVE 3 gates")
        .hides("once more takes");
}

#[test]
fn what_is_no_longer_asked_for_as_the_others_are_leaves_the_question() {
    let mut console = console(world(3), (80, 24), true).then("j");
    console.press("a").shows("APPROVE 3 gates with the same change");
    // Another policy holds for it: nothing else of it is another.
    console.backend.rows_of("h-03").gates[0].policy.max_hold_s += 1;
    console.hears(EventType::GateContextChanged, "ci says otherwise of script #1");
    console.shows("APPROVE 2 gates with the same change");
    console.shows("NOT: it is no longer asked for as the others are");
}
