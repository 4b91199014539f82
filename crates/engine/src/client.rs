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
use domain::ids::Digest;
use domain::operator::{Operator, Surface};
use domain::refusal::{Refusal, RefusalCode};
use domain::rights::Rights;
use runs::{RunsDir, RunsError};
use store::{StoreError, Submission};

use super::api::{Notice, Receipt, Ticket};
use super::far::Far;
use super::opening::Newer;
use super::reader::ReaderWork;
use super::receipt::verb;
use super::trouble::Trouble;
use super::writer::Work;

/// How many batches of news a follower may be behind before it has lost some.
pub(super) const FEED_MAX: usize = 256;

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
    /// What does not work at the moment.
    pub trouble: Option<Refusal>,
    /// Whether this process runs stages.
    pub is_lead: bool,
    /// The database is newer than this program: nothing is changed from here on.
    pub(crate) newer: Option<Newer>,
    /// The clock of this host is wrong: what it would write has times that mean others elsewhere.
    pub(crate) wrong_time: Option<Refusal>,
}

impl EngineStatus {
    /// Why nothing may be changed from here; none: it may.
    pub(crate) fn hinders(&self) -> Option<Refusal> {
        self.newer.map(Newer::refusal).or_else(|| self.wrong_time.clone())
    }

    /// Of an engine elsewhere that goes by this configuration.
    pub(super) fn far(config: Config) -> Self {
        Self {
            config: Arc::new(config),
            is_config_broken: false,
            trouble: None,
            is_lead: false,
            newer: None,
            wrong_time: None,
        }
    }
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
    Refused(#[from] Refusal),
}

/// Whom the writer tells what came of an ask.
pub(super) enum Asker {
    /// The owner of the loop, by a notice.
    Loop(Ticket),
    /// A client, once its files are in place; under which name it submits this.
    Client(oneshot::Sender<Result<Committed, Refusal>>, Option<Submission>),
}

/// The queues of the threads. They end when the engine lets go of them, so clients only borrow
/// them.
pub(super) struct Threads {
    pub(crate) work: SyncSender<Work>,
    pub(crate) reads: SyncSender<ReaderWork>,
    /// Tells this process's leases from any other's.
    pub(crate) session: String,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    pub operator: Operator,
    /// The session of theirs that leases belong to; none: that of this process.
    pub session: Option<String>,
    /// What they may have done.
    pub rights: Rights,
}

impl From<Operator> for Caller {
    /// Somebody who has the runs directory.
    fn from(operator: Operator) -> Self {
        Self {
            operator,
            session: None,
            rights: Rights::default(),
        }
    }
}

impl Threads {
    /// A command as it is asked for by somebody; refused: they may not.
    pub(crate) fn ask(&self, caller: Caller, command: Command) -> Result<Ask, Refusal> {
        let session = caller.session.as_deref().unwrap_or(&self.session);
        let is_named_client = caller.session.is_some() && caller.operator.via.surface == Surface::Http;
        let ask = Ask::new(caller.operator, session, command);
        let ask = if is_named_client { ask.of_client(session) } else { ask };
        ask.within(caller.rights)
    }

    /// Hands a command to the writer; refused: nobody is told anything more.
    pub(crate) fn submit(
        &self,
        hinders: Option<Refusal>,
        asker: Asker,
        caller: Caller,
        command: Command,
    ) -> Result<(), Refusal> {
        fault::begin(verb(&command));
        fault::point("submitted");
        if let Some(hinders) = hinders {
            return Err(hinders);
        }
        let ask = Box::new(self.ask(caller, command)?);
        self.work.try_send(Work::Ask(asker, ask)).map_err(|_| busy())
    }
}

/// Where the engine is that a client asks.
#[derive(Clone)]
pub(super) enum Way {
    /// In this process.
    Here { threads: Weak<Threads>, runs: RunsDir },
    /// On another machine.
    There(Arc<Far>),
}

/// A way in. Cheap to clone; usable from any thread while the loop turns.
#[derive(Clone)]
pub struct Client {
    pub(super) way: Way,
    feed: broadcast::Sender<Arc<[Event]>>,
    standing: watch::Receiver<EngineStatus>,
    pub(super) looks: watch::Receiver<()>,
    changed: watch::Receiver<()>,
    operator: Operator,
}

impl Client {
    /// A way to another machine.
    pub(super) fn far(
        way: Way,
        feed: broadcast::Sender<Arc<[Event]>>,
        standing: watch::Receiver<EngineStatus>,
        looks: watch::Receiver<()>,
        operator: Operator,
    ) -> Self {
        Self {
            way,
            feed,
            standing,
            looks,
            changed: watch::Sender::new(()).subscribe(),
            operator,
        }
    }

