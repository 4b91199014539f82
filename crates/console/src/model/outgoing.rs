//! What the engine was asked and told, until it answers.

use std::collections::{BTreeMap, VecDeque};

use domain::key::GateKey;
use domain::lease::LeasePurpose;
use domain::recall::RecallWindow;
use domain::time::Timestamp;
use engine::api::Ticket;

/// At most so many gates are marked: each takes a lease and a place in the writer's queue.
pub(crate) const MARKS_MAX: usize = 400;

/// How many own decisions are remembered, to tell news from echoes.
const OWN_MAX: usize = 2 * MARKS_MAX;

/// What was sent and is not yet answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// The number of the question about several gates that it is a part of: what became of it
    /// stands in the list there.
    pub(crate) part_of: Option<u64>,
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

/// A question that is asked again and again, never twice at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct UnderWay {
    /// Whether it waits for its answer.
    is_asked: bool,
    /// Whether it is to be asked once more after that.
    must_follow: bool,
}

impl UnderWay {
    /// Whether it may be asked now; else it is asked once more after the answer.
    pub(crate) fn begin(&mut self) -> bool {
        self.must_follow = self.is_asked;
        !std::mem::replace(&mut self.is_asked, true)
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// It was answered. Returns whether it is to be asked once more.
    pub(crate) fn end(&mut self) -> bool {
        std::mem::take(self).must_follow
    }
}

/// A decision that was made here and may be taken back, or all those of one question.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// Each gate with its label.
    pub(crate) gates: Vec<(GateKey, String, RecallWindow)>,
    /// The number of the question, where that was about several gates.
    pub(crate) part_of: Option<u64>,
    /// The time of the line that tells of it.
    pub(crate) told_at: Timestamp,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// Commands under way.
    pub(crate) sent: BTreeMap<Ticket, Sent>,
    /// The leases that are kept, by gate.
    pub leases: BTreeMap<GateKey, LeaseHeld>,
    /// Gates that this console decided lately: their events are no news.
    pub(crate) own: VecDeque<GateKey>,
    /// The decisions of this console that may be taken back, the newest last; some no longer can.
    pub(crate) made: Vec<Made>,
    /// When the key came last that takes one back, on the boot clock.
    pub(crate) took_back_boot_us: Option<i64>,
    /// The query for the queue.
    pub(crate) queue: UnderWay,
    /// The query for the selected job.
    pub(crate) job: UnderWay,
    /// The list of jobs.
    pub(crate) jobs: UnderWay,
    /// The forecast.
    pub(crate) board: UnderWay,
    /// Rises with every view of a gate, prompt text or command.
    counter: u64,
}

impl Outgoing {
    /// A number that nothing else has: an answer finds by it what it is an answer to.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.counter = self.counter.saturating_add(1);
        self.counter
    }

    /// This console decided a gate.
    pub(crate) fn remember_own(&mut self, key: &GateKey) {
        if self.own.len() == OWN_MAX {
            self.own.pop_front();
        }
        self.own.push_back(key.clone());
    }

    /// Whether an answer is awaited that will change the screen.
    pub(crate) fn is_waiting(&self) -> bool {
        self.sent.values().any(|sent| !sent.is_committed && !sent.is_quiet)
    }

    /// The decision of this gate that is being written, if one is.
    pub(crate) fn writing(&self, key: &GateKey) -> Option<&Sent> {
        self.sent
            .values()
            .find(|sent| !sent.is_committed && sent.decides.as_ref() == Some(key))
    }
}
