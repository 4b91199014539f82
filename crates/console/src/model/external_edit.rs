//! The edit is away in the operator's own editor.

use std::sync::Arc;

use crate::external_editor::{Ending, ExternalEditor};
use domain::gate::Verdict;
use domain::key::GateKey;

/// How far that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The copy is being made.
    Opening,
    /// The editor has the terminal.
    Running,
    /// It ended so, and what it left is being read.
    Reading(Ending),
}

/// An edit that is away.
#[derive(Debug, Clone)]
pub struct ExternalEdit {
    pub(crate) editor: ExternalEditor,
    /// How far.
    pub(crate) stage: Stage,
    /// The gate and the verdict whose note it is; none: it is what the patch editor has.
    pub(crate) note: Option<(GateKey, Verdict)>,
    /// The text that it was given; none: it was given what it had left before.
    pub(crate) given: Option<Arc<str>>,
    /// When it was last seen whether something was saved, on the boot clock.
    pub(crate) looked_boot_us: i64,
}
