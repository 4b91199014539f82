//! What was shown of gates that the selection has left.

use crate::model::file::{Against, FileView};
use crate::model::shown::ShownRows;
use domain::decision::Extent;
use domain::ids::{ArtifactPath, Digest};
use domain::key::GateKey;
use text::words::counted;

/// What was shown of a gate that the selection left.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    pub(crate) key: GateKey,
    /// What was recorded of it.
    pub(crate) recorded: Option<(Digest, Extent)>,
    /// Its files that were on the screen.
    pub(crate) files: Vec<RememberedFile>,
}

/// What was shown of a file: of these bytes, against this base.
#[derive(Debug, Clone)]
pub(crate) struct RememberedFile {
    path: ArtifactPath,
    digest: Digest,
    base: Option<Digest>,
    pub(crate) shown: ShownRows,
}

impl Remembered {
    /// What was not on the screen, of a gate with so many files.
    pub(crate) fn unseen(&self, files: usize) -> Vec<String> {
        let place = |file: &RememberedFile| match files {
            0 | 1 => String::new(),
            _ => format!(" of {}", file.path.file_name()),
        };
        let begun = self
            .files
            .iter()
            .filter_map(|file| file.shown.unseen_words(&place(file)));
        let rest = files.saturating_sub(self.files.len());
        begun.chain((rest > 0).then(|| counted(rest, "file"))).collect()
    }
}

impl RememberedFile {
    /// Of a file that was on the screen.
    pub(crate) fn of(file: &FileView) -> Option<Self> {
        let digest = file.digest.filter(|_| file.is_shown)?;
        Some(Self {
            path: file.artifact.path.clone(),
            digest,
            base: file.base_digest(&Against::Usual),
            shown: file.shown.clone(),
        })
    }

    /// Whether this is the file, and what is read of it is what was shown.
    pub(crate) fn is_of(&self, file: &FileView) -> bool {
        self.path == file.artifact.path
            && Some(self.digest) == file.digest
            && self.base == file.base_digest(&Against::Usual)
    }
}
