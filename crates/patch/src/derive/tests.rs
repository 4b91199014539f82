//! Tests of the choice, on texts and storyboards as pipelines really write them; and of the promise
//! that holds for every edit.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::PatchFault;
use crate::storyboard::BOARD;

const SCRIPT: &str = "**Opening \u{2013} Low Tide**\n[wide: the harbour]\nLow tide is at noon \u{2013} bring boots, a torch and something warm.\nThe boats leave at noon.\n\n\
    Tip 1: Watch the clock\nThe water comes back faster than you walk.\nTurn round at noon, wherever you are.\n\n\
    Tip 2: Ask\nThe harbour master knows.\n\n\
    **Close**\nSee you at the harbour";

const TEXT: ArtifactFacts<'_> = ArtifactFacts {
    path: "artifacts/script/script.txt",
    kind: "script",
};
const JSON: ArtifactFacts<'_> = ArtifactFacts {
    path: "artifacts/storyboard/storyboard.json",
    kind: "storyboard",
};

fn derived(artifact: ArtifactFacts<'_>, old: &[u8], new: &[u8]) -> Result<Derived, PatchError> {
    let derived = derive(artifact, old, new, Limit::NONE)?;
    let plan = derived.patch.plan(artifact.path, old).unwrap();
    assert_eq!(plan, derived.plan);
    assert_eq!(plan.bytes, new, "{}", derived.patch.value());
    Ok(derived)
}

fn of_text(old: &str, new: &str) -> (String, Value) {
    let derived = derived(TEXT, old.as_bytes(), new.as_bytes()).unwrap();
    let mut value = derived.patch.value().clone();
    assert_eq!(
        value.as_object_mut().unwrap().shift_remove("artifact"),
        Some(TEXT.path.into())
    );
    (derived.reason, value)
}

fn of_board(new: &str) -> (String, Value) {
    let derived = derived(JSON, BOARD.as_bytes(), new.as_bytes()).unwrap();
    let mut value = derived.patch.value().clone();
    value.as_object_mut().unwrap().shift_remove("artifact");
    (derived.reason, value)
}

#[test]
fn a_changed_duration_is_a_duration_patch() {
    let (reason, value) = of_board(&BOARD.replace("12000,", "19000,"));
    assert_eq!(reason, "1 duration changed: duration_adjust");
    assert_eq!(
        value,
        json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": "scene_002", "duration": 19}]})
    );
    let (reason, value) = of_board(&BOARD.replace("12000,", "19250,").replace("30000.0", "3000.0"));
    assert_eq!(reason, "2 durations changed: duration_adjust");
    assert_eq!(
        value["beat_adjustments"],
        json!([{"beat_id": "scene_001", "duration": 3}, {"beat_id": "scene_002", "duration": 19.25}])
    );
}

#[test]
fn totals_and_keyframes_that_followed_are_flags() {
    let longer = BOARD.replace("12000,", "18000,");
    let (reason, value) = of_board(&longer.replace("62", "68"));
    assert_eq!(reason, "1 duration changed, totals with them: duration_adjust");
    assert_eq!(value["update_totals"], true);
    let scaled = longer.replace("6000}", "9000}").replace("12000}", "18000}");
    let (_, value) = of_board(&scaled);
    assert_eq!(
        (&value["scale_keyframes"], value.get("update_totals")),
        (&json!(true), None)
    );
    let (_, value) = of_board(&scaled.replace("62", "68"));
    assert_eq!(value["type"], "duration_adjust");
    assert_eq!(
        (&value["scale_keyframes"], &value["update_totals"]),
        (&json!(true), &json!(true))
    );
}

#[test]
fn what_is_not_exactly_a_duration_patch_is_none() {
    for (old, new) in [
        ("12000,", "12000.0,"),
        ("30000.0", "31000"),
        ("12000,", "0,"),
        ("12000,", "86400001,"),
        ("\"duration_ms\": 12000,", "\"duration_ms\":  13000,"),
    ] {
        let (_, value) = of_board(&BOARD.replace(old, new));
        assert_ne!(value["type"], "duration_adjust", "{old} {new}");
    }
    let (_, value) = of_board(&BOARD.replace("12000,", "19000,").replace("intro", "outro"));
    assert_ne!(value["type"], "duration_adjust");
    let (_, value) = of_board(&BOARD.replace("12000,", "19000,").replace("62", "70"));
    assert_ne!(value["type"], "duration_adjust");
}

