//! The record, by what it says: lists of decisions, and all of them one after the other, for
//! figures.

use std::collections::BTreeMap;

use super::cells::{Cells, count};
use super::error::{RowError, StoreError};
use super::event_row::{self, DECISION_COLUMNS, EVENT_COLUMNS};
use super::reader::{Conditions, Reader};
use super::sql::{Connection, Value};
use domain::decision::{DecisionStanding, RecordedDecision, SealedDecision};
use domain::event::Event;
use domain::figures::RecordFilter;
use domain::gate::Verdict;

/// What is asked of a decision's document. One that was torn answers to everything: it is met, and
/// named, where the decision would have been.
macro_rules! of_document {
    ($condition:literal) => {
        concat!("CASE WHEN json_valid(document) THEN ", $condition, " ELSE TRUE END")
    };
}

/// Whether a decision has a label of this key, or of this key and value. A key has no `=` in it.
const LABELS_OF_DECISION: [&str; 2] = [
    of_document!("EXISTS (SELECT 1 FROM json_each(document -> '$.context.labels') WHERE key = ?)"),
    of_document!("EXISTS (SELECT 1 FROM json_each(document -> '$.context.labels') WHERE key || '=' || value = ?)"),
];

/// The same of the gate of an event, as that is labeled now.
const LABELS_OF_EVENT: [&str; 2] = [
    "EXISTS (SELECT 1 FROM gate, json_each(gate.context -> '$.labels') WHERE gate.job_id = event.job_id AND gate.stage = event.stage
       AND gate.attempt = CAST(event.payload ->> '$.attempt' AS BIGINT) AND key = ?)",
    "EXISTS (SELECT 1 FROM gate, json_each(gate.context -> '$.labels') WHERE gate.job_id = event.job_id AND gate.stage = event.stage
       AND gate.attempt = CAST(event.payload ->> '$.attempt' AS BIGINT) AND key || '=' || value = ?)",
];

fn add_labels(conditions: &mut Conditions, filter: &RecordFilter, [of_key, of_both]: [&'static str; 2]) {
    for label in &filter.labels {
        match &label.value {
            Some(value) => conditions.add(of_both, Value::from(format!("{}={value}", label.key))),
            None => conditions.add(of_key, Value::from(label.key.clone())),
        }
    }
}

/// What a filter says of decisions.
fn of_decisions(filter: &RecordFilter) -> Conditions {
    let mut conditions = Conditions::default();
    if let Some(job_id) = &filter.job_id {
        conditions.add("job_id = ?", Value::from(job_id.to_string()));
    }
    if let Some(stage) = &filter.stage {
        conditions.add("stage = ?", Value::from(stage.to_string()));
    }
    if let Some(operator) = &filter.operator {
        conditions.add(of_document!("document ->> '$.by' = ?"), Value::from(operator.clone()));
    }
    if let Some(verdict) = filter.verdict {
        let is_approved = (verdict == Verdict::Approve).to_string();
        let text = of_document!("CAST(document -> '$.approved' AS TEXT) = ?");
        conditions.add(text, Value::from(is_approved));
    }
    add_labels(&mut conditions, filter, LABELS_OF_DECISION);
    if let Some(is_by_timer) = filter.is_by_timer {
        let text = of_document!("(document ->> '$.via.surface' = 'timer') = ?");
        conditions.add(text, Value::from(is_by_timer));
    }
    if let Some(since) = filter.since {
        // Times are written in one form of one length, so their texts are in their order.
        conditions.add(of_document!("document ->> '$.at' >= ?"), Value::from(since.to_string()));
    }
    conditions
}

/// The number before the first decision from then on, by the index `decision_at`; none: there is none.
// Clocks are set back: what comes behind it is asked for its own time as well.
const BEFORE_DECISIONS_SINCE: &str = "SELECT min(seq) - 1 FROM decision INDEXED BY decision_at WHERE CASE WHEN json_valid(document) THEN document ->> '$.at' END >= ?";

/// Which events are holds of persons, in the words of the indexes `event_held` and `event_held_at`.
const IS_HOLD: &str = "type = 'gate_held' AND CASE WHEN json_valid(payload) THEN payload ->> '$.kind' END = 'hold'";

/// Where to begin to look behind this number; none: there is nothing in the filter's time.
fn begin(connection: &Connection, after: u64, before: &str, since: Option<Value<'_>>) -> Result<Option<u64>, RowError> {
    // Who comes with a number has begun already.
    let (Some(since), 0) = (since, after) else {
        return Ok(Some(after));
    };
    let found: Option<i64> = connection.cell(before, &[since])?;
    Ok(found.map(i64::unsigned_abs))
}

const SELECT_RECORDED: &str = "SELECT seq, document, ifnull((SELECT CASE WHEN recall IS NOT NULL THEN 2 WHEN state = 'recalled' THEN 1 ELSE 0 END FROM gate
    WHERE gate.job_id = decision.job_id AND gate.stage = decision.stage AND gate.attempt = decision.attempt), 0) FROM decision";

