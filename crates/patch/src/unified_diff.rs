//! `unified_diff`: a diff as `diff -u` writes it, applied without fuzz (SPEC §6).
//!
//! Every context and removed line must stand in the artifact, byte for byte, at the line that the
//! hunk's header says. A hunk that would fit elsewhere is refused with the header that would be
//! right: the diff was made from another version, and only a person knows which is meant.

mod apply;
mod hunks;
#[cfg(test)]
mod tests;

use serde_json::json;

use super::catalog::{Family, Planner, TypeDoc};
use super::error::PatchError;
use super::fields::Fields;
use super::plan::{Material, Planned};
use super::quote::quote;

use hunks::Diff;

pub(super) const TYPE: TypeDoc = TypeDoc {
    name: "unified_diff",
    family: Family::Text,
    applies_to: "text",
    description: "Applies a unified diff of one file, as diff -u and git diff write it. Context and removed lines must stand exactly at the line that \
                  the hunk says: no fuzz, no offset. File names are not needed; line ends may be \\n where the whole file has \\r\\n.",
    example: || {
        json!({
            "type": "unified_diff",
            "diff": "@@ -1,4 +1,4 @@\n **Opening**\n \n-Low tide is at noon \u{2013} bring boots.\n+Low tide is at 14:00 \u{2013} bring boots.\n \n",
        })
    },
    fields: &["diff"],
    parse: |fields| Ok(Box::new(UnifiedDiff::parse(fields)?)),
};

#[derive(Debug)]
struct UnifiedDiff {
    diff: Diff,
}

impl UnifiedDiff {
    fn parse(fields: &Fields<'_>) -> Result<Self, PatchError> {
        let text = fields.text("diff")?;
        let diff = hunks::read(text).map_err(|fault| {
            let message = format!("line {} of the diff: {}", fault.line, fault.message);
            let error = PatchError::wrong_field(fields.path("diff"), message);
            match fault.hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        })?;
        Ok(Self { diff })
    }
}

impl Planner for UnifiedDiff {
    fn plan(&self, material: &Material<'_>) -> Result<Planned, PatchError> {
        let text = material.text()?;
        let applied = apply::apply(&self.diff, material.path, text).map_err(|error| error.at_field("diff"))?;
        let last_part = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let mut consequences = Vec::new();
        if let Some(name) = &self.diff.name
            && last_part(name) != last_part(material.path)
        {
            consequences.push(format!(
                "the diff is of {}, and is applied to {}",
                quote(name),
                quote(material.path)
            ));
        }
        Ok(Planned {
            sidecar_path: None,
            bytes: applied.text.into_bytes(),
            changes: applied.changes,
            consequences,
        })
    }
}
