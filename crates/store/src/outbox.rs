//! What is owed to webhooks: deliveries made from events, and how each ended (SPEC §4's events are
//! the cause of every one).
//!
//! Only the leader changes these rows; every change names its epoch. A commit does not wait for the
//! disk: what is lost with the power is made again with the same ids, so a receiver that knows them
//! loses nothing and takes nothing twice.

use super::cells::{Cells, count};
use super::error::{RowError, StoreError};
use super::event_row;
use super::open::refuse_newer;
use super::sql::{Connection, Row, values};
use super::{Reader, Store, leader};
use domain::time::{SECOND_US, Timestamp};
use domain::webhook::{Delivery, DeliveryKind, DeliveryState, GivenUp, WebhookStanding};

/// How long a settled delivery is kept, in microseconds: a week.
const KEPT_US: i64 = 7 * 24 * 3600 * SECOND_US;
/// The most deliveries that were given up that a standing names.
const GIVEN_UP_MAX: u32 = 20;

#[derive(Debug, Clone)]
pub enum OutboxChange {
    /// A webhook is told of what happens from now on, unless it is known already.
    Begin(String),
    /// Deliveries made from all events up to this one.
    Collect {
        webhook: String,
        /// Up to which event.
        up_to: u64,
        /// What is to be sent.
        deliveries: Vec<Delivery>,
        /// The time, for what is too old to be kept.
        now: Timestamp,
    },
    /// What waits for webhooks that nobody names any more is void, once it is old.
    Retire {
        /// The webhooks that are configured.
        named: Vec<String>,
        /// What became due before this is old.
        before: Timestamp,
        /// The time.
        now: Timestamp,
    },
    /// It is over with a delivery.
    Settle {
        delivery: Box<Delivery>,
        /// How it ended.
        state: DeliveryState,
        at: Timestamp,
        /// Why, when it did not go well.
        fault: Option<String>,
    },
    /// It is to be sent at another time.
    Again {
        delivery: Box<Delivery>,
        due_at: Timestamp,
        /// How many attempts failed.
        attempts: u32,
        /// How many of these the receiver refused.
        refusals: u32,
        /// Why the last one did; none: it was no attempt.
        fault: Option<String>,
    },
}

const COLUMNS: &str = "webhook, seq, kind, part, id, due_at, since, attempts, refusals, body";

fn delivery(row: &Row<'_>) -> Result<Delivery, RowError> {
    let cells = Cells::new(row, "delivery", 2);
    Ok(Delivery {
        webhook: cells.text(0)?.to_owned(),
        seq: cells.u64(1)?,
        kind: cells.word(2, DeliveryKind::parse)?,
        part: cells.get(3)?,
        id: cells.text(4)?.to_owned(),
        due_at: cells.time(5)?,
        since: cells.time(6)?,
        attempts: cells.get(7)?,
        refusals: cells.get(8)?,
        body: cells.text(9)?.to_owned(),
    })
}

fn first(connection: &Connection, condition: &str, order: &str, webhook: &str) -> Result<Option<Delivery>, RowError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM delivery WHERE webhook = ?1 AND state = 'waiting' AND {condition} ORDER BY {order} LIMIT 1"
    );
    Ok(connection.collect(&sql, values![webhook], delivery)?.pop())
}

