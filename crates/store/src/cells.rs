//! Reads the cells of a row as the domain's values, and checks them again: a row may have been
//! edited by hand.

use std::fmt::Display;

use serde::de::DeserializeOwned;

use super::error::RowError;
use super::sql::{Cell, FromCell, Row};
use domain::ids::{Digest, JobId, StageName};
use domain::time::Timestamp;

/// One row of a table; its first `keys` columns name it in messages.
pub(super) struct Cells<'r> {
    row: Row<'r>,
    table: &'static str,
    keys: usize,
}

impl<'r> Cells<'r> {
    pub(crate) fn new(row: &Row<'r>, table: &'static str, keys: usize) -> Self {
        Self { row: *row, table, keys }
    }

    /// A fault of this row.
    pub(crate) fn bad(&self, column: usize, what: impl Display) -> RowError {
        RowError::Bad {
            table: self.table,
            key: self.key(),
            what: format!("{}: {what}", self.row.name(column)),
        }
    }

    fn key(&self) -> String {
        let cells = (0..self.keys).map(|column| match self.row.cell(column) {
            Ok(Cell::Integer(number)) => number.to_string(),
            Ok(Cell::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            Ok(Cell::Null | Cell::Real(_)) | Err(_) => "?".to_owned(),
        });
        cells.collect::<Vec<_>>().join(" / ")
    }

    pub(crate) fn get<T: FromCell>(&self, column: usize) -> Result<T, RowError> {
        T::from_cell(self.row.cell(column)?).map_err(|error| self.bad(column, error))
    }

    pub(crate) fn text(&self, column: usize) -> Result<&'r str, RowError> {
        self.row.cell(column)?.text().map_err(|error| self.bad(column, error))
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&'r str>, RowError> {
        match self.row.cell(column)? {
            Cell::Null => Ok(None),
            cell @ (Cell::Integer(_) | Cell::Text(_) | Cell::Real(_)) => {
                cell.text().map(Some).map_err(|error| self.bad(column, error))
            }
        }
    }

    pub(crate) fn u64(&self, column: usize) -> Result<u64, RowError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|error| self.bad(column, error))
    }

    pub(crate) fn time(&self, column: usize) -> Result<Timestamp, RowError> {
        Ok(Timestamp::from_micros(self.get(column)?))
    }

    pub(crate) fn optional_time(&self, column: usize) -> Result<Option<Timestamp>, RowError> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_micros))
    }

    pub(crate) fn job_id(&self, column: usize) -> Result<JobId, RowError> {
        JobId::new(self.text(column)?).map_err(|error| self.bad(column, error))
    }

    pub(crate) fn stage(&self, column: usize) -> Result<StageName, RowError> {
        StageName::new(self.text(column)?).map_err(|error| self.bad(column, error))
    }

    pub(crate) fn optional_stage(&self, column: usize) -> Result<Option<StageName>, RowError> {
        let stage = self.optional_text(column)?.map(StageName::new).transpose();
        stage.map_err(|error| self.bad(column, error))
    }

    pub(crate) fn digest(&self, column: usize) -> Result<Digest, RowError> {
        Digest::parse(self.text(column)?).map_err(|error| self.bad(column, error))
    }

    pub(crate) fn optional_digest(&self, column: usize) -> Result<Option<Digest>, RowError> {
        let digest = self.optional_text(column)?.map(Digest::parse).transpose();
        digest.map_err(|error| self.bad(column, error))
    }

    /// A word that `parse` knows.
    pub(crate) fn word<T>(&self, column: usize, parse: impl Fn(&str) -> Option<T>) -> Result<T, RowError> {
        let text = self.text(column)?;
        parse(text).ok_or_else(|| self.bad(column, format_args!("{text:?} is not one of its words")))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, RowError> {
        serde_json::from_str(self.text(column)?).map_err(|error| self.bad(column, error))
    }

    pub(crate) fn optional_json<T: DeserializeOwned>(&self, column: usize) -> Result<Option<T>, RowError> {
        let value = self.optional_text(column)?.map(serde_json::from_str).transpose();
        value.map_err(|error| self.bad(column, error))
    }
}

/// A value as JSON text for a column; what the domain's values are made of always has a JSON form.
pub(super) fn json_text(value: &impl serde::Serialize) -> Result<String, RowError> {
    serde_json::to_string(value).map_err(RowError::unreadable)
}

/// A file's bytes as text for a column; what the domain renders is text.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, RowError> {
    std::str::from_utf8(bytes).map_err(RowError::unreadable)
}

/// SQLite's integers are signed; a number beyond them stands for "more than anybody counts to".
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
