//! What a terminal sends, whole and cut at every place.

use super::*;

const SECOND_US: i64 = 1_000_000;

/// Everything that a keyboard of ours sends as more than one byte.
const SEQUENCES: [(&str, &str); 24] = [
    ("\x1b[A", "Up"),
    ("\x1b[B", "Down"),
    ("\x1b[C", "Right"),
    ("\x1b[D", "Left"),
    ("\x1bOA", "Up"),
    ("\x1bOD", "Left"),
    ("\x1b[H", "Home"),
    ("\x1b[F", "End"),
    ("\x1b[1~", "Home"),
    ("\x1b[3~", "Del"),
    ("\x1b[5~", "PgUp"),
    ("\x1b[6~", "PgDn"),
    ("\x1b[Z", "Shift-Tab"),
    ("\x1bOQ", "F2"),
    ("\x1b[15~", "F5"),
    ("\x1b[[A", "F1"),
    ("\x1b[1;5C", "Ctrl-Right"),
    ("\x1b[1;3A", "Alt-Up"),
    ("\x1b[1;2D", "Shift-Left"),
    ("\x1b[1;6F", "Ctrl-Shift-End"),
    ("\x1b[3;5~", "Ctrl-Del"),
    ("\x1b[1;2R", "Shift-F3"),
    ("\x1b[27;5;13~", "Ctrl-Enter"),
    ("\x1b[97;3u", "Alt-a"),
];

fn words(inputs: &[TerminalInput]) -> Vec<String> {
    let words = inputs.iter().map(|input| match input {
        TerminalInput::Key(key) => key.name(),
        TerminalInput::Paste(text) => format!("paste {text:?}"),
        TerminalInput::Burst(text) => format!("text {text:?}"),
        TerminalInput::LineEnd(key) => format!("then {}", key.name()),
        TerminalInput::Mouse(mouse) => format!("{:?} {},{}", mouse.kind, mouse.column, mouse.row),
        TerminalInput::Torn(Some(key)) => format!("torn {}", key.name()),
        TerminalInput::Torn(None) => "torn".to_owned(),
        TerminalInput::Resize(..) => "resize".to_owned(),
    });
    words.collect()
}

/// What comes of pieces that arrive at these times.
fn pieces(pieces: &[(&[u8], i64)]) -> Vec<String> {
    let mut decoder = Decoder::default();
    let mut inputs = Vec::new();
    for (bytes, at_us) in pieces {
        decoder.feed(bytes, *at_us, &mut inputs);
    }
    words(&inputs)
}

/// What comes of bytes that arrive one by one.
fn each(bytes: &[u8], gap_us: i64) -> Vec<String> {
    let each = (0i64..).zip(bytes.chunks(1));
    pieces(&each.map(|(n, byte)| (byte, n * gap_us)).collect::<Vec<_>>())
}

/// What comes of a text that the line cuts at each `|`, its parts so long one after the other.
fn cut(text: &str, gap_us: i64) -> Vec<String> {
    let parts = (0i64..).zip(text.split('|'));
    let parts: Vec<_> = parts.map(|(n, part)| (part.as_bytes(), n * gap_us)).collect();
    pieces(&parts)
}

fn read(text: &str) -> Vec<String> {
    pieces(&[(text.as_bytes(), 0)])
}

#[test]
fn every_sequence_is_its_key() {
    for (sequence, name) in SEQUENCES {
        assert_eq!(read(sequence), [name], "{}", sequence.escape_debug());
    }
    assert_eq!(
        read("aZ\u{e9}\u{6f22}\r\t\x7f\x01\x1a\0 ").join(" | "),
        "a | Z | \u{e9} | \u{6f22} | then Enter | Tab | Backspace | Ctrl-a | Ctrl-z | Ctrl-Space | Space"
    );
    assert_eq!(
        read("\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<64;1;1M"),
        ["Click 4,2", "WheelUp 0,0"]
    );
    assert_eq!(read("\x1b[M !!"), ["Click 0,0"]);
    assert_eq!(read("\x1b[I\x1b[O\x1b[2~"), Vec::<String>::new(), "focus, Insert");
}

