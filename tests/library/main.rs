//! The crates called as functions: rules, engine, sound and supervisor on real files, databases and
//! processes; and what our own texts say.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, plays the others who write files, and picks what it looks at"
)]

mod at_gate;
mod audio;
mod engine;
mod engine_bases;
mod engine_client;
mod engine_faults;
mod engine_handover;
mod engine_patches;
mod engine_preview;
mod figures;
mod hosts;
mod on_postgres;
mod patches;
mod pictures;
mod readme;
mod sim;
mod supervisor;
#[path = "../support/mod.rs"]
mod support;
mod tidy;