#[test]
fn changed_values_are_operations() {
    let (reason, value) = of_board(&BOARD.replace("12000,", "19000,").replace("intro", "outro"));
    assert_eq!(reason, "2 values changed: json_patch");
    assert_eq!(
        value["ops"],
        json!([
            {"op": "replace", "path": "/scenes/0/caption", "value": "outro"},
            {"op": "replace", "path": "/scenes/2/duration_ms", "value": 19000},
        ])
    );
    let (_, value) = of_board(&BOARD.replace("306.0", "310.0"));
    assert_eq!(
        value["ops"],
        json!([{"op": "replace", "path": "/scenes/1/x", "value": 310.0}])
    );
    // Items that go are known by their ids; what stands behind them moves up.
    let gone = "    { \"id\": \"scene_001\", \"duration_ms\": 30000.0, \"x\": 306.0 },\n";
    let (_, value) = of_board(&BOARD.replace(gone, "").replace("intro", "outro"));
    assert_eq!(
        value["ops"],
        json!([
            {"op": "replace", "path": "/scenes/0/caption", "value": "outro"},
            {"op": "remove", "path": "/scenes/1"},
        ])
    );
    let (_, value) = of_board(&BOARD.replace("\"x\": 306.0 }", "\"x\": 306.0, \"a/b\": [1, null] }"));
    assert_eq!(
        value["ops"],
        json!([{"op": "add", "path": "/scenes/1/a~1b", "value": [1, null]}])
    );
}

#[test]
fn what_is_no_change_of_values_is_one_of_text() {
    for (old, new) in [
        ("\"total_duration\": 62,\n", "\"total_duration\":   62,\n"),
        ("30000.0", "3.0e4"),
        ("\"x\": 306.0 }", "\"x\": 306.0  }"),
        ("Überblick", "\\u00dcberblick"),
    ] {
        let (_, value) = of_board(&BOARD.replace(old, new));
        assert_eq!(value["type"], "text_replace", "{old}");
    }
}

#[test]
fn many_changes_are_told_in_the_shortest_way() {
    let line =
        |number: usize, word: &str| format!("Line {number}: the {word} leave at {number} o'clock, wherever you are.\n");
    let old: String = (0..40).map(|number| line(number, "boats")).collect();
    let new: String = (0..40)
        .map(|number| line(number, ["boats", "ferries", "trawlers", "rafts"][number % 4]))
        .collect();
    let (reason, value) = of_text(&old, &new);
    assert_eq!(value["type"], "unified_diff", "{reason}");
    assert_eq!(reason, "10 places changed: unified_diff");
    let scenes = |word: &str| -> String {
        let scenes: Vec<String> = (0..40)
            .map(|at| format!("{{\"id\":\"s{at}\",\"asset\":\"{word}.svg\"}}"))
            .collect();
        format!("{{\"scenes\":[{}]}}", scenes.join(",\n"))
    };
    let derived = derived(JSON, scenes("ground").as_bytes(), scenes("dunes").as_bytes()).unwrap();
    assert_eq!(derived.reason, "40 spots changed: text_replace");
    assert_eq!(
        derived.patch.value()["replacements"],
        json!([{"old": "ground", "new": "dunes"}])
    );
}

#[test]
fn a_rewritten_section_is_a_section_patch() {
    let new = SCRIPT.replace(
        "The water comes back faster than you walk.\nTurn round at noon, wherever you are.",
        "Nobody outruns the sea.\nLook at your watch.\nGo home early.",
    );
    let (reason, value) = of_text(SCRIPT, &new);
    assert_eq!(
        reason,
        "most of section `Tip 1: Watch the clock` changed: section_replace"
    );
    assert_eq!(
        value,
        json!({
            "type": "section_replace",
            "section_marker": "Tip 1: Watch the clock",
            "new_section": "Nobody outruns the sea.\nLook at your watch.\nGo home early.",
        })
    );
    let (_, value) = of_text(
        SCRIPT,
        &SCRIPT.replace("See you at the harbour", "Good night, all of you"),
    );
    assert_eq!(value["section_marker"], "**Close**");
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let (_, value) = of_text(&crlf(SCRIPT), &crlf(&new));
    assert_eq!(
        value["new_section"],
        "Nobody outruns the sea.\nLook at your watch.\nGo home early."
    );
}

