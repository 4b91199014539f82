//! What the tests that run the real binary share: a terminal, a workspace, keys and screens.
//!
//! Each test binary compiles it and uses its part. Nothing here knows what holdpoint's screens look
//! like.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "every test binary compiles this module for itself and uses only its part"
)]

pub mod beside;
pub mod binary;
pub mod cast;
pub mod client;
pub mod engine;
pub mod environment;
pub mod happened;
pub mod keys;
pub mod old;
pub mod pty;
pub mod random;
pub mod receiver;
pub mod run;
pub mod said;
pub mod screen;
pub mod tame;
pub mod terminal;
pub mod thin_line;
