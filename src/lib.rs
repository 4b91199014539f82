//! holdpoint: the operator console for hold points in automated pipelines.

pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod diff;
pub mod domain;
pub mod engine;
pub mod runs;
pub mod store;
pub mod tui;
