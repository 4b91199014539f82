//! The ways to look at a diff: one column or two, wrapped or cut, folded or whole.

use std::sync::Arc;

use console::model::file::Content;
use diff::{DiffDocument, Limit};
use insta::assert_snapshot;

use crate::console::{Console, SIZES};
use crate::world::{File, World};

fn gate(files: Vec<File>) -> World {
    let mut world = World::new();
    world.gate("j-1 tides / script #1", None, files);
    world
}

fn at_sizes(name: &str, world: impl Fn() -> World, keys: &str) {
    for (columns, rows) in SIZES {
        let console = Console::new(world(), columns, rows).then(keys);
        assert_snapshot!(format!("{name}_{columns}"), console.picture());
    }
}

/// What a reviewer must not overlook: blanks at the end, tabs, wide characters, line ends, the last
/// newline.
fn details() -> World {
    let old = "**Opening**\nThe sea gives the beach back twice a day – nobody asks it to, and nobody is asked.\n\
               \tindented\nsame 潮が引く\nkept\nold end\r\nlast";
    let new = "**Opening**\nThe sea gives the beach back twice a day – nobody asks it to, and nobody was asked.\n\
               \tindented  \nsame 潮が満ちる\nkept\nold end\nadded \t\nlast\n";
    gate(vec![File::changed("script.txt", old, new)])
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
    console.press("Enter v").shows("side by side needs 60 columns");
    console.hides("│ ");
}

#[test]
fn the_line_at_the_top_stays_when_the_layout_changes() {
    let mut text: Vec<String> = (0..200).map(|line| format!("line {line} of a long text")).collect();
    let old = text.join("\n");
    text[150] = "line 150 changed".to_owned();
    let world = gate(vec![File::changed("s.txt", old, text.join("\n"))]);
    let mut console = Console::new(world, 80, 24);
    console.press("Enter z").shows("151 + line 150 changed");
    console.press("v").shows("151 + line 150 changed");
    console.shows("151 - line 150 of");
    console.press("k k k k k k k k k k").shows("140   line 139 of");
    console.press("v").shows("140   line 139 of");
}

/// The former rule: rows were counted as shown when their number was on the screen, however much of
/// them was cut off.
#[test]
fn what_is_cut_off_was_not_shown() {
    let old = format!("{}low tide\n", "a ".repeat(300));
    let new = format!("{}high tide\n", "a ".repeat(300));
    let world = || gate(vec![File::changed("s.txt", old.clone(), new.clone())]);
    let console = Console::new(world(), 80, 30);
    console.hides("NOT YET SHOWN");

    let mut console = Console::new(world(), 80, 12);
    console.shows("NOT YET SHOWN: hunk 1");
    for _ in 0..20 {
        console.press("2 j");
    }
    console.hides("NOT YET SHOWN");

    let mut console = Console::new(world(), 80, 12);
    console.press("2 w").shows("NOT YET SHOWN: hunk 1");
    console.press(&"l ".repeat(72)).shows("high tide");
    console.hides("NOT YET SHOWN");
}

#[test]
fn both_sides_of_a_pair_count_when_they_are_shown() {
    let lines = |word: &str| (0..40).map(|line| format!("{word} {line}\n")).collect::<String>();
    let world = gate(vec![File::changed("s.txt", lines("old"), lines("new"))]);
    let mut console = Console::new(world, 80, 24);
    console.press("Enter v").shows("NOT YET SHOWN: hunk 1");
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
    console.press("Enter }").shows("- xxx");
    console.press("}").shows("xYx");
    console.hides("NOT YET SHOWN");
    console.press("v").shows("xYx");
    console.press("G PgUp g");
}

#[test]
fn changed_values_as_a_list() {
    at_sizes("values", World::drawn, "j Enter v v");
    let mut console = Console::drawn().then("j Enter v v");
    console.shows("~ scenes[2].duration_ms 12000 -> 19000  (scene_003)");
    console.shows("value 1 of 3");
    console.shows("runs 48.306 s -> 55.81 s without 1 scene");
    // A list of values shows no line of the text.
    console.shows("NOT YET SHOWN");
    console.press("j").shows("value 2 of 3");
    console.hides("(scene_002)");
    console.press("v").shows("+       \"duration_ms\": 4500,");
}

