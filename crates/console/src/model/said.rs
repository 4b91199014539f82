//! What is said about lines: by whoever decided the former attempt, and where the next word goes.

use std::sync::Arc;

use diff::DiffSide;
use diff::lines::MovedLine;
use domain::comment::FormerComment;
use domain::ids::Digest;

/// What was said about a line when the former attempt was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) of: FormerComment,
    pub(crate) place: Place,
}

/// Where such a line stands in the text on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is still being sought.
    Sought,
    /// None: the version that it was said of is not kept.
    Found(Option<MovedLine>),
}

/// All that was said of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct SaidOfFile {
    pub(crate) all: Vec<Said>,
    /// The version that their places are sought in.
    pub(crate) of: Option<Digest>,
    /// The versions that are still being read.
    pub(crate) awaited: Vec<Digest>,
    /// Those that have come.
    pub(crate) read: Vec<(Digest, Arc<[u8]>)>,
}

/// The line that a comment would be about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pointer {
    /// Whether it is on the screen, and has the keys.
    pub(crate) is_on: bool,
    /// The line, from 0, where it is or was last.
    pub(crate) at: Option<(DiffSide, usize)>,
}
