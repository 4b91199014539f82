//! Patches: what an operator wants changed, and what that would make of an artifact (SPEC §6).
//!
//! Owns the patch types, their checking and their planning: current bytes and a patch give new
//! bytes with the changes in words, or a reason. Must not know files, digests, gates or jobs: who
//! may apply a plan, and whether the artifact is still the reviewed one, is decided above. A
//! further type is one file with a `TYPE`, named once in `catalog`.
#![doc = include_str!("../README.md")]

mod asset_path;
mod asset_substitute;
mod catalog;
mod closest;
mod complete;
mod decimal;
mod derive;
mod duration_adjust;
mod elements;
mod error;
pub mod fields;
mod gain_sidecar;
mod json_document;
mod json_edit;
mod json_fault;
mod json_patch;
mod json_tree;
mod keyframes;
mod level_adjust;
mod lines;
mod markers;
mod merge_patch;
mod offers;
mod params;
mod patch_fields;
mod plan;
mod pointer;
mod quote;
mod running_time;
mod section_replace;
mod storyboard;
mod target;
mod template;
mod text_replace;
mod totals;
mod type_doc;
mod unified_diff;

#[cfg(test)]
mod properties;

pub use catalog::types;
pub use complete::{Completer, Completion};
pub use derive::{Derived, derive};
pub use error::{PatchError, PatchFault};
pub use lines::CursorPosition;
pub use params::{PARAMS_BYTES_MAX, ParamsPlan, plan_params};
pub use plan::{Patch, Plan, PlannedChange, Surroundings};
pub use quote::around_difference;
pub use running_time::{RunningTime, running_time};
pub use target::{ArtifactFacts, SIDECAR_KIND, Target, choose_target, sidecar_path};
pub use template::{Template, templates};
pub use type_doc::{Family, TypeDoc};

/// The longest patch text that is read, in bytes (SPEC §10: 1 MiB).
pub const PATCH_BYTES_MAX: usize = 1 << 20;
/// The largest artifact that is read or made, in bytes (SPEC §10: 64 MiB).
pub(crate) const ARTIFACT_BYTES_MAX: usize = 64 << 20;
/// The most replacements or adjustments in one patch: bounds the work that 1 MiB of patch can ask
/// for.
pub(crate) const PATCH_ITEMS_MAX: usize = 1000;
/// The most changes that a plan lists one by one; a consequence counts the rest.
pub(crate) const CHANGES_LISTED_MAX: usize = 200;