#[test]
fn a_section_with_a_new_marker_line_brings_it_along() {
    let new = SCRIPT.replace(
        "**Close**\nSee you at the harbour",
        "**Good night**\nThe last boat leaves without you",
    );
    let (reason, value) = of_text(SCRIPT, &new);
    assert_eq!(reason, "section `**Close**` changed with its marker: section_replace");
    assert_eq!(value["new_section"], "**Good night**\nThe last boat leaves without you");
}

#[test]
fn every_kind_of_section_is_seen() {
    for (marker, next) in [
        ("# A", "# B"),
        ("## A", "# B"),
        ("**A**", "**B**"),
        ("[door opens]", "[door closes]"),
        ("INT. KITCHEN - DAY", "EXT. BEACH - DAY"),
        ("Tip 1:", "Tip 2: more"),
    ] {
        let (old, new) = (
            "An old line that is long enough.\nAnd one more.",
            "Something else entirely stands here now.",
        );
        let text = |body: &str| format!("intro\n\n{marker}\n{body}\n\n\n{next}\nend\n");
        let (_, value) = of_text(&text(old), &text(new));
        assert_eq!(
            value,
            json!({"type": "section_replace", "section_marker": marker, "new_section": new}),
            "{marker}"
        );
    }
}

#[test]
fn a_few_spots_are_replacements_with_the_least_context() {
    let new = SCRIPT
        .replace("boots, a torch", "waders, a lamp")
        .replace("faster than", "quicker than");
    let (reason, value) = of_text(SCRIPT, &new);
    assert_eq!(reason, "2 spots changed: text_replace");
    assert_eq!(
        value["replacements"],
        json!([{"old": "boots, a torch", "new": "waders, a lamp"}, {"old": "faster", "new": "quicker"}])
    );
    let (_, value) = of_text(SCRIPT, &SCRIPT.replace("leave at noon", "leave at one"));
    assert_eq!(value["replacements"], json!([{"old": "noon.", "new": "one."}]));
}

#[test]
fn equal_spots_are_one_replacement() {
    let (reason, value) = of_text(SCRIPT, &SCRIPT.replace("noon", "14:00"));
    assert_eq!(reason, "3 spots changed: text_replace");
    assert_eq!(value["replacements"], json!([{"old": "noon", "new": "14:00"}]));
    let (_, value) = of_text(SCRIPT, &SCRIPT.replacen("noon", "14:00", 2));
    assert_eq!(
        value["replacements"],
        json!([{"old": "noon", "new": "14:00", "count": 2}])
    );
}

#[test]
fn insertions_and_deletions_lean_on_what_is_there() {
    let (_, value) = of_text(SCRIPT, &SCRIPT.replace("noon.\n", "noon.\nNobody waits.\n"));
    assert_eq!(
        value["replacements"],
        json!([{"old": "noon.\n", "new": "noon.\nNobody waits.\n"}])
    );
    let (_, value) = of_text(SCRIPT, &SCRIPT.replace(", a torch", ""));
    assert_eq!(value["replacements"], json!([{"old": ", a torch", "new": ""}]));
    let (_, value) = of_text(SCRIPT, &format!("{SCRIPT}\n"));
    assert_eq!(
        value["replacements"],
        json!([{"old": "at the harbour", "new": "at the harbour\n"}])
    );
}

