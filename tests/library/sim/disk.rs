//! Files in memory: what is written, what of it is on the platter, and what a loss of power makes
//! of the difference. The publishing here takes the steps of `runs::publish` in its order, with its
//! own renderings of every file.

use std::collections::BTreeMap;
use std::rc::Rc;

use domain::chain::ChainLink;
use domain::event::{predecessors, removed_again};
use domain::gate::GateState;
use domain::ids::{Digest, JobId};
use runs::publish::{event_line, state_file};
use store::OwedRecords;

use super::store::{Plant, Storage};
use crate::support::random::Random;

type Bytes = Rc<Vec<u8>>;

#[derive(Debug, Clone, Default)]
struct File {
    now: Option<Bytes>,
    /// What of it is on the platter, under whichever name.
    data: Option<Bytes>,
    /// What the name that is on the platter leads to.
    before: Option<Bytes>,
    /// Whether its name, or that there is none, is on the platter.
    is_named: bool,
    is_appended: bool,
}

impl File {
    fn on_disk(bytes: Option<Bytes>) -> Self {
        Self {
            now: bytes.clone(),
            data: bytes.clone(),
            before: bytes,
            is_named: true,
            is_appended: false,
        }
    }

    fn settle(&mut self) {
        if self.is_named && self.data == self.now {
            self.before.clone_from(&self.now);
        }
    }

    /// What a loss of power leaves of bytes of which only `self.data` was flushed: all, a part, or
    /// zeros in the midst.
    fn torn(&self, now: &Bytes, random: &mut Random) -> Bytes {
        let flushed = self
            .data
            .as_ref()
            .filter(|data| self.is_appended && now.starts_with(data));
        let flushed = flushed.map_or(0, |data| data.len());
        let cut = if random.one_in(2) {
            0
        } else {
            random.below(now.len() - flushed + 1)
        };
        let mut left = now[..now.len() - cut].to_vec();
        if random.one_in(2) {
            let from = flushed + random.below(left.len() - flushed + 1);
            let to = from + random.below(left.len() - from + 1);
            left[from..to].fill(0);
        }
        Rc::new(left)
    }
}

/// A step that was not taken, and none after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The process died.
    Died,
    /// The operating system said no.
    Error,
    /// The disk takes its time: everything is in place and told, and nothing is flushed for now.
    Slow,
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

    /// Everything is put in place, and nothing is flushed for now.
    pub const SLOW: Self = Self {
        steps: usize::MAX,
        stop: Some(Stop::Slow),
    };

    fn step(&mut self) -> Result<(), Stop> {
        match (self.steps, self.stop) {
            (0, Some(stop)) if stop != Stop::Slow => Err(stop),
            _ => {
                self.steps = self.steps.saturating_sub(1);
                Ok(())
            }
        }
    }
}

/// What one process has put in place of one job and not flushed.
#[derive(Debug, Clone)]
struct Pending {
    process: usize,
    job_id: JobId,
    up_to: u64,
    paths: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
    pending: Vec<Pending>,
}

