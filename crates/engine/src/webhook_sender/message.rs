//! What a delivery says to a person who is woken by it: what is asked, by when, what happens then,
//! and how to answer.

use domain::decision::SealedDecision;
use domain::event::{Event, EventType};
use domain::job::JobRows;
use domain::stage_state::StageState;
use domain::time::clock_time;
use domain::webhook::DeliveryKind;
use text::words::{counted, duration_us};
use webhooks::{Call, Message};
use wire::{DocumentContext, GateDoc};

/// The most files that are named.
const FILES_MAX: usize = 5;

/// What everything is told of.
pub(super) struct Told<'a> {
    pub(super) kind: DeliveryKind,
    pub(super) event: &'a Event,
    pub(super) rows: &'a JobRows,
    pub(super) gate: Option<&'a GateDoc<'a>>,
    pub(super) decision: Option<&'a SealedDecision>,
    pub(super) lens: DocumentContext<'a>,
    /// The server's address, where people reach one.
    pub(super) public_url: Option<&'a str>,
}

/// The message.
pub(super) fn of(told: &Told<'_>) -> Message {
    let job = &told.rows.job;
    let subject = subject(told);
    let title = match (told.kind, told.decision.map(|sealed| &sealed.decision)) {
        (DeliveryKind::GateOpened, _) => format!("Decision wanted: {subject}"),
        (DeliveryKind::GateReminder, _) => format!("Still waits for a decision: {subject}"),
        (DeliveryKind::LastCall, _) => format!("Last call: {subject}"),
        (DeliveryKind::GateHeld, _) => format!("Only a person decides now: {subject}"),
        (DeliveryKind::GateDecided, Some(decision)) => {
            let verdict = if decision.is_approved() { "Approved" } else { "Rejected" };
            format!("{verdict} by {}: {subject}", decision.by())
        }
        (DeliveryKind::GateDecided, None) => format!("Decided: {subject}"),
        (DeliveryKind::GateCanceled, _) => format!("No decision is wanted any more: {subject}"),
        (DeliveryKind::JobEnded, _) => format!("Job {}: {}", told.event.status, job.id),
    };
    let about = match told.gate {
        // Without the attempt: one that opens after a decision was taken back goes on with the same.
        Some(gate) => format!("holdpoint/{}/{}", job.id, gate.stage),
        None => format!("holdpoint/{}", job.id),
    };
    let mut message = Message::new(call(told), &title, about, told.event.ts);
    message.job = job.id.to_string();
    message.stage = told.gate.map(|gate| gate.stage.to_string());
    if let Some(url) = told.public_url {
        let place = match told.gate {
            Some(gate) => format!("/gates/{}/diff", gate.stage),
            None => String::new(),
        };
        message.link = Some(format!("{url}/api/v1/jobs/{}{place}", job.id));
        url.clone_into(&mut message.source);
    }
    let intent = Some(job.intent.as_str()).filter(|intent| !intent.trim().is_empty());
    let intent = intent.map(|intent| format!(": {intent}")).unwrap_or_default();
    let slug = match job.slug.as_str() {
        slug if slug == job.id.as_str() => String::new(),
        slug => format!(" ({slug})"),
    };
    message.fact("Job", &format!("{}{slug}{intent}", job.id));
    match told.gate {
        Some(gate) => gate_facts(&mut message, told, gate),
        None => message.fact("What happened", &told.event.message),
    }
    message
}

/// What is asked, in its own words where it has some.
fn subject(told: &Told<'_>) -> String {
    let slug = &told.rows.job.slug;
    match told.gate {
        None => slug.clone(),
        Some(gate) => match gate.context.and_then(|context| context.title.as_ref()) {
            Some(title) => format!("{title} ({} of {slug})", gate.stage),
            None => format!("{} of {slug}", gate.stage),
        },
    }
}

