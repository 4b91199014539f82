//! Prompts: opening, accepting, closing.

use super::super::editor::Editor;
use super::super::effect::{Checked, Effect};
use super::super::model::gate::GateView;
use super::super::model::prompt::{
    CancelAsk, Confirm, ConfirmState, DISCARD_WORD, DiscardAsk, Intent, Pin, Prompt, ResumeAsk,
};
use super::super::model::queue::RowKey;
use super::super::model::toast::Tone;
use super::super::model::{Lower, Model, Sent};
use super::super::verb;
use super::super::view::{self, consequence, label};
use super::{bulk, compose, gate_ref, send, timer, toast};
use crate::domain::gate::{GateKey, GateState, NOTES_BYTES_MAX};
use crate::domain::ids::ArtifactPath;
use crate::domain::job::JobStatus;
use crate::domain::refusal::Refusal;
use crate::engine::api::Command;

/// Says what did not happen, why, and what to do.
pub fn refuse(model: &mut Model, what: &str, why: &str, hint: &str) {
    let hint = if hint.is_empty() {
        String::new()
    } else {
        format!("   hint: {hint}")
    };
    toast(model, Tone::Error, format!("{what}: {why}{hint}"));
}

/// Why nothing can be done on the selected gate when it went away: who ended it, and when.
pub fn gone(model: &Model, key: &GateKey) -> Option<String> {
    let gone = model.queue.gone.as_ref()?;
    let view = model.gate.as_ref().filter(|view| view.key == *key);
    let gate = view
        .and_then(GateView::gate)
        .filter(|gate| gate.state != GateState::Open);
    // Short, so that the time is not cut: the row itself is in sight.
    let ended = gate.and_then(|gate| gate.settled.as_ref().map(|settled| (gate.state, settled)));
    Some(match ended {
        Some((state, settled)) => format!("{} {} it at {}", settled.by, state.as_str(), label::clock(settled.at)),
        None => format!("{key} is no longer open ({gone})"),
    })
}

/// The gate on screen as a pin, or why nothing can be decided on it.
pub fn pin(model: &mut Model, not_done: &str) -> Option<Pin> {
    if model.session.is_read_only {
        refuse(model, not_done, "this console only reads", "");
        return None;
    }
    let Some(RowKey::Gate(key)) = model.queue.selected().cloned() else {
        refuse(model, not_done, "no open gate is selected", "select one with j and k");
        return None;
    };
    if let Some(why) = gone(model, &key) {
        refuse(model, not_done, &why, "");
        return None;
    }
    if model.writing(&key).is_some() {
        refuse(model, not_done, &format!("a decision on {key} is being written"), "");
        return None;
    }
    let view = model.gate.as_ref().filter(|view| view.key == key);
    let Some(digest) = view.and_then(|view| view.shown_digest()) else {
        refuse(model, not_done, "the files are still being read", "press the key again");
        return None;
    };
    let slug = view.map(|view| view.slug.clone()).unwrap_or_default();
    let label = label::gate(&key, &slug);
    Some(Pin { key, digest, label })
}

/// Says why nothing is asked that decides: the window could not hold the question. Returns whether that is so.
pub fn is_too_small(model: &mut Model, what: &str) -> bool {
    let Some(why) = view::prompt::too_small(model) else {
        return false;
    };
    refuse(model, what, &why, view::prompt::MAKE_ROOM);
    true
}

/// Asks before a decision or a patch.
pub fn open_confirm(model: &mut Model, intent: Intent, with: Option<(Pin, Checked)>) {
    if is_too_small(model, intent.not_done()) {
        return;
    }
    let (pin, patch) = match with {
        Some((pin, checked)) => (pin, Some(checked)),
        None => match pin(model, intent.not_done()) {
            Some(pin) => (pin, None),
            None => return,
        },
    };
    open_about(model, intent, pin, patch);
}

