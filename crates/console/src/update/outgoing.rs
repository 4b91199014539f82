//! What all of `update` says, sends and asks.

use crate::effect::Effect;
use crate::facts::{enter, label, verb};
use crate::model::Model;
use crate::model::figures::since;
use crate::model::outgoing::Sent;
use crate::model::toast::Tone;
use crate::question::Question;
use domain::ask::Command;
use domain::ids::JobId;
use domain::key::GateKey;
use domain::time::FORECAST_S;
use engine::api::Ticket;

pub(crate) fn toast(model: &mut Model, tone: Tone, text: impl Into<String>) {
    let at = model.now.utc;
    let text = readable(model, &text.into());
    model.toasts.push(at, tone, text);
}

/// Tells what is no more than news.
pub(crate) fn tell(model: &mut Model, text: impl Into<String>) {
    toast(model, Tone::Info, text);
}

/// What the rules say, with jobs named as the screen names them. A hint stays: it may be a command,
/// which wants the whole id.
pub(crate) fn readable(model: &Model, text: &str) -> String {
    let (said, hint) = text.split_at(text.find("hint: ").unwrap_or(text.len()));
    let of_queue = |id: &JobId| {
        let mut rows = model.queue.present();
        rows.find(|row| row.job_id == *id).map(|row| row.slug.to_string())
    };
    let of_job = |id: &JobId| {
        let rows = model.panes.job.as_ref()?.rows.as_ref()?;
        (rows.job.id == *id).then(|| rows.job.slug.clone())
    };
    let said = label::readable(said, |id| {
        of_queue(id).or_else(|| of_job(id)).map(|slug| slug.to_string())
    });
    said + hint
}

pub(crate) fn ask_leader(model: &mut Model, fx: &mut Vec<Effect>) {
    model.health.lead.asked_boot_us = model.now.boot_us;
    fx.push(Effect::Ask(Question::Leader));
}

pub(crate) fn send(model: &mut Model, sent: Sent, command: Command, fx: &mut Vec<Effect>) -> Ticket {
    let ticket = Ticket(model.outgoing.next_number());
    model.outgoing.sent.insert(ticket, sent);
    fx.push(Effect::Send(ticket, command));
    ticket
}

pub(crate) fn send_quietly(
    model: &mut Model,
    leases: Option<GateKey>,
    command: Command,
    fx: &mut Vec<Effect>,
) -> Ticket {
    let sent = Sent {
        leases,
        is_quiet: true,
        ..Sent::default()
    };
    send(model, sent, command, fx)
}

/// Says what did not happen, why, and what to do.
pub(crate) fn refuse(model: &mut Model, what: &str, why: &str, hint: &str) {
    toast(model, Tone::Error, verb::in_words(what, why, hint));
}

pub(crate) fn say_not_drawn(model: &mut Model) {
    let enter = enter::key(model);
    let text = format!("{enter} came before the prompt was on the screen: read it, then press {enter}");
    tell(model, text);
}

/// What is sent beside decisions and patches, for its toast.
pub(crate) fn other_sent(done: &'static str, not_done: &'static str, subject: &str) -> Sent {
    Sent {
        done,
        not_done,
        subject: subject.to_owned(),
        ..Sent::default()
    }
}

/// Asks for the history.
pub(crate) fn ask_decisions(fx: &mut Vec<Effect>) {
    fx.push(Effect::Ask(Question::Decisions));
}

/// Asks how gates were decided of late.
pub(crate) fn ask_figures(model: &Model, fx: &mut Vec<Effect>) {
    fx.push(Effect::Ask(Question::Figures(since(model.now.utc))));
}

/// Asks for the list of jobs; while a question is under way, once more after it.
pub(crate) fn ask_jobs(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.outgoing.jobs.begin() {
        fx.push(Effect::Ask(Question::Jobs));
    }
}

/// Asks what the timers will do, of the jobs that something happened to; while a question is under
/// way, once more after it.
pub(crate) fn ask_board(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.outgoing.board.begin() {
        let board = &mut model.panes.board;
        let of = board.ask(model.now.boot_us);
        // What is foreseen for single jobs stands beside the rest, so it goes just as far.
        let until = board.until.filter(|_| of.is_some());
        let until = until.unwrap_or(model.now.utc.plus_s(FORECAST_S));
        fx.push(Effect::Ask(Question::Board(until, of)));
    }
}

/// Asks for the history of the old system, once: nothing adds to it.
pub(crate) fn ask_old_decisions(model: &mut Model, fx: &mut Vec<Effect>) {
    if !std::mem::replace(&mut model.panes.history.is_old_asked, true) {
        fx.push(Effect::Ask(Question::OldDecisions));
    }
}

/// A question asks for Enter once more, or a text comes in where none is written.
pub(crate) fn ask_once_more(model: &mut Model) {
    model.keys.slips.once_more_boot_us = Some(model.now.boot_us);
}

/// How far to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Rows; negative is up.
    Rows(isize),
    /// Pages; negative is up.
    Pages(isize),
    /// Half a page.
    Half(isize),
    /// The first row.
    Top,
    /// The last row.
    Bottom,
}

impl Step {
    /// Where it leads from a row of a list that goes up to the last one.
    pub(crate) fn from(self, row: usize, page: usize, last: usize) -> usize {
        row.saturating_add_signed(self.rows(page)).min(last)
    }

    pub(crate) fn rows(self, page: usize) -> isize {
        let page = isize::try_from(page.max(1)).unwrap_or(isize::MAX);
        match self {
            Self::Rows(rows) => rows,
            // A line of the former page stays in sight.
            Self::Pages(pages) => pages.saturating_mul((page - 1).max(1)),
            Self::Half(halves) => halves.saturating_mul((page / 2).max(1)),
            Self::Top => isize::MIN / 2,
            Self::Bottom => isize::MAX / 2,
        }
    }
}
