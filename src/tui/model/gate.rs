//! The gate of the selected row, with its files as they are on screen.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::shown::RowSet;
use crate::diff::DiffDocument;
use crate::diff::document::RowKind;
use crate::diff::page::{Place, is_change_within};
use crate::domain::artifact::GateArtifact;
use crate::domain::gate::{Gate, GateKey};
use crate::domain::ids::Digest;
use crate::domain::job::JobRows;

/// Up to so many hunks are looked at one by one to name them as a range.
const HUNKS_NAMED_MAX: usize = 100;

/// So often the files are read again while the disk is behind, before that counts as a change by somebody else.
const REREADS_MAX: u32 = 10;

/// A row of a diff that is on the screen, and which bytes of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The row.
    pub row: usize,
    /// Of its text.
    pub bytes: Range<usize>,
}

/// What of a diff was on the screen.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Rows of hunks, counted from the hunk's first: folding moves hunks but never changes one.
    rows: HashMap<usize, RowSet>,
    /// Of rows that were on the screen in part only, by hunk and row of it: which bytes.
    parts: HashMap<(usize, usize), RowSet>,
    /// The hunks of which every row was shown.
    whole: BTreeSet<usize>,
}

/// Bytes on their way.
#[derive(Debug, Clone, Default)]
pub enum Slot {
    /// Asked for.
    #[default]
    Waiting,
    /// There is no such file.
    Missing,
    /// Here.
    Here(Arc<[u8]>),
    /// Could not be read.
    Failed(String),
    /// Handed on to the diff, or not wanted.
    Taken,
}

/// What of a file can be shown.
#[derive(Debug, Clone)]
pub enum Content {
    /// Not yet.
    Loading,
    /// A diff.
    Text(DiffDocument),
    /// Size and digest only.
    Binary,
    /// It is gone from the run directory.
    Missing,
    /// It cannot be read.
    Failed(String),
}

/// One file under review.
#[derive(Debug, Clone)]
pub struct FileView {
    /// As registered.
    pub artifact: GateArtifact,
    /// The bytes on disk.
    pub new: Slot,
    /// The bytes of the base.
    pub old: Slot,
    /// What can be shown.
    pub content: Content,
    /// SHA-256 of what is shown.
    pub digest: Option<Digest>,
    /// The bytes that are shown.
    pub bytes: Option<Arc<Vec<u8>>>,
    /// The changed values of a JSON document, a line each.
    pub values: Vec<String>,
    /// The first line shown.
    pub top: Place,
    /// Cells scrolled to the right.
    pub left: usize,
    /// What of the diff was on the screen.
    pub shown: Shown,
    /// Whether the file was on the screen at all.
    pub is_shown: bool,
    /// Whether what is shown was read before the last reload, and its successor is on the way.
    pub is_stale: bool,
    /// What was registered before, since this view saw another version registered.
    pub former: Option<Digest>,
}

impl FileView {
    fn new(artifact: GateArtifact) -> Self {
        let old = if artifact.base.is_some() {
            Slot::Waiting
        } else {
            Slot::Taken
        };
        Self {
            artifact,
            new: Slot::Waiting,
            old,
            content: Content::Loading,
            digest: None,
            bytes: None,
            values: Vec::new(),
            top: Place::default(),
            left: 0,
            shown: Shown::default(),
            is_shown: false,
            is_stale: false,
            former: None,
        }
    }

    /// Begins again for a version; what is on screen stays there until its successor has been read.
    fn succeeding(artifact: &GateArtifact, former: Self) -> Self {
        let mut file = Self::new(artifact.clone());
        let is_other = former.artifact.digest != artifact.digest;
        file.former = if is_other {
            Some(former.artifact.digest)
        } else {
            former.former
        };
        (file.top, file.left) = (former.top, former.left);
        if former.digest.is_some() && former.artifact.base == artifact.base {
            file.is_stale = true;
            (file.shown, file.is_shown) = (former.shown, former.is_shown);
            (file.digest, file.bytes) = (former.digest, former.bytes);
            (file.content, file.values) = (former.content, former.values);
        }
        file
    }

