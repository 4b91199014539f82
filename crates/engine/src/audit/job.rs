//! One run directory against the rows of its job.

use std::collections::BTreeMap;

use super::finding::{LOOK, REPAIR, in_place};
use super::span::{describe, first_difference};
use super::{Finding, Location, OwedFiles, PAGE, Report, Scope, Trouble, events};
use domain::decision::{DecisionStanding, SealedDecision};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use runs::record::{self, GateFile};
use runs::{RunDir, RunsDir};
use store::{JobMark, RawDecision, Reader};

/// One job while it is looked at.
pub(super) struct JobLook<'a> {
    pub(crate) runs: &'a RunsDir,
    pub(crate) reader: &'a Reader,
    pub(crate) run: RunDir,
    pub(crate) job_id: &'a JobId,
    pub(crate) mark: &'a JobMark,
    pub(crate) report: Report,
    pub(crate) owed: OwedFiles,
    /// Another host has written the files since: here some may be missing.
    is_former: bool,
    /// Versions that decisions name, which a shared record has; each with the number of a decision and
    /// the path.
    named: BTreeMap<Digest, (i64, ArtifactPath)>,
}

impl<'a> JobLook<'a> {
    fn new(runs: &'a RunsDir, reader: &'a Reader, job_id: &'a JobId, mark: &'a JobMark) -> Self {
        Self {
            runs,
            reader,
            run: runs.run(job_id),
            job_id,
            mark,
            report: Report::default(),
            owed: OwedFiles {
                job_id: job_id.clone(),
                events: 0,
                decisions: 0,
            },
            is_former: false,
            named: BTreeMap::new(),
        }
    }
}

/// Looks at the rows of one job only: its files are those of another host.
pub(super) fn look_at_rows(runs: &RunsDir, reader: &Reader, job_id: &JobId, mark: &JobMark) -> Result<Report, Trouble> {
    let mut look = JobLook::new(runs, reader, job_id, mark);
    look.watermark();
    decision_files(reader, job_id, |_, row| {
        look.named_versions(row);
        Ok(())
    })?;
    look.missing_versions()?;
    look.check_event_rows()?;
    Ok(look.report)
}

/// The same where files of a former time lie here: what is missing of them is no finding, and what is
/// there and differs is.
pub(super) fn look_at_former(
    runs: &RunsDir,
    reader: &Reader,
    job_id: &JobId,
    mark: &JobMark,
) -> Result<Report, Trouble> {
    let mut look = JobLook::new(runs, reader, job_id, mark);
    look.is_former = true;
    look.watermark();
    look.decisions()?;
    look.check_event_rows()?;
    Ok(look.report)
}

/// Whether the files of a job that lie here are those of a time when this host led, and another one
/// has written them since.
pub(super) fn is_of_another_host(
    runs: &RunsDir,
    reader: &Reader,
    job_id: &JobId,
    mark: &JobMark,
) -> Result<bool, Trouble> {
    if !reader.has_several_hosts()? {
        return Ok(false);
    }
    let state = record::state(&runs.run(job_id))?;
    let has_up_to = state.and_then(|state| state.up_to).unwrap_or_default();
    Ok(has_up_to < mark.published_seq.unsigned_abs())
}

/// Looks at one job. Files are read after the rows they follow from.
pub(super) fn look(
    runs: &RunsDir,
    reader: &Reader,
    job_id: &JobId,
    mark: &JobMark,
    scope: Scope,
) -> Result<Report, Trouble> {
    let mut look = JobLook::new(runs, reader, job_id, mark);
    look.watermark();
    if look.run.path().symlink_metadata().is_err() && mark.published_seq > 0 {
        look.report.note(match reader.has_several_hosts()? {
            false => format!("the run directory of {job_id} was removed: its rows have nothing to be compared with"),
            true => format!("the run directory of {job_id} is not on this host: holdpoint export {job_id} writes it"),
        });
        look.check_event_rows()?;
        return Ok(look.report);
    }
    look.decisions()?;
    look.events()?;
    look.state()?;
    look.versions(scope)?;
    let OwedFiles { events, decisions, .. } = look.owed;
    if events + decisions > 0 {
        look.report.owed.push(look.owed);
    }
    Ok(look.report)
}

