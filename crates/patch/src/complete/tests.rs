//! Tests of completion on patches as they look while someone types them.

use proptest::prelude::*;

use super::*;

const BOARD: &str = r#"{
  "title": "Low tide – ein Überblick",
  "total_duration": 62,
  "scenes": [
    { "id": "scene_000", "duration_ms": 20000, "layers": [{"element_id": "ground", "asset": "ground.svg"}] },
    { "id": "scene_001" },
    { "id": "scene_002", "duration_ms": 12500.0, "layers": [{"element_id": "figure", "asset": "man.svg"}, {"element_id": "ground", "asset": "dunes.svg"}] }
  ],
  "a/b": {"c~d": null}
}"#;
const SCRIPT: &str = "\u{feff}**Opening**\r\nLow tide is at \"noon\".\r\nBring boots.\r\n\r\nTip 1: Watch\r\nThe boats leave.\r\nBring boots.\r\n\r\n**Close**\r\nBye";
const FILES: [&str; 3] = [
    "artifacts/assets/ground.svg",
    "artifacts/script/script.txt",
    "artifacts/storyboard/storyboard.json",
];

fn board() -> Completer {
    let files = FILES.map(str::to_owned);
    Completer::new("storyboard", FILES[2], BOARD.as_bytes(), &files)
}

fn script() -> Completer {
    Completer::new("script", FILES[1], SCRIPT.as_bytes(), &[])
}

/// The candidates at the `|` of a text.
fn at(completer: &Completer, text: &str) -> Vec<Completion> {
    let cursor = text.find('|').unwrap();
    let before = &text[..cursor];
    let line = before.matches('\n').count();
    let character = before.rsplit('\n').next().unwrap().chars().count();
    completer.at(&text.replacen('|', "", 1), line, character)
}

fn labels(completer: &Completer, text: &str) -> Vec<String> {
    at(completer, text)
        .into_iter()
        .map(|candidate| candidate.label)
        .collect()
}

/// The text after the first candidate was taken.
fn taken(completer: &Completer, text: &str) -> String {
    let first = at(completer, text).into_iter().next().unwrap();
    let text = text.replacen('|', "", 1);
    let offset = |place: CursorPosition| offset_of(&text, place.line, place.character).unwrap();
    let mut out = text.clone();
    out.replace_range(offset(first.replaces.start)..offset(first.replaces.end), &first.insert);
    out
}

#[test]
fn types_and_fields_are_offered_where_they_belong() {
    let script_types = labels(&script(), "{\"type\": \"|");
    assert!(
        script_types.starts_with(&["text_replace".to_owned(), "section_replace".to_owned()]),
        "{script_types:?}"
    );
    assert!(
        !script_types.contains(&"duration_adjust".to_owned()),
        "{script_types:?}"
    );
    assert_eq!(labels(&board(), "{\"type\": \"dur|"), ["duration_adjust"]);
    assert_eq!(taken(&board(), "{\"type\": \"dur|"), "{\"type\": \"duration_adjust\"");
    assert_eq!(taken(&board(), "{\"type\": |}"), "{\"type\": \"text_replace\"}");
    assert_eq!(labels(&script(), "{|"), ["type", "artifact"]);
    assert_eq!(taken(&script(), "{|"), "{\"type\": ");
    assert_eq!(taken(&script(), "{\"ty|\": 1}"), "{\"type\": 1}");
    assert_eq!(
        labels(&board(), "{\"type\": \"duration_adjust\", \"beat_adjustments\": [], |"),
        ["artifact", "scale_keyframes", "update_totals"]
    );
    assert_eq!(
        labels(
            &script(),
            "{\"replacements\": [{\"old\": \"a\", |}], \"type\": \"text_replace\"}"
        ),
        ["new", "count"]
    );
    assert_eq!(
        labels(&script(), "{\"type\": \"text_replace\" |}"),
        Vec::<String>::new()
    );
    assert_eq!(
        taken(&script(), "{\"artifact\": |"),
        format!("{{\"artifact\": \"{}\"", FILES[1])
    );
}

