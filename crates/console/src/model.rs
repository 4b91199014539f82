//! Everything that the console shows, as values. Changed by `update` only; drawn by `view`, which
//! changes nothing.

pub mod board;
pub(crate) mod bulk;
pub mod compose;
pub(crate) mod external_edit;
pub(crate) mod figures;
pub mod file;
pub mod gate;
pub(crate) mod history;
pub mod job;
pub mod jobs;
pub mod keys;
pub mod look;
pub mod outgoing;
pub mod pace;
pub mod panes;
pub mod preview;
pub mod prompt;
mod prompt_kind;
pub mod queue;
pub(crate) mod reading;
pub(crate) mod remembered;
pub(crate) mod said;
pub(crate) mod shown;
pub(crate) mod slips;
pub(crate) mod standing;
pub mod toast;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;

use bulk::Mark;
use compose::Compose;
use file::FileView;
use gate::GateView;
use keys::Keys;
use outgoing::Outgoing;
use panes::{Lower, Panes};
use preview::Foreseen;
pub use prompt_kind::Prompt;
pub(crate) use prompt_kind::{Closing, PromptKind};
use queue::{Queue, RowKey};
use toast::Toasts;

use crate::draft::{Discarded, Draft};
use crate::keymap::Focus;
use crate::session::Session;
use domain::gate::Verdict;
use domain::handover::{HandedGate, Handover, MarkedGate};
use domain::key::GateKey;
use domain::lease::Lease;
use domain::look::withdrawn_for;
use domain::time::Now;
use domain::view::LeaderInfo;
use engine::api::Ticket;
use engine::far::LeftCommand;

/// The marks on gates of the queue.
#[derive(Debug, Default)]
pub struct Marks {
    pub on: BTreeMap<GateKey, Mark>,
    /// Those that were taken off last, to be set again.
    pub(crate) off: BTreeMap<GateKey, Mark>,
    /// Where a range of them began.
    pub range: Option<RowKey>,
    /// As they were kept last, for whoever takes over.
    pub(crate) kept: Vec<MarkedGate>,
    /// Those of an earlier session, until the queue is there.
    pub(crate) left: Vec<MarkedGate>,
}

/// Unsent words.
#[derive(Debug, Default)]
pub struct Drafts {
    pub by_gate: BTreeMap<GateKey, Draft>,
    /// What was thrown away lately, newest first.
    pub(crate) discarded: Vec<Discarded>,
    /// What colleagues leave, as it was read last.
    pub colleagues: Colleagues,
    pub(crate) unsaved: Unsaved,
}

/// What colleagues leave.
#[derive(Debug, Default)]
pub struct Colleagues {
    /// Theirs alone.
    pub all: Vec<Handover>,
    /// What could not be read.
    pub(crate) problems: Vec<String>,
    /// Whether it was ever read.
    pub(crate) is_read: bool,
}

impl Colleagues {
    /// What of it is about a gate: who, and what they leave.
    pub(crate) fn of<'a>(&'a self, key: &'a GateKey) -> impl Iterator<Item = (&'a str, &'a HandedGate)> {
        let gates = self
            .all
            .iter()
            .flat_map(|one| one.gates.iter().map(|gate| (one.by.as_str(), gate)));
        gates.filter(move |(_, gate)| gate.key == *key)
    }
}

impl Drafts {
    /// The draft of a gate, an empty one where there is none.
    pub(crate) fn of(&mut self, key: &GateKey) -> &mut Draft {
        self.by_gate
            .entry(key.clone())
            .or_insert_with(|| Draft::new(key.clone()))
    }

    /// The draft of a gate is not what lies on disk.
    pub(crate) fn note_unsaved(&mut self, key: &GateKey, boot_us: i64) {
        self.unsaved.keys.insert(key.clone());
        self.unsaved.since_boot_us.get_or_insert(boot_us);
    }

    /// The drafts of this gate and of its former attempts.
    pub(crate) fn of_stage(&self, key: &GateKey) -> impl Iterator<Item = &Draft> {
        let is_of_stage = move |draft: &&Draft| {
            let of = &draft.key;
            of.job_id == key.job_id && of.stage == key.stage && of.attempt <= key.attempt
        };
        self.by_gate.values().filter(is_of_stage)
    }
}

/// Drafts to be written.
#[derive(Debug, Default)]
pub(crate) struct Unsaved {
    /// Their gates.
    pub(crate) keys: BTreeSet<GateKey>,
    /// When the oldest unsaved change was typed, on the boot clock.
    pub(crate) since_boot_us: Option<i64>,
}

