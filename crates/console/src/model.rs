//! Everything that the console shows, as values. Changed by `update` only; drawn by `view`, which
//! changes nothing.

pub(crate) mod bulk;
pub mod compose;
pub(crate) mod external_edit;
pub mod file;
pub mod gate;
pub(crate) mod history;
pub mod job;
pub mod look;
pub mod preview;
pub mod prompt;
pub mod queue;
pub(crate) mod remembered;
pub(crate) mod shown;
pub(crate) mod slips;
pub(crate) mod standing;
pub mod toast;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bulk::Mark;
use compose::{Compose, List};
use external_edit::ExternalEdit;
use gate::GateView;
use history::HistoryPane;
use job::JobView;
use look::ViewOptions;
use preview::Foreseen;
use prompt::{Prompt, PromptKind};
use queue::{Queue, RowKey};
use remembered::Remembered;
use slips::Slips;
use toast::Toasts;

use crate::draft::{Discarded, Draft};
use crate::editor::{Editor, TextPosition};
use crate::keymap::Focus;
use crate::session::Session;
use crate::theme::Theme;
use domain::key::GateKey;
use domain::lease::{Lease, LeasePurpose};
use domain::time::{Now, Timestamp};
use domain::view::LeaderInfo;
use engine::api::Ticket;

/// What stands below (or beside) the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lower {
    /// The gate's diff.
    Gate,
    /// The job: stages, events, log.
    Job,
    /// The decisions.
    History,
}

/// A list over everything else.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The keys, narrowed down by what is typed.
    Help {
        /// What is typed.
        filter: Editor,
        /// The first row shown.
        top: usize,
    },
    /// The files under review.
    Files {
        /// What is typed.
        text: Editor,
        /// The chosen row.
        chosen: usize,
    },
    /// What was thrown away lately.
    Discarded {
        /// What is typed.
        text: Editor,
        /// The chosen row.
        chosen: usize,
    },
    /// Commands by name.
    Palette {
        /// What is typed.
        text: Editor,
        /// The chosen row.
        chosen: usize,
    },
}

/// A one-line field at the bottom.
#[derive(Debug, Clone)]
pub enum Field {
    /// The queue's filter.
    Filter(Editor),
    /// The diff's search.
    Search(Editor),
    /// The search in the text that is written, and where it began.
    Find(Editor, TextPosition),
}

/// What was sent and is not yet answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// For a toast: `Approved`, `Resumed`.
    pub(crate) done: &'static str,
    /// For a refusal: `Not approved`.
    pub(crate) not_done: &'static str,
    /// What it was about.
    pub(crate) subject: String,
    /// The gate that it decides, if it decides one.
    pub(crate) decides: Option<GateKey>,
    /// Whether a patch goes with it.
    pub(crate) has_patch: bool,
    /// Whether it was answered, and only its files are owed.
    pub(crate) is_committed: bool,
    /// The gate whose lease it takes or renews.
    pub(crate) leases: Option<GateKey>,
    /// Whether it is one of many: what became of it stands in their list.
    pub(crate) is_part: bool,
    /// Whether nobody wants to hear of it unless a prompt waits for it (leases, looks).
    pub(crate) is_quiet: bool,
}

/// A lease that this session wants while a prompt or the editor is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseHeld {
    /// What for.
    pub(crate) purpose: LeasePurpose,
    /// When it was last asked for, on the boot clock.
    pub(crate) beat_boot_us: i64,
    /// Since when this session has it; none: it was never given.
    pub(crate) taken_at: Option<Timestamp>,
    /// Whether it was refused the last time.
    pub(crate) is_refused: bool,
    /// Whether somebody took it from this session.
    pub(crate) is_lost: bool,
}

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

/// What is broken, as the banner says it.
#[derive(Debug, Default)]
pub(crate) struct Broken {
    /// Files or database cannot be written.
    pub(crate) trouble: Option<String>,
    /// The configuration's faults.
    pub(crate) config_faults: Vec<String>,
    /// Why drafts of former sessions are not offered.
    pub(crate) draft_problems: Vec<String>,
}

/// Whether somebody sits here.
#[derive(Debug)]
pub(crate) struct Presence {
    /// When a key was last pressed, on the boot clock; none: not yet, and a console that runs is
    /// nobody who looks.
    pub(crate) key_boot_us: Option<i64>,
    /// Since when somebody is at the keys without a long break, on the boot clock.
    pub(crate) since_boot_us: i64,
}

