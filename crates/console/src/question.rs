//! What the console has read: each question knows what it is asked for, and its answer has its own
//! type.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::ask::Command;
use domain::decision::SealedDecision;
use domain::event::Event;
use domain::figures::{Figures, RecordFilter};
use domain::forecast::Forecast;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::key::GateKey;
use domain::old::OldDecision;
use domain::outlook::Outlook;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use domain::view::{JobFilter, LeaderInfo, QueueRow};
use engine::client::{Client, Unread};
use engine::handover::Handovers;
use engine::reads::Bytes;

use crate::model::history::DECISIONS_MAX;
use crate::model::job::{EVENTS_MAX, LOG_BYTES_MAX};
use crate::model::jobs::{ENDED_MAX, JobLine, LIVE_MAX};

/// How many events are looked through for the operator's own.
const SINCE_EVENTS_MAX: u32 = 500;

/// Something to be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    Queue,
    /// Who leads.
    Leader,
    /// The job of the selected row.
    Job(JobId),
    /// Events of the job pane.
    Events(JobId),
    /// The log of the job pane.
    Log(JobId, StageName, u32),
    /// The history.
    Decisions,
    /// What was counted of the record since then.
    Figures(Timestamp),
    /// All jobs that are not over, and those that ended lately.
    Jobs,
    /// What the timers will have done by then: of all jobs, or of these.
    Board(Timestamp, Option<BTreeSet<JobId>>),
    /// The history of the old system.
    OldDecisions,
    /// The last events of all jobs: when this operator was here last.
    Since,
    /// The job and stage that the console was to open on and that are not in the queue.
    Sought(JobId, Option<StageName>),
    /// An artifact as it lies on disk: number of the file's reading, index of the file; the version
    /// that it should be.
    OnDisk(u64, usize, JobId, ArtifactPath, Digest),
    /// What it is compared with.
    Base(u64, usize, JobId, Digest),
    /// A version that the former attempt was told about: number of the file's reading, index of the
    /// file.
    Said(u64, usize, JobId, Digest),
    /// A job with marked gates.
    Marked(JobId),
    /// What operators leave, of all open gates or of one.
    Handovers(Option<GateKey>),
    /// The files of the run directory, for the editor that is open on the job.
    Names(JobId),
    /// The version that the edit in the editor began from.
    Edited(JobId, Digest),
    /// What Enter would do in the prompt that is open: number of the question.
    Preview(u64, Vec<Command>),
    /// Whether the rules would resume the job of the job pane.
    Resumable(JobId),
    /// The gate that comes next, so that it is there then.
    Ahead(GateKey),
}

/// Answers come in the order of their questions: of those that may take as long as each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Rows of a job, or few of each.
    Rows,
    /// Bytes, which a thin line takes long for.
    Files,
    /// What goes through all jobs, or may come later.
    All,
    /// What nobody looks at yet.
    Ahead,
}

/// What was read, or why not.
pub type Read<T> = Result<T, String>;

/// The answer to the [`Question`] of the same name.
#[derive(Debug, Clone)]
pub enum Answered {
    /// The rows, unsorted.
    Queue(Read<Vec<QueueRow>>),
    /// None: nobody does.
    Leader(Read<Option<LeaderInfo>>),
    /// None: there is no such job.
    Job(JobId, Read<Option<Arc<JobRows>>>),
    /// The last ones.
    Events(JobId, Read<Vec<Event>>),
    /// The end of it.
    Log(JobId, StageName, u32, Read<Bytes>),
    /// Newest first.
    Decisions(Read<Vec<SealedDecision>>),
    Figures(Read<Box<Figures>>),
    /// In no order.
    Jobs(Read<Vec<JobLine>>),
    /// Until when, and of which jobs.
    Board(Timestamp, Option<BTreeSet<JobId>>, Read<Forecast>),
    /// Newest first.
    OldDecisions(Read<Vec<OldDecision>>),
    /// The last ones.
    Since(Read<Vec<Event>>),
    /// None: there is no such job.
    Sought(JobId, Option<StageName>, Read<Option<Arc<JobRows>>>),
    /// None: there is no such file.
    OnDisk(u64, usize, Read<Bytes>),
    /// None: there is no such version.
    Base(u64, usize, Read<Bytes>),
    /// None: there is no such version.
    Said(u64, usize, Digest, Read<Bytes>),
    /// None: there is no such job.
    Marked(JobId, Read<Option<Arc<JobRows>>>),
    /// Of this gate alone, or of all.
    Handovers(Option<GateKey>, Read<Handovers>),
    /// Paths under the run directory, sorted.
    Names(JobId, Read<Arc<[String]>>),
    /// None: there is no such version.
    Edited(Digest, Read<Bytes>),
    /// Of each command.
    Preview(u64, Read<Vec<Result<Outlook, Refusal>>>),
    /// Whether, and what else would come of it.
    Resumable(JobId, Read<Result<Outlook, Refusal>>),
    /// Its job; none: there is no such job.
    Ahead(GateKey, Read<Option<Arc<JobRows>>>),
}