impl Reader {
    /// Up to which event deliveries were made for a webhook; none: it is not known yet.
    pub fn collected_up_to(&self, webhook: &str) -> Result<Option<u64>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT seq FROM webhook WHERE name = ?1";
            let seq: Option<i64> = connection.first(sql, values![webhook], |row| row.get(0))?;
            Ok(seq.map(i64::unsigned_abs))
        })
    }

    /// The delivery of a webhook that comes next, whether it is due or not: the oldest one, before
    /// it a reminder that is due earlier.
    pub fn next_delivery(&self, webhook: &str) -> Result<Option<Delivery>, StoreError> {
        self.read(|connection| {
            let oldest = first(connection, "kind <> 'gate_reminder'", "seq, part", webhook)?;
            let reminder = first(connection, "kind = 'gate_reminder'", "due_at", webhook)?;
            Ok(match (oldest, reminder) {
                (Some(oldest), Some(reminder)) if reminder.due_at < oldest.due_at => Some(reminder),
                (Some(oldest), _) => Some(oldest),
                (None, reminder) => reminder,
            })
        })
    }

    /// How every webhook that was ever told something stands.
    pub fn webhook_standings(&self, now: Timestamp) -> Result<Vec<WebhookStanding>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT name, delivered, lost, fault FROM webhook ORDER BY name";
            let mut standings = connection.collect(sql, &[], |row| {
                let cells = Cells::new(row, "webhook", 1);
                Ok(WebhookStanding {
                    name: cells.text(0)?.to_owned(),
                    delivered: cells.u64(1)?,
                    lost: cells.u64(2)?,
                    fault: cells.optional_text(3)?.map(str::to_owned),
                    ..WebhookStanding::default()
                })
            })?;
            for standing in &mut standings {
                complete(connection, standing, now)?;
            }
            Ok(standings)
        })
    }
}

fn complete(connection: &Connection, standing: &mut WebhookStanding, now: Timestamp) -> Result<(), RowError> {
    let sql = "SELECT count(*) FILTER (WHERE kind <> 'gate_reminder' OR due_at <= ?2),
                 count(*) FILTER (WHERE kind = 'gate_reminder' AND due_at > ?2)
               FROM delivery WHERE webhook = ?1 AND state = 'waiting'";
    let counted = connection.first(sql, values![&standing.name, now.micros()], |row| {
        Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))
    })?;
    let (waiting, reminders) = counted.unwrap_or_default();
    standing.waiting = waiting.unsigned_abs();
    standing.reminders = reminders.unsigned_abs();
    if let Some(oldest) = first(connection, "kind <> 'gate_reminder'", "seq, part", &standing.name)? {
        standing.failed_attempts = oldest.attempts;
        standing.next_attempt_at = Some(oldest.due_at).filter(|_| oldest.attempts > 0);
    }
    let sql = "SELECT id, kind, seq, settled_at, fault FROM delivery WHERE webhook = ?1 AND settled_at IS NOT NULL AND state = 'lost'
               ORDER BY settled_at DESC LIMIT ?2";
    standing.given_up = connection.collect(sql, values![&standing.name, GIVEN_UP_MAX], |row| {
        let cells = Cells::new(row, "delivery", 1);
        Ok(GivenUp {
            id: cells.text(0)?.to_owned(),
            kind: cells.text(1)?.to_owned(),
            seq: cells.u64(2)?,
            at: cells.time(3)?,
            fault: cells.optional_text(4)?.unwrap_or_default().to_owned(),
        })
    })?;
    Ok(())
}

impl Store {
    /// Changes the outbox as the leader of this epoch. False: another process leads now, and
    /// nothing was changed.
    pub fn change_outbox(&mut self, epoch: u64, changes: &[OutboxChange]) -> Result<bool, StoreError> {
        let changed = change(&self.relaxed, epoch, changes);
        changed.map_err(|error| StoreError::of(&self.path, "note what was told to webhooks in", error))
    }
}

fn change(connection: &Connection, epoch: u64, changes: &[OutboxChange]) -> Result<bool, RowError> {
    connection.transaction(|connection| {
        refuse_newer(connection)?;
        if leader::find(connection)?.map(|leader| leader.epoch) != Some(epoch) {
            return Ok(false);
        }
        for change in changes {
            make(connection, change)?;
        }
        Ok(true)
    })
}

