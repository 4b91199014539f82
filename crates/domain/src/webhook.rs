//! What is told to others outside, and when once more: the kinds of deliveries, their ids, and how
//! long a failed one waits.

use serde::{Deserialize, Serialize};

use super::event::{Event, EventType};
use super::ids::Digest;
use super::time::Timestamp;

/// How long after the first failure the next attempt comes, in seconds; it doubles from there.
const FIRST_WAIT_S: u64 = 1;
/// The longest wait between two attempts, in seconds.
pub(crate) const WAIT_S_MAX: u64 = 600;
/// After so many refusals by the receiver itself a delivery is given up.
pub(crate) const REFUSALS_MAX: u32 = 6;
/// After so many seconds any other is.
pub const AGE_S_MAX: u64 = 24 * 3600;

read_words! {
    /// What a delivery tells.
    #[derive(Hash)]
    pub enum DeliveryKind {
        /// A gate waits for a decision.
        GateOpened = "gate_opened",
        /// The gate still waits.
        GateReminder = "gate_reminder",
        /// The gate's timer is about to end.
        LastCall = "last_call",
        /// The policy stopped the gate's timer at zero: only a person decides.
        GateHeld = "gate_held",
        /// Somebody, or the timer, decided.
        GateDecided = "gate_decided",
        /// The gate ended without a decision.
        GateCanceled = "gate_canceled",
        /// A job completed, failed or was canceled.
        JobEnded = "job_ended",
    }
}

impl DeliveryKind {
    /// What an event is told as; none: it is nobody's outside.
    pub fn of(event: &Event) -> Option<Self> {
        match event.kind {
            EventType::GateOpened => Some(Self::GateOpened),
            EventType::GateApproved | EventType::GateRejected | EventType::GateAutoApproved => Some(Self::GateDecided),
            EventType::GateCanceled => Some(Self::GateCanceled),
            EventType::LastCall => Some(Self::LastCall),
            EventType::GateHeld => event.is_held_by_policy().then_some(Self::GateHeld),
            EventType::JobCanceled | EventType::JobCompleted | EventType::JobFailed => Some(Self::JobEnded),
            EventType::JobAcknowledged
            // Whoever is told goes on: only what is final is told.
            | EventType::DecisionMade
            | EventType::DecisionRecalled
            | EventType::JobCreated
            | EventType::JobStarted
            | EventType::StageStarted
            | EventType::StageCompleted
            | EventType::StageFailed
            | EventType::GateSeen
            | EventType::GateReleased
            | EventType::GateExtended
            | EventType::GateOverdue
            | EventType::GateReached
            | EventType::GateContextChanged
            | EventType::GateRequesterGone
            | EventType::GateRequesterBack
            | EventType::ArtifactChanged
            | EventType::PatchApplied
            | EventType::PatchUndone
            | EventType::JobPaused
            | EventType::JobResumed => None,
        }
    }
}

read_words! {
    /// What a receiver reads: the body's shape, and where a secret goes.
    #[derive(Default, Hash)]
    pub enum WebhookFormat {
        /// Our own document, signed.
        #[default]
        Json = "json",
        /// A message for an incoming webhook of Slack.
        Slack = "slack",
        /// An adaptive card for a workflow of Teams.
        Teams = "teams",
        /// A message for a webhook of Discord.
        Discord = "discord",
        /// A message for a topic of an ntfy server.
        Ntfy = "ntfy",
        /// An event of PagerDuty's Events API v2.
        PagerDuty = "pagerduty",
    }
}

words! {
    /// Where a delivery stands.
    pub enum DeliveryState {
        /// It is to be sent, now or later.
        Waiting = "waiting",
        /// The receiver has taken it.
        Delivered = "delivered",
        /// Given up.
        Lost = "lost",
        /// There is nothing to tell any more: a reminder of a gate that is decided, or a webhook
        /// that was taken out.
        Void = "void",
    }
}

