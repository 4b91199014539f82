//! This host among others that share the record: a thread with a line of its own to the database
//! hears what others commit, says that this host is there, and keeps up the lead (SPEC §9).
//!
//! A line that is lost is opened again; until then the loop looks every second, and whoever leads
//! gives the lead up when its time is over.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use clock::Clock;
use domain::ids::HostId;
use domain::refusal::{Refusal, RefusalCode};
use domain::time::SECOND_US;
use runs::locks::LeadGuard;
use store::{HostLine, Kept, LEAD_MS, StoreError, StorePlace};

use super::Engine;
use super::api::Notice;
use super::inbox::Inbox;
use super::lead::Lead;
use super::opening::clock_differs;
use super::writer::Work;

/// How often the lead, or that this host is there, is kept up.
const KEEP_US: i64 = 2 * SECOND_US;
/// How often whoever stands by looks whether the lead is free, where nobody tells.
const STANDBY_US: i64 = SECOND_US;
/// A leader that could not keep the lead up for this long gives it up: by the time of the database
/// it is not over before.
const LEAD_US: i64 = LEAD_MS as i64 * 1000 - SECOND_US / 2;
/// Between two tries to connect.
const AGAIN: Duration = Duration::from_secs(1);
/// What only looks or decides once is done before it needs to hear of others.
const VISIT: Duration = Duration::from_millis(500);

/// What this process is on its host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Standing {
    /// It has the lock of the runs directory: it speaks for the host.
    is_agent: bool,
    /// It leads, with this epoch.
    epoch: Option<u64>,
}

/// What the thread tells the loop.
#[derive(Debug)]
pub(super) enum HostNews {
    /// How things stand, asked when the lead had this epoch, and what the clocks say (see
    /// [`clock_differs`]).
    Kept(Kept, Option<u64>, Option<Option<i64>>),
    /// The database does not answer.
    Lost(StoreError),
}

/// The thread, as the loop sees it.
pub(super) struct HostWatch {
    standing: Arc<Mutex<Standing>>,
    /// When the lead was last known to be ours, by the boot clock.
    kept_at_us: i64,
    /// The clocks differ: nothing is let expire, and nothing is led.
    is_ahead_us: Option<i64>,
    /// That the line was lost was told.
    is_lost: bool,
}

impl HostWatch {
    /// Starts the thread, which ends with the loop.
    pub(crate) fn start(
        place: StorePlace,
        host: HostId,
        is_visitor: bool,
        clock: Arc<dyn Clock>,
        inbox: Sender<Inbox>,
    ) -> std::io::Result<Self> {
        let standing = Arc::default();
        let thread = Thread {
            place,
            host,
            clock,
            inbox,
            standing: Arc::clone(&standing),
        };
        let name = thread::Builder::new().name("host".to_owned());
        name.spawn(move || {
            if is_visitor {
                thread::park_timeout(VISIT);
            }
            thread.run();
        })?;
        Ok(Self {
            standing,
            kept_at_us: 0,
            is_ahead_us: None,
            is_lost: false,
        })
    }

    /// Notes what this process is now.
    pub(crate) fn stands(&self, is_agent: bool, epoch: Option<u64>) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = Standing { is_agent, epoch };
    }
}

struct Thread {
    place: StorePlace,
    host: HostId,
    clock: Arc<dyn Clock>,
    inbox: Sender<Inbox>,
    standing: Arc<Mutex<Standing>>,
}

impl Thread {
    fn run(&self) {
        while !self.inbox.is_closed() {
            if let Err(error) = self.listen() {
                self.tell(Inbox::Host(HostNews::Lost(error)));
                thread::park_timeout(AGAIN);
            }
            // What was missed, and what there is to see while the line is down.
            self.tell(Inbox::Nudged);
        }
    }

    fn tell(&self, message: Inbox) {
        // The loop is gone when this fails, and this thread ends.
        let _ = self.inbox.blocking_send(message);
    }

    fn standing(&self) -> Standing {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the loop is gone, or the line.
    fn listen(&self) -> Result<(), StoreError> {
        let mut line = HostLine::open(&self.place)?;
        self.tell(Inbox::Nudged);
        let mut kept_as = Standing::default();
        let mut next_us = 0;
        while !self.inbox.is_closed() {
            let (standing, now_us) = (self.standing(), self.clock.now().boot_us);
            if now_us >= next_us || standing != kept_as {
                let before = self.clock.now();
                let kept = line.keep(standing.is_agent.then_some(&self.host), standing.epoch)?;
                let after = self.clock.now();
                let ahead_us = clock_differs(before, kept.time, after);
                self.tell(Inbox::Host(HostNews::Kept(kept, standing.epoch, ahead_us)));
                kept_as = standing;
                let stands_by = standing.is_agent && standing.epoch.is_none();
                next_us = now_us.saturating_add(if stands_by { STANDBY_US } else { KEEP_US });
            }
            let wait_us = next_us.saturating_sub(self.clock.now().boot_us).clamp(0, STANDBY_US);
            let wait = Duration::from_micros(wait_us.unsigned_abs());
            if line.wait(wait)? {
                self.tell(Inbox::Nudged);
                if standing.is_agent && standing.epoch.is_none() {
                    // Perhaps the lead was given back.
                    next_us = 0;
                }
            }
        }
        Ok(())
    }
}

impl Engine {
    pub(super) fn host_news(&mut self, news: HostNews) {
        let now_us = self.clock.now().boot_us;
        let Some(watch) = &mut self.host_watch else { return };
        match news {
            HostNews::Lost(error) => {
                if !std::mem::replace(&mut watch.is_lost, true) {
                    self.notify(Notice::Trouble(Some(error.into())));
                }
            }
            HostNews::Kept(kept, asked_as, ahead_us) => {
                if std::mem::take(&mut watch.is_lost) {
                    self.notify(Notice::Trouble(None));
                }
                if let Some(ahead_us) = ahead_us {
                    self.clocks_differ(ahead_us);
                }
                self.kept(kept, asked_as, now_us);
            }
        }
    }

