//! The copy that the operator's own editor has, as the loop's workers see it: made, looked at,
//! read, removed. All of it blocks.

use std::sync::Arc;

use crate::draft::Draft;
use crate::effect::{CopyJob, CopyReady, Msg};
use crate::work::{EDIT_BYTES_MAX, editable};
use engine::edit_copies::{EditCopies, EditCopy, Stamp};

/// What came of work on the copy.
pub(super) enum CopyDone {
    /// It is there: whether what lay there before was left as it was.
    Opened(Result<(EditCopy, bool), String>),
    /// It was looked at: its state, and its text if that was read and can be taken.
    Looked(Option<Stamp>, Option<String>),
    /// It was read.
    Read(Result<String, String>),
    /// It is gone, or stays.
    Closed,
    /// The worker panicked.
    Failed,
}

/// The copy, and what is known of it.
pub(super) struct Copy {
    copy: Arc<EditCopy>,
    /// As it was at the last look, and as it was last read.
    seen: Option<Stamp>,
    taken: Option<Stamp>,
    is_looking: bool,
}

/// Makes the copy. What an editor left there and nobody could take is not written over: it is all
/// that there is of it.
pub(super) fn open(copies: &EditCopies, job: &CopyJob) -> CopyDone {
    let name = Draft::new(job.key.clone()).copy_name(&job.path);
    let made = copies.open(&name, job.path.file_name()).and_then(|copy| {
        let is_former = copy.stamp().is_some() && text(&copy).is_err();
        if !is_former {
            copy.write(job.text.as_bytes())?;
        }
        Ok((copy, is_former))
    });
    CopyDone::Opened(made.map_err(|error| error.to_string()))
}

/// The text of the copy, or why it is none.
fn text(copy: &EditCopy) -> Result<String, String> {
    let name = || {
        copy.path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let kept = |why: String| format!("{why}; it is kept as {}", copy.path().display());
    let bytes = copy
        .read(EDIT_BYTES_MAX as u64)
        .map_err(|error| kept(error.to_string()))?
        .ok_or_else(|| format!("the editor left no {}", name()))?;
    let text = editable(&bytes).map_err(|problem| kept(problem.about(&name()).to_string()))?;
    Ok(text.to_owned())
}

/// What an editor left: its emergency copy where it made one, else what it saved last, or why that
/// is no text.
fn left(copy: &EditCopy) -> Result<String, String> {
    let rescue = copy.read_rescue(EDIT_BYTES_MAX as u64).ok().flatten();
    let rescued = rescue.and_then(|bytes| editable(&bytes).ok().map(str::to_owned));
    rescued.map_or_else(|| text(copy), Ok)
}

impl Copy {
    fn new(copy: EditCopy) -> Self {
        let taken = copy.stamp();
        Self {
            copy: Arc::new(copy),
            seen: taken,
            taken,
            is_looking: false,
        }
    }

    /// A look at it; none: one is under way.
    pub(crate) fn look(&mut self) -> Option<impl FnOnce() -> CopyDone + Send + 'static> {
        if std::mem::replace(&mut self.is_looking, true) {
            return None;
        }
        let (copy, seen, taken) = (self.copy.clone(), self.seen, self.taken);
        Some(move || {
            let now = copy.stamp();
            // What is being written may be half a text: it is read once it has stood still for a
            // while.
            let is_new = now.is_some() && now != taken && now == seen;
            let text = if is_new { text(&copy).ok() } else { None };
            CopyDone::Looked(now, text)
        })
    }

    /// A reading of what the editor left.
    pub(crate) fn reader(&self) -> impl FnOnce() -> Result<String, String> + Send + 'static {
        let copy = self.copy.clone();
        move || left(&copy)
    }

    /// What an editor that was ended left.
    pub(crate) fn rescued(&self) -> Option<String> {
        left(&self.copy).ok()
    }

    /// Removes it, or what of it nobody needs any more.
    pub(crate) fn close(&self, is_kept: bool) -> CopyDone {
        let is_taken = text(&self.copy).is_ok();
        let removed = match (is_kept, is_taken) {
            (false, _) => self.copy.remove(),
            (true, true) => self.copy.remove_if_alone(),
            (true, false) => Ok(()),
        };
        if let Err(error) = removed {
            tracing::warn!("a copy for an editor stays: {error}");
        }
        CopyDone::Closed
    }
}

/// What there is to say of finished work.
pub(super) fn answer(copy: &mut Option<Copy>, done: CopyDone) -> Option<Msg> {
    match done {
        CopyDone::Opened(Ok((opened, is_former))) => {
            let path = opened.path().to_owned();
            *copy = Some(Copy::new(opened));
            Some(Msg::CopyReady(Ok(CopyReady { path, is_former })))
        }
        CopyDone::Opened(Err(why)) => Some(Msg::CopyReady(Err(why))),
        CopyDone::Looked(now, text) => {
            let copy = copy.as_mut()?;
            copy.is_looking = false;
            copy.seen = now;
            text.map(|text| {
                copy.taken = now;
                Msg::CopySaved(text)
            })
        }
        CopyDone::Read(result) => Some(Msg::CopyRead(result)),
        CopyDone::Closed => None,
        CopyDone::Failed => Some(Msg::CopyRead(Err("the copy could not be worked on".to_owned()))),
    }
}
