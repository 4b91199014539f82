//! `holdpoint gate`: open, list, show, diff, approve, reject, hold, release, extend, withdraw,
//! wait.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use domain::ask::{Command, OutsideArtifact};
use domain::context::GateContext;
use domain::gate::Verdict;
use domain::heartbeat::{HeartbeatTerms, WhenGone};
use domain::ids::{JobId, StageName};
use domain::key::GateRef;
use domain::operator::Surface;
use domain::refusal::Refusal;
use domain::time::{parse_patience_s, parse_span_s};
use engine::Role;
use engine::client::Client;
use wire::GateDoc;

use super::ask::with_engine;
use super::context::ContextArguments;
use super::gate_decide::{self, DECIDE_HELP, DecideArguments, RECALL_HELP, RecallArguments, TAKEN_BACK};
use super::gate_diff::{DIFF_HELP, DiffArguments};
use super::global::{GateArguments, GlobalArguments};
use super::output::{Output, note};
use super::report::{CommandResult, Exit};
use super::resolve::CommandContext;
use super::words::{clock_time, length};
use super::{completions, done, gate_diff, gate_list, gate_show, wait};

/// What can be done with gates.
#[derive(Debug, Subcommand)]
pub(crate) enum GateCommand {
    /// Open a gate for your own pipeline: on a manual job, or on the current stage without a
    /// command of another one
    #[command(after_help = OPEN_HELP)]
    Open(OpenArguments),
    /// List open gates, the next deadline first
    #[command(after_help = gate_list::HELP)]
    List(gate_list::ListArguments),
    /// Show a gate: what is under review, its timer, who has looked
    Show(GateArguments),
    /// Print the unified diff of each artifact: its base against what lies on disk now
    #[command(after_help = DIFF_HELP)]
    Diff(DiffArguments),
    /// Approve: the job goes on
    #[command(after_help = DECIDE_HELP)]
    Approve(DecideArguments),
    /// Reject: the job pauses until it is resumed
    #[command(after_help = DECIDE_HELP)]
    Reject(DecideArguments),
    /// Take back a decision, as long as nothing has come of it (recall_s)
    #[command(after_help = RECALL_HELP)]
    Recall(RecallArguments),
    /// Stop a gate's timer in your name, for at most its max_hold_s
    #[command(after_help = HOLD_HELP)]
    Hold {
        #[command(flatten)]
        gate: GateArguments,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Let a held timer run again with the time that was left, at least 1:00
    Release {
        #[command(flatten)]
        gate: GateArguments,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take back an open gate that no stage opened: it is canceled, nobody decides it
    #[command(after_help = WITHDRAW_HELP)]
    Withdraw {
        #[command(flatten)]
        gate: GateArguments,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Give a sign of life of a gate that was opened with --heartbeat
    #[command(after_help = ALIVE_HELP)]
    Alive(GateArguments),
    /// Give a gate's timer more seconds, as far as its max_hold_s allows
    Extend {
        #[command(flatten)]
        gate: GateArguments,
        /// How much to add to its deadline: seconds, or 10m, 1h30m
        #[arg(value_name = "SECONDS", value_parser = parse_span_s)]
        seconds: u64,
    },
    /// Wait until a gate is decided; runs stages meanwhile when nobody else leads
    #[command(after_help = WAIT_HELP)]
    Wait {
        /// The gate
        #[command(flatten)]
        gate: GateArguments,
        /// Give up after so long: seconds, or 10m, 1h30m; 0 only looks
        #[arg(long, value_name = "SECONDS", value_parser = parse_patience_s)]
        timeout: Option<u64>,
    },
}

impl GateCommand {
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Open(_) => "opened",
            Self::List(_) => "listed",
            Self::Show(_) | Self::Diff(_) => "shown",
            Self::Approve(_) => Verdict::Approve.past(),
            Self::Reject(_) => Verdict::Reject.past(),
            Self::Recall(_) => TAKEN_BACK,
            Self::Hold { .. } => "held",
            Self::Release { .. } => "released",
            Self::Extend { .. } => "extended",
            Self::Withdraw { .. } => "withdrawn",
            Self::Alive(_) => "kept alive",
            Self::Wait { .. } => WAITED,
        }
    }
}

/// A gate to open.
#[derive(Debug, Args)]
pub(crate) struct OpenArguments {
    /// The job; a manual one is made when there is none of this id
    #[arg(add = completions::jobs())]
    job: JobId,
    /// The stage
    #[arg(add = completions::stages())]
    stage: StageName,
    /// A file to review; its bytes are copied to artifacts/STAGE/; may be repeated
    #[arg(long = "artifact", value_name = "KIND=PATH", required = true, value_parser = artifact)]
    artifacts: Vec<(String, PathBuf)>,
    /// What the artifact of this file name is compared with, else the first; may be repeated
    #[arg(long = "base", value_name = "PATH")]
    bases: Vec<PathBuf>,
    #[command(flatten)]
    context: ContextArguments,
    /// Promise a sign of life this often (`gate alive`, or opening it again; --wait sends them): seconds, or 10m, 1h
    #[arg(long, value_name = "SECONDS", value_parser = parse_span_s)]
    heartbeat: Option<u64>,
    /// What becomes of the gate when none comes: withdraw or keep
    #[arg(long, value_name = "WORD", requires = "heartbeat", value_parser = when_gone)]
    when_gone: Option<WhenGone>,
    /// Wait for the decision, like `gate wait`
    #[arg(long)]
    wait: bool,
    /// With --wait: give up after so long: seconds, or 10m, 1h30m; 0 only looks
    #[arg(long, value_name = "SECONDS", requires = "wait", value_parser = parse_patience_s)]
    timeout: Option<u64>,
}

const WAITED: &str = "waited for";

const OPEN_HELP: &str = "\
Examples:
  holdpoint gate open nightly-17 script --artifact script=out/script.txt \\
      --base last/script.txt
  holdpoint gate open nightly-17 audio --artifact voiceover=vo.mp3 \\
      --wait --timeout 3600
  holdpoint gate open nightly-17 script --artifact script=out/script.txt \\
      --title 'script after review' --severity high --label team=media \\
      --link 'ticket=https://tickets.example/17'

The original files are never changed. Go on with the copies, whose paths
--json prints: a patch changes those.";

const HOLD_HELP: &str = "\
Examples:
  holdpoint gate hold nightly-17 script --reason 'legal looks at it'
  holdpoint gate extend nightly-17 script 10m   ten minutes more
  holdpoint gate release nightly-17 script      it runs again

Holds, extensions and open editors together add at most max_hold_s to a
gate; when that is used up, the timer decides. Everything is logged with
the name of whoever did it.";

const WITHDRAW_HELP: &str = "\
Example:
  holdpoint gate withdraw nightly-17 script --reason 'built from the wrong tag'

Whoever opened the gate may, and the owner of the runs directory. A manual
job goes on without it; another one pauses at its stage until it is opened
again or resumed. Done once more it changes nothing and says who did it.";

const ALIVE_HELP: &str = "\
Example:
  while sleep 60; do holdpoint gate alive nightly-17 script || break; done

A gate opened with --heartbeat waits so long for the next one, then it is
withdrawn, or kept and marked, as --when-gone said. `gate open --wait` sends
them itself for as long as it waits.";

const WAIT_HELP: &str = "\
Examples:
  holdpoint gate wait nightly-17 script && ./publish.sh
  holdpoint gate wait nightly-17 script --timeout 600 --json

The newest attempt is meant; one that is decided already is told at once.
A stage that passes without a gate counts as approved.

Exit codes: 0 approved, 3 rejected, 4 still open at the time-out,
1 canceled, or the job ended before.";

fn when_gone(text: &str) -> Result<WhenGone, String> {
    WhenGone::parse(text).ok_or_else(|| "it is withdraw or keep".to_owned())
}

/// `KIND=PATH`.
fn artifact(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((kind, path)) if !kind.trim().is_empty() && !path.is_empty() => Ok((kind.to_owned(), PathBuf::from(path))),
        Some(_) | None => Err("an artifact is written kind=path, such as script=out/script.txt".to_owned()),
    }
}

