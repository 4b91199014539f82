//! Headers on every answer, and which pages of other origins may read it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::app::{App, SUBMISSION};
use remote::SESSION;

/// What keeps a browser from doing more with an answer than reading it.
const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "interest-cohort=()"),
];

/// Adds them, and that nothing is kept: what waits for a decision is nobody's cache's business. A
/// holdpoint on another machine is no browser, and on a thin line they would be most of an answer.
pub(crate) async fn add(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    // A page of another origin may say which session it is, too.
    let names = request.headers();
    let is_browsers = !names.contains_key(SESSION) || names.contains_key(header::ORIGIN);
    let is_wanted = is_browsers && app.engine.standing().config.security.security_headers.enabled;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if is_wanted {
        for (name, value) in SECURITY_HEADERS {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
    }
    response
}

/// Lets the listed origins read answers; those of the configuration in force.
pub(crate) fn cors(app: &Arc<App>) -> CorsLayer {
    let app = Arc::clone(app);
    let is_listed = move |origin: &HeaderValue, _: &axum::http::request::Parts| {
        let config = app.config();
        let mut listed = config.security.cors.allow_origins.iter();
        listed.any(|listed| listed.as_bytes() == origin.as_bytes())
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_listed))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static(SUBMISSION),
            HeaderName::from_static(SESSION),
        ])
        .max_age(std::time::Duration::from_secs(600))
}
