//! Requesters who promise signs of life and fall silent, by the time that really passed, counted
//! beside the rows: a gate is withdrawn or kept exactly as its requester asked, never before its
//! time, and that is told once.

use std::collections::BTreeMap;

use domain::ask::Command;
use domain::event::EventType;
use domain::gate::{Gate, GateState};
use domain::heartbeat::{HeartbeatTerms, WhenGone};
use domain::job::JobRows;
use domain::key::{GateKey, GateRef};
use domain::time::SECOND_US;
use rules::{Evidence, Happening, OpeningRecord, Trigger};

use super::process::{InFlight, asked};
use super::store::Storage;
use super::world::World;

/// The seconds of every promise here; shorter than the window of a timer.
const ALIVE_S: u64 = 40;

#[derive(Debug, Clone, Copy)]
struct Promise {
    when_gone: WhenGone,
    /// When the last sign came; none: before the machine was started again.
    alive_us: Option<i64>,
    is_gone: bool,
    /// How often it fell silent.
    silences: usize,
}

/// What was promised of each gate that was opened from outside.
#[derive(Debug, Clone, Default)]
pub struct Requesters(BTreeMap<GateKey, Promise>);

impl Requesters {
    /// Another start of the machine: civil time is all there is for what was noted before.
    pub fn forget_times(&mut self) {
        self.0.values_mut().for_each(|promise| promise.alive_us = None);
    }

    pub fn has_promised(&self, key: &GateKey) -> bool {
        self.0.contains_key(key)
    }

    /// How often one of them fell silent.
    pub fn silences(&self) -> usize {
        self.0.values().map(|promise| promise.silences).sum()
    }

    /// A sign of life, as somebody was told.
    pub fn heard(&mut self, gate: &GateRef, true_us: i64) {
        let is_it = |key: &GateKey| GateRef::from(key) == *gate;
        if let Some((_, promise)) = self.0.iter_mut().find(|(key, _)| is_it(key)) {
            (promise.alive_us, promise.is_gone) = (Some(true_us), false);
        }
    }
}

/// What whoever opens this gate promises.
pub fn promised(number: u32) -> Option<HeartbeatTerms> {
    let terms = |when_gone| HeartbeatTerms {
        heartbeat_s: ALIVE_S,
        when_gone,
    };
    match number % 3 {
        0 => None,
        1 => Some(terms(WhenGone::Withdraw)),
        _ => Some(terms(WhenGone::Keep)),
    }
}

fn is_gone(gate: &Gate) -> bool {
    gate.heartbeat
        .as_ref()
        .is_some_and(|heartbeat| heartbeat.gone_since.is_some())
}

impl<S: Storage> World<S> {
    /// Looks at what one transaction made of promises.
    pub fn judge_requesters(&mut self, before: Option<&JobRows>, after: &JobRows, in_flight: &InFlight) {
        for gate in &after.gates {
            let former = before.and_then(|rows| rows.gate(&gate.key.stage, gate.key.attempt));
            if former == Some(gate) {
                continue;
            }
            let is_restarted = former.is_none_or(|former| former.heartbeat != gate.heartbeat) && !is_gone(gate);
            let promise = self.requesters.0.get(&gate.key).copied();
            match (&in_flight.trigger, promise) {
                (Trigger::Asked(ask), _) => self.note_promise(&ask.command, gate, is_restarted),
                (Trigger::Happened(Happening::Expired(due)), Some(promise)) => {
                    let is_withdrawn = gate.state == GateState::Canceled;
                    let is_kept = is_gone(gate) && former.is_some_and(|former| !is_gone(former));
                    if is_withdrawn || is_kept {
                        let done = if is_kept { WhenGone::Keep } else { WhenGone::Withdraw };
                        self.judge_silence(&gate.key, promise, done);
                    } else if is_restarted && gate.state == GateState::Open {
                        if !due.is_missed {
                            let what = format!("{}: its promise began anew, and nobody was away", gate.key);
                            self.violations.push(what);
                        }
                        self.requesters.heard(&GateRef::from(&gate.key), self.true_us);
                    }
                }
                // A decision that could not be carried out was taken back by the rules.
                (Trigger::Happened(_), None) if former.is_none() && gate.recalls.is_some() => {
                    self.note_when_gone(&gate.key, self.inherited(&gate.key));
                }
                (Trigger::Happened(_), _) => {
                    if gate.state == GateState::Canceled {
                        let what = format!("{} was withdrawn, and nothing was promised of it", gate.key);
                        self.violations.push(what);
                    }
                }
            }
        }
    }

