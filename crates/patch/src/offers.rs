//! What may be offered for a value of a patch: what the artifact holds that can be named, looked up
//! once and kept, and what of that a field asks for.

use std::collections::HashMap;

use super::elements::Elements;
use super::json_tree::{Node, Shape};
use super::lines::without_end;
use super::markers::markers;
use super::pointer::{Pointer, escaped, index_of};
use super::quote::{counted, excerpt};
use super::storyboard::{Storyboard, tree_of};

/// The most candidates that are offered at once.
pub(super) const CANDIDATES_MAX: usize = 200;
/// How much of a text is searched for lines to offer, in bytes.
const LINES_BYTES_MAX: usize = 4 << 20;
/// The longest line that is offered, in bytes.
const LINE_BYTES_MAX: usize = 400;
/// How many ids and markers are kept: beyond it nobody looks for them in a list.
const NAMES_MAX: usize = 10_000;

/// Something that may be named, and a few words on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) text: String,
    pub(super) detail: String,
}

impl Named {
    pub(super) fn new(text: &str, detail: &str) -> Self {
        Self {
            text: text.to_owned(),
            detail: detail.to_owned(),
        }
    }
}

/// What may be offered for a value.
pub(super) enum Offer {
    /// Texts, to be written between quotation marks.
    Texts(Vec<Named>),
    /// Values as JSON writes them.
    Json(Vec<Named>),
}

/// A field of an object, as far as it is written: its name, and its value when that is a text or a
/// word.
pub(super) type Written = (String, Option<String>);

/// The value of a field as far as it is written.
pub(super) fn written<'w>(fields: &'w [Written], name: &str) -> Option<&'w str> {
    fields.iter().find(|(known, _)| known == name)?.1.as_deref()
}

/// A field whose value is asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The artifact's path, and what it holds.
    pub(super) path: &'a str,
    pub(super) contents: &'a ArtifactContents,
    /// The paths of the run directory.
    pub(super) files: &'a [String],
    /// The fields around it.
    pub(super) siblings: &'a [Written],
    /// What of the value is written.
    pub(super) typed: &'a str,
}

impl<'a> Asked<'a> {
    /// The value of a field beside it, as far as it is written.
    pub(super) fn sibling(&self, name: &str) -> Option<&'a str> {
        written(self.siblings, name)
    }
}

/// What one artifact holds.
#[derive(Debug, Default)]
pub(super) struct ArtifactContents {
    /// Ids of beats and scenes, with how long they last.
    pub(super) beats: Vec<Named>,
    /// The same ids, with the length as a number of seconds.
    pub(super) seconds: HashMap<String, String>,
    /// Ids of elements, with the assets that they show.
    pub(super) elements: Vec<Named>,
    /// Section markers that stand once.
    pub(super) markers: Vec<Named>,
    /// Lines that stand once, in the order of the text; the number counts from 1.
    lines: Vec<(String, usize)>,
    document: Option<(String, Node)>,
}

impl ArtifactContents {
    /// Reads the artifact; what cannot be read offers nothing.
    pub(super) fn of(path: &str, bytes: &[u8]) -> Self {
        let mut holdings = Self::default();
        let Ok(text) = std::str::from_utf8(bytes) else {
            return holdings;
        };
        holdings.lines = unique_lines(text);
        if !path.to_ascii_lowercase().ends_with(".json") {
            holdings.markers = unique_markers(text);
            return holdings;
        }
        let Ok(root) = tree_of(path, text) else {
            return holdings;
        };
        if let Ok(board) = Storyboard::of(path, text, &root) {
            for beat in board.beats.iter().take(NAMES_MAX) {
                let Some(id) = beat.id() else { continue };
                let seconds = beat.seconds(text).map(|seconds| seconds.to_string());
                holdings.beats.push(Named {
                    text: id.to_owned(),
                    detail: match &seconds {
                        Some(seconds) => format!("{seconds} s"),
                        None => "no duration".to_owned(),
                    },
                });
                holdings.seconds.extend(seconds.map(|seconds| (id.to_owned(), seconds)));
            }
        }
        holdings.elements = elements(text, &root);
        holdings.document = Some((text.to_owned(), root));
        holdings
    }

    /// Lines that begin with what was typed; when none does, what stands from there to the line's
    /// end where it is found inside.
    pub(super) fn lines(&self, typed: &str) -> Vec<Named> {
        let named = |text: &str, line: usize| Named {
            text: text.to_owned(),
            detail: format!("line {line}"),
        };
        let beginning: Vec<Named> = self
            .lines
            .iter()
            .filter(|(line, _)| line.starts_with(typed))
            .map(|(line, number)| named(line, *number))
            .take(CANDIDATES_MAX)
            .collect();
        if !beginning.is_empty() {
            return beginning;
        }
        self.lines
            .iter()
            .filter_map(|(line, number)| Some(named(line.get(line.find(typed)?..)?, *number)))
            .take(CANDIDATES_MAX)
            .collect()
    }

