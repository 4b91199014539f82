//! How gates were decided, counted from the record.

use std::sync::Arc;

use axum::extract::State;

use crate::answer::{self, Answered, ApiError};
use crate::app::App;
use crate::params::QueryParams;
use domain::context::LabelFilter;
use domain::figures::RecordFilter;
use domain::gate::Verdict;
use domain::time::parse_since;
use wire::FiguresDoc;

/// Which part of the record is asked for.
pub(crate) fn filter(app: &App, asked: &QueryParams) -> Result<RecordFilter, ApiError> {
    let verdict = |text: &str| match text {
        "approved" => Some(Verdict::Approve),
        "rejected" => Some(Verdict::Reject),
        _ => None,
    };
    let label = |text| LabelFilter::parse(text).map_err(|msg| asked.fault("label", "label", msg));
    let is_asked = asked.text("by_timer").is_some();
    Ok(RecordFilter {
        job_id: asked.job("job_id")?,
        stage: asked.stage("stage")?,
        labels: asked.texts("label").map(label).collect::<Result<_, _>>()?,
        operator: asked.text("operator").map(str::to_owned),
        verdict: asked.word("verdict", &["approved", "rejected"], verdict)?,
        is_by_timer: is_asked.then(|| asked.flag("by_timer")).transpose()?,
        // A `+` that came unescaped is read as one.
        since: asked.value("since", "datetime", |text| {
            parse_since(&text.replace(' ', "+"), app.now())
        })?,
    })
}

/// How gates were decided: time to decision, share by timer, share seen wholly, rejections, patches and holds; by operator, stage, label and day.
#[utoipa::path(get, path = "/stats", tag = "observe",
    params(
        ("operator" = Option<String>, Query, description = "Only this person's; `timer` for the timer's"),
        ("stage" = Option<String>, Query, pattern = "^([a-z][a-z0-9_-]{0,49})?$", description = "Only this stage's"),
        ("label" = Option<Vec<String>>, Query, description = "Only of gates with this label: team=media, or team with any value; may be repeated"),
        ("since" = Option<String>, Query, description = "Only from then on: RFC 3339, a date, or how long ago: 30d, 12h"),
    ),
    responses((status = 200, description = "The figures", body = FiguresDoc)))]
pub(crate) async fn stats(State(app): State<Arc<App>>, asked: QueryParams) -> Answered {
    let filter = filter(&app, &asked)?;
    let since = filter.since;
    let figures = app.read(app.engine.figures(filter)).await?;
    Ok(answer::ok(&FiguresDoc::of(&figures, since)))
}
