//! One webhook's thread: collect, send what is due, sleep until there may be more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::client::Threads;
use crate::writer::Work;
use clock::Clock;
use config::{Config, Webhook};
use domain::event::Event;
use domain::time::{SECOND_US, Timestamp};
use domain::webhook::{Delivery, DeliveryKind, DeliveryState, FailureKind, NextAttempt, delivery_id, next_attempt};
use wire::DocumentContext;

use store::{OutboxChange, Reader, StorePlace};
use webhooks::{SendFailure, WebhookClient, read_secret};

use super::body::{self, Telling};
use super::reminder::{self, Due};

/// The most events that deliveries are made of in one transaction.
const EVENTS_MAX: u32 = 500;
/// The longest sleep: a clock that was set is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// How long it waits after the database could not be used.
const TROUBLE_PAUSE: Duration = Duration::from_secs(5);

/// What a thread owns.
pub(super) struct WebhookSender {
    pub(crate) webhook: Webhook,
    pub(crate) config: Arc<Config>,
    pub(crate) place: StorePlace,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) threads: Weak<Threads>,
    pub(crate) epoch: u64,
    pub(crate) woken: Receiver<()>,
    pub(crate) is_over: Arc<AtomicBool>,
}

/// Why a round ended before everything was done.
enum Stop {
    /// Another process leads, or this one is leaving.
    Over,
    /// The database cannot be used now.
    Trouble(String),
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Trouble(error.to_string())
    }
}

