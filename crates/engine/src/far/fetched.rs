//! The bytes of versions, by their digest: they never change, so they come over the line once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::Digest;
use runs::RunsDir;

/// The most bytes that are kept in memory; on disk are more (`runs::fetched`).
const MEMORY_BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Default)]
struct Kept {
    versions: HashMap<Digest, Arc<[u8]>>,
    order: VecDeque<Digest>,
    bytes: usize,
}

/// Those that came, in memory and on this machine's disk.
pub(super) struct Fetched {
    memory: Mutex<Kept>,
    desk: RunsDir,
}

impl Fetched {
    pub(super) fn new(desk: RunsDir) -> Self {
        let memory = Mutex::default();
        Self { memory, desk }
    }

    /// The bytes; none: they have not come yet, or were forgotten.
    pub(super) async fn get(&self, digest: Digest) -> Option<Arc<[u8]>> {
        let kept = self
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .versions
            .get(&digest)
            .cloned();
        if kept.is_some() {
            return kept;
        }
        let desk = self.desk.clone();
        // What cannot be read is fetched once more.
        let read = tokio::task::spawn_blocking(move || desk.fetched(&digest)).await;
        let bytes: Arc<[u8]> = read.ok()?.ok()??.into();
        self.remember(digest, &bytes);
        Some(bytes)
    }

    /// Keeps what came.
    pub(super) fn keep(&self, bytes: &Arc<[u8]>) {
        let digest = Digest::of(bytes);
        if !self.remember(digest, bytes) {
            return;
        }
        let (desk, bytes) = (self.desk.clone(), Arc::clone(bytes));
        tokio::task::spawn_blocking(move || {
            if let Err(error) = desk.keep_fetched(&digest, &bytes) {
                tracing::debug!("a version is not kept: {error}");
            }
        });
    }

    /// Whether it was not kept in memory before.
    fn remember(&self, digest: Digest, bytes: &Arc<[u8]>) -> bool {
        let mut kept = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.versions.insert(digest, Arc::clone(bytes)).is_some() {
            return false;
        }
        kept.order.push_back(digest);
        kept.bytes += bytes.len();
        while kept.bytes > MEMORY_BYTES_MAX {
            let oldest = kept.order.pop_front().and_then(|oldest| kept.versions.remove(&oldest));
            match oldest {
                Some(oldest) => kept.bytes -= oldest.len(),
                None => break,
            }
        }
        true
    }
}
