//! A sign of life of whoever asked for a gate: what becomes of the gate when none comes any more.

use serde::{Deserialize, Serialize};

use super::anchor::Anchor;
use super::refusal::{Refusal, RefusalCode};
use super::time::{Now, Timestamp};
use super::wake::{Wake, WakeKind};

/// The least and the most seconds between two signs of life.
pub const HEARTBEAT_S_MIN: u64 = 5;
pub const HEARTBEAT_S_MAX: u64 = 7 * 24 * 3600;

read_words! {
    /// What becomes of a gate whose requester is gone.
    #[derive(Default)]
    pub enum WhenGone {
        /// It is canceled: nobody would read the decision.
        #[default]
        Withdraw = "withdraw",
        /// It stays, and says so.
        Keep = "keep",
    }
}

/// What a requester promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatTerms {
    /// The most seconds between two signs of life.
    pub heartbeat_s: u64,
    #[serde(default)]
    pub when_gone: WhenGone,
}

impl HeartbeatTerms {
    /// Terms as a request has them; `when_gone` alone promises nothing.
    pub fn of(heartbeat_s: Option<u64>, when_gone: Option<WhenGone>) -> Result<Option<Self>, Refusal> {
        match (heartbeat_s, when_gone) {
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let refusal = Refusal::new(RefusalCode::Invalid, "no sign of life is promised").at("when_gone");
                Err(refusal.with_hint("say with heartbeat_s how often one comes"))
            }
            (Some(heartbeat_s), when_gone) => {
                let when_gone = when_gone.unwrap_or_default();
                let terms = Self { heartbeat_s, when_gone };
                terms.fitting().map(Some)
            }
        }
    }

    /// The terms, where they are within the limits.
    pub fn fitting(self) -> Result<Self, Refusal> {
        let heartbeat_s = self.heartbeat_s;
        if (HEARTBEAT_S_MIN..=HEARTBEAT_S_MAX).contains(&heartbeat_s) {
            return Ok(self);
        }
        let message = format!("{heartbeat_s} seconds are not {HEARTBEAT_S_MIN} to {HEARTBEAT_S_MAX}");
        let refusal = Refusal::new(RefusalCode::Invalid, message).at("heartbeat_s");
        Err(refusal.with_hint("say the longest time between two signs of life"))
    }
}

/// How the requester of a gate stands to its promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    #[serde(flatten)]
    pub terms: HeartbeatTerms,
    /// When the last sign of life came.
    pub alive_at: Timestamp,
    /// Since when it is missed, where the gate is kept all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<Timestamp>,
    /// What the time is counted by: it is a length of time, whatever the civil clock does.
    #[serde(default, skip_serializing_if = "Anchor::is_none")]
    pub anchor: Anchor,
}

impl Heartbeat {
    /// A sign of life that came now.
    pub fn begun(terms: HeartbeatTerms, now: Now) -> Self {
        Self {
            terms,
            alive_at: now.utc,
            gone_since: None,
            anchor: Anchor::of(now),
        }
    }

    /// When it is missed; none: it is missed already.
    pub fn wake(&self) -> Option<Wake> {
        self.gone_since.is_none().then(|| Wake {
            at: self.alive_at.plus_s(self.terms.heartbeat_s),
            kind: WakeKind::Silence,
            anchor: self.anchor,
        })
    }
}
