//! Configurations to begin with. The one for gates from outside is also what counts where there is no
//! file at all.

/// What a configuration is begun for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starter {
    /// Another pipeline opens the gates; nothing is run.
    Gates,
    /// holdpoint runs the stages.
    Stages,
}

impl Starter {
    /// The text, with comments.
    pub fn text(self) -> &'static str {
        match self {
            Self::Gates => include_str!("starters/gates.yaml"),
            Self::Stages => include_str!("starters/stages.yaml"),
        }
    }
}
