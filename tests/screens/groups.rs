//! Gates with the same change in one row: folded, opened, marked, and decided as one with a record
//! for each.

use domain::event::EventType;
use domain::gate::Verdict;
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
    let mut session = session();
    session.offers.groups = true;
    Console::resting(session, world, size, rests)
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
fn what_is_more_than_one_question_can_be_about_is_said() {
    let mut console = console(world(405), (120, 40), true);
    console.press("j").shows(">×405 ");
    console.press("a").shows("5 more with the same change are NOT included");
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