fn open_about(model: &mut Model, intent: Intent, pin: Pin, patch: Option<Checked>) {
    let kept = model.draft(&pin.key).zip(intent.verdict());
    let note = kept.map(|(draft, verdict)| draft.note(verdict)).unwrap_or_default();
    let note = Editor::of_line(note);
    let revision = model.next_number();
    model.lower = Lower::Gate;
    model.prompt = Some(Prompt::Confirm(Box::new(Confirm {
        pin,
        intent,
        note,
        // In an approval a second `a` must not land in the note; a rejection wants a reason.
        is_note_focused: intent == Intent::Reject,
        patch,
        revision,
        is_drawn: false,
        is_empty_accepted: false,
        state: ConfirmState::Asking,
    })));
}

/// Asks before the newest patch of the gate on screen is taken back.
pub fn open_undo(model: &mut Model) {
    let what = Intent::Undo.not_done();
    if is_too_small(model, what) {
        return;
    }
    let Some(pin) = pin(model, what) else {
        return;
    };
    let gate = model.gate.as_ref().and_then(GateView::gate);
    let undoable = gate.map(|gate| gate.undoable(None).map(|_| ()));
    match undoable {
        Some(Ok(())) => open_about(model, Intent::Undo, pin, None),
        Some(Err(refusal)) => refuse(model, what, &refusal.message, refusal.hint.as_deref().unwrap_or("")),
        None => refuse(model, what, "the gate is still being read", "press the key again"),
    }
}

/// Asks before a paused job goes on.
pub fn open_resume(model: &mut Model) {
    let what = "Not resumed";
    if is_too_small(model, what) {
        return;
    }
    if model.session.is_read_only {
        return refuse(model, what, "this console only reads", "");
    }
    let Some(rows) = model.job.as_ref().and_then(|job| job.rows.clone()) else {
        return refuse(model, what, "no job is selected, or it is still being read", "");
    };
    let job = &rows.job;
    if job.status != JobStatus::Paused {
        let why = format!("job {} is {}, not paused", job.id, job.status.as_str());
        return refuse(model, what, &why, "");
    }
    let revision = model.next_number();
    model.prompt = Some(Prompt::Resume(Box::new(ResumeAsk {
        job_id: job.id.clone(),
        label: label::job(&job.id, &job.slug),
        lines: consequence::of_resume(&rows, &model.session.operator.name),
        revision,
        is_drawn: false,
    })));
}

/// Asks before a job is canceled.
pub fn open_cancel(model: &mut Model) {
    let what = "Not canceled";
    if is_too_small(model, what) {
        return;
    }
    if model.session.is_read_only {
        return refuse(model, what, "this console only reads", "");
    }
    let Some(rows) = model.job.as_ref().and_then(|job| job.rows.clone()) else {
        return refuse(model, what, "no job is selected, or it is still being read", "");
    };
    let job = &rows.job;
    if job.status.is_ended() {
        let why = format!("job {} has already ended: {}", job.id, job.status.as_str());
        return refuse(model, what, &why, "");
    }
    let revision = model.next_number();
    model.prompt = Some(Prompt::Cancel(Box::new(CancelAsk {
        job_id: job.id.clone(),
        label: label::job(&job.id, &job.slug),
        typed: Editor::of_line(""),
        revision,
        is_drawn: false,
        problem: None,
    })));
}

pub const NOT_DRAWN: &str = "Enter came before the prompt was on the screen: read it, then press Enter";
pub const MENU_NOT_DRAWN: &str = "The key came before the menu was on the screen: read it, then press the key";

/// Asks before the text in the editor is thrown away.
pub fn open_discard(model: &mut Model) {
    let revision = model.next_number();
    model.prompt = Some(Prompt::Discard(Box::new(DiscardAsk {
        typed: Editor::of_line(""),
        revision,
        is_drawn: false,
        problem: None,
    })));
}

/// Enter counts on what somebody could read: all of the question as it is now, on the terminal. False says why not.
fn is_read(model: &mut Model) -> bool {
    let Some(now) = model
        .prompt
        .as_ref()
        .filter(|prompt| prompt.is_binding())
        .and_then(|_| view::prompt::facts(model))
    else {
        return true;
    };
    if !now.is_whole {
        let what = model.prompt.as_ref().map_or("Not done", Prompt::not_done);
        refuse(model, what, view::prompt::NOT_WHOLE, view::prompt::MAKE_ROOM);
        return false;
    }
    if model.slips.on_screen.as_ref() != Some(&now) {
        toast(model, Tone::Info, NOT_DRAWN);
        return false;
    }
    true
}

