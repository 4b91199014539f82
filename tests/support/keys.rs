//! Keys as a person would write them down, and the bytes a terminal sends for them.
//!
//! `"j j Enter"` is three keys: words are separated by spaces, a word is a named key, a chord or
//! plain text. Named:
//! `Enter Tab BackTab Space Backspace Esc Delete Insert Up Down Left Right Home End PageUp PageDown F1`…`F12`.
//! Chords: `<C-c>`, `<A-x>`, `<S-Tab>`, `<C-Left>`. Text with spaces, or a word that is also a
//! key's name: `'two words'`.

/// The bytes for `keys`, or why they cannot be sent. `is_application_cursor`: the mode the program
/// put the cursor keys in.
pub fn bytes(keys: &str, is_application_cursor: bool) -> Result<Vec<u8>, String> {
    let mut sent = Vec::new();
    let mut rest = keys.trim_start();
    while !rest.is_empty() {
        // Esc and the key after it arrive in one read, and every program takes that for Alt and the
        // key.
        if sent.last() == Some(&0x1b) {
            return Err(format!(
                "keys {keys:?}: Esc has to be the last key of a send; wait for what it does, then send the rest"
            ));
        }
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (text, after) = quoted
                .split_once('\'')
                .ok_or_else(|| format!("keys {keys:?}: a quote is not closed"))?;
            sent.extend_from_slice(text.as_bytes());
            rest = after.trim_start();
            continue;
        }
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        sent.extend(word_bytes(word, is_application_cursor).map_err(|reason| format!("keys {keys:?}: {reason}"))?);
        rest = after.trim_start();
    }
    Ok(sent)
}

fn word_bytes(word: &str, is_application_cursor: bool) -> Result<Vec<u8>, String> {
    match word.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        Some(chord) if !chord.is_empty() => chord_bytes(chord, is_application_cursor),
        Some(_) | None => {
            Ok(named_bytes(word, Modifiers::default(), is_application_cursor)
                .unwrap_or_else(|| word.as_bytes().to_vec()))
        }
    }
}

#[derive(Default, Clone, Copy)]
struct Modifiers {
    shift: bool,
    alt: bool,
    ctrl: bool,
}

impl Modifiers {
    fn is_none(self) -> bool {
        !(self.shift || self.alt || self.ctrl)
    }

    /// The number xterm puts into the sequence of a modified key.
    fn parameter(self) -> u8 {
        1 + u8::from(self.shift) + 2 * u8::from(self.alt) + 4 * u8::from(self.ctrl)
    }
}

fn chord_bytes(chord: &str, is_application_cursor: bool) -> Result<Vec<u8>, String> {
    let mut modifiers = Modifiers::default();
    let mut key = chord;
    while let Some((letter, rest)) = key.split_once('-').filter(|(_, rest)| !rest.is_empty()) {
        match letter {
            "C" => modifiers.ctrl = true,
            "A" | "M" => modifiers.alt = true,
            "S" => modifiers.shift = true,
            other => {
                return Err(format!(
                    "<{chord}>: {other:?} is not a modifier; there are C, A, M and S"
                ));
            }
        }
        key = rest;
    }
    if let Some(bytes) = named_bytes(key, modifiers, is_application_cursor) {
        return Ok(bytes);
    }
    let mut characters = key.chars();
    let (Some(character), None) = (characters.next(), characters.next()) else {
        return Err(format!("<{chord}>: {key:?} is neither a key's name nor one character"));
    };
    let mut bytes = Vec::new();
    if modifiers.alt {
        bytes.push(0x1b);
    }
    if modifiers.shift {
        return Err(format!(
            "<{chord}>: a terminal sends a shifted letter as the letter itself"
        ));
    }
    if modifiers.ctrl {
        match character.to_ascii_uppercase() {
            upper @ '@'..='_' => bytes.push(upper as u8 & 0x1f),
            '?' => bytes.push(0x7f),
            _ => return Err(format!("<{chord}>: a terminal has no byte for it")),
        }
    } else {
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(bytes)
}

/// Keys whose sequence ends with a letter, and keys whose sequence has a number.
#[rustfmt::skip]
const LETTERS: [(&str, u8); 10] = [
    ("Up", b'A'), ("Down", b'B'), ("Right", b'C'), ("Left", b'D'), ("Home", b'H'), ("End", b'F'),
    ("F1", b'P'), ("F2", b'Q'), ("F3", b'R'), ("F4", b'S'),
];
#[rustfmt::skip]
const NUMBERS: [(&str, u8); 14] = [
    ("Insert", 2), ("Delete", 3), ("PageUp", 5), ("PgUp", 5), ("PageDown", 6), ("PgDn", 6),
    ("F5", 15), ("F6", 17), ("F7", 18), ("F8", 19), ("F9", 20), ("F10", 21), ("F11", 23), ("F12", 24),
];

/// The bytes of a key with a name, none when `name` is not one.
fn named_bytes(name: &str, modifiers: Modifiers, is_application_cursor: bool) -> Option<Vec<u8>> {
    let plain: Option<&[u8]> = match name {
        "Enter" => Some(b"\r"),
        "Tab" if modifiers.shift => Some(b"\x1b[Z"),
        "Tab" => Some(b"\t"),
        "BackTab" => Some(b"\x1b[Z"),
        "Space" if modifiers.ctrl => Some(b"\0"),
        "Space" => Some(b" "),
        "Backspace" => Some(b"\x7f"),
        "Esc" => Some(b"\x1b"),
        _ => None,
    };
    if let Some(plain) = plain {
        let alt: &[u8] = if modifiers.alt { b"\x1b" } else { b"" };
        return Some([alt, plain].concat());
    }
    let parameter = modifiers.parameter();
    let of = |known: &[(&str, u8)]| known.iter().find(|(known, _)| *known == name).map(|(_, sent)| *sent);
    if let Some(letter) = of(&LETTERS).map(char::from) {
        return Some(if !modifiers.is_none() {
            format!("\x1b[1;{parameter}{letter}").into_bytes()
        } else if name.starts_with('F') || is_application_cursor {
            format!("\x1bO{letter}").into_bytes()
        } else {
            format!("\x1b[{letter}").into_bytes()
        });
    }
    let number = of(&NUMBERS)?;
    Some(if modifiers.is_none() {
        format!("\x1b[{number}~").into_bytes()
    } else {
        format!("\x1b[{number};{parameter}~").into_bytes()
    })
}
