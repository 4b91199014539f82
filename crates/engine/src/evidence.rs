//! The files behind a preparation: what lies on disk, kept versions, planned patches, and what an
//! artifact is compared with.

use std::collections::BTreeMap;

use serde_json::Value;

use diff::Limit;
use domain::artifact::{GateArtifact, SinceRejection};
use domain::event::{Event, predecessors};
use domain::gate::{Gate, OnDisk};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::operator::Via;
use domain::proposal::{FileEffect, ParamsEffect, Proposal};
use domain::refusal::{Refusal, RefusalCode};
use patch::{Patch, Surroundings};

use super::bases::{ComparisonBases, comparison};
use rules::{Ahead, Context, Review};

/// Where evidence is found: the rows of jobs, the files of their run directories and the versions
/// that are kept. Found in another place it is found by the same functions.
pub trait Files {
    fn rows(&self, job_id: &JobId) -> Result<Option<JobRows>, Refusal>;
    /// What the rules need besides rows and evidence, now.
    fn context<'a>(&'a self, via: &'a Via) -> Context<'a>;
    /// Digest and size of what lies there. None: there is no such file.
    fn hash(&self, job_id: &JobId, path: &ArtifactPath) -> Result<Option<(Digest, u64)>, Refusal>;
    /// The same, without reading a file that has not changed since it was read.
    fn hash_known(&self, job_id: &JobId, path: &ArtifactPath) -> Option<(Digest, u64)>;
    /// The paths of the files of the run directory.
    fn list(&self, job_id: &JobId) -> Result<Vec<String>, Refusal>;
    /// Keeps what lies there as a version. None: there is no such file.
    fn keep_file(&self, job_id: &JobId, path: &ArtifactPath) -> Result<Option<(Digest, u64)>, Refusal>;
    /// Keeps these bytes as a version.
    fn keep_bytes(&self, job_id: &JobId, bytes: &[u8]) -> Result<(Digest, u64), Refusal>;
    /// The bytes of a version.
    fn read(&self, job_id: &JobId, digest: &Digest) -> Result<Vec<u8>, Refusal>;
    /// The newest events in which the log has what the gate says of itself.
    fn sayings(&self, key: &GateKey) -> Result<Vec<Event>, Refusal>;
    /// Whether an operator has written about this gate, sent or thrown away since or not, as far as
    /// this process may read it.
    fn has_draft(&self, by: &str, key: &GateKey) -> bool;
    /// Events whose files are not in place yet.
    fn owed(&self, job_id: &JobId) -> Result<Vec<Event>, Refusal>;
}

/// What is found in any such place.
pub(super) trait Finds: Files {
    /// The rows of a job that has to be there.
    fn known(&self, job_id: &JobId) -> Result<JobRows, Refusal> {
        self.rows(job_id)?.ok_or_else(|| Refusal::no_such_job(job_id))
    }

