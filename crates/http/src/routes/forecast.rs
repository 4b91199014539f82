//! What the timers will do while nobody does anything.

use std::sync::Arc;

use axum::extract::State;

use crate::answer::{self, Answered};
use crate::app::App;
use crate::params::QueryParams;
use domain::time::{FORECAST_S, parse_until};
use wire::ForecastDoc;

/// What the timers will have done by a time, if nobody does anything: which gates they approve, reject or leave to a person, when, and what
/// follows. Stages that have to run are not foreseen, nor what comes behind them; requesters are taken to go on with their signs of life.
#[utoipa::path(get, path = "/forecast", tag = "gates",
    params(("until" = Option<String>, Query, description = "Until when: `08:00` (UTC), `12h`, or RFC 3339, at most 7 days ahead; 12 hours unless asked")),
    responses((status = 200, description = "The ends of gates' times, the first first", body = ForecastDoc)))]
pub(crate) async fn forecast(State(app): State<Arc<App>>, asked: QueryParams) -> Answered {
    let config = app.config();
    let now = app.lens(&config).now.utc;
    let until = asked.value("until", "time", |text| parse_until(&text.replace(' ', "+"), now))?;
    let until = until.unwrap_or(now.plus_s(FORECAST_S));
    let forecast = app.read(app.engine.forecast(until, None, None)).await?;
    Ok(answer::ok(&ForecastDoc::of(&forecast, &forecast.ends(), (now, until))))
}
