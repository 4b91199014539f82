//! The program as it is met: on the command line, in a terminal and over HTTP; what it leaves
//! behind, and what it makes of damage.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, plays the others who write files, and picks what it looks at"
)]

mod book;
mod cli;
mod console;
mod far;
mod http;
mod outcomes;
mod pty_harness;
mod record;
#[path = "../support/mod.rs"]
mod support;
