//! Decisions that may be taken back for a while.

use crate::console::Console;
use crate::world::World;

/// The gates of the drawing; decisions on four may be taken back for ten minutes.
fn recallable() -> Console {
    let mut world = World::drawn();
    for id in ["j-17", "j-21", "j-22", "j-23"] {
        world.rows_of(id).gates[0].policy.recall_s = 600;
    }
    Console::new(world, 80, 24)
}

fn approved(console: &mut Console, job: &str) {
    console.press("a").shows(&format!("APPROVE {job}"));
    console.shows("It can be taken back for 10:00.");
    console.press("Enter");
}

#[test]
fn a_decision_counts_down_and_is_taken_back_by_one_key() {
    for (columns, rows) in [(80, 24), (120, 40), (160, 50)] {
        let mut console = recallable();
        console.resize(columns, rows);
        approved(&mut console, "j-17");
        console.shows("Approved j-17 tides / script #2, moves on in 10:00   U takes it");
        console.pass(3).shows("moves on in 9:57");
        insta::assert_snapshot!(format!("recall_{columns}"), console.picture());
        console
            .press("U")
            .shows("Took back the decision on j-17 tides / script #2");
        console.hides("moves on in");
    }
}

#[test]
fn a_held_key_takes_back_one() {
    let mut console = recallable();
    approved(&mut console, "j-17");
    approved(&mut console, "j-21");
    console.rests = false;
    for _ in 0..10 {
        console.pass_ms(40).press("U");
    }
    assert_eq!(console.sent("Recall").len(), 1, "{:?}", console.backend.sent);
    console.pass(1).press("U");
    assert_eq!(console.sent("Recall").len(), 2);
}

#[test]
fn a_bulk_is_taken_back_whole_whichever_of_its_rows_is_selected() {
    let mut console = recallable();
    console.press("Space Space g a").shows("APPROVE 1 gate");
    console.press("i Enter Enter");
    console.shows("Approved 2 gates, moves on in 10:00");
    console.pass(1).press("U");
    assert_eq!(console.sent("Recall").len(), 2, "{:?}", console.backend.sent);
}

#[test]
fn two_questions_about_several_gates_are_two_however_soon_one_follows_the_other() {
    let mut console = recallable();
    console.press("Space Space g a i Enter Enter");
    console.shows("Approved 2 gates, moves on in 10:00");
    console.press("Esc");
    console.press("g g Space j Space g a i Enter Enter");
    console.pass(1).press("U");
    assert_eq!(console.sent("Recall"), ["Recall j-22", "Recall j-23"]);
    console.pass(1).press("U");
    assert_eq!(console.sent("Recall").len(), 4);
}
