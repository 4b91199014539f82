//! What the other end tells without being asked, and whether the line stands.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc::Sender;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use domain::event::Event;
use domain::operator::Surface;
use domain::refusal::{Refusal, RefusalCode};
use domain::rights::Rights;
use domain::time::{Now, Timestamp, clock_time};
use remote::{Line, LineFault, Lost, NewsItem};

use super::clock::ServerClock;
use super::documents::{NewsKind, SessionDoc};
use super::patient::{AGAIN, AGAIN_MAX};
use super::troubles::{Part, Troubles};
use super::versions::Peer;
use super::{Far, Feed, NEWS_PATH};
use crate::api::Notice;
use crate::client::EngineStatus;
use ::clock::Clock;

/// What comes within so long is told to a console together: a decision is told of in several pieces,
/// and each of them would be asked about.
const GATHERING: Duration = Duration::from_millis(250);

/// Listens to the news of a server, again and again.
pub(super) struct Listener {
    pub(super) line: Line,
    pub(super) surface: Surface,
    pub(super) feed: Feed,
    pub(super) standing: watch::Sender<EngineStatus>,
    /// Raised when rows may have changed that no event of the feed tells of.
    pub(super) looks: watch::Sender<()>,
    /// Whoever owns a loop; none: a command, which reads rows.
    pub(super) notify: Option<Sender<Notice>>,
    pub(super) troubles: Arc<Troubles>,
    pub(super) clock: Arc<ServerClock>,
    /// Told when the line is back.
    pub(super) is_back: Arc<Notify>,
    pub(super) peer: Peer,
    /// What the token opens, and until when.
    pub(super) access: (Rights, Option<Timestamp>),
    /// The newest event that was told.
    pub(super) last: u64,
    pub(super) gathered: Gathered,
}

/// News that wait for those right behind them.
#[derive(Default)]
pub(super) struct Gathered {
    /// Since when; none: there are none.
    since: Option<Instant>,
    events: Vec<Event>,
    has_changed: bool,
}

