//! Last calls: what is said before a timer ends, once each, and whether it reached anybody.

use serde_json::json;

use domain::event::EventType;
use domain::gate::Gate;
use domain::key::{GateKey, GateRef};
use domain::operator::Operator;
use domain::refusal::Refusal;
use domain::timer::{GateTimer, LastCalls};
use domain::wake::Wake;
use text::words::{duration, seconds_begun};

use super::job_edit::JobEdit;

/// The next last call of the gate is due.
pub(super) fn say(draft: &mut JobEdit<'_>, gate: Gate, timer: &GateTimer, call: Wake) -> Result<(), Refusal> {
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let called = timer.called(&gate.policy.remind_before_s, call, draft.cx.now);
    let (Some((timer, left_us)), Some(at_zero)) = (called, gate.at_zero()) else {
        return Err(Refusal::not_due(&gate.key));
    };
    let before_s = timer.calls.as_ref().and_then(|calls| calls.said_s);
    draft.put_timer(gate, timer);
    let left_s = seconds_begun(left_us);
    let will = at_zero.will(&format!("in {}", duration(left_s)));
    let message = format!("last call for {stage} #{attempt}: the timer will {will}");
    let mut payload = json!({ "attempt": attempt, "before_s": before_s, "left_s": left_s, "at_zero": at_zero.then });
    if let Some(doubt) = at_zero.because {
        payload["doubt"] = json!(doubt);
    }
    draft.log(EventType::LastCall, Some(&stage), message, payload);
    Ok(())
}

/// A last call of the gate stands on a screen of this person.
pub(super) fn shown(draft: &mut JobEdit<'_>, wanted: &GateRef, by: &Operator) -> Result<(), Refusal> {
    let gate = draft.still_open(wanted)?;
    let (name, host) = (&by.name, &by.via.host);
    reached(
        draft,
        gate,
        &format!("stands on a screen of {name}@{host}"),
        ("by", name),
    );
    Ok(())
}

/// A webhook took a last call of the gate. Only one that asks for last calls reaches somebody by
/// it: a receiver that is told everything may be an archive.
pub(super) fn answered(
    draft: &mut JobEdit<'_>,
    key: &GateKey,
    webhook: &str,
    is_asked_for: bool,
) -> Result<(), Refusal> {
    let gate = draft.still_open(&GateRef::from(key))?;
    if !is_asked_for {
        return Ok(());
    }
    reached(
        draft,
        gate,
        &format!("was taken by the webhook {webhook}"),
        ("webhook", webhook),
    );
    Ok(())
}

/// The first one that is reached is noted: later ones say nothing new.
fn reached(draft: &mut JobEdit<'_>, gate: Gate, how: &str, (what, who): (&str, &str)) {
    let is_news = |calls: &&LastCalls| calls.said_s.is_some() && !calls.is_reached;
    let Some(timer) = gate.timer.clone() else { return };
    let Some(calls) = timer.calls.as_deref().filter(is_news).cloned() else {
        return;
    };
    let calls = LastCalls {
        is_reached: true,
        ..calls
    };
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let calls = Some(Box::new(calls));
    draft.put_timer(gate, GateTimer { calls, ..timer });
    let payload = json!({ "attempt": attempt, what: who });
    let message = format!("the last call for {stage} #{attempt} {how}");
    draft.log(EventType::GateReached, Some(&stage), message, payload);
}
