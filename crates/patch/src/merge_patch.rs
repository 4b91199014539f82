//! `merge_patch`: a JSON document merged into another (RFC 7396, SPEC §6).

use serde_json::{Map, Value, json};

use super::error::PatchError;
use super::json_document::JsonDocument;
use super::json_tree::{Shape, first_plain, read_artifact};
use super::patch_fields::PatchFields;
use super::plan::{Material, Planned, PlannedChanges};
use super::type_doc::{Family, FieldDoc, Holds, Planner, Subject, TypeDoc};

pub(super) const TYPE: TypeDoc = TypeDoc {
    name: "merge_patch",
    family: Family::Json,
    applies_to: "JSON",
    description: "Merges as RFC 7396 says: the members of `merge` are set, null removes a member, objects are merged into objects; a list \
                  is replaced whole (its equal items at both ends keep their bytes). What is not named keeps its bytes.",
    example: || {
        json!({
            "type": "merge_patch",
            "merge": {"title": "Low tide", "frame": {"width": 1280, "height": 720}},
        })
    },
    fields: &[FieldDoc::new("merge", "what is to differ, RFC 7396", Holds::Merged)],
    template,
    edited_first: None,
    parse: |fields| Ok(Box::new(MergePatch::parse(fields)?)),
};

#[derive(Debug)]
struct MergePatch {
    merge: Value,
}

impl MergePatch {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        let merge = fields.read::<&Value>("merge")?.clone();
        Ok(Self { merge })
    }
}

/// The first plain value that is reached through objects alone, merged into itself; with none,
/// nothing to merge.
fn template(subject: &Subject<'_>) -> Option<Value> {
    let (text, root) = subject.tree()?;
    let Shape::Object(_) = root.shape else { return None };
    let merge = match first_plain(text, &root, false) {
        Some((steps, value)) => steps
            .into_iter()
            .rfold(value, |inner, step| Value::Object(Map::from_iter([(step, inner)]))),
        None => json!({}),
    };
    Some(json!({"merge": merge}))
}

impl Planner for MergePatch {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        merged(material, &self.merge, "", "merge")
    }
}

/// The document with another merged into it, which stands in a field of the patch; changes tell
/// their places from `place` on.
pub(super) fn merged(material: &Material<'_>, merge: &Value, place: &str, field: &str) -> Result<Planned, PatchError> {
    let text = material.text()?;
    let root = read_artifact(material.path, text)?;
    let mut document = JsonDocument::new(text, &root);
    let mut changes = PlannedChanges::default();
    let finished = document
        .merge(document.root(), merge, place, &mut changes)
        .and_then(|()| document.finished(material.path))
        .map_err(|error| error.at_field(field))?;
    Ok(Planned::new(finished, changes, Vec::new()))
}

#[cfg(test)]
mod tests;
