//! `json_patch`: the operations of RFC 6902 on a JSON document (SPEC §6).

use serde_json::{Value, json};

use super::PATCH_ITEMS_MAX;
use super::closest::closest_name;
use super::error::PatchError;
use super::json_document::{JsonDocument, Numbers};
use super::json_tree::{first_plain, read_artifact};
use super::offers::{Asked, Named, Offer};
use super::patch_fields::PatchFields;
use super::plan::{Material, Planned, PlannedChanges};
use super::pointer::{Pointer, in_words};
use super::quote::{listed, quote, quote_both};
use super::type_doc::{Family, FieldDoc, Holds, Planner, Subject, TypeDoc};

pub(super) const TYPE: TypeDoc = TypeDoc {
    name: "json_patch",
    family: Family::Json,
    applies_to: "JSON",
    description: "Changes values by their JSON pointers (/scenes/0/duration_ms): the operations of RFC 6902, add, remove, replace, move, \
                  copy and test, in order, all or none. Numbers are written as the patch writes them (310, 310.0); all that is not named keeps its bytes. \
                  One operation can stand in the patch itself, as op, path, value.",
    example: || {
        json!({
            "type": "json_patch",
            "ops": [
                {"op": "test", "path": "/scenes/0/id", "value": "scene_000"},
                {"op": "replace", "path": "/scenes/0/duration_ms", "value": 9500},
                {"op": "add", "path": "/scenes/0/note", "value": "hold until the tide turns"},
            ],
        })
    },
    fields: &[
        FieldDoc::new("ops", "[{op, path, value}], RFC 6902", Holds::Items(OP)),
        FieldDoc::new("op", "", Holds::Offered(operations)),
        FieldDoc::new("path", "", Holds::Offered(pointers)),
        FieldDoc::new("value", "", Holds::Offered(present)),
        FieldDoc::new("from", "", Holds::Offered(pointers)),
    ],
    template,
    edited_first: None,
    parse: |fields| Ok(Box::new(JsonPatch::parse(fields)?)),
};

const OP: &[FieldDoc] = &[
    FieldDoc::new("op", "what is done", Holds::Offered(operations)),
    FieldDoc::new("path", "where: a JSON pointer", Holds::Offered(pointers)),
    FieldDoc::new("value", "for add, replace and test", Holds::Offered(present)),
    FieldDoc::new("from", "for move and copy", Holds::Offered(pointers)),
];

/// The operations (RFC 6902 §4), and what each does.
const OPS: [(&str, &str); 6] = [
    ("add", "a value at path, before what stands there in a list"),
    ("remove", "the value at path"),
    ("replace", "a new value at path"),
    ("move", "the value at from to path"),
    ("copy", "the value at from to path as well"),
    ("test", "refuses the patch unless path has this value"),
];

#[derive(Debug)]
struct JsonPatch {
    ops: Vec<Op>,
}

#[derive(Debug)]
struct Op {
    path: Pointer,
    action: Action,
    /// The paths of its fields in the patch.
    path_field: String,
    from_field: String,
}

#[derive(Debug)]
enum Action {
    Add(Value),
    Remove,
    Replace(Value),
    Move(Pointer),
    Copy(Pointer),
    Test(Value),
}

fn operations(_: &Asked<'_>) -> Option<Offer> {
    let mut named = OPS.map(|(name, detail)| Named::new(name, detail));
    // The one that is wanted most.
    named.sort_by_key(|operation| operation.text != "replace");
    Some(Offer::Texts(named.to_vec()))
}

fn pointers(asked: &Asked<'_>) -> Option<Offer> {
    Some(Offer::Texts(asked.contents.pointers(asked.typed)))
}

/// The value that stands at `path` now.
fn present(asked: &Asked<'_>) -> Option<Offer> {
    let value = asked.contents.value_at(asked.sibling("path")?)?;
    Some(Offer::Json(vec![Named::new(&value, "as it is")]))
}

/// A replacement of the document's first plain value by itself.
fn template(subject: &Subject<'_>) -> Option<Value> {
    let (text, root) = subject.tree()?;
    let (steps, value) = first_plain(text, &root, true)?;
    let path = Pointer::of(steps).text;
    Some(json!({"ops": [{"op": "replace", "path": path, "value": value}]}))
}

impl JsonPatch {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        let has = |key: &&str| fields.get(key).is_some();
        if !has(&"op") {
            if let Some(stray) = ["path", "value", "from"].into_iter().find(has) {
                let message = format!("`{stray}` stands beside no `op`");
                return Err(PatchError::wrong_field(fields.path(stray), message)
                    .with_hint("it belongs into an item of `ops`, or beside an `op`"));
            }
            let ops = fields.items("ops", PATCH_ITEMS_MAX, Op::parse)?;
            return Ok(Self { ops });
        }
        if has(&"ops") {
            return Err(
                PatchError::wrong_field(fields.path("op"), "both `ops` and a single `op` are given")
                    .with_hint("put the single one into `ops`"),
            );
        }
        Ok(Self {
            ops: vec![Op::parse(fields)?],
        })
    }
}

