//! `holdpoint gate show`: one gate with everything that an operator decides by, except the bytes
//! themselves.

use domain::artifact::NO_TEXT;
use domain::comment::Comment;
use domain::gate::{Gate, GateState};
use domain::job::JobRows;
use domain::look::former_look;
use domain::operator::Surface;
use domain::policy::{GatePolicy, GateRule};
use domain::refusal::Refusal;
use engine::Role;
use text::words::duration;
use wire::{GateDoc, HoldDoc, JobGateDoc};

use super::ask::{self, with_engine};
use super::context;
use super::gate_list::time_left;
use super::global::GateArguments;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::words::{ago, clock_time, length, looked, size};

/// Prints it.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, wanted: &GateArguments) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let engine = session.open_existing(Role::Visitor)?;
    let rows = with_engine(engine, async |engine| ask::job(engine, &wanted.job).await).await?;
    let Some(gate) = rows.newest_gate(&wanted.stage) else {
        return Err(Refusal::no_gate(&rows, &wanted.stage, None).into());
    };
    let decision = rows.decision_on(&gate.key).filter(|_| gate.is_final());
    if output.is_json {
        document(output, &session, &rows, Some(gate), |document| {
            document.decision = decision
        })?;
    } else {
        lines(output, &session, &rows, gate)?;
    }
    Ok(Exit::Done)
}

/// The gate as a document, to which `complete` adds what belongs to it; no gate is null.
pub(crate) fn document<'a>(
    output: &mut Output,
    session: &'a CommandContext,
    rows: &'a JobRows,
    gate: Option<&'a Gate>,
    complete: impl FnOnce(&mut JobGateDoc<'a>),
) -> Result<(), CommandError> {
    let document = gate.map(|gate| {
        let mut document = JobGateDoc {
            policy: Some(&gate.policy),
            policy_in_force: session.config.gates.get(&gate.key.stage),
            ..JobGateDoc::of(rows, GateDoc::of_gate(rows, gate, session.lens()))
        };
        complete(&mut document);
        document
    });
    output.document(&document)
}

