//! How far a file under review has been read.

use std::sync::Arc;

use super::file::Content;

/// Bytes on their way.
#[derive(Debug, Clone, Default)]
pub(crate) enum Arrival {
    /// Asked for.
    #[default]
    Waiting,
    /// There is no such file.
    Missing,
    Here(Arc<[u8]>),
    /// Could not be read.
    Failed(String),
    /// Handed on to the diff, or not wanted.
    Taken,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ReadProgress {
    /// The file must be read.
    #[default]
    Wanted,
    /// It is being read: with all that is shown of it, or for its digest only.
    Asked {
        /// With all.
        is_full: bool,
    },
    /// It was read.
    Done {
        /// With all.
        is_full: bool,
    },
}

/// Both sides of a comparison: the base, where there is one, and what lies on disk.
type Sides = (Option<Arc<[u8]>>, Arc<[u8]>);

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Numbers the readings of the console: answers for another one are of no interest.
    pub(crate) number: u64,
    pub(crate) progress: ReadProgress,
    /// The bytes on disk.
    new: Arrival,
    /// The bytes of the base.
    old: Arrival,
}

impl Reading {
    /// A reading that is asked for now; without a base only what lies on disk is.
    pub(crate) fn asked(number: u64, is_full: bool, has_base: bool) -> Self {
        Self {
            number,
            progress: ReadProgress::Asked { is_full },
            new: Arrival::Waiting,
            old: if has_base { Arrival::Waiting } else { Arrival::Taken },
        }
    }

    /// Takes one side; returns whether it is a base that is not kept.
    pub(crate) fn take(&mut self, is_base: bool, bytes: Arrival) -> bool {
        let side = if is_base { &mut self.old } else { &mut self.new };
        *side = bytes;
        matches!(self.old, Arrival::Missing)
    }

    /// Hands on what is to be compared, and whether in full, when both sides are there; or what is
    /// to be shown instead.
    pub(crate) fn hand_on(&mut self) -> Option<Result<(Sides, bool), Content>> {
        let ReadProgress::Asked { is_full } = self.progress else {
            return None;
        };
        let new = match &self.new {
            Arrival::Waiting | Arrival::Taken => return None,
            Arrival::Missing => return Some(Err(Content::Missing)),
            Arrival::Failed(why) => return Some(Err(Content::Failed(why.clone()))),
            Arrival::Here(bytes) => bytes.clone(),
        };
        let old = match &self.old {
            Arrival::Waiting => return None,
            Arrival::Here(bytes) => Some(bytes.clone()),
            // A base that is gone is no base: everything counts as new, and the head says what it
            // was to be compared with.
            Arrival::Missing | Arrival::Taken => None,
            Arrival::Failed(why) => return Some(Err(Content::Failed(why.clone()))),
        };
        (self.new, self.old) = (Arrival::Taken, Arrival::Taken);
        Some(Ok(((old, new), is_full)))
    }
}
