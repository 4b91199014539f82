//! Layout: what is new is written as the document writes, and what is there stays byte for byte.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::plan::PlannedChanges;
use super::super::pointer::Pointer;
use super::super::{Patch, PatchFault, json_tree};
use super::*;

/// Applies one RFC 6902 operation to a text.
fn edited(text: &str, op: &str, path: &str, with: Value) -> String {
    let root = json_tree::read(text).unwrap();
    let pointer = Pointer::parse(path).unwrap();
    let from = with.as_str().and_then(|from| Pointer::parse(from).ok());
    let mut document = JsonDocument::new(text, &root);
    let mut changes = PlannedChanges::default();
    match op {
        "add" => document.add_at(&pointer, &with, &mut changes).unwrap(),
        "remove" => document.remove_at(&pointer, &mut changes).unwrap(),
        "move" => document.move_to(&from.unwrap(), &pointer, &mut changes).unwrap(),
        "copy" => document.copy_to(&from.unwrap(), &pointer, &mut changes).unwrap(),
        _ => {
            let target = document.find(&pointer).unwrap();
            document.set(target.id, &with, &target.place, &mut changes).unwrap();
        }
    }
    document.finished("a.json").unwrap()
}

fn added(text: &str, path: &str, value: Value) -> String {
    edited(text, "add", path, value)
}

fn removed(text: &str, path: &str) -> String {
    edited(text, "remove", path, Value::Null)
}

const BOARD: &str = "\u{feff}{\r\n\t\"fps\": 25.0,\r\n\t\"scenes\": [\r\n\t\t{\"id\": \"a\", \"duration_ms\": 306.0},\r\n\t\t{\"id\": \"b\", \"x\": 1.50}\r\n\t]\r\n}";

#[test]
fn one_value_is_one_line() {
    assert_eq!(
        edited(BOARD, "replace", "/scenes/0/duration_ms", json!(310.0)),
        BOARD.replace("306.0", "310.0")
    );
    assert_eq!(
        edited(BOARD, "replace", "/scenes/0/duration_ms", json!(310)),
        BOARD.replace("306.0", "310")
    );
    assert_eq!(
        edited(BOARD, "replace", "/scenes/0", json!({"id": "a", "duration_ms": 400})),
        BOARD.replace("306.0", "400")
    );
    // `1.5` is the number that `1.50` spells: nothing is asked for.
    assert_eq!(edited(BOARD, "replace", "/scenes/1/x", json!(1.5)), BOARD);
}

#[test]
fn new_entries_are_written_like_their_neighbours() {
    assert_eq!(
        added(BOARD, "/scenes/1", json!({"id": "c", "pos": [1, 2]})),
        BOARD.replace(
            "\t\t{\"id\": \"b\"",
            "\t\t{\"id\": \"c\", \"pos\": [1, 2]},\r\n\t\t{\"id\": \"b\""
        )
    );
    assert_eq!(
        added(BOARD, "/scenes/0/note", json!("x")),
        BOARD.replace("306.0}", "306.0, \"note\": \"x\"}")
    );
    assert_eq!(
        added(BOARD, "/meta", json!({"by": {"name": "ana"}, "tags": []})),
        BOARD.replace(
            "\t]\r\n}",
            "\t],\r\n\t\"meta\": {\r\n\t\t\"by\": {\r\n\t\t\t\"name\": \"ana\"\r\n\t\t},\r\n\t\t\"tags\": []\r\n\t}\r\n}"
        )
    );
    assert_eq!(added("[1,2]", "/-", json!({"a": [1, 2]})), "[1,2,{\"a\":[1,2]}]");
    assert_eq!(added("[ 1, 2 ]", "/0", json!([])), "[ [], 1, 2 ]");
    assert_eq!(added("[1\n, 2\n]", "/1", json!(3)), "[1\n, 3\n, 2\n]");
    assert_eq!(added("{\"a\":1}", "/b", json!(2)), "{\"a\":1,\"b\":2}");
    assert_eq!(added("{\"a\" : 1}\n", "/b", json!(2)), "{\"a\" : 1, \"b\" : 2}\n");
    assert_eq!(
        added("[\n    1\n]", "/-", json!([2])),
        "[\n    1,\n    [\n        2\n    ]\n]"
    );
}

