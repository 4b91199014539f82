//! The screen's reducer: model and message in, effects out. No clock, no terminal, no engine.

mod access;
mod act;
mod ahead;
pub(crate) mod comment;
pub(crate) mod compose;
mod diff;
pub(crate) mod files;
mod gate;
mod handover;
mod keys;
mod last_call;
mod lease;
mod leases;
pub(crate) mod look;
mod mark;
mod motion;
mod mouse;
mod note;
mod notice;
mod outcome;
pub(crate) mod outgoing;
mod preview;
mod prompt;
mod queue;
mod read_on;
mod recall;
mod since;
mod slips;
mod text;
mod time;

use crate::effect::{Effect, FrameFacts, Msg};
use crate::input::TerminalInput;
use crate::layout;
use crate::model::Model;
use crate::prompt::unsent;
use crate::update::keys::press;
use crate::update::outgoing::{ask_leader, tell};

#[cfg(test)]
pub(crate) use act::act;
pub use compose::unsaved_drafts;
pub(crate) use lease::release_leases;
pub use look::wake_us as look_wake_us;
pub(crate) use time::next_wake_us;

/// What a console does first.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    queue::ask(model, &mut effects);
    ask_leader(model, &mut effects);
    outgoing::ask_decisions(&mut effects);
    if layout::is_broad(model) {
        outgoing::ask_figures(model, &mut effects);
    }
    if let Some(hint) = model.session.hint.clone() {
        tell(model, hint);
    }
    effects
}

