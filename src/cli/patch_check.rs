//! `holdpoint patch check`: what a patch would change and what follows from it; nothing is changed.

use serde::Serialize;
use serde_json::{Map, Value};

use domain::artifact::GateArtifact;
use domain::ids::{ArtifactPath, Digest, JobId};
use domain::operator::Surface;
use domain::refusal::Refusal;
use engine::Role;
use engine::client::Client;
use patch::{ArtifactFacts, PlannedChange, Surroundings, Target, choose_target, plan_params, sidecar_path};

use super::ask::{self, with_engine};
use super::global::GlobalArguments;
use super::output::Output;
use super::patch::PatchArguments;
use super::patch_file::{self, PatchFile};
use super::report::CommandError;
use super::resolve::CommandContext;

/// What a patch would make of a file.
#[derive(Serialize)]
struct FilePlanDoc<'a> {
    /// The artifact that the patch is for.
    artifact: &'a ArtifactPath,
    /// The file that changes: that artifact, or one beside it.
    path: &'a str,
    /// Null: there is no such file yet.
    sha256: Option<Digest>,
    sha256_after: Digest,
    size_bytes: usize,
    size_bytes_after: usize,
    changes: &'a [PlannedChange],
    consequences: &'a [String],
}

/// What a patch would make of the job's parameters.
#[derive(Serialize)]
struct ParamsPlanDoc<'a> {
    params: &'a Map<String, Value>,
    params_after: &'a Map<String, Value>,
    changes: &'a [PlannedChange],
    consequences: &'a [String],
}

/// Prints the plan, or says why there is none.
pub(crate) async fn run(
    global: &GlobalArguments,
    output: &mut Output,
    arguments: &PatchArguments,
) -> Result<(), CommandError> {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let read = patch_file::read(&arguments.file, global.no_input)?;
    let wanted = &arguments.gate;
    with_engine(session.open_existing(Role::Visitor)?, async |engine| {
        let rows = ask::job(engine, &wanted.job).await?;
        let gate = rows
            .newest_gate(&wanted.stage)
            .ok_or_else(|| Refusal::no_gate(&rows, &wanted.stage, None))?;
        let facts: Vec<_> = gate
            .artifacts
            .iter()
            .map(|artifact| ArtifactFacts {
                path: artifact.path.as_str(),
                kind: &artifact.kind,
            })
            .collect();
        let target = choose_target(&read.patch, &facts).map_err(|error| unfit(&read, &error))?;
        match target {
            Target::Job => check_params(output, &read, &wanted.job, &rows.job.params),
            Target::Artifact(index) => {
                let artifact = gate.artifacts.get(index);
                let artifact = artifact.ok_or_else(|| Refusal::no_gate(&rows, &wanted.stage, None))?;
                check_file(engine, output, &read, &wanted.job, artifact).await
            }
        }
    })
    .await
}

fn unfit(read: &PatchFile, error: &patch::PatchError) -> CommandError {
    CommandError::patch(Some(&read.name), error)
}

async fn check_file(
    engine: &Client,
    output: &mut Output,
    read: &PatchFile,
    job_id: &JobId,
    artifact: &GateArtifact,
) -> Result<(), CommandError> {
    let Some(now) = engine.on_disk(job_id, &artifact.path, Some(artifact.digest)).await? else {
        return Err(CommandError::from(Refusal::artifact_vanished(
            &artifact.path,
            artifact.digest,
        )));
    };
    let sidecar = match ArtifactPath::new(&sidecar_path(artifact.path.as_str())) {
        Ok(path) => engine.on_disk(job_id, &path, None).await?,
        // A name that long cannot have a file beside it.
        Err(_) => None,
    };
    let files = engine.files(job_id).await?;
    let surroundings = Surroundings {
        files: &files,
        sidecar: sidecar.as_deref(),
    };
    let plan = read
        .patch
        .plan_among(artifact.path.as_str(), &now, surroundings)
        .map_err(|error| unfit(read, &error))?;
    let former = if plan.path == artifact.path.as_str() {
        Some(now)
    } else {
        sidecar
    };
    let document = FilePlanDoc {
        artifact: &artifact.path,
        path: &plan.path,
        sha256: former.as_ref().map(|former| Digest::of(former)),
        sha256_after: Digest::of(&plan.bytes),
        size_bytes: former.as_ref().map_or(0, |former| former.len()),
        size_bytes_after: plan.bytes.len(),
        changes: &plan.changes,
        consequences: &plan.consequences,
    };
    if output.is_json {
        return output.document(&document);
    }
    output.line(&format!("{} fits {}; nothing is changed yet", read.name, artifact.path))?;
    print(output, &plan.changes, &plan.consequences)?;
    match document.sha256 {
        Some(sha256) => output.line(&format!("digest  {sha256} -> {}", document.sha256_after)),
        None => output.line(&format!("new     {}  {}", plan.path, document.sha256_after)),
    }
}

fn check_params(
    output: &mut Output,
    read: &PatchFile,
    job_id: &JobId,
    params: &Map<String, Value>,
) -> Result<(), CommandError> {
    let plan = plan_params(&read.patch, params).map_err(|error| unfit(read, &error))?;
    if output.is_json {
        return output.document(&ParamsPlanDoc {
            params,
            params_after: &plan.params,
            changes: &plan.changes,
            consequences: &plan.consequences,
        });
    }
    output.line(&format!(
        "{} fits the parameters of {job_id}; nothing is changed yet",
        read.name
    ))?;
    print(output, &plan.changes, &plan.consequences)
}

fn print(output: &mut Output, changes: &[PlannedChange], consequences: &[String]) -> Result<(), CommandError> {
    for change in changes {
        output.line(&format!("  {change}"))?;
    }
    for consequence in consequences {
        output.line(&format!("  then {consequence}"))?;
    }
    Ok(())
}
