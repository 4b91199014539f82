//! One file under review, as it is on screen.

use std::sync::Arc;

use serde_json::Map;

use super::reading::{ReadProgress, Reading};
use super::said::{Pointer, SaidOfFile};
use super::shown::{ShownRows, VisibleRow};
use crate::effect::Details;
use crate::work::{self, NotEditable};
use diff::DiffDocument;
use diff::page::PagePosition;
use domain::artifact::{Base, GateArtifact};
use domain::ids::Digest;

/// What of a file can be shown.
#[derive(Debug, Clone)]
pub enum Content {
    /// Not yet.
    Loading,
    /// Its digest is known; the rest is read when it comes on screen.
    Known,
    Text(DiffDocument),
    /// No text: what is known of it otherwise is in [`FileView::media`].
    Binary,
    /// It is gone from the run directory.
    Missing,
    /// It cannot be read.
    Failed(String),
}

/// What a file is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Against {
    /// The version that the gate names: the given one, else the one last approved, else nothing.
    #[default]
    Usual,
    /// Another version that the gate names.
    Other(Base),
    /// Nothing: all of it is new.
    Nothing,
    /// The version that the operator was shown before the present one, here or at a former login.
    Read(Digest),
}

/// What can be done with the bytes of a file: found out once, when they come, because every frame
/// asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Uses {
    /// Whether they can be edited as a text, or why not.
    pub(crate) editing: Result<(), NotEditable>,
    /// Whether a patch that fits their kind can be written, whatever the job's parameters are.
    pub(crate) is_patchable: bool,
}

impl Uses {
    /// What can be done with these bytes of an artifact.
    pub(crate) fn of(artifact: &GateArtifact, bytes: &[u8]) -> Self {
        // Any text can be replaced: the patches themselves are made only where that is not so.
        let fits = || !patch::templates(&artifact.kind, artifact.path.as_str(), bytes, &Map::new()).is_empty();
        Self {
            editing: work::editable(bytes).map(drop),
            is_patchable: std::str::from_utf8(bytes).is_ok() || fits(),
        }
    }
}

/// What a file is compared with, by the operator's choice.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChosenComparison {
    /// What it is to be compared with.
    pub(crate) wanted: Against,
    /// What the content is compared with.
    pub(crate) shown: Against,
    /// The version that the operator was shown before another one came.
    pub(crate) read: Option<Digest>,
    /// Whether the diff begins at its first hunk when it comes.
    pub(crate) starts_over: bool,
}

impl ChosenComparison {
    /// Whether the content is compared with the usual base.
    pub(crate) fn is_usual(&self) -> bool {
        self.shown == Against::Usual
    }
}

/// What of a file stands on the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scroll {
    /// The first line shown.
    pub top: PagePosition,
    /// Cells scrolled to the right.
    pub left: usize,
    /// The first changed value shown, where they are listed.
    pub(crate) values_top: usize,
}

/// One file under review.
#[derive(Debug, Clone)]
pub struct FileView {
    /// As registered.
    pub artifact: GateArtifact,
    /// What was registered before, since this view saw another version registered.
    pub(crate) former: Option<Digest>,
    pub(crate) reading: Reading,
    /// Whether what is shown was read before the last reload, and its successor is on the way.
    pub(crate) is_stale: bool,
    /// What can be shown.
    pub content: Content,
    /// SHA-256 of what is shown.
    pub digest: Option<Digest>,
    /// The bytes that are shown.
    pub bytes: Option<Arc<Vec<u8>>>,
    /// What can be done with them; none: they have not come yet.
    pub(crate) uses: Option<Uses>,
    pub(crate) comparison: ChosenComparison,
    pub details: Details,
    /// Whether the details are being found out.
    pub is_measuring: bool,
    pub scroll: Scroll,
    /// What of the diff with the usual base was on the screen.
    pub(crate) shown: ShownRows,
    /// Whether the file was on the screen at all.
    pub(crate) is_shown: bool,
    /// Whether the text is to be shown of what would be shown by its values.
    pub(crate) is_read_as_text: bool,
    /// What the former attempt was told about its lines.
    pub(crate) said: SaidOfFile,
    pub(crate) pointer: Pointer,
}

impl FileView {
    /// A file to be read.
    pub(crate) fn new(artifact: GateArtifact) -> Self {
        Self {
            artifact,
            former: None,
            reading: Reading::default(),
            is_stale: false,
            content: Content::Loading,
            digest: None,
            bytes: None,
            uses: None,
            comparison: ChosenComparison::default(),
            details: Details::default(),
            is_measuring: false,
            scroll: Scroll::default(),
            shown: ShownRows::default(),
            is_shown: false,
            is_read_as_text: false,
            said: SaidOfFile::default(),
            pointer: Pointer::default(),
        }
    }

    /// Begins again for a version; what is on screen stays there until its successor has been read.
    pub(crate) fn succeeding(artifact: &GateArtifact, former: Self) -> Self {
        let is_other = former.artifact.digest != artifact.digest;
        let has_same_base = former.artifact.base == artifact.base;
        let before = if is_other {
            Some(former.artifact.digest)
        } else {
            former.former
        };
        if former.digest.is_none() || !has_same_base {
            let read = former.digest.filter(|_| former.is_shown).or(former.comparison.read);
            let mut file = Self::new(artifact.clone());
            (file.former, file.comparison.read) = (before, read);
            (file.scroll.top, file.scroll.left) = (former.scroll.top, former.scroll.left);
            return file;
        }
        let mut file = Self {
            artifact: artifact.clone(),
            former: before,
            is_stale: true,
            ..former
        };
        file.reading.progress = ReadProgress::Wanted;
        file
    }