/// Takes one message.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    let fx = &mut effects;
    if let Msg::Input(
        TerminalInput::Paste(_) | TerminalInput::Burst(_) | TerminalInput::LineEnd(_) | TerminalInput::Resize(..),
    ) = &msg
    {
        // An Enter that waits for the rules was about what stood there when it came. A key ends
        // that wait too, in `press`.
        model.preview.is_enter_waiting = false;
    }
    let (gate, was_asked) = (model.queue.selected().cloned(), model.prompt.is_some());
    let is_input = matches!(msg, Msg::Input(_));
    model.toasts.begin(is_input);
    match msg {
        Msg::Tick(now) => {
            // The one message that changes nothing by itself: whether it is visible is decided
            // there.
            time::tick(model, now, fx);
            last_call::retitle(model, fx);
            return effects;
        }
        Msg::Drawn(facts) => {
            drawn(model, facts, fx);
            return effects;
        }
        // Whatever it means, it was meant for something else: the text is on its way.
        Msg::Input(input) if model.keys.away.is_some() && !matches!(input, TerminalInput::Resize(..)) => {
            compose::say_away(model);
        }
        Msg::Input(TerminalInput::Key(key)) => {
            unsent::outcomes_read(model, fx);
            press(model, key, fx);
        }
        Msg::Input(TerminalInput::Torn(key)) => {
            slips::torn(model, key, fx);
            unsent::torn(model);
        }
        Msg::Input(TerminalInput::Paste(text)) => text::paste(model, &text, fx),
        Msg::Input(TerminalInput::Burst(text)) => text::burst(model, &text, fx),
        Msg::Input(TerminalInput::LineEnd(key)) => keys::line_end(model, key, fx),
        Msg::Input(TerminalInput::Mouse(mouse)) => {
            look::present(model);
            mouse::mouse(model, mouse, fx);
        }
        Msg::Input(TerminalInput::Resize(columns, rows)) => {
            model.window.size = (columns, rows);
            queue::settle(model);
            if layout::is_broad(model) && model.panes.figures.figures.is_none() {
                outgoing::ask_figures(model, fx);
            }
            fx.push(Effect::Repaint);
        }
        Msg::Answered(answered) => notice::answered(model, answered, fx),
        Msg::Done(ticket, result) => {
            model.unsent.told(Some(ticket));
            match result {
                Ok(receipt) => outcome::done(model, ticket, *receipt, fx),
                Err(refusal) => outcome::refused(model, ticket, refusal, fx),
            }
        }
        Msg::Published(ticket, result) => outcome::published(model, ticket, result),
        Msg::Events(events) => {
            preview::outdate(model, Some(&events));
            notice::events(model, &events, fx);
        }
        Msg::Changed => {
            queue::ask(model, fx);
            looked(model, fx);
        }
        // Reading the queue costs by what waits: not for rows that are the same.
        Msg::Looked => looked(model, fx),
        Msg::Lead(is_leading) => {
            model.health.lead.is_here = is_leading;
            ask_leader(model, fx);
        }
        Msg::ConfigLoaded(gates, offers, warnings) => {
            preview::outdate(model, None);
            if model.session.offers.groups != offers.groups {
                queue::fold(model, offers.groups);
            }
            if model.session.offers != offers {
                // A digit would now write something else, so the question is shown again.
                model.session.offers = offers;
                model.ask_again();
            }
            notice::config_loaded(model, gates, &warnings);
        }
        Msg::ConfigBroken(faults) => model.health.config_faults = faults,
        Msg::Trouble(trouble) => model.health.trouble = trouble,
        Msg::ReadOnly(why) => (model.session.is_read_only, model.session.newer) = (true, Some(why)),
        Msg::DiffReady(done) => files::diff_ready(model, *done, fx),
        Msg::DiffFailed(index, number) => files::diff_failed(model, index, number),
        Msg::Measured(index, number, details) => files::measured(model, index, number, details),
        Msg::Placed(index, number, places) => comment::placed(model, index, number, &places),
        Msg::Found(number, spot) => diff::found(model, number, spot),
        Msg::PatchChecked(revision, result) => compose::checked(model, revision, result, fx),
        Msg::Completed(revision, candidates) => compose::completed(model, revision, candidates, fx),
        Msg::PreviewReady(revision, preview) => compose::previewed(model, revision, preview),
        Msg::CopyReady(result) => compose::copy_ready(model, result, fx),
        Msg::CopySaved(text) => compose::copy_saved(model, &text, fx),
        Msg::ExternalEditorEnded(ending) => compose::external_editor_ended(model, ending, fx),
        Msg::CopyRead(result) => compose::copy_read(model, result, fx),
        Msg::Drafts(drafts, problems) => {
            model.health.draft_problems = problems;
            for draft in drafts {
                model.drafts.by_gate.entry(draft.key.clone()).or_insert(draft);
            }
        }
        Msg::Unsent(unsent, told) => {
            for told in told {
                tell(model, told);
                model.unsent.told(None);
            }
            model.unsent.waiting = unsent.into();
        }
        Msg::Marks(left) => model.marks.left = left,
        Msg::Discarded(discarded) => model.drafts.discarded = discarded,
        Msg::PutAside(draft) => compose::put_aside_elsewhere(model, *draft, fx),
        Msg::Access(rights, expires) => access::changed(model, rights, expires),
        Msg::NotSuspended => tell(model, "Not suspended: there is no shell here that could continue it"),
        Msg::Continued => {
            model.last_calls.title = None;
            fx.push(Effect::Repaint);
            queue::ask(model, fx);
            ask_leader(model, fx);
        }
    }
    unsent::go_on(model, fx);
    mark::keep(model, fx);
    model.window.is_dirty = true;
    // Any other key is about what is selected.
    if is_input && model.queue.selected() == gate.as_ref() {
        gate::arrive(model, fx);
    }
    leases::renew(model, fx);
    last_call::retitle(model, fx);
    let is_asked = !was_asked && model.prompt.is_some();
    if is_asked || model.queue.selected() != gate.as_ref() {
        model.toasts.forget_answers(is_asked);
    }
    effects
}

// What counts is what the operator had before the eyes: notes go to the view that the frame was
// made of, if it is still there.
fn drawn(model: &mut Model, facts: FrameFacts, fx: &mut Vec<Effect>) {
    let listed = facts.listed;
    if let (Some(prompt), Some(facts)) = (&mut model.prompt, &facts.prompt)
        && facts.is_whole
        && facts.revision == Some(prompt.revision)
    {
        prompt.is_drawn = true;
        // The key bar may show Enter now, so it is drawn again.
        model.window.is_dirty |= prompt.ask.note_drawn(listed);
    }
    model.keys.slips.on_screen = facts.prompt;
    model.unsent.drawn = facts.outcomes;
    last_call::drawn(model, facts.called, fx);
    look::drawn(model, facts.gate.as_ref(), facts.diff);
}

/// What no row tells is looked at again: files, and who leads.
fn looked(model: &mut Model, fx: &mut Vec<Effect>) {
    preview::outdate(model, None);
    ask_leader(model, fx);
    gate::ask_job(model, fx);
}