#[test]
fn what_was_empty_is_filled_in_the_manner_of_the_document() {
    let text = "{\n    \"a\": {},\n    \"b\": [ ],\n    \"c\": [{\"d\": {}}]\n}";
    assert_eq!(
        added(text, "/a/x", json!(1)),
        text.replace("\"a\": {}", "\"a\": {\n        \"x\": 1\n    }")
    );
    assert_eq!(
        added(text, "/b/0", json!({"x": 1})),
        text.replace("[ ]", "[{\"x\": 1}]")
    );
    assert_eq!(
        added(text, "/c/0/d/x", json!(1)),
        text.replace("\"d\": {}", "\"d\": {\"x\": 1}")
    );
    assert_eq!(added("{}", "/a", json!({"b": [1, 2]})), "{\"a\": {\"b\": [1, 2]}}");
    assert_eq!(edited("null\n", "replace", "", json!({"a": 1})), "{\"a\": 1}\n");
}

#[test]
fn plain_lists_keep_to_one_line_where_the_document_does() {
    let text = "{\n  \"pos\": [1, 2],\n  \"scenes\": []\n}\n";
    assert_eq!(
        added(text, "/scenes/-", json!({"size": [3, 4], "parts": [{"k": []}]})),
        "{\n  \"pos\": [1, 2],\n  \"scenes\": [\n    {\n      \"size\": [3, 4],\n      \"parts\": [\n        {\n          \"k\": []\n        }\n      ]\n    }\n  ]\n}\n"
    );
}

#[test]
fn removing_takes_one_comma_and_no_other_byte() {
    assert_eq!(removed("[1, 2, 3]", "/0"), "[2, 3]");
    assert_eq!(removed("[1, 2, 3]", "/1"), "[1, 3]");
    assert_eq!(removed("[1, 2, 3]", "/2"), "[1, 2]");
    assert_eq!(removed("[ 1 ]", "/0"), "[]");
    assert_eq!(removed("{\n  \"a\": 1,\n  \"b\": 2\n}", "/a"), "{\n  \"b\": 2\n}");
    assert_eq!(removed("{\n  \"a\": 1,\n  \"b\": 2\n}", "/b"), "{\n  \"a\": 1\n}");
    assert_eq!(removed("{\n  \"a\": 1\n}\n", "/a"), "{}\n");
    assert_eq!(removed("[1\n, 2\n, 3]", "/1"), "[1\n, 3]");
}

#[test]
fn what_moves_keeps_its_bytes_and_is_indented_anew() {
    let text = "{\n  \"a\": {\n    \"x\": 1.50,\n    \"y\": [\n\n      1e3\n    ]\n  },\n  \"b\": [\n    {\n      \"c\": 1\n    }\n  ]\n}";
    assert_eq!(
        edited(text, "move", "/b/0/d", json!("/a")),
        "{\n  \"b\": [\n    {\n      \"c\": 1,\n      \"d\": {\n        \"x\": 1.50,\n        \"y\": [\n\n          1e3\n        ]\n      }\n    }\n  ]\n}"
    );
    assert_eq!(
        edited(text, "copy", "/c", json!("/b/0")),
        text.replace("  ]\n}", "  ],\n  \"c\": {\n    \"c\": 1\n  }\n}")
    );
}

#[test]
fn letters_are_escaped_where_the_document_escapes_them() {
    assert_eq!(
        added("{\"a\": \"\\u2013\"}", "/\u{e9}", json!("\u{1f30a}\n")),
        "{\"a\": \"\\u2013\", \"\\u00e9\": \"\\ud83c\\udf0a\\n\"}"
    );
    assert_eq!(
        added("{\"a\": 1}", "/b", json!("\u{e9}")),
        "{\"a\": 1, \"b\": \"\u{e9}\"}"
    );
}

#[test]
fn lists_keep_their_equal_ends() {
    let text = "[ 1.0,  {\"a\":1},\n 3, 4e0 ]";
    assert_eq!(
        edited(text, "replace", "", json!([1.0, {"a": 2}, 4.0])),
        "[ 1.0,  {\"a\":2}, 4e0 ]"
    );
    assert_eq!(
        edited(text, "replace", "", json!([1.0, {"a": 1}, 3, 5, 6, 4.0])),
        "[ 1.0,  {\"a\":1},\n 3,\n 5,\n 6, 4e0 ]"
    );
}

#[test]
fn copies_of_copies_are_bounded() {
    let text = format!("{{\"a\": [{}0]}}", "0,".repeat(1_000_000 - 10));
    let root = json_tree::read(&text).unwrap();
    let pointers: Vec<Pointer> = ["/a", "/a/-"].map(|text| Pointer::parse(text).unwrap()).to_vec();
    let mut document = JsonDocument::new(&text, &root);
    let mut changes = PlannedChanges::default();
    let error = (0..100)
        .find_map(|_| document.copy_to(&pointers[0], &pointers[1], &mut changes).err())
        .unwrap();
    assert!(
        error
            .message
            .starts_with("the patch would touch or copy more than 2000000 values"),
        "{}",
        error.message
    );
}