impl Disk {
    pub fn read(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path)?.now.as_ref().map(|bytes| bytes.as_slice())
    }

    /// Somebody else's hand.
    pub fn put(&mut self, path: &str, bytes: Option<Vec<u8>>) {
        self.files.insert(path.to_owned(), File::on_disk(bytes.map(Rc::new)));
    }

    /// Another file of that name, or none, in place of what was there.
    fn name(&mut self, path: &str, bytes: Option<Vec<u8>>) {
        let file = self.files.entry(path.to_owned()).or_default();
        file.now = bytes.map(Rc::new);
        file.data = None;
        (file.is_named, file.is_appended) = (false, false);
    }

    fn append(&mut self, path: &str, bytes: &[u8]) {
        let file = self.files.entry(path.to_owned()).or_default();
        let mut whole = file.now.as_ref().map(|now| now.to_vec()).unwrap_or_default();
        whole.extend_from_slice(bytes);
        file.now = Some(Rc::new(whole));
        file.is_appended = true;
    }

    /// The flush of a file: its bytes, and not its name.
    fn flush(&mut self, path: &str) {
        if let Some(file) = self.files.get_mut(path) {
            file.data.clone_from(&file.now);
            file.settle();
        }
    }

    /// The flush of its directory: its name, and not its bytes.
    fn flush_name(&mut self, path: &str) {
        if let Some(file) = self.files.get_mut(path) {
            file.is_named = true;
            file.settle();
        }
    }

    fn cut(&mut self, path: &str, end: usize) {
        if let Some(file) = self.files.get_mut(path) {
            let cut = |bytes: &Bytes| Rc::new(bytes[..end.min(bytes.len())].to_vec());
            file.now = file.now.as_ref().map(cut);
            file.data = file.data.as_ref().map(cut);
        }
    }

    fn cut_torn(&mut self, path: &str) {
        let now = self.read(path).unwrap_or_default();
        let end = now.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.cut(path, end);
    }

    /// Cuts off, from the first line above the watermark on that has zeros.
    fn cut_holes(&mut self, path: &str, confirmed: u64) {
        let now = self.read(path).unwrap_or_default();
        let (mut at, mut hole, mut is_above) = (0, None, false);
        for line in now.split_inclusive(|byte| *byte == b'\n') {
            let seq = serde_json::from_slice::<serde_json::Value>(line).ok();
            is_above |= seq.is_none_or(|line| line["seq"].as_u64().is_none_or(|seq| seq > confirmed));
            if is_above && hole.is_none() && line.contains(&0) {
                hole = Some(at);
            }
            at += line.len();
        }
        if let Some(hole) = hole {
            self.cut(path, hole);
        }
    }

    /// Whatever was not flushed is there, is not, or is there in part.
    pub fn lose_power(&mut self, random: &mut Random) {
        self.pending.clear();
        for file in self.files.values_mut() {
            if file.is_named && file.data == file.now {
                continue;
            }
            let left = match &file.now {
                _ if !file.is_named && random.one_in(2) => file.before.clone(),
                Some(now) if file.data.as_ref() != Some(now) && !random.one_in(3) => Some(file.torn(now, random)),
                now => now.clone(),
            };
            *file = File::on_disk(left);
        }
    }

    /// The process is dead: nobody flushes what it has put in place.
    pub fn forget(&mut self, process: usize) {
        self.pending.retain(|pending| pending.process != process);
    }

    /// The disk has taken what this process has put in place: its watermarks rise.
    fn confirm<S: Storage>(&mut self, store: &mut S, process: usize) {
        let (mine, others) = self.pending.drain(..).partition(|pending| pending.process == process);
        self.pending = others;
        let mine: Vec<Pending> = mine;
        for pending in mine {
            pending.paths.iter().for_each(|path| self.flush(path));
            pending.paths.iter().for_each(|path| self.flush_name(path));
            store.mark_published(&pending.job_id, pending.up_to);
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

/// Whether this is what a loss of power leaves of these bytes.
fn is_torn(found: &[u8], bytes: &[u8]) -> bool {
    let is_left = |(at, byte): (usize, &u8)| *byte == 0 || bytes.get(at) == Some(byte);
    found != bytes && found.len() <= bytes.len() && found.iter().enumerate().all(is_left)
}

/// Who publishes with what: a process, and the defect that is planted in it.
pub struct Publisher<'v> {
    pub process: usize,
    pub plant: Plant,
    pub versions: &'v Versions,
}

/// Pays what one job owes, as far as the budget goes.
pub fn publish<S: Storage>(
    store: &mut S,
    disk: &mut Disk,
    by: &Publisher<'_>,
    job_id: &JobId,
    budget: &mut Budget,
) -> Result<(), Stop> {
    let is_slow = budget.stop == Some(Stop::Slow);
    if !is_slow {
        disk.confirm(store, by.process);
    }
    let Some(owed) = store.owed_of(job_id) else {
        return Ok(());
    };
    if owed.up_to <= owed.published_seq {
        return Ok(());
    }
    if by.plant == Plant::WatermarkFirst {
        store.mark_published(job_id, owed.up_to);
    }
    append_chain(store, disk, &owed, by.plant, budget)?;
    let mut paths = put_artifacts(disk, &owed, by.versions, job_id, budget)?;
    let events = format!("{job_id}/events.jsonl");
    if by.plant != Plant::TornLineStays {
        disk.cut_torn(&events);
        disk.cut_holes(&events, owed.published_seq);
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
        let gate = owed.rows.gate(decision.stage(), decision.attempt());
        let path = format!("{job_id}/gates/{}.{}", decision.stage(), decision.attempt());
        let path = match gate.map(|gate| (gate.recall.is_some(), gate.state)) {
            Some((true, _)) => continue,
            Some((false, GateState::Recalled)) => format!("{path}.recalled.json"),
            Some((false, _)) | None => format!("{path}.json"),
        };
        match disk.read(&path) {
            // Whoever named it may have died before it was flushed.
            Some(bytes) if !is_torn(bytes, &sealed.to_file()) => found.push(path),
            Some(_) | None => staged.push((path, sealed.to_file())),
        }
    }
    // The newest of a stage may still be taken back while an older one is owed.
    let mut decisions: Vec<_> = owed.rows.decisions.iter().chain(&owed.decisions).collect();
    decisions.retain(|sealed| owed.rows.is_final(&sealed.decision));
    decisions.sort_by_key(|sealed| sealed.seq);
    for sealed in decisions {
        staged.push((
            format!("{job_id}/gates/{}.json", sealed.decision.stage()),
            sealed.to_file(),
        ));
    }
    // Staged under temporary names: nothing of it is seen.
    budget.step()?;
    for (path, bytes) in &staged {
        disk.name(path, Some(bytes.clone()));
        budget.step()?;
    }
    paths.extend([CHAIN.to_owned(), events]);
    paths.extend(staged.into_iter().map(|(path, _)| path));
    if by.plant != Plant::FoundIsDone {
        paths.extend(found);
    }
    if by.plant == Plant::NamedIsDone {
        store.mark_published(job_id, owed.up_to);
    }
    if is_slow {
        disk.pending.push(Pending {
            process: by.process,
            job_id: job_id.clone(),
            up_to: owed.up_to,
            paths,
        });
        return Ok(());
    }
    for path in &paths {
        disk.flush(path);
        budget.step()?;
    }
    for path in &paths {
        disk.flush_name(path);
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
        Err(stop @ (Stop::Error | Stop::Slow)) => Err(stop),
    }
}

/// The lines behind the first hole in the chain, which is cut with them, where all of them are
/// owed.
fn cut_chain_hole<S: Storage>(store: &mut S, disk: &mut Disk) -> Vec<u8> {
    let now = disk.read(CHAIN).unwrap_or_default().to_vec();
    let lines: Vec<&[u8]> = now.split_inclusive(|byte| *byte == b'\n').collect();
    let is_owed = |line: &[u8]| {
        let Ok(link) = serde_json::from_slice::<ChainLink>(line) else {
            return false;
        };
        let owed = store.owed_of(&link.job_id);
        owed.is_some_and(|owed| owed.decisions.iter().any(|sealed| ChainLink::of(sealed) == link))
    };
    let mut hole = None;
    for (number, line) in lines.iter().enumerate().rev() {
        if line.contains(&0) {
            hole = Some(number);
        } else if !is_owed(line) {
            break;
        }
    }
    let Some(hole) = hole else { return Vec::new() };
    disk.cut(CHAIN, lines[..hole].iter().map(|line| line.len()).sum());
    lines[hole..]
        .iter()
        .filter(|line| !line.contains(&0))
        .copied()
        .collect::<Vec<_>>()
        .concat()
}

fn append_chain<S: Storage>(
    store: &mut S,
    disk: &mut Disk,
    owed: &OwedRecords,
    plant: Plant,
    budget: &mut Budget,
) -> Result<(), Stop> {
    if plant != Plant::TornLineStays {
        disk.cut_torn(CHAIN);
    }
    if plant != Plant::ChainHoleStays {
        let behind = cut_chain_hole(store, disk);
        if !behind.is_empty() {
            append(disk, CHAIN, &behind, budget)?;
        }
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
    }
    budget.step()
}

/// The paths that are to be flushed.
fn put_artifacts(
    disk: &mut Disk,
    owed: &OwedRecords,
    versions: &Versions,
    job_id: &JobId,
    budget: &mut Budget,
) -> Result<Vec<String>, Stop> {
    let mut paths = Vec::new();
    for artifact in &owed.rows.artifacts {
        let path = artifact_file(job_id, artifact.path.as_str());
        let bytes = &versions[&artifact.digest];
        let found = disk.read(&path);
        let mut replaced = predecessors(&owed.events, &artifact.path).peekable();
        if replaced.peek().is_none() {
            continue;
        }
        // Several may be owed: what was torn may be any of them.
        let former = predecessors(&owed.events, &artifact.path).flatten();
        let mut made = former.filter_map(|digest| versions.get(&digest)).chain([bytes]);
        let is_torn = found.is_some_and(|found| made.any(|bytes| is_torn(found, bytes)));
        let found = found.map(Digest::of);
        if found != Some(artifact.digest) && (is_torn || replaced.any(|former| former == found)) {
            disk.name(&path, Some(bytes.clone()));
            budget.step()?;
        }
        paths.push(path);
    }
    for path in removed_again(&owed.events) {
        if owed.rows.registered(&path).is_none() {
            disk.name(&artifact_file(job_id, path.as_str()), None);
            paths.push(artifact_file(job_id, path.as_str()));
        }
    }
    Ok(paths)
}
