//! A gate's deadline: when the timer may act, and what stands in its way.
//!
//! The rules are SPEC §3. Civil time says when the deadline is; the boot clock, which never steps, must agree before anything fires.

use serde::{Deserialize, Serialize};

use super::hold::Hold;
use super::lease::Lease;
use super::policy::OnTimeout;
use super::time::{Now, SECOND_US, Timestamp};

/// A deadline that passed more than this long before the ticker could act makes the gate overdue (SPEC §3).
pub const OVERDUE_AFTER_US: i64 = 5 * SECOND_US;

/// Seconds of `overdue_grace_s` when the configuration names none.
pub const OVERDUE_GRACE_S_DEFAULT: u64 = 60;

/// A lease or hold that ends leaves at least this much time (SPEC §3), unless the bound is used up.
pub const LEFT_AFTER_HOLD_US: i64 = 60 * SECOND_US;

/// The timer of one gate, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateTimer {
    /// What happens at zero.
    pub on_timeout: OnTimeout,
    /// When, absolute.
    pub deadline: Timestamp,
    /// Since when the gate is shown as overdue; the grace runs from here and is never started twice.
    pub overdue_since: Option<Timestamp>,
    /// Set when `on_timeout: hold` took effect: only a person ends this gate.
    pub held_by_policy_at: Option<Timestamp>,
    /// Microseconds that persons have added so far, bounded by `max_hold_s`.
    pub added_us: i64,
    /// The person who stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Box<Hold>>,
    /// Since when a hold or leases stop it without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
}

/// What the timer of an open gate comes to right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerStatus {
    /// Runs down to this time.
    Running(Timestamp),
    /// A live lease stops it; it would fire at this time even so, because the bound is used up then.
    Leased(Timestamp),
    /// A person holds it; it would fire at this time even so, because the bound is used up then.
    Held(Timestamp),
    /// The deadline passed while nobody could act; it fires at this time.
    Overdue(Timestamp),
    /// Stopped for good by `on_timeout: hold`.
    HeldByPolicy,
}

impl GateTimer {
    /// A timer that starts now.
    pub fn start(now: Timestamp, after_s: u64, on_timeout: OnTimeout) -> Self {
        Self {
            on_timeout,
            deadline: now.plus_s(after_s),
            overdue_since: None,
            held_by_policy_at: None,
            added_us: 0,
            hold: None,
            stopped_at: None,
        }
    }

    fn end_without_stops(&self, grace_s: u64) -> Timestamp {
        match self.overdue_since {
            Some(since) => since.plus_s(grace_s).max(self.deadline),
            None => self.deadline,
        }
    }

    fn bound_us(&self, max_hold_s: u64) -> i64 {
        let max_us = i64::try_from(max_hold_s).unwrap_or(i64::MAX).saturating_mul(SECOND_US);
        max_us.saturating_sub(self.added_us).max(0)
    }

    /// Microseconds that persons may still add: what a running hold or lease has used up already is gone.
    pub fn addable_us(&self, now: Timestamp, max_hold_s: u64) -> i64 {
        let used_us = self.stopped_at.map_or(0, |since| now.us_since(since).max(0));
        self.bound_us(max_hold_s).saturating_sub(used_us).max(0)
    }

    /// What the timer comes to, given the gate's lease.
    pub fn status(&self, lease: Option<&Lease>, now: Timestamp, max_hold_s: u64, grace_s: u64) -> TimerStatus {
        if self.held_by_policy_at.is_some() {
            return TimerStatus::HeldByPolicy;
        }
        let end = self.end_without_stops(grace_s);
        let limit = end.plus_us(self.bound_us(max_hold_s));
        match lease {
            Some(_) | None if self.hold.is_some() => TimerStatus::Held(limit),
            Some(lease) if lease.is_live(now) => TimerStatus::Leased(limit),
            Some(_) | None if self.overdue_since.is_some() => TimerStatus::Overdue(end),
            Some(_) | None => TimerStatus::Running(end),
        }
    }

    /// The next civil time at which the ticker has something to do for this gate: fire, or end a dead lease. None: never.
    pub fn wake_at(&self, lease: Option<&Lease>, max_hold_s: u64, grace_s: u64) -> Option<Timestamp> {
        if self.held_by_policy_at.is_some() {
            return None;
        }
        let end = self.end_without_stops(grace_s);
        let limit = end.plus_us(self.bound_us(max_hold_s));
        Some(match lease {
            // A lease that dies while the gate is held changes nothing for the timer.
            Some(_) | None if self.hold.is_some() => limit,
            Some(lease) => lease.expires_at.min(limit),
            None => end,
        })
    }

    /// The timer that a hold or a lease stops from `at` on; one that stands already keeps its beginning.
    pub fn stopped(&self, at: Timestamp) -> Self {
        Self {
            stopped_at: self.stopped_at.or(Some(at)),
            ..self.clone()
        }
    }

