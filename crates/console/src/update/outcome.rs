//! What comes back to a prompt: changes of what it is about, receipts, refusals.

use super::{compose, gate, preview, queue, recall};
use crate::action::Action;
use crate::effect::Effect;
use crate::facts::label;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::gate::GateView;
use crate::model::prompt::Pin;
use crate::model::toast::Tone;
use crate::prompt::timer::TimerAsk;
use crate::prompt::{bulk, timers};
use crate::update::outgoing::{readable, refuse};
use domain::context::GateContext;
use domain::gate::Gate;
use domain::ids::Digest;
use domain::key::GateKey;
use domain::refusal::{Refusal, RefusalCode};
use engine::api::{Receipt, Ticket};

/// The digest or the state of the pinned gate changed: the prompt becomes a refusal, the editor
/// read-only.
pub(crate) fn recheck(model: &mut Model) {
    let Some(view) = &model.gate else {
        return;
    };
    let problem_of = |pin: &Pin| -> Option<(String, Option<String>)> {
        if view.key != pin.key {
            return None;
        }
        if let Some(gate) = view.gate()
            && let Err(refusal) = gate.open_or_refuse()
        {
            let message = label::readable(&refusal.message, |_| Some(view.slug.to_string()));
            return Some((message, None));
        }
        let shown = view.shown_digest()?;
        (shown != pin.digest).then(|| {
            (
                changed(view, pin.digest, shown),
                Some("press the key again to decide on the new text".to_owned()),
            )
        })
    };
    let said_anew = |read: &GateContext| {
        let now = &view.gate()?.context;
        let words = || format!("{} while it was on screen", now.changed_words(Some(read)));
        (now != read).then(|| (words(), Some(said_hint())))
    };
    // Only a refusal because of what changed has a hint, because then one can still decide.
    let mut has_moved = false;
    if let Some(compose) = &mut model.compose
        && compose.closed.is_none()
    {
        let problem = problem_of(&compose.pin);
        has_moved |= matches!(problem, Some((_, Some(_))));
        compose.closed = problem.map(|(why, _)| why);
    }
    if let Some(ask) = model.prompt.as_mut().map(|prompt| &mut prompt.ask)
        && let Some(pin) = ask.pin().filter(|_| !ask.is_sent())
        && let moved = problem_of(pin)
        && let Some((why, hint)) = moved.clone().or_else(|| {
            let read = ask.context().filter(|_| view.key == pin.key)?;
            said_anew(read)
        })
    {
        has_moved |= matches!(moved, Some((_, Some(_))));
        let is_written = ask.note().is_some_and(|note| !note.editor.is_blank());
        let kept = match is_written {
            true => Some(hint.map_or_else(String::new, |hint| hint + "; ") + "your note is kept"),
            false => hint,
        };
        ask.refuse(&why, kept.as_deref());
    }
    if has_moved && let Some(view) = &mut model.gate {
        view.wants_since_read = true;
    }
    if let Some(ask) = model.asked::<TimerAsk>()
        && let Some(gate) = view_of(model, &ask.key)
        && let Err(refusal) = gate.open_or_refuse()
    {
        let what = ask.intent.words().not_done;
        model.prompt = None;
        refuse(model, what, &refusal.message, "");
    }
}

/// What to do where the requester said something else of a gate.
pub(crate) fn said_hint() -> String {
    let key = keymap::key_in(Focus::Diff, Action::Context);
    format!("{key} in the diff shows what it says now; press the key again to decide on that")
}

fn view_of<'a>(model: &'a Model, key: &GateKey) -> Option<&'a Gate> {
    let view = model.gate.as_ref().filter(|view| view.key == *key)?;
    view.gate()
}

fn changed(view: &GateView, read: Digest, now: Digest) -> String {
    let moved = view
        .files
        .iter()
        .find(|file| file.digest.is_some_and(|digest| digest != file.artifact.digest));
    let name = match (moved, &view.files[..]) {
        (Some(file), _) | (None, [file]) => file.artifact.path.file_name(),
        (None, [..]) => "the material",
    };
    format!(
        "{name} changed while it was on screen (you read {}, it is now {})",
        read.short(),
        now.short()
    )
}

fn is_waiting_for(model: &Model, ticket: Ticket) -> bool {
    model.ask().is_some_and(|prompt| prompt.waits_for(ticket))
}

/// A lease was given: since when, as the rows say.
fn leased(model: &mut Model, key: &GateKey, receipt: &Receipt) {
    let gate = receipt.rows.gate(&key.stage, key.attempt);
    let given = gate.and_then(|gate| gate.lease.as_ref());
    let taken_at = given
        .filter(|lease| model.session.has_taken(lease))
        .map(|lease| lease.taken_at);
    if let Some(lease) = model.outgoing.leases.get_mut(key) {
        (lease.taken_at, lease.is_refused, lease.is_lost) = (taken_at, false, false);
    }
}

