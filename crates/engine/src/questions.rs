//! What can be asked of the record, as values: each question knows the type of its answer, and how
//! it is answered beside the database. [`Client`] asks them here or over a line, and
//! [`answer_named`] is the other end of that.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use domain::ask::Command;
use domain::base64::Base64;
use domain::decision::SealedDecision;
use domain::draft::Draft;
use domain::event::Event;
use domain::figures::{Figures, RecordFilter};
use domain::forecast::Forecast;
use domain::handover::MarkedGate;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::old::{ListedEvent, ListedJob, OldDecision};
use domain::operator::TokenRole;
use domain::outlook::Outlook;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use domain::view::{EventsSince, JobFilter, LeaderInfo, QueueRow};
use domain::webhook::WebhookReport;

use super::client::{Caller, Client, Unread};
use super::far::TOGETHER_MAX;
use super::forecast::Policies;
use super::handover::Handovers;
use super::prepare::Preparer;
use super::reads::webhook_reports;
use super::sent_drafts::{DraftKept, OwnTexts};
use super::submitted::Became;

/// The most rows that are told to another machine at once.
const ROWS_MAX: u32 = 10_000;
/// The most events of a page that is told to another machine: one may bear a patch of a mebibyte.
const PAGE_MAX: u32 = 2_000;
/// The most bytes of the end of a log that are told to another machine.
const LOG_BYTES_MAX: u64 = 1024 * 1024;

/// How many rows are read where all are wanted; to another machine a part is never told as if it
/// were all.
#[derive(Clone, Copy)]
struct Cut {
    limit: u32,
    is_cut: bool,
}

impl Cut {
    fn of(by: Option<&Caller>, limit: u32) -> Self {
        let is_cut = by.is_some() && limit > ROWS_MAX;
        let limit = if is_cut { ROWS_MAX + 1 } else { limit };
        Self { limit, is_cut }
    }

    fn whole<T>(self, rows: Vec<T>) -> Result<Vec<T>, Unread> {
        if !self.is_cut || rows.len() <= ROWS_MAX as usize {
            return Ok(rows);
        }
        let message = format!("there are more than {ROWS_MAX}, and no more are told to another machine at once");
        let hint = "narrow it down, or ask on the machine that has the runs directory";
        Err(Unread::Refused(Refusal::invalid(message).with_hint(hint)))
    }
}

/// How many events of a page are read: whoever wants more asks for the next one.
fn page(by: Option<&Caller>, limit: u32) -> u32 {
    if by.is_some() { limit.min(PAGE_MAX) } else { limit }
}

/// One question.
pub(crate) trait Question: Serialize + DeserializeOwned + Send + 'static {
    /// Its name on a line.
    const NAME: &'static str;
    /// What it is answered with.
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// Answers it beside the database, to somebody where the answer depends on who asks.
    fn answer(self, here: &Client, by: Option<Caller>) -> impl Future<Output = Result<Self::Answer, Unread>> + Send;
}

/// Each question: its name, what it asks for, and what answers it.
macro_rules! questions {
    ($($name:ident = $word:literal { $($field:ident: $kind:ty),* } -> $answer:ty: |$here:ident, $by:ident| $read:expr;)*) => {
        $(
            // What a newer client asks besides is not passed over: it would get another answer.
            #[derive(Debug, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(crate) struct $name { $(pub(crate) $field: $kind,)* }

            impl Question for $name {
                const NAME: &'static str = $word;
                type Answer = $answer;

                async fn answer(self, $here: &Client, $by: Option<Caller>) -> Result<$answer, Unread> {
                    let _ = &$by;
                    let Self { $($field),* } = self;
                    $read
                }
            }
        )*

        /// Answers the question of this name; `of` is what it asks for.
        pub async fn answer_named(
            here: &Client,
            by: Caller,
            name: &str,
            of: &RawValue,
        ) -> Result<Box<RawValue>, Refusal> {
            match name {
                $($word => answer_as::<$name>(here, by, of).await,)*
                _ => Err(Refusal::not_understood(format!("nobody can be asked for {name} here"))),
            }
        }
    };
}

