//! What the operator types, on its way to the server: first on this machine's disk, where it stays
//! until the server has it, then there, where colleagues see it.
//!
//! A text goes when its writer has paused, not with every key. One that is removed goes as an empty
//! one, so that what was removed while the line was lost is removed there too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;

use domain::draft::Draft;
use domain::handover::{KeptMarks, MarkedGate};
use domain::refusal::{Refusal, RefusalCode};
use domain::time::Timestamp;
use runs::{RunsDir, drafts};

use super::Far;
use super::troubles::{Part, Troubles};
use crate::api::Notice;
use crate::client::Client;
use crate::draft_keeper::{DraftKeeper, Typed};
use crate::questions::{KeepDraft, KeepMarks};
use crate::sent_drafts::{DraftKept, OwnTexts, read};

/// How long a text rests before it goes.
const PAUSE: Duration = Duration::from_millis(1_500);
/// After a text, so many bytes a second have to have been free for something else: a quarter of a
/// line of 64 kbit/s is enough for texts.
const BYTES_PER_S: u64 = 2 * 1024;
const PAUSE_MAX: Duration = Duration::from_secs(60);

#[derive(Default)]
struct State {
    /// What the server does not have yet, by the names of their files.
    waiting: BTreeMap<String, Draft>,
    marks: Option<KeptMarks>,
    /// When the texts were written that the server has of this console.
    known: BTreeMap<String, Option<Timestamp>>,
    /// The server takes none, because it is older, or because of our role: what is typed stays here.
    is_local: bool,
    is_leaving: bool,
}

impl State {
    fn is_resting(&self) -> bool {
        self.waiting.is_empty() && self.marks.is_none()
    }
}

/// See the module.
pub(super) struct Drafts {
    /// The desk's own copies.
    pub(super) keeper: DraftKeeper,
    desk: RunsDir,
    operator: String,
    state: Mutex<State>,
    has_changed: Notify,
    has_gone: Notify,
    troubles: Arc<Troubles>,
    notify: Sender<Notice>,
}

/// What a console begins with.
#[derive(Default)]
pub(super) struct Left {
    pub(super) texts: OwnTexts,
    /// What became of texts that were kept here alone.
    pub(super) told: Vec<String>,
}