/// Something to be told to one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The webhook's name.
    pub webhook: String,
    /// The event that it tells of.
    pub seq: u64,
    /// Tells the reminders of one opening apart; 0 for everything else.
    pub part: u32,
    /// What it tells.
    pub kind: DeliveryKind,
    /// The same in every attempt, also after a crash: made from what it tells.
    pub id: String,
    /// The bytes that are sent, the same in every attempt. Of a reminder: nothing yet.
    pub body: String,
    /// When it may be sent.
    pub due_at: Timestamp,
    /// When it became due for the first time.
    pub since: Timestamp,
    /// How many attempts failed.
    pub attempts: u32,
    /// How many of these the receiver itself refused.
    pub refusals: u32,
}

/// How one webhook stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WebhookStanding {
    pub name: String,
    /// How many deliveries are to be sent now.
    pub waiting: u64,
    /// How many reminders are set for later.
    pub reminders: u64,
    /// How many were taken.
    pub delivered: u64,
    /// How many were given up.
    pub lost: u64,
    /// When the next attempt comes, where one is waited for.
    pub next_attempt_at: Option<Timestamp>,
    /// How many attempts of the oldest one failed.
    pub failed_attempts: u32,
    /// Why the newest attempt failed, until one succeeds.
    pub fault: Option<String>,
    /// The newest deliveries that were given up.
    pub given_up: Vec<GivenUp>,
}

/// A webhook that is configured, or was ever to be told something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookReport {
    #[serde(flatten)]
    pub standing: WebhookStanding,
    /// Scheme, host and port; null: the configuration does not name it.
    pub origin: Option<String>,
    /// What it is told.
    pub events: Vec<DeliveryKind>,
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    pub id: String,
    /// What it would have told.
    pub kind: String,
    /// The event.
    pub seq: u64,
    /// When it was given up.
    pub at: Timestamp,
    pub fault: String,
}

/// The id of a delivery: of the same event to the same webhook always the same, so that a receiver
/// knows what it has already.
pub fn delivery_id(webhook: &str, event: &Event, kind: DeliveryKind, part: u32) -> String {
    let facts = format!(
        "{webhook}\0{}\0{}\0{}\0{}\0{part}",
        event.job_id,
        event.seq,
        event.ts.micros(),
        kind.as_str()
    );
    let mut id = Digest::of(facts.as_bytes()).to_string();
    id.truncate(32);
    id
}

/// Why an attempt failed, as far as it matters for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Nobody answered, or the answer was that it does not work now: it may work later.
    Passing {
        /// The receiver says how long to wait.
        retry_after_s: Option<u64>,
    },
    /// The receiver refuses what was sent.
    Refused,
}

/// What comes after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextAttempt {
    /// The next attempt, at this time.
    At(Timestamp),
    /// None.
    GiveUp,
}

