//! Writes run directories from the rows: on a host that does not have them, or into a directory for
//! somebody else.

use std::collections::BTreeSet;

use domain::ids::{Digest, JobId};
use runs::locks::PUBLISH_PATIENCE;
use runs::{RunsDir, publish, record};
use store::Reader;

use super::audit::other_home;
use super::completing::{Bytes, complete_chain};
use super::named::{all_versions, versions_named};
use super::owed_files::{PUBLISH_JOBS_MAX, request, request_above};
use super::trouble::Trouble;

/// Jobs that are read at once.
const PAGE: u32 = 500;

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// Where the record's own run directories are on this host.
    pub runs: &'a RunsDir,
    /// Where to write, where that is another place.
    pub to: Option<&'a RunsDir>,
    pub reader: &'a Reader,
    /// All versions that the job ever had; else only those of its artifacts.
    pub has_versions: bool,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    pub jobs: u64,
    /// How many versions lie there now, where all were asked for.
    pub versions: u64,
    /// What could not be written or was left as it lay, a line each.
    pub left: Vec<String>,
}

impl Export<'_> {
    /// Writes these jobs; none: all of them, and the whole chain.
    pub fn write(&self, jobs: Option<&[JobId]>) -> Result<Exported, Trouble> {
        let mut exported = Exported::default();
        let all = match self.has_versions && self.reader.is_shared() {
            true => all_versions(self.reader)?,
            false => BTreeSet::new(),
        };
        let mut group = |jobs: &[JobId]| {
            let mut groups = jobs.chunks(PUBLISH_JOBS_MAX as usize);
            groups.try_for_each(|group| self.group(group, &all, &mut exported))
        };
        if let Some(jobs) = jobs {
            group(jobs)?;
            return Ok(exported);
        }
        complete_chain(self.target(), self.reader)?;
        let mut after = String::new();
        loop {
            let marks = self.reader.marks(&after, PAGE)?;
            let Some(last) = marks.last() else { break };
            after.clone_from(&last.id);
            // A name that is none is found by doctor.
            let jobs: Vec<_> = marks.iter().filter_map(|mark| JobId::new(&mark.id).ok()).collect();
            group(&jobs)?;
        }
        Ok(exported)
    }

    fn target(&self) -> &RunsDir {
        self.to.unwrap_or(self.runs)
    }

    fn group(&self, jobs: &[JobId], all: &BTreeSet<Digest>, exported: &mut Exported) -> Result<(), Trouble> {
        let target = self.target();
        let bytes = match self.reader.is_shared() {
            true => Bytes::Record(self.reader),
            false => Bytes::Kept(self.runs),
        };
        // Where they are kept up to date, what lies there may be a stage's or somebody's, as always.
        let is_home = self.to.is_none() && other_home(self.runs, self.reader)?.is_none();
        let reload = |job_id: &JobId| match is_home {
            true => request(target, self.reader, job_id, 0),
            false => request_above(target, self.reader, job_id, 0, 0, Some(bytes)),
        };
        let (published, unconfirmed) = publish::publish(target, jobs, PUBLISH_PATIENCE, reload)?;
        for one in published {
            let job_id = &one.job_id;
            exported
                .left
                .extend(one.findings.iter().map(|finding| format!("{job_id}: {finding}")));
            match one.result {
                Ok(Some(_)) => exported.jobs += 1,
                Ok(None) => exported.left.push(format!("{job_id}: there is no such job")),
                Err(error) => exported.left.push(format!("{job_id}: {error}")),
            }
            if self.has_versions {
                exported.versions += self.versions(job_id, all, bytes)?;
            }
        }
        for (job_id, _, flushed) in unconfirmed.flush() {
            if let Err(error) = flushed {
                exported.left.push(format!("{job_id}: {error}"));
            }
        }
        Ok(())
    }

    fn versions(&self, job_id: &JobId, all: &BTreeSet<Digest>, bytes: Bytes<'_>) -> Result<u64, Trouble> {
        let run = self.target().run(job_id);
        let named = match self.reader.is_shared() {
            true => versions_named(self.reader, job_id, all)?.into_iter().collect(),
            false => record::version_files(&self.runs.run(job_id))?,
        };
        for digest in &named {
            bytes.fetch(&run, digest)?;
        }
        Ok(named.len() as u64)
    }
}
