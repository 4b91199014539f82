//! Properties that hold for every document and every patch, tried on generated ones.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::target::choose_artifact;
use super::{ArtifactFacts, Patch, Surroundings, json_tree, templates, types};

/// A storyboard written by hand: any indentation, any line end, numbers in any style.
fn storyboard() -> impl Strategy<Value = (String, Vec<u32>)> {
    let scene = (1_u32..5000, 0_u8..4, "[a-zé\\\\\" ]{0,6}");
    let layout = (
        prop::sample::select(vec!["", " ", "\n  ", "\r\n\t"]),
        any::<bool>(),
        any::<bool>(),
    );
    (prop::collection::vec(scene, 1..6), layout).prop_map(|(scenes, (gap, has_bom, has_newline))| {
        let mut text = if has_bom { "\u{feff}".to_owned() } else { String::new() };
        text.push_str(&format!("{{{gap}\"scenes\":{gap}["));
        let mut seconds = Vec::new();
        for (index, (length, style, caption)) in scenes.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            let number = match style {
                0 => format!("\"duration\":{gap}{length}"),
                1 => format!("\"duration_s\":{length}.0"),
                2 => format!("\"duration_ms\":{gap}{length}000"),
                _ => format!("\"duration_ms\":{length}e3"),
            };
            let caption = Value::from(caption.as_str());
            text.push_str(&format!(
                "{gap}{{\"x\":306.0,\"id\":{gap}\"s{index}\",{number}{gap},\"caption\":{caption}}}"
            ));
            seconds.push(*length);
        }
        text.push_str(&format!("{gap}]{gap}}}"));
        if has_newline {
            text.push('\n');
        }
        (text, seconds)
    })
}

/// The part of two texts that differs, between their common beginning and end.
fn differing<'a>(before: &'a [u8], after: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[start..], &after[start..]);
    let end = before
        .iter()
        .rev()
        .zip(after.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    (&before[..before.len() - end], &after[..after.len() - end])
}

