//! When the ticker has something to do for a gate, and how both clocks must stand before it does
//! it.

use super::anchor::Anchor;
use super::heartbeat::Heartbeat;
use super::key::GateKey;
use super::lease::{LEASE_S, Lease};
use super::recall::RECALL_US_MAX;
use super::time::{Now, SECOND_US, Timestamp};
use super::timer::GateTimer;

/// A deadline that passed more than this long before the ticker could act makes the gate overdue
/// (SPEC §3).
pub(crate) const OVERDUE_AFTER_US: i64 = 5 * SECOND_US;

const LEASE_US: i64 = LEASE_S as i64 * SECOND_US;

/// What comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WakeKind {
    /// The deadline of a timer that runs: told in civil time, so civil time must have come to it
    /// too.
    Deadline,
    /// A last call before the end: a length of time.
    LastCall,
    /// The end of what persons may add: a length of time.
    Limit,
    /// The requester's sign of life is missed: a length of time.
    Silence,
    /// The end of a lease: a length of time, [`LEASE_S`] at most.
    LeaseEnd,
    /// A decision can no longer be taken back: a length of time, `RECALL_S_MAX` at most.
    RecallEnd,
}

impl WakeKind {
    /// The most microseconds that are waited for it; none: as long as was agreed on.
    fn us_max(self) -> Option<i64> {
        match self {
            Self::Deadline | Self::LastCall | Self::Limit | Self::Silence => None,
            Self::LeaseEnd => Some(LEASE_US),
            Self::RecallEnd => Some(RECALL_US_MAX),
        }
    }
}

/// A time at which the ticker has something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// In civil time as the anchor has it.
    pub at: Timestamp,
    /// What it is the time for.
    pub kind: WakeKind,
    /// What it is counted by.
    pub anchor: Anchor,
}

/// A gate whose time a ticker found come, by both clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueGate {
    pub key: GateKey,
    /// The time that it was found due for. When the rows name another by now, that one was never
    /// looked at by the boot clock, and the gate is not due.
    pub wake: Wake,
    /// Nobody could act when it was due: it becomes overdue first.
    pub is_missed: bool,
    /// How the clocks stood to each other when it was found.
    pub clocks: Anchor,
}

impl DueGate {
    /// As it is found now.
    pub fn found(key: GateKey, wake: Wake, is_missed: bool, now: Now) -> Self {
        Self {
            key,
            wake,
            is_missed,
            clocks: Anchor::of(now),
        }
    }

    /// Whether it is due for this, which its rows name now.
    pub fn is_due_for(&self, wake: Wake, now: Now) -> bool {
        self.wake == wake && wake.is_due_as_found(self.clocks, now)
    }
}

/// The next time at which the ticker has something to do for an open gate. None: never.
pub fn next(
    timer: Option<&GateTimer>,
    lease: Option<&Lease>,
    heartbeat: Option<&Heartbeat>,
    max_hold_s: u64,
    grace_s: u64,
) -> Option<Wake> {
    let timer = timer.and_then(|timer| timer.wake(lease, max_hold_s, grace_s));
    match (timer, heartbeat.and_then(Heartbeat::wake)) {
        (Some(timer), Some(silence)) => Some(timer.earlier(silence)),
        (one, other) => one.or(other),
    }
}

impl Wake {
    /// Whichever comes first.
    pub(crate) fn earlier(self, other: Self) -> Self {
        let is_before = match self.anchor.boot == other.anchor.boot && !self.anchor.is_none() {
            true => self.anchor.boot_us_at(self.at) <= other.anchor.boot_us_at(other.at),
            false => self.at <= other.at,
        };
        if is_before { self } else { other }
    }

    /// Whether its time has come, as far as stored times can tell: after another start of the
    /// machine only [`Armed`] knows whether the boot clock agrees.
    pub(crate) fn is_due(self, now: Now) -> bool {
        let left_us = self.at.us_since(self.anchor.read(now));
        match self.kind {
            WakeKind::Deadline => left_us <= 0 && now.utc >= self.at,
            // More than ever is waited: the clock was set back across a start of the machine.
            WakeKind::LastCall | WakeKind::Limit | WakeKind::Silence | WakeKind::LeaseEnd | WakeKind::RecallEnd => {
                left_us <= 0 || self.kind.us_max().is_some_and(|max_us| left_us > max_us)
            }
        }
    }

