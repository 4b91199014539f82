//! PostgreSQL: a connection that waits for its answers, and what is its own of statements, values,
//! rows and errors.
//!
//! `tokio-postgres` on a runtime that each connection has for itself: the writer and the reader are
//! threads that wait anyway. A connection that was lost is made again at the next transaction;
//! never within one.

mod address;
mod ahead;
mod versions;
mod words;

use std::cell::{Cell as Slot, RefCell};
use std::collections::HashMap;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

use super::error::{Constraint, RowError, StoreErrorKind};
use super::hosts::TIME;
use super::open::Access;
use super::sql::{Cell, Value};
pub use address::PostgresAddress;
pub(super) use address::PostgresAddressError;
use ahead::{Ahead, Cells, Doing, Put, Rows, Told};
use domain::time::Timestamp;

/// How often it is asked what became of a commit whose answer was lost, and the pause between.
const ASK_COMMIT_TIMES: u32 = 10;
const ASK_COMMIT: Duration = Duration::from_secs(1);
/// How long each of these questions may take.
const ASK_COMMIT_SILENCE: Duration = Duration::from_secs(10);

/// How long a statement may take to be answered: as long as the longest of a large record.
const SILENCE: Duration = Duration::from_secs(60);
/// The same on the line that keeps up the lead, whose statements are short: somebody else leads soon.
const LISTENER_SILENCE: Duration = Duration::from_secs(5);

/// What every connection asks for: no transaction of a host that is gone keeps the others waiting,
/// and nobody waits longer for them than for a file that is locked.
const SETTINGS: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s'";
/// What decides finds every row by its key, however few there are: a plan made once, while tables are
/// small, must not read the whole of them when they are large. Compiling it would never pay.
const BY_KEYS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off";

/// One connection, made again when it was lost.
pub(super) struct Session {
    address: PostgresAddress,
    access: Access,
    /// Always there until this is dropped.
    runtime: Option<Runtime>,
    line: RefCell<Option<Line>>,
    /// The head, as the newest transaction that writes found or left it.
    head: Slot<Head>,
    /// A time of the database between the beginning of the transaction and its having the head.
    began_us: Slot<i64>,
    /// That others have committed, where this line listens.
    news: Arc<Notify>,
    ahead: Ahead,
    /// How long a statement may take to be answered.
    silence: Slot<Duration>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Head {
    schema: u32,
    event_seq: i64,
    decision_seq: i64,
}

struct Line {
    client: Client,
    statements: HashMap<String, Statement>,
    /// The same for many rows at once, by whether all of them have to be written.
    for_many: HashMap<(String, bool), Statement>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.address, self.access)
    }
}