/// A command was committed.
pub(crate) fn done(model: &mut Model, ticket: Ticket, receipt: Receipt, fx: &mut Vec<Effect>) {
    let Some(sent) = model.outgoing.sent.get_mut(&ticket) else {
        return;
    };
    sent.is_committed = true;
    let sent = sent.clone();
    if let Some(key) = &sent.leases {
        leased(model, key, &receipt);
    }
    if sent.is_quiet {
        model.outgoing.sent.remove(&ticket);
    } else {
        // A gate that was taken over is another question than one that somebody else has.
        preview::outdate(model, None);
        let mut key = sent.decides.clone();
        if is_waiting_for(model, ticket)
            && let Some(prompt) = model.prompt.take()
        {
            key = prompt.ask.pin().map(|pin| pin.key.clone()).or(key);
        }
        let decision = receipt.decision.as_ref().map(|sealed| &sealed.decision);
        let adopted = key.as_ref().and_then(|key| model.draft(key)?.adopted.clone());
        let unnamed = adopted.filter(|_| decision.is_some_and(|decision| decision.draft_by().is_none()));
        let is_left_out = key.is_some_and(|key| compose::sent(model, &key, &sent, decision, fx));
        let with = if sent.has_patch && sent.decides.is_some() {
            " with patch"
        } else {
            ""
        };
        let mut text = format!("{} {}{with}", sent.done, sent.subject);
        if is_left_out {
            text.push_str("   your patch draft was not applied; it is kept: holdpoint drafts list");
        }
        if let Some(from) = unnamed {
            text.push_str(&format!(
                "   the record does not name {from}: no draft of theirs was found"
            ));
        }
        if let Some(review) = &receipt.review {
            text = readable(model, &review.words());
        }
        if let Some(why) = receipt.hindrance() {
            text.push_str(&format!("   {why}"));
        }
        let at = model.now.utc;
        if sent.part_of.is_some() {
            bulk::answered(model, ticket, None);
            timers::answered(model, ticket, None);
        } else if sent.decides.is_some() || receipt.rows.job.status.is_ended() {
            model.toasts.push_news(at, Tone::Done, text);
        } else {
            model.toasts.push(at, Tone::Done, text);
        }
    }
    if let Some(key) = &sent.decides {
        // Whoever decides a marked gate alone knows why its mark goes.
        model.marks.on.remove(key);
        recall::made(model, key, &sent, &receipt);
    }
    if let Some(sealed) = receipt.decision {
        model.panes.history.add(sealed);
    }
    gate::take_rows(model, receipt.rows, fx);
    if let Some(key) = sent.decides {
        model.outgoing.remember_own(&key);
        queue::decided(model, &key, fx);
    }
    // Over a line the news of it come as soon as an answer would.
    if model.session.server.is_none() {
        queue::ask(model, fx);
    }
}

/// A command was refused.
pub(crate) fn refused(model: &mut Model, ticket: Ticket, refusal: Refusal, fx: &mut Vec<Effect>) {
    let Some(sent) = model.outgoing.sent.remove(&ticket) else {
        return;
    };
    if sent.is_quiet {
        // The prompt shows who has the gate open; the queue's row says since when.
        if let Some(lease) = sent.leases.and_then(|key| model.outgoing.leases.get_mut(&key)) {
            lease.is_refused = true;
            queue::ask(model, fx);
        }
        return;
    }
    if sent.part_of.is_some() {
        bulk::answered(model, ticket, Some(&refusal));
        timers::answered(model, ticket, Some(&refusal));
        gate::ask_job(model, fx);
        queue::ask(model, fx);
        return;
    }
    let is_waiting = is_waiting_for(model, ticket);
    let message = readable(model, &refusal.message);
    let has_changed = refusal.code == RefusalCode::ArtifactChanged;
    let hint = if has_changed {
        Some("the new text is being read; your note is kept".to_owned())
    } else if refusal.code == RefusalCode::ContextChanged {
        Some(said_hint() + "; your note is kept")
    } else {
        refusal.hint.clone()
    };
    if is_waiting && let Some(ask) = model.ask_mut() {
        ask.refused(&message, hint.as_deref());
        if !ask.is_sent() {
            // The rules are asked again: what they said is not what happened.
            preview::outdate(model, None);
        }
    }
    refuse(model, sent.not_done, &message, hint.as_deref().unwrap_or(""));
    if has_changed {
        gate::show_moved(model);
    }
    gate::ask_job(model, fx);
    queue::ask(model, fx);
}

/// A command's files are in place, or not yet.
pub(crate) fn published(model: &mut Model, ticket: Ticket, result: Result<(), String>) {
    gate::reread_if_behind(model);
    let sent = model.outgoing.sent.remove(&ticket);
    if let Err(why) = result {
        let is_decision = sent.is_none_or(|sent| sent.decides.is_some());
        let head = if is_decision {
            "Decided, not yet on disk"
        } else {
            "Done, not yet on disk"
        };
        let hint = "it is safe in the database, and its files are written when that works again";
        refuse(model, head, &why, hint);
    }
}
