//! Who has a gate open, or holds its timer and until when.

use super::{countdown, label, shorten, wrap};
use crate::action::Action;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::queue::RowKey;
use domain::hold;
use domain::key::GateKey;
use domain::lease::{Lease, LeasePurpose};
use domain::policy::Doubt;
use domain::timer::{GateTimer, TimerStatus};
use domain::view::QueueRow;
use text::{cut, visible_line, width};

/// Who holds the timer, when that ends at the latest, and why.
struct Held {
    who: String,
    until: String,
    reason: Option<String>,
}

fn held(model: &Model, row: &QueueRow) -> Option<Held> {
    let timer = row.timer.as_ref()?;
    let hold = timer.hold.as_deref()?;
    if !matches!(countdown::status(model, row)?, TimerStatus::Held(_)) {
        return None;
    }
    let until = timer.runs_again_at(model.now, row.max_hold_s);
    Some(Held {
        who: name(model, &hold.holder.name).to_owned(),
        until: label::until(until, model.now.utc),
        reason: hold.reason.clone(),
    })
}

/// Whether somebody holds its timer, by name.
pub(crate) fn is_held(model: &Model, row: &QueueRow) -> bool {
    held(model, row).is_some()
}

fn live_lease<'a>(model: &Model, row: &'a QueueRow) -> Option<&'a Lease> {
    row.lease.as_deref().filter(|lease| lease.is_live(model.now))
}

fn name<'a>(model: &Model, name: &'a str) -> &'a str {
    if name == model.session.operator.name {
        "you"
    } else {
        name
    }
}

/// Whether somebody has a gate open, holds it or has words for it that are not sent.
pub(crate) fn is_attended(model: &Model, row: &QueueRow) -> bool {
    let is_stopped = |timer: &GateTimer| timer.hold.is_some() || timer.held_by_policy_at.is_some();
    let may_be = row.lease.is_some()
        || row.timer.as_ref().is_some_and(is_stopped)
        || !model.drafts.by_gate.is_empty()
        || !model.outgoing.sent.is_empty();
    may_be && words(model, row, usize::from(u16::MAX)).is_some()
}

/// Who or what holds a gate, in so many cells; nothing when nobody does. A time of day stands
/// there, never one that counts up.
pub(crate) fn words(model: &Model, row: &QueueRow, cells: usize) -> Option<String> {
    let key = RowKey::of(row).gate()?;
    let fits = |words: &String| width(&visible_line(words)) <= cells;
    shorten::fitting(wordings(model, row, &key, cells), fits)
}

/// Less of a reason than this says nothing.
const REASON_CELLS_MIN: usize = 5;
/// Less of a name than this says nothing.
const NAME_CELLS_MIN: usize = 4;

/// The same in words, the longest wording first.
fn wordings(model: &Model, row: &QueueRow, key: &GateKey, cells: usize) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|words| (*words).to_owned()).collect();
    if model.outgoing.writing(key).is_some() {
        return words(&["writing…"]);
    }
    if let Some(lease) = live_lease(model, row) {
        let who = name(model, &lease.holder.name);
        return match (model.session.has_taken(lease), who == "you", lease.purpose) {
            (true, _, LeasePurpose::Compose) => words(&["you edit"]),
            (true, _, LeasePurpose::Prompt) => words(&["you decide", "you"]),
            // Another console of the same person, or one that ended a moment ago.
            (false, true, _) => words(&["you, other console", "other console", "also you"]),
            (false, false, LeasePurpose::Compose) => vec![format!("{who} composing"), format!("{who} edits")],
            (false, false, LeasePurpose::Prompt) => vec![format!("{who} deciding"), format!("{who} at it")],
        };
    }
    if let Some(held) = held(model, row) {
        return hold_wordings(held, cells);
    }
    if model.drafts.by_gate.contains_key(key) {
        return words(&["your draft"]);
    }
    match row.timer.as_ref().filter(|timer| timer.held_by_policy_at.is_some()) {
        Some(timer) => match timer.held_because {
            Some(Doubt::Unseen) => words(&["held by policy: unseen", "held: unseen"]),
            Some(Doubt::NobodyReached) => words(&["held by policy: nobody reached", "nobody reached"]),
            None => words(&["held by policy", "by policy"]),
        },
        None => Vec::new(),
    }
}

