//! `holdpoint job show`: where a job stands, stage by stage.

use domain::ids::JobId;
use domain::job::{JobRows, OWN_PIPELINE};
use domain::old::ListedJob;
use domain::operator::Surface;
use domain::stage_state::StageState;
use engine::Role;
use wire::{GateDoc, JobDoc};

use super::ask::{self, with_engine};
use super::global::GlobalArguments;
use super::old;
use super::output::Output;
use super::report::CommandError;
use super::resolve::CommandContext;
use super::table::Table;
use super::words::{ago, clock_time, size};

/// Prints it.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, id: &JobId) -> Result<(), CommandError> {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let found = match session.open_existing(Role::Visitor) {
        Ok(engine) => with_engine(engine, async |engine| ask::find(engine, id).await).await?,
        Err(failure) => old::instead(&session, id, failure)?,
    };
    output.may_be_long();
    if output.is_json {
        return output.document(&JobDoc::of_listed(&found, session.lens()));
    }
    let rows = match &found {
        ListedJob::Ours(rows) => rows,
        ListedJob::Old(job) => return old::show(output, &session, job),
    };
    let job = &rows.job;
    let now = session.now();
    output.line(&format!("{} / {}", job.id, job.slug))?;
    output.block("  ", &job.intent)?;
    let kind = if job.is_manual {
        format!(", {OWN_PIPELINE}")
    } else {
        String::new()
    };
    output.line(&format!("status    {}{kind}", job.status.words()))?;
    let time = |at| format!("{} ({})", clock_time(at), ago(at, now));
    output.line(&format!("started   {} by {}", time(job.created_at), job.created_by))?;
    output.line(&format!("changed   {}", time(job.updated_at)))?;
    if let Some(runs_dir) = session.runs_dir_here() {
        output.line(&format!("files     {}", runs_dir.join(job.id.as_str()).display()))?;
    }
    for (key, value) in &job.params {
        output.line(&format!("param     {key} = {value}"))?;
    }
    output.line("")?;
    stages(output, &session, rows)?;
    if !rows.artifacts.is_empty() {
        output.line("")?;
        let mut table = Table::new(&["ARTIFACT", "KIND", "SIZE", "DIGEST"]);
        for artifact in &rows.artifacts {
            table.row(vec![
                artifact.path.to_string(),
                artifact.kind.clone(),
                size(artifact.size_bytes),
                artifact.digest.short(),
            ]);
        }
        table.print(output, "")?;
    }
    Ok(())
}

fn stages(output: &mut Output, session: &CommandContext, rows: &JobRows) -> Result<(), CommandError> {
    let mut table = Table::new(&["STAGE", "ATTEMPT", "GATE", "BY", "AT", "NOTES"]);
    for spec in &rows.job.stages {
        let gate = GateDoc::of_stage(rows, &spec.name, session.lens());
        let is_current = rows.job.stage.as_ref() == Some(&spec.name);
        let state = if gate.state == StageState::NotReached && is_current {
            rows.newest_attempt(&spec.name)
                .map_or("not_reached", |attempt| attempt.state.as_str())
        } else {
            gate.state.as_str()
        };
        table.row(vec![
            spec.name.to_string(),
            gate.attempt.map(|attempt| format!("#{attempt}")).unwrap_or_default(),
            state.to_owned(),
            gate.by.unwrap_or_default().to_owned(),
            gate.at.map(clock_time).unwrap_or_default(),
            old::first_line(gate.notes),
        ]);
    }
    table.print(output, "No stage is known yet: gate open names them")
}
