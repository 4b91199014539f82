//! What an audit found, and where: a file's line and column, or a row's table, key and column.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::Trouble;
use super::span::TextLocation;
use domain::chain::ChainHead;
use domain::ids::JobId;
use runs::{RunsDir, RunsError};
use store::DATABASE_FILE;

/// The most findings that are kept; the rest are counted.
pub(crate) const FINDINGS_MAX: usize = 1000;
/// The most notes, and jobs with owed files, that are kept.
const NOTES_MAX: usize = 200;

/// Where something is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The file, relative to the runs directory.
    pub file: String,
    /// Its line, from 1.
    pub line: Option<u64>,
    /// The line's byte, from 1.
    pub(crate) column: Option<u64>,
    /// The file's byte, or the row's column's, from 0.
    pub offset: Option<u64>,
    /// The table of a row.
    pub table: Option<&'static str>,
    /// The row's key.
    pub row: Option<String>,
    /// The key of a JSON text, or the column of a row.
    pub(crate) field: Option<String>,
}

impl Location {
    /// The database, as a whole.
    pub fn database() -> Self {
        Self {
            file: DATABASE_FILE.to_owned(),
            ..Self::default()
        }
    }

    /// A column of a row.
    pub(crate) fn row(table: &'static str, key: impl fmt::Display, field: &str) -> Self {
        Self {
            table: Some(table),
            row: Some(key.to_string()),
            field: (!field.is_empty()).then(|| field.to_owned()),
            ..Self::database()
        }
    }

    /// A file under the runs directory.
    pub(crate) fn file(runs: &RunsDir, path: &Path) -> Self {
        Self {
            file: path.strip_prefix(runs.path()).unwrap_or(path).display().to_string(),
            ..Self::default()
        }
    }

    pub(crate) fn at_line(self, number: u64, offset: u64) -> Self {
        Self {
            line: Some(number),
            column: Some(1),
            offset: Some(offset),
            ..self
        }
    }

    /// The spot in the text that begins at this place.
    pub(crate) fn at_span(self, span: &TextLocation) -> Self {
        let is_same_line = span.line == 1;
        let before = if is_same_line { self.column.unwrap_or(1) - 1 } else { 0 };
        Self {
            line: Some(self.line.unwrap_or(1) + span.line - 1),
            column: Some(before + span.column),
            offset: Some(self.offset.unwrap_or(0) + span.offset),
            field: span.field.clone(),
            ..self
        }
    }
}

/// What lies in a file's place, or the finding that it is no file: one such place hides no other.
pub(super) fn in_place<T>(
    runs: &RunsDir,
    path: &Path,
    read: Result<T, RunsError>,
) -> Result<Result<T, Finding>, RunsError> {
    match read {
        Ok(found) => Ok(Ok(found)),
        Err(error) if error.is_no_file() => Ok(Err(
            Finding::new(Location::file(runs, path), error.reason()).hint(REPAIR)
        )),
        Err(error) => Err(error),
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(table) = self.table {
            write!(f, ": table {table}")?;
        }
        if let Some(row) = &self.row {
            write!(f, ", row {row}")?;
        }
        match (&self.field, self.table) {
            (Some(field), Some(_)) => write!(f, ", {field}"),
            (Some(field), None) => write!(f, ": {field}"),
            (None, _) => Ok(()),
        }
    }
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(flatten)]
    pub place: Location,
    /// What is wrong there.
    pub message: String,
    /// What to do.
    pub hint: Option<&'static str>,
}

/// What writes files again from their rows.
pub(crate) const REPAIR: &str =
    "holdpoint doctor --repair writes it again from the database; the altered file is kept aside";
/// What a damaged row needs.
pub(crate) const LOOK: &str = "put the database back from a copy, or make it again from the run directories: holdpoint doctor --rebuild --replace";

impl Finding {
    /// A finding without a remedy.
    pub fn new(place: Location, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to do.
    pub fn hint(self, hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }

    /// Whether writing a file again from its rows mends it.
    pub(crate) fn is_mendable(&self) -> bool {
        self.hint == Some(REPAIR)
    }

    /// Whether a row is damaged or gone: what the files hold may be all that is left of it.
    pub(crate) fn is_of_rows(&self) -> bool {
        self.hint == Some(LOOK)
    }

    /// Whether it is about this file.
    pub(crate) fn is_of(&self, runs: &RunsDir, path: &Path) -> bool {
        self.place.file == Location::file(runs, path).file
    }

    /// Whether it is about the database itself.
    pub fn is_of_database(&self) -> bool {
        self.place.file == DATABASE_FILE
    }

    /// Something could not be looked at.
    pub(super) fn of_trouble(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Store(error) => Self::new(Location::database(), error.to_string()).hint(LOOK),
            Trouble::Runs(error) => Self::new(Location::default(), error.to_string()),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.file.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)
    }
}

/// A job whose files are behind its rows; no failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwedFiles {
    pub job_id: JobId,
    /// Lines of `events.jsonl`.
    pub events: u64,
    /// Decision files.
    pub decisions: u64,
}

/// What an audit comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The newest decision; null before the first.
    pub head: Option<ChainHead>,
    /// Decisions looked at.
    pub decisions: u64,
    /// Events looked at.
    pub events: u64,
    /// Jobs looked at.
    pub jobs: u64,
    /// Kept versions looked at.
    pub(crate) versions: u64,
    /// What is wrong, at most [`FINDINGS_MAX`] of it.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more_findings: u64,
    /// What files are owed: a crash or a full disk is made good by the next process that may write.
    pub owed: Vec<OwedFiles>,
    /// What is worth knowing and not wrong.
    pub notes: Vec<String>,
    /// How many more notes there are.
    pub more_notes: u64,
}

impl Report {
    /// Whether something is wrong.
    pub fn has_findings(&self) -> bool {
        !self.findings.is_empty()
    }

    /// Adds a finding, or counts it when there are many.
    pub fn add(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more_findings += 1;
        }
    }

    /// Adds a note, or counts it when there are many.
    pub fn note(&mut self, note: impl Into<String>) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(note.into());
        } else {
            self.more_notes += 1;
        }
    }

    /// Adds what another part found.
    pub(super) fn absorb(&mut self, part: Self) {
        self.decisions += part.decisions;
        self.events += part.events;
        self.jobs += part.jobs;
        self.versions += part.versions;
        part.findings.into_iter().for_each(|finding| self.add(finding));
        self.more_findings += part.more_findings;
        part.notes.into_iter().for_each(|note| self.note(note));
        self.more_notes += part.more_notes;
        let free = NOTES_MAX.saturating_sub(self.owed.len());
        self.more_notes += part.owed.len().saturating_sub(free) as u64;
        self.owed.extend(part.owed.into_iter().take(free));
    }
}
