//! The way to an engine on another machine: commands in their order, what waits together, each
//! under a name that the server keeps; questions together; news as they come.
//!
//! A line that is lost loses nothing: a command is sent again under its name until it is answered,
//! and the same name gets the same answer; what a console sends lies on this machine's disk until
//! then (see `unsent`). Deadlines and leases live with the server, whose clocks are read here.

mod clock;
mod desk;
mod documents;
mod drafts;
mod fetched;
mod kept;
mod news;
mod patient;
mod submit;
mod troubles;
mod unsent;
mod versions;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Notify, broadcast, oneshot, watch};
use tokio::task::JoinSet;

use domain::ask::{Command, OutsideArtifact, OutsideFile};
use domain::base64::Base64;
use domain::event::Event;
use domain::ids::{ArtifactPath, Digest, JobId};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::operator::Surface;
use domain::refusal::Refusal;
use remote::{Address, Line};
use runs::{RunsDir, RunsError, artifacts};

use super::api::{Notice, Ticket};
use super::client::{Client, Committed, EngineStatus, Way, busy, leaving};
use super::flusher::FLUSH_PATIENCE;
use super::questions::{self, Lies, Question};
use super::reads::Bytes;
use super::sent_drafts::OwnTexts;
use ::clock::Clock;
use config::Config;
use drafts::{Drafts, Left};
use fetched::Fetched;
use patient::{Patient, UnderWay};
use submit::submit_all;
use troubles::{Part, Troubles};
use unsent::Keeper;
use versions::Peer;

pub use clock::ServerClock;
pub use documents::{AskedDoc, CommandsDoc, NewsKind, OutcomeDoc, SessionDoc, SubmittedDoc, ToldDoc};
pub use kept::{KeptAnswers, job_of};
pub use unsent::{LeftCommand, UnsentCommand};

/// What is asked: see [`AskedDoc`].
pub const QUESTIONS_PATH: &str = "/api/v1/questions";
/// What is to be done: see [`CommandsDoc`].
pub const COMMANDS_PATH: &str = "/api/v1/commands";
/// What is told: see [`NewsKind`].
pub const NEWS_PATH: &str = "/api/v1/news/stream";
/// Who asks, and by which rules: see [`SessionDoc`].
pub const SESSION_PATH: &str = "/api/v1/session";

/// The most questions, and commands, that go in one request.
pub const TOGETHER_MAX: usize = 100;
/// The most questions, and commands, that wait for their turn.
const WAITING_MAX: usize = 1024;
/// The most notices that wait for the console's loop.
const NOTICES_MAX: usize = 4096;
/// How long what may come later waits for a line that rests.
const REST_WITHIN: Duration = Duration::from_secs(2);
/// Of a gate that nobody asked for yet so many files are read, none of them larger.
const AHEAD_FILES_MAX: usize = 4;
const AHEAD_BYTES_MAX: u64 = 32 * 1024;
/// How long whoever leaves waits for the line.
const LEAVE_TIME: Duration = Duration::from_secs(3);

/// What waits for its turn on the line.
struct Waiting<Q, A> {
    what: Q,
    answer: oneshot::Sender<Result<A, Refusal>>,
}

/// Whoever waits for several that go in one request.
type Answers<A> = Vec<oneshot::Sender<Result<A, Refusal>>>;

type WaitingQuestion = Waiting<AskedDoc, Arc<str>>;
type WaitingCommand = Waiting<UnsentCommand, Committed>;

/// Which other questions one waits for. Those of a turn are asked in their order, each turn beside
/// the others.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// What the screen is made of.
    Now,
    /// Bytes of files, which may be many.
    Files,
    /// What may come when nothing else is asked: lists.
    Later,
    /// What nobody asked for yet. It is small, and asked for when what was asked has come.
    Ahead,
}

impl Turn {
    fn of(question: &str) -> Self {
        match question {
            questions::Version::NAME | questions::Log::NAME => Self::Files,
            questions::Queue::NAME
            | questions::Job::NAME
            | questions::Foresee::NAME
            | questions::Leader::NAME
            | questions::Names::NAME
            | questions::HandedOf::NAME => Self::Now,
            _ => Self::Later,
        }
    }
}

