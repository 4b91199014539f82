//! The patches with which the editor opens: filled with what the artifact really holds, so that only
//! one value need be changed.

use serde_json::{Map, Value, json};

use super::catalog::types;
use super::lines::CursorPosition;
use super::target::{ArtifactFacts, applicable};
use super::type_doc::{Family, Subject, TypeDoc};
use super::{duration_adjust, text_replace};

/// A patch to begin with. It changes nothing until the operator edits it: accepted as it is, it is
/// refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The patch, pretty-printed.
    pub text: String,
    /// Where the operator will want to write first.
    pub cursor: CursorPosition,
}

/// Patches to begin with, made for an artifact: one of each type that it can be filled for, with the
/// name of the type, the likeliest first. None for what no patch type changes.
pub fn templates(kind: &str, path: &str, current: &[u8], params: &Map<String, Value>) -> Vec<(&'static str, Template)> {
    let subject = Subject {
        path,
        bytes: current,
        params,
    };
    let mut templates = templates_of(ArtifactFacts { path, kind }, current);
    // What changes one value of a storyboard is what is wanted of a storyboard.
    templates.sort_by_key(|(name, _)| *name != duration_adjust::TYPE.name);
    if templates.is_empty() && subject.text().is_some() {
        let blank = json!({"replacements": [{"old": "", "new": ""}]});
        templates.extend(written(&text_replace::TYPE, path, blank));
    }
    // Where nothing else fits, only parameters that there are can be changed.
    if !templates.is_empty() || !params.is_empty() {
        let of_job = types().iter().filter(|doc| doc.family == Family::Job);
        templates.extend(of_job.filter_map(|doc| filled(doc, &subject)));
    }
    templates
}

/// Those of the types that could apply to the artifact, in the order of the catalog.
pub(super) fn templates_of(artifact: ArtifactFacts<'_>, current: &[u8]) -> Vec<(&'static str, Template)> {
    let subject = Subject {
        path: artifact.path,
        bytes: current,
        params: &Map::new(),
    };
    let docs = applicable(artifact).into_iter();
    docs.filter_map(|doc| filled(doc, &subject)).collect()
}

fn filled(doc: &TypeDoc, subject: &Subject<'_>) -> Option<(&'static str, Template)> {
    written(doc, subject.path, (doc.template)(subject)?)
}

fn written(doc: &TypeDoc, path: &str, fields: Value) -> Option<(&'static str, Template)> {
    let Value::Object(fields) = fields else { return None };
    let mut patch = Map::new();
    patch.insert("type".to_owned(), doc.name.into());
    if doc.family != Family::Job {
        patch.insert("artifact".to_owned(), path.into());
    }
    patch.extend(fields);
    let mut text = serde_json::to_string_pretty(&patch).ok()?;
    text.push('\n');
    let cursor = doc.edited_first.and_then(|field| value_of(field, &text));
    let cursor = cursor.unwrap_or(CursorPosition { line: 0, character: 0 });
    Some((doc.name, Template { text, cursor }))
}

/// Where the value of a field begins, behind its quotation mark.
fn value_of(field: &str, text: &str) -> Option<CursorPosition> {
    let name = format!("\"{field}\": ");
    text.lines().enumerate().find_map(|(line, written)| {
        let (before, value) = written.split_once(&name)?;
        let quote = usize::from(value.starts_with('"'));
        Some(CursorPosition {
            line,
            character: before.chars().count() + name.chars().count() + quote,
        })
    })
}

#[cfg(test)]
mod tests;
