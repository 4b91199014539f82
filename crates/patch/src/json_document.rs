//! A JSON document under change: values are set, added, removed and moved, and every byte that is
//! not concerned stays.
//!
//! Owns: which bytes of the text stay and what is written between them, in the document's own
//! style. Must not know: patches and their operations.
// A tree over the text, opened only where something changes: what no operation entered is copied as
// one piece, and a thousand operations read the text once.

mod equality;
mod layout;
mod lookup;
mod render;
mod set;
#[cfg(test)]
pub(super) mod tests;

use std::ops::{Index, IndexMut};

use serde_json::Value;

use diff::json::spelled;

use super::error::PatchError;
use super::json_tree::{Node, Shape};
use super::lines::line_at;
use super::plan::{DELETED, NOTHING, PlannedChange};
use super::quote::counted;
use super::{ARTIFACT_BYTES_MAX, json_tree};

use layout::{Kind, Style, entry_spans};

pub(super) use equality::Numbers;
use lookup::Target;

/// More values than this are not opened or copied one by one: bounds the memory that a small patch
/// can ask for.
const SLOTS_MAX: usize = 2_000_000;
/// How much of a value is spelled out for a change, in bytes, before it is cut to its shown length.
const SPELLED_BYTES_MAX: usize = 4_000;

static NULL: Value = Value::Null;

/// A value of a document. Made by the document only, and never outlived by its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(usize);

/// See the module.
#[derive(Debug)]
pub(super) struct JsonDocument<'t> {
    text: &'t str,
    body: &'t Node,
    style: Style<'t>,
    slots: Vec<Slot<'t>>,
    copied_bytes: usize,
}

/// One value, and how it hangs on the one before it.
#[derive(Debug)]
pub(super) struct Slot<'t> {
    key: Option<Key<'t>>,
    /// What stands between the entry before and this one, the comma included; none: this stands
    /// first, or behind it for the first time.
    sep: Option<&'t str>,
    content: Content<'t>,
    /// What stood here before: a model for the layout of what is new.
    model: Option<&'t Node>,
    /// It stood elsewhere, perhaps deeper.
    is_moved: bool,
}

#[derive(Debug, Clone, Copy)]
struct Key<'t> {
    name: &'t str,
    /// The key and all up to its value, as they stand in the text.
    raw: Option<&'t str>,
}

#[derive(Debug)]
enum Content<'t> {
    /// As it stands in the text.
    Kept(&'t Node),
    /// From the patch.
    New(&'t Value),
    /// Its entries are slots of their own.
    Opened(Container<'t>),
}

#[derive(Debug, Clone)]
struct Container<'t> {
    kind: Kind,
    /// What it was in the text; none for a new one.
    origin: Option<&'t Node>,
    entries: Vec<Id>,
}

impl<'t> Slot<'t> {
    fn new(content: Content<'t>) -> Self {
        Self {
            key: None,
            sep: None,
            content,
            model: None,
            is_moved: false,
        }
    }
}

impl<'t> Index<Id> for JsonDocument<'t> {
    type Output = Slot<'t>;

    // An `Id` is the place at which `add` put a slot, and slots are never taken out.
    fn index(&self, id: Id) -> &Slot<'t> {
        &self.slots[id.0]
    }
}

impl IndexMut<Id> for JsonDocument<'_> {
    fn index_mut(&mut self, id: Id) -> &mut Self::Output {
        &mut self.slots[id.0]
    }
}

impl<'t> JsonDocument<'t> {
    /// The document of a text and its tree.
    pub(super) fn new(text: &'t str, body: &'t Node) -> Self {
        Self {
            text,
            body,
            style: Style::of(text, body),
            slots: vec![Slot::new(Content::Kept(body))],
            copied_bytes: 0,
        }
    }

    /// The whole of it.
    pub(super) fn root(&self) -> Id {
        Id(0)
    }

    /// The text with all changes.
    pub(super) fn finished(&self, path: &str) -> Result<String, PatchError> {
        let out = self.rendered();
        // Reading it back bounds depth and size of what the next patch will have to read.
        match json_tree::read(&out) {
            Ok(_) => Ok(out),
            Err(fault) => Err(PatchError::unfit(format!(
                "{} could not be read after the patch: {}",
                super::quote::quote(path),
                fault.message
            ))),
        }
    }

