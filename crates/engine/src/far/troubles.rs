//! What does not work, as the one line of a console tells it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::Sender;

use domain::refusal::Refusal;

use crate::api::Notice;

/// What may not work; of several the first is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The news.
    News,
    /// What is to be done.
    Commands,
    /// What is asked.
    Questions,
    /// What was sent cannot be kept until it is answered.
    Unsent,
    /// What was typed cannot be kept.
    Desk,
    /// It cannot be sent.
    Drafts,
    /// What the server says of itself.
    There,
    /// One side does not understand the other.
    Versions,
}

const PARTS: usize = Part::Versions as usize + 1;

#[derive(Default)]
struct State {
    of: [Option<Refusal>; PARTS],
    told: Option<Refusal>,
}

/// See the module.
pub(super) struct Troubles {
    /// Whoever owns a loop; none: a command, which tells nothing meanwhile.
    notify: Option<Sender<Notice>>,
    state: Mutex<State>,
}

impl Troubles {
    pub(super) fn new(notify: Option<Sender<Notice>>) -> Self {
        let state = Mutex::default();
        Self { notify, state }
    }

    /// This does not work, and why; none: it works.
    pub(super) fn set(&self, part: Part, why: Option<Refusal>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.of[part as usize] = why;
        let first = state.of.iter().flatten().next().cloned();
        if first != state.told
            && let Some(notify) = &self.notify
            // A loop that is so far behind is told with the next change.
            && notify.try_send(Notice::Trouble(first.clone())).is_ok()
        {
            state.told = first;
        }
    }
}
