//! A hold that a live editor or prompt renews: the timer may not fire under an operator's hands (SPEC §3).

use serde::{Deserialize, Serialize};

use super::operator::Operator;
use super::time::Timestamp;

/// Seconds that a lease outlives its last heartbeat (SPEC §3).
pub const LEASE_S: u64 = 30;

/// Seconds between heartbeats: a third of [`LEASE_S`], so that one lost heartbeat frees nothing.
pub const HEARTBEAT_S: u64 = 10;

/// Seconds without a key after which a console stops renewing: a live process is not a present person.
pub const PRESENCE_S: u64 = 300;

/// What the holder is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeasePurpose {
    /// A confirm prompt is open.
    Prompt,
    /// The editor is open.
    Compose,
}

impl LeasePurpose {
    /// The word on screen: `ana composing`, `bea, prompt`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Compose => "composing",
        }
    }
}

/// A live claim of one session on one gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub holder: Operator,
    /// The session: only it renews and releases.
    pub session: String,
    /// What for.
    pub purpose: LeasePurpose,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// When it dies unless renewed.
    pub expires_at: Timestamp,
}

impl Lease {
    /// Whether it still protects the gate.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}
