//! Decisions of persons that may be taken back, by the time that really passed, counted beside the
//! rows: nothing moves before that is over; what was taken back is never carried out; everything
//! else is, once.

use std::collections::{BTreeMap, BTreeSet};

use domain::change::applied;
use domain::event::{Event, EventType};
use domain::gate::GateState;
use domain::ids::JobId;
use domain::job::{JobRows, JobStatus};
use domain::key::GateKey;
use domain::time::SECOND_US;
use domain::wake::DueGate;
use engine::find;
use rules::{Context, Happening, Trigger, reduce};

use super::store::Storage;
use super::world::{RECALL_S, World, person};

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Recalls {
    /// Whether decisions may be taken back in this world.
    pub is_wanted: bool,
    /// When each decision of a person was made that is not taken back; none: before the machine was
    /// started again.
    made: BTreeMap<GateKey, Option<i64>>,
    /// Those that were taken back, as somebody was told, or as their rows say.
    pub taken_back: BTreeSet<GateKey>,
}

impl Recalls {
    /// Another start of the machine: civil time is all there is for what was noted before.
    pub fn forget_times(&mut self) {
        self.made.values_mut().for_each(|made| *made = None);
    }
}

/// What came of the decision on this attempt: the job went on because of it, or paused.
fn carried_out(events: &[Event], key: &GateKey) -> usize {
    let is_its = |event: &&Event| {
        matches!(event.kind, EventType::GateApproved | EventType::GateRejected)
            && event.stage.as_ref() == Some(&key.stage)
            && event.payload["attempt"] == key.attempt
    };
    events.iter().filter(is_its).count()
}

impl<S: Storage> World<S> {
    /// Looks at what one transaction made of the decisions that may be taken back.
    pub fn judge_recalls(&mut self, job_id: &JobId) {
        if !self.recalls.is_wanted {
            return;
        }
        let Some(rows) = self.store.rows(job_id) else { return };
        let events = self.store.events(job_id);
        let mut wrong = Vec::new();
        for gate in &rows.gates {
            let key = &gate.key;
            let by = gate.settled.as_ref().map_or("", |settled| settled.by.as_str());
            let done = carried_out(&events, key);
            match gate.state {
                GateState::Approved | GateState::Rejected if by != "timer" => {
                    let made = *self.recalls.made.entry(key.clone()).or_insert(Some(self.true_us));
                    let is_over = made.is_none_or(|made| self.true_us - made >= RECALL_S as i64 * SECOND_US);
                    if self.recalls.taken_back.contains(key) {
                        wrong.push(format!("{key} was taken back and is {} again", gate.state.as_str()));
                    }
                    if !is_over && (done > 0 || rows.job.status != JobStatus::NeedsApproval) {
                        let status = rows.job.status.as_str();
                        wrong.push(format!("{key} may still be taken back, and the job is {status}"));
                    }
                    if done > 1 {
                        wrong.push(format!("the decision on {key} was carried out {done} times"));
                    }
                }
                GateState::Recalled => {
                    if self.recalls.made.remove(key).is_none() && !self.recalls.taken_back.contains(key) {
                        wrong.push(format!("{key} was taken back, and nobody had decided it"));
                    }
                    self.recalls.taken_back.insert(key.clone());
                    if done > 0 {
                        wrong.push(format!("{key} was taken back and carried out"));
                    }
                }
                GateState::Open | GateState::Approved | GateState::Rejected | GateState::Canceled => {}
            }
        }
        self.violations.extend(wrong);
    }

    /// Nothing is left to do: every decision that was not taken back was carried out.
    pub fn judge_carried_out(&mut self) {
        for key in self.recalls.made.clone().into_keys() {
            let done = carried_out(&self.store.events(&key.job_id), &key);
            if done != 1 {
                self.violations.push(format!(
                    "the decision on {key} was carried out {done} times, and all is at rest"
                ));
            }
        }
    }

    /// The rows as they will be when the decisions in them can no longer be taken back.
    pub fn once_carried_out(&self, rows: &JobRows) -> JobRows {
        let mut rows = rows.clone();
        let via = person(0).via;
        for gate in rows.gates.clone() {
            let Some(window) = &gate.recall else { continue };
            let evidence = find::expiry(self, &rows, Some(&gate)).expect("the disk does not fail");
            let cx = self.cx(&self.policies, &via);
            let cx = Context {
                now: cx.now.plus_us(window.left_us(cx.now)),
                ..cx
            };
            let due = DueGate::found(gate.key.clone(), window.wake(), false, cx.now);
            let over = Trigger::Happened(Happening::Expired(due));
            let changes = reduce(&rows.job.id, Some(&rows), &over, &evidence, cx);
            let changes = changes.expect("a decision is carried out");
            (rows, _) = applied(Some(rows), &changes).expect("the rules keep the guards of rows");
        }
        rows
    }
}
