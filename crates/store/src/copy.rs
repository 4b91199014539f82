//! A record moved to another database as it is: every row, byte for byte, in one transaction that
//! reads back what it wrote.

use super::error::{RowError, StoreError, StoreErrorKind};
use super::sql::{Cell, Connection, Row, Value, values};
use super::{Reader, Store, event_row};
use domain::ids::{Digest, HostId};

/// The tables, each behind those it refers to, and by what its rows are ordered.
const TABLES: [(&str, &str); 11] = [
    ("job", "id"),
    ("attempt", "rowid"),
    ("gate", "rowid"),
    ("artifact", "rowid"),
    ("event", "seq"),
    ("lost_decision", "seq"),
    ("decision", "seq"),
    ("leader", "one"),
    ("webhook", "name"),
    ("delivery", "webhook, seq, kind, part"),
    ("submission", "id"),
];

/// Which host something is on: of a record that moves there is one, and all of it is there.
const OF_HOSTS: &str = "host";

/// The most rows that are in memory at once.
const PAGE: u32 = 5000;

impl Store {
    /// Fills this database, which must have no jobs, with all that the other one has. Returns how
    /// many rows there are. Both must be of this program's schema. What runs does so on this host.
    pub fn copy_from(&mut self, from: &Reader, host: Option<&HostId>) -> Result<u64, StoreError> {
        let failed = |error| StoreError::of(&self.path, "copy the record to", error);
        if from.newer_version()?.is_some() {
            let detail = "a newer holdpoint wrote what is to be copied";
            return Err(StoreError::new(
                &self.path,
                "copy the record to",
                StoreErrorKind::Other,
                detail,
            ));
        }
        let mut read_fault = None;
        let copied = self.durable.transaction(|to| {
            if to.cell::<i64>("SELECT count(*) FROM job", &[])? != 0 {
                return Err(RowError::unreadable(
                    "it has jobs; what is copied goes into an empty one",
                ));
            }
            // What a process left that opened it once.
            for table in ["delivery", "webhook", "leader", "submission"] {
                to.execute(&format!("DELETE FROM {table}"), &[])?;
            }
            let read = from.read(|from| copy_all(from, to));
            let rows = read.map_err(|error| {
                let what = RowError::unreadable(&error);
                read_fault = Some(error);
                what
            })?;
            let running = "UPDATE attempt SET host = ?1 WHERE state = 'running'";
            to.execute(running, values![host.map(HostId::as_str)])?;
            Ok(rows)
        });
        match (copied, read_fault) {
            (Ok(rows), _) => Ok(rows),
            (Err(_), Some(error)) => Err(error),
            (Err(error), None) => Err(failed(error)),
        }
    }
}

fn copy_all(from: &Connection, to: &Connection) -> Result<u64, RowError> {
    let mut rows = 0;
    for (table, order) in TABLES {
        let theirs = columns(to, table)?;
        let mut columns = columns(from, table)?;
        columns.retain(|column| theirs.contains(column) && column != OF_HOSTS);
        let (copied, written) = copy_table(from, to, table, order, &columns)?;
        let (read, found) = digest(to, table, order, &columns)?;
        if (copied, &written) != (read, &found) {
            let what = format!("table {table}: what was written is not what is read back");
            return Err(RowError::unreadable(what));
        }
        rows += copied;
    }
    put_last_event_seq(to, last_number(from)?)?;
    Ok(rows)
}

/// The highest number that was ever given to an event, also where its row is gone.
fn last_number(connection: &Connection) -> Result<i64, RowError> {
    match connection {
        Connection::Sqlite(_) => {
            let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'event'";
            Ok(connection.first(sql, &[], |row| row.get(0))?.unwrap_or_default())
        }
        #[cfg(feature = "postgres")]
        Connection::Postgres(_) => connection.cell("SELECT event_seq FROM head WHERE one = 1", &[]),
    }
}

fn put_last_event_seq(connection: &Connection, seq: i64) -> Result<(), RowError> {
    match connection {
        Connection::Sqlite(_) => event_row::number_events_above(connection, seq),
        #[cfg(feature = "postgres")]
        Connection::Postgres(_) => {
            let sql = "UPDATE head SET event_seq = ?1 WHERE one = 1 AND event_seq < ?1";
            connection.execute(sql, values![seq]).map(drop)
        }
    }
}

/// The columns of a table, in this database's order.
fn columns(connection: &Connection, table: &str) -> Result<Vec<String>, RowError> {
    let sql = match connection {
        Connection::Sqlite(_) => "SELECT name FROM pragma_table_info(?1)",
        #[cfg(feature = "postgres")]
        Connection::Postgres(_) => {
            "SELECT CAST(column_name AS text) FROM information_schema.columns
             WHERE table_schema = current_schema() AND CAST(table_name AS text) = ?1 AND column_name <> 'rowid' ORDER BY ordinal_position"
        }
    };
    connection.collect(sql, values![table], |row| row.get(0))
}

fn copy_table(
    from: &Connection,
    to: &Connection,
    table: &str,
    order: &str,
    columns: &[String],
) -> Result<(u64, Digest), RowError> {
    let places: Vec<_> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    let insert = format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        columns.join(", "),
        places.join(", ")
    );
    let (mut count, mut digest) = (0, Digest::ZERO);
    each_row(from, table, order, columns, |row| {
        let values = (0..columns.len())
            .map(|column| value(row, column))
            .collect::<Result<Vec<_>, _>>()?;
        digest = digest_with(digest, &values);
        to.execute(&insert, &values)?;
        count += 1;
        Ok(())
    })?;
    Ok((count, digest))
}

fn digest(connection: &Connection, table: &str, order: &str, columns: &[String]) -> Result<(u64, Digest), RowError> {
    let (mut count, mut digest) = (0, Digest::ZERO);
    each_row(connection, table, order, columns, |row| {
        let values = (0..columns.len())
            .map(|column| value(row, column))
            .collect::<Result<Vec<_>, _>>()?;
        digest = digest_with(digest, &values);
        count += 1;
        Ok(())
    })?;
    Ok((count, digest))
}

fn each_row(
    connection: &Connection,
    table: &str,
    order: &str,
    columns: &[String],
    mut take: impl FnMut(&Row<'_>) -> Result<(), RowError>,
) -> Result<(), RowError> {
    let sql = format!(
        "SELECT {} FROM {table} ORDER BY {order} LIMIT ?1 OFFSET ?2",
        columns.join(", ")
    );
    let mut offset = 0_i64;
    loop {
        let before = offset;
        connection.each(&sql, values![PAGE, offset], |row| {
            offset += 1;
            take(row).map(|()| true)
        })?;
        if offset - before < i64::from(PAGE) {
            return Ok(());
        }
    }
}

fn value(row: &Row<'_>, column: usize) -> Result<Value<'static>, RowError> {
    Ok(match row.cell(column)? {
        Cell::Null => Value::Null,
        Cell::Integer(number) => Value::Integer(number),
        cell @ Cell::Text(_) => Value::from(cell.text().map_err(RowError::unreadable)?.to_owned()),
        Cell::Real(number) => {
            return Err(RowError::unreadable(format!(
                "{}: {number} is no whole number",
                row.name(column)
            )));
        }
    })
}

/// The digest of all rows so far and this one.
fn digest_with(before: Digest, values: &[Value<'_>]) -> Digest {
    Digest::of(format!("{before}{values:?}").as_bytes())
}