    /// Plans a patch on what is there now, and keeps the bytes it makes as a version.
    fn propose(&self, rows: &JobRows, gate: &Gate, value: &Value, on_disk: &[OnDisk]) -> Result<Proposal, Refusal> {
        let unfit = |error: patch::PatchError| patch_refusal(&error);
        let parsed = Patch::from_value(value.clone()).map_err(unfit)?;
        let facts: Vec<_> = gate
            .artifacts
            .iter()
            .map(|artifact| patch::ArtifactFacts {
                path: artifact.path.as_str(),
                kind: artifact.kind.as_str(),
            })
            .collect();
        let chosen = match patch::choose_target(&parsed, &facts).map_err(unfit)? {
            patch::Target::Job => {
                let plan = patch::plan_params(&parsed, &rows.job.params).map_err(unfit)?;
                return Ok(Proposal::Params(Box::new(ParamsEffect {
                    patch: value.clone(),
                    before: rows.job.params.clone(),
                    after: plan.params,
                    changes: in_words(&plan.changes),
                })));
            }
            patch::Target::Artifact(chosen) => chosen,
        };
        let target = gate
            .artifacts
            .get(chosen)
            .ok_or_else(|| Refusal::unfit("no artifact is under review at this gate"))?;
        let found = OnDisk::found_at(on_disk, &target.path);
        let (planned_on, _) = found.ok_or_else(|| Refusal::artifact_vanished(&target.path, target.digest))?;
        let job_id = &rows.job.id;
        let read = |digest: &Digest| self.read(job_id, digest);
        let current = read(&planned_on)?;
        let sidecar = self.sidecar_of(rows, gate, target, on_disk)?;
        let sidecar_bytes = sidecar.as_ref().map(|sidecar| read(&sidecar.digest)).transpose()?;
        let files = self.list(job_id)?;
        let surroundings = Surroundings {
            files: &files,
            sidecar: sidecar_bytes.as_deref(),
        };
        let plan = parsed
            .plan_among(target.path.as_str(), &current, surroundings)
            .map_err(unfit)?;
        let (after, after_bytes) = self.keep_bytes(job_id, &plan.bytes)?;
        let is_beside = plan.path != target.path.as_str();
        let former = if is_beside {
            sidecar
        } else {
            Some(self.as_found(job_id, target, found)?)
        };
        let (kind, path, with) = match &former {
            Some(former) => (former.kind.clone(), former.path.clone(), ComparisonBases::of(former)),
            None => {
                let path = sidecar_path(&plan.path)?;
                let with = comparison(Some(rows), &gate.key.stage, &path, None);
                (patch::SIDECAR_KIND.to_owned(), path, with)
            }
        };
        let after = self.compared(job_id, kind, path, after, after_bytes, with)?;
        Ok(Proposal::File(Box::new(FileEffect {
            patch: value.clone(),
            artifact: target.path.clone(),
            planned_on,
            former: former.map(|former| former.version()),
            after,
            changes: in_words(&plan.changes),
        })))
    }

    /// The sidecar of an artifact as it is now, under review or not; none: there is none.
    fn sidecar_of(
        &self,
        rows: &JobRows,
        gate: &Gate,
        target: &GateArtifact,
        on_disk: &[OnDisk],
    ) -> Result<Option<GateArtifact>, Refusal> {
        let Ok(path) = ArtifactPath::new(&patch::sidecar_path(target.path.as_str())) else {
            // A name that long cannot have a file beside it.
            return Ok(None);
        };
        if let Some(reviewed) = gate.artifacts.iter().find(|artifact| artifact.path == path) {
            let found = OnDisk::found_at(on_disk, &path);
            if found.is_none() {
                return Err(Refusal::artifact_vanished(&path, reviewed.digest));
            }
            return self.as_found(&rows.job.id, reviewed, found).map(Some);
        }
        match self.lying(rows, &path, None)? {
            // Taken back by rows that are committed; the file is still owed its removal.
            FileFound { is_former: true, .. } | FileFound { found: None, .. } => Ok(None),
            FileFound { found: Some(_), .. } => self.keep(rows, &gate.key.stage, patch::SIDECAR_KIND, &path),
        }
    }

    /// Adds the sidecars that belong to these artifacts: what an operator set beside them in a
    /// former attempt still counts for whatever reads them next, so it is reviewed with them.
    fn add_sidecars(
        &self,
        rows: &JobRows,
        stage: &StageName,
        artifacts: &mut Vec<GateArtifact>,
    ) -> Result<(), Refusal> {
        let sidecars: Vec<_> = artifacts
            .iter()
            .filter_map(|artifact| ArtifactPath::new(&patch::sidecar_path(artifact.path.as_str())).ok())
            .collect();
        for path in sidecars {
            let is_listed = artifacts.iter().any(|artifact| artifact.path == path);
            if !is_listed && rows.registered(&path).is_some() {
                artifacts.extend(self.keep(rows, stage, patch::SIDECAR_KIND, &path)?);
            }
        }
        Ok(())
    }

