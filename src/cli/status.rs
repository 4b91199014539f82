//! `holdpoint status`: how much waits, in one line, for prompts and status bars.
//!
//! Whoever draws a prompt cannot wait: what is not answered at once is told as not answered.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use domain::filter::{self, GateFilter, Reading};
use domain::ids::{JobId, StageName};
use domain::job::JobStatus;
use domain::operator::Surface;
use domain::policy::OnTimeout;
use domain::stage_state::StageState;
use domain::time::Timestamp;
use domain::view::JobFilter;
use wire::GateDoc;

use super::ask::with_engine;
use super::gate_list::time_left;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;

/// What the help says besides.
pub(crate) const HELP: &str = "\
Exit codes
  0  nothing waits
  4  gates wait
  1  nobody leads, so no timer acts and no stage runs; or there was no answer
     within 2 seconds
  6  there is no record

In tmux:   set -g status-right '#(holdpoint --context prod status)'
In bash:   PS1='$(holdpoint status 2>/dev/null) \\$ '";

/// Nobody waits longer for a prompt.
const ANSWER_TIME: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct StatusDoc {
    /// Open gates.
    waiting: usize,
    /// Of these the ones that the whole change of was shown to nobody.
    unseen: usize,
    /// The gate whose timer acts next; null: none does.
    next: Option<NextDoc>,
    leader: Option<LeaderDoc>,
}

#[derive(Serialize)]
struct NextDoc {
    job_id: JobId,
    slug: String,
    stage: StageName,
    attempt: Option<u32>,
    deadline: Option<Timestamp>,
    time_remaining: Option<f64>,
    at_zero: Option<OnTimeout>,
    /// The time left, in words.
    #[serde(skip)]
    left: String,
}

#[derive(Serialize)]
struct LeaderDoc {
    name: String,
    host: String,
    role: String,
}

/// Asks, and prints the line.
pub(crate) fn run(global: &GlobalArguments) -> CommandResult {
    let (answer, answered) = sync_channel(1);
    let asked = global.clone();
    // On a thread of its own: a database on a dead machine does not answer, and opening it waits.
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let status = match runtime {
            Ok(runtime) => runtime.block_on(ask(&asked)),
            Err(error) => Err(CommandError::new(
                "not_possible",
                format!("no event loop can be made: {error}"),
            )),
        };
        // Nobody waits any more: the process ends.
        let _ = answer.send(status);
    });
    let status = answered.recv_timeout(ANSWER_TIME).map_err(|_| {
        let seconds = ANSWER_TIME.as_secs();
        CommandError::new("no_answer", format!("no answer within {seconds} seconds")).not("told")
    })??;
    let mut output = Output::new(global);
    if output.is_json {
        output.document(&status)?;
    } else {
        output.line(&line(&status))?;
    }
    output.flush()?;
    Ok(match (&status.leader, status.waiting) {
        (None, _) => Exit::Failed,
        (Some(_), 0) => Exit::Done,
        (Some(_), _) => Exit::StillOpen,
    })
}

fn line(status: &StatusDoc) -> String {
    let waiting = match status.waiting {
        0 => "no gate waits".to_owned(),
        1 => "1 gate waits".to_owned(),
        several => format!("{several} gates wait"),
    };
    let unseen = (status.unseen > 0).then(|| format!("{} unseen", status.unseen));
    let next = status.next.as_ref().map(|next| {
        let then = next.at_zero.map(|then| format!(" {then}")).unwrap_or_default();
        format!("next {}{then} {} {}", next.left, next.job_id, next.stage)
    });
    let leader = match &status.leader {
        Some(leader) => format!("lead {}@{}", leader.name, leader.host),
        None => "NO LEADER".to_owned(),
    };
    let parts = [Some(waiting), unseen, next, Some(leader)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" | ")
}

async fn ask(global: &GlobalArguments) -> Result<StatusDoc, CommandError> {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let Some(engine) = session.open_list()? else {
        return Err(session.no_jobs());
    };
    let wanted = JobFilter {
        status: Some(JobStatus::NeedsApproval),
        before: None,
        limit: u32::MAX,
    };
    let (jobs, leader) = with_engine(engine, async |engine| {
        Ok((engine.jobs(wanted).await?, engine.leader().await?))
    })
    .await?;
    let lens = session.lens();
    let reading = Reading {
        me: &session.operator.name,
        now: lens.now,
        grace_s: lens.grace_s,
    };
    let gates = |filter: &GateFilter| filter::listed(&jobs, Some(StageState::Open), filter, reading);
    let unseen = GateFilter::parse("unseen").map_or(0, |unseen| gates(&unseen).len());
    let open = gates(&GateFilter::default());
    let documents = open
        .iter()
        .map(|(rows, gate)| (*rows, GateDoc::of_gate(rows, gate, lens)));
    let timed = documents.filter(|(_, gate)| gate.at_zero.is_some() && gate.time_remaining.is_some());
    let left = |gate: &GateDoc<'_>| gate.time_remaining.unwrap_or(f64::MAX);
    let next = timed.min_by(|(_, one), (_, other)| left(one).total_cmp(&left(other)));
    Ok(StatusDoc {
        waiting: open.len(),
        unseen,
        next: next.map(|(rows, gate)| NextDoc {
            job_id: rows.job.id.clone(),
            slug: rows.job.slug.clone(),
            stage: gate.stage.clone(),
            attempt: gate.attempt,
            deadline: gate.deadline,
            time_remaining: gate.time_remaining,
            at_zero: gate.at_zero,
            left: time_left(&gate),
        }),
        leader: leader.map(|leader| LeaderDoc {
            name: leader.name,
            host: leader.host,
            role: leader.role,
        }),
    })
}
