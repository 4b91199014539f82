//! Any bytes: what is made visible holds nothing that a terminal would act on or hide, in every window and width.
#![no_main]

use text::{LineShape, visible, visible_line, visible_window};
use libfuzzer_sys::fuzz_target;

fn is_safe(text: &str) -> bool {
    let hidden = |c: char| {
        matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{61c}' | '\u{feff}' | '\u{ad}'
            | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}')
    };
    !text.chars().any(|c| c.is_control() || hidden(c))
}

fuzz_target!(|input: (&[u8], u16, u16)| {
    let (bytes, from, cells) = input;
    for span in visible(bytes) {
        assert!(is_safe(&span.text), "{:?}", span.text);
    }
    let text = String::from_utf8_lossy(bytes);
    assert!(is_safe(&visible_line(&text)));
    let from = usize::from(from);
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let window = visible_window(line, LineShape::default(), &[], from..from + usize::from(cells));
    for span in window {
        assert!(is_safe(&span.text), "{:?}", span.text);
    }
});