    /// What has to be reviewed before a stage may start: what of it lies there now, against what
    /// was decided on.
    fn review(&self, ahead: &Ahead<'_>, looks: &[OnDisk]) -> Result<Option<Review>, Refusal> {
        let Some((stage, agreed)) = ahead.review(looks)? else {
            return Ok(None);
        };
        let rows = ahead.rows();
        let job_id = &rows.job.id;
        let mut artifacts = Vec::with_capacity(agreed.len());
        for agreed in agreed {
            let path = &agreed.artifact.path;
            let (digest, size_bytes) =
                OnDisk::found_at(looks, path).ok_or_else(|| Refusal::artifact_vanished(path, agreed.digest))?;
            let kind = agreed.artifact.kind.clone();
            let with = ComparisonBases::with_agreed(&agreed, rows);
            artifacts.push(self.compared(job_id, kind, path.clone(), digest, size_bytes, with)?);
        }
        let stage = stage.clone();
        Ok(Some(Review { stage, artifacts }))
    }

    /// An artifact under review with the bytes that lie on disk.
    fn as_found(
        &self,
        job_id: &JobId,
        artifact: &GateArtifact,
        found: Option<(Digest, u64)>,
    ) -> Result<GateArtifact, Refusal> {
        match found {
            Some((digest, size_bytes)) if digest != artifact.digest => {
                let (kind, path) = (artifact.kind.clone(), artifact.path.clone());
                self.compared(job_id, kind, path, digest, size_bytes, ComparisonBases::of(artifact))
            }
            Some(_) | None => Ok(artifact.clone()),
        }
    }

    /// What lies in the place of an artifact; a directory, a link that leads out or too large a file
    /// counts as absent.
    fn readable_on_disk(&self, rows: &JobRows, path: &ArtifactPath, reviewed: Digest) -> Result<OnDisk, Refusal> {
        match self.one_on_disk(rows, path, reviewed) {
            Err(refusal) if refusal.code == RefusalCode::Invalid => Ok(OnDisk::new(path, reviewed, None)),
            looked => looked,
        }
    }

    /// The same, for a look ahead: a file that has not changed since it was read is not read again,
    /// for others wait on this thread.
    fn known_on_disk(&self, rows: &JobRows, path: &ArtifactPath, reviewed: Digest) -> Result<OnDisk, Refusal> {
        match self.hash_known(&rows.job.id, path) {
            found @ Some((digest, _)) if digest == reviewed => Ok(OnDisk::new(path, reviewed, found)),
            Some(_) | None => self.readable_on_disk(rows, path, reviewed),
        }
    }

    fn one_on_disk(&self, rows: &JobRows, path: &ArtifactPath, reviewed: Digest) -> Result<OnDisk, Refusal> {
        let lying = self.lying(rows, path, Some(reviewed))?;
        let found = if lying.digest() == Some(reviewed) {
            lying.found
        } else if lying.is_former {
            let registered = rows.artifacts.iter().find(|known| known.path == *path);
            registered.map(|known| (known.digest, known.size_bytes))
        } else {
            self.keep_file(&rows.job.id, path)?
        };
        Ok(OnDisk::new(path, reviewed, found))
    }

    /// What lies in the place of an artifact; `wanted` is what ought to.
    fn lying(&self, rows: &JobRows, path: &ArtifactPath, wanted: Option<Digest>) -> Result<FileFound, Refusal> {
        let look = || -> Result<FileFound, Refusal> {
            let found = self.hash(&rows.job.id, path)?;
            Ok(FileFound {
                found,
                is_former: false,
            })
        };
        let lying = look()?;
        if lying.digest() == wanted {
            return Ok(lying);
        }
        // A dry run looks while the writer puts files in place: what is owed is asked before the
        // look that counts.
        let owed = self.owed(&rows.job.id)?;
        let lying = look()?;
        if lying.digest() == wanted {
            return Ok(lying);
        }
        let is_former = predecessors(&owed, path).any(|former| former == lying.digest());
        Ok(FileFound { is_former, ..lying })
    }

