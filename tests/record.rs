//! The record as `decisions verify` sees it: sound when holdpoint wrote it, and every changed byte found and located.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

#[path = "record/doctor.rs"]
mod doctor;
#[path = "record/flips.rs"]
mod flips;
#[path = "record/old.rs"]
mod old;
#[path = "record/old_database.rs"]
mod old_database;
#[path = "record/rebuild.rs"]
mod rebuild;
#[path = "record/story.rs"]
mod story;
mod support;
#[path = "record/verify.rs"]
mod verify;
