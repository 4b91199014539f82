//! News of all jobs as a stream: what was missed, then what happens, with a sign of life.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse;
use futures_util::stream::{Stream, unfold};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Interval, MissedTickBehavior};

use config::Config;
use domain::event::Event;
use domain::refusal::Refusal;
use engine::client::{Caller as EngineCaller, EngineStatus};
use engine::far::NewsKind;

use super::app::App;
use super::auth::Caller;
use super::follow::{HEARTBEAT, PAGE};
use super::routes::far::session_of;
use super::welcome::Welcome;

const LEAVING: &str = "holdpoint is leaving";

/// One stream.
pub(crate) struct News {
    app: Arc<App>,
    welcome: Welcome,
    session: EngineCaller,
    feed: Receiver<Arc<[Event]>>,
    changed: watch::Receiver<()>,
    standing: watch::Receiver<EngineStatus>,
    /// What was told of the configuration and of what does not work; none: nothing yet. What a
    /// caller knew before they came may be old.
    config: Option<Arc<Config>>,
    trouble: Option<Option<Refusal>>,
    /// The newest event that was told, or that counts as known.
    last: u64,
    is_behind: bool,
    is_over: bool,
    heartbeat: Interval,
    _place: OwnedSemaphorePermit,
}

impl News {
    /// A stream for this caller, who knows events up to this one.
    pub(crate) fn new(
        app: Arc<App>,
        caller: Caller,
        session: EngineCaller,
        last: u64,
        place: OwnedSemaphorePermit,
    ) -> Self {
        // The first sign of life comes at once: it says that the line stands.
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            feed: app.engine.follow(),
            changed: app.engine.changed(),
            standing: app.engine.changes(),
            config: None,
            trouble: None,
            last,
            is_behind: true,
            is_over: false,
            heartbeat,
            _place: place,
            welcome: Welcome::new(&app, caller),
            app,
            session,
        }
    }

    /// As the body of an answer.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<sse::Event, Infallible>> {
        unfold(self, |mut news| async move {
            let event = news.next().await?;
            Some((Ok(event), news))
        })
    }

    async fn next(&mut self) -> Option<sse::Event> {
        if self.is_over {
            return None;
        }
        if let Some(why) = self.welcome.over(LEAVING) {
            return Some(self.end(&why));
        }
        loop {
            if self.is_behind {
                // Followed anew before each look: what happens between the two is in both, never in
                // neither.
                self.feed = self.app.engine.follow();
                match self.app.engine.events(None, self.last, PAGE).await {
                    Ok(events) if events.is_empty() => self.is_behind = false,
                    Ok(events) => return Some(self.events(&events)),
                    Err(why) => return Some(self.end(&why.to_string())),
                }
            }
            if let Some(told) = self.standing_told().await {
                return Some(told);
            }
            tokio::select! {
                biased;
                _ = self.welcome.leaving.changed() => return Some(self.end(LEAVING)),
                received = self.feed.recv() => match received {
                    Ok(events) => {
                        let new = events.partition_point(|event| event.seq <= self.last);
                        if new < events.len() {
                            return Some(self.events(&events[new..]));
                        }
                    }
                    // Too slow, or the engine is gone: the rows say what was missed.
                    Err(_) => self.is_behind = true,
                },
                Ok(()) = self.changed.changed() => return Some(told(NewsKind::Changed, &())),
                Ok(()) = self.standing.changed() => {}
                _ = self.heartbeat.tick() => {
                    return Some(match self.welcome.over(LEAVING) {
                        None => told(NewsKind::Alive, &self.app.clock.now()),
                        Some(why) => self.end(&why),
                    });
                }
            }
        }
    }

    /// What is to be told of how the engine stands; none: nothing new.
    async fn standing_told(&mut self) -> Option<sse::Event> {
        let (config, trouble) = {
            let standing = self.standing.borrow();
            (Arc::clone(&standing.config), standing.trouble.clone())
        };
        if !self.config.as_ref().is_some_and(|told| Arc::ptr_eq(told, &config)) {
            let session = session_of(&self.app, self.session.clone(), self.welcome.expires()).await;
            if let Ok(session) = session {
                self.config = Some(config);
                return Some(told(NewsKind::Session, &session));
            }
        }
        if self.trouble.as_ref() != Some(&trouble) {
            self.trouble = Some(trouble.clone());
            return Some(told(NewsKind::Trouble, &trouble));
        }
        None
    }

    fn events(&mut self, events: &[Event]) -> sse::Event {
        self.last = events.last().map_or(self.last, |event| event.seq);
        told(NewsKind::Events, &events)
    }

    fn end(&mut self, why: &str) -> sse::Event {
        self.is_over = true;
        told(NewsKind::Closing, &why)
    }
}

fn told(kind: NewsKind, what: &impl Serialize) -> sse::Event {
    let data = serde_json::to_string(what).unwrap_or_default();
    sse::Event::default().event(kind.as_str()).data(data)
}
