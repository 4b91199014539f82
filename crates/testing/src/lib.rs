//! What tests of several crates share.

pub mod sound;
#[cfg(feature = "world")]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
pub mod world;
