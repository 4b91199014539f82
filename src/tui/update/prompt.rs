//! Prompts: opening, accepting, and what comes back.

use super::super::editor::Editor;
use super::super::effect::{Checked, Effect, Submission};
use super::super::model::prompt::{CancelAsk, Confirm, ConfirmState, Intent, Pin, Prompt, ResumeAsk};
use super::super::model::queue::RowKey;
use super::super::model::toast::Tone;
use super::super::model::{Lower, Model, Sent};
use super::super::view::{consequence, label};
use super::{compose, gate, gate_ref, queue, send, toast};
use crate::domain::gate::{GateKey, NOTES_BYTES_MAX, Verdict};
use crate::domain::ids::Digest;
use crate::domain::job::JobStatus;
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::engine::api::{Command, Receipt};

/// So many own decisions are remembered, to tell news from echoes.
const OWN_MAX: usize = 32;

/// Says what did not happen, why, and what to do.
pub fn refuse(model: &mut Model, what: &str, why: &str, hint: &str) {
    let hint = if hint.is_empty() {
        String::new()
    } else {
        format!("   hint: {hint}")
    };
    toast(model, Tone::Error, format!("{what}: {why}{hint}"));
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
    if let Some(gone) = model.queue.gone.clone() {
        refuse(model, not_done, &format!("{key} is no longer open ({gone})"), "");
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

/// Asks before a decision or a patch.
pub fn open_confirm(model: &mut Model, intent: Intent, with: Option<(Pin, Checked)>) {
    let (pin, patch) = match with {
        Some((pin, checked)) => (pin, Some(checked)),
        None => match pin(model, intent.not_done()) {
            Some(pin) => (pin, None),
            None => return,
        },
    };
    let note = model
        .draft(&pin.key)
        .map(|draft| draft.note.clone())
        .unwrap_or_default();
    let revision = model.next_number();
    model.lower = Lower::Gate;
    model.prompt = Some(Prompt::Confirm(Box::new(Confirm {
        pin,
        intent,
        note: Editor::of_line(&note),
        // In an approval a second `a` must not land in the note; a rejection wants a reason.
        is_note_focused: intent == Intent::Reject,
        patch,
        revision,
        is_drawn: false,
        is_empty_accepted: false,
        state: ConfirmState::Asking,
    })));
}

/// Asks before a paused job goes on.
pub fn open_resume(model: &mut Model) {
    let what = "Not resumed";
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

const NOT_DRAWN: &str = "Enter came before the prompt was on the screen: read it, then press Enter";

/// Enter.
pub fn accept(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(mut prompt) = model.prompt.take() else {
        return;
    };
    let keep = match &mut prompt {
        Prompt::Confirm(confirm) => accept_confirm(model, confirm, fx),
        Prompt::Resume(ask) => {
            if ask.is_drawn {
                let sent = job_sent("Resumed", "Not resumed", &ask.label);
                send(model, sent, Command::Resume(ask.job_id.clone()), fx);
            } else {
                toast(model, Tone::Info, NOT_DRAWN);
            }
            !ask.is_drawn
        }
        Prompt::Cancel(ask) => accept_cancel(model, ask, fx),
        Prompt::Quit(_) => {
            fx.push(Effect::Quit);
            false
        }
        Prompt::Discard => {
            compose::discard(model, fx);
            false
        }
        Prompt::Menu => true,
    };
    if keep {
        model.prompt = Some(prompt);
    }
}

fn job_sent(done: &'static str, not_done: &'static str, subject: &str) -> Sent {
    Sent {
        done,
        not_done,
        subject: subject.to_owned(),
        decides: None,
        is_committed: false,
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
    let sent = job_sent("Canceled", "Not canceled", &ask.label);
    send(model, sent, Command::Cancel(ask.job_id.clone()), fx);
    false
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
    let note = confirm.note.text();
    if note.len() > NOTES_BYTES_MAX {
        let refusal = Refusal::notes_too_long(note.len());
        refuse(model, confirm.intent.not_done(), &refusal.message, "shorten it");
        return true;
    }
    if confirm.intent == Intent::Reject && confirm.note.is_blank() && !confirm.is_empty_accepted {
        confirm.is_empty_accepted = true;
        confirm.revision = model.next_number();
        confirm.is_drawn = false;
        return true;
    }
    let verdict = match confirm.intent {
        Intent::Approve => Some(Verdict::Approve),
        Intent::Reject => Some(Verdict::Reject),
        Intent::Apply => None,
    };
    let patch = confirm.patch.as_ref().map(|checked| checked.value.clone());
    let digest = Some(confirm.pin.digest);
    let gate = gate_ref(&confirm.pin.key);
    let command = match verdict {
        Some(verdict) => Command::Decide {
            gate,
            verdict,
            notes: (!confirm.note.is_blank()).then_some(note),
            patch,
            digest,
        },
        None => Command::ApplyPatch {
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
        is_committed: false,
        is_quiet: false,
    };
    let submission = send(model, sent, command, fx);
    confirm.state = ConfirmState::Writing(submission);
    true
}

/// Closes the prompt; nothing is decided, and what was written is kept.
pub fn close(model: &mut Model) {
    match &model.prompt {
        Some(Prompt::Confirm(confirm)) if confirm.is_writing() => {
            toast(model, Tone::Info, "Sent already: the answer will show here");
        }
        Some(Prompt::Confirm(confirm)) if confirm.is_asking() && !confirm.note.is_blank() => {
            toast(model, Tone::Info, "Nothing is decided; the note is kept");
        }
        Some(
            Prompt::Confirm(_)
            | Prompt::Resume(_)
            | Prompt::Cancel(_)
            | Prompt::Quit(_)
            | Prompt::Menu
            | Prompt::Discard,
        )
        | None => {}
    }
    model.prompt = match model.prompt.take() {
        // Thinking twice about discarding leads back to the menu, not into the text.
        Some(Prompt::Discard) => Some(Prompt::Menu),
        Some(Prompt::Confirm(_) | Prompt::Resume(_) | Prompt::Cancel(_) | Prompt::Quit(_) | Prompt::Menu) | None => {
            None
        }
    };
}

/// The digest or the state of the pinned gate changed: the prompt becomes a refusal, the editor read-only.
pub fn recheck(model: &mut Model) {
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
            return Some((refusal.message, None));
        }
        let shown = view.shown_digest()?;
        (shown != pin.digest).then(|| {
            (
                changed(view, pin.digest, shown),
                Some("press the key again to decide on the new text".to_owned()),
            )
        })
    };
    if let Some(compose) = &mut model.compose
        && compose.closed.is_none()
    {
        compose.closed = problem_of(&compose.pin).map(|(why, _)| why);
    }
    if let Some(Prompt::Confirm(confirm)) = &mut model.prompt
        && confirm.is_asking()
        && let Some((why, hint)) = problem_of(&confirm.pin)
    {
        let kept = if confirm.note.is_blank() {
            hint
        } else {
            Some(format!(
                "{}your note is kept",
                hint.map(|hint| hint + "; ").unwrap_or_default()
            ))
        };
        confirm.state = ConfirmState::Refused(why, kept);
    }
}

fn changed(view: &super::super::model::gate::GateView, read: Digest, now: Digest) -> String {
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

fn remember_own(model: &mut Model, key: &GateKey) {
    if model.own.len() == OWN_MAX {
        model.own.pop_front();
    }
    model.own.push_back(key.clone());
}

fn is_waiting_for(model: &Model, submission: Submission) -> bool {
    matches!(&model.prompt, Some(Prompt::Confirm(confirm)) if confirm.state == ConfirmState::Writing(submission))
}

/// A command was committed.
pub fn done(model: &mut Model, submission: Submission, receipt: Receipt, fx: &mut Vec<Effect>) {
    let Some(sent) = model.sent.get_mut(&submission) else {
        return;
    };
    sent.is_committed = true;
    let (is_quiet, decides) = (sent.is_quiet, sent.decides.clone());
    if is_quiet {
        model.sent.remove(&submission);
    } else {
        let text = format!("{} {}", sent.done, sent.subject);
        toast(model, Tone::Done, text);
    }
    if is_waiting_for(model, submission)
        && let Some(Prompt::Confirm(confirm)) = model.prompt.take()
    {
        compose::sent(model, &confirm, fx);
    }
    if let Some(key) = decides {
        remember_own(model, &key);
        compose::forget_draft(model, &key, fx);
    }
    gate::take_rows(model, receipt.rows, fx);
    queue::ask(model, fx);
}

/// A command was refused.
pub fn refused(model: &mut Model, submission: Submission, refusal: Refusal, fx: &mut Vec<Effect>) {
    let Some(sent) = model.sent.remove(&submission) else {
        return;
    };
    if sent.is_quiet {
        // Only a lease that someone else has is worth a word, and that stands in the prompt.
        if refusal.code == RefusalCode::NotPossible
            && let Some(lease) = &mut model.lease
        {
            lease.refusal = Some(refusal.message);
        }
        return;
    }
    let is_waiting = is_waiting_for(model, submission);
    let has_changed = refusal.code == RefusalCode::ArtifactChanged;
    let hint = if has_changed {
        Some("the new text is being read; your note is kept".to_owned())
    } else {
        refusal.hint.clone()
    };
    if is_waiting && let Some(Prompt::Confirm(confirm)) = &mut model.prompt {
        confirm.state = ConfirmState::Refused(refusal.message.clone(), hint.clone());
    }
    refuse(model, sent.not_done, &refusal.message, hint.as_deref().unwrap_or(""));
    if has_changed {
        gate::reload_files(model, fx);
    }
    gate::ask_job(model, fx);
    queue::ask(model, fx);
}

/// A command's files are on disk, or not yet.
pub fn published(model: &mut Model, submission: Submission, result: Result<(), String>) {
    let sent = model.sent.remove(&submission);
    if let Err(why) = result {
        let is_decision = sent.is_none_or(|sent| sent.decides.is_some());
        let head = if is_decision {
            "Decided, not yet on disk"
        } else {
            "Done, not yet on disk"
        };
        let hint = "it is safe in the database and is written when that works again";
        refuse(model, head, &why, hint);
    }
}
