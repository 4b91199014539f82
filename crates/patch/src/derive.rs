//! Patch by editing: from an artifact's bytes and the operator's edited bytes to the smallest patch
//! of the fitting type.
//!
//! Owns the rule which type fits, in this order:
//! 1. `duration_adjust` when an edited storyboard differs in durations (and in the totals and
//!    keyframes that follow from them) alone;
//! 2. `json_patch` when a few operations on the values of a JSON document say it;
//! 3. `section_replace` when one section of a text holds the whole edit and most of that section
//!    changed, or when naming the section takes fewer bytes than naming the spots;
//! 4. `text_replace` when a few replacements say it;
//! 5. else the shortest of a `json_patch` of many operations, a `section_replace` and a
//!    `unified_diff`; and where a diff would be too long for a patch, as with a document on one
//!    line, a `text_replace` of many replacements.
//!
//! A few are at most [`FEW`]. Nothing is believed: each candidate is planned on the old bytes and
//! kept only when that gives the edited bytes, byte for byte. Must not know who asks, and what
//! becomes of the patch.

mod context;
mod duration;
mod json;
mod replacements;
mod section;
mod spots;
#[cfg(test)]
mod tests;
mod unified;

use serde_json::Value;

use diff::{Limit, diff_lines};

use super::PATCH_ITEMS_MAX;
use super::error::{PatchError, PatchFault};
use super::plan::{Patch, Plan, check_artifact_length, json_problem};
use super::quote::quote;
use super::target::{ArtifactFacts, applicable};
use super::type_doc::Family;
use section::Share;
use spots::Spot;

/// How many replacements or operations are "a few", which a reader takes in one by one.
const FEW: usize = 8;

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

/// An artifact before and after the operator edited it.
#[derive(Clone, Copy)]
struct Edit<'a> {
    artifact: ArtifactFacts<'a>,
    old: &'a [u8],
    new: &'a [u8],
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
/// Refused are: an edit that changed nothing, artifacts that are not text, edited bytes that are
/// not UTF-8 or no longer JSON where the artifact is JSON, and edits that no patch of at most 1 MiB
/// can carry. Takes as long as a diff of the two texts and a few plans: not for an event loop.
/// Reaching the limit of the diff costs a larger patch, never a wrong one.
pub fn derive(artifact: ArtifactFacts<'_>, old: &[u8], new: &[u8], limit: Limit<'_>) -> Result<Derived, PatchError> {
    let edit = Edit { artifact, old, new };
    let (old_text, new_text) = edit.texts()?;
    let families: Vec<Family> = applicable(artifact).iter().map(|doc| doc.family).collect();
    let mut trial = Trial { edit, refusal: None };

    if families.contains(&Family::Storyboard) {
        let durations = duration::candidates(artifact.path, old_text, new_text);
        if let Some(derived) = trial.first(durations) {
            return Ok(derived);
        }
    }
    let is_json = families.contains(&Family::Json);
    let operations = is_json
        .then(|| json::candidate(artifact.path, old_text, new_text))
        .flatten()
        .and_then(|(found, count)| Some((trial.proven(found)?, count)));
    let operations = match operations {
        Some((derived, count)) if count <= FEW => return Ok(derived),
        Some((derived, _)) => Some(derived),
        None => None,
    };

    let lines = diff_lines(old, new, limit);
    let texts = Texts::new(artifact.path, old_text, new_text, spots::of(&lines));
    // Lines of a JSON document are no sections, whatever stands in its texts.
    let sections = if is_json {
        Vec::new()
    } else {
        section::candidates(&texts)
    };
    let section = sections
        .into_iter()
        .find_map(|found| Some((trial.proven(found.candidate)?, found.share)));
    let few = trial.first(replacements::candidates(&texts, FEW));
    match (section, few) {
        (Some((section, share)), Some(few)) => {
            let is_section = share == Share::Most || length(&section) <= length(&few);
            Ok(if is_section { section } else { few })
        }
        (None, Some(few)) => Ok(few),
        (section, None) => {
            let unified = unified::candidate(edit, &lines).and_then(|found| trial.proven(found));
            [operations, section.map(|(derived, _)| derived), unified]
                .into_iter()
                .flatten()
                .min_by_key(length)
                .or_else(|| trial.first(replacements::candidates(&texts, PATCH_ITEMS_MAX)))
                .ok_or_else(|| trial.inexpressible())
        }
    }
}

fn length(derived: &Derived) -> usize {
    derived.patch.value().to_string().len()
}

/// Candidates are tried here; the last refusal explains an edit that none of them makes.
struct Trial<'a> {
    edit: Edit<'a>,
    refusal: Option<PatchError>,
}

impl Trial<'_> {
    fn first(&mut self, candidates: Vec<Candidate>) -> Option<Derived> {
        candidates.into_iter().find_map(|candidate| self.proven(candidate))
    }

    /// Plans the candidate on the old bytes: a patch when that gives exactly the edited bytes.
    fn proven(&mut self, candidate: Candidate) -> Option<Derived> {
        let Edit { artifact, old, new } = self.edit;
        let planned = Patch::from_value(candidate.value).and_then(|patch| {
            let plan = patch.plan(artifact.path, old)?;
            Ok((patch, plan))
        });
        let (patch, plan) = planned.map_err(|refusal| self.refusal = Some(refusal)).ok()?;
        let is_the_edit = plan.path == artifact.path && plan.bytes == new;
        is_the_edit.then(|| Derived {
            reason: format!("{}: {}", candidate.reason, patch.type_doc().name),
            patch,
            plan,
        })
    }

    fn inexpressible(self) -> PatchError {
        let what = format!(
            "no patch type can express this edit of {}",
            quote(self.edit.artifact.path)
        );
        match self.refusal {
            Some(refusal) => PatchError::new(refusal.fault, format!("{what}: {}", refusal.message))
                .with_hint(refusal.hint.map_or_else(|| "make a smaller edit".into(), String::from)),
            None => PatchError::unfit(what).with_hint("make a smaller edit, or write the patch by hand"),
        }
    }
}

impl<'a> Texts<'a> {
    fn new(path: &'a str, old: &'a str, new: &'a str, spots: Vec<Spot>) -> Self {
        let words = spots::words(old, new, &spots);
        Self {
            path,
            old,
            new,
            joined: spots::joined(words.clone()),
            words,
        }
    }
}

impl<'a> Edit<'a> {
    /// Checks what no patch type could mend, in the order in which an operator would want to hear
    /// of it.
    fn texts(&self) -> Result<(&'a str, &'a str), PatchError> {
        let path = self.artifact.path;
        if self.old == self.new {
            return Err(PatchError::new(
                PatchFault::NoChange,
                format!("nothing was changed in {}", quote(path)),
            ));
        }
        check_artifact_length(path, self.old.len())?;
        check_artifact_length(path, self.new.len())?;
        if !applicable(self.artifact).iter().any(|doc| doc.family == Family::Text) {
            return Err(PatchError::new(
                PatchFault::Target,
                format!("{} is not text: no patch type can express an edit of it", quote(path)),
            ));
        }
        let old = text_of(path, self.old, "")?;
        let new = text_of(path, self.new, "the edited ")?;
        let is_json = |bytes: &[u8]| json_problem(bytes).is_none();
        if path.to_ascii_lowercase().ends_with(".json") && is_json(self.old) && !is_json(self.new) {
            return Err(no_longer_json(path, new));
        }
        Ok((old, new))
    }
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
    .with_hint("mend that line")
}
