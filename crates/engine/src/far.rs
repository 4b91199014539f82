//! The way to an engine on another machine: commands in their order, what waits together, each
//! under a name that the server keeps; questions together; news as they come.
//!
//! A line that is lost loses nothing: a command is sent again under its name until it is answered,
//! and the same name gets the same answer. Deadlines and leases live with the server, whose clocks
//! are read here.

mod clock;
mod desk;
mod documents;
mod news;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Notify, broadcast, oneshot, watch};
use tokio::time::Instant;

use domain::ask::{Command, OutsideArtifact, OutsideFile};
use domain::event::Event;
use domain::operator::Surface;
use domain::refusal::Refusal;
use remote::{Address, Line, LineFault};
use runs::{RunsDir, RunsError, artifacts};

use super::api::{Notice, Ticket};
use super::client::{Client, Committed, EngineStatus, Way, busy, leaving};
use super::questions::Question;
use ::clock::Clock;
use config::Config;

pub use clock::ServerClock;
pub use documents::{AskedDoc, CommandsDoc, NewsKind, OutcomeDoc, SessionDoc, SubmittedDoc, ToldDoc};

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
/// So many bytes of commands are not made more: what waits behind goes in the next request.
const TOGETHER_BYTES: usize = 1024 * 1024;
/// The most questions, and commands, that wait for their turn.
const WAITING_MAX: usize = 1024;
/// The most notices that wait for the console's loop.
const NOTICES_MAX: usize = 4096;
/// How long the first try again waits, and how long each later one at most.
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_MAX: Duration = Duration::from_secs(5);

/// What waits for its turn on the line.
struct Waiting<Q, A> {
    what: Q,
    answer: oneshot::Sender<Result<A, Refusal>>,
}

type WaitingQuestion = Waiting<AskedDoc, Box<RawValue>>;
type WaitingCommand = Waiting<SubmittedDoc, Committed>;

/// The other end of the line, as [`Client`] asks it.
pub(super) struct Far {
    questions: Sender<WaitingQuestion>,
    commands: Sender<WaitingCommand>,
    /// News are listened for from when somebody first wants them.
    listening: Notify,
}

impl Far {
    pub(super) async fn ask<Q: Question>(&self, question: Q) -> Result<Q::Answer, Refusal> {
        let unreadable = |error: serde_json::Error| Refusal::not_possible(format!("{}: {error}", Q::NAME));
        let of = to_raw_value(&question).map_err(unreadable)?;
        let (answer, answered) = oneshot::channel();
        let ask = Q::NAME.to_owned();
        let what = AskedDoc { ask, of };
        let waiting = Waiting { what, answer };
        self.questions.try_send(waiting).map_err(|_| busy())?;
        let answer = answered.await.unwrap_or_else(|_| Err(leaving()))?;
        serde_json::from_str(answer.get()).map_err(unreadable)
    }

