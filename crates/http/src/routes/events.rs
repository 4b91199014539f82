//! A job's events, paged by number or time.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{self, Answered, ApiError};
use crate::app::App;
use crate::params::{JobPath, QueryParams};
use domain::ids::JobId;
use domain::time::Timestamp;
use domain::view::EventsSince;
use wire::EventDoc;

/// The most events of a page, and how many unless asked.
const LIMIT_MAX: u32 = 5000;
const LIMIT_DEFAULT: u32 = 500;

/// A page of events.
#[derive(Serialize, ToSchema)]
#[schema(as = Events)]
struct EventsDoc<'a> {
    /// The job.
    #[schema(value_type = String)]
    job_id: &'a JobId,
    /// Oldest first.
    events: Vec<EventDoc<'a>>,
    /// How many there are after `since`.
    total: u64,
    /// Whether there are more than these.
    has_more: bool,
    /// When the last of these happened.
    #[schema(value_type = Option<String>, required = true)]
    last_event_time: Option<Timestamp>,
    /// As it was asked for.
    #[schema(required = true)]
    since: Option<&'a str>,
    /// When this was looked at.
    #[schema(value_type = String)]
    timestamp: Timestamp,
}

/// A job's events, oldest first.
#[utoipa::path(get, path = "/jobs/{id}/events", tag = "events", operation_id = "list_events",
    params(
        ("id" = String, Path, description = "The job"),
        ("since" = Option<String>, Query, description = "Only what came after: an event's number, or a time (RFC 3339)"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 5000, description = "At most so many, 500 unless asked; after a time, those that share the time of the last come with it"),
    ),
    responses((status = 200, description = "A page", body = EventsDoc)))]
pub(crate) async fn list(State(app): State<Arc<App>>, JobPath(id): JobPath, asked: QueryParams) -> Answered {
    let since = since(&asked)?.unwrap_or(EventsSince::Seq(0));
    let limit = asked.number("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    // Refused where there is no such job.
    app.find(&id).await?;
    let (page, total) = app.read(app.engine.event_page(&id, since, limit)).await?;
    let events: Vec<_> = page.iter().map(EventDoc::of_listed).collect();
    Ok(answer::ok(&EventsDoc {
        job_id: &id,
        total,
        has_more: total > events.len() as u64,
        last_event_time: events.last().map(|event| event.ts),
        events,
        since: asked.text("since"),
        timestamp: app.now(),
    }))
}

/// `since` as a number or a time; a `+` that came unescaped is read as one.
fn since(asked: &QueryParams) -> Result<Option<EventsSince>, ApiError> {
    asked.value("since", "datetime", |text| {
        // SQLite has no larger numbers, so there are no events beyond this one.
        if let Ok(seq) = text.parse::<u64>() {
            return Ok(EventsSince::Seq(seq.min(i64::MAX.unsigned_abs())));
        }
        let time = Timestamp::parse(&text.trim().replace(' ', "+")).map(EventsSince::Time);
        time.ok_or("Input should be an event's number or an RFC 3339 time")
    })
}
