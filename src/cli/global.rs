//! Arguments of more than one command.

use std::path::PathBuf;

use clap::Args;

use domain::ids::{JobId, StageName};
use domain::key::GateRef;

use super::token_source::TokenSource;

/// What holds for every command, before or after it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GlobalArguments {
    /// Read the configuration from this file; it must exist [default: conf/operator.yaml, else the
    /// embedded one]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) config: Option<PathBuf>,
    /// Keep jobs in this directory [default: storage.runs_dir of the configuration, else runs]
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
    /// Where it fails, also print what that came of, down to the operating system's error
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
}

/// A gate, named.
#[derive(Debug, Clone, Args)]
pub(crate) struct GateArguments {
    /// The job
    pub(crate) job: JobId,
    /// The stage
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
