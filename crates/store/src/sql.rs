//! Statements, values and rows as the rest of this crate sees them, whichever database answers.
//!
//! SQL is written once, in words that both databases know; where they have none in common, the
//! database's own module puts its own in the place of SQLite's.

use std::borrow::Cow;
use std::fmt;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::error::RowError;
#[cfg(feature = "postgres")]
use super::postgres;
use domain::time::Timestamp;

/// One connection, and its statements.
#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(rusqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Session>),
}

impl Connection {
    /// Whether the record is a file, which one host has for itself.
    pub(super) fn is_file(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => false,
        }
    }

    /// Runs a statement; returns how many rows it wrote.
    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, RowError> {
        match self {
            Self::Sqlite(connection) => Ok(connection
                .prepare_cached(sql)?
                .execute(rusqlite::params_from_iter(values))?),
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.execute(sql, values),
        }
    }

    /// Writes, at the latest before anything is read, or with the commit: what has to be told of it is
    /// told then. Where `one` names it, exactly one row has to be written.
    pub(super) fn put(&self, sql: &str, values: &[Value<'_>], one: Option<&dyn fmt::Display>) -> Result<(), RowError> {
        match self {
            Self::Sqlite(_) => match (self.execute(sql, values)?, one) {
                (1, _) | (_, None) => Ok(()),
                (_, Some(row)) => Err(RowError::NotAsRead(row.to_string())),
            },
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => {
                session.put(sql, values, one.map(ToString::to_string));
                Ok(())
            }
        }
    }

    /// Adds a row, together with others of its kind and behind all that is put before all of it is
    /// written: nothing that is put until then may need it. It has to be added; `one` names it.
    pub(super) fn add(&self, sql: &str, values: &[Value<'_>], one: &dyn fmt::Display) -> Result<(), RowError> {
        match self {
            Self::Sqlite(_) => self.put(sql, values, Some(one)),
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => {
                session.add(sql, values, one);
                Ok(())
            }
        }
    }

    /// What is put from here on writes other rows than what was put before: where both are the same
    /// statements, they may be written together.
    pub(super) fn next_entry(&self) {
        match self {
            Self::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.next_entry(),
        }
    }

    /// Writes what was put, and tells of it.
    pub(super) fn settle(&self) -> Result<(), RowError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.settle(),
        }
    }

    /// Asks these queries at once, for whoever asks each of them next: at the end of a line an answer
    /// is worth waiting for once. Nothing that is written before they are asked may change what they
    /// answer.
    pub(super) fn ahead(&self, queries: &[(&str, &[Value<'_>])]) -> Result<(), RowError> {
        match self {
            // There is no line.
            Self::Sqlite(_) => {
                let _ = queries;
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.ahead(queries),
        }
    }

    /// The number of the next event, where the database leaves it to whoever has locked it.
    pub(super) fn next_event(&self) -> Option<i64> {
        match self {
            Self::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => Some(session.next_event()),
        }
    }

    /// The time of a database that hosts share when the transaction began.
    pub(super) fn began_at(&self) -> Option<Timestamp> {
        match self {
            Self::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => Some(session.began_at()),
        }
    }

    /// Gives each row of a query to `take`, until that says false.
    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<bool, RowError>,
    ) -> Result<(), RowError> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                while let Some(row) = rows.next()? {
                    if !take(&Row::Sqlite(row))? {
                        break;
                    }
                }
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => {
                for row in &session.query(sql, values)? {
                    if !take(&Row::Postgres(row))? {
                        break;
                    }
                }
                Ok(())
            }
        }
    }

    /// All rows of a query, read by `read`.
    pub(super) fn collect<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, RowError>,
    ) -> Result<Vec<T>, RowError> {
        let mut all = Vec::new();
        self.each(sql, values, |row| {
            all.push(read(row)?);
            Ok(true)
        })?;
        Ok(all)
    }

    /// The first row of a query, read by `read`; none when it has no rows.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, RowError>,
    ) -> Result<Option<T>, RowError> {
        let mut first = None;
        self.each(sql, values, |row| {
            first = Some(read(row)?);
            Ok(false)
        })?;
        Ok(first)
    }

    /// The one cell of a query that always has one row.
    pub(super) fn cell<T: FromCell>(&self, sql: &str, values: &[Value<'_>]) -> Result<T, RowError> {
        let cell = self.first(sql, values, |row| row.get(0))?;
        cell.ok_or_else(|| RowError::unreadable("a row was expected"))
    }

    /// Runs statements that have no values, one after the other.
    pub(super) fn batch(&self, sql: &str) -> Result<(), RowError> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.batch(sql),
        }
    }

    /// The schema's version, as the transaction that runs sees it.
    pub(super) fn schema(&self) -> Result<u32, RowError> {
        match self {
            Self::Sqlite(_) => self.cell("SELECT user_version FROM pragma_user_version", &[]),
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.schema(),
        }
    }

    /// Forgets what was read of a file that turned out to be damaged.
    pub(super) fn forget(&self) {
        match self {
            Self::Sqlite(connection) => {
                connection.flush_prepared_statement_cache();
                // It fails only where the file cannot be read at all, which the next answer tells.
                let _ = connection.execute_batch("PRAGMA shrink_memory");
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {}
        }
    }

    /// Of tests, for what only SQLite has.
    #[cfg(test)]
    pub(super) fn sqlite(&self) -> &rusqlite::Connection {
        match self {
            Self::Sqlite(connection) => connection,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => panic!("this is about a file of SQLite's"),
        }
    }

    pub(super) fn close(self) -> Result<(), RowError> {
        match self {
            Self::Sqlite(connection) => connection.close().map_err(|(_, error)| error.into()),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(()),
        }
    }

    /// All that `work` does, or nothing of it. A connection that may write waits here for others
    /// that do, so what `work` reads is what it changes.
    pub(super) fn transaction<T>(&self, work: impl FnOnce(&Self) -> Result<T, RowError>) -> Result<T, RowError> {
        self.transaction_after(&[], work)
    }

    /// The same, with these queries asked at its beginning, as by [`Self::ahead`].
    pub(super) fn transaction_after<T>(
        &self,
        queries: &[(&str, &[Value<'_>])],
        work: impl FnOnce(&Self) -> Result<T, RowError>,
    ) -> Result<T, RowError> {
        match self {
            Self::Sqlite(connection) => {
                let _ = queries;
                let transaction = connection.unchecked_transaction()?;
                let done = work(self)?;
                transaction.commit()?;
                Ok(done)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.transaction(queries, || work(self)),
        }
    }
}

/// A value for a place in a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'v> {
    Null,
    Bool(bool),
    Integer(i64),
    Text(Cow<'v, str>),
    #[cfg(feature = "postgres")]
    Bytes(&'v [u8]),
}

#[cfg(feature = "postgres")]
impl Value<'_> {
    /// The same without borrowing; bytes never wait.
    pub(super) fn owned(&self) -> Value<'static> {
        match self {
            Self::Null | Self::Bytes(_) => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Integer(value) => Value::Integer(*value),
            Self::Text(text) => Value::Text(Cow::Owned(text.to_string())),
        }
    }
}

/// The values of a statement, in their order.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::sql::Value::from($value)),*]
    };
}
pub(super) use values;

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u16> for Value<'_> {
    fn from(value: u16) -> Self {
        Self::Integer(value.into())
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(value: &'v str) -> Self {
        Self::Text(value.into())
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(value: &'v String) -> Self {
        Self::Text(value.into())
    }
}

impl<'v, T: Into<Value<'v>>> From<Option<T>> for Value<'v> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            #[cfg(feature = "postgres")]
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// One row of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    #[cfg(feature = "postgres")]
    Postgres(&'r tokio_postgres::Row),
}

/// What stands in a column of a row. Rows may have been edited by hand, so it may be anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'r> {
    Null,
    Integer(i64),
    /// Not always UTF-8.
    Text(&'r [u8]),
    Real(f64),
}

impl<'r> Row<'r> {
    pub(super) fn cell(&self, column: usize) -> Result<Cell<'r>, RowError> {
        match self {
            Self::Sqlite(row) => Ok(match row.get_ref(column)? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(number) => Cell::Integer(number),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Cell::Text(bytes),
                ValueRef::Real(number) => Cell::Real(number),
            }),
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => postgres::cell(row, column),
        }
    }

    /// The column's name.
    pub(super) fn name(&self, column: usize) -> &str {
        match self {
            Self::Sqlite(row) => row.as_ref().column_name(column).unwrap_or("?"),
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => row.columns().get(column).map_or("?", |column| column.name()),
        }
    }

    pub(super) fn get<T: FromCell>(&self, column: usize) -> Result<T, RowError> {
        T::from_cell(self.cell(column)?).map_err(RowError::unreadable)
    }
}

