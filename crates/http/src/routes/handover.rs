//! What an operator leaves to the next.

use crate::answer::{self, Answered};
use crate::app::Asker;
use crate::params::QueryParams;
use wire::HandoverDoc;

/// What an operator leaves to the next: the open gates that they hold, are at, have half written about, have marked or have seen wholly and not decided.
#[utoipa::path(get, path = "/handover", tag = "gates",
    params(("by" = Option<String>, Query, description = "Who; missing: the token's holder")),
    responses((status = 200, description = "What they leave", body = HandoverDoc)))]
pub(crate) async fn handover(asker: Asker, asked: QueryParams) -> Answered {
    let Asker { app, caller, .. } = asker;
    let by = asked
        .text("by")
        .map_or_else(|| caller.operator.name.clone(), str::to_owned);
    let found = app.read(app.engine.handovers(Some(by))).await?;
    let config = app.config();
    let documents: Vec<_> = found
        .all
        .iter()
        .map(|one| HandoverDoc::of(one, &found.problems, app.lens(&config)))
        .collect();
    Ok(answer::ok(&documents.first()))
}
