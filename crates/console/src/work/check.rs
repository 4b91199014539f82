//! Checks what is written against the bytes on screen: a patch, or an edit from which a patch is
//! derived.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::effect::{CheckJob, Checked, PlannedFile, ReviewedFile, Unfit, Written};
use diff::Limit;
use patch::{ArtifactFacts, Patch, PatchError, Plan, Surroundings, Target};

fn unfit(error: PatchError) -> Unfit {
    Unfit {
        line: error.line.map(|line| line.saturating_sub(1) as usize),
        message: error.message,
        hint: error.hint.map(String::from),
        wants: None,
    }
}

/// Checks a text. `limit` bounds the comparison of an edit with what was edited: beyond it the
/// patch is larger, never wrong.
pub fn check(job: &CheckJob, limit: Limit<'_>) -> Result<Box<Checked>, Unfit> {
    match &job.written {
        Written::Patch(text) => {
            let patch = Patch::parse(text).map_err(unfit)?;
            let read = job.files.iter().map(facts);
            let unread = job.unread.iter().map(|file| ArtifactFacts {
                path: file.path.as_str(),
                kind: &file.kind,
            });
            let facts: Vec<_> = read.chain(unread).collect();
            let index = match patch::choose_target(&patch, &facts).map_err(unfit)? {
                Target::Job => return check_params(job, &patch),
                Target::Artifact(index) => index,
            };
            let path = facts.get(index).map(|facts| facts.path).unwrap_or_default();
            let file = job.files.get(index).ok_or_else(|| not_read(job, path))?;
            let plan = plan(job, &patch, file)?;
            Ok(checked(job, file, &patch, plan, None))
        }
        Written::Edit(base, text) => check_edit(job, base, text, limit),
    }
}

fn check_edit(job: &CheckJob, base: &[u8], text: &str, limit: Limit<'_>) -> Result<Box<Checked>, Unfit> {
    let file = job.files.iter().find(|file| file.path == job.path);
    let file = file.ok_or_else(|| not_read(job, job.path.as_str()))?;
    let derived = patch::derive(facts(file), base, text.as_bytes(), limit).map_err(|error| Unfit {
        // The line is one of the edited text, which is what is in the editor.
        line: error.artifact_line.map(|line| line.saturating_sub(1) as usize),
        ..unfit(error)
    })?;
    let plan = if *base == **file.bytes {
        derived.plan
    } else {
        // Another version is under review by now: what counts is what the patch does to that one.
        plan(job, &derived.patch, file)?
    };
    Ok(checked(job, file, &derived.patch, plan, Some(derived.reason)))
}

/// A patch of the job's parameters: what it changes is shown as the document that they are.
fn check_params(job: &CheckJob, patch: &Patch) -> Result<Box<Checked>, Unfit> {
    let plan = patch::plan_params(patch, &job.params).map_err(unfit)?;
    let document = |params: &Map<String, Value>| Arc::new(serde_json::to_vec_pretty(params).unwrap_or_default());
    Ok(Box::new(Checked {
        value: patch.value().clone(),
        type_name: patch.type_doc().name,
        path: job.path.clone(),
        changes: plan.changes,
        consequences: plan.consequences,
        reason: None,
        planned: PlannedFile {
            before: Some(document(&job.params)),
            path: "params".to_owned(),
            after: document(&plan.params),
        },
    }))
}

fn facts(file: &ReviewedFile) -> ArtifactFacts<'_> {
    ArtifactFacts {
        path: file.path.as_str(),
        kind: &file.kind,
    }
}

fn plan(job: &CheckJob, patch: &Patch, file: &ReviewedFile) -> Result<Plan, Unfit> {
    let sidecar_path = patch::sidecar_path(file.path.as_str());
    if job.unread.iter().any(|file| file.path.as_str() == sidecar_path) {
        return Err(not_read(job, &sidecar_path));
    }
    let sidecar = job.files.iter().find(|file| file.path.as_str() == sidecar_path);
    let surroundings = Surroundings {
        files: &job.names,
        sidecar: sidecar.map(|file| file.bytes.as_slice()),
    };
    patch
        .plan_among(file.path.as_str(), &file.bytes, surroundings)
        .map_err(unfit)
}

fn checked(job: &CheckJob, file: &ReviewedFile, patch: &Patch, plan: Plan, reason: Option<String>) -> Box<Checked> {
    let before = job.files.iter().find(|file| file.path.as_str() == plan.path);
    Box::new(Checked {
        value: patch.value().clone(),
        type_name: patch.type_doc().name,
        path: file.path.clone(),
        changes: plan.changes,
        consequences: plan.consequences,
        reason,
        planned: PlannedFile {
            before: before.map(|file| file.bytes.clone()),
            path: plan.path,
            after: Arc::new(plan.bytes),
        },
    })
}

/// A file is needed whose bytes are not there.
fn not_read(job: &CheckJob, path: &str) -> Unfit {
    let unfit = |message| Unfit {
        message,
        ..Unfit::default()
    };
    let Some(file) = job.unread.iter().find(|file| file.path.as_str() == path) else {
        return unfit(format!("{path} is not under review"));
    };
    match &file.problem {
        Some(problem) => unfit(format!("{} {problem}", file.path.file_name())),
        None => Unfit {
            wants: Some(file.path.clone()),
            ..unfit(format!("{} is being read", file.path.file_name()))
        },
    }
}