#[test]
fn c_goes_through_everything_to_compare_with() {
    let mut console = Console::drawn();
    let given = b"**Opening**\nfrom elsewhere\n".to_vec();
    let digest = domain::ids::Digest::of(&given);
    console.backend.versions.insert(digest, given);
    let rows = console.backend.rows_of("j-17");
    let artifact = &mut rows.gates[0].artifacts[0];
    artifact.bases = vec![
        artifact.base.clone().unwrap(),
        domain::artifact::Base {
            digest,
            origin: domain::artifact::BaseOrigin::Given,
        },
    ];
    console.hears(domain::event::EventType::GateHeld, "x");
    console.press("Enter").hides("VS GIVEN");
    console.hides("NOT YET SHOWN");
    console.press("c");
    console.shows(&format!("Compared with {} sent along", digest.short()));
    console.shows("VS SENT ALONG");
    console.press("g").shows("- from elsewhere");
    assert_snapshot!("other_base_80", console.picture());
    console.press("c").shows("vs nothing");
    console.press("G").shows("+ The tide returns");
    console.press("c").shows("the usual base");
    console.hides("VS GIVEN");
    console.shows("- Tip 1: Bring boots.");
}

#[test]
fn after_a_refusal_only_what_changed_since_is_shown() {
    let mut console = Console::drawn().then("Enter a");
    let new = crate::world::SCRIPT_NEW.replace("Close", "Ending");
    console.backend.overwrite("j-17", "script/script.txt", &new);
    let rows = console.backend.rows_of("j-17");
    rows.gates[0].artifacts[0].digest = domain::ids::Digest::of(new.as_bytes());
    console.hears(domain::event::EventType::PatchApplied, "x");
    console.press("Esc").shows("Shown: only what changed since you read");
    console.shows("VS WHAT YOU READ");
    console.shows("- **Close**");
    console.shows("+ **Ending**");
    console.hides("- Tip 1: Bring boots.");
    assert_snapshot!("since_read_80", console.picture());
    console.press("c c").shows("- Tip 1: Bring boots.");
}

