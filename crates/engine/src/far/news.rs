//! What the other end tells without being asked, and whether the line stands.

use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::mpsc::Sender;
use tokio::sync::{Notify, watch};

use domain::event::Event;
use domain::operator::Surface;
use domain::refusal::Refusal;
use domain::time::{Now, clock_time};
use remote::{Line, LineFault, NewsItem};

use super::clock::ServerClock;
use super::documents::{NewsKind, SessionDoc};
use super::{AGAIN, AGAIN_MAX, Far, Feed, NEWS_PATH};
use crate::api::Notice;
use crate::client::EngineStatus;
use ::clock::Clock;

/// Listens to the news of a server, again and again.
pub(super) struct Listener {
    pub(super) line: Line,
    pub(super) surface: Surface,
    pub(super) feed: Feed,
    pub(super) standing: watch::Sender<EngineStatus>,
    /// Whoever owns a loop; none: a command, which reads rows.
    pub(super) notify: Option<Sender<Notice>>,
    pub(super) clock: Arc<ServerClock>,
    /// Told when the line is back.
    pub(super) is_back: Arc<Notify>,
    /// The newest event that was told.
    pub(super) last: u64,
}

impl Listener {
    /// Listens from when somebody wants to hear until nobody is left to.
    pub(super) async fn run(mut self, far: Arc<Far>) {
        far.listening.notified().await;
        let far = Arc::downgrade(&far);
        let (mut pause, mut lost_at) = (AGAIN, None);
        while far.strong_count() > 0 {
            let path = format!("{NEWS_PATH}?since={}&surface={}", self.last, self.surface);
            let ended = match self.line.news(&path).await {
                Ok(mut news) => {
                    pause = AGAIN;
                    // Leases and looks are no events: what they are now is to be read.
                    self.tell(Notice::Changed).await;
                    if lost_at.take().is_some() {
                        self.tell(Notice::Trouble(None)).await;
                    }
                    self.is_back.notify_waiters();
                    loop {
                        match news.next().await {
                            Ok(Some(told)) => {
                                if self.is_last(&told).await {
                                    break None;
                                }
                            }
                            Ok(None) => break None,
                            Err(fault) => break Some(fault),
                        }
                    }
                }
                Err(fault) => Some(fault),
            };
            if let Some(fault) = ended {
                let at = *lost_at.get_or_insert_with(|| self.clock.now().utc);
                let why = match fault {
                    LineFault::Lost(why) => why,
                    LineFault::Refused(refusal) => refusal.message,
                };
                // First the age of what is shown: the rest may not have room.
                let message = format!("as of {}: {why}", clock_time(at));
                let hint = "what you decide is kept, and sent when the line is back";
                let lost = Refusal::not_possible(message).with_hint(hint);
                self.tell(Notice::Trouble(Some(lost))).await;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(AGAIN_MAX);
            }
        }
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
            Some(NewsKind::Events) => {
                if let Some(events) = read::<Vec<Event>>(told) {
                    self.last = events.last().map_or(self.last, |event| event.seq.max(self.last));
                    let _ = self.feed.send(events.as_slice().into());
                    self.tell(Notice::Events(events)).await;
                }
            }
            Some(NewsKind::Changed) => self.tell(Notice::Changed).await,
            Some(NewsKind::Session) => {
                if let Some(session) = read::<SessionDoc>(told) {
                    let mut config = (*self.standing.borrow().config).clone();
                    session.put_into(&mut config);
                    self.tell(Notice::ConfigLoaded(
                        Arc::clone(&config.gates),
                        config.console.clone(),
                        Vec::new(),
                    ))
                    .await;
                    self.standing.send_modify(|standing| standing.config = Arc::new(config));
                }
            }
            Some(NewsKind::Trouble) => {
                if let Some(trouble) = read::<Option<Refusal>>(told) {
                    self.tell(Notice::Trouble(trouble)).await;
                }
            }
            Some(NewsKind::Alive) => {
                if let Some(now) = read::<Now>(told) {
                    self.clock.told(now);
                }
            }
            Some(NewsKind::Closing) => return true,
            // A newer server tells more.
            None => {}
        }
        false
    }
}

fn read<T: for<'de> Deserialize<'de>>(told: &NewsItem) -> Option<T> {
    serde_json::from_str(&told.data).ok()
}
