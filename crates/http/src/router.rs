//! All routes, each with its description for OpenAPI, and the layers around them.

use std::any::Any;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _, SizeAbove};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::ApiError;
use super::app::{App, note_sent};
use super::routes::{
    brief, configuration, decide, diff, drafts, events, far, forecast, gates, handover, health, job_control, jobs,
    logs, open, patches, person, stats, stream, timer, versions,
};
use super::{auth, headers, limits, metrics, openapi, page};

/// What the bytes of a file are called.
const FILE_TYPE: &str = "application/octet-stream";

/// All routes, and what OpenAPI says of them.
pub(crate) fn routes() -> (Router<Arc<App>>, OpenApi) {
    let api = OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(configuration::operator))
        .routes(routes!(configuration::validate))
        .routes(routes!(jobs::start, jobs::list))
        .routes(routes!(jobs::show))
        .routes(routes!(jobs::artifacts))
        .routes(routes!(jobs::artifact))
        .routes(routes!(versions::version))
        .routes(routes!(logs::log))
        .routes(routes!(logs::follow))
        .routes(routes!(decide::approve))
        .routes(routes!(decide::reject))
        .routes(routes!(job_control::resume))
        .routes(routes!(job_control::cancel))
        .routes(routes!(job_control::complete))
        .routes(routes!(job_control::acknowledge))
        .routes(routes!(events::list))
        .routes(routes!(stream::stream))
        .routes(routes!(stream::stream_all))
        .routes(routes!(gates::status))
        .routes(routes!(gates::decisions_of_job))
        .routes(routes!(gates::decision))
        .routes(routes!(gates::list))
        .routes(routes!(gates::decisions))
        .routes(routes!(forecast::forecast))
        .routes(routes!(handover::handover))
        .routes(routes!(stats::stats))
        .routes(routes!(open::open))
        .routes(routes!(diff::diff))
        .routes(routes!(timer::hold))
        .routes(routes!(timer::release))
        .routes(routes!(timer::extend))
        .routes(routes!(timer::recall))
        .routes(routes!(timer::withdraw))
        .routes(routes!(timer::alive))
        .routes(routes!(person::take, person::release))
        .routes(routes!(person::seen))
        .routes(routes!(drafts::own))
        .routes(routes!(drafts::list))
        .routes(routes!(drafts::show, drafts::keep, drafts::remove))
        .routes(routes!(patches::apply))
        .routes(routes!(patches::undo))
        .routes(routes!(patches::types))
        .routes(routes!(brief::compile))
        .routes(routes!(far::session))
        .routes(routes!(far::ask))
        .routes(routes!(far::command))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(far::news))
                .layer(compressed_whole()),
        );
    OpenApiRouter::with_openapi(openapi::head())
        .nest("/api/v1", api)
        .routes(routes!(health::healthz_at_root))
        .routes(routes!(metrics::metrics))
        .routes(routes!(openapi::document))
        .routes(routes!(page::docs))
        .split_for_parts()
}

/// Each piece of a stream is flushed as it comes, and later ones are told by the words of former
/// ones.
fn compressed_whole() -> CompressionLayer<SizeAbove> {
    CompressionLayer::new().compress_when(SizeAbove::new(0))
}

/// The layers around the routes, the outermost last.
pub(crate) fn layered(routes: Router<Arc<App>>, app: &Arc<App>) -> Router {
    let routed = routes
        .fallback(|| async { ApiError::not_found("Not Found") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method Not Allowed",
            )
        })
        .layer(middleware::from_fn(note_sent))
        .layer(middleware::from_fn_with_state(Arc::clone(app), auth::check));
    // Where no origin is listed, a preflight is a method like any other that is not there.
    let routed = if app.config().security.cors.allow_origins.is_empty() {
        routed
    } else {
        routed.layer(headers::cors(app))
    };
    routed
        // Thin lines: rows and texts are a tenth as long. Other streams are left alone, and files: their
        // digest is that of the bytes as they are, of which a part may be asked for.
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotForContentType::new(FILE_TYPE))))
        .layer(middleware::from_fn(limits::head))
        .layer(middleware::from_fn_with_state(Arc::clone(app), metrics::measure))
        .layer(middleware::from_fn_with_state(Arc::clone(app), headers::add))
        .layer(CatchPanicLayer::custom(panicked))
        // Our own limit on bodies answers with a message, so axum's is off.
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(app))
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request panicked");
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "this is a fault of holdpoint",
    )
    .into_response()
}
