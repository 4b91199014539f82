//! A checked patch, and what it would make of an artifact.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::catalog::find;
use super::error::{PatchError, PatchFault};
use super::json_tree::{self, Node};
use super::lines::{mixed_line_ends, position_at};
use super::patch_fields::{PatchFields, shown};
use super::quote::{excerpt, quote};
use super::target::is_same_artifact;
use super::type_doc::{COMMON_FIELDS, Planner, TypeDoc, names};
use super::{ARTIFACT_BYTES_MAX, CHANGES_LISTED_MAX, PATCH_BYTES_MAX};

/// A patch whose fields are checked; whether it fits an artifact only `plan` can say.
#[derive(Debug, Clone)]
pub struct Patch {
    value: Value,
    doc: &'static TypeDoc,
    artifact: Option<String>,
    planner: Arc<dyn Planner>,
}

/// What of the run directory a planner may ask about beside the artifact: found out before, so that
/// planning stays pure.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// Paths of the regular files below the run directory, with `/`, sorted.
    pub files: &'a [String],
    /// The artifact's sidecar `<file>.mix.json` as it is now; none: there is none.
    pub sidecar: Option<&'a [u8]>,
}

/// What applying a patch would make of the current bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The file that gets the bytes, under the run directory: the artifact, or its sidecar.
    pub path: String,
    /// That file after the patch.
    pub bytes: Vec<u8>,
    /// What changes, in the order of the patch; at most `CHANGES_LISTED_MAX`.
    pub changes: Vec<PlannedChange>,
    /// What follows from it that the operator did not write: new totals, stale fields, line ends.
    pub consequences: Vec<String>,
}

/// One changed place, ready for a screen: `scenes[2].duration_ms 12000 -> 19000`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedChange {
    /// A line (`line 14`, `lines 4-9`) or a path in the document.
    pub place: String,
    /// What stands there now, excerpted.
    pub before: String,
    /// What would stand there, excerpted.
    pub after: String,
}

impl fmt::Display for PlannedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.place, self.before, self.after)
    }
}

/// What stands before a change that adds something.
pub(super) const NOTHING: &str = "(none)";
/// What stands after a change that takes something away.
pub(super) const DELETED: &str = "(deleted)";

/// The changes of a plan under construction: a patch may ask for millions, of which a screen can
/// show the first.
#[derive(Debug, Default)]
pub(super) struct PlannedChanges {
    listed: Vec<PlannedChange>,
    unlisted: usize,
}

impl PlannedChanges {
    /// Notes one more change; its words are only made when it will be listed.
    pub(super) fn note(&mut self, change: impl FnOnce() -> PlannedChange) {
        if self.listed.len() < CHANGES_LISTED_MAX {
            self.listed.push(change());
        } else {
            self.unlisted += 1;
        }
    }
}

/// What a planner makes; it becomes a plan once the rules that hold for every type are checked.
#[derive(Debug)]
pub(super) struct Planned {
    /// The file that gets the bytes, where it is not the artifact itself.
    pub(super) sidecar_path: Option<String>,
    pub(super) bytes: Vec<u8>,
    pub(super) changes: PlannedChanges,
    pub(super) consequences: Vec<String>,
}

impl Planned {
    /// Other bytes of the artifact itself.
    pub(super) fn new(bytes: impl Into<Vec<u8>>, changes: PlannedChanges, consequences: Vec<String>) -> Self {
        Self {
            sidecar_path: None,
            bytes: bytes.into(),
            changes,
            consequences,
        }
    }
}

/// The artifact that a planner works on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Material<'a> {
    /// Its path, for messages.
    pub(super) path: &'a str,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// What lies around it.
    pub(super) surroundings: Surroundings<'a>,
}

impl<'a> Material<'a> {
    /// The bytes as text, or where they are not UTF-8.
    pub(super) fn text(&self) -> Result<&'a str, PatchError> {
        std::str::from_utf8(self.bytes).map_err(|error| {
            let valid = self.bytes.get(..error.valid_up_to()).unwrap_or(&[]);
            let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
            let message = format!(
                "{} is not UTF-8 text: byte {} (line {line})",
                quote(self.path),
                error.valid_up_to()
            );
            PatchError::unfit(message)
                .at_artifact_line(line)
                .with_hint("text patches apply to UTF-8 text only")
        })
    }
}

