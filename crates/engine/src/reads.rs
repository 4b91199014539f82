//! What can be read, a method for each question, with its own answer. Beside the database each is
//! answered on the reader's thread, in the order in which they were asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::TrySendError;

use tokio::sync::oneshot;

use config::Config;
use domain::ask::Command;
use domain::base64::Base64;
use domain::decision::{DecisionStanding, RecordedDecision, SealedDecision};
use domain::draft::Draft;
use domain::event::Event;
use domain::figures::{Figures, RecordFilter};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::old::{ListedEvent, ListedJob, OldDecision};
use domain::outlook::Outlook;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use domain::view::{EventsSince, JobFilter, LeaderInfo, QueueRow};
use domain::webhook::{WebhookReport, WebhookStanding};
use patch::sidecar_path;
use runs::artifacts::LogPart;
use runs::{RunsError, artifacts, files, locks, versions};

use super::client::{Caller, Client, Unread, Way, busy, leaving, submission_id};
use super::evidence::Finds as _;
use super::prepare::Preparer;
use super::questions::{self, Question};
use super::reader::ReaderThread;
use super::sent_drafts::{DraftKept, OwnTexts};
use super::sight::{names_of, registered_at};
use super::submitted::Became;
use super::trouble::Trouble;

/// So many rows of the record are read at a time.
const RECORD_PAGE: u32 = 2_000;
/// The most jobs that are counted as owing.
const OWING_MAX: u32 = 10_000;

/// The bytes of a file; none: there is no such file.
pub type Bytes = Option<Arc<[u8]>>;

/// The webhooks of a configuration, and those that were to be told something, by name.
pub fn webhook_reports(config: &Config, standings: Vec<WebhookStanding>) -> Vec<WebhookReport> {
    let report = |standing| WebhookReport {
        standing,
        origin: None,
        events: Vec::new(),
    };
    let known = standings
        .into_iter()
        .map(|standing| (standing.name.clone(), report(standing)));
    let mut all: BTreeMap<_, _> = known.collect();
    for webhook in config.webhooks.iter() {
        let name = webhook.name.clone();
        let unknown = || WebhookStanding {
            name: name.clone(),
            ..WebhookStanding::default()
        };
        let known = all.entry(name.clone()).or_insert_with(|| report(unknown()));
        known.origin = Some(webhook.origin().to_owned());
        known.events = webhook.events().to_vec();
    }
    all.into_values().collect()
}

