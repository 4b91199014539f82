//! What is known of a sound, and how its level is changed, on real files and against other decoders.

#[path = "audio/facts.rs"]
mod facts;
