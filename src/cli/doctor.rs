//! `holdpoint doctor`: database, files and events against each other; mends files from rows, or
//! makes a lost database from files.

use clap::Args;
use serde::Serialize;

use domain::operator::Surface;
use engine::Trouble;
use engine::audit::{Finding, Location, Report, Scope, audit, other_home};
use engine::rebuild::{Rebuilt, rebuild};
use engine::repair;
use runs::RunsDir;
use store::{Reader, StorePlace};

use super::audit_report::{self, AuditDoc, count};
use super::global::GlobalArguments;
use super::login_names;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;

/// What to do beside looking.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DoctorArguments {
    /// Write damaged and missing files again from the database; what lay there is kept in .aside/
    #[arg(long, conflicts_with = "rebuild")]
    repair: bool,
    /// Make a lost database again from the run directories
    #[arg(long)]
    rebuild: bool,
    /// With --rebuild: move a damaged database aside first; a sound one is never replaced
    #[arg(long, requires = "rebuild")]
    replace: bool,
    /// Also hash every kept version; reads all of them
    #[arg(long)]
    versions: bool,
}

/// What the help says besides.
pub(crate) const HELP: &str = "\
Exit 0 when all is sound, 1 with findings: each names file, line and column, or
table, row and column. Without an option nothing is changed.

--repair asks nothing and says each thing it did, and writes what a crash or a
full disk has left unwritten. It never touches the database, and leaves lines
and files that no row explains: they may be the last witness of a row that is
gone.

--rebuild needs the runs directory for itself: leave every console, and stop
holdpoint serve. What was committed and not yet on disk is not made again;
leases come back as they last were on disk, and lapse.";

/// Looks, and does what was asked for.
pub(crate) fn run(global: &GlobalArguments, arguments: DoctorArguments) -> CommandResult {
    let mut output = Output::new(global);
    let session = CommandContext::here(global, Surface::Cli)?;
    if !session.runs_dir.is_dir() && !session.place().is_shared() {
        return Err(session.no_jobs());
    }
    let runs = session.look_at_runs()?;
    let exit = if arguments.rebuild {
        make_again(&session, &runs, &mut output, arguments).map_err(|failure| failure.not("rebuilt"))?
    } else {
        look_or_mend(&session, &runs, &mut output, arguments)?
    };
    output.flush()?;
    Ok(exit)
}

/// The record as it is; a database that cannot be opened is a finding.
fn examine(runs: &RunsDir, place: &StorePlace, is_hashing_versions: bool, is_json: bool) -> Report {
    let scope = Scope {
        head: None,
        is_hashing_versions,
    };
    match Reader::open(place.clone()) {
        Ok(reader) => audit(runs, &reader, scope, &mut audit_report::teller(is_json)),
        Err(error) => {
            let mut report = Report::default();
            let hint = "put it back from a copy, or make it again from the run directories: holdpoint doctor --rebuild --replace";
            report.add(Finding::new(Location::database(), error.to_string()).hint(hint));
            report
        }
    }
}

#[derive(Serialize)]
struct DoctorDoc<'a> {
    #[serde(flatten)]
    audit: AuditDoc<'a>,
    /// What was done, a line each.
    done: &'a [String],
    /// What could not be made again, a line each.
    left_out: &'a [String],
}

