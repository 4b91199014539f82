//! A gate's deadline: when the timer may act, and what stands in its way.
//!
//! The rules are SPEC §3. Civil time says when the deadline is; the boot clock, which never steps,
//! must agree before anything fires. What persons take is a length of time, and counted by the boot
//! clock alone. Every time of a timer is meant as its anchor says.

use serde::{Deserialize, Serialize};

use super::anchor::Anchor;
use super::hold::Hold;
use super::lease::Lease;
use super::policy::{Doubt, OnTimeout};
use super::refusal::Refusal;
use super::time::{Now, SECOND_US, Timestamp};
use super::wake::{Wake, WakeKind};
use crate::key::GateKey;

/// A lease or hold that ends leaves at least this much time (SPEC §3), unless the bound is used up.
pub(crate) const LEFT_AFTER_HOLD_US: i64 = 60 * SECOND_US;

/// The timer of one gate, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateTimer {
    /// What happens at zero.
    pub on_timeout: OnTimeout,
    /// When, absolute.
    pub deadline: Timestamp,
    /// Since when the gate is shown as overdue; the grace runs from here and is never started
    /// twice.
    pub overdue_since: Option<Timestamp>,
    /// Set when the policy stopped it at zero: only a person ends this gate.
    pub held_by_policy_at: Option<Timestamp>,
    /// The doubt that it was stopped for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_because: Option<Doubt>,
    /// Its last calls; none: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<Box<LastCalls>>,
    /// Microseconds that persons have added so far, bounded by `max_hold_s`.
    pub added_us: i64,
    /// The person who stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Box<Hold>>,
    /// Since when a hold or leases stop it without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    /// What all its times are counted by: noted when it started, and anew whenever it is stopped,
    /// starts again or is moved.
    #[serde(default, skip_serializing_if = "Anchor::is_none")]
    pub anchor: Anchor,
}

/// The last calls of a timer: each is said once, whatever becomes of the deadline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCalls {
    /// The next one, in seconds before the end; none: all are said.
    pub next_s: Option<u64>,
    /// The one that was said last.
    pub said_s: Option<u64>,
    /// Whether a console showed one, or a webhook took it.
    pub is_reached: bool,
}

fn us(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND_US)
}

/// The first of these that comes when so much is left.
fn next_call_s(remind_before_s: &[u64], left_us: i64) -> Option<u64> {
    let ahead = remind_before_s.iter().copied().filter(|seconds| us(*seconds) < left_us);
    ahead.max()
}

/// What the timer of an open gate comes to right now, in civil times as they would be read then if
/// nobody sets the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerStatus {
    /// Runs down to this time.
    Running(Timestamp),
    /// A live lease stops it, as long as the bound allows; it would fire at this time even so,
    /// because the bound is used up then.
    Leased(Timestamp),
    /// A person holds it, as long as the bound allows; it would fire at this time even so, because
    /// the bound is used up then.
    Held(Timestamp),
    /// The deadline passed while nobody could act; it fires at this time.
    Overdue(Timestamp),
    /// Stopped for good by the policy.
    HeldByPolicy,
}

impl TimerStatus {
    /// When it acts, if it runs.
    pub fn fires_at(self) -> Option<Timestamp> {
        match self {
            Self::Running(at) | Self::Overdue(at) => Some(at),
            Self::Leased(_) | Self::Held(_) | Self::HeldByPolicy => None,
        }
    }
}

impl GateTimer {
    /// A timer that starts now.
    pub fn start(now: Now, after_s: u64, on_timeout: OnTimeout) -> Self {
        Self {
            on_timeout,
            deadline: now.utc.plus_s(after_s),
            overdue_since: None,
            held_by_policy_at: None,
            held_because: None,
            calls: None,
            added_us: 0,
            hold: None,
            stopped_at: None,
            anchor: Anchor::of(now),
        }
    }

    /// The timer with these last calls, of which those come that are still ahead.
    pub fn reminding(self, remind_before_s: &[u64], now: Now, grace_s: u64) -> Self {
        let running_us = || self.end_without_stops(grace_s).us_since(self.anchor.read(now));
        let left_us = self.left_when_stopped_us(grace_s).unwrap_or_else(running_us);
        let calls = (!remind_before_s.is_empty()).then(|| LastCalls {
            next_s: next_call_s(remind_before_s, left_us),
            said_s: None,
            is_reached: self.is_reached(),
        });
        Self {
            calls: calls.map(Box::new),
            ..self
        }
    }

