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
        assert!(
            super::super::Patch::parse(&candidate.insert).is_ok_and(|patch| patch.type_doc().name == candidate.label)
                || candidate.label == "text_replace",
            "{}",
            candidate.insert
        );
    }
    assert_eq!(at(&board(), "{}|"), []);
}

#[test]
fn ids_of_beats_come_with_their_lengths() {
    let text = "{\"type\": \"duration_adjust\",\n \"beat_adjustments\": [{\"beat_id\": \"sce|\n}]}";
    let found = at(&board(), text);
    let shown: Vec<(&str, &str)> = found
        .iter()
        .map(|one| (one.label.as_str(), one.detail.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("scene_000", "20 s"),
            ("scene_001", "no duration"),
            ("scene_002", "12.5 s")
        ]
    );
    let place = |character| CursorPosition { line: 1, character };
    assert_eq!(found[0].replaces, place(35)..place(38));
    assert_eq!(labels(&board(), &text.replace("sce|", "002|")), ["scene_002"]);
    assert_eq!(
        taken(
            &board(),
            "{\"type\": \"duration_adjust\", \"beat_adjustments\": [{\"beat_id\": \"scene_0|02\", \"duration\": 1}]}"
        ),
        "{\"type\": \"duration_adjust\", \"beat_adjustments\": [{\"beat_id\": \"scene_000\", \"duration\": 1}]}"
    );
    assert_eq!(
        taken(
            &board(),
            "{\"type\": \"duration_adjust\", \"beat_adjustments\": [{\"beat_id\": \"scene_002\", \"duration\": |"
        ),
        "{\"type\": \"duration_adjust\", \"beat_adjustments\": [{\"beat_id\": \"scene_002\", \"duration\": 12.5"
    );
    assert_eq!(
        labels(&board(), "{\"type\": \"duration_adjust\", \"update_totals\": t|"),
        ["true"]
    );
}

#[test]
fn markers_and_lines_come_with_their_numbers() {
    let found = at(&script(), "{\"type\": \"section_replace\", \"section_marker\": \"|\"");
    let shown: Vec<(&str, &str)> = found
        .iter()
        .map(|one| (one.label.as_str(), one.detail.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("**Opening**", "line 1"),
            ("Tip 1: Watch", "line 5"),
            ("**Close**", "line 9")
        ]
    );
    // `Bring boots.` stands twice and would change in both places.
    let old = "{\"type\": \"text_replace\", \"replacements\": [{\"old\": \"|";
    assert_eq!(
        labels(&script(), old),
        [
            "**Opening**",
            "Low tide is at \"noon\".",
            "Tip 1: Watch",
            "The boats leave.",
            "**Close**",
            "Bye"
        ]
    );
    assert_eq!(
        taken(&script(), &old.replace('|', "Low|")),
        old.replace('|', "Low tide is at \\\"noon\\\".\"")
    );
    assert_eq!(labels(&script(), &old.replace('|', "boats|")), ["boats leave."]);
    assert_eq!(
        taken(
            &script(),
            "{\"type\": \"text_replace\", \"replacements\": [{\"old\": \"Bye\", \"new\": |}]}"
        ),
        "{\"type\": \"text_replace\", \"replacements\": [{\"old\": \"Bye\", \"new\": \"Bye\"}]}"
    );
}

#[test]
fn pointers_are_offered_step_by_step_with_what_stands_there() {
    let text = "{\"type\": \"json_patch\", \"ops\": [{\"op\": \"replace\", \"path\": \"|";
    let shown = |typed: &str| -> Vec<(String, String)> {
        let found = at(&board(), &text.replace('|', &format!("{typed}|")));
        found.into_iter().map(|one| (one.label, one.detail)).collect()
    };
    let pair = |label: &str, detail: &str| (label.to_owned(), detail.to_owned());
    assert_eq!(
        shown(""),
        [
            pair("/title", "\"Low tide \u{2013} ein Überblick\""),
            pair("/total_duration", "62"),
            pair("/scenes", "list, 3 items"),
            pair("/a~1b", "object, 1 field"),
        ]
    );
    assert_eq!(
        shown("/scenes/"),
        [
            pair("/scenes/0", "scene_000"),
            pair("/scenes/1", "scene_001"),
            pair("/scenes/2", "scene_002"),
            pair("/scenes/-", "behind the last one"),
        ]
    );
    assert_eq!(shown("/scenes/2/dur"), [pair("/scenes/2/duration_ms", "12500.0")]);
    assert_eq!(shown("/a~1b/"), [pair("/a~1b/c~0d", "null")]);
    assert_eq!(shown("/scenes/9/"), []);
    assert_eq!(
        taken(
            &board(),
            "{\"type\": \"json_patch\", \"ops\": [{\"path\": \"/scenes/2/duration_ms\", \"op\": \"rep|\", \"value\": 1}]}"
        ),
        "{\"type\": \"json_patch\", \"ops\": [{\"path\": \"/scenes/2/duration_ms\", \"op\": \"replace\", \"value\": 1}]}"
    );
    assert_eq!(
        labels(
            &board(),
            "{\"type\": \"json_patch\", \"op\": \"replace\", \"path\": \"/scenes/2/duration_ms\", \"value\": |"
        ),
        ["12500.0"]
    );
    assert_eq!(
        labels(&board(), "{\"type\": \"merge_patch\", \"merge\": {\"a/b\": {|"),
        ["c~d"]
    );
    assert_eq!(
        labels(
            &board(),
            "{\"type\": \"merge_patch\", \"merge\": {\"total_duration\": |"
        ),
        ["62"]
    );
}

#[test]
fn elements_come_with_their_assets_and_assets_from_the_run() {
    let found = at(
        &board(),
        "{\"type\": \"asset_substitute\", \"substitutions\": [{\"element_id\": \"|\"}]}",
    );
    let shown: Vec<(&str, &str)> = found
        .iter()
        .map(|one| (one.label.as_str(), one.detail.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("scene_000/ground", "ground.svg"),
            ("figure", "man.svg"),
            ("scene_002/ground", "dunes.svg")
        ]
    );
    assert_eq!(
        labels(
            &board(),
            "{\"type\": \"asset_substitute\", \"substitutions\": [{\"asset_path\": \"|\"}]}"
        ),
        [FILES[0], FILES[1]]
    );
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
