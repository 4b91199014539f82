//! The reading thread: answers queries and looks for what changed, on its own read-only connection.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tokio::sync::mpsc::Sender;

use config::{Config, ConfigFileError, ConfigText, Problem};
use domain::ids::JobId;
use domain::operator::Operator;
use runs::{artifacts, files, locks, versions};
use store::StoreError;

use super::api::{Answer, Query, RequestId};
use super::inbox::{Inbox, Look, StageWork, Timers};
use super::prepare::Preparer;
use domain::ask::Command;

/// The most events of one look; what is left is seen by the next.
const EVENTS_MAX: u32 = 2000;
/// From so many touched jobs on, all timers are read at once.
const JOBS_ONE_BY_ONE_MAX: usize = 64;

/// The most jobs that are counted as owing.
const OWING_MAX: u32 = 10_000;

/// How much of the leader's work a look wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeadLook {
    /// Nothing: this process does not lead.
    None,
    /// What is queued and what runs.
    Work,
    /// That, and what a former leader may have left running after a cancellation.
    Takeover,
}

/// The most canceled attempts that a takeover looks after: the newest.
const CANCELED_MAX: u32 = 200;

/// What the loop asks of the reader.
pub(super) enum Ask {
    Query(RequestId, Query),
    /// Events after `since`; the timers of the jobs they touch and of `also`, or all of them; the leader's work.
    Look {
        since: u64,
        also: BTreeSet<JobId>,
        all_timers: bool,
        lead: LeadLook,
    },
    /// Reads the configuration file anew.
    Config(PathBuf),
    /// What somebody's commands would do, with the configuration that is in force.
    Preview {
        request: RequestId,
        config: Arc<Config>,
        operator: Operator,
        commands: Vec<Command>,
    },
}

/// Everything the thread owns.
pub(super) struct ReaderThread {
    /// Looks at rows and files, and keeps nothing.
    pub(crate) preparer: Preparer,
    pub(crate) program: Option<String>,
    /// Which rows the last look found. None: it failed, or an answer since.
    pub(crate) found: Option<i64>,
    pub(crate) asks: Receiver<Ask>,
    pub(crate) inbox: Sender<Inbox>,
}

impl ReaderThread {
    /// Works until the loop is gone.
    pub(crate) fn run(mut self) {
        while let Ok(ask) = self.asks.recv() {
            let message = match ask {
                Ask::Query(request, query) => Inbox::Answer(request, self.answer(query)),
                Ask::Look {
                    since,
                    also,
                    all_timers,
                    lead,
                } => {
                    let look = self.look(since, also, all_timers, lead);
                    Inbox::Looked(look.map(Box::new))
                }
                Ask::Config(path) => Inbox::ConfigRead(self.read_config(&path)),
                Ask::Preview {
                    request,
                    config,
                    operator,
                    commands,
                } => {
                    self.preparer.config = config;
                    Inbox::Answer(request, Answer::Preview(self.preparer.preview(&operator, &commands)))
                }
            };
            if self.inbox.blocking_send(message).is_err() {
                return;
            }
        }
    }

    fn answer(&mut self, query: Query) -> Answer {
        self.try_answer(query).unwrap_or_else(|error| {
            // Whoever asked asks again when the next look finds a change.
            self.found = None;
            Answer::Failed(error.to_string())
        })
    }