/// Looks at a run directory that no row knows.
pub(super) fn look_at_stranger(runs: &RunsDir, job_id: &JobId) -> Result<Report, Trouble> {
    let run = runs.run(job_id);
    let mut report = Report::default();
    let mut ours = 0_u64;
    let files = record::gate_files(&run)?;
    for file in &files {
        if read_decision(&file.path(&run))?.is_some() {
            ours += 1;
        }
    }
    if ours > 0 || record::state(&run)?.is_some() {
        let what = format!("no row knows {job_id}, and its run directory holds {ours} decision files of holdpoint");
        let hint = "the database is older than the files, or its rows were removed: put back a newer copy, or move the database away \
                    and make it again with holdpoint doctor --rebuild";
        report.add(Finding::new(Location::file(runs, run.path()), what).hint(hint));
    } else if !files.is_empty() || record::is_file(&run.events()) || record::is_file(&run.state()) {
        report.note(format!(
            "{job_id} is an old record: it stands outside the chain and is left as it is"
        ));
    }
    Ok(report)
}

/// A decision file of ours; none: there is none, or it is an old one. One that cannot be read
/// counts as an old one here: only rows say what it should be.
fn read_decision(path: &std::path::Path) -> Result<Option<SealedDecision>, Trouble> {
    match record::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes.unwrap_or_default()).ok()),
        // A link or a directory of such a name is nobody's decision.
        Err(error) if error.is_no_file() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl JobLook<'_> {
    fn watermark(&mut self) {
        let JobMark {
            last_event_seq,
            published_seq,
            newest_event_seq,
            ..
        } = *self.mark;
        let mut wrong = |field, what: String| {
            let place = Location::row("job", self.job_id, field);
            self.report.add(Finding::new(place, what).hint(LOOK));
        };
        if last_event_seq != newest_event_seq {
            wrong(
                "last_event_seq",
                format!("it says {last_event_seq}, and the newest event is {newest_event_seq}"),
            );
        }
        if published_seq > last_event_seq {
            let what = format!("it says {published_seq}, and the last event is {last_event_seq}");
            wrong("published_seq", what);
        }
    }

    /// Each decision's file, the newest file of each stage, and files that no row explains.
    fn decisions(&mut self) -> Result<(), Trouble> {
        let mut expected: Vec<GateFile> = Vec::new();
        decision_files(self.reader, self.job_id, |file, row| {
            let is_there = self.decision_file(&file, row)?;
            if file.attempt.is_some() {
                self.owed.decisions += u64::from(!is_there);
                self.named_versions(row);
            }
            expected.push(file);
            Ok(())
        })?;
        self.missing_versions()?;
        expected.sort();
        for file in record::gate_files(&self.run)? {
            if expected.binary_search(&file).is_err() {
                self.unexplained(&file)?;
            }
        }
        Ok(())
    }

    /// Whether the file is as its row says, or wrong in a way that was added; false: it is not
    /// there yet, and need not be.
    fn decision_file(&mut self, file: &GateFile, row: &RawDecision) -> Result<bool, Trouble> {
        let is_owed = self.is_former || row.event_seq > self.mark.published_seq;
        let path = file.path(&self.run);
        let place = Location::file(self.runs, &path);
        let found = match in_place(self.runs, &path, record::read(&path))? {
            Ok(found) => found,
            Err(finding) => {
                self.report.add(finding);
                return Ok(true);
            }
        };
        let Some(found) = found else {
            if !is_owed {
                let what = format!("the file of decision {} is missing", row.seq);
                self.report.add(Finding::new(place, what).hint(REPAIR));
            }
            return Ok(!is_owed);
        };
        let Some(span) = first_difference(&found, &row.document) else {
            return Ok(true);
        };
        // The newest file of a stage may still be that of the attempt before.
        if is_owed && file.attempt.is_none() {
            return Ok(false);
        }
        let (what, hint) = match is_intact(&found) && !is_intact(&row.document) {
            // The row's hash is not that of its content, the file's is: it is the row that was
            // changed.
            true => (
                format!(
                    "the row of decision {} differs from here on, and this file is intact",
                    row.seq
                ),
                LOOK,
            ),
            false => (
                describe(&found, &row.document, &span, &format!("row decision {}", row.seq)),
                REPAIR,
            ),
        };
        self.report.add(Finding::new(place.at_span(&span), what).hint(hint));
        Ok(true)
    }

    /// A decision file that no row explains: an old one, or the last witness of a removed row.
    fn unexplained(&mut self, file: &GateFile) -> Result<(), Trouble> {
        let path = file.path(&self.run);
        let place = Location::file(self.runs, &path);
        if let Some(sealed) = read_decision(&path)? {
            let what = format!(
                "it is decision {} and no row is: its row was removed, or the database is older than the files",
                sealed.seq
            );
            self.report.add(Finding::new(place, what).hint(LOOK));
        } else {
            self.report.note(format!(
                "{place}: an old decision file; it stands outside the chain and is left as it is"
            ));
        }
        Ok(())
    }

    /// The versions that a decision names are kept.
    fn named_versions(&mut self, row: &RawDecision) {
        let Ok(sealed) = serde_json::from_slice::<SealedDecision>(&row.document) else {
            return;
        };
        for artifact in sealed.decision.artifacts() {
            for digest in [artifact.sha256, artifact.sha256_after].into_iter().flatten() {
                if self.reader.is_shared() {
                    let named = || (row.seq, artifact.path.clone());
                    self.named.entry(digest).or_insert_with(named);
                    continue;
                }
                let path = self.run.version(&digest);
                if !record::is_file(&path) {
                    let what = format!("decision {} names it ({}), and it is not kept", row.seq, artifact.path);
                    self.report.add(Finding::new(Location::file(self.runs, &path), what));
                }
            }
        }
    }

    /// The same where the record has them itself; none: they lie in files.
    fn missing_versions(&mut self) -> Result<(), Trouble> {
        let digests: Vec<_> = self.named.keys().copied().collect();
        for page in digests.chunks(PAGE as usize) {
            for digest in self.reader.versions_missing(page)? {
                let Some((seq, path)) = self.named.get(&digest) else {
                    continue;
                };
                let what = format!("decision {seq} names it ({path}), and the database does not have it");
                self.report
                    .add(Finding::new(Location::row("version", digest, ""), what));
            }
        }
        Ok(())
    }

    /// Kept versions are what their names say; hashed only when that is asked for.
    fn versions(&mut self, scope: Scope) -> Result<(), Trouble> {
        for digest in record::version_files(&self.run)? {
            self.report.versions += 1;
            if !scope.is_hashing_versions {
                continue;
            }
            let found: Option<Digest> = record::version_digest(&self.run, &digest)?;
            if found.is_some_and(|found| found != digest) {
                let what = format!(
                    "it is not what its name says: its SHA-256 is {}",
                    found.unwrap_or(Digest::ZERO)
                );
                let place = Location::file(self.runs, &self.run.version(&digest));
                self.report.add(Finding::new(place, what));
            }
        }
        Ok(())
    }

    /// The events of a job whose run directory is gone are still looked at one by one.
    pub(super) fn check_event_rows(&mut self) -> Result<(), Trouble> {
        let mut rows = events::Rows::new(self.reader, self.job_id);
        while let Some(row) = rows.next_row()? {
            self.report.events += 1;
            if let Err(fault) = row.read {
                let place = Location::row("event", row.seq, &fault.column);
                self.report.add(Finding::new(place, fault.what).hint(LOOK));
            }
        }
        Ok(())
    }
}

