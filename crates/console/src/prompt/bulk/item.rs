//! One gate of a bulk.

use crate::model::prompt::Pin;
use domain::ask::Command;
use domain::decision::Extent;
use domain::gate::Verdict;
use domain::ids::Digest;
use domain::key::GateRef;
use engine::api::Ticket;

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
    /// The digest of what its requester said when it was marked, or when the row was read that
    /// stands for it.
    pub(crate) context_digest: Option<Digest>,
    /// What made it one of the gates of a row; none: it was marked.
    pub(crate) group: Option<Digest>,
    /// What changed, as in the queue.
    pub(crate) change: String,
    /// How much of the change this operator was shown in another gate that asks for the same,
    /// where that is all of it: goes on record with the decision.
    pub(crate) shared: Option<Extent>,
    /// Whether this operator has looked at exactly that.
    pub(crate) is_seen: bool,
    /// Where it stands.
    pub(crate) state: ItemState,
    /// Whether it was taken over from whoever else had it open.
    pub(crate) is_taken_over: bool,
    /// Whether its line was on the terminal since the question is asked.
    pub(crate) is_drawn: bool,
}

impl Item {
    /// What Enter sends for it.
    pub(super) fn command(&self, verdict: Verdict, notes: Option<String>) -> Command {
        Command::Decide {
            gate: GateRef::from(&self.pin.key),
            verdict,
            notes,
            comments: Vec::new(),
            draft_by: None,
            patch: None,
            digest: Some(self.pin.digest),
            context_digest: self.context_digest,
        }
    }
}
