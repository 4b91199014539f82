//! Versions are written beside all other transactions: they have no number, so nobody who decides
//! waits for them.

use super::super::error::RowError;
use super::super::sql::{Value, values};
use super::{NOT_SYNCHRONOUS, Session};

/// The bytes of one statement.
const PIECE_BYTES: usize = 1024 * 1024;

/// A connection that has written its versions is let go by the server after a minute, and made again
/// when it is needed: of many consoles few hold one. PostgreSQL 13 does not know the setting.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT set_config('idle_session_timeout', '60s', FALSE) FROM pg_settings WHERE name = 'idle_session_timeout';
    SELECT current_setting('synchronous_commit')";

impl Session {
    /// Puts a version into its tables, whole, unless it is there. One that is written by somebody else
    /// at this moment is waited for.
    pub(crate) fn put_version(&self, digest: &str, bytes: &[u8]) -> Result<(), RowError> {
        match self.put_version_once(digest, bytes) {
            // To put it twice is to put it once, so what became of the first time need not be known.
            Err(_) if self.line.borrow().is_none() => self.put_version_once(digest, bytes),
            put @ (Ok(()) | Err(_)) => put,
        }
    }

    fn put_version_once(&self, digest: &str, bytes: &[u8]) -> Result<(), RowError> {
        if self.line.borrow().is_none() {
            self.connect()?;
        }
        let put = self.ask(BEGIN).and_then(|cells| {
            if cells.first().is_some_and(|cell| cell.as_deref() == Some("off")) {
                return Err(RowError::Value(NOT_SYNCHRONOUS.to_owned()));
            }
            self.insert_version(digest, bytes)?;
            self.batch("COMMIT")
        });
        put.inspect_err(|_| {
            // Where it fails the line is lost, and with it the transaction.
            let _ = self.batch("ROLLBACK");
        })
    }

    fn insert_version(&self, digest: &str, bytes: &[u8]) -> Result<(), RowError> {
        let sql = "INSERT INTO version (digest, size_bytes) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING";
        let size_bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        if self.execute(sql, values![digest, size_bytes])? == 0 {
            return Ok(());
        }
        let sql = "INSERT INTO version_piece (digest, number, bytes) VALUES (?1, ?2, ?3)";
        for (number, piece) in (0_u32..).zip(bytes.chunks(PIECE_BYTES)) {
            self.execute(sql, &[Value::from(digest), Value::from(number), Value::Bytes(piece)])?;
        }
        Ok(())
    }
}
