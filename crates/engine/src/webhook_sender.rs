//! Webhooks: the leader makes deliveries of events, sends them in order, and notes how each ended.
//!
//! One thread a webhook, so that a slow receiver keeps nobody waiting: not another webhook, and
//! never a decision. A thread reads rows by itself and has them changed by the writer. What it was
//! doing when the process died is done again, under the same id.

mod body;
mod message;
mod reminder;
mod round;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use clock::Clock;
use config::Config;
use domain::time::{Now, SECOND_US};
use domain::webhook::AGE_S_MAX;
use store::{OutboxChange, StorePlace};
use webhooks::WebhookClient;

use super::client::Threads;
use round::WebhookSender;

/// How often it is looked for webhooks that were taken out.
const RETIRE_EVERY_US: i64 = 3600 * SECOND_US;

/// What a webhook sender works with.
pub(super) struct SenderContext {
    pub(crate) place: StorePlace,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) threads: Weak<Threads>,
}

/// The webhook senders of this process: one for each webhook while it leads.
#[derive(Default)]
pub(super) struct WebhookSenders {
    at_work: Vec<Handle>,
    /// By webhook: who may still be sending. The successor waits for it, or one delivery would be
    /// sent by both.
    leaving: BTreeMap<String, JoinHandle<()>>,
    /// When it was last looked for webhooks that were taken out.
    retired_at_us: Option<i64>,
}

struct Handle {
    webhook: String,
    wake: SyncSender<()>,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl WebhookSenders {
    /// Lets go of those there are and starts one for each webhook, for the leader of this epoch.
    pub(crate) fn start(&mut self, context: &SenderContext, config: &Config, epoch: u64) {
        self.stop();
        if !WebhookClient::CAN_SEND {
            if !config.webhooks.is_empty() {
                tracing::warn!("webhooks are configured and this holdpoint was built without them: nobody is told");
            }
            return;
        }
        let shared = Arc::new(config.clone());
        for webhook in config.webhooks.iter() {
            let (wake, woken) = sync_channel(1);
            let is_over = Arc::new(AtomicBool::new(false));
            let courier = WebhookSender {
                webhook: webhook.clone(),
                config: Arc::clone(&shared),
                place: context.place.clone(),
                clock: Arc::clone(&context.clock),
                threads: context.threads.clone(),
                epoch,
                woken,
                is_over: Arc::clone(&is_over),
            };
            let thread = std::thread::Builder::new().name(format!("hook {}", webhook.name));
            let former = self.leaving.remove(&webhook.name);
            let work = move || {
                if let Some(former) = former {
                    // The result of the thread is in the outbox, so its return value is not needed.
                    let _ = former.join();
                }
                courier.run();
            };
            match thread.spawn(work) {
                Ok(thread) => self.at_work.push(Handle {
                    webhook: webhook.name.clone(),
                    wake,
                    is_over,
                    thread,
                }),
                Err(error) => tracing::error!("webhook {} is not told: no thread: {error}", webhook.name),
            }
        }
    }

    /// Lets go of all of them. An attempt under way ends by itself.
    pub(crate) fn stop(&mut self) {
        for handle in self.at_work.drain(..) {
            handle.is_over.store(true, Ordering::Release);
            self.leaving.insert(handle.webhook, handle.thread);
        }
    }

    /// What is to be noted of webhooks that were taken out; none: it was not long ago.
    pub(crate) fn retire(&mut self, config: &Config, now: Now) -> Option<OutboxChange> {
        let is_early = |at_us: i64| now.boot_us.saturating_sub(at_us) < RETIRE_EVERY_US;
        if self.retired_at_us.is_some_and(is_early) {
            return None;
        }
        self.retired_at_us = Some(now.boot_us);
        let age_us = i64::try_from(AGE_S_MAX).unwrap_or(i64::MAX).saturating_mul(SECOND_US);
        Some(OutboxChange::Retire {
            named: config.webhooks.iter().map(|webhook| webhook.name.clone()).collect(),
            before: now.utc.plus_us(-age_us),
            now: now.utc,
        })
    }

    /// Something happened.
    pub(crate) fn wake(&self) {
        for handle in &self.at_work {
            // A full channel means that the thread will wake anyway.
            let _ = handle.wake.try_send(());
        }
    }
}
