//! Everything on disk under the runs directory except the database: layout, atomic files,
//! publishing, artifact versions, locks and the supervisors of stage commands (SPEC §4, §5, §9,
//! §10).
//!
//! Blocking code on plain values of the domain. It never names the store, the configuration, the
//! clock, the engine or tokio: what the rows say and what the time is comes in as arguments.

pub mod artifacts;
pub mod atomic;
pub mod chain;
pub mod digests;
pub mod drafts;
pub mod drop_folder;
pub mod edit_copy;
pub mod error;
mod fetched;
pub mod files;
pub(crate) mod filesystem;
pub(crate) mod finding;
pub mod holder;
mod host;
mod jsonl;
pub(crate) mod layout;
pub mod locks;
pub mod mend;
mod nudge;
pub mod old;
mod open_directory;
pub mod outside;
mod projection;
pub mod publish;
pub mod record;
pub mod rounds;
pub mod supervisor;
pub mod unsent;
pub mod versions;

pub use error::RunsError;
pub use finding::Discrepancy;
pub use layout::{RunDir, RunsDir};
