//! Reads a database of the old system (SPEC §4): never writes it, never migrates it, leaves nothing
//! beside it.
//!
//! It trusts neither the schema nor a cell: columns that an earlier version of the old system did
//! not have read as nothing, and so does whatever cannot be what it ought to be. A job whose id
//! could not be one of ours is passed over.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, params_from_iter};
use serde_json::{Map, Value};

use super::error::{RowError, StoreError, StoreErrorKind};
use super::open::DATABASE_FILE;
use domain::ids::{JobId, StageName};
use domain::job::JobStatus;
use domain::old::{ListedEvent, OldArtifact, OldDecision, OldGate, OldJob};
use domain::time::Timestamp;

/// The most jobs of one old database that are known of: the newest.
const JOBS_MAX: u32 = 200_000;
/// Ids in one statement.
const IDS_AT_ONCE: usize = 500;
/// The most events of a job that are read.
const EVENTS_MAX: u32 = 10_000;
/// The most bytes of one cell.
const CELL_BYTES_MAX: i32 = 16 * 1024 * 1024;
/// How long another program's write is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// An old database, by its path: it is opened anew for every answer, so that it is never held and
/// always read as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldDatabase {
    path: PathBuf,
}

impl OldDatabase {
    /// Names it; nothing is opened.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Those of these paths at which a file lies, each file once, and never our own database.
    /// Nothing is opened.
    pub fn among(paths: Vec<PathBuf>, runs_dir: &Path) -> Vec<Self> {
        let own = Self::new(runs_dir.join(DATABASE_FILE)).stamp();
        let identity = |stamp: [i128; 4]| [stamp[0], stamp[1]];
        let mut seen: Vec<_> = own.map(identity).into_iter().collect();
        let mut found = Vec::new();
        for database in paths.into_iter().map(Self::new) {
            let Some(file) = database.stamp().map(identity) else {
                continue;
            };
            if !seen.contains(&file) {
                seen.push(file);
                found.push(database);
            }
        }
        found
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells one content of the file from another: device, inode, length, time of change.
    /// None: there is no such file.
    pub fn stamp(&self) -> Option<[i128; 4]> {
        let metadata = fs::metadata(&self.path).ok()?;
        let nanos = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Some([
            i128::from(metadata.dev()),
            i128::from(metadata.ino()),
            i128::from(metadata.len()),
            nanos,
        ])
    }

    /// Whether it can be read: its tables are there, and all their pages.
    pub fn check(&self) -> Result<(), StoreError> {
        self.read(|connection| {
            Table::of(connection, "jobs")?;
            for table in ["jobs", "gates"] {
                if Table::find(connection, table)?.is_some() {
                    let sql = format!("SELECT count(*) FROM {table} NOT INDEXED");
                    connection.query_row(&sql, [], |row| row.get::<_, i64>(0))?;
                }
            }
            Ok(())
        })
    }

    /// Its jobs with the times they were started, newest first.
    pub fn jobs(&self) -> Result<Vec<(JobId, Timestamp)>, StoreError> {
        self.read(|connection| {
            let jobs = Table::of(connection, "jobs")?;
            let sql = format!(
                "SELECT id, {} FROM jobs ORDER BY 2 DESC, 1 DESC LIMIT {JOBS_MAX}",
                jobs.column("created_at")
            );
            rows(connection, &sql, &[], |row| {
                let id = JobId::new(text(row, 0)?).ok()?;
                Some((id, time(row, 1).unwrap_or_default()))
            })
        })
    }

    /// These of its jobs, whole; those it does not have are left out.
    pub fn load(&self, ids: &[JobId]) -> Result<Vec<OldJob>, StoreError> {
        self.read(|connection| {
            let mut found = Vec::with_capacity(ids.len());
            for ids in ids.chunks(IDS_AT_ONCE) {
                found.extend(load(connection, ids)?);
            }
            Ok(found)
        })
    }

    /// A job's events, oldest first.
    pub fn events(&self, id: &JobId) -> Result<Vec<ListedEvent>, StoreError> {
        self.read(|connection| {
            let Some(events) = Table::find(connection, "events")? else {
                return Ok(Vec::new());
            };
            let columns = events.columns(&["timestamp", "event_type", "stage", "message", "metadata_json"]);
            let sql = format!("SELECT {columns} FROM events WHERE job_id = ? ORDER BY rowid LIMIT {EVENTS_MAX}");
            let mut seq = 0;
            rows(connection, &sql, std::slice::from_ref(id), |row| {
                seq += 1;
                Some(ListedEvent {
                    job_id: id.clone(),
                    seq,
                    ts: time(row, 0)?,
                    kind: text(row, 1)?.to_owned(),
                    stage: stage(row, 2),
                    status: None,
                    message: text(row, 3).unwrap_or_default().to_owned(),
                    payload: Value::Object(object(row, 4)),
                })
            })
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, RowError>) -> Result<T, StoreError> {
        let connection = self.open()?;
        let in_transaction = || {
            let transaction = connection.unchecked_transaction()?;
            let answer = read(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        };
        in_transaction().map_err(|error| StoreError::of(&self.path, "read the old database", error))
    }

    /// Opens it so that SQLite writes neither the file nor one beside it.
    fn open(&self) -> Result<Connection, StoreError> {
        let path = &self.path;
        let refused =
            |detail: &str| StoreError::new(path, "read the old database", StoreErrorKind::Other, detail.to_owned());
        let metadata = fs::metadata(path).map_err(|error| StoreError::of_io(path, "read the old database", error))?;
        if !metadata.is_file() {
            return Err(refused("it is not a regular file"));
        }
        let beside = |suffix: &str| beside(path, suffix).is_some_and(|found| found.len() > 0);
        if beside("-wal") {
            // To look into the log SQLite needs a -shm file, and would write it.
            return Err(refused(
                "changes still lie in the file -wal beside it; open it once with its own program, or with sqlite3, which puts them in",
            ));
        }
        let Some(name) = path.to_str() else {
            return Err(refused("its path is not UTF-8 text"));
        };
        // SQLite's read lock keeps us and a program that is writing apart. Only where the file says
        // that it has a log would the lock need a -shm file; there nobody is writing, or the log
        // would not be empty, and it is read as it lies.
        let how = if has_log(path) { "immutable=1" } else { "mode=ro" };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let opened = || {
            let connection = Connection::open_with_flags(format!("file:{}?{how}", escaped(name)), flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, CELL_BYTES_MAX)?;
            connection.pragma_update(None, "query_only", true)?;
            connection.pragma_update(None, "cell_size_check", true)?;
            Ok(connection)
        };
        opened().map_err(|error| StoreError::of(path, "read the old database", error))
    }
}

fn beside(path: &Path, suffix: &str) -> Option<Metadata> {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    fs::metadata(PathBuf::from(name)).ok()
}

/// Whether a database says in its head that it has a write-ahead log (SQLite file format, 1.3.3:
/// the read version is 2).
fn has_log(path: &Path) -> bool {
    let mut head = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head[19] == 2
}

/// A path inside a `file:` URI.
fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02x}"));
        }
    }
    escaped
}

