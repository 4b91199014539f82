//! Patch by editing: from an artifact's bytes and the operator's edited bytes to the smallest patch of the fitting type.
//!
//! Owns the rule which type fits, in this order:
//! 1. `duration_adjust` when an edited storyboard differs in durations (and in the totals and keyframes that follow from them) alone;
//! 2. `section_replace` when one section holds the whole edit and most of that section changed, or when naming the section takes fewer
//!    bytes than naming the spots;
//! 3. `text_replace` when at most [`REPLACEMENTS_FEW`] replacements say it;
//! 4. what carries any edit: the shorter of a `section_replace` and a `text_replace` with more replacements.
//!
//! Nothing is believed: each candidate is planned on the old bytes and kept only when that gives the edited bytes, byte for byte.
//! Must not know how lines are compared: the caller's line diff comes in as [`Spot`]s, so that its time limit holds here as well.

mod context;
mod duration;
mod replacements;
mod section;
mod spots;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;

use super::catalog::Family;
use super::error::{PatchError, PatchFault};
use super::plan::{Patch, Plan, check_artifact_length, json_problem};
use super::quote::{counted, quote};
use super::target::{ArtifactFacts, applicable};

/// So many replacements are still "a few spots" that a reader takes in one by one.
const REPLACEMENTS_FEW: usize = 8;

/// A place in which an edit differs: these bytes of the old text became those of the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Bytes of the old text; empty where something was added.
    pub old: Range<usize>,
    /// Bytes of the new text; empty where something was deleted.
    pub new: Range<usize>,
}

/// An artifact before and after the operator edited it.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// Which artifact.
    pub artifact: ArtifactFacts<'a>,
    /// Its bytes as they are.
    pub old: &'a [u8],
    /// Its bytes as the operator wants them.
    pub new: &'a [u8],
    /// Where the two differ, in order, by whole lines; a coarse answer costs a larger patch, a wrong one is noticed and not used.
    pub spots: &'a [Spot],
}

/// A patch that makes exactly the edit.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// The patch; it names its artifact.
    pub patch: Patch,
    /// What it makes of the old bytes: the edited bytes.
    pub plan: Plan,
    /// Why this type: `2 durations changed: duration_adjust`.
    pub reason: String,
}

impl<'a> Texts<'a> {
    fn new(edit: &Edit<'a>, old: &'a str, new: &'a str) -> Self {
        let spots = spots::checked(edit.spots, edit.old, edit.new);
        let words = spots::words(old, new, &spots);
        Self {
            path: edit.artifact.path,
            old,
            new,
            joined: spots::joined(words.clone()),
            words,
        }
    }
}

/// A patch that may say what the edit did, before it is proven.
struct Candidate {
    value: Value,
    reason: String,
}

/// The old and the new text of an edit, and where they differ.
struct Texts<'a> {
    path: &'a str,
    old: &'a str,
    new: &'a str,
    /// Narrowed to words.
    words: Vec<Spot>,
    /// The same, with spots that all but touch taken as one.
    joined: Vec<Spot>,
}

/// The smallest fitting patch for an edit (see the module for the rule), or why there is none.
///
/// Refused are: an edit that changed nothing, artifacts that are not text, edited bytes that are not UTF-8 or no longer JSON where the
/// artifact is JSON, and edits that no patch of at most 1 MiB can carry. Cost: linear in the texts, with bounds on everything that is not.
pub fn derive(edit: &Edit<'_>) -> Result<Derived, PatchError> {
    let (old, new) = texts_of(edit)?;
    let families: Vec<Family> = applicable(edit.artifact).iter().map(|doc| doc.family).collect();
    let mut last = None;
    let mut prove = |candidate: Candidate| match proven(edit, candidate) {
        Ok(derived) => derived,
        Err(refusal) => {
            last = Some(refusal);
            None
        }
    };

    if families.contains(&Family::Storyboard) {
        let mut candidates = duration::candidates(edit.artifact.path, old, new).into_iter();
        if let Some(derived) = candidates.find_map(&mut prove) {
            return Ok(derived);
        }
    }
    let texts = Texts::new(edit, old, new);
    // Lines of a JSON document are no sections, whatever stands in its texts.
    let section = (!families.contains(&Family::Storyboard))
        .then(|| section::candidates(&texts))
        .into_iter()
        .flatten()
        .find_map(|found| prove(found.candidate).map(|derived| (derived, found.share)));
    let replaced = replacements::candidates(&texts).into_iter().find_map(&mut prove);
    choose(section, replaced).ok_or_else(|| inexpressible(edit, last))
}

