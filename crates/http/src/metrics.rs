//! What is counted, for Prometheus: requests and their latency, decisions, the timer's lateness;
//! and what is open now.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::sync::broadcast::error::RecvError;

use domain::decision::TIMER_NAME;
use domain::event::{Event, EventType};
use domain::ids::StageName;
use domain::time::{SECOND_US, Timestamp};
use domain::view::{QueueKind, QueueRow};
use domain::webhook::WebhookStanding;

use super::answer::ApiError;
use super::app::App;

/// The most events that are read at once after some were missed.
const PAGE: u32 = 1000;

/// The labels of a series: names and values.
type Labels<const N: usize> = [(&'static str, String); N];

fn decision_labels(by: &str, outcome: &str) -> Labels<2> {
    [("by", by.to_owned()), ("outcome", outcome.to_owned())]
}

#[derive(Clone)]
struct Latency;

impl MetricConstructor<Histogram> for Latency {
    fn new_metric(&self) -> Histogram {
        Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
    }
}

/// Everything that is counted over time.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    latency: Family<Labels<2>, Histogram, Latency>,
    decisions: Family<Labels<2>, Counter>,
    lateness: Histogram,
    /// Streams that were ended because their client was too slow.
    pub(crate) streams_dropped: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("holdpoint");
        let requests = Family::default();
        let latency = Family::new_with_constructor(Latency);
        let decisions = Family::default();
        let lateness = Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 60.0, 600.0]);
        registry.register("http_requests", "Requests answered", requests.clone());
        let help = "From the head of a request to the head of its answer";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, latency.clone());
        let help = "Decisions since this process serves, made in any process";
        registry.register("decisions", help, decisions.clone());
        let help = "How long after its deadline the timer decided";
        registry.register_with_unit("timer_lateness", help, Unit::Seconds, lateness.clone());
        let streams_dropped = Counter::default();
        let help = "Streams of events that were ended because their client was too slow";
        registry.register("http_streams_dropped", help, streams_dropped.clone());
        Self {
            registry,
            requests,
            latency,
            decisions,
            lateness,
            streams_dropped,
        }
    }
}

impl Metrics {
    /// Makes the series of everybody who may decide: at zero, so that an alert tells nobody decided from nobody looked.
    fn begin<'n>(&self, deciders: impl Iterator<Item = &'n str>) {
        let begin = |by: &str, outcome: &str| drop(self.decisions.get_or_create(&decision_labels(by, outcome)));
        for by in deciders {
            begin(by, "approved");
            begin(by, "rejected");
        }
        begin(TIMER_NAME, "auto_approved");
        begin(TIMER_NAME, "rejected");
    }

    fn count(&self, event: &Event) {
        let outcome = if event.kind == EventType::GateApproved {
            "approved"
        } else if event.kind == EventType::GateAutoApproved {
            "auto_approved"
        } else if event.kind == EventType::GateRejected {
            "rejected"
        } else {
            return;
        };
        let by = event.payload.get("by").and_then(serde_json::Value::as_str);
        let labels = decision_labels(by.unwrap_or_default(), outcome);
        self.decisions.get_or_create(&labels).inc();
    }
}

/// Measures every request.
pub(crate) async fn measure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    // All unknown paths count under one name, because anybody may ask for any path.
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let began_us = app.clock.now().boot_us;
    let response = next.run(request).await;
    let took_us = app.clock.now().boot_us.saturating_sub(began_us);
    let status = response.status().as_u16().to_string();
    let [method, route, status] = [("method", method), ("route", route), ("status", status)];
    let labels = [method.clone(), route.clone()];
    let latency = app.metrics.latency.get_or_create(&labels);
    latency.observe(took_us as f64 / SECOND_US as f64);
    app.metrics.requests.get_or_create(&[method, route, status]).inc();
    response
}

/// Counts decisions as they happen, in any process, until the server leaves.
pub(crate) async fn follow(app: Arc<App>) {
    let mut feed = app.engine.follow();
    let mut leaving = app.leaving.clone();
    let mut last = 0;
    loop {
        let received = tokio::select! {
            _ = leaving.changed() => return,
            received = feed.recv() => received,
        };
        match received {
            Ok(events) => {
                for event in events.iter().filter(|event| event.seq > last) {
                    count(&app, event).await;
                }
                last = events.last().map_or(last, |event| event.seq.max(last));
            }
            // The feed lost events; they are read from the store.
            Err(RecvError::Lagged(_)) => last = catch_up(&app, last).await,
            Err(RecvError::Closed) => return,
        }
    }
}

async fn catch_up(app: &App, mut last: u64) -> u64 {
    loop {
        let Ok(events) = app.engine.events(None, last, PAGE).await else {
            return last;
        };
        let Some(newest) = events.last().map(|event| event.seq) else {
            return last;
        };
        for event in &events {
            count(app, event).await;
        }
        last = newest;
    }
}

