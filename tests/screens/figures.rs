//! How gates were decided of late, on the screen.

use console::keymap::Focus;
use domain::gate::Verdict;
use insta::assert_snapshot;

use crate::console::{Console, SIZES};
use crate::world::World;

fn decided(columns: u16, rows: u16) -> Console {
    let mut console = Console::new(World::drawn(), columns, rows);
    console.press("a Enter");
    console.elsewhere("j-22", "audio", Verdict::Reject, "cy");
    console.press("5");
    console
}

#[test]
fn the_figures_at_three_sizes() {
    for (columns, rows) in SIZES {
        let console = decided(columns, rows);
        assert_eq!(console.model.focus(), Focus::Figures);
        console.shows("2 decisions in 30 days").shows("1 rejected");
        assert_snapshot!(format!("figures_{columns}"), console.picture());
    }
}

#[test]
fn the_history_is_filtered_and_escape_takes_that_back() {
    let mut console = decided(120, 40);
    console.press("4");
    console.shows("decision 1 of 2").shows("- rejected").shows("unseen");
    console.press("/").typed("audio rejected").press("Enter");
    console.shows("decision 1 of 1, newest first  filter: audio rejected, 1 hidden");
    assert_eq!(console.model.queue.filter.text(), "");
    console
        .press("/")
        .typed(" nobody")
        .press("Enter")
        .shows("no decision matches the filter");
    console.press("Esc").shows("decision 1 of 2");
    assert_eq!(console.model.focus(), Focus::History);
    console.press("Esc");
    assert_eq!(console.model.focus(), Focus::Queue);
}

#[test]
fn without_decisions_that_is_said_and_escape_leads_back() {
    let mut console = Console::drawn().then("5");
    console.shows("Nothing was decided in the last 30 days");
    console.press("j G Ctrl-d Esc");
    assert_eq!(console.model.focus(), Focus::Queue);
    console.shows("Tip 3");
}
