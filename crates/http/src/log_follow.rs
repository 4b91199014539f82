//! A stage's log as a stream: what was said, then what is said, with a heartbeat.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse;
use futures_util::stream::{Stream, unfold};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior};
use utoipa::ToSchema;

use domain::event::Event;
use domain::ids::JobId;
use domain::job::Attempt;
use runs::artifacts::LogPart;

use super::app::App;
use super::auth::Caller;
use super::follow::{HEARTBEAT, LEAVING};
use super::welcome::Welcome;

/// How often is looked whether there is more: nothing tells when a command says something.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The most bytes of an event.
const EVENT_BYTES_MAX: u64 = 64 * 1024;

/// Text of a log, and where in it that stands.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Said {
    /// Where the text begins in the log, in bytes.
    pub(crate) offset: u64,
    /// What was said; bytes that are no UTF-8 are replaced.
    pub(crate) text: String,
    /// Where what comes after it begins.
    pub(crate) next_offset: u64,
}

impl Said {
    /// What a part of a log says. A character of which more may come is left for later.
    pub(crate) fn of(part: Option<&LogPart>, is_ended: bool) -> Self {
        let (offset, bytes, size_bytes) =
            part.map_or((0, &[][..], 0), |part| (part.offset, &part.bytes, part.size_bytes));
        let is_all = is_ended && offset.saturating_add(bytes.len() as u64) >= size_bytes;
        let begun = if is_all { 0 } else { begun(bytes) };
        let whole = &bytes[..bytes.len() - begun];
        Self {
            offset,
            text: String::from_utf8_lossy(whole).into_owned(),
            next_offset: offset.saturating_add(whole.len() as u64),
        }
    }
}

/// How many bytes at the end are a character's of which more may come.
fn begun(bytes: &[u8]) -> usize {
    let is_begun = |count: &usize| {
        let read = bytes
            .len()
            .checked_sub(*count)
            .map(|at| std::str::from_utf8(&bytes[at..]));
        matches!(read, Some(Err(error)) if error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..4).find(is_begun).unwrap_or(0)
}

/// One stream.
pub(crate) struct LogFollow {
    app: Arc<App>,
    welcome: Welcome,
    job_id: JobId,
    attempt: Attempt,
    /// Where what was not sent yet begins.
    offset: u64,
    feed: Receiver<Arc<[Event]>>,
    look: Interval,
    heartbeat: Interval,
    is_over: bool,
    _place: OwnedSemaphorePermit,
}

impl LogFollow {
    /// A stream for this caller; `feed` must be older than what is known of the attempt.
    pub(crate) fn new(
        app: Arc<App>,
        caller: Caller,
        (job_id, attempt): (JobId, Attempt),
        offset: u64,
        feed: Receiver<Arc<[Event]>>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let every = |period: Duration| {
            let mut interval = tokio::time::interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval.reset();
            interval
        };
        Self {
            welcome: Welcome::new(&app, caller),
            app,
            job_id,
            attempt,
            offset,
            feed,
            look: every(LOOK_EVERY),
            heartbeat: every(HEARTBEAT),
            is_over: false,
            _place: place,
        }
    }

    /// As the body of an answer.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<sse::Event, Infallible>> {
        unfold(self, async |mut follow| {
            let event = follow.next().await?;
            Some((Ok(event), follow))
        })
    }

    async fn next(&mut self) -> Option<sse::Event> {
        if self.is_over {
            return None;
        }
        if let Some(why) = self.welcome.over(LEAVING) {
            return Some(self.end("closing", why));
        }
        loop {
            // Known before the log is read: what a command that has ended said is all there.
            let is_ended = self.attempt.state.is_ended();
            let (stage, number) = (&self.attempt.stage, self.attempt.number);
            let part = self
                .app
                .engine
                .log_part(&self.job_id, stage, number, Some(self.offset), EVENT_BYTES_MAX);
            let said = match part.await {
                Ok(part) => Said::of(part.as_ref(), is_ended),
                Err(why) => return Some(self.end("error", why.to_string())),
            };
            if !said.text.is_empty() {
                self.offset = said.next_offset;
                return Some(self.event("text", json!(said)).id(self.offset.to_string()));
            }
            if is_ended {
                let outcome = self.attempt.outcome.clone().unwrap_or_default();
                return Some(self.end("ended", outcome));
            }
            if let Some(event) = self.wait().await {
                return Some(event);
            }
        }
    }

    /// Waits until there may be more; what is to be sent meanwhile.
    async fn wait(&mut self) -> Option<sse::Event> {
        loop {
            tokio::select! {
                biased;
                _ = self.welcome.leaving.changed() => {
                    return Some(self.end("closing", LEAVING.to_owned()));
                }
                received = self.feed.recv() => {
                    let is_about = |events: &[Event]| events.iter().any(|event| event.job_id == self.job_id);
                    match received {
                        Ok(events) if !is_about(&events) => {}
                        Ok(_) | Err(RecvError::Lagged(_)) => {
                            self.read_attempt().await;
                            return None;
                        }
                        Err(RecvError::Closed) => return Some(self.end("closing", "holdpoint is leaving".to_owned())),
                    }
                }
                _ = self.heartbeat.tick() => {
                    return Some(match self.welcome.over(LEAVING) {
                        None => self.event("heartbeat", json!({})),
                        Some(why) => self.end("closing", why),
                    });
                }
                _ = self.look.tick() => return None,
            }
        }
    }

    async fn read_attempt(&mut self) {
        // What cannot be read now is read at the next event.
        let Ok(Some(rows)) = self.app.engine.job(&self.job_id).await else {
            return;
        };
        let is_it = |other: &&Attempt| other.stage == self.attempt.stage && other.number == self.attempt.number;
        if let Some(attempt) = rows.attempts.iter().find(is_it) {
            self.attempt = attempt.clone();
        }
    }

    fn event(&self, kind: &'static str, mut document: Value) -> sse::Event {
        document["type"] = kind.into();
        sse::Event::default().data(document.to_string())
    }

    fn end(&mut self, kind: &'static str, message: String) -> sse::Event {
        self.is_over = true;
        self.event(kind, json!({ "message": message, "next_offset": self.offset }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_is_half_there_is_left_for_later_unless_nothing_comes() {
        let part = |bytes: &[u8], size_bytes| LogPart {
            offset: 10,
            bytes: bytes.to_vec(),
            size_bytes,
        };
        for (bytes, whole) in [
            ("aé".as_bytes(), 3),
            (&"aé".as_bytes()[..2], 1),
            (&"a€".as_bytes()[..3], 1),
            (&"a🙂".as_bytes()[..4], 1),
            (b"a\xff", 2),
            (b"a\xa9", 2),
            (b"", 0),
        ] {
            let size_bytes = 10 + bytes.len() as u64;
            let said = Said::of(Some(&part(bytes, size_bytes)), false);
            assert_eq!(said.next_offset, 10 + whole, "{bytes:?}");
            let said = Said::of(Some(&part(bytes, size_bytes)), true);
            assert_eq!(said.next_offset, size_bytes, "{bytes:?}");
            // More lies behind what was read.
            let said = Said::of(Some(&part(bytes, size_bytes + 1)), true);
            assert_eq!(said.next_offset, 10 + whole, "{bytes:?}");
        }
    }
}
