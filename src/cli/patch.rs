//! `holdpoint patch`: types, check, apply.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::domain::ids::{ArtifactPath, Digest};
use crate::domain::operator::Surface;
use crate::domain::patch::{ArtifactFacts, Change, choose_artifact, types};
use crate::domain::refusal::Refusal;
use crate::domain::wire;
use crate::engine::Role;
use crate::engine::api::{Command, GateRef};

use super::args::GlobalArguments;
use super::ask::{self, with_engine};
use super::gate::{GateArguments, no_gate};
use super::output::Output;
use super::report::{Exit, Failure, Outcome};
use super::resolve::Session;
use super::{done, patch_file};

/// What can be done with patches.
#[derive(Debug, Subcommand)]
pub enum PatchCommand {
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
    },
}

/// A patch for a gate.
#[derive(Debug, Args)]
pub struct PatchArguments {
    #[command(flatten)]
    gate: GateArguments,
    /// The patch as JSON; - is standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
}

/// Does one of them.
pub async fn run(global: &GlobalArguments, command: PatchCommand) -> Outcome {
    let mut output = Output::new(global.json);
    let output = &mut output;
    match command {
        PatchCommand::Types => list(output)?,
        PatchCommand::Check(arguments) => check(global, output, &arguments).await?,
        PatchCommand::Apply { patch, digest } => apply(global, output, patch, digest).await?,
    }
    output.flush()?;
    Ok(Exit::Done)
}

fn list(output: &mut Output) -> Result<(), Failure> {
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

#[derive(Serialize)]
struct PlanDoc<'a> {
    path: &'a ArtifactPath,
    sha256: Digest,
    sha256_after: Digest,
    size_bytes: usize,
    size_bytes_after: usize,
    changes: &'a [Change],
    consequences: &'a [String],
}

async fn check(global: &GlobalArguments, output: &mut Output, arguments: &PatchArguments) -> Result<(), Failure> {
    const DEED: &str = "fit to apply";
    let session = Session::resolve(global, Surface::Cli, DEED)?;
    let read = patch_file::read(&arguments.file, global.no_input, DEED)?;
    let PatchArguments { gate: wanted, .. } = arguments;
    with_engine(session.open_existing(Role::Visitor)?, async |engine| {
        let rows = ask::job(engine, &wanted.job, DEED).await?;
        let gate = rows
            .newest_gate(&wanted.stage)
            .ok_or_else(|| no_gate(&rows, &wanted.stage, DEED))?;
        let facts: Vec<_> = gate
            .artifacts
            .iter()
            .map(|artifact| ArtifactFacts {
                path: artifact.path.as_str(),
                kind: &artifact.kind,
            })
            .collect();
        let unfit = |error| Failure::patch(DEED, Some(&read.name), &error);
        let chosen = choose_artifact(&read.patch, &facts).map_err(unfit)?;
        let Some(artifact) = gate.artifacts.get(chosen) else {
            return Err(no_gate(&rows, &wanted.stage, DEED));
        };
        let Some(now) = ask::on_disk(engine, &wanted.job, &artifact.path, DEED).await? else {
            return Err(Failure::refused(
                DEED,
                Refusal::artifact_vanished(&artifact.path, artifact.digest),
            ));
        };
        let plan = read.patch.plan(artifact.path.as_str(), &now).map_err(unfit)?;
        let document = PlanDoc {
            path: &artifact.path,
            sha256: Digest::of(&now),
            sha256_after: Digest::of(&plan.bytes),
            size_bytes: now.len(),
            size_bytes_after: plan.bytes.len(),
            changes: &plan.changes,
            consequences: &plan.consequences,
        };
        if output.is_json {
            return output.document(&document);
        }
        output.line(&format!("{} fits {}; nothing is changed yet", read.name, artifact.path))?;
        for change in &plan.changes {
            output.line(&format!("  {change}"))?;
        }
        for consequence in &plan.consequences {
            output.line(&format!("  then {consequence}"))?;
        }
        output.line(&format!("digest  {} -> {}", document.sha256, document.sha256_after))
    })
    .await
}

async fn apply(
    global: &GlobalArguments,
    output: &mut Output,
    arguments: PatchArguments,
    digest: Option<Digest>,
) -> Result<(), Failure> {
    let session = Session::resolve(global, Surface::Cli, "applied")?;
    let PatchArguments { gate: wanted, file } = arguments;
    let read = patch_file::read(&file, global.no_input, "applied")?;
    let stage = wanted.stage.clone();
    let command = Command::ApplyPatch {
        gate: GateRef {
            job_id: wanted.job,
            stage: wanted.stage,
            attempt: None,
        },
        patch: read.patch.value().clone(),
        digest,
    };
    with_engine(session.open_existing(Role::Visitor)?, async |engine| {
        let done = ask::act(engine, command, "applied").await?;
        let receipt = &done.receipt;
        let now = receipt.rows.newest_gate(&stage).map(|gate| gate.digest());
        if output.is_json {
            return done::tell(engine, output, &done, &receipt.message, |document| {
                document.changed = Some(&receipt.changes);
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
        done::note_unpublished(&done);
        Ok(())
    })
    .await
}
