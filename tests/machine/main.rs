//! The program on a machine that fails it: killed at each named step and at random, and without
//! power.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, plays the others who write files, and picks what it looks at"
)]

mod crash_points;
mod faults;
mod power;
mod standby;
#[path = "../support/mod.rs"]
mod support;
mod torture;
