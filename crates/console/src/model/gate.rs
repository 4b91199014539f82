//! The gate of the selected row.

use std::sync::Arc;

use super::file::{Content, FileView};
use super::reading::ReadProgress;
use super::standing::FrameContents;
use diff::search::Hit;
use domain::artifact::GateArtifact;
use domain::decision::Extent;
use domain::gate::Gate;
use domain::ids::{ArtifactPath, Digest};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::look::{former_look, outdated_look};

/// How often the files are read again while the disk is behind, before that counts as a change by
/// somebody else.
const REREADS_MAX: u32 = 10;

/// How many bytes of files that are not on screen, their bases included, are kept ready; beyond
/// that only their digests.
const KEPT_BYTES_MAX: u64 = 32 << 20;

/// How many files are read at a time: a gate of a hundred files must not be in memory all at once.
const READINGS_MAX: usize = 2;

/// A search in the diff.
#[derive(Debug, Clone, Default)]
pub struct DiffSearch {
    /// What is searched for; none: nothing.
    pub text: Option<String>,
    /// The last match.
    pub(crate) hit: Option<Hit>,
    /// The search under way.
    pub(crate) number: u64,
}

/// What of a gate was on the screen, and what of that is recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct SeenOfGate {
    /// What stands on the terminal.
    pub(crate) standing: Option<FrameContents>,
    /// Whether a gate without files was on the screen.
    pub(crate) is_bare_shown: bool,
    /// When more of it was shown last, on the boot clock.
    pub(crate) boot_us: i64,
    /// How much was recorded as seen, and of which digest.
    pub(crate) recorded: Option<(Digest, Extent)>,
}

/// How often the files were read again because the disk was behind, and when last, on the boot
/// clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rereads {
    pub(crate) count: u32,
    pub(crate) boot_us: i64,
}

/// The gate pane.
#[derive(Debug, Clone)]
pub struct GateView {
    /// Which gate.
    pub(crate) key: GateKey,
    /// Its slug, for the label.
    pub(crate) slug: String,
    /// The whole job; none while loading.
    pub(crate) rows: Option<Arc<JobRows>>,
    /// Rises with every (re)load of the files.
    pub(crate) generation: u64,
    /// The files under review.
    pub files: Vec<FileView>,
    /// The file on screen.
    pub(crate) file: usize,
    /// The file that the patch in the editor is for, where that is not the one on screen.
    pub(crate) aimed: Option<ArtifactPath>,
    pub search: DiffSearch,
    /// Whether only what changed since it was read is to be shown, as soon as it is known.
    pub(crate) wants_since_read: bool,
    /// The digest of which it was shown what changed since the operator looked.
    pub(crate) since_shown: Option<Digest>,
    pub(crate) seen: SeenOfGate,
    /// Whether it was said that there is nothing more to read.
    pub(crate) is_end_told: bool,
    /// Whether reading on has led here: who has not seen it yet answers nothing about it.
    pub(crate) is_read_to: bool,
    /// Since when it stands on the terminal, on the boot clock; none: it was on no frame yet.
    pub(crate) drawn_boot_us: Option<i64>,
    /// Whether it is read on from the queue: a low window then gives its rows to the diff.
    pub(crate) is_read_on: bool,
    /// While the disk is behind.
    pub(crate) rereads: Rereads,
}

impl GateView {
    /// Why it is open again on what lies there; none: it is its stage's turn.
    pub(crate) fn review(&self) -> Option<String> {
        self.rows.as_deref()?.review_words(self.gate()?)
    }

    /// A view that waits for its answers.
    pub fn new(key: GateKey, slug: String, generation: u64) -> Self {
        Self {
            key,
            slug,
            rows: None,
            generation,
            files: Vec::new(),
            file: 0,
            aimed: None,
            search: DiffSearch::default(),
            wants_since_read: false,
            since_shown: None,
            seen: SeenOfGate::default(),
            is_end_told: false,
            is_read_to: false,
            drawn_boot_us: None,
            is_read_on: false,
            rereads: Rereads::default(),
        }
    }

    /// The gate as stored.
    pub(crate) fn gate(&self) -> Option<&Gate> {
        self.rows.as_ref()?.gate(&self.key.stage, self.key.attempt)
    }

    /// The next file to read, and whether with everything that is shown of it: the one on screen
    /// and its neighbours first, then the others, of which only the digest is needed once there are
    /// enough in memory. None: all are read, or enough are under way.
    pub(crate) fn next_reading(&self) -> Option<(usize, bool)> {
        let under_way = self
            .files
            .iter()
            .filter(|file| matches!(file.reading.progress, ReadProgress::Asked { .. }))
            .count();
        if under_way >= READINGS_MAX {
            return None;
        }
        let near = [
            Some(self.file),
            self.aimed_file(),
            self.file.checked_add(1),
            self.file.checked_sub(1),
        ];
        let near = near.into_iter().flatten().filter(|index| *index < self.files.len());
        let mut kept: u64 = self.files.iter().map(FileView::kept_bytes).sum();
        for index in near {
            match self.files.get(index)?.reading.progress {
                ReadProgress::Wanted | ReadProgress::Done { is_full: false } => return Some((index, true)),
                ReadProgress::Asked { .. } | ReadProgress::Done { is_full: true } => {}
            }
        }
        let index = self
            .files
            .iter()
            .position(|file| file.reading.progress == ReadProgress::Wanted)?;
        kept += self.files.get(index)?.artifact.size_bytes.saturating_mul(2);
        Some((index, kept <= KEPT_BYTES_MAX))
    }