    /// The threads of this process; none: they are gone, or the engine is elsewhere.
    pub(super) fn threads(&self) -> Option<Arc<Threads>> {
        match &self.way {
            Way::Here { threads, .. } => threads.upgrade(),
            Way::There(_) => None,
        }
    }

    /// Has a command done in the name of the process; see [`Client::command_of`].
    pub fn command(&self, command: Command) -> impl Future<Output = Result<Committed, Refusal>> + use<> {
        self.command_of(self.operator.clone(), command)
    }

    /// The same in somebody's name, in the session of this process.
    pub fn command_of(
        &self,
        operator: Operator,
        command: Command,
    ) -> impl Future<Output = Result<Committed, Refusal>> + use<> {
        self.command_from(operator.into(), None, command)
    }

    /// Hands over a command in somebody's name, at once; under the name of a submission it is done
    /// once, and gets the same answer again; answered when its files are in place under
    /// their names, or are found not to be for now.
    pub fn command_from(
        &self,
        caller: Caller,
        submission: Option<&SubmittedAs>,
        command: Command,
    ) -> impl Future<Output = Result<Committed, Refusal>> + use<> {
        let handed = self.hand_over(caller, submission, command);
        async move { handed?.await }
    }

    /// The same; refused: it was not handed over, and what is to be done after it should not be
    /// either.
    pub fn hand_over(
        &self,
        caller: Caller,
        submission: Option<&SubmittedAs>,
        command: Command,
    ) -> Result<impl Future<Output = Result<Committed, Refusal>> + use<>, Refusal> {
        let here = match &self.way {
            Way::Here { threads, .. } => {
                let hinders = self.standing().hinders();
                let (sender, answer) = oneshot::channel();
                let submission = submission.filter(|_| !command.is_repeatable());
                let submission = submission.map(|submission| submission.by(&caller.operator.name));
                let threads = threads.upgrade().ok_or_else(leaving)?;
                threads.submit(hinders, Asker::Client(sender, submission), caller, command)?;
                Ok(answer)
            }
            // In whose name, the server knows.
            Way::There(far) => Err(far.command(command)),
        };
        Ok(async move {
            match here {
                Ok(answer) => answer.await.unwrap_or_else(|_| Err(leaving())),
                Err(there) => there.await,
            }
        })
    }

    /// What happens from now on, in any process. A follower that is too slow is told that it has
    /// lost some.
    pub fn follow(&self) -> broadcast::Receiver<Arc<[Event]>> {
        if let Way::There(far) = &self.way {
            far.listen();
        }
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

    /// Tells when something visible changed that is no event.
    pub fn changed(&self) -> watch::Receiver<()> {
        self.changed.clone()
    }

    /// In whose name the process runs.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }
}

/// The name under which somebody submits a command, and what they sent under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedAs {
    pub name: String,
    /// Tells it from anything else under the same name.
    pub sent: Digest,
}

impl SubmittedAs {
    /// What was sent counts as it came, whatever this version makes of it: the order of keys and
    /// the white space between them make no difference.
    pub fn new(name: String, sent: &[u8]) -> Self {
        let sent = match serde_json::from_slice::<serde_json::Value>(sent) {
            Ok(mut sent) => {
                sent.sort_all_objects();
                Digest::of(sent.to_string().as_bytes())
            }
            Err(_) => Digest::of(sent),
        };
        Self { name, sent }
    }

