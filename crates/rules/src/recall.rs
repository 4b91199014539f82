//! Decisions that may be taken back for a while (`recall_s`): carried out when that is over, or
//! taken back before anything has moved.

use serde_json::json;

use domain::change::Change;
use domain::event::{EventType, MADE_AT};
use domain::gate::{Gate, GateState, OnDisk, Settled, Verdict};
use domain::heartbeat::Heartbeat;
use domain::job::{JobRows, JobStatus};
use domain::key::{GateKey, GateRef};
use domain::operator::Operator;
use domain::recall::{RecallWindow, Recalled};
use domain::refusal::{Refusal, TryAgain};
use domain::time::Now;
use domain::wake::DueGate;
use text::words::seconds_begun;

use super::job_edit::JobEdit;
use super::{Context, Evidence, Happening, Trigger, applied, reduce, stages};

/// A decision can no longer be taken back: what it comes to happens now. The rows have the last
/// word: somebody may have been quicker.
pub(super) fn over(draft: &mut JobEdit<'_>, due: &DueGate) -> Result<(), Refusal> {
    let key = &due.key;
    let (stage, attempt) = (&key.stage, key.attempt);
    let gate = draft.rows.gate(stage, attempt).cloned();
    let found = gate.and_then(|gate| Some((gate.recall.clone()?, gate)));
    let is_due = |window: &RecallWindow| due.is_due_for(window.wake(), draft.cx.now);
    let Some((window, gate)) = found.filter(|(window, _)| is_due(window)) else {
        return Err(Refusal::not_due(key));
    };
    let sealed = draft.rows.decision_on(key).ok_or_else(|| Refusal::not_due(key))?;
    let decision = sealed.decision.clone();
    // The patch replaces what was reviewed. What somebody put there meanwhile is theirs: it is not
    // written over, and nothing goes on as if it were the patch's.
    let patched = window.effect.as_ref().map(|effect| effect.path());
    let moved = draft
        .evidence
        .on_disk
        .iter()
        .find(|looked| Some(&looked.path) == patched && looked.is_moved());
    if let Some(why) = moved.map(OnDisk::difference) {
        if let Some(recalled) = end(draft, &gate, "policy", Some(&why)) {
            open_again(draft, gate, recalled);
        }
        return Ok(());
    }
    // What was told of the decision is told of what comes of it.
    let overridden = decision.overridden().map(|name| (key.clone(), name.to_owned()));
    draft.overridden = overridden.into_iter().collect();
    let artifacts = match &window.effect {
        Some(effect) => draft.patched(stage, attempt, gate.artifacts.clone(), effect, decision.by()),
        None => gate.artifacts.clone(),
    };
    draft.finish_gate(Gate {
        artifacts,
        recall: None,
        ..gate
    });
    draft.decided(&decision, Some(decision.at()));
    stages::pause_where_moved(draft)
}

/// The decision is taken back: it stays in the record, and the gate opens once more, as the next
/// attempt, on the bytes that were decided on. For a person: whoever takes an approval back doubts,
/// and silence must not decide then.
pub(super) fn take_back(draft: &mut JobEdit<'_>, wanted: &GateRef, by: &Operator) -> Result<(), Refusal> {
    let gate = draft
        .rows
        .gate_of(&wanted.stage, draft.evidence.pinned(wanted).attempt)
        .cloned();
    let gate = gate.ok_or_else(|| Refusal::no_gate(&draft.rows, &wanted.stage, wanted.attempt))?;
    let Some(recalled) = end(draft, &gate, &by.name, None) else {
        return Err(not_recallable(&draft.rows, &gate));
    };
    open_again(draft, gate, recalled);
    Ok(())
}

/// The gate is open once more, as the next attempt, for a person.
fn open_again(draft: &mut JobEdit<'_>, gate: Gate, recalled: Recalled) {
    let now = draft.cx.now;
    let again = Gate {
        key: GateKey {
            attempt: draft.rows.next_attempt(&gate.key.stage),
            ..gate.key
        },
        state: GateState::Open,
        policy: gate.policy.for_a_person(),
        opened_at: now.utc,
        timer: None,
        settled: None,
        heartbeat: gate.heartbeat.map(|former| Heartbeat::begun(former.terms, now)),
        recall: None,
        recalls: Some(recalled),
        ..gate
    };
    // A pause that a rejection at another gate made is that gate's: it goes on.
    let job = &draft.rows.job;
    let paused = (job.status == JobStatus::Paused).then(|| (job.status, job.stage.clone()));
    let opened_by = draft.evidence.opening.opened_by.as_deref();
    draft.open(again, opened_by.map(|name| (name, None)));
    if let Some((status, stage)) = paused {
        let job = &mut draft.rows.job;
        (job.status, job.stage) = (status, stage);
    }
}

