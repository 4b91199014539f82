//! Which version is on the screen, and how much of it was.

use domain::artifact::{BaseOrigin, SinceRejection};
use domain::event::EventType;
use domain::ids::Digest;

use crate::console::Console;
use crate::world::{File, SCRIPT_NEW, SCRIPT_OLD, World};

/// A patch of the script of j-17 is committed; its file is not written yet.
fn patched(console: &mut Console) -> String {
    let patched = SCRIPT_NEW.replace("tall boots", "waders");
    let gate = &mut console.backend.rows_of("j-17").gates[0];
    gate.artifacts[0].digest = Digest::of(patched.as_bytes());
    console.hears(EventType::PatchApplied, "ana patched script.txt");
    patched
}

#[test]
fn a_patch_is_on_the_screen_as_soon_as_its_file_is_written() {
    let mut console = Console::drawn();
    let former = Digest::of(SCRIPT_NEW.as_bytes()).short();
    console.press("Enter").resize(80, 16).press("j j");
    let top = console.model.gate.as_ref().unwrap().files[0].scroll.top;
    let text = patched(&mut console);
    console.shows("reading the new version…");
    console.shows(&former);
    console.hides("CHANGED ON DISK");
    console.backend.overwrite("j-17", "script/script.txt", &text);
    console.pass(1).shows("Bring waders.");
    console.shows(&format!("{} vs ", Digest::of(text.as_bytes()).short()));
    for words in ["reading the new", "CHANGED ON DISK", "tall boots"] {
        console.hides(words);
    }
    console.shows(&format!("changed since you read {former}   S shows that"));
    assert!(top.row > 0);
    assert_eq!(
        console.model.gate.as_ref().unwrap().files[0].scroll.top,
        top,
        "it stays where it was"
    );
}

#[test]
fn a_version_that_never_comes_is_a_change_by_somebody_else() {
    let mut console = Console::drawn();
    patched(&mut console);
    for _ in 0..20 {
        console.pass(1);
    }
    console.shows("CHANGED ON DISK");
    console.hides("reading");
}

#[test]
fn bytes_that_nobody_registered_are_called_changed_at_once() {
    let mut world = World::drawn();
    world.overwrite("j-17", "script/script.txt", b"by hand\n");
    Console::new(world, 80, 24).shows("CHANGED ON DISK");
}

fn long_file() -> World {
    let mut world = World::new();
    let text: String = (1..=27).map(|line| format!("line {line}\n")).collect();
    let file = |name| File::new(name, text.clone());
    world.gate("j-1 long / script #1", None, [file("a.txt"), file("b.txt")]);
    world
}

#[test]
fn of_a_new_file_the_lines_are_counted() {
    let mut console = Console::new(long_file(), 80, 16);
    console.press("Enter").shows("NOT YET SHOWN: 18 of 27 lines, b.txt");
    console.press("j j").shows("NOT YET SHOWN: 16 of 27 lines, b.txt");
    console.press("a").shows("You have not seen: 16 of 27 lines, b.txt");
    console.press("Esc ] [ G").shows("NOT YET SHOWN: 25 lines");
    console.press("g PgDn PgDn").hides("of 27 lines,");
    console.shows("of 27 lines of b.txt");
}

#[test]
fn the_title_says_what_the_diff_is_against_and_what_changed_since_a_rejection_at_every_width() {
    let long = "harbour-lights-of-the-north-quay-in-the-final-cut-of-a-very-long-winter-night-2";
    for (id, name) in [("j", "new"), (long, "the-script-of-the-film-in-its-newest-version.txt")] {
        for columns in [60, 80, 109, 110, 120, 140] {
            let mut world = World::new();
            let file = File::changed(name, SCRIPT_OLD, SCRIPT_NEW);
            world.gate(&format!("{id} {id} / edit #2"), None, [file]);
            let gate = world.rows_of(id).gates.last_mut().unwrap();
            let artifact = &mut gate.artifacts[0];
            artifact.base.as_mut().unwrap().origin = BaseOrigin::Given;
            artifact.since_rejection = Some(SinceRejection {
                attempt: 1,
                by: "bea".to_owned(),
                digest: Digest::of(b"rejected"),
                added_lines: 1,
                removed_lines: 1,
            });
            let (now, base) = (artifact.digest.short(), artifact.base.as_ref().unwrap().digest.short());
            let console = Console::new(world, columns, 24);
            console.shows(&format!("{now} vs {base}"));
            console.shows("since your rejection: +1 -1   c");
            console.shows("/ edit #2");
            let text = console.text();
            let title = text.lines().find(|line| line.contains("/ edit #2")).unwrap();
            assert!(!title.contains('…') || id == long, "{title}");
        }
    }
}
