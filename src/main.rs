use std::path::Path;
use std::process::ExitCode;

use holdpoint::clock::{Clock, SystemClock};
use holdpoint::runs::supervisor;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    // Before anything that makes a thread: a supervisor's signals must be blocked in all of them.
    if let [subcommand, spec] = &arguments[..]
        && subcommand == supervisor::SUBCOMMAND
    {
        let status = supervisor::supervise(Path::new(spec), || SystemClock.now().utc);
        return ExitCode::from(u8::from(status != 0));
    }
    ExitCode::SUCCESS
}