/// Puts a text in place of every text below.
fn retold(value: &mut Value, with: &str) {
    match value {
        Value::String(text) => *text = with.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|item| retold(item, with)),
        Value::Object(members) => members.values_mut().for_each(|member| retold(member, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

proptest! {
    #[test]
    fn a_new_duration_changes_digits_only((text, seconds) in storyboard(), which in any::<prop::sample::Index>(), new in 1_u32..5000) {
        let index = which.index(seconds.len());
        let patch = json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": format!("s{index}"), "duration": new}]});
        let patch = Patch::from_value(patch).unwrap();
        match patch.plan("b.json", text.as_bytes()) {
            Ok(plan) => {
                prop_assert_ne!(seconds[index], new);
                let (before, after) = differing(text.as_bytes(), &plan.bytes);
                let is_number = |bytes: &[u8]| bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e'));
                prop_assert!(is_number(before) && is_number(after), "{:?}", plan.changes);
                let body = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)).unwrap();
                let (old, made) = (body(text.as_bytes()), body(&plan.bytes));
                for at in 0..seconds.len() {
                    let scene = &made["scenes"][at];
                    if at == index {
                        let length = scene["duration_ms"].as_f64().map(|ms| ms / 1000.0)
                            .or(scene["duration_s"].as_f64()).or(scene["duration"].as_f64());
                        prop_assert_eq!(length, Some(f64::from(new)));
                    } else {
                        prop_assert_eq!(scene, &old["scenes"][at]);
                    }
                }
                prop_assert_eq!(patch.plan("b.json", text.as_bytes()), Ok(plan.clone()));
                // The reverse patch must give the former numbers back.
                let back = json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": format!("s{index}"), "duration": seconds[index]}]});
                let again = Patch::from_value(back).unwrap().plan("b.json", &plan.bytes).unwrap();
                prop_assert_eq!(body(&again.bytes), old);
            }
            Err(error) => prop_assert_eq!(seconds[index], new, "{}", error),
        }
    }

    #[test]
    fn text_replace_is_replacement(text in "[ab\u{2013}\r\n ]{0,40}", old in "[ab\u{2013}\n]{1,3}", new in "[abc\u{2013}\r\n]{0,3}", count in 1_usize..4) {
        let all = json!({"type": "text_replace", "replacements": [{"old": old, "new": new}]});
        if let Ok(patch) = Patch::from_value(all) {
            match patch.plan("a.txt", text.as_bytes()) {
                Ok(plan) => prop_assert_eq!(plan.bytes, text.replace(&old, &new).into_bytes()),
                Err(_) => prop_assert!(!text.contains(&old)),
            }
        }
        let some = json!({"type": "text_replace", "replacements": [{"old": old, "new": new, "count": count}]});
        if let Ok(patch) = Patch::from_value(some) {
            match patch.plan("a.txt", text.as_bytes()) {
                Ok(plan) => {
                    prop_assert_eq!(plan.changes.len(), count);
                    prop_assert_eq!(plan.bytes, text.replacen(&old, &new, count).into_bytes());
                }
                Err(_) => prop_assert!(text.matches(&old).count() < count),
            }
        }
    }

    #[test]
    fn section_replace_touches_its_section_only(
        bodies in prop::collection::vec("[a-z\u{2013}]{0,4}(\n[a-z ]{0,3}){0,3}", 1..5),
        which in any::<prop::sample::Index>(),
        new in "([a-z]{1,3}\n?){0,3}",
        kind in 0_usize..5,
        end in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let marker = |index: usize| ["## S", "**S", "[S", "INT. S", "Tip "][kind].to_owned() + &index.to_string() + ["", "**", "]", "", ":"][kind];
        let index = which.index(bodies.len());
        let parts: Vec<String> = bodies.iter().enumerate().map(|(at, body)| format!("{}\n{body}", marker(at)).replace('\n', end)).collect();
        let text = parts.join(end);
        let patch = json!({"type": "section_replace", "section_marker": marker(index), "new_section": new});
        if let Ok(plan) = Patch::from_value(patch).unwrap().plan("a.txt", text.as_bytes()) {
            let made = String::from_utf8(plan.bytes).unwrap();
            let before: String = parts[..index].iter().map(|part| format!("{part}{end}")).collect();
            let head = before + &marker(index);
            prop_assert!(made.starts_with(&head), "{:?}", made);
            let after = parts[index + 1..].join(end);
            if after.is_empty() {
                prop_assert_eq!(made.ends_with('\n'), text.ends_with('\n'), "{:?}", made);
            } else {
                let tail = end.to_owned() + &after;
                prop_assert!(made.ends_with(&tail), "{:?}", made);
            }
            prop_assert!(made.contains(&new.trim().replace('\n', end)));
            prop_assert_eq!(made.matches('\n').count(), made.matches(end).count());
        }
    }

    #[test]
    fn no_bytes_and_no_patch_text_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        let _ = Patch::parse(&text).is_ok();
        let mut patches = vec![
            json!({"type": "text_replace", "replacements": [{"old": text.clone() + "a", "new": ""}]}),
            json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": text.clone() + "a", "duration": 1}], "scale_keyframes": true}),
            json!({"type": "json_patch", "op": "add", "path": text.clone(), "value": text.clone()}),
            json!({"type": "unified_diff", "diff": format!("@@ -1 +1 @@\n-{text}\n+b\n")}),
            json!({"type": "merge_patch", "merge": {text.clone(): text.clone()}}),
        ];
        // The example of every type with this text in place of each of its own, and behind it.
        for (doc, with) in types().iter().flat_map(|doc| [(doc, text.clone()), (doc, text.clone() + "a")]) {
            let mut example = (doc.example)();
            for value in example.as_object_mut().unwrap().values_mut() {
                retold(value, &with);
            }
            example["type"] = doc.name.into();
            patches.push(example);
        }
        for value in patches {
            if let Ok(patch) = Patch::from_value(value) {
                for path in ["a.txt", "a.json"] {
                    let _ = patch.plan(path, &bytes).is_ok();
                    let _ = patch.plan(path, text.as_bytes()).is_ok();
                    let _ = choose_artifact(&patch, &[ArtifactFacts { path, kind: &text }]).is_ok();
                    for (_, template) in templates(&text, path, &bytes, &Map::new()) {
                        prop_assert!(serde_json::from_str::<Value>(&template.text).is_ok());
                    }
                }
            }
        }
    }

    #[test]
    fn json_is_accepted_exactly_when_serde_json_does(text in "[\\[\\]{}:,\"\\\\a1.eE+\\- \ntru]{0,16}") {
        let judged = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(json_tree::read(&text).is_ok(), judged);
    }

    #[test]
    fn storyboards_of_any_shape_cause_no_panic(value in any_json(), number in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,10})?") {
        let text = json!({"scenes": [value], "sections": [{"beats": [value]}], "total_duration": value}).to_string();
        let text = text.replace("12345", &number);
        for flag in [true, false] {
            let patch = json!({"type": "duration_adjust", "beat_adjustments": [{"beat_id": "a", "duration": 3.7}],
                "scale_keyframes": flag, "update_totals": flag});
            if let Ok(plan) = Patch::from_value(patch).unwrap().plan("b.json", text.as_bytes()) {
                prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&plan.bytes).is_ok());
                prop_assert!(!plan.changes.is_empty());
            }
        }
        let files = ["assets/a.svg".to_owned()];
        let patch = json!({"type": "asset_substitute", "substitutions": [{"element_id": "a", "asset_path": "a.svg"}]});
        let surroundings = Surroundings { files: &files, sidecar: None };
        if let Ok(plan) = Patch::from_value(patch).unwrap().plan_among("b.json", text.as_bytes(), surroundings) {
            prop_assert_eq!(String::from_utf8(plan.bytes).unwrap().matches("\"a.svg\"").count(), plan.changes.len());
        }
    }
}

/// Values made of the words that the planner looks for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(12345)),
        Just(json!("a")),
        Just(Value::Null),
        Just(json!(2.5)),
        Just(json!(0))
    ];
    let keys = vec![
        "id",
        "beat_id",
        "duration",
        "duration_ms",
        "duration_s",
        "keyframes",
        "t",
        "t_ms",
        "scenes",
        "beats",
        "start",
        "end",
        "asset",
        "image",
        "path",
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(keys.clone()), inner), 0..6).prop_map(|members| Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            )),
        ]
    })
}