    fn note_promise(&mut self, command: &Command, gate: &Gate, is_restarted: bool) {
        let key = &gate.key;
        let known = self.requesters.0.get(key).copied();
        let when_gone = match command {
            Command::OpenGate { heartbeat, .. } if known.is_none() => heartbeat.map(|terms| terms.when_gone),
            Command::Recall { .. } if known.is_none() => self.inherited(key),
            Command::OpenGate { .. } | Command::KeepAlive { .. } if is_restarted => {
                return self.requesters.heard(&GateRef::from(key), self.true_us);
            }
            _ => return,
        };
        self.note_when_gone(key, when_gone);
    }

    /// What was promised of a gate holds for the one that opens in its place.
    fn inherited(&self, key: &GateKey) -> Option<WhenGone> {
        let attempt = key.attempt.saturating_sub(1);
        let former = self.requesters.0.get(&GateKey { attempt, ..key.clone() });
        former.map(|former| former.when_gone)
    }

    fn note_when_gone(&mut self, key: &GateKey, when_gone: Option<WhenGone>) {
        let promise = when_gone.map(|when_gone| Promise {
            when_gone,
            alive_us: Some(self.true_us),
            is_gone: false,
            silences: 0,
        });
        self.requesters.0.extend(promise.map(|promise| (key.clone(), promise)));
    }

    fn judge_silence(&mut self, key: &GateKey, promise: Promise, done: WhenGone) {
        if done != promise.when_gone {
            let what = format!(
                "{key}: {done} was done, and its requester had asked for {}",
                promise.when_gone
            );
            self.violations.push(what);
        }
        let silent_us = promise.alive_us.map(|alive_us| self.true_us - alive_us);
        if silent_us.is_some_and(|us| us < ALIVE_S as i64 * SECOND_US) {
            let what = format!("{key}: its requester was silent for {silent_us:?} us only");
            self.violations.push(what);
        }
        let silences = promise.silences + 1;
        let is_its = |event: &domain::event::Event, kind: EventType| {
            event.kind == kind && event.stage.as_ref() == Some(&key.stage) && event.payload["attempt"] == key.attempt
        };
        let kind = match done {
            WhenGone::Keep => EventType::GateRequesterGone,
            WhenGone::Withdraw => EventType::GateCanceled,
        };
        let events = self.store.events(&key.job_id);
        let told = events.iter().filter(|event| is_its(event, kind)).count();
        if promise.is_gone || told != silences {
            let what = format!("{key}: {silences} silences, and {told} were told");
            self.violations.push(what);
        }
        let noted = Promise {
            is_gone: true,
            silences,
            ..promise
        };
        self.requesters.0.insert(key.clone(), noted);
    }

    /// Nothing is left to do, and nobody has given a sign of life for long.
    pub fn judge_forgotten(&mut self, rows: &JobRows) {
        for gate in rows.gates.iter().filter(|gate| gate.state == GateState::Open) {
            let Some(promise) = self.requesters.0.get(&gate.key) else {
                continue;
            };
            if promise.when_gone == WhenGone::Withdraw || !is_gone(gate) {
                let what = format!("{}: its requester is silent, and nothing comes of it", gate.key);
                self.violations.push(what);
            }
        }
    }

    /// All of them give a sign of life, as programs do that go on.
    pub fn requesters_go_on(&mut self) {
        for job_id in self.jobs.clone() {
            let Some(rows) = self.store.rows(&job_id) else { continue };
            for gate in rows
                .gates
                .iter()
                .filter(|gate| gate.state == GateState::Open && gate.heartbeat.is_some())
            {
                let keep = Command::KeepAlive {
                    gate: GateRef::from(&gate.key),
                    context: None,
                    heartbeat: None,
                };
                let opening = OpeningRecord {
                    opened_by: self.opened_by.get(&gate.key).cloned(),
                    may_any: true,
                    ..OpeningRecord::default()
                };
                let evidence = Evidence {
                    opening,
                    ..Evidence::default()
                };
                self.commit(0, &job_id, asked(0, keep, evidence));
            }
        }
    }
}
