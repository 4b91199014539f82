//! What is open right now: the queue on screen and the timers. Costs by what is open, never by
//! history.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Reader;
use super::cells::Cells;
use super::error::{RowError, StoreError};
use super::gate_row;
use super::sql::{Connection, Row, values};
use domain::context::{GateContext, Headline, Severity};
use domain::group::GroupKey;
use domain::heartbeat::Heartbeat;
use domain::ids::{Digest, JobId, StageName};
use domain::job::JobStatus;
use domain::key::GateKey;
use domain::lease::Lease;
use domain::policy::{AtZero, OnTimeout};
use domain::recall::RecallWindow;
use domain::timer::GateTimer;
use domain::view::{DecidedGate, Pause, QueueKind, QueueRow};
use domain::wake::{self, Wake};

/// A gate for which the ticker has something to do: it is open, or its decision may be taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenTimer {
    pub key: GateKey,
    /// Its timer, not held by policy.
    pub timer: Option<GateTimer>,
    /// The sign of life that its requester promised.
    pub heartbeat: Option<Heartbeat>,
    /// The claim of a live editor or prompt.
    pub lease: Option<Lease>,
    /// The bound of what persons may add, in seconds.
    pub max_hold_s: u64,
    /// Of a decided gate: how long its decision may be taken back.
    pub recall: Option<RecallWindow>,
}

impl OpenTimer {
    /// The next time at which there is something to do.
    pub fn wake(&self, grace_s: u64) -> Option<Wake> {
        if let Some(window) = &self.recall {
            return Some(window.wake());
        }
        let (timer, lease) = (self.timer.as_ref(), self.lease.as_ref());
        wake::next(timer, lease, self.heartbeat.as_ref(), self.max_hold_s, grace_s)
    }
}

/// Equal names share their bytes: ten thousand gates have nine stages.
#[derive(Default)]
struct Names {
    stages: HashMap<Box<str>, StageName>,
    slugs: HashSet<Arc<str>>,
    groups: HashMap<Digest, Arc<GroupKey>>,
    contexts: HashMap<Digest, Arc<Digest>>,
}

impl Names {
    fn stage(&mut self, cells: &Cells<'_>, column: usize) -> Result<StageName, RowError> {
        let text = cells.text(column)?;
        if let Some(known) = self.stages.get(text) {
            return Ok(known.clone());
        }
        let stage = cells.stage(column)?;
        self.stages.insert(text.into(), stage.clone());
        Ok(stage)
    }

    fn slug(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.slugs.get(text) {
            return known.clone();
        }
        let slug: Arc<str> = Arc::from(text);
        self.slugs.insert(slug.clone());
        slug
    }

    fn group(&mut self, id: Digest, digest: Digest) -> Arc<GroupKey> {
        let shared = self.groups.entry(id);
        Arc::clone(shared.or_insert_with(|| Arc::new(GroupKey { id, digest })))
    }

    fn context(&mut self, digest: Digest) -> Arc<Digest> {
        let shared = self.contexts.entry(digest);
        Arc::clone(shared.or_insert_with(|| Arc::new(digest)))
    }
}

impl Reader {
    /// The queue: all open gates, those whose decision may be taken back, the queued, running and paused jobs that are not at one, and
    /// those that failed and nobody has noted it. Manual jobs have no rows of their own: between
    /// their gates nobody here has anything to do. Unsorted.
    pub fn queue(&self) -> Result<Vec<QueueRow>, StoreError> {
        self.read(|connection| {
            let mut names = Names::default();
            let mut queue = gates(connection, &mut names, QueueKind::Gate)?;
            queue.append(&mut gates(connection, &mut names, QueueKind::Decided)?);
            queue.append(&mut other_jobs(connection, &mut names)?);
            Ok(queue)
        })
    }

    /// The timers of all open gates, leased or not, and of decisions that may be taken back; those
    /// held by policy never fire and are left out.
    pub fn timers(&self) -> Result<Vec<OpenTimer>, StoreError> {
        self.read(|connection| {
            let sql = format!("{SELECT_TIMERS} INDEXED BY gate_open {WHERE_TIMER} UNION ALL {SELECT_RECALLABLE}");
            let mut names = Names::default();
            connection.collect(&sql, &[], |row| open_timer(row, &mut names))
        })
    }

    /// The timers of this job's open gates: what to look at again when the job has changed.
    pub fn timers_of(&self, job_id: &JobId) -> Result<Vec<OpenTimer>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "{SELECT_TIMERS} INDEXED BY gate_open {WHERE_TIMER} AND job_id = ?1
                 UNION ALL {SELECT_RECALLABLE} AND job_id = ?1"
            );
            let mut names = Names::default();
            connection.collect(&sql, values![job_id.as_str()], |row| open_timer(row, &mut names))
        })
    }
}