fn call(told: &Told<'_>) -> Call {
    let context = told.gate.and_then(|gate| gate.context);
    let severity = context.map(|context| context.severity()).unwrap_or_default();
    match told.kind {
        DeliveryKind::GateOpened | DeliveryKind::GateReminder | DeliveryKind::LastCall | DeliveryKind::GateHeld
            // Decided before this was told: whoever reads it has nothing to do.
            if told.gate.is_some_and(|gate| gate.state != StageState::Open) =>
        {
            Call::Over
        }
        DeliveryKind::GateOpened | DeliveryKind::GateReminder | DeliveryKind::GateHeld => Call::Decide(severity),
        DeliveryKind::LastCall => Call::Hurry(severity),
        DeliveryKind::GateDecided if told.decision.is_some_and(|sealed| sealed.decision.is_approved()) => Call::Good,
        DeliveryKind::GateDecided | DeliveryKind::GateCanceled => Call::Over,
        DeliveryKind::JobEnded if told.event.kind == EventType::JobFailed => Call::Look,
        DeliveryKind::JobEnded if told.event.kind == EventType::JobCompleted => Call::Good,
        DeliveryKind::JobEnded => Call::Over,
    }
}

fn gate_facts(message: &mut Message, told: &Told<'_>, gate: &GateDoc<'_>) {
    let attempt = gate.attempt.filter(|attempt| *attempt > 1);
    let attempt = attempt
        .map(|attempt| format!(", attempt {attempt}"))
        .unwrap_or_default();
    message.fact("Stage", &format!("{}{attempt}", gate.stage));
    if let Some(decision) = told.decision.map(|sealed| &sealed.decision) {
        message.fact("Notes", decision.notes().unwrap_or_default());
        return;
    }
    if let Some(context) = gate.context {
        let severity = context.severity();
        if severity.is_marked() {
            message.fact("Severity", severity.as_str());
        }
        message.fact("Asked by", context.requester.as_deref().unwrap_or_default());
        message.fact("Why", context.why.as_deref().unwrap_or_default());
        message.fact("What to do", context.instructions.as_deref().unwrap_or_default());
    }
    message.fact("Again because", gate.review.as_deref().unwrap_or_default());
    message.fact("Changed", &files(gate));
    if gate.state != StageState::Open {
        let by = gate.by.map(|by| format!(" by {by}")).unwrap_or_default();
        message.fact("Now", &format!("{}{by}: nothing is to be done", gate.state));
        return;
    }
    message.fact("Deadline", &deadline(told, gate));
    let server = told
        .public_url
        .map(|url| format!(" --server {url}"))
        .unwrap_or_default();
    for verb in ["show", "approve", "reject"] {
        let (job, stage) = (&told.rows.job.id, gate.stage);
        message
            .commands
            .push(format!("holdpoint{server} gate {verb} {job} {stage}"));
    }
}

fn files(gate: &GateDoc<'_>) -> String {
    let named = gate.artifacts.iter().take(FILES_MAX).map(|artifact| {
        if artifact.is_binary {
            artifact.path.to_string()
        } else {
            format!(
                "{} +{} -{}",
                artifact.path, artifact.added_lines, artifact.removed_lines
            )
        }
    });
    let mut lines: Vec<_> = named.collect();
    let more = gate.artifacts.len().saturating_sub(FILES_MAX);
    if more > 0 {
        lines.push(format!("and {}", counted(more, "more file")));
    }
    lines.join("\n")
}

/// When the timer acts, and what it does then.
fn deadline(told: &Told<'_>, gate: &GateDoc<'_>) -> String {
    let then = gate.at_deadline();
    let now = told.lens.now.utc;
    match (gate.deadline, &gate.stopped) {
        _ if gate.held_by_policy => format!("none{then}"),
        (None, _) => "none: only a person decides".to_owned(),
        (Some(at), None) => format!("{} ({} left){then}", clock_time(at), duration_us(at.us_since(now))),
        (Some(_), Some(stopped)) => {
            format!(
                "the timer is stopped, until {} at most{then}",
                clock_time(stopped.until)
            )
        }
    }
}
