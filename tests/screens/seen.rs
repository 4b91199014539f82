//! Seen means shown: a changed line counts when it stood on the screen for 300 ms while somebody
//! was there, wherever the focus is.

use domain::gate::{Gate, Verdict};
use insta::assert_snapshot;
use testing::world::job_id;

use crate::console::Console;
use crate::world::{File, SCRIPT_OLD, World};

/// The looks that were recorded, each as `job: shown of all`.
fn looks(console: &Console) -> Vec<String> {
    let sent = console
        .backend
        .sent
        .iter()
        .filter(|words| words.starts_with("MarkSeen"));
    sent.map(|words| {
        let words: Vec<_> = words.split(' ').collect();
        format!("{}: {}", words[1], words[3..].join(" "))
    })
    .collect()
}

/// Nobody rests: time passes as the test says.
fn hurried(world: World, columns: u16, rows: u16) -> Console {
    let mut console = Console::new(World::new(), columns, rows);
    console.rests = false;
    console.backend = world;
    console.pass_us(0);
    console.event("j-1", "script", domain::event::EventType::GateOpened, "it waits");
    console
}

/// A text with a changed line every ten lines, so that the hunks stand apart.
fn spread(count: usize) -> World {
    let text = |word: &str| -> Vec<u8> {
        let line = |number: usize| match number % 10 {
            0 => format!("line {number} {word}\n"),
            _ => format!("line {number}\n"),
        };
        (1..=count * 10 + 5).map(line).collect::<String>().into()
    };
    let mut world = World::new();
    let file = File::changed("script.txt", text("was"), text("is"));
    world.gate("j-1 spread / script #1", None, [file]);
    world
}

#[test]
fn a_line_counts_after_300_ms_and_not_before() {
    let mut console = hurried(spread(2), 80, 40);
    console.pass_us(250_000);
    assert_eq!(looks(&console), [""; 0]);
    console.shows("NOT YET SHOWN: ");
    console.pass_us(50_000);
    assert_eq!(
        looks(&console),
        ["j-1: 2 of 2"],
        "all of it stood there, in the queue as in the diff"
    );
    console.hides("NOT YET SHOWN");
}

#[test]
fn what_is_paged_through_every_300_ms_counts_and_faster_does_not() {
    for (us, is_counted) in [(300_000, true), (150_000, false)] {
        let mut console = hurried(spread(12), 80, 24);
        for _ in 0..30 {
            console.pass_us(us);
            console.press("}");
        }
        assert_eq!(
            looks(&console).last().is_some_and(|look| look == "j-1: 12 of 12"),
            is_counted,
            "{us}: {:?}",
            looks(&console)
        );
    }
}

#[test]
fn a_look_is_recorded_at_the_first_line_and_completed_at_the_last() {
    let mut console = hurried(spread(6), 80, 24);
    console.pass_us(300_000);
    let first = looks(&console);
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(!first[0].ends_with("6 of 6"), "{first:?}");
    console.press("}").pass_us(300_000);
    assert_eq!(looks(&console), first, "what is between waits for a rest");
    console.pass(3);
    assert_eq!(looks(&console).len(), 2);
    for _ in 0..6 {
        console.press("}").pass_us(300_000);
    }
    assert_eq!(looks(&console).last().unwrap(), "j-1: 6 of 6");
}

#[test]
fn what_a_decision_rests_on_is_recorded_before_it() {
    let mut console = hurried(spread(6), 80, 24);
    console.pass_us(300_000).press("}").pass_us(300_000).press("a");
    console.shows("You have not seen: hunk");
    console.press("Enter");
    let sent = &console.backend.sent;
    let place = |word: &str| sent.iter().rposition(|words| words.starts_with(word)).unwrap();
    assert!(place("MarkSeen") < place("Approve"), "{sent:?}");
    assert_eq!(looks(&console).len(), 2, "{sent:?}");
}

