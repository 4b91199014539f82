//! What an engine is opened with, and why it may not be: a database that is gone, or older than the
//! record beside it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use uuid::Uuid;

use clock::Clock;
use config::Config;
use domain::hosts::{clock_differs, differs_in_words};
use domain::ids::{HostId, JobId};
use domain::operator::Operator;
use domain::refusal::Refusal;
use runs::{RunsDir, record};
use store::{Host, OldDatabase, Reader, SCHEMA_VERSION, Store, StoreErrorKind, StorePlace};

/// Whether this process stands for the lead, and under which name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Stands for the lead: `console`, `serve`, `wait`, `watch`.
    Candidate(&'static str),
    /// Decides and reads, runs no stage.
    Visitor,
}

/// What an engine is opened with.
pub struct EngineSettings {
    /// The runs directory; made when it does not exist.
    pub runs_dir: PathBuf,
    /// Where the database is.
    pub place: StorePlace,
    /// The configuration in force.
    pub config: Config,
    /// Its file, watched for changes; none: the embedded default.
    pub config_path: Option<PathBuf>,
    /// In whose name everything is done, unless a command names somebody else.
    pub operator: Operator,
    /// See [`Role`].
    pub role: Role,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Our own binary, which supervises stages.
    pub program: PathBuf,
    /// The group that shares the files (`storage.group`).
    pub group: Option<u32>,
    /// Databases of the old system: history (SPEC §4).
    pub old_databases: Vec<OldDatabase>,
}

/// Why an engine could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The runs directory or a file in it.
    #[error(transparent)]
    Runs(#[from] runs::RunsError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The database is gone and the records of its jobs are not: a new one would number and decide
    /// them anew.
    #[error("{database} is missing, but {folder} holds records of jobs (run directories: {jobs})")]
    LostDatabase {
        /// Where it should be.
        database: String,
        /// The runs directory.
        folder: String,
        /// How many run directories were made by holdpoint.
        jobs: usize,
    },
    /// The database is an older copy: what it does not know any more would be numbered and decided
    /// anew.
    #[error("{database} is older than the record beside it: {beside}")]
    OlderDatabase {
        database: String,
        /// What the record says, and the database.
        beside: String,
    },
    /// There is a file beside a shared database: one of them is not the truth.
    #[error("{file} is there, and the record is said to be in {database}")]
    TwoDatabases { file: String, database: String },
    /// The clocks of this host and of the shared database differ: deadlines would mean different
    /// times.
    #[error("{}", differs_in_words(*ahead_us))]
    ClockDiffers {
        /// By how much the host is ahead, in microseconds.
        ahead_us: i64,
    },
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The database was brought up by a newer holdpoint: this one reads what it can, and changes
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newer {
    /// The version of its schema.
    pub(crate) found: u32,
}

impl fmt::Display for Newer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.found;
        write!(
            f,
            "this holdpoint is older than the database (schema {found}, this one knows {SCHEMA_VERSION})"
        )
    }
}

impl Newer {
    /// The answer to whoever wants to change something.
    pub(super) fn refusal(self) -> Refusal {
        Refusal::not_possible(self.to_string()).with_hint("it can be read only; install the newer holdpoint")
    }
}

/// The store to write to, or that the database is newer than this program.
pub(super) fn open_store(place: &StorePlace) -> Result<Result<Store, Newer>, EngineError> {
    Store::open(place.clone()).map(Ok).or_else(|error| {
        if let StoreErrorKind::Newer { found, .. } = error.kind() {
            return Ok(Err(Newer { found }));
        }
        Err(error.into())
    })
}

/// Refuses a shared database while the runs directory has one of its own: whoever is not told of the
/// shared one would go on with that, and both would decide.
pub fn refuse_two_databases(runs: &RunsDir, place: &StorePlace) -> Result<(), EngineError> {
    if !place.is_shared() || !runs.database().exists() {
        return Ok(());
    }
    Err(EngineError::TwoDatabases {
        file: runs.database().display().to_string(),
        database: place.path().display().to_string(),
    })
}