impl Drop for Session {
    /// A runtime may not wait for its end within another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Session {
    /// Connects, and makes sure that the server keeps what it says it has written.
    pub(super) fn open(address: &PostgresAddress, access: Access) -> Result<Self, RowError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let session = Self {
            address: address.clone(),
            access,
            runtime: Some(runtime.map_err(RowError::unreadable)?),
            line: RefCell::new(None),
            head: Slot::default(),
            began_us: Slot::default(),
            news: Arc::default(),
            ahead: Ahead::default(),
            silence: Slot::new(SILENCE),
        };
        // Of many consoles few write what may be lost: they connect when they do.
        if access != Access::Relaxed {
            session.connect()?;
        }
        Ok(session)
    }

    fn connect(&self) -> Result<(), RowError> {
        let client = self.wait(self.address.connect(Arc::clone(&self.news)))?;
        let settings = match self.access {
            Access::Durable => &format!("{SETTINGS}; {BY_KEYS}"),
            Access::Relaxed => SETTINGS,
            Access::Read => "SET default_transaction_read_only = on",
        };
        self.answer(client.batch_execute(settings))?;
        let (silence, access) = (self.silence.get(), self.access);
        let is_sound = async { tokio::time::timeout(silence, sound(&client, access)).await };
        self.wait(is_sound)
            .unwrap_or_else(|_| Err(RowError::Lost("it does not answer".to_owned())))?;
        *self.line.borrow_mut() = Some(Line {
            client,
            statements: HashMap::new(),
            for_many: HashMap::new(),
        });
        Ok(())
    }

    /// Waits on this thread; within a runtime, where no thread may wait, on another one.
    fn wait<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        let Some(runtime) = &self.runtime else {
            unreachable!("only `drop` takes it")
        };
        if tokio::runtime::Handle::try_current().is_err() {
            return runtime.block_on(work);
        }
        std::thread::scope(|scope| match scope.spawn(|| runtime.block_on(work)).join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    /// The same for an answer of the database. A server that takes a statement and is silent is as
    /// good as away: the kernel notices that only where nobody acknowledges.
    fn answer<T: Send, E: Into<RowError> + Send>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, RowError> {
        let silence = self.silence.get();
        let answered = self.wait(async move { tokio::time::timeout(silence, work).await });
        match answered {
            Ok(answer) => answer.map_err(Into::into),
            Err(_) => Err(RowError::Lost("it does not answer".to_owned())),
        }
    }

    /// Does what `work` does with the line; one that turns out to be lost is let go.
    fn on_line<T>(&self, work: impl FnOnce(&mut Line) -> Result<T, RowError>) -> Result<T, RowError> {
        let mut line = self.line.borrow_mut();
        let Some(open) = line.as_mut() else {
            return Err(RowError::Lost("the connection was lost".to_owned()));
        };
        let done = work(open);
        if open.client.is_closed() || matches!(done, Err(RowError::Lost(_))) {
            *line = None;
        }
        done
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, RowError> {
        if sql.starts_with("ROLLBACK TO ") {
            self.ahead.roll_back();
        }
        self.settle()?;
        let written = self.on_line(|line| {
            self.answer(async {
                let statement = line.statement(sql).await?;
                line.client.execute_raw(&statement, values).await
            })
        })?;
        Ok(usize::try_from(written).unwrap_or(usize::MAX))
    }

    /// All rows of a query.
    pub(super) fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>, RowError> {
        if let Some(rows) = self.ahead.take(sql, values) {
            return Ok(rows);
        }
        let (_, mut answers) = self.all("", &[(sql, values)])?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// See [`super::sql::Connection::put`].
    pub(super) fn put(&self, sql: &str, values: &[Value<'_>], one: Option<String>) {
        self.ahead.put(sql, values, one);
    }

    /// See [`super::sql::Connection::add`].
    pub(super) fn add(&self, sql: &str, values: &[Value<'_>], one: &dyn fmt::Display) {
        self.ahead.add(sql, values, one);
    }

    /// See [`super::sql::Connection::next_entry`].
    pub(super) fn next_entry(&self) {
        self.ahead.next_entry();
    }

    /// See [`super::sql::Connection::settle`].
    pub(super) fn settle(&self) -> Result<(), RowError> {
        self.all("", &[]).map(drop)
    }

    /// See [`super::sql::Connection::ahead`].
    pub(super) fn ahead(&self, queries: &[(&str, &[Value<'_>])]) -> Result<(), RowError> {
        let (_, answers) = self.all("", queries)?;
        self.ahead.asked(queries, answers);
        Ok(())
    }

    /// The number of the next event. The transaction has locked the head, and so nobody else gives
    /// it.
    pub(super) fn next_event(&self) -> i64 {
        self.ahead.next_event()
    }

    /// What was put, these words, and then these queries: all on their way before the first answer is
    /// waited for. Answers with the cells of the words' last row, and the rows of each query.
    fn all(&self, words: &str, queries: &[(&str, &[Value<'_>])]) -> Result<(Cells, Vec<Rows>), RowError> {
        let puts = self.ahead.take_puts();
        if words.is_empty() && puts.is_empty() && queries.is_empty() {
            return Ok((Cells::new(), Vec::new()));
        }
        let mut values: Vec<Vec<&(dyn ToSql + Sync)>> = Vec::with_capacity(queries.len());
        for (_, of_query) in queries {
            values.push(of_query.iter().map(|value| value as &(dyn ToSql + Sync)).collect());
        }
        let told = self.on_line(|line| {
            self.answer(async {
                let (mut writes, mut reads) = (Vec::new(), Vec::new());
                for put in &puts {
                    writes.push(line.writing(put).await?);
                }
                for (sql, _) in queries {
                    reads.push(line.statement(sql).await?);
                }
                let client = &line.client;
                let mut doing: Vec<Doing<'_>> = Vec::with_capacity(puts.len() + queries.len() + 1);
                for (statement, put) in writes.iter().zip(&puts) {
                    doing.push(Box::pin(async {
                        let written = match put.is_many() {
                            true => client.execute_raw(statement, &put.columns).await,
                            false => {
                                let values: Vec<_> = put.columns.iter().flatten().collect();
                                client.execute_raw(statement, values).await
                            }
                        };
                        written.map(|_| Told::Written)
                    }));
                }
                if !words.is_empty() {
                    doing.push(Box::pin(async { client.simple_query(words).await.map(Told::of_words) }));
                }
                for (statement, values) in reads.iter().zip(&values) {
                    let reading = client.query(statement, values);
                    doing.push(Box::pin(async { reading.await.map(Told::Read) }));
                }
                ahead::in_order(doing).await.map_err(|(at, error)| {
                    match puts.get(at).and_then(|put| put.exactly.as_ref()) {
                        Some(first) if error.code() == Some(&words::NOT_EXACT) => RowError::NotAsRead(first.clone()),
                        Some(_) | None => RowError::from(error),
                    }
                })
            })
        })?;
        let (mut cells, mut read) = (Cells::new(), Vec::with_capacity(queries.len()));
        for told in told {
            match told {
                Told::Words(told) => cells = told,
                Told::Read(rows) => read.push(rows),
                Told::Written => {}
            }
        }
        Ok((cells, read))
    }

    pub(super) fn batch(&self, sql: &str) -> Result<(), RowError> {
        self.settle()?;
        self.on_line(|line| self.answer(line.client.batch_execute(sql)))
    }

    /// Runs statements without values, and returns the cells of their last row.
    fn ask(&self, sql: &str) -> Result<Cells, RowError> {
        self.all(sql, &[]).map(|(cells, _)| cells)
    }

    /// All that `work` does, or nothing of it. `queries` are asked with its beginning, for whoever asks
    /// them next.
    pub(super) fn transaction<T>(
        &self,
        queries: &[(&str, &[Value<'_>])],
        work: impl FnOnce() -> Result<T, RowError>,
    ) -> Result<T, RowError> {
        let name = self.begin(queries)?;
        match work() {
            Ok(done) => {
                self.commit(name.as_deref())?;
                Ok(done)
            }
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    /// Where it fails the line is lost, and with it the transaction.
    fn roll_back(&self) {
        self.ahead.forget();
        let _ = self.batch("ROLLBACK");
    }

    /// Begins, with the head locked where this may write; returns the name under which it can be
    /// asked whether it was committed: a row that lasts as long as the transaction itself.
    fn begin(&self, queries: &[(&str, &[Value<'_>])]) -> Result<Option<String>, RowError> {
        if self.line.borrow().is_none() {
            self.connect()?;
        }
        match self.begin_on_line(queries) {
            // The server closed a line that lay idle; nothing was begun.
            Err(_) if self.line.borrow().is_none() => {
                self.connect()?;
                self.begin_on_line(queries)
            }
            begun @ (Ok(_) | Err(_)) => begun,
        }
    }

    fn begin_on_line(&self, queries: &[(&str, &[Value<'_>])]) -> Result<Option<String>, RowError> {
        self.ahead.forget();
        if self.access == Access::Read {
            self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            return Ok(None);
        }
        let begin = match self.access {
            // Losing it with the power only means doing it again.
            Access::Relaxed => "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off",
            Access::Durable | Access::Read => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        let sql = format!(
            "{begin}; SELECT schema FROM head WHERE one = 1 FOR UPDATE;
             WITH begun AS (INSERT INTO finished (name) VALUES (CAST(gen_random_uuid() AS text)) RETURNING name)
             SELECT name, current_setting('synchronous_commit'), {TIME}, schema, event_seq, decision_seq
             FROM head CROSS JOIN begun WHERE one = 1"
        );
        let begun = self.all(&sql, queries).and_then(|(cells, answers)| {
            let [name, synchronous, time, head @ ..] = cells.as_slice() else {
                return Err(RowError::Value("the head is gone".to_owned()));
            };
            if self.access == Access::Durable && synchronous.as_deref() == Some("off") {
                return Err(RowError::Value(NOT_SYNCHRONOUS.to_owned()));
            }
            let us = time.as_deref().and_then(|us| us.parse().ok());
            self.began_us.set(us.unwrap_or_default());
            self.go_on_from(head)?;
            self.ahead.asked(queries, answers);
            Ok(name.clone())
        });
        begun.inspect_err(|_| self.roll_back())
    }

    /// Takes note of the head; refuses one that has gone back, as where a standby took over that did
    /// not have all: what it lost would be numbered and decided anew.
    fn go_on_from(&self, cells: &[Option<String>]) -> Result<(), RowError> {
        let number = |at: usize| -> i64 {
            let cell = cells.get(at).and_then(Option::as_deref);
            cell.and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        let (found, before) = (
            Head {
                schema: u32::try_from(number(0)).unwrap_or(u32::MAX),
                event_seq: number(1),
                decision_seq: number(2),
            },
            self.head.get(),
        );
        if found.event_seq < before.event_seq || found.decision_seq < before.decision_seq {
            return Err(RowError::Value(format!(
                "it has gone back: it ends with event {}, and event {} was recorded",
                found.event_seq, before.event_seq
            )));
        }
        self.head.set(found);
        self.ahead.begin(found.event_seq);
        Ok(())
    }

    /// Commits. An answer that is lost is asked for again: what was done is never done a second time,
    /// and never taken for undone.
    fn commit(&self, name: Option<&str>) -> Result<(), RowError> {
        let Some(name) = name else {
            return self.batch("COMMIT");
        };
        let tell = match self.access {
            Access::Durable => "NOTIFY holdpoint; ",
            // That files are on disk is no news.
            Access::Relaxed | Access::Read => "",
        };
        // In a transaction that has failed every statement fails; COMMIT alone would be answered as if
        // it were one. None of these follows the first that fails.
        let sql = format!("{tell}SELECT schema, event_seq, decision_seq FROM head WHERE one = 1; COMMIT");
        match self.ask(&sql) {
            Ok(head) => self.go_on_from(&head),
            Err(error) if error.is_refused() => {
                self.roll_back();
                Err(error)
            }
            Err(_) => self.ask_what_became_of(name),
        }
    }

    fn ask_what_became_of(&self, name: &str) -> Result<(), RowError> {
        *self.line.borrow_mut() = None;
        let silence = self.silence.replace(ASK_COMMIT_SILENCE);
        let became = self.ask_again(name);
        self.silence.set(silence);
        became
    }

    fn ask_again(&self, name: &str) -> Result<(), RowError> {
        for _ in 0..ASK_COMMIT_TIMES {
            match self.is_finished(name) {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(RowError::Lost("the line was lost before it was recorded".to_owned())),
                // Made where it is waited for: by the clock of this line's own runtime.
                Err(_) => self.wait(async { tokio::time::sleep(ASK_COMMIT).await }),
            }
        }
        Err(RowError::Unknown)
    }

    /// Whether that transaction was committed. It held the head, so whoever has the head knows that
    /// it has ended. A server that was started again has on its own disk what its standby may not
    /// have: what is committed here waits for the standby, and so for all before it.
    fn is_finished(&self, name: &str) -> Result<bool, RowError> {
        if self.line.borrow().is_none() {
            self.connect()?;
        }
        let sql = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; UPDATE head SET schema = schema WHERE one = 1;
             SELECT count(*) FROM finished WHERE name = '{name}'; COMMIT"
        );
        let found = self.ask(&sql);
        if found.is_err() {
            let _ = self.batch("ROLLBACK");
        }
        Ok(found?.first().is_some_and(|count| count.as_deref() == Some("1")))
    }

    /// A time of the database between the beginning of the transaction and its having the head.
    pub(super) fn began_at(&self) -> Timestamp {
        Timestamp::from_micros(self.began_us.get())
    }

    /// The schema's version as the transaction that runs found it, or as it is now.
    pub(super) fn schema(&self) -> Result<u32, RowError> {
        if self.access != Access::Read {
            return Ok(self.head.get().schema);
        }
        let rows = self.query("SELECT schema FROM head WHERE one = 1", &[])?;
        let version: Option<i64> = rows.first().map(|row| row.try_get(0)).transpose()?;
        Ok(version
            .and_then(|version| u32::try_from(version).ok())
            .unwrap_or(u32::MAX))
    }

    /// Another number whenever anybody has committed since, here or to another database of the same
    /// server.
    pub(super) fn data_version(&self) -> Result<i64, RowError> {
        let sql = "SELECT hashtextextended(CAST(pg_current_snapshot() AS text), 0)";
        let rows = self.query(sql, &[])?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_default())
    }

    /// Makes the tables where there are none.
    pub(super) fn prepare(&self) -> Result<(), RowError> {
        // Two that find none at once make them one after the other.
        self.batch("BEGIN; SELECT pg_advisory_xact_lock(1751934064)")?;
        let made = self.ask("SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'head'");
        let done = match made {
            Ok(cells) if cells.is_empty() => self.batch(include_str!("postgres/schema.sql")),
            Ok(_) => self.batch("DELETE FROM finished WHERE at < now() - interval '1 day'"),
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => self.batch("COMMIT"),
            Err(error) => {
                let _ = self.batch("ROLLBACK");
                Err(error)
            }
        }
    }
}

/// A line that hears when others have committed. Its statements are each a transaction, and none
/// waits for the disk.
#[derive(Debug)]
pub(super) struct Listener(Session);

impl Listener {
    pub(super) fn open(address: &PostgresAddress) -> Result<Self, RowError> {
        let session = Session::open(address, Access::Relaxed)?;
        session.silence.set(LISTENER_SILENCE);
        session.connect()?;
        session.batch("SET synchronous_commit = off; LISTEN holdpoint")?;
        Ok(Self(session))
    }

    pub(super) fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>, RowError> {
        self.0.query(sql, values)
    }

    /// Waits until somebody has committed, as long as this at most; whether somebody has.
    pub(super) fn wait_for_news(&self, patience: Duration) -> Result<bool, RowError> {
        let news = Arc::clone(&self.0.news);
        let heard = async move { tokio::time::timeout(patience, news.notified()).await };
        let is_heard = self.0.on_line(|_| Ok(self.0.wait(heard).is_ok()))?;
        // What ends the line wakes too.
        match self.0.line.borrow().is_some() {
            true => Ok(is_heard),
            false => Err(RowError::Lost("the connection was lost".to_owned())),
        }
    }
}

const NOT_SYNCHRONOUS: &str = "synchronous_commit is off: a decision could be lost after it was answered; set it to on";

/// Refuses a server that says "written" of what it may lose, and one that does not keep our texts.
async fn sound(client: &Client, access: Access) -> Result<(), RowError> {
    let sql = "SELECT current_setting('synchronous_commit'), current_setting('server_encoding')";
    let cells = ahead::cells_of(&client.simple_query(sql).await?);
    let is = |at: usize, word: &str| cells.get(at).is_some_and(|cell| cell.as_deref() == Some(word));
    if access == Access::Durable && is(0, "off") {
        return Err(RowError::Value(NOT_SYNCHRONOUS.to_owned()));
    }
    if !is(1, "UTF8") {
        return Err(RowError::Value("its encoding is not UTF8".to_owned()));
    }
    Ok(())
}

impl Line {
    async fn writing(&mut self, put: &Put) -> Result<Statement, tokio_postgres::Error> {
        let one = self.statement(&put.sql).await?;
        if !put.is_many() {
            return Ok(one);
        }
        let is_exact = put.exactly.is_some();
        let key = (put.sql.clone(), is_exact);
        if let Some(known) = self.for_many.get(&key) {
            return Ok(known.clone());
        }
        let sql = words::for_many(&words::spoken(&put.sql), one.params(), is_exact);
        let statement = self.client.prepare(&sql).await?;
        self.for_many.insert(key, statement.clone());
        Ok(statement)
    }

    async fn statement(&mut self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(&words::spoken(sql)).await?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(value) if *ty == Type::BOOL => value.to_sql(ty, out),
            Self::Integer(value) if *ty == Type::BOOL => (*value != 0).to_sql(ty, out),
            Self::Bool(value) => i64::from(*value).to_sql(ty, out),
            Self::Integer(value) => value.to_sql(ty, out),
            // JSON goes over as its text.
            Self::Text(text) => text.as_ref().to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::BOOL, Type::INT8, Type::TEXT, Type::JSON, Type::BYTEA].contains(ty)
    }

    to_sql_checked!();
}

/// A cell as PostgreSQL sends it.
struct Raw<'r>(Cell<'r>);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(ty: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::BOOL => Cell::Integer(i64::from(bool::from_sql(ty, raw)?)),
            Type::INT8 => Cell::Integer(i64::from_sql(ty, raw)?),
            Type::INT4 => Cell::Integer(i32::from_sql(ty, raw)?.into()),
            _ => Cell::Text(raw),
        }))
    }

    fn accepts(ty: &Type) -> bool {
        [Type::BOOL, Type::INT8, Type::INT4, Type::TEXT, Type::JSON, Type::BYTEA].contains(ty)
    }
}

/// What stands in a column of a row.
pub(super) fn cell(row: &tokio_postgres::Row, column: usize) -> Result<Cell<'_>, RowError> {
    let raw: Option<Raw<'_>> = row.try_get(column)?;
    Ok(raw.map_or(Cell::Null, |raw| raw.0))
}

/// What the caller can do about an error of PostgreSQL's, and its words.
pub(super) fn kind_of(error: &tokio_postgres::Error) -> (StoreErrorKind, String) {
    let words = match error.as_db_error() {
        Some(told) => told.message().to_owned(),
        // The outer one only says which step failed.
        None => error.source().map_or_else(|| error.to_string(), ToString::to_string),
    };
    let Some(state) = error.code() else {
        let is_of_the_line = error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>());
        let kind = if is_of_the_line {
            StoreErrorKind::Unreachable
        } else {
            StoreErrorKind::Other
        };
        return (kind, words);
    };
    let kind = match *state {
        SqlState::LOCK_NOT_AVAILABLE | SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            StoreErrorKind::Busy
        }
        SqlState::DISK_FULL | SqlState::OUT_OF_MEMORY => StoreErrorKind::Full,
        SqlState::INSUFFICIENT_PRIVILEGE | SqlState::READ_ONLY_SQL_TRANSACTION => StoreErrorKind::ReadOnly,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreErrorKind::Corrupt,
        SqlState::UNDEFINED_TABLE => StoreErrorKind::Missing,
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => StoreErrorKind::Unreachable,
        _ => StoreErrorKind::Other,
    };
    (kind, words)
}

/// Which constraint held, in PostgreSQL's words.
pub(super) fn constraint(error: &tokio_postgres::Error) -> Option<Constraint> {
    let told = error.as_db_error()?;
    let cannot_keep = [
        SqlState::UNTRANSLATABLE_CHARACTER,
        SqlState::CHARACTER_NOT_IN_REPERTOIRE,
    ];
    let has_nul = told.constraint().is_some_and(|name| name.ends_with("has_no_nul"));
    if has_nul || cannot_keep.contains(told.code()) {
        return Some(Constraint::Nul);
    }
    // Class 23 are the constraints.
    let is_held = told.code().code().starts_with("23");
    is_held.then(|| Constraint::Rows(told.message().to_owned()))
}
