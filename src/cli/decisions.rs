//! `holdpoint decisions`: the record, as decision files.

use clap::Subcommand;

use domain::chain::ChainHead;
use domain::decision::{Decision, SealedDecision};
use domain::figures::RecordFilter;
use domain::ids::{JobId, StageName};
use domain::old::{ListedDecision, ListedJob};
use domain::operator::Surface;
use domain::refusal::Refusal;
use engine::Role;
use engine::audit::Scope;
use text::visible_line;
use text::words::duration_us;

use super::ask::{self, with_engine};
use super::completions;
use super::gate_show;
use super::global::GlobalArguments;
use super::old;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::stats::ListArguments;
use super::table::Table;
use super::verify;
use super::words::{clock_time, looked};

/// What can be read of the record.
#[derive(Debug, Subcommand)]
pub(crate) enum DecisionsCommand {
    /// List decisions, every attempt, oldest first (--json: decision files)
    List {
        /// Only this job's
        #[arg(add = completions::jobs())]
        job: Option<JobId>,
        #[command(flatten)]
        only: ListArguments,
    },
    /// Show one decision: the newest of the stage, or that of an attempt
    Show {
        /// The job
        #[arg(add = completions::jobs())]
        job: JobId,
        /// The stage
        #[arg(add = completions::stages())]
        stage: StageName,
        /// The attempt, from 1
        #[arg(long, value_name = "N")]
        attempt: Option<u32>,
    },
    /// Check the whole record: the chain, every decision file and event line against its row, and
    /// the database itself
    #[command(after_help = VERIFY_HELP)]
    Verify {
        /// Also hold the chain against a head that was noted elsewhere: nothing else shows that its
        /// end was removed
        #[arg(long, value_name = "SEQ:HASH", value_parser = verify::noted_head)]
        head: Option<ChainHead>,
        /// Also hash every kept version; reads all of them
        #[arg(long)]
        versions: bool,
    },
    /// Print the newest decision's number and hash, to be noted elsewhere
    Head,
}

impl DecisionsCommand {
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::List { .. } => "listed",
            Self::Show { .. } | Self::Head => "shown",
            Self::Verify { .. } => "verified",
        }
    }
}

const VERIFY_HELP: &str = "\
Exit 0 when everything is as it was written, 1 with findings: each names file,
line and column, or table, row and column. Files that are still owed (a crash,
a full disk) are told and are no findings. Nothing is changed.

Who can write the runs directory can also write a new chain. Keep the head
where they cannot:
  holdpoint decisions head | ssh elsewhere 'cat >> heads'
  holdpoint decisions verify --head 12:2c26b46b...";

/// Runs one of these commands.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, command: DecisionsCommand) -> CommandResult {
    match command {
        DecisionsCommand::List { job, only } => list(global, output, job, only).await?,
        DecisionsCommand::Show { job, stage, attempt } => show(global, output, &job, &stage, attempt).await?,
        DecisionsCommand::Verify { head, versions } => {
            let scope = Scope {
                head,
                is_hashing_versions: versions,
            };
            return verify::verify(global, output, scope);
        }
        DecisionsCommand::Head => return verify::head(global, output),
    }
    Ok(Exit::Done)
}

async fn list(
    global: &GlobalArguments,
    output: &mut Output,
    job: Option<JobId>,
    only: ListArguments,
) -> Result<(), CommandError> {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    old::note_faults(&session);
    let listing = only.listing;
    let filter = RecordFilter {
        job_id: job.clone(),
        ..only.filter(session.now())?
    };
    // Of all that there are the newest count.
    let most = listing.limit.map_or(u32::MAX, |limit| limit.saturating_add(1));
    let job_id = job.as_ref();
    let (mut history, mut decisions) = match session.open_list()? {
        Some(engine) => {
            with_engine(engine, async |engine| {
                if let Some(id) = job_id {
                    ask::find(engine, id).await?;
                }
                let history = engine.old_decisions(job_id, u32::MAX).await?;
                Ok((history, engine.recorded(filter.clone(), most).await?))
            })
            .await?
        }
        None => {
            if let Some(id) = job_id {
                old::instead(&session, id, session.no_jobs())?;
            }
            let history = old::read(&session, |history, ours| history.decisions(ours, job_id, u32::MAX))?;
            (history, Vec::new())
        }
    };
    history.reverse();
    decisions.reverse();
    if history.is_empty() {
        session.note_no_jobs();
    }
    // Old records are outside the chain and older than it, so they come first.
    let history = history.iter().map(ListedDecision::Old);
    let history = history.filter(|old| filter.takes(*old));
    let mut listed: Vec<_> = history.chain(decisions.iter().map(ListedDecision::Ours)).collect();
    listed.reverse();
    listing.cut(&mut listed);
    listed.reverse();
    listing.print(
        output,
        &listed,
        &COLUMNS,
        session.none("Nothing was decided yet"),
        || table(&listed),
    )
}

/// What a line of comma-separated values has of a decision file.
const COLUMNS: [&str; 11] = [
    "seq",
    "at",
    "job_id",
    "stage",
    "attempt",
    "approved",
    "by",
    "auto_approved",
    "seen",
    "patch.type",
    "notes",
];