/// A way to write JSON, for documents that keep to it throughout.
#[derive(Debug, Clone)]
struct Manner {
    unit: Option<&'static str>,
    line_end: &'static str,
    colon: &'static str,
    comma: &'static str,
    has_bom: bool,
    has_newline: bool,
}

fn manner() -> impl Strategy<Value = Manner> {
    let unit = prop::sample::select(vec![Some("  "), Some("    "), Some("\t"), Some(" "), None]);
    let gaps = (
        prop::sample::select(vec![": ", ":", " : "]),
        prop::sample::select(vec![", ", ",", " ,  "]),
    );
    (
        unit,
        prop::sample::select(vec!["\n", "\r\n"]),
        gaps,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(unit, line_end, (colon, comma), has_bom, has_newline)| Manner {
            unit,
            line_end,
            colon,
            comma,
            has_bom,
            has_newline,
        })
}

impl Manner {
    fn document(&self, value: &Value) -> String {
        let mut out = if self.has_bom {
            "\u{feff}".to_owned()
        } else {
            String::new()
        };
        self.write(value, 0, &mut out);
        if self.has_newline {
            out.push_str(self.line_end);
        }
        out
    }

    fn write(&self, value: &Value, depth: usize, out: &mut String) {
        let gap = |out: &mut String, depth: usize| {
            if let Some(unit) = self.unit {
                out.push_str(self.line_end);
                out.push_str(&unit.repeat(depth));
            }
        };
        let comma = |out: &mut String, at: usize| {
            if at > 0 {
                out.push_str(if self.unit.is_some() { "," } else { self.comma });
            }
        };
        match value {
            Value::Array(items) if !items.is_empty() => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    comma(out, at);
                    gap(out, depth + 1);
                    self.write(item, depth + 1, out);
                }
                gap(out, depth);
                out.push(']');
            }
            Value::Object(map) if !map.is_empty() => {
                out.push('{');
                for (at, (key, item)) in map.iter().enumerate() {
                    comma(out, at);
                    gap(out, depth + 1);
                    out.push_str(&Value::from(key.as_str()).to_string());
                    out.push_str(self.colon);
                    self.write(item, depth + 1, out);
                }
                gap(out, depth);
                out.push('}');
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                out.push_str(&value.to_string());
            }
        }
    }
}

/// A small JSON value; numbers that no reader takes for others.
pub(in super::super) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..300).prop_map(Value::from),
        prop::sample::select(vec![0.5, 306.25, 1e-7]).prop_map(Value::from),
        "[a-c/~\u{e9}\\\\\"]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d/~]{0,2}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every place in a value, as a pointer.
pub(in super::super) fn places(value: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, out: &mut Vec<String>) {
        out.push(path.to_owned());
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}/{at}"), out);
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    walk(
                        item,
                        &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")),
                        out,
                    );
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut out = Vec::new();
    walk(value, "", &mut out);
    out
}

/// One operation somewhere in a document: its name, `path`, and a value.
pub(in super::super) type Attempt = (u8, prop::sample::Index, prop::sample::Index, u8, Value);

pub(in super::super) fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let attempt = (
        0_u8..6,
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0_u8..8,
        any_value(),
    );
    prop::collection::vec(attempt, 1..6)
}

/// The operation that an attempt means for this document, below the place `under`.
pub(in super::super) fn operation(document: &Value, under: &str, attempt: &Attempt) -> Value {
    let (op, at, from, tail, value) = attempt;
    let all: Vec<String> = places(document)
        .into_iter()
        .filter(|place| place.starts_with(under))
        .collect();
    if all.is_empty() {
        return json!({"op": "remove", "path": "/gone"});
    }
    let mut path = all[at.index(all.len())].clone();
    match tail {
        0 => path.push_str("/-"),
        1 => path.push_str("/0"),
        2 => path.push_str("/new"),
        3 => path.push_str("/a"),
        _ => {}
    }
    let from = &all[from.index(all.len())];
    match op {
        0 | 5 => json!({"op": "add", "path": path, "value": value}),
        1 => json!({"op": "remove", "path": path}),
        2 => json!({"op": "replace", "path": path, "value": value}),
        3 => json!({"op": "move", "path": path, "from": from}),
        _ => json!({"op": "copy", "path": path, "from": from}),
    }
}