#[test]
fn a_blank_text_becomes_a_whole_patch() {
    let whole = at(&board(), "|");
    assert!(whole.iter().any(|candidate| candidate.label == "duration_adjust"));
    for candidate in whole {
        let begins = format!("{{\n  \"type\": \"{}\",", candidate.label);
        assert!(candidate.insert.starts_with(&begins), "{}", candidate.insert);
        let parsed = super::super::Patch::parse(&candidate.insert);
        match candidate.label.as_str() {
            // Refused until its value is edited, and for nothing else.
            "text_replace" => assert_eq!(parsed.unwrap_err().fault, crate::PatchFault::Field),
            whole => assert_eq!(parsed.unwrap().type_doc().name, whole),
        }
    }
    assert_eq!(at(&board(), "{}|"), []);
}

/// What is offered at the `|` of a patch of this type: `label`, or `label: detail`.
fn offered(completer: &Completer, type_name: &str, fields: &str) -> Vec<String> {
    let found = at(completer, &format!("{{\"type\": \"{type_name}\", {fields}"));
    let told = found.into_iter().map(|one| match one.detail.as_str() {
        "" => one.label,
        detail => format!("{}: {detail}", one.label),
    });
    told.collect()
}

#[test]
fn a_value_is_offered_from_what_the_artifact_holds() {
    for (type_name, fields, wanted) in [
        ("duration_adjust", r#""update_totals": t|"#, &["true"][..]),
        (
            "duration_adjust",
            r#""beat_adjustments": [{"beat_id": "sce|"#,
            &["scene_000: 20 s", "scene_001: no duration", "scene_002: 12.5 s"],
        ),
        (
            "duration_adjust",
            r#""beat_adjustments": [{"beat_id": "002|"#,
            &["scene_002: 12.5 s"],
        ),
        (
            "asset_substitute",
            r#""substitutions": [{"element_id": "|"}]}"#,
            &[
                "scene_000/ground: ground.svg",
                "figure: man.svg",
                "scene_002/ground: dunes.svg",
            ],
        ),
        (
            "asset_substitute",
            r#""substitutions": [{"asset_path": "|"}]}"#,
            &FILES[..2],
        ),
        (
            "json_patch",
            r#""ops": [{"op": "replace", "path": "|"#,
            &[
                "/title: \"Low tide – ein Überblick\"",
                "/total_duration: 62",
                "/scenes: list, 3 items",
                "/a~1b: object, 1 field",
            ],
        ),
        (
            "json_patch",
            r#""ops": [{"op": "replace", "path": "/scenes/|"#,
            &[
                "/scenes/0: scene_000",
                "/scenes/1: scene_001",
                "/scenes/2: scene_002",
                "/scenes/-: behind the last one",
            ],
        ),
        (
            "json_patch",
            r#""ops": [{"path": "/scenes/2/dur|"#,
            &["/scenes/2/duration_ms: 12500.0"],
        ),
        ("json_patch", r#""ops": [{"path": "/a~1b/|"#, &["/a~1b/c~0d: null"]),
        ("json_patch", r#""ops": [{"path": "/scenes/9/|"#, &[]),
        (
            "json_patch",
            r#""path": "/scenes/2/duration_ms", "value": |"#,
            &["12500.0: as it is"],
        ),
        ("merge_patch", r#""merge": {"a/b": {|"#, &["c~d: null"]),
        ("merge_patch", r#""merge": {"total_duration": |"#, &["62: as it is"]),
    ] {
        assert_eq!(offered(&board(), type_name, fields), wanted, "{fields}");
    }
    let old = r#""replacements": [{"old": "|"#;
    for (type_name, fields, wanted) in [
        (
            "section_replace",
            r#""section_marker": "|""#,
            &["**Opening**: line 1", "Tip 1: Watch: line 5", "**Close**: line 9"][..],
        ),
        // `Bring boots.` stands twice and would change in both places.
        (
            "text_replace",
            old,
            &[
                "**Opening**: line 1",
                "Low tide is at \"noon\".: line 2",
                "Tip 1: Watch: line 5",
                "The boats leave.: line 6",
                "**Close**: line 9",
                "Bye: line 10",
            ],
        ),
        ("text_replace", &old.replace('|', "boats|"), &["boats leave.: line 6"]),
    ] {
        assert_eq!(offered(&script(), type_name, fields), wanted, "{fields}");
    }
}

#[test]
fn what_is_taken_stands_in_the_place_of_what_was_typed() {
    for (completer, type_name, before, after) in [
        (
            board(),
            "duration_adjust",
            r#""beat_adjustments": [{"beat_id": "scene_0|02", "duration": 1}]}"#,
            r#""beat_adjustments": [{"beat_id": "scene_000", "duration": 1}]}"#,
        ),
        (
            board(),
            "duration_adjust",
            r#""beat_adjustments": [{"beat_id": "scene_002", "duration": |"#,
            r#""beat_adjustments": [{"beat_id": "scene_002", "duration": 12.5"#,
        ),
        (
            script(),
            "text_replace",
            r#""replacements": [{"old": "Low|"#,
            r#""replacements": [{"old": "Low tide is at \"noon\".""#,
        ),
        (
            script(),
            "text_replace",
            r#""replacements": [{"old": "Bye", "new": |}]}"#,
            r#""replacements": [{"old": "Bye", "new": "Bye"}]}"#,
        ),
        (
            board(),
            "json_patch",
            r#""ops": [{"path": "/scenes/2/duration_ms", "op": "rep|", "value": 1}]}"#,
            r#""ops": [{"path": "/scenes/2/duration_ms", "op": "replace", "value": 1}]}"#,
        ),
    ] {
        let whole = |fields: &str| format!("{{\"type\": \"{type_name}\", {fields}");
        assert_eq!(taken(&completer, &whole(before)), whole(after));
    }
    let text = "{\"type\": \"duration_adjust\",\n \"beat_adjustments\": [{\"beat_id\": \"sce|\n}]}";
    let place = |character| CursorPosition { line: 1, character };
    assert_eq!(at(&board(), text)[0].replaces, place(35)..place(38));
}

#[test]
fn hostile_material_and_texts_offer_nothing_and_harm_nothing() {
    for bytes in [&b"\xff\xfe"[..], b"", b"{", b"[[[["] {
        let completer = Completer::new("storyboard", FILES[2], bytes, &[]);
        assert_eq!(
            at(
                &completer,
                "{\"type\": \"duration_adjust\", \"beat_adjustments\": [{\"beat_id\": \"|"
            ),
            []
        );
    }
    assert_eq!(board().at("{", 5, 0), []);
    assert_eq!(board().at("{", 0, 900).len(), 2);
}

#[test]
fn no_more_is_offered_than_a_list_can_hold() {
    let scenes: Vec<String> = (0..5000)
        .map(|at| format!("{{\"id\": \"s{at}\", \"duration\": 1}}"))
        .collect();
    let text = format!("{{\"scenes\": [{}]}}", scenes.join(","));
    let completer = Completer::new("storyboard", FILES[2], text.as_bytes(), &[]);
    let found = labels(
        &completer,
        "{\"type\": \"duration_adjust\", \"beat_adjustments\": [{\"beat_id\": \"|",
    );
    assert_eq!(found.len(), CANDIDATES_MAX);
    assert_eq!(
        labels(
            &completer,
            "{\"type\": \"duration_adjust\", \"beat_adjustments\": [{\"beat_id\": \"s4999|"
        ),
        ["s4999"]
    );
}

proptest! {
    #[test]
    fn no_text_and_no_cursor_cause_a_panic(text in "[{}\\[\\],:\"\\\\a-z\u{e9}\n ]{0,60}", line in 0_usize..4, character in 0_usize..70) {
        for completer in [board(), script()] {
            for candidate in completer.at(&text, line, character) {
                prop_assert_eq!(candidate.replaces.start.line, candidate.replaces.end.line);
                prop_assert!(candidate.replaces.start <= candidate.replaces.end);
            }
        }
    }

    #[test]
    fn a_patch_cut_anywhere_is_completed_or_left_alone(cut in any::<prop::sample::Index>()) {
        let whole = "{\n  \"type\": \"duration_adjust\",\n  \"artifact\": \"a.json\",\n  \"beat_adjustments\": [{\"beat_id\": \"scene_002\", \"duration\": 12}],\n  \"update_totals\": true\n}";
        let text = &whole[..cut.index(whole.len() + 1)];
        let line = text.matches('\n').count();
        let character = text.rsplit('\n').next().unwrap().chars().count();
        let typed = text.rsplit(['"', ' ', '\n', '{', '[', ':', ',']).next().unwrap();
        for candidate in board().at(text, line, character) {
            prop_assert!(candidate.label.to_lowercase().contains(&typed.to_lowercase()) || candidate.detail == "a whole patch");
        }
    }
}
