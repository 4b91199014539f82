//! What tests of several crates share.

#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
pub mod postgres;
pub mod sound;
#[cfg(feature = "world")]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
pub mod world;