impl<'r> Cell<'r> {
    pub(super) fn text(self) -> Result<&'r str, String> {
        match self {
            Self::Text(bytes) => std::str::from_utf8(bytes).map_err(|error| error.to_string()),
            Self::Null | Self::Integer(_) | Self::Real(_) => Err(self.is_no("text")),
        }
    }

    /// A text's bytes, whatever they are; a number as it is written.
    pub(super) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Text(bytes) => bytes.to_vec(),
            Self::Integer(number) => number.to_string().into_bytes(),
            Self::Real(number) => number.to_string().into_bytes(),
            Self::Null => Vec::new(),
        }
    }

    fn is_no(self, wanted: &str) -> String {
        let found = match self {
            Self::Null => "null",
            Self::Integer(_) => "a whole number",
            Self::Text(_) => "text",
            Self::Real(_) => "a number with a point",
        };
        format!("it is {found}, not {wanted}")
    }
}

/// What can be read from a cell.
pub(super) trait FromCell: Sized {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String>;
}

impl FromCell for i64 {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        match cell {
            Cell::Integer(number) => Ok(number),
            Cell::Null | Cell::Text(_) | Cell::Real(_) => Err(cell.is_no("a whole number")),
        }
    }
}

impl FromCell for u32 {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        let number = i64::from_cell(cell)?;
        Self::try_from(number).map_err(|_| format!("{number} is out of range"))
    }
}

impl FromCell for u16 {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        let number = i64::from_cell(cell)?;
        Self::try_from(number).map_err(|_| format!("{number} is out of range"))
    }
}

impl FromCell for bool {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        Ok(i64::from_cell(cell)? != 0)
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        cell.text().map(str::to_owned)
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Result<Self, String> {
        match cell {
            Cell::Null => Ok(None),
            Cell::Integer(_) | Cell::Text(_) | Cell::Real(_) => T::from_cell(cell).map(Some),
        }
    }
}
