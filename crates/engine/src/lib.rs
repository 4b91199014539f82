//! Applies the rules of the domain to the real world: one store, its files, stages as processes,
//! deadlines.
//!
//! The engine is a value inside a front end's one loop. Threads do what blocks (writing, reading,
//! waiting for stages and for the lead) and tell the loop; [`Engine::settle`] takes what they told
//! and asks the ticker what is due, after whichever arm of the loop ran, so that a thousand queued
//! keys cannot starve the clock. It knows no front end.

pub mod api;
pub mod audit;
mod bases;
pub mod client;
mod completing;
pub mod copying;
mod draft_keeper;
pub mod edit_copies;
pub mod evidence;
pub mod exporting;
pub mod far;
pub mod find;
mod flusher;
mod forecast;
pub mod handover;
pub mod history;
mod host_watch;
mod in_place;
mod inbox;
mod keeping;
mod lead;
mod named;
mod opening;
mod owed_files;
mod prepare;
mod preview;
pub mod questions;
mod reader;
pub mod reads;
pub mod rebuild;
mod receipt;
pub mod repair;
pub mod said;
pub mod sent_drafts;
mod sight;
pub mod stage_plan;
mod stage_watch;
pub mod submitted;
pub mod ticker;
mod trouble;
mod turn;
pub mod waits;
mod watch;
mod webhook_sender;
mod withdraw;
mod writer;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use clock::{Alarm, Clock};
use config::Config;
use domain::handover::{KeptMarks, MarkedGate};
use domain::ids::HostId;
use domain::operator::Operator;

use runs::digests::Digests;
use runs::drafts;
pub use runs::drafts::KeptDrafts;
use runs::locks::{self, PUBLISH_PATIENCE, Presence};
use runs::{RunsDir, RunsError};
use store::{Reader, StorePlace};

use api::{Notice, Ticket};
use client::{Asker, Client, Telling, Threads};
use domain::ask::Command;
use draft_keeper::{DraftKeeper, Typed};
use flusher::Flusher;
use history::OldRecords;
use host_watch::HostWatch;
use in_place::InPlace;
use inbox::Inbox;
use keeping::Keeping;
use lead::{Lead, Leading};
pub use opening::{EngineError, EngineSettings, Newer, Role, refuse_lost_database, refuse_two_databases};
use opening::{enter_host, open_store, refuse_older_database, refuse_other_clock, session_name};
use prepare::Preparer;
use reader::ReaderThread;
use sight::Seeing;
use stage_watch::WatchContext;
use ticker::Ticker;
pub use trouble::Trouble;
use turn::{Looking, Stages};
use watch::watch_files;
use webhook_sender::SenderContext;
use writer::{Work, Writer};

/// The most messages from threads that wait for the loop.
const INBOX_MAX: usize = 4096;
/// The most messages taken in one turn.
const TURN_MAX: usize = 256;
/// The most commands, and queries, that wait for their thread.
const WORK_MAX: usize = 1024;
/// The most gates that are asked to expire in one turn.
const EXPIRE_MAX: usize = 500;
/// The longest sleep of the loop (HOUSE: suspend and clock steps are noticed).
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// The configuration in force, and its file.
struct Configuration {
    config: Config,
    config_path: Option<PathBuf>,
    /// When the file may be read.
    config_at_us: Option<i64>,
    is_config_broken: bool,
}

/// The ends of the queues of all threads.
struct Queues {
    /// None: it is closing.
    threads: Option<Arc<Threads>>,
    inbox: Receiver<Inbox>,
    inbox_sender: Sender<Inbox>,
    writer: Option<JoinHandle<()>>,
    /// While the process is stopped: the writer goes on when this is let go of.
    resting: Option<SyncSender<()>>,
}

/// The engine; see the module.
pub struct Engine {
    /// What this host is known by in a record that several share.
    host: Option<HostId>,
    host_watch: Option<HostWatch>,
    runs: RunsDir,
    place: StorePlace,
    clock: Arc<dyn Clock>,
    operator: Operator,
    role: Role,
    /// Nothing is changed from here on.
    newer: Option<Newer>,
    configuration: Configuration,
    queues: Queues,
    notices: VecDeque<Notice>,
    clients: Telling,
    ticker: Ticker,
    alarm: Alarm,
    leading: Leading,
    looking: Looking,
    stages: Stages,
    /// Keeps away whoever would replace the database; until the writer is done.
    _presence: Presence,
}

