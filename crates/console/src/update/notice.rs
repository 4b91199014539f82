//! What the engine tells: answers, events, configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ahead, comment, compose, files, gate, handover, last_call, look, mark, preview, queue, since};
use crate::effect::Effect;
use crate::facts::label;
use crate::layout;
use crate::model::Model;
use crate::model::panes::Lower;
use crate::model::toast::Tone;
use crate::question::{Answered, Read};
use crate::update::outgoing::{ask_board, ask_decisions, ask_figures, ask_jobs, readable, tell, toast};
use domain::event::{Event, EventType, HOLD_KIND};
use domain::ids::StageName;
use domain::key::GateKey;
use domain::policy::GatePolicy;

/// Takes an answer. What could not be read is told, and asked for again by the next event.
pub(crate) fn answered(model: &mut Model, answered: Answered, fx: &mut Vec<Effect>) {
    match answered {
        Answered::Queue(rows) => match told(model, rows) {
            Some(rows) => queue::take(model, rows, fx),
            None => {
                model.outgoing.queue.end();
            }
        },
        Answered::Leader(leader) => {
            if let Some(leader) = told(model, leader) {
                model.health.lead.leader = leader;
                model.health.lead.is_known = true;
            }
        }
        Answered::Job(job_id, rows) => match told(model, rows) {
            Some(rows) => gate::take_job(model, &job_id, rows, fx),
            None => {
                model.outgoing.job.end();
            }
        },
        Answered::Events(job_id, events) => {
            if let (Some(events), Some(job)) = (told(model, events), &mut model.panes.job)
                && job.job_id == job_id
            {
                job.events = events;
            }
        }
        Answered::Log(job_id, stage, attempt, log) => {
            if let (Some(log), Some(job)) = (told(model, log), &mut model.panes.job)
                && job.job_id == job_id
                && job.current_log() == Some((stage, attempt))
            {
                job.log = log.map(|bytes| log_lines(&bytes));
            }
        }
        Answered::Decisions(decisions) => {
            if let Some(decisions) = told(model, decisions) {
                model.panes.history.decisions = decisions;
                model.panes.history.arrange();
                if !std::mem::replace(&mut model.panes.history.is_loaded, true) {
                    since::ask(fx);
                }
            }
        }
        Answered::Figures(figures) => {
            if let Some(figures) = told(model, figures) {
                model.panes.figures.figures = Some(figures);
            }
        }
        Answered::Jobs(lines) => {
            if model.outgoing.jobs.end() {
                ask_jobs(model, fx);
            }
            if let Some(lines) = told(model, lines) {
                model.panes.jobs.take(lines);
                queue::pass_to_listed(model, fx);
            }
        }
        Answered::Board(until, of, forecast) => {
            // What happened meanwhile is noted by its job, and asked about in a moment.
            if model.outgoing.board.end() && model.panes.board.is_behind {
                ask_board(model, fx);
            }
            let boot_us = model.now.boot_us;
            match told(model, forecast) {
                Some(forecast) => {
                    model.panes.board.take(of.as_ref(), until, forecast, boot_us);
                    queue::pass_to_foreseen(model, fx);
                }
                None => model.panes.board.is_behind = true,
            }
        }
        Answered::OldDecisions(decisions) => match told(model, decisions) {
            Some(decisions) => {
                model.panes.history.old = decisions;
                model.panes.history.arrange();
            }
            None => model.panes.history.is_old_asked = false,
        },
        Answered::Since(events) => {
            if let Some(events) = told(model, events) {
                since::show_missed(model, &events);
            }
        }
        Answered::Sought(job_id, stage, rows) => {
            if let Some(rows) = told(model, rows) {
                queue::not_found(model, &job_id, stage.as_ref(), rows.as_deref());
            }
        }
        Answered::Marked(job_id, rows) => {
            if let Some(rows) = told(model, rows) {
                mark::take(model, &job_id, rows.as_deref());
            }
        }
        Answered::Resumable(job_id, outlook) => {
            let is_refused = told(model, outlook).map(|outlook| outlook.is_err());
            gate::take_resumable(model, &job_id, is_refused, fx);
        }
        Answered::Names(job_id, names) => {
            if let Some(names) = told(model, names) {
                compose::taken_names(model, &job_id, names);
            }
        }
        // What cannot be read of these is told where it would stand.
        Answered::Preview(number, foreseen) => preview::answered(model, number, foreseen, fx),
        Answered::Edited(digest, bytes) => compose::taken_version(model, digest, bytes),
        Answered::OnDisk(number, index, bytes) => files::take_bytes(model, number, index, false, bytes, fx),
        Answered::Handovers(of, found) => {
            if let Some(found) = told(model, found) {
                handover::take(model, of.as_ref(), found);
            }
        }
        Answered::Said(number, index, digest, bytes) => {
            comment::take_version(model, (number, index), digest, bytes, fx);
        }
        Answered::Base(number, index, bytes) => files::take_bytes(model, number, index, true, bytes, fx),
        // What cannot be read of it is told when the selection comes to it.
        Answered::Ahead(key, rows) => ahead::take(model, &key, rows.ok().flatten()),
    }
}

/// What was read; why nothing was is told, unless the newest message says it already: the answer to
/// a key, `Not approved: cannot read …`, must not give way to the same fault of a list.
fn told<T>(model: &mut Model, read: Read<T>) -> Option<T> {
    read.map_err(|why| {
        let newest = model.toasts.newest();
        let is_said = newest.is_some_and(|newest| newest.tone == Tone::Error && newest.text.contains(&why));
        if !is_said {
            toast(model, Tone::Error, format!("Not read: {why}"));
        }
    })
    .ok()
}