    /// Whether a last call reached somebody.
    pub fn is_reached(&self) -> bool {
        self.calls.as_ref().is_some_and(|calls| calls.is_reached)
    }

    /// The timer whose next last call is said now, and how many microseconds are left. Calls that
    /// were missed meanwhile are said with it. None: none is ahead.
    pub fn called(&self, remind_before_s: &[u64], call: Wake, now: Now) -> Option<(Self, i64)> {
        let calls = self.calls.as_deref()?;
        let said_s = calls.next_s?;
        let left_us = us(said_s)
            .saturating_sub(self.anchor.read(now).us_since(call.at))
            .max(0);
        let calls = LastCalls {
            next_s: next_call_s(remind_before_s, left_us.min(us(said_s))),
            said_s: Some(said_s),
            ..*calls
        };
        let timer = Self {
            calls: Some(Box::new(calls)),
            ..self.clone()
        };
        Some((timer, left_us))
    }

    /// Whether a last call was said.
    pub fn has_called(&self) -> bool {
        self.calls.as_ref().is_some_and(|calls| calls.said_s.is_some())
    }

    /// Whether so little is left that the last call which was said stands.
    pub fn is_in_last_call(&self, left_us: i64) -> bool {
        let said_s = self.calls.as_ref().and_then(|calls| calls.said_s);
        said_s.is_some_and(|said_s| left_us <= us(said_s))
    }

    /// The same timer with all its times as the civil clock has them now. The time left stays as it
    /// is.
    pub fn rebased(&self, now: Now) -> Self {
        let us = self.anchor.stepped_us(now);
        let hold = |hold: &Hold| {
            Box::new(Hold {
                taken_at: hold.taken_at.plus_us(us),
                ..hold.clone()
            })
        };
        Self {
            deadline: self.deadline.plus_us(us),
            overdue_since: self.overdue_since.map(|at| at.plus_us(us)),
            hold: self.hold.as_deref().map(hold),
            stopped_at: self.stopped_at.map(|at| at.plus_us(us)),
            anchor: Anchor::of(now),
            ..self.clone()
        }
    }

    fn end_without_stops(&self, grace_s: u64) -> Timestamp {
        match self.overdue_since {
            Some(since) => since.plus_s(grace_s).max(self.deadline),
            None => self.deadline,
        }
    }

    fn bound_us(&self, max_hold_s: u64) -> i64 {
        us(max_hold_s).saturating_sub(self.added_us).max(0)
    }

    /// Microseconds that persons may still add: what a running hold or lease has used up already is
    /// gone.
    pub fn addable_us(&self, now: Now, max_hold_s: u64) -> i64 {
        let now = self.anchor.read(now);
        let used_us = self.stopped_at.map_or(0, |since| now.us_since(since).max(0));
        self.bound_us(max_hold_s).saturating_sub(used_us).max(0)
    }

