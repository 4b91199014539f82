//! holdpoint: the operator console for hold points in automated pipelines.
//!
//! A job runs through stages; where the configuration asks for it the job stops at a gate; an
//! operator sees what the stage made and what changed, then approves, rejects, or composes a patch.
//! This crate is the program; `docs/ARCHITECTURE.md` is its map.
//!
//! ```text
//!  holdpoint  bea@ops1 ssh  lead ops@ops1  17 open  NEXT 1:42 approve tides  02:13Z  <- console::view::header
//!     JOB          STAGE       #  LEFT   THEN     CHANGE      FILES  WHO            \
//!  !  j-17 tides   script      2  01:42  approve  +12 -4      1                      | console::view::queue
//!   > j-21 dunes   storyboard  1  =4:58  reject   +2  -2      2      you, prompt    /   of domain::view::QueueRow
//!   j-21 dunes / storyboard #1  storyboard.json 1/2  41b07a vs 9f2c1e last approved <- domain::gate, domain::artifact
//!    42 -    "duration_ms": 12000,                                                  \
//!    42 +    "duration_ms": 19000,                                                   | diff::DiffDocument
//!       ~~ 14 lines unchanged ~~                                                    /
//!   APPROVE j-21 dunes / storyboard #1  41b07a  as bea     timer held for you 04:58 \  a value in the model:
//!     note: (none; Tab to write)                                                     | console::model::prompt,
//!     [Enter] approve    [Tab] note    [Esc] back, nothing is decided               /   domain::lease
//!   02:12:40Z timer approved j-18 audio #1; nobody had looked                       <- domain::event
//! ```
//!
//! A key becomes an action, an action a command, and a command one transaction: `rules`
//! decides inside it, `store` records it, `runs` writes its files, and every console hears of it.

pub mod cli;
mod log_file;
mod version;
