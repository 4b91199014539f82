//! `holdpoint completions`, and what the scripts that it prints ask for at each Tab: commands and
//! options from the definition of the command line, job ids and stages from the record.
//!
//! What cannot be found out, or not at once, is not offered; nothing is said about it, because a
//! person is in the middle of a line.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use clap::builder::StyledStr;
use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;

use domain::ids::JobId;
use domain::job::{JobRows, JobStatus};
use domain::operator::Surface;
use domain::stage_state::StageState;
use domain::view::JobFilter;
use engine::Role;
use text::visible_line;

use super::args::Arguments;
use super::ask::{self, with_engine};
use super::contexts;
use super::global::GlobalArguments;
use super::output::{self, Output};
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::{CommandContext, read_config};
use super::server::Server;
use super::token_source::TokenSource;

/// The variable by which a script asks; its value is the shell's name.
const VARIABLE: &str = "HOLDPOINT_COMPLETE";
/// How long a Tab may take.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The most jobs that are offered, newest first.
const JOBS_MAX: u32 = 200;

/// Shells that can ask.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Fish,
    Zsh,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Fish => "fish",
            Self::Zsh => "zsh",
        }
    }
}

pub(crate) const HELP: &str = "\
Examples:
  source <(holdpoint completions bash)                 in ~/.bashrc
  source <(holdpoint completions zsh)                  in ~/.zshrc, after compinit
  holdpoint completions fish | source                  in ~/.config/fish/config.fish

The script asks the holdpoint that PATH finds. Job ids and stages are those of the
runs directory, context or server that the line names so far, else of this directory's.";

/// Prints the script of a shell.
pub(crate) fn print(global: &GlobalArguments, shell: Shell) -> CommandResult {
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell.name()) {
        completer
            .write_registration(VARIABLE, "holdpoint", "holdpoint", "holdpoint", &mut script)
            .map_err(|error| CommandError::of("not_possible", error))?;
    }
    let mut output = Output::new(global);
    output.raw(&script)?;
    output.flush()?;
    Ok(Exit::Done)
}

/// Answers a script, if one asks: what may stand at the place of the cursor.
pub(crate) fn answered(arguments: &[OsString]) -> bool {
    let shell = std::env::var(VARIABLE).unwrap_or_default();
    let shells = Shells::builtins();
    let (Some(shell), [_, _, words @ ..]) = (shells.completer(&shell), arguments) else {
        return false;
    };
    let word = words.get(place(words)).map_or(OsStr::new(""), OsString::as_os_str);
    let mut command = Arguments::command();
    if !word.as_encoded_bytes().starts_with(b"-") {
        command = without_options(command);
    }
    let mut answer = Vec::new();
    let here = std::env::current_dir().ok();
    let is_found = shell.write_complete(&mut command, words.to_vec(), here.as_deref(), &mut answer);
    if is_found.is_ok() {
        let _ = std::io::stdout().lock().write_all(&answer);
    }
    true
}

/// The number of the word at the cursor. Fish ends the line there.
fn place(words: &[OsString]) -> usize {
    let told = std::env::var("_CLAP_COMPLETE_INDEX").ok();
    told.and_then(|index| index.parse().ok())
        .unwrap_or_else(|| words.len().saturating_sub(1))
}

/// Options stay known and are offered where nothing else can be: one that was not begun with a `-`
/// is seldom wanted, and there are a dozen of them everywhere.
fn without_options(command: Command) -> Command {
    command
        .disable_help_flag(true)
        .disable_version_flag(true)
        .mut_args(|argument| {
            let is_option = !argument.is_positional();
            argument.hide(is_option)
        })
        .mut_subcommands(without_options)
}

/// Offers jobs; where the command is about open gates, those that have one.
pub(crate) fn jobs() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| offered_jobs(word))
}

/// Offers the stages of the job that stands on the line.
pub(crate) fn stages() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| offered_stages(word))
}

/// Offers a job first, then one of its stages.
pub(crate) fn job_then_stage() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| match Line::read() {
        Some(line) if line.job.is_some() => offered_stages(word),
        Some(_) | None => offered_jobs(word),
    })
}

fn offered_jobs(word: &OsStr) -> Vec<CompletionCandidate> {
    let jobs = Line::read().and_then(|line| within_patience(move || line.jobs()));
    let told = jobs.into_iter().flatten().map(|rows| {
        let help = format!("{}, {}", rows.job.slug, rows.job.status);
        (rows.job.id.to_string(), help)
    });
    candidates(told, word)
}

fn offered_stages(word: &OsStr) -> Vec<CompletionCandidate> {
    let stages = Line::read().and_then(|line| within_patience(move || line.stages()));
    candidates(stages.into_iter().flatten(), word)
}

