//! Statements that are on their way together: a line is slow in going there and back, not in what it
//! carries.

use std::cell::{Cell as Slot, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::{Row, SimpleQueryMessage};

use super::super::sql::Value;

/// What was put and is not written yet, and what was asked before anybody needs it.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    puts: RefCell<Vec<Put>>,
    /// Where in `puts` each entry begins, of which no two write the same row.
    entries: RefCell<Vec<usize>>,
    /// What goes behind all of `puts`.
    adds: RefCell<Vec<Put>>,
    asked: RefCell<Vec<Asked>>,
    /// The number of the newest event as the transaction has it, and as it was at the savepoint.
    events: Slot<i64>,
    events_before: Slot<i64>,
}

const SAVEPOINT: &str = "SAVEPOINT ";

/// A statement that writes, as often as it has rows of values.
#[derive(Debug)]
pub(super) struct Put {
    pub(super) sql: String,
    pub(super) rows: usize,
    /// The values of each place, one for each row.
    pub(super) columns: Vec<Vec<Value<'static>>>,
    /// One row has to be written for each row of values; the name of the first.
    pub(super) exactly: Option<String>,
}

impl Put {
    fn new(sql: &str, values: &[Value<'_>], exactly: Option<String>) -> Self {
        Self {
            sql: sql.to_owned(),
            rows: 1,
            columns: values.iter().map(|value| vec![value.owned()]).collect(),
            exactly,
        }
    }

    /// Whether its values go as arrays. What has to be written exactly is counted where it is written.
    pub(super) fn is_many(&self) -> bool {
        self.rows > 1 || self.exactly.is_some()
    }

    fn is_like(&self, other: &Self) -> bool {
        self.sql == other.sql && self.exactly.is_some() == other.exactly.is_some()
    }

    fn take_rows_of(&mut self, other: Self) {
        self.rows += other.rows;
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            column.extend(more);
        }
    }
}

#[derive(Debug)]
struct Asked {
    sql: String,
    values: Vec<Value<'static>>,
    rows: Rows,
}

impl Ahead {
    /// A transaction begins behind this event, or has ended.
    pub(super) fn begin(&self, event_seq: i64) {
        self.events.set(event_seq);
        self.events_before.set(event_seq);
        self.asked.borrow_mut().clear();
    }

    /// Nothing of it is to be done any more.
    pub(super) fn forget(&self) {
        self.take_puts();
        self.asked.borrow_mut().clear();
    }