impl Op {
    // Further members are ignored, as RFC 6902 §4 demands of operations.
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        let name = fields.read("op")?;
        let known = OPS.map(|(name, _)| name);
        if !known.contains(&name) {
            let error = PatchError::wrong_field(fields.path("op"), format!("unknown operation {}", quote(name)));
            return Err(match closest_name(known, name) {
                Some(near) => error.with_hint(format!("did you mean {near}? The operations are {}", listed(&known))),
                None => error.with_hint(format!("the operations are {}", listed(&known))),
            }
            .with_candidates(known.map(str::to_owned).to_vec()));
        }
        let path = pointer(fields, "path")?;
        let action = match name {
            "remove" => Action::Remove,
            "move" => Action::Move(pointer(fields, "from")?),
            "copy" => Action::Copy(pointer(fields, "from")?),
            _ => {
                let value = fields.read::<&Value>("value")?.clone();
                match name {
                    "add" => Action::Add(value),
                    "replace" => Action::Replace(value),
                    _ => Action::Test(value),
                }
            }
        };
        if let Action::Move(from) = &action
            && from.is_above(&path)
        {
            let message = format!(
                "{} lies inside {}: a value cannot move into itself",
                quote(&path.text),
                quote(&from.text)
            );
            return Err(PatchError::wrong_field(fields.path("path"), message));
        }
        Ok(Self {
            path,
            action,
            path_field: fields.path("path"),
            from_field: fields.path("from"),
        })
    }

    fn apply<'t>(&'t self, document: &mut JsonDocument<'t>, changes: &mut PlannedChanges) -> Result<(), PatchError> {
        let at_path = |error: PatchError| error.at_field(self.path_field.clone());
        let at_from = |error: PatchError| error.at_field(self.from_field.clone());
        match &self.action {
            Action::Add(value) => document.add_at(&self.path, value, changes).map_err(at_path),
            Action::Remove => document.remove_at(&self.path, changes).map_err(at_path),
            Action::Replace(value) => {
                let target = document.find(&self.path).map_err(at_path)?;
                document.set(target.id, value, &target.place, changes).map_err(at_path)
            }
            Action::Move(from) => {
                document.find(from).map_err(at_from)?;
                document.move_to(from, &self.path, changes).map_err(at_path)
            }
            Action::Copy(from) => {
                document.find(from).map_err(at_from)?;
                document.copy_to(from, &self.path, changes).map_err(at_path)
            }
            Action::Test(value) => {
                let target = document.find(&self.path).map_err(at_path)?;
                if document.is_equal(target.id, value, Numbers::ByValue) {
                    return Ok(());
                }
                let (found, wanted) = quote_both(&document.spelled(target.id), &value.to_string());
                let message = format!("test failed: {} is {found}, not {wanted}", in_words(&target.place));
                let error = at_path(PatchError::unfit(message));
                Err(match document.line(target.id) {
                    Some(line) => error.at_artifact_line(line),
                    None => error,
                })
            }
        }
    }
}

fn pointer(fields: &PatchFields<'_>, key: &str) -> Result<Pointer, PatchError> {
    let text: &str = fields.read(key)?;
    Pointer::parse(text).map_err(|reason| {
        let error = PatchError::wrong_field(
            fields.path(key),
            format!("{} is no JSON pointer: {reason}", quote(text)),
        );
        if text.starts_with('/') {
            return error;
        }
        // Our own paths read like this, and so does an operator's first try.
        let steps = text.replace(['.', '['], "/").replace(']', "");
        error.with_hint(format!("write {}", quote(&format!("/{}", steps.trim_matches('/')))))
    })
}

/// A document after operations.
fn after<'t>(
    ops: &'t [Op],
    mut document: JsonDocument<'t>,
    changes: &mut PlannedChanges,
) -> Result<JsonDocument<'t>, PatchError> {
    for op in ops {
        op.apply(&mut document, changes)?;
    }
    Ok(document)
}

/// The place of an operation that makes an unreadable document of a readable one: without any it is
/// readable, with all it is not. Reads the document a number of times that grows with the logarithm
/// of `ops`.
fn first_unreadable(ops: usize, is_readable: impl Fn(usize) -> bool) -> usize {
    let (mut readable, mut unreadable) = (0, ops);
    while unreadable - readable > 1 {
        let middle = readable.midpoint(unreadable);
        if is_readable(middle) {
            readable = middle;
        } else {
            unreadable = middle;
        }
    }
    readable
}

impl Planner for JsonPatch {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        let text = material.text()?;
        let root = read_artifact(material.path, text)?;
        let mut changes = PlannedChanges::default();
        let document = after(&self.ops, JsonDocument::new(text, &root), &mut changes)?;
        let finished = document.finished(material.path).map_err(|error| {
            let is_readable = |count: usize| {
                let first = self.ops.get(..count).unwrap_or(&self.ops);
                let document = after(first, JsonDocument::new(text, &root), &mut PlannedChanges::default());
                document.is_ok_and(|document| document.finished(material.path).is_ok())
            };
            match self.ops.get(first_unreadable(self.ops.len(), is_readable)) {
                Some(op) => error.at_field(op.path_field.clone()),
                None => error,
            }
        })?;
        Ok(Planned::new(finished, changes, Vec::new()))
    }
}

#[cfg(test)]
mod tests;
