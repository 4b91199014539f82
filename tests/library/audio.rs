//! What is known of a sound, and how its level is changed, on real files and against other
//! decoders.

mod facts;
mod fixtures;
mod hostile;
mod level;
mod side_information;
