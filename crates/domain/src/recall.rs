//! A decision that may be taken back for a while: it is made and in the chain, and nothing moves
//! because of it yet.

use serde::{Deserialize, Serialize};

use super::anchor::Anchor;
use super::key::GateKey;
use super::proposal::FileEffect;
use super::time::{Now, SECOND_US, Timestamp, clock_time};
use super::wake::{Wake, WakeKind};

/// The most seconds that a decision may be taken back.
pub const RECALL_S_MAX: u64 = 600;

/// The same in microseconds.
pub(crate) const RECALL_US_MAX: i64 = RECALL_S_MAX as i64 * SECOND_US;

/// What a decided gate keeps as long as its decision may be taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecallWindow {
    /// When it is over, in civil time as the anchor has it.
    pub until: Timestamp,
    /// What it is counted by: it is a length of time, whatever the civil clock does.
    #[serde(default, skip_serializing_if = "Anchor::is_none")]
    pub anchor: Anchor,
    /// The patch that came with an approval: it changes its file when the window is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Box<FileEffect>>,
}

impl RecallWindow {
    /// One that begins now.
    pub fn begun(now: Now, recall_s: u64, effect: Option<FileEffect>) -> Self {
        Self {
            until: now.utc.plus_s(recall_s.min(RECALL_S_MAX)),
            anchor: Anchor::of(now),
            effect: effect.map(Box::new),
        }
    }

    /// When the decision is carried out.
    pub fn wake(&self) -> Wake {
        Wake {
            at: self.until,
            kind: WakeKind::RecallEnd,
            anchor: self.anchor,
        }
    }

    /// What can be done about the decision on this gate: `until 10:00:10 it can be taken back: …`.
    pub(crate) fn words(&self, key: &GateKey) -> String {
        let (until, GateKey { job_id, stage, .. }) = (clock_time(self.until), key);
        format!("until {until} it can be taken back: holdpoint gate recall {job_id} {stage}")
    }

    /// Microseconds until then; 0 when it is over and nobody has carried the decision out yet.
    pub fn left_us(&self, now: Now) -> i64 {
        self.until.us_since(self.anchor.read(now)).clamp(0, RECALL_US_MAX)
    }
}

/// That a decision was taken back: the gate that opened in its place keeps it, and the decision on
/// that gate names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalled {
    /// The number of the decision.
    pub seq: u64,
    /// Who took it back.
    pub by: String,
    pub at: Timestamp,
}
