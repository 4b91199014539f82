//! Templates of the patches that go by JSON paths.

use serde_json::{Map, Value, json};

use super::super::json_tree::{self, Node, Shape};
use super::super::pointer::Pointer;

/// How many values are looked at for a plain one.
const VALUES_TRIED_MAX: usize = 10_000;

/// A replacement of the document's first plain value by itself.
pub(super) fn json_patch(path: &str, text: &str) -> Option<Value> {
    let root = json_tree::read(text).ok()?;
    let (steps, value) = first_plain(text, &root, true)?;
    let pointer = Pointer::of(steps).text;
    Some(json!({
        "type": "json_patch",
        "artifact": path,
        "ops": [{"op": "replace", "path": pointer, "value": value}],
    }))
}

/// The first plain value that is reached through objects alone, merged into itself; with none,
/// nothing to merge.
pub(super) fn merge_patch(path: &str, text: &str) -> Option<Value> {
    let root = json_tree::read(text).ok()?;
    let Shape::Object(_) = root.shape else { return None };
    let merge = match first_plain(text, &root, false) {
        Some((steps, value)) => steps.into_iter().rev().fold(value, |inner, step| {
            let mut map = Map::new();
            map.insert(step, inner);
            Value::Object(map)
        }),
        None => json!({}),
    };
    Some(json!({"type": "merge_patch", "artifact": path, "merge": merge}))
}

/// The steps to the first value that is neither list nor object nor very long, and the value.
fn first_plain(text: &str, root: &Node, through_lists: bool) -> Option<(Vec<String>, Value)> {
    let mut pending = vec![(root, Vec::new())];
    for _ in 0..VALUES_TRIED_MAX {
        let (node, steps) = pending.pop()?;
        let inside = |step: String| {
            let mut inner: Vec<String> = steps.clone();
            inner.push(step);
            inner
        };
        match &node.shape {
            Shape::Object(members) => {
                pending.extend(
                    members
                        .iter()
                        .rev()
                        .map(|member| (&member.value, inside(member.key.clone()))),
                );
            }
            Shape::Array(items) if through_lists => {
                let items = items.iter().enumerate().take(VALUES_TRIED_MAX).rev();
                pending.extend(items.map(|(at, item)| (item, inside(at.to_string()))));
            }
            Shape::Array(_) => {}
            // `null` means removal to a merge, and a long text is no fit beginning.
            Shape::Text | Shape::Number | Shape::Word => {
                let raw = node.raw(text);
                let is_fit = raw.len() <= super::LINE_BYTES_MAX && (through_lists || raw != "null");
                if let Some(value) = serde_json::from_str(raw).ok().filter(|_| is_fit) {
                    return Some((steps, value));
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::super::{Patch, PatchFault};
    use super::super::template_of;
    use super::*;

    fn filled(type_name: &str, text: &str) -> Value {
        let shown = template_of(type_name, "report", "a.json", text.as_bytes()).unwrap();
        let error = Patch::parse(&shown)
            .unwrap()
            .plan("a.json", text.as_bytes())
            .unwrap_err();
        assert_eq!(error.fault, PatchFault::NoChange, "{shown}");
        serde_json::from_str(&shown).unwrap()
    }

    #[test]
    fn the_first_plain_value_is_offered_and_changes_nothing_until_it_is_edited() {
        let text = format!(
            "{{\"scenes\": [{{\"a/b\": [], \"x\": 1.50, \"long\": \"{}\"}}]}}",
            "x".repeat(999)
        );
        let value = filled("json_patch", &text);
        assert_eq!(
            value["ops"],
            json!([{"op": "replace", "path": "/scenes/0/x", "value": 1.5}])
        );
        let text = "{\"none\": null, \"scenes\": [1], \"frame\": {\"w\": 1280}}";
        assert_eq!(filled("json_patch", text)["ops"][0]["path"], "/none");
        assert_eq!(filled("merge_patch", text)["merge"], json!({"frame": {"w": 1280}}));
        assert_eq!(filled("merge_patch", "{\"scenes\": [1]}")["merge"], json!({}));
        assert_eq!(filled("json_patch", "7.0")["ops"][0]["path"], "");
    }

    #[test]
    fn what_has_no_plain_value_has_no_template() {
        assert_eq!(template_of("json_patch", "report", "a.json", b"[[]]"), None);
        assert_eq!(template_of("json_patch", "report", "a.json", b"{"), None);
        assert_eq!(template_of("merge_patch", "report", "a.json", b"[1]"), None);
    }
}