/// The other end of the line, as [`Client`] asks it.
pub(super) struct Far {
    /// One for each [`Turn`].
    questions: [Sender<WaitingQuestion>; 4],
    /// Those for which nobody waits at a screen.
    asides: Sender<WaitingQuestion>,
    commands: Sender<WaitingCommand>,
    /// What is asked for with a prompt, and no decision waits for: leases have an order of their
    /// own. One that comes after the decision is refused, and of no harm.
    leases: Sender<WaitingCommand>,
    fetched: Fetched,
    /// News are listened for from when somebody first wants them.
    listening: Notify,
    peer: Peer,
}

impl Far {
    pub(super) async fn ask<Q: Question>(&self, question: Q) -> Result<Q::Answer, Refusal> {
        self.ask_on(&self.questions[Turn::of(Q::NAME) as usize], question).await
    }

    /// The same in a request of its own: no other question waits behind it.
    async fn ask_aside<Q: Question>(&self, question: Q) -> Result<Q::Answer, Refusal> {
        self.ask_on(&self.asides, question).await
    }

    async fn ask_on<Q: Question>(&self, way: &Sender<WaitingQuestion>, question: Q) -> Result<Q::Answer, Refusal> {
        let unwritable = |error| Refusal::not_possible(format!("{}: {error}", Q::NAME));
        let of = to_raw_value(&question).map_err(unwritable)?;
        let (answer, answered) = oneshot::channel();
        let ask = Q::NAME.to_owned();
        let has = None;
        let what = AskedDoc { ask, of, has };
        let waiting = Waiting { what, answer };
        way.try_send(waiting).map_err(|_| busy())?;
        let answer = answered.await.unwrap_or_else(|_| Err(leaving()))?;
        let unreadable = |error| self.peer.unreadable(&format!("the answer ({})", Q::NAME), &error);
        serde_json::from_str(&answer).map_err(unreadable)
    }

    /// The bytes of a version, from here where they came before.
    pub(super) async fn version(&self, job_id: JobId, digest: Digest) -> Result<Bytes, Refusal> {
        self.version_in(Turn::Files, job_id, digest).await
    }

    async fn version_in(&self, turn: Turn, job_id: JobId, digest: Digest) -> Result<Bytes, Refusal> {
        if let Some(bytes) = self.fetched.get(digest).await {
            return Ok(Some(bytes));
        }
        let version = self
            .ask_on(&self.questions[turn as usize], questions::Version { job_id, digest })
            .await?;
        Ok(version.map(|Base64(bytes)| {
            self.fetched.keep(&bytes);
            bytes
        }))
    }

    /// The bytes of an artifact as it lies there now; they come where they are not those of the
    /// version that it should be.
    pub(super) async fn on_disk(
        &self,
        job_id: JobId,
        path: ArtifactPath,
        should_be: Option<Digest>,
    ) -> Result<Bytes, Refusal> {
        let version = match should_be {
            Some(digest) => self.fetched.get(digest).await,
            None => None,
        };
        let unless = should_be.filter(|_| version.is_some());
        // Bytes that are here most likely do not come again.
        let turn = if version.is_some() { Turn::Now } else { Turn::Files };
        let question = questions::OnDisk { job_id, path, unless };
        Ok(match self.ask_on(&self.questions[turn as usize], question).await? {
            None => None,
            Some(Lies::AsKnown) => version,
            Some(Lies::So(Base64(bytes))) => {
                self.fetched.keep(&bytes);
                Some(bytes)
            }
        })
    }

    /// Has ready what is read next, behind everything that is asked: the job, and the files of its
    /// gate with what they are compared with. None: there is no such job.
    pub(super) async fn read_ahead(&self, key: &GateKey) -> Result<Option<Arc<JobRows>>, Refusal> {
        let id = key.job_id.clone();
        let rows = self
            .ask_on(&self.questions[Turn::Ahead as usize], questions::Job { id })
            .await?;
        let gate = rows.as_ref().and_then(|rows| rows.gate(&key.stage, key.attempt));
        let files = gate.into_iter().flat_map(|gate| &gate.artifacts);
        let small = files
            .filter(|file| file.size_bytes <= AHEAD_BYTES_MAX)
            .take(AHEAD_FILES_MAX);
        let digests = small.flat_map(|file| [Some(file.digest), file.base.as_ref().map(|base| base.digest)]);
        let read = digests
            .flatten()
            .map(|digest| self.version_in(Turn::Ahead, key.job_id.clone(), digest));
        // What does not come is asked for when it is wanted.
        join_all(read).await;
        Ok(rows)
    }