/// Those that begin with the word, each with its help.
fn candidates(told: impl Iterator<Item = (String, String)>, word: &OsStr) -> Vec<CompletionCandidate> {
    let word = word.to_string_lossy();
    told.filter(|(value, _)| value.starts_with(&*word))
        .map(|(value, help)| {
            CompletionCandidate::new(value).help(Some(StyledStr::from(visible_line(&help).into_owned())))
        })
        .collect()
}

/// What was found, if that was in time. What still looks ends with the process.
fn within_patience<T: Send + 'static>(find: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    let (found, finding) = sync_channel(1);
    std::thread::spawn(move || found.send(find()));
    finding.recv_timeout(PATIENCE).ok().flatten()
}

/// The line as far as it stands before the cursor.
struct Line {
    global: GlobalArguments,
    /// The group and the command.
    names: Vec<String>,
    job: Option<JobId>,
}

impl Line {
    fn read() -> Option<Self> {
        let words: Vec<_> = std::env::args_os().skip(2).collect();
        let before = words.get(..place(&words)).unwrap_or(&words);
        let matches = Arguments::command()
            .ignore_errors(true)
            .try_get_matches_from(before)
            .ok()?;
        let global = GlobalArguments::from_arg_matches(&matches).ok()?;
        let mut names = Vec::new();
        let mut inner = &matches;
        while let Some((name, below)) = inner.subcommand() {
            names.push(name.to_owned());
            inner = below;
        }
        output::hold_notes();
        let global = contexts::applied(global).ok()?;
        // A program that asks somebody to unlock something is no matter for a Tab.
        let is_silent = !matches!(global.token_source, Some(TokenSource::Command(_)));
        is_silent.then(|| Self {
            job: job_of(inner),
            global,
            names,
        })
    }

    /// Whether the command is about what is open: the others may want any job.
    fn is_about_open_gates(&self) -> bool {
        const OF_GATE: [&str; 7] = ["approve", "reject", "hold", "release", "extend", "withdraw", "alive"];
        match &self.names[..] {
            [group, command] if group == "gate" => OF_GATE.contains(&command.as_str()),
            [group, _] => group == "patch",
            _ => false,
        }
    }

    fn jobs(&self) -> Option<Vec<JobRows>> {
        let status = self.is_about_open_gates().then_some(JobStatus::NeedsApproval);
        self.rows(None, status)
    }

    /// The stages of the job, those with an open gate alone where that is what the command is about;
    /// of a job that is not known, those of the configuration.
    fn stages(&self) -> Option<Vec<(String, String)>> {
        let job = self.job.as_ref()?;
        if let Some(rows) = self.rows(Some(job), None).and_then(|rows| rows.into_iter().next()) {
            let only = self.is_about_open_gates().then_some(StageState::Open);
            let mut names: Vec<_> = rows.job.stages.iter().map(|spec| &spec.name).collect();
            for gate in &rows.gates {
                if !names.contains(&&gate.key.stage) {
                    names.push(&gate.key.stage);
                }
            }
            let told = names.into_iter().map(|name| (name, StageState::of(&rows, name).0));
            let told = told.filter(|(_, state)| only.is_none_or(|only| *state == only));
            return Some(
                told.map(|(name, state)| (name.to_string(), state.to_string()))
                    .collect(),
            );
        }
        let (config, _) = read_config(&self.global).ok()?;
        let stages = config.pipeline.stages.iter().map(|spec| &spec.name);
        let names: BTreeSet<_> = config.gates.keys().chain(stages).collect();
        Some(
            names
                .into_iter()
                .map(|name| (name.to_string(), String::new()))
                .collect(),
        )
    }

    /// One job, or the newest ones.
    fn rows(&self, job: Option<&JobId>, status: Option<JobStatus>) -> Option<Vec<JobRows>> {
        let filter = JobFilter {
            status,
            before: None,
            limit: JOBS_MAX,
        };
        if Server::named(&self.global).ok()?.is_none() {
            // Looking changes nothing: a Tab makes no directory, and brings no database up.
            let session = CommandContext::here(&self.global, Surface::Cli).ok()?;
            let (_, reader) = session.look().ok()?;
            return match job {
                Some(job) => Some(reader.job(job).ok()?.into_iter().collect()),
                None => reader.jobs(&filter).ok(),
            };
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.ok()?.block_on(async {
            let session = CommandContext::resolve(&self.global, Surface::Cli).await.ok()?;
            let engine = session.open(Role::Visitor).ok()?;
            let found = with_engine(engine, async |engine| match job {
                Some(job) => Ok(vec![Arc::unwrap_or_clone(ask::job(engine, job).await?)]),
                None => Ok(engine.jobs(filter).await?),
            });
            found.await.ok()
        })
    }
}

/// The job that stands before the cursor; where a gate is two words, and both do, there is no more to
/// say.
fn job_of(matches: &ArgMatches) -> Option<JobId> {
    if let Ok(Some(job)) = matches.try_get_one::<JobId>("job") {
        return Some(job.clone());
    }
    let mut gates = matches.try_get_many::<String>("gates").ok().flatten()?;
    JobId::new(gates.next()?).ok()
}
