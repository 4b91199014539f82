//! Marks on gates of the queue, and the question before all marked gates are decided.

use super::prompt::Pin;
use crate::editor::Editor;
use domain::decision::Extent;
use domain::gate::Verdict;
use domain::ids::Digest;
use domain::key::GateKey;
use engine::api::Ticket;

/// A marked gate, as it was when it was marked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// Its digest; none while it is being read.
    pub(crate) digest: Option<Digest>,
    /// Whether this operator has seen all of exactly that.
    pub(crate) is_seen: bool,
    /// How much of it is on record; none: they have not looked at it.
    pub(crate) extent: Option<Extent>,
}

/// Why Enter on a bulk leaves a gate out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// This operator has not seen all of it; it can be taken in.
    NotSeen,
    /// Somebody else has it open.
    OpenElsewhere,
    /// The rules would refuse it as it was marked.
    Refused,
}

/// Where one gate of a bulk stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ItemState {
    /// Waits for the operator's Enter.
    Asking,
    /// Enter does not decide it: why.
    LeftOut(LeftOut),
    /// Sent; not yet answered.
    Writing(Ticket),
    /// Decided as asked.
    Done,
    /// It was not decided here: why.
    Not(String),
}

/// One gate of a bulk.
#[derive(Debug, Clone)]
pub struct Item {
    /// The gate and what of it was marked.
    pub pin: Pin,
    /// What changed, as in the queue.
    pub(crate) change: String,
    /// Whether this operator has looked at exactly that.
    pub(crate) is_seen: bool,
    /// Where it stands.
    pub(crate) state: ItemState,
    /// Whether its line was on the terminal since the question is asked.
    pub(crate) is_drawn: bool,
}

/// The question before all marked gates are decided: each on its own digest, each with its own
/// answer.
#[derive(Debug, Clone)]
pub struct BulkAsk {
    /// Approve or reject.
    pub(crate) verdict: Verdict,
    /// The gates.
    pub items: Vec<Item>,
    /// The note that goes with each.
    pub(crate) note: Editor,
    /// The gate whose draft keeps the note.
    pub(crate) note_key: GateKey,
    /// Whether keys are typed into the note.
    pub(crate) is_note_focused: bool,
    /// Whether Enter was pressed once on an empty note of a rejection.
    pub(crate) is_empty_accepted: bool,
    /// Whether what was not looked at was taken in, by a key that says so.
    pub(crate) has_taken_in: bool,
    /// Whether Enter was pressed once on gates that were not looked at.
    pub(crate) is_unseen_accepted: bool,
    /// Whether it was sent.
    pub(crate) is_sent: bool,
    /// The first item on screen.
    pub(crate) top: usize,
}

impl BulkAsk {
    /// The items that this holds for.
    fn count(&self, is_it: impl Fn(&ItemState) -> bool) -> usize {
        self.items.iter().filter(|item| is_it(&item.state)).count()
    }

    /// How many are not left out.
    pub(crate) fn concerned(&self) -> usize {
        self.count(|state| !matches!(state, ItemState::LeftOut(_)))
    }

    /// How many gates Enter would decide.
    pub(crate) fn asking(&self) -> usize {
        self.count(|state| *state == ItemState::Asking)
    }

    /// How many gates Enter would decide whose lines were not on the terminal yet.
    pub fn undrawn(&self) -> usize {
        let is_undrawn = |item: &&Item| item.state == ItemState::Asking && !item.is_drawn;
        self.items.iter().filter(is_undrawn).count()
    }

    /// Notes that these lines of the list are on the terminal. Returns whether any of them is there
    /// for the first time.
    pub(crate) fn note_drawn(&mut self, lines: std::ops::Range<usize>) -> bool {
        let items = self.items.get_mut(lines).unwrap_or_default();
        let is_news = items.iter().any(|item| !item.is_drawn);
        items.iter_mut().for_each(|item| item.is_drawn = true);
        is_news
    }

    /// How many are sent and not yet answered.
    pub(crate) fn writing(&self) -> usize {
        self.count(|state| matches!(state, ItemState::Writing(_)))
    }

    /// How many were decided as asked.
    pub(crate) fn done(&self) -> usize {
        self.count(|state| *state == ItemState::Done)
    }

    /// The gates that are left out for this, each with its number in the list.
    pub(crate) fn left_out(&self, why: LeftOut) -> Vec<(usize, &Item)> {
        let items = (1..).zip(&self.items);
        items
            .filter(|(_, item)| item.state == ItemState::LeftOut(why))
            .collect()
    }

    /// How many that were not looked at Enter would decide.
    pub(crate) fn taken_in(&self) -> usize {
        let is_unseen = |item: &&Item| item.state == ItemState::Asking && !item.is_seen;
        self.items.iter().filter(is_unseen).count()
    }

    /// Whether the rules would refuse all of it, so that there is nothing to wait for.
    pub(crate) fn is_refused(&self) -> bool {
        let is_refused = |item: &Item| item.state == ItemState::LeftOut(LeftOut::Refused);
        self.is_asking() && self.items.iter().all(is_refused)
    }

    /// Whether there is something that was not looked at to be taken in.
    pub(crate) fn can_take_in(&self) -> bool {
        self.is_asking() && !self.left_out(LeftOut::NotSeen).is_empty()
    }

    /// Whether it still waits for the operator: nothing was sent, and there is something that could
    /// be.
    pub(crate) fn is_asking(&self) -> bool {
        let could_be = |state: &ItemState| matches!(state, ItemState::Asking | ItemState::LeftOut(_));
        !self.is_sent && self.count(could_be) > 0
    }

    /// The item that a command decides.
    pub(crate) fn item_of(&mut self, ticket: Ticket) -> Option<&mut Item> {
        self.items
            .iter_mut()
            .find(|item| item.state == ItemState::Writing(ticket))
    }

    /// The verb on the key line.
    pub(crate) fn verb(&self) -> &'static str {
        match self.verdict {
            Verdict::Approve => "approve",
            Verdict::Reject => "reject",
        }
    }

    /// When it was not done.
    pub(crate) fn not_done(&self) -> &'static str {
        match self.verdict {
            Verdict::Approve => "Not approved",
            Verdict::Reject => "Not rejected",
        }
    }

    /// When it was done.
    pub(crate) fn done_word(&self) -> &'static str {
        match self.verdict {
            Verdict::Approve => "Approved",
            Verdict::Reject => "Rejected",
        }
    }
}
