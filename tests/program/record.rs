//! The record as `decisions verify` sees it: sound when holdpoint wrote it, and every changed byte
//! found and located.

mod doctor;
mod export;
mod flips;
mod hosts;
mod old;
mod old_database;
mod postgres;
mod rebuild;
mod scaling;
mod story;
mod verify;
