//! Events as they happen, of a job or of all.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Sse};

use crate::answer::{Answered, ApiError};
use crate::app::Asker;
use crate::follow::{Follow, FollowedJob, StreamStart, unbuffered};
use crate::params::{JobPath, QueryParams};
use domain::ids::JobId;

/// A job's events as server-sent events: `connected`, what came after `Last-Event-ID`, then what happens, in any process; `heartbeat`
/// every 5 s. A client that is too slow gets `dropped` as its last event, one that outlives the server `closing`.
#[utoipa::path(get, path = "/jobs/{id}/events/stream", tag = "events",
    params(
        ("id" = String, Path, description = "The job"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The last event that the client has seen"),
        ("since" = Option<u64>, Query, description = "The same, for clients that cannot set headers"),
        ("after" = Option<u64>, Query, description = "The same as since"),
    ),
    responses((status = 200, description = "Events", content_type = "text/event-stream", body = String)))]
pub(crate) async fn stream(asker: Asker, JobPath(id): JobPath, headers: HeaderMap, asked: QueryParams) -> Answered {
    follow(asker, Some(id), &headers, &asked).await
}

/// The events of all jobs as server-sent events, as those of one job come. What the stream says of itself names no job.
#[utoipa::path(get, path = "/events/stream", tag = "events",
    params(
        ("Last-Event-ID" = Option<u64>, Header, description = "The last event that the client has seen"),
        ("since" = Option<u64>, Query, description = "The same, for clients that cannot set headers"),
        ("after" = Option<u64>, Query, description = "The same as since"),
    ),
    responses((status = 200, description = "Events", content_type = "text/event-stream", body = String)))]
pub(crate) async fn stream_all(asker: Asker, headers: HeaderMap, asked: QueryParams) -> Answered {
    follow(asker, None, &headers, &asked).await
}

async fn follow(
    Asker { app, caller, .. }: Asker,
    id: Option<JobId>,
    headers: &HeaderMap,
    asked: &QueryParams,
) -> Answered {
    let key = asked.text("since").map_or("after", |_| "since");
    let known = known(headers, asked, key)?;
    let place = app.long_place()?;
    // The feed begins before the rows are read, so that nothing in between is missed.
    let feed = app.engine.follow();
    let job = match id {
        None => None,
        Some(id) => {
            let rows = app.job(&id).await?;
            Some(FollowedJob {
                id,
                status: rows.job.status,
                stage: rows.job.stage.clone(),
            })
        }
    };
    let newest = app.engine.last_events(job.as_ref().map(|job| &job.id), 1);
    let newest = app.read(newest).await?.last().map_or(0, |event| event.seq);
    let start = StreamStart {
        job,
        last: known.unwrap_or(newest),
        is_replaying: known.is_some(),
    };
    let follow = Follow::new(app, caller, start, feed, place);
    Ok(unbuffered(Sse::new(follow.into_stream()).into_response()))
}

/// The last event that the client knows, by the header or by this parameter; none when it says
/// nothing.
pub(super) fn known(headers: &HeaderMap, asked: &QueryParams, key: &str) -> Result<Option<u64>, ApiError> {
    // SQLite has no larger numbers.
    let number = |text: &str| text.parse::<u64>().map(|number| number.min(i64::MAX.unsigned_abs()));
    let header = headers.get("last-event-id");
    let header = header.map(|value| value.to_str().unwrap_or_default().trim());
    if let Some(text) = header.filter(|text| !text.is_empty()) {
        let msg = "Last-Event-ID should be an event's number";
        let fault = |_| asked.fault("Last-Event-ID", "int_parsing", msg);
        return number(text).map(Some).map_err(fault);
    }
    asked.value(key, "int_parsing", |text| {
        number(text).map_err(|_| "Input should be an event's number")
    })
}