/// A table and the columns that it has.
struct Table {
    columns: Vec<String>,
}

impl Table {
    /// A table that must be there.
    fn of(connection: &Connection, name: &'static str) -> Result<Self, RowError> {
        Self::find(connection, name)?.ok_or(RowError::Bad {
            table: name,
            key: "?".to_owned(),
            what: "there is no such table: it is no database of the old system".to_owned(),
        })
    }

    // A view could be made to run for ever.
    fn find(connection: &Connection, name: &str) -> Result<Option<Self>, RowError> {
        let is_table =
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ? AND sql LIKE 'CREATE TABLE%'";
        if connection.query_row(is_table, [name], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(None);
        }
        let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?)")?;
        let columns = statement
            .query_map([name], |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Self { columns }))
    }

    /// The column's name, or NULL where there is none.
    fn column(&self, name: &'static str) -> &'static str {
        if self.columns.iter().any(|column| column == name) {
            name
        } else {
            "NULL"
        }
    }

    fn columns(&self, names: &[&'static str]) -> String {
        let names: Vec<_> = names.iter().map(|name| self.column(name)).collect();
        names.join(", ")
    }
}

/// What `read` makes of the rows; rows of which it makes nothing are passed over.
fn rows<T>(
    connection: &Connection,
    sql: &str,
    ids: &[JobId],
    mut read: impl FnMut(&Row<'_>) -> Option<T>,
) -> Result<Vec<T>, RowError> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(params_from_iter(ids.iter().map(JobId::as_str)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.extend(read(row));
    }
    Ok(found)
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> Option<&'r str> {
    row.get_ref(column).ok()?.as_str().ok()
}

fn time(row: &Row<'_>, column: usize) -> Option<Timestamp> {
    // Some wrote a blank where RFC 3339 has its T.
    Timestamp::parse(&text(row, column)?.replacen(' ', "T", 1))
}

fn stage(row: &Row<'_>, column: usize) -> Option<StageName> {
    StageName::new(text(row, column)?).ok()
}

fn truth(row: &Row<'_>, column: usize) -> Option<bool> {
    match row.get_ref(column).ok()? {
        ValueRef::Integer(number) => Some(number != 0),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

fn object(row: &Row<'_>, column: usize) -> Map<String, Value> {
    let object = text(row, column).and_then(|text| serde_json::from_str(text).ok());
    object.unwrap_or_default()
}

const GATE_COLUMNS: &[&str] = &[
    "job_id",
    "stage",
    "required",
    "approved",
    "operator",
    "decision_at",
    "notes",
    "patch_json",
    "auto_approved",
];

fn gate(row: &Row<'_>) -> Option<(JobId, OldGate)> {
    let job_id = JobId::new(text(row, 0)?).ok()?;
    let stage = stage(row, 1)?;
    let patch = object(row, 7);
    let decision = truth(row, 3).map(|approved| OldDecision {
        stage: stage.clone(),
        approved,
        by: text(row, 4).unwrap_or_default().to_owned(),
        at: time(row, 5).unwrap_or_default(),
        notes: text(row, 6).map(str::to_owned),
        patch: (!patch.is_empty()).then_some(Value::Object(patch)),
        auto_approved: truth(row, 8).unwrap_or_default(),
        job_id: job_id.clone(),
        old_record: true,
    });
    let gate = OldGate {
        stage,
        required: truth(row, 2).unwrap_or(true),
        decision,
    };
    Some((job_id, gate))
}

fn load(connection: &Connection, ids: &[JobId]) -> Result<Vec<OldJob>, RowError> {
    let marks = vec!["?"; ids.len()].join(", ");
    let jobs = Table::of(connection, "jobs")?;
    let columns = jobs.columns(&[
        "id",
        "slug",
        "intent",
        "status",
        "stage",
        "cfg_json",
        "created_at",
        "updated_at",
    ]);
    let sql = format!("SELECT {columns} FROM jobs WHERE id IN ({marks})");
    let found = rows(connection, &sql, ids, |row| {
        let id = JobId::new(text(row, 0)?).ok()?;
        let created_at = time(row, 6).or_else(|| time(row, 7)).unwrap_or_default();
        let unknown = OldJob::unknown(id, created_at);
        Some(OldJob {
            slug: text(row, 1).map_or_else(|| unknown.slug.clone(), str::to_owned),
            intent: text(row, 2).unwrap_or_default().to_owned(),
            status: text(row, 3).and_then(JobStatus::parse).unwrap_or(unknown.status),
            stage: stage(row, 4),
            cfg: object(row, 5),
            updated_at: time(row, 7).unwrap_or(created_at),
            ..unknown
        })
    })?;
    let mut found: BTreeMap<JobId, OldJob> = found.into_iter().map(|job| (job.id.clone(), job)).collect();
    if let Some(gates) = Table::find(connection, "gates")? {
        let columns = gates.columns(GATE_COLUMNS);
        let sql = format!("SELECT {columns} FROM gates WHERE job_id IN ({marks}) ORDER BY rowid");
        for (job_id, gate) in rows(connection, &sql, ids, gate)? {
            if let Some(job) = found.get_mut(&job_id) {
                job.add_gates(vec![gate]);
            }
        }
    }
    if let Some(artifacts) = Table::find(connection, "artifacts")? {
        let columns = artifacts.columns(&["job_id", "stage", "kind", "path", "meta_json", "created_at"]);
        let sql = format!("SELECT {columns} FROM artifacts WHERE job_id IN ({marks}) ORDER BY rowid");
        let made = rows(connection, &sql, ids, |row| {
            let artifact = OldArtifact {
                stage: stage(row, 1)?,
                kind: text(row, 2)?.to_owned(),
                path: text(row, 3)?.to_owned(),
                meta: object(row, 4),
                created_at: time(row, 5).unwrap_or_default(),
            };
            Some((JobId::new(text(row, 0)?).ok()?, artifact))
        })?;
        for (job_id, artifact) in made {
            if let Some(job) = found.get_mut(&job_id) {
                job.artifacts.push(artifact);
            }
        }
    }
    Ok(found.into_values().collect())
}
