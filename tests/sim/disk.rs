//! Files in memory: what is written, what of it is on the platter, and what a loss of power makes of the difference. The publishing
//! here takes the steps of `holdpoint::runs::publish` in its order, with its own renderings of every file.

use std::collections::BTreeMap;
use std::rc::Rc;

use holdpoint::domain::chain::ChainLink;
use holdpoint::domain::event::{predecessors, removed_again};
use holdpoint::domain::ids::{Digest, JobId};
use holdpoint::runs::publish::{event_line, state_file};
use holdpoint::store::Owed;

use super::random::Random;
use super::store::{Plant, Storage};

type Bytes = Rc<Vec<u8>>;

#[derive(Debug, Clone, Default)]
struct File {
    now: Option<Bytes>,
    flushed: Option<Bytes>,
    /// It grew in place; else it was flushed under another name and then got this one: whole, or not there.
    is_appended: bool,
}

/// A step that was not taken, and none after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The process died.
    Died,
    /// The operating system said no.
    Error,
}

/// How many steps go well before one does not.
pub struct Budget {
    pub steps: usize,
    pub stop: Option<Stop>,
}

impl Budget {
    pub const ENDLESS: Self = Self {
        steps: usize::MAX,
        stop: None,
    };

    fn step(&mut self) -> Result<(), Stop> {
        match (self.steps, self.stop) {
            (0, Some(stop)) => Err(stop),
            _ => {
                self.steps = self.steps.saturating_sub(1);
                Ok(())
            }
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
}

impl Disk {
    pub fn read(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path)?.now.as_ref().map(|bytes| bytes.as_slice())
    }

    /// Somebody else's hand.
    pub fn put(&mut self, path: &str, bytes: Option<Vec<u8>>) {
        let bytes = bytes.map(Rc::new);
        let file = File {
            now: bytes.clone(),
            flushed: bytes,
            is_appended: false,
        };
        self.files.insert(path.to_owned(), file);
    }

    fn name(&mut self, path: &str, bytes: Vec<u8>) {
        self.files.entry(path.to_owned()).or_default().now = Some(Rc::new(bytes));
    }

    fn append(&mut self, path: &str, bytes: &[u8]) {
        let file = self.files.entry(path.to_owned()).or_default();
        let mut whole = file.now.as_ref().map(|now| now.to_vec()).unwrap_or_default();
        whole.extend_from_slice(bytes);
        file.now = Some(Rc::new(whole));
        file.is_appended = true;
    }

    fn flush(&mut self, path: &str) {
        if let Some(file) = self.files.get_mut(path) {
            file.flushed = file.now.clone();
        }
    }

    fn cut_torn(&mut self, path: &str) {
        let Some(now) = self.files.get(path).and_then(|file| file.now.clone()) else {
            return;
        };
        let end = now.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if end < now.len() {
            self.name(path, now[..end].to_vec());
        }
    }

    /// Whatever was not flushed is there, is not, or, of what was appended, is there in part.
    pub fn lose_power(&mut self, random: &mut Random) {
        for file in self.files.values_mut() {
            if file.now == file.flushed {
                continue;
            }
            let now = file.now.clone().map(|now| now.to_vec()).unwrap_or_default();
            let before = file.flushed.clone().map(|before| before.to_vec()).unwrap_or_default();
            file.now = match random.below(3) {
                0 => file.flushed.clone(),
                1 if file.is_appended && now.starts_with(&before) => {
                    let kept = before.len() + random.below(now.len() - before.len() + 1);
                    Some(Rc::new(now[..kept].to_vec()))
                }
                _ => file.now.clone(),
            };
            file.flushed = file.now.clone();
        }
    }

    /// Every file whose name begins so, with its bytes.
    pub fn below<'d>(&'d self, folder: &str) -> impl Iterator<Item = (&'d str, &'d [u8])> {
        let folder = folder.to_owned();
        let files = self.files.iter().filter(move |(path, _)| path.starts_with(&folder));
        files.filter_map(|(path, file)| Some((path.as_str(), file.now.as_ref()?.as_slice())))
    }
}

pub const CHAIN: &str = "chain.jsonl";

pub fn artifact_file(job_id: &JobId, path: &str) -> String {
    format!("{job_id}/{path}")
}

/// The contents of an artifact's versions, by digest.
pub type Versions = BTreeMap<Digest, Vec<u8>>;

