//! domain

pub mod patch;