fn wav(amplitude: f32) -> Vec<u8> {
    let rate = 8_000u32;
    let samples = (0..rate * 2).map(|at| {
        let beat = 1.0 - (at % 4000) as f32 / 4000.0;
        ((at as f32 * 0.3).sin() * amplitude * beat * 32_767.0) as i16
    });
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((rate * 2).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    wav
}

#[test]
fn a_sound_is_a_table_with_its_outline() {
    let world = || gate(vec![File("voiceover", "voice.wav", Some(wav(0.3)), wav(1.2))]);
    at_sizes("sound", world, "Enter");
    let mut session = crate::console::session();
    session.has_colour = false;
    let console = Console::with(session, world(), 120, 40).then("Enter");
    for word in [
        "length", "peak", "CLIPS", "loudness", "LUFS", "format", "+10.5 dB", "!CLIPS", "same",
    ] {
        console.shows(word);
    }
}

#[cfg(feature = "images")]
#[test]
fn a_picture_is_its_size_and_a_preview() {
    let picture = |wide: u32| {
        let picture = image::RgbImage::from_fn(wide, 40, |x, y| {
            image::Rgb([(x * 5) as u8, (y * 6) as u8, if x > y { 200 } else { 20 }])
        });
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let world = || gate(vec![File("plate", "plate.png", Some(picture(50)), picture(48))]);
    at_sizes("picture", world, "Enter");
}

#[test]
fn a_gate_of_many_files_keeps_few_of_them_in_memory() {
    let name = |index: usize| -> &'static str { Box::leak(format!("part_{index:03}.txt").into_boxed_str()) };
    let text = |word: &str| (0..80_000).map(|line| format!("{word} {line}\n")).collect::<String>();
    let (old, new) = (text("old"), text("new"));
    let files = (0..40).map(|index| File("part", name(index), Some(old.clone().into()), new.clone().into()));
    let mut console = Console::new(gate(files.collect()), 120, 40);
    let kept = |console: &Console| {
        let view = console.model.gate.as_ref().unwrap();
        view.files.iter().filter(|file| file.document().is_some()).count()
    };
    assert!((3..25).contains(&kept(&console)), "{} of 40", kept(&console));
    let digest = console.model.gate.as_ref().unwrap().shown_digest();
    assert!(digest.is_some(), "a decision needs the digest of every file");
    console.press("Enter L").typed("part_030").press("Enter");
    console.shows("part_030.txt 31/40");
    console.shows("- old 0");
    assert!(kept(&console) < 25);
    assert_eq!(console.model.gate.as_ref().unwrap().shown_digest(), digest);
    console.press("L").shows("40 files, 40 not wholly seen");
    console.shows("part_030.txt");
    console.shows("partly seen");
}

#[test]
fn z_shows_the_whole_file_then_changed_lines_alone_then_a_few_around_them() {
    let lines: String = (1..=20).map(|line| format!("line {line}\n")).collect();
    let new = lines.replace("line 10\n", "line ten\n");
    let world = gate(vec![File::changed("s.txt", lines, new)]);
    let mut console = Console::new(world, 80, 40).then("Enter");
    for (key, shown, hidden) in [
        ("", &["line ten", "line 9", "line 7"][..], &["line 6", "line 20"][..]),
        ("z", &["line ten", "line 6", "line 20"], &["unchanged"]),
        ("z", &["line ten", "unchanged"], &["line 9", "line 11"]),
        ("z", &["line ten", "line 9", "line 7"], &["line 6", "line 20"]),
    ] {
        console.press(key).press("g");
        for words in shown {
            console.shows(words);
        }
        for words in hidden {
            console.hides(words);
        }
    }
}

/// A diff that its time limit cut short says so at every width, whatever else finds no room.
#[test]
fn a_coarse_diff_is_called_so_at_every_width() {
    let text = |factor: usize, ring: usize| (0..200).map(|n| format!("{}\n", n * factor % ring)).collect::<String>();
    let (old, new) = (text(1, 5), text(3, 7));
    let reached = Limit::new(tokio::time::Instant::now().into_std(), &|| true);
    let coarse = DiffDocument::compare(
        Some(Arc::new(old.clone().into())),
        Arc::new(new.clone().into()),
        reached,
    );
    assert!(coarse.diff().is_coarse);
    for (columns, rows) in [(40, 12), (50, 20), (60, 20), (80, 24), (100, 30), (120, 40), (200, 50)] {
        for mode in ["", "v"] {
            let file = File::changed("script.txt", old.clone(), new.clone());
            let mut console = Console::new(gate(vec![file]), columns, rows);
            console.press("Enter").press(mode).hides("coarse");
            console.model.gate.as_mut().unwrap().files[0].content = Content::Text(coarse.clone());
            console.press("j").shows("coarse");
        }
    }
}

#[test]
fn values_that_are_still_on_their_way_are_asked_for_all_the_same() {
    let mut console = Console::drawn().then("j Enter");
    let file = console.model.gate.as_mut().and_then(|gate| gate.current_mut()).unwrap();
    assert_eq!(file.artifact.path.as_str(), "artifacts/storyboard/storyboard.json");
    let values = file.details.values.take();
    file.is_measuring = true;
    console.press("v v").shows("Shown as changed values");
    let file = console.model.gate.as_mut().and_then(|gate| gate.current_mut()).unwrap();
    (file.details.values, file.is_measuring) = (values, false);
    console.draw();
    console.shows("scenes");
    console.press("v").shows("Shown unified");
}

#[test]
fn the_title_tells_of_a_rejection_that_is_nearer_than_the_base_and_c_shows_it() {
    for (by, size, words) in [
        ("bea", (80, 24), "since your rejection: +1 -2   c"),
        ("bea", (120, 40), "since your rejection: +1 -2   c shows that"),
        ("cem", (80, 24), "since cem's rejection: +1 -2"),
    ] {
        let mut console = Console::new(crate::world::World::drawn(), size.0, size.1);
        let rejected = b"**Opening**\nrejected\n".to_vec();
        let digest = domain::ids::Digest::of(&rejected);
        console.backend.versions.insert(digest, rejected);
        let rows = console.backend.rows_of("j-17");
        let artifact = &mut rows.gates[0].artifacts[0];
        let origin = domain::artifact::BaseOrigin::Decided {
            attempt: 1,
            approved: false,
        };
        artifact.bases = vec![
            artifact.base.clone().unwrap(),
            domain::artifact::Base { digest, origin },
        ];
        artifact.since_rejection = Some(domain::artifact::SinceRejection {
            attempt: 1,
            by: by.to_owned(),
            digest,
            added_lines: 1,
            removed_lines: 2,
        });
        console.hears(domain::event::EventType::GateHeld, "x");
        console.press("Enter").shows(words);
        console.press("c").shows("VS LAST REJECTED #1");
        console.hides("rejection: +1");
    }
}

#[test]
fn folding_says_what_it_came_to_in_every_view() {
    let mut console = Console::drawn();
    console.press("z").shows("The whole file");
    console.press("v z").shows("Nothing but changed lines");
    console.press("z").shows("Three lines around each change");
    let mut console = Console::drawn().then("j v v");
    assert_eq!(console.model.panes.look.mode, console::model::look::Mode::Values);
    console.press("z");
    console.shows("Values are not folded   hint: v shows the text");
}