    pub(super) fn put(&self, sql: &str, values: &[Value<'_>], one: Option<String>) {
        if sql.starts_with(SAVEPOINT) {
            self.events_before.set(self.events.get());
        }
        self.puts.borrow_mut().push(Put::new(sql, values, one));
    }

    pub(super) fn add(&self, sql: &str, values: &[Value<'_>], one: &dyn fmt::Display) {
        let put = Put::new(sql, values, Some(one.to_string()));
        let mut adds = self.adds.borrow_mut();
        match adds.iter_mut().find(|adds| adds.is_like(&put)) {
            Some(adds) => adds.take_rows_of(put),
            None => adds.push(put),
        }
    }

    /// What is put from here on writes other rows than what was put before.
    pub(super) fn next_entry(&self) {
        self.entries.borrow_mut().push(self.puts.borrow().len());
    }

    /// What came after the savepoint is undone, or never done.
    pub(super) fn roll_back(&self) {
        self.events.set(self.events_before.get());
        self.adds.borrow_mut().clear();
        let mut puts = self.puts.borrow_mut();
        let savepoint = puts.iter().rposition(|put| put.sql.starts_with(SAVEPOINT));
        puts.truncate(savepoint.map_or(0, |at| at + 1));
    }

    pub(super) fn next_event(&self) -> i64 {
        self.events.set(self.events.get() + 1);
        self.events.get()
    }

    /// All that is to be written, in its order. Entries that follow each other with the same statements
    /// are written together: each statement once, with the rows of all.
    pub(super) fn take_puts(&self) -> Vec<Put> {
        let mut puts = mem::take(&mut *self.puts.borrow_mut());
        let mut entries: Vec<_> = mem::take(&mut *self.entries.borrow_mut())
            .into_iter()
            .rev()
            .map(|start| puts.split_off(start))
            .collect();
        entries.reverse();
        let mut together: Vec<Vec<Put>> = Vec::new();
        for entry in entries.into_iter().filter(|entry| !entry.is_empty()) {
            match together.last_mut() {
                Some(before) if is_alike(before, &entry) => {
                    before
                        .iter_mut()
                        .zip(entry)
                        .for_each(|(put, more)| put.take_rows_of(more));
                }
                Some(_) | None => together.push(entry),
            }
        }
        puts.extend(together.into_iter().flatten());
        puts.append(&mut self.adds.borrow_mut());
        puts
    }

    pub(super) fn asked(&self, queries: &[(&str, &[Value<'_>])], answers: Vec<Rows>) {
        let asked = queries.iter().zip(answers).map(|((sql, values), rows)| Asked {
            sql: (*sql).to_owned(),
            values: values.iter().map(Value::owned).collect(),
            rows,
        });
        *self.asked.borrow_mut() = asked.collect();
    }

    /// What this query was answered, once.
    pub(super) fn take(&self, sql: &str, values: &[Value<'_>]) -> Option<Rows> {
        let mut asked = self.asked.borrow_mut();
        let at = asked
            .iter()
            .position(|asked| asked.sql == sql && asked.values == values)?;
        Some(asked.swap_remove(at).rows)
    }
}

fn is_alike(puts: &[Put], others: &[Put]) -> bool {
    puts.len() == others.len() && puts.iter().zip(others).all(|(put, other)| put.is_like(other))
}

/// The cells of a row, as words.
pub(super) type Cells = Vec<Option<String>>;

/// The rows of a query.
pub(super) type Rows = Vec<Row>;

/// What a statement was answered.
pub(super) enum Told {
    /// The last row of statements that are words alone.
    Words(Cells),
    Written,
    Read(Rows),
}

impl Told {
    pub(super) fn of_words(answers: Vec<SimpleQueryMessage>) -> Self {
        Self::Words(cells_of(&answers))
    }
}

/// The cells of the last row.
pub(super) fn cells_of(answers: &[SimpleQueryMessage]) -> Cells {
    let last = answers.iter().rev().find_map(|answer| {
        let SimpleQueryMessage::Row(row) = answer else {
            return None;
        };
        Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
    });
    last.unwrap_or_default()
}

/// One statement under way.
pub(super) type Doing<'d> = Pin<Box<dyn Future<Output = Done> + Send + 'd>>;

type Done = Result<Told, tokio_postgres::Error>;

/// Sends all of these in their order, and waits for all; the error is that of the first that failed,
/// with its place.
// A statement is sent when its future is first polled.
pub(super) async fn in_order(doing: Vec<Doing<'_>>) -> Result<Vec<Told>, (usize, tokio_postgres::Error)> {
    let mut doing: Vec<_> = doing.into_iter().map(MaybeDone::Doing).collect();
    poll_fn(|cx| {
        let mut is_done = true;
        for one in &mut doing {
            if let MaybeDone::Doing(under_way) = one {
                match under_way.as_mut().poll(cx) {
                    Poll::Ready(done) => *one = MaybeDone::Done(done),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let done = doing.into_iter().enumerate().filter_map(|(at, one)| match one {
        MaybeDone::Done(done) => Some(done.map_err(|error| (at, error))),
        MaybeDone::Doing(_) => None,
    });
    done.collect()
}

enum MaybeDone<'d> {
    Doing(Doing<'d>),
    Done(Done),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_with_the_same_statements_are_written_together_and_each_keeps_its_order() {
        let ahead = Ahead::default();
        for (job, others) in [("a", false), ("b", false), ("c", true), ("d", false)] {
            ahead.next_entry();
            ahead.put("gate", &[Value::from(job)], Some(job.to_owned()));
            if others {
                ahead.put("artifact", &[Value::from(job)], None);
            }
            ahead.put("job", &[Value::from(job)], Some(job.to_owned()));
            ahead.add("event", &[Value::from(job)], &job);
        }
        let puts = ahead.take_puts().into_iter();
        let puts: Vec<_> = puts.map(|put| (put.sql, put.columns.concat(), put.exactly)).collect();
        let texts = |jobs: &[&str]| -> Vec<_> { jobs.iter().map(|job| Value::from((*job).to_owned())).collect() };
        let put = |sql: &str, jobs: &[&str]| (sql.to_owned(), texts(jobs), jobs.first().map(|job| (*job).to_owned()));
        assert_eq!(
            puts,
            [
                put("gate", &["a", "b"]),
                put("job", &["a", "b"]),
                put("gate", &["c"]),
                ("artifact".to_owned(), texts(&["c"]), None),
                put("job", &["c"]),
                put("gate", &["d"]),
                put("job", &["d"]),
                put("event", &["a", "b", "c", "d"]),
            ]
        );
        assert!(ahead.take_puts().is_empty());
    }
}