/// The section when most of it changed or when it is shorter, the replacements otherwise.
fn choose(section: Option<(Derived, section::Share)>, replaced: Option<Derived>) -> Option<Derived> {
    match (section, replaced) {
        (Some((section, share)), Some(replaced)) => {
            let is_section = share == section::Share::Most || length(&section) <= length(&replaced);
            Some(if is_section { section } else { replaced })
        }
        (Some((section, _)), None) => Some(section),
        (None, Some(replaced)) => Some(replaced),
        (None, None) => None,
    }
}

fn length(derived: &Derived) -> usize {
    derived.patch.value().to_string().len()
}

/// Checks what no patch type could mend, in the order in which an operator would want to hear of it.
fn texts_of<'a>(edit: &Edit<'a>) -> Result<(&'a str, &'a str), PatchError> {
    let path = edit.artifact.path;
    if edit.old == edit.new {
        return Err(PatchError::new(
            PatchFault::NoChange,
            format!("nothing was changed in {}", quote(path)),
        ));
    }
    check_artifact_length(path, edit.old.len())?;
    check_artifact_length(path, edit.new.len())?;
    if !applicable(edit.artifact).iter().any(|doc| doc.family == Family::Text) {
        return Err(PatchError::new(
            PatchFault::Target,
            format!("{} is not text: no patch type can express an edit of it", quote(path)),
        ));
    }
    let old = text_of(path, edit.old, "")?;
    let new = text_of(path, edit.new, "the edited ")?;
    let is_json = |bytes: &[u8]| json_problem(bytes).is_none();
    if path.to_ascii_lowercase().ends_with(".json") && is_json(edit.old) && !is_json(edit.new) {
        return Err(no_longer_json(path, new));
    }
    Ok((old, new))
}

fn text_of<'a>(path: &str, bytes: &'a [u8], which: &str) -> Result<&'a str, PatchError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or(&[]);
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        PatchError::unfit(format!(
            "{which}{} is not UTF-8 text at byte {} (line {line}): no patch type can express an edit of it",
            quote(path),
            error.valid_up_to()
        ))
        .at_artifact_line(line)
    })
}

fn no_longer_json(path: &str, new: &str) -> PatchError {
    let what = format!("the edited {} is no longer JSON", quote(path));
    match super::json_tree::read(new) {
        Err(fault) => PatchError::unfit(format!(
            "{what}: line {} column {}: {}",
            fault.line, fault.column, fault.message
        ))
        .at_artifact_line(fault.line),
        Ok(_) => PatchError::unfit(what),
    }
    .with_hint("mend that line and derive the patch again")
}

/// Plans the candidate on the old bytes: a patch when that gives the edit, nothing when it gives other bytes, or why it cannot be planned.
fn proven(edit: &Edit<'_>, candidate: Candidate) -> Result<Option<Derived>, PatchError> {
    let patch = Patch::from_value(candidate.value)?;
    let plan = patch.plan(edit.artifact.path, edit.old)?;
    let is_the_edit = plan.path == edit.artifact.path && plan.bytes == edit.new;
    Ok(is_the_edit.then(|| Derived {
        reason: format!("{}: {}", candidate.reason, patch.type_doc().name),
        patch,
        plan,
    }))
}

fn inexpressible(edit: &Edit<'_>, last: Option<PatchError>) -> PatchError {
    let what = format!("no patch type can express this edit of {}", quote(edit.artifact.path));
    match last {
        Some(refusal) => PatchError::new(refusal.fault, format!("{what}: {}", refusal.message))
            .with_hint(refusal.hint.map_or_else(|| "make a smaller edit".into(), String::from)),
        None => {
            let spots = counted(edit.spots.len().max(1), "spot");
            PatchError::unfit(format!(
                "{what}: {spots} changed, and none of them can be told apart from its likes"
            ))
            .with_hint("edit fewer places at a time")
        }
    }
}
