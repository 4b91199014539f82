//! `holdpoint handover`: what an operator leaves to the next.

use clap::Args;

use domain::handover::ago;
use domain::operator::Surface;
use domain::time::Timestamp;
use text::words::counted;
use wire::{HandedGateDoc, HandoverDoc, HoldDoc};

use super::ask::with_engine;
use super::global::GlobalArguments;
use super::output::{Output, note};
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::words::{clock_time, length};

/// What the help says besides.
pub(crate) const HELP: &str = "\
Open gates alone. Whose drafts can be read, the modes of the runs directory say:
one's own, and with a group (the directory's setgid bit) everybody's in it.
In the console < lists what colleagues leave, and Enter adopts draft and marks.

  holdpoint handover
  holdpoint handover --by ana --json";

/// Whose.
#[derive(Debug, Args)]
pub(crate) struct HandoverArguments {
    /// What this operator leaves [default: you]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// Prints it.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, arguments: HandoverArguments) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let by = arguments.by.unwrap_or_else(|| session.operator.name.clone());
    let found = match session.open_list()? {
        None => {
            session.note_no_jobs();
            return Ok(Exit::Done);
        }
        Some(engine) => with_engine(engine, async |engine| Ok(engine.handovers(Some(by.clone())).await?)).await?,
    };
    for problem in &found.problems {
        note(problem);
    }
    let Some(handover) = found.all.first() else {
        return Ok(Exit::Done);
    };
    let document = HandoverDoc::of(handover, &found.problems, session.lens());
    if output.is_json {
        output.document(&document)?;
        return Ok(Exit::Done);
    }
    match document.gates.len() {
        0 => output.line(&format!("{by} leaves nothing"))?,
        count => output.line(&format!("{by} leaves {}", counted(count, "open gate")))?,
    }
    for gate in &document.gates {
        lines(output, gate, found.now.utc)?;
    }
    Ok(Exit::Done)
}

fn lines(output: &mut Output, gate: &HandedGateDoc<'_>, now: Timestamp) -> Result<(), CommandError> {
    output.line("")?;
    output.line(&format!(
        "{} / {} #{}   {}",
        gate.job_id, gate.stage, gate.attempt, gate.slug
    ))?;
    let left = match (&gate.stopped, gate.deadline) {
        (Some(stopped), _) => format!(
            "{} left, until {}",
            length(stopped.left_seconds),
            clock_time(stopped.until)
        ),
        (None, Some(deadline)) => format!("deadline {}", clock_time(deadline)),
        (None, None) => "no timer".to_owned(),
    };
    match gate.hold {
        Some(hold) => {
            let why = hold.reason.unwrap_or("no reason given");
            let why = HoldDoc::used_up(hold).unwrap_or_else(|| why.to_owned());
            output.line(&format!("held      {left}: {why}"))?;
        }
        None => output.line(&format!("timer     {left}"))?,
    }
    if let Some(open) = gate.open {
        output.line(&format!("open      {open}"))?;
    }
    if let Some(draft) = &gate.draft {
        let from = draft.adopted_from.map(|from| format!(", adopted from {from}"));
        let by = (!draft.adopted_by.is_empty()).then(|| format!(", adopted by {}", draft.adopted_by.join(", ")));
        let (from, by) = (from.unwrap_or_default(), by.unwrap_or_default());
        let written = draft.written_at.map(|at| format!(", {}", ago(now, at)));
        let written = written.unwrap_or_default();
        output.line(&format!("written   {}{written}{from}{by}", draft.contents))?;
        output.block("          ", &draft.first_words)?;
    }
    if gate.marked {
        output.line("marked    to be decided with others")?;
    }
    if gate.marked_otherwise {
        output.line("marked    before it changed: that counts no more")?;
    }
    if gate.seen_wholly {
        output.line("seen      all of it, not decided")?;
    }
    Ok(())
}
