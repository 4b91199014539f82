//! `holdpoint init`: writes a first configuration, and says what to do next.

use std::io::{BufRead as _, IsTerminal as _, Read as _, stdin};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use config::Starter;
use runs::outside;

use super::demo;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};

/// Where it is written unless `--config` says where: the first place where one is looked for.
const CONFIG_PATH: &str = "conf/operator.yaml";
/// The most bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 100;
/// How often is asked.
const TRIES: usize = 3;

/// What holdpoint is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// Your own pipeline opens gates, and people decide them
    Gates,
    /// holdpoint runs stages of yours, and stops at gates between them
    Stages,
    /// A sample pipeline that makes small films, to look around
    Film,
}

/// What to write.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// What holdpoint is to do; asked for where it is left out
    #[arg(long = "for", value_name = "USE")]
    purpose: Option<Purpose>,
}

pub(crate) const HELP: &str = "\
Writes conf/operator.yaml (--config FILE: that file), never over one that is there.

Example:
  holdpoint init --for gates && holdpoint config check";

#[derive(Serialize)]
struct InitDoc<'a> {
    path: &'a Path,
    #[serde(rename = "for")]
    purpose: Purpose,
    /// The commands to go on with.
    next: Vec<String>,
}

/// Writes it.
pub(crate) fn run(global: &GlobalArguments, arguments: &InitArguments) -> CommandResult {
    if global.server.is_some() || global.context.is_some() {
        let message = "init writes a file on this machine";
        return Err(CommandError::new("usage", message)
            .hint("leave --server and --context out")
            .with(|told| told.exit = Exit::Usage));
    }
    let path = global.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG_PATH));
    if path.symlink_metadata().is_ok() {
        let shown = path.display();
        return Err(CommandError::new("exists", format!("{shown} is there already"))
            .hint("holdpoint config check reads it; --config FILE writes another one")
            .at(shown.to_string()));
    }
    let mut output = Output::new(global);
    let purpose = match arguments.purpose {
        Some(purpose) => purpose,
        None => ask(global, &mut output)?,
    };
    let text = match purpose {
        Purpose::Gates => Starter::Gates.text(),
        Purpose::Stages => Starter::Stages.text(),
        Purpose::Film => demo::configuration()?,
    };
    outside::write_new(&path, text.as_bytes())?;
    tell(global, &mut output, &path, purpose)?;
    output.flush()?;
    Ok(Exit::Done)
}

fn tell(global: &GlobalArguments, output: &mut Output, path: &Path, purpose: Purpose) -> Result<(), CommandError> {
    let named = [("--config", &global.config), ("--runs", &global.runs)];
    let named = named.map(|(flag, path)| path.as_deref().map(|path| format!(" {flag} {}", quoted(path))));
    let holdpoint = format!("holdpoint{}", named.into_iter().flatten().collect::<String>());
    let (first, why) = match purpose {
        Purpose::Gates => (
            format!("gate open try-1 release --artifact plan={}", quoted(path)),
            "opens a gate; any file can be under review",
        ),
        Purpose::Stages => ("job start --slug first".to_owned(), "starts a job"),
        Purpose::Film => ("job start --slug tides".to_owned(), "starts a job"),
    };
    let next = vec![format!("{holdpoint} {first}"), holdpoint];
    if output.is_json {
        return output.document(&InitDoc { path, purpose, next });
    }
    output.line(&format!("Written: {}", path.display()))?;
    output.line("Next:")?;
    let whys = [
        why,
        "the console: Enter opens the gate, a approves, r rejects, ? shows all keys",
    ];
    let width = next.iter().map(|command| command.chars().count()).max().unwrap_or(0);
    for (command, why) in next.iter().zip(whys) {
        output.line(&format!("  {command:width$}   # {why}"))?;
    }
    Ok(())
}

/// Asks a person.
fn ask(global: &GlobalArguments, output: &mut Output) -> Result<Purpose, CommandError> {
    let unnamed = || {
        CommandError::new("usage", "what holdpoint is to do is not said")
            .hint("holdpoint init --for gates, --for stages or --for film")
            .with(|told| told.exit = Exit::Usage)
    };
    if global.no_input || global.json || !stdin().is_terminal() || !output.is_terminal {
        return Err(unnamed());
    }
    output.line("What is holdpoint to do here?")?;
    let known: Vec<_> = Purpose::value_variants().iter().zip(1..).collect();
    for (purpose, number) in &known {
        let value = purpose.to_possible_value().unwrap_or_default();
        let about = value.get_help().map(ToString::to_string).unwrap_or_default();
        output.line(&format!("  {number}  {:6}  {about}", value.get_name()))?;
    }
    for _ in 0..TRIES {
        output.raw(b"1, 2 or 3: ")?;
        output.flush()?;
        let mut answer = String::new();
        let read = stdin().lock().take(ANSWER_BYTES_MAX).read_line(&mut answer);
        if !read.is_ok_and(|bytes| bytes > 0) {
            break;
        }
        let answer = answer.trim();
        let is_meant = |(purpose, number): &&(&Purpose, i32)| {
            number.to_string() == answer || Purpose::from_str(answer, true).is_ok_and(|named| named == **purpose)
        };
        if let Some((purpose, _)) = known.iter().find(is_meant) {
            return Ok(**purpose);
        }
    }
    Err(unnamed())
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,=@".contains(c);
    match path.chars().all(is_plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}
