//! Every template is filled with what the artifact holds, changes nothing as it opens, and does with
//! one value edited.

use super::*;
use crate::{Patch, PatchFault, Surroundings};

const SCRIPT: &str = "artifacts/script/script.txt";
const BOARD: &str = "artifacts/storyboard/storyboard.json";

fn shown(type_name: &str, kind: &str, path: &str, bytes: &[u8]) -> Option<String> {
    let templates = templates_of(ArtifactFacts { path, kind }, bytes);
    let found = templates.into_iter().find(|(name, _)| *name == type_name)?;
    Some(found.1.text)
}

/// The template of a type, refused in this way until the value at the pointer is another one; then
/// what it makes.
#[track_caller]
fn edited(
    (type_name, fault): (&str, PatchFault),
    (path, text): (&str, &str),
    at: &str,
    opens: Value,
    with: Value,
) -> String {
    let shown = shown(type_name, "any", path, text.as_bytes()).unwrap();
    let mut patch: Value = serde_json::from_str(&shown).unwrap();
    let start = format!("{{\n  \"type\": \"{type_name}\",\n  \"artifact\": \"{path}\",\n");
    assert!(shown.starts_with(&start), "{shown}");
    let files = ["artifacts/assets/ground.svg", "artifacts/assets/sea.svg"].map(str::to_owned);
    let plan = |patch: Value| {
        let surroundings = Surroundings {
            files: &files,
            sidecar: None,
        };
        Patch::from_value(patch)?.plan_among(path, text.as_bytes(), surroundings)
    };
    assert_eq!(plan(patch.clone()).unwrap_err().fault, fault, "{shown}");
    let value = patch.pointer_mut(at).unwrap();
    assert_eq!(std::mem::replace(value, with), opens, "{shown}");
    String::from_utf8(plan(patch).unwrap().bytes).unwrap()
}

#[test]
fn each_opens_with_what_there_is_and_one_edit_makes_it_a_patch() {
    let layers = r#"{"scenes": [{"id": "s0", "layers": [{"element_id": "ground", "asset": "ground.svg"}]},
        {"id": "s1", "layers": [{"element_id": "ground", "asset": "sea.svg"}]}]}"#;
    let sections = "**Opening**\r\n\r\nLow tide is at noon.\r\nBring boots.\r\n\r\n**Close**\r\nBye.";
    let prose = "**Opening**\r\n\r\nLow tide is at noon \u{2013} bring boots.\r\n";
    let plain = format!(
        "{{\"scenes\": [{{\"a/b\": [], \"x\": 1.50, \"long\": \"{}\"}}]}}",
        "x".repeat(999)
    );
    let merged = "{\"none\": null, \"scenes\": [1], \"frame\": {\"w\": 1280}}";
    for (refused, artifact, at, opens, with, made) in [
        (
            ("text_replace", PatchFault::Field),
            (SCRIPT, prose),
            "/replacements/0/new",
            json!("Low tide is at noon \u{2013} bring boots."),
            json!("x"),
            "**Opening**\r\n\r\nx\r\n".to_owned(),
        ),
        (
            ("section_replace", PatchFault::NoChange),
            (SCRIPT, sections),
            "/new_section",
            json!("\nLow tide is at noon.\nBring boots."),
            json!("\nLow tide is at one."),
            sections.replace("noon.\r\nBring boots.", "one."),
        ),
        (
            ("asset_substitute", PatchFault::NoChange),
            (BOARD, layers),
            "/substitutions/0",
            json!({"element_id": "s0/ground", "asset_path": "ground.svg"}),
            json!({"element_id": "s0/ground", "asset_path": "sea.svg"}),
            layers.replace("ground.svg", "sea.svg"),
        ),
        (
            ("duration_adjust", PatchFault::NoChange),
            (
                BOARD,
                r#"{"scenes": [{"id": "scene_000"}, {"id": "scene_001", "duration_ms": 12500}]}"#,
            ),
            "/beat_adjustments/0",
            json!({"beat_id": "scene_001", "duration": 12.5}),
            json!({"beat_id": "scene_001", "duration": 13}),
            r#"{"scenes": [{"id": "scene_000"}, {"id": "scene_001", "duration_ms": 13000}]}"#.to_owned(),
        ),
        (
            ("json_patch", PatchFault::NoChange),
            (BOARD, &plain),
            "/ops/0",
            json!({"op": "replace", "path": "/scenes/0/x", "value": 1.5}),
            json!({"op": "replace", "path": "/scenes/0/x", "value": 2}),
            plain.replace("1.50", "2"),
        ),
        (
            ("json_patch", PatchFault::NoChange),
            (BOARD, merged),
            "/ops/0",
            json!({"op": "replace", "path": "/none", "value": null}),
            json!({"op": "remove", "path": "/none"}),
            merged.replace("\"none\": null, ", ""),
        ),
        (
            ("json_patch", PatchFault::NoChange),
            (BOARD, "7.0"),
            "/ops/0",
            json!({"op": "replace", "path": "", "value": 7.0}),
            json!({"op": "replace", "path": "", "value": 8}),
            "8".to_owned(),
        ),
        (
            ("merge_patch", PatchFault::NoChange),
            (BOARD, merged),
            "/merge",
            json!({"frame": {"w": 1280}}),
            json!({"frame": {"w": 1281}}),
            merged.replace("1280", "1281"),
        ),
        (
            ("merge_patch", PatchFault::NoChange),
            (BOARD, "{\"scenes\": [1]}"),
            "/merge",
            json!({}),
            json!({"scenes": [2]}),
            "{\"scenes\": [2]}".to_owned(),
        ),
    ] {
        assert_eq!(edited(refused, artifact, at, opens, with), made, "{refused:?}");
    }
}

