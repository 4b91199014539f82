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
pub mod queue;
pub(crate) mod reading;
pub(crate) mod remembered;
pub(crate) mod said;
pub(crate) mod shown;
pub(crate) mod slips;
pub(crate) mod standing;
pub mod toast;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::ops::Range;

use bulk::Mark;
use compose::Compose;
use file::FileView;
use gate::GateView;
use keys::Keys;
use outgoing::Outgoing;
use panes::{Lower, Panes};
use preview::Foreseen;
use prompt::{Note, Pin, PromptLine, Why};
use queue::{Queue, RowKey};
use toast::Toasts;

use crate::draft::{Discarded, Draft};
use crate::editor::Editor;
use crate::effect::Effect;
use crate::keymap::Focus;
use crate::session::Session;
use domain::ask::Command;
use domain::context::GateContext;
use domain::gate::Verdict;
use domain::handover::{HandedGate, Handover, MarkedGate};
use domain::key::GateKey;
use domain::lease::Lease;
use domain::look::withdrawn_for;
use domain::refusal::Refusal;
use domain::time::Now;
use domain::view::LeaderInfo;
use engine::api::Ticket;

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
    /// What was done about last calls.
    pub(crate) last_calls: LastCallsHere,
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
        (lease.is_live(self.now) && lease.holder != self.session.operator).then_some(lease)
    }
}

/// What closing a question leaves.
pub(crate) enum Closing {
    Nothing,
    /// Answers are still to come.
    Stays,
    /// What it was asked from.
    Back(Box<dyn PromptKind>),
}

/// A question that stands between a key and something that cannot be taken back: what all of the
/// console asks of it. The state, the keys and the lines of each are in a file of `prompt/`, which
/// is above the model. What nobody would miss until it is too late has no default: what the rules
/// are asked, and the gates whose timers wait for it.
pub(crate) trait PromptKind: Any + Debug + Boxed {
    /// Who receives the keys as long as nothing stands over it.
    fn focus(&self) -> Focus;

    /// When it was not done.
    fn not_done(&self) -> &'static str {
        "Not done"
    }

    /// Its lines; of a list that scrolls none.
    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>>;

    /// Enter, which was offered and read. Returns whether the question stays.
    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool;

    /// What the last line says beside the keys; `enter` is the key that would be offered now.
    fn said(&self, _model: &Model, enter: Option<&str>) -> Vec<String> {
        enter.map(|enter| format!("{enter} yes")).into_iter().collect()
    }

    /// Whether its Enter does something that somebody has to have read about.
    fn is_to_be_read(&self) -> bool {
        true
    }

    /// Whether Enter does nothing but here: the rules are not asked, nobody else is concerned.
    fn is_local(&self) -> bool {
        false
    }

    /// Whether it was sent, or is over already.
    fn is_sent(&self) -> bool {
        false
    }

    /// Whether it shows what comes of a command.
    fn waits_for(&self, _ticket: Ticket) -> bool {
        false
    }

    /// The note that goes with an answer, as long as it can be written.
    fn note(&self) -> Option<&Note> {
        None
    }

    fn note_mut(&mut self) -> Option<&mut Note> {
        None
    }

    /// The field that letters are typed into while an answer is written.
    fn typed_mut(&mut self) -> Option<&mut Editor> {
        None
    }

    /// What its Enter would do has changed: an answer that was typed to what stood there goes.
    /// Returns whether it is typed anew.
    fn ask_anew(&mut self) -> bool {
        false
    }

    /// Why what is written into it cannot be sent.
    fn unfit(&self) -> Option<Why> {
        None
    }

    /// What Enter would send now, with this note: the rules are asked about the very same.
    fn commands(&self, model: &Model, note: Option<String>) -> Vec<Command>;

    /// The gates that it is about, as long as it stands.
    fn gates(&self, model: &Model) -> Vec<GateKey>;

    /// Whether it is not known before the rules have answered whether anything is asked at all.
    fn is_unknown(&self) -> bool {
        false
    }

    /// What it pins: any change of that turns it into a refusal.
    fn pin(&self) -> Option<&Pin> {
        None
    }

    /// What its requester said of the gate when it was asked; another word of that turns it into a
    /// refusal.
    fn context(&self) -> Option<&GateContext> {
        None
    }

    /// Whether a patch draft of what it decides would be left out.
    fn leaves_draft(&self) -> bool {
        false
    }

    /// Whether there is something that was not looked at to be taken in.
    fn can_take_in(&self) -> bool {
        false
    }

    /// Of how many gates the lines were not on the terminal yet, and of how many it asks.
    fn undrawn(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Notes that these lines of its list are on the terminal. Returns whether one of them is there
    /// for the first time.
    fn note_drawn(&mut self, _lines: Range<usize>) -> bool {
        false
    }

    /// Whether Enter would do something, where that is more than what the rules say of all of it.
    fn ruled(&self, _model: &Model) -> Option<Result<(), Why>> {
        None
    }

    /// Whether an answer of the rules closes it; `is_of_colleague`: because of a gate that somebody
    /// else has open, which can be taken over here.
    fn closes_on(&self, _model: &Model, _refusal: &Refusal, is_of_colleague: bool) -> bool {
        !is_of_colleague
    }

    /// Shows in its place why it will not happen, and what to do. False: it cannot.
    fn refuse(&mut self, _why: &str, _hint: Option<&str>) -> bool {
        false
    }

    /// What it was sent as was refused.
    fn refused(&mut self, _why: &str, _hint: Option<&str>) {}

    /// What is said when it is closed, and what is left then.
    fn close(&self) -> (Option<&'static str>, Closing) {
        (None, Closing::Nothing)
    }

    /// How many gates its list has; none: it is about no list of gates.
    fn listed(&self) -> usize {
        0
    }

    /// Which lines of its list are in sight beside so many others, in so many rows.
    fn window(&self, _around: usize, _rows: usize) -> Range<usize> {
        0..0
    }

    /// Its lines in so many rows.
    fn within<'a>(&'a self, model: &'a Model, columns: usize, _rows: usize) -> Vec<PromptLine<'a>> {
        self.lines(model, columns)
    }
}

/// What a question that can be copied is as one of any kind.
pub(crate) trait Boxed {
    fn boxed(&self) -> Box<dyn PromptKind>;
}

impl<T: PromptKind + Clone> Boxed for T {
    fn boxed(&self) -> Box<dyn PromptKind> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn PromptKind> {
    fn clone(&self) -> Self {
        self.as_ref().boxed()
    }
}

impl dyn PromptKind {
    /// Whether Enter would do something now that somebody has to have read about.
    pub(crate) fn is_binding(&self) -> bool {
        self.is_to_be_read() && !self.is_sent()
    }
}

/// A question as it is asked now.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub(crate) ask: Box<dyn PromptKind>,
    /// Rises with every change of what is asked.
    pub(crate) revision: u64,
    /// Whether all of this revision was on the terminal: only then does Enter confirm.
    pub(crate) is_drawn: bool,
}

impl Prompt {
    /// The revision, where what a key does depends on its being drawn.
    pub(crate) fn revision(&self) -> Option<u64> {
        self.ask.is_to_be_read().then_some(self.revision)
    }
}