fn table(listed: &[ListedDecision<'_>]) -> Table {
    let mut table = Table::new(&[
        "SEQ", "AT", "JOB", "STAGE", "ATTEMPT", "DECISION", "BY", "AFTER", "SEEN", "PATCH", "NOTES",
    ]);
    for &decision in listed {
        let ours = match decision {
            ListedDecision::Ours(sealed) => Some(&sealed.decision),
            ListedDecision::Old(_) => None,
        };
        let patch = decision.patch().and_then(|patch| patch.get("type")?.as_str());
        table.row(vec![
            decision.seq().map_or_else(|| "old".to_owned(), |seq| seq.to_string()),
            clock_time(decision.at()),
            decision.job_id().to_string(),
            decision.stage().to_string(),
            decision
                .attempt()
                .map(|attempt| format!("#{attempt}"))
                .unwrap_or_default(),
            verdict(decision.is_approved()).to_owned(),
            decision.by().to_owned(),
            ours.map_or_else(String::new, |ours| duration_us(ours.waited_us())),
            ours.map_or_else(String::new, seen_words),
            patch.unwrap_or_default().to_owned(),
            old::first_line(decision.notes()),
        ]);
    }
    table.giving_way(&["SEEN", "AFTER", "NOTES", "PATCH", "SEQ"])
}

/// How much of it persons were shown.
fn seen_words(decision: &Decision) -> String {
    if decision.is_wholly_seen() {
        "all".to_owned()
    } else if decision.seen().is_empty() {
        "nobody".to_owned()
    } else {
        "some".to_owned()
    }
}

fn verdict(is_approved: bool) -> &'static str {
    if is_approved { "approved" } else { "rejected" }
}

async fn show(
    global: &GlobalArguments,
    output: &mut Output,
    job: &JobId,
    stage: &StageName,
    attempt: Option<u32>,
) -> Result<(), CommandError> {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let (found, decisions) = match session.open_existing(Role::Visitor) {
        Ok(engine) => {
            with_engine(engine, async |engine| {
                let found = ask::find(engine, job).await?;
                Ok((found, engine.decisions(Some(job), Some(stage), u32::MAX).await?))
            })
            .await?
        }
        Err(failure) => (old::instead(&session, job, failure)?, Vec::new()),
    };
    let rows = match &found {
        ListedJob::Ours(rows) => rows,
        ListedJob::Old(job) => {
            let decision = job.gate(stage).and_then(|gate| gate.decision.as_ref());
            let decision = decision.ok_or_else(|| {
                let stage = visible_line(stage.as_str());
                CommandError::not_found(format!("the old record {} knows no decision on {stage}", job.id))
            })?;
            return print(output, ListedDecision::Old(decision));
        }
    };
    let wanted = |sealed: &SealedDecision| attempt.is_none_or(|attempt| sealed.decision.attempt() == attempt);
    let Some(sealed) = decisions.into_iter().find(wanted) else {
        if rows.gate_of(stage, attempt).is_none() {
            return Err(Refusal::no_gate(rows, stage, attempt).into());
        }
        let of = attempt.map_or_else(String::new, |attempt| format!(" #{attempt}"));
        return Err(CommandError::not_found(format!("{job} / {stage}{of} has no decision"))
            .hint(format!("holdpoint decisions list {job} names those there are")));
    };
    print(output, ListedDecision::Ours(&sealed))
}

fn print(output: &mut Output, shown: ListedDecision<'_>) -> Result<(), CommandError> {
    if output.is_json {
        return output.document(&shown);
    }
    let (verdict, by) = (verdict(shown.is_approved()), shown.by());
    let sealed = match shown {
        ListedDecision::Ours(sealed) => Some(sealed),
        ListedDecision::Old(_) => None,
    };
    match sealed {
        Some(sealed) => {
            let (key, by) = (sealed.decision.key(), sealed.decision.by_words());
            output.line(&format!("{key} {verdict} by {by}"))?;
        }
        None => output.line(&format!(
            "{} / {} {verdict} by {by}, old record",
            shown.job_id(),
            shown.stage()
        ))?,
    }
    output.line(&format!("at        {}", clock_time(shown.at())))?;
    if let Some(SealedDecision { decision, .. }) = sealed {
        let via = decision.via();
        output.line(&format!("via       {} (uid {})", via.words(), via.uid))?;
        for seen in decision.seen() {
            output.line(&format!("seen by   {}", looked(seen)))?;
        }
        for artifact in decision.artifacts() {
            let after = artifact.sha256_after;
            let after = after.map_or(String::new(), |after| format!(" -> {after}"));
            let reviewed = artifact.sha256;
            let reviewed = reviewed.map_or_else(|| "new".to_owned(), |sha256| sha256.to_string());
            output.line(&format!("artifact  {}  {reviewed}{after}", artifact.path))?;
        }
    }
    if let Some(notes) = shown.notes() {
        output.line("notes")?;
        output.block("  ", notes)?;
    }
    if let Some(sealed) = sealed.filter(|sealed| !sealed.decision.comments().is_empty()) {
        output.line("comments")?;
        gate_show::comments(output, "  ", sealed.decision.comments())?;
    }
    if let Some(patch) = shown.patch() {
        output.line("patch")?;
        output.block("  ", &serde_json::to_string_pretty(patch).unwrap_or_default())?;
    }
    if let Some(sealed) = sealed {
        output.line(&format!("seq       {}", sealed.seq))?;
        output.line(&format!("hash      {}", sealed.hash))?;
    }
    Ok(())
}