#[test]
fn a_sequence_cut_anywhere_acts_as_nothing_but_itself() {
    for (sequence, name) in SEQUENCES {
        let bytes = sequence.as_bytes();
        for cut in 1..bytes.len() {
            for delay_us in [0, 10_000, 300_000, SECOND_US] {
                let came = pieces(&[(&bytes[..cut], 0), (&bytes[cut..], delay_us)]);
                let whole = vec![name.to_owned()];
                let torn = vec!["Esc".to_owned(), format!("torn {name}")];
                // Once more than the Escape is there it is known for a sequence.
                let expected = if cut == 1 { torn } else { whole };
                assert_eq!(
                    came,
                    expected,
                    "{} cut at {cut} for {delay_us} us",
                    sequence.escape_debug()
                );
            }
        }
        // Byte by byte, the line as slow as can be.
        let torn = ["Esc".to_owned(), format!("torn {name}")];
        assert_eq!(each(bytes, 900_000), torn, "{}", sequence.escape_debug());
    }
}

#[test]
fn a_paste_cut_anywhere_is_that_paste_and_no_keys() {
    let bytes = "\x1b[200~a\rr \u{e9}\x1b[A yes\x1b[201~q".as_bytes();
    for cut in 1..bytes.len() {
        let came = pieces(&[(&bytes[..cut], 0), (&bytes[cut..], 20_000)]);
        let rest = vec!["paste \"a\\rr \u{e9}\\u{1b}[A yes\"".to_owned(), "q".to_owned()];
        let expected = if cut == 1 {
            [vec!["Esc".to_owned(), "torn".to_owned()], rest].concat()
        } else {
            rest
        };
        assert_eq!(came, expected, "cut at {cut}");
    }
}

#[test]
fn a_mouse_report_cut_behind_its_escape_is_dropped() {
    assert_eq!(pieces(&[(b"\x1b", 0), (b"[<0;5;3M", 9)]), ["Esc", "torn"]);
    assert_eq!(
        pieces(&[(b"\x1b", 0), (b"[<0;5", 9), (b";3Mx", 99)]),
        ["Esc", "torn", "x"]
    );
}

#[test]
fn escape_and_a_key_in_one_piece_are_two_keys() {
    assert_eq!(read("\x1ba\r"), ["Esc", "a", "then Enter"]);
    assert_eq!(read("\x1bd"), ["Esc", "d"]);
    assert_eq!(read("\x1b\x7f"), ["Esc", "Backspace"]);
    assert_eq!(read("\x1b\u{e9}"), ["Esc", "\u{e9}"]);
    assert_eq!(read("\x1b\x1b"), ["Esc", "Esc"]);
    assert_eq!(read("\x1b\x1b[A"), ["Esc", "Up"]);
    assert_eq!(read("\x1b\x1b\x1b"), ["Esc", "Esc", "Esc"]);
    assert_eq!(read("\x1bOa"), ["Esc", "O", "a"]);
    assert_eq!(read("\x1b]x"), ["Esc", "]", "x"], "no answer begins so");
    assert_eq!(read("\x1bPa"), ["Esc", "P", "a"]);
}

#[test]
fn what_is_typed_after_escape_is_typed() {
    // A list of candidates closed by Escape, and on in the text.
    let came = cut("\x1b|[|1|2|,", 150_000);
    assert_eq!(came, ["Esc"], "it could still become a key");
    let came = pieces(&[
        (b"\x1b", 0),
        (b"[", 150_000),
        (b"1", 300_000),
        (b",", 600_000),
        (b" 3]", 700_000),
    ]);
    assert_eq!(came, ["Esc", "[", "1", ",", "Space", "3", "]"], "no key has a comma");
    assert_eq!(cut("\x1b|]a", 100_000), ["Esc", "]", "a"]);
    assert_eq!(cut("\x1b|a|[D", 100_000), ["Esc", "a", "[", "D"]);
    assert_eq!(cut("\x1b|[D", 1_000_001), ["Esc", "[", "D"], "too late");
}

/// What terminals send of their own, or as an answer to somebody who is gone: nothing to the
/// console, wherever the line cuts it.
const ANSWERS: [&str; 14] = [
    "\x1b[24;80R",
    "\x1b[?62;4c",
    "\x1b[>0;276;0c",
    "\x1b[x",
    "\x1b[?2004;1$y",
    "\x1b[8;24;80t",
    "\x1bOr",
    "\x1bO5C",
    "\x1b]11;rgb:ff/ff/ff\x07",
    "\x1b]52;c;YSBkZWNpc2lvbg==\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b^a\rr\x1b\\",
    "\x1bXa\rr\x1b\\",
];

