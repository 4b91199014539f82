//! The `gates:` section: one policy per stage (the table of SPEC §2).

use std::collections::BTreeMap;

use domain::ids::StageName;
use domain::policy::{GatePolicy, GateRule, OnTimeout};
use domain::recall::RECALL_S_MAX;

use super::keys::{Holds, Rules, Section as _, keys};
use super::kinds::{By, OrNull, Seconds, SecondsTo, Switch, Word};
use super::reader::{Field, SECONDS_MAX};

keys! {
    /// The policy of this stage's gate, frozen into each gate that opens.
    impl GatePolicy [] {
        /// Whether the stage may not pass without a decision.
        required = Self::default().required => Switch;
        /// Whether silence may decide once the time is over.
        auto_approve = Self::default().auto_approve => Switch;
        /// From the opening of the gate to its deadline; null: the gate waits for a person.
        auto_approve_after_s = Self::default().auto_approve_after_s =>
            OrNull(Seconds(0, "use null to wait for a person"));
        /// What the timer does at the deadline.
        on_timeout = Self::default().on_timeout =>
            Word(&["approve", "reject", "hold"], OnTimeout::parse, "what a timer can do", "write approve, reject or hold");
        /// What the timer does instead of an approval where nobody was shown the whole change.
        #[since("0.2.0")]
        unseen = Self::default().unseen =>
            Word(&["approve", "reject", "hold"], OnTimeout::parse, "what a timer can do", "write approve, reject or hold");
        /// Last calls: so many seconds before its end the timer is told of once more, by a strip on every console, bell and webhook. At most 8.
        #[since("0.2.0")]
        remind_before_s = Self::default().remind_before_s => By(Holds::Times, remind_before_s);
        /// What the timer does instead of an approval where no last call stood on a console or was taken by a webhook whose events name last_call. hold goes before unseen: reject.
        #[since("0.2.0")]
        nobody_reached = Self::default().nobody_reached =>
            Word(&["approve", "hold"], nobody_reached, "what it can do", "write approve or hold");
        /// The most that persons may add to one gate by an open editor, a hold or an extension.
        max_hold_s = Self::default().max_hold_s =>
            Seconds(0, "write the most seconds that persons may add; 0 lets nobody stop the timer");
        /// Seconds that a person's decision may be taken back; the job moves on only then. 0: at once.
        #[since("0.2.0")]
        recall_s = Self::default().recall_s => SecondsTo(RECALL_S_MAX);
    }
}

/// Keys that a later issue builds (SPEC §2): refused by name, because a key that is taken and not
/// enforced is a gate that is not there.
const KEYS_LATER: [&str; 4] = ["notes_required", "approvers", "self_approval", "quorum"];

/// What is said, and the hint, where nothing stops a job.
pub(super) const NO_GATE: (&str, &str) = (
    "no gate is configured: every stage passes without a decision",
    "name the stages that must wait under gates:",
);

impl Rules for GatePolicy {
    fn unknown(entry: &Field<'_>) {
        let key = entry.name;
        if KEYS_LATER.contains(&key) {
            let hint = "take it out: holdpoint refuses what it would not enforce";
            entry.key_error(format!("{key} is not built yet"), hint);
        } else if key == "overdue_grace_s" {
            let hint = "move it to pipeline.overdue_grace_s, where it counts for all gates";
            entry.key_error("a gate has no grace of its own", hint);
        } else {
            entry.unknown_key("a gate", &Self::names());
        }
    }

    /// Doubts what is lawful and probably not meant.
    fn check(&mut self, gate: &Field<'_>) {
        // Advice about a gate that is refused anyway would only hide why.
        if !gate.is_sound() {
            return;
        }
        let at = |key| gate.get(key).map(|field| field.node.at);
        let (after, on_timeout) = ("auto_approve_after_s", "on_timeout");
        let timer = GateRule::Timer {
            after_s: 0,
            on_timeout: OnTimeout::Approve,
        };
        let doubt = match (self.rule(), self.auto_approve_after_s) {
            (GateRule::Person, Some(_)) => Some((
                "this is ignored: auto_approve is false, so a person must decide",
                "set auto_approve: true, or write null here",
            )),
            (GateRule::Pass, Some(_)) => Some((
                "this is ignored: with required and auto_approve false the stage passes without a gate",
                "set auto_approve: true to wait so long for a person",
            )),
            (GateRule::Person, None) if self.auto_approve => Some((
                "null never fires: a person must decide",
                "write the seconds to wait, or auto_approve: false to say the same",
            )),
            (rule, Some(_)) if rule == timer => Some((
                "0 approves as soon as the gate opens: nobody can look first",
                "write the seconds to wait, or null to wait for a person",
            )),
            (GateRule::Person | GateRule::Pass | GateRule::Timer { .. }, _) => None,
        };
        if let Some((message, hint)) = doubt {
            let at = at(after).or_else(|| at("auto_approve")).unwrap_or(gate.node.at);
            gate.warn_of(after, at, message, hint);
        }
        if let (GateRule::Person | GateRule::Pass, Some(at)) = (self.rule(), at(on_timeout)) {
            let message = "this is ignored: the gate has no timer";
            let hint = "a timer needs auto_approve: true and the seconds in auto_approve_after_s";
            gate.warn_of(on_timeout, at, message, hint);
        }
        check_unseen(self, gate);
        check_calls(self, gate);
    }
}

