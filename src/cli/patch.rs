//! `holdpoint patch`: types, check, apply, undo.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use domain::ids::{ArtifactPath, Digest};
use domain::key::GateRef;
use domain::operator::Surface;
use patch::types;

use domain::ask::Command;
use engine::Role;

use super::ask::with_engine;
use super::global::GateArguments;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::{done, patch_check, patch_file, preview};

/// What can be done with patches.
#[derive(Debug, Subcommand)]
pub(crate) enum PatchCommand {
    /// List the patch types, each with an example
    Types,
    /// Plan a patch against what lies on disk; nothing changes
    Check(PatchArguments),
    /// Change the artifact; the gate stays open
    Apply {
        #[command(flatten)]
        patch: PatchArguments,
        /// Change only exactly these bytes: the gate's digest that `gate show` prints
        #[arg(long, value_name = "SHA256", value_parser = Digest::parse)]
        digest: Option<Digest>,
        /// Change nothing: tell what would happen, and end as the command would
        #[arg(long)]
        dry_run: bool,
    },
    /// Take the newest patch back; the gate stays open
    #[command(after_help = UNDO_HELP)]
    Undo {
        #[command(flatten)]
        gate: GateArguments,
        /// Take the newest patch of this artifact back, by its path or file name [default: the
        /// newest of all]
        #[arg(long, value_name = "PATH", value_parser = ArtifactPath::new)]
        artifact: Option<ArtifactPath>,
        /// Only while exactly these bytes are under review: the gate's digest that `gate show`
        /// prints
        #[arg(long, value_name = "SHA256", value_parser = Digest::parse)]
        digest: Option<Digest>,
        /// Change nothing: tell what would happen, and end as the command would
        #[arg(long)]
        dry_run: bool,
    },
}

impl PatchCommand {
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Types => "listed",
            Self::Check(_) => "fit to apply",
            Self::Apply { .. } => "applied",
            Self::Undo { .. } => "undone",
        }
    }
}

const UNDO_HELP: &str = "\
Each undo goes one patch further back, as far as what the attempt made. A patch
that came with a decision stays: a decision cannot be taken back.";

/// A patch for a gate.
#[derive(Debug, Args)]
pub(crate) struct PatchArguments {
    #[command(flatten)]
    pub(super) gate: GateArguments,
    /// The patch as JSON; - is standard input
    #[arg(value_name = "FILE|-")]
    pub(super) file: PathBuf,
}

/// Runs one of these commands.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, command: PatchCommand) -> CommandResult {
    let action = command.action();
    match command {
        PatchCommand::Types => list(output)?,
        PatchCommand::Check(arguments) => patch_check::run(global, output, &arguments).await?,
        PatchCommand::Apply { patch, digest, dry_run } => {
            let session = CommandContext::resolve(global, Surface::Cli).await?;
            let read = patch_file::read(&patch.file, global.no_input)?;
            let gate = patch.gate.newest();
            let command = Command::ApplyPatch {
                gate: gate.clone(),
                patch: read.patch.value().clone(),
                digest,
            };
            act(&session, output, gate, command, dry_run.then_some(action)).await?;
        }
        PatchCommand::Undo {
            gate,
            artifact: path,
            digest,
            dry_run,
        } => {
            let session = CommandContext::resolve(global, Surface::Cli).await?;
            let gate = gate.newest();
            let command = Command::UndoPatch {
                gate: gate.clone(),
                path,
                digest,
            };
            act(&session, output, gate, command, dry_run.then_some(action)).await?;
        }
    }
    Ok(Exit::Done)
}

fn list(output: &mut Output) -> Result<(), CommandError> {
    if output.is_json {
        return output.document(&wire::patch_types(types()));
    }
    for (index, doc) in types().iter().enumerate() {
        if index > 0 {
            output.line("")?;
        }
        output.line(&format!("{}   for {}", doc.name, doc.applies_to))?;
        output.block("  ", doc.description)?;
        let example = serde_json::to_string_pretty(&(doc.example)()).unwrap_or_default();
        output.block("    ", &example)?;
    }
    Ok(())
}

/// Changes what is under review and tells the gate's new digest; with `foreseen`, the word for it,
/// only tells what would happen.
async fn act(
    session: &CommandContext,
    output: &mut Output,
    gate: GateRef,
    command: Command,
    foreseen: Option<&str>,
) -> Result<(), CommandError> {
    with_engine(session.open_existing(Role::Visitor)?, async |engine| {
        if let Some(action) = foreseen {
            return preview::print(engine, output, &gate.job_id, command, action).await;
        }
        let done = engine.command(command).await?;
        let receipt = &done.0;
        let now = receipt.rows.newest_gate(&gate.stage).map(|gate| gate.digest());
        if output.is_json {
            return done::print(engine, output, &done, &receipt.message, |document| {
                document.changed = (!receipt.changes.is_empty()).then_some(receipt.changes.as_slice());
                document.digest = now;
            })
            .await;
        }
        output.line(&receipt.message)?;
        for change in &receipt.changes {
            output.line(&format!("  {change}"))?;
        }
        if let Some(now) = now {
            output.line(&format!("The gate stays open; its digest is now {now}"))?;
        }
        done::note_unpublished(output, &done);
        Ok(())
    })
    .await
}
