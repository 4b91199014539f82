//! What somebody leaves to whoever comes next: the open gates that they hold, are at, have written
//! about, or have read whole.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::gate::{Gate, GateState};
use super::hold::Hold;
use super::ids::Digest;
use super::job::JobRows;
use super::key::GateKey;
use super::lease::Lease;
use super::time::{Now, Timestamp};
use text::words::age;

/// What one operator leaves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Handover {
    pub by: String,
    /// Those that they hold or are at first, then those that they have written about, then those that
    /// they have marked, as they are or as they were.
    pub gates: Vec<HandedGate>,
}

/// One open gate of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HandedGate {
    pub key: GateKey,
    pub rows: Arc<JobRows>,
    /// Their hold of the timer.
    pub hold: Option<Hold>,
    /// Their open prompt or editor.
    pub lease: Option<Lease>,
    /// What they have written and not sent.
    pub draft: Option<Draft>,
    /// Who has adopted that.
    pub adopted_by: Vec<String>,
    /// Whether they have marked what is under review, to be decided with others.
    pub is_marked: bool,
    /// Whether they had marked it when it was something else, or its requester said otherwise: that
    /// mark counts no more.
    pub is_marked_otherwise: bool,
    /// Whether they were shown all of what is under review.
    pub is_wholly_seen: bool,
}

impl HandedGate {
    /// The gate, as its job has it.
    pub fn gate(&self) -> Option<&Gate> {
        self.rows.gate(&self.key.stage, self.key.attempt)
    }

    fn is_anything(&self) -> bool {
        self.rank().is_some()
    }

    /// What waits for somebody comes first; none: nothing is left of it.
    fn rank(&self) -> Option<usize> {
        let ranks = [
            self.hold.is_some() || self.lease.is_some(),
            self.draft.is_some(),
            self.is_marked,
            self.is_marked_otherwise,
            self.is_wholly_seen,
        ];
        ranks.iter().position(|is_so| *is_so)
    }
}

/// A gate that somebody has marked, and what was under review then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedGate {
    #[serde(flatten)]
    pub key: GateKey,
    pub digest: Digest,
    /// The digest of what its requester said then; none: that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_digest: Option<Digest>,
}

impl MarkedGate {
    /// Whether this is what the gate still is.
    fn is_of(&self, gate: &Gate) -> bool {
        let says_the_same = |said: Digest| said == gate.context.digest();
        self.digest == gate.digest() && self.context_digest.is_none_or(says_the_same)
    }
}

/// The marks of one operator, as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMarks {
    /// Whose.
    pub by: String,
    pub gates: Vec<MarkedGate>,
    /// When they were changed last; none: a former version kept them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
}

/// What one operator has written and marked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Unsent {
    pub by: String,
    pub drafts: Vec<Draft>,
    pub marks: Vec<MarkedGate>,
}

impl Handover {
    /// What they leave of the open gates of these jobs.
    pub fn of(by: &str, jobs: &[Arc<JobRows>], unsent: &[Unsent], now: Now) -> Self {
        let open = jobs.iter().flat_map(|rows| {
            let open = rows.gates.iter().filter(|gate| gate.state == GateState::Open);
            open.map(move |gate| (rows, gate))
        });
        let mut gates: Vec<HandedGate> = open
            .map(|(rows, gate)| handed(by, rows, gate, unsent, now))
            .filter(HandedGate::is_anything)
            .collect();
        gates.sort_by_key(HandedGate::rank);
        let by = by.to_owned();
        Self { by, gates }
    }
}

fn handed(by: &str, rows: &Arc<JobRows>, gate: &Gate, unsent: &[Unsent], now: Now) -> HandedGate {
    let of_gate = |one: &Unsent| one.drafts.iter().find(|draft| draft.key == gate.key).cloned();
    let own = unsent.iter().find(|one| one.by == by);
    let draft = own.and_then(of_gate);
    let has_adopted = |one: &&Unsent| of_gate(one).is_some_and(|draft| draft.adopted.as_deref() == Some(by));
    let adopters = unsent.iter().filter(|one| draft.is_some() && has_adopted(one));
    let mark = own.and_then(|own| own.marks.iter().find(|mark| mark.key == gate.key));
    let is_marked = mark.is_some_and(|mark| mark.is_of(gate));
    let hold = gate.timer.as_ref().and_then(|timer| timer.hold.as_deref().cloned());
    let lease = gate.lease.clone().filter(|lease| lease.is_live(now));
    HandedGate {
        key: gate.key.clone(),
        rows: Arc::clone(rows),
        hold: hold.filter(|hold| hold.holder.name == by),
        lease: lease.filter(|lease| lease.holder.name == by),
        adopted_by: adopters.map(|one| one.by.clone()).collect(),
        is_marked,
        is_marked_otherwise: mark.is_some() && !is_marked,
        draft,
        is_wholly_seen: gate.is_wholly_seen_by(by),
    }
}

/// How long ago something was written: `just now`, `4m ago`.
pub fn ago(now: Timestamp, written_at: Timestamp) -> String {
    match age(now.us_since(written_at)) {
        age if age == "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}
