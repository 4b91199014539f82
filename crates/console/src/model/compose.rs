//! The editor in which a patch comes about: written as JSON, or as an edit of the artifact itself.

use std::sync::Arc;

use super::prompt::Pin;
use crate::editor::Editor;
use crate::effect::{Checked, PatchPreview, Unfit};
use crate::keymap::Focus;
use domain::ids::{ArtifactPath, Digest};
use patch::Template;
use patch::{Completion, types};

/// What is known of the text in the editor.
#[derive(Debug, Clone)]
pub(crate) enum Check {
    /// Being checked.
    Pending,
    /// It is a patch that fits, or an edit that a patch makes.
    Fits(Box<Checked>),
    /// It is not.
    Unfit(Unfit),
}

/// The patch types that an operator writes in, one at a time.
#[derive(Debug, Clone)]
pub struct Sheets {
    /// A filled template of every patch type that fits the artifact.
    pub(crate) templates: Vec<(&'static str, Template)>,
    /// The patch type that was chosen last.
    pub(crate) type_name: &'static str,
    /// What was written as other types, with its undo history.
    pub(crate) shelf: Vec<(&'static str, Editor)>,
}

/// The version that an edit began from.
#[derive(Debug, Clone)]
pub enum Version {
    /// On its way.
    Reading,
    /// Its bytes.
    Here(Arc<Vec<u8>>),
    /// It is no longer kept, or cannot be read: why.
    Missing(String),
}

/// An artifact that is edited.
#[derive(Debug, Clone)]
pub struct Edited {
    /// SHA-256 of the version that the edit began from.
    pub base: Digest,
    pub version: Version,
    /// Whether another version is under review by now: the edit is tried on that one.
    pub has_moved: bool,
}

/// What the text in the editor is.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A patch as JSON.
    Patch(Sheets),
    /// The artifact itself; the patch is derived from what was changed.
    Artifact(Edited),
}

/// A list below the cursor.
#[derive(Debug, Clone)]
pub(crate) enum List {
    /// The patch types, by their place among the templates.
    Types {
        /// The chosen one.
        chosen: usize,
    },
    /// What could stand at the cursor.
    Candidates {
        candidates: Vec<Completion>,
        /// The chosen one.
        chosen: usize,
    },
}

/// What the checked patch would make of the artifact, beside the text.
#[derive(Debug, Clone, Default)]
pub(crate) struct PreviewPane {
    /// With the revision that it is about; none: nothing was found yet.
    pub(crate) found: Option<(u64, PatchPreview)>,
    /// Lines that it is scrolled by from where it would stand by itself; negative is up.
    pub(crate) scroll: isize,
    /// Whether it takes more of a narrow screen than its share.
    pub(crate) is_large: bool,
}

/// A patch that is being written.
#[derive(Debug, Clone)]
pub struct Compose {
    /// What it is about.
    pub(crate) pin: Pin,
    /// The artifact it was opened on.
    pub path: ArtifactPath,
    /// What the text is.
    pub subject: Subject,
    /// The text.
    pub editor: Editor,
    /// Rises with every change of the text.
    pub(crate) revision: u64,
    /// What came of checking.
    pub(crate) check: Check,
    /// The revision that `check` is about.
    pub(crate) checked_revision: Option<u64>,
    /// The revision that is being checked: there is never more than one.
    pub(crate) checking: Option<u64>,
    pub(crate) preview: PreviewPane,
    /// Why the text can no longer be used; it is kept.
    pub(crate) closed: Option<String>,
    /// The files of the run directory that a patch may name.
    pub(crate) names: Arc<[String]>,
    /// A list that has the keys.
    pub(crate) list: Option<List>,
    /// What is searched for in the text.
    pub(crate) find: Option<String>,
    /// Whether the draft lags behind the text: it is brought up to date before it is written or
    /// read.
    pub(crate) is_draft_behind: bool,
}

impl Compose {
    /// An editor that has just been opened on a text.
    pub fn new(pin: Pin, path: ArtifactPath, subject: Subject, editor: Editor, revision: u64) -> Self {
        Self {
            pin,
            path,
            subject,
            editor,
            revision,
            check: Check::Pending,
            checked_revision: None,
            checking: None,
            preview: PreviewPane::default(),
            closed: None,
            names: Arc::default(),
            list: None,
            find: None,
            is_draft_behind: false,
        }
    }

    /// What of it receives the keys.
    pub(crate) fn focus(&self) -> Focus {
        match self.list {
            Some(List::Types { .. }) => Focus::Types,
            Some(List::Candidates { .. }) => Focus::Candidates,
            None => Focus::Compose,
        }
    }

    /// The patch types, when a patch is written.
    pub(crate) fn sheets(&self) -> Option<&Sheets> {
        match &self.subject {
            Subject::Patch(sheets) => Some(sheets),
            Subject::Artifact(_) => None,
        }
    }

    /// The edit, when the artifact itself is edited.
    pub(crate) fn edited(&self) -> Option<&Edited> {
        match &self.subject {
            Subject::Patch(_) => None,
            Subject::Artifact(edited) => Some(edited),
        }
    }

    /// Whether the text is still as it was opened: a template as it was filled in, or the artifact.
    pub(crate) fn is_untouched(&self) -> bool {
        match &self.subject {
            Subject::Patch(sheets) => sheets
                .templates
                .iter()
                .any(|(_, template)| self.editor.is_text(&template.text)),
            Subject::Artifact(edited) => match &edited.version {
                Version::Here(bytes) => {
                    bytes.len() == self.editor.size_bytes() && **bytes == *self.editor.text().as_bytes()
                }
                Version::Reading | Version::Missing(_) => false,
            },
        }
    }

    /// Whether the operator has written anything, in this type or another.
    pub(crate) fn is_changed(&self) -> bool {
        !self.is_untouched() || self.sheets().is_some_and(|sheets| !sheets.shelf.is_empty())
    }

    /// The patch type as the text names it: the operator may write another than was chosen.
    pub(crate) fn written_type(&self) -> Option<&'static str> {
        let named = |line: &String| {
            let after = line.split_once("\"type\"")?.1.trim_start().strip_prefix(':')?;
            let name = after.trim_start().strip_prefix('"')?.split('"').next()?;
            types().iter().map(|doc| doc.name).find(|known| *known == name)
        };
        self.sheets()?;
        self.editor.lines().iter().find_map(named)
    }

    /// The type of the patch, where it is known: as written, or as derived from the edit.
    pub(crate) fn type_name(&self) -> Option<&'static str> {
        match (&self.subject, &self.check) {
            (Subject::Patch(_), _) => self.written_type(),
            (Subject::Artifact(_), Check::Fits(checked)) => Some(checked.type_name),
            (Subject::Artifact(_), Check::Pending | Check::Unfit(_)) => None,
        }
    }

    /// The patch, when the text on screen was checked and fits.
    pub fn fitting(&self) -> Option<&Checked> {
        match &self.check {
            Check::Fits(checked) if self.checked_revision == Some(self.revision) => Some(checked),
            Check::Fits(_) | Check::Pending | Check::Unfit(_) => None,
        }
    }
}