impl Question {
    /// In which order of answers it stands. No answer waits behind those of another order.
    pub(crate) fn order(&self) -> Order {
        match self {
            Self::OnDisk(..) | Self::Base(..) | Self::Said(..) | Self::Edited(..) | Self::Log(..) => Order::Files,
            Self::Board(..) | Self::Jobs | Self::Handovers(None) => Order::All,
            Self::Decisions | Self::Figures(_) | Self::OldDecisions | Self::Since => Order::All,
            Self::Ahead(_) => Order::Ahead,
            Self::Queue | Self::Leader | Self::Job(_) | Self::Events(_) | Self::Sought(..) => Order::Rows,
            Self::Marked(_) | Self::Handovers(Some(_)) | Self::Names(_) => Order::Rows,
            Self::Preview(..) | Self::Resumable(_) => Order::Rows,
        }
    }

    /// Has it answered.
    pub(crate) async fn answer(self, engine: Client) -> Answered {
        match self {
            Self::Queue => Answered::Queue(read(engine.queue()).await),
            Self::Leader => Answered::Leader(read(engine.leader()).await),
            Self::Job(id) => {
                let rows = read(engine.job(&id)).await;
                Answered::Job(id, rows)
            }
            Self::Events(id) => {
                let events = read(engine.last_events(Some(&id), EVENTS_MAX)).await;
                Answered::Events(id, events)
            }
            Self::Log(id, stage, attempt) => {
                let log = read(engine.log(&id, &stage, attempt, LOG_BYTES_MAX)).await;
                Answered::Log(id, stage, attempt, log)
            }
            Self::Decisions => Answered::Decisions(read(engine.decisions(None, None, DECISIONS_MAX)).await),
            Self::Figures(since) => {
                let filter = RecordFilter {
                    since: Some(since),
                    ..RecordFilter::default()
                };
                Answered::Figures(read(engine.figures(filter)).await.map(Box::new))
            }
            Self::Jobs => Answered::Jobs(jobs(&engine).await),
            Self::Board(until, of) => {
                let foreseen = read(engine.forecast(until, of.clone(), None)).await;
                Answered::Board(until, of, foreseen)
            }
            Self::OldDecisions => Answered::OldDecisions(read(engine.old_decisions(None, DECISIONS_MAX)).await),
            Self::Since => Answered::Since(read(engine.last_events(None, SINCE_EVENTS_MAX)).await),
            Self::Sought(id, stage) => {
                let rows = read(engine.job(&id)).await;
                Answered::Sought(id, stage, rows)
            }
            Self::OnDisk(number, file, id, path, should_be) => {
                Answered::OnDisk(number, file, read(engine.on_disk(&id, &path, Some(should_be))).await)
            }
            Self::Base(number, file, id, digest) => {
                Answered::Base(number, file, read(engine.version(&id, digest)).await)
            }
            Self::Said(number, file, id, digest) => {
                Answered::Said(number, file, digest, read(engine.version(&id, digest)).await)
            }
            Self::Marked(id) => {
                let rows = read(engine.job(&id)).await;
                Answered::Marked(id, rows)
            }
            Self::Handovers(of) => {
                let found = match &of {
                    Some(key) => read(engine.handovers_of(key)).await,
                    None => read(engine.handovers(None)).await,
                };
                Answered::Handovers(of, found)
            }
            Self::Names(id) => {
                let names = read(engine.files(&id)).await;
                Answered::Names(id, names)
            }
            Self::Edited(id, digest) => Answered::Edited(digest, read(engine.version(&id, digest)).await),
            Self::Preview(number, commands) => Answered::Preview(number, read(engine.previews(commands)).await),
            Self::Resumable(id) => {
                let outlook = read(engine.preview(None, Command::resume(id.clone()))).await;
                Answered::Resumable(id, outlook)
            }
            Self::Ahead(key) => {
                let rows = read(engine.read_ahead(&key)).await;
                Answered::Ahead(key, rows)
            }
        }
    }
}

/// The jobs of each status in a line each.
async fn jobs(engine: &Client) -> Read<Vec<JobLine>> {
    let mut lines = Vec::new();
    for status in JobStatus::ALL {
        let is_quiet = matches!(status, JobStatus::Completed | JobStatus::Canceled);
        let filter = JobFilter {
            status: Some(status),
            before: None,
            limit: if is_quiet { ENDED_MAX } else { LIVE_MAX },
        };
        lines.extend(read(engine.jobs(filter)).await?.iter().map(JobLine::of));
    }
    Ok(lines)
}

async fn read<T>(answer: impl Future<Output = Result<T, Unread>>) -> Read<T> {
    answer.await.map_err(|why| why.to_string())
}