fn bytes(read: Result<Option<Vec<u8>>, RunsError>) -> Result<Option<Base64>, Unread> {
    match read {
        Ok(bytes) => Ok(bytes.map(|bytes| Base64(bytes.into()))),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What lies in files, and who holds the lock of the lead.
impl Preparer {
    pub(super) fn version(&self, id: &JobId, digest: Digest) -> Result<Option<Base64>, Unread> {
        match self.keeping.read(&self.reader, &self.runs.run(id), &digest) {
            Ok(bytes) => Ok(Some(Base64(bytes.into()))),
            Err(Trouble::Runs(error)) if error.is_not_found() => Ok(None),
            Err(Trouble::Runs(error)) => Err(error.into()),
            Err(Trouble::Store(error)) => Err(error.into()),
        }
    }

    /// Of what is or was under review, or the sidecar of that; whatever else lies there is
    /// nobody's business.
    pub(super) fn artifact(&self, id: &JobId, path: &ArtifactPath) -> Result<Option<Base64>, Unread> {
        let Some(rows) = self.reader.job(id)? else {
            return Ok(None);
        };
        let gates = rows.gates.iter().flat_map(|gate| &gate.artifacts);
        let reviewed = gates.map(|artifact| &artifact.path);
        let mut reviewed = reviewed.chain(rows.artifacts.iter().map(|artifact| &artifact.path));
        let is_theirs = |known: &ArtifactPath| known == path || sidecar_path(known.as_str()) == path.as_str();
        if !reviewed.any(is_theirs) {
            return Ok(None);
        }
        self.look_about()?;
        self.see(Some(&rows));
        match self.registered(id)? {
            Some(registered) => match registered_at(&registered, path) {
                Some((digest, _)) => self.version(id, digest),
                None => Ok(None),
            },
            None => bytes(artifacts::read(&self.runs.run(id), path)),
        }
    }

    pub(super) fn log(
        &self,
        id: &JobId,
        stage: &StageName,
        attempt: u32,
        bytes_max: u64,
    ) -> Result<Option<Base64>, Unread> {
        let part = artifacts::read_log(&self.runs.run(id), stage, attempt, None, bytes_max)?;
        Ok(part.map(|part| Base64(part.bytes.into())))
    }

    pub(super) fn names(&self, id: &JobId) -> Result<Arc<[String]>, Unread> {
        self.look_about()?;
        Ok(match self.registered(id)? {
            Some(registered) => names_of(&registered).into(),
            None => files::list(&self.runs.run(id))?.into(),
        })
    }

    pub(super) fn leader(&self) -> Result<Option<LeaderInfo>, Unread> {
        // Of a shared record the row says it: whoever leads keeps its time up.
        let is_alive = self.host.is_some() || locks::leader_is_alive(&self.runs).unwrap_or(false);
        Ok(self.reader.leader()?.filter(|_| is_alive))
    }
}

impl Client {
    /// Asks here, or over the line.
    pub(super) async fn ask<Q: Question>(&self, question: Q) -> Result<Q::Answer, Unread> {
        match &self.way {
            Way::Here { .. } => question.answer(self, None).await,
            Way::There(far) => Ok(far.ask(question).await?),
        }
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Preparer) -> Result<T, Unread> + Send + 'static,
    ) -> Result<T, Unread> {
        let (sender, answer) = oneshot::channel();
        let ask = Box::new(move |reader: &mut ReaderThread| {
            if sender.is_closed() {
                return;
            }
            let read = read(&mut reader.preparer);
            if matches!(read, Err(Unread::Rows(_))) {
                // The caller asks again when the next look finds a change.
                reader.found = None;
            }
            // Whoever asked has left when this fails.
            let _ = sender.send(read);
        });
        let threads = self.threads();
        let handed = threads.map(|threads| threads.reads.try_send(ask));
        match handed {
            Some(Ok(())) => answer.await.unwrap_or_else(|_| Err(Unread::Refused(leaving()))),
            Some(Err(TrySendError::Full(_))) => Err(Unread::Refused(busy())),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(Unread::Refused(leaving())),
        }
    }

    /// The queue: open gates and unfinished jobs, unsorted.
    pub async fn queue(&self) -> Result<Vec<QueueRow>, Unread> {
        self.ask(questions::Queue {}).await
    }

    /// The ids of jobs that are not over, the newest first, at most so many.
    pub async fn newest_unfinished(&self, limit: usize) -> Result<Vec<JobId>, Unread> {
        self.read(move |on| Ok(on.reader.newest_unfinished(limit)?)).await
    }

    /// One job with all its gates, attempts, artifacts and the decisions that the rules need; none:
    /// there is no such job.
    pub async fn job(&self, id: &JobId) -> Result<Option<Arc<JobRows>>, Unread> {
        self.ask(questions::Job { id: id.clone() }).await
    }

    /// Jobs, newest first.
    pub async fn jobs(&self, filter: JobFilter) -> Result<Vec<JobRows>, Unread> {
        self.ask(questions::Jobs { filter }).await
    }

    /// Events after `since`, oldest first, at most `limit`, of one job or all.
    pub async fn events(&self, job_id: Option<&JobId>, since: u64, limit: u32) -> Result<Vec<Event>, Unread> {
        let job_id = job_id.cloned();
        self.ask(questions::Events { job_id, since, limit }).await
    }

    /// The last `limit` events, oldest first, of one job or all.
    pub async fn last_events(&self, job_id: Option<&JobId>, limit: u32) -> Result<Vec<Event>, Unread> {
        let job_id = job_id.cloned();
        self.ask(questions::LastEvents { job_id, limit }).await
    }

    /// Decisions, newest first, every attempt; only this job's, only this stage's.
    pub async fn decisions(
        &self,
        job_id: Option<&JobId>,
        stage: Option<&StageName>,
        limit: u32,
    ) -> Result<Vec<SealedDecision>, Unread> {
        let (job_id, stage) = (job_id.cloned(), stage.cloned());
        self.ask(questions::Decisions { job_id, stage, limit }).await
    }

    /// The same, by what the record says of them.
    pub async fn recorded(&self, filter: RecordFilter, limit: u32) -> Result<Vec<SealedDecision>, Unread> {
        self.ask(questions::Recorded { filter, limit }).await
    }

    /// What was counted of this part of the record.
    pub async fn figures(&self, filter: RecordFilter) -> Result<Figures, Unread> {
        self.ask(questions::Counted { filter }).await
    }

    /// Page by page, so that other reads have their turn.
    pub(super) async fn count(&self, filter: RecordFilter) -> Result<Figures, Unread> {
        let mut figures = Figures::default();
        let mut after = 0;
        loop {
            let filter = filter.clone();
            let counted = self.read(move |on| {
                // What may still be taken back is counted when it is over, and hides nothing meanwhile.
                let count = |one: RecordedDecision| match one.standing {
                    DecisionStanding::Recallable => {}
                    DecisionStanding::Recalled => figures.count(&one.decision, true),
                    DecisionStanding::Final => figures.count(&one.decision, false),
                };
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
    pub async fn decisions_after(&self, after: u64) -> Result<(Vec<RecordedDecision>, u64), Unread> {
        self.read(move |on| {
            let mut page = Vec::new();
            let all = RecordFilter::default();
            let last = on
                .reader
                .each_decision(&all, after, RECORD_PAGE, |one| page.push(one))?;
            Ok((page, last))
        })
        .await
    }

    /// The decisions of these numbers, oldest first.
    pub async fn decisions_numbered(&self, seqs: Vec<u64>) -> Result<Vec<RecordedDecision>, Unread> {
        self.read(move |on| {
            let mut found = Vec::new();
            on.reader.decisions_numbered(&seqs, |one| found.push(one))?;
            Ok(found)
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
        let job_id = job_id.clone();
        if let Way::There(far) = &self.way {
            return Ok(far.version(job_id, digest).await?);
        }
        let version = self.ask(questions::Version { job_id, digest }).await?;
        Ok(version.map(|Base64(bytes)| bytes))
    }

    /// How many bytes a stored version has; none: it is not kept.
    pub async fn version_size_bytes(&self, job_id: &JobId, digest: Digest) -> Result<Option<u64>, Unread> {
        let job_id = job_id.clone();
        self.read(move |on| {
            let here = versions::size_bytes(&on.runs.run(&job_id), &digest);
            Ok(match here {
                None if on.reader.is_shared() => on.reader.version_size_bytes(&digest)?,
                here => here,
            })
        })
        .await
    }

    /// The bytes of an artifact, or of its sidecar, as it lies in the run directory now; which version
    /// that should be, where it is known.
    pub async fn on_disk(
        &self,
        job_id: &JobId,
        path: &ArtifactPath,
        should_be: Option<Digest>,
    ) -> Result<Bytes, Unread> {
        let (job_id, path) = (job_id.clone(), path.clone());
        if let Way::There(far) = &self.way {
            return Ok(far.on_disk(job_id, path, should_be).await?);
        }
        let artifact = self.read(move |on| on.artifact(&job_id, &path)).await?;
        Ok(artifact.map(|Base64(bytes)| bytes))
    }

    /// Has ready what is read next of a gate elsewhere, when nothing else is asked; its job as it is
    /// then. None: there is no such job.
    pub async fn read_ahead(&self, key: &GateKey) -> Result<Option<Arc<JobRows>>, Unread> {
        match &self.way {
            Way::There(far) => Ok(far.read_ahead(key).await?),
            Way::Here { .. } => self.job(&key.job_id).await,
        }
    }

    /// The end of a stage's log, at most so many bytes.
    pub async fn log(&self, job_id: &JobId, stage: &StageName, attempt: u32, bytes_max: u64) -> Result<Bytes, Unread> {
        let question = questions::Log {
            job_id: job_id.clone(),
            stage: stage.clone(),
            attempt,
            bytes_max,
        };
        Ok(self.ask(question).await?.map(|Base64(bytes)| bytes))
    }

    /// A part of a stage's log: see [`artifacts::read_log`].
    pub async fn log_part(
        &self,
        job_id: &JobId,
        stage: &StageName,
        attempt: u32,
        offset: Option<u64>,
        bytes_max: u64,
    ) -> Result<Option<LogPart>, Unread> {
        let (job_id, stage) = (job_id.clone(), stage.clone());
        self.read(move |on| {
            let run = on.runs.run(&job_id);
            Ok(artifacts::read_log(&run, &stage, attempt, offset, bytes_max)?)
        })
        .await
    }

    /// The regular files of a job's run directory that a patch may name, sorted; holdpoint's own
    /// are left out.
    pub async fn files(&self, job_id: &JobId) -> Result<Arc<[String]>, Unread> {
        let job_id = job_id.clone();
        self.ask(questions::Names { job_id }).await
    }

    /// Whether the files that a decision leaves are in place: its own, and the artifacts that its
    /// patch changed.
    pub(super) async fn is_in_place(&self, sealed: &SealedDecision) -> Result<bool, Unread> {
        let sealed = sealed.clone();
        self.ask(questions::InPlace { sealed }).await
    }

    /// Who leads; none when nobody does.
    pub async fn leader(&self) -> Result<Option<LeaderInfo>, Unread> {
        self.ask(questions::Leader {}).await
    }

    /// How many jobs have files that are behind their rows; counted up to 10 000.
    pub async fn owing(&self) -> Result<usize, Unread> {
        self.read(|on| Ok(on.reader.owing(OWING_MAX)?)).await
    }

    /// How every webhook stands that is configured, or was ever to be told something.
    pub async fn webhooks(&self, now: Timestamp) -> Result<Vec<WebhookReport>, Unread> {
        self.ask(questions::Webhooks { now }).await
    }

    /// One job of ours or of the old system; none: there is no such job.
    pub async fn find(&self, id: &JobId) -> Result<Option<ListedJob>, Unread> {
        self.ask(questions::Find { id: id.clone() }).await
    }

    /// Jobs of ours and of the old system, newest first.
    pub async fn list(&self, filter: JobFilter) -> Result<Vec<ListedJob>, Unread> {
        self.ask(questions::List { filter }).await
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
        self.ask(questions::EventPage { id, since, limit }).await
    }

    /// Old decisions, newest first; only this job's, all of them, or at most `limit`.
    pub async fn old_decisions(&self, job_id: Option<&JobId>, limit: u32) -> Result<Vec<OldDecision>, Unread> {
        let job_id = job_id.cloned();
        self.ask(questions::OldDecisions { job_id, limit }).await
    }

    /// What a command would do in somebody's name, else in that of the process; the refusal is the
    /// one that it would get.
    pub async fn preview(&self, caller: Option<Caller>, command: Command) -> Result<Result<Outlook, Refusal>, Unread> {
        let question = questions::Foresee {
            commands: vec![command],
        };
        let mut foreseen = match caller {
            Some(caller) => question.answer(self, Some(caller)).await?,
            None => self.ask(question).await?,
        };
        Ok(foreseen.pop().unwrap_or_else(|| Err(leaving())))
    }

    /// The same of several commands, one after the other.
    pub async fn previews(&self, commands: Vec<Command>) -> Result<Vec<Result<Outlook, Refusal>>, Unread> {
        self.ask(questions::Foresee { commands }).await
    }

    /// Keeps a draft of this client's operator.
    pub(crate) async fn keep_draft(&self, draft: Draft) -> Result<DraftKept, Unread> {
        self.ask(questions::KeepDraft { draft }).await
    }

    /// What this client's operator has written and marked.
    pub(crate) async fn own_texts(&self) -> Result<OwnTexts, Unread> {
        self.ask(questions::OwnDrafts {}).await
    }

    /// What came of what this client has submitted under a name; none: nothing that is known.
    pub async fn submitted(&self, name: String) -> Result<Option<Became>, Unread> {
        self.ask(questions::Submitted { name }).await
    }

    /// The same for somebody else.
    pub async fn find_submitted(&self, by: Option<Caller>, name: &str) -> Result<Option<Became>, Unread> {
        let by = by.map_or_else(|| self.operator().name.clone(), |by| by.operator.name);
        let id = submission_id(&by, name);
        self.read(move |on| {
            let done = on.reader.submission(&id)?;
            Ok(done.map(|done| Became::of(done, |job_id| on.known(job_id))))
        })
        .await
    }

    /// A dry run goes by the configuration in force. What nobody may do has no future to be told.
    pub(super) async fn foresee(
        &self,
        caller: Option<Caller>,
        commands: Vec<Command>,
    ) -> Result<Vec<Result<Outlook, Refusal>>, Unread> {
        let standing = self.standing().clone();
        if let Some(newer) = standing.newer {
            return Ok(vec![Err(newer.refusal()); commands.len()]);
        }
        let caller = caller.unwrap_or_else(|| self.operator().clone().into());
        let threads = self.threads().ok_or_else(leaving).map_err(Unread::Refused)?;
        let ask = |command| threads.ask(caller.clone(), command);
        let asks: Vec<_> = commands.into_iter().map(ask).collect();
        drop(threads);
        self.read(move |on| {
            on.config = standing.config;
            Ok(on.previews(&asks))
        })
        .await
    }
}