/// When to try again after the attempt with this number (from 1) failed, of which the receiver
/// refused so many. `chance` is any number: half of the wait is left to it, so that many senders do
/// not come back at the same moment.
pub fn next_attempt(
    attempts: u32,
    refusals: u32,
    failure: FailureKind,
    since: Timestamp,
    now: Timestamp,
    chance: u64,
) -> NextAttempt {
    let age_s = u64::try_from(now.us_since(since).max(0) / super::time::SECOND_US).unwrap_or(u64::MAX);
    let is_over = match failure {
        FailureKind::Refused => refusals >= REFUSALS_MAX,
        FailureKind::Passing { .. } => false,
    };
    if is_over || age_s >= AGE_S_MAX {
        return NextAttempt::GiveUp;
    }
    let doubled = FIRST_WAIT_S << attempts.saturating_sub(1).min(16);
    let wait_ms = doubled.min(WAIT_S_MAX) * 1000;
    let half_ms = wait_ms / 2;
    let wait_ms = half_ms + chance % (half_ms + 1);
    let asked_ms = match failure {
        FailureKind::Passing {
            retry_after_s: Some(seconds),
        } => seconds.min(WAIT_S_MAX) * 1000,
        FailureKind::Passing { retry_after_s: None } | FailureKind::Refused => 0,
    };
    let wait_us = i64::try_from(wait_ms.max(asked_ms))
        .unwrap_or(i64::MAX)
        .saturating_mul(1000);
    NextAttempt::At(now.plus_us(wait_us))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::JobId;
    use crate::job::JobStatus;
    use crate::time::SECOND_US;

    const fn s(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * SECOND_US)
    }

    const PASSING: FailureKind = FailureKind::Passing { retry_after_s: None };

    fn wait_ms(attempts: u32, failure: FailureKind, chance: u64) -> i64 {
        match next_attempt(attempts, 0, failure, s(1000), s(1001), chance) {
            NextAttempt::At(at) => at.us_since(s(1001)) / 1000,
            NextAttempt::GiveUp => panic!("given up"),
        }
    }

    #[test]
    fn waits_double_up_to_ten_minutes_and_half_of_each_is_chance() {
        let longest: Vec<_> = (1..=12).map(|attempts| wait_ms(attempts, PASSING, 0)).collect();
        assert_eq!(
            longest,
            [
                500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000
            ]
        );
        for chance in [0, 1, 499, 500, 12_345, u64::MAX] {
            let waited = wait_ms(1, PASSING, chance);
            assert!((500..=1000).contains(&waited), "{chance}: {waited}");
        }
        assert_eq!(wait_ms(u32::MAX, PASSING, 300_000), 600_000);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_ever() {
        let asked = |seconds| FailureKind::Passing {
            retry_after_s: Some(seconds),
        };
        assert_eq!(wait_ms(1, asked(30), 0), 30_000);
        assert_eq!(wait_ms(1, asked(u64::MAX), 0), 600_000);
        assert_eq!(wait_ms(10, asked(0), 0), 256_000, "nor for less");
    }

    #[test]
    fn what_is_refused_or_too_old_is_given_up() {
        let refused = |attempts, refusals| next_attempt(attempts, refusals, FailureKind::Refused, s(0), s(1), 0);
        assert_eq!(refused(REFUSALS_MAX, REFUSALS_MAX), NextAttempt::GiveUp);
        assert_ne!(refused(REFUSALS_MAX - 1, REFUSALS_MAX - 1), NextAttempt::GiveUp);
        assert_ne!(
            refused(400, 1),
            NextAttempt::GiveUp,
            "what failed before was no refusal"
        );
        let day = i64::try_from(AGE_S_MAX).unwrap();
        assert_ne!(next_attempt(400, 0, PASSING, s(0), s(day - 1), 0), NextAttempt::GiveUp);
        assert_eq!(next_attempt(400, 0, PASSING, s(0), s(day), 0), NextAttempt::GiveUp);
    }

    #[test]
    fn an_id_is_that_of_its_event_webhook_and_part() {
        let event = Event {
            seq: 7,
            ts: s(1000),
            job_id: JobId::new("j-1").unwrap(),
            kind: EventType::GateOpened,
            stage: None,
            status: JobStatus::NeedsApproval,
            message: String::new(),
            payload: serde_json::Value::Null,
        };
        let id = delivery_id("chat", &event, DeliveryKind::GateOpened, 0);
        assert_eq!(id.len(), 32);
        assert_eq!(id, delivery_id("chat", &event, DeliveryKind::GateOpened, 0));
        assert_ne!(id, delivery_id("pager", &event, DeliveryKind::GateOpened, 0));
        assert_ne!(id, delivery_id("chat", &event, DeliveryKind::GateReminder, 0));
        let reminders = [1, 2].map(|part| delivery_id("chat", &event, DeliveryKind::GateReminder, part));
        assert_ne!(reminders[0], reminders[1]);
        let later = Event { seq: 8, ..event };
        assert_ne!(id, delivery_id("chat", &later, DeliveryKind::GateOpened, 0));
    }
}
