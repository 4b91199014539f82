//! How often a client may ask: per token, and per address for those without one.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::answer::ApiError;

/// The most bytes of a request's head.
pub(crate) const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Refuses a head over the limit.
// The connection has the same limit, but looks only when it reads more: a head that came in one
// piece may be half as long again.
pub(crate) async fn head(request: Request, next: Next) -> Response {
    let bytes = head_bytes(&request);
    if bytes <= HEAD_BYTES_MAX {
        return next.run(request).await;
    }
    let detail = format!("the head of the request has {bytes} bytes; at most {HEAD_BYTES_MAX} are read");
    ApiError::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", detail).into_response()
}

/// The bytes of a head as it is usually written: `GET /x HTTP/1.1`, `name: value`, an empty line.
fn head_bytes(request: &Request) -> usize {
    let uri = request.uri();
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let origin = uri
        .authority()
        .map_or(0, |authority| "http://".len() + authority.as_str().len());
    let line = request.method().as_str().len() + origin + target + "  HTTP/1.1\r\n".len();
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + headers.sum::<usize>() + "\r\n".len()
}

/// The limits, and how near to them everybody is.
pub(crate) struct Limiters {
    requests: Option<DefaultKeyedRateLimiter<String>>,
    jobs: Option<DefaultKeyedRateLimiter<String>>,
    failed: Option<DefaultKeyedRateLimiter<Option<IpAddr>>>,
    clock: DefaultClock,
}

fn keyed<K: std::hash::Hash + Eq + Clone>(per_minute: u32) -> Option<DefaultKeyedRateLimiter<K>> {
    let per_minute = NonZeroU32::new(per_minute)?;
    Some(RateLimiter::keyed(Quota::per_minute(per_minute)))
}

impl Limiters {
    /// The limits that a configuration asks for.
    pub(crate) fn new(limits: config::RateLimits) -> Self {
        let wanted = |per_minute: u32| if limits.enabled { keyed(per_minute) } else { None };
        Self {
            requests: wanted(limits.api_requests_per_minute),
            jobs: wanted(limits.job_creation_per_minute),
            failed: keyed(limits.unauthorized_per_minute),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of the holder of this token.
    pub(crate) fn request(&self, name: &str, method: &Method, path: &str) -> Result<(), ApiError> {
        self.within(self.requests.as_ref(), "requests", name)?;
        match method == Method::POST && path == "/api/v1/jobs" {
            true => self.new_job(name),
            false => Ok(()),
        }
    }

    /// Counts a job that the holder of this token makes, by whichever route.
    pub(crate) fn new_job(&self, name: &str) -> Result<(), ApiError> {
        self.within(self.jobs.as_ref(), "new jobs", name)
    }

    fn within(
        &self,
        limiter: Option<&DefaultKeyedRateLimiter<String>>,
        what: &str,
        name: &str,
    ) -> Result<(), ApiError> {
        let checked = limiter.map_or(Ok(()), |limiter| limiter.check_key(&name.to_owned()));
        checked.map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            ApiError::too_many(format!("too many {what} from {name}"), wait.as_secs().saturating_add(1))
        })
    }

    /// Counts a request without a token that opens something.
    pub(crate) fn failed(&self, peer: Option<IpAddr>) -> Result<(), ApiError> {
        let Some(failed) = &self.failed else { return Ok(()) };
        failed.check_key(&peer).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            ApiError::too_many(
                "too many requests without a valid token",
                wait.as_secs().saturating_add(1),
            )
        })
    }

    /// Forgets who has not come for long.
    pub(crate) fn forget(&self) {
        if let Some(failed) = &self.failed {
            failed.retain_recent();
        }
        for limiter in [&self.requests, &self.jobs].into_iter().flatten() {
            limiter.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    fn request(pad: usize) -> Request {
        let request = axum::http::Request::get("/x?y=1")
            .header("Host", "a")
            .header("X-Pad", "a".repeat(pad));
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn a_head_is_counted_as_it_is_written() {
        let written = "GET /x?y=1 HTTP/1.1\r\nHost: a\r\nX-Pad: aaaaa\r\n\r\n";
        assert_eq!(head_bytes(&request(5)), written.len());
    }

    #[tokio::test]
    async fn a_head_over_the_limit_is_refused_in_words() {
        let router: Router = Router::new()
            .route("/x", get(async || "here"))
            .layer(middleware::from_fn(head));
        let frame = head_bytes(&request(0));
        let fits = router.clone().oneshot(request(HEAD_BYTES_MAX - frame)).await.unwrap();
        assert_eq!(fits.status(), StatusCode::OK);
        let over = router.oneshot(request(HEAD_BYTES_MAX - frame + 1)).await.unwrap();
        assert_eq!(over.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        let body = to_bytes(over.into_body(), usize::MAX).await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            told["detail"],
            "the head of the request has 32769 bytes; at most 32768 are read"
        );
    }
}
