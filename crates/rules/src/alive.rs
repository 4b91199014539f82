//! Signs of life of whoever asked for a gate, and what becomes of it when none comes.

use serde_json::json;

use domain::context::GateContext;
use domain::decision::TIMER_NAME;
use domain::event::EventType;
use domain::gate::Gate;
use domain::heartbeat::{Heartbeat, HeartbeatTerms, WhenGone};
use domain::key::{GateKey, GateRef};
use domain::operator::Operator;
use domain::refusal::Refusal;
use text::words::duration;

use super::job_edit::JobEdit;
use super::outside;

/// Whoever asked for the gate is there, and may say otherwise why, and promise otherwise.
pub(super) fn keep(
    draft: &mut JobEdit<'_>,
    wanted: &GateRef,
    operator: &Operator,
    context: Option<&GateContext>,
    terms: Option<HeartbeatTerms>,
) -> Result<(), Refusal> {
    let gate = draft.still_open(&draft.evidence.pinned(wanted))?;
    outside::opened_by_them_or_refuse(draft, &gate, operator)?;
    if gate.heartbeat.is_none() && context.is_none() && terms.is_none() {
        return Err(Refusal::no_heartbeat(&gate.key));
    }
    let context = context.cloned().unwrap_or_default().fitting()?;
    let terms = terms.map(HeartbeatTerms::fitting).transpose()?;
    let gate = outside::change_context(draft, operator, gate, context)?;
    heard(draft, operator, gate, terms);
    Ok(())
}

/// A sign of life came, perhaps with other terms; a gate that waits for none stays as it is.
// No event for each: they come as often as somebody likes.
pub(super) fn heard(draft: &mut JobEdit<'_>, operator: &Operator, gate: Gate, terms: Option<HeartbeatTerms>) {
    let former = gate.heartbeat.clone();
    let Some(terms) = terms.or(former.as_ref().map(|former| former.terms)) else {
        return;
    };
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let heartbeat = Some(Heartbeat::begun(terms, draft.cx.now));
    draft.put_gate(Gate { heartbeat, ..gate });
    if former.is_some_and(|former| former.gone_since.is_some()) {
        let payload = json!({ "attempt": attempt, "by": operator.name });
        let message = format!("{stage} #{attempt}: {} gave a sign of life again", operator.name);
        draft.log(EventType::GateRequesterBack, Some(&stage), message, payload);
    }
}

/// No sign of life came in time. Where nobody here could have heard one, the time begins anew.
pub(super) fn silent(draft: &mut JobEdit<'_>, gate: Gate, heartbeat: Heartbeat, is_missed: bool) {
    if is_missed {
        let heartbeat = Some(Heartbeat::begun(heartbeat.terms, draft.cx.now));
        return draft.put_gate(Gate { heartbeat, ..gate });
    }
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let silence = duration(heartbeat.terms.heartbeat_s);
    let who = gate.context.requester.as_deref().unwrap_or("the requester");
    let why = format!("no sign of life of {who} for {silence}");
    match heartbeat.terms.when_gone {
        WhenGone::Withdraw => {
            let words = format!("{stage} #{attempt} is withdrawn");
            outside::end_withdrawn(draft, &gate, TIMER_NAME, &words, Some(&why));
        }
        WhenGone::Keep => {
            let gone_since = Some(heartbeat.alive_at);
            let heartbeat = Some(Heartbeat {
                gone_since,
                ..heartbeat
            });
            draft.put_gate(Gate { heartbeat, ..gate });
            let payload = json!({ "attempt": attempt, "since": gone_since, "by": TIMER_NAME, "why": why });
            let message = format!("{stage} #{attempt} is kept: {why}");
            draft.log(EventType::GateRequesterGone, Some(&stage), message, payload);
        }
    }
}