fn take_each(
    connection: &Connection,
    sql: &str,
    values: &[Value<'_>],
    take: &mut impl FnMut(RecordedDecision),
) -> Result<(), RowError> {
    connection.each(sql, values, |row| {
        let cells = Cells::new(row, "decision", 1);
        let seq: i64 = cells.get(0)?;
        take(RecordedDecision {
            seq: seq.unsigned_abs(),
            decision: cells.json(1)?,
            standing: match cells.get::<i64>(2)? {
                0 => DecisionStanding::Final,
                1 => DecisionStanding::Recalled,
                _ => DecisionStanding::Recallable,
            },
        });
        Ok(true)
    })
}

/// Where the labels stand, behind [`EVENT_COLUMNS`].
const LABELS_COLUMN: usize = 8;

/// An event, and what its gate is labeled with.
pub type LabeledEvent = (Event, BTreeMap<String, String>);

impl Reader {
    /// Decisions, newest first.
    pub fn recorded(&self, filter: &RecordFilter, limit: u32) -> Result<Vec<SealedDecision>, StoreError> {
        let mut conditions = of_decisions(filter);
        let select = format!("SELECT {DECISION_COLUMNS} FROM decision");
        self.read(|connection| {
            let since = filter.since.map(|since| Value::from(since.to_string()));
            let Some(after) = begin(connection, 0, BEFORE_DECISIONS_SINCE, since)? else {
                return Ok(Vec::new());
            };
            conditions.add("seq > ?", Value::from(count(after)));
            let sql = conditions.sql(&select, "ORDER BY seq DESC", limit);
            connection.collect(&sql, &conditions.values, event_row::decision)
        })
    }

    /// Goes through the next so many decisions after this number, oldest first, and takes those that
    /// the filter takes. Returns the number it came to, or the same number when there are no more.
    // A document is read as it stands: whether it is what was written is for `decisions verify`.
    pub fn each_decision(
        &self,
        filter: &RecordFilter,
        after: u64,
        limit: u32,
        mut take: impl FnMut(RecordedDecision),
    ) -> Result<u64, StoreError> {
        let mut conditions = of_decisions(filter);
        self.read(|connection| {
            let since = filter.since.map(|since| Value::from(since.to_string()));
            let Some(after) = begin(connection, after, BEFORE_DECISIONS_SINCE, since)? else {
                return Ok(after);
            };
            // What is looked at is bounded, not what is found: a filter that takes few must not walk
            // the whole record in one read.
            let until = after.saturating_add(u64::from(limit));
            conditions.add("seq > ?", Value::from(count(after)));
            conditions.add("seq <= ?", Value::from(count(until)));
            let sql = conditions.sql(SELECT_RECORDED, "ORDER BY seq", limit);
            let newest: i64 = connection.cell("SELECT ifnull(max(seq), 0) FROM decision", &[])?;
            take_each(connection, &sql, &conditions.values, &mut take)?;
            Ok(until.min(newest.unsigned_abs()).max(after))
        })
    }

    /// Takes the decisions of these numbers, oldest first.
    pub fn decisions_numbered(&self, seqs: &[u64], mut take: impl FnMut(RecordedDecision)) -> Result<(), StoreError> {
        let seqs = Value::from(serde_json::json!(seqs).to_string());
        let sql =
            format!("{SELECT_RECORDED} WHERE seq IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) ORDER BY seq");
        self.read(|connection| take_each(connection, &sql, std::slice::from_ref(&seqs), &mut take))
    }

    /// The events of holds by persons after this number, oldest first, each with the labels of its
    /// gate.
    pub fn holds(&self, filter: &RecordFilter, after: u64, limit: u32) -> Result<Vec<LabeledEvent>, StoreError> {
        let mut conditions = Conditions::default();
        if let Some(job_id) = &filter.job_id {
            conditions.add("job_id = ?", Value::from(job_id.to_string()));
        }
        if let Some(stage) = &filter.stage {
            conditions.add("stage = ?", Value::from(stage.to_string()));
        }
        if let Some(operator) = &filter.operator {
            conditions.add("payload ->> '$.by' = ?", Value::from(operator.clone()));
        }
        if let Some(since) = filter.since {
            conditions.add("ts >= ?", Value::from(since.micros()));
        }
        add_labels(&mut conditions, filter, LABELS_OF_EVENT);
        // The index has these events only.
        let select = format!(
            "SELECT {EVENT_COLUMNS}, (SELECT context -> '$.labels' FROM gate WHERE gate.job_id = event.job_id
               AND gate.stage = event.stage AND gate.attempt = CAST(event.payload ->> '$.attempt' AS BIGINT)) FROM event INDEXED BY event_held"
        );
        let read = |connection: &Connection| -> Result<Vec<LabeledEvent>, RowError> {
            let since = filter.since.map(|since| Value::from(since.micros()));
            let before = format!("SELECT min(seq) - 1 FROM event INDEXED BY event_held_at WHERE {IS_HOLD} AND ts >= ?");
            let Some(after) = begin(connection, after, &before, since)? else {
                return Ok(Vec::new());
            };
            conditions.add("seq > ?", Value::from(count(after)));
            let sql = conditions.sql(&select, &format!("AND {IS_HOLD} ORDER BY seq"), limit);
            connection.collect(&sql, &conditions.values, |row| {
                let labels = Cells::new(row, "event", 1).optional_json(LABELS_COLUMN)?;
                Ok((event_row::event(row)?, labels.unwrap_or_default()))
            })
        };
        self.read(read)
    }
}