    /// The timer after the last hold or lease ended at `ended_at`: the time left when it was stopped runs again from there, at least
    /// [`LEFT_AFTER_HOLD_US`] where it stopped something, and never beyond the bound.
    ///
    /// An overdue gate keeps its grace's start; what persons add moves the deadline past it.
    pub fn started_again(&self, ended_at: Timestamp, max_hold_s: u64, grace_s: u64) -> Self {
        let end = self.end_without_stops(grace_s);
        let left_us = end.us_since(self.stopped_at.unwrap_or(ended_at)).max(0);
        let wanted = ended_at.plus_us(left_us.max(LEFT_AFTER_HOLD_US));
        let added_us = wanted.us_since(end).clamp(0, self.bound_us(max_hold_s));
        Self {
            deadline: end.plus_us(added_us),
            added_us: self.added_us.saturating_add(added_us),
            hold: None,
            stopped_at: None,
            ..self.clone()
        }
    }

    /// The timer with its end moved by so many seconds; the caller has compared them with [`Self::addable_us`].
    pub fn extended(&self, seconds: u64, grace_s: u64) -> Self {
        let end = self.end_without_stops(grace_s);
        let deadline = end.plus_s(seconds);
        Self {
            deadline,
            added_us: self.added_us.saturating_add(deadline.us_since(end)),
            ..self.clone()
        }
    }
}

/// A wake-up time as one process first saw it, with both clocks: what makes a stepped clock harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Armed {
    /// The civil time to act at.
    pub at: Timestamp,
    /// The boot clock must have reached this too.
    boot_us: i64,
}

/// Whether the ticker may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Not yet; microseconds to wait at least.
    NotYet(i64),
    /// Now.
    Now,
    /// It was due this many microseconds ago and nobody could act (stopped, suspended): the gate becomes overdue.
    Missed(i64),
}

impl Armed {
    /// Notes what both clocks say when this process first sees the time.
    pub fn first_seen(at: Timestamp, seen: Now) -> Self {
        Self {
            at,
            boot_us: seen.boot_us.saturating_add(at.us_since(seen.utc)),
        }
    }

    /// `utc ≥ deadline && boot ≥ boot_seen + (deadline − utc_seen)` (HOUSE: one formula covers start, takeover, suspend and steps).
    ///
    /// `patience_us` is 0 for the leader; others act only that much later (SPEC §9), and for them late begins later too.
    pub fn due(&self, now: Now, patience_us: i64) -> Due {
        let late_us = now
            .utc
            .us_since(self.at)
            .min(now.boot_us.saturating_sub(self.boot_us))
            .saturating_sub(patience_us);
        // Equal counts as due: an operator reading 00:00 must not see the gate linger for another turn.
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
    use crate::domain::lease::LeasePurpose;
    use crate::domain::operator::{Operator, Surface, Via};

    const fn s(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * SECOND_US)
    }

    fn now(utc_s: i64, boot_s: i64) -> Now {
        Now {
            utc: s(utc_s),
            boot_us: boot_s * SECOND_US,
        }
    }

    fn lease(taken_s: i64, expires_s: i64) -> Lease {
        let via = Via {
            surface: Surface::Console,
            login: "ana".into(),
            uid: 1,
            host: "h".into(),
            ssh_client: None,
            pid: 7,
        };
        Lease {
            holder: Operator {
                name: "ana".into(),
                via,
            },
            session: "s".into(),
            purpose: LeasePurpose::Prompt,
            taken_at: s(taken_s),
            expires_at: s(expires_s),
        }
    }

    #[test]
    fn fires_when_both_clocks_agree_and_not_before() {
        let armed = Armed::first_seen(s(1030), now(1000, 50));
        assert_eq!(armed.due(now(1029, 79), 0), Due::NotYet(SECOND_US));
        assert_eq!(armed.due(now(1030, 80), 0), Due::Now);
    }

    #[test]
    fn a_clock_stepped_forward_never_fires_early() {
        let armed = Armed::first_seen(s(1030), now(1000, 50));
        assert_eq!(armed.due(now(4610, 60), 0), Due::NotYet(20 * SECOND_US));
        assert_eq!(
            armed.due(now(4630, 80), 0),
            Due::Now,
            "and is not overdue because of the step"
        );
    }

    #[test]
    fn a_clock_stepped_back_delays_by_no_more_than_the_step() {
        let armed = Armed::first_seen(s(1030), now(1000, 50));
        assert_eq!(armed.due(now(1020, 80), 0), Due::NotYet(10 * SECOND_US));
        assert_eq!(armed.due(now(1030, 90), 0), Due::Now);
    }

    #[test]
    fn a_deadline_missed_while_stopped_or_suspended_is_overdue() {
        let armed = Armed::first_seen(s(1030), now(1000, 50));
        assert_eq!(armed.due(now(1036, 86), 0), Due::Missed(6 * SECOND_US));
        let at_start = Armed::first_seen(s(1030), now(2000, 50));
        assert_eq!(at_start.due(now(2000, 50), 0), Due::Missed(970 * SECOND_US));
    }