/// A hold in a row of the queue: who, until when and why, as far as it fits.
fn hold_wordings(Held { who, until, reason }: Held, cells: usize) -> Vec<String> {
    let verb = if who == "you" { "hold" } else { "holds" };
    let long = format!("{who} {verb} to {until}");
    let short = format!("{who} to {until}");
    // A long name gives way before the end and the beginning of the reason do.
    let brief = |others: usize| shorten::middle(&who, cells.saturating_sub(others).max(NAME_CELLS_MIN));
    let with_reason = reason.map(|reason| {
        let others = width(&format!(" to {until}: ")) + REASON_CELLS_MIN.min(width(&visible_line(&reason)));
        let brief = brief(others);
        let room = cells.max(width(&brief) + others);
        let cut_short = cut(&format!("{brief} to {until}: {reason}"), room);
        [format!("{long}: {reason}"), cut_short]
    });
    let briefly = format!("{} to {until}", brief(width(&format!(" to {until}"))));
    let without = [
        long,
        short,
        briefly,
        format!("to {until}"),
        format!("{who} {verb}"),
        format!("{who} hold"),
    ];
    with_reason.into_iter().flatten().chain(without).collect()
}

/// For the head of the gate: who else has it open, as `ana composing`; what this console does
/// itself is not told.
pub(crate) fn head(model: &Model, row: &QueueRow) -> Option<String> {
    let lease = live_lease(model, row).filter(|lease| !model.session.has_taken(lease))?;
    let who = name(model, &lease.holder.name);
    Some(format!("{} {}", other_console(who), doing(lease.purpose)))
}

/// Whoever else has a gate open; the operator too, in another console.
fn other_console(who: &str) -> &str {
    match who {
        "you" => "you, in another console,",
        who => who,
    }
}

fn doing(purpose: LeasePurpose) -> &'static str {
    match purpose {
        LeasePurpose::Prompt => "deciding",
        LeasePurpose::Compose => "composing",
    }
}

/// More lines than this a hold does not take.
const HOLD_LINES_MAX: usize = 3;

/// For the lines below the head: who holds the timer, until when at the latest, what is left then,
/// and why; or that the time for that is used up.
pub(crate) fn hold(model: &Model, row: &QueueRow, columns: usize) -> Vec<String> {
    let words = held(model, row).and_then(|Held { who, until, reason }| {
        let left = countdown::left_when_stopped(model, row)?;
        let why = reason.unwrap_or_else(|| "no reason given".to_owned());
        Some(format!("held by {who} until {until}, {left} left: {why}"))
    });
    let words = words.or_else(|| {
        let hold = row.timer.as_ref()?.used_up_hold(model.now, row.max_hold_s)?;
        Some(hold::used_up(name(model, &hold.holder.name)))
    });
    words.map_or_else(Vec::new, |words| wrap::split(&words, columns, HOLD_LINES_MAX))
}

/// In a list of gates: who holds this one's timer, and why, in so many cells; the reason gives way,
/// the name never.
pub(crate) fn held_by(model: &Model, key: &GateKey, cells: usize) -> Option<String> {
    let Held { who, reason, .. } = held(model, model.queue.gate(key)?)?;
    let short = format!("held by {who}");
    let long = reason.map(|reason| format!("{short}: {reason}"));
    let least = width(&visible_line(&short)) + 2 + REASON_CELLS_MIN;
    Some(match long {
        Some(long) if width(&visible_line(&long)) <= cells || least <= cells => cut(&long, cells),
        Some(_) | None => short,
    })
}

/// In a list of gates: who else has this one open, as `ana composing`.
pub(crate) fn other(model: &Model, key: &GateKey) -> Option<String> {
    let lease = model.lease_of_other(key)?;
    let who = other_console(name(model, &lease.holder.name));
    Some(format!("{who} {}", doing(lease.purpose)))
}

/// For a prompt or the editor on a gate that somebody else has open: who, since when, what that
/// means, and how to take it over.
pub(crate) fn warning(model: &Model, key: &GateKey) -> Option<String> {
    let lease = model.lease_of_other(key)?;
    let who = other_console(name(model, &lease.holder.name));
    let what = match lease.purpose {
        LeasePurpose::Prompt => "has a prompt open here since",
        LeasePurpose::Compose => "is composing here since",
    };
    let is_lost = model.outgoing.leases.get(key).is_some_and(|own| own.is_lost);
    let (what, offer) = match is_lost {
        true => ("took this gate over from you at", "takes it back"),
        false => (what, "takes it over"),
    };
    let is_timed = model.queue.gate(key).is_some_and(|row| row.timer.is_some());
    let so = if is_timed {
        "; the timer is not held for you"
    } else {
        ""
    };
    let at = label::clock(lease.taken_at);
    let key = keymap::key_in(Focus::Confirm, Action::TakeOver);
    Some(format!("{who} {what} {at}{so}. {key} {offer}"))
}