fn lines(output: &mut Output, session: &CommandContext, rows: &JobRows, gate: &Gate) -> Result<(), CommandError> {
    let shown = GateDoc::of_gate(rows, gate, session.lens());
    let now = session.now();
    output.line(&format!("{}   {}", gate.key, rows.job.slug))?;
    context::lines(output, &gate.context)?;
    let sealed = rows.decision_on(&gate.key);
    let by = sealed.map(|sealed| sealed.decision.by_words());
    let decided = match (by.as_deref().or(shown.by), shown.at) {
        (Some(by), Some(at)) => format!(" by {by} at {} ({})", clock_time(at), ago(at, now)),
        _ => String::new(),
    };
    output.line(&format!("state     {}{decided}", gate.state.as_str()))?;
    if let Some(until) = shown.recall_until {
        let until = clock_time(until);
        output.line(&format!(
            "          it can be taken back until {until}; nothing moves before"
        ))?;
    }
    if let Some(canceled) = shown.canceled.as_ref().or(shown.recalled.as_ref()) {
        let at = clock_time(canceled.at);
        output.line(&format!(
            "          by {} at {at} ({})",
            canceled.by,
            ago(canceled.at, now)
        ))?;
    }
    if let Some(notes) = shown.notes {
        output.block("          ", notes)?;
    }
    comments(output, "          ", shown.comments)?;
    output.line(&format!(
        "opened    {} ({})",
        clock_time(gate.opened_at),
        ago(gate.opened_at, now)
    ))?;
    if let Some(review) = &shown.review {
        output.line(&format!("          {review}"))?;
    }
    if let Some(stopped) = shown.stopped {
        output.line(&format!(
            "deadline  stands still, {} left; runs again by {}{}",
            length(stopped.left_seconds),
            clock_time(stopped.until),
            shown.at_deadline()
        ))?;
    } else if let Some(deadline) = shown.deadline {
        let left = match time_left(&shown) {
            left if left.is_empty() => String::new(),
            left => format!(" (left: {left})"),
        };
        output.line(&format!(
            "deadline  {}{left}{}",
            clock_time(deadline),
            shown.at_deadline()
        ))?;
    }
    output.line(&format!("policy    {}", policy(&gate.policy)))?;
    match session.config.gates.get(&gate.key.stage) {
        Some(in_force) if *in_force != gate.policy => {
            output.line(&format!("          later gates: {}", policy(in_force)))?;
        }
        Some(_) | None => {}
    }
    if let Some(holder) = shown.held_by {
        output.line(&format!("held by   {holder}"))?;
    }
    if let Some(used_up) = shown.hold.and_then(HoldDoc::used_up) {
        output.line(&format!("hold      {used_up}"))?;
    } else if let Some(hold) = shown.hold {
        output.line(&format!(
            "on hold   by {} since {} ({}){}",
            hold.by,
            clock_time(hold.at),
            ago(hold.at, now),
            hold.reason.map(|reason| format!(": {reason}")).unwrap_or_default()
        ))?;
    }
    if let Some(heartbeat) = &gate.heartbeat {
        let (every, when_gone) = (duration(heartbeat.terms.heartbeat_s), heartbeat.terms.when_gone);
        let stands = match heartbeat.gone_since {
            Some(since) => format!("the requester is gone, last seen {}", ago(since, now)),
            None => format!(
                "last {}, at most {every} apart, else {when_gone}",
                ago(heartbeat.alive_at, now)
            ),
        };
        output.line(&format!("alive     {stands}"))?;
    }
    if let Some(addable) = shown.addable_seconds {
        output.line(&format!(
            "to add    at most {} by holds and extensions",
            length(addable)
        ))?;
    }
    for seen in shown.seen {
        output.line(&format!("seen by   {}", looked(seen)))?;
    }
    output.line(&format!("digest    {}", gate.digest()))?;
    if !gate.context.is_empty() {
        output.line(&format!("context   {}", gate.context.digest()))?;
    }
    for (artifact, reviewed) in shown.artifacts.iter().zip(&gate.artifacts) {
        output.line("")?;
        output.line(&format!(
            "{}   {}, {}",
            artifact.path,
            artifact.kind,
            size(artifact.size_bytes)
        ))?;
        output.line(&format!("  digest  {}", artifact.sha256))?;
        let change = if artifact.is_binary {
            NO_TEXT.to_owned()
        } else {
            format!("+{} -{}", artifact.added_lines, artifact.removed_lines)
        };
        let base = match (&artifact.base, artifact.base_sha256) {
            (Some(origin), Some(digest)) => format!("against {} {origin}", digest.short()),
            _ => "new".to_owned(),
        };
        output.line(&format!("  change  {change} {base}"))?;
        if let Some(since) = reviewed.since_rejection_words(&session.operator.name) {
            output.line(&format!("          {since}"))?;
        }
        let look = former_look(rows, gate, reviewed, &session.operator.name);
        if let Some(look) = look.filter(|_| gate.state == GateState::Open) {
            let (was, at) = (look.digest.short(), clock_time(look.at));
            output.line(&format!(
                "          changed since you looked at {was} at {at}: --base seen shows that"
            ))?;
        }
    }
    Ok(())
}

/// What was said about lines, each behind its place.
pub(super) fn comments(output: &mut Output, indent: &str, comments: &[Comment]) -> Result<(), CommandError> {
    for comment in comments {
        output.block(indent, &format!("{} {}", comment.place(), comment.text))?;
    }
    Ok(())
}

/// A policy in words.
fn policy(policy: &GatePolicy) -> String {
    match policy.rule() {
        GateRule::Pass => "no gate: the stage passes".to_owned(),
        GateRule::Person => "a person decides".to_owned(),
        GateRule::Timer { .. } => format!(
            "a person decides, or the timer: {}",
            policy.timer_words().unwrap_or_default()
        ),
    }
}
