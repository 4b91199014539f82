//! The patch editor.

use super::prompt::Pin;
use crate::domain::ids::ArtifactPath;
use crate::domain::patch::types;
use crate::tui::editor::Editor;
use crate::tui::effect::{Checked, Unfit};
use crate::tui::work::Template;

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
    /// A filled template of every patch type that fits the artifact.
    pub templates: Vec<(&'static str, Template)>,
    /// The patch type that was chosen last.
    pub type_name: &'static str,
    /// What was written as other types, with its undo history.
    pub shelf: Vec<(&'static str, Editor)>,
}

impl Compose {
    /// Whether the text is still the template as it was filled in.
    pub fn is_template(&self) -> bool {
        let text = self.editor.text();
        self.templates.iter().any(|(_, template)| template.text == text)
    }

    /// Whether the operator has written anything, in this type or another.
    pub fn is_changed(&self) -> bool {
        !self.is_template() || !self.shelf.is_empty()
    }

    /// The patch type as the text names it: the operator may write another than was chosen.
    pub fn written_type(&self) -> Option<&'static str> {
        let text = self.editor.text();
        let after = text
            .split_once("\"type\"")?
            .1
            .trim_start()
            .strip_prefix(':')?
            .trim_start();
        let name = after.strip_prefix('"')?.split('"').next()?;
        types().iter().map(|doc| doc.name).find(|known| *known == name)
    }

    /// The patch, when the text on screen was checked and fits.
    pub fn fitting(&self) -> Option<&Checked> {
        match &self.check {
            Check::Fits(checked) if self.checked_revision == Some(self.revision) => Some(checked),
            Check::Fits(_) | Check::Pending | Check::Unfit(_) => None,
        }
    }
}