    fn add(&mut self, slot: Slot<'t>) -> Result<Id, PatchError> {
        if self.slots.len() >= SLOTS_MAX {
            let most = counted(SLOTS_MAX, "value");
            return Err(
                PatchError::unfit(format!("the patch would touch or copy more than {most}"))
                    .with_hint("send it as several patches, or change the file by other means"),
            );
        }
        self.slots.push(slot);
        Ok(Id(self.slots.len() - 1))
    }

    /// Makes slots of what is directly inside; nothing for values without an inside.
    fn open(&mut self, id: Id) -> Result<(), PatchError> {
        let container = match self[id].content {
            Content::Kept(node) => self.opened_text(node)?,
            Content::New(value) => self.opened_value(value)?,
            Content::Opened(_) => None,
        };
        if let Some(container) = container {
            self[id].content = Content::Opened(container);
        }
        Ok(())
    }

    fn opened_text(&mut self, node: &'t Node) -> Result<Option<Container<'t>>, PatchError> {
        let Some(kind) = Kind::of(node) else { return Ok(None) };
        let text = self.text;
        let mut entries = Vec::with_capacity(node.members().len() + node.items().len());
        let keys = node.members().iter().map(|member| {
            let raw = text.get(member.key_span.start..member.value.span.start);
            Some(Key { name: &member.key, raw })
        });
        let mut former_end: Option<usize> = None;
        for ((value, span), key) in layout::children(node)
            .zip(entry_spans(node))
            .zip(keys.chain(node.items().iter().map(|_| None)))
        {
            let mut slot = Slot::new(Content::Kept(value));
            slot.key = key;
            slot.sep = former_end.and_then(|end| text.get(end..span.start));
            former_end = Some(span.end);
            entries.push(self.add(slot)?);
        }
        Ok(Some(Container {
            kind,
            origin: Some(node),
            entries,
        }))
    }

    fn opened_value(&mut self, value: &'t Value) -> Result<Option<Container<'t>>, PatchError> {
        let mut entries = Vec::new();
        let kind = match value {
            Value::Object(map) => {
                for (key, value) in map {
                    entries.push(self.add_new(Some(key), Content::New(value))?);
                }
                Kind::Object
            }
            Value::Array(items) => {
                for item in items {
                    entries.push(self.add_new(None, Content::New(item))?);
                }
                Kind::List
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Ok(None),
        };
        Ok(Some(Container {
            kind,
            origin: None,
            entries,
        }))
    }

    fn add_new(&mut self, key: Option<&'t str>, content: Content<'t>) -> Result<Id, PatchError> {
        let mut slot = Slot::new(content);
        slot.key = key.map(|name| Key { name, raw: None });
        self.add(slot)
    }

    /// The entries of an opened value.
    fn entries(&self, id: Id) -> &[Id] {
        match &self[id].content {
            Content::Opened(container) => &container.entries,
            Content::Kept(_) | Content::New(_) => &[],
        }
    }

    fn entries_mut(&mut self, id: Id) -> Option<&mut Vec<Id>> {
        match &mut self[id].content {
            Content::Opened(container) => Some(&mut container.entries),
            Content::Kept(_) | Content::New(_) => None,
        }
    }

    fn kind(&self, id: Id) -> Option<Kind> {
        match &self[id].content {
            Content::Kept(node) => Kind::of(node),
            Content::New(Value::Object(_)) => Some(Kind::Object),
            Content::New(Value::Array(_)) => Some(Kind::List),
            Content::New(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => None,
            Content::Opened(container) => Some(container.kind),
        }
    }

    /// What a value was in the text, if it was.
    fn origin(&self, id: Id) -> Option<&'t Node> {
        match &self[id].content {
            Content::Kept(node) => Some(node),
            Content::New(_) => None,
            Content::Opened(container) => container.origin,
        }
    }

    /// The line of the text in which a value begins, if it stands there.
    pub(super) fn line(&self, id: Id) -> Option<usize> {
        self.origin(id).map(|node| line_at(self.text, node.span.start))
    }

    /// Puts an entry into an opened list or object. What stands behind it keeps its separator.
    fn insert(&mut self, into: Id, at: usize, entry: Id) {
        let behind = if at == 0 {
            self.entries(into).first().copied()
        } else {
            None
        };
        if let Some(behind) = behind {
            self[behind].sep = None;
        }
        if let Some(entries) = self.entries_mut(into) {
            let at = at.min(entries.len());
            entries.insert(at, entry);
        }
    }

    /// Takes an entry out of an opened list or object, with its separator; the next one moves up to
    /// the opening bracket if need be.
    fn remove(&mut self, from: Id, at: usize) {
        if let Some(entries) = self.entries_mut(from)
            && at < entries.len()
        {
            entries.remove(at);
        }
    }

    /// Puts other content in the place of a value.
    fn replace(&mut self, id: Id, content: Content<'t>, is_moved: bool) {
        let model = self.origin(id).or(self[id].model);
        let slot = &mut self[id];
        slot.model = model;
        slot.content = content;
        slot.is_moved = is_moved;
    }

    /// Takes a value out of its slot, which is to be removed or refilled.
    fn take(&mut self, id: Id) -> Content<'t> {
        std::mem::replace(&mut self[id].content, Content::New(&NULL))
    }

    /// A second copy of a value. Copies of copies double: their sum is bounded.
    fn copy(&mut self, id: Id) -> Result<Content<'t>, PatchError> {
        let bytes = match &self[id].content {
            Content::Kept(node) => node.span.len(),
            Content::New(value) => value.to_string().len(),
            Content::Opened(_) => 2,
        };
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        if self.copied_bytes > ARTIFACT_BYTES_MAX {
            return Err(PatchError::unfit(format!(
                "the patch would copy more than {ARTIFACT_BYTES_MAX} bytes (64 MiB)"
            )));
        }
        match &self[id].content {
            Content::Kept(node) => Ok(Content::Kept(node)),
            Content::New(value) => Ok(Content::New(value)),
            Content::Opened(container) => {
                let mut container = container.clone();
                for entry in &mut container.entries {
                    let content = self.copy(*entry)?;
                    let Slot {
                        key,
                        sep,
                        model,
                        is_moved,
                        ..
                    } = self[*entry];
                    *entry = self.add(Slot {
                        key,
                        sep,
                        content,
                        model,
                        is_moved,
                    })?;
                }
                Ok(Content::Opened(container))
            }
        }
    }

    /// A value on one line, cut where it is long.
    pub(super) fn spelled(&self, id: Id) -> String {
        let mut raw = String::new();
        self.spell(id, &mut raw);
        spelled(&raw)
    }

    fn spell(&self, id: Id, out: &mut String) {
        match &self[id].content {
            Content::Kept(node) => {
                let raw = node.raw(self.text);
                out.push_str(raw.get(..raw.floor_char_boundary(SPELLED_BYTES_MAX)).unwrap_or(raw));
            }
            Content::New(value) => out.push_str(&value.to_string()),
            Content::Opened(container) => {
                let (open, close) = container.kind.brackets();
                out.push_str(open);
                for (at, entry) in container.entries.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    if let Some(key) = self[*entry].key {
                        out.push_str(&Value::from(key.name).to_string());
                        out.push(':');
                    }
                    self.spell(*entry, out);
                    if out.len() > SPELLED_BYTES_MAX {
                        return;
                    }
                }
                out.push_str(close);
            }
        }
    }
}

/// A change of one value.
pub(super) fn change(place: &str, before: Option<String>, after: Option<String>) -> PlannedChange {
    PlannedChange {
        place: super::pointer::in_words(place).to_owned(),
        before: before.unwrap_or_else(|| NOTHING.to_owned()),
        after: after.unwrap_or_else(|| DELETED.to_owned()),
    }
}

/// What a value is, for a refusal.
fn described(shape: &Shape) -> &'static str {
    match shape {
        Shape::Object(_) => "an object",
        Shape::Array(_) => "a list",
        Shape::Text => "a text",
        Shape::Number => "a number",
        Shape::Word => "a plain word",
    }
}
