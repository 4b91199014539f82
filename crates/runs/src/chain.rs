//! `chain.jsonl` of a host that has not written all of it: links that other hosts published are added
//! behind what is there, in their order.

use std::fs::File;
use std::sync::Arc;

use super::error::{Doing, Result};
use super::jsonl;
use super::layout::{CHAIN_FILE, RunsDir};
use super::locks;
use super::open_directory::OpenDirectory;
use domain::chain::ChainLink;

/// Adds links, with all publishers kept out.
#[derive(Debug)]
pub struct LinkAppender {
    runs: RunsDir,
    /// Of the directory, for its flush.
    top: Arc<OpenDirectory>,
    file: File,
    _locked: File,
}

impl LinkAppender {
    /// Waits for whoever publishes; cuts a line that is torn.
    pub fn open(runs: &RunsDir) -> Result<Self> {
        let lock_path = runs.publish_lock();
        let lock = runs.append(&lock_path)?;
        locks::take_publish_lock(&lock, &lock_path, locks::PUBLISH_PATIENCE)?;
        let top = Arc::new(OpenDirectory::top(runs.path(), runs.modes())?);
        let file = top.append(CHAIN_FILE)?;
        jsonl::cut_torn(&file).doing("read", &runs.chain())?;
        Ok(Self {
            runs: runs.clone(),
            top,
            file,
            _locked: lock,
        })
    }

    pub fn append<'a>(&mut self, links: impl Iterator<Item = &'a ChainLink>) -> Result<()> {
        let lines: Vec<u8> = links.flat_map(ChainLink::line).collect();
        jsonl::append(&self.file, &lines, "chain_torn").doing("write", &self.runs.chain())
    }

    /// All of it is on disk when this returns.
    pub fn flush(self) -> Result<()> {
        self.file.sync_all().doing("flush", &self.runs.chain())?;
        self.top.flush()
    }
}
