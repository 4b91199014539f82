//! `holdpoint config`: check and show the configuration. Needs no runs directory.

use clap::Subcommand;

use clock::{Clock, SystemClock};
use config::{Config, ValidationDoc, reference};

use super::contexts;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::{config_text, read_config};

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Name every fault and doubt with its line; warnings are no failure
    Check,
    /// Print the configuration in force, defaults filled in, as YAML (--json: as JSON)
    Show,
    /// List what can be worked with by name (--context), and which of them counts; no token is shown
    Contexts,
    /// Print every key with what it is when left out, as Markdown (--json: as JSON Schema)
    Keys,
}

impl ConfigCommand {
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Check => "checked",
            Self::Contexts => "listed",
            Self::Show | Self::Keys => "shown",
        }
    }
}

/// Runs one of these commands.
pub(crate) fn run(global: &GlobalArguments, command: &ConfigCommand) -> CommandResult {
    let mut output = Output::new(global);
    let exit = match command {
        ConfigCommand::Check => check(global, &mut output)?,
        ConfigCommand::Show => show(global, &mut output)?,
        ConfigCommand::Contexts => {
            contexts::list(global, &mut output)?;
            Exit::Done
        }
        ConfigCommand::Keys if output.is_json => {
            output.document(&config::schema())?;
            Exit::Done
        }
        ConfigCommand::Keys => {
            reference().lines().try_for_each(|line| output.line(line))?;
            Exit::Done
        }
    };
    output.flush()?;
    Ok(exit)
}

fn check(global: &GlobalArguments, output: &mut Output) -> CommandResult {
    let text = config_text(global)?;
    let problems = match text.load() {
        Ok(mut loaded) => {
            let doubts = Config::doubts(&text.text, &text.origin, SystemClock.now().utc);
            loaded.warnings.extend(doubts);
            loaded.warnings.sort_by_key(|problem| (problem.line, problem.column));
            loaded.warnings
        }
        Err(problems) => problems,
    };
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let message = summary(&text.origin, errors, problems.len() - errors);
    if output.is_json {
        output.document(&ValidationDoc {
            valid: errors == 0,
            message,
            timestamp: SystemClock.now().utc,
            problems: &problems,
        })?;
    } else {
        for problem in &problems {
            output.line(&problem.to_string())?;
        }
        output.line(&message)?;
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Failed })
}

fn summary(origin: &str, errors: usize, warnings: usize) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) => format!("{origin}: ok"),
        (0, _) => format!("{origin}: ok, {}", count(warnings, "warning")),
        (_, 0) => format!("{origin}: {}", count(errors, "fault")),
        (_, _) => format!("{origin}: {}, {}", count(errors, "fault"), count(warnings, "warning")),
    }
}

fn show(global: &GlobalArguments, output: &mut Output) -> CommandResult {
    let (config, _) = read_config(global)?;
    if output.is_json {
        output.document(&config)?;
    } else {
        let yaml = config
            .to_yaml()
            .map_err(|error| CommandError::of("configuration", error))?;
        // For a person every line is made safe; a file gets what can be read back.
        if output.is_terminal {
            output.block("", &yaml)?
        } else {
            output.raw(yaml.as_bytes())?
        }
    }
    Ok(Exit::Done)
}