impl WebhookSender {
    /// Works until somebody else leads.
    pub(crate) fn run(self) {
        let client = WebhookClient::new();
        let mut reader = None;
        let mut unnoted = None;
        let mut told = None;
        while !self.is_over.load(Ordering::Acquire) {
            let pause = match self.round(&client, &mut reader, &mut unnoted) {
                Ok(pause) => {
                    told = None;
                    pause
                }
                Err(Stop::Over) => return,
                Err(Stop::Trouble(why)) => {
                    if told.as_ref() != Some(&why) {
                        tracing::warn!("webhook {}: {why}; it is tried again", self.webhook.name);
                    }
                    told = Some(why);
                    TROUBLE_PAUSE
                }
            };
            match self.woken.recv_timeout(pause) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Makes deliveries of what is new and sends all that is due; how long nothing more is to be
    /// done. What was sent and could not be noted is `unnoted`: it is noted first, or it would be
    /// sent again and again while the database takes nothing.
    fn round(
        &self,
        client: &WebhookClient,
        reader: &mut Option<Reader>,
        unnoted: &mut Option<OutboxChange>,
    ) -> Result<Duration, Stop> {
        let reader = match reader {
            Some(reader) => reader,
            None => reader.insert(Reader::open(self.place.clone())?),
        };
        self.note(unnoted)?;
        self.collect(reader)?;
        loop {
            if self.is_over.load(Ordering::Acquire) {
                return Err(Stop::Over);
            }
            let Some(next) = reader.next_delivery(&self.webhook.name)? else {
                return Ok(SLEEP_MAX);
            };
            let wait_us = next.due_at.us_since(self.now());
            if wait_us > 0 {
                return Ok(Duration::from_micros(wait_us.unsigned_abs()).min(SLEEP_MAX));
            }
            *unnoted = Some(self.deliver(client, reader, next)?);
            self.note(unnoted)?;
            // What was decided meanwhile is put in its place before the next one goes.
            self.collect(reader)?;
        }
    }

    /// Has noted how the last delivery ended.
    fn note(&self, unnoted: &mut Option<OutboxChange>) -> Result<(), Stop> {
        if let Some(change) = unnoted.clone() {
            self.put(vec![change])?;
            *unnoted = None;
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.clock.now().utc
    }

    /// Has the outbox changed by the writer, and waits for it.
    fn put(&self, changes: Vec<OutboxChange>) -> Result<(), Stop> {
        let (sender, answer) = sync_channel(1);
        let threads = self.threads.upgrade().ok_or(Stop::Over)?;
        // A full queue drops it, and nobody answers.
        let _ = threads.work.try_send(Work::Outbox(self.epoch, changes, sender));
        drop(threads);
        match answer.recv() {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(Stop::Over),
            Err(_) if self.is_over.load(Ordering::Acquire) => Err(Stop::Over),
            Err(_) => Err(Stop::Trouble("too much is waiting for the database".to_owned())),
            Ok(Err(error)) => Err(error.into()),
        }
    }

    fn collect(&self, reader: &Reader) -> Result<(), Stop> {
        let name = &self.webhook.name;
        let mut since = match reader.collected_up_to(name)? {
            Some(since) => since,
            None => {
                self.put(vec![OutboxChange::Begin(name.clone())])?;
                reader.collected_up_to(name)?.unwrap_or_default()
            }
        };
        loop {
            let events = reader.events(None, since, EVENTS_MAX, false)?;
            let Some(last) = events.last() else { return Ok(()) };
            since = last.seq;
            let mut deliveries = Vec::new();
            for event in &events {
                deliveries.extend(self.deliveries_of(reader, event)?);
            }
            // Written even if there is nothing to send, so that the next look begins after these
            // events.
            self.put(vec![OutboxChange::Collect {
                webhook: name.clone(),
                up_to: since,
                deliveries,
                now: self.now(),
            }])?;
        }
    }

    fn deliveries_of(&self, reader: &Reader, event: &Event) -> Result<Vec<Delivery>, Stop> {
        let mut deliveries = Vec::new();
        let Some(kind) = DeliveryKind::of(event) else {
            return Ok(deliveries);
        };
        let now = self.now();
        if self.webhook.events().contains(&kind) {
            let id = delivery_id(&self.webhook.name, event, kind, 0);
            let body = match reader.job(&event.job_id)? {
                Some(rows) => body::of(self.telling(), &id, kind, event, &rows, reader, self.lens())?,
                None => return Ok(deliveries),
            };
            deliveries.push(self.delivery(event, kind, 0, id, body, now));
        }
        if kind == DeliveryKind::GateOpened && self.webhook.events().contains(&DeliveryKind::GateReminder) {
            for (part, due_at) in reminder::first(&self.webhook, event) {
                let kind = DeliveryKind::GateReminder;
                let id = delivery_id(&self.webhook.name, event, kind, part);
                deliveries.push(self.delivery(event, kind, part, id, String::new(), due_at));
            }
        }
        Ok(deliveries)
    }

    fn delivery(
        &self,
        event: &Event,
        kind: DeliveryKind,
        part: u32,
        id: String,
        body: String,
        due_at: Timestamp,
    ) -> Delivery {
        Delivery {
            webhook: self.webhook.name.clone(),
            seq: event.seq,
            part,
            kind,
            id,
            body,
            due_at,
            since: due_at,
            attempts: 0,
            refusals: 0,
        }
    }

    fn telling(&self) -> Telling<'_> {
        Telling {
            format: self.webhook.format,
            public_url: self.config.server.public_url.as_deref(),
        }
    }

    fn lens(&self) -> DocumentContext<'_> {
        DocumentContext {
            policies: &self.config.gates,
            grace_s: self.config.pipeline.overdue_grace_s,
            now: self.clock.now(),
            runs_dir: None,
        }
    }

    /// Tries once; what the outbox is to note of it.
    fn deliver(&self, client: &WebhookClient, reader: &Reader, mut next: Delivery) -> Result<OutboxChange, Stop> {
        if next.kind == DeliveryKind::GateReminder {
            match reminder::look(&self.webhook, reader, &next, self.telling(), self.lens())? {
                Due::Now(body) => next.body = body,
                Due::Later(due_at) => {
                    return Ok(OutboxChange::Again {
                        attempts: next.attempts,
                        refusals: next.refusals,
                        delivery: Box::new(next),
                        due_at,
                        fault: None,
                    });
                }
                Due::Never => return Ok(self.settled(next, DeliveryState::Void, None)),
            }
        }
        let sent_at_s = self.now().micros().div_euclid(SECOND_US);
        let secret = self.webhook.secret().as_ref().map(read_secret).transpose();
        let sent = secret
            .map_err(SendFailure::passing)
            .and_then(|secret| client.post(&self.webhook, secret.as_deref(), &next, sent_at_s));
        fault::point("webhook_answered");
        Ok(match sent {
            Ok(()) => {
                let (name, kind, id) = (&self.webhook.name, next.kind, &next.id);
                tracing::debug!("webhook {name}: {kind} {id} delivered");
                if kind == DeliveryKind::LastCall {
                    self.reached(reader, next.seq)?;
                }
                self.settled(next, DeliveryState::Delivered, None)
            }
            Err(fault) => self.failed(next, fault),
        })
    }

    /// The receiver took a last call: whoever is told by it is reached. A crash before that is
    /// noted sends the call again.
    fn reached(&self, reader: &Reader, seq: u64) -> Result<(), Stop> {
        let told = reader.events(None, seq.saturating_sub(1), 1, false)?;
        let Some(key) = told.first().filter(|event| event.seq == seq).and_then(body::key_of) else {
            return Ok(());
        };
        let threads = self.threads.upgrade().ok_or(Stop::Over)?;
        let reached = Work::Reached {
            key,
            webhook: self.webhook.name.clone(),
            is_asked_for: self.webhook.asks_for(DeliveryKind::LastCall),
        };
        let is_full = |_| Stop::Trouble("too much is waiting for the database".to_owned());
        threads.work.try_send(reached).map_err(is_full)
    }

    fn settled(&self, delivery: Delivery, state: DeliveryState, fault: Option<String>) -> OutboxChange {
        OutboxChange::Settle {
            delivery: Box::new(delivery),
            state,
            at: self.now(),
            fault,
        }
    }

    fn failed(&self, delivery: Delivery, fault: SendFailure) -> OutboxChange {
        let SendFailure { failure, why, .. } = fault;
        let (name, kind, id) = (&self.webhook.name, delivery.kind, &delivery.id);
        let attempts = delivery.attempts.saturating_add(1);
        let refusals = match failure {
            FailureKind::Refused => delivery.refusals.saturating_add(1),
            FailureKind::Passing { .. } => delivery.refusals,
        };
        let now = self.now();
        // The microseconds of the clock are chance enough to keep senders apart.
        let chance = now.micros().unsigned_abs();
        match next_attempt(attempts, refusals, failure, delivery.since, now, chance) {
            NextAttempt::At(due_at) => {
                if attempts == 1 {
                    tracing::warn!("webhook {name}: {kind} {id} not delivered: {why}; it is tried again");
                }
                OutboxChange::Again {
                    delivery: Box::new(delivery),
                    due_at,
                    attempts,
                    refusals,
                    fault: Some(why),
                }
            }
            NextAttempt::GiveUp => {
                tracing::error!("webhook {name}: {kind} {id} given up after {attempts} attempts: {why}");
                let why = format!("{why} (attempt {attempts})");
                self.settled(delivery, DeliveryState::Lost, Some(why))
            }
        }
    }
}
