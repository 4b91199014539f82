//! What a line of 2 kB a second has to carry for each thing that is done: counted in bytes, which
//! are the same on every machine.

use console::effect::Msg;
use console::input::{KeyPress, TerminalInput};

use crate::console::{Console, session};
use crate::world::{File, World};

const GATES: usize = 12;

/// Gates of a pipeline, each with a new text of lines that fill the pane.
fn gates() -> World {
    let mut world = World::new();
    for job in 1..=GATES {
        let line =
            |line| format!("step {line} of job {job}: copy the table shard_{job}_{line}, check its rows and go on\n");
        let text: String = (0..14).map(line).collect();
        let file = File::new("plan.txt", text);
        world.gate(&format!("deploy-{job:02} deploy / release #1"), None, [file]);
    }
    world
}

#[test]
fn a_decision_with_its_step_is_1500_bytes() {
    let mut console = Console::new(gates(), 80, 24);
    let asked = console.bytes_of("a");
    console.shows("[Enter] approve").shows("rows and go on");
    let answered = console.bytes_of("Enter");
    console.shows("Approved deploy-01").shows("of job 2: copy");
    assert!(
        asked + answered <= 1_500,
        "{asked} bytes for the question and {answered} for the step"
    );
}

#[test]
fn a_held_key_takes_less_than_the_line_carries() {
    let mut console = Console::new(gates(), 80, 24);
    console.terminal.frames.clear();
    // Down and up again: the hand does not rest, and a frame shows each of them.
    for step in 0..40 {
        let is_down = (step / (GATES - 1)).is_multiple_of(2);
        let key = KeyPress::parse(if is_down { "j" } else { "k" }).unwrap();
        console.tell(Msg::Input(TerminalInput::Key(key)));
        console.frame();
    }
    let rows = std::mem::take(&mut console.terminal.frames);
    console.hides("of job 5: copy");
    console.draw();
    console.shows("of job 5: copy");
    let last: usize = console.terminal.frames.iter().sum();
    assert_eq!(rows.len(), 40, "the row moves with each key");
    // Of 40 keys, 30 a second, so many frames are drawn as 1500 bytes a second hold (`run/frames.rs`), and one more.
    let held = 1_500 * 40 / 30 + rows.iter().max().unwrap();
    let carried = 2_000 * (40 + 30) / 30;
    assert!(
        held + last <= carried,
        "{held} and {last} bytes of {carried}, a second after the last key"
    );
    assert!(
        rows.iter().all(|bytes| *bytes <= 250),
        "the first one hides the text: {rows:?}"
    );
}

#[test]
fn a_line_that_takes_long_for_a_frame_has_no_colours_for_words_from_then_on() {
    let yaml = |name: &str| File::new("plan.yaml", format!("# of {name}\nreplicas: 3\n"));
    for (ms, is_thin) in [(200, false), (400, true)] {
        let mut world = World::new();
        for name in ["j-1", "j-2", "j-3"] {
            world.gate(&format!("{name} tides / plan #1"), Some(300), [yaml(name)]);
        }
        let mut session = session();
        session.has_syntax = true;
        let mut console = Console::with(session, world, 80, 24).then("j");
        let has_colours = |console: &Console| console.shows("replicas").picture().contains("magenta");
        assert!(has_colours(&console));
        console.terminal.is_slow = true;
        console.press("k").pass_ms(ms);
        console.terminal.is_slow = false;
        console.press("j j");
        assert_eq!(has_colours(&console), !is_thin, "{ms} ms: {}", console.picture());
    }
}