#[test]
fn an_answer_of_the_terminal_acts_as_nothing_wherever_it_is_cut() {
    for answer in ANSWERS {
        let bytes = answer.as_bytes();
        let nothing = [vec!["j".to_owned()], ["Esc", "torn", "j"].map(str::to_owned).to_vec()];
        for cut in 1..=bytes.len() {
            for delay_us in [0, 60_000, 900_000] {
                let came = pieces(&[(&bytes[..cut], 0), (&bytes[cut..], delay_us), (b"j", delay_us + 1)]);
                assert!(
                    nothing.contains(&came),
                    "{} cut at {cut} for {delay_us} us: {came:?}",
                    answer.escape_debug()
                );
            }
        }
        assert_eq!(each(bytes, 20_000), ["Esc", "torn"], "{}", answer.escape_debug());
    }
}

#[test]
fn a_string_without_an_end_is_bounded_and_nothing_of_it_acts() {
    let mut decoder = Decoder::default();
    let mut inputs = Vec::new();
    decoder.feed(b"\x1b]52;c;", 0, &mut inputs);
    for _ in 0..200 {
        decoder.feed(&[b'a'; 65_536], 0, &mut inputs);
        assert!(decoder.pending.len() <= STRING_BYTES_MAX);
    }
    decoder.tick(2 * SECOND_US, &mut inputs);
    assert_eq!(words(&inputs), ["Esc"]);
    decoder.feed(b"j", 2 * SECOND_US, &mut inputs);
    assert_eq!(words(&inputs), ["Esc", "j"]);
}

#[test]
fn what_does_not_go_on_is_typed_when_its_time_is_over() {
    let mut decoder = Decoder::default();
    let mut inputs = Vec::new();
    decoder.feed(b"\x1b", 0, &mut inputs);
    assert_eq!(decoder.wake_us(), None);
    decoder.feed(b"[", 10, &mut inputs);
    let wake_us = decoder.wake_us().unwrap();
    decoder.tick(wake_us - 1, &mut inputs);
    assert_eq!(words(&inputs), ["Esc"]);
    decoder.tick(wake_us, &mut inputs);
    assert_eq!(words(&inputs), ["Esc", "["]);
    assert_eq!(decoder.wake_us(), None);
}

#[test]
fn nonsense_is_dropped_and_what_follows_is_read() {
    assert_eq!(read("\x1b[5;5xj"), ["j"]);
    assert_eq!(read("\x1b[1;\x1b[Aj"), ["Up", "j"], "cut short by another");
    assert_eq!(read("\x1b[99999999999999999999~j"), ["j"]);
    assert_eq!(pieces(&[(b"\xff\xc3", 0), (b"\xa9j", 1)]), ["\u{e9}", "j"]);
    assert_eq!(pieces(&[(b"\xc3j", 0)]), ["j"]);
    let long = format!("\x1b[{}", "1".repeat(100_000));
    let mut decoder = Decoder::default();
    decoder.feed(long.as_bytes(), 0, &mut Vec::new());
    assert!(decoder.pending.len() <= 2 * SEQUENCE_BYTES_MAX || decoder.pending.is_empty());
}

#[test]
fn what_hands_press_ahead_is_keys_however_much_of_it_comes_at_once() {
    for keys in [
        "a\r",
        "jjjjjjjjjjjjjjjjjjjjj",
        "gg}}}}}ja\r",
        " j j j ja\r",
        ":q\r",
        "tttttttttttttt",
        "1g*gai\r\r\r?",
        "/j-1\r",
    ] {
        let name = |letter: char| match letter {
            '\r' => "then Enter".to_owned(),
            letter => KeyPress::plain(Code::Char(letter)).name(),
        };
        let words: Vec<String> = keys.chars().map(name).collect();
        assert_eq!(read(keys), words, "{keys:?}");
    }
}