    #[test]
    fn who_does_not_lead_waits_longer_and_calls_it_late_later() {
        let armed = Armed::first_seen(s(1030), now(1000, 50));
        assert_eq!(armed.due(now(1034, 84), 5 * SECOND_US), Due::NotYet(SECOND_US));
        assert_eq!(armed.due(now(1036, 86), 5 * SECOND_US), Due::Now);
        assert_eq!(armed.due(now(1041, 91), 5 * SECOND_US), Due::Missed(6 * SECOND_US));
    }

    #[test]
    fn a_live_lease_stops_the_timer_up_to_the_bound() {
        let timer = GateTimer::start(s(0), 30, OnTimeout::Approve);
        let lease = lease(20, 50);
        assert_eq!(
            timer.status(Some(&lease), s(40), 3600, 60),
            TimerStatus::Leased(s(3630))
        );
        assert_eq!(timer.status(Some(&lease), s(50), 3600, 60), TimerStatus::Running(s(30)));
        assert_eq!(
            timer.wake_at(Some(&lease), 3600, 60),
            Some(s(50)),
            "to end a lease that died"
        );
        assert_eq!(timer.wake_at(Some(&lease), 5, 60), Some(s(35)), "to fire at the bound");
    }

    #[test]
    fn after_a_lease_the_time_left_runs_again_but_never_beyond_the_bound() {
        let timer = GateTimer::start(s(0), 300, OnTimeout::Approve);
        let after = timer.stopped(s(100)).started_again(s(150), 3600, 60);
        assert_eq!((after.deadline, after.added_us), (s(350), 50 * SECOND_US));
        let short = GateTimer::start(s(0), 30, OnTimeout::Approve)
            .stopped(s(25))
            .started_again(s(26), 3600, 60);
        assert_eq!(short.deadline, s(86), "at least a minute is left");
        let mut reopened = GateTimer::start(s(0), 30, OnTimeout::Approve);
        for turn in 0..100 {
            reopened = reopened.stopped(s(turn * 10)).started_again(s(turn * 10 + 9), 120, 60);
        }
        assert_eq!(reopened.deadline, s(150), "however often it is reopened");
    }

    fn held(timer: &GateTimer, at_s: i64) -> GateTimer {
        let hold = Hold {
            holder: lease(0, 0).holder,
            taken_at: s(at_s),
        };
        GateTimer {
            hold: Some(Box::new(hold)),
            ..timer.stopped(s(at_s))
        }
    }

    #[test]
    fn a_hold_freezes_the_time_left_whatever_becomes_of_leases() {
        let timer = held(&GateTimer::start(s(0), 300, OnTimeout::Approve), 100);
        assert_eq!(timer.status(None, s(299), 3600, 60), TimerStatus::Held(s(3900)));
        assert_eq!(
            timer.status(Some(&lease(120, 150)), s(130), 3600, 60),
            TimerStatus::Held(s(3900))
        );
        assert_eq!(timer.wake_at(Some(&lease(120, 150)), 3600, 60), Some(s(3900)));
        let after = timer.stopped(s(120)).started_again(s(1100), 3600, 60);
        assert_eq!((after.deadline, after.added_us), (s(1300), 1000 * SECOND_US));
        assert_eq!((after.hold, after.stopped_at), (None, None));
    }

    #[test]
    fn an_extension_and_a_hold_share_one_bound() {
        let timer = GateTimer::start(s(0), 300, OnTimeout::Approve).extended(200, 60);
        assert_eq!((timer.deadline, timer.addable_us(s(0), 600)), (s(500), 400 * SECOND_US));
        let timer = held(&timer, 100);
        assert_eq!(
            timer.addable_us(s(350), 600),
            150 * SECOND_US,
            "250 s of it are used up"
        );
        let extended = timer.extended(150, 60);
        assert_eq!(
            extended.wake_at(None, 600, 60),
            Some(s(900)),
            "300 + 600: never beyond the bound"
        );
        assert_eq!(timer.wake_at(None, 600, 60), Some(s(900)));
    }

    #[test]
    fn an_overdue_gate_waits_for_its_grace_once() {
        let mut timer = GateTimer::start(s(0), 30, OnTimeout::Approve);
        timer.overdue_since = Some(s(1000));
        assert_eq!(timer.status(None, s(1001), 3600, 60), TimerStatus::Overdue(s(1060)));
        assert_eq!(timer.wake_at(None, 3600, 60), Some(s(1060)));
    }

    #[test]
    fn held_by_policy_never_wakes() {
        let mut timer = GateTimer::start(s(0), 30, OnTimeout::Hold);
        timer.held_by_policy_at = Some(s(30));
        assert_eq!(timer.wake_at(None, 3600, 60), None);
        assert_eq!(timer.status(None, s(99), 3600, 60), TimerStatus::HeldByPolicy);
    }
}
