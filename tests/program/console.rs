//! The console as an operator meets it: the real binary in a real terminal, and what it leaves
//! behind.

mod board;
mod bulk;
mod changed;
mod clocks;
mod comments;
mod context;
mod demo;
pub mod desk;
mod edit;
mod external_editor;
mod failed;
mod groups;
mod handover;
mod held;
mod hostile;
pub mod hour;
mod last_call;
mod lease;
mod log;
mod moved;
mod newer;
mod policy;
mod reading;
mod recall;
mod record;
mod shared;
mod slips;
mod start;
mod story;
mod suspend;
mod terminal;
mod thin_line;
mod together;
mod torn_line;
mod unseen;
mod wide;
