//! Writes damaged files again from the rows they follow from. Never touches a row, and never takes
//! away a line or a file that no row explains: it may be the last witness of a row that is gone.
//! What is replaced is kept aside.

use std::collections::BTreeMap;

use domain::ids::JobId;
use runs::locks::PUBLISH_PATIENCE;
use runs::publish::{self, event_line, state_file};
use runs::record::{self, FileLines};
use runs::{RunsDir, mend};
use store::{JobMark, Reader};

use super::audit;
use super::owed_files::{PUBLISH_JOBS_MAX, request};
use super::trouble::Trouble;

/// Jobs, and rows, that are read at once.
const PAGE: u32 = 500;

/// Mends what an audit finds wrong in files, a job at a time, with publishers kept out. `said` is
/// told each thing that was done.
pub fn repair(runs: &RunsDir, reader: &Reader, said: &mut dyn FnMut(String)) -> Result<(), Trouble> {
    let mut mending = Mending { runs, reader, said };
    mending.chain()?;
    let mut after = String::new();
    let mut first_trouble = None;
    loop {
        let marks = reader.marks(&after, PAGE)?;
        let Some(last) = marks.last() else { break };
        after.clone_from(&last.id);
        for mark in &marks {
            let Ok(job_id) = JobId::new(&mark.id) else { continue };
            match mending.job(&job_id, mark) {
                // If one job cannot be repaired, the others still are.
                Err(trouble @ Trouble::Runs(_)) => {
                    first_trouble.get_or_insert(trouble);
                }
                mended => mended?,
            }
        }
    }
    mending.pay()?;
    first_trouble.map_or(Ok(()), Err)
}

struct Mending<'a> {
    runs: &'a RunsDir,
    reader: &'a Reader,
    said: &'a mut dyn FnMut(String),
}

impl Mending<'_> {
    fn job(&mut self, job_id: &JobId, mark: &JobMark) -> Result<(), Trouble> {
        let is_sound = |mark: &JobMark| -> Result<bool, Trouble> {
            Ok(audit::job_findings(self.runs, self.reader, job_id, mark)?
                .iter()
                .all(|finding| !finding.is_mendable()))
        };
        if is_sound(mark)? {
            return Ok(());
        }
        let _guard = record::keep_publishers_out(self.runs)?;
        let Some(mark) = self.reader.mark(job_id)? else {
            return Ok(());
        };
        let findings = audit::job_findings(self.runs, self.reader, job_id, &mark)?;
        if let Some(damage) = findings.iter().find(|finding| finding.is_of_rows()) {
            self.say(format!("{job_id}: its files are left as they are: {damage}"));
            return Ok(());
        }
        let run = self.runs.run(job_id);
        let is_wrong = |path: &std::path::Path| {
            findings
                .iter()
                .any(|finding| finding.is_mendable() && finding.is_of(self.runs, path))
        };
        if is_wrong(&run.events()) {
            self.events(job_id, &mark)?;
        }
        if is_wrong(&run.state())
            && let Some(rows) = self.reader.job(job_id)?
        {
            let bytes = state_file(&rows, mark.last_event_seq.unsigned_abs(), mark.status_since)?;
            self.write(&run.state(), &bytes)?;
        }
        audit::decision_files(self.reader, job_id, |file, row| {
            let path = file.path(&run);
            if is_wrong(&path) && audit::is_intact(&row.document) {
                run.make("gates")?;
                self.write(&path, &row.document)?;
            }
            Ok(())
        })
    }

    /// Writes `events.jsonl` again: what the old system left in it, then every event that is
    /// published.
    fn events(&mut self, job_id: &JobId, mark: &JobMark) -> Result<(), Trouble> {
        let path = self.runs.run(job_id).events();
        let mut bytes = Vec::new();
        let lines = match FileLines::open(&path) {
            // The file is no log, so no line of it is taken over.
            Err(error) if error.is_no_file() => None,
            opened => opened?,
        };
        if let Some(mut lines) = lines {
            while let Some(line) = lines.next_line()?.filter(|line| record::is_old_event(&line.bytes)) {
                bytes.extend_from_slice(&line.bytes);
            }
        }
        let mut after = i64::MIN;
        loop {
            let page = self.reader.stored_events(job_id, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for row in page.into_iter().filter(|row| row.seq <= mark.published_seq) {
                // A damaged row is reported earlier, and then no repair is tried.
                if let Ok(event) = row.read {
                    bytes.extend_from_slice(&event_line(&event)?);
                }
            }
        }
        self.write(&path, &bytes)
    }

    /// Writes `chain.jsonl` again, unless one of its lines is a link that no row knows.
    fn chain(&mut self) -> Result<(), Trouble> {
        if audit::link_findings(self.runs, self.reader)?
            .iter()
            .all(|finding| !finding.is_mendable())
        {
            return Ok(());
        }
        let _guard = record::keep_publishers_out(self.runs)?;
        let path = self.runs.chain();
        let findings = audit::link_findings(self.runs, self.reader)?;
        if let Some(witness) = findings.iter().find(|finding| !finding.is_mendable()) {
            self.say(format!("{}: left as it is: {witness}", self.shown(&path)));
            return Ok(());
        }
        if findings.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let mut after = 0;
        loop {
            let page = self.reader.links_after(after, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = last.seq;
            for (link, is_owed) in page {
                if !is_owed {
                    bytes.extend_from_slice(&link.line());
                }
            }
        }
        self.write(&path, &bytes)
    }

    /// Writes what run directories are owed since a crash or a full disk. How far their files reach is
    /// said by a row, which stays: the next process that writes rows finds them there.
    fn pay(&mut self) -> Result<(), Trouble> {
        // A newer holdpoint writes the files of its rows itself.
        if self.reader.newer_version()?.is_some() {
            return Ok(());
        }
        let owed: Vec<_> = self
            .reader
            .owed(u32::MAX)?
            .into_iter()
            .map(|(job_id, _)| job_id)
            .collect();
        for group in owed.chunks(PUBLISH_JOBS_MAX as usize) {
            let reload = |job_id: &JobId| request(self.runs, self.reader, job_id, 0);
            let (published, unconfirmed) = publish::publish(self.runs, group, PUBLISH_PATIENCE, reload)?;
            let failed = published.into_iter().map(|one| (one.job_id, one.result.map(drop)));
            let flushed = unconfirmed
                .flush()
                .into_iter()
                .map(|(job_id, _, result)| (job_id, result));
            let outcomes: BTreeMap<_, _> = failed.chain(flushed).collect();
            for (job_id, result) in outcomes {
                self.say(match result {
                    Ok(()) => format!("{job_id}: what its run directory was owed is written"),
                    Err(error) => format!("{job_id}: what its run directory is owed is not written: {error}"),
                });
            }
        }
        Ok(())
    }

    fn write(&mut self, path: &std::path::Path, bytes: &[u8]) -> Result<(), Trouble> {
        let kept = mend::replace(self.runs, path, bytes)?;
        let kept = match kept {
            Some(kept) => format!("; what lay there is {}", self.shown(&kept)),
            None => String::new(),
        };
        self.say(format!("{}: written again from the database{kept}", self.shown(path)));
        Ok(())
    }

    fn say(&mut self, done: String) {
        (self.said)(done);
    }

    fn shown(&self, path: &std::path::Path) -> String {
        path.strip_prefix(self.runs.path())
            .unwrap_or(path)
            .display()
            .to_string()
    }
}