/// Whether the editor's menu is on the terminal: what replaces the text is not done before.
pub fn is_menu_drawn(model: &Model) -> bool {
    let now = view::prompt::facts(model);
    now.is_some() && model.slips.on_screen == now
}

/// Enter.
pub fn accept(model: &mut Model, fx: &mut Vec<Effect>) {
    if !is_read(model) {
        return;
    }
    let Some(mut prompt) = model.prompt.take() else {
        return;
    };
    let keep = match &mut prompt {
        Prompt::Confirm(confirm) => accept_confirm(model, confirm, fx),
        Prompt::Resume(ask) => {
            if ask.is_drawn {
                let sent = other_sent("Resumed", "Not resumed", &ask.label);
                send(model, sent, Command::Resume(ask.job_id.clone()), fx);
            } else {
                toast(model, Tone::Info, NOT_DRAWN);
            }
            !ask.is_drawn
        }
        Prompt::Cancel(ask) => accept_cancel(model, ask, fx),
        Prompt::Timer(ask) => timer::accept(model, ask, fx),
        Prompt::Bulk(ask) => bulk::accept(model, ask, fx),
        Prompt::Quit(_) => {
            fx.push(Effect::Quit);
            false
        }
        Prompt::Discard(ask) => accept_discard(model, ask, fx),
        Prompt::Menu => true,
    };
    if keep {
        model.prompt = Some(prompt);
    }
}

/// What is sent beside decisions and patches, for its toast.
pub fn other_sent(done: &'static str, not_done: &'static str, subject: &str) -> Sent {
    Sent {
        done,
        not_done,
        subject: subject.to_owned(),
        decides: None,
        has_patch: false,
        is_committed: false,
        leases: None,
        is_part: false,
        is_quiet: false,
    }
}

fn accept_cancel(model: &mut Model, ask: &mut CancelAsk, fx: &mut Vec<Effect>) -> bool {
    if !ask.is_drawn {
        toast(model, Tone::Info, NOT_DRAWN);
        return true;
    }
    if ask.typed.text().trim() != ask.job_id.as_str() {
        ask.problem = Some(format!("Not canceled: that is not {}", ask.job_id));
        return true;
    }
    let sent = other_sent("Canceled", "Not canceled", &ask.label);
    send(model, sent, Command::Cancel(ask.job_id.clone()), fx);
    false
}

fn accept_discard(model: &mut Model, ask: &mut DiscardAsk, fx: &mut Vec<Effect>) -> bool {
    if ask.typed.text().trim() != DISCARD_WORD {
        ask.problem = Some(format!("Not discarded: that is not {DISCARD_WORD}"));
        return true;
    }
    compose::discard(model, fx);
    false
}

/// Says who else has the gate open. Returns whether somebody has: nothing is done over their head.
fn is_open_elsewhere(model: &mut Model, confirm: &Confirm) -> bool {
    let Some(lease) = model.lease_of_other(&confirm.pin.key) else {
        return false;
    };
    let refusal = Refusal::open_elsewhere(&confirm.pin.key, lease);
    let hint = refusal.hint.unwrap_or_default();
    refuse(model, confirm.intent.not_done(), &refusal.message, &hint);
    true
}

