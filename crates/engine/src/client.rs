//! The way in for every front end that can wait: a command goes straight to the writer and a
//! question to the reader (see [`reads`]), and what comes back has the type of what was asked. News
//! comes as a feed.
//!
//! The loop must turn meanwhile, for timers, stages and news; no answer goes through it. A caller
//! who has left is no reason to stop: what was handed over is done.
//!
//! [`reads`]: super::reads

use std::future::Future;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Weak};

use tokio::sync::{broadcast, oneshot, watch};

use config::Config;
use domain::ask::{Ask, Command};
use domain::event::Event;
use domain::operator::Operator;
use domain::refusal::Refusal;
use runs::{RunsDir, RunsError};
use store::StoreError;

use super::api::{Notice, Receipt, Ticket};
use super::opening::Newer;
use super::reader::ReaderWork;
use super::receipt::verb;
use super::trouble::Trouble;
use super::writer::Work;

/// How many batches of news a follower may be behind before it has lost some.
const FEED_MAX: usize = 256;

/// Something that is committed, and whether its files are in place under their names, or why not
/// yet.
pub type Committed = (Box<Receipt>, Result<(), Refusal>);

/// What a front end may want to know of the engine at any moment.
#[derive(Clone)]
pub struct EngineStatus {
    /// The configuration in force.
    pub config: Arc<Config>,
    /// Whether the configuration file was saved broken since.
    pub is_config_broken: bool,
    /// Whether something does not work at the moment.
    pub is_troubled: bool,
    /// Whether this process runs stages.
    pub is_lead: bool,
    /// The database is newer than this program: nothing is changed from here on.
    pub(crate) newer: Option<Newer>,
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The database.
    #[error(transparent)]
    Rows(#[from] StoreError),
    /// A file.
    #[error(transparent)]
    Files(#[from] RunsError),
    /// What the old system left.
    #[error(transparent)]
    Old(#[from] Trouble),
    /// Nobody looked.
    #[error("{}", .0.message)]
    Refused(Refusal),
}

/// Whom the writer tells what came of an ask.
pub(super) enum Asker {
    /// The owner of the loop, by a notice.
    Loop(Ticket),
    /// A client, once its files are in place.
    Client(oneshot::Sender<Result<Committed, Refusal>>),
}

/// The queues of the threads. They end when the engine lets go of them, so clients only borrow
/// them.
pub(super) struct Threads {
    pub(crate) work: SyncSender<Work>,
    pub(crate) reads: SyncSender<ReaderWork>,
    /// Tells this process's leases from any other's.
    pub(crate) session: String,
}

impl Threads {
    /// Hands a command to the writer; refused: nobody is told anything more.
    pub(crate) fn submit(
        &self,
        newer: Option<Newer>,
        asker: Asker,
        operator: Operator,
        command: Command,
    ) -> Result<(), Refusal> {
        fault::begin(verb(&command));
        fault::point("submitted");
        if let Some(newer) = newer {
            return Err(newer.refusal());
        }
        let ask = Box::new(Ask::new(operator, &self.session, command));
        self.work.try_send(Work::Ask(asker, ask)).map_err(|_| busy())
    }
}

/// A way in. Cheap to clone; usable from any thread while the loop turns.
#[derive(Clone)]
pub struct Client {
    pub(super) threads: Weak<Threads>,
    pub(super) runs: RunsDir,
    feed: broadcast::Sender<Arc<[Event]>>,
    standing: watch::Receiver<EngineStatus>,
    pub(super) looks: watch::Receiver<()>,
    operator: Operator,
}

impl Client {
    /// Has a command done in the name of the process; see [`Client::command_of`].
    pub fn command(&self, command: Command) -> impl Future<Output = Result<Committed, Refusal>> + use<> {
        self.command_of(self.operator.clone(), command)
    }

    /// Hands over a command in somebody's name, at once; answered when its files are in place under
    /// their names, or are found not to be for now.
    pub fn command_of(
        &self,
        operator: Operator,
        command: Command,
    ) -> impl Future<Output = Result<Committed, Refusal>> + use<> {
        let (sender, answer) = oneshot::channel();
        let newer = self.standing().newer;
        let handed = self.threads.upgrade().ok_or_else(leaving);
        let handed = handed.and_then(|threads| threads.submit(newer, Asker::Client(sender), operator, command));
        async move {
            handed?;
            answer.await.unwrap_or_else(|_| Err(leaving()))
        }
    }

    /// What happens from now on, in any process. A follower that is too slow is told that it has
    /// lost some.
    pub fn follow(&self) -> broadcast::Receiver<Arc<[Event]>> {
        self.feed.subscribe()
    }

    /// How the engine stands.
    pub fn standing(&self) -> watch::Ref<'_, EngineStatus> {
        self.standing.borrow()
    }

    /// The same, for whoever waits for it to change.
    pub fn changes(&self) -> watch::Receiver<EngineStatus> {
        self.standing.clone()
    }

    /// In whose name the process runs.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }
}

pub(super) fn leaving() -> Refusal {
    Refusal::not_possible("holdpoint is leaving").with_hint("try again when it is back; look first whether it was done")
}

pub(super) fn busy() -> Refusal {
    Refusal::not_possible("too much is waiting for the database").with_hint("try again in a moment")
}

/// The loop's side of all clients: it tells them the news.
pub(super) struct Telling {
    feed: broadcast::Sender<Arc<[Event]>>,
    standing: watch::Sender<EngineStatus>,
    /// Raised by every look that found no event.
    looks: watch::Sender<()>,
}

impl Telling {
    pub(crate) fn new(config: &Config, newer: Option<Newer>) -> Self {
        let standing = EngineStatus {
            config: Arc::new(config.clone()),
            is_config_broken: false,
            is_troubled: false,
            is_lead: false,
            newer,
        };
        Self {
            feed: broadcast::Sender::new(FEED_MAX),
            standing: watch::Sender::new(standing),
            looks: watch::Sender::new(()),
        }
    }

    pub(crate) fn client(&self, threads: Weak<Threads>, runs: RunsDir, operator: Operator) -> Client {
        Client {
            threads,
            runs,
            feed: self.feed.clone(),
            standing: self.standing.subscribe(),
            looks: self.looks.subscribe(),
            operator,
        }
    }

    pub(crate) fn set_config(&self, config: &Config) {
        self.standing
            .send_modify(|standing| standing.config = Arc::new(config.clone()));
    }

    pub(crate) fn set_newer(&self, newer: Newer) {
        self.standing.send_modify(|standing| standing.newer = Some(newer));
    }

    /// Tells clients what the owner of the loop is told.
    pub(crate) fn tell(&self, notice: &Notice) {
        match notice {
            Notice::Events(events) if self.feed.receiver_count() > 0 => {
                let _ = self.feed.send(events.as_slice().into());
            }
            Notice::Trouble(trouble) => self
                .standing
                .send_modify(|standing| standing.is_troubled = trouble.is_some()),
            Notice::Lead(is_lead) => self.standing.send_modify(|standing| standing.is_lead = *is_lead),
            Notice::ConfigLoaded(..) => self.standing.send_modify(|standing| standing.is_config_broken = false),
            Notice::ConfigBroken(_) => self.standing.send_modify(|standing| standing.is_config_broken = true),
            Notice::Changed | Notice::Looked => {
                self.looks.send_replace(());
            }
            Notice::Events(_) | Notice::ReadOnly(_) | Notice::Done(..) | Notice::Published(..) => {}
        }
    }
}
