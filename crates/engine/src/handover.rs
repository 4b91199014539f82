//! What operators leave to one another: from the queue, the rows of its jobs, and everybody's drafts
//! and marks.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use domain::draft::Draft;
use domain::handover::{Handover, KeptMarks, Unsent};
use domain::ids::JobId;
use domain::job::JobRows;
use domain::key::GateKey;
use domain::time::Now;
use domain::view::{QueueKind, QueueRow};
use runs::drafts::{DraftsFolder, folder_name};

use super::client::{Client, Unread};
use super::questions;

/// The most jobs that are looked through, those with holds, open editors, drafts and marks first.
const JOBS_MAX: usize = 500;

/// What operators leave, by name, and what could not be read of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Handovers {
    pub all: Vec<Handover>,
    pub problems: Vec<String>,
    /// When it was read.
    pub now: Now,
}

impl Client {
    /// What this operator leaves; none: what each leaves who leaves anything.
    pub async fn handovers(&self, by: Option<String>) -> Result<Handovers, Unread> {
        self.ask(questions::Handed { by_name: by }).await
    }

    pub(super) async fn find_handovers(&self, by: Option<String>) -> Result<Handovers, Unread> {
        let (now, folders, mut problems) = self.unsent(None).await?;
        let queue = self.queue().await?;
        let mut jobs: Vec<Arc<JobRows>> = Vec::new();
        for job_id in wanted(queue, &folders, &mut problems) {
            jobs.extend(self.job(&job_id).await?);
        }
        Ok(Handovers {
            all: of_names(by, &jobs, folders, now),
            problems,
            now,
        })
    }

    /// What operators leave of one gate: of nothing else anything is read.
    pub async fn handovers_of(&self, key: &GateKey) -> Result<Handovers, Unread> {
        self.ask(questions::HandedOf { key: key.clone() }).await
    }

    pub(super) async fn find_handovers_of(&self, key: &GateKey) -> Result<Handovers, Unread> {
        let (now, folders, problems) = self.unsent(Some(Draft::new(key.clone()).file_name())).await?;
        let jobs: Vec<_> = self.job(&key.job_id).await?.into_iter().collect();
        let mut all = of_names(None, &jobs, folders, now);
        all.iter_mut().for_each(|one| one.gates.retain(|gate| gate.key == *key));
        all.retain(|one| !one.gates.is_empty());
        Ok(Handovers { all, problems, now })
    }

    /// What everybody has written about one gate, and what could not be read.
    pub async fn drafts_of(&self, key: &GateKey) -> Result<(Vec<Draft>, Vec<String>), Unread> {
        let (_, folders, problems) = self.unsent(Some(Draft::new(key.clone()).file_name())).await?;
        let named = folders.into_iter().flat_map(|(folder, unsent)| {
            let owner = if unsent.by.is_empty() { folder } else { unsent.by };
            unsent.drafts.into_iter().map(move |draft| Draft {
                by: Some(owner.clone()),
                ..draft
            })
        });
        // What lies under the name of one gate's draft may say that it is another's.
        let drafts = named.filter(|draft| draft.key == *key && !draft.is_empty());
        Ok((drafts.collect(), problems))
    }

    /// What everybody has written and marked, by folder; `only`: just the drafts of this name.
    async fn unsent(&self, only: Option<String>) -> Result<(Now, Vec<(String, Unsent)>, Vec<String>), Unread> {
        let read = self.read(move |on| Ok((on.clock.now(), on.runs.drafts_of_all(only.as_deref())?)));
        let (now, kept) = read.await?;
        let mut problems = kept.problems;
        let folders = kept.folders.into_iter().map(|folder| parsed(folder, &mut problems));
        Ok((now, folders.collect(), problems))
    }
}

/// A folder's name, and what is in it as its owner's, as far as it says whose it is.
fn parsed(folder: DraftsFolder, problems: &mut Vec<String>) -> (String, Unsent) {
    let mut unsent = Unsent::default();
    let is_of_folder = |by: &str| folder_name(by) == folder.name;
    let mut wrong = |path: &Path, what: &str, error: &serde_json::Error| {
        problems.push(format!("{} is no {what}: {error}", path.display()));
    };
    for (path, bytes) in &folder.drafts {
        match serde_json::from_slice::<Draft>(bytes) {
            Ok(draft) => {
                if let Some(by) = draft.by.as_ref().filter(|by| is_of_folder(by)) {
                    unsent.by.clone_from(by);
                }
                unsent.drafts.push(draft);
            }
            Err(error) => wrong(path, "draft", &error),
        }
    }
    if let Some((path, bytes)) = &folder.marks {
        match serde_json::from_slice::<KeptMarks>(bytes) {
            Ok(kept) => {
                if is_of_folder(&kept.by) {
                    unsent.by = kept.by;
                }
                unsent.marks = kept.gates;
            }
            Err(error) => wrong(path, "list of marks", &error),
        }
    }
    (folder.name, unsent)
}

/// The jobs that are looked through: those of which somebody may leave something.
fn wanted(mut queue: Vec<QueueRow>, folders: &[(String, Unsent)], problems: &mut Vec<String>) -> Vec<JobId> {
    let drafts = folders
        .iter()
        .flat_map(|(_, unsent)| &unsent.drafts)
        .map(|draft| &draft.key);
    let marks = folders
        .iter()
        .flat_map(|(_, unsent)| &unsent.marks)
        .map(|mark| &mark.key);
    let unsent: BTreeSet<_> = drafts.chain(marks).map(|key| &key.job_id).collect();
    let is_held = |row: &QueueRow| row.timer.as_ref().is_some_and(|timer| timer.hold.is_some());
    let waits = |row: &QueueRow| row.lease.is_some() || is_held(row) || unsent.contains(&row.job_id);
    queue.retain(|row| row.kind == QueueKind::Gate && (row.is_seen || waits(row)));
    queue.sort_by_key(|row| !waits(row));
    let mut known = BTreeSet::new();
    let mut wanted: Vec<_> = queue.into_iter().map(|row| row.job_id).collect();
    wanted.retain(|job_id| known.insert(job_id.clone()));
    if wanted.len() > JOBS_MAX {
        problems.push(format!("only {JOBS_MAX} jobs were looked through"));
        wanted.truncate(JOBS_MAX);
    }
    wanted
}

/// What this operator leaves of these jobs; none: what each leaves who leaves anything.
fn of_names(by: Option<String>, jobs: &[Arc<JobRows>], folders: Vec<(String, Unsent)>, now: Now) -> Vec<Handover> {
    // Folders are named so that they stay in their place. Whose they are says what lies in them;
    // of what former versions kept, whoever is known by that name.
    let mut known = names(jobs);
    known.extend(by.clone());
    let named = folders.into_iter().map(|(folder, mut unsent)| {
        if unsent.by.is_empty() {
            let owner = known.iter().find(|name| folder_name(name) == folder);
            unsent.by = owner.cloned().unwrap_or(folder);
        }
        unsent
    });
    let unsent: Vec<Unsent> = named.collect();
    if let Some(by) = by {
        return vec![Handover::of(&by, jobs, &unsent, now)];
    }
    let mut all = known;
    all.extend(unsent.iter().map(|one| one.by.clone()));
    let all = all.iter().map(|name| Handover::of(name, jobs, &unsent, now));
    all.filter(|handover| !handover.gates.is_empty()).collect()
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