impl Engine {
    /// Opens the runs directory and starts the threads. What is owed to the files is paid at once.
    pub fn open(settings: EngineSettings) -> Result<Self, EngineError> {
        let runs = RunsDir::open(&settings.runs_dir, settings.group)?;
        let presence = locks::enter(&runs)?;
        // A shared one that is new is no lost one; an older copy is told below.
        if !settings.place.is_shared() {
            refuse_lost_database(&runs)?;
        }
        refuse_two_databases(&runs, &settings.place)?;
        let mut store = open_store(&settings.place)?;
        let mut host = None;
        if let Ok(store) = &mut store {
            refuse_other_clock(&settings.place, store, settings.clock.as_ref())?;
            let clock = Arc::clone(&settings.clock);
            store.go_by(move || clock.now());
            host = enter_host(&runs, &settings.place, store, &settings.operator.via.host)?.map(|host| host.id);
            runs.share_database()?;
        }
        let first_reader = Reader::open(settings.place.clone())?;
        let seen_up_to = first_reader.last_event_seq()?;
        if store.is_ok() {
            refuse_older_database(&runs, &settings.place, &first_reader, seen_up_to)?;
        }
        let (inbox_sender, inbox) = channel(INBOX_MAX);
        let (work, work_receiver) = sync_channel(WORK_MAX);
        let (reads, reads_receiver) = sync_channel(WORK_MAX);
        let session = session_name(&settings);
        let watch = WatchContext {
            runs: runs.clone(),
            program: settings.program.clone(),
            inbox: inbox_sender.clone(),
        };
        let preparer = Preparer {
            host: host.clone(),
            runs: runs.clone(),
            reader: first_reader,
            clock: Arc::clone(&settings.clock),
            config: Arc::new(settings.config.clone()),
            history: OldRecords::new(runs.clone(), settings.old_databases),
            keeping: Keeping::versions_of(&settings.place),
            in_place: InPlace::default(),
            digests: Digests::default(),
            sight: Seeing::default(),
        };
        let reader = ReaderThread {
            found: None,
            preparer: preparer.for_reading()?,
            program: settings.program.to_str().map(str::to_owned),
            work: reads_receiver,
            inbox: inbox_sender.clone(),
        };
        let newer = store.as_ref().err().copied();
        let threads = match &store {
            Ok(store) => {
                let operator = settings.operator.name.clone();
                let flusher = Flusher::start(store.marker(host.clone())?, inbox_sender.clone())?;
                Some((
                    flusher,
                    DraftKeeper::start(runs.clone(), operator, draft_keeper::to_loop(inbox_sender.clone()))?,
                ))
            }
            Err(_) => None,
        };
        // Nobody writes to a newer database.
        let writer = store.ok().zip(threads).map(|(store, (flusher, drafts))| Writer {
            store,
            flusher,
            drafts,
            preparer,
            operator: settings.operator.clone(),
            work: work_receiver,
            inbox: inbox_sender.clone(),
            watch: watch.clone(),
            owed: BTreeMap::new(),
            is_owing: true,
            is_catching_up: false,
            has_more: false,
            is_chain_whole: true,
            patience: PUBLISH_PATIENCE,
            trouble: None,
        });
        let start = |writer: Writer| {
            let thread = std::thread::Builder::new().name("writer".to_owned());
            thread.spawn(move || writer.run())
        };
        let writer = writer.map(start).transpose()?;
        std::thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || reader.run())?;
        // There must be a file to watch.
        if newer.is_none() {
            runs.make_nudge()?;
        }
        let files = watch_files(runs.nudge(), settings.config_path.clone(), inbox_sender.clone());
        let now = settings.clock.now();
        let clients = Telling::new(&settings.config, newer);
        let host_watch = match &host {
            Some(host) => Some(HostWatch::start(
                settings.place.clone(),
                host.clone(),
                settings.role == Role::Visitor,
                Arc::clone(&settings.clock),
                inbox_sender.clone(),
            )?),
            None => None,
        };
        let shares = host.is_some();
        let mut engine = Self {
            host,
            host_watch,
            runs,
            place: settings.place,
            clock: settings.clock,
            operator: settings.operator,
            role: settings.role,
            newer,
            configuration: Configuration {
                config: settings.config,
                config_path: settings.config_path,
                config_at_us: None,
                is_config_broken: false,
            },
            queues: Queues {
                threads: Some(Arc::new(Threads { work, reads, session })),
                inbox,
                inbox_sender,
                writer,
                resting: None,
            },
            notices: VecDeque::new(),
            clients,
            ticker: match shares {
                true => Ticker::of_host(),
                false => Ticker::follower(),
            },
            alarm: Alarm::default(),
            leading: Leading::default(),
            looking: Looking {
                files,
                seen_up_to,
                is_looking: false,
                wants_look: true,
                look_also: BTreeSet::new(),
                wants_all_timers: true,
                looked_at_us: now.boot_us,
                pay_at_us: None,
            },
            stages: Stages::following_none(watch),
            _presence: presence,
        };
        engine.stand();
        Ok(engine)
    }

    /// In whose name this engine acts.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// What leases of this process are known by.
    pub fn session(&self) -> &str {
        self.queues
            .threads
            .as_ref()
            .map_or("", |threads| threads.session.as_str())
    }

    /// The configuration in force for gates that open now.
    pub fn config(&self) -> &Config {
        &self.configuration.config
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// That the database is newer than this program; nothing is changed then.
    pub fn newer(&self) -> Option<Newer> {
        self.newer
    }

    /// Whether this process leads.
    pub fn is_lead(&self) -> bool {
        matches!(self.leading.lead, Lead::Has { .. })
    }

    /// Stands for the lead, where the role and the owner of the runs directory allow it.
    pub fn stand(&mut self) {
        let may_lead = matches!(self.role, Role::Candidate(_)) && self.runs.is_owner() && self.newer.is_none();
        self.leading.wants_lead = may_lead;
        self.leading.stand_at_us = None;
        if may_lead && matches!(self.leading.lead, Lead::Not) && !self.leading.is_standing {
            // One thread waits at a time: two would hand the lock to each other when it is given
            // back.
            self.leading.is_standing = lead::stand(&self.runs, self.queues.inbox_sender.clone());
            if !self.leading.is_standing {
                self.stand_later();
            }
        }
    }

    /// Gives the lead back; stages go on under their supervisors. Before Ctrl-Z: a stopped process
    /// keeps its locks.
    pub fn resign(&mut self) {
        self.leading.wants_lead = false;
        self.leading.couriers.stop();
        match std::mem::replace(&mut self.leading.lead, Lead::Not) {
            Lead::Has { guard, epoch } => {
                self.hand_to_writer(Work::Resign(epoch, Some(guard)));
                self.ticker.set_lead(false);
                self.stages.following.clear();
                self.stages.starting.clear();
                self.notify(Notice::Lead(false));
            }
            // Where the epoch is still being raised, its answer will be ignored.
            Lead::Taking(guard) | Lead::Agent(guard) => {
                self.stages.following.clear();
                drop(guard);
            }
            Lead::Not => {}
        }
        self.stands();
    }

    /// Hands a command over; its answer comes as [`Notice::Done`], and then [`Notice::Published`]
    /// when it was committed.
    pub fn submit(&mut self, ticket: Ticket, command: Command) {
        let operator = self.operator.clone();
        let threads = self.queues.threads.as_ref().ok_or_else(client::leaving);
        let handed = threads
            .and_then(|threads| threads.submit(self.clients.hinders(), Asker::Loop(ticket), operator.into(), command));
        if let Err(refusal) = handed {
            self.notify(Notice::Done(ticket, Err(refusal)));
        }
    }

    /// A way in for front ends; it works while this loop turns.
    pub fn client(&self) -> Client {
        let threads = self.queues.threads.as_ref().map(Arc::downgrade).unwrap_or_default();
        self.clients.client(threads, self.runs.clone(), self.operator.clone())
    }

    /// Turns the loop while somebody works through a client; notices are dropped.
    pub async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = self.notice() => {}
            }
        }
    }

    fn sender_context(&self) -> SenderContext {
        SenderContext {
            place: self.place.clone(),
            clock: Arc::clone(&self.clock),
            threads: self.queues.threads.as_ref().map(Arc::downgrade).unwrap_or_default(),
        }
    }

    fn notify(&mut self, notice: Notice) {
        self.clients.tell(&notice);
        self.notices.push_back(notice);
    }

    fn ask(&self, ask: impl FnOnce(&mut ReaderThread) + Send + 'static) -> bool {
        let threads = self.queues.threads.as_ref();
        threads.is_some_and(|threads| threads.reads.try_send(Box::new(ask)).is_ok())
    }

    fn hand_to_writer(&mut self, work: Work) -> bool {
        let threads = self.queues.threads.as_ref().filter(|_| self.newer.is_none());
        threads.is_some_and(|threads| threads.work.try_send(work).is_ok())
    }

    /// Takes what the threads told, a bounded batch, then asks the ticker what is due. Never
    /// blocks.
    pub fn settle(&mut self) {
        self.queues.resting = None;
        for _ in 0..TURN_MAX {
            match self.queues.inbox.try_recv() {
                Ok(message) => self.take(message),
                Err(_) => break,
            }
        }
        let now = self.clock.now();
        self.lead_in_time(now.boot_us);
        if self.is_expirer() {
            let due = self.ticker.due(now, EXPIRE_MAX);
            if !due.is_empty() {
                // If the queue is full the ticker tries again at its next turn.
                self.hand_to_writer(Work::Expire(due));
            }
        }
        let is_due = |at_us: Option<i64>| at_us.is_some_and(|at_us| now.boot_us >= at_us);
        if is_due(self.looking.pay_at_us) {
            self.looking.pay_at_us = None;
            self.hand_to_writer(Work::Publish);
        }
        let is_start_due = self.stages.start_again_us.values().any(|at_us| now.boot_us >= *at_us);
        if is_start_due {
            self.stages.start_again_us.retain(|_, at_us| now.boot_us < *at_us);
            self.looking.wants_look = true;
        }
        let backstop_us = i64::try_from(self.looking.files.backstop().as_micros()).unwrap_or(i64::MAX);
        if now.boot_us.saturating_sub(self.looking.looked_at_us) >= backstop_us {
            self.looking.wants_look = true;
            if self.looking.files.is_lost() && self.runs.make_nudge().is_ok() {
                self.looking.files.watch_again();
            }
        }
        if self.looking.wants_look && !self.looking.is_looking {
            self.look(now.boot_us);
        }
        if is_due(self.configuration.config_at_us)
            && let Some(path) = self.configuration.config_path.clone()
            && self.ask(move |reader| reader.reread_config(&path))
        {
            self.configuration.config_at_us = None;
        }
        if is_due(self.leading.stand_at_us) {
            self.stand();
        }
    }

    /// Waits for the next notice. Safe to drop and call again: nothing is lost.
    pub async fn notice(&mut self) -> Notice {
        loop {
            self.settle();
            if let Some(notice) = self.notices.pop_front() {
                return notice;
            }
            let sleep = self.sleep();
            tokio::select! {
                biased;
                message = self.queues.inbox.recv() => {
                    if let Some(message) = message {
                        self.take(message);
                    }
                }
                () = self.alarm.after(sleep) => {}
            }
        }
    }

    /// Keeps a draft of this operator under a name, or removes it. Follows the commands handed over
    /// before.
    pub fn save_draft(&mut self, name: String, bytes: Option<Vec<u8>>) {
        self.hand_to_writer(Work::Typed(Typed::Draft(name, bytes)));
    }

    /// Keeps what this operator has marked, for whoever takes over; without any, what was kept goes.
    pub fn save_marks(&mut self, gates: Vec<MarkedGate>) {
        let kept = KeptMarks {
            by: self.operator.name.clone(),
            gates,
            written_at: Some(self.clock.now().utc),
        };
        let bytes = (!kept.gates.is_empty()).then(|| marks_bytes(&kept));
        self.save_draft(drafts::MARKS.to_owned(), bytes);
    }

    /// The marks that this operator's former sessions kept; those that cannot be read are none.
    pub fn load_marks(&self) -> Vec<MarkedGate> {
        kept_marks(&self.runs, &self.operator.name).gates
    }

    /// The drafts that this operator's former sessions kept, and what could not be read of them.
    pub fn load_drafts(&self) -> KeptDrafts {
        kept_or_why(self.runs.load_drafts(&self.operator.name))
    }

    /// Keeps a text that this operator threw away (see [`RunsDir::put_aside`]).
    pub fn put_aside(&mut self, name: String, bytes: Vec<u8>, oldest_us: i64) {
        self.hand_to_writer(Work::Typed(Typed::Discarded(name, bytes, oldest_us)));
    }

    /// Keeps a draft that a text was restored to, and forgets what was put aside of it (see
    /// [`RunsDir::restore`]).
    pub fn restore(&mut self, name: String, bytes: Vec<u8>, aside: String) {
        self.hand_to_writer(Work::Typed(Typed::Restored(name, bytes, aside)));
    }

    /// What this operator threw away since then, oldest first, and what could not be read of it.
    pub fn load_discarded(&self, oldest_us: i64) -> KeptDrafts {
        kept_or_why(self.runs.load_discarded(&self.operator.name, oldest_us))
    }

    /// Where copies for this operator's own editor lie.
    pub fn edit_copies(&self) -> edit_copies::EditCopies {
        edit_copies::EditCopies::new(self.runs.clone(), self.operator.name.clone())
    }

    /// Waits until everything handed over so far is done; the writer does nothing more until the
    /// loop turns again. Before the process is stopped: a thread that is stopped inside a
    /// transaction would keep every other process out of the database.
    pub async fn rest(&mut self) {
        self.queues.resting = None;
        let (sender, mut rested) = tokio::sync::oneshot::channel();
        let (resting, released) = sync_channel(0);
        if !self.hand_to_writer(Work::Rest(sender, released)) {
            return;
        }
        // What the writer tells meanwhile is taken, or a full inbox would keep it from resting.
        loop {
            tokio::select! {
                biased;
                // An error means that the writer is gone, and nothing is under way.
                _ = &mut rested => break,
                message = self.queues.inbox.recv() => if let Some(message) = message { self.take(message) },
            }
        }
        // The lock may have been taken just before this: it has to be released too.
        self.settle();
        self.queues.resting = Some(resting);
    }

    /// Gives the lead back, lets the writer finish what was handed over, and ends the threads.
    pub fn close(mut self) {
        self.resign();
        self.queues.resting = None;
        self.queues.threads = None;
        // The writer may be telling a full inbox; somebody has to take it until it is done. Whoever
        // waits at a client gets an answer.
        while self.queues.writer.as_ref().is_some_and(|writer| !writer.is_finished()) {
            match self.queues.inbox.try_recv() {
                Ok(message) => self.take(message),
                Err(_) => std::thread::park_timeout(Duration::from_millis(1)),
            }
        }
        if let Some(writer) = self.queues.writer.take() {
            let _ = writer.join();
        }
        while let Ok(message) = self.queues.inbox.try_recv() {
            self.take(message);
        }
    }

    /// Who fires timers: candidates; the one who leads at once, the others if it is still due later
    /// (see the ticker).
    fn is_expirer(&self) -> bool {
        let may = self.newer.is_none() && self.has_the_time();
        may && (matches!(self.role, Role::Candidate("console" | "serve")) || self.is_lead())
    }

    fn sleep(&mut self) -> Duration {
        let now = self.clock.now();
        let mut sleep_us = i64::try_from(self.looking.files.backstop().min(SLEEP_MAX).as_micros()).unwrap_or(i64::MAX);
        sleep_us = sleep_us.saturating_sub(now.boot_us.saturating_sub(self.looking.looked_at_us));
        if self.is_expirer()
            && let Some(tick_us) = self.ticker.sleep_us(now)
        {
            sleep_us = sleep_us.min(tick_us);
        }
        let others = [
            self.looking.pay_at_us,
            self.configuration.config_at_us,
            self.leading.stand_at_us,
            self.lead_ends_us(),
        ];
        for at_us in others.iter().flatten().chain(self.stages.start_again_us.values()) {
            sleep_us = sleep_us.min(at_us.saturating_sub(now.boot_us));
        }
        // Not zero: a look in flight answers through the inbox, and a loop that spins on it would
        // burn a core.
        Duration::from_micros(u64::try_from(sleep_us).unwrap_or(0)).max(Duration::from_millis(1))
    }
}

/// Marks as they are kept; none: what was kept goes.
pub(crate) fn marks_bytes(kept: &KeptMarks) -> Vec<u8> {
    // Names and numbers always have a JSON form.
    serde_json::to_vec_pretty(kept).unwrap_or_default()
}

/// Those that were kept; what cannot be read is none.
pub(crate) fn kept_marks(runs: &RunsDir, operator: &str) -> KeptMarks {
    let kept = runs.load_marks(operator).ok().flatten();
    let marks = kept.and_then(|bytes| serde_json::from_slice::<KeptMarks>(&bytes).ok());
    marks.unwrap_or_default()
}

pub(crate) fn kept_or_why(kept: Result<KeptDrafts, RunsError>) -> KeptDrafts {
    kept.unwrap_or_else(|error| KeptDrafts {
        problems: vec![error.to_string()],
        ..KeptDrafts::default()
    })
}
