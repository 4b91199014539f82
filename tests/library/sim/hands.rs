//! In whose hands each gate is, by the time that really passed, counted beside the rows: a console
//! decides nothing that a colleague has open before it has taken the gate over, and then the record
//! names both. Commands have no way to take over: they go through, and the record names whose
//! console it was.

use std::collections::BTreeMap;

use domain::ask::Command;
use domain::event::EventType;
use domain::gate::{Gate, GateState};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::time::SECOND_US;
use rules::Trigger;

use super::process::InFlight;
use super::store::Storage;
use super::world::World;

/// Seconds that a prompt or an editor may be silent and still has its gate (SPEC §3).
const SILENT_US: i64 = 30 * SECOND_US;

#[derive(Debug, Clone)]
struct Hand {
    session: String,
    name: String,
    /// Whom it was taken from, while they were still at it.
    from: Option<String>,
    beat_us: i64,
}

/// Of every gate that somebody has open since the machine was started.
#[derive(Debug, Clone, Default)]
pub struct Hands(BTreeMap<GateKey, Hand>);

impl Hands {
    fn live(&self, key: &GateKey, true_us: i64) -> Option<&Hand> {
        self.0.get(key).filter(|hand| true_us - hand.beat_us < SILENT_US)
    }

    /// Another start of the machine: what was noted by its clock says nothing any more.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// Notes what one transaction made of who has which gate open.
    fn follow(&mut self, before: Option<&JobRows>, after: &JobRows, trigger: &Trigger, true_us: i64) {
        for gate in &after.gates {
            let key = &gate.key;
            let Some(lease) = gate.lease.as_ref().filter(|_| gate.state == GateState::Open) else {
                self.0.remove(key);
                continue;
            };
            let is_of_it = |asked: &str| asked == lease.session;
            // A transaction that failed has noted nothing.
            let former = before.and_then(|rows| rows.gate(&key.stage, key.attempt));
            let is_noted = former.and_then(|gate| gate.lease.as_ref()) != Some(lease);
            let is_beat = is_noted
                && matches!(trigger, Trigger::Asked(ask) if ask.session.as_deref().is_some_and(is_of_it)
                && matches!(&ask.command, Command::TakeLease { gate, .. }
                if gate.stage == key.stage && gate.attempt == Some(key.attempt)));
            if !is_beat {
                continue;
            }
            let former = self.live(key, true_us).cloned();
            let from = match former {
                Some(former) if former.session == lease.session => former.from,
                former => former.map(|former| former.name),
            };
            let hand = Hand {
                session: lease.session.clone(),
                name: lease.holder.name.clone(),
                from,
                beat_us: true_us,
            };
            self.0.insert(key.clone(), hand);
        }
    }
}

fn is_changed(before: &Gate, after: &Gate) -> bool {
    before.state != after.state || before.digest() != after.digest()
}

impl<S: Storage> World<S> {
    /// Whoever changed a gate in this transaction might do so, and the record says over whom.
    pub fn judge_hands(&mut self, before: Option<&JobRows>, after: &JobRows, in_flight: &InFlight) {
        let command = in_flight.command();
        let is_by_person = matches!(
            command,
            Some(Command::Decide { .. } | Command::ApplyPatch { .. } | Command::UndoPatch { .. })
        );
        for former in before.into_iter().flat_map(|rows| &rows.gates).filter(|_| is_by_person) {
            let key = &former.key;
            let changed = after
                .gate(&key.stage, key.attempt)
                .filter(|gate| is_changed(former, gate));
            let (Some(_), Some(hand)) = (changed, self.hands.live(key, self.true_us).cloned()) else {
                continue;
            };
            let over = match &in_flight.console {
                Some(session) if *session == hand.session => hand.from,
                Some(session) => {
                    let what = format!("{session} changed {key}, which {} has open", hand.name);
                    self.violations.push(what);
                    continue;
                }
                None => Some(hand.name),
            };
            if let Some(name) = over.filter(|_| matches!(command, Some(Command::Decide { .. }))) {
                self.judge_names(key, &name);
            }
        }
        self.hands.follow(before, after, &in_flight.trigger, self.true_us);
    }

    fn judge_names(&mut self, key: &GateKey, over: &str) {
        let events = self.store.events(&key.job_id);
        let is_it = |kind: EventType| {
            matches!(
                kind,
                EventType::GateApproved | EventType::GateRejected | EventType::DecisionMade
            )
        };
        let decided = events.iter().rfind(|event| is_it(event.kind));
        let is_named = decided.is_some_and(|event| {
            let by = event.payload["by"].as_str().unwrap_or_default();
            !by.is_empty() && event.message.starts_with(by) && event.message.contains(over)
        });
        if !is_named {
            self.violations.push(format!(
                "{key} was decided over {over}, and the record does not name both"
            ));
        }
    }
}
