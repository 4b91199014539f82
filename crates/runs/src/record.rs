//! Reads the record as it lies in the runs directory, for whoever compares it with the rows: lines
//! with their places, whole files, the names in `gates/`. Nothing here is written, and nothing is
//! taken for true.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::atomic;
use super::error::{Doing, IfThere, Result, RunsError};
use super::layout::{RunDir, RunsDir, entries};
use super::publish::{CHAIN_DISORDER_MAX, StateFile};
use super::{jsonl, locks};
use domain::chain::ChainLink;
use domain::decision::SealedDecision;
use domain::ids::{Digest, StageName};

/// The most bytes of a line that is looked at: an event bears a patch of 1 MiB at most, and JSON
/// may write a byte as six.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The most bytes of a decision file or `state.json` that are looked at.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// Its bytes, the line end among them.
    pub bytes: Vec<u8>,
    /// From 1.
    pub number: u64,
    /// Where it begins, in bytes from the beginning of the file.
    pub offset: u64,
}

impl FileLine {
    /// Whether it has its line end; without one it is the last, and torn.
    pub fn is_whole(&self) -> bool {
        self.bytes.ends_with(b"\n")
    }
}

/// The lines of a file, one after the other.
#[derive(Debug)]
pub struct FileLines {
    reader: BufReader<File>,
    path: PathBuf,
    number: u64,
    offset: u64,
}

impl FileLines {
    /// Opens a file of lines. None: there is no such file. Never blocks, never follows a symlink in
    /// the last part.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let Some(file) = atomic::open_regular(path)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            reader: BufReader::with_capacity(64 * 1024, file),
            path: path.to_owned(),
            number: 0,
            offset: 0,
        }))
    }

    /// The next line; none at the end.
    pub fn next_line(&mut self) -> Result<Option<FileLine>> {
        let mut bytes = Vec::new();
        let mut limited = (&mut self.reader).take(LINE_BYTES_MAX);
        limited.read_until(b'\n', &mut bytes).doing("read", &self.path)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.len() as u64 >= LINE_BYTES_MAX {
            let reason = format!("line {} has more than {LINE_BYTES_MAX} bytes", self.number + 1);
            return Err(RunsError::refused("read", &self.path, reason));
        }
        let line = FileLine {
            number: self.number + 1,
            offset: self.offset,
            bytes,
        };
        self.number = line.number;
        self.offset += line.bytes.len() as u64;
        Ok(Some(line))
    }
}

/// A whole file of the record. None: there is no such file. Never blocks, never follows a symlink
/// in the last part.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    atomic::read_regular(path, FILE_BYTES_MAX)
}

/// Whether a line is an event of the old system: six keys, and none of those that are ours alone.
pub fn is_old_event(line: &[u8]) -> bool {
    const OLD_KEYS: [&str; 6] = ["ts", "type", "stage", "status", "message", "payload"];
    let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line);
    object.is_ok_and(|object| object.len() == OLD_KEYS.len() && OLD_KEYS.iter().all(|key| object.contains_key(*key)))
}

/// What `state.json` of a run directory says. None: there is none, or it is not one of ours (the
/// old system wrote such files too).
pub fn state(run: &RunDir) -> Result<Option<StateFile>> {
    let bytes = read(&run.state())?.unwrap_or_default();
    Ok(serde_json::from_slice(&bytes).ok())
}

/// Whether a run directory is one of the old system's: it has a state, events or decisions, and no
/// state of ours.
pub fn is_old(run: &RunDir) -> Result<bool> {
    let has_record = is_file(&run.state()) || is_file(&run.events()) || !gate_files(run)?.is_empty();
    Ok(has_record && state(run)?.is_none())
}

/// Whether a regular file lies there, looked at by name only.
pub fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// A file in `gates/` that is named as a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GateFile {
    pub stage: StageName,
    /// The attempt; none: the stage's newest.
    pub attempt: Option<u32>,
    /// Whether the decision was taken back.
    pub is_recalled: bool,
}

impl GateFile {
    /// Reads a file name: `script.json`, `script.2.json`, `script.2.recalled.json`. None: it is no decision's.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".json")?;
        let recalled = stem.strip_suffix(".recalled");
        let (stage, attempt) = match recalled.unwrap_or(stem).split_once('.') {
            None if recalled.is_some() => return None,
            None => (stem, None),
            Some((stage, number)) => {
                let attempt = number.parse::<u32>().ok().filter(|attempt| *attempt > 0)?;
                // One name for each attempt: no `script.01.json`.
                (attempt.to_string() == number).then_some((stage, Some(attempt)))?
            }
        };
        Some(Self {
            stage: StageName::new(stage).ok()?,
            attempt,
            is_recalled: recalled.is_some(),
        })
    }

    /// Where it lies.
    pub fn path(&self, run: &RunDir) -> PathBuf {
        match self.attempt {
            Some(attempt) if self.is_recalled => run.recalled_decision_of(&self.stage, attempt),
            Some(attempt) => run.decision_of(&self.stage, attempt),
            None => run.decision(&self.stage),
        }
    }
}

/// The files in `gates/` that are named as decisions, sorted; none when there is no such directory.
pub fn gate_files(run: &RunDir) -> Result<Vec<GateFile>> {
    names_in(&run.gates(), GateFile::parse)
}

