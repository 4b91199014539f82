//! Statements that are on their way together: a line is slow in going there and back, not in what it
//! carries.

use std::cell::{Cell as Slot, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::{Row, SimpleQueryMessage};

use super::super::sql::{Adding, Value};

/// What was put and is not written yet, and what was asked before anybody needs it.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    puts: RefCell<Vec<Put>>,
    adds: RefCell<Vec<Adds>>,
    asked: RefCell<Vec<Asked>>,
    /// The number of the newest event as the transaction has it, and as it was at the savepoint.
    events: Slot<i64>,
    events_before: Slot<i64>,
}

const SAVEPOINT: &str = "SAVEPOINT ";

/// A statement that writes.
#[derive(Debug)]
pub(super) struct Put {
    pub(super) sql: String,
    pub(super) values: Vec<Value<'static>>,
    /// Exactly so many rows have to be written, and the name of the first.
    pub(super) exactly: Option<(u64, String)>,
}

/// Rows of one table, which go behind everything else that was put.
#[derive(Debug)]
struct Adds {
    adding: Adding,
    rows: Vec<Vec<Value<'static>>>,
    first: String,
}

/// The most rows in one statement. Their numbers are powers of two, so that few statements differ.
const ROWS_MAX: usize = 32;

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
        self.puts.borrow_mut().clear();
        self.adds.borrow_mut().clear();
        self.asked.borrow_mut().clear();
    }

    pub(super) fn put(&self, sql: &str, values: &[Value<'_>], one: Option<String>) {
        if sql.starts_with(SAVEPOINT) {
            self.events_before.set(self.events.get());
        }
        let values = values.iter().map(Value::owned).collect();
        self.puts.borrow_mut().push(Put {
            sql: sql.to_owned(),
            values,
            exactly: one.map(|row| (1, row)),
        });
    }

    pub(super) fn add(&self, adding: Adding, values: &[Value<'_>], one: &dyn fmt::Display) {
        let row = values.iter().map(Value::owned).collect();
        let mut adds = self.adds.borrow_mut();
        match adds.iter_mut().find(|adds| adds.adding == adding) {
            Some(adds) => adds.rows.push(row),
            None => adds.push(Adds {
                adding,
                rows: vec![row],
                first: one.to_string(),
            }),
        }
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

    /// All that is to be written, in its order.
    pub(super) fn take_puts(&self) -> Vec<Put> {
        let mut puts = mem::take(&mut *self.puts.borrow_mut());
        for Adds {
            adding,
            mut rows,
            first,
        } in mem::take(&mut *self.adds.borrow_mut())
        {
            while !rows.is_empty() {
                let rest = rows.split_off(1 << rows.len().min(ROWS_MAX).ilog2());
                puts.push(Put {
                    sql: adding.statement(rows.iter().map(Vec::len)),
                    exactly: Some((rows.len() as u64, first.clone())),
                    values: mem::replace(&mut rows, rest).into_iter().flatten().collect(),
                });
            }
        }
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

/// The cells of a row, as words.
pub(super) type Cells = Vec<Option<String>>;

/// The rows of a query.
pub(super) type Rows = Vec<Row>;

/// What a statement was answered.
pub(super) enum Told {
    /// The last row of statements that are words alone.
    Words(Cells),
    /// How many rows were written.
    Written(u64),
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

/// Sends all of these in their order, and waits for all; the first error is that of the first that
/// failed.
// A statement is sent when its future is first polled.
pub(super) async fn in_order(doing: Vec<Doing<'_>>) -> Result<Vec<Told>, tokio_postgres::Error> {
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
    let done = doing.into_iter().filter_map(|one| match one {
        MaybeDone::Done(done) => Some(done),
        MaybeDone::Doing(_) => None,
    });
    done.collect()
}

enum MaybeDone<'d> {
    Doing(Doing<'d>),
    Done(Done),
}