/// What somebody at the other end of a line must be to ask this.
pub fn role(name: &str) -> TokenRole {
    match name {
        KeepDraft::NAME | KeepMarks::NAME => TokenRole::Operator,
        _ => TokenRole::Viewer,
    }
}

async fn answer_as<Q: Question>(here: &Client, by: Caller, of: &RawValue) -> Result<Box<RawValue>, Refusal> {
    let question: Q = serde_json::from_str(of.get())
        .map_err(|error| Refusal::not_understood(format!("the question {} cannot be read: {error}", Q::NAME)))?;
    let answer = question.answer(here, Some(by)).await.map_err(Refusal::from)?;
    let written = to_raw_value(&answer);
    written.map_err(|error| Refusal::not_possible(format!("the answer cannot be written: {error}")))
}

impl From<Unread> for Refusal {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Refused(refusal) => refusal,
            other @ (Unread::Rows(_) | Unread::Files(_) | Unread::Old(_)) => {
                Self::not_possible(other.to_string()).because(other)
            }
        }
    }
}

/// How an artifact lies in its run directory.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lies {
    So(Base64),
    /// As the version that whoever asks has.
    AsKnown,
}

impl Lies {
    fn of(bytes: Base64, known: Option<Digest>) -> Self {
        match known == Some(Digest::of(&bytes.0)) {
            true => Self::AsKnown,
            false => Self::So(bytes),
        }
    }
}

