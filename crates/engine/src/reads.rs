//! What can be read, a method for each question, with its own answer. Each is answered on the
//! reader's thread, in the order in which they were asked.

use std::sync::Arc;
use std::sync::mpsc::TrySendError;

use tokio::sync::oneshot;

use domain::ask::{Ask, Command};
use domain::decision::{Decision, SealedDecision};
use domain::event::Event;
use domain::figures::{Figures, RecordFilter};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::JobRows;
use domain::old::{ListedEvent, ListedJob, OldDecision};
use domain::operator::Operator;
use domain::outlook::Outlook;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use domain::view::{EventsSince, JobFilter, LeaderInfo, QueueRow};
use domain::webhook::WebhookStanding;
use runs::{RunsError, artifacts, files, locks, versions};

use super::client::{Client, Unread, busy, leaving};
use super::prepare::Preparer;
use super::reader::ReaderThread;

/// So many rows of the record are read at a time.
const RECORD_PAGE: u32 = 2_000;
/// The most jobs that are counted as owing.
const OWING_MAX: u32 = 10_000;

/// The bytes of a file; none: there is no such file.
pub type Bytes = Option<Arc<[u8]>>;

fn bytes(read: Result<Option<Vec<u8>>, RunsError>) -> Result<Bytes, Unread> {
    match read {
        Ok(bytes) => Ok(bytes.map(Arc::from)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Client {
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Preparer) -> Result<T, Unread> + Send + 'static,
    ) -> Result<T, Unread> {
        let (sender, answer) = oneshot::channel();
        let ask = Box::new(move |reader: &mut ReaderThread| {
            let read = read(&mut reader.preparer);
            if matches!(read, Err(Unread::Rows(_))) {
                // The caller asks again when the next look finds a change.
                reader.found = None;
            }
            // Whoever asked has left when this fails.
            let _ = sender.send(read);
        });
        let threads = self.threads.upgrade();
        let handed = threads.map(|threads| threads.reads.try_send(ask));
        match handed {
            Some(Ok(())) => answer.await.unwrap_or_else(|_| Err(Unread::Refused(leaving()))),
            Some(Err(TrySendError::Full(_))) => Err(Unread::Refused(busy())),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(Unread::Refused(leaving())),
        }
    }

    /// The queue: open gates and unfinished jobs, unsorted.
    pub async fn queue(&self) -> Result<Vec<QueueRow>, Unread> {
        self.read(|on| Ok(on.reader.queue()?)).await
    }

    /// The ids of jobs that are not over, the newest first, at most so many.
    pub async fn newest_unfinished(&self, limit: usize) -> Result<Vec<JobId>, Unread> {
        self.read(move |on| Ok(on.reader.newest_unfinished(limit)?)).await
    }

    /// One job with all its gates, attempts, artifacts and the decisions that the rules need; none:
    /// there is no such job.
    pub async fn job(&self, id: &JobId) -> Result<Option<Arc<JobRows>>, Unread> {
        let id = id.clone();
        self.read(move |on| Ok(on.reader.job(&id)?.map(Arc::new))).await
    }

    /// Jobs, newest first.
    pub async fn jobs(&self, filter: JobFilter) -> Result<Vec<JobRows>, Unread> {
        self.read(move |on| Ok(on.reader.jobs(&filter)?)).await
    }

    /// Events after `since`, oldest first, at most `limit`, of one job or all.
    pub async fn events(&self, job_id: Option<&JobId>, since: u64, limit: u32) -> Result<Vec<Event>, Unread> {
        let id = job_id.cloned();
        self.read(move |on| Ok(on.reader.events(id.as_ref(), since, limit, false)?))
            .await
    }

    /// The last `limit` events, oldest first, of one job or all.
    pub async fn last_events(&self, job_id: Option<&JobId>, limit: u32) -> Result<Vec<Event>, Unread> {
        let id = job_id.cloned();
        self.read(move |on| Ok(on.reader.events(id.as_ref(), 0, limit, true)?))
            .await
    }

    /// Decisions, newest first, every attempt; only this job's, only this stage's.
    pub async fn decisions(
        &self,
        job_id: Option<&JobId>,
        stage: Option<&StageName>,
        limit: u32,
    ) -> Result<Vec<SealedDecision>, Unread> {
        let (id, stage) = (job_id.cloned(), stage.cloned());
        self.read(move |on| Ok(on.reader.decisions(id.as_ref(), stage.as_ref(), limit)?))
            .await
    }

    /// The same, by what the record says of them.
    pub async fn recorded(&self, filter: RecordFilter, limit: u32) -> Result<Vec<SealedDecision>, Unread> {
        self.read(move |on| Ok(on.reader.recorded(&filter, limit)?)).await
    }

    /// What was counted of this part of the record. Page by page, so that other reads have their
    /// turn.
    pub async fn figures(&self, filter: RecordFilter) -> Result<Figures, Unread> {
        let mut figures = Figures::default();
        let mut after = 0;
        loop {
            let filter = filter.clone();
            let counted = self.read(move |on| {
                let count = |decision: &Decision, is_recalled| figures.count(decision, is_recalled);
                let last = on.reader.each_decision(&filter, after, RECORD_PAGE, count)?;
                Ok((figures, last))
            });
            let last;
            (figures, last) = counted.await?;
            if last == after {
                break;
            }
            after = last;
        }
        // A hold is no decision, and has no verdict.
        if filter.verdict.is_some() || filter.is_by_timer == Some(true) {
            return Ok(figures);
        }
        let mut after = 0;
        loop {
            let holds = self.holds(filter.clone(), after).await?;
            holds
                .iter()
                .for_each(|(event, labels)| figures.count_hold(event, labels));
            match holds.last().map(|(event, _)| event.seq) {
                Some(last) => after = last,
                None => return Ok(figures),
            }
        }
    }

    /// Decisions after this number, oldest first, a page of them, and the number of the last one.
    pub async fn decisions_after(&self, after: u64) -> Result<(Vec<(Decision, bool)>, u64), Unread> {
        self.read(move |on| {
            let mut page = Vec::new();
            let (all, take) = (RecordFilter::default(), |decision: &Decision, is_recalled| {
                page.push((decision.clone(), is_recalled))
            });
            let last = on.reader.each_decision(&all, after, RECORD_PAGE, take)?;
            Ok((page, last))
        })
        .await
    }

    /// The events of holds by persons after this number, oldest first, a page of them, each with the
    /// labels of its gate.
    pub async fn holds(&self, filter: RecordFilter, after: u64) -> Result<Vec<store::LabeledEvent>, Unread> {
        self.read(move |on| Ok(on.reader.holds(&filter, after, RECORD_PAGE)?))
            .await
    }

    /// The bytes of a stored version.
    pub async fn version(&self, job_id: &JobId, digest: Digest) -> Result<Bytes, Unread> {
        let id = job_id.clone();
        self.read(move |on| bytes(versions::read(&on.runs.run(&id), &digest).map(Some)))
            .await
    }

    /// The bytes of an artifact as it lies in the run directory now.
    pub async fn on_disk(&self, job_id: &JobId, path: &ArtifactPath) -> Result<Bytes, Unread> {
        let (id, path) = (job_id.clone(), path.clone());
        self.read(move |on| bytes(artifacts::read(&on.runs.run(&id), &path)))
            .await
    }

    /// The end of a stage's log, at most so many bytes.
    pub async fn log(&self, job_id: &JobId, stage: &StageName, attempt: u32, bytes_max: u64) -> Result<Bytes, Unread> {
        let (id, stage) = (job_id.clone(), stage.clone());
        self.read(move |on| bytes(artifacts::read_log(&on.runs.run(&id), &stage, attempt, bytes_max)))
            .await
    }

    /// The regular files of a job's run directory that a patch may name, sorted; holdpoint's own
    /// are left out.
    pub async fn files(&self, job_id: &JobId) -> Result<Arc<[String]>, Unread> {
        let id = job_id.clone();
        self.read(move |on| Ok(files::list(&on.runs.run(&id))?.into())).await
    }

    /// Whether the files that a decision leaves are in place: its own, and the artifacts that its
    /// patch changed.
    pub(super) async fn is_in_place(&self, sealed: &SealedDecision) -> Result<bool, Unread> {
        let sealed = sealed.clone();
        self.read(move |on| Ok(on.is_in_place(&sealed)?)).await
    }

    /// Who leads; none when nobody does.
    pub async fn leader(&self) -> Result<Option<LeaderInfo>, Unread> {
        let read = |on: &mut Preparer| {
            let is_alive = locks::leader_is_alive(&on.runs).unwrap_or(false);
            Ok(on.reader.leader()?.filter(|_| is_alive))
        };
        self.read(read).await
    }

    /// How many jobs have files that are behind their rows; counted up to 10 000.
    pub async fn owing(&self) -> Result<usize, Unread> {
        self.read(|on| Ok(on.reader.owing(OWING_MAX)?)).await
    }

    /// How every webhook stands that was ever to be told something.
    pub async fn webhooks(&self, now: Timestamp) -> Result<Vec<WebhookStanding>, Unread> {
        self.read(move |on| Ok(on.reader.webhook_standings(now)?)).await
    }

    /// One job of ours or of the old system; none: there is no such job.
    pub async fn find(&self, id: &JobId) -> Result<Option<ListedJob>, Unread> {
        let id = id.clone();
        self.read(move |on| Ok(on.history.find(Some(&on.reader), &id)?)).await
    }

    /// Jobs of ours and of the old system, newest first.
    pub async fn list(&self, filter: JobFilter) -> Result<Vec<ListedJob>, Unread> {
        self.read(move |on| Ok(on.history.list(Some(&on.reader), &filter)?))
            .await
    }

    /// The events of a job of ours or of the old system as a client pages through them, oldest
    /// first, and how many there are without the limit.
    pub async fn event_page(
        &self,
        id: &JobId,
        since: EventsSince,
        limit: u32,
    ) -> Result<(Vec<ListedEvent>, u64), Unread> {
        let id = id.clone();
        self.read(move |on| Ok(on.history.event_page(Some(&on.reader), &id, since, limit)?))
            .await
    }

    /// Old decisions, newest first; only this job's, all of them, or at most `limit`.
    pub async fn old_decisions(&self, job_id: Option<&JobId>, limit: u32) -> Result<Vec<OldDecision>, Unread> {
        let id = job_id.cloned();
        self.read(move |on| Ok(on.history.decisions(Some(&on.reader), id.as_ref(), limit)?))
            .await
    }

    /// What a command would do in somebody's name, else in that of the process; the refusal is the
    /// one that it would get.
    pub async fn preview(
        &self,
        operator: Option<Operator>,
        command: Command,
    ) -> Result<Result<Outlook, Refusal>, Unread> {
        let mut foreseen = self.foresee(operator, vec![command]).await?;
        Ok(foreseen.pop().unwrap_or_else(|| Err(leaving())))
    }

    /// The same of several commands, one after the other.
    pub async fn previews(&self, commands: Vec<Command>) -> Result<Vec<Result<Outlook, Refusal>>, Unread> {
        self.foresee(None, commands).await
    }

    /// A dry run goes by the configuration in force. What nobody may do has no future to be told.
    async fn foresee(
        &self,
        operator: Option<Operator>,
        commands: Vec<Command>,
    ) -> Result<Vec<Result<Outlook, Refusal>>, Unread> {
        let standing = self.standing().clone();
        if let Some(newer) = standing.newer {
            return Ok(vec![Err(newer.refusal()); commands.len()]);
        }
        let operator = operator.unwrap_or_else(|| self.operator().clone());
        let threads = self.threads.upgrade().ok_or_else(leaving).map_err(Unread::Refused)?;
        let ask = |command| Ask::new(operator.clone(), &threads.session, command);
        let asks: Vec<_> = commands.into_iter().map(ask).collect();
        drop(threads);
        self.read(move |on| {
            on.config = standing.config;
            Ok(on.previews(&asks))
        })
        .await
    }
}