#[test]
fn an_enter_that_came_with_letters_or_right_behind_a_text_is_told_from_one_that_was_pressed() {
    assert_eq!(read("\r\r"), ["Enter", "Enter"]);
    assert_eq!(
        read("\rno\rgo\r"),
        ["Enter", "n", "o", "then Enter", "g", "o", "then Enter"]
    );
    assert_eq!(read("no\x1b[C\r"), ["n", "o", "Right", "then Enter"]);
    assert_eq!(read("no\ngo"), ["n", "o", "then Ctrl-j", "g", "o"]);
    assert_eq!(cut("no|\r", 1000), ["n", "o", "Enter"], "typed");
    // The line has cut the text behind its line, or in the midst of it.
    for (gap_us, end) in [(100_000, "then Enter"), (100_001, "Enter")] {
        assert_eq!(cut("some words|\r", gap_us), ["text \"some words\"", end]);
        assert_eq!(cut("\x1b[200~x\x1b[201~|\r", gap_us), ["paste \"x\"", end]);
    }
    // Whatever key stands in front of a paste in the same piece.
    for (front, name) in [
        ("\x1b[B", "Down"),
        ("\t", "Tab"),
        ("\x1b[<65;1;1M", "WheelDown"),
        ("\r", "Enter"),
    ] {
        let told = read(&format!("{front}\x1b[200~x\x1b[201~\r"));
        assert!(told[0].starts_with(name), "{told:?}");
        assert_eq!(told[1..], ["paste \"x\"", "then Enter"], "{front:?}");
    }
    let text = "text \"some words\"";
    assert_eq!(
        cut("some words|\r|\r|\rmore", 60_000).join(" | "),
        format!("{text} | then Enter | then Enter | then Enter | m | o | r | e")
    );
    assert_eq!(cut("some words|\rand more", 60_000), [text, "text \"\\nand more\""]);
    let between = "a key between is a hand's, or a robot's";
    assert_eq!(
        cut("some words|\x1b|D|\r", 20_000),
        [text, "Esc", "D", "Enter"],
        "{between}"
    );
    assert_eq!(
        cut("some words\r|\treads well", 20_000),
        ["text \"some words\\n\"", "Tab", "text \"reads well\""]
    );
    assert_eq!(cut(":q\r|\r", 20_000), [":", "q", "then Enter", "Enter"]);
    // However the terminal ends a line.
    for end in ["\r", "\n", "\r\n"] {
        assert_eq!(
            read(&format!("one line{end}another{end}{end}")),
            ["text \"one line\\nanother\\n\\n\""],
            "{end:?}"
        );
    }
}

#[test]
fn more_letters_at_once_than_hands_press_are_a_text() {
    assert_eq!(read("note text"), ["text \"note text\""]);
    assert_eq!(
        read("please approve\rall of it\r"),
        ["text \"please approve\\nall of it\\n\""]
    );
    assert_eq!(read("\tna\u{ef}ve text"), ["Tab", "text \"na\u{ef}ve text\""]);
    assert_eq!(
        read("\x1b[Asome words\x1b[B"),
        ["Up", "text \"some words\"", "Down"],
        "what is no letter keeps its place"
    );
    // The line has cut it; a hand that presses on is another thing.
    assert_eq!(
        pieces(&[
            (b"please appr", 0),
            (b"ove a", 20_000),
            (b"a", 40_000),
            (b"jaja", 300_000)
        ]),
        ["text \"please appr\"", "text \"ove a\"", "a", "j", "a", "j", "a"]
    );
    let held = ["text \"some words\"", "t", "t", "t", "t"];
    assert_eq!(cut("some words|tttt", 10_000), held, "a key held down");
    // What was held back for a sequence that never came.
    let mut decoder = Decoder::default();
    let mut inputs = Vec::new();
    decoder.feed(b"\x1b]11;rgb:ff/aa", 0, &mut inputs);
    decoder.tick(2 * SECOND_US, &mut inputs);
    assert_eq!(words(&inputs), ["Esc", "text \"]11;rgb:ff/aa\""]);
}

#[test]
fn a_paste_without_an_end_is_bounded() {
    let mut decoder = Decoder::default();
    let mut inputs = Vec::new();
    decoder.feed(b"\x1b[200~", 0, &mut inputs);
    for _ in 0..200 {
        decoder.feed(&[b'x'; 65_536], 0, &mut inputs);
        assert!(decoder.paste.as_ref().unwrap().len() <= PASTE_BYTES_MAX + 65_536 + PASTE_END.len());
    }
    decoder.feed(b"\x1b[201~j", 0, &mut inputs);
    assert_eq!(inputs.len(), 2);
    assert_eq!(words(&inputs[1..]), ["j"]);
}

proptest::proptest! {
    #[test]
    fn no_bytes_and_no_cuts_stop_it(bytes in proptest::collection::vec(0u8.., 0..80), cut in 0usize..80, delay_us in 0i64..3_000_000) {
        let cut = cut.min(bytes.len());
        let mut decoder = Decoder::default();
        let mut inputs = Vec::new();
        decoder.feed(&bytes[..cut], 0, &mut inputs);
        decoder.feed(&bytes[cut..], delay_us, &mut inputs);
        decoder.tick(delay_us + 2_000_000, &mut inputs);
        proptest::prop_assert!(inputs.len() <= 2 * bytes.len());
    }
}
