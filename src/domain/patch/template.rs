//! The patch with which the editor opens: filled with what the artifact really holds, so that only one value need be changed.

use serde_json::{Value, json};

use super::markers::markers;
use super::storyboard::{Storyboard, tree_of};
use super::target::{ArtifactFacts, applicable};

/// The longest line, in bytes, that is offered as `old`.
const LINE_BYTES_MAX: usize = 300;
/// How many beats are tried for one with a clear id and length.
const BEATS_TRIED_MAX: usize = 100;

/// A pretty-printed patch for this artifact. It changes nothing until the operator edits it: accepted as it is, it is refused.
///
/// A storyboard gives a `duration_adjust` with its first id and that one's present length; a text a `text_replace` with its first line
/// of prose; what is not text the same with nothing filled in.
pub fn template(kind: &str, path: &str, current: &[u8]) -> String {
    let facts = ArtifactFacts { path, kind };
    let text = if applicable(facts).is_empty() {
        None
    } else {
        std::str::from_utf8(current).ok()
    };
    let value = text
        .and_then(|text| duration_template(path, text).or_else(|| text_template(path, text)))
        .unwrap_or_else(|| text_replace(path, "", ""));
    let mut out = serde_json::to_string_pretty(&value).unwrap_or_default();
    out.push('\n');
    out
}

fn duration_template(path: &str, text: &str) -> Option<Value> {
    let root = tree_of(path, text).ok()?;
    let storyboard = Storyboard::of(path, text, &root).ok()?;
    let (id, seconds) = storyboard.beats.iter().take(BEATS_TRIED_MAX).find_map(|beat| {
        let id = beat.id()?;
        storyboard.find(id).ok()?;
        Some((id, beat.seconds(text).filter(|seconds| seconds.is_positive())?))
    })?;
    let duration: Value = serde_json::from_str(&seconds.to_string()).ok()?;
    Some(json!({
        "type": "duration_adjust",
        "artifact": path,
        "beat_adjustments": [{"beat_id": id, "duration": duration}],
        "scale_keyframes": false,
        "update_totals": true,
    }))
}

fn text_template(path: &str, text: &str) -> Option<Value> {
    let lines: Vec<&str> = text.lines().collect();
    let marked: Vec<usize> = markers(&lines).iter().map(|marker| marker.index).collect();
    let is_prose = |index: usize, line: &str| {
        marked.binary_search(&index).is_err()
            && line.len() <= LINE_BYTES_MAX
            && line.chars().any(char::is_alphanumeric)
            && !line.contains('\u{feff}')
    };
    // A line that stands once is what the operator sees change; one that stands often would change everywhere.
    let candidates = || {
        lines
            .iter()
            .enumerate()
            .filter(|(index, line)| is_prose(*index, line))
            .map(|(_, line)| line.trim())
            .take(50)
    };
    let line = candidates()
        .find(|line| text.matches(line).take(2).count() == 1)
        .or_else(|| candidates().next())?;
    Some(text_replace(path, line, line))
}

fn text_replace(path: &str, old: &str, new: &str) -> Value {
    json!({"type": "text_replace", "artifact": path, "replacements": [{"old": old, "new": new}]})
}

#[cfg(test)]
mod tests {
    use super::super::{Patch, PatchFault};
    use super::*;

    #[test]
    fn a_script_opens_with_a_line_of_its_own() {
        let text = "**Opening**\r\n\r\nLow tide is at noon \u{2013} bring boots.\r\n";
        let shown = template("script", "artifacts/script/script.txt", text.as_bytes());
        assert!(
            shown.starts_with("{\n  \"type\": \"text_replace\",\n  \"artifact\": \"artifacts/script/script.txt\","),
            "{shown}"
        );
        assert_eq!(Patch::parse(&shown).unwrap_err().fault, PatchFault::Field);
        let mut value: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(
            value["replacements"][0]["old"],
            "Low tide is at noon \u{2013} bring boots."
        );
        value["replacements"][0]["new"] = "x".into();
        let plan = Patch::from_value(value)
            .unwrap()
            .plan("artifacts/script/script.txt", text.as_bytes())
            .unwrap();
        assert_eq!(plan.bytes, b"**Opening**\r\n\r\nx\r\n");
    }

    #[test]
    fn a_storyboard_opens_with_its_first_timed_scene() {
        let text = r#"{"scenes": [{"id": "scene_000"}, {"id": "scene_001", "duration_ms": 12500}]}"#;
        let shown = template("storyboard", "artifacts/storyboard/storyboard.json", text.as_bytes());
        let mut value: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(
            value["beat_adjustments"][0],
            json!({"beat_id": "scene_001", "duration": 12.5})
        );
        let patch = Patch::parse(&shown).unwrap();
        assert_eq!(
            patch
                .plan("artifacts/storyboard/storyboard.json", text.as_bytes())
                .unwrap_err()
                .fault,
            PatchFault::NoChange
        );
        value["beat_adjustments"][0]["duration"] = 13.into();
        assert!(
            Patch::from_value(value)
                .unwrap()
                .plan("artifacts/storyboard/storyboard.json", text.as_bytes())
                .is_ok()
        );
    }

    #[test]
    fn other_material_never_harms() {
        for (kind, path, bytes) in [
            ("voiceover", "a.mp3", &b"\xff\xfb"[..]),
            ("script", "a.txt", b""),
            ("script", "a.txt", b"\xff"),
            ("storyboard", "a.json", b"{\"scenes\": []}"),
            ("storyboard", "a.json", b"{"),
        ] {
            let shown = template(kind, path, bytes);
            assert!(serde_json::from_str::<Value>(&shown).is_ok(), "{path}");
        }
    }
}
