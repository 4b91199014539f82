//! A hold that a live editor or prompt renews: the timer may not fire under an operator's hands
//! (SPEC §3).

use serde::{Deserialize, Serialize};

use super::anchor::Anchor;
use super::operator::Operator;
use super::time::{Now, Timestamp};
use super::wake::{Wake, WakeKind};

/// Seconds that a lease outlives its last heartbeat (SPEC §3).
pub(crate) const LEASE_S: u64 = 30;

/// Seconds between heartbeats: a third of [`LEASE_S`], so that one lost heartbeat frees nothing.
pub const HEARTBEAT_S: u64 = 10;

/// Seconds without a key after which a console stops renewing: a live process is not a present
/// person.
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
    /// Whom it was taken over from, on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_from: Option<String>,
    /// What both times are counted by, from when it was taken on: a renewal after a clock step adds
    /// [`LEASE_S`] and no more.
    #[serde(default, skip_serializing_if = "Anchor::is_none")]
    pub anchor: Anchor,
}

impl Lease {
    /// A lease that begins now.
    pub fn taken(holder: Operator, session: String, purpose: LeasePurpose, now: Now) -> Self {
        Self {
            holder,
            session,
            purpose,
            taken_at: now.utc,
            expires_at: now.utc.plus_s(LEASE_S),
            taken_from: None,
            anchor: Anchor::of(now),
        }
    }

    /// The same lease after a heartbeat.
    pub fn renewed(self, purpose: LeasePurpose, now: Now) -> Self {
        Self {
            purpose,
            expires_at: self.anchor.read(now).plus_s(LEASE_S),
            ..self
        }
    }

    /// Whether it still protects the gate.
    pub fn is_live(&self, now: Now) -> bool {
        !self.end().is_due(now)
    }

    /// Microseconds since it died; 0 while it lives.
    pub fn dead_for_us(&self, now: Now) -> i64 {
        self.anchor.read(now).us_since(self.expires_at).max(0)
    }

    /// When the ticker ends it.
    pub(crate) fn end(&self) -> Wake {
        Wake {
            at: self.expires_at,
            kind: WakeKind::LeaseEnd,
            anchor: self.anchor,
        }
    }
}