    /// The JSON pointers that continue the typed one by one step.
    pub(super) fn pointers(&self, typed: &str) -> Vec<Named> {
        let Some((text, root)) = &self.document else {
            return Vec::new();
        };
        let Some((parent, _)) = typed.rsplit_once('/') else {
            return self.steps(text, root, "");
        };
        match at_pointer(root, parent) {
            Some(node) => self.steps(text, node, parent),
            None => Vec::new(),
        }
    }

    /// The names of the object at this path of keys.
    pub(super) fn keys(&self, path: &[String]) -> Vec<Named> {
        let Some((text, root)) = &self.document else {
            return Vec::new();
        };
        let node = path.iter().try_fold(root, |node, key| member(node, key));
        node.map(|node| {
            node.members()
                .iter()
                .take(NAMES_MAX)
                .map(|member| Named {
                    text: member.key.clone(),
                    detail: in_words(text, &member.value),
                })
                .collect()
        })
        .unwrap_or_default()
    }

    /// The value at a pointer as it is written, when it fits a line.
    pub(super) fn value_at(&self, pointer: &str) -> Option<String> {
        let (text, root) = self.document.as_ref()?;
        one_line(text, at_pointer(root, pointer)?)
    }

    /// The value at a path of keys as it is written, when it fits a line.
    pub(super) fn value_of(&self, path: &[String]) -> Option<String> {
        let (text, root) = self.document.as_ref()?;
        one_line(text, path.iter().try_fold(root, |node, key| member(node, key))?)
    }

    fn steps(&self, text: &str, node: &Node, parent: &str) -> Vec<Named> {
        let step = |name: &str, value: &Node| Named {
            text: format!("{parent}/{}", escaped(name)),
            detail: in_words(text, value),
        };
        match &node.shape {
            Shape::Object(members) => members
                .iter()
                .take(NAMES_MAX)
                .map(|member| step(&member.key, &member.value))
                .collect(),
            Shape::Array(items) => {
                let end = Named {
                    text: format!("{parent}/-"),
                    detail: "behind the last one".to_owned(),
                };
                items
                    .iter()
                    .take(NAMES_MAX)
                    .enumerate()
                    .map(|(index, item)| step(&index.to_string(), item))
                    .chain(std::iter::once(end))
                    .collect()
            }
            Shape::Text | Shape::Number | Shape::Word => Vec::new(),
        }
    }
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.members()
        .iter()
        .find(|member| member.key == key)
        .map(|member| &member.value)
}

/// The value at a JSON pointer (RFC 6901).
fn at_pointer<'n>(root: &'n Node, pointer: &str) -> Option<&'n Node> {
    let pointer = Pointer::parse(pointer).ok()?;
    pointer.steps.iter().try_fold(root, |node, step| match &node.shape {
        Shape::Array(items) => items.get(index_of(step)?),
        Shape::Object(_) => member(node, step),
        Shape::Text | Shape::Number | Shape::Word => None,
    })
}

fn one_line(text: &str, node: &Node) -> Option<String> {
    let raw = node.raw(text);
    (raw.len() <= LINE_BYTES_MAX && !raw.contains('\n')).then(|| raw.to_owned())
}

/// A value in a few words: a scalar as it stands, an object by its id or its size.
fn in_words(text: &str, node: &Node) -> String {
    match &node.shape {
        Shape::Object(members) => {
            let id = ["id", "name", "title", "element_id"]
                .into_iter()
                .find_map(|key| member(node, key)?.as_text(text));
            match id {
                Some(id) => excerpt(&id),
                None => format!("object, {}", counted(members.len(), "field")),
            }
        }
        Shape::Array(items) => format!("list, {}", counted(items.len(), "item")),
        Shape::Text | Shape::Number | Shape::Word => excerpt(node.raw(text)),
    }
}

fn unique_markers(text: &str) -> Vec<Named> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let all = markers(&lines);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for marker in &all {
        *counts.entry(marker.text).or_default() += 1;
    }
    all.iter()
        .filter(|marker| counts.get(marker.text) == Some(&1))
        .take(NAMES_MAX)
        .map(|marker| Named {
            text: marker.text.to_owned(),
            detail: format!("line {}", marker.index + 1),
        })
        .collect()
}

fn unique_lines(text: &str) -> Vec<(String, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut kept: Vec<(&str, usize)> = Vec::new();
    let mut read = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        read += line.len();
        if read > LINES_BYTES_MAX {
            break;
        }
        let line = without_end(line).trim_start_matches('\u{feff}').trim();
        if line.len() > LINE_BYTES_MAX || !line.contains(char::is_alphanumeric) {
            continue;
        }
        let count = counts.entry(line).or_default();
        *count += 1;
        if *count == 1 {
            kept.push((line, index + 1));
        }
    }
    kept.into_iter()
        .filter(|(line, _)| counts.get(line) == Some(&1))
        .map(|(line, number)| (line.to_owned(), number))
        .collect()
}

/// The elements that show an asset, with it and how often they stand in the document.
fn elements(text: &str, root: &Node) -> Vec<Named> {
    let shown = Elements::of(text, root).shown().into_iter().take(NAMES_MAX);
    let named = shown.map(|element| Named {
        text: element.id,
        detail: match element.places {
            1 => excerpt(&element.asset),
            places => format!("{}, {}", excerpt(&element.asset), counted(places, "place")),
        },
    });
    named.collect()
}