    pub(super) fn command(&self, command: Command) -> impl Future<Output = Result<Committed, Refusal>> + use<> {
        self.command_as(new_name(), command, None)
    }

    /// The same under this name, in the words in which it was sent before.
    fn command_as(
        &self,
        submission: String,
        command: Command,
        sent: Option<Box<RawValue>>,
    ) -> impl Future<Output = Result<Committed, Refusal>> + use<> {
        let (answer, answered) = oneshot::channel();
        let handed = with_bytes(command).and_then(|command| {
            let what = UnsentCommand {
                submission,
                command,
                sent,
            };
            let is_lease = matches!(
                what.command,
                Command::TakeLease { is_takeover: false, .. } | Command::ReleaseLease { .. }
            );
            let commands = if is_lease { &self.leases } else { &self.commands };
            commands.try_send(Waiting { what, answer }).map_err(|_| busy())
        });
        async move {
            handed?;
            answered.await.unwrap_or_else(|_| Err(leaving()))
        }
    }

    pub(super) fn listen(&self) {
        self.listening.notify_one();
    }
}

/// A name for a submission, which nothing else has.
fn new_name() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The command with the bytes of the files that it names: they lie on this machine.
fn with_bytes(command: Command) -> Result<Command, Refusal> {
    let Command::OpenGate {
        job_id,
        stage,
        artifacts,
        bases,
        context,
        heartbeat,
    } = command
    else {
        return Ok(command);
    };
    let with_bytes = |file: OutsideFile| match file {
        OutsideFile::Path(path) => artifacts::read_outside(&path),
        bytes @ OutsideFile::Bytes { .. } => Ok(bytes),
    };
    let artifacts = artifacts.into_iter().map(|OutsideArtifact { kind, file }| {
        let file = with_bytes(file)?;
        Ok(OutsideArtifact { kind, file })
    });
    Ok(Command::OpenGate {
        job_id,
        stage,
        artifacts: artifacts.collect::<Result<_, RunsError>>()?,
        bases: bases.into_iter().map(with_bytes).collect::<Result<_, RunsError>>()?,
        context,
        heartbeat,
    })
}

/// What a far engine is opened with.
pub struct FarSettings {
    pub line: Line,
    /// The front end that asks.
    pub surface: Surface,
    /// What stands in place of what the server does not tell of its configuration.
    pub config: Config,
    /// How long a line that is lost is waited for; none: until it is back.
    pub patience: Option<Duration>,
    /// A directory of this machine for what the operator has typed and not sent.
    pub desk: PathBuf,
}

/// An engine on another machine, as long as somebody works with it.
pub struct FarEngine {
    client: Client,
    address: Address,
    session: SessionDoc,
    clock: Arc<ServerClock>,
    far: Arc<Far>,
    notify: Sender<Notice>,
    notices: Receiver<Notice>,
    troubles: Arc<Troubles>,
    desk: RunsDir,
    drafts: Arc<Drafts>,
    /// What the operator had written and marked when this console began.
    texts: OwnTexts,
    /// Answers that are awaited.
    awaited: JoinSet<()>,
    /// What former consoles were not answered, until the operator says what becomes of it.
    unsent: Vec<LeftCommand>,
    /// What became of the rest, and under which names it was sent.
    told: Vec<String>,
    found: Vec<String>,
    /// The names under which was sent what the operator has not read the answers to.
    sent: BTreeMap<Ticket, String>,
    keeper: Option<Arc<Keeper>>,
}

