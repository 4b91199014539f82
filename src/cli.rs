//! The root: parses the command line, resolves it, runs one command, and reports how that ended.
//!
//! One file a command group. May name every layer below; holds no rule of the domain, no SQL, and
//! writes no file.
//!
//! ```text
//! args ─ resolve ─ job  gate  patch  decisions  events  config  serve  demo  console ─ report
//!                    └──────── ask (engine) ─ output, table, words ────────┘
//! ```

mod args;
mod ask;
mod audit_report;
mod completions;
mod config;
mod config_edit;
mod console;
mod context;
mod contexts;
mod decisions;
#[cfg_attr(not(feature = "demo"), path = "cli/demo_left_out.rs")]
mod demo;
mod doctor;
mod done;
mod drafts;
mod events;
mod export;
mod forecast;
mod gate;
mod gate_decide;
mod gate_diff;
mod gate_list;
mod gate_show;
mod global;
mod handover;
mod http;
mod init;
mod job;
mod job_show;
mod keys;
mod listing;
mod log;
mod login_names;
mod man;
mod misused;
mod old;
mod output;
mod pager;
mod patch;
mod patch_check;
mod patch_file;
mod places;
mod preview;
mod report;
mod resolve;
mod serve;
mod server;
mod stats;
mod status;
mod store;
mod table;
mod token;
mod token_source;
mod verify;
mod wait;
mod webhooks;
mod words;
mod zone;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use clock::{Clock, SystemClock};
use runs::supervisor;

use args::{Arguments, CliCommand};
use console::Rights;
use global::GlobalArguments;
use output::Output;
use report::{CommandError, CommandResult, Exit};

/// Runs the command that the process was started with; its exit status is SPEC §8's.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Before anything that makes a thread: a supervisor's signals must be blocked in all of them.
    if let [_, subcommand, spec] = &arguments[..]
        && subcommand == supervisor::SUBCOMMAND
    {
        let status = supervisor::supervise(Path::new(spec), || SystemClock.now().utc);
        return ExitCode::from(u8::from(status != 0));
    }
    if completions::answered(&arguments) {
        return ExitCode::SUCCESS;
    }
    let exit = match Arguments::try_parse_from(&arguments) {
        Ok(mut arguments) => {
            let is_json = arguments.is_json();
            arguments.global.json = is_json;
            if is_json {
                output::hold_notes();
            }
            let (is_verbose, action) = (arguments.global.verbose, arguments.action());
            match run(arguments) {
                Ok(exit) => {
                    output::tell_notes();
                    exit
                }
                Err(failure) => failure.not(action).report(is_json, is_verbose),
            }
        }
        Err(error) => misused::report(error, arguments.iter().any(|argument| argument == "--json")),
    };
    ExitCode::from(exit.code())
}

fn run(arguments: Arguments) -> CommandResult {
    let Arguments { global, command } = arguments;
    let command = command.unwrap_or(CliCommand::Console {
        job: None,
        stage: None,
        read_only: false,
        restricted: false,
    });
    let works_with_nothing = matches!(
        command,
        CliCommand::Config(config::ConfigCommand::Contexts)
            | CliCommand::Token(_)
            | CliCommand::Completions { .. }
            | CliCommand::Init(_)
            | CliCommand::Keys
            | CliCommand::Man { .. }
            | CliCommand::Demo
            | CliCommand::DemoStage { .. }
            | CliCommand::SuperviseStage { .. }
    );
    let global = match works_with_nothing {
        true => global,
        false => contexts::applied(global)?,
    };
    match command {
        CliCommand::DemoStage { stage } => demo::stage(&stage),
        CliCommand::SuperviseStage { spec } => {
            // Reached only with global flags before it, which no leader writes.
            let message = format!("{} comes with {} alone", spec.display(), supervisor::SUBCOMMAND);
            Err(CommandError::new("usage", message).with(|told| told.exit = Exit::Usage))
        }
        CliCommand::Completions { shell } => completions::print(&global, shell),
        CliCommand::Init(arguments) => init::run(&global, &arguments),
        CliCommand::Keys => keys::print(&global),
        CliCommand::Man { directory } => man::write(&global, &directory),
        CliCommand::Config(command) => config::run(&global, &command),
        CliCommand::Doctor(arguments) => doctor::run(&global, arguments),
        CliCommand::Export(arguments) => export::run(&global, &arguments),
        CliCommand::Store(command) => store::run(&global, &command),
        CliCommand::Token(command) => token::run(&global, &command),
        CliCommand::Drafts(command) => drafts::run(&global, &command),
        CliCommand::Console {
            job,
            stage,
            read_only,
            restricted,
        } => on_runtime(async {
            log::to_file(&global, "console");
            console::run(&global, job, stage, Rights { read_only, restricted }).await
        }),
        CliCommand::Demo => on_runtime(async {
            log::to_file(&global, "demo");
            demo::run(&global).await
        }),
        CliCommand::Serve { no_http } => on_runtime(serve::run(&global, no_http)),
        CliCommand::Job(command) => printing(&global, async |output| {
            log::to_stderr(&global, log::WARNINGS);
            job::run(&global, output, command).await
        }),
        CliCommand::Gate(command) => printing(&global, async |output| {
            log::to_stderr(&global, log::WARNINGS);
            gate::run(&global, output, command).await
        }),
        CliCommand::Patch(command) => printing(&global, async |output| patch::run(&global, output, command).await),
        CliCommand::Decisions(command) => {
            printing(&global, async |output| decisions::run(&global, output, command).await)
        }
        CliCommand::Events(arguments) => {
            printing(&global, async |output| events::run(&global, output, arguments).await)
        }
        CliCommand::Handover(arguments) => {
            printing(&global, async |output| handover::run(&global, output, arguments).await)
        }
        CliCommand::Forecast(arguments) => {
            printing(&global, async |output| forecast::run(&global, output, &arguments).await)
        }
        CliCommand::Status => status::run(&global),
        CliCommand::Stats(arguments) => printing(&global, async |output| stats::run(&global, output, arguments).await),
        CliCommand::Webhooks => printing(&global, async |output| webhooks::run(&global, output).await),
    }
}

fn on_runtime(work: impl Future<Output = CommandResult>) -> CommandResult {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let message = format!("no event loop can be made: {error}");
            CommandError::new("not_possible", message).not("started").because(error)
        })?;
    let outcome = runtime.block_on(work);
    // What still blocks (a terminal that does not answer) must not keep the process.
    runtime.shutdown_background();
    outcome
}

/// Runs a command that prints; what it has printed is sent off.
fn printing(global: &GlobalArguments, work: impl AsyncFnOnce(&mut Output) -> CommandResult) -> CommandResult {
    on_runtime(async {
        let mut output = Output::new(global);
        let exit = work(&mut output).await?;
        output.flush()?;
        Ok(exit)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_says_what_it_is_for() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                assert!(
                    argument.get_help().is_some(),
                    "{}: {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            for inner in command.get_subcommands() {
                assert!(inner.get_about().is_some(), "{}", inner.get_name());
                check(inner);
            }
        }
        check(&Arguments::command());
    }
}