/// Every decision file that the rows of a job ask for, each with its row: one for every attempt whose
/// decision can no longer be taken back, then the newest of each stage that was not. A fault of a row that names no file is reported with the chain.
pub(crate) fn decision_files(
    reader: &Reader,
    job_id: &JobId,
    mut each: impl FnMut(GateFile, &RawDecision) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut newest: BTreeMap<StageName, RawDecision> = BTreeMap::new();
    let mut after = i64::MIN;
    loop {
        let page = reader.raw_decisions_of(job_id, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in page {
            let (Some(stage), Ok(attempt)) = (row.stage.clone(), u32::try_from(row.attempt)) else {
                continue;
            };
            let attempt = Some(attempt);
            if row.standing == DecisionStanding::Recallable {
                continue;
            }
            let is_recalled = row.standing == DecisionStanding::Recalled;
            each(
                GateFile {
                    stage: stage.clone(),
                    attempt,
                    is_recalled,
                },
                &row,
            )?;
            if is_recalled {
                continue;
            }
            let slot = newest.entry(stage).or_insert_with(|| row.clone());
            if slot.attempt < row.attempt {
                *slot = row;
            }
        }
    }
    let newest = newest.into_iter();
    newest
        .map(|(stage, row)| {
            let (attempt, is_recalled) = (None, false);
            (
                GateFile {
                    stage,
                    attempt,
                    is_recalled,
                },
                row,
            )
        })
        .try_for_each(|(file, row)| each(file, &row))
}

/// Whether a document is a decision file whose hash is that of its content.
pub(crate) fn is_intact(document: &[u8]) -> bool {
    serde_json::from_slice::<SealedDecision>(document)
        .is_ok_and(|sealed| sealed.computed_hash() == sealed.hash && sealed.to_file() == document)
}
