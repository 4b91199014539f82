//! Why bytes are not taken as sound.

use super::AUDIO_BYTES_MAX;

/// A refusal in the words of a screen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AudioFault {
    /// What was wrong, and where.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl AudioFault {
    /// A refusal without advice.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// More bytes than are read.
    pub(super) fn too_long(bytes: usize) -> Self {
        Self::new(format!(
            "{bytes} bytes of sound are too many: at most {AUDIO_BYTES_MAX} (64 MiB) are read"
        ))
    }

    /// Says what would be right.
    #[must_use]
    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