impl Patch {
    /// Reads and checks a patch; refusals name the field and its line and column in this text.
    pub fn parse(json_text: &str) -> Result<Self, PatchError> {
        check_length(json_text.len())?;
        let tree = json_tree::read(json_text).map_err(|fault| {
            PatchError::new(
                PatchFault::Unreadable,
                format!("the patch is not JSON: {}", fault.message),
            )
            .at_position(fault.line, fault.column)
        })?;
        if let Some(twice) = tree.first_duplicate() {
            let (line, column) = position_at(json_text, twice.key_span.start);
            return Err(PatchError::new(
                PatchFault::Unreadable,
                format!("the key {} stands twice in one object", quote(&twice.key)),
            )
            .at_position(line, column)
            .with_hint("keep one of the two"));
        }
        if let Some(number) = first_rounded(json_text, &tree) {
            let (line, column) = position_at(json_text, number.span.start);
            let message = format!(
                "the number {} has more digits than are kept",
                quote(number.raw(json_text))
            );
            return Err(PatchError::new(PatchFault::Unreadable, message)
                .at_position(line, column)
                .with_hint("17 digits are kept of a fraction, whole numbers up to 18446744073709551615"));
        }
        let body = json_text.strip_prefix('\u{feff}').unwrap_or(json_text);
        let value: Value = serde_json::from_str(body).map_err(|error| {
            PatchError::new(PatchFault::Unreadable, format!("the patch is not JSON: {error}"))
                .at_position(error.line(), error.column())
        })?;
        Self::checked(value).map_err(|error| {
            let offset = error
                .field
                .as_deref()
                .map_or(0, |field| offset_of(&tree, field, error.fault));
            let (line, column) = position_at(json_text, offset);
            error.at_position(line, column)
        })
    }

    /// Checks a patch that was read elsewhere.
    pub fn from_value(value: Value) -> Result<Self, PatchError> {
        check_length(value.to_string().len())?;
        Self::checked(value)
    }

    fn checked(value: Value) -> Result<Self, PatchError> {
        let Value::Object(map) = &value else {
            let message = format!("a patch is an object with a `type`, not {}", shown(&value));
            return Err(PatchError::wrong_field("", message));
        };
        let fields = PatchFields::new(map, Vec::new());
        let doc = find(fields.read("type")?)?;
        fields.only(&[names(COMMON_FIELDS), names(doc.fields)].concat())?;
        let artifact: Option<&str> = fields.read("artifact")?;
        if artifact.is_some_and(str::is_empty) {
            return Err(PatchError::wrong_field("artifact", "`artifact` is empty")
                .with_hint("leave it out when the stage has one artifact"));
        }
        let artifact = artifact.map(str::to_owned);
        let planner: Arc<dyn Planner> = (doc.parse)(&fields)?.into();
        Ok(Self {
            value,
            doc,
            artifact,
            planner,
        })
    }

    /// The patch as it came, key order kept: what the decision record holds.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Its type.
    pub fn type_doc(&self) -> &'static TypeDoc {
        self.doc
    }

    /// The artifact that it names, if it names one.
    pub(crate) fn artifact(&self) -> Option<&str> {
        self.artifact.as_deref()
    }

    /// As [`Patch::plan_among`], of an artifact with nothing beside it.
    pub fn plan(&self, artifact_path: &str, current: &[u8]) -> Result<Plan, PatchError> {
        self.plan_among(artifact_path, current, Surroundings::default())
    }

    /// What this patch makes of the current bytes of the artifact, or why it does not fit. Pure; a
    /// plan always changes something.
    pub fn plan_among(
        &self,
        artifact_path: &str,
        current: &[u8],
        surroundings: Surroundings<'_>,
    ) -> Result<Plan, PatchError> {
        if let Some(named) = &self.artifact
            && !is_same_artifact(named, artifact_path)
        {
            let message = format!("the patch is for {}, not for {}", quote(named), quote(artifact_path));
            return Err(PatchError::new(PatchFault::Target, message).at_field("artifact"));
        }
        check_artifact_length(artifact_path, current.len())?;
        let Planned {
            sidecar_path,
            bytes,
            changes,
            mut consequences,
        } = self.planner.plan(&Material {
            path: artifact_path,
            bytes: current,
            surroundings,
        })?;
        let path = sidecar_path.unwrap_or_else(|| artifact_path.to_owned());
        let former = if path == artifact_path {
            current
        } else {
            surroundings.sidecar.unwrap_or_default()
        };
        check_artifact_length(&path, bytes.len())?;
        if bytes == former {
            return Err(PatchError::new(
                PatchFault::NoChange,
                format!("the patch changes nothing in {}", quote(&path)),
            )
            .with_hint("it already reads as the patch would leave it"));
        }
        check_still_json(&path, former, &bytes)?;
        consequences.extend(mixed_line_ends(former, &bytes));
        if changes.unlisted > 0 {
            consequences.push(format!("{} more changes are not listed", changes.unlisted));
        }
        Ok(Plan {
            path,
            bytes,
            changes: changes.listed,
            consequences,
        })
    }
}

