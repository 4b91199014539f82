//! Which gates are due: one heap over the wake-up times of all open gates that have any.
//!
//! Holds no truth: it is filled from the store's rows and may be behind them. A gate that is found
//! due is only *asked* to expire; the rows decide (see `reducer`). Knows no channel and no clock.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use domain::hosts::AHEAD_US_MAX;
use domain::ids::JobId;
use domain::key::GateKey;
use domain::time::{Now, SECOND_US};
use domain::wake::{Armed, Due, DueGate, Wake};

/// How long a process that does not lead leaves a due gate to the leader (SPEC §9): a stopped
/// leader freezes no timer.
pub(crate) const FOLLOWER_PATIENCE_US: i64 = 5 * SECOND_US;

/// The longest sleep: suspend and clock steps are noticed at least this often.
const SLEEP_US_MAX: i64 = 30 * SECOND_US;

/// A gate that was asked to expire is not asked again for this long, unless its rows are read anew.
const ASK_AGAIN_US: i64 = 2 * SECOND_US;

/// The heap, and what each gate in it waits for.
#[derive(Debug, Clone, Default)]
pub struct Ticker {
    armed: HashMap<GateKey, Armed>,
    by_job: HashMap<JobId, HashSet<GateKey>>,
    /// By what the boot clock will show.
    heap: BinaryHeap<Reverse<(i64, GateKey)>>,
    asked: HashMap<GateKey, i64>,
    patience_us: i64,
    /// How civil time stood to the boot clock when the gates were first seen, where others watch it.
    watched_us: Option<i64>,
}

impl Ticker {
    /// A ticker of a process that does not lead.
    pub fn follower() -> Self {
        Self {
            patience_us: FOLLOWER_PATIENCE_US,
            ..Self::default()
        }
    }

    /// The same on a record that hosts share: whoever acts by a clock that is off is refused, so what
    /// was first seen by another clock than that of now is seen anew.
    pub fn of_host() -> Self {
        Self {
            watched_us: Some(i64::MIN),
            ..Self::follower()
        }
    }

    fn see_anew(&mut self, now: Now) {
        let is_us = now.utc.micros().saturating_sub(now.boot_us);
        let is_same = |then_us: i64| is_us.saturating_sub(then_us).saturating_abs() <= AHEAD_US_MAX;
        if self.watched_us.is_none_or(is_same) {
            return;
        }
        self.watched_us = Some(is_us);
        self.heap.clear();
        for (key, armed) in std::mem::take(&mut self.armed) {
            self.arm(key, armed.wake, now);
        }
    }

    /// Tells whether this process leads now.
    pub fn set_lead(&mut self, is_lead: bool) {
        self.patience_us = if is_lead { 0 } else { FOLLOWER_PATIENCE_US };
    }

    /// Replaces what is known of one job's gates by these wake-up times.
    pub(crate) fn set_job(&mut self, job_id: &JobId, wakes: impl IntoIterator<Item = (GateKey, Wake)>, now: Now) {
        self.see_anew(now);
        let mut former = self.by_job.remove(job_id).unwrap_or_default();
        let mut keys = HashSet::new();
        for (key, wake) in wakes {
            former.remove(&key);
            self.arm(key.clone(), wake, now);
            keys.insert(key);
        }
        for gone in former {
            self.armed.remove(&gone);
            self.asked.remove(&gone);
        }
        if !keys.is_empty() {
            self.by_job.insert(job_id.clone(), keys);
        }
    }

    /// Replaces everything.
    pub fn set_all(&mut self, wakes: Vec<(GateKey, Wake)>, now: Now) {
        self.see_anew(now);
        let known: HashSet<_> = wakes.iter().map(|(key, _)| key.clone()).collect();
        self.armed.retain(|key, _| known.contains(key));
        self.by_job.clear();
        self.asked.retain(|key, _| known.contains(key));
        for (key, wake) in wakes {
            self.by_job.entry(key.job_id.clone()).or_default().insert(key.clone());
            self.arm(key, wake, now);
        }
    }

