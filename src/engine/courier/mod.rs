//! Webhooks: the leader makes deliveries of events, sends them in order, and notes how each ended.
//!
//! One thread a webhook, so that a slow receiver keeps nobody waiting: not another webhook, and never a decision. A thread reads rows
//! by itself and has them changed by the writer. What it was doing when the process died is done again, under the same id.

mod body;
mod reminder;
mod round;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use tokio::sync::mpsc::Sender;

use crate::clock::Clock;
use crate::config::Config;
use crate::webhook::Client;

use super::inbox::Inbox;
use round::Courier;

/// What a courier works with.
pub(super) struct Office {
    pub runs_dir: PathBuf,
    pub clock: Arc<dyn Clock>,
    pub inbox: Sender<Inbox>,
}

/// The couriers of this process: one for each webhook while it leads.
#[derive(Default)]
pub(super) struct Couriers(Vec<Handle>);

struct Handle {
    wake: SyncSender<()>,
    is_over: Arc<AtomicBool>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // An attempt under way ends by itself; nobody waits for it.
        self.is_over.store(true, Ordering::Release);
    }
}

impl Couriers {
    /// Lets go of those there are and starts one for each webhook, for the leader of this epoch.
    pub fn start(&mut self, office: &Office, config: &Config, epoch: u64) {
        self.0.clear();
        if !Client::CAN_SEND {
            if !config.webhooks.is_empty() {
                tracing::warn!("webhooks are configured and this holdpoint was built without them: nobody is told");
            }
            return;
        }
        let shared = Arc::new(config.clone());
        for webhook in config.webhooks.iter() {
            let (wake, woken) = sync_channel(1);
            let is_over = Arc::new(AtomicBool::new(false));
            let courier = Courier {
                webhook: webhook.clone(),
                config: Arc::clone(&shared),
                runs_dir: office.runs_dir.clone(),
                clock: Arc::clone(&office.clock),
                inbox: office.inbox.clone(),
                epoch,
                woken,
                is_over: Arc::clone(&is_over),
            };
            let thread = std::thread::Builder::new().name(format!("hook {}", webhook.name));
            match thread.spawn(move || courier.run()) {
                Ok(_) => self.0.push(Handle { wake, is_over }),
                Err(error) => tracing::error!("webhook {} is not told: no thread: {error}", webhook.name),
            }
        }
    }

    /// Lets go of all of them.
    pub fn stop(&mut self) {
        self.0.clear();
    }

    /// Something happened.
    pub fn wake(&self) {
        for handle in &self.0 {
            // Full: it is awake already.
            let _ = handle.wake.try_send(());
        }
    }
}