    /// The name is that of its sender alone.
    fn by(&self, operator: &str) -> Submission {
        Submission {
            id: submission_id(operator, &self.name),
            command: self.sent,
        }
    }
}

/// What a submission of this sender is kept under.
pub(super) fn submission_id(by: &str, name: &str) -> String {
    // No name has a line feed in it.
    format!("{by}\n{name}")
}

pub(super) fn leaving() -> Refusal {
    Refusal::new(RefusalCode::NotNow, "holdpoint is leaving")
        .with_hint("try again when it is back; look first whether it was done")
}

pub(super) fn busy() -> Refusal {
    Refusal::new(RefusalCode::NotNow, "too much is waiting for the database").with_hint("try again in a moment")
}

/// The loop's side of all clients: it tells them the news.
pub(super) struct Telling {
    feed: broadcast::Sender<Arc<[Event]>>,
    standing: watch::Sender<EngineStatus>,
    /// Raised by every look that found no event.
    looks: watch::Sender<()>,
    /// Raised by those of them that found something else.
    changed: watch::Sender<()>,
}

impl Telling {
    pub(crate) fn new(config: &Config, newer: Option<Newer>) -> Self {
        let standing = EngineStatus {
            config: Arc::new(config.clone()),
            is_config_broken: false,
            trouble: None,
            is_lead: false,
            newer,
            wrong_time: None,
        };
        Self {
            feed: broadcast::Sender::new(FEED_MAX),
            standing: watch::Sender::new(standing),
            looks: watch::Sender::new(()),
            changed: watch::Sender::new(()),
        }
    }

    pub(crate) fn client(&self, threads: Weak<Threads>, runs: RunsDir, operator: Operator) -> Client {
        Client {
            way: Way::Here { threads, runs },
            feed: self.feed.clone(),
            standing: self.standing.subscribe(),
            looks: self.looks.subscribe(),
            changed: self.changed.subscribe(),
            operator,
        }
    }

    pub(crate) fn set_config(&self, config: &Config) {
        self.standing
            .send_modify(|standing| standing.config = Arc::new(config.clone()));
    }

    pub(crate) fn set_wrong_time(&self, refusal: Option<Refusal>) {
        self.standing.send_modify(|standing| standing.wrong_time = refusal);
    }

    /// Why nothing may be changed from here.
    pub(crate) fn hinders(&self) -> Option<Refusal> {
        self.standing.borrow().hinders()
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
                .send_modify(|standing| standing.trouble.clone_from(trouble)),
            Notice::Lead(is_lead) => self.standing.send_modify(|standing| standing.is_lead = *is_lead),
            Notice::ConfigLoaded(..) => self.standing.send_modify(|standing| standing.is_config_broken = false),
            Notice::ConfigBroken(_) => self.standing.send_modify(|standing| standing.is_config_broken = true),
            Notice::Changed => {
                self.looks.send_replace(());
                self.changed.send_replace(());
            }
            Notice::Looked => {
                self.looks.send_replace(());
            }
            Notice::Events(_)
            | Notice::ReadOnly(_)
            | Notice::Done(..)
            | Notice::Published(..)
            | Notice::Access(..)
            | Notice::PutAside(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_known_again_by_its_values_alone() {
        let sent = |text: &str| SubmittedAs::new("s-1".to_owned(), text.as_bytes()).sent;
        let first = sent(r#"{"a": {"b": 1, "c": [1, 2]}, "d": null}"#);
        assert_eq!(sent(r#"{ "d":null,"a":{"c":[1,2],"b":1} }"#), first);
        // Whatever this version would make of it.
        assert_ne!(sent(r#"{"a": {"b": 1, "c": [1, 2]}}"#), first);
        assert_ne!(sent(r#"{"a": {"b": 1, "c": [2, 1]}, "d": null}"#), first);
        assert_eq!(sent("no JSON"), sent("no JSON"));
    }
}