/// Where silence may approve, somebody should have looked; and where it may not, nobody asks.
fn check_unseen(policy: &GatePolicy, gate: &Field<'_>) {
    let written = gate.get("unseen").map(|field| field.node.at);
    match (policy.rule(), written) {
        (
            GateRule::Timer {
                on_timeout: OnTimeout::Approve,
                ..
            },
            None,
        ) if policy.required => {
            let message = "the timer approves even what nobody was shown";
            let hint =
                "write unseen: hold, so that it waits for a person then; unseen: approve says that this is meant";
            let at = gate
                .get("auto_approve_after_s")
                .map_or(gate.node.at, |field| field.node.at);
            gate.warn_of("unseen", at, message, hint);
        }
        (
            GateRule::Timer {
                on_timeout: OnTimeout::Approve,
                ..
            },
            _,
        )
        | (_, None) => {}
        (GateRule::Timer { .. } | GateRule::Person | GateRule::Pass, Some(at)) => {
            let message = "this is ignored: no timer approves this gate";
            gate.warn_of("unseen", at, message, "it asks what a timer does that would approve");
        }
    }
}

/// The most last calls of a gate.
const CALLS_MAX: usize = 8;

fn remind_before_s(field: &Field<'_>) -> Option<Vec<u64>> {
    let hint = "write them as [10m, 120]";
    let items: Vec<_> = field.items(hint)?.collect();
    if items.len() > CALLS_MAX {
        let message = format!("{} last calls are too many", items.len());
        return field.refuse(message, format!("write at most {CALLS_MAX}"));
    }
    let mut read: Vec<u64> = Vec::new();
    for item in items {
        match item.seconds(&(1..=SECONDS_MAX), "leave it out") {
            Some(seconds) if read.contains(&seconds) => item.error("it stands here twice", "keep one of them"),
            Some(seconds) => read.push(seconds),
            None => {}
        }
    }
    Some(read)
}

fn nobody_reached(word: &str) -> Option<OnTimeout> {
    OnTimeout::parse(word).filter(|then| *then != OnTimeout::Reject)
}

/// Last calls come before an end, and whoever is to be reached must be called.
fn check_calls(policy: &GatePolicy, gate: &Field<'_>) {
    let (calls, reached) = ("remind_before_s", "nobody_reached");
    let at = |key| gate.get(key).map(|field| field.node.at);
    let GateRule::Timer { after_s, .. } = policy.rule() else {
        let hint = "a timer needs auto_approve: true and the seconds in auto_approve_after_s";
        for key in [calls, reached] {
            if let Some(at) = at(key) {
                gate.warn_of(key, at, "this is ignored: the gate has no timer", hint);
            }
        }
        return;
    };
    if let Some(late) = policy.remind_before_s.iter().find(|seconds| **seconds >= after_s) {
        let message =
            format!("{late} seconds before its end the gate is not open yet: it has {after_s} (auto_approve_after_s)");
        gate.error_of(calls, &message, "write fewer seconds");
    }
    if policy.nobody_reached == OnTimeout::Hold && policy.remind_before_s.is_empty() {
        let message = "without remind_before_s there is no last call that could reach anybody";
        gate.error_of(
            reached,
            message,
            "write remind_before_s: [600, 120] beside nobody_reached",
        );
    }
}

/// Reads the section.
pub(super) fn read(section: &Field<'_>) -> Option<BTreeMap<StageName, GatePolicy>> {
    let mut gates = BTreeMap::new();
    for entry in section.entries()? {
        let key = entry.name;
        if key == "overdue_grace_s" || key == "max_concurrent_jobs" {
            let hint = format!("move it to pipeline.{key}");
            entry.key_error("this is no stage: it stands for all gates", hint);
            continue;
        }
        let policy = GatePolicy::read(&entry);
        match (StageName::new(key), policy) {
            (Ok(name), Some(policy)) => {
                gates.entry(name).or_insert(policy);
            }
            (Ok(_), None) => {}
            (Err(error), _) => entry.key_error("this is not the name of a stage", error.rule),
        }
    }
    Some(gates)
}
