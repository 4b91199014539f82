//! What tests of several crates share.

#[expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed, and a line is down for a time"
)]
pub mod database_line;
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
pub mod postgres;
pub mod sound;
#[cfg(feature = "world")]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
pub mod world;