    fn arm(&mut self, key: GateKey, wake: Wake, now: Now) {
        // A time that was seen before keeps its first sight: seeing it again after a clock step
        // would believe the step.
        if self.armed.get(&key).is_some_and(|armed| armed.wake == wake) {
            return;
        }
        self.asked.remove(&key);
        let armed = Armed::first_seen(wake, now);
        self.armed.insert(key.clone(), armed);
        self.heap.push(Reverse((armed.boot_us, key)));
    }

    /// At most `max` gates that are due, and marks them as asked.
    pub fn due(&mut self, now: Now, max: usize) -> Vec<DueGate> {
        self.see_anew(now);
        let mut due = Vec::new();
        let mut later = Vec::new();
        while due.len() < max {
            let Some(Reverse((boot_us, key))) = self.heap.peek().cloned() else {
                break;
            };
            let Some(armed) = self.armed.get(&key).filter(|armed| armed.boot_us == boot_us) else {
                self.heap.pop();
                continue;
            };
            if boot_us.saturating_add(self.patience_us) > now.boot_us {
                break;
            }
            self.heap.pop();
            later.push(Reverse((boot_us, key.clone())));
            if self.asked.get(&key).is_some_and(|again_us| now.boot_us < *again_us) {
                continue;
            }
            let is_missed = match armed.due(now, self.patience_us) {
                Due::NotYet(_) => continue,
                Due::Now => false,
                Due::Missed(_) => true,
            };
            due.push(DueGate::found(key, armed.wake, is_missed, now));
        }
        self.heap.extend(later);
        for gate in &due {
            self.asked
                .insert(gate.key.clone(), now.boot_us.saturating_add(ASK_AGAIN_US));
        }
        due
    }