/// Who leads.
#[derive(Debug)]
pub(crate) struct Lead {
    /// Who; none: nobody.
    pub(crate) leader: Option<LeaderInfo>,
    /// Whether it was ever asked for and told.
    pub(crate) is_known: bool,
    /// Whether this process leads.
    pub(crate) is_here: bool,
    /// When it was last asked for, on the boot clock.
    pub(crate) asked_boot_us: i64,
}

impl Default for Lead {
    fn default() -> Self {
        Self {
            leader: None,
            is_known: false,
            is_here: false,
            asked_boot_us: i64::MIN / 2,
        }
    }
}

/// Who leads, and what is broken, as header and banner say it.
#[derive(Debug, Default)]
pub(crate) struct Health {
    pub(crate) lead: Lead,
    /// Files or database cannot be written.
    pub(crate) trouble: Option<String>,
    /// The configuration's faults.
    pub(crate) config_faults: Vec<String>,
    /// Why drafts of former sessions are not offered.
    pub(crate) draft_problems: Vec<String>,
}

/// What is drawn on.
#[derive(Debug)]
pub struct Window {
    /// Columns and rows.
    pub size: (u16, u16),
    /// Whether the screen must be drawn.
    pub is_dirty: bool,
    /// Whether the line to it was found to be thin: what costs bytes and is no fact is left out.
    pub(crate) is_thin: bool,
}

/// The console.
#[derive(Debug)]
pub struct Model {
    /// Who sits here.
    pub(crate) session: Session,
    /// What the clocks said last.
    pub now: Now,
    pub window: Window,
    pub queue: Queue,
    /// The marked gates.
    pub marks: Marks,
    /// The gate of the selected row.
    pub gate: Option<GateView>,
    /// What stands below the queue besides.
    pub panes: Panes,
    /// What has the keys before the panes.
    pub keys: Keys,
    /// The question that is asked.
    pub prompt: Option<Prompt>,
    /// What the rules say that its Enter would do.
    pub preview: Foreseen,
    /// The patch editor.
    pub compose: Option<Compose>,
    /// Unsent words.
    pub drafts: Drafts,
    /// What happened, newest last.
    pub toasts: Toasts,
    /// What the engine was asked and told.
    pub outgoing: Outgoing,
    pub(crate) health: Health,
    /// What of the end of the token was told: that it is not further away than that, in seconds.
    pub(crate) told_expiry_s: Option<u64>,
    /// What the last console has sent, and nobody did.
    pub(crate) unsent: LeftUnsent,
    /// What was done about last calls.
    pub(crate) last_calls: LastCallsHere,
}

/// What the last console of this operator has sent over a line that was lost, and nobody did; and
/// which answers to what this one has sent were not read yet.
#[derive(Debug, Default)]
pub(crate) struct LeftUnsent {
    /// The one that is asked about.
    pub(crate) asked: Option<LeftCommand>,
    /// The one whose question was closed last, and when, on the boot clock: the Escape that did it
    /// may have been the beginning of another key.
    pub(crate) closed: Option<(LeftCommand, i64)>,
    pub(crate) waiting: VecDeque<LeftCommand>,
    /// How many answers came, and what was told of former consoles.
    pub(crate) outcomes: u64,
    /// Those that no key followed yet, by their numbers; none: it was told of former consoles.
    pub(crate) unread: VecDeque<(u64, Option<Ticket>)>,
    /// How many were on the terminal.
    pub(crate) drawn: u64,
}

impl LeftUnsent {
    /// Something is told of what was sent.
    pub(crate) fn told(&mut self, ticket: Option<Ticket>) {
        self.outcomes += 1;
        self.unread.push_back((self.outcomes, ticket));
    }
}

/// What this console did about the last calls that stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastCallsHere {
    /// The gate that the strip names, and since when that is on the terminal, on the boot clock.
    pub(crate) stands: Option<(GateKey, i64)>,
    /// Of which the record was told that they stood here, and when, on the boot clock.
    pub(crate) told: BTreeMap<GateKey, i64>,
    /// The title that the window has.
    pub(crate) title: Option<String>,
    /// When the key came last that holds one, and when the terminal rang last, on the boot clock.
    pub(crate) pressed_boot_us: Option<i64>,
    pub(crate) rung_boot_us: Option<i64>,
}

