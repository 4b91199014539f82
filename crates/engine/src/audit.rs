//! Compares the record with itself: rows with rows, files with rows, the chain with both (SPEC §4).
//! Changes nothing.
//!
//! Rows may grow while it looks, and files follow them; so each file is read after its rows, and
//! whatever seems wrong is looked at again with publishers kept out. Pages and lines come one at a
//! time: memory does not grow with history.
//!
//! ```text
//! chain   decision rows: numbers, prev, hash, columns          links   chain.jsonl against them
//! job     for each: decision files, events, state.json, versions        span    where two texts part
//! ```

mod chain;
mod events;
mod finding;
mod job;
mod links;
mod span;
mod state;

use domain::chain::ChainHead;
use domain::ids::JobId;
use runs::RunsDir;
use store::{JobMark, Reader, StoreErrorKind};

use super::trouble::Trouble;

pub use finding::{Finding, Location, OwedFiles, Report};
pub(crate) use job::{decision_files, is_intact};

/// Rows, and jobs, that are read at once.
const PAGE: u32 = 500;

/// What is wanted beyond the record itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// A note of the newest decision that somebody kept elsewhere.
    pub head: Option<ChainHead>,
    /// Whether every kept version is hashed, not only looked for.
    pub is_hashing_versions: bool,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being looked at, in the plural.
    pub what: &'static str,
    /// How many were looked at.
    pub done: u64,
    /// How many there are.
    pub of: u64,
}

/// What is wrong with one job's files and rows. Rows and files may move meanwhile, unless
/// publishers are kept out.
pub(crate) fn job_findings(
    runs: &RunsDir,
    reader: &Reader,
    job_id: &JobId,
    mark: &JobMark,
) -> Result<Vec<Finding>, Trouble> {
    Ok(job::look(runs, reader, job_id, mark, Scope::default())?.findings)
}

/// What is wrong with `chain.jsonl`; the same holds.
pub(crate) fn link_findings(runs: &RunsDir, reader: &Reader) -> Result<Vec<Finding>, Trouble> {
    links::look(runs, reader)
}

/// Looks at the whole record and tells what is wrong with it.
pub fn audit(runs: &RunsDir, reader: &Reader, scope: Scope, progress: &mut dyn FnMut(Progress)) -> Report {
    let mut audit = Audit {
        runs,
        reader,
        scope,
        other_home: None,
        report: Report::default(),
        progress,
    };
    let done = audit.run();
    if let Err(trouble) = done {
        audit.report.add(Finding::of_trouble(&trouble));
    }
    audit.report
}

/// The host whose run directories are kept up to date, where that is another one: on this one only
/// rows are compared.
pub fn other_home(runs: &RunsDir, reader: &Reader) -> Result<Option<String>, Trouble> {
    match reader.host_of_files()? {
        Some(home) if runs.known_host()?.as_ref() != Some(&home) => {
            Ok(Some(reader.name_of_files()?.unwrap_or_else(|| home.to_string())))
        }
        Some(_) | None => Ok(None),
    }
}

struct Audit<'a> {
    runs: &'a RunsDir,
    reader: &'a Reader,
    scope: Scope,
    /// The host that has the files, where it is another one.
    other_home: Option<String>,
    report: Report,
    progress: &'a mut dyn FnMut(Progress),
}

impl Audit<'_> {
    fn run(&mut self) -> Result<(), Trouble> {
        for fault in self.reader.integrity_faults()? {
            self.report.add(Finding::new(Location::database(), fault));
        }
        self.other_home = other_home(self.runs, self.reader)?;
        let (decisions, _, jobs) = self.reader.counts()?;
        // Each part is checked even if another one cannot be read.
        let chained = self.chain(decisions);
        let linked = match &self.other_home {
            None => self.links(),
            Some(home) => {
                let what = format!(
                    "the files are kept on {home}, and were not looked at: chain.jsonl, events.jsonl, state.json, gates/, artifacts/"
                );
                self.report.note(what);
                Ok(())
            }
        };
        let visited = self.jobs(jobs);
        let hashed = self.shared_versions();
        chained.and(linked).and(visited).and(hashed)
    }

    /// The versions in the database are what their names say; only where that is asked for.
    fn shared_versions(&mut self) -> Result<(), Trouble> {
        let mut after = None;
        while self.scope.is_hashing_versions && self.reader.is_shared() {
            let page = self.reader.versions_after(after.as_ref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            for digest in &page {
                self.report.versions += 1;
                match self.reader.version(digest) {
                    Err(error) if error.kind() == StoreErrorKind::Corrupt => {
                        let place = Location::row("version", digest, "");
                        self.report.add(Finding::new(place, error.to_string()));
                    }
                    read => drop(read?),
                }
            }
        }
        Ok(())
    }

    fn jobs(&mut self, of: u64) -> Result<(), Trouble> {
        let mut after = String::new();
        loop {
            let marks = self.reader.marks(&after, PAGE)?;
            let Some(last) = marks.last() else { break };
            after.clone_from(&last.id);
            for mark in marks {
                match self.job(&mark) {
                    // A job that cannot be read must not hide the findings of others.
                    Err(trouble @ Trouble::Runs(_)) => self.report.add(Finding::of_trouble(&trouble)),
                    looked => looked?,
                }
                self.report.jobs += 1;
            }
            self.report_progress("jobs", self.report.jobs, of);
        }
        self.strangers()
    }

    fn job(&mut self, mark: &JobMark) -> Result<(), Trouble> {
        let job_id = match JobId::new(&mark.id) {
            Ok(job_id) => job_id,
            Err(error) => {
                self.report
                    .add(Finding::new(Location::row("job", &mark.id, "id"), error.to_string()));
                return Ok(());
            }
        };
        let is_elsewhere = self.other_home.is_some();
        let look = |mark: &JobMark| match is_elsewhere {
            false => job::look(self.runs, self.reader, &job_id, mark, self.scope),
            true => job::look_at_rows(self.runs, self.reader, &job_id, mark),
        };
        let mut found = look(mark)?;
        if found.has_findings() {
            // Another process may have been publishing; with this lock none is, so the files are
            // read again.
            let _guard = runs::record::keep_publishers_out(self.runs)?;
            if let Some(mark) = self.reader.mark(&job_id)? {
                found = look(&mark)?;
                if found.has_findings() && job::is_of_another_host(self.runs, self.reader, &job_id, &mark)? {
                    found = job::look_at_former(self.runs, self.reader, &job_id, &mark)?;
                    found.note(format!(
                        "the files of {job_id} were last written on another host: holdpoint export {job_id} writes them here"
                    ));
                }
            }
        }
        self.report.absorb(found);
        Ok(())
    }

    /// Run directories that no row knows: old records, or jobs whose rows are gone.
    fn strangers(&mut self) -> Result<(), Trouble> {
        for job_id in self.runs.jobs()? {
            if self.reader.mark(&job_id)?.is_none() {
                match job::look_at_stranger(self.runs, &job_id) {
                    Ok(found) => self.report.absorb(found),
                    Err(trouble @ Trouble::Runs(_)) => self.report.add(Finding::of_trouble(&trouble)),
                    Err(trouble) => return Err(trouble),
                }
            }
        }
        Ok(())
    }

    fn report_progress(&mut self, what: &'static str, done: u64, of: u64) {
        (self.progress)(Progress { what, done, of });
    }
}
