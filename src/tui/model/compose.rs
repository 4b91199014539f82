//! The patch editor.

use super::prompt::Pin;
use crate::domain::ids::ArtifactPath;
use crate::tui::editor::Editor;
use crate::tui::effect::{Checked, Unfit};

/// What is known of the patch in the editor.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// Being checked.
    Pending,
    /// It fits.
    Fits(Box<Checked>),
    /// It does not.
    Unfit(Unfit),
}

/// A patch that is being written.
#[derive(Debug, Clone)]
pub struct Compose {
    /// What it is about.
    pub pin: Pin,
    /// The artifact it was opened on.
    pub path: ArtifactPath,
    /// The text.
    pub editor: Editor,
    /// Rises with every change of the text.
    pub revision: u64,
    /// What came of checking.
    pub check: Check,
    /// The revision that `check` is about.
    pub checked_revision: Option<u64>,
    /// Why the text can no longer be used; it is kept.
    pub closed: Option<String>,
    /// The template as it was filled in, to tell whether anything was written.
    pub template: String,
}

impl Compose {
    /// Whether the operator has written anything.
    pub fn is_changed(&self) -> bool {
        self.editor.text() != self.template
    }

    /// The patch, when the text on screen was checked and fits.
    pub fn fitting(&self) -> Option<&Checked> {
        match &self.check {
            Check::Fits(checked) if self.checked_revision == Some(self.revision) => Some(checked),
            Check::Fits(_) | Check::Pending | Check::Unfit(_) => None,
        }
    }
}