fn look_or_mend(
    session: &CommandContext,
    runs: &RunsDir,
    output: &mut Output,
    arguments: DoctorArguments,
) -> CommandResult {
    session.refuse_lost()?;
    if !session.has_jobs() {
        return Err(session.no_jobs());
    }
    let mut done = Vec::new();
    if arguments.repair {
        let opened = Reader::open(session.place().clone()).map_err(Trouble::from);
        if let Ok(Some(home)) = opened
            .as_ref()
            .map(|reader| other_home(runs, reader).unwrap_or_default())
        {
            let message = format!("the files are kept on {home}");
            let hint = "run it there; holdpoint export writes files here";
            return Err(CommandError::new("not_possible", message).not("repaired").hint(hint));
        }
        let mended = opened.and_then(|reader| repair::repair(runs, &reader, &mut |what| done.push(what)));
        if let Err(trouble) = mended {
            // The repairs that were done are printed even if the check found more.
            tell_done(output, &done)?;
            return Err(CommandError::from(trouble).not("repaired"));
        }
    }
    let mut report = examine(runs, session.place(), arguments.versions, output.is_json);
    if let Some(doubt) = login_names::doubt() {
        report.note(doubt);
    }
    for database in session.old_databases() {
        report.note(match database.check().and_then(|()| database.jobs()) {
            Ok(jobs) => format!(
                "{} is an old database ({}): it is read as history and never written",
                database.path().display(),
                count(jobs.len() as u64, "job")
            ),
            Err(error) => format!("old jobs are not listed: {error}"),
        });
    }
    print_report(output, &report, &done, &[])
}

fn print_report(output: &mut Output, report: &Report, done: &[String], left_out: &[String]) -> CommandResult {
    let is_failed = report.has_findings() || !left_out.is_empty();
    if output.is_json {
        output.document(&DoctorDoc {
            audit: AuditDoc::of(report),
            done,
            left_out,
        })?;
    } else {
        tell_done(output, done)?;
        for line in left_out {
            output.line(&format!("left out: {line}"))?;
        }
        audit_report::print(output, report)?;
    }
    Ok(if is_failed { Exit::Failed } else { Exit::Done })
}

fn tell_done(output: &mut Output, done: &[String]) -> Result<(), CommandError> {
    if output.is_json {
        return Ok(());
    }
    done.iter().try_for_each(|line| output.line(line))
}

fn make_again(
    session: &CommandContext,
    runs: &RunsDir,
    output: &mut Output,
    arguments: DoctorArguments,
) -> CommandResult {
    if session.place().is_shared() {
        let message = "a database that machines share is not made again from the files of one of them";
        let hint = "put it back from a backup of PostgreSQL's";
        return Err(CommandError::new("not_possible", message).hint(hint));
    }
    if session.has_jobs() {
        let report = examine(runs, session.place(), false, output.is_json);
        let database = session.runs_dir.join(store::DATABASE_FILE);
        let shown = database.display();
        match report.findings.iter().find(|finding| finding.is_of_database()) {
            None => {
                let hint = "to make it again all the same, for it is older than the files say, move it away first";
                return Err(CommandError::new("not_possible", format!("{shown} is there and sound")).hint(hint));
            }
            Some(finding) if !arguments.replace => {
                let message = format!("{shown} is there, and damaged: {}", finding.message);
                let hint = "holdpoint doctor --rebuild --replace moves it aside and makes a new one";
                return Err(CommandError::new("not_possible", message).hint(hint));
            }
            Some(_) => {}
        }
    }
    // From here on something is written: rights and file system are looked at as for every other
    // writer.
    let runs = RunsDir::open(&session.runs_dir, session.group())?;
    let rebuilt = rebuild(&runs, arguments.replace).map_err(|trouble| {
        CommandError::from(trouble).with(|told| {
            if told.message.ends_with("another holdpoint has it open") {
                told.hint = Some("leave every console there, and stop holdpoint serve".to_owned());
            }
        })
    })?;
    let mut report = examine(&runs, session.place(), arguments.versions, output.is_json);
    rebuilt.notes.iter().for_each(|note| report.note(note.clone()));
    print_report(output, &report, &told_of(&rebuilt, &runs), &rebuilt.left_out)
}

fn told_of(rebuilt: &Rebuilt, runs: &RunsDir) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(moved_to) = &rebuilt.moved_to {
        lines.push(format!("the damaged database is now {moved_to}"));
    }
    lines.push(format!(
        "{} made again: {}, {}, {}",
        runs.database().display(),
        count(rebuilt.jobs, "job"),
        count(rebuilt.events, "event"),
        count(rebuilt.decisions, "decision")
    ));
    lines
}