impl FarEngine {
    /// Asks the server who we are to it, and makes ready; a server that cannot be reached is a
    /// refusal. Inside of a runtime.
    pub async fn open(settings: FarSettings) -> Result<Self, Refusal> {
        let FarSettings {
            line,
            surface,
            mut config,
            patience,
            desk,
        } = settings;
        let desk = RunsDir::open(&desk, None).map_err(Refusal::from)?;
        let (address, asked) = (line.address().clone(), ::clock::SystemClock.now());
        let session = SessionDoc::asked(&line, surface).await?;
        let peer = Peer {
            address: address.clone(),
            version: Some(session.version.clone()),
        };
        session.put_into(&mut config);
        let clock = Arc::new(ServerClock::new(session.now, asked));
        let (feed, standing) = (
            broadcast::Sender::new(super::client::FEED_MAX),
            EngineStatus::far(config),
        );
        let standing = watch::Sender::new(standing);
        let turns = [Turn::Now, Turn::Files, Turn::Later, Turn::Ahead].map(|turn| (turn, channel(WAITING_MAX)));
        let (asides, waiting_asides) = channel(WAITING_MAX);
        let (commands, waiting_commands) = channel(WAITING_MAX);
        let (leases, waiting_leases) = channel(WAITING_MAX);
        let far = Arc::new(Far {
            questions: turns.each_ref().map(|(_, (questions, _))| questions.clone()),
            asides,
            commands,
            leases,
            fetched: Fetched::new(desk.clone()),
            listening: Notify::new(),
            peer: peer.clone(),
        });
        let looks = watch::Sender::new(());
        let client = Client::far(
            Way::There(Arc::clone(&far)),
            feed.clone(),
            standing.subscribe(),
            looks.subscribe(),
            session.operator.clone(),
        );
        let (notify, notices) = channel(NOTICES_MAX);
        let listens = (surface == Surface::Console).then(|| notify.clone());
        let troubles = Arc::new(Troubles::new(listens.clone()));
        let keeper = match surface {
            Surface::Console => Some(Arc::new(Keeper::open(&desk, &session.operator.name, line.session())?)),
            Surface::Cli | Surface::Http | Surface::File | Surface::Timer => None,
        };
        let is_back = Arc::new(Notify::new());
        let under_way = watch::Sender::new(UnderWay::default());
        let way = |part| Patient {
            line: line.clone(),
            patience,
            is_back: Arc::clone(&is_back),
            part,
            troubles: Arc::clone(&troubles),
            clock: Arc::clone(&clock),
            peer: peer.clone(),
            under_way: under_way.clone(),
        };
        let known = Arc::<KeptAnswers>::default();
        for (turn, (_, waiting)) in turns {
            tokio::spawn(ask_all(way(Part::Questions), turn, Arc::clone(&known), waiting));
        }
        let aside = Turn::Ahead;
        tokio::spawn(ask_all(way(Part::Drafts), aside, Arc::clone(&known), waiting_asides));
        for waiting in [waiting_commands, waiting_leases] {
            let (keeper, known) = (keeper.clone(), Arc::clone(&known));
            tokio::spawn(submit_all(way(Part::Commands), surface, keeper, known, waiting));
        }
        let listener = news::Listener {
            line: line.clone(),
            surface,
            feed,
            standing,
            looks,
            notify: listens,
            troubles: Arc::clone(&troubles),
            clock: Arc::clone(&clock),
            is_back,
            peer,
            access: (session.rights.clone(), session.expires),
            last: session.newest,
            gathered: news::Gathered::default(),
        };
        tokio::spawn(listener.run(Arc::clone(&far)));
        let drafts = Arc::new(Drafts::new(
            desk.clone(),
            session.operator.name.clone(),
            Arc::clone(&troubles),
            notify.clone(),
        )?);
        let mut opened = Self {
            client,
            address,
            session,
            clock,
            far,
            notify,
            notices,
            troubles,
            desk,
            drafts,
            texts: OwnTexts::default(),
            awaited: JoinSet::new(),
            unsent: Vec::new(),
            told: Vec::new(),
            found: Vec::new(),
            sent: BTreeMap::new(),
            keeper,
        };
        if surface == Surface::Console {
            opened.find_unsent(&line).await;
            let Left { texts, told } = opened.drafts.reconcile(&opened.client).await;
            opened.texts = texts;
            opened.told.extend(told);
            let drafts = Arc::clone(&opened.drafts);
            tokio::spawn(drafts.run(Arc::downgrade(&opened.far)));
        }
        Ok(opened)
    }

    /// Waits until the server has what was handed over, as long as a line that stands takes.
    pub async fn leave(mut self) {
        let rest = async {
            while self.awaited.join_next().await.is_some() {}
            self.drafts.leave().await;
        };
        // What does not arrive lies on this machine's disk.
        let _ = tokio::time::timeout(LEAVE_TIME, rest).await;
        self.rest().await;
    }

