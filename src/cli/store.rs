//! `holdpoint store copy`: the record moves to another database.

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;

use domain::operator::Surface;
use engine::copying::{CopyError, copy_record};
use runs::RunsDir;
use store::StorePlace;

use super::audit_report::count;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;

/// What the help says besides.
pub(crate) const HELP: &str = "\
One of the two is a runs directory, the other the address of a PostgreSQL
database, which must have no jobs yet; the same the other way round. The bytes
of all versions go with it. The record is verified before and after. Leave every
console there and stop holdpoint serve.

  holdpoint store copy runs postgres://holdpoint@db.example/holdpoint
  holdpoint store copy postgres://holdpoint@db.example/holdpoint runs";

/// What to do with the database.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Copy the whole record from one database to another
    #[command(after_help = HELP)]
    Copy {
        /// A runs directory, or postgres://user@host/database
        from: String,
        /// The other
        to: String,
    },
}

impl StoreCommand {
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Copy { .. } => "copied",
        }
    }
}

#[derive(Serialize)]
struct CopiedDoc {
    rows: u64,
    versions: u64,
    to: String,
}

/// Does it.
pub(crate) fn run(global: &GlobalArguments, command: &StoreCommand) -> CommandResult {
    let StoreCommand::Copy { from, to } = command;
    let context = CommandContext::here(global, Surface::Cli)?;
    let usage = |message: String| CommandError::new("usage", message).with(|told| told.exit = Exit::Usage);
    let place = |text: &str| match text.contains("://") {
        true => {
            StorePlace::shared(text).map_err(|why| usage(format!("{why}: a database is postgres://user@host/database")))
        }
        false => Ok(StorePlace::from(Path::new(text))),
    };
    let (from_place, to_place) = (place(from)?, place(to)?);
    let directory = match (from_place.is_shared(), to_place.is_shared()) {
        (false, true) => from,
        (true, false) => to,
        (true, true) | (false, false) => {
            return Err(usage(
                "one of the two is a runs directory, the other a PostgreSQL database".to_owned(),
            ));
        }
    };
    let runs = RunsDir::open(Path::new(directory), context.group())?;
    let host = &context.operator.via.host;
    let copied = copy_record(&runs, &from_place, &to_place, host)?;
    let mut output = Output::new(global);
    let to = to_place.path().display().to_string();
    if output.is_json {
        output.document(&CopiedDoc {
            rows: copied.rows,
            versions: copied.versions,
            to,
        })?;
    } else {
        let (rows, versions) = (count(copied.rows, "row"), count(copied.versions, "version"));
        output.line(&format!("{to} has the whole record: {rows}, {versions} of artifacts"))?;
        if let Some(file) = copied.moved_to {
            let shown = file.display();
            output.line(&format!(
                "hint: the file is now {shown}; set HOLDPOINT_STORE or storage.url, for every process"
            ))?;
        }
    }
    output.flush()?;
    Ok(Exit::Done)
}

impl From<CopyError> for CommandError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Trouble(trouble) => trouble.into(),
            CopyError::Engine(error) => error.into(),
            CopyError::AtWork { .. } => Self::of("not_possible", error)
                .hint("leave every console there and stop holdpoint serve; 15 s later it counts as gone"),
            CopyError::Unsound { .. } => {
                Self::of("not_possible", error).hint("holdpoint doctor tells all that is wrong")
            }
        }
    }
}
