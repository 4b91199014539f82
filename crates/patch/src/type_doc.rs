//! What a patch type tells of itself: the value `TYPE` of its file, of which the catalog, the
//! template, completion, command line, HTTP and the tests know what they know.

use std::fmt;

use serde_json::{Map, Value};

use super::error::PatchError;
use super::json_tree::{self, Node};
use super::offers::{Asked, Offer};
use super::patch_fields::PatchFields;
use super::plan::{Material, Planned};

/// What a patch type works on; decides which artifacts it is offered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Any text, JSON included.
    Text,
    /// Any JSON document.
    Json,
    /// A storyboard in JSON.
    Storyboard,
    /// Sound.
    Audio,
    /// The job itself, not an artifact.
    Job,
}

/// One patch type, as `patch types` and `GET patches/types` show it.
#[derive(Clone, Copy)]
pub struct TypeDoc {
    /// The value of `type`.
    pub name: &'static str,
    /// What it works on.
    pub family: Family,
    /// What it works on, in words.
    pub applies_to: &'static str,
    /// What it does and its rules, in a sentence or two.
    pub description: &'static str,
    /// A filled-in patch of this type.
    pub example: fn() -> Value,
    /// The fields beside `type` and `artifact`.
    pub(crate) fields: &'static [FieldDoc],
    /// The fields of the patch with which the editor opens, filled with what the artifact really
    /// holds: it changes nothing until one value is edited. None: nothing to fill it with.
    pub(crate) template: fn(&Subject<'_>) -> Option<Value>,
    /// The field of the template that is edited first: the cursor stands there.
    pub(crate) edited_first: Option<&'static str>,
    /// Checks the fields and makes the planner.
    pub(crate) parse: fn(&PatchFields<'_>) -> Result<Box<dyn Planner>, PatchError>,
}

/// A field of a patch.
#[derive(Clone, Copy)]
pub(crate) struct FieldDoc {
    pub(super) name: &'static str,
    /// What it is for, as completion shows it; empty where the name says it.
    pub(super) detail: &'static str,
    pub(super) holds: Holds,
}

/// What a field holds, as far as completion can help with it.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    /// Nothing that could be offered.
    Anything,
    /// `true` or `false`.
    Flag,
    /// A list of objects with these fields.
    Items(&'static [FieldDoc]),
    /// An object that is merged into the document: its names and values are offered.
    Merged,
    /// A value for which something is offered.
    Offered(fn(&Asked<'_>) -> Option<Offer>),
}

/// The fields that every patch has.
pub(super) const COMMON_FIELDS: &[FieldDoc] = &[
    FieldDoc::new("type", "what the patch does", Holds::Anything),
    FieldDoc::new("artifact", "which file it is for", Holds::Anything),
];

/// What a template is made for.
pub(crate) struct Subject<'a> {
    /// The artifact's path, and its bytes.
    pub(super) path: &'a str,
    pub(super) bytes: &'a [u8],
    /// The job's parameters.
    pub(super) params: &'a Map<String, Value>,
}

/// A checked patch of one type.
pub(crate) trait Planner: fmt::Debug + Send + Sync {
    /// What the patch makes of these bytes; pure.
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError>;
}

impl TypeDoc {
    /// The names of all its fields, those inside its lists too.
    pub fn field_names(&self) -> impl Iterator<Item = &'static str> {
        let inner = |field: &'static FieldDoc| match field.holds {
            Holds::Items(fields) => fields,
            Holds::Anything | Holds::Flag | Holds::Merged | Holds::Offered(_) => &[],
        };
        let with_inner = move |field| std::iter::once(field).chain(inner(field));
        self.fields.iter().flat_map(with_inner).map(|field| field.name)
    }

    pub(super) fn holds(&self, field: &str) -> Option<Holds> {
        let found = self.fields.iter().find(|known| known.name == field)?;
        Some(found.holds)
    }
}

/// The names of these fields.
pub(super) fn names(fields: &[FieldDoc]) -> Vec<&'static str> {
    fields.iter().map(|field| field.name).collect()
}

impl FieldDoc {
    pub(super) const fn new(name: &'static str, detail: &'static str, holds: Holds) -> Self {
        Self { name, detail, holds }
    }
}

impl<'a> Subject<'a> {
    pub(super) fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes).ok()
    }

    /// The document, where it is JSON, and its text.
    pub(super) fn tree(&self) -> Option<(&'a str, Node)> {
        let text = self.text()?;
        Some((text, json_tree::read(text).ok()?))
    }
}

impl fmt::Debug for TypeDoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypeDoc")
            .field("name", &self.name)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}