/// Why the decision on this gate cannot be taken back.
fn not_recallable(rows: &JobRows, gate: &Gate) -> Refusal {
    let key = &gate.key;
    if let (GateState::Open, Some(Recalled { by, seq, .. })) = (gate.state, &gate.recalls) {
        return Refusal::not_recallable(key, format!("nobody has decided it yet; {by} took decision {seq} back"));
    }
    let job = &rows.job;
    match gate.state {
        GateState::Open => Refusal::not_recallable(key, "nobody has decided it yet"),
        // Each says itself how it ended.
        GateState::Canceled | GateState::Recalled => match gate.open_or_refuse() {
            Err(ended) => ended,
            Ok(()) => Refusal::not_due(key),
        },
        GateState::Approved | GateState::Rejected if gate.policy.recall_s == 0 => {
            Refusal::not_recallable(key, "this gate's policy has no recall_s")
        }
        GateState::Approved | GateState::Rejected => {
            let at = job
                .stage
                .as_ref()
                .map(|stage| format!(", at {stage}"))
                .unwrap_or_default();
            let status = job.status.words();
            Refusal::not_recallable(key, format!("it is carried out, and the job is {status}{at}"))
        }
    }
}

/// Ends the decision's window without anything having come of it. None: it has none.
fn end(draft: &mut JobEdit<'_>, gate: &Gate, by: &str, why: Option<&str>) -> Option<Recalled> {
    gate.recall.as_ref()?;
    let GateKey { stage, attempt, .. } = &gate.key;
    let sealed = draft.rows.decision_on(&gate.key)?;
    let (seq, decision, at) = (sealed.seq, sealed.decision.clone(), draft.cx.now.utc);
    draft.finish_gate(Gate {
        state: GateState::Recalled,
        settled: Some(Settled { by: by.to_owned(), at }),
        recall: None,
        ..gate.clone()
    });
    let what = match Verdict::of(&decision) {
        Verdict::Approve => "approval",
        Verdict::Reject => "rejection",
    };
    let whose = match decision.by() {
        own if own == by => format!("the {what}"),
        other => format!("{other}'s {what}"),
    };
    let because = why.map(|why| format!(": {why}")).unwrap_or_default();
    let message = format!("{by} took back {whose} of {stage} #{attempt}{because}");
    let mut payload = json!({
        "attempt": attempt, "by": by, "seq": seq, "decided_by": decision.by(), "approved": decision.is_approved(),
        "why": why,
    });
    payload[MADE_AT] = json!(decision.at());
    draft.log(EventType::DecisionRecalled, Some(stage), message, payload);
    Some(Recalled {
        seq,
        by: by.to_owned(),
        at,
    })
}

/// Nothing comes of any decision of this job that could still be taken back.
pub(super) fn end_all(draft: &mut JobEdit<'_>, by: &str, why: &str) {
    let gates: Vec<_> = draft
        .rows
        .gates
        .iter()
        .filter(|gate| gate.recall.is_some())
        .cloned()
        .collect();
    for gate in gates {
        end(draft, &gate, by, Some(why));
    }
}

/// Refuses where one of these gates has a decision of which nothing has come yet.
pub(super) fn none_or_refuse<'g>(gates: impl IntoIterator<Item = &'g Gate>, now: Now) -> Result<(), Refusal> {
    let mut found = gates
        .into_iter()
        .filter_map(|gate| Some((&gate.key, gate.recall.as_ref()?)));
    found.next().map_or(Ok(()), |(key, window)| {
        let after_s = seconds_begun(window.left_us(now)).max(1);
        let at = window.until;
        Err(Refusal::still_recallable(key, TryAgain { at, after_s }))
    })
}

/// The rows as these changes make them, and all changes, once the decisions that they make can no
/// longer be taken back: what comes of them by the rules as they are now.
pub(super) fn carried_out(
    before: &JobRows,
    mut changes: Vec<Change>,
    evidence: &Evidence,
    cx: Context<'_>,
) -> Result<(JobRows, Vec<Change>), Refusal> {
    let mut after = applied(before, &changes)?;
    let made = changes.iter().filter_map(|change| {
        let Change::SettleGate { gate, .. } = change else {
            return None;
        };
        gate.recall.is_some().then(|| gate.clone())
    });
    for gate in made.collect::<Vec<_>>() {
        let (then, more) = carry_out(&after, &gate, evidence, cx)?;
        (after, changes) = (then, [changes, more].concat());
    }
    Ok((after, changes))
}

/// The same of one gate's decision, in rows that have it.
pub(super) fn carry_out(
    rows: &JobRows,
    gate: &Gate,
    evidence: &Evidence,
    cx: Context<'_>,
) -> Result<(JobRows, Vec<Change>), Refusal> {
    let window = gate.recall.as_ref().ok_or_else(|| Refusal::not_due(&gate.key))?;
    let then = Context {
        now: cx.now.plus_us(window.left_us(cx.now)),
        ..cx
    };
    let due = DueGate::found(gate.key.clone(), window.wake(), false, then.now);
    let over = Trigger::Happened(Happening::Expired(due));
    let changes = reduce(&rows.job.id, Some(rows), &over, evidence, then)?;
    Ok((applied(rows, &changes)?, changes))
}
