//! What changed in a JSON document, as a list of values.
//!
//! Owns: paths, the pairing of array elements by their ids, the spelling of values as the file has
//! it (`306.0` is not `306`). Must not know: lines, artifacts, what a value means.
// Values are compared as raw text and taken apart only where that differs: numbers keep their
// spelling, and equal subtrees cost one comparison. Paths and values are untrusted text: before a
// terminal they go through `diff::text`.

mod elements;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;

use elements::{Pair, Pairs, pairs};
use serde::Serialize;
use serde_json::value::RawValue;
use value::Shape;

pub use value::spelled;

use super::lines::Limit;

/// More changes than this are not listed: the list is for a person to read.
pub(crate) const CHANGES_MAX: usize = 2000;

/// How a value changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Added,
    Removed,
    Changed,
    /// The same value written otherwise: `306.0` and `306`, `"é"` and `"\u00e9"`.
    Respelled,
    /// An array element with an id stands elsewhere among the others; `before` and `after` are its
    /// places.
    Moved,
}

// Every level is read again on the way down, and takes stack: what lies deeper is shown whole.
const DEPTH_MAX: usize = 100;

/// One value that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueChange {
    /// Like `scenes[2].duration_ms`, places as in the new document (of a removed value: as in the
    /// old one); empty for the whole document.
    pub path: String,
    /// The id of the innermost array element on the path that is known by one: `scene_003`.
    pub id: Option<String>,
    pub kind: ChangeKind,
    /// As the old document spells it, on one line; long values are cut with `…`.
    pub before: Option<String>,
    /// As the new document spells it, on one line; long values are cut with `…`.
    pub after: Option<String>,
}

/// The changed values of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedValues {
    /// In the order of the new document; at most `CHANGES_MAX`.
    pub changes: Vec<ValueChange>,
    /// There are more changes than listed: too many, or too little time.
    pub is_cut: bool,
}

impl fmt::Display for ValueChange {
    /// `scenes[2].duration_ms 12000 -> 19000`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.before.as_deref().unwrap_or("");
        let after = self.after.as_deref().unwrap_or("");
        let path = if self.path.is_empty() {
            "the document"
        } else {
            &self.path
        };
        match self.kind {
            ChangeKind::Added => write!(formatter, "{path} new {after}"),
            ChangeKind::Removed => write!(formatter, "{path} removed, was {before}"),
            ChangeKind::Changed => write!(formatter, "{path} {before} -> {after}"),
            ChangeKind::Respelled => write!(formatter, "{path} {before} -> {after} (same value)"),
            ChangeKind::Moved => write!(formatter, "{path} moved, was {before}"),
        }
    }
}

/// Returns what changed from `old` to `new`, or `None` if either is not JSON. Order of keys and
/// white space do not count. When the limit is reached, what was found until then.
pub fn changed_values(old: &[u8], new: &[u8], limit: Limit<'_>) -> Option<ChangedValues> {
    let old: &RawValue = parse(old)?;
    let new: &RawValue = parse(new)?;
    let mut walk = Walk {
        path: String::new(),
        id: None,
        depth: 0,
        limit,
        found: ChangedValues::default(),
    };
    walk.compare(old.get(), new.get());
    Some(walk.found)
}

fn parse(bytes: &[u8]) -> Option<&RawValue> {
    // A byte order mark is part of the file's format, not of its JSON.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    serde_json::from_slice(bytes).ok()
}

/// Adds a member to a path: `.duration_ms`, or `["low tide"]` where the key is no plain name.
pub fn push_key(path: &mut String, key: &str) {
    let is_name = !key.is_empty()
        && key
            .chars()
            .all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'));
    if !is_name {
        path.push_str(&format!("[{}]", serde_json::Value::from(key)));
    } else {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    }
}

/// Adds an array element to a path: `[2]`.
pub fn push_place(path: &mut String, at: usize) {
    path.push_str(&format!("[{at}]"));
}

