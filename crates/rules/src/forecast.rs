//! What the timers will do while nobody does anything: the rules run on, from one due gate to the
//! next, as the ticker would ask them.

use std::collections::BTreeMap;

use domain::forecast::ForeseenEnd;
use domain::gate::{Gate, GateState};
use domain::ids::StageName;
use domain::job::JobRows;
use domain::key::GateKey;
use domain::outlook::Outlook;
use domain::policy::{GatePolicy, GateRule};
use domain::refusal::Refusal;
use domain::time::{Now, Timestamp};
use domain::timer::GateTimer;
use domain::wake::{Armed, Due, DueGate};

use super::{Context, Evidence, Happening, Trigger, applied, reduce};

/// The most turns for one gate: it may lose a lease, be called several times, become overdue and
/// end, and each time both clocks are asked once more.
const STEPS_OF_GATE: usize = 32;

/// What the timers of a job will have done by a time, the first first, if nobody does anything from
/// `cx.now` on: holds and what is open in editors end as the rules end them. Stages that have to run
/// are not foreseen, nor what comes behind them.
///
/// `find` finds the evidence for the end of a gate's time, on the rows as they would be then.
pub fn forecast(
    rows: &JobRows,
    until: Timestamp,
    cx: Context<'_>,
    find: &mut dyn FnMut(&JobRows, &Gate) -> Result<Evidence, Refusal>,
) -> Vec<ForeseenEnd> {
    let (mut rows, mut cx) = (rows.clone(), cx);
    // Whoever promised signs of life is taken to be there: they are a program, and go on.
    rows.gates.iter_mut().for_each(|gate| gate.heartbeat = None);
    let mut armed = BTreeMap::new();
    let mut ends = Vec::new();
    // The last ones are of gates that open meanwhile.
    for _ in 0..(rows.gates.len() + rows.job.stages.len() + 1) * STEPS_OF_GATE {
        let Some(due) = next(&rows, &mut armed, cx) else { break };
        if due.wait_us > 0 {
            cx.now = cx.now.plus_us(due.wait_us);
            if cx.now.utc > until {
                break;
            }
            // Both clocks are asked again.
            continue;
        }
        let gate = due.gate;
        let found = DueGate::found(gate.key.clone(), due.armed.wake, due.is_missed, cx.now);
        let then = find(&rows, gate).and_then(|evidence| {
            let trigger = Trigger::Happened(Happening::Expired(found));
            let changes = reduce(&rows.job.id, Some(&rows), &trigger, &evidence, cx)?;
            Ok((applied(&rows, &changes)?, changes))
        });
        let end = |then| ForeseenEnd {
            key: gate.key.clone(),
            at: cx.now.utc,
            policy: gate.policy.clone(),
            seen_by: gate.wholly_seen_by(),
            then,
        };
        match then {
            Ok((after, changes)) => {
                let then = after.gate(&gate.key.stage, gate.key.attempt);
                if !is_over(gate) && then.is_some_and(is_over) {
                    let outlook = Outlook::of(&rows, &after, &changes, cx.now, cx.grace_s);
                    ends.push(end(Ok(outlook)));
                }
                rows = after;
            }
            Err(refusal) => {
                ends.push(end(Err(refusal)));
                break;
            }
        }
    }
    ends
}

/// Whether it has ended, or only a person ends it any more.
fn is_over(gate: &Gate) -> bool {
    let timer = gate.timer.as_ref();
    gate.state != GateState::Open || timer.is_some_and(|timer| timer.held_by_policy_at.is_some())
}

/// The gate that comes next.
struct Next<'r> {
    gate: &'r Gate,
    armed: Armed,
    /// Microseconds until it is to be asked about.
    wait_us: i64,
    is_missed: bool,
}

/// `armed`: what both clocks said when each time was first seen, as the ticker keeps it.
fn next<'r>(rows: &'r JobRows, armed: &mut BTreeMap<GateKey, Armed>, cx: Context<'_>) -> Option<Next<'r>> {
    let timed = rows.gates.iter().filter(|gate| gate.is_live()).filter_map(|gate| {
        let timer = || {
            gate.timer
                .as_ref()?
                .wake(gate.lease.as_ref(), gate.policy.max_hold_s, cx.grace_s)
        };
        let wake = gate.recall.as_ref().map(|window| window.wake()).or_else(timer)?;
        let known = armed.get(&gate.key).filter(|known| known.wake == wake);
        let sight = known.copied().unwrap_or_else(|| Armed::first_seen(wake, cx.now));
        armed.insert(gate.key.clone(), sight);
        let (wait_us, is_missed) = match sight.due(cx.now, 0) {
            Due::NotYet(us) => (us.max(1), false),
            Due::Now => (0, false),
            Due::Missed(_) => (0, true),
        };
        Some(Next {
            gate,
            armed: sight,
            wait_us,
            is_missed,
        })
    });
    timed.min_by_key(|next| next.wait_us)
}

/// The rows as if their open gates had been opened under other policies, and those gates that would
/// not have been asked for; these wait for a person. `grace_s`: of an overdue gate.
pub fn under_policies(
    mut rows: JobRows,
    policies: &BTreeMap<StageName, GatePolicy>,
    (now, grace_s): (Now, u64),
) -> (JobRows, Vec<GateKey>) {
    let mut unasked = Vec::new();
    let is_manual = rows.job.is_manual;
    for gate in rows.gates.iter_mut().filter(|gate| gate.state == GateState::Open) {
        let policy = policies.get(&gate.key.stage).cloned();
        // What somebody took back is for a person, whatever a policy says.
        let policy = match gate.recalls {
            Some(_) => policy.map(GatePolicy::for_a_person),
            None => policy,
        };
        let rule = policy.as_ref().map_or(GateRule::Pass, GatePolicy::rule);
        gate.timer = match rule {
            GateRule::Timer { after_s, on_timeout } => Some(match (&gate.timer, gate.policy.auto_approve_after_s) {
                (Some(timer), Some(former_s)) => timer.agreed_otherwise(former_s, after_s, on_timeout),
                (None, _) | (_, None) => {
                    let opened = now.plus_us(gate.opened_at.us_since(now.utc));
                    GateTimer::start(opened, after_s, on_timeout)
                }
            })
            .map(|timer| timer.reminding(&policy.clone().unwrap_or_default().remind_before_s, now, grace_s)),
            GateRule::Person => None,
            // Whoever opens a gate from outside wants one.
            GateRule::Pass if is_manual => None,
            GateRule::Pass => {
                unasked.push(gate.key.clone());
                None
            }
        };
        gate.policy = policy.unwrap_or_default();
    }
    (rows, unasked)
}
