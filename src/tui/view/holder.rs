//! Who has a gate open or holds its timer, and for how long by now.

use super::{countdown, label};
use crate::domain::gate::GateKey;
use crate::domain::lease::{Lease, LeasePurpose};
use crate::domain::time::SECOND_US;
use crate::domain::view::QueueRow;
use crate::tui::model::Model;
use crate::tui::model::queue::RowKey;

/// So long: `04:10`; from one hour on `2h05m`.
fn since(us: i64) -> String {
    countdown::text(us - us.rem_euclid(SECOND_US))
}

/// Who holds the timer, and for how long by now.
fn held(model: &Model, row: &QueueRow) -> Option<(String, i64)> {
    let timer = row.timer.as_ref()?;
    let hold = timer.hold.as_deref()?;
    let us = timer.anchor.read(model.now).us_since(hold.taken_at);
    Some((name(model, &hold.holder.name).to_owned(), us))
}

fn live_lease<'a>(model: &Model, row: &'a QueueRow) -> Option<&'a Lease> {
    row.lease.as_deref().filter(|lease| lease.is_live(model.now))
}

fn is_own(model: &Model, lease: &Lease) -> bool {
    lease.holder == model.session.operator
}

fn name<'a>(model: &Model, name: &'a str) -> &'a str {
    if name == model.session.operator.name {
        "you"
    } else {
        name
    }
}

/// Who or what holds a gate, the longest wording first; nothing when nobody does.
pub fn words(model: &Model, row: &QueueRow) -> Vec<String> {
    let RowKey::Gate(key) = RowKey::of(row) else {
        return Vec::new();
    };
    if model.writing(&key).is_some() {
        return vec!["writing…".to_owned()];
    }
    if let Some(lease) = live_lease(model, row) {
        let who = name(model, &lease.holder.name);
        let since = since(lease.age_us(model.now));
        return match (is_own(model, lease), who == "you", lease.purpose) {
            (true, _, LeasePurpose::Compose) => vec!["you edit".to_owned()],
            (true, _, LeasePurpose::Prompt) => vec!["you prompt".to_owned()],
            // Another console of the same person, or one that ended a moment ago.
            (false, true, _) => vec![format!("you elsewhere {since}"), "you elsewhere".to_owned()],
            (false, false, LeasePurpose::Compose) => vec![
                format!("{who} composing {since}"),
                format!("{who} edits {since}"),
                format!("{who} edits"),
            ],
            (false, false, LeasePurpose::Prompt) => vec![format!("{who} prompt {since}"), format!("{who} prompt")],
        };
    }
    if let Some((who, us)) = held(model, row) {
        return vec![format!("{who} hold {}", since(us)), format!("{who} hold")];
    }
    if model.drafts.contains_key(&key) {
        return vec!["your draft".to_owned()];
    }
    match row.timer.as_ref().and_then(|timer| timer.held_by_policy_at) {
        Some(_) => vec!["held by policy".to_owned()],
        None => Vec::new(),
    }
}

/// Whether a time that stands beside a name changes every second.
pub fn ticks(model: &Model, row: &QueueRow) -> bool {
    let lease = live_lease(model, row).filter(|lease| !is_own(model, lease));
    let us = match (lease, held(model, row)) {
        (Some(lease), _) => Some(lease.age_us(model.now)),
        (None, held) => held.map(|(_, us)| us),
    };
    us.is_some_and(|us| us < countdown::HOUR_US)
}

/// For the head of the gate: `ana composing 04:10, held by cy 09:12`; what this console does itself is not told.
pub fn head(model: &Model, row: &QueueRow) -> Option<String> {
    let lease = live_lease(model, row).filter(|lease| !is_own(model, lease));
    let lease = lease.map(|lease| {
        let who = name(model, &lease.holder.name);
        let at = if who == "you" { " elsewhere" } else { "" };
        format!(
            "{who}{at} {} {}",
            lease.purpose.as_str(),
            since(lease.age_us(model.now))
        )
    });
    let hold = held(model, row).map(|(who, us)| format!("held by {who} {}", since(us)));
    let both: Vec<_> = lease.into_iter().chain(hold).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

/// In a list of gates: who else has this one open, as `ana composing`.
pub fn other(model: &Model, key: &GateKey) -> Option<String> {
    let lease = model.lease_of_other(key)?;
    let who = match name(model, &lease.holder.name) {
        "you" => "you elsewhere",
        who => who,
    };
    Some(format!("{who} {}", lease.purpose.as_str()))
}

/// For a prompt or the editor on a gate that somebody else has open: who, since when, what that means, and how to take it over.
pub fn warning(model: &Model, key: &GateKey) -> Option<String> {
    let lease = model.lease_of_other(key)?;
    let who = match name(model, &lease.holder.name) {
        "you" => "you, in another console,",
        who => who,
    };
    let what = match lease.purpose {
        LeasePurpose::Prompt => "has a prompt open here since",
        LeasePurpose::Compose => "is composing here since",
    };
    let is_lost = model.leases.get(key).is_some_and(|own| own.is_lost);
    let (what, offer) = match is_lost {
        true => ("took this gate over from you at", "Ctrl-t takes it back"),
        false => (what, "Ctrl-t takes it over"),
    };
    let is_timed = model.queue.gate(key).is_some_and(|row| row.timer.is_some());
    let so = if is_timed {
        "; the timer is not held for you"
    } else {
        ""
    };
    let at = label::clock(lease.taken_at);
    Some(format!(
        "{who} {what} {at} ({}){so}. {offer}",
        since(lease.age_us(model.now))
    ))
}
