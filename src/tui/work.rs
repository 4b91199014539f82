//! Work that is too slow for the loop, as pure functions of a job: diffs and patch checks.

use std::sync::Arc;

use super::effect::{CheckJob, Checked, DiffDone, DiffJob, Unfit};
use crate::diff::json::{ChangeKind, ChangedValues, ValueChange, changed_values};
use crate::diff::summary::is_binary;
use crate::diff::{DiffDocument, Limit};
use crate::domain::ids::Digest;
use crate::domain::patch::{self, ArtifactFacts, Patch, PatchError};

/// Computes a diff.
pub fn diff(job: DiffJob, limit: Limit<'_>) -> DiffDone {
    let digest = Digest::of(&job.new);
    let size_bytes = job.new.len() as u64;
    let bytes = Arc::new(job.new.to_vec());
    let is_binary = is_binary(&job.new) || job.old.as_deref().is_some_and(is_binary);
    let values = match job.old.as_deref() {
        Some(old) if !is_binary => changed_values(old, &job.new)
            .map(|changed| value_lines(&changed))
            .unwrap_or_default(),
        Some(_) | None => Vec::new(),
    };
    let document = (!is_binary).then(|| {
        let old = job.old.map(|old| Arc::new(old.to_vec()));
        DiffDocument::compare(old, bytes.clone(), limit)
    });
    DiffDone {
        generation: job.generation,
        file: job.file,
        digest,
        size_bytes,
        bytes,
        document,
        values,
    }
}

fn value_lines(changed: &ChangedValues) -> Vec<String> {
    let line = |change: &ValueChange| {
        let before = change.before.as_deref().unwrap_or("");
        let after = change.after.as_deref().unwrap_or("");
        let path = &change.path;
        match change.kind {
            ChangeKind::Added => format!("{path} new {after}"),
            ChangeKind::Removed => format!("{path} removed, was {before}"),
            ChangeKind::Changed => format!("{path} {before} -> {after}"),
            ChangeKind::Respelled => format!("{path} {before} -> {after} (same value)"),
            ChangeKind::Moved => format!("{path} moved"),
        }
    };
    changed.changes.iter().map(line).collect()
}

fn unfit(error: PatchError) -> Unfit {
    Unfit {
        line: error.line.map(|line| line.saturating_sub(1) as usize),
        message: error.message,
        hint: error.hint.map(String::from),
    }
}

/// Checks a patch against the bytes on screen.
pub fn check(job: &CheckJob) -> Result<Box<Checked>, Unfit> {
    let parsed = Patch::parse(&job.text).map_err(unfit)?;
    let facts: Vec<_> = job
        .files
        .iter()
        .map(|(kind, path, _)| ArtifactFacts {
            path: path.as_str(),
            kind,
        })
        .collect();
    let index = patch::choose_artifact(&parsed, &facts).map_err(unfit)?;
    let Some((_, path, bytes)) = job.files.get(index) else {
        return Err(Unfit {
            line: None,
            message: "the files of the gate are still being read".to_owned(),
            hint: None,
        });
    };
    let plan = parsed.plan(path.as_str(), bytes).map_err(unfit)?;
    Ok(Box::new(Checked {
        value: parsed.value().clone(),
        path: path.clone(),
        changes: plan.changes,
        consequences: plan.consequences,
    }))
}

/// A patch to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The text.
    pub text: String,
    /// Line and character, from 0, where the operator will want to write first.
    pub cursor: (usize, usize),
}

/// Patches to begin with, made for an artifact: one of each type that it can be filled for, the likeliest first; never none.
pub fn templates(kind: &str, path: &str, current: &[u8]) -> Vec<(&'static str, Template)> {
    let facts = ArtifactFacts { path, kind };
    let mut names: Vec<_> = patch::applicable(facts).iter().map(|doc| doc.name).collect();
    // What changes one value of a storyboard is what is wanted of a storyboard.
    names.sort_by_key(|name| *name != "duration_adjust");
    let filled = names.into_iter().filter_map(|name| {
        let text = patch::template_of(name, kind, path, current)?;
        Some((name, template(text)))
    });
    let mut templates: Vec<_> = filled.collect();
    if templates.is_empty() {
        templates.push(("text_replace", template(patch::template(kind, path, current))));
    }
    templates
}

fn template(text: String) -> Template {
    let places = ["\"new\": ", "\"duration\": ", "\"new_section\": "];
    let found = text.lines().enumerate().find_map(|(index, line)| {
        let place = places
            .iter()
            .find_map(|place| line.find(place).map(|at| at + place.len()))?;
        let quote = usize::from(line[place..].starts_with('"'));
        Some((index, line[..place].chars().count() + quote))
    });
    Template {
        cursor: found.unwrap_or((0, 0)),
        text,
    }
}
