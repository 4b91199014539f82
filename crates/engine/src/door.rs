//! The way in for front ends without a loop of their own (HTTP): commands and queries through the loop's inbox, news as a feed.
//!
//! Answers to what came through a door go back through it and are no notices of the loop's owner. A door whose caller has left is no
//! reason to stop: what was handed over is done.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::sync::{broadcast, oneshot, watch};

use config::Config;
use domain::event::Event;
use domain::operator::Operator;
use domain::refusal::{Refusal, RefusalCode};

use super::api::{Answer, Notice, Query, Receipt, RequestId};
use super::inbox::Inbox;
use domain::ask::Command;

/// How many batches of news a follower may be behind before it has lost some.
const FEED_MAX: usize = 256;

/// Something that is committed, and whether its files are in place under their names, or why not yet.
pub type Done = (Box<Receipt>, Result<(), Refusal>);

/// What a front end may want to know of the engine at any moment.
#[derive(Clone)]
pub struct Standing {
    /// The configuration in force.
    pub config: Arc<Config>,
    /// Whether the configuration file was saved broken since.
    pub is_config_broken: bool,
    /// Whether something does not work at the moment.
    pub is_troubled: bool,
    /// Whether this process runs stages.
    pub is_lead: bool,
}

/// A way in. Cheap to clone; usable from any thread while the loop turns.
#[derive(Clone)]
pub struct Door {
    inbox: Sender<Inbox>,
    feed: broadcast::Sender<Arc<[Event]>>,
    standing: watch::Receiver<Standing>,
    operator: Operator,
}

/// What comes through a door.
#[derive(Debug)]
pub(super) enum Knock {
    Command(Operator, Box<Command>, oneshot::Sender<Result<Done, Refusal>>),
    Query(Query, oneshot::Sender<Answer>),
}

impl Door {
    /// Has a command done in somebody's name; answers when its files are in place under their names, or are found not to be for now.
    pub async fn command(&self, operator: Operator, command: Command) -> Result<Done, Refusal> {
        let (sender, answer) = oneshot::channel();
        let knock = Knock::Command(operator, Box::new(command), sender);
        // Both fail only when the loop is gone.
        if self.inbox.send(Inbox::Knock(knock)).await.is_err() {
            return Err(leaving());
        }
        answer.await.unwrap_or_else(|_| Err(leaving()))
    }

    /// Has a query answered.
    pub async fn read(&self, query: Query) -> Answer {
        let (sender, answer) = oneshot::channel();
        if self
            .inbox
            .send(Inbox::Knock(Knock::Query(query, sender)))
            .await
            .is_err()
        {
            return Answer::Failed(leaving().message);
        }
        answer.await.unwrap_or_else(|_| Answer::Failed(leaving().message))
    }

    /// What happens from now on, in any process. A follower that is too slow is told that it has lost some.
    pub fn follow(&self) -> broadcast::Receiver<Arc<[Event]>> {
        self.feed.subscribe()
    }

    /// How the engine stands.
    pub fn standing(&self) -> watch::Ref<'_, Standing> {
        self.standing.borrow()
    }

    /// The same, for whoever waits for it to change.
    pub fn changes(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// In whose name the process runs.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }
}

fn leaving() -> Refusal {
    Refusal::new(RefusalCode::NotPossible, "holdpoint is leaving")
        .with_hint("try again when it is back; look first whether it was done")
}

enum Waiting {
    Command(oneshot::Sender<Result<Done, Refusal>>, Option<Box<Receipt>>),
    Query(oneshot::Sender<Answer>),
}

/// The engine's side of all doors.
pub(super) struct Doors {
    feed: broadcast::Sender<Arc<[Event]>>,
    standing: watch::Sender<Standing>,
    /// Bounded by the queues of the writer and the reader.
    waiting: HashMap<RequestId, Waiting>,
}

impl Doors {
    pub(crate) fn new(config: &Config) -> Self {
        let standing = Standing {
            config: Arc::new(config.clone()),
            is_config_broken: false,
            is_troubled: false,
            is_lead: false,
        };
        Self {
            feed: broadcast::Sender::new(FEED_MAX),
            standing: watch::Sender::new(standing),
            waiting: HashMap::new(),
        }
    }

    pub(crate) fn door(&self, inbox: Sender<Inbox>, operator: Operator) -> Door {
        Door {
            inbox,
            feed: self.feed.clone(),
            standing: self.standing.subscribe(),
            operator,
        }
    }

    pub(crate) fn expect_done(&mut self, request: RequestId, answer: oneshot::Sender<Result<Done, Refusal>>) {
        self.waiting.insert(request, Waiting::Command(answer, None));
    }

    pub(crate) fn expect_answer(&mut self, request: RequestId, answer: oneshot::Sender<Answer>) {
        self.waiting.insert(request, Waiting::Query(answer));
    }

    pub(crate) fn set_config(&self, config: &Config) {
        self.standing
            .send_modify(|standing| standing.config = Arc::new(config.clone()));
    }

    /// Passes a notice on: what nobody behind a door waits for comes back.
    pub(crate) fn pass(&mut self, notice: Notice) -> Option<Notice> {
        match notice {
            Notice::Done(request, result) => match (self.waiting.remove(&request), result) {
                (Some(Waiting::Command(answer, _)), Ok(receipt)) => {
                    self.waiting.insert(request, Waiting::Command(answer, Some(receipt)));
                    None
                }
                (Some(Waiting::Command(answer, _)), Err(refusal)) => {
                    // The caller has left when this fails; so below.
                    let _ = answer.send(Err(refusal));
                    None
                }
                (Some(Waiting::Query(_)) | None, result) => Some(Notice::Done(request, result)),
            },
            Notice::Published(request, published) => match self.waiting.remove(&request) {
                Some(Waiting::Command(answer, Some(receipt))) => {
                    let _ = answer.send(Ok((receipt, published)));
                    None
                }
                Some(Waiting::Command(_, None) | Waiting::Query(_)) | None => {
                    Some(Notice::Published(request, published))
                }
            },
            Notice::Answer(request, told) => match self.waiting.remove(&request) {
                Some(Waiting::Query(answer)) => {
                    let _ = answer.send(told);
                    None
                }
                Some(Waiting::Command(..)) | None => Some(Notice::Answer(request, told)),
            },
            Notice::Events(events) => {
                if self.feed.receiver_count() > 0 {
                    let _ = self.feed.send(events.as_slice().into());
                }
                Some(Notice::Events(events))
            }
            Notice::Trouble(trouble) => {
                self.standing
                    .send_modify(|standing| standing.is_troubled = trouble.is_some());
                Some(Notice::Trouble(trouble))
            }
            Notice::Lead(is_lead) => {
                self.standing.send_modify(|standing| standing.is_lead = is_lead);
                Some(Notice::Lead(is_lead))
            }
            notice @ Notice::ConfigLoaded(..) => {
                self.standing.send_modify(|standing| standing.is_config_broken = false);
                Some(notice)
            }
            notice @ Notice::ConfigBroken(_) => {
                self.standing.send_modify(|standing| standing.is_config_broken = true);
                Some(notice)
            }
            notice @ (Notice::Changed | Notice::Looked | Notice::ReadOnly(_)) => Some(notice),
        }
    }
}