#[test]
fn what_no_patch_can_say_is_refused_in_words() {
    let refused = |artifact, old: &[u8], new: &[u8]| derived(artifact, old, new).unwrap_err();
    let same = refused(TEXT, b"a", b"a");
    assert_eq!(
        (same.fault, same.message.as_str()),
        (
            PatchFault::NoChange,
            "nothing was changed in `artifacts/script/script.txt`"
        )
    );
    let binary = refused(TEXT, b"a\n\xff", b"a\nb");
    assert_eq!(
        binary.message,
        "`artifacts/script/script.txt` is not UTF-8 text at byte 2 (line 2): no patch type can express an edit of it"
    );
    assert!(
        refused(TEXT, b"a", b"\xff")
            .message
            .starts_with("the edited `artifacts/script/script.txt` is not UTF-8")
    );
    let sound = ArtifactFacts {
        path: "voice.mp3",
        kind: "voiceover",
    };
    assert_eq!(
        refused(sound, b"a", b"b").message,
        "`voice.mp3` is not text: no patch type can express an edit of it"
    );
    let broken = refused(
        JSON,
        BOARD.as_bytes(),
        BOARD.replace("\"caption\"", "caption").as_bytes(),
    );
    assert_eq!(broken.artifact_line, Some(5));
    assert!(
        broken
            .message
            .starts_with("the edited `artifacts/storyboard/storyboard.json` is no longer JSON: line 5"),
        "{broken}"
    );
    let long = "x".repeat((1 << 20) + 1);
    let long = refused(TEXT, b"one", long.as_bytes());
    assert!(long.message.contains("at most 1048576 (1 MiB) are read"), "{long}");
}

#[test]
fn marks_and_line_ends_are_part_of_the_edit() {
    for (old, new) in [
        ("\u{feff}a b\r\nc", "a b\r\nc"),
        ("a b\r\nc", "\u{feff}a b\r\nc"),
        ("a b\r\nc d\r\n", "a b\nc d\r\n"),
        ("a b\nc", "a b\nc\n"),
        ("a b\nc\n", "a b\nc"),
        ("a b\nc\n\n\n", "a b\nc\n"),
    ] {
        assert_eq!(of_text(old, new).1["type"], "text_replace", "{old:?}");
    }
}

/// A script: sections of every kind, with a byte order mark, CRLF, blank lines and a final newline
/// or not.
fn script() -> impl Strategy<Value = (Vec<(String, String)>, &'static str, bool, bool)> {
    let marker = (0_usize..5, 0_u8..60).prop_map(|(kind, number)| {
        let (before, after) = [
            ("## ", ""),
            ("**", "**"),
            ("[cue ", "]"),
            ("INT. ROOM ", ""),
            ("Tip ", ": now"),
        ][kind];
        format!("{before}{number}{after}")
    });
    let line = prop::sample::select(vec![
        "Low tide is at noon \u{2013} bring boots.",
        "The boats leave.",
        "",
        "  x: 306.0,",
        "a a a",
        "é\u{301} \u{1f30a}",
        "# not a",
        "```",
    ]);
    let body = prop::collection::vec(line, 0..5).prop_map(|lines| lines.join("\n"));
    (
        prop::collection::vec((marker, body), 0..6),
        prop::sample::select(vec!["\n", "\r\n"]),
        any::<bool>(),
        any::<bool>(),
    )
}