struct Walk<'a> {
    path: String,
    id: Option<String>,
    depth: usize,
    limit: Limit<'a>,
    found: ChangedValues,
}

impl Walk<'_> {
    fn compare(&mut self, old: &str, new: &str) {
        if old == new || self.found.is_cut {
            return;
        }
        if self.limit.is_reached() {
            self.found.is_cut = true;
            return;
        }
        if self.depth == DEPTH_MAX {
            return self.add(ChangeKind::Changed, Some(old), Some(new));
        }
        self.depth += 1;
        match (value::shape(old), value::shape(new)) {
            (Shape::Object(old), Shape::Object(new)) => self.compare_objects(&old, &new),
            (Shape::Array(old), Shape::Array(new)) => self.compare_arrays(&old, &new),
            (Shape::Scalar, Shape::Scalar) => {
                let kind = if value::is_same(old, new) {
                    ChangeKind::Respelled
                } else {
                    ChangeKind::Changed
                };
                self.add(kind, Some(old), Some(new));
            }
            // Objects with two equal keys cannot be taken apart truthfully: they are shown whole.
            (Shape::Object(_) | Shape::Array(_) | Shape::Scalar | Shape::Ambiguous, _) => {
                self.add(ChangeKind::Changed, Some(old), Some(new));
            }
        }
        self.depth -= 1;
    }

    fn compare_objects(&mut self, old: &value::Members<'_>, new: &value::Members<'_>) {
        for (key, before) in old.iter().filter(|(key, _)| !new.contains(key)) {
            self.at_key(key, |walk| walk.add(ChangeKind::Removed, Some(before), None));
        }
        for (key, after) in new.iter() {
            self.at_key(key, |walk| match old.get(key) {
                Some(before) => walk.compare(before, after),
                None => walk.add(ChangeKind::Added, None, Some(after)),
            });
        }
    }

    fn compare_arrays(&mut self, old: &[&str], new: &[&str]) {
        let Pairs {
            pairs,
            old_ids,
            new_ids,
        } = pairs(old, new);
        let id_of = |ids: &[&str], at: usize| ids.get(at).map(|id| id.trim_matches('"').to_owned());
        for pair in pairs {
            match pair {
                Pair::Removed(at) => self.at_place(at, id_of(&old_ids, at), |walk| {
                    walk.add(ChangeKind::Removed, old.get(at).copied(), None);
                }),
                Pair::Added(at) => self.at_place(at, id_of(&new_ids, at), |walk| {
                    walk.add(ChangeKind::Added, None, new.get(at).copied());
                }),
                Pair::Both {
                    old_at,
                    new_at,
                    is_moved,
                } => self.at_place(new_at, id_of(&new_ids, new_at), |walk| {
                    if is_moved {
                        let place = |at: usize| format!("[{at}]");
                        walk.add(ChangeKind::Moved, Some(&place(old_at)), Some(&place(new_at)));
                    }
                    if let (Some(old), Some(new)) = (old.get(old_at), new.get(new_at)) {
                        walk.compare(old, new);
                    }
                }),
            }
        }
    }

    fn at_key(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        push_key(&mut self.path, key);
        inside(self);
        self.path.truncate(length);
    }

    /// Goes into an array element; `id`: what it is known by, if by anything.
    fn at_place(&mut self, at: usize, id: Option<String>, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        push_place(&mut self.path, at);
        let is_known = id.is_some();
        let outer = if is_known {
            std::mem::replace(&mut self.id, id)
        } else {
            None
        };
        inside(self);
        if is_known {
            self.id = outer;
        }
        self.path.truncate(length);
    }

    fn add(&mut self, kind: ChangeKind, before: Option<&str>, after: Option<&str>) {
        if self.found.changes.len() >= CHANGES_MAX {
            self.found.is_cut = true;
            return;
        }
        let change = ValueChange {
            path: self.path.clone(),
            id: self.id.clone(),
            kind,
            before: before.map(spelled),
            after: after.map(spelled),
        };
        self.found.changes.push(change);
    }
}