    /// Whether the disk still has the former version: the registered one is written after the commit, and is awaited.
    pub fn is_behind(&self) -> bool {
        self.is_new_and_awaited()
            || self.digest.is_some() && self.digest == self.former && self.digest != Some(self.artifact.digest)
    }

    /// Whether a patch made this file a moment ago, and it is not there yet.
    fn is_new_and_awaited(&self) -> bool {
        let is_made = self.artifact.patches.last().is_some_and(|step| step.former.is_none());
        is_made && matches!(self.content, Content::Missing)
    }

    /// Whether other bytes than the registered ones lie on disk, and no writer is awaited.
    pub fn is_changed_on_disk(&self) -> bool {
        let is_other = self.digest.is_some_and(|digest| digest != self.artifact.digest);
        is_other && !self.is_stale
    }

    /// How many lines of a file without a base were not on the screen, and how many it has; none for other files.
    pub fn unseen_lines(&self) -> Option<(usize, usize)> {
        let document = self.document().filter(|document| document.is_new())?;
        let lines = document.line_count(crate::diff::Side::New);
        let is_whole = self.shown.whole.len() == document.hunk_count();
        let shown = self.shown.rows.get(&0).map_or(0, |rows| rows.count_before(lines));
        Some((if is_whole { 0 } else { lines - shown.min(lines) }, lines))
    }

    /// Whether everything that is new in it was on the screen.
    pub fn is_wholly_shown(&self) -> bool {
        let is_rest_shown = match self.unseen_lines() {
            Some((unseen, _)) => unseen == 0,
            None => self.unseen_hunk_count() == 0,
        };
        self.is_shown && is_rest_shown
    }

    /// The diff, where there is one.
    pub fn document(&self) -> Option<&DiffDocument> {
        match &self.content {
            Content::Text(document) => Some(document),
            Content::Loading | Content::Binary | Content::Missing | Content::Failed(_) => None,
        }
    }

    /// How many hunks were not wholly on the screen.
    pub fn unseen_hunk_count(&self) -> usize {
        let hunks = self.document().map_or(0, DiffDocument::hunk_count);
        hunks.saturating_sub(self.shown.whole.len())
    }

    /// Those hunks, from 0; at most so many.
    pub fn unseen_hunks(&self, most: usize) -> Vec<usize> {
        let hunks = self.document().map_or(0, DiffDocument::hunk_count);
        (0..hunks)
            .filter(|hunk| !self.shown.whole.contains(hunk))
            .take(most)
            .collect()
    }

    /// Notes what was on the screen; returns whether that is news.
    pub fn note_shown(&mut self, sights: &[Sight]) -> bool {
        let mut is_news = !std::mem::replace(&mut self.is_shown, true);
        let Content::Text(document) = &self.content else {
            return is_news;
        };
        for sight in sights {
            let Some(hunk) = document.hunk_at(sight.row) else {
                continue;
            };
            let (Some(hunk_rows), Some(row)) = (document.hunk_rows(hunk), document.row(sight.row)) else {
                continue;
            };
            let at = sight.row - hunk_rows.start;
            let shown = self.shown.rows.entry(hunk).or_default();
            if self.shown.whole.contains(&hunk) || shown.covers(at..at + 1) {
                continue;
            }
            // A wrapped or cut row counts when the last byte that changed in it was there.
            let mut parts = self.shown.parts.remove(&(hunk, at)).unwrap_or_default();
            parts.insert(sight.bytes.clone());
            if !is_change_within(document, &row, |bytes| parts.covers(bytes)) {
                self.shown.parts.insert((hunk, at), parts);
                continue;
            }
            shown.insert(at..at + 1);
            // That both texts end without a newline is no news: it need not be seen below a line of a megabyte.
            let below = document.row(sight.row + 1).map(|row| row.kind);
            if below == Some(RowKind::NoNewline) && document.is_newline_missing_in_both() {
                shown.insert(at + 1..at + 2);
            }
            // Of a file without a base the lines are counted: any of them is news.
            is_news |= document.is_new();
            if shown.covers(0..hunk_rows.len()) {
                self.shown.rows.remove(&hunk);
                is_news |= self.shown.whole.insert(hunk);
            }
        }
        is_news
    }
}

