//! The words of holdpoint and the rules between them: jobs, stages, gates, decisions, patches.
//!
//! Everything here is a value or a pure function. No clock, no file, no thread, no SQL, no screen:
//! what the time is and what the disk holds comes in as arguments, so that every rule can be tested
//! as a list of inputs.

#[macro_use]
mod words;

pub mod agreed;
pub mod anchor;
pub mod artifact;
pub mod ask;
pub mod base64;
pub mod brief;
pub(crate) mod canonical;
pub mod chain;
pub mod change;
pub mod comment;
pub mod compare;
pub mod context;
pub mod decision;
pub mod draft;
pub mod event;
pub mod figures;
pub mod filter;
pub mod forecast;
pub mod gate;
pub mod group;
pub mod handover;
pub mod heartbeat;
pub mod hold;
pub mod hosts;
pub mod ids;
pub mod job;
pub mod key;
pub mod lease;
pub mod look;
pub mod old;
pub mod operator;
pub mod outlook;
pub mod policy;
pub mod proposal;
pub mod recall;
pub mod refusal;
pub mod rights;
pub mod stage;
pub mod stage_state;
pub mod time;
pub mod timer;
pub mod undo;
pub mod view;
pub mod wake;
pub mod webhook;