/// Where the timer begins in both selections of open gates, and what stands behind it.
const TIMER: usize = 3;
const BEHIND_TIMER: usize = TIMER + gate_row::TIMER_COLUMNS;

const SELECT_TIMERS: &str =
    "SELECT job_id, stage, attempt, on_timeout, deadline, overdue_since, held_by_policy_at, added_us,
     hold, stopped_at, boot, boot_offset_us, held_because, calls, max_hold_s, lease, heartbeat, NULL FROM gate";
const WHERE_TIMER: &str =
    "WHERE state = 'open' AND (on_timeout IS NOT NULL AND held_by_policy_at IS NULL OR heartbeat IS NOT NULL)";

/// Of those the patch is not read: it may be long.
const SELECT_RECALLABLE: &str =
    "SELECT job_id, stage, attempt, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     max_hold_s, NULL, NULL, json_remove(recall, '$.effect') FROM gate INDEXED BY gate_recall WHERE recall IS NOT NULL";

fn key(cells: &Cells<'_>, names: &mut Names) -> Result<GateKey, RowError> {
    Ok(GateKey {
        job_id: cells.job_id(0)?,
        stage: names.stage(cells, 1)?,
        attempt: cells.get(2)?,
    })
}

fn open_timer(row: &Row<'_>, names: &mut Names) -> Result<OpenTimer, RowError> {
    let cells = Cells::new(row, "gate", 3);
    let timer = gate_row::timer(&cells, TIMER)?;
    Ok(OpenTimer {
        key: key(&cells, names)?,
        timer: timer.filter(|timer| timer.held_by_policy_at.is_none()),
        heartbeat: cells.optional_json(BEHIND_TIMER + 2)?,
        max_hold_s: cells.u64(BEHIND_TIMER)?,
        lease: cells.optional_json(BEHIND_TIMER + 1)?,
        recall: cells.optional_json(BEHIND_TIMER + 3)?,
    })
}

/// The gates of one kind: open, or decided and not carried out.
fn gates(connection: &Connection, names: &mut Names, kind: QueueKind) -> Result<Vec<QueueRow>, RowError> {
    // The index holds these gates only; left to itself the planner may walk the whole history.
    let (index, condition) = match kind {
        QueueKind::Decided => ("gate_recall", "gate.recall IS NOT NULL"),
        QueueKind::Gate | QueueKind::Failed | QueueKind::Paused | QueueKind::Running | QueueKind::Queued => {
            ("gate_open", "gate.state = 'open'")
        }
    };
    let sql = format!(
        "SELECT gate.job_id, gate.stage, attempt, on_timeout, deadline, overdue_since, held_by_policy_at, added_us,
           hold, stopped_at, boot, boot_offset_us, held_because, calls, max_hold_s, lease, opened_at, added_lines, removed_lines, files, is_new, is_binary, is_seen, job.slug,
           context ->> '$.title', context ->> '$.severity', context -> '$.labels',
           at_zero, doubt,
           state = 'approved', settled_by, json_remove(recall, '$.effect'),
           digest, group_id, context_digest, is_wholly_seen
         FROM gate INDEXED BY {index} CROSS JOIN job ON job.id = gate.job_id WHERE {condition}"
    );
    connection.collect(&sql, &[], |row| {
        let cells = Cells::new(row, "gate", 3);
        let key = key(&cells, names)?;
        let timer = gate_row::timer(&cells, TIMER)?.filter(|_| kind == QueueKind::Gate);
        // What is decided folds with nothing.
        let group_id = cells.optional_digest(BEHIND_TIMER + 19)?;
        let group_id = group_id.filter(|_| kind == QueueKind::Gate);
        let digest = cells.optional_digest(BEHIND_TIMER + 18)?;
        let context_digest = cells.optional_digest(BEHIND_TIMER + 20)?;
        Ok(QueueRow {
            kind,
            job_id: key.job_id,
            stage: Some(key.stage),
            attempt: key.attempt,
            at_zero: at_zero(&cells, timer.as_ref(), BEHIND_TIMER + 13)?,
            timer,
            max_hold_s: cells.u64(BEHIND_TIMER)?,
            lease: cells.optional_json(BEHIND_TIMER + 1)?.map(Arc::new),
            since: cells.time(BEHIND_TIMER + 2)?,
            added_lines: cells.get(BEHIND_TIMER + 3)?,
            removed_lines: cells.get(BEHIND_TIMER + 4)?,
            files: cells.get(BEHIND_TIMER + 5)?,
            is_new: cells.get(BEHIND_TIMER + 6)?,
            is_binary: cells.get(BEHIND_TIMER + 7)?,
            is_seen: cells.get(BEHIND_TIMER + 8)?,
            pause: None,
            slug: names.slug(cells.text(BEHIND_TIMER + 9)?),
            headline: headline(&cells, BEHIND_TIMER + 10)?,
            decided: decided(&cells, BEHIND_TIMER + 15)?.map(Arc::new),
            group: group_id.zip(digest).map(|(id, digest)| names.group(id, digest)),
            context_digest: context_digest.map(|digest| names.context(digest)),
            is_wholly_seen: cells.get(BEHIND_TIMER + 21)?,
        })
    })
}