questions! {
    Queue = "queue" {} -> Vec<QueueRow>: |here, by| here.read(|on| Ok(on.reader.queue()?)).await;
    Job = "job" { id: JobId } -> Option<Arc<JobRows>>:
        |here, by| here.read(move |on| Ok(on.reader.job(&id)?.map(Arc::new))).await;
    Jobs = "jobs" { filter: JobFilter } -> Vec<JobRows>:
        |here, by| {
            let cut = Cut::of(by.as_ref(), filter.limit);
            let filter = JobFilter { limit: cut.limit, ..filter };
            cut.whole(here.read(move |on| Ok(on.reader.jobs(&filter)?)).await?)
        };
    Events = "events" { job_id: Option<JobId>, since: u64, limit: u32 } -> Vec<Event>:
        |here, by| {
            let limit = page(by.as_ref(), limit);
            here.read(move |on| Ok(on.reader.events(job_id.as_ref(), since, limit, false)?)).await
        };
    LastEvents = "last_events" { job_id: Option<JobId>, limit: u32 } -> Vec<Event>:
        |here, by| {
            let limit = page(by.as_ref(), limit);
            here.read(move |on| Ok(on.reader.events(job_id.as_ref(), 0, limit, true)?)).await
        };
    Decisions = "decisions" { job_id: Option<JobId>, stage: Option<StageName>, limit: u32 } -> Vec<SealedDecision>:
        |here, by| {
            let cut = Cut::of(by.as_ref(), limit);
            let read = move |on: &mut Preparer| Ok(on.reader.decisions(job_id.as_ref(), stage.as_ref(), cut.limit)?);
            cut.whole(here.read(read).await?)
        };
    Recorded = "recorded" { filter: RecordFilter, limit: u32 } -> Vec<SealedDecision>:
        |here, by| {
            let cut = Cut::of(by.as_ref(), limit);
            cut.whole(here.read(move |on| Ok(on.reader.recorded(&filter, cut.limit)?)).await?)
        };
    Counted = "figures" { filter: RecordFilter } -> Figures: |here, by| here.count(filter).await;
    Version = "version" { job_id: JobId, digest: Digest } -> Option<Base64>:
        |here, by| here.read(move |on| on.version(&job_id, digest)).await;
    OnDisk = "on_disk" { job_id: JobId, path: ArtifactPath, unless: Option<Digest> } -> Option<Lies>:
        |here, by| here.read(move |on| Ok(on.artifact(&job_id, &path)?.map(|bytes| Lies::of(bytes, unless)))).await;
    Log = "log" { job_id: JobId, stage: StageName, attempt: u32, bytes_max: u64 } -> Option<Base64>:
        |here, by| {
            let bytes_max = if by.is_some() { bytes_max.min(LOG_BYTES_MAX) } else { bytes_max };
            here.read(move |on| on.log(&job_id, &stage, attempt, bytes_max)).await
        };
    Names = "files" { job_id: JobId } -> Arc<[String]>: |here, by| here.read(move |on| on.names(&job_id)).await;
    InPlace = "in_place" { sealed: SealedDecision } -> bool:
        |here, by| here.read(move |on| Ok(on.is_in_place(&sealed)?)).await;
    Leader = "leader" {} -> Option<LeaderInfo>: |here, by| here.read(|on| on.leader()).await;
    Webhooks = "webhooks" { now: Timestamp } -> Vec<WebhookReport>: |here, by| {
        let standings = here.read(move |on| Ok(on.reader.webhook_standings(now)?)).await?;
        Ok(webhook_reports(&here.standing().config, standings))
    };
    Find = "find" { id: JobId } -> Option<ListedJob>:
        |here, by| here.read(move |on| Ok(on.history.find(Some(&on.reader), &id)?)).await;
    List = "list" { filter: JobFilter } -> Vec<ListedJob>:
        |here, by| {
            let cut = Cut::of(by.as_ref(), filter.limit);
            let filter = JobFilter { limit: cut.limit, ..filter };
            cut.whole(here.read(move |on| Ok(on.history.list(Some(&on.reader), &filter)?)).await?)
        };
    EventPage = "event_page" { id: JobId, since: EventsSince, limit: u32 } -> (Vec<ListedEvent>, u64):
        |here, by| {
            let cut = Cut::of(by.as_ref(), limit);
            let read = move |on: &mut Preparer| Ok(on.history.event_page(Some(&on.reader), &id, since, cut.limit)?);
            let (events, total) = here.read(read).await?;
            Ok((cut.whole(events)?, total))
        };
    OldDecisions = "old_decisions" { job_id: Option<JobId>, limit: u32 } -> Vec<OldDecision>:
        |here, by| {
            let cut = Cut::of(by.as_ref(), limit);
            let read = move |on: &mut Preparer| Ok(on.history.decisions(Some(&on.reader), job_id.as_ref(), cut.limit)?);
            cut.whole(here.read(read).await?)
        };
    Foresee = "foresee" { commands: Vec<Command> } -> Vec<Result<Outlook, Refusal>>:
        |here, by| {
            if by.is_some() && commands.len() > TOGETHER_MAX {
                let refusal = Refusal::invalid(format!("{} at once are too many", commands.len()));
                return Err(Unread::Refused(refusal.with_hint(format!("at most {TOGETHER_MAX}"))));
            }
            here.foresee(by, commands).await
        };
    Handed = "handovers" { by_name: Option<String> } -> Handovers: |here, by| here.find_handovers(by_name).await;
    HandedOf = "handovers_of" { key: GateKey } -> Handovers: |here, by| here.find_handovers_of(&key).await;
    Submitted = "submitted" { name: String } -> Option<Became>: |here, by| here.find_submitted(by, &name).await;
    OwnDrafts = "own_drafts" {} -> OwnTexts: |here, by| here.find_own_texts(by).await;
    KeepDraft = "keep_draft" { draft: Draft } -> DraftKept: |here, by| here.take_draft(by, draft).await;
    KeepMarks = "keep_marks" { gates: Vec<MarkedGate>, written_at: Option<Timestamp> } -> ():
        |here, by| here.take_marks(by, gates, written_at).await;
    Foreseen = "forecast" { until: Timestamp, of: Option<BTreeSet<JobId>>, policies: Option<Policies> } -> Forecast:
        |here, by| here.run_on(until, of, policies).await;
}