fn make(connection: &Connection, change: &OutboxChange) -> Result<(), RowError> {
    match change {
        OutboxChange::Begin(webhook) => {
            let seq = event_row::last_event_seq(connection)?;
            connection.execute(
                "INSERT INTO webhook (name, seq) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
                values![webhook, count(seq)],
            )?;
        }
        OutboxChange::Collect {
            webhook,
            up_to,
            deliveries,
            now,
        } => {
            for delivery in deliveries {
                insert(connection, delivery)?;
            }
            connection.execute(
                "UPDATE webhook SET seq = ?2 WHERE name = ?1 AND seq < ?2",
                values![webhook, count(*up_to)],
            )?;
            connection.execute(
                "DELETE FROM delivery WHERE webhook = ?1 AND settled_at < ?2",
                values![webhook, now.plus_us(-KEPT_US).micros()],
            )?;
        }
        OutboxChange::Retire { named, before, now } => retire(connection, named, *before, *now)?,
        OutboxChange::Settle {
            delivery,
            state,
            at,
            fault,
        } => settle(connection, delivery, *state, *at, fault.as_deref())?,
        OutboxChange::Again {
            delivery,
            due_at,
            attempts,
            refusals,
            fault,
        } => {
            connection.execute(
                "UPDATE delivery SET due_at = ?5, attempts = ?6, fault = coalesce(?7, fault),
                           since = CASE WHEN ?7 IS NULL THEN ?5 ELSE since END, refusals = ?8
                         WHERE webhook = ?1 AND seq = ?2 AND kind = ?3 AND part = ?4 AND state = 'waiting'",
                values![
                    &delivery.webhook,
                    count(delivery.seq),
                    delivery.kind.as_str(),
                    delivery.part,
                    due_at.micros(),
                    *attempts,
                    fault.as_ref(),
                    *refusals,
                ],
            )?;
            if fault.is_some() {
                put_fault(connection, &delivery.webhook, fault.as_deref())?;
            }
        }
    }
    Ok(())
}

fn insert(connection: &Connection, delivery: &Delivery) -> Result<(), RowError> {
    connection.execute(
        "INSERT INTO delivery (webhook, seq, kind, part, id, state, due_at, since, attempts, body)
             VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6, ?7, 0, ?8) ON CONFLICT (webhook, seq, kind, part) DO NOTHING",
        values![
            &delivery.webhook,
            count(delivery.seq),
            delivery.kind.as_str(),
            delivery.part,
            &delivery.id,
            delivery.due_at.micros(),
            delivery.since.micros(),
            &delivery.body,
        ],
    )?;
    Ok(())
}

fn retire(connection: &Connection, named: &[String], before: Timestamp, now: Timestamp) -> Result<(), RowError> {
    let known = connection.collect("SELECT name FROM webhook", &[], |row| {
        Ok(Cells::new(row, "webhook", 0).text(0)?.to_owned())
    })?;
    for webhook in known.iter().filter(|webhook| !named.contains(webhook)) {
        connection.execute(
            "UPDATE delivery SET state = 'void', settled_at = ?3, fault = 'the webhook was taken out', body = ''
                 WHERE webhook = ?1 AND state = 'waiting' AND since < ?2",
            values![webhook, before.micros(), now.micros()],
        )?;
    }
    Ok(())
}

fn settle(
    connection: &Connection,
    delivery: &Delivery,
    state: DeliveryState,
    at: Timestamp,
    fault: Option<&str>,
) -> Result<(), RowError> {
    // The body of a delivery is not kept after it was sent, only that it was.
    let settled = connection.execute(
        "UPDATE delivery SET state = ?5, settled_at = ?6, fault = ?7, body = ''
             WHERE webhook = ?1 AND seq = ?2 AND kind = ?3 AND part = ?4 AND state = 'waiting'",
        values![
            &delivery.webhook,
            count(delivery.seq),
            delivery.kind.as_str(),
            delivery.part,
            state.as_str(),
            at.micros(),
            fault,
        ],
    )?;
    let counted = match state {
        DeliveryState::Delivered => "UPDATE webhook SET delivered = delivered + ?2 WHERE name = ?1",
        DeliveryState::Lost => "UPDATE webhook SET lost = lost + ?2 WHERE name = ?1",
        DeliveryState::Waiting | DeliveryState::Void => return Ok(()),
    };
    connection.execute(
        counted,
        values![&delivery.webhook, i64::try_from(settled).unwrap_or_default()],
    )?;
    put_fault(connection, &delivery.webhook, fault)
}

fn put_fault(connection: &Connection, webhook: &str, fault: Option<&str>) -> Result<(), RowError> {
    connection.execute("UPDATE webhook SET fault = ?2 WHERE name = ?1", values![webhook, fault])?;
    Ok(())
}