/// The gate pane.
#[derive(Debug, Clone)]
pub struct GateView {
    /// Which gate.
    pub key: GateKey,
    /// Its slug, for the label.
    pub slug: String,
    /// The whole job; none while loading.
    pub rows: Option<Arc<JobRows>>,
    /// Rises with every (re)load of the files.
    pub generation: u64,
    /// The files under review.
    pub files: Vec<FileView>,
    /// The file on screen.
    pub file: usize,
    /// What is searched for.
    pub search: Option<String>,
    /// The row of the last match.
    pub match_row: Option<usize>,
    /// Whether the look was reported, for this digest.
    pub seen_sent: Option<Digest>,
    /// Since when this digest is on the terminal without a break, on the boot clock.
    pub drawn_since: Option<(Digest, i64)>,
    /// How often the files were read again because the disk was behind, and when last, on the boot clock.
    pub rereads: (u32, i64),
}

impl GateView {
    /// A view that waits for its answers.
    pub fn new(key: GateKey, slug: String, generation: u64) -> Self {
        Self {
            key,
            slug,
            rows: None,
            generation,
            files: Vec::new(),
            file: 0,
            search: None,
            match_row: None,
            seen_sent: None,
            drawn_since: None,
            rereads: (0, 0),
        }
    }

    /// The gate as stored.
    pub fn gate(&self) -> Option<&Gate> {
        self.rows.as_ref()?.gate(&self.key.stage, self.key.attempt)
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
    pub fn reload(&mut self, artifacts: &[GateArtifact], generation: u64) {
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
    pub fn is_behind(&self) -> bool {
        self.rereads.0 < REREADS_MAX && self.files.iter().any(FileView::is_behind)
    }

    /// The digest of what is on screen (SPEC §6); none until every file was read.
    ///
    /// A vanished file counts as registered: the engine refuses to approve it, and a rejection does not need it.
    pub fn shown_digest(&self) -> Option<Digest> {
        self.rows.as_ref()?;
        let mut shown = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let digest = match &file.content {
                Content::Missing => file.artifact.digest,
                Content::Loading | Content::Text(_) | Content::Binary | Content::Failed(_) => file.digest?,
            };
            shown.push((&file.artifact.path, digest));
        }
        Some(Digest::of_gate(shown))
    }

    /// How much was never on the screen: `2 hunks, 1 file`.
    pub fn unseen_count(&self) -> String {
        let files = self.files.iter().filter(|file| !file.is_shown).count();
        let shown = self.files.iter().filter(|file| file.is_shown);
        let lines: usize = shown.clone().filter_map(|file| Some(file.unseen_lines()?.0)).sum();
        let hunks: usize = shown
            .filter(|file| file.unseen_lines().is_none())
            .map(FileView::unseen_hunk_count)
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
    pub fn unseen(&self) -> Vec<String> {
        let mut unseen = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            if !file.is_shown {
                unseen.push(file.artifact.path.file_name().to_owned());
                continue;
            }
            let count = file.unseen_hunk_count();
            let hunks = file.unseen_hunks(HUNKS_NAMED_MAX + 1);
            let place = if index == self.file {
                String::new()
            } else {
                format!(" of {}", file.artifact.path.file_name())
            };
            if let Some((lines, all)) = file.unseen_lines() {
                if lines > 0 {
                    unseen.push(format!("{lines} of {all} lines{place}"));
                }
                continue;
            }
            match hunks[..] {
                [] => {}
                [one] => unseen.push(format!("hunk {}{place}", one + 1)),
                [one, two] => unseen.push(format!("hunks {} and {}{place}", one + 1, two + 1)),
                [first, .., last] if last - first + 1 == hunks.len() && hunks.len() == count => {
                    unseen.push(format!("hunks {}-{}{place}", first + 1, last + 1));
                }
                [..] => unseen.push(format!("{count} hunks{place}")),
            }
        }
        unseen
    }
}
