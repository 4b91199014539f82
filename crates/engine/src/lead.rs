//! Standing for the lead: one process at a time runs stages, by an operating-system lock that dies
//! with its owner.
//!
//! A standby waits in a blocking lock on its own thread, so a takeover is immediate and costs no
//! polling (SPEC §9).

use std::thread;

use tokio::sync::mpsc::Sender;

use domain::hosts::Stands;
use runs::locks::LeadGuard;
use runs::{RunsDir, locks};

use super::inbox::Inbox;
use super::webhook_sender::WebhookSenders;

/// Whether this process leads.
#[derive(Default)]
pub(super) enum Lead {
    /// Not standing, or waiting for the lock.
    #[default]
    Not,
    /// Has the lock, and speaks for this host; another host leads, or nobody does yet. Only where
    /// hosts share the record.
    Agent(LeadGuard),
    /// Has the lock; the epoch is being raised.
    Taking(LeadGuard),
    Has {
        guard: LeadGuard,
        epoch: u64,
    },
}

impl Lead {
    pub(crate) fn stands(&self) -> Stands {
        match self {
            Self::Not => Stands::Not,
            Self::Agent(_) => Stands::Agent,
            Self::Taking(_) => Stands::Taking,
            Self::Has { epoch, .. } => Stands::Leads(*epoch),
        }
    }
}

/// The lead, and standing for it.
#[derive(Default)]
pub(super) struct Leading {
    pub(crate) lead: Lead,
    /// Whether this process stands for the lead at all: not while it is stopped.
    pub(crate) wants_lead: bool,
    /// A thread waits for the lock.
    pub(crate) is_standing: bool,
    pub(crate) stand_at_us: Option<i64>,
    /// The next look is the first as leader.
    pub(crate) is_takeover: bool,
    /// At work while this process leads.
    pub(crate) couriers: WebhookSenders,
}

/// Waits for the lock; the loop hears of it. The thread ends with the process. False: there is no
/// thread for it.
pub(super) fn stand(runs: &RunsDir, inbox: Sender<Inbox>) -> bool {
    let runs = runs.clone();
    let wait = move || match locks::wait_lead(&runs) {
        Ok(guard) => {
            // A loop that is gone drops the message and with it the lock.
            let _ = inbox.blocking_send(Inbox::Locked(guard));
        }
        Err(error) => {
            let _ = inbox.blocking_send(Inbox::NotStanding(error));
        }
    };
    let thread = thread::Builder::new()
        .name("standby".to_owned())
        .stack_size(128 * 1024)
        .spawn(wait);
    if let Err(error) = &thread {
        tracing::error!("cannot stand for the lead: {error}");
    }
    thread.is_ok()
}
