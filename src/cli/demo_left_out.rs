//! `holdpoint demo` in a build without the feature `demo`.

use super::global::GlobalArguments;
use super::report::{CommandError, CommandResult, Exit};

/// Says that there is none.
pub(crate) async fn run(_: &GlobalArguments) -> CommandResult {
    left_out()
}

/// The same of a stage, in the log of a job that another build started.
pub(crate) fn stage(_: &str) -> CommandResult {
    left_out()
}

/// The same of its configuration.
pub(crate) fn configuration() -> Result<&'static str, CommandError> {
    Err(CommandError::new("left_out", "this build was made without the demo")
        .hint("build with the feature `demo`, which is there unless it is left out"))
}

fn left_out() -> CommandResult {
    configuration().map(|_| Exit::Done)
}
