//! engine: applies the rules of the domain to the real world.

pub mod api;
pub mod reducer;
pub mod ticker;