/// The console.
#[derive(Debug)]
pub struct Model {
    /// Who sits here.
    pub(crate) session: Session,
    /// Columns and rows.
    pub size: (u16, u16),
    /// What the clocks said last.
    pub now: Now,
    /// Colours.
    pub(crate) theme: Theme,
    /// Whether the keys go to what stands below the queue.
    pub is_lower_focused: bool,
    /// What stands below the queue.
    pub lower: Lower,
    pub queue: Queue,
    /// The marked gates.
    pub marks: Marks,
    /// How diffs are looked at.
    pub look: ViewOptions,
    /// The gate of the selected row.
    pub gate: Option<GateView>,
    /// The job of the selected row.
    pub job: Option<JobView>,
    /// The decisions.
    pub(crate) history: HistoryPane,
    /// What was shown of gates that the selection left, the newest last.
    pub(crate) remembered: VecDeque<Remembered>,
    /// The question that is asked.
    pub prompt: Option<Prompt>,
    /// What the rules say that its Enter would do.
    pub preview: Foreseen,
    /// The patch editor.
    pub compose: Option<Compose>,
    /// The operator's own editor, as long as the edit is its business.
    pub away: Option<ExternalEdit>,
    /// A list over everything else.
    pub overlay: Option<Overlay>,
    /// A one-line field.
    pub field: Option<Field>,
    /// What keeps a slip from acting.
    pub(crate) slips: Slips,
    /// What happened, newest last.
    pub toasts: Toasts,
    /// Unsent words.
    pub drafts: Drafts,
    /// Commands under way.
    pub(crate) sent: BTreeMap<Ticket, Sent>,
    /// The leases that are kept, by gate.
    pub leases: BTreeMap<GateKey, LeaseHeld>,
    /// Who leads.
    pub(crate) lead: Lead,
    /// What is broken.
    pub(crate) broken: Broken,
    /// Whether somebody sits here.
    pub(crate) presence: Presence,
    /// Whether a query for the queue is under way, and whether another must follow.
    pub queue_asked: (bool, bool),
    /// The job that a query is under way for, and whether another must follow.
    pub(crate) job_asked: Option<(domain::ids::JobId, bool)>,
    /// Gates that this console decided lately: their events are no news.
    pub(crate) own: VecDeque<GateKey>,
    /// Rises with every view of a gate, prompt text or command.
    pub(crate) counter: u64,
    /// Whether the screen must be drawn.
    pub is_dirty: bool,
}

impl Model {
    /// An empty console.
    pub fn new(session: Session, size: (u16, u16), now: Now) -> Self {
        let theme = Theme {
            has_colour: session.has_colour,
            has_palette: session.has_colour && session.has_palette,
        };
        Self {
            session,
            size,
            now,
            theme,
            is_lower_focused: false,
            lower: Lower::Gate,
            queue: Queue::default(),
            marks: Marks::default(),
            look: ViewOptions::default(),
            gate: None,
            job: None,
            history: HistoryPane::default(),
            remembered: VecDeque::new(),
            prompt: None,
            preview: Foreseen::default(),
            compose: None,
            away: None,
            overlay: None,
            field: None,
            slips: Slips::default(),
            toasts: Toasts::default(),
            drafts: Drafts::default(),
            sent: BTreeMap::new(),
            leases: BTreeMap::new(),
            lead: Lead {
                leader: None,
                is_known: false,
                is_here: false,
                asked_boot_us: i64::MIN / 2,
            },
            broken: Broken::default(),
            presence: Presence {
                key_boot_us: None,
                since_boot_us: now.boot_us,
            },
            queue_asked: (false, false),
            job_asked: None,
            own: VecDeque::new(),
            counter: 0,
            is_dirty: true,
        }
    }

    /// Who receives the keys: a function of the state, never stored.
    pub fn focus(&self) -> Focus {
        match &self.overlay {
            Some(Overlay::Help { .. }) => return Focus::Help,
            Some(Overlay::Palette { .. }) => return Focus::Palette,
            Some(Overlay::Files { .. }) => return Focus::Files,
            Some(Overlay::Discarded { .. }) => return Focus::Discarded,
            None => {}
        }
        match &self.field {
            Some(Field::Filter(_)) => return Focus::Filter,
            Some(Field::Search(_)) => return Focus::Search,
            Some(Field::Find(..)) => return Focus::Find,
            None => {}
        }
        if let Some(ask) = self.ask() {
            return ask.focus();
        }
        if let Some(compose) = &self.compose {
            return match compose.list {
                Some(List::Types { .. }) => Focus::Types,
                Some(List::Candidates { .. }) => Focus::Candidates,
                None => Focus::Compose,
            };
        }
        self.pane_focus()
    }

    /// Which pane the keys would go to without prompts and fields.
    pub fn pane_focus(&self) -> Focus {
        match (self.is_lower_focused, self.lower) {
            (false, _) => Focus::Queue,
            (true, Lower::Gate) if self.gate.is_none() => Focus::Job,
            (true, Lower::Gate) => Focus::Diff,
            (true, Lower::Job) => Focus::Job,
            (true, Lower::History) => Focus::History,
        }
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        self.counter = self.counter.saturating_add(1);
        self.counter
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
            revision: self.next_number(),
            is_drawn: false,
        });
    }

    /// Asks anew: what was on the terminal so far does not count.
    pub(crate) fn ask_again(&mut self) {
        let revision = self.next_number();
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

    /// The decision of this gate that is being written, if one is.
    pub(crate) fn writing(&self, key: &GateKey) -> Option<&Sent> {
        self.sent
            .values()
            .find(|sent| !sent.is_committed && sent.decides.as_ref() == Some(key))
    }
}
