//! HTTP under `/api/v1`: the engine for clients in any language, safe by default.
//!
//! Runs on threads of its own and reaches the engine through its client, so that neither waits for
//! the other. Who a caller is comes from the token alone; nothing here names a file of this machine
//! because a client did.
//!
//! ```text
//! socket ─ server (limits, peers) ─ layers (auth, rate, headers, metrics) ─ routes ─ app ─ engine::client
//!                                                                  └ body, params in · answer out ┘
//! ```

mod answer;
mod app;
mod auth;
mod body;
pub mod drop_folder;
mod follow;
mod headers;
mod limits;
mod log_follow;
mod metrics;
mod news;
mod openapi;
mod page;
mod params;
mod proxy;
mod request;
mod router;
mod routes;
mod server;
mod shares;
mod socket;
mod welcome;

pub use server::{ServerSettings, Serving, StartError, start};
