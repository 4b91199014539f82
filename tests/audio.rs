//! What is known of a sound, and how its level is changed, on real files and against other decoders.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes what another program is to read"
)]

#[path = "audio/facts.rs"]
mod facts;
#[path = "audio/fixtures.rs"]
mod fixtures;
#[path = "audio/hostile.rs"]
mod hostile;
#[path = "audio/level.rs"]
mod level;
#[path = "audio/side_information.rs"]
mod side_information;
