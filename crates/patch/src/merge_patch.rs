//! `merge_patch`: a JSON document merged into another (RFC 7396, SPEC §6).

use serde_json::{Value, json};

use super::catalog::{Family, Planner, TypeDoc};
use super::error::PatchError;
use super::fields::Fields;
use super::json_document::JsonDocument;
use super::json_tree::read_artifact;
use super::plan::{Material, Planned, PlannedChanges};

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
    fields: &["merge"],
    parse: |fields| Ok(Box::new(MergePatch::parse(fields)?)),
};

#[derive(Debug)]
struct MergePatch {
    merge: Value,
}

impl MergePatch {
    fn parse(fields: &Fields<'_>) -> Result<Self, PatchError> {
        Ok(Self {
            merge: fields.value("merge")?.clone(),
        })
    }
}

impl Planner for MergePatch {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        let text = material.text()?;
        let root = read_artifact(material.path, text)?;
        let mut document = JsonDocument::new(text, &root);
        let mut changes = PlannedChanges::default();
        let finished = document
            .merge(document.root(), &self.merge, "", &mut changes)
            .and_then(|()| document.finished(material.path))
            .map_err(|error| error.at_field("merge"))?;
        Ok(Planned {
            sidecar_path: None,
            bytes: finished.into_bytes(),
            changes,
            consequences: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests;
