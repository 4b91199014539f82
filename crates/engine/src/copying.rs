//! Moves the record of a runs directory into another database, if it is sound and only then; with it
//! the bytes of versions, which a file has beside it and a shared record in it.

use std::path::PathBuf;

use domain::ids::JobId;
use runs::{RunsDir, locks, mend, record, versions};
use store::{Reader, Store, StorePlace, VersionWriter};

use super::audit::{Scope, audit};
use super::exporting::Export;
use super::opening::{EngineError, enter_host, host_here};
use super::trouble::Trouble;

/// Jobs that are read at once.
const PAGE: u32 = 500;

/// What was copied.
#[derive(Debug)]
pub struct Copied {
    /// How many rows.
    pub rows: u64,
    /// How many versions.
    pub versions: u64,
    /// Where the file is now that was copied.
    pub moved_to: Option<PathBuf>,
}

/// Why a record was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// This host cannot work on the other database.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Another host goes on with what is copied: two records would decide.
    #[error("{host} works on {database}")]
    AtWork { database: String, host: String },
    /// The record is not sound, before or after.
    #[error("{database} is not sound: {finding}")]
    Unsound {
        database: String,
        /// The first finding.
        finding: String,
    },
}

/// Copies all rows of one database of this runs directory into another, which must be empty, and all
/// versions. The record is verified before, with its files, and after. Refused while any other
/// process has the directory open. A file that was copied is moved aside.
pub fn copy_record(runs: &RunsDir, from: &StorePlace, to: &StorePlace, host: &str) -> Result<Copied, CopyError> {
    let _alone = locks::enter_alone(runs).map_err(Trouble::from)?;
    let reader = sound(runs, from)?;
    if let Some(host) = reader.hosts_at_work().map_err(Trouble::from)?.into_iter().next() {
        let database = from.path().display().to_string();
        return Err(CopyError::AtWork { database, host });
    }
    let mut store = Store::open(to.clone()).map_err(Trouble::from)?;
    // Before the rows that name them.
    let versions = match to.is_shared() {
        true => put_versions(runs, &reader, to)?,
        // The files of the copy are those of this host.
        false => {
            let export = Export {
                runs,
                to: None,
                reader: &reader,
                has_versions: true,
            };
            export.write(None)?.versions
        }
    };
    let here = host_here(runs, to, host)?;
    let copied = store.copy_from(&reader, here.as_ref().map(|here| &here.id));
    let rows = copied.map_err(Trouble::from)?;
    // The run directories are those of this host, whoever has looked into the empty record before.
    enter_host(runs, to, &mut store, host)?;
    sound(runs, to)?;
    drop(reader);
    // Two that are live would both decide.
    let away = to.is_shared().then(|| mend::move_database_away(runs, "copied"));
    let moved_to = away.transpose().map_err(Trouble::from)?;
    Ok(Copied {
        rows,
        versions,
        moved_to,
    })
}

fn each_job(reader: &Reader, mut each: impl FnMut(&JobId) -> Result<(), Trouble>) -> Result<(), Trouble> {
    let mut after = String::new();
    loop {
        let marks = reader.marks(&after, PAGE)?;
        let Some(last) = marks.last() else { return Ok(()) };
        after.clone_from(&last.id);
        // A name that is none was found by the audit.
        marks
            .iter()
            .filter_map(|mark| JobId::new(&mark.id).ok())
            .try_for_each(|job_id| each(&job_id))?;
    }
}

/// All that are kept, named by a row or not: what could be read before can be read after, and more of
/// them do no harm.
fn put_versions(runs: &RunsDir, reader: &Reader, to: &StorePlace) -> Result<u64, Trouble> {
    let there = Reader::open(to.clone())?;
    let mut writer = VersionWriter::new(to.clone());
    let mut count = 0;
    each_job(reader, |job_id| {
        let run = runs.run(job_id);
        for digest in record::version_files(&run)? {
            if there.version_size_bytes(&digest)?.is_none() {
                writer.put_if_absent(&digest, &versions::read(&run, &digest)?)?;
            }
            count += 1;
        }
        Ok(())
    })?;
    Ok(count)
}

fn sound(runs: &RunsDir, place: &StorePlace) -> Result<Reader, CopyError> {
    let reader = Reader::open(place.clone()).map_err(Trouble::from)?;
    let report = audit(runs, &reader, Scope::default(), &mut |_| {});
    match report.findings.first() {
        None => Ok(reader),
        Some(finding) => Err(CopyError::Unsound {
            database: place.path().display().to_string(),
            finding: finding.message.clone(),
        }),
    }
}