    pub(super) fn command(&self, command: Command) -> impl Future<Output = Result<Committed, Refusal>> + use<> {
        let (answer, answered) = oneshot::channel();
        let handed = with_bytes(command).and_then(|command| {
            let submission = uuid::Uuid::now_v7().to_string();
            let what = SubmittedDoc { submission, command };
            let waiting = Waiting { what, answer };
            self.commands.try_send(waiting).map_err(|_| busy())
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
    desk: RunsDir,
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
        let session = line.get(&format!("{SESSION_PATH}?surface={surface}")).await?;
        let session: SessionDoc = serde_json::from_slice(&session).map_err(|error| {
            let message = format!("what {} says of itself cannot be read: {error}", line.address());
            Refusal::not_possible(message).with_hint("it may be older or newer than this holdpoint")
        })?;
        session.put_into(&mut config);
        let clock = Arc::new(ServerClock::new(session.now, asked));
        let (feed, standing) = (
            broadcast::Sender::new(super::client::FEED_MAX),
            EngineStatus::far(config),
        );
        let standing = watch::Sender::new(standing);
        let (questions, waiting_questions) = channel(WAITING_MAX);
        let (commands, waiting_commands) = channel(WAITING_MAX);
        let far = Arc::new(Far {
            questions,
            commands,
            listening: Notify::new(),
        });
        let client = Client::far(
            Way::There(Arc::clone(&far)),
            feed.clone(),
            standing.subscribe(),
            session.operator.clone(),
        );
        let (notify, notices) = channel(NOTICES_MAX);
        let is_back = Arc::new(Notify::new());
        let way = Patient {
            line: line.clone(),
            patience,
            is_back: Arc::clone(&is_back),
        };
        tokio::spawn(ask_all(way.clone(), waiting_questions));
        tokio::spawn(submit_all(way, surface, waiting_commands));
        let listener = news::Listener {
            line,
            surface,
            feed,
            standing,
            notify: (surface == Surface::Console).then(|| notify.clone()),
            clock: Arc::clone(&clock),
            is_back,
            last: session.newest,
        };
        tokio::spawn(listener.run(Arc::clone(&far)));
        Ok(Self {
            client,
            address,
            session,
            clock,
            far,
            notify,
            notices,
            desk,
        })
    }

    /// Hands a command over; its answer comes as [`Notice::Done`], and then [`Notice::Published`].
    pub fn submit(&mut self, ticket: Ticket, command: Command) {
        let done = self.client.command(command);
        let notify = self.notify.clone();
        tokio::spawn(async move {
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

    fn tell_trouble(&self, why: Refusal) {
        // Nobody is left to hear it when this fails.
        let _ = self.notify.try_send(Notice::Trouble(Some(why)));
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

/// Asks what waits, all of it in one request, one request after the other.
async fn ask_all(way: Patient, mut waiting: Receiver<WaitingQuestion>) {
    let mut asked = Vec::new();
    while waiting.recv_many(&mut asked, TOGETHER_MAX).await > 0 {
        let (questions, answers): (Vec<_>, Vec<_>) = asked.drain(..).map(|one| (one.what, one.answer)).unzip();
        let told = match way.told(QUESTIONS_PATH, &questions).await {
            Ok::<Vec<ToldDoc>, _>(told) => told.into_iter().map(ToldDoc::result).collect(),
            Err(fault) => vec![Err(Refusal::from(fault)); answers.len()],
        };
        // One that is missing is answered by the end of its channel.
        for (answer, told) in answers.into_iter().zip(told) {
            let _ = answer.send(told);
        }
    }
}

/// Has commands done, those that wait together in one request, one request after the other.
async fn submit_all(way: Patient, surface: Surface, mut waiting: Receiver<WaitingCommand>) {
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(first) => Some(first),
            None => waiting.recv().await,
        };
        let (mut bytes, mut commands, mut answers, mut one) = (0, Vec::new(), Vec::new(), first);
        while let Some(Waiting { what, answer }) = one.take() {
            bytes += size(&what.command);
            if bytes > TOGETHER_BYTES && !commands.is_empty() {
                next = Some(Waiting { what, answer });
                break;
            }
            commands.push(what);
            answers.push(answer);
            if commands.len() < TOGETHER_MAX {
                one = waiting.try_recv().ok();
            }
        }
        if commands.is_empty() {
            return;
        }
        let outcomes = match way.told(COMMANDS_PATH, &CommandsDoc { surface, commands }).await {
            Ok::<Vec<OutcomeDoc>, _>(outcomes) => outcomes.into_iter().map(OutcomeDoc::result).collect(),
            Err(LineFault::Refused(refusal)) => vec![Err(refusal); answers.len()],
            Err(LineFault::Lost(why)) => vec![Err(not_known(&why)); answers.len()],
        };
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            let _ = answer.send(outcome);
        }
    }
}

fn not_known(why: &str) -> Refusal {
    let hint = "look before you try again: it was asked for once, and is done once at most";
    Refusal::not_possible(format!("{why}; whether it was done is not known")).with_hint(hint)
}

/// A line on which the same is asked again until it is answered.
#[derive(Clone)]
struct Patient {
    line: Line,
    /// How long; none: until the line is back.
    patience: Option<Duration>,
    /// Somebody has noticed that it is.
    is_back: Arc<Notify>,
}

impl Patient {
    async fn told<A: DeserializeOwned>(&self, path: &str, document: &impl Serialize) -> Result<A, LineFault> {
        let refused = |error: serde_json::Error| {
            let message = format!("what {} answers cannot be read: {error}", self.line.address());
            LineFault::Refused(Refusal::not_possible(message))
        };
        let body = serde_json::to_vec(document).map_err(refused)?;
        let (begun, mut pause) = (Instant::now(), AGAIN);
        loop {
            let is_back = self.is_back.notified();
            match self.line.post(path, body.clone()).await {
                Ok(told) => return serde_json::from_slice(&told).map_err(refused),
                Err(LineFault::Lost(_)) if self.patience.is_none_or(|patience| begun.elapsed() < patience) => {}
                Err(fault) => return Err(fault),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = is_back => {}
            }
            pause = (pause * 2).min(AGAIN_MAX);
        }
    }
}

/// About how large a command is on the line: only files and patches are large.
fn size(command: &Command) -> usize {
    serde_json::to_vec(command).map_or(0, |bytes| bytes.len())
}

/// A batch of events as everybody follows it.
pub(super) type Feed = broadcast::Sender<Arc<[Event]>>;
