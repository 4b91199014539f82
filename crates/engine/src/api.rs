//! What front ends say to the engine and hear from it: plain values, no channels, no SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use config::{ConsoleSection, Problem};
use domain::decision::SealedDecision;
use domain::draft::Draft;
use domain::event::Event;
use domain::gate::OnDisk;
use domain::ids::{JobId, StageName};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::outlook::Fact;
use domain::policy::GatePolicy;
use domain::refusal::Refusal;
use domain::rights::Rights;
use domain::time::Timestamp;
use wire::{DoneDoc, ReviewDoc};

/// Pairs the answer to a command with the command. Whoever hands the command to the loop makes the
/// ticket, a new one for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// That something was done: it is committed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Receipt {
    pub job_id: JobId,
    /// One line for a person: `Gate script approved`.
    pub message: String,
    /// The decision, where one was made.
    pub decision: Option<SealedDecision>,
    /// The job as it is after it.
    pub rows: Arc<JobRows>,
    /// How many patches were applied (`resume`).
    pub patches_applied: u32,
    /// What changed, in words (`patch apply`).
    pub changes: Vec<String>,
    /// The gate that was opened for review instead of going on, and why (`resume`).
    pub review: Option<ReviewOpened>,
    /// What becomes of the stage that waits for its start now; none: none does.
    pub next: Option<Fact>,
    /// What the caller should know although it was done (`gate open` on a stage that the
    /// configuration does not know).
    pub warnings: Vec<String>,
    /// Whether a gate opened: one that is open already with the same artifacts does not.
    pub has_opened: bool,
}

impl Receipt {
    /// For programs: what every command is answered with; `unpublished` is why its files are not in
    /// place.
    pub fn document<'a>(&'a self, unpublished: Option<&'a Refusal>) -> DoneDoc<'a> {
        DoneDoc {
            message: &self.message,
            job_id: &self.job_id,
            job_status: self.rows.job.status,
            job_stage: self.rows.job.stage.as_ref(),
            decision: None,
            recall_until: self.recall_until(),
            changed: None,
            patches_applied: None,
            digest: None,
            review: None,
            next: self.next.as_ref(),
            published: unpublished.is_none(),
            not_published_because: unpublished.map(|why| why.message.as_str()),
        }
    }

    /// Until when the decision that was made may be taken back; none: it is final, or there is none.
    pub fn recall_until(&self) -> Option<Timestamp> {
        let decision = &self.decision.as_ref()?.decision;
        let gate = self.rows.gate(decision.stage(), decision.attempt())?;
        Some(gate.recall.as_ref()?.until)
    }

    /// Why the stage that waits for its start does not start at once, in a sentence; none: none
    /// waits, or it does.
    pub fn hindrance(&self) -> Option<String> {
        self.next.as_ref().filter(|next| next.is_hindrance())?.words()
    }
}

/// That a paused job goes on only after another look: what was decided on is not what lies there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewOpened {
    pub gate: GateKey,
    /// What differs: as it was decided on, and as it was found.
    pub(crate) moved: Vec<OnDisk>,
}

impl ReviewOpened {
    /// For programs.
    pub fn document(&self) -> ReviewDoc<'_> {
        ReviewDoc::of(&self.gate, &self.moved)
    }

    /// In one line:
    /// `Gate script #2 of j-1 is open for review: script.txt is not what was decided on (was 9f2c1e, is 41b07a)`.
    pub fn words(&self) -> String {
        let GateKey { job_id, stage, attempt } = &self.gate;
        let differences: Vec<_> = self.moved.iter().map(OnDisk::difference).collect();
        format!(
            "Gate {stage} #{attempt} of {job_id} is open for review: {}",
            differences.join("; ")
        )
    }
}

/// What the engine tells without being asked, or in answer.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A command was committed or refused.
    Done(Ticket, Result<Box<Receipt>, Refusal>),
    /// The files that a command owes are in place under their names; or, with a reason, not yet.
    Published(Ticket, Result<(), Refusal>),
    /// What happened since the last such notice, in any process, oldest first; what is on screen
    /// may be stale now.
    Events(Vec<Event>),
    /// Something visible changed that is no event (a lease, a look).
    Changed,
    /// A look found the rows as they were: only what no row tells may have changed, files and who
    /// leads.
    Looked,
    /// This process leads now, or no longer.
    Lead(bool),
    /// The configuration file was saved and is in force for gates opened from now on: their
    /// policies, what a console offers, and its warnings.
    ConfigLoaded(Arc<BTreeMap<StageName, GatePolicy>>, ConsoleSection, Vec<Problem>),
    /// The configuration file was saved and is broken; the former policy stays. All faults.
    ConfigBroken(Vec<Problem>),
    /// A newer holdpoint has brought the database up while this process ran: nothing is changed
    /// from here on, and why.
    ReadOnly(String),
    /// Another console of this operator has written about the same gate meanwhile: of the two texts
    /// this one is no draft any more. It was put aside at the server.
    PutAside(Box<Draft>),
    /// What may be done from here is something else now, or until when: the token's role, stages and
    /// end.
    Access(Rights, Option<Timestamp>),
    /// Files could not be written, or the database not reached: what and why, and what holdpoint
    /// will do. None: it works again.
    Trouble(Option<Refusal>),
}
