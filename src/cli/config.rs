//! `holdpoint config`: check and show the configuration. Needs no runs directory.

use clap::Subcommand;

use clock::{Clock, SystemClock};
use config::{Config, ConfigText, Problem, ValidationDoc, reference};

use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::{config_text, read_config};
use super::{config_edit, contexts, places};

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Name every fault and doubt with its line; warnings are no failure
    Check,
    /// Print the configuration in force, defaults filled in, as YAML (--json: as JSON)
    Show,
    /// List what can be worked with by name (--context), and which of them counts; no token is shown
    Contexts,
    /// Tell which configuration and which runs directory are used, and every place that was looked at
    Path,
    /// Edit the configuration in $VISUAL or $EDITOR; what it has then is checked before it counts
    Edit,
    /// Print every key with what it is when left out, as Markdown (--json: as JSON Schema)
    Keys,
    /// Print the JSON Schema of the configuration, by which editors check and complete
    #[command(after_help = SCHEMA_HELP)]
    Schema,
}

const SCHEMA_HELP: &str = "\
An editor that speaks YAML takes it from a first line of the file:
  # yaml-language-server: $schema=./operator.schema.json

  holdpoint config schema > conf/operator.schema.json";

impl ConfigCommand {
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Check => "checked",
            Self::Contexts => "listed",
            Self::Edit => "edited",
            Self::Show | Self::Path | Self::Keys | Self::Schema => "shown",
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
        ConfigCommand::Path => {
            places::print(global, &mut output)?;
            Exit::Done
        }
        ConfigCommand::Edit => config_edit::run(global, &mut output)?,
        ConfigCommand::Schema => {
            output.document(&config::schema())?;
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

/// Every fault and doubt, in the order of the text.
fn problems(text: &ConfigText) -> Vec<Problem> {
    match text.load() {
        Ok(mut loaded) => {
            let doubts = Config::doubts(&text.text, &text.origin, SystemClock.now().utc);
            loaded.warnings.extend(doubts);
            loaded.warnings.sort_by_key(|problem| (problem.line, problem.column));
            loaded.warnings
        }
        Err(problems) => problems,
    }
}

/// Prints them, a line each, and how many they are. False: it cannot be used.
pub(super) fn tell(text: &ConfigText, output: &mut Output) -> Result<bool, CommandError> {
    let problems = problems(text);
    for problem in &problems {
        output.line(&problem.to_string())?;
    }
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    output.line(&summary(&text.origin, errors, problems.len() - errors))?;
    Ok(errors == 0)
}

fn check(global: &GlobalArguments, output: &mut Output) -> CommandResult {
    let text = config_text(global)?;
    if !output.is_json {
        return Ok(if tell(&text, output)? { Exit::Done } else { Exit::Failed });
    }
    let problems = problems(&text);
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    output.document(&ValidationDoc {
        valid: errors == 0,
        message: summary(&text.origin, errors, problems.len() - errors),
        timestamp: SystemClock.now().utc,
        problems: &problems,
    })?;
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