/// Runs one of these commands.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, command: GateCommand) -> CommandResult {
    match command {
        GateCommand::Open(arguments) => open(global, output, arguments).await,
        GateCommand::List(only) => gate_list::run(global, output, only).await,
        GateCommand::Show(gate) => gate_show::run(global, output, &gate).await,
        GateCommand::Diff(arguments) => gate_diff::run(global, output, &arguments).await,
        GateCommand::Approve(arguments) => gate_decide::run(global, output, Verdict::Approve, arguments).await,
        GateCommand::Reject(arguments) => gate_decide::run(global, output, Verdict::Reject, arguments).await,
        GateCommand::Recall(arguments) => gate_decide::recall(global, output, arguments).await,
        GateCommand::Hold { gate, reason } => act(global, output, gate, |gate| Command::Hold { gate, reason }).await,
        GateCommand::Release { gate, reason } => {
            act(global, output, gate, |gate| Command::Release { gate, reason }).await
        }
        GateCommand::Withdraw { gate, reason } => {
            act(global, output, gate, |gate| Command::Withdraw { gate, reason }).await
        }
        GateCommand::Alive(gate) => act(global, output, gate, alive).await,
        GateCommand::Extend { gate, seconds } => {
            let extend = |gate| Command::Extend {
                gate,
                seconds,
                expected: None,
            };
            act(global, output, gate, extend).await
        }
        GateCommand::Wait { gate, timeout } => {
            let session = CommandContext::resolve(global, Surface::Cli).await?;
            let timeout = timeout.map(Duration::from_secs);
            with_engine(session.open_existing(Role::Candidate("wait"))?, async |engine| {
                wait::run(engine, &session, output, &gate, None, timeout).await
            })
            .await
        }
    }
}