    /// The artifacts of the bare stages that may open next: the current one, and those directly
    /// behind it. One that cannot be read counts as absent: it must not stand in the way of a
    /// decision about another stage.
    fn bare_artifacts(&self, rows: &JobRows) -> BTreeMap<StageName, Vec<GateArtifact>> {
        let stages = &rows.job.stages;
        let at = rows
            .job
            .stage
            .as_ref()
            .and_then(|stage| stages.iter().position(|spec| spec.name == *stage));
        let ahead = stages
            .iter()
            .skip(at.map_or(0, |at| at + 1))
            .take_while(|spec| spec.is_bare());
        let current = at.and_then(|at| stages.get(at)).filter(|spec| spec.is_bare());
        let mut all = BTreeMap::new();
        for spec in current
            .into_iter()
            .chain(ahead)
            .filter(|spec| !spec.artifacts.is_empty())
        {
            let mut present = Vec::new();
            for artifact in &spec.artifacts {
                match self.keep(rows, &spec.name, &artifact.kind, &artifact.path) {
                    Ok(kept) => present.extend(kept),
                    Err(refusal) => tracing::warn!("{}: {} is left out: {refusal}", rows.job.id, artifact.path),
                }
            }
            if let Err(refusal) = self.add_sidecars(rows, &spec.name, &mut present) {
                tracing::warn!("{}: a file beside an artifact is left out: {refusal}", rows.job.id);
            }
            all.insert(spec.name.clone(), present);
        }
        all
    }

    /// Keeps an artifact that lies in the run directory as a version and compares it with its base.
    fn keep(
        &self,
        rows: &JobRows,
        stage: &StageName,
        kind: &str,
        path: &ArtifactPath,
    ) -> Result<Option<GateArtifact>, Refusal> {
        let Some((digest, size_bytes)) = self.keep_file(&rows.job.id, path)? else {
            return Ok(None);
        };
        let with = comparison(Some(rows), stage, path, None);
        self.compared(&rows.job.id, kind.to_owned(), path.clone(), digest, size_bytes, with)
            .map(Some)
    }

    /// The artifact as it stands in front of the operator, its lines counted against its base, and
    /// since a nearer rejection.
    fn compared(
        &self,
        job_id: &JobId,
        kind: String,
        path: ArtifactPath,
        digest: Digest,
        size_bytes: u64,
        with: ComparisonBases,
    ) -> Result<GateArtifact, Refusal> {
        let read = |digest: &Digest| self.read(job_id, digest);
        let ComparisonBases { base, bases, rejection } = with;
        let former = base.as_ref().map(|base| read(&base.digest)).transpose()?;
        let now = read(&digest)?;
        let summary = diff::summary(former.as_deref(), &now, Limit::NONE);
        // The bytes of a rejected version may be gone: then it cannot be shown either.
        let since_rejection = rejection.and_then(|since| {
            let since_then = diff::summary(Some(&read(&since.digest).ok()?), &now, Limit::NONE);
            Some(SinceRejection {
                added_lines: count(since_then.added),
                removed_lines: count(since_then.removed),
                ..since
            })
        });
        Ok(GateArtifact {
            kind,
            path,
            digest,
            size_bytes,
            base,
            bases,
            added_lines: count(summary.added),
            removed_lines: count(summary.removed),
            is_binary: summary.is_binary,
            since_rejection,
            patches: Vec::new(),
        })
    }
}

impl<F: Files> Finds for F {}

/// What lies in the place of an artifact.
pub(super) struct FileFound {
    found: Option<(Digest, u64)>,
    /// It, or that there is nothing, is what a committed patch has replaced, its file still owed:
    /// not somebody's change.
    is_former: bool,
}

impl FileFound {
    fn digest(&self) -> Option<Digest> {
        self.found.map(|(digest, _)| digest)
    }
}

fn sidecar_path(path: &str) -> Result<ArtifactPath, Refusal> {
    ArtifactPath::new(path)
        .map_err(|error| Refusal::unfit(format!("the file beside the artifact cannot be named: {error}")))
}

fn in_words(changes: &[patch::PlannedChange]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

fn count(lines: u64) -> u32 {
    u32::try_from(lines).unwrap_or(u32::MAX)
}

fn patch_refusal(error: &patch::PatchError) -> Refusal {
    let mut refusal = Refusal::unfit(error.to_string());
    refusal.hint = error.hint.as_deref().map(str::to_owned);
    refusal.place = error.field.as_deref().map(str::to_owned);
    refusal
}