/// Writes a value with any blanks and line ends between its parts.
fn scattered(value: &Value, gaps: &mut impl Iterator<Item = &'static str>, out: &mut String) {
    let gap = |out: &mut String, gaps: &mut dyn Iterator<Item = &'static str>| out.push_str(gaps.next().unwrap_or(""));
    match value {
        Value::Array(items) => {
            out.push('[');
            gap(out, gaps);
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                    gap(out, gaps);
                }
                scattered(item, gaps, out);
                gap(out, gaps);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            gap(out, gaps);
            for (at, (key, item)) in map.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                    gap(out, gaps);
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                gap(out, gaps);
                out.push(':');
                gap(out, gaps);
                scattered(item, gaps, out);
                gap(out, gaps);
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

fn planned(text: &str, ops: &[Value]) -> Result<String, PatchError> {
    let patch = Patch::from_value(json!({"type": "json_patch", "ops": ops}))?;
    let plan = patch.plan("a.txt", text.as_bytes())?;
    assert_eq!(patch.plan("a.txt", text.as_bytes()).unwrap(), plan);
    Ok(String::from_utf8(plan.bytes).unwrap())
}

fn read_back(text: &str) -> Value {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap()
}

proptest! {
    /// A document that keeps to one manner keeps to it after any operations, and says what the
    /// other implementation makes of them.
    #[test]
    fn a_document_keeps_its_manner(manner in manner(), value in any_value(), attempts in attempts()) {
        let mut current = json!({"pin": {"list": [[1, 2]], "object": {"x": 3}}, "doc": value});
        let text = manner.document(&current);
        let mut ops = Vec::new();
        for attempt in &attempts {
            let op = operation(&current, "/doc", attempt);
            let mut next = current.clone();
            let theirs: json_patch::Patch = serde_json::from_value(json!([op])).unwrap();
            let ours = planned(&current.to_string(), std::slice::from_ref(&op));
            match json_patch::patch(&mut next, &theirs) {
                Ok(()) => {
                    match ours {
                        Ok(ours) => prop_assert_eq!(read_back(&ours), next.clone()),
                        Err(error) => {
                            prop_assert_eq!(error.fault, PatchFault::NoChange, "{} {}", op, error);
                            prop_assert_eq!(&next, &current);
                        }
                    }
                    current = next;
                    ops.push(op);
                }
                Err(theirs) => prop_assert!(ours.is_err_and(|error| error.fault != PatchFault::NoChange), "{} {}", op, theirs),
            }
        }
        if let Ok(made) = planned(&text, &ops) {
            prop_assert_eq!(read_back(&made), current);
            prop_assert_eq!(&made, &manner.document(&read_back(&made)));
        }
    }

    /// Whatever the layout: what is added is added in one piece, what is removed goes in one piece,
    /// and nothing else changes.
    #[test]
    fn one_operation_touches_one_piece(value in any_value(), attempt in attempts(), seeds in prop::collection::vec(0_usize..7, 1..9)) {
        let gaps = ["", "", " ", "\n", "\r\n\t", "  ", "\n\n  "];
        let mut text = String::new();
        scattered(&value, &mut seeds.iter().cycle().map(|seed| gaps[*seed]), &mut text);
        let op = operation(&value, "", &attempt[0]);
        let Ok(made) = planned(&text, std::slice::from_ref(&op)) else { return Ok(()) };
        if op["path"] == "" {
            return Ok(());
        }
        let common = text.bytes().zip(made.bytes()).take_while(|(a, b)| a == b).count();
        let room = text.len().min(made.len()) - common;
        let end = text.bytes().rev().zip(made.bytes().rev()).take(room).take_while(|(a, b)| a == b).count();
        let (gone, come) = (&text[common..text.len() - end], &made[common..made.len() - end]);
        let holder = op["path"].as_str().unwrap().rsplit_once('/').map_or("", |(holder, _)| holder);
        let count = |document: &Value| match document.pointer(holder) {
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(map)) => map.len(),
            _ => 0,
        };
        let after = read_back(&made);
        match op["op"].as_str().unwrap() {
            // What is put into an empty pair of brackets may take the place of blanks.
            "add" | "copy" if count(&after) > count(&value) && count(&value) > 0 => prop_assert_eq!(gone, "", "{} {:?}", op, made),
            "remove" if count(&value) > 1 => prop_assert_eq!(come, "", "{} {:?}", op, made),
            "replace" => {
                let path = op["path"].as_str().unwrap();
                let old = value.pointer(path).unwrap();
                if !old.is_object() && !old.is_array() {
                    prop_assert!(old.to_string().contains(gone), "{} {:?}", op, made);
                }
            }
            _ => {}
        }
    }
}
