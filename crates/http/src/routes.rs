//! The routes, a file for each matter. Each says what OpenAPI is to say of it.

pub(crate) mod brief;
pub(crate) mod configuration;
pub(crate) mod decide;
pub(crate) mod diff;
pub(crate) mod drafts;
pub(crate) mod events;
pub(crate) mod far;
pub(crate) mod forecast;
pub(crate) mod gates;
pub(crate) mod handover;
pub(crate) mod health;
pub(crate) mod job_control;
pub(crate) mod jobs;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod patches;
pub(crate) mod person;
pub(crate) mod stats;
pub(crate) mod stream;
pub(crate) mod timer;
pub(crate) mod versions;
