//! Telling others outside over HTTP: one signed request, and what its answer means.
//!
//! Knows no queue and no retry: those are the engine's. Nothing of an address or a secret gets into
//! a message.

#[cfg(feature = "webhooks")]
mod post;
mod secret;
#[cfg(feature = "webhooks")]
mod sign;

pub use secret::read as read_secret;

use domain::webhook::{Delivery, FailureKind};

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFailure {
    /// What it means for the next.
    pub failure: FailureKind,
    /// In words, without the address.
    pub why: String,
}

impl SendFailure {
    /// Something that may pass.
    pub fn passing(why: impl Into<String>) -> Self {
        Self {
            failure: FailureKind::Passing { retry_after_s: None },
            why: why.into(),
        }
    }
}

/// Sends. In a binary without webhooks there is nothing in it, and it sends nothing.
#[cfg_attr(not(feature = "webhooks"), derive(Default))]
pub struct WebhookClient(#[cfg(feature = "webhooks")] ureq::Agent);

#[cfg(not(feature = "webhooks"))]
impl WebhookClient {
    /// Whether this binary can send at all.
    pub const CAN_SEND: bool = false;

    /// Nothing to make.
    pub fn new() -> Self {
        Self()
    }

    /// Always a fault.
    pub fn post(&self, _: &str, _: &[u8], _: &Delivery, _: i64) -> Result<(), SendFailure> {
        Err(SendFailure::passing("this holdpoint was built without webhooks"))
    }
}

/// The name of a header that every delivery bears, and its value.
#[cfg(feature = "webhooks")]
type Header = (&'static str, String);

/// The headers of an attempt: what it is, and who says so.
#[cfg(feature = "webhooks")]
fn headers(delivery: &Delivery, secret: &[u8], sent_at_s: i64) -> [Header; 5] {
    let signature = sign::signature(secret, sent_at_s, delivery.body.as_bytes());
    [
        ("X-Holdpoint-Delivery", delivery.id.clone()),
        ("X-Holdpoint-Event", delivery.kind.as_str().to_owned()),
        ("X-Holdpoint-Attempt", delivery.attempts.saturating_add(1).to_string()),
        ("X-Holdpoint-Timestamp", sent_at_s.to_string()),
        ("X-Holdpoint-Signature", signature),
    ]
}
