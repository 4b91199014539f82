//! `json_patch` for an edit: one operation for each value that changed, came or went.

use std::collections::HashMap;

use serde_json::{Value, json};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::super::PATCH_ITEMS_MAX;
use super::super::json_tree::{Node, Shape, read};
use super::super::pointer::escaped;
use super::super::quote::counted;
use super::super::storyboard::ID_FIELDS;
use super::Candidate;

/// Lists of more items than this are not matched item by item where items came or went.
const ITEMS_MATCHED_MAX: usize = 2000;

/// The operations that make the edit, and how many they are; none when the edit is not one of
/// values, or would take too many.
pub(super) fn candidate(path: &str, old: &str, new: &str) -> Option<(Candidate, usize)> {
    let (old_root, new_root) = (read(old).ok()?, read(new).ok()?);
    // Two equal keys in one object: readers differ in which one counts, so no pointer is sure.
    if old_root.first_duplicate().is_some() || new_root.first_duplicate().is_some() {
        return None;
    }
    let mut edit = Operations {
        old,
        new,
        ops: Vec::new(),
    };
    edit.compare(&old_root, &new_root, "")?;
    let count = edit.ops.len();
    let candidate = Candidate {
        reason: format!("{} changed", counted(count, "value")),
        value: json!({"type": "json_patch", "artifact": path, "ops": edit.ops}),
    };
    Some((candidate, count))
}

struct Operations<'t> {
    old: &'t str,
    new: &'t str,
    ops: Vec<Value>,
}

fn by_key(node: &Node) -> HashMap<&str, &Node> {
    let members = node.members().iter();
    members.map(|member| (member.key.as_str(), &member.value)).collect()
}

impl Operations<'_> {
    fn push(&mut self, op: Value) -> Option<()> {
        self.ops.push(op);
        (self.ops.len() <= PATCH_ITEMS_MAX).then_some(())
    }

    fn value(&self, node: &Node) -> Option<Value> {
        serde_json::from_str(node.raw(self.new)).ok()
    }

    fn compare(&mut self, old: &Node, new: &Node, place: &str) -> Option<()> {
        if old.raw(self.old) == new.raw(self.new) {
            return Some(());
        }
        match (&old.shape, &new.shape) {
            (Shape::Object(_), Shape::Object(_)) => self.objects(old, new, place),
            (Shape::Array(old), Shape::Array(new)) => self.lists(old, new, place),
            (Shape::Object(_) | Shape::Array(_) | Shape::Text | Shape::Number | Shape::Word, _) => {
                let value = self.value(new)?;
                self.push(json!({"op": "replace", "path": place, "value": value}))
            }
        }
    }

    fn objects(&mut self, old: &Node, new: &Node, place: &str) -> Option<()> {
        let inner = |key: &str| format!("{place}/{}", escaped(key));
        let (before, after) = (by_key(old), by_key(new));
        for gone in old.members().iter().filter(|old| !after.contains_key(old.key.as_str())) {
            self.push(json!({"op": "remove", "path": inner(&gone.key)}))?;
        }
        for now in new.members() {
            match before.get(now.key.as_str()) {
                Some(before) => self.compare(before, &now.value, &inner(&now.key))?,
                None => {
                    let value = self.value(&now.value)?;
                    self.push(json!({"op": "add", "path": inner(&now.key), "value": value}))?;
                }
            }
        }
        Some(())
    }

    /// From left to right: what stands before an item is as it will be, so that its place is its
    /// place in the new list.
    fn lists(&mut self, old: &[Node], new: &[Node], place: &str) -> Option<()> {
        let steps = if old.len() == new.len() {
            vec![DiffOp::Replace {
                old_index: 0,
                old_len: old.len(),
                new_index: 0,
                new_len: new.len(),
            }]
        } else if old.len().max(new.len()) <= ITEMS_MATCHED_MAX {
            let names =
                |text: &str, items: &[Node]| -> Vec<String> { items.iter().map(|item| name(text, item)).collect() };
            capture_diff_slices(Algorithm::Myers, &names(self.old, old), &names(self.new, new))
        } else {
            return None;
        };
        for step in steps {
            let (before, after) = (old.get(step.old_range())?, new.get(step.new_range())?);
            let start = step.new_range().start;
            for (at, (before, after)) in before.iter().zip(after).enumerate() {
                self.compare(before, after, &format!("{place}/{}", start + at))?;
            }
            let paired = before.len().min(after.len());
            for _ in paired..before.len() {
                self.push(json!({"op": "remove", "path": format!("{place}/{}", start + paired)}))?;
            }
            for (at, added) in after.iter().enumerate().skip(paired) {
                let value = self.value(added)?;
                self.push(json!({"op": "add", "path": format!("{place}/{}", start + at), "value": value}))?;
            }
        }
        Some(())
    }
}

/// By what an item is known when others come and go around it: its id, else all of it.
fn name(text: &str, item: &Node) -> String {
    ID_FIELDS
        .into_iter()
        .find_map(|key| item.members().iter().find(|member| member.key == key))
        .map_or_else(|| item.raw(text).to_owned(), |id| id.value.raw(text).to_owned())
}
