//! What front ends say to the engine and hear from it: plain values, no channels, no SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::Problem;
use domain::ask::Command;
use domain::decision::SealedDecision;
use domain::event::Event;
use domain::gate::OnDisk;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::old::{OldDecision, OldEvent, OldJob};
use domain::operator::Operator;
use domain::outlook::{Fact, Outlook};
use domain::policy::GatePolicy;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use domain::view::{JobFilter, LeaderInfo, QueueRow, Since};
use domain::webhook::WebhookStanding;
use wire::{DoneDoc, ReviewDoc};

/// Pairs an answer with what was asked; rises in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// That something was done: it is committed.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The job.
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
    /// What the caller should know although it was done (`gate open` on a stage that the configuration does not know).
    pub warnings: Vec<String>,
    /// Whether anything was written: opening a gate that is open already with the same artifacts writes nothing.
    pub is_change: bool,
}

impl Receipt {
    /// For programs: what every command is answered with; `unpublished` is why its files are not in place.
    pub fn document<'a>(&'a self, unpublished: Option<&'a Refusal>) -> DoneDoc<'a> {
        DoneDoc {
            message: &self.message,
            job_id: &self.job_id,
            job_status: self.rows.job.status,
            job_stage: self.rows.job.stage.as_ref(),
            decision: None,
            changed: None,
            patches_applied: None,
            digest: None,
            review: None,
            next: self.next.as_ref(),
            published: unpublished.is_none(),
            not_published_because: unpublished.map(|why| why.message.as_str()),
        }
    }

    /// Why the stage that waits for its start does not start at once, in a sentence; none: none waits, or it does.
    pub fn hindrance(&self) -> Option<String> {
        self.next.as_ref().filter(|next| next.is_hindrance())?.words()
    }
}

/// That a paused job goes on only after another look: what was decided on is not what lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewOpened {
    /// The gate.
    pub gate: GateKey,
    /// What differs: as it was decided on, and as it was found.
    pub(crate) moved: Vec<OnDisk>,
}

impl ReviewOpened {
    /// For programs.
    pub fn document(&self) -> ReviewDoc<'_> {
        ReviewDoc::of(&self.gate, &self.moved)
    }

    /// In one line: `Gate script #2 of j-1 is open for review: script.txt is not what was decided on (was 9f2c1e, is 41b07a)`.
    pub fn words(&self) -> String {
        let GateKey { job_id, stage, attempt } = &self.gate;
        let differences: Vec<_> = self.moved.iter().map(OnDisk::difference).collect();
        format!(
            "Gate {stage} #{attempt} of {job_id} is open for review: {}",
            differences.join("; ")
        )
    }
}

/// Something to be read. Each is answered once by an [`Answer`] of the same name.
#[derive(Debug, Clone)]
pub enum Query {
    /// The queue: open gates and unfinished jobs. Unsorted; the screen sorts.
    Queue,
    /// The ids of jobs that are not over, the newest first, at most so many.
    NewestUnfinished(usize),
    /// One job with all its gates, attempts, artifacts and the newest decision of each stage.
    Job(JobId),
    /// Jobs, newest first.
    Jobs(JobFilter),
    /// Events after `since`, oldest first, of one job or all; with `tail`, the last `limit` of them instead of the first.
    Events {
        /// Only this job's.
        job_id: Option<JobId>,
        /// Only with a higher number.
        since: u64,
        /// At most so many.
        limit: u32,
        /// The last instead of the first.
        tail: bool,
    },
    /// Decisions, newest first, every attempt.
    Decisions {
        /// Only this job's.
        job_id: Option<JobId>,
        /// Only this stage's.
        stage: Option<StageName>,
        /// At most so many.
        limit: u32,
    },
    /// The bytes of a stored version.
    Version {
        /// The job.
        job_id: JobId,
        /// Which.
        digest: Digest,
    },
    /// The bytes of an artifact as it lies in the run directory now.
    OnDisk {
        /// The job.
        job_id: JobId,
        /// Which.
        path: ArtifactPath,
    },
    /// Whether the files that a decision leaves are in place: its own, and the artifacts that its patch changed.
    InPlace(Box<SealedDecision>),
    /// The regular files of a job's run directory that a patch may name; holdpoint's own are left out.
    Files(JobId),
    /// The end of a stage's log.
    Log {
        /// The job.
        job_id: JobId,
        /// The stage.
        stage: StageName,
        /// The attempt.
        attempt: u32,
        /// At most so many bytes from the end.
        bytes_max: u64,
    },
    /// Who leads; none when nobody does.
    Leader,
    /// A job's events as a client pages through them, oldest first.
    EventPage {
        /// Whose.
        job_id: JobId,
        /// Only what came after.
        since: Since,
        /// At most so many.
        limit: u32,
    },
    /// How many jobs have files that are behind their rows.
    Owing,
    /// How every webhook stands at this time.
    Webhooks(Timestamp),
    /// What the old system left.
    Old(OldQuery),
    /// What commands would do, one after the other: a dry run that changes nothing.
    Preview {
        /// In whose name; none: in that of the process.
        operator: Option<Operator>,
        /// The very commands that would be sent.
        commands: Vec<Command>,
    },
}