fn last_seq(bytes: Option<&[u8]>) -> u64 {
    let line = bytes
        .unwrap_or_default()
        .split(|byte| *byte == b'\n')
        .rfind(|line| !line.is_empty());
    let line = line.and_then(|line| serde_json::from_slice::<serde_json::Value>(line).ok());
    line.and_then(|line| line["seq"].as_u64()).unwrap_or(0)
}

/// Pays what one job owes, as far as the budget goes.
pub fn publish<S: Storage>(
    store: &mut S,
    disk: &mut Disk,
    versions: &Versions,
    plant: Plant,
    job_id: &JobId,
    budget: &mut Budget,
) -> Result<(), Stop> {
    let Some(owed) = store.owed_of(job_id) else {
        return Ok(());
    };
    if owed.up_to <= owed.published_seq {
        return Ok(());
    }
    if plant == Plant::WatermarkFirst {
        store.mark_published(job_id, owed.up_to);
    }
    append_chain(disk, &owed, plant, budget)?;
    put_artifacts(disk, &owed, versions, job_id, budget)?;
    let events = format!("{job_id}/events.jsonl");
    if plant != Plant::TornLineStays {
        disk.cut_torn(&events);
    }
    let last = last_seq(disk.read(&events));
    let mut lines = Vec::new();
    for event in owed.events.iter().filter(|event| event.seq > last) {
        lines.extend(event_line(event).expect("an event has a line"));
    }
    append(disk, &events, &lines, budget)?;
    let (mut staged, mut found) = (Vec::new(), Vec::new());
    let state = state_file(&owed.rows, owed.up_to, owed.status_since).expect("rows have a form");
    staged.push((format!("{job_id}/state.json"), state));
    for sealed in &owed.decisions {
        let decision = &sealed.decision;
        let path = format!("{job_id}/gates/{}.{}.json", decision.stage(), decision.attempt());
        if disk.read(&path).is_none() {
            staged.push((path, sealed.to_file()));
        } else {
            // Whoever named it may have died before the name was flushed.
            found.push(path);
        }
    }
    for sealed in &owed.rows.decisions {
        staged.push((
            format!("{job_id}/gates/{}.json", sealed.decision.stage()),
            sealed.to_file(),
        ));
    }
    // Staged and flushed under temporary names: nothing of it is seen.
    budget.step()?;
    disk.flush(&events);
    budget.step()?;
    for (path, bytes) in &staged {
        disk.name(path, bytes.clone());
        budget.step()?;
    }
    for path in staged.iter().map(|(path, _)| path).chain(&found) {
        disk.flush(path);
    }
    budget.step()?;
    store.mark_published(job_id, owed.up_to);
    budget.step()
}

fn append(disk: &mut Disk, path: &str, lines: &[u8], budget: &mut Budget) -> Result<(), Stop> {
    match budget.step() {
        Ok(()) => {
            disk.append(path, lines);
            Ok(())
        }
        Err(Stop::Died) => {
            disk.append(path, &lines[..lines.len() / 2]);
            Err(Stop::Died)
        }
        Err(Stop::Error) => Err(Stop::Error),
    }
}

fn append_chain(disk: &mut Disk, owed: &Owed, plant: Plant, budget: &mut Budget) -> Result<(), Stop> {
    if plant != Plant::TornLineStays {
        disk.cut_torn(CHAIN);
    }
    let known = disk.read(CHAIN).unwrap_or_default().to_vec();
    let mut lines = Vec::new();
    for sealed in &owed.decisions {
        let line = ChainLink::of(sealed).line();
        if !known
            .split_inclusive(|byte| *byte == b'\n')
            .any(|other| other == line.as_slice())
        {
            lines.extend(line);
        }
    }
    if !lines.is_empty() {
        append(disk, CHAIN, &lines, budget)?;
        disk.flush(CHAIN);
    }
    budget.step()
}

fn put_artifacts(
    disk: &mut Disk,
    owed: &Owed,
    versions: &Versions,
    job_id: &JobId,
    budget: &mut Budget,
) -> Result<(), Stop> {
    for artifact in &owed.rows.artifacts {
        let path = artifact_file(job_id, artifact.path.as_str());
        let found = disk.read(&path).map(Digest::of);
        let is_ours = predecessors(&owed.events, &artifact.path).any(|former| former == found);
        if is_ours && found != Some(artifact.digest) {
            disk.name(&path, versions[&artifact.digest].clone());
            disk.flush(&path);
            budget.step()?;
        }
    }
    for path in removed_again(&owed.events) {
        if owed.rows.registered(&path).is_none() {
            disk.put(&artifact_file(job_id, path.as_str()), None);
        }
    }
    Ok(())
}
