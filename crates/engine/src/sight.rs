//! Which files a preparation can see. Where several hosts share a record the run directories of one
//! of them are kept up to date; on another one nothing is told by what lies there, and what the rows
//! register counts instead. The leader looks again before a stage starts.

use std::cell::RefCell;

use domain::artifact::Artifact;
use domain::change::Change;
use domain::ids::{ArtifactPath, Digest, JobId};
use domain::job::JobRows;
use domain::operator::Via;
use domain::refusal::Refusal;
use rules::{Evidence, Trigger, reduce};
use store::StoreError;

use super::evidence::Files as _;
use super::prepare::Preparer;

/// Where files are looked for.
#[derive(Debug, Default)]
pub(super) enum Sight {
    /// In the run directories.
    #[default]
    Here,
    /// In the rows that were read last; none: there is no such job, or none were read.
    Elsewhere(Option<Box<JobRows>>),
}

/// That of a preparer.
pub(super) type Seeing = RefCell<Sight>;

impl Preparer {
    /// Whether the run directories of this host are kept up to date: it alone has the record, or a
    /// process on it leads, or led last.
    pub(crate) fn is_here(&self) -> Result<bool, StoreError> {
        match &self.host {
            None => Ok(true),
            Some(host) => Ok(self.reader.host_of_files()?.as_ref() == Some(host)),
        }
    }

    /// Finds out where files are to be looked for from now on. Whoever prepares something begins with
    /// this.
    pub(crate) fn look_about(&self) -> Result<(), StoreError> {
        let sight = match self.is_here()? {
            true => Sight::Here,
            false => Sight::Elsewhere(None),
        };
        *self.sight.borrow_mut() = sight;
        Ok(())
    }

    /// Takes note of rows that were read.
    pub(crate) fn see(&self, rows: Option<&JobRows>) {
        if let Sight::Elsewhere(seen) = &mut *self.sight.borrow_mut() {
            *seen = rows.cloned().map(Box::new);
        }
    }

    /// What a stage on this host has made, or may read before it starts here, lies here.
    pub(crate) fn look_here(&self) {
        *self.sight.borrow_mut() = Sight::Here;
    }

    /// Whether files are looked for in rows.
    pub(crate) fn sees_rows_only(&self) -> bool {
        matches!(*self.sight.borrow(), Sight::Elsewhere(_))
    }

    /// What the rows of a job register, where files are looked for in them; none: they are looked for
    /// in its run directory.
    pub(crate) fn registered(&self, job_id: &JobId) -> Result<Option<Vec<Artifact>>, Refusal> {
        let of_another = match &*self.sight.borrow() {
            Sight::Here => return Ok(None),
            Sight::Elsewhere(Some(rows)) if rows.job.id == *job_id => return Ok(Some(rows.artifacts.clone())),
            Sight::Elsewhere(_) => self.reader.job(job_id)?,
        };
        Ok(Some(of_another.map(|rows| rows.artifacts).unwrap_or_default()))
    }

    /// Refuses what would open the gate of a bare stage on files that nobody here has seen.
    pub(crate) fn refuse_unseen(
        &self,
        job_id: &JobId,
        rows: Option<&JobRows>,
        trigger: &Trigger,
        evidence: &Evidence,
        by: &Via,
    ) -> Result<(), Refusal> {
        if evidence.bare.is_empty() || !self.sees_rows_only() {
            return Ok(());
        }
        // What is refused anyway is refused in its own words.
        let Ok(changes) = reduce(job_id, rows, trigger, evidence, self.context(by)) else {
            return Ok(());
        };
        let opened = changes.iter().find_map(|change| {
            let Change::OpenGate(gate) = change else { return None };
            let stage = &gate.key.stage;
            evidence.bare.contains_key(stage).then_some(stage)
        });
        let Some(stage) = opened else { return Ok(()) };
        let home = self.reader.name_of_files()?.unwrap_or_default();
        let what = format!("the gate of {stage} would open next, and its files lie on another host, {home}");
        let hint = "decide there, or over its holdpoint serve with --server";
        Err(Refusal::not_possible(what).with_hint(hint))
    }
}

/// What is registered for a path.
pub(super) fn registered_at(artifacts: &[Artifact], path: &ArtifactPath) -> Option<(Digest, u64)> {
    let found = artifacts.iter().find(|artifact| artifact.path == *path);
    found.map(|artifact| (artifact.digest, artifact.size_bytes))
}

/// The paths of what is registered, sorted.
pub(super) fn names_of(artifacts: &[Artifact]) -> Vec<String> {
    let mut names: Vec<_> = artifacts.iter().map(|artifact| artifact.path.to_string()).collect();
    names.sort();
    names
}
