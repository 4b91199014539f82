//! What is counted, for Prometheus: requests and their latency; decisions, how long they took, the
//! timer's lateness and holds, all of them from the record; and what is open now.

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
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use tokio::sync::Mutex;

use domain::decision::{Decision, DecisionStanding, RecordedDecision, TIMER_NAME};
use domain::figures::RecordFilter;
use domain::ids::StageName;
use domain::time::{SECOND_US, Timestamp};
use domain::view::{QueueKind, QueueRow};
use domain::webhook::WebhookReport;

use super::answer::ApiError;
use super::app::App;

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

#[derive(Clone)]
struct Wait;

impl MetricConstructor<Histogram> for Wait {
    fn new_metric(&self) -> Histogram {
        const HOUR: f64 = 3600.0;
        let days = [24.0 * HOUR, 72.0 * HOUR, 168.0 * HOUR];
        let shorter = [10.0, 60.0, 300.0, 900.0, 0.5 * HOUR, HOUR, 4.0 * HOUR, 8.0 * HOUR];
        Histogram::new(shorter.into_iter().chain(days))
    }
}

/// How far the record is counted: the numbers of the last decision and of the last hold's event.
#[derive(Default)]
struct Counted {
    decision: u64,
    /// Those up to it that may still be taken back: counted when that is over.
    awaited: Vec<u64>,
    hold: u64,
}

/// Everything that is counted over time.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    latency: Family<Labels<2>, Histogram, Latency>,
    decisions: Family<Labels<2>, Counter>,
    lateness: Histogram,
    stage_decisions: Family<Labels<2>, Counter>,
    waits: Family<Labels<1>, Histogram, Wait>,
    seen_wholly: Family<Labels<1>, Counter>,
    patches: Family<Labels<1>, Counter>,
    holds: Family<Labels<1>, Counter>,
    counted: Mutex<Counted>,
    /// Streams that were ended because their client was too slow.
    pub(crate) streams_dropped: Counter,
}

impl Metrics {
    pub(crate) fn new(build: Vec<(&'static str, String)>) -> Self {
        let mut registry = Registry::with_prefix("holdpoint");
        registry.register("build", "Which holdpoint this is", Info::new(build));
        let requests = Family::default();
        let latency = Family::new_with_constructor(Latency);
        let decisions = Family::default();
        let lateness = Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 60.0, 600.0]);
        registry.register("http_requests", "Requests answered", requests.clone());
        let help = "From the head of a request to the head of its answer";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, latency.clone());
        let help = "Decisions in the record, by who decided";
        registry.register("decisions", help, decisions.clone());
        let help = "How long after its deadline the timer decided";
        registry.register_with_unit("timer_lateness", help, Unit::Seconds, lateness.clone());
        let stage_decisions = Family::default();
        registry.register(
            "stage_decisions",
            "Decisions in the record, by stage",
            stage_decisions.clone(),
        );
        let waits = Family::new_with_constructor(Wait);
        let help = "From the opening of a gate to its decision";
        registry.register_with_unit("decision_wait", help, Unit::Seconds, waits.clone());
        let seen_wholly = Family::default();
        let help = "Decisions of which some person was shown all of the change";
        registry.register("decisions_seen_wholly", help, seen_wholly.clone());
        let patches = Family::default();
        registry.register("decision_patches", "Patches that came with a decision", patches.clone());
        let holds = Family::default();
        registry.register("holds", "Timers that a person stopped on purpose", holds.clone());
        let streams_dropped = Counter::default();
        let help = "Streams of events that were ended because their client was too slow";
        registry.register("http_streams_dropped", help, streams_dropped.clone());
        Self {
            registry,
            requests,
            latency,
            decisions,
            lateness,
            stage_decisions,
            waits,
            seen_wholly,
            patches,
            holds,
            counted: Mutex::default(),
            streams_dropped,
        }
    }

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

    /// Counts these; returns the numbers of those that are not to be counted yet.
    fn count_all(&self, decisions: &[RecordedDecision]) -> Vec<u64> {
        let mut awaited = Vec::new();
        for RecordedDecision {
            seq,
            decision,
            standing,
        } in decisions
        {
            match standing {
                DecisionStanding::Recallable => awaited.push(*seq),
                DecisionStanding::Recalled => self.count(decision, true),
                DecisionStanding::Final => self.count(decision, false),
            }
        }
        awaited
    }

    fn count(&self, decision: &Decision, is_recalled: bool) {
        let outcome = match (decision.is_approved(), decision.is_by_timer()) {
            _ if is_recalled => "recalled",
            (true, true) => "auto_approved",
            (true, false) => "approved",
            (false, _) => "rejected",
        };
        let seconds = |us: i64| us.max(0) as f64 / SECOND_US as f64;
        self.decisions
            .get_or_create(&decision_labels(decision.by(), outcome))
            .inc();
        let stage = [("stage", decision.stage().to_string())];
        let of_stage = [("stage", decision.stage().to_string()), ("outcome", outcome.to_owned())];
        self.stage_decisions.get_or_create(&of_stage).inc();
        if is_recalled {
            return;
        }
        self.waits.get_or_create(&stage).observe(seconds(decision.waited_us()));
        if decision.is_wholly_seen() {
            self.seen_wholly.get_or_create(&stage).inc();
        }
        if let Some(kind) = decision.patch_type() {
            self.patches.get_or_create(&[("type", kind.to_owned())]).inc();
        }
        if let Some(late_us) = decision.late_us() {
            self.lateness.observe(seconds(late_us));
        }
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

/// Counts what the record has beyond what was counted.
async fn count_record(app: &App) -> Result<(), ApiError> {
    let mut counted = app.metrics.counted.lock().await;
    let awaited = counted.awaited.clone();
    if !awaited.is_empty() {
        let awaited = app.read(app.engine.decisions_numbered(awaited)).await?;
        counted.awaited = app.metrics.count_all(&awaited);
    }
    loop {
        let (page, last) = app.read(app.engine.decisions_after(counted.decision)).await?;
        if last == counted.decision {
            break;
        }
        let awaited = app.metrics.count_all(&page);
        counted.awaited.extend(awaited);
        counted.decision = last;
    }
    loop {
        let holds = app.engine.holds(RecordFilter::default(), counted.hold);
        let holds = app.read(holds).await?;
        let Some((last, _)) = holds.last() else {
            return Ok(());
        };
        for (event, _) in &holds {
            let by = event.payload.get("by").and_then(serde_json::Value::as_str);
            let labels = [("by", by.unwrap_or_default().to_owned())];
            app.metrics.holds.get_or_create(&labels).inc();
        }
        counted.hold = last.seq;
    }
}

/// What is open and owed at this moment, as gauges of their own registry.
fn gauges(
    stages: &BTreeSet<StageName>,
    queue: &[QueueRow],
    owing: usize,
    webhooks: &[WebhookReport],
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
fn register_webhooks(registry: &mut Registry, webhooks: &[WebhookReport]) {
    let waiting: Family<Labels<1>, Gauge> = Family::default();
    let delivered: Family<Labels<1>, Counter> = Family::default();
    let lost: Family<Labels<1>, Counter> = Family::default();
    for WebhookReport { standing, .. } in webhooks {
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
    count_record(&app).await?;
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