    /// Forgets what can be read again, to make room; that it was seen stays known.
    pub fn forget(&mut self) {
        if self.reading.progress == (ReadProgress::Done { is_full: true }) && self.digest.is_some() {
            self.reading.progress = ReadProgress::Done { is_full: false };
            self.content = Content::Known;
            (self.bytes, self.details) = (None, Details::default());
        }
    }

    /// Bytes of memory that its texts take; its base is taken to be as large as itself.
    pub(crate) fn kept_bytes(&self) -> u64 {
        self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64 * 2)
    }

    /// What it is compared with, by digest; none: nothing.
    pub(crate) fn base_digest(&self, against: &Against) -> Option<Digest> {
        match against {
            Against::Usual => self.artifact.base.as_ref().map(|base| base.digest),
            Against::Other(base) => Some(base.digest),
            Against::Nothing => None,
            Against::Read(digest) => Some(*digest),
        }
    }

    /// Everything that it can be compared with, the usual base first.
    pub(crate) fn bases(&self) -> Vec<Against> {
        let usual = self.base_digest(&Against::Usual);
        let others = self.artifact.bases.iter().filter(|base| Some(base.digest) != usual);
        let read = self.former_read().filter(|read| Some(*read) != usual);
        let nothing = usual.is_some().then_some(Against::Nothing);
        [Against::Usual]
            .into_iter()
            .chain(others.cloned().map(Against::Other))
            .chain(read.map(Against::Read))
            .chain(nothing)
            .collect()
    }

    /// In words, what the content is compared with: `last approved #1`.
    pub(crate) fn base_label(&self, against: &Against) -> String {
        match against {
            Against::Usual => self
                .artifact
                .base
                .as_ref()
                .map_or_else(|| "nothing: all of it is new".to_owned(), |base| base.origin.label()),
            Against::Other(base) => base.origin.label(),
            Against::Nothing => "nothing: all of it as new".to_owned(),
            Against::Read(_) => "what you read".to_owned(),
        }
    }

    /// What the operator was shown of it before, where that is another version than this one.
    pub(crate) fn former_read(&self) -> Option<Digest> {
        self.comparison.read.filter(|read| Some(*read) != self.digest)
    }

    /// Whether the disk still has the former version: the registered one is written after the
    /// commit, and is awaited.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_new_and_awaited()
            || self.digest.is_some() && self.digest == self.former && self.digest != Some(self.artifact.digest)
    }

    /// Whether a patch made this file a moment ago, and it is not there yet.
    fn is_new_and_awaited(&self) -> bool {
        let is_made = self.artifact.patches.last().is_some_and(|step| step.former.is_none());
        is_made && matches!(self.content, Content::Missing)
    }

    /// Whether other bytes than the registered ones lie on disk, and no writer is awaited.
    pub(crate) fn is_changed_on_disk(&self) -> bool {
        let is_other = self.digest.is_some_and(|digest| digest != self.artifact.digest);
        is_other && !self.is_stale
    }

    /// Whether everything that is new in it was on the screen.
    pub(crate) fn is_wholly_shown(&self) -> bool {
        let is_rest_shown = match self.shown.unseen_lines() {
            Some((unseen, _)) => unseen == 0,
            None => self.shown.unseen_hunk_count() == 0,
        };
        self.is_shown && is_rest_shown
    }

    /// Whether any of what changed in it was on the screen; of a file without lines to count,
    /// whether it was there at all.
    pub(crate) fn is_begun(&self) -> bool {
        self.is_shown && (self.shown.is_begun() || self.shown.hunk_count() == 0)
    }

    /// How many hunks it counts for in a record: one where they are not known, or are none because
    /// it is no text.
    pub(crate) fn hunk_count(&self) -> usize {
        let is_changed = self.artifact.base.as_ref().map(|base| base.digest) != Some(self.artifact.digest);
        self.shown.hunk_count().max(usize::from(is_changed))
    }

    /// Of how many of them every changed line was shown.
    pub(crate) fn hunks_shown(&self) -> usize {
        match self.shown.hunk_count() {
            0 if self.is_shown => self.hunk_count(),
            count => count - self.shown.unseen_hunk_count(),
        }
    }

    /// Why its bytes cannot be had, in words that follow its name; none: they are there, or come
    /// when they are wanted.
    pub(crate) fn problem(&self) -> Option<String> {
        match &self.content {
            Content::Missing => Some("is missing from the run directory".to_owned()),
            Content::Failed(why) => Some(format!("cannot be read: {why}")),
            Content::Loading | Content::Known | Content::Text(_) | Content::Binary => None,
        }
    }

    /// The diff, where there is one.
    pub fn document(&self) -> Option<&DiffDocument> {
        match &self.content {
            Content::Text(document) => Some(document),
            Content::Loading | Content::Known | Content::Binary | Content::Missing | Content::Failed(_) => None,
        }
    }

    /// Notes what was on the screen; returns whether that is news.
    // Only the usual base counts: what the gate asks about is how this version differs from that.
    // What was seen of it against another base may hide just that.
    pub(crate) fn note_shown(&mut self, sights: &[VisibleRow]) -> bool {
        let is_first = !std::mem::replace(&mut self.is_shown, true);
        if let Content::Text(document) = &self.content
            && self.comparison.is_usual()
        {
            self.shown.note(document, sights) || is_first
        } else {
            is_first
        }
    }
}
