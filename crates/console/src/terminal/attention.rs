//! What asks for the operator's eyes: bell, notifications and title, as bytes for the terminal.
//!
//! Bell and title mean the same in tmux, which passes them on by itself; notifications reach the
//! terminal around it only wrapped (its `allow-passthrough`).

use crate::effect::Attention;
use text::{cut, visible_line};

pub(super) const BELL: &[u8] = b"\x07";
/// The title as it was is kept by the terminal (XTWINOPS 22, 23), and none stands where that knows
/// nothing of it.
const KEEP_TITLE: &str = "\x1b[22;2t";
pub(super) const GIVE_TITLE_BACK: &[u8] = b"\x1b]2;\x07\x1b[23;2t";
/// More is read by nobody.
const CELLS_MAX: usize = 200;

/// A text that ends no sequence and begins none.
fn safe(text: &str) -> String {
    cut(&visible_line(text), CELLS_MAX)
}

/// The bytes of it; `is_titled`: whether the title is ours already.
pub(super) fn bytes(attention: &Attention, is_titled: bool, is_in_tmux: bool) -> Vec<u8> {
    match attention {
        Attention::Bell => BELL.to_vec(),
        Attention::Notify(text) => {
            let text = safe(text);
            let sequences = [
                format!("\x1b]9;{text}\x07"),
                format!("\x1b]777;notify;holdpoint;{text}\x07"),
            ];
            let wrapped = sequences.map(|sequence| match is_in_tmux {
                true => format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")),
                false => sequence,
            });
            wrapped.concat().into_bytes()
        }
        Attention::Title(Some(title)) => {
            let keep = if is_titled { "" } else { KEEP_TITLE };
            format!("{keep}\x1b]2;{}\x07", safe(title)).into_bytes()
        }
        Attention::Title(None) if is_titled => GIVE_TITLE_BACK.to_vec(),
        Attention::Title(None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(attention: &Attention, is_titled: bool, is_in_tmux: bool) -> String {
        String::from_utf8(bytes(attention, is_titled, is_in_tmux)).unwrap()
    }

    #[test]
    fn a_notification_is_told_in_both_ways_and_wrapped_in_tmux() {
        let told = Attention::Notify("last call".to_owned());
        assert_eq!(
            text(&told, false, false),
            "\x1b]9;last call\x07\x1b]777;notify;holdpoint;last call\x07"
        );
        assert_eq!(
            text(&told, false, true),
            "\x1bPtmux;\x1b\x1b]9;last call\x07\x1b\\\x1bPtmux;\x1b\x1b]777;notify;holdpoint;last call\x07\x1b\\"
        );
    }

    #[test]
    fn the_title_is_kept_once_and_given_back() {
        let title = Attention::Title(Some("LAST CALL tides".to_owned()));
        assert_eq!(text(&title, false, true), "\x1b[22;2t\x1b]2;LAST CALL tides\x07");
        assert_eq!(text(&title, true, true), "\x1b]2;LAST CALL tides\x07");
        assert_eq!(text(&Attention::Title(None), true, false), "\x1b]2;\x07\x1b[23;2t");
        assert_eq!(text(&Attention::Title(None), false, false), "");
    }

    #[test]
    fn no_text_from_outside_leaves_its_sequence() {
        let hostile = "\x1b\\\x07\u{9c}\u{9b}31m\r\n\x1b]2;mine\x07".repeat(100);
        for attention in [Attention::Notify(hostile.clone()), Attention::Title(Some(hostile))] {
            let written = text(&attention, true, false);
            let controls: String = written.chars().filter(|one| one.is_control()).collect();
            assert!(
                ["\x1b\x07", "\x1b\x07\x1b\x07"].contains(&controls.as_str()),
                "{written:?}"
            );
            assert!(written.len() < 2000, "{}", written.len());
        }
    }
}