#[test]
fn nobody_looks_while_nobody_is_there() {
    let mut console = hurried(spread(1), 80, 24);
    console.backend.now.boot_us += 61_000_000;
    console.backend.now.utc = console.backend.now.utc.plus_us(61_000_000);
    let mut late = Console::new(World::new(), 80, 24);
    late.rests = false;
    late.pass(61);
    late.backend = spread(1);
    late.backend.now = console.backend.now;
    late.event("j-1", "script", domain::event::EventType::GateOpened, "it waits");
    late.pass(5);
    assert_eq!(looks(&late), [""; 0], "no key for a minute");
    late.press("Ctrl-l").pass_us(200_000);
    assert_eq!(looks(&late), [""; 0], "they came a moment ago");
    late.pass_us(100_000);
    assert_eq!(looks(&late), ["j-1: 1 of 1"]);
}

#[test]
fn under_another_pane_or_a_list_nothing_is_looked_at() {
    for keys in ["3", "4", "?", "p"] {
        let mut console = hurried(spread(1), 80, 24);
        console.press(keys).pass(2);
        assert_eq!(looks(&console), [""; 0], "{keys}");
    }
}

#[test]
fn what_is_cut_or_out_of_sight_sideways_does_not_count() {
    let mut world = World::new();
    let line = |word: &str| -> Vec<u8> { format!("{}{word}\nend\n", "x".repeat(120)).into() };
    let file = File::changed("script.txt", line("was"), line("is"));
    world.gate("j-1 wide / script #1", None, [file]);
    let mut console = hurried(world, 80, 24);
    // Before anything stood long enough, long lines are cut.
    console.press("w").pass(1);
    assert_eq!(looks(&console), [""; 0]);
    console.shows("NOT YET SHOWN: hunk 1");
    for _ in 0..3 {
        console.press("}").pass(1);
    }
    assert_eq!(looks(&console).last().unwrap(), "j-1: 1 of 1", "it scrolled sideways");
    // The sign of the cut hides a character.
    let mut world = World::new();
    let line = |word: &str| -> Vec<u8> { format!("{}{word} and on it goes\n", "x".repeat(72)).into() };
    world.gate(
        "j-1 edge / script #1",
        None,
        [File::changed("s.txt", line("a"), line("b"))],
    );
    let mut console = hurried(world, 80, 24);
    console.press("w").pass(1);
    assert!(!console.text().contains("xb"), "{}", console.text());
    assert_eq!(looks(&console), [""; 0]);
}

#[test]
fn a_window_that_is_too_small_shows_nothing() {
    let mut console = hurried(spread(1), 19, 40);
    console.pass(2);
    assert_eq!(looks(&console), [""; 0]);
}

#[test]
fn a_gate_without_files_is_looked_at_as_it_is() {
    let mut world = World::new();
    world.gate("j-1 bare / acceptance #1", None, []);
    let mut console = hurried(world, 80, 24);
    console.pass_us(200_000);
    assert_eq!(looks(&console), [""; 0]);
    console.pass_us(100_000);
    assert_eq!(looks(&console), ["j-1: 0 of 0"]);
}

#[test]
fn a_new_file_counts_when_its_last_line_did() {
    let text: String = (1..=40).map(|line| format!("line {line}\n")).collect();
    let mut world = World::new();
    world.gate("j-1 new / script #1", None, [File::new("s.txt", text)]);
    let mut console = hurried(world, 80, 24);
    console.pass_us(300_000);
    assert_eq!(looks(&console), ["j-1: 0 of 1"]);
    for _ in 0..6 {
        console.press("}").pass_us(300_000);
    }
    assert_eq!(looks(&console).last().unwrap(), "j-1: 1 of 1");
    console.hides("NOT YET SHOWN");
}

#[test]
fn coming_back_to_a_gate_what_was_shown_is_known() {
    let mut world = World::new();
    world.gate("j-1 one / script #1", None, [File::new("s.txt", SCRIPT_OLD)]);
    world.gate("j-2 two / script #1", None, [File::new("s.txt", SCRIPT_OLD)]);
    let mut console = Console::new(world, 80, 40);
    console.hides("NOT YET SHOWN");
    console.rests = false;
    console.press("j k").hides("NOT YET SHOWN");
    console.press("a").hides("You have not seen");
}