/// What can be read of old records: history, which no command touches.
#[derive(Debug, Clone)]
pub enum OldQuery {
    /// Jobs, newest first. One whose id a job of ours has is not among them.
    Jobs(JobFilter),
    /// One job.
    Job(JobId),
    /// The events of one job, oldest first.
    Events(JobId),
    /// Decisions, newest first.
    Decisions {
        /// At most so many.
        limit: u32,
    },
}

/// What was read.
#[derive(Debug, Clone)]
pub enum Answer {
    /// See [`Query::Queue`].
    Queue(Vec<QueueRow>),
    /// See [`Query::NewestUnfinished`].
    JobIds(Vec<JobId>),
    /// None: there is no such job.
    Job(Option<Arc<JobRows>>),
    /// See [`Query::Jobs`].
    Jobs(Vec<JobRows>),
    /// See [`Query::Events`].
    Events(Vec<Event>),
    /// See [`Query::Decisions`].
    Decisions(Vec<SealedDecision>),
    /// The bytes; for [`Query::Version`], [`Query::OnDisk`] and [`Query::Log`]. None: there is no such file.
    Bytes(Option<Arc<[u8]>>),
    /// See [`Query::InPlace`].
    InPlace(bool),
    /// See [`Query::Files`]: paths under the run directory, sorted.
    Files(Arc<[String]>),
    /// See [`Query::Leader`].
    Leader(Option<LeaderInfo>),
    /// See [`Query::EventPage`]; how many there are without the limit.
    EventPage(Vec<Event>, u64),
    /// See [`Query::Owing`]; counted up to 10 000.
    Owing(usize),
    /// See [`Query::Webhooks`]: those that were ever to be told something.
    Webhooks(Vec<WebhookStanding>),
    /// See [`Query::Old`].
    Old(OldAnswer),
    /// See [`Query::Preview`]: of each command; the refusal is the one that it would get.
    Preview(Vec<Result<Outlook, Refusal>>),
    /// It could not be read: what was being done and why not.
    Failed(String),
}

/// What was read of old records; each bears the name of its [`OldQuery`].
#[derive(Debug, Clone)]
pub enum OldAnswer {
    /// See [`OldQuery::Jobs`].
    Jobs(Vec<OldJob>),
    /// None: there is no such old job, or a job of ours has its id.
    Job(Option<Arc<OldJob>>),
    /// See [`OldQuery::Events`].
    Events(Vec<OldEvent>),
    /// See [`OldQuery::Decisions`].
    Decisions(Vec<OldDecision>),
}

/// What the engine tells without being asked, or in answer.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A command was committed or refused.
    Done(RequestId, Result<Box<Receipt>, Refusal>),
    /// The files that a command owes are in place under their names; or, with a reason, not yet.
    Published(RequestId, Result<(), Refusal>),
    /// A query's answer.
    Answer(RequestId, Answer),
    /// What happened since the last such notice, in any process, oldest first; what is on screen may be stale now.
    Events(Vec<Event>),
    /// Something visible changed that is no event (a lease, a look).
    Changed,
    /// A look found the rows as they were: only what no row tells may have changed, files and who leads.
    Looked,
    /// This process leads now, or no longer.
    Lead(bool),
    /// The configuration file was saved and is in force for gates opened from now on: their policies, and its warnings.
    ConfigLoaded(Arc<BTreeMap<StageName, GatePolicy>>, Vec<Problem>),
    /// The configuration file was saved and is broken; the former policy stays. All faults.
    ConfigBroken(Vec<Problem>),
    /// A newer holdpoint has brought the database up while this process ran: nothing is changed from here on, and why.
    ReadOnly(String),
    /// Files could not be written, or the database not reached: what and why, and what holdpoint will do. None: it works again.
    Trouble(Option<Refusal>),
}