#[cfg(test)]
impl Plan {
    /// The changes as they are told.
    pub(super) fn told(&self) -> Vec<String> {
        self.changes.iter().map(ToString::to_string).collect()
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }
}

impl PartialEq for Patch {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

fn check_length(bytes: usize) -> Result<(), PatchError> {
    if bytes <= PATCH_BYTES_MAX {
        return Ok(());
    }
    let message = format!("the patch has {bytes} bytes; at most {PATCH_BYTES_MAX} (1 MiB) are read");
    Err(PatchError::new(PatchFault::Unreadable, message).with_hint("send it as several patches"))
}

/// Refuses artifacts beyond the limit, before and after the patch.
pub(super) fn check_artifact_length(path: &str, bytes: usize) -> Result<(), PatchError> {
    if bytes <= ARTIFACT_BYTES_MAX {
        return Ok(());
    }
    Err(PatchError::unfit(format!(
        "{} would have {bytes} bytes; at most {ARTIFACT_BYTES_MAX} (64 MiB) are taken",
        quote(path)
    )))
}

/// A text patch must not turn a JSON artifact into something that the next stage cannot read.
fn check_still_json(path: &str, before: &[u8], after: &[u8]) -> Result<(), PatchError> {
    if !path.to_ascii_lowercase().ends_with(".json") || json_problem(before).is_some() {
        return Ok(());
    }
    match json_problem(after) {
        None => Ok(()),
        Some(error) => Err(
            PatchError::unfit(format!("{} would no longer be JSON: {error}", quote(path)))
                .with_hint("quotation marks and line ends inside a JSON text need a backslash there as well"),
        ),
    }
}

/// Why these bytes are not JSON, when they are not.
pub(super) fn json_problem(bytes: &[u8]) -> Option<serde_json::Error> {
    let body = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    serde_json::from_slice::<serde::de::IgnoredAny>(body).err()
}

/// The first number that would be written with other digits than the operator wrote: rounded in
/// silence, it would not be what was decided.
fn first_rounded<'n>(text: &str, node: &'n Node) -> Option<&'n Node> {
    if let Some(literal) = node.as_number(text) {
        let kept = serde_json::from_str::<serde_json::Number>(literal).map(|number| number.to_string());
        let is_rounded = kept.is_ok_and(|kept| significant(&kept) != significant(literal));
        return is_rounded.then_some(node);
    }
    let members = node.members().iter().map(|member| &member.value);
    members.chain(node.items()).find_map(|inner| first_rounded(text, inner))
}

/// The digits of a number without the zeros around them.
fn significant(literal: &str) -> String {
    let mantissa = literal.split(['e', 'E']).next().unwrap_or(literal);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// Where the field of this path stands in the patch's text; the nearest object around it when it is
/// missing.
fn offset_of(tree: &Node, field: &str, fault: PatchFault) -> usize {
    let mut node = tree;
    let mut offset = node.span.start;
    for step in field.split(['.', '[']).filter(|step| !step.is_empty()) {
        let next = match step.strip_suffix(']') {
            Some(index) => index
                .parse::<usize>()
                .ok()
                .and_then(|index| node.items().get(index))
                .map(|item| (item, item.span.start)),
            None => {
                let member = node.members().iter().find(|member| excerpt(&member.key) == step);
                // A wrong value is pointed at itself, an unknown field at its name.
                member.map(|member| {
                    (
                        &member.value,
                        if fault == PatchFault::UnknownField {
                            member.key_span.start
                        } else {
                            member.value.span.start
                        },
                    )
                })
            }
        };
        let Some((inner, start)) = next else { break };
        node = inner;
        offset = start;
    }
    offset
}

#[cfg(test)]
mod tests;