#[test]
fn the_record_says_how_many_hunks_were_shown() {
    let mut world = spread(3);
    let digest = newest(&world).digest();
    let gate = world.rows_of("j-1").gates.last_mut().unwrap();
    gate.seen.push(domain::decision::Seen {
        by: "bea".to_owned(),
        at: crate::world::at("02:12:00"),
        digest,
        hunks: Some(3),
        hunks_shown: Some(2),
        artifacts: Vec::new(),
    });
    let sealed = world.settle("j-1", "script", Verdict::Approve, "bea");
    let file: serde_json::Value = serde_json::from_slice(&sealed.to_file()).unwrap();
    assert_eq!(
        (&file["seen"][0]["hunks"], &file["seen"][0]["hunks_shown"]),
        (&3.into(), &2.into())
    );
    let mut console = Console::new(world, 80, 24);
    console.press("4").shows("bea 02:12Z 2 of 3 hunks");
    console.shows("bea (bea@ops1, console, ssh from 10.0.0.7)");
}

fn newest(world: &World) -> &Gate {
    world.jobs[&job_id("j-1")].gates.last().unwrap()
}

#[test]
fn a_console_that_runs_is_nobody_who_looks() {
    let mut console = Console::resting(crate::console::session(), spread(1), (80, 24), false);
    console.pass(5);
    assert_eq!(looks(&console), [""; 0], "no key was ever pressed");
    console.press("Ctrl-l").pass_us(300_000);
    assert_eq!(looks(&console), ["j-1: 1 of 1"]);
}

/// A script that bea looked at, at a former login, before ana patched it.
fn changed_since() -> World {
    let mut world = spread(3);
    world.looked("j-1", "bea");
    let now = String::from_utf8(world.text_of("j-1")).unwrap();
    world.patch(
        "j-1",
        "ana",
        "02:13:00",
        now.replace("line 20 is", "line 20 was, by ana").as_bytes(),
    );
    world
}

#[test]
fn what_changed_since_a_former_login_is_said_and_one_key_away() {
    for (columns, rows) in [(80, 24), (120, 40), (160, 50)] {
        let mut console = hurried(changed_since(), columns, rows);
        console.shows("changed since you read ").shows("S shows that");
        assert_snapshot!(format!("changed_since_{columns}"), console.picture());
        console
            .press("S")
            .shows("VS WHAT YOU READ")
            .shows("+ line 20 was, by ana");
        console
            .hides("line 10 was")
            .shows("Shown: only what changed since you read ");
        console.press("c").hides("VS WHAT YOU READ");
    }
}

#[test]
fn a_decision_on_what_changed_since_a_former_login_is_refused_with_what_changed() {
    for key in ["a", "r"] {
        let mut console = hurried(changed_since(), 80, 24);
        console
            .press(key)
            .shows("script.txt changed since you looked (you read ");
        console.shows("+ line 20 was, by ana").hides("line 10 was");
        console.press("Enter").decides(0);
        console.press("Esc").press(key).hides("changed since you looked");
        console
            .typed(if key == "r" { "no" } else { "" })
            .press("Enter")
            .decides(1);
    }
    // Whoever is shown all of it decides as always.
    let mut console = hurried(changed_since(), 80, 40);
    console.pass(1).press("a").hides("changed since you looked");
    console.press("Enter").decides(1);
}

#[test]
fn ones_own_patch_is_no_news() {
    let mut world = spread(3);
    world.looked("j-1", "bea");
    world.patch("j-1", "bea", "02:13:00", b"all of it anew\n");
    let mut console = hurried(world, 80, 24);
    console.hides("changed since you read");
    console.press("a").hides("changed since you looked");
    console.press("Esc S").shows("VS WHAT YOU READ");
}

#[test]
fn who_never_looked_is_told_of_no_change() {
    let mut console = hurried(spread(3), 80, 24);
    console
        .press("S")
        .shows("You have looked at no other version of this file");
}
