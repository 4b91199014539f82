//! Old records on the command line: history, read without an engine where there is no database of
//! ours (SPEC §4).

use domain::ids::JobId;
use domain::old::{ListedJob, OldJob};
use engine::Trouble;
use engine::history::OldRecords;
use runs::RunsDir;
use store::Reader;
use wire::GateDoc;

use super::output::{Output, note};
use super::report::CommandError;
use super::resolve::CommandContext;
use super::table::Table;
use super::words::{ago, clock_time};

/// Reads old records. Nothing: there can be none, or ours cannot be told from them.
pub(crate) fn read<T: Default>(
    session: &CommandContext,
    look: impl FnOnce(&mut OldRecords, Option<&Reader>) -> Result<T, Trouble>,
) -> Result<T, CommandError> {
    let runs = RunsDir::look(&session.runs_dir, session.group())?;
    let ours = match session
        .has_jobs()
        .then(|| Reader::open(session.place().clone()))
        .transpose()
    {
        Ok(ours) => ours,
        // If the database is damaged, opening it for writing reports that.
        Err(_) => return Ok(T::default()),
    };
    let mut history = OldRecords::new(runs, session.old_databases().to_vec());
    Ok(look(&mut history, ours.as_ref())?)
}

/// Names the old databases that cannot be read, a note each.
pub(crate) fn note_faults(session: &CommandContext) {
    faults(session).iter().for_each(|fault| note(fault));
}

/// What is wrong with old databases, a line each; nothing else is kept from working.
pub(crate) fn faults(session: &CommandContext) -> Vec<String> {
    let failed = session
        .old_databases()
        .iter()
        .filter_map(|database| database.check().err());
    failed
        .map(|error| format!("Old jobs are not listed: {error}"))
        .collect()
}

/// The old job that was meant where no engine could be opened; else the failure as it was.
pub(crate) fn instead(session: &CommandContext, id: &JobId, failure: CommandError) -> Result<ListedJob, CommandError> {
    match read(session, |history, ours| history.find(ours, id))? {
        Some(old @ ListedJob::Old(_)) => Ok(old),
        Some(ListedJob::Ours(_)) | None => Err(failure),
    }
}

/// Prints an old job.
pub(crate) fn show(output: &mut Output, session: &CommandContext, job: &OldJob) -> Result<(), CommandError> {
    let now = session.now();
    output.line(&format!("{} / {}", job.id, job.slug))?;
    output.block("  ", &job.intent)?;
    output.line(&format!("status    {}, old record: it is history", job.status.as_str()))?;
    for (name, at) in [("started", job.created_at), ("changed", job.updated_at)] {
        output.line(&format!("{name:<9} {} ({})", clock_time(at), ago(at, now)))?;
    }
    output.line("")?;
    let mut table = Table::new(&["STAGE", "GATE", "BY", "AT", "NOTES"]);
    for gate in job.gates.iter().map(|gate| GateDoc::of_old(job, gate)) {
        table.row(vec![
            gate.stage.to_string(),
            gate.state.as_str().to_owned(),
            gate.by.unwrap_or_default().to_owned(),
            gate.at.map(clock_time).unwrap_or_default(),
            first_line(gate.notes),
        ]);
    }
    table.print(output, "No gate of it is known")?;
    if !job.artifacts.is_empty() {
        output.line("")?;
        let mut table = Table::new(&["ARTIFACT", "KIND", "STAGE"]);
        for artifact in &job.artifacts {
            table.row(vec![
                artifact.path.clone(),
                artifact.kind.clone(),
                artifact.stage.to_string(),
            ]);
        }
        table.print(output, "")?;
    }
    Ok(())
}

/// The first line of a note.
pub(crate) fn first_line(notes: Option<&str>) -> String {
    notes
        .and_then(|notes| notes.lines().next())
        .unwrap_or_default()
        .to_owned()
}
