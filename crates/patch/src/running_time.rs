//! How long a storyboard runs, for a preview beside whatever changes it.

use std::fmt;

use super::decimal::Decimal;
use super::quote::counted;
use super::storyboard::{List, Storyboard, tree_of};

/// The sum of a storyboard's durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunningTime {
    pub(super) seconds: Decimal,
    /// Scenes and beats that do not say how long they are: they run for a time that is not in the
    /// sum.
    pub(super) untimed: usize,
}

/// The running time of a storyboard: of its `scenes[]`, or of all `sections[].beats[]` when no
/// scene says how long it is; none when the bytes are no storyboard, or nothing in it has a
/// duration.
///
/// Reads the whole document: not for an event loop.
pub fn running_time(path: &str, bytes: &[u8]) -> Option<RunningTime> {
    let text = std::str::from_utf8(bytes).ok()?;
    let root = tree_of(path, text).ok()?;
    let storyboard = Storyboard::of(path, text, &root).ok()?;
    let scenes = sum(&storyboard, List::Scenes);
    scenes.or_else(|| sum(&storyboard, List::Beats { section: 0 }))
}

fn sum(storyboard: &Storyboard<'_>, order: List) -> Option<RunningTime> {
    let mut total = None;
    let mut untimed = 0;
    for beat in storyboard.beats.iter().filter(|beat| beat.list.is_same_order(order)) {
        match beat.seconds(storyboard.text) {
            Some(seconds) => total = Some(total.unwrap_or(Decimal::ZERO).plus(seconds)?),
            None => untimed += 1,
        }
    }
    total.map(|seconds| RunningTime { seconds, untimed })
}

impl RunningTime {
    /// Both in one line: `total 62 s -> 69 s`; none when they are the same.
    pub fn change_to(self, after: Self) -> Option<String> {
        if self == after {
            return None;
        }
        if self.untimed == after.untimed {
            return Some(format!("total {} s -> {after}", self.seconds));
        }
        Some(format!("total {self} -> {after}"))
    }
}

impl fmt::Display for RunningTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.seconds)?;
        if self.untimed > 0 {
            write!(f, " without {} of unknown length", counted(self.untimed, "scene"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        running_time("storyboard.json", text.as_bytes()).map(|time| time.to_string())
    }

    #[test]
    fn durations_of_every_unit_and_style_add_up_exactly() {
        assert_eq!(
            shown(r#"{"scenes":[{"duration_ms":12000},{"duration":0.1},{"duration_s":0.2},{"duration_ms":306.0}]}"#),
            Some("12.606 s".to_owned())
        );
        assert_eq!(
            shown(r#"{"sections":[{"beats":[{"duration":5}]},{"beats":[{"duration":7},{}]}]}"#),
            Some("12 s without 1 scene of unknown length".to_owned())
        );
        // Scenes are what is shown; the beats beside them say the same in other words.
        assert_eq!(
            shown(r#"{"sections":[{"beats":[{"duration":5}]}],"scenes":[{"duration":9}]}"#),
            Some("9 s".to_owned())
        );
    }

    #[test]
    fn what_has_no_durations_has_no_running_time() {
        for text in [
            "",
            "{",
            "{}",
            r#"{"scenes":[]}"#,
            r#"{"scenes":[{"id":1}]}"#,
            r#"{"scenes":[{"duration":"5"}]}"#,
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
        assert_eq!(running_time("a.json", b"\xff"), None);
    }

    #[test]
    fn a_change_is_one_line() {
        let time = |text: &str| running_time("b.json", text.as_bytes()).unwrap();
        let (before, after) = (
            time(r#"{"scenes":[{"duration":62}]}"#),
            time(r#"{"scenes":[{"duration":69}]}"#),
        );
        assert_eq!(before.change_to(after).as_deref(), Some("total 62 s -> 69 s"));
        assert_eq!(before.change_to(before), None);
        let untimed = time(r#"{"scenes":[{"duration":62},{}]}"#);
        assert_eq!(
            before.change_to(untimed).as_deref(),
            Some("total 62 s -> 62 s without 1 scene of unknown length")
        );
    }
}