impl Listener {
    /// Listens from when somebody wants to hear until nobody is left to.
    pub(super) async fn run(mut self, far: Arc<Far>) {
        far.listening.notified().await;
        let far = Arc::downgrade(&far);
        let (mut pause, mut lost_at) = (AGAIN, None);
        while far.strong_count() > 0 {
            let (has_told, ended) = self.listen().await;
            self.tell_gathered().await;
            if has_told {
                (pause, lost_at) = (AGAIN, None);
            }
            let mut wait = pause;
            if let Some(fault) = ended {
                let at = *lost_at.get_or_insert_with(|| self.clock.now().utc);
                let why = match fault {
                    LineFault::Lost(lost) => {
                        wait = lost.wait.unwrap_or(Duration::ZERO).max(pause);
                        lost.why
                    }
                    LineFault::Refused(refusal) | LineFault::Unclear(refusal) => {
                        // Rows may be read all the same.
                        self.looks.send_replace(());
                        refusal.message
                    }
                };
                self.troubles.set(Part::News, Some(lost(at, &why)));
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(AGAIN_MAX);
        }
    }

    /// Listens until the line ends: whether anything came, and why it ended; none: the server ended
    /// it, and may be asked again.
    async fn listen(&mut self) -> (bool, Option<LineFault>) {
        let path = format!("{NEWS_PATH}?since={}&surface={}", self.last, self.surface);
        let mut news = match self.line.news(&path).await {
            Ok(news) => news,
            Err(fault) => return (false, Some(fault)),
        };
        let mut has_told = false;
        loop {
            let told = match self.gathered.since {
                Some(since) => timeout_at(since + GATHERING, news.next()).await,
                None => Ok(news.next().await),
            };
            let Ok(told) = told else {
                self.tell_gathered().await;
                continue;
            };
            match told {
                Ok(Some(told)) => {
                    if !std::mem::replace(&mut has_told, true) {
                        self.is_back();
                    }
                    if self.is_last(&told).await {
                        return (has_told, None);
                    }
                }
                Ok(None) if has_told => return (has_told, None),
                Ok(None) => {
                    let why = format!("{} ended its news before it told any", self.line.address());
                    return (has_told, Some(LineFault::Lost(Lost::from(why))));
                }
                Err(fault) => return (has_told, Some(fault)),
            }
        }
    }

    fn is_back(&mut self) {
        self.troubles.set(Part::News, None);
        // What does not work there is told anew.
        self.troubles.set(Part::There, None);
        // Leases and looks are no events: what they are now is to be read.
        self.has_changed();
        self.is_back.notify_waiters();
    }

    async fn tell_gathered(&mut self) {
        let Gathered {
            events, has_changed, ..
        } = std::mem::take(&mut self.gathered);
        if !events.is_empty() {
            self.tell(Notice::Events(events)).await;
        }
        if has_changed {
            self.tell(Notice::Changed).await;
        }
    }

    fn has_changed(&mut self) {
        self.looks.send_replace(());
        self.gathered.has_changed = true;
        self.gathered.since.get_or_insert_with(Instant::now);
    }

    async fn tell(&self, notice: Notice) {
        if let Some(notify) = &self.notify {
            // The loop is gone when this fails.
            let _ = notify.send(notice).await;
        }
    }

    /// Takes what was told; whether the server ends it.
    async fn is_last(&mut self, told: &NewsItem) -> bool {
        match NewsKind::parse(&told.kind) {
            Some(NewsKind::Events) => self.take_events(told),
            Some(NewsKind::Changed) => self.has_changed(),
            Some(NewsKind::Session) => {
                if let Some(session) = self.read::<SessionDoc>(told) {
                    let mut config = (*self.standing.borrow().config).clone();
                    // Every stream begins with it; only what is news is told.
                    let access = (session.rights.clone(), session.expires);
                    if access != self.access {
                        self.access = access.clone();
                        self.tell(Notice::Access(access.0, access.1)).await;
                    }
                    if session.put_into(&mut config) {
                        self.tell(Notice::ConfigLoaded(
                            Arc::clone(&config.gates),
                            config.console.clone(),
                            Vec::new(),
                        ))
                        .await;
                        self.standing.send_modify(|standing| standing.config = Arc::new(config));
                    }
                }
            }
            Some(NewsKind::Trouble) => {
                if let Some(trouble) = self.read::<Option<Refusal>>(told) {
                    self.troubles.set(Part::There, trouble);
                }
            }
            Some(NewsKind::Alive) => {
                if let Some(now) = self.read::<Now>(told) {
                    self.clock.told(now);
                }
            }
            Some(NewsKind::Closing) => return true,
            // A newer server tells more, which nobody here would show.
            None => {}
        }
        false
    }

    /// Takes those that can be read. Of others the rows are read, and it is told which side to
    /// upgrade.
    fn take_events(&mut self, told: &NewsItem) {
        let (mut events, mut is_whole) = (Vec::new(), true);
        for raw in self.read::<Vec<Box<RawValue>>>(told).unwrap_or_default() {
            match serde_json::from_str::<Event>(raw.get()) {
                Ok(event) => {
                    self.last = self.last.max(event.seq);
                    events.push(event);
                }
                Err(error) => {
                    is_whole = false;
                    self.not_understood("an event", &error);
                    if let Ok(numbered) = serde_json::from_str::<Numbered>(raw.get()) {
                        self.last = self.last.max(numbered.seq);
                    }
                }
            }
        }
        if !events.is_empty() {
            let _ = self.feed.send(events.as_slice().into());
            self.gathered.events.extend(events);
            self.gathered.since.get_or_insert_with(Instant::now);
        }
        if !is_whole {
            self.has_changed();
        }
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, told: &NewsItem) -> Option<T> {
        let read = serde_json::from_str(&told.data);
        read.map_err(|error| self.not_understood(&format!("what is told ({})", told.kind), &error))
            .ok()
    }

    fn not_understood(&self, what: &str, error: &serde_json::Error) {
        let unreadable = self.peer.unreadable(what, error);
        tracing::warn!("{unreadable}");
        // Which side to upgrade stands in the one line that is shown.
        let message = format!("not all of the news can be read: {}", self.peer.hint());
        let why = Refusal::new(RefusalCode::NotUnderstood, message);
        self.troubles.set(Part::Versions, Some(why));
    }
}

/// What is left of an event that cannot be read.
#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

/// What a console says while the line is lost.
pub(super) fn lost(at: Timestamp, why: &str) -> Refusal {
    // First the age of what is shown: the rest may not have room.
    Refusal::not_possible(format!("as of {}: {why}", clock_time(at)))
        .with_hint("what you decide is kept on this machine, and sent when the line is back")
}
