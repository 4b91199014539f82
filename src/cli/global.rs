//! Arguments of more than one command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use domain::ids::{JobId, StageName};
use domain::key::GateRef;

use super::completions;
use super::places::NamedBy;
use super::token_source::TokenSource;

/// What holds for every command, before or after it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GlobalArguments {
    /// Set by commands that go on until they are stopped: a line that is lost is waited for.
    #[arg(skip)]
    pub(crate) is_patient: bool,
    /// Read the configuration from this file; it must exist [default: HOLDPOINT_CONFIG, else the first of
    /// conf/operator.yaml, ~/.config/holdpoint/operator.yaml, /etc/holdpoint/operator.yaml, else the one built in]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) config: Option<PathBuf>,
    /// Keep jobs in this directory [default: HOLDPOINT_RUNS, else storage.runs_dir of the configuration, else runs]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) runs: Option<PathBuf>,
    /// Work with the holdpoint that serves there: https://HOST, or http://127.0.0.1:PORT; its token comes from --token-file or
    /// HOLDPOINT_TOKEN [default: HOLDPOINT_SERVER, else this machine's runs directory]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help_heading = "Global options",
        conflicts_with = "runs"
    )]
    pub(crate) server: Option<String>,
    /// Work with what ~/.config/holdpoint/contexts.yaml has under this name; holdpoint config contexts lists them
    /// [default: HOLDPOINT_CONTEXT, else the file's default]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Global options",
        conflicts_with_all = ["server", "runs", "token_file", "authority"]
    )]
    pub(crate) context: Option<String>,
    /// By what `config` and `runs` were named.
    #[arg(skip)]
    pub(crate) named_by: NamedBy,
    /// Where a context has its token from.
    #[arg(skip)]
    pub(crate) token_source: Option<TokenSource>,
    /// Read the server's token from this file, which nobody else may read
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) token_file: Option<PathBuf>,
    /// Trust the certificates in this PEM file too
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) authority: Option<PathBuf>,
    /// Decide in this person's name; only from a login named in security.shared_accounts
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub(crate) operator: Option<String>,
    /// Print one JSON document (events and job watch: JSON Lines), and failures as JSON on standard
    /// error
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Never read from the terminal: what would (the console, `--patch -` without a pipe) is
    /// refused
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_input: bool,
    /// Use colours: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        hide_possible_values = true,
        default_value_t,
        hide_default_value = true,
        help_heading = "Global options"
    )]
    pub(crate) color: ColourUse,
    /// Print long output at once; else a terminal gets it through PAGER, or less
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_pager: bool,
    /// Write the log to this file; RUST_LOG sets how much
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) log_file: Option<PathBuf>,
    /// Where it fails, also print what that came of, down to the operating system's error
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
}

/// Whether colours are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColourUse {
    #[default]
    Auto,
    Always,
    Never,
}

impl ColourUse {
    /// Whether colours are used, where the environment would have it so or not.
    pub(crate) fn wants(self, by_itself: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Auto => by_itself(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// A gate, named.
#[derive(Debug, Clone, Args)]
pub(crate) struct GateArguments {
    /// The job
    #[arg(add = completions::jobs())]
    pub(crate) job: JobId,
    /// The stage
    #[arg(add = completions::stages())]
    pub(crate) stage: StageName,
}

impl GateArguments {
    /// The newest attempt's gate.
    pub(crate) fn newest(self) -> GateRef {
        GateRef {
            job_id: self.job,
            stage: self.stage,
            attempt: None,
        }
    }
}
