//! Telling others outside over HTTP: what a message looks like for each service, one request, and
//! what its answer means.
//!
//! Knows no queue and no retry: those are the engine's. Nothing of an address or a secret gets into
//! a message.

mod format;
mod message;
#[cfg(feature = "webhooks")]
mod post;
#[cfg(feature = "webhooks")]
mod request;
mod secret;
#[cfg(feature = "webhooks")]
mod sign;

pub use format::body as body_of;
pub use message::{Call, Message};
pub use secret::read as read_secret;

use domain::webhook::FailureKind;

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
    pub fn post(
        &self,
        _: &config::Webhook,
        _: Option<&[u8]>,
        _: &domain::webhook::Delivery,
        _: i64,
    ) -> Result<(), SendFailure> {
        Err(SendFailure::passing("this holdpoint was built without webhooks"))
    }
}
