//! `holdpoint decisions`: the record, as decision files.

use clap::Subcommand;

use crate::domain::chain::ChainHead;
use crate::domain::decision::SealedDecision;
use crate::domain::ids::{JobId, StageName};
use crate::domain::operator::Surface;
use crate::engine::Role;
use crate::engine::audit::Scope;

use super::args::GlobalArguments;
use super::ask::{self, with_engine};
use super::gate::no_gate;
use super::output::Output;
use super::report::{Exit, Failure, Outcome};
use super::resolve::Session;
use super::table::Table;
use super::verify;
use super::words::clock_time;

/// What can be read of the record.
#[derive(Debug, Subcommand)]
pub enum DecisionsCommand {
    /// List decisions, every attempt, oldest first (--json: decision files)
    List {
        /// Only this job's
        job: Option<JobId>,
    },
    /// Show one decision: the newest of the stage, or that of an attempt
    Show {
        /// The job
        job: JobId,
        /// The stage
        stage: StageName,
        /// The attempt, from 1
        #[arg(long, value_name = "N")]
        attempt: Option<u32>,
    },
    /// Check the whole record: the chain, every decision file and event line against its row, and the database itself
    #[command(after_help = VERIFY_HELP)]
    Verify {
        /// Also hold the chain against a head that was noted elsewhere: nothing else shows that its end was removed
        #[arg(long, value_name = "SEQ:HASH", value_parser = verify::noted_head)]
        head: Option<ChainHead>,
        /// Also hash every kept version; reads all of them
        #[arg(long)]
        versions: bool,
    },
    /// Print the newest decision's number and hash, to be noted elsewhere
    Head,
}

const VERIFY_HELP: &str = "\
Exit 0 when everything is as it was written, 1 with findings: each names file,
line and column, or table, row and column. Files that are still owed (a crash,
a full disk) are told and are no findings. Nothing is changed.

Who can write the runs directory can also write a new chain. Keep the head
where they cannot:
  holdpoint decisions head | ssh elsewhere 'cat >> heads'
  holdpoint decisions verify --head 12:2c26b46b...";

/// Does one of them.
pub async fn run(global: &GlobalArguments, command: DecisionsCommand) -> Outcome {
    let mut output = Output::new(global.json);
    match command {
        DecisionsCommand::List { job } => list(global, &mut output, job).await?,
        DecisionsCommand::Show { job, stage, attempt } => show(global, &mut output, &job, &stage, attempt).await?,
        DecisionsCommand::Verify { head, versions } => {
            let scope = Scope {
                head,
                is_hashing_versions: versions,
            };
            let exit = verify::verify(global, &mut output, scope)?;
            output.flush()?;
            return Ok(exit);
        }
        DecisionsCommand::Head => {
            verify::head(global, &mut output)?;
        }
    }
    output.flush()?;
    Ok(Exit::Done)
}

async fn list(global: &GlobalArguments, output: &mut Output, job: Option<JobId>) -> Result<(), Failure> {
    let session = Session::resolve(global, Surface::Cli, "listed")?;
    let decisions = match session.open_list()? {
        None => Vec::new(),
        Some(engine) => {
            with_engine(engine, async |engine| {
                if let Some(job) = &job {
                    ask::job(engine, job, "listed").await?;
                }
                ask::decisions(engine, job, None, "listed").await
            })
            .await?
        }
    };
    if output.is_json {
        return output.document(&decisions);
    }
    let mut table = Table::new(&[
        "SEQ", "AT", "JOB", "STAGE", "ATTEMPT", "DECISION", "BY", "PATCH", "NOTES",
    ]);
    for sealed in &decisions {
        let decision = &sealed.decision;
        table.row(vec![
            sealed.seq.to_string(),
            clock_time(decision.at()),
            decision.job_id().to_string(),
            decision.stage().to_string(),
            format!("#{}", decision.attempt()),
            verdict(sealed).to_owned(),
            decision.by().to_owned(),
            patch_type(sealed).to_owned(),
            decision
                .notes()
                .and_then(|notes| notes.lines().next())
                .unwrap_or_default()
                .to_owned(),
        ]);
    }
    table.print(output, "Nothing was decided yet")
}

fn verdict(sealed: &SealedDecision) -> &'static str {
    if sealed.decision.is_approved() {
        "approved"
    } else {
        "rejected"
    }
}

fn patch_type(sealed: &SealedDecision) -> &str {
    sealed
        .decision
        .patch()
        .and_then(|patch| patch.get("type")?.as_str())
        .unwrap_or_default()
}

async fn show(
    global: &GlobalArguments,
    output: &mut Output,
    job: &JobId,
    stage: &StageName,
    attempt: Option<u32>,
) -> Result<(), Failure> {
    let session = Session::resolve(global, Surface::Cli, "shown")?;
    let sealed = with_engine(session.open_existing(Role::Visitor)?, async |engine| {
        let rows = ask::job(engine, job, "shown").await?;
        let decisions = ask::decisions(engine, Some(job.clone()), Some(stage.clone()), "shown").await?;
        let wanted = |sealed: &SealedDecision| attempt.is_none_or(|attempt| sealed.decision.attempt() == attempt);
        if let Some(sealed) = decisions.into_iter().rev().find(wanted) {
            return Ok(sealed);
        }
        if rows.newest_gate(stage).is_none() {
            return Err(no_gate(&rows, stage, "shown"));
        }
        let of = attempt.map_or_else(String::new, |attempt| format!(" #{attempt}"));
        Err(
            Failure::not_found("shown", format!("{job} / {stage}{of} has no decision"))
                .hint(format!("holdpoint decisions list {job} names those there are")),
        )
    })
    .await?;
    if output.is_json {
        return output.document(&sealed);
    }
    lines(output, &sealed)
}

fn lines(output: &mut Output, sealed: &SealedDecision) -> Result<(), Failure> {
    let decision = &sealed.decision;
    let via = decision.via();
    output.line(&format!("{} {} by {}", decision.key(), verdict(sealed), decision.by()))?;
    output.line(&format!("at        {}", clock_time(decision.at())))?;
    let ssh = via
        .ssh_client
        .as_ref()
        .map_or(String::new(), |client| format!(", ssh from {client}"));
    let login = format!("{} (uid {}) on {}", via.login, via.uid, via.host);
    output.line(&format!("via       {}, {login}{ssh}", via.surface.as_str()))?;
    for seen in decision.seen() {
        output.line(&format!(
            "seen by   {} at {}, digest {}",
            seen.by,
            clock_time(seen.at),
            seen.digest.short()
        ))?;
    }
    for artifact in decision.artifacts() {
        let after = artifact
            .sha256_after
            .map_or(String::new(), |after| format!(" -> {after}"));
        let reviewed = artifact
            .sha256
            .map_or_else(|| "new".to_owned(), |sha256| sha256.to_string());
        output.line(&format!("artifact  {}  {reviewed}{after}", artifact.path))?;
    }
    if let Some(notes) = decision.notes() {
        output.line("notes")?;
        output.block("  ", notes)?;
    }
    if let Some(patch) = decision.patch() {
        output.line("patch")?;
        output.block("  ", &serde_json::to_string_pretty(patch).unwrap_or_default())?;
    }
    output.line(&format!("seq       {}", sealed.seq))?;
    output.line(&format!("hash      {}", sealed.hash))
}
