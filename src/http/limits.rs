//! How often a client may ask: per token, and per address for those without one.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::http::Method;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config;

use super::answer::ApiError;

/// The limits, and how near to them everybody is.
pub struct RateLimits {
    requests: Option<DefaultKeyedRateLimiter<String>>,
    jobs: Option<DefaultKeyedRateLimiter<String>>,
    failed: Option<DefaultKeyedRateLimiter<Option<IpAddr>>>,
    clock: DefaultClock,
}

fn keyed<K: std::hash::Hash + Eq + Clone>(per_minute: u32) -> Option<DefaultKeyedRateLimiter<K>> {
    let per_minute = NonZeroU32::new(per_minute)?;
    Some(RateLimiter::keyed(Quota::per_minute(per_minute)))
}

impl RateLimits {
    /// The limits that a configuration asks for.
    pub fn new(limits: config::RateLimits) -> Self {
        let wanted = |per_minute: u32| if limits.enabled { keyed(per_minute) } else { None };
        Self {
            requests: wanted(limits.api_requests_per_minute),
            jobs: wanted(limits.job_creation_per_minute),
            failed: keyed(limits.unauthorized_per_minute),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of the holder of this token.
    pub fn request(&self, name: &str, method: &Method, path: &str) -> Result<(), ApiError> {
        let is_new_job = method == Method::POST && path == "/api/v1/jobs";
        let counted = [(&self.requests, "requests"), (&self.jobs, "new jobs")];
        for (limiter, what) in counted.into_iter().take(if is_new_job { 2 } else { 1 }) {
            let Some(limiter) = limiter else { continue };
            if let Err(not_until) = limiter.check_key(&name.to_owned()) {
                let wait = not_until.wait_time_from(self.clock.now());
                let detail = format!("too many {what} from {name}");
                return Err(ApiError::too_many(detail, wait.as_secs().saturating_add(1)));
            }
        }
        Ok(())
    }

    /// Counts a request without a token that opens something.
    pub fn failed(&self, peer: Option<IpAddr>) -> Result<(), ApiError> {
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
    pub fn forget(&self) {
        if let Some(failed) = &self.failed {
            failed.retain_recent();
        }
        for limiter in [&self.requests, &self.jobs].into_iter().flatten() {
            limiter.retain_recent();
        }
    }
}