async fn open(global: &GlobalArguments, output: &mut Output, arguments: OpenArguments) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let OpenArguments {
        job,
        stage,
        artifacts,
        bases,
        context,
        heartbeat,
        when_gone,
        wait: is_waiting,
        timeout,
    } = arguments;
    let terms = HeartbeatTerms::of(heartbeat, when_gone)?;
    let gate = GateArguments {
        job: job.clone(),
        stage: stage.clone(),
    };
    let command = Command::OpenGate {
        job_id: job,
        stage,
        artifacts: artifacts
            .into_iter()
            .map(|(kind, path)| OutsideArtifact {
                kind,
                file: path.into(),
            })
            .collect(),
        bases: bases.into_iter().map(Into::into).collect(),
        context: Box::new(GateContext::from(context)),
        heartbeat: terms,
    };
    let role = if is_waiting {
        Role::Candidate("wait")
    } else {
        Role::Visitor
    };
    with_engine(session.open(role)?, async |engine| {
        let done = engine.command(command).await?;
        let (receipt, published) = &done;
        done::note_unpublished(output, &done);
        for warning in &receipt.warnings {
            note(&format!("{} / {}: {warning}", gate.job, gate.stage));
        }
        let rows = &receipt.rows;
        let opened = rows.newest_gate(&gate.stage);
        let attempt = opened.map(|opened| opened.key.attempt);
        if is_waiting {
            note(&format!("{}; waiting for the decision", receipt.message));
            let timeout = timeout.map(Duration::from_secs);
            let waiting = wait::run(engine, &session, output, &gate, attempt, timeout);
            let waited = match terms {
                None => waiting.await,
                // Whoever waits is the requester.
                Some(terms) => tokio::select! {
                    waited = waiting => waited,
                    never = stay_alive(engine, &gate, terms) => match never {},
                },
            };
            return waited.map_err(|failure| failure.not(WAITED));
        }
        if output.is_json {
            gate_show::document(output, &session, rows, opened, |document| {
                document.published = Some(published.is_ok());
                document.warnings = &receipt.warnings;
            })?;
        } else {
            let digest = opened.map_or_else(String::new, |opened| opened.digest().short());
            let attempt = attempt.unwrap_or_default();
            output.line(&format!(
                "Gate {} / {} #{attempt} is open, digest {digest}",
                gate.job, gate.stage
            ))?;
            if let Some(former) = opened.and_then(|opened| rows.replaced_by(opened)) {
                output.line(&format!(
                    "It took the place of #{}, which nobody had decided",
                    former.key.attempt
                ))?;
            }
        }
        done::note_without_leader(engine).await;
        Ok(Exit::Done)
    })
    .await
}

/// A sign of life.
fn alive(gate: GateRef) -> Command {
    Command::KeepAlive {
        gate,
        context: None,
        heartbeat: None,
    }
}

/// Gives signs of life of the newest gate for as long as this is polled.
async fn stay_alive(engine: &Client, gate: &GateArguments, terms: HeartbeatTerms) -> Infallible {
    loop {
        // Three in the promised time: one that fails or comes late is not missed yet.
        tokio::time::sleep(Duration::from_secs(terms.heartbeat_s) / 3).await;
        // What is refused is over, or the next one may succeed; whoever waits is told.
        let _ = engine.command(alive(gate.clone().newest())).await;
    }
}

/// Does something to a gate that is there, and tells how it stands then.
async fn act(
    global: &GlobalArguments,
    output: &mut Output,
    gate: GateArguments,
    command: impl FnOnce(GateRef) -> Command,
) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let stage = gate.stage.clone();
    let command = command(gate.newest());
    let is_withdrawal = matches!(command, Command::Withdraw { .. });
    let is_alive = matches!(command, Command::KeepAlive { .. });
    with_engine(session.open_existing(Role::Visitor)?, async |engine| {
        let done = engine.command(command).await?;
        let (receipt, published) = &done;
        let rows = &receipt.rows;
        let Some(gate) = rows.newest_gate(&stage) else {
            return Err(Refusal::no_gate(rows, &stage, None).into());
        };
        if output.is_json {
            gate_show::document(output, &session, rows, Some(gate), |document| {
                document.published = Some(published.is_ok());
            })?;
        } else if is_withdrawal {
            output.line(&receipt.message)?;
            output.line(&done::next_step(receipt))?;
        } else if let Some(heartbeat) = gate.heartbeat.as_ref().filter(|_| is_alive) {
            let next = heartbeat.alive_at.plus_s(heartbeat.terms.heartbeat_s);
            let (key, next) = (&gate.key, clock_time(next));
            output.line(&format!("{key}: alive; the next sign of life is due by {next}"))?;
        } else {
            let shown = GateDoc::of_gate(rows, gate, session.lens());
            let left = length(shown.addable_seconds.unwrap_or_default());
            let stands = match (shown.hold, shown.deadline) {
                (Some(hold), _) => hold.used_up().unwrap_or_else(|| format!("held by {}", hold.by)),
                (None, Some(deadline)) => {
                    let at = format!("at {}", clock_time(deadline));
                    let will = shown.then().map(|at_zero| at_zero.will(&at));
                    format!("the timer will {}", will.unwrap_or(at))
                }
                (None, None) => "a person must decide".to_owned(),
            };
            output.line(&format!("{}: {stands}; at most {left} may still be added", gate.key))?;
        }
        done::note_unpublished(output, &done);
        Ok(Exit::Done)
    })
    .await
}
