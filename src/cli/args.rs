//! What may be typed: every command, flag and argument of SPEC §8 that is built. Parsed arguments
//! are not resolved ones: see `resolve`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use domain::ids::{JobId, StageName};

use super::global::GlobalArguments;
use super::{
    completions, config, decisions, doctor, drafts, events, export, forecast, gate, handover, init, job, man, patch,
    stats, status, store, token, webhooks,
};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "holdpoint",
    version = crate::version::DESCRIBED.as_str(),
    about = "The operator console for hold points: releases or stops pipelines, and keeps the record",
    after_help = AFTER_HELP,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    /// The command; none: the console.
    #[command(subcommand)]
    pub(crate) command: Option<CliCommand>,
}

const AFTER_HELP: &str = "\
Without a command the console opens on conf/operator.yaml.

Exit codes
  0  done; gate wait, gate open --wait: approved
  1  failed, refused or canceled; a check with findings
  2  the command line is wrong
  3  rejected (gate wait, gate open --wait)
  4  still open at the time-out
  5  already decided
  6  not found";

impl Arguments {
    /// Whether documents are wanted, by `--json` or as the form of a list.
    pub(crate) fn is_json(&self) -> bool {
        let listing = match &self.command {
            Some(CliCommand::Gate(gate::GateCommand::List(only))) => only.listing,
            Some(CliCommand::Job(job::JobCommand::List(only))) => only.listing,
            Some(CliCommand::Decisions(decisions::DecisionsCommand::List { only, .. })) => only.listing,
            Some(CliCommand::Events(only)) => only.listing,
            Some(_) | None => return self.global.json,
        };
        self.global.json || listing.is_json()
    }

    /// What does not happen where the command fails, as a past participle: `Not approved: …`.
    pub(crate) fn action(&self) -> &'static str {
        let Some(command) = &self.command else {
            return "started";
        };
        match command {
            CliCommand::Console { .. }
            | CliCommand::Demo
            | CliCommand::Serve { .. }
            | CliCommand::SuperviseStage { .. } => "started",
            CliCommand::Token(_) | CliCommand::DemoStage { .. } => "made",
            CliCommand::Job(command) => command.action(),
            CliCommand::Gate(command) => command.action(),
            CliCommand::Patch(command) => command.action(),
            CliCommand::Decisions(command) => command.action(),
            CliCommand::Drafts(command) => command.action(),
            CliCommand::Events(_) | CliCommand::Webhooks => "listed",
            CliCommand::Forecast(_) => "foreseen",
            CliCommand::Handover(_) => "printed",
            CliCommand::Stats(_) => "counted",
            CliCommand::Status => "told",
            CliCommand::Config(command) => command.action(),
            CliCommand::Doctor(_) => "examined",
            CliCommand::Export(_) => "exported",
            CliCommand::Completions { .. } | CliCommand::Keys => "printed",
            CliCommand::Init(_) | CliCommand::Man { .. } => "written",
            CliCommand::Store(command) => command.action(),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// Open the console, on a gate if one is named
    Console {
        /// The job to open on
        #[arg(add = completions::jobs())]
        job: Option<JobId>,
        /// The stage to open on
        #[arg(add = completions::stages())]
        stage: Option<StageName>,
        /// Look only: decide nothing, run no stage, fire no timer
        #[arg(long)]
        read_only: bool,
        /// Start no other program, never suspend, reach nothing outside the run directories: for
        /// people whose login runs only this
        #[arg(long)]
        restricted: bool,
    },
    /// Open the console over a sample pipeline that makes real artifacts (embedded configuration,
    /// runs/demo)
    Demo,
    /// Write a first configuration: for gates from outside, for stages of your own, or a sample
    #[command(after_help = init::HELP)]
    Init(init::InitArguments),
    /// Run jobs, timers and HTTP without a terminal, until SIGTERM
    Serve {
        /// Do not offer HTTP
        #[arg(long)]
        no_http: bool,
    },
    /// Make a token that opens HTTP
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Start, look at and steer jobs
    #[command(subcommand)]
    Job(job::JobCommand),
    /// Open, look at and decide gates
    #[command(subcommand)]
    Gate(gate::GateCommand),
    /// Tell what the timers will do while nobody does anything
    #[command(after_help = forecast::HELP)]
    Forecast(forecast::ForecastArguments),
    /// Patch types; try, apply or take back a patch
    #[command(subcommand)]
    Patch(patch::PatchCommand),
    /// Read the decision record
    #[command(subcommand)]
    Decisions(decisions::DecisionsCommand),
    /// Say in one line how many gates wait, what the next timer does and who leads: for prompts and
    /// status bars
    #[command(after_help = status::HELP)]
    Status,
    /// Count how gates were decided: times, shares, rejections, patches, holds
    #[command(after_help = stats::HELP)]
    Stats(stats::StatsArguments),
    /// List, show and restore what you wrote and did not send
    #[command(subcommand)]
    Drafts(drafts::DraftsCommand),
    /// Print what you leave to whoever comes next: gates held, open, half written, seen and not decided
    #[command(after_help = handover::HELP)]
    Handover(handover::HandoverArguments),
    /// Print what happened to a job, or to all of them
    Events(events::EventsArguments),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// List the webhooks, what waits for them and what could not be told
    #[command(after_help = webhooks::HELP)]
    Webhooks,
    /// Compare database, files and events; mend files, or make a lost database again
    #[command(after_help = doctor::HELP)]
    Doctor(doctor::DoctorArguments),
    /// Write run directories from the record, on any host that shares it
    #[command(after_help = export::HELP)]
    Export(export::ExportArguments),
    /// Move the record to another database
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Print the script by which a shell completes commands, job ids and stages
    #[command(after_help = completions::HELP)]
    Completions {
        /// The shell
        shell: completions::Shell,
    },
    /// Print every key of the console, as Markdown
    Keys,
    /// Write the manual pages: holdpoint.1, one for each command, and holdpoint-operator.yaml.5
    #[command(after_help = man::HELP)]
    Man {
        /// The directory, made if it is not there
        #[arg(value_hint = clap::ValueHint::DirPath)]
        directory: PathBuf,
    },
    /// Supervise one execution of a stage
    #[command(name = "__stage", hide = true)]
    SuperviseStage {
        /// What to run.
        spec: PathBuf,
    },
    /// Do the work of one stage of the demo
    #[command(name = "__demo-stage", hide = true)]
    DemoStage {
        /// Which.
        stage: String,
    },
}
