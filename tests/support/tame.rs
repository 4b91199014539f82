//! What a program wrote to its terminal, byte for byte: only sequences that a full-screen program
//! needs, and nothing that hides.

use serde_json::json;

use super::run::Workspace;

/// Text that would act on a terminal or mislead its reader: every family of SPEC §7, each with the
/// word EVIL or 31337 in it.
///
/// CSI, OSC 0, 8 and 52, DCS, APC, RIS, a charset switch, C1 forms of them, bidi controls,
/// zero-width characters, tags, a flood of combining characters, BEL, backspace, a lone carriage
/// return.
pub fn evil() -> String {
    let flood = "\u{336}".repeat(300);
    format!(
        "\x1b[31337;5HEVIL \x1b[31337J \x1b]0;EVIL\x07 \x1b]8;;http://EVIL\x1b\\ \x1b]52;c;RVZJTA==\x07 \x1bP31337q\x1b\\ \x1b_EVIL\x1b\\ \
         \x1bc \x1b#8 \x1b(0 \u{9b}31337;5H \u{9d}52;c;RVZJTA==\u{9c} \u{90}31337q\u{9c} \u{202e}EVIL\u{2066} \u{200b}EVIL\u{feff}\u{2060} \
         \u{e0045}\u{e0056} z{flood} \x07\x08\x08\rEVIL\u{2028}EVIL \u{7f}"
    )
}

/// As much of it as a slug may hold: 200 bytes.
pub fn evil_slug() -> String {
    let evil = evil();
    evil[..evil.floor_char_boundary(200)].to_owned()
}

/// [`evil`] with bytes that are no UTF-8: lone continuation bytes, a surrogate, an overlong form, a
/// raw C1 byte.
pub fn evil_bytes() -> Vec<u8> {
    let mut bytes = evil().into_bytes();
    bytes.extend_from_slice(b" \xff\xfe \x9b31337;5H \xed\xa0\x80 \xc0\x9b \xf8\x88\x80\x80\x80 end");
    bytes
}

/// A manual job whose every text is hostile, at a gate with a text, a JSON document and a file of a
/// misleading name, two of them compared with another version.
pub fn hostile_gate() -> Workspace {
    let workspace = Workspace::new("{}\n");
    let (evil, slug) = (evil(), evil_slug());
    let write = |path: &str, middle: &[u8]| workspace.write(path, [b"first\n", middle, b"\nlast\n"].concat());
    write("out/script.txt", &evil_bytes());
    write("last/script.txt", evil.as_bytes());
    write("out/x\u{202e}txt.exe", evil.as_bytes());
    for (path, value) in [("out/board.json", 4), ("last/board.json", 5)] {
        let board = json!({ "scenes": [{ "id": evil, "duration_ms": value, evil.clone(): evil }] });
        workspace.write(path, format!("{board:#}"));
    }
    let start = "job start --manual --id j-1 --slug".split(' ');
    workspace.ok(&start.chain([slug.as_str(), "--intent", &evil]).collect::<Vec<_>>());
    workspace.ok(
        "gate open j-1 script --artifact script=out/script.txt --artifact storyboard=out/board.json \
         --artifact other=out/x\u{202e}txt.exe --base last/script.txt --base last/board.json",
    );
    workspace
}

/// Panics unless `raw` is text that shows itself, with only the control sequences of a well-behaved
/// program in between.
#[track_caller]
pub fn assert_tame(raw: &[u8]) {
    let text = match str::from_utf8(raw) {
        Ok(text) => text,
        Err(error) => panic!(
            "no UTF-8 from byte {}: {}",
            error.valid_up_to(),
            around(raw, error.valid_up_to())
        ),
    };
    let mut combining = 0;
    let mut rest = text.char_indices();
    while let Some((at, character)) = rest.next() {
        let is_wild = match character {
            '\x1b' => {
                let length = sequence(&text[at..]);
                (1..length.unwrap_or(0)).for_each(|_| {
                    rest.next();
                });
                length.is_none()
            }
            '\r' | '\n' => false,
            _ => character.is_control() || hides(character),
        };
        combining = if ('\u{300}'..='\u{36f}').contains(&character) {
            combining + 1
        } else {
            0
        };
        assert!(!is_wild, "{character:?} at byte {at}: {}", around(raw, at));
        assert!(combining <= 4, "a flood at byte {at}: {}", around(raw, at));
    }
}

/// Bytes of the escape sequence that `text` begins with, when it is one that a program may need;
/// all of them are ASCII.
fn sequence(text: &str) -> Option<usize> {
    let body = text.get(1..)?;
    if let Some(parameters) = body.strip_prefix('[') {
        let end = parameters.find(|c: char| ('@'..='~').contains(&c))?;
        let (values, last) = (&parameters[..end], parameters[end..].chars().next()?);
        let is_known = "ABCDGHJKLMPSTXdhlmnqru".contains(last) && !values.contains("31337");
        return is_known.then_some(2 + end + 1);
    }
    // Scroll back to a saved place, keypad modes: no text follows them.
    body.starts_with(['7', '8', '=', '>', 'M']).then_some(2)
}

fn hides(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn around(raw: &[u8], at: usize) -> String {
    raw[at.saturating_sub(60)..raw.len().min(at + 60)]
        .escape_ascii()
        .to_string()
}
