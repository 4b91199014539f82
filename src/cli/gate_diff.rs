//! `holdpoint gate diff`: what an operator would read in the console, as a unified diff.

use std::sync::Arc;

use serde::Serialize;

use crate::diff::summary::is_binary;
use crate::diff::text::visible_line;
use crate::diff::{DiffDocument, Limit, unified};
use crate::domain::artifact::{GateArtifact, PatchStep};
use crate::domain::gate::Gate;
use crate::domain::ids::{ArtifactPath, Digest, JobId};
use crate::domain::job::JobRows;
use crate::domain::operator::Surface;
use crate::engine::{Engine, Role};

use super::args::GlobalArguments;
use super::ask::{self, with_engine};
use super::gate::{GateArguments, no_gate};
use super::output::{Output, note};
use super::report::{Exit, Failure, Outcome};
use super::resolve::Session;
use super::words::size;

/// One artifact's difference.
#[derive(Serialize)]
struct DiffDoc<'a> {
    kind: &'a str,
    path: &'a ArtifactPath,
    base_sha256: Option<Digest>,
    /// Of what lies on disk now; null when it is gone.
    sha256: Option<Digest>,
    /// Whether that is what is under review.
    is_reviewed: bool,
    size_bytes: Option<usize>,
    is_binary: bool,
    added_lines: usize,
    removed_lines: usize,
    /// The unified diff; null for binaries, and where it is not UTF-8.
    diff: Option<String>,
}

struct Compared {
    base_sha256: Option<Digest>,
    base: Option<Arc<[u8]>>,
    now: Option<Arc<[u8]>>,
}

/// Prints it; with a base, only of what was that version once.
pub async fn run(
    global: &GlobalArguments,
    output: &mut Output,
    wanted: &GateArguments,
    base: Option<Digest>,
) -> Outcome {
    let session = Session::resolve(global, Surface::Cli, "shown")?;
    let engine = session.open_existing(Role::Visitor)?;
    with_engine(engine, async |engine| {
        let rows = ask::job(engine, &wanted.job, "shown").await?;
        let Some(gate) = rows.newest_gate(&wanted.stage) else {
            return Err(no_gate(&rows, &wanted.stage, "shown"));
        };
        let mut documents = Vec::new();
        let artifacts = match base {
            Some(base) => once_were(&rows, gate, base)?,
            None => gate.artifacts.iter().collect(),
        };
        for artifact in artifacts {
            let compared = read(engine, &wanted.job, artifact, base).await?;
            if output.is_json {
                documents.push(document(artifact, &compared));
            } else {
                print(output, artifact, &compared)?;
            }
        }
        if output.is_json {
            output.document(&documents)?;
        }
        Ok(Exit::Done)
    })
    .await
}

/// The artifacts under review that were this version once; of a single one anything may be asked.
fn once_were<'g>(rows: &JobRows, gate: &'g Gate, version: Digest) -> Result<Vec<&'g GateArtifact>, Failure> {
    let was = |other: &GateArtifact| {
        let former = |step: &PatchStep| step.former.as_ref().is_some_and(|former| former.digest == version);
        other.digest == version
            || other.bases.iter().any(|base| base.digest == version)
            || other.patches.iter().any(|step| step.made == version || former(step))
    };
    let of_stage = || rows.gates.iter().filter(|other| other.key.stage == gate.key.stage);
    let once = |artifact: &&GateArtifact| {
        let mut known = of_stage().flat_map(|gate| &gate.artifacts);
        known.any(|other| other.path == artifact.path && was(other))
    };
    let found: Vec<_> = gate.artifacts.iter().filter(once).collect();
    match (found.is_empty(), &gate.artifacts[..]) {
        (false, _) => Ok(found),
        (true, [only]) => Ok(vec![only]),
        (true, _) => {
            let message = format!("no artifact of {} was ever version {version}", gate.key);
            Err(Failure::not_found("shown", message).hint("gate show --json names the versions of each artifact"))
        }
    }
}

async fn read(
    engine: &mut Engine,
    job_id: &JobId,
    artifact: &GateArtifact,
    wanted: Option<Digest>,
) -> Result<Compared, Failure> {
    let base_sha256 = wanted.or(artifact.base.as_ref().map(|base| base.digest));
    let base = match base_sha256 {
        Some(digest) => ask::version(engine, job_id, digest, "shown").await?,
        None => None,
    };
    if let (Some(wanted), None) = (wanted, &base) {
        let message = format!("version {wanted} is not kept in job {job_id}");
        return Err(Failure::not_found("shown", message).hint("gate show --json names the versions of each artifact"));
    }
    let now = ask::on_disk(engine, job_id, &artifact.path, "shown").await?;
    Ok(Compared { base_sha256, base, now })
}

fn compare(compared: &Compared, now: &[u8]) -> DiffDocument {
    let base = compared.base.as_ref().map(|base| Arc::new(base.to_vec()));
    // A diff that is piped into a program has to be exact, however long it takes.
    DiffDocument::compare(base, Arc::new(now.to_vec()), Limit::NONE)
}

fn is_any_binary(compared: &Compared) -> bool {
    [&compared.base, &compared.now]
        .into_iter()
        .flatten()
        .any(|bytes| is_binary(bytes))
}

fn print(output: &mut Output, artifact: &GateArtifact, compared: &Compared) -> Result<(), Failure> {
    let path = &artifact.path;
    let Some(now) = &compared.now else {
        note(&format!(
            "{path} is missing from the run directory; under review is {}",
            artifact.digest
        ));
        return Ok(());
    };
    let digest = Digest::of(now);
    if digest != artifact.digest {
        note(&format!(
            "{path} is not what is under review ({}): it is now {digest}",
            artifact.digest.short()
        ));
    }
    if is_any_binary(compared) {
        let base = match &compared.base {
            Some(base) => format!("{}, {}", size(base.len() as u64), Digest::of(base).short()),
            None => "new".to_owned(),
        };
        return output.line(&format!(
            "Binary {path}: {base} -> {}, {}",
            size(now.len() as u64),
            digest.short()
        ));
    }
    let diff = unified::write(&compare(compared, now), path.as_str(), path.as_str());
    if !output.is_terminal {
        return output.raw(&diff);
    }
    // Lossy only where a terminal could show nothing anyway.
    for line in String::from_utf8_lossy(&diff).lines() {
        output.raw(visible_line(line).as_bytes())?;
        output.raw(b"\n")?;
    }
    Ok(())
}

fn document<'a>(artifact: &'a GateArtifact, compared: &Compared) -> DiffDoc<'a> {
    let digest = compared.now.as_ref().map(|now| Digest::of(now));
    let mut document = DiffDoc {
        kind: &artifact.kind,
        path: &artifact.path,
        base_sha256: compared.base_sha256,
        sha256: digest,
        is_reviewed: digest == Some(artifact.digest),
        size_bytes: compared.now.as_ref().map(|now| now.len()),
        is_binary: is_any_binary(compared),
        added_lines: 0,
        removed_lines: 0,
        diff: None,
    };
    if let Some(now) = &compared.now
        && !document.is_binary
    {
        let difference = compare(compared, now);
        document.added_lines = difference.diff().added;
        document.removed_lines = difference.diff().removed;
        let diff = unified::write(&difference, artifact.path.as_str(), artifact.path.as_str());
        document.diff = String::from_utf8(diff).ok();
    }
    document
}
