//! Why a patch is not taken: with the place in the patch, the place in the artifact, and what would
//! be right.

/// What is at fault, for the callers that answer differently (HTTP 422 with a path, a list to
/// choose from).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchFault {
    /// The text is too long, not JSON, or says something twice.
    Unreadable,
    /// The type is unknown or not built yet.
    Type,
    /// A field is missing or has a value that no artifact could satisfy.
    Field,
    /// A field that this type does not have.
    UnknownField,
    /// The patch does not say which artifact it means, or means one that it cannot apply to.
    Target,
    /// The patch is sound, but this artifact does not offer what it asks for.
    Unfit,
    /// The patch would leave every byte as it is.
    NoChange,
}

/// A refusal: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatchError {
    /// What is at fault.
    pub(crate) fault: PatchFault,
    /// Path of the field in the patch, such as `replacements[1].old`; empty path: the whole patch.
    pub field: Option<Box<str>>,
    /// Line in the patch's JSON text, from 1, where it is known.
    pub line: Option<u32>,
    /// Column in that line, in characters from 1.
    pub column: Option<u32>,
    /// Line in the artifact, from 1, that explains the refusal.
    pub artifact_line: Option<u32>,
    /// Paths or names to choose from.
    pub(crate) candidates: Box<[String]>,
    /// What was wrong, in the words of a screen.
    pub message: String,
    /// What would be right.
    pub hint: Option<Box<str>>,
}

impl PatchError {
    /// A refusal without a place.
    pub(crate) fn new(fault: PatchFault, message: impl Into<String>) -> Self {
        Self {
            fault,
            field: None,
            line: None,
            column: None,
            artifact_line: None,
            candidates: Box::default(),
            message: message.into(),
            hint: None,
        }
    }

    /// A sound patch that this artifact does not fit.
    pub(crate) fn unfit(message: impl Into<String>) -> Self {
        Self::new(PatchFault::Unfit, message)
    }

    /// A field with a value that cannot be taken.
    pub(crate) fn wrong_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(PatchFault::Field, message).at_field(field)
    }

    /// Names the field of the patch.
    #[must_use]
    pub(crate) fn at_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into().into_boxed_str());
        self
    }

    /// Names the position in the patch's text.
    #[must_use]
    pub(crate) fn at_position(mut self, line: usize, column: usize) -> Self {
        self.line = u32::try_from(line).ok();
        self.column = u32::try_from(column).ok();
        self
    }

    /// Names the line of the artifact.
    #[must_use]
    pub(crate) fn at_artifact_line(mut self, line: usize) -> Self {
        self.artifact_line = u32::try_from(line).ok();
        self
    }

    /// Says what would be right.
    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into().into_boxed_str());
        self
    }

    /// Says what would be right, where that is known.
    #[must_use]
    pub(crate) fn hinted(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.with_hint(hint),
            None => self,
        }
    }

    /// Offers something to choose from.
    #[must_use]
    pub(crate) fn with_candidates(mut self, candidates: Vec<String>) -> Self {
        self.candidates = candidates.into_boxed_slice();
        self
    }
}