    /// The same when a ticker found it due by these clocks: for a lease or a decision of another start
    /// of the machine it has waited as long by the boot clock, and that is more than civil time can
    /// tell. When the civil clock was set since then, it may have found it by a wrong one.
    fn is_due_as_found(self, clocks: Anchor, now: Now) -> bool {
        self.is_due(now) || (self.kind.us_max().is_some() && !self.anchor.is_of(now) && clocks.goes_on(now))
    }
}

/// A time to act as one process knows it, by both clocks: what makes a stepped clock harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Armed {
    /// What for.
    pub wake: Wake,
    /// The boot clock must have reached this.
    pub boot_us: i64,
    /// Whether the civil clock must agree.
    is_civil: bool,
}

/// Whether the ticker may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Not yet; microseconds to wait at least.
    NotYet(i64),
    Now,
    /// It was due this many microseconds ago and nobody could act (stopped, suspended): the gate
    /// becomes overdue.
    Missed(i64),
}

impl Armed {
    /// Notes what the boot clock will show then: the anchor tells, or, after another start of the
    /// machine, what both clocks say when this process first sees the time.
    pub fn first_seen(wake: Wake, seen: Now) -> Self {
        let is_anchored = wake.anchor.is_of(seen);
        let left_us = wake.at.us_since(seen.utc);
        let left_us = wake.kind.us_max().map_or(left_us, |max_us| left_us.min(max_us));
        Self {
            wake,
            boot_us: match is_anchored {
                true => wake.anchor.boot_us_at(wake.at),
                false => seen.boot_us.saturating_add(left_us),
            },
            is_civil: match wake.kind {
                WakeKind::Deadline => true,
                WakeKind::LastCall | WakeKind::Limit | WakeKind::Silence => !is_anchored,
                WakeKind::LeaseEnd | WakeKind::RecallEnd => false,
            },
        }
    }

