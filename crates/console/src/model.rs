//! Everything that the console shows, as values. Changed by `update` only; drawn by `view`, which
//! changes nothing.

pub(crate) mod bulk;
pub mod compose;
pub(crate) mod external_edit;
pub mod file;
pub mod gate;
pub(crate) mod history;
pub mod job;
pub mod keys;
pub mod look;
pub mod outgoing;
pub mod panes;
pub mod preview;
pub mod prompt;
pub mod queue;
pub(crate) mod reading;
pub(crate) mod remembered;
pub(crate) mod shown;
pub(crate) mod slips;
pub(crate) mod standing;
pub mod toast;

use std::collections::{BTreeMap, BTreeSet};

use bulk::Mark;
use compose::Compose;
use file::FileView;
use gate::GateView;
use keys::Keys;
use outgoing::Outgoing;
use panes::Panes;
use preview::Foreseen;
use prompt::{Prompt, PromptKind};
use queue::{Queue, RowKey};
use toast::Toasts;

use crate::draft::{Discarded, Draft};
use crate::keymap::Focus;
use crate::session::Session;
use domain::key::GateKey;
use domain::lease::Lease;
use domain::time::Now;
use domain::view::LeaderInfo;

/// The marks on gates of the queue.
#[derive(Debug, Default)]
pub struct Marks {
    pub on: BTreeMap<GateKey, Mark>,
    /// Those that were taken off last, to be set again.
    pub(crate) off: BTreeMap<GateKey, Mark>,
    /// Where a range of them began.
    pub range: Option<RowKey>,
}

/// Unsent words.
#[derive(Debug, Default)]
pub struct Drafts {
    pub by_gate: BTreeMap<GateKey, Draft>,
    /// What was thrown away lately, newest first.
    pub(crate) discarded: Vec<Discarded>,
    pub(crate) unsaved: Unsaved,
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
}

impl Model {
    /// An empty console.
    pub fn new(session: Session, size: (u16, u16), now: Now) -> Self {
        Self {
            session,
            now,
            window: Window { size, is_dirty: true },
            queue: Queue::default(),
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
            None => self.pane_focus(),
        }
    }

    /// Which pane the keys would go to without prompts and fields.
    pub fn pane_focus(&self) -> Focus {
        self.panes.focus(self.gate.is_some())
    }

    /// The file on screen.
    pub fn file(&self) -> Option<&FileView> {
        self.gate.as_ref()?.current()
    }

    pub(crate) fn file_mut(&mut self) -> Option<&mut FileView> {
        self.gate.as_mut()?.current_mut()
    }

    /// What is asked.
    pub fn ask(&self) -> Option<&PromptKind> {
        self.prompt.as_ref().map(|prompt| &prompt.ask)
    }

    pub(crate) fn ask_mut(&mut self) -> Option<&mut PromptKind> {
        self.prompt.as_mut().map(|prompt| &mut prompt.ask)
    }

    /// Asks this.
    pub fn put(&mut self, ask: PromptKind) {
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

    /// The live lease that somebody else, or another console of the same person, has on a gate.
    pub fn lease_of_other(&self, key: &GateKey) -> Option<&Lease> {
        let row = self.queue.gate(key)?;
        let lease = row.lease.as_deref()?;
        (lease.is_live(self.now) && lease.holder != self.session.operator).then_some(lease)
    }
}