    /// Microseconds until there may be something to do; none when no gate is timed.
    pub fn sleep_us(&mut self, now: Now) -> Option<i64> {
        self.see_anew(now);
        let mut waits = None;
        let mut later = Vec::new();
        while let Some(Reverse((boot_us, key))) = self.heap.peek().cloned() {
            let Some(armed) = self.armed.get(&key).filter(|armed| armed.boot_us == boot_us) else {
                self.heap.pop();
                continue;
            };
            let again_us = self
                .asked
                .get(&key)
                .map_or(0, |again_us| again_us.saturating_sub(now.boot_us));
            let wait_us = match armed.due(now, self.patience_us) {
                Due::NotYet(wait_us) => wait_us,
                Due::Now | Due::Missed(_) => 0,
            };
            let wait_us = wait_us.max(again_us);
            waits = Some(waits.map_or(wait_us, |least: i64| least.min(wait_us)));
            if boot_us.saturating_add(self.patience_us) > now.boot_us {
                break;
            }
            self.heap.pop();
            later.push(Reverse((boot_us, key)));
        }
        self.heap.extend(later);
        waits.map(|wait_us| wait_us.clamp(0, SLEEP_US_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::anchor::{Anchor, BootId};
    use domain::ids::StageName;
    use domain::time::Timestamp;
    use domain::wake::WakeKind;

    const fn s(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * SECOND_US)
    }

    fn now(utc_s: i64, boot_s: i64) -> Now {
        Now {
            utc: s(utc_s),
            boot_us: boot_s * SECOND_US,
            boot: BootId::UNKNOWN,
        }
    }

    fn deadline(at_s: i64) -> Wake {
        Wake {
            at: s(at_s),
            kind: WakeKind::Deadline,
            anchor: Anchor::default(),
        }
    }

    fn key(job: &str) -> GateKey {
        GateKey {
            job_id: JobId::new(job).unwrap(),
            stage: StageName::new("script").unwrap(),
            attempt: 1,
        }
    }

    fn leading(wakes: &[(&str, i64)]) -> Ticker {
        let mut ticker = Ticker::default();
        ticker.set_all(
            wakes.iter().map(|(job, at)| (key(job), deadline(*at))).collect(),
            now(1000, 0),
        );
        ticker
    }

    fn due_jobs(ticker: &mut Ticker, now: Now) -> Vec<String> {
        ticker
            .due(now, 100)
            .iter()
            .map(|gate| gate.key.job_id.to_string())
            .collect()
    }

    #[test]
    fn the_earliest_deadline_wakes_and_fires_first() {
        let mut ticker = leading(&[("late", 1060), ("soon", 1010), ("mid", 1030)]);
        assert_eq!(ticker.sleep_us(now(1000, 0)), Some(10 * SECOND_US));
        assert_eq!(due_jobs(&mut ticker, now(1030, 30)), ["soon", "mid"]);
    }

    #[test]
    fn a_gate_that_was_asked_is_not_asked_again_at_once_but_again_later() {
        let mut ticker = leading(&[("a", 1010)]);
        assert_eq!(due_jobs(&mut ticker, now(1010, 10)), ["a"]);
        assert!(due_jobs(&mut ticker, now(1010, 10)).is_empty());
        assert_eq!(
            ticker.sleep_us(now(1010, 10)),
            Some(2 * SECOND_US),
            "or the loop would spin"
        );
        assert_eq!(due_jobs(&mut ticker, now(1012, 12)), ["a"]);
    }

    #[test]
    fn a_moved_deadline_replaces_the_old_one() {
        let mut ticker = leading(&[("a", 1010)]);
        ticker.set_job(&key("a").job_id, [(key("a"), deadline(1100))], now(1005, 5));
        assert!(due_jobs(&mut ticker, now(1050, 50)).is_empty());
        assert_eq!(due_jobs(&mut ticker, now(1100, 100)), ["a"]);
        ticker.set_job(&key("a").job_id, [], now(1100, 100));
        assert!(ticker.armed.is_empty());
        assert_eq!(ticker.sleep_us(now(1100, 100)), None);
    }

    #[test]
    fn reading_the_rows_again_after_a_clock_step_does_not_believe_the_step() {
        let mut ticker = leading(&[("a", 1100)]);
        ticker.set_all(vec![(key("a"), deadline(1100))], now(9000, 10));
        assert!(due_jobs(&mut ticker, now(9000, 10)).is_empty());
        assert_eq!(ticker.sleep_us(now(9000, 10)), Some(30 * SECOND_US));
        assert_eq!(due_jobs(&mut ticker, now(9090, 100)), ["a"]);
    }

    #[test]
    fn a_follower_leaves_the_leader_five_seconds() {
        let mut ticker = Ticker::follower();
        ticker.set_all(vec![(key("a"), deadline(1010))], now(1000, 0));
        assert!(due_jobs(&mut ticker, now(1014, 14)).is_empty());
        let due = ticker.due(now(1015, 15), 10);
        assert_eq!(due.len(), 1);
        assert!(!due[0].is_missed, "the leader was stopped, not the gate late");
    }

    #[test]
    fn what_a_host_saw_by_a_clock_that_was_off_is_seen_anew_when_that_is_right() {
        let lease = Wake {
            kind: WakeKind::LeaseEnd,
            ..deadline(1030)
        };
        let mut ticker = Ticker::of_host();
        ticker.set_all(vec![(key("a"), lease)], now(4600, 0));
        assert!(due_jobs(&mut ticker, now(1010, 10)).is_empty(), "it is not over");
        assert!(
            due_jobs(&mut ticker, now(1030, 30)).is_empty(),
            "nor the leader stopped"
        );
        assert_eq!(due_jobs(&mut ticker, now(1035, 35)), ["a"]);
    }

    #[test]
    fn many_due_at_once_come_in_bounded_turns() {
        let jobs: Vec<_> = (0..1000).map(|n| format!("j{n}")).collect();
        let wakes: Vec<_> = jobs.iter().map(|job| (job.as_str(), 1010)).collect();
        let mut ticker = leading(&wakes);
        let mut all = HashSet::new();
        for _ in 0..4 {
            let turn = ticker.due(now(1010, 10), 250);
            assert_eq!(turn.len(), 250);
            all.extend(turn.into_iter().map(|gate| gate.key));
        }
        assert_eq!(all.len(), 1000);
    }
}