    /// Forgets what can be read again of files that are not near the one on screen, while there is
    /// too much of it.
    pub(crate) fn forget_distant(&mut self) {
        let mut kept: u64 = self.files.iter().map(FileView::kept_bytes).sum();
        let (current, aimed) = (self.file, self.aimed_file());
        let mut distant: Vec<usize> = (0..self.files.len())
            .filter(|index| index.abs_diff(current) > 1 && Some(*index) != aimed)
            .collect();
        distant.sort_by_key(|index| std::cmp::Reverse(index.abs_diff(current)));
        for index in distant {
            if kept <= KEPT_BYTES_MAX {
                return;
            }
            if let Some(file) = self.files.get_mut(index) {
                kept -= file.kept_bytes().min(kept);
                file.forget();
            }
        }
    }

    /// What the operator saw of these artifacts last, at a former login or another attempt too, as
    /// the record says; what was read on this screen since is nearer.
    pub(crate) fn remember_looks(&mut self, name: &str) {
        let Some(rows) = self.rows.clone() else { return };
        let Some(gate) = rows.gate(&self.key.stage, self.key.attempt) else {
            return;
        };
        for file in self.files.iter_mut().filter(|file| file.comparison.read.is_none()) {
            file.comparison.read = former_look(&rows, gate, &file.artifact, name).map(|look| look.digest);
        }
    }

    /// The first file that is not what the operator looked at at this gate, while neither all of the
    /// gate nor what changed since was shown.
    pub(crate) fn changed_since_look(&self, name: &str) -> Option<usize> {
        outdated_look(self.rows.as_deref()?, self.gate()?, name)?;
        if self.is_wholly_shown() || self.since_shown == self.shown_digest() {
            return None;
        }
        self.files.iter().position(|file| file.former_read().is_some())
    }

    fn aimed_file(&self) -> Option<usize> {
        let aimed = self.aimed.as_ref()?;
        self.files.iter().position(|file| file.artifact.path == *aimed)
    }

    /// The file on screen.
    pub fn current(&self) -> Option<&FileView> {
        self.files.get(self.file)
    }

    /// The file on screen.
    pub fn current_mut(&mut self) -> Option<&mut FileView> {
        self.files.get_mut(self.file)
    }

    /// Begins again with these artifacts; what was seen stays seen until other bytes are read.
    pub(crate) fn reload(&mut self, artifacts: &[GateArtifact], generation: u64) {
        let mut former = std::mem::take(&mut self.files);
        self.generation = generation;
        self.files = artifacts
            .iter()
            .map(|artifact| {
                let place = former.iter().position(|old| old.artifact.path == artifact.path);
                match place {
                    Some(place) => FileView::succeeding(artifact, former.swap_remove(place)),
                    None => FileView::new(artifact.clone()),
                }
            })
            .collect();
        self.file = self.file.min(self.files.len().saturating_sub(1));
    }

    /// Whether a registered version is not on disk yet, and is still worth asking for.
    pub(crate) fn is_behind(&self) -> bool {
        self.rereads.count < REREADS_MAX && self.files.iter().any(FileView::is_behind)
    }

    /// The digest of what is on screen (SPEC §6); none until every file was read.
    ///
    /// A vanished file counts as registered: the engine refuses to approve it, and a rejection does
    /// not need it.
    pub fn shown_digest(&self) -> Option<Digest> {
        self.rows.as_ref()?;
        let mut shown = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let digest = match &file.content {
                Content::Missing => file.artifact.digest,
                Content::Loading | Content::Known | Content::Text(_) | Content::Binary | Content::Failed(_) => {
                    file.digest?
                }
            };
            shown.push((&file.artifact.path, digest));
        }
        Some(Digest::of_gate(shown))
    }

    /// How much of what changed was shown; none before the first of it was.
    pub(crate) fn extent(&self) -> Option<Extent> {
        let is_begun = self.files.iter().any(FileView::is_begun) || self.files.is_empty() && self.seen.is_bare_shown;
        let sum = |count: fn(&FileView) -> usize| {
            let sum: usize = self.files.iter().map(count).sum();
            u32::try_from(sum).unwrap_or(u32::MAX)
        };
        is_begun.then(|| Extent {
            hunks: sum(FileView::hunk_count),
            hunks_shown: sum(FileView::hunks_shown),
        })
    }

    /// Whether all of it was shown, and that can be recorded.
    pub(crate) fn is_wholly_shown(&self) -> bool {
        self.extent().is_some_and(Extent::is_whole) && self.files.iter().all(FileView::is_wholly_shown)
    }

    /// How much was never on the screen: `2 hunks, 1 file`.
    pub(crate) fn unseen_count(&self) -> String {
        let files = self.files.iter().filter(|file| !file.is_shown).count();
        let shown = self.files.iter().filter(|file| file.is_shown);
        let lines: usize = shown
            .clone()
            .filter_map(|file| Some(file.shown.unseen_lines()?.0))
            .sum();
        let hunks: usize = shown
            .filter(|file| file.shown.unseen_lines().is_none())
            .map(|file| file.shown.unseen_hunk_count())
            .sum();
        let words = |count: usize, word: &str| match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        };
        let both: Vec<_> = [words(lines, "line"), words(hunks, "hunk"), words(files, "file")]
            .into_iter()
            .flatten()
            .collect();
        both.join(", ")
    }

    /// What was never on the screen, in words: `hunk 3`, `17 of 27 lines`, `captions.srt`.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let mut unseen = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            if !file.is_shown {
                unseen.push(file.artifact.path.file_name().to_owned());
                continue;
            }
            let place = if index == self.file {
                String::new()
            } else {
                format!(" of {}", file.artifact.path.file_name())
            };
            unseen.extend(file.shown.unseen_words(&place));
        }
        unseen
    }
}
