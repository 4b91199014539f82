//! `--dry-run`: what a command would do, found by the rules themselves; nothing is changed.

use serde_json::{Value, json};

use domain::ask::Command;
use domain::ids::JobId;
use domain::key::GateRef;
use domain::outlook::Outlook;
use engine::client::Client;
use wire::PreviewDoc;

use super::gate_decide::Results;
use super::output::Output;
use super::report::{CommandError, CommandResult};

/// Tells what a command would do; `done` is the word for it: `approved`. What would be refused is
/// the failure that the command itself would be.
pub(crate) async fn print(
    engine: &Client,
    output: &mut Output,
    job_id: &JobId,
    command: Command,
    done: &str,
) -> Result<(), CommandError> {
    let subject = subject(&command, job_id);
    let outlook = engine.preview(None, command).await??;
    if output.is_json {
        output.document(&PreviewDoc::of(job_id, &outlook))?;
    } else {
        say(output, &subject, done, &outlook)?;
    }
    Ok(())
}

/// Of several gates: each for itself, as if it were the only one. With `--json` the answer is an
/// array.
pub(crate) async fn tell_all(
    engine: &Client,
    output: &mut Output,
    gates: &[GateRef],
    decide: &impl Fn(GateRef) -> Command,
    done: &'static str,
) -> CommandResult {
    let mut results = Results::new(done);
    for gate in gates {
        let command = decide(gate.clone());
        let subject = subject(&command, &gate.job_id);
        let foreseen = engine.preview(None, command).await;
        match foreseen.map_err(CommandError::from).and_then(|outlook| Ok(outlook?)) {
            Ok(outlook) if output.is_json => results.documents.push(document(gate, &outlook)),
            Ok(outlook) => say(output, &subject, done, &outlook)?,
            Err(failure) => results.failed(output, gate, failure)?,
        }
    }
    results.end(output)
}

fn document(gate: &GateRef, outlook: &Outlook) -> Value {
    let mut document = serde_json::to_value(PreviewDoc::of(&gate.job_id, outlook)).unwrap_or_default();
    document["stage"] = json!(gate.stage);
    document
}

fn subject(command: &Command, job_id: &JobId) -> String {
    match command.gate() {
        Some(gate) if matches!(command, Command::ApplyPatch { .. } | Command::UndoPatch { .. }) => {
            format!("the patch of {job_id} / {}", gate.stage)
        }
        Some(gate) => format!("{job_id} / {}", gate.stage),
        None => job_id.to_string(),
    }
}

fn say(output: &mut Output, subject: &str, done: &str, outlook: &Outlook) -> Result<(), CommandError> {
    output.line(&format!(
        "Nothing is changed (--dry-run). If {subject} were {done} now:"
    ))?;
    for sentence in outlook.sentences() {
        output.line(&format!("  {sentence}"))?;
    }
    if let Some(digest) = outlook.digest() {
        output.line(&format!("  The whole digest: {digest}"))?;
    }
    Ok(())
}
