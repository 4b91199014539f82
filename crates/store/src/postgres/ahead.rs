//! Statements that are on their way together: a line is slow in going there and back, not in what it
//! carries.

use std::cell::{Cell as Slot, RefCell};
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::super::sql::Value;

/// What was put and is not written yet, and what was asked before anybody needs it.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    puts: RefCell<Vec<Put>>,
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
    /// Exactly one row has to be written, of this name.
    pub(super) one: Option<String>,
}

#[derive(Debug)]
struct Asked {
    sql: String,
    values: Vec<Value<'static>>,
    rows: Vec<tokio_postgres::Row>,
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
            one,
        });
    }

    /// What came after the savepoint is undone, or never done.
    pub(super) fn roll_back(&self) {
        self.events.set(self.events_before.get());
        let mut puts = self.puts.borrow_mut();
        let savepoint = puts.iter().rposition(|put| put.sql.starts_with(SAVEPOINT));
        puts.truncate(savepoint.map_or(0, |at| at + 1));
    }

    pub(super) fn next_event(&self) -> i64 {
        self.events.set(self.events.get() + 1);
        self.events.get()
    }

    pub(super) fn take_puts(&self) -> Vec<Put> {
        mem::take(&mut self.puts.borrow_mut())
    }

    /// The last of what was put, where it is words alone, as a statement in front of others.
    pub(super) fn take_words(&self) -> String {
        let mut puts = self.puts.borrow_mut();
        let words = puts.pop_if(|put| put.values.is_empty() && put.one.is_none());
        words.map(|put| put.sql + "; ").unwrap_or_default()
    }

    pub(super) fn asked(&self, queries: &[(&str, &[Value<'_>])], answers: Vec<Vec<tokio_postgres::Row>>) {
        let asked = queries.iter().zip(answers).map(|((sql, values), rows)| Asked {
            sql: (*sql).to_owned(),
            values: values.iter().map(Value::owned).collect(),
            rows,
        });
        *self.asked.borrow_mut() = asked.collect();
    }

    /// What this query was answered, once.
    pub(super) fn take(&self, sql: &str, values: &[Value<'_>]) -> Option<Vec<tokio_postgres::Row>> {
        let mut asked = self.asked.borrow_mut();
        let at = asked
            .iter()
            .position(|asked| asked.sql == sql && asked.values == values)?;
        Some(asked.swap_remove(at).rows)
    }
}

/// One statement under way.
pub(super) type Doing<'d, T> = Pin<Box<dyn Future<Output = Done<T>> + Send + 'd>>;

/// Sends all of these in their order, and waits for all; the first error is that of the first that
/// failed.
// A statement is sent when its future is first polled.
pub(super) async fn in_order<W, R>(
    writes: Vec<Doing<'_, W>>,
    reads: Vec<Doing<'_, R>>,
) -> Result<(Vec<W>, Vec<R>), tokio_postgres::Error> {
    let (mut writes, mut reads) = (Some(Started::new(writes)), Some(Started::new(reads)));
    let (mut written, mut read) = (None, None);
    poll_fn(|cx| {
        let mut is_done = true;
        if let Some(started) = &mut writes {
            is_done &= started.poll(cx);
        }
        if let Some(started) = &mut reads {
            is_done &= started.poll(cx);
        }
        if !is_done {
            return Poll::Pending;
        }
        written = writes.take().map(Started::done);
        read = reads.take().map(Started::done);
        Poll::Ready(())
    })
    .await;
    let (written, read) = (written.unwrap_or_default(), read.unwrap_or_default());
    let written = written.into_iter().collect::<Result<_, _>>()?;
    Ok((written, read.into_iter().collect::<Result<_, _>>()?))
}

type Done<T> = Result<T, tokio_postgres::Error>;

struct Started<'d, T> {
    doing: Vec<(Doing<'d, T>, Option<Done<T>>)>,
}

impl<'d, T> Started<'d, T> {
    fn new(doing: Vec<Doing<'d, T>>) -> Self {
        let doing = doing.into_iter().map(|one| (one, None)).collect();
        Self { doing }
    }

    /// Whether all are done.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let mut is_done = true;
        for (doing, done) in self.doing.iter_mut().filter(|(_, done)| done.is_none()) {
            match doing.as_mut().poll(cx) {
                Poll::Ready(result) => *done = Some(result),
                Poll::Pending => is_done = false,
            }
        }
        is_done
    }

    fn done(self) -> Vec<Done<T>> {
        self.doing.into_iter().filter_map(|(_, done)| done).collect()
    }
}
