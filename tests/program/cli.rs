//! The command line as scripts and operators use it: the real binary, its exit codes, its
//! documents, several processes at once.

mod acknowledge;
mod comments;
mod completions;
mod context;
pub mod demo;
mod diff;
mod documents;
mod drops;
mod dry_run;
mod figures;
mod forecast;
mod handover;
mod hostile;
mod identity;
mod init;
mod limits;
mod links;
mod lists;
mod man;
mod manual;
mod moved;
mod patches;
mod places;
mod recall;
mod refusals;
mod schema;
mod secrets;
mod several;
mod story;
mod streams;
mod timer;
mod unseen;
