//! Screens: a setup and a string of keys in, a picture of the screen out. The console's own loop,
//! with a terminal in memory, a world over the real rules, and a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::wildcard_enum_match_arm, reason = "tests pick what they look at")]

mod access;
mod backend;
mod bars;
mod board;
mod colleague;
mod comments;
mod compose;
mod console;
mod context;
mod decide;
mod diff_modes;
mod edit;
mod engine;
mod enter;
mod external_editor;
mod figures;
mod filter;
mod flow;
mod glass;
mod groups;
mod handover;
mod hands;
mod held;
mod hold;
mod home;
mod last_call;
mod look;
mod marks;
mod may;
mod notes;
mod pasted;
mod patch;
mod picture;
mod preview;
mod recall;
mod rows;
mod seen;
mod slips;
mod start;
mod steady;
mod thin_line;
mod undo;
mod unseen;
mod unsent;
mod versions;
mod wide;
mod words;
mod world;