impl Model {
    /// An empty console.
    pub fn new(session: Session, size: (u16, u16), now: Now) -> Self {
        let mut queue = Queue::default();
        queue.groups.is_on = session.offers.groups;
        Self {
            session,
            now,
            window: Window {
                size,
                is_dirty: true,
                is_thin: false,
            },
            queue,
            marks: Marks::default(),
            gate: None,
            panes: Panes::default(),
            keys: Keys::new(now),
            prompt: None,
            preview: Foreseen::default(),
            compose: None,
            drafts: Drafts::default(),
            toasts: Toasts::default(),
            outgoing: Outgoing::default(),
            health: Health::default(),
            told_expiry_s: None,
            unsent: LeftUnsent::default(),
            last_calls: LastCallsHere::default(),
        }
    }

    /// Who receives the keys: a function of the state, never stored.
    pub fn focus(&self) -> Focus {
        if let Some(focus) = self.keys.focus() {
            return focus;
        }
        if let Some(ask) = self.ask() {
            return ask.focus();
        }
        match &self.compose {
            Some(compose) => compose.focus(),
            None if self.is_pointing() => Focus::Line,
            None => self.pane_focus(),
        }
    }

    /// Whether a line of the diff on screen is pointed at.
    fn is_pointing(&self) -> bool {
        let file = self.file().filter(|_| self.panes.lower == Lower::Gate);
        file.is_some_and(|file| file.pointer.is_on && file.document().is_some())
    }

    /// Which pane the keys would go to without prompts and fields.
    pub fn pane_focus(&self) -> Focus {
        self.panes.focus(self.gate.is_some())
    }

    /// The file on screen.
    pub(crate) fn file(&self) -> Option<&FileView> {
        self.gate.as_ref()?.current()
    }

    pub(crate) fn file_mut(&mut self) -> Option<&mut FileView> {
        self.gate.as_mut()?.current_mut()
    }

    /// What is asked.
    pub(crate) fn ask(&self) -> Option<&dyn PromptKind> {
        self.prompt.as_ref().map(|prompt| &*prompt.ask)
    }

    pub(crate) fn ask_mut(&mut self) -> Option<&mut (dyn PromptKind + 'static)> {
        self.prompt.as_mut().map(|prompt| &mut *prompt.ask)
    }

    /// The question, if it is one of this type.
    pub fn asked<T: Any>(&self) -> Option<&T> {
        let ask: &dyn Any = self.ask()?;
        ask.downcast_ref()
    }

    pub(crate) fn asked_mut<T: Any>(&mut self) -> Option<&mut T> {
        let ask: &mut dyn Any = self.ask_mut()?;
        ask.downcast_mut()
    }

    /// Whether Enter would do something now that somebody has to have read about.
    pub fn is_binding(&self) -> bool {
        self.ask().is_some_and(|ask| ask.is_binding())
    }

    /// Asks this.
    pub(crate) fn put(&mut self, ask: impl PromptKind) {
        self.put_back(Box::new(ask));
    }

    /// The same where it was asked before.
    pub(crate) fn put_back(&mut self, ask: Box<dyn PromptKind>) {
        self.prompt = Some(Prompt {
            ask,
            revision: self.outgoing.next_number(),
            is_drawn: false,
        });
    }

    /// Asks anew: what was on the terminal so far does not count.
    pub(crate) fn ask_again(&mut self) {
        let revision = self.outgoing.next_number();
        if let Some(prompt) = &mut self.prompt {
            (prompt.revision, prompt.is_drawn) = (revision, false);
        }
    }

    /// The draft of a gate, if there is one.
    pub(crate) fn draft(&self, key: &GateKey) -> Option<&Draft> {
        self.drafts.by_gate.get(key)
    }

    /// The draft with the note of a verdict about a gate. Until one is written, that is the note
    /// about a gate that was withdrawn for this one: it is the same question.
    pub(crate) fn draft_of_note(&self, key: &GateKey, verdict: Verdict) -> Option<&Draft> {
        let own = self.draft(key);
        let is_written = |draft: &&Draft| !draft.note(verdict).trim().is_empty();
        let view = self.gate.as_ref().filter(|view| view.key == *key);
        let rows = view.and_then(|view| view.rows.as_deref());
        let withdrawn = rows.into_iter().flat_map(|rows| withdrawn_for(rows, key));
        let mut former = withdrawn.filter_map(|gate| self.draft(&gate.key));
        own.filter(is_written).or_else(|| former.find(is_written)).or(own)
    }

    /// The live lease that somebody else, or another console of the same person, has on a gate.
    pub fn lease_of_other(&self, key: &GateKey) -> Option<&Lease> {
        let row = self.queue.gate(key)?;
        let lease = row.lease.as_deref()?;
        (lease.is_live(self.now) && !self.session.has_taken(lease)).then_some(lease)
    }
}
