//! The demo pipeline.

pub mod mp3;

#[cfg(test)]
mod heard;