    /// Waits until what was typed is on this machine's disk.
    pub async fn rest(&self) {
        let drafts = Arc::clone(&self.drafts);
        let rested = tokio::task::spawn_blocking(move || drafts.keeper.rest(FLUSH_PATIENCE)).await;
        if !rested.unwrap_or_default() {
            tracing::warn!("the disk does not answer: what was typed last may not be on it");
        }
    }

    /// Hands a command over; its answer comes as [`Notice::Done`], and then [`Notice::Published`].
    pub fn submit(&mut self, ticket: Ticket, command: Command) {
        let submission = new_name();
        if !command.is_repeatable() {
            self.sent.insert(ticket, submission.clone());
        }
        let done = self.far.command_as(submission, command, None);
        self.answer_to(ticket, done);
    }

    fn answer_to(&mut self, ticket: Ticket, done: impl Future<Output = Result<Committed, Refusal>> + Send + 'static) {
        let notify = self.notify.clone();
        while self.awaited.try_join_next().is_some() {}
        self.awaited.spawn(async move {
            // Whoever waited may have left.
            let _ = match done.await {
                Ok((receipt, published)) => {
                    let _ = notify.send(Notice::Done(ticket, Ok(receipt))).await;
                    notify.send(Notice::Published(ticket, published)).await
                }
                Err(refusal) => notify.send(Notice::Done(ticket, Err(refusal))).await,
            };
        });
    }

    /// Listens to the server's news from now on.
    pub fn listen(&self) {
        self.far.listen();
    }

    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Where the server is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Who we are to the server, and by which rules it goes.
    pub fn session(&self) -> &SessionDoc {
        &self.session
    }

    /// The server's clocks.
    pub fn clock(&self) -> &Arc<ServerClock> {
        &self.clock
    }

    /// The next notice. Cancel-safe; never, where the line has nothing more to tell.
    pub async fn notice(&mut self) -> Notice {
        match self.notices.recv().await {
            Some(notice) => notice,
            None => std::future::pending().await,
        }
    }
}

/// Asks what waits of a turn, all of it in one request, one request after the other.
async fn ask_all(way: Patient, turn: Turn, known: Arc<KeptAnswers>, mut waiting: Receiver<WaitingQuestion>) {
    let mut asked: Vec<WaitingQuestion> = Vec::new();
    while !asked.is_empty() || waiting.recv_many(&mut asked, TOGETHER_MAX).await > 0 {
        if matches!(turn, Turn::Later) {
            // A line that never rests carries them all the same.
            let _ = tokio::time::timeout(REST_WITHIN, way.rests()).await;
        }
        let had: Vec<_> = asked.iter_mut().map(|one| known.had(&mut one.what)).collect();
        let questions: Vec<_> = asked.iter().map(|one| &one.what).collect();
        let told = match turn {
            Turn::Now | Turn::Files => way.told_first(QUESTIONS_PATH, &questions).await,
            Turn::Later | Turn::Ahead => way.told(QUESTIONS_PATH, &questions).await,
        };
        let told = told.map(|told| told.answers).map_err(Refusal::from);
        let told = told.and_then(|told| match told.is_empty() {
            true => Err(Refusal::not_possible(format!("{} answers nothing", way.peer.address))),
            false => Ok(told),
        });
        // What is not answered yet is asked again.
        let answered = told.as_ref().map_or(asked.len(), |told| asked.len().min(told.len()));
        let one = |one: WaitingQuestion| (one.what, one.answer);
        let (questions, answers): (Vec<_>, Answers<_>) = asked.drain(..answered).map(one).unzip();
        let of: Vec<_> = questions.iter().zip(&had).collect();
        match told {
            Ok(told) => {
                let taken = |(asked, had): &(&AskedDoc, &Option<Arc<str>>), told: ToldDoc| {
                    known.taken(asked, had.as_deref(), told)
                };
                way.answer(answers, told, &of, taken, |refusal| refusal);
            }
            Err(refusal) => refuse_all(answers, &refusal),
        }
    }
}

fn refuse_all<A>(answers: Answers<A>, refusal: &Refusal) {
    for answer in answers {
        let _ = answer.send(Err(refusal.clone()));
    }
}

/// A batch of events as everybody follows it.
pub(super) type Feed = broadcast::Sender<Arc<[Event]>>;