    /// The timer of this gate that a person may stop, move or let run again, or why there is none.
    pub fn in_hands<'t>(timer: Option<&'t Self>, key: &GateKey) -> Result<&'t Self, Refusal> {
        match timer {
            None => Err(Refusal::no_timer(key).with_hint("it waits for a person, however long that takes")),
            Some(timer) if timer.held_by_policy_at.is_some() => Err(Refusal::held_by_policy(key)),
            Some(timer) => Ok(timer),
        }
    }

    /// Whole seconds that persons may still add; refuses where that is none.
    pub fn addable_or_refuse(&self, key: &GateKey, now: Now, max_hold_s: u64) -> Result<u64, Refusal> {
        match u64::try_from(self.addable_us(now, max_hold_s) / SECOND_US).unwrap_or(0) {
            0 => Err(Refusal::hold_used_up(key, max_hold_s)),
            seconds => Ok(seconds),
        }
    }

    /// The hold that stops nothing any more, because what persons may add is used up.
    pub fn used_up_hold(&self, now: Now, max_hold_s: u64) -> Option<&Hold> {
        let is_used_up = self.held_by_policy_at.is_none() && self.addable_us(now, max_hold_s) == 0;
        self.hold.as_deref().filter(|_| is_used_up)
    }

    /// When what persons may add to it is used up: from then on nobody stops it.
    pub fn runs_again_at(&self, now: Now, max_hold_s: u64) -> Timestamp {
        now.utc.plus_us(self.addable_us(now, max_hold_s))
    }

    /// Microseconds that were left when a hold or lease stopped it; none while nothing does.
    pub fn left_when_stopped_us(&self, grace_s: u64) -> Option<i64> {
        let stopped_at = self.stopped_at?;
        Some(self.end_without_stops(grace_s).us_since(stopped_at).max(0))
    }

    /// Microseconds left, as lists show them: until it acts, or what was left when it was stopped;
    /// none: it will not act.
    pub fn left_us(&self, lease: Option<&Lease>, now: Now, max_hold_s: u64, grace_s: u64) -> Option<i64> {
        match self.status(lease, now, max_hold_s, grace_s) {
            TimerStatus::Running(at) | TimerStatus::Overdue(at) => Some(at.us_since(now.utc)),
            TimerStatus::Leased(_) | TimerStatus::Held(_) => self.left_when_stopped_us(grace_s),
            TimerStatus::HeldByPolicy => None,
        }
    }

    /// What the timer comes to, given the gate's lease.
    pub fn status(&self, lease: Option<&Lease>, now: Now, max_hold_s: u64, grace_s: u64) -> TimerStatus {
        if self.held_by_policy_at.is_some() {
            return TimerStatus::HeldByPolicy;
        }
        let stepped_us = self.anchor.stepped_us(now);
        let end = self.end_without_stops(grace_s);
        let limit = end.plus_us(self.bound_us(max_hold_s)).plus_us(stepped_us);
        // Both clocks must have reached the end.
        let end = end.plus_us(stepped_us.max(0));
        let runs = |at| match self.overdue_since {
            Some(_) => TimerStatus::Overdue(at),
            None => TimerStatus::Running(at),
        };
        let is_leased = lease.is_some_and(|lease| lease.is_live(now));
        if self.hold.is_none() && !is_leased {
            runs(end)
        } else if self.addable_us(now, max_hold_s) == 0 {
            // What persons may add is used up: nobody stops it any more, and what was left when it
            // was stopped runs down.
            runs(limit)
        } else if self.hold.is_some() {
            TimerStatus::Held(limit)
        } else {
            TimerStatus::Leased(limit)
        }
    }

    /// The next time at which the ticker has something to do for this gate: say a last call, fire,
    /// or end a dead lease. None: never.
    pub fn wake(&self, lease: Option<&Lease>, max_hold_s: u64, grace_s: u64) -> Option<Wake> {
        if self.held_by_policy_at.is_some() {
            return None;
        }
        let end = self.end_without_stops(grace_s);
        let wake = |at, kind| Wake {
            at,
            kind,
            anchor: self.anchor,
        };
        // A last call comes before the end that it is about, wherever that is.
        let next_s = self.calls.as_ref().and_then(|calls| calls.next_s);
        let ends = |at: Timestamp, kind| match next_s {
            Some(seconds) => wake(at.plus_us(us(seconds).saturating_neg()), WakeKind::LastCall),
            None => wake(at, kind),
        };
        let limit = ends(end.plus_us(self.bound_us(max_hold_s)), WakeKind::Limit);
        Some(match lease {
            // A lease that dies while the gate is held changes nothing for the timer.
            Some(_) | None if self.hold.is_some() => limit,
            Some(lease) => lease.end().earlier(limit),
            None => ends(end, WakeKind::Deadline),
        })
    }

    /// The timer that a hold or a lease stops from now on; one that stands already keeps its
    /// beginning.
    pub fn stopped(&self, now: Now) -> Self {
        let timer = self.rebased(now);
        Self {
            stopped_at: timer.stopped_at.or(Some(now.utc)),
            ..timer
        }
    }

    /// The timer after the last hold or lease ended `ended_ago_us` microseconds ago: the time left
    /// when it was stopped runs again from there, at least [`LEFT_AFTER_HOLD_US`] where it stopped
    /// something, and never beyond the bound.
    ///
    /// An overdue gate keeps its grace's start; what persons add moves the deadline past it.
    pub fn started_again(&self, now: Now, ended_ago_us: i64, max_hold_s: u64, grace_s: u64) -> Self {
        let timer = self.rebased(now);
        let ended_at = now.utc.plus_us(ended_ago_us.saturating_neg());
        let end = timer.end_without_stops(grace_s);
        let left_us = end.us_since(timer.stopped_at.unwrap_or(ended_at)).max(0);
        let wanted = ended_at.plus_us(left_us.max(LEFT_AFTER_HOLD_US));
        let added_us = wanted.us_since(end).clamp(0, timer.bound_us(max_hold_s));
        Self {
            deadline: end.plus_us(added_us),
            added_us: timer.added_us.saturating_add(added_us),
            hold: None,
            stopped_at: None,
            ..timer
        }
    }

    /// The timer with its end moved by so many seconds; the caller has compared them with
    /// [`Self::addable_us`].
    pub fn extended(&self, now: Now, seconds: u64, grace_s: u64) -> Self {
        let timer = self.rebased(now);
        let end = timer.end_without_stops(grace_s);
        let deadline = end.plus_s(seconds);
        Self {
            deadline,
            added_us: timer.added_us.saturating_add(deadline.us_since(end)),
            ..timer
        }
    }

    /// The timer as if this had been agreed on when the gate opened, and not `former_s`. What
    /// persons added stays added.
    #[must_use]
    pub fn agreed_otherwise(&self, former_s: u64, after_s: u64, on_timeout: OnTimeout) -> Self {
        Self {
            on_timeout,
            deadline: self.deadline.plus_us(us(after_s).saturating_sub(us(former_s))),
            held_by_policy_at: None,
            held_because: None,
            ..self.clone()
        }
    }

    /// The timer whose end passed while nobody could act: the grace begins now, and a hold whose
    /// bound was used up meanwhile is over.
    pub fn overdue(&self, now: Now, max_hold_s: u64, grace_s: u64) -> Self {
        let timer = match self.stopped_at {
            Some(_) => self.started_again(now, 0, max_hold_s, grace_s),
            None => self.rebased(now),
        };
        Self {
            overdue_since: Some(now.utc),
            ..timer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::BootId;
    use crate::lease::LeasePurpose;
    use crate::operator::{Operator, Surface, Via};

    const fn s(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * SECOND_US)
    }

    /// Both clocks began to count together.
    fn at(seconds: i64) -> Now {
        stepped(seconds, 0)
    }

    /// The civil clock was set forward by so much since.
    fn stepped(seconds: i64, by_s: i64) -> Now {
        Now {
            utc: s(seconds + by_s),
            boot_us: (seconds + 7) * SECOND_US,
            boot: BootId::of_kernel("3f2a9c1e-77aa-4bd0"),
        }
    }

    fn lease(taken_s: i64, expires_s: i64) -> Lease {
        let via = Via {
            surface: Surface::Console,
            login: "ana".into(),
            uid: 1,
            host: "h".into(),
            ssh_client: None,
            peer: None,
            by_proxy: false,
            pid: 7,
        };
        Lease {
            taken_from: None,
            holder: Operator {
                name: "ana".into(),
                via,
            },
            session: "s".into(),
            purpose: LeasePurpose::Prompt,
            taken_at: s(taken_s),
            expires_at: s(expires_s),
            anchor: Anchor::of(at(0)),
        }
    }

    fn wake_at(timer: &GateTimer, lease: Option<&Lease>, max_hold_s: u64) -> Option<Timestamp> {
        timer.wake(lease, max_hold_s, 60).map(|wake| wake.at)
    }

    #[test]
    fn a_live_lease_stops_the_timer_up_to_the_bound() {
        let timer = GateTimer::start(at(0), 30, OnTimeout::Approve);
        let lease = lease(20, 50);
        assert_eq!(
            timer.status(Some(&lease), at(40), 3600, 60),
            TimerStatus::Leased(s(3630))
        );
        assert_eq!(
            timer.status(Some(&lease), at(50), 3600, 60),
            TimerStatus::Running(s(30))
        );
        assert_eq!(
            wake_at(&timer, Some(&lease), 3600),
            Some(s(50)),
            "to end a lease that died"
        );
        assert_eq!(wake_at(&timer, Some(&lease), 5), Some(s(35)), "to fire at the bound");
    }

    #[test]
    fn after_a_lease_the_time_left_runs_again_but_never_beyond_the_bound() {
        let timer = GateTimer::start(at(0), 300, OnTimeout::Approve);
        let after = timer.stopped(at(100)).started_again(at(150), 0, 3600, 60);
        assert_eq!((after.deadline, after.added_us), (s(350), 50 * SECOND_US));
        let short = GateTimer::start(at(0), 30, OnTimeout::Approve)
            .stopped(at(25))
            .started_again(at(26), 0, 3600, 60);
        assert_eq!(short.deadline, s(86), "at least a minute is left");
        let mut reopened = GateTimer::start(at(0), 30, OnTimeout::Approve);
        for turn in 0..100 {
            reopened = reopened
                .stopped(at(turn * 10))
                .started_again(at(turn * 10 + 9), 0, 120, 60);
        }
        assert_eq!(reopened.deadline, s(150), "however often it is reopened");
    }

    fn held(timer: &GateTimer, at_s: i64) -> GateTimer {
        let hold = Hold {
            holder: lease(0, 0).holder,
            taken_at: s(at_s),
            reason: None,
        };
        GateTimer {
            hold: Some(Box::new(hold)),
            ..timer.stopped(at(at_s))
        }
    }

    #[test]
    fn a_hold_freezes_the_time_left_whatever_becomes_of_leases() {
        let timer = held(&GateTimer::start(at(0), 300, OnTimeout::Approve), 100);
        assert_eq!(timer.status(None, at(299), 3600, 60), TimerStatus::Held(s(3900)));
        assert_eq!(
            timer.status(Some(&lease(120, 150)), at(130), 3600, 60),
            TimerStatus::Held(s(3900))
        );
        assert_eq!(wake_at(&timer, Some(&lease(120, 150)), 3600), Some(s(3900)));
        let after = timer.stopped(at(120)).started_again(at(1100), 0, 3600, 60);
        assert_eq!((after.deadline, after.added_us), (s(1300), 1000 * SECOND_US));
        assert_eq!((after.hold, after.stopped_at), (None, None));
    }

    #[test]
    fn a_hold_or_lease_whose_bound_is_used_up_stops_nothing_any_more() {
        let timer = held(&GateTimer::start(at(0), 100, OnTimeout::Approve), 1);
        assert_eq!(timer.status(None, at(30), 30, 60), TimerStatus::Held(s(130)));
        assert_eq!(timer.runs_again_at(at(30), 30), s(31));
        assert_eq!(timer.status(None, at(31), 30, 60), TimerStatus::Running(s(130)));
        let lease = lease(120, 150);
        assert_eq!(
            timer.status(Some(&lease), at(121), 30, 60),
            TimerStatus::Running(s(130))
        );
        assert_eq!(wake_at(&timer, None, 30), Some(s(130)), "as the screen says");
        let nobody_may = GateTimer::start(at(0), 12, OnTimeout::Approve).stopped(at(1));
        let lease = self::lease(1, 31);
        assert_eq!(
            nobody_may.status(Some(&lease), at(1), 0, 60),
            TimerStatus::Running(s(12))
        );
    }

    #[test]
    fn an_extension_and_a_hold_share_one_bound() {
        let timer = GateTimer::start(at(0), 300, OnTimeout::Approve).extended(at(0), 200, 60);
        assert_eq!(
            (timer.deadline, timer.addable_us(at(0), 600)),
            (s(500), 400 * SECOND_US)
        );
        let timer = held(&timer, 100);
        assert_eq!(
            timer.addable_us(at(350), 600),
            150 * SECOND_US,
            "250 s of it are used up"
        );
        let extended = timer.extended(at(0), 150, 60);
        assert_eq!(
            wake_at(&extended, None, 600),
            Some(s(900)),
            "300 + 600: never beyond the bound"
        );
        assert_eq!(wake_at(&timer, None, 600), Some(s(900)));
    }

    #[test]
    fn an_overdue_gate_waits_for_its_grace_once() {
        let mut timer = GateTimer::start(at(0), 30, OnTimeout::Approve);
        timer.overdue_since = Some(s(1000));
        assert_eq!(timer.status(None, at(1001), 3600, 60), TimerStatus::Overdue(s(1060)));
        assert_eq!(wake_at(&timer, None, 3600), Some(s(1060)));
    }

    #[test]
    fn held_by_policy_never_wakes() {
        let mut timer = GateTimer::start(at(0), 30, OnTimeout::Hold);
        timer.held_by_policy_at = Some(s(30));
        assert_eq!(wake_at(&timer, None, 3600), None);
        assert_eq!(timer.status(None, at(99), 3600, 60), TimerStatus::HeldByPolicy);
    }
}