async fn count(app: &App, event: &Event) {
    app.metrics.count(event);
    let is_timers = event.payload.get("by").and_then(serde_json::Value::as_str) == Some(TIMER_NAME);
    if !is_timers || !matches!(event.kind, EventType::GateAutoApproved | EventType::GateRejected) {
        return;
    }
    let attempt = event.payload.get("attempt").and_then(serde_json::Value::as_u64);
    let (Some(stage), Some(attempt)) = (&event.stage, attempt.and_then(|attempt| u32::try_from(attempt).ok())) else {
        return;
    };
    if let Ok(Some(rows)) = app.engine.job(&event.job_id).await
        && let Some(deadline) = rows.gate(stage, attempt).and_then(|gate| gate.deadline())
    {
        let late_us = event.ts.us_since(deadline).max(0);
        app.metrics.lateness.observe(late_us as f64 / SECOND_US as f64);
    }
}

/// What is open and owed at this moment, as gauges of their own registry.
fn gauges(
    stages: &BTreeSet<StageName>,
    queue: &[QueueRow],
    owing: usize,
    webhooks: &[WebhookStanding],
    now: Timestamp,
    is_lead: bool,
) -> Registry {
    let mut registry = Registry::with_prefix("holdpoint");
    register_webhooks(&mut registry, webhooks);
    let open: Family<Labels<1>, Gauge> = Family::default();
    let oldest: Family<Labels<1>, Gauge<f64, AtomicU64>> = Family::default();
    for stage in stages {
        let labels = [("stage", stage.to_string())];
        open.get_or_create(&labels).set(0);
        oldest.get_or_create(&labels).set(0.0);
    }
    for row in queue.iter().filter(|row| row.kind == QueueKind::Gate) {
        let stage = row.stage.as_ref().map(ToString::to_string).unwrap_or_default();
        let labels = [("stage", stage)];
        open.get_or_create(&labels).inc();
        let age_s = now.us_since(row.since).max(0) as f64 / SECOND_US as f64;
        let gauge = oldest.get_or_create(&labels);
        if age_s > gauge.get() {
            gauge.set(age_s);
        }
    }
    registry.register("open_gates", "Gates that wait for a decision", open);
    let help = "Age of the gate that waits longest";
    registry.register_with_unit("open_gate_oldest_age", help, Unit::Seconds, oldest);
    let owed: Gauge = Gauge::default();
    owed.set(i64::try_from(owing).unwrap_or(i64::MAX));
    registry.register("jobs_owing_files", "Jobs whose files are behind the database", owed);
    let leads: Gauge = Gauge::default();
    leads.set(i64::from(is_lead));
    registry.register("is_leader", "Whether this process runs stages", leads);
    registry
}

/// What was told to webhooks, by any process, since they are configured.
fn register_webhooks(registry: &mut Registry, webhooks: &[WebhookStanding]) {
    let waiting: Family<Labels<1>, Gauge> = Family::default();
    let delivered: Family<Labels<1>, Counter> = Family::default();
    let lost: Family<Labels<1>, Counter> = Family::default();
    for standing in webhooks {
        let labels = [("webhook", standing.name.clone())];
        let count = i64::try_from(standing.waiting).unwrap_or(i64::MAX);
        waiting.get_or_create(&labels).set(count);
        delivered.get_or_create(&labels).inc_by(standing.delivered);
        lost.get_or_create(&labels).inc_by(standing.lost);
    }
    registry.register("webhook_waiting", "Deliveries that are to be sent now", waiting);
    registry.register("webhook_delivered", "Deliveries that a receiver has taken", delivered);
    registry.register("webhook_lost", "Deliveries that were given up", lost);
}

/// Everything, as OpenMetrics text.
#[utoipa::path(get, path = "/metrics", tag = "observe", responses((status = 200, description = "OpenMetrics text", content_type = "application/openmetrics-text", body = String)))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let queue = app.read(app.engine.queue()).await?;
    let owing = app.read(app.engine.owing()).await?;
    let is_lead = app.engine.standing().is_lead;
    let webhooks = app.read(app.engine.webhooks(app.now())).await?;
    let config = app.config();
    app.metrics.begin(app.deciders(&config));
    // A stage of the pipeline comes to a gate where it has a policy; manual jobs have stages of
    // their own.
    let stages = config.gates.keys().cloned().collect();
    let now = gauges(&stages, &queue, owing, &webhooks, app.now(), is_lead);
    let mut text = String::new();
    let written = encode_registry(&mut text, &app.metrics.registry)
        .and_then(|()| encode_registry(&mut text, &now))
        .and_then(|()| encode_eof(&mut text));
    written.map_err(|error| ApiError::unavailable(format!("the metrics cannot be written: {error}")))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
