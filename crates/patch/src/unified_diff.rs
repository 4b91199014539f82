//! `unified_diff`: a diff as `diff -u` writes it, applied without fuzz (SPEC §6).
//!
//! Every context and removed line must stand in the artifact, byte for byte, at the line that the
//! hunk's header says. A hunk that would fit elsewhere is refused with the header that would be
//! right: the diff was made from another version, and only a person knows which is meant.

mod apply;
mod hunks;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::error::PatchError;
use super::lines::{is_all_crlf, without_end};
use super::markers::{PROSE_BYTES_MAX, prose};
use super::patch_fields::PatchFields;
use super::plan::{Material, Planned};
use super::quote::quote;
use super::type_doc::{Family, FieldDoc, Holds, Planner, Subject, TypeDoc};

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
    fields: &[FieldDoc::new("diff", "a unified diff", Holds::Anything)],
    template,
    edited_first: None,
    parse: |fields| Ok(Box::new(UnifiedDiff::parse(fields)?)),
};

/// Lines of context on each side of the line that a template shows.
const CONTEXT_LINES: usize = 3;

#[derive(Debug)]
struct UnifiedDiff {
    diff: Diff,
}

impl UnifiedDiff {
    fn parse(fields: &PatchFields<'_>) -> Result<Self, PatchError> {
        let text = fields.read("diff")?;
        let diff = hunks::read(text).map_err(|fault| {
            let message = format!("line {} of the diff: {}", fault.line, fault.message);
            PatchError::wrong_field(fields.path("diff"), message).hinted(fault.hint)
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
        Ok(Planned::new(applied.text, applied.changes, consequences))
    }
}

/// One hunk around the first line of prose: it removes the line and adds the same again.
fn template(subject: &Subject<'_>) -> Option<Value> {
    let text = subject.text()?;
    let (index, _) = prose(text).next()?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_short = |at: &usize| lines.get(*at).is_some_and(|line| line.len() <= PROSE_BYTES_MAX);
    let before = (0..index).rev().take(CONTEXT_LINES).take_while(is_short).count();
    let after = (index + 1..lines.len())
        .take(CONTEXT_LINES)
        .take_while(is_short)
        .count();
    let is_crlf = is_all_crlf(text);
    let mut hunk = String::new();
    let mut put = |sign: char, line: &str| {
        // A diff of a file that ends every line with \r\n may leave the \r out, and reads better
        // so.
        let kept = if is_crlf {
            without_end(line)
        } else {
            line.strip_suffix('\n').unwrap_or(line)
        };
        hunk.push(sign);
        hunk.push_str(kept);
        hunk.push('\n');
        if !line.ends_with('\n') {
            hunk.push_str("\\ No newline at end of file\n");
        }
    };
    for at in index - before..=index + after {
        let line = lines.get(at)?;
        if at == index {
            put('-', line);
            put('+', line);
        } else {
            put(' ', line);
        }
    }
    let range = match before + 1 + after {
        1 => (index + 1).to_string(),
        count => format!("{},{count}", index + 1 - before),
    };
    Some(json!({"diff": format!("@@ -{range} +{range} @@\n{hunk}")}))
}
