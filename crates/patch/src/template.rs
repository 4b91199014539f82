//! The patch with which the editor opens: filled with what the artifact really holds, so that only
//! one value need be changed.

mod asset;
mod json;
mod unified_diff;

use serde_json::{Value, json};

use super::markers::markers;
use super::section_replace::first_section;
use super::storyboard::{Storyboard, tree_of};
use super::target::{ArtifactFacts, applicable};

/// The longest line, in bytes, that is offered as `old`.
const LINE_BYTES_MAX: usize = 300;
/// How much of a line that is too long is offered, in characters.
const PIECE_CHARS: usize = 80;
/// How many lines of prose are tried for one that stands once.
const PROSE_TRIED_MAX: usize = 50;
/// How many beats are tried for one with a clear id and length.
const BEATS_TRIED_MAX: usize = 100;

/// A pretty-printed patch for this artifact. It changes nothing until the operator edits it:
/// accepted as it is, it is refused.
///
/// A storyboard gives a `duration_adjust` with its first id and that one's present length; sound a
/// `level_adjust`; a text a `text_replace` with its first line of prose; what is none of these the
/// same with nothing filled in.
pub fn template(kind: &str, path: &str, current: &[u8]) -> String {
    ["duration_adjust", "level_adjust", "text_replace"]
        .into_iter()
        .find_map(|name| template_of(name, kind, path, current))
        .unwrap_or_else(|| printed(&text_replace(path, "", "")))
}

/// The same for one patch type by its name; none where that type could not apply, or the artifact
/// holds nothing to fill it with.
pub fn template_of(type_name: &str, kind: &str, path: &str, current: &[u8]) -> Option<String> {
    let doc = applicable(ArtifactFacts { path, kind })
        .into_iter()
        .find(|doc| doc.name == type_name)?;
    if doc.name == "level_adjust" {
        return Some(printed(&level_template(path)));
    }
    let text = std::str::from_utf8(current).ok()?;
    let value = match doc.name {
        "duration_adjust" => duration_template(path, text)?,
        "asset_substitute" => asset::substitute(path, text)?,
        "section_replace" => section_template(path, text)?,
        "text_replace" => text_template(path, text)?,
        "unified_diff" => unified_diff::around(path, text, prose(text).next()?.0)?,
        "json_patch" => json::json_patch(path, text)?,
        "merge_patch" => json::merge_patch(path, text)?,
        // A type that has no filling of its own opens with its example.
        _ => {
            let mut example = (doc.example)();
            example.as_object_mut()?.insert("artifact".to_owned(), path.into());
            example
        }
    };
    Some(printed(&value))
}

fn printed(value: &Value) -> String {
    let mut out = serde_json::to_string_pretty(value).unwrap_or_default();
    out.push('\n');
    out
}

fn section_template(path: &str, text: &str) -> Option<Value> {
    let (marker, body) = first_section(text)?;
    Some(json!({
        "type": "section_replace",
        "artifact": path,
        "section_marker": marker,
        "new_section": body,
    }))
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

fn level_template(path: &str) -> Value {
    json!({"type": "level_adjust", "artifact": path, "level_change_db": 0, "allow_clipping": false})
}

fn text_template(path: &str, text: &str) -> Option<Value> {
    // A line that stands once is what the operator sees change; one that stands often would change
    // everywhere.
    let candidates: Vec<&str> = prose(text).map(|(_, line)| line.trim()).collect();
    let line = candidates
        .iter()
        .copied()
        .find(|line| text.matches(line).take(2).count() == 1)
        .or_else(|| candidates.first().copied())
        .or_else(|| piece(text))?;
    Some(text_replace(path, line, line))
}

/// The first lines that say something and are no markers, with their indices.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let marked: Vec<usize> = markers(&lines).iter().map(|marker| marker.index).collect();
    let is_prose = move |index: usize, line: &str| {
        marked.binary_search(&index).is_err()
            && line.len() <= LINE_BYTES_MAX
            && line.chars().any(char::is_alphanumeric)
            && !line.contains('\u{feff}')
    };
    lines
        .into_iter()
        .enumerate()
        .filter(move |(index, line)| is_prose(*index, line))
        .take(PROSE_TRIED_MAX)
}

/// Where no line will do, as in JSON without line breaks: the beginning of the first line that says
/// something.
fn piece(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.chars().any(char::is_alphanumeric))?;
    let line = line.trim_start_matches('\u{feff}').trim();
    let end = line.char_indices().nth(PIECE_CHARS).map_or(line.len(), |(at, _)| at);
    line.get(..end).map(str::trim)
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
    fn a_section_opens_with_its_body_and_changes_nothing_until_it_is_edited() {
        let text = "**Opening**\r\n\r\nLow tide is at noon.\r\nBring boots.\r\n\r\n**Close**\r\nBye.";
        let path = "artifacts/script/script.txt";
        let shown = template_of("section_replace", "script", path, text.as_bytes()).unwrap();
        let mut value: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(value["section_marker"], "**Opening**");
        assert_eq!(value["new_section"], "\nLow tide is at noon.\nBring boots.");
        let plan = |value: Value| Patch::from_value(value).unwrap().plan(path, text.as_bytes());
        assert_eq!(plan(value.clone()).unwrap_err().fault, PatchFault::NoChange);
        value["new_section"] = "\nLow tide is at one.".into();
        assert!(plan(value).unwrap().bytes.ends_with(b"**Close**\r\nBye."));
        assert_eq!(template_of("duration_adjust", "script", path, text.as_bytes()), None);
        assert_eq!(template_of("section_replace", "script", path, b"no markers"), None);
        assert_eq!(template_of("no_such_type", "script", path, text.as_bytes()), None);
    }

    #[test]
    fn json_without_scenes_or_line_breaks_opens_with_a_piece_of_it() {
        let long = format!("{{\"title\": \"{}\"}}", "low tide ".repeat(60));
        for text in ["{\n  \"title\": \"dunes\"\n}", long.as_str(), "**Only a marker**"] {
            let shown = template("report", "artifacts/acceptance/report.json", text.as_bytes());
            let value: Value = serde_json::from_str(&shown).unwrap();
            let old = value["replacements"][0]["old"].as_str().unwrap();
            assert!(!old.is_empty() && text.contains(old), "{shown}");
        }
    }

    #[test]
    fn sound_opens_with_a_change_of_level_that_is_refused_until_it_is_one() {
        let shown = template("voiceover", "artifacts/audio/voiceover.mp3", b"\xff\xfb");
        let error = Patch::parse(&shown).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("level_change_db"));
        assert!(Patch::parse(&shown.replace(": 0,", ": -3,")).is_ok());
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