#[test]
fn a_diff_takes_the_first_line_of_prose_out_and_puts_it_back() {
    for (text, diff) in [
        (
            "**Opening**\r\n\r\nLow tide is at noon.\r\nBye.",
            "@@ -1,4 +1,4 @@\n **Opening**\n \n-Low tide is at noon.\n+Low tide is at noon.\n Bye.\n\\ No newline at end of file\n",
        ),
        (
            "one",
            "@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+one\n\\ No newline at end of file\n",
        ),
        ("a\r\nb\n", "@@ -1,2 +1,2 @@\n-a\r\n+a\r\n b\n"),
    ] {
        let with = diff.replacen("\n+", "\n+x", 1);
        let refused = ("unified_diff", PatchFault::NoChange);
        let made = edited(refused, (SCRIPT, text), "/diff", diff.into(), with.into());
        assert_eq!(made.replacen('x', "", 1), text);
    }
}

#[test]
fn what_holds_nothing_to_fill_it_with_has_no_template() {
    for (name, path, bytes) in [
        ("duration_adjust", SCRIPT, "**Opening**\nLow tide."),
        ("section_replace", SCRIPT, "no markers"),
        ("no_such_type", SCRIPT, "**Opening**\nLow tide."),
        ("unified_diff", SCRIPT, "**Only a marker**"),
        ("asset_substitute", BOARD, "{\"scenes\": [{\"id\": 1}]}"),
        ("json_patch", BOARD, "[[]]"),
        ("json_patch", BOARD, "{"),
        ("merge_patch", BOARD, "[1]"),
    ] {
        assert_eq!(shown(name, "any", path, bytes.as_bytes()), None, "{name} {bytes}");
    }
}

#[test]
fn json_without_scenes_or_line_breaks_opens_with_a_piece_of_it() {
    let long = format!("{{\"title\": \"{}\"}}", "low tide ".repeat(60));
    for text in ["{\n  \"title\": \"dunes\"\n}", long.as_str(), "**Only a marker**"] {
        let shown = shown(
            "text_replace",
            "report",
            "artifacts/acceptance/report.json",
            text.as_bytes(),
        )
        .unwrap();
        let value: Value = serde_json::from_str(&shown).unwrap();
        let old = value["replacements"][0]["old"].as_str().unwrap();
        assert!(!old.is_empty() && text.contains(old), "{shown}");
    }
}

#[test]
fn sound_opens_with_a_change_of_level_that_is_refused_until_it_is_one() {
    let shown = shown(
        "level_adjust",
        "voiceover",
        "artifacts/audio/voiceover.mp3",
        b"\xff\xfb",
    )
    .unwrap();
    let error = Patch::parse(&shown).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("level_change_db"));
    assert!(Patch::parse(&shown.replace(": 0,", ": -3,")).is_ok());
}

#[test]
fn the_likeliest_is_the_first_and_the_cursor_stands_in_the_value_to_edit() {
    let params = json!({"tone": "calm"});
    let params = params.as_object().unwrap();
    let board = b"{\"scenes\": [{\"id\": \"s0\", \"duration_ms\": 12500}]}";
    for (path, bytes, first, stands) in [
        (SCRIPT, &b"Low tide."[..], "text_replace", "Low tide.\"\n"),
        (BOARD, board, "duration_adjust", "12.5\n"),
        ("a.mp3", b"\xff\xfb", "level_adjust", "{\n"),
        ("a.bin", b"\xff", "params", "{\n"),
    ] {
        let templates = templates("any", path, bytes, params);
        let (name, template) = &templates[0];
        let line = template.text.split_inclusive('\n').nth(template.cursor.line).unwrap();
        let behind: String = line.chars().skip(template.cursor.character).collect();
        assert_eq!((*name, behind.as_str()), (first, stands));
        assert_eq!(templates.last().unwrap().0, "params");
    }
}

#[test]
fn other_material_never_harms() {
    for (path, bytes, count) in [
        ("a.mp3", &b"\xff\xfb"[..], 1),
        ("a.txt", b"", 1),
        ("a.txt", b"\xff", 0),
        ("a.json", b"{\"scenes\": []}", 2),
        ("a.json", b"{", 1),
    ] {
        let templates = templates("any", path, bytes, &Map::new());
        for (_, template) in &templates {
            assert!(serde_json::from_str::<Value>(&template.text).is_ok(), "{path}");
        }
        let of_artifact = templates.iter().filter(|(name, _)| *name != "params").count();
        assert!(of_artifact >= count, "{path}");
    }
}