    fn try_answer(&mut self, query: Query) -> Result<Answer, StoreError> {
        let bytes = |read: Result<Option<Vec<u8>>, runs::RunsError>| match read {
            Ok(bytes) => Answer::Bytes(bytes.map(Arc::from)),
            Err(error) if error.is_not_found() => Answer::Bytes(None),
            Err(error) => Answer::Failed(error.to_string()),
        };
        Ok(match query {
            Query::Queue => Answer::Queue(self.preparer.reader.queue()?),
            Query::NewestUnfinished(limit) => Answer::JobIds(self.preparer.reader.newest_unfinished(limit)?),
            Query::Job(job_id) => Answer::Job(self.preparer.reader.job(&job_id)?.map(Arc::new)),
            Query::Jobs(filter) => Answer::Jobs(self.preparer.reader.jobs(&filter)?),
            Query::Events {
                job_id,
                since,
                limit,
                tail,
            } => Answer::Events(self.preparer.reader.events(job_id.as_ref(), since, limit, tail)?),
            Query::Decisions { job_id, stage, limit } => {
                Answer::Decisions(self.preparer.reader.decisions(job_id.as_ref(), stage.as_ref(), limit)?)
            }
            Query::Version { job_id, digest } => {
                bytes(versions::read(&self.preparer.runs.run(&job_id), &digest).map(Some))
            }
            Query::OnDisk { job_id, path } => bytes(artifacts::read(&self.preparer.runs.run(&job_id), &path)),
            Query::InPlace(sealed) => Answer::InPlace(self.preparer.is_in_place(&sealed)?),
            Query::Files(job_id) => match files::list(&self.preparer.runs.run(&job_id)) {
                Ok(files) => Answer::Files(files.into()),
                Err(error) => Answer::Failed(error.to_string()),
            },
            Query::Log {
                job_id,
                stage,
                attempt,
                bytes_max,
            } => bytes(artifacts::read_log(
                &self.preparer.runs.run(&job_id),
                &stage,
                attempt,
                bytes_max,
            )),
            Query::Leader => {
                let is_alive = locks::leader_is_alive(&self.preparer.runs).unwrap_or(false);
                Answer::Leader(self.preparer.reader.leader()?.filter(|_| is_alive))
            }
            Query::EventPage { job_id, since, limit } => {
                let (events, total) = self.preparer.reader.event_page(&job_id, since, limit)?;
                Answer::EventPage(events, total)
            }
            Query::Owing => Answer::Owing(self.preparer.reader.owing(OWING_MAX)?),
            Query::Webhooks(now) => Answer::Webhooks(self.preparer.reader.webhook_standings(now)?),
            Query::Preview { .. } => {
                Answer::Failed("a dry run is asked for with the configuration in force".to_owned())
            }
            Query::Old(query) => match self.preparer.history.answer(Some(&self.preparer.reader), query) {
                Ok(answer) => Answer::Old(answer),
                Err(trouble) => Answer::Failed(trouble.to_string()),
            },
        })
    }

    fn look(
        &mut self,
        since: u64,
        mut also: BTreeSet<JobId>,
        all_timers: bool,
        lead: LeadLook,
    ) -> Result<Look, StoreError> {
        // Before anything is read: what is committed meanwhile is a change for the next look.
        let former = self.found.take();
        let data_version = self.preparer.reader.data_version()?;
        let events = self.preparer.reader.events(None, since, EVENTS_MAX, false)?;
        let up_to = events.last().map_or(since, |event| event.seq);
        also.extend(events.iter().map(|event| event.job_id.clone()));
        let timers = if all_timers || also.len() > JOBS_ONE_BY_ONE_MAX {
            Timers::All(self.preparer.reader.timers()?)
        } else {
            let mut of_jobs = Vec::new();
            for job_id in &also {
                of_jobs.extend(self.preparer.reader.timers_of(job_id)?);
            }
            Timers::Of(also.into_iter().collect(), of_jobs)
        };
        let work = match lead {
            LeadLook::None => None,
            LeadLook::Work | LeadLook::Takeover => Some(StageWork {
                queued: self.preparer.reader.queued_attempts()?,
                running: self.preparer.reader.running_attempts()?,
                canceled: match lead {
                    LeadLook::Takeover => self.preparer.reader.canceled_attempts(CANCELED_MAX)?,
                    LeadLook::None | LeadLook::Work => Vec::new(),
                },
            }),
        };
        let is_owed = !self.preparer.reader.owed(1)?.is_empty();
        self.found = Some(data_version);
        Ok(Look {
            is_changed: former != self.found,
            newer: self.preparer.reader.newer_version()?,
            events,
            up_to,
            timers,
            work,
            is_owed,
        })
    }

    fn read_config(&self, path: &std::path::Path) -> Result<(Box<Config>, Vec<Problem>), Vec<Problem>> {
        let text = ConfigText::read(Some(path)).map_err(|error| vec![unreadable(path, &error)])?;
        let mut loaded = text.load()?;
        if let Some(program) = &self.program {
            loaded.config.resolve_program(program);
        }
        Ok((Box::new(loaded.config), loaded.warnings))
    }
}

fn unreadable(path: &std::path::Path, error: &ConfigFileError) -> Problem {
    Problem {
        file: path.display().to_string(),
        ..Problem::of_whole(&error.to_string(), error.hint())
    }
}
