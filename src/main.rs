use std::process::ExitCode;

fn main() -> ExitCode {
    holdpoint::cli::main()
}