/// Refuses a host whose clock is not that of the shared database.
pub(super) fn refuse_other_clock(place: &StorePlace, store: &Store, clock: &dyn Clock) -> Result<(), EngineError> {
    if !place.is_shared() {
        return Ok(());
    }
    let before = clock.now();
    let time = store.time()?;
    let after = clock.now();
    match clock_differs(before, time, after).flatten() {
        Some(ahead_us) => Err(EngineError::ClockDiffers { ahead_us }),
        None => Ok(()),
    }
}

/// What this host is among those that share the database; none: the database is a file here.
pub(super) fn host_here(runs: &RunsDir, place: &StorePlace, machine: &str) -> Result<Option<Host>, EngineError> {
    if !place.is_shared() {
        return Ok(None);
    }
    let fresh = HostId::new(&Uuid::now_v7().to_string()).map_err(std::io::Error::other)?;
    let (id, name) = runs.host(machine, fresh)?;
    Ok(Some(Host { id, name }))
}

/// Enters it among them.
pub(super) fn enter_host(
    runs: &RunsDir,
    place: &StorePlace,
    store: &mut Store,
    machine: &str,
) -> Result<Option<Host>, EngineError> {
    let host = host_here(runs, place, machine)?;
    if let Some(host) = &host {
        store.enter(host)?;
    }
    Ok(host)
}

/// Refuses a runs directory whose database is gone while records of jobs are not.
pub fn refuse_lost_database(runs: &RunsDir) -> Result<(), EngineError> {
    if runs.database().exists() {
        return Ok(());
    }
    // The old system wrote files of this name too; its run directories are no reason to wait for a
    // database.
    let has_records = |job_id: &JobId| record::state(&runs.run(job_id)).is_ok_and(|state| state.is_some());
    match runs.jobs()?.iter().filter(|job_id| has_records(job_id)).count() {
        0 => Ok(()),
        jobs => Err(EngineError::LostDatabase {
            database: runs.database().display().to_string(),
            folder: runs.path().display().to_string(),
            jobs,
        }),
    }
}

/// Refuses a database that ends before the record that lies beside it: a copy that somebody put
/// back. The chain of decisions tells it after any loss of power; the number that the last commit
/// left in the nudge file tells it also where nothing was decided since.
pub(super) fn refuse_older_database(
    runs: &RunsDir,
    place: &StorePlace,
    reader: &Reader,
    last_event_seq: u64,
) -> Result<(), EngineError> {
    let older = |beside: String| {
        Err(EngineError::OlderDatabase {
            database: place.path().display().to_string(),
            beside,
        })
    };
    let decided = reader.chain_head()?.map_or(0, |head| head.seq);
    for link in record::links_after(runs, decided)? {
        // Another process may have decided since: the rows are asked again.
        if record::is_filed(runs, &link)? && link.seq > reader.chain_head()?.map_or(0, |head| head.seq) {
            let (seq, job_id) = (link.seq, link.job_id);
            return older(format!(
                "decision {seq} is on disk ({job_id}), and the database ends with decision {decided}"
            ));
        }
    }
    // A number that another process commits at this moment is in the database before it is in the
    // file, so the file is read first.
    match runs.nudged_seq() {
        Some(nudged) if nudged > last_event_seq && nudged > reader.last_event_seq()? => older(format!(
            "event {nudged} was recorded, and the database ends with event {last_event_seq}"
        )),
        Some(_) | None => Ok(()),
    }
}

/// Tells this process's leases from any other's, also on another machine and after the pid is used
/// again.
pub(super) fn session_name(settings: &EngineSettings) -> String {
    let via = &settings.operator.via;
    format!("{}:{}:{}", via.host, via.pid, settings.clock.now().boot_us)
}