fn accept_confirm(model: &mut Model, confirm: &mut Confirm, fx: &mut Vec<Effect>) -> bool {
    match confirm.state {
        ConfirmState::Refused(..) => return false,
        ConfirmState::Writing(_) => return true,
        ConfirmState::Asking => {}
    }
    if !confirm.is_drawn {
        toast(model, Tone::Info, NOT_DRAWN);
        return true;
    }
    if is_open_elsewhere(model, confirm) {
        return true;
    }
    let note = confirm.note.text();
    if note.len() > NOTES_BYTES_MAX {
        let refusal = Refusal::notes_too_long(note.len());
        refuse(model, confirm.intent.not_done(), &refusal.message, "shorten it");
        model.toasts.is_about_text = true;
        return true;
    }
    if confirm.intent == Intent::Reject && confirm.note.is_blank() && !confirm.is_empty_accepted {
        confirm.is_empty_accepted = true;
        confirm.revision = model.next_number();
        confirm.is_drawn = false;
        return true;
    }
    let verdict = confirm.intent.verdict();
    let patch = confirm.patch.as_ref().map(|checked| checked.value.clone());
    let digest = Some(confirm.pin.digest);
    let gate = gate_ref(&confirm.pin.key);
    let command = match (verdict, confirm.intent) {
        (Some(verdict), _) => Command::Decide {
            gate,
            verdict,
            notes: (!confirm.note.is_blank()).then_some(note),
            patch,
            digest,
        },
        (None, Intent::Undo) => Command::UndoPatch {
            path: undoable_path(model, &confirm.pin.key),
            gate,
            digest,
        },
        (None, Intent::Apply | Intent::Approve | Intent::Reject) => Command::ApplyPatch {
            gate,
            patch: patch.unwrap_or_default(),
            digest,
        },
    };
    let sent = Sent {
        done: confirm.intent.done(),
        not_done: confirm.intent.not_done(),
        subject: confirm.pin.label.clone(),
        decides: verdict.map(|_| confirm.pin.key.clone()),
        has_patch: confirm.patch.is_some(),
        is_committed: false,
        leases: None,
        is_part: false,
        is_quiet: false,
    };
    let submission = send(model, sent, command, fx);
    confirm.state = ConfirmState::Writing(submission);
    true
}

/// The artifact whose newest patch the prompt spoke of: while the digest is the pinned one, it is the same.
fn undoable_path(model: &Model, key: &GateKey) -> Option<ArtifactPath> {
    let view = model.gate.as_ref().filter(|view| view.key == *key)?;
    let undoable = view.gate()?.undoable(None).ok()?;
    Some(undoable.artifact.path.clone())
}

/// Closes the prompt; nothing is decided, and what was written is kept.
pub fn close(model: &mut Model) {
    match &model.prompt {
        Some(Prompt::Confirm(confirm)) if confirm.is_writing() => {
            toast(model, Tone::Info, "Sent already: the answer will show here");
        }
        Some(Prompt::Bulk(ask)) if ask.writing() > 0 => {
            toast(model, Tone::Info, "Sent already: the answers will show here");
        }
        Some(Prompt::Confirm(confirm)) if confirm.is_asking() && !confirm.note.is_blank() => {
            toast(model, Tone::Info, "Nothing is decided; the note is kept");
        }
        Some(
            Prompt::Confirm(_)
            | Prompt::Resume(_)
            | Prompt::Cancel(_)
            | Prompt::Timer(_)
            | Prompt::Bulk(_)
            | Prompt::Quit(_)
            | Prompt::Menu
            | Prompt::Discard(_),
        )
        | None => {}
    }
    model.prompt = match model.prompt.take() {
        // Thinking twice about discarding leads back to the menu, not into the text.
        Some(Prompt::Discard(_)) => Some(Prompt::Menu),
        // While answers are on their way there is something to be told.
        Some(Prompt::Bulk(ask)) if ask.writing() > 0 => Some(Prompt::Bulk(ask)),
        Some(
            Prompt::Confirm(_)
            | Prompt::Resume(_)
            | Prompt::Cancel(_)
            | Prompt::Timer(_)
            | Prompt::Bulk(_)
            | Prompt::Quit(_)
            | Prompt::Menu,
        )
        | None => None,
    };
}

/// Notes that the selected job failed. It asks nothing: nothing is lost by it, and the record names who did.
pub fn acknowledge(model: &mut Model, fx: &mut Vec<Effect>) {
    let (what, hint) = ("Not noted", "d takes a failed job off the queue");
    if model.session.is_read_only {
        return refuse(model, what, "this console only reads", "");
    }
    let row = model.queue.current().filter(|_| verb::is_failed(model));
    let Some((job_id, label)) = row.map(|row| (row.job_id.clone(), label::job(&row.job_id, &row.slug))) else {
        return refuse(model, what, "the selected row is no failed job", hint);
    };
    let sent = other_sent("Noted that it failed:", what, &label);
    send(model, sent, Command::Acknowledge(job_id), fx);
}
