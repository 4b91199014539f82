//! How diffs are looked at: the operator's choice, for every file until it is changed.

/// How a changed text is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Removed lines above added ones.
    #[default]
    Unified,
    /// The former text on the left, the one under review on the right.
    SideBySide,
    /// The changed values of a JSON document; other texts are shown unified.
    Values,
}

impl Mode {
    /// In words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Unified => "unified",
            Self::SideBySide => "side by side",
            Self::Values => "as changed values",
        }
    }
}

/// The operator's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewOptions {
    /// How a changed text is shown.
    pub mode: Mode,
    /// Whether the operator chose it; else a JSON document of one long line is shown by its changed
    /// values.
    pub(crate) is_chosen: bool,
    /// Whether long lines go on below; else they are cut, and the diff scrolls sideways.
    pub(crate) wraps: bool,
}

impl Default for ViewOptions {
    /// Nothing is out of sight: what is decided on must have been on the screen.
    fn default() -> Self {
        Self {
            mode: Mode::Unified,
            is_chosen: false,
            wraps: true,
        }
    }
}
