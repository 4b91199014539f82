//! `holdpoint demo` in a build without the feature `demo`.

use super::global::GlobalArguments;
use super::report::{CommandError, CommandResult};

/// Says that there is none.
pub(crate) async fn run(_: &GlobalArguments) -> CommandResult {
    left_out()
}

/// The same of a stage, in the log of a job that another build started.
pub(crate) fn stage(_: &str) -> CommandResult {
    left_out()
}

fn left_out() -> CommandResult {
    Err(CommandError::new("left_out", "this build was made without the demo")
        .hint("build with the feature `demo`, which is there unless it is left out"))
}
