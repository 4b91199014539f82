//! What operators leave to one another: from the queue, the rows of its jobs, and everybody's drafts.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::draft::Draft;
use domain::handover::{DraftsByName, Handover};
use domain::ids::JobId;
use domain::job::JobRows;
use domain::view::{QueueKind, QueueRow};
use runs::drafts::folder_name;

use super::client::{Client, Unread};

/// The most jobs that are looked through, those with holds, open editors and drafts first.
const JOBS_MAX: usize = 500;

/// What operators leave, by name, and what could not be read of it.
#[derive(Debug, Clone, Default)]
pub struct Handovers {
    pub all: Vec<Handover>,
    pub problems: Vec<String>,
}

impl Client {
    /// What this operator leaves; none: what each leaves who leaves anything. `of`: of the gates of
    /// this job alone.
    pub async fn handovers(&self, by: Option<String>, of: Option<JobId>) -> Result<Handovers, Unread> {
        let mut queue = self.queue().await?;
        queue.retain(|row| row.kind == QueueKind::Gate && of.as_ref().is_none_or(|of| row.job_id == *of));
        let (now, kept) = self.read(|on| Ok((on.clock.now(), on.runs.drafts_of_all()?))).await?;
        let mut problems = kept.problems;
        let mut folders: Vec<(String, Vec<Draft>)> = Vec::new();
        for (folder, drafts) in kept.folders {
            let mut read = Vec::new();
            for (path, bytes) in drafts {
                match serde_json::from_slice::<Draft>(&bytes) {
                    Ok(draft) => read.push(draft),
                    Err(error) => problems.push(format!("{} is no draft: {error}", path.display())),
                }
            }
            folders.push((folder, read));
        }
        let has_draft = |row: &QueueRow| {
            let mut drafts = folders.iter().flat_map(|(_, drafts)| drafts);
            drafts.any(|draft| draft.key.job_id == row.job_id)
        };
        let is_held = |row: &QueueRow| row.timer.as_ref().is_some_and(|timer| timer.hold.is_some());
        queue.retain(|row| row.is_seen || row.lease.is_some() || is_held(row) || has_draft(row));
        queue.sort_by_key(|row| !(row.lease.is_some() || is_held(row) || has_draft(row)));
        let mut wanted: Vec<JobId> = Vec::new();
        for row in queue {
            if !wanted.contains(&row.job_id) && wanted.len() < JOBS_MAX {
                wanted.push(row.job_id);
            } else if wanted.len() == JOBS_MAX && !wanted.contains(&row.job_id) {
                problems.push(format!("only {JOBS_MAX} jobs were looked through"));
                break;
            }
        }
        let mut jobs: Vec<Arc<JobRows>> = Vec::new();
        for job_id in wanted {
            jobs.extend(self.job(&job_id).await?);
        }
        let names = match by {
            Some(by) => BTreeSet::from([by]),
            None => names(&jobs),
        };
        // Folders are named so that they stay in their place; who they belong to say those who are known.
        let known = self::names(&jobs).into_iter().chain(names.iter().cloned()).collect();
        let drafts = named(folders, &known);
        let names: BTreeSet<String> = match names.len() {
            1 => names,
            _ => names
                .into_iter()
                .chain(drafts.iter().map(|(name, _)| name.clone()))
                .collect(),
        };
        let all = names.iter().map(|name| Handover::of(name, &jobs, &drafts, now));
        let all = all
            .filter(|handover| names.len() == 1 || !handover.gates.is_empty())
            .collect();
        Ok(Handovers { all, problems })
    }
}

/// Everybody whom the open gates of these jobs name.
fn names(jobs: &[Arc<JobRows>]) -> BTreeSet<String> {
    let gates = jobs.iter().flat_map(|rows| &rows.gates);
    let mut names = BTreeSet::new();
    for gate in gates.filter(|gate| gate.open_or_refuse().is_ok()) {
        let hold = gate.timer.iter().filter_map(|timer| timer.hold.as_ref());
        names.extend(hold.map(|hold| hold.holder.name.clone()));
        names.extend(gate.lease.iter().map(|lease| lease.holder.name.clone()));
        names.extend(gate.seen.iter().map(|seen| seen.by.clone()));
    }
    names
}

/// Whose a folder is: that of a name that is known, else as it is called.
fn named(folders: Vec<(String, Vec<Draft>)>, names: &BTreeSet<String>) -> DraftsByName {
    let name = |folder: String| match names.iter().find(|name| folder_name(name) == folder) {
        Some(name) => name.clone(),
        None => folder,
    };
    folders
        .into_iter()
        .map(|(folder, drafts)| (name(folder), drafts))
        .collect()
}
