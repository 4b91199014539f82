//! Events of a job, or of all, as a stream: what was missed, then what happens, with a heartbeat.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Response, sse};
use futures_util::stream::{Stream, unfold};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior};

use domain::event::Event;
use domain::ids::{JobId, StageName};
use domain::job::JobStatus;
use domain::time::Timestamp;
use wire::EventDoc;

use super::app::App;
use super::auth::Caller;
use super::welcome::Welcome;

/// How often a stream shows that it lives (WIRE.md).
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);
/// The most events that are read at once: one may bear a patch of a mebibyte, and every stream has
/// a page of its own.
pub(crate) const PAGE: u32 = 64;

/// What a stream of events or of a log says when the server leaves.
pub(crate) const LEAVING: &str = "holdpoint is leaving; come back with Last-Event-ID";

/// What a stream says of itself, in an event's shape and without a number, so that nobody resumes
/// from it.
#[derive(Serialize)]
struct Sign<'a> {
    ts: Timestamp,
    #[serde(rename = "type")]
    kind: &'static str,
    stage: Option<&'a StageName>,
    status: Option<JobStatus>,
    message: String,
    payload: Value,
    seq: Option<u64>,
    job_id: Option<&'a JobId>,
}

/// A stream as it is to reach the client: as it comes.
pub(crate) fn unbuffered(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    // A reverse proxy that collects the answer would hold events back.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

enum Phase {
    Hello,
    /// What was missed, from the store.
    Replay,
    Live,
    Over,
}

/// One stream.
pub(crate) struct Follow {
    app: Arc<App>,
    welcome: Welcome,
    job: Option<FollowedJob>,
    feed: Receiver<Arc<[Event]>>,
    /// What is being sent: the feed's own batch, that all streams share, or a page.
    batch: Arc<[Event]>,
    /// How many of it were looked at.
    taken: usize,
    phase: Phase,
    is_replaying: bool,
    /// The number of the newest event that was sent, or that counts as known.
    last: u64,
    heartbeat: Interval,
    _place: OwnedSemaphorePermit,
}

/// The one job that is followed, as of the last event that was sent.
pub(crate) struct FollowedJob {
    pub(crate) id: JobId,
    pub(crate) status: JobStatus,
    /// The stage it is at.
    pub(crate) stage: Option<StageName>,
}

/// Where a stream begins.
pub(crate) struct StreamStart {
    /// None: all jobs are followed.
    pub(crate) job: Option<FollowedJob>,
    /// The newest event that the client knows.
    pub(crate) last: u64,
    /// Whether what came after that is sent first.
    pub(crate) is_replaying: bool,
}

impl Follow {
    /// A stream for this caller; `feed` must be older than what `start` says.
    pub(crate) fn new(
        app: Arc<App>,
        caller: Caller,
        start: StreamStart,
        feed: Receiver<Arc<[Event]>>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.reset();
        Self {
            welcome: Welcome::new(&app, caller),
            app,
            job: start.job,
            feed,
            batch: Arc::from([]),
            taken: 0,
            phase: Phase::Hello,
            is_replaying: start.is_replaying,
            last: start.last,
            heartbeat,
            _place: place,
        }
    }

    /// As the body of an answer.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<sse::Event, Infallible>> {
        unfold(self, |mut follow| async move {
            let event = follow.next().await?;
            Some((Ok(event), follow))
        })
    }

    async fn next(&mut self) -> Option<sse::Event> {
        if !matches!(self.phase, Phase::Over)
            && let Some(why) = self.welcome.over(LEAVING)
        {
            return Some(self.end("closing", why));
        }
        loop {
            match self.phase {
                Phase::Hello => {
                    self.phase = if self.is_replaying { Phase::Replay } else { Phase::Live };
                    let message = match &self.job {
                        Some(job) => format!("following {}", job.id),
                        None => "following all jobs".to_owned(),
                    };
                    let sign = self.sign("connected", message, json!({ "last_event_id": self.last }));
                    // Sent first, so that a client that is cut off before the first event misses
                    // none.
                    return Some(sign.id(self.last.to_string()));
                }
                Phase::Replay => {
                    if let Some(event) = self.pending() {
                        return Some(event);
                    }
                    // Followed anew before each look: what happens between the two is in both,
                    // never in neither.
                    self.feed = self.app.engine.follow();
                    match self.page().await {
                        Ok(events) if events.is_empty() => self.phase = Phase::Live,
                        Ok(events) => self.take(events.into()),
                        Err(why) => return Some(self.end("error", why)),
                    }
                }
                Phase::Live => {
                    if let Some(event) = self.pending() {
                        return Some(event);
                    }
                    if let Some(event) = self.wait().await {
                        return Some(event);
                    }
                }
                Phase::Over => return None,
            }
        }
    }

    fn take(&mut self, batch: Arc<[Event]>) {
        self.batch = batch;
        self.taken = 0;
    }

    /// The next event of the batch that is followed and was not sent.
    fn pending(&mut self) -> Option<sse::Event> {
        let batch = Arc::clone(&self.batch);
        for event in batch.get(self.taken..)? {
            self.taken = self.taken.saturating_add(1);
            let is_followed = self.job.as_ref().is_none_or(|job| job.id == event.job_id);
            if is_followed && event.seq > self.last {
                return Some(self.event(event));
            }
        }
        // This end has no sender of its own, so nothing is kept.
        self.take(Arc::from([]));
        None
    }

    /// Waits for news; what is to be sent of it lies in the batch.
    async fn wait(&mut self) -> Option<sse::Event> {
        tokio::select! {
            biased;
            _ = self.welcome.leaving.changed() => {
                Some(self.end("closing", LEAVING.to_owned()))
            }
            received = self.feed.recv() => match received {
                Ok(events) => {
                    self.take(events);
                    None
                }
                Err(RecvError::Lagged(batches)) => {
                    self.app.metrics.streams_dropped.inc();
                    let why = format!("too slow: {batches} batches of events were not taken; come back with Last-Event-ID");
                    Some(self.end("dropped", why))
                }
                Err(RecvError::Closed) => Some(self.end("closing", "holdpoint is leaving".to_owned())),
            },
            _ = self.heartbeat.tick() => {
                Some(match self.welcome.over(LEAVING) {
                    None => self.sign("heartbeat", String::new(), json!({})),
                    Some(why) => self.end("closing", why),
                })
            }
        }
    }

    async fn page(&self) -> Result<Vec<Event>, String> {
        let job_id = self.job.as_ref().map(|job| &job.id);
        let events = self.app.engine.events(job_id, self.last, PAGE).await;
        events.map_err(|why| why.to_string())
    }

    fn event(&mut self, event: &Event) -> sse::Event {
        self.last = event.seq;
        if let Some(job) = &mut self.job {
            job.status = event.status;
            job.stage.clone_from(&event.stage);
        }
        let data = serde_json::to_string(&EventDoc::of(event)).unwrap_or_default();
        sse::Event::default().id(event.seq.to_string()).data(data)
    }

    fn sign(&self, kind: &'static str, message: String, payload: Value) -> sse::Event {
        let job = self.job.as_ref();
        let sign = Sign {
            ts: self.app.now(),
            kind,
            stage: job.and_then(|job| job.stage.as_ref()),
            status: job.map(|job| job.status),
            message,
            payload,
            seq: None,
            job_id: job.map(|job| &job.id),
        };
        sse::Event::default().data(serde_json::to_string(&sign).unwrap_or_default())
    }

    fn end(&mut self, kind: &'static str, message: String) -> sse::Event {
        self.phase = Phase::Over;
        self.sign(kind, message, json!({ "last_event_id": self.last }))
    }
}
