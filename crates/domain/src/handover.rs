//! What somebody leaves to whoever comes next: the open gates that they hold, are at, have written
//! about, or have read whole.

use std::sync::Arc;

use super::draft::Draft;
use super::gate::{Gate, GateState};
use super::hold::Hold;
use super::job::JobRows;
use super::key::GateKey;
use super::lease::Lease;
use super::time::Now;

/// What one operator leaves.
#[derive(Debug, Clone)]
pub struct Handover {
    pub by: String,
    /// Those that they hold or are at first, then those that they have written about.
    pub gates: Vec<HandedGate>,
}

/// One open gate of it.
#[derive(Debug, Clone)]
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
    /// Whether they were shown all of what is under review.
    pub is_wholly_seen: bool,
}

impl HandedGate {
    /// The gate, as its job has it.
    pub fn gate(&self) -> Option<&Gate> {
        self.rows.gate(&self.key.stage, self.key.attempt)
    }
}

/// The drafts of everybody, each with the name of who wrote them.
pub type DraftsByName = Vec<(String, Vec<Draft>)>;

impl Handover {
    /// What they leave of the open gates of these jobs.
    pub fn of(by: &str, jobs: &[Arc<JobRows>], drafts: &DraftsByName, now: Now) -> Self {
        let open = jobs.iter().flat_map(|rows| {
            let open = rows.gates.iter().filter(|gate| gate.state == GateState::Open);
            open.map(move |gate| (rows, gate))
        });
        let mut gates: Vec<HandedGate> = open
            .map(|(rows, gate)| handed(by, rows, gate, drafts, now))
            .filter(|handed| {
                handed.hold.is_some() || handed.lease.is_some() || handed.draft.is_some() || handed.is_wholly_seen
            })
            .collect();
        gates.sort_by_key(
            |handed| match (handed.hold.is_some() || handed.lease.is_some(), &handed.draft) {
                (true, _) => 0,
                (false, Some(_)) => 1,
                (false, None) => 2,
            },
        );
        let by = by.to_owned();
        Self { by, gates }
    }
}

fn handed(by: &str, rows: &Arc<JobRows>, gate: &Gate, drafts: &DraftsByName, now: Now) -> HandedGate {
    let of_gate = |drafts: &[Draft]| drafts.iter().find(|draft| draft.key == gate.key).cloned();
    let own = drafts.iter().find(|(name, _)| name == by);
    let draft = own.and_then(|(_, drafts)| of_gate(drafts));
    let has_adopted = |drafts: &[Draft]| of_gate(drafts).is_some_and(|draft| draft.adopted.as_deref() == Some(by));
    let adopters = drafts
        .iter()
        .filter(|(_, drafts)| draft.is_some() && has_adopted(drafts));
    let hold = gate.timer.as_ref().and_then(|timer| timer.hold.as_deref().cloned());
    let lease = gate.lease.clone().filter(|lease| lease.is_live(now));
    HandedGate {
        key: gate.key.clone(),
        rows: Arc::clone(rows),
        hold: hold.filter(|hold| hold.holder.name == by),
        lease: lease.filter(|lease| lease.holder.name == by),
        adopted_by: adopters.map(|(name, _)| name.clone()).collect(),
        draft,
        is_wholly_seen: gate.is_wholly_seen_by(by),
    }
}