fn log_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    // Progress bars write over one line with carriage returns: what stood last is what is shown.
    let shown = |line: &str| {
        let line = line.trim_end_matches('\r');
        line.rsplit('\r').next().unwrap_or(line).to_owned()
    };
    text.lines().map(shown).collect()
}

/// Something happened, here or elsewhere.
pub(crate) fn events(model: &mut Model, events: &[Event], fx: &mut Vec<Effect>) {
    queue::ask(model, fx);
    if model.panes.lower == Lower::Board {
        let jobs = events.iter().map(|event| event.job_id.clone());
        model.panes.board.outdated.jobs.extend(jobs);
    }
    mark::recheck(model, events, fx);
    look::forget_changed(model, events);
    ahead::outdate(model, events);
    let job_id = model.panes.job.as_ref().map(|job| job.job_id.clone());
    if events.iter().any(|event| Some(&event.job_id) == job_id.as_ref()) {
        gate::ask_job(model, fx);
    }
    let mut has_decision = false;
    for event in events {
        has_decision |= is_decision(event.kind);
        last_call::called(model, event, fx);
        show_event(model, event);
    }
    if has_decision {
        ask_decisions(fx);
        if model.panes.lower == Lower::Figures || layout::is_broad(model) {
            ask_figures(model, fx);
        }
    }
}

fn is_decision(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::GateApproved
            | EventType::GateRejected
            | EventType::GateAutoApproved
            | EventType::DecisionMade
            | EventType::DecisionRecalled
    )
}

// A toast is for what someone else did, and for what went wrong; the rest is in the job pane.
fn show_event(model: &mut Model, event: &Event) {
    let is_it = |key: &GateKey| key.job_id == event.job_id && Some(&key.stage) == event.stage.as_ref();
    let deciding = model.outgoing.sent.values().filter_map(|sent| sent.decides.as_ref());
    let is_own = model.outgoing.own.iter().chain(deciding).any(is_it);
    let by = event.payload.get("by").and_then(serde_json::Value::as_str);
    // Leases come and go with every prompt; a hold is somebody's purpose.
    let is_hold = event.payload.get("kind").and_then(serde_json::Value::as_str) == Some(HOLD_KIND);
    let is_by_other = by.is_some_and(|by| by != model.session.operator.name);
    let is_by_timer = by == Some("timer");
    let tone = match event.kind {
        EventType::GateAutoApproved => Tone::Timer,
        EventType::GateRejected if is_by_timer => Tone::Timer,
        EventType::GateApproved | EventType::GateRejected | EventType::GateCanceled if !is_own => Tone::Info,
        EventType::StageFailed | EventType::JobFailed => Tone::Error,
        EventType::JobCompleted | EventType::GateOverdue | EventType::GateRequesterGone => Tone::Info,
        EventType::GateHeld if event.is_held_by_policy() => Tone::Timer,
        EventType::GateHeld | EventType::GateReleased if is_hold && is_by_other => Tone::Info,
        EventType::GateExtended
        | EventType::GateContextChanged
        | EventType::JobAcknowledged
        | EventType::DecisionRecalled
            if is_by_other =>
        {
            Tone::Info
        }
        EventType::DecisionMade if !is_own => Tone::Info,
        EventType::DecisionMade | EventType::DecisionRecalled => return,
        EventType::GateApproved | EventType::GateRejected | EventType::GateCanceled => return,
        EventType::GateHeld | EventType::GateReleased | EventType::GateExtended | EventType::GateContextChanged => {
            return;
        }
        // The strip says it, as long as it stands.
        EventType::LastCall | EventType::GateReached => return,
        EventType::GateOpened | EventType::GateSeen | EventType::GateRequesterBack => return,
        EventType::ArtifactChanged | EventType::PatchApplied | EventType::PatchUndone => return,
        EventType::StageStarted | EventType::StageCompleted | EventType::JobCreated | EventType::JobStarted => return,
        EventType::JobPaused | EventType::JobResumed | EventType::JobCanceled | EventType::JobAcknowledged => return,
    };
    let row = model.queue.present().find(|row| row.job_id == event.job_id);
    let job = label::job(&event.job_id, row.map_or("", |row| &row.slug));
    let text = format!("{job}: {}", readable(model, &event.message));
    if matches!(event.kind, EventType::StageFailed | EventType::GateOverdue) {
        model.toasts.push(event.ts, tone, text);
    } else {
        model.toasts.push_news(event.ts, tone, text);
    }
}

/// The configuration was loaded again.
pub(crate) fn config_loaded(model: &mut Model, gates: Arc<BTreeMap<StageName, GatePolicy>>, warnings: &[String]) {
    model.health.config_faults.clear();
    model.panes.board.outdated.is_all |= model.panes.lower == Lower::Board;
    model.session.gates = gates;
    let text = match warnings {
        [] => "Configuration loaded; in force for gates opened from now on".to_owned(),
        [one] => format!("Configuration loaded with a warning: {one}"),
        // What to do stands before the part that may be cut.
        [first, ..] => {
            let count = warnings.len();
            format!(
                "Configuration loaded with {count} warnings   hint: holdpoint config check lists them   first: {first}"
            )
        }
    };
    tell(model, text);
}