/// What the timer does at zero; gates that were written before doubts were known have none.
fn at_zero(cells: &Cells<'_>, timer: Option<&GateTimer>, column: usize) -> Result<Option<AtZero>, RowError> {
    let Some(timer) = timer else { return Ok(None) };
    Ok(Some(AtZero {
        then: match cells.optional_text(column)? {
            Some(_) => cells.word(column, OnTimeout::parse)?,
            None => timer.on_timeout,
        },
        because: gate_row::doubt(cells, column + 1)?,
    }))
}

/// How a gate was decided whose decision may be taken back; none where it is open.
fn decided(cells: &Cells<'_>, column: usize) -> Result<Option<DecidedGate>, RowError> {
    let Some(window) = cells.optional_json(column + 2)? else {
        return Ok(None);
    };
    Ok(Some(DecidedGate {
        is_approved: cells.get(column)?,
        by: cells.text(column + 1)?.to_owned(),
        window,
    }))
}

/// What lists show of a gate's context; none where that says nothing of it.
fn headline(cells: &Cells<'_>, column: usize) -> Result<Option<Arc<Headline>>, RowError> {
    let context = GateContext {
        title: cells.optional_text(column)?.map(str::to_owned),
        severity: match cells.optional_text(column + 1)? {
            Some(_) => Some(cells.word(column + 1, Severity::parse)?),
            None => None,
        },
        labels: cells.optional_json(column + 2)?.unwrap_or_default(),
        ..GateContext::default()
    };
    Ok(context.headline().map(Arc::new))
}

fn other_jobs(connection: &Connection, names: &mut Names) -> Result<Vec<QueueRow>, RowError> {
    // A gate may have an attempt that nothing was run for (a bare stage), so the newest of both is
    // the job's attempt.
    let sql = "SELECT job.id, job.status, job.slug, job.stage, job.status_since, attempt.state, attempt.queued_at,
           attempt.started_at, attempt.number,
           (SELECT max(attempt) FROM gate WHERE gate.job_id = job.id AND gate.stage = job.stage),
           CASE job.status WHEN 'paused' THEN (SELECT payload ->> '$.reason' FROM event
             WHERE event.job_id = job.id AND event.type = 'job_paused' ORDER BY event.seq DESC LIMIT 1) END
         FROM job LEFT JOIN attempt ON attempt.job_id = job.id AND attempt.stage = job.stage AND attempt.number =
           (SELECT max(number) FROM attempt AS other WHERE other.job_id = job.id AND other.stage = job.stage)
         WHERE (job.status IN ('queued', 'running') AND NOT job.is_manual OR job.status = 'paused'
             OR job.status = 'failed' AND job.acknowledged_at IS NULL)
           AND NOT EXISTS (SELECT 1 FROM gate WHERE gate.job_id = job.id AND gate.state = 'open')";
    connection.collect(sql, &[], |row| {
        let cells = Cells::new(row, "job", 1);
        let kind = cells.word(1, |word| JobStatus::parse(word).and_then(QueueKind::of))?;
        let stage = match cells.optional_text(3)? {
            Some(_) => Some(names.stage(&cells, 3)?),
            None => None,
        };
        let status_since = cells.time(4)?;
        let since = match (kind, cells.optional_text(5)?) {
            (QueueKind::Running, Some("running")) => cells.optional_time(7)?,
            (QueueKind::Queued, Some("queued")) => cells.optional_time(6)?,
            _ => None,
        };
        Ok(QueueRow {
            kind,
            job_id: cells.job_id(0)?,
            slug: names.slug(cells.text(2)?),
            stage,
            attempt: cells.get::<Option<u32>>(8)?.max(cells.get(9)?).unwrap_or_default(),
            since: since.unwrap_or(status_since),
            timer: None,
            at_zero: None,
            max_hold_s: 0,
            lease: None,
            added_lines: 0,
            removed_lines: 0,
            files: 0,
            is_new: false,
            is_binary: false,
            is_seen: false,
            pause: cells.optional_text(10)?.and_then(Pause::parse),
            headline: None,
            decided: None,
            group: None,
            context_digest: None,
            is_wholly_seen: false,
        })
    })
}
