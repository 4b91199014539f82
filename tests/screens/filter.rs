//! The words of the queue's filter: what each shows, what is said of a wrong one, and that the rows
//! do not go from under the eyes of whoever reads.

use std::sync::Arc;

use config::ConsoleSection;
use console::session::Session;
use domain::event::EventType;
use domain::filter::GateFilter;
use domain::gate::Verdict;
use domain::lease::LeasePurpose;
use insta::assert_snapshot;

use crate::console::{Console, SIZES};
use crate::world::World;

/// The gates of the drawing, of which `bea` holds one and `ana` composes at another; one job failed.
fn world() -> World {
    let mut world = World::drawn();
    world.hold("j-22", "bea", Some("waits for the mix"));
    world.set_lease("j-19", Some(("ana", LeasePurpose::Compose)));
    world.looked("j-21", "ana");
    world
}

/// The jobs that stand in the queue.
fn jobs(console: &Console) -> Vec<String> {
    let visible = console.model.queue.visible();
    visible.map(|row| row.job_id.to_string()).collect()
}

#[test]
fn each_word_shows_what_it_says_and_the_header_counts_what_is_hidden() {
    let mut console = Console::resting(crate::console::session(), world(), (80, 24), false);
    let mut shown = |words: &str| {
        console.press("/").typed(words).press("Enter");
        let jobs = jobs(&console).join(" ");
        let hidden = format!(": {} hidden", console.model.queue.hidden());
        console.shows(&hidden);
        console.press("Esc");
        jobs
    };
    assert_eq!(shown("unseen"), "j-22 j-19 j-23", "j-17 was on the screen meanwhile");
    assert_eq!(shown("mine"), "j-22");
    assert_eq!(shown("by:ana"), "j-19");
    assert_eq!(shown("left<10m"), "j-17 j-21");
    assert_eq!(shown("left>1h"), "j-19");
    assert_eq!(shown("stage:script left<10m"), "j-17");
    assert_eq!(shown("\"marsh\" !by:ana"), "j-22");
    console.press("/").typed("nothing").press("Enter");
    console.shows("No row matches the filter");
}

#[test]
fn a_wrong_word_is_explained_where_it_is_written_and_the_rows_stay() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(world(), columns, rows);
        console.press("/");
        assert_snapshot!(format!("filter_words_{columns}"), console.picture());
        console.typed("stage:script left<ab");
        assert_snapshot!(format!("filter_fault_{columns}"), console.picture());
        assert_eq!(jobs(&console), ["j-17", "j-19"], "as the words before it said");
        console.press("Enter").shows("left<ab");
        assert!(console.model.keys.field.is_some(), "it is not taken");
        console.press("Backspace Backspace").typed("1h").press("Enter");
        assert!(console.model.keys.field.is_none());
        assert_eq!(jobs(&console), ["j-17"]);
    }
    let mut console = Console::new(world(), 80, 24);
    console
        .press("/")
        .typed("severitty:high")
        .shows("no filter word begins so")
        .shows("did you mean severity?");
    console.press("Esc");
    assert_eq!(jobs(&console).len(), 6);
}

#[test]
fn what_is_being_read_stays_although_it_is_unseen_no_longer() {
    let mut console = Console::resting(crate::console::session(), world(), (80, 24), false);
    console.press("/").typed("unseen").press("Enter");
    assert_eq!(jobs(&console), ["j-22", "j-19", "j-23"]);
    console.backend.looked("j-22", "bea");
    console.elsewhere("j-23", "acceptance", Verdict::Approve, "ana");
    assert_eq!(jobs(&console), ["j-22", "j-19"], "the selected row is kept");
    console.press("j");
    console.event("j-19", "script", EventType::GateSeen, "ana looks");
    assert_eq!(jobs(&console), ["j-19"], "and goes when the selection has left it");
}

#[test]
fn a_row_comes_when_its_time_has_come_and_what_expires_next_is_told_although_it_is_hidden() {
    let mut console = Console::resting(crate::console::session(), world(), (120, 40), false);
    console.press("/").typed("left<2m").press("Enter");
    assert_eq!(jobs(&console), ["j-17"]);
    console.pass(180);
    assert!(jobs(&console).contains(&"j-21".to_owned()), "{:?}", jobs(&console));
    let mut console = Console::resting(crate::console::session(), world(), (120, 40), false);
    console.press("/").typed("by:ana").press("Enter");
    console.shows("NEXT 1:42 approve, hidden tides");
    console.shows("/by:ana: 5 hidden");
}

#[test]
fn a_saved_view_is_one_letter_away_and_the_list_says_which_there_are() {
    let views = [('m', "mine"), ('u', "unseen left<3h"), ('7', "severity>=high")];
    let views = views.map(|(key, filter)| (key, GateFilter::parse(filter).unwrap()));
    let session = Session {
        offers: ConsoleSection {
            views: Arc::new(views.into()),
            ..ConsoleSection::default()
        },
        ..crate::console::session()
    };
    for (columns, rows) in SIZES {
        let mut console = Console::resting(session.clone(), world(), (columns, rows), false);
        console.press("'");
        assert_snapshot!(format!("filter_views_{columns}"), console.picture());
        console.press("m");
        assert_eq!(jobs(&console), ["j-22"]);
        assert_eq!(console.model.queue.filter.text(), "mine");
        console.press("' Down Down Enter");
        assert_eq!(console.model.queue.filter.text(), "unseen left<3h");
        console.press("' x").shows("No view is called that");
        console.press("Esc Esc");
        assert!(console.model.queue.filter.is_empty());
    }
    let console = Console::drawn().then("'");
    console.shows("The configuration has no views   hint: console.views");
}

#[test]
fn the_column_that_the_rows_are_sorted_by_is_marked_at_every_width() {
    for (columns, rows) in SIZES {
        let mut console = Console::resting(crate::console::session(), world(), (columns, rows), false);
        console.shows("LEFT↓");
        for head in ["AGE↓", "JOB↓", "STAGE↓", "LEFT↓"] {
            console.press("s").shows(head);
            assert_eq!(console.text().matches('↓').count(), 1, "{head}: {}", console.text());
        }
    }
    let console = Console::resting(crate::console::session(), world(), (80, 24), false).then("s");
    assert_snapshot!("sorted_by_age_80", console.picture());
}