fn put_together(
    (sections, line_end, has_bom, has_newline): &(Vec<(String, String)>, &'static str, bool, bool),
) -> String {
    let text: Vec<String> = sections
        .iter()
        .map(|(marker, body)| format!("{marker}\n{body}\n"))
        .collect();
    let text = text.join("\n");
    let text = if *has_newline { text.as_str() } else { text.trim_end() };
    let mark = if *has_bom { "\u{feff}" } else { "" };
    format!("{mark}{}", text.replace('\n', line_end))
}

/// Cuts a text at a character and puts something else there.
fn edited(text: &str, edits: &[(prop::sample::Index, usize, String)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (at, length, with) in edits {
        let at = at.index(characters.len() + 1);
        let end = (at + length).min(characters.len());
        characters.splice(at..end, with.chars());
    }
    characters.into_iter().collect()
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, String)>> {
    prop::collection::vec(
        (any::<prop::sample::Index>(), 0_usize..30, "[a-z\u{2013}é \r\n*#]{0,8}"),
        1..5,
    )
}

proptest! {
    #[test]
    fn every_edit_of_a_text_is_reproduced(script in script(), edits in edits()) {
        let old = put_together(&script);
        let new = edited(&old, &edits);
        match derived(TEXT, old.as_bytes(), new.as_bytes()) {
            Ok(derived) => prop_assert_eq!(derived.plan.bytes, new.into_bytes()),
            Err(error) => prop_assert!(old == new || old.is_empty(), "{:?} {:?} {}", old, new, error),
        }
    }

    #[test]
    fn a_section_written_anew_is_a_section_patch(script in script(), which in any::<prop::sample::Index>(), new in "([A-Z]{4,9} ?){6,9}(\n[A-Z]{9}){0,3}") {
        let (mut sections, line_end, has_bom, has_newline) = script;
        // Markers must stand once, and a code block may hide those that follow it.
        let mut known = std::collections::BTreeSet::new();
        // One kind throughout: a section goes on to the next marker of its own kind, over those of
        // others.
        for (marker, _) in &mut sections {
            *marker = format!("**{}**", marker.replace('*', ""));
        }
        sections.retain(|(marker, body)| known.insert(marker.clone()) && !body.contains("```"));
        // The edit must lie within one section for a reader as well: blank lines before the next
        // marker stay as they are.
        for (_, body) in &mut sections {
            *body = body.trim().to_owned();
            if body.is_empty() {
                *body = "Nothing yet.".to_owned();
            }
        }
        sections.push(("**The end**".to_owned(), "Good night.".to_owned()));
        let old = (sections.clone(), line_end, has_bom, has_newline);
        let index = which.index(sections.len());
        sections[index].1 = new.trim().to_owned();
        let new = (sections.clone(), line_end, has_bom, has_newline);
        let derived = derived(TEXT, put_together(&old).as_bytes(), put_together(&new).as_bytes()).unwrap();
        prop_assert_eq!(derived.patch.type_doc().name, "section_replace", "{}", derived.patch.value());
        prop_assert_eq!(&derived.patch.value()["section_marker"], sections[index].0.as_str());
    }

    #[test]
    fn changed_durations_are_a_duration_patch(
        scenes in prop::collection::vec((1_u32..5000, 0_usize..4), 1..8),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1_u32..5000), 1..4),
        gap in prop::sample::select(vec!["", " ", "\n  ", "\r\n\t"]),
        mark in prop::sample::select(vec!["", "\u{feff}"]),
    ) {
        let number = |seconds: u32, style: usize| match style {
            0 => format!("\"duration\":{gap}{seconds}"),
            1 => format!("\"duration_s\":{seconds}.0"),
            2 => format!("\"duration_ms\":{seconds}250"),
            _ => format!("\"duration\":{gap}{seconds}.50"),
        };
        let board = |lengths: &[u32]| {
            let scenes: Vec<String> = lengths.iter().zip(&scenes).enumerate()
                .map(|(at, (seconds, (_, style)))| format!("{gap}{{\"id\":{gap}\"s{at}\",\"x\":306.0,{}}}", number(*seconds, *style)))
                .collect();
            format!("{mark}{{{gap}\"scenes\":[{}]}}", scenes.join(","))
        };
        let old: Vec<u32> = scenes.iter().map(|(seconds, _)| *seconds).collect();
        let mut new = old.clone();
        for (which, seconds) in changes {
            let at = which.index(new.len());
            new[at] = seconds;
        }
        let count = old.iter().zip(&new).filter(|(a, b)| a != b).count();
        match derived(JSON, board(&old).as_bytes(), board(&new).as_bytes()) {
            Ok(derived) => {
                prop_assert_eq!(derived.patch.type_doc().name, "duration_adjust", "{}", derived.patch.value());
                prop_assert_eq!(derived.patch.value()["beat_adjustments"].as_array().unwrap().len(), count);
            }
            Err(error) => prop_assert_eq!(count, 0, "{}", error),
        }
    }

    #[test]
    fn no_bytes_cause_a_panic(
        old in prop::collection::vec(any::<u8>(), 0..60),
        new in prop::collection::vec(any::<u8>(), 0..60),
        texts in ("\\PC{0,30}", "\\PC{0,30}"),
    ) {
        for artifact in [TEXT, JSON] {
            let _ = derived(artifact, &old, &new).is_ok();
            let _ = derived(artifact, texts.0.as_bytes(), texts.1.as_bytes()).is_ok();
        }
    }
}
