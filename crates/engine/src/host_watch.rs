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
use domain::hosts::{Kept, STANDBY_US, Stands, Turn, Watch, clock_differs, differs_in_words};
use domain::ids::HostId;
use domain::refusal::{Refusal, RefusalCode};
use runs::locks::LeadGuard;
use store::{HostLine, StoreError, StorePlace};

use super::Engine;
use super::api::Notice;
use super::inbox::Inbox;
use super::lead::Lead;
use super::writer::Work;

/// Between two tries to connect.
const AGAIN: Duration = Duration::from_secs(1);
/// What only looks or decides once is done before it needs to hear of others.
const VISIT: Duration = Duration::from_millis(500);

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
    stands: Arc<Mutex<Stands>>,
    watch: Watch,
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
        let stands = Arc::new(Mutex::new(Stands::Not));
        let thread = Thread {
            place,
            host,
            clock,
            inbox,
            stands: Arc::clone(&stands),
        };
        let name = thread::Builder::new().name("host".to_owned());
        name.spawn(move || {
            if is_visitor {
                thread::park_timeout(VISIT);
            }
            thread.run();
        })?;
        Ok(Self {
            stands,
            watch: Watch::default(),
            is_lost: false,
        })
    }

    /// Notes what this process is now.
    fn stands(&self, stands: Stands) {
        *self.stands.lock().unwrap_or_else(PoisonError::into_inner) = stands;
    }
}

struct Thread {
    place: StorePlace,
    host: HostId,
    clock: Arc<dyn Clock>,
    inbox: Sender<Inbox>,
    stands: Arc<Mutex<Stands>>,
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

    fn stands(&self) -> Stands {
        *self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the loop is gone, or the line.
    fn listen(&self) -> Result<(), StoreError> {
        let mut line = HostLine::open(&self.place)?;
        self.tell(Inbox::Nudged);
        let mut kept_as = Stands::Not;
        let mut next_us = 0;
        while !self.inbox.is_closed() {
            let (stands, now_us) = (self.stands(), self.clock.now().boot_us);
            if now_us >= next_us || stands != kept_as {
                let before = self.clock.now();
                let kept = line.keep(stands.is_agent().then_some(&self.host), stands.epoch())?;
                let after = self.clock.now();
                let ahead_us = clock_differs(before, kept.time, after);
                self.tell(Inbox::Host(HostNews::Kept(kept, stands.epoch(), ahead_us)));
                kept_as = stands;
                next_us = now_us.saturating_add(stands.pause_us());
            }
            let wait_us = next_us.saturating_sub(self.clock.now().boot_us).clamp(0, STANDBY_US);
            let wait = Duration::from_micros(wait_us.unsigned_abs());
            if line.wait(wait)? {
                self.tell(Inbox::Nudged);
                if stands.stands_by() {
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
        let Some(host) = &mut self.host_watch else { return };
        match news {
            HostNews::Lost(error) => {
                if !std::mem::replace(&mut host.is_lost, true) {
                    self.notify(Notice::Trouble(Some(error.into())));
                }
            }
            HostNews::Kept(kept, asked_as, ahead_us) => {
                if std::mem::take(&mut host.is_lost) {
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
        let stands = self.leading.lead.stands();
        let Some(host) = &mut self.host_watch else { return };
        // The next look finds what was lost.
        self.looking.wants_look |= kept.has_lost && stands.epoch().is_some();
        let turn = host.watch.hears(stands, asked_as, &kept, now_us);
        self.turn(turn);
    }

    fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Nothing => {}
            Turn::Take => self.take_lead(),
            Turn::StepDown => self.step_down(),
            Turn::GiveBack(epoch) => {
                self.step_down();
                self.hand_to_writer(Work::Resign(epoch, None));
            }
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
        let Some(host) = &mut self.host_watch else { return };
        let stands = self.leading.lead.stands();
        if stands.epoch().is_some() {
            host.watch.leads(now_us);
        }
        host.stands(stands);
    }

    /// Gives the lead up when it could not be kept up.
    pub(super) fn lead_in_time(&mut self, now_us: i64) {
        if self.lead_ends_us().is_some_and(|ends_us| now_us >= ends_us) {
            self.step_down();
        }
    }

    /// When the lead is to be given up, by the boot clock.
    pub(super) fn lead_ends_us(&self) -> Option<i64> {
        let host = self.host_watch.as_ref().filter(|_| self.is_lead())?;
        Some(host.watch.lead_ends_us())
    }

    /// Whether what this host takes for the time is.
    pub(super) fn has_the_time(&self) -> bool {
        self.host_watch.as_ref().is_none_or(|host| host.watch.has_the_time())
    }

    fn clocks_differ(&mut self, ahead_us: Option<i64>) {
        let stands = self.leading.lead.stands();
        let Some(host) = &mut self.host_watch else { return };
        let had_it = host.watch.has_the_time();
        let turn = host.watch.hears_time(stands, ahead_us);
        match (had_it, ahead_us) {
            (true, Some(ahead_us)) => {
                let why = differs_in_words(ahead_us);
                tracing::warn!("{why}");
                let hint = "set the clock of this host; until then nothing is decided here, and no timer ends";
                // Whoever sends it again elsewhere, or later, is answered: what was done under its name
                // before is not looked for here.
                let refusal = Refusal::new(RefusalCode::NotNow, why).with_hint(hint);
                self.clients.set_wrong_time(Some(refusal.clone()));
                self.notify(Notice::Trouble(Some(refusal)));
            }
            (false, None) => {
                self.clients.set_wrong_time(None);
                self.notify(Notice::Trouble(None));
            }
            (true, None) | (false, Some(_)) => {}
        }
        self.turn(turn);
    }
}