impl Drafts {
    pub(super) fn new(
        desk: RunsDir,
        operator: String,
        troubles: Arc<Troubles>,
        notify: Sender<Notice>,
    ) -> Result<Self, Refusal> {
        let tell = {
            let troubles = Arc::clone(&troubles);
            move |why| troubles.set(Part::Desk, why)
        };
        let keeper = DraftKeeper::start(desk.clone(), operator.clone(), tell).map_err(|error| {
            Refusal::not_possible(format!("no thread can be started for what you type: {error}")).because(error)
        })?;
        Ok(Self {
            keeper,
            desk,
            operator,
            state: Mutex::default(),
            has_changed: Notify::new(),
            has_gone: Notify::new(),
            troubles,
            notify,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a draft here, and sends it soon.
    pub(super) fn save(&self, mut draft: Draft) {
        let name = draft.file_name();
        let mut state = self.state();
        draft.upon = state.known.get(&name).copied().flatten();
        let is_kept = !(draft.is_empty() && state.is_local);
        // Drafts are text and numbers: they always have a JSON form.
        let bytes = is_kept.then(|| serde_json::to_vec_pretty(&draft).unwrap_or_default());
        self.keeper.take(Typed::Draft(name.clone(), bytes));
        if !state.is_local {
            state.waiting.insert(name, draft);
            self.has_changed.notify_one();
        }
    }

    /// The same with what the operator has marked.
    pub(super) fn save_marks(&self, gates: Vec<MarkedGate>, now: Timestamp) {
        let marks = KeptMarks {
            by: self.operator.clone(),
            gates,
            written_at: Some(now),
        };
        // That nothing is marked any more goes to the server, too.
        let is_kept = !(marks.gates.is_empty() && self.state().is_local);
        let bytes = is_kept.then(|| crate::marks_bytes(&marks));
        self.keeper.take(Typed::Draft(drafts::MARKS.to_owned(), bytes));
        self.send_marks(marks);
    }

    fn send_marks(&self, marks: KeptMarks) {
        let mut state = self.state();
        if !state.is_local {
            state.marks = Some(marks);
            self.has_changed.notify_one();
        }
    }

    /// What lies here goes to the server, and what it has comes; where it cannot be asked, what lies
    /// here is all there is.
    pub(super) async fn reconcile(&self, client: &Client) -> Left {
        let (here, problems) = read(crate::kept_or_why(self.desk.load_drafts(&self.operator)));
        let marks = crate::kept_marks(&self.desk, &self.operator);
        let (mut told, mut stays) = (Vec::new(), Vec::new());
        for draft in here {
            match client.keep_draft(draft.clone()).await {
                Ok(kept) => {
                    self.keeper.take(Typed::Draft(draft.file_name(), None));
                    let key = &draft.key;
                    told.extend(match kept {
                        DraftKept::Kept { aside: None } => None,
                        DraftKept::Kept { aside: Some(_) } => Some(format!(
                            "Another console has written about {key}: your later text is kept, that one was put aside"
                        )),
                        DraftKept::Newer if draft.is_empty() => None,
                        DraftKept::Newer => Some(format!(
                            "Another console has written later about {key}: that is kept, your text of here was put aside"
                        )),
                    });
                }
                Err(_) => stays.push(draft),
            }
        }
        let mut texts = match client.own_texts().await {
            Ok(texts) => texts,
            Err(why) => {
                self.stay_local(&Refusal::from(why));
                OwnTexts::default()
            }
        };
        for draft in &texts.drafts {
            self.state().known.insert(draft.file_name(), draft.written_at);
        }
        // Texts that the server did not take are tried again with their next change.
        texts
            .drafts
            .retain(|draft| stays.iter().all(|here| here.key != draft.key));
        texts.drafts.extend(stays.into_iter().filter(|draft| !draft.is_empty()));
        texts.problems.extend(problems);
        let is_any = !marks.gates.is_empty() || marks.written_at.is_some();
        if is_any && texts.marked_at > marks.written_at {
            // Another console has marked since.
            self.keeper.take(Typed::Draft(drafts::MARKS.to_owned(), None));
        } else if is_any {
            texts.marks.clone_from(&marks.gates);
            self.send_marks(marks);
        }
        Left { texts, told }
    }

    /// Sends what waits, as long as somebody works with the line.
    pub(super) async fn run(self: Arc<Self>, far: std::sync::Weak<Far>) {
        loop {
            self.has_changed.notified().await;
            let mut pause = PAUSE;
            loop {
                self.rest(pause).await;
                let Some(far) = far.upgrade() else {
                    return;
                };
                match self.send_next(&far).await {
                    Some(next) => pause = next,
                    None => break,
                }
            }
            self.has_gone.notify_waiters();
        }
    }

    /// Pauses, unless the console is leaving.
    async fn rest(&self, pause: Duration) {
        let mut rest = std::pin::pin!(tokio::time::sleep(pause));
        while !self.state().is_leaving {
            tokio::select! {
                () = &mut rest => return,
                () = self.has_changed.notified() => {}
            }
        }
    }

    /// Sends one text; how long to pause after it. None: no more waits.
    async fn send_next(&self, far: &Far) -> Option<Duration> {
        let (draft, marks) = {
            let state = self.state();
            (state.waiting.values().next().cloned(), state.marks.clone())
        };
        if let Some(draft) = draft {
            let bytes = serde_json::to_vec(&draft).map_or(0, |bytes| bytes.len() as u64);
            let kept = far.ask_aside(KeepDraft { draft: draft.clone() }).await;
            self.answered(draft, kept);
            return Some((Duration::from_secs(bytes / BYTES_PER_S)).min(PAUSE_MAX));
        }
        let marks = marks?;
        let (gates, written_at) = (marks.gates.clone(), marks.written_at);
        let kept = far.ask_aside(KeepMarks { gates, written_at }).await;
        let mut state = self.state();
        if state.marks.as_ref() == Some(&marks) {
            state.marks = None;
            if kept.is_ok() {
                self.keeper.take(Typed::Draft(drafts::MARKS.to_owned(), None));
            }
        }
        drop(state);
        if let Err(refusal) = kept {
            self.stay_local(&refusal);
        }
        Some(Duration::ZERO)
    }

    fn answered(&self, draft: Draft, kept: Result<DraftKept, Refusal>) {
        let name = draft.file_name();
        let mut state = self.state();
        let is_newest = state.waiting.get(&name) == Some(&draft);
        if is_newest {
            state.waiting.remove(&name);
        }
        let aside = match kept {
            Ok(kept) => {
                self.troubles.set(Part::Drafts, None);
                let (known, aside) = match kept {
                    DraftKept::Kept { aside } => (draft.written_at.filter(|_| !draft.is_empty()), aside),
                    // What this console has not shown is not written over by its next text.
                    DraftKept::Newer => (None, (!draft.is_empty()).then(|| Box::new(draft))),
                };
                state.known.insert(name.clone(), known);
                match state.waiting.get_mut(&name) {
                    Some(next) => next.upon = known,
                    // The server has it, and here is nothing newer.
                    None => {
                        self.keeper.take(Typed::Draft(name, None));
                    }
                }
                aside
            }
            Err(refusal) => {
                drop(state);
                self.stay_local(&refusal);
                None
            }
        };
        if let Some(aside) = aside {
            // The loop is gone, or far behind, when this fails: the server keeps it for some days.
            let _ = self.notify.try_send(Notice::PutAside(aside));
        }
    }

    /// The server does not take it: it lies here, and that is told.
    fn stay_local(&self, refusal: &Refusal) {
        let mut state = self.state();
        // Who may only look types nothing that it would take.
        if refusal.code != RefusalCode::NotAllowed {
            let message = format!("what you type is on this machine alone: {}", refusal.message);
            self.troubles.set(Part::Drafts, Some(Refusal::not_possible(message)));
        }
        if matches!(refusal.code, RefusalCode::NotAllowed | RefusalCode::NotUnderstood) {
            state.is_local = true;
            state.waiting.clear();
            state.marks = None;
        }
    }

    /// Sends all of it now, and waits until the server has it.
    pub(super) async fn leave(&self) {
        self.state().is_leaving = true;
        while !self.state().is_resting() {
            let gone = self.has_gone.notified();
            self.has_changed.notify_one();
            gone.await;
        }
    }
}