/// The kept versions of a run directory, by name; other names are passed over.
pub fn version_files(run: &RunDir) -> Result<Vec<Digest>> {
    names_in(&run.versions(), |name| {
        let digest = Digest::parse(name).ok();
        digest.filter(|digest| digest.to_string() == name)
    })
}

/// What `read` makes of the names in a directory, sorted; nothing where there is none.
fn names_in<T: Ord>(directory: &Path, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let mut found = Vec::new();
    for entry in entries(directory)? {
        found.extend(entry?.file_name().to_str().and_then(&read));
    }
    found.sort();
    Ok(found)
}

/// The digest of what a kept version's file really holds. None: there is no such file.
pub fn version_digest(run: &RunDir, digest: &Digest) -> Result<Option<Digest>> {
    let path = run.version(digest);
    let Some(lines) = FileLines::open(&path)? else {
        return Ok(None);
    };
    let mut reader = lines.reader;
    let mut hasher = Sha256::new();
    loop {
        let bytes = reader.fill_buf().doing("read", &path)?;
        if bytes.is_empty() {
            return Ok(Some(Digest::from_bytes(hasher.finalize().into())));
        }
        hasher.update(bytes);
        let length = bytes.len();
        reader.consume(length);
    }
}

/// Keeps publishers out as long as it lives, so that files and rows are compared at rest.
#[derive(Debug)]
pub struct PublishGuard {
    _locked: Option<File>,
}

/// Waits until nobody publishes, with patience that ends. Works for readers who may not write: only
/// the lock's file is opened. Where there is none, nobody has ever published.
pub fn keep_publishers_out(runs: &RunsDir) -> Result<PublishGuard> {
    let path = runs.publish_lock();
    let file = File::open(&path).doing("open", &path).if_there()?;
    if let Some(file) = &file {
        locks::take_publish_lock(file, &path, locks::PUBLISH_PATIENCE)?;
    }
    Ok(PublishGuard { _locked: file })
}

/// The links near the end of `chain.jsonl` whose decisions come after this one. Damaged lines are
/// passed over.
pub fn links_after(runs: &RunsDir, seq: u64) -> Result<Vec<ChainLink>> {
    let path = runs.chain();
    let Some(file) = File::open(&path).doing("open", &path).if_there()? else {
        return Ok(Vec::new());
    };
    let length = file.metadata().doing("examine", &path)?.len();
    let (mut links, mut seen) = (Vec::new(), 0);
    jsonl::lines_back(&file, length, |line| {
        let link = serde_json::from_slice::<ChainLink>(line).ok();
        links.extend(link.filter(|link| link.seq > seq));
        seen += 1;
        // Jobs publish side by side, so the newest link is near the end and not always at it.
        if seen < CHAIN_DISORDER_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })
    .doing("read", &path)?;
    Ok(links)
}

/// Whether a decision file of the link's job is this decision: a damaged line alone is no witness.
pub fn is_filed(runs: &RunsDir, link: &ChainLink) -> Result<bool> {
    let run = runs.run(&link.job_id);
    for file in gate_files(&run)? {
        let bytes = read(&file.path(&run))?.unwrap_or_default();
        let sealed = serde_json::from_slice::<SealedDecision>(&bytes).ok();
        if sealed.is_some_and(|sealed| ChainLink::of(&sealed) == *link && sealed.computed_hash() == link.hash) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use domain::ids::JobId;

    #[test]
    fn lines_know_their_places_and_whether_they_are_whole() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"one\n\nthree\nto").unwrap();
        let mut lines = FileLines::open(file.path()).unwrap().unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push((
                line.number,
                line.offset,
                line.is_whole(),
                String::from_utf8(line.bytes).unwrap(),
            ));
        }
        let told = |number, offset, is_whole, text: &str| (number, offset, is_whole, text.to_owned());
        assert_eq!(
            all,
            [
                told(1, 0, true, "one\n"),
                told(2, 4, true, "\n"),
                told(3, 5, true, "three\n"),
                told(4, 11, false, "to")
            ]
        );
        assert!(FileLines::open(Path::new("/nowhere/at/all")).unwrap().is_none());
    }

    #[test]
    fn names_of_decisions_are_told_from_others() {
        let parsed = |name| GateFile::parse(name).map(|file| (file.stage.to_string(), file.attempt));
        assert_eq!(parsed("script.json"), Some(("script".to_owned(), None)));
        assert_eq!(parsed("script.12.json"), Some(("script".to_owned(), Some(12))));
        for other in [
            "script.open.json",
            "script.0.json",
            "script.01.json",
            ".publish-x.tmp",
            "Script.json",
            "script",
        ] {
            assert_eq!(parsed(other), None, "{other}");
        }
    }

    #[test]
    fn versions_are_hashed_as_they_lie() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        let (digest, _) = super::super::versions::keep(&run, b"306.0").unwrap();
        assert_eq!(version_files(&run).unwrap(), [digest]);
        assert_eq!(version_digest(&run, &digest).unwrap(), Some(digest));
        File::create(run.version(&digest)).unwrap().write_all(b"306.1").unwrap();
        assert_eq!(version_digest(&run, &digest).unwrap(), Some(Digest::of(b"306.1")));
        assert_eq!(version_digest(&run, &Digest::ZERO).unwrap(), None);
    }
}