    /// `utc ≥ deadline && boot ≥ boot_seen + (deadline − utc_seen)` (HOUSE: one formula covers
    /// start, takeover, suspend and steps).
    ///
    /// `patience_us` is 0 for the leader; others act only that much later (SPEC §9), and for them
    /// late begins later too.
    pub fn due(&self, now: Now, patience_us: i64) -> Due {
        let boot_late_us = now.boot_us.saturating_sub(self.boot_us);
        let late_us = match self.is_civil {
            true => boot_late_us.min(now.utc.us_since(self.wake.at)),
            false => boot_late_us,
        };
        let late_us = late_us.saturating_sub(patience_us);
        // Equal counts as due: an operator reading 00:00 must not see the gate linger for another
        // turn.
        if late_us < 0 {
            Due::NotYet(late_us.saturating_neg())
        } else if late_us > OVERDUE_AFTER_US {
            Due::Missed(late_us)
        } else {
            Due::Now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::BootId;

    const ONE: &str = "3f2a9c1e-77aa-4bd0";
    const OTHER: &str = "4f2a9c1e-77aa-4bd0";

    const fn s(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * SECOND_US)
    }

    fn now(utc_s: i64, boot_s: i64) -> Now {
        Now {
            utc: s(utc_s),
            boot_us: boot_s * SECOND_US,
            boot: BootId::of_kernel(ONE),
        }
    }

    /// Noted before the machine was started again, or before anchors were known.
    fn deadline(at_s: i64) -> Wake {
        Wake {
            at: s(at_s),
            kind: WakeKind::Deadline,
            anchor: Anchor::default(),
        }
    }

    fn anchored(at_s: i64, kind: WakeKind, noted: Now) -> Wake {
        Wake {
            at: s(at_s),
            kind,
            anchor: Anchor::of(noted),
        }
    }

    #[test]
    fn fires_when_both_clocks_agree_and_not_before() {
        let armed = Armed::first_seen(deadline(1030), now(1000, 50));
        assert_eq!(armed.due(now(1029, 79), 0), Due::NotYet(SECOND_US));
        assert_eq!(armed.due(now(1030, 80), 0), Due::Now);
    }

    #[test]
    fn a_clock_stepped_forward_never_fires_early() {
        let armed = Armed::first_seen(deadline(1030), now(1000, 50));
        assert_eq!(armed.due(now(4610, 60), 0), Due::NotYet(20 * SECOND_US));
        assert_eq!(
            armed.due(now(4630, 80), 0),
            Due::Now,
            "and is not overdue because of the step"
        );
    }

    #[test]
    fn a_clock_stepped_back_delays_by_no_more_than_the_step() {
        let armed = Armed::first_seen(deadline(1030), now(1000, 50));
        assert_eq!(armed.due(now(1020, 80), 0), Due::NotYet(10 * SECOND_US));
        assert_eq!(armed.due(now(1030, 90), 0), Due::Now);
    }

    #[test]
    fn a_deadline_missed_while_stopped_or_suspended_is_overdue() {
        let armed = Armed::first_seen(deadline(1030), now(1000, 50));
        assert_eq!(armed.due(now(1036, 86), 0), Due::Missed(6 * SECOND_US));
        let at_start = Armed::first_seen(deadline(1030), now(2000, 50));
        assert_eq!(at_start.due(now(2000, 50), 0), Due::Missed(970 * SECOND_US));
    }

    #[test]
    fn who_does_not_lead_waits_longer_and_calls_it_late_later() {
        let armed = Armed::first_seen(deadline(1030), now(1000, 50));
        assert_eq!(armed.due(now(1034, 84), 5 * SECOND_US), Due::NotYet(SECOND_US));
        assert_eq!(armed.due(now(1036, 86), 5 * SECOND_US), Due::Now);
        assert_eq!(armed.due(now(1041, 91), 5 * SECOND_US), Due::Missed(6 * SECOND_US));
    }

    #[test]
    fn a_process_that_starts_after_a_step_sees_through_it() {
        let wake = anchored(1030, WakeKind::Deadline, now(1000, 50));
        let armed = Armed::first_seen(wake, now(4601, 51));
        assert_eq!(armed.due(now(4610, 60), 0), Due::NotYet(20 * SECOND_US));
        assert_eq!(
            (armed.due(now(4630, 80), 0), wake.is_due(now(4630, 80))),
            (Due::Now, true)
        );
        assert!(!wake.is_due(now(4629, 79)));
        let back = Armed::first_seen(wake, now(941, 51));
        assert_eq!(
            back.due(now(970, 80), 0),
            Due::NotYet(60 * SECOND_US),
            "told for 1030 by the civil clock"
        );
    }

    #[test]
    fn what_is_a_length_of_time_ends_by_the_boot_clock_alone() {
        for kind in [WakeKind::Limit, WakeKind::LeaseEnd, WakeKind::RecallEnd] {
            let wake = anchored(1030, kind, now(1000, 50));
            for by_s in [-3600, 3600] {
                let armed = Armed::first_seen(wake, now(1001 + by_s, 51));
                let (before, then) = (now(1029 + by_s, 79), now(1030 + by_s, 80));
                assert_eq!(
                    (armed.due(before, 0), wake.is_due(before)),
                    (Due::NotYet(SECOND_US), false)
                );
                assert_eq!((armed.due(then, 0), wake.is_due(then)), (Due::Now, true));
            }
        }
    }

    #[test]
    fn after_another_start_of_the_machine_a_lease_has_thirty_seconds_at_most() {
        let mut seen = now(400, 3);
        seen.boot = BootId::of_kernel(OTHER);
        let lease = anchored(1030, WakeKind::LeaseEnd, now(1000, 50));
        assert_eq!(Armed::first_seen(lease, seen).due(seen, 0), Due::NotYet(30 * SECOND_US));
        assert!(lease.is_due(seen), "it would have more than any lease has");
        seen.utc = s(1010);
        assert_eq!(Armed::first_seen(lease, seen).due(seen, 0), Due::NotYet(20 * SECOND_US));
        assert!(!lease.is_due(seen));
        let limit = anchored(1030, WakeKind::Limit, now(1000, 50));
        assert_eq!(
            Armed::first_seen(limit, seen).due(now(4000, 22), 0),
            Due::NotYet(SECOND_US),
            "by both clocks"
        );
    }

    #[test]
    fn of_two_times_the_boot_clock_says_which_comes_first() {
        let soon = anchored(1030, WakeKind::Limit, now(1000, 50));
        let later = anchored(700, WakeKind::LeaseEnd, now(660, 60));
        assert_eq!((soon.earlier(later), later.earlier(soon)), (soon, soon));
        assert_eq!(deadline(5).earlier(soon), deadline(5));
    }
}
