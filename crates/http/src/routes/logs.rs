//! What stages' commands say: as it stands, and as it comes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Sse};
use serde::Serialize;
use utoipa::ToSchema;

use super::stream::known;
use crate::answer::{self, Answered, ApiError};
use crate::app::{App, Asker};
use crate::follow::unbuffered;
use crate::log_follow::{LogFollow, Said};
use crate::params::{GatePath, QueryParams};
use domain::ids::{JobId, StageName};
use domain::job::{Attempt, JobRows};

/// The most bytes of a log that are read at once, how many unless asked, and the fewest: a
/// character has up to 4.
const BYTES_MAX: u32 = 1024 * 1024;
const BYTES_DEFAULT: u32 = 256 * 1024;
const BYTES_MIN: u32 = 4;

/// A part of what a stage's command said.
#[derive(Serialize, ToSchema)]
#[schema(as = Log)]
struct LogDoc<'a> {
    /// The job.
    #[schema(value_type = String)]
    job_id: &'a JobId,
    /// The stage.
    #[schema(value_type = String)]
    stage: &'a StageName,
    /// From 1.
    attempt: u32,
    #[serde(flatten)]
    said: Said,
    /// How many bytes the log had.
    size_bytes: u64,
    /// Whether the command has ended: nothing more comes.
    is_ended: bool,
    /// How it ended: `exit status 0`; null: it has not.
    #[schema(required = true)]
    outcome: Option<&'a str>,
}

/// A part of a stage's log, its end unless asked otherwise. What comes after it begins at `next_offset`.
#[utoipa::path(get, path = "/jobs/{id}/logs/{stage}", tag = "observe", operation_id = "read_log",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("attempt" = Option<u32>, Query, minimum = 1, description = "Exactly this attempt's; else the newest"),
        ("offset" = Option<u64>, Query, description = "From this byte on; else the end"),
        ("limit" = Option<u32>, Query, minimum = 4, maximum = 1048576, description = "At most so many bytes; 262144 unless asked"),
    ),
    responses((status = 200, description = "The part", body = LogDoc)))]
pub(crate) async fn log(State(app): State<Arc<App>>, GatePath(id, stage): GatePath, asked: QueryParams) -> Answered {
    let number = asked.number("attempt", 1..=u32::MAX)?;
    let limit = asked.number("limit", BYTES_MIN..=BYTES_MAX)?.unwrap_or(BYTES_DEFAULT);
    let offset = offset(&asked)?;
    let rows = app.job(&id).await?;
    // Before the log is read: what a command that has ended said is all there.
    let attempt = attempt(&rows, &stage, number)?;
    let part = app.engine.log_part(&id, &stage, attempt.number, offset, limit.into());
    let part = app.read(part).await?;
    let is_ended = attempt.state.is_ended();
    let said = Said::of(part.as_ref(), is_ended);
    Ok(answer::ok(&LogDoc {
        job_id: &id,
        stage: &stage,
        attempt: attempt.number,
        said,
        size_bytes: part.map_or(0, |part| part.size_bytes),
        is_ended,
        outcome: attempt.outcome.as_deref(),
    }))
}

/// A stage's log as server-sent events: `text` with `offset`, `text` and `next_offset` (the event's id), what was said before first; `heartbeat`
/// every 5 s; at last `ended` with its outcome, or `closing`: come back with `Last-Event-ID`.
#[utoipa::path(get, path = "/jobs/{id}/logs/{stage}/stream", tag = "observe", operation_id = "follow_log",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("attempt" = Option<u32>, Query, minimum = 1, description = "Exactly this attempt's; else the newest"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The `next_offset` of the last event that the client has seen"),
        ("offset" = Option<u64>, Query, description = "The same, for clients that cannot set headers; else from the beginning"),
    ),
    responses((status = 200, description = "Events", content_type = "text/event-stream", body = String)))]
pub(crate) async fn follow(
    Asker { app, caller, .. }: Asker,
    GatePath(id, stage): GatePath,
    headers: HeaderMap,
    asked: QueryParams,
) -> Answered {
    let number = asked.number("attempt", 1..=u32::MAX)?;
    let offset = known(&headers, &asked, "offset")?.unwrap_or(0);
    let place = app.long_place()?;
    // The feed begins before the rows are read, so that its end is not missed.
    let feed = app.engine.follow();
    let rows = app.job(&id).await?;
    let attempt = attempt(&rows, &stage, number)?.clone();
    let follow = LogFollow::new(app, caller, (id, attempt), offset, feed, place);
    Ok(unbuffered(Sse::new(follow.into_stream()).into_response()))
}

fn offset(asked: &QueryParams) -> Result<Option<u64>, ApiError> {
    asked.value("offset", "int_parsing", |text| {
        text.parse::<u64>().map_err(|_| "Input should be a number of bytes")
    })
}

/// The attempt of this number, or the newest.
fn attempt<'r>(rows: &'r JobRows, stage: &StageName, number: Option<u32>) -> Result<&'r Attempt, ApiError> {
    let all = rows.attempts.iter().filter(|attempt| attempt.stage == *stage);
    let found = all
        .filter(|attempt| number.is_none_or(|number| attempt.number == number))
        .max_by_key(|attempt| attempt.number);
    found.ok_or_else(|| {
        let which = number.map_or(String::new(), |number| format!(" #{number}"));
        ApiError::not_found(format!(
            "no command of {stage}{which} was started in job {}",
            rows.job.id
        ))
    })
}
