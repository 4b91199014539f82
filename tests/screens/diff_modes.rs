//! The ways to look at a diff: one column or two, wrapped or cut, folded or whole.

use insta::assert_snapshot;

use crate::console::Console;
use crate::world::{File, World};

const SIZES: [(u16, u16); 3] = [(60, 20), (80, 24), (120, 40)];

fn gate(files: Vec<File>) -> World {
    let mut world = World::new();
    world.gate("j-1", "tides", "script", 1, None, files);
    world
}

fn at_sizes(name: &str, world: impl Fn() -> World, keys: &str) {
    for (columns, rows) in SIZES {
        let mut console = Console::new(world(), columns, rows);
        console.press(keys);
        assert_snapshot!(format!("{name}_{columns}"), console.picture());
    }
}

/// What a reviewer must not overlook: blanks at the end, tabs, wide characters, line ends, the last newline.
fn details() -> World {
    let old = "**Opening**\nThe sea gives the beach back twice a day – nobody asks it to, and nobody is asked.\n\
               \tindented\nsame 潮が引く\nkept\nold end\r\nlast";
    let new = "**Opening**\nThe sea gives the beach back twice a day – nobody asks it to, and nobody was asked.\n\
               \tindented  \nsame 潮が満ちる\nkept\nold end\nadded \t\nlast\n";
    gate(vec![File("script", "script.txt", Some(old.into()), new.into())])
}

#[test]
fn details_in_one_column() {
    at_sizes("details", details, "Enter");
}

#[test]
fn details_side_by_side() {
    at_sizes("details_side_by_side", details, "Enter v");
}

#[test]
fn details_cut_instead_of_wrapped() {
    at_sizes("details_cut", details, "Enter v w");
}

#[test]
fn a_storyboard_side_by_side() {
    at_sizes("storyboard_side_by_side", World::drawn, "j Enter v } z");
}

#[test]
fn a_narrow_terminal_refuses_two_columns() {
    let mut console = Console::new(details(), 59, 20);
    console.press("Enter v");
    console.shows("Not side by side: that needs 60 columns");
    console.hides("│ ");
}

#[test]
fn the_line_at_the_top_stays_when_the_layout_changes() {
    let mut text: Vec<String> = (0..200).map(|line| format!("line {line} of a long text")).collect();
    let old = text.join("\n");
    text[150] = "line 150 changed".to_owned();
    let world = gate(vec![File("script", "s.txt", Some(old.into()), text.join("\n").into())]);
    let mut console = Console::new(world, 80, 24);
    console.press("Enter z");
    console.shows("151 + line 150 changed");
    console.press("v");
    console.shows("151 + line 150 changed");
    console.shows("151 - line 150 of");
    console.press("k k k k k k k k k k");
    console.shows("140   line 139 of");
    console.press("v");
    console.shows("140   line 139 of");
}

/// The former rule: rows were counted as shown when their number was on the screen, however much of them was cut off.
#[test]
fn what_is_cut_off_was_not_shown() {
    let old = format!("{}low tide\n", "a ".repeat(300));
    let new = format!("{}high tide\n", "a ".repeat(300));
    let world = || {
        gate(vec![File(
            "script",
            "s.txt",
            Some(old.clone().into()),
            new.clone().into(),
        )])
    };
    let console = Console::new(world(), 80, 30);
    console.hides("NOT YET SHOWN");

    let mut console = Console::new(world(), 80, 12);
    console.shows("NOT YET SHOWN: hunk 1");
    for _ in 0..20 {
        console.press("2 j");
    }
    console.hides("NOT YET SHOWN");

    let mut console = Console::new(world(), 80, 12);
    console.press("2 w");
    console.shows("NOT YET SHOWN: hunk 1");
    console.press(&"l ".repeat(72));
    console.shows("high tide");
    console.hides("NOT YET SHOWN");
}

#[test]
fn both_sides_of_a_pair_count_when_they_are_shown() {
    let lines = |word: &str| (0..40).map(|line| format!("{word} {line}\n")).collect::<String>();
    let world = gate(vec![File(
        "script",
        "s.txt",
        Some(lines("old").into()),
        lines("new").into(),
    )]);
    let mut console = Console::new(world, 80, 24);
    console.press("Enter v");
    console.shows("NOT YET SHOWN: hunk 1");
    for _ in 0..4 {
        console.press("PgDn");
    }
    console.hides("NOT YET SHOWN");
}

#[test]
fn a_file_of_one_huge_line_is_reached_and_shown() {
    let mut text = vec![b'x'; 1_000_000];
    let old = text.clone();
    text[700_000] = b'Y';
    let world = gate(vec![File("data", "d.txt", Some(old), text)]);
    let mut console = Console::new(world, 80, 24);
    console.shows("NOT YET SHOWN: hunk 1");
    console.press("Enter }");
    console.shows("- xxx");
    console.press("}");
    console.shows("xYx");
    console.hides("NOT YET SHOWN");
    console.press("v");
    console.shows("xYx");
    console.press("G PgUp g");
}
