//! The console: what an operator in a terminal sees and presses.
//!
//! Owns the screen's model, its reducer (`update`), its drawing (`view`), and the loop
//! that joins them to a terminal and an engine. Talks to the engine in commands, questions and
//! notices only; knows nothing of files, SQL and HTTP.
//!
//! ```text
//! header    who · who leads · how much waits · next expiry · clock
//! banner    a last call and what is broken, while they are
//! queue     a line a gate, then paused, running, queued jobs
//! lower     gate (diff) | job (stages, events, log) | history | patch editor
//! prompt    the bottom of lower: what will happen, what was not seen, note, keys
//! message   a field, else what happened last
//! hint      the keys of the focus
//! ```
//!
//! ```text
//! model <- facts <- layout <- update, prompt     change the model
//!                          <- view               draws it
//! ```

mod backend;
pub use ::keymap;
pub use ::keymap::action;
pub use domain::draft;
pub mod editor;
pub mod effect;
pub mod external_editor;
pub mod facts;
pub mod input;
pub mod layout;
pub mod media;
pub mod model;
pub mod prompt;
pub mod question;
mod run;
pub mod session;
pub mod syntax;
mod terminal;
pub(crate) mod theme;
pub mod update;
pub mod view;
pub mod work;

pub use backend::Backend;
pub use run::{Console, NotStarted, run};
pub use terminal::{EditorState, Ended, Incoming, InputStream, Screen, Terminal, size as terminal_size};