    fn kept(&mut self, kept: Kept, asked_as: Option<u64>, now_us: i64) {
        let Some(watch) = &mut self.host_watch else { return };
        match &self.leading.lead {
            Lead::Has { epoch, .. } if asked_as == Some(*epoch) && kept.is_lead => {
                watch.kept_at_us = now_us;
                // The next look finds what was lost.
                self.looking.wants_look |= kept.has_lost;
            }
            Lead::Has { epoch, .. } if asked_as == Some(*epoch) => self.step_down(),
            Lead::Agent(_) if kept.is_free => self.take_lead(),
            Lead::Has { .. } | Lead::Agent(_) | Lead::Taking(_) | Lead::Not => {}
        }
    }

    /// The lead is somebody else's by now, or soon: what only a leader does ends. This process goes
    /// on to speak for its host.
    pub(super) fn step_down(&mut self) {
        match std::mem::replace(&mut self.leading.lead, Lead::Not) {
            Lead::Has { guard, .. } => {
                self.speak_for_host(guard);
                self.leading.couriers.stop();
                self.ticker.set_lead(false);
                self.stages.starting.clear();
                self.notify(Notice::Lead(false));
            }
            former @ (Lead::Agent(_) | Lead::Taking(_) | Lead::Not) => self.leading.lead = former,
        }
    }

    /// Where hosts share the record the lock only says who speaks for this one; its stages are
    /// looked after from here on.
    pub(super) fn speak_for_host(&mut self, guard: LeadGuard) {
        self.leading.lead = Lead::Agent(guard);
        self.leading.is_takeover = true;
        self.looking.wants_look = true;
        self.stands();
    }

    /// Tells the thread what this process is now.
    pub(super) fn stands(&mut self) {
        let now_us = self.clock.now().boot_us;
        let Some(watch) = &mut self.host_watch else { return };
        let (is_agent, epoch) = match &self.leading.lead {
            Lead::Not => (false, None),
            Lead::Agent(_) | Lead::Taking(_) => (true, None),
            Lead::Has { epoch, .. } => {
                watch.kept_at_us = now_us;
                (true, Some(*epoch))
            }
        };
        watch.stands(is_agent, epoch);
    }

    /// Gives the lead up when it could not be kept up.
    pub(super) fn lead_in_time(&mut self, now_us: i64) {
        let Some(watch) = &self.host_watch else { return };
        if self.is_lead() && now_us.saturating_sub(watch.kept_at_us) > LEAD_US {
            self.step_down();
        }
    }

    /// When the lead is to be given up, by the boot clock.
    pub(super) fn lead_ends_us(&self) -> Option<i64> {
        let watch = self.host_watch.as_ref().filter(|_| self.is_lead())?;
        Some(watch.kept_at_us.saturating_add(LEAD_US + 1))
    }

    /// Whether what this host takes for the time is.
    pub(super) fn has_the_time(&self) -> bool {
        self.host_watch.as_ref().is_none_or(|watch| watch.is_ahead_us.is_none())
    }

    fn clocks_differ(&mut self, ahead_us: Option<i64>) {
        let Some(watch) = &mut self.host_watch else { return };
        let before = std::mem::replace(&mut watch.is_ahead_us, ahead_us);
        match (before, ahead_us) {
            (None, Some(ahead_us)) => {
                let why = super::opening::differs_in_words(ahead_us);
                tracing::warn!("{why}");
                let hint = "set the clock of this host; until then nothing is decided here, and no timer ends";
                // Whoever sends it again elsewhere, or later, is answered: what was done under its name
                // before is not looked for here.
                let refusal = Refusal::new(RefusalCode::NotNow, why).with_hint(hint);
                self.clients.set_wrong_time(Some(refusal.clone()));
                self.notify(Notice::Trouble(Some(refusal)));
            }
            (Some(_), None) => {
                self.clients.set_wrong_time(None);
                self.notify(Notice::Trouble(None));
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        // However it came to lead meanwhile.
        if ahead_us.is_some()
            && let Lead::Has { epoch, .. } = self.leading.lead
        {
            self.step_down();
            self.hand_to_writer(Work::Resign(epoch, None));
        }
    }
}
