//! `holdpoint gate approve` and `reject`: one gate, or several with a result for each.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use domain::ask::Command;
use domain::comment::{Comment, CommentSide};
use domain::decision::SealedDecision;
use domain::gate::Verdict;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::key::GateRef;
use domain::operator::Surface;
use engine::Role;
use engine::api::Receipt;
use engine::client::{Client, Committed};

use super::ask::with_engine;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::words::clock_time;
use super::{completions, done, patch_file, preview};

/// A decision.
#[derive(Debug, Args)]
pub(crate) struct DecideArguments {
    /// The gate: JOB STAGE; or several, each as JOB:STAGE
    #[arg(value_name = "JOB STAGE | JOB:STAGE", required = true, num_args = 1.., add = completions::job_then_stage())]
    gates: Vec<String>,
    /// Why, for the record; what a stage that runs again is told
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,
    /// What is to be said about a line: FILE:LINE:TEXT, once for each; FILE:-LINE:TEXT about a removed line
    #[arg(long = "comment", value_name = "FILE:LINE:TEXT", value_parser = comment)]
    comments: Vec<Comment>,
    /// A patch as JSON, from a file or - for standard input; see `holdpoint patch types`
    #[arg(long, value_name = "FILE|-")]
    patch: Option<PathBuf>,
    /// Decide only on exactly these bytes: the digest that `gate show` prints
    #[arg(long, value_name = "SHA256", value_parser = Digest::parse)]
    digest: Option<Digest>,
    /// Decide only on exactly what the gate says of itself: the digest of that, which `gate show` prints
    #[arg(long, value_name = "SHA256", value_parser = Digest::parse)]
    context_digest: Option<Digest>,
    /// Change nothing: tell what would happen, and end as the decision would
    #[arg(long)]
    dry_run: bool,
}

pub(crate) const DECIDE_HELP: &str = "\
Examples:
  holdpoint gate approve nightly-17 script --notes 'reads well'
  holdpoint gate approve nightly-17:script nightly-18:script
  holdpoint gate approve nightly-17 script --patch fix.json
  holdpoint gate approve nightly-17 script --dry-run     what would happen
  holdpoint gate reject nightly-17 script --notes 'the opening is slow'
  holdpoint gate reject nightly-17 script --comment 'script.txt:12:wrong unit'
  holdpoint job resume nightly-17       after a rejection: goes on

A decision cannot be taken back, unless the gate's policy has recall_s: see
holdpoint gate recall. Of several gates each has its own result;
--comment, --patch, --digest and --context-digest go with one gate only.

Exit codes of several: 0 all decided as asked; where all that were not
have one code (5 already decided, 6 not found), that one; else 1.";

/// How many decisions are handed over at a time; they share transactions.
const GROUP_MAX: usize = 100;

fn usage(message: impl Into<String>) -> CommandError {
    CommandError::new("usage", message)
        .with(|told| told.exit = Exit::Usage)
        .hint("see --help")
}

fn gate_ref(job: &str, stage: &str) -> Result<GateRef, CommandError> {
    let job_id = JobId::new(job).map_err(|error| usage(error.to_string()))?;
    let stage = StageName::new(stage).map_err(|error| usage(error.to_string()))?;
    Ok(GateRef {
        job_id,
        stage,
        attempt: None,
    })
}

/// `JOB STAGE`, or `JOB:STAGE` once or more. Neither has a colon in it, so the two cannot be taken
/// for each other.
fn gates(words: &[String]) -> Result<Vec<GateRef>, CommandError> {
    if let [job, stage] = words
        && !job.contains(':')
        && !stage.contains(':')
    {
        return Ok(vec![gate_ref(job, stage)?]);
    }
    let pair = |word: &String| match word.split_once(':') {
        Some((job, stage)) => gate_ref(job, stage),
        None => {
            let hint = "write JOB STAGE for one gate, JOB:STAGE for each of several";
            Err(usage(format!("{word:?} is no gate")).hint(hint))
        }
    };
    words.iter().map(pair).collect()
}

/// `script.txt:12:wrong unit`, or `script.txt:-12:why is it gone?`. A name may have colons; the first
/// number between two of them is the line.
fn comment(text: &str) -> Result<Comment, String> {
    let form = || "write FILE:LINE:TEXT, as script.txt:12:wrong unit, or FILE:-LINE:TEXT for a removed line".to_owned();
    let read = |colon: usize| {
        let (file, rest) = (text.get(..colon)?, text.get(colon + 1..)?);
        let (line, said) = rest.split_once(':')?;
        let (side, digits) = match line.strip_prefix('-') {
            Some(digits) => (CommentSide::Base, digits),
            None => (CommentSide::New, line),
        };
        let line = digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())??;
        Some((file, line, side, said))
    };
    let mut colons = text.match_indices(':').map(|(colon, _)| colon);
    let (file, line, side, said) = colons.find_map(read).ok_or_else(form)?;
    Ok(Comment {
        artifact: ArtifactPath::new(file).map_err(|error| error.to_string())?,
        line,
        side,
        text: said.to_owned(),
    })
}

/// Approves or rejects.
pub(crate) async fn run(
    global: &GlobalArguments,
    output: &mut Output,
    verdict: Verdict,
    arguments: DecideArguments,
) -> CommandResult {
    let DecideArguments {
        gates: words,
        notes,
        comments,
        patch,
        digest,
        context_digest,
        dry_run,
    } = arguments;
    let gates = gates(&words)?;
    let is_one = gates.len() == 1;
    let has_digest = digest.is_some() || context_digest.is_some();
    if !is_one && (patch.is_some() || has_digest || !comments.is_empty()) {
        return Err(usage(
            "--comment, --patch, --digest and --context-digest go with one gate, and several are named",
        ));
    }
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let patch = match patch {
        Some(file) => Some(patch_file::read(&file, global.no_input)?.patch.value().clone()),
        None => None,
    };
    let decide = |gate: GateRef| Command::Decide {
        gate,
        verdict,
        notes: notes.clone(),
        comments: comments.clone(),
        draft_by: None,
        patch: patch.clone(),
        digest,
        context_digest,
    };
    with_engine(session.open_existing(Role::Visitor)?, async |engine| {
        decide_or_tell(engine, output, &gates, dry_run, &decide, verdict.past()).await
    })
    .await
}

async fn decide_or_tell(
    engine: &Client,
    output: &mut Output,
    gates: &[GateRef],
    dry_run: bool,
    command: &impl Fn(GateRef) -> Command,
    done: &'static str,
) -> CommandResult {
    match gates {
        [one] if dry_run => {
            preview::print(engine, output, &one.job_id, command(one.clone()), done).await?;
            Ok(Exit::Done)
        }
        several if dry_run => preview::tell_all(engine, output, several, command, done).await,
        [one] => {
            let done = engine.command(command(one.clone())).await?;
            print(engine, output, &done).await?;
            Ok(Exit::Done)
        }
        several => all(engine, output, several, command, done).await,
    }
}

async fn print(engine: &Client, output: &mut Output, done: &Committed) -> Result<(), CommandError> {
    let receipt = &done.0;
    done::print(engine, output, done, &line(receipt), |document| {
        document.decision = receipt.decision.as_ref();
        document.changed = (!receipt.changes.is_empty()).then_some(receipt.changes.as_slice());
    })
    .await
}

pub(crate) const RECALL_HELP: &str = "\
Example:
  holdpoint gate recall nightly-17 script

Within the gate's recall_s nothing comes of a person's decision, and whoever
may decide may take it back: it stays in the record, and the gate opens once
more as the next attempt, on the same bytes, for a person. Afterwards it is
refused.";

/// Decisions to take back.
#[derive(Debug, Args)]
pub(crate) struct RecallArguments {
    /// The gate: JOB STAGE; or several, each as JOB:STAGE
    #[arg(value_name = "JOB STAGE | JOB:STAGE", required = true, num_args = 1..)]
    gates: Vec<String>,
    /// Change nothing: tell what would happen, and end as it would
    #[arg(long)]
    dry_run: bool,
}

/// Takes decisions back.
pub(crate) async fn recall(
    global: &GlobalArguments,
    output: &mut Output,
    RecallArguments { gates: words, dry_run }: RecallArguments,
) -> CommandResult {
    let gates = gates(&words)?;
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let recall = |gate: GateRef| Command::Recall { gate };
    with_engine(session.open_existing(Role::Visitor)?, async |engine| {
        decide_or_tell(engine, output, &gates, dry_run, &recall, TAKEN_BACK).await
    })
    .await
}

pub(crate) const TAKEN_BACK: &str = "taken back";

fn line(receipt: &Receipt) -> String {
    match &receipt.decision {
        Some(sealed) => {
            let key = sealed.decision.key();
            let digest = decided_digest(sealed).short();
            let until = receipt.recall_until().map(clock_time);
            let until = until.map(|until| format!("; it can be taken back until {until}"));
            format!(
                "{}: {key}, digest {digest}, as {}{}",
                receipt.message,
                sealed.decision.by_words(),
                until.unwrap_or_default()
            )
        }
        None => receipt.message.clone(),
    }
}

/// Several gates: a result for each, in the order in which they were named.
async fn all(
    engine: &Client,
    output: &mut Output,
    gates: &[GateRef],
    decide: &impl Fn(GateRef) -> Command,
    done: &'static str,
) -> CommandResult {
    let mut results = Results::new(done);
    for group in gates.chunks(GROUP_MAX) {
        // Handed over at once, so that they share transactions.
        let handed: Vec<_> = group.iter().map(|gate| engine.command(decide(gate.clone()))).collect();
        let mut answers = Vec::with_capacity(handed.len());
        for answer in handed {
            answers.push(answer.await.map_err(CommandError::from));
        }
        for (gate, answer) in group.iter().zip(answers) {
            match answer {
                Ok(done) if output.is_json => results.documents.push(document(gate, &done)),
                Ok(done) => {
                    output.line(&line(&done.0))?;
                    done::note_unpublished(output, &done);
                }
                Err(failure) => results.failed(output, gate, failure)?,
            }
        }
    }
    results.end(output)
}

/// What came of several gates, in the order in which they were named.
pub(super) struct Results {
    /// With `--json`: one for each.
    pub(super) documents: Vec<Value>,
    exits: Vec<Exit>,
    /// What did not happen where one failed.
    action: &'static str,
}

impl Results {
    pub(super) fn new(action: &'static str) -> Self {
        Self {
            documents: Vec::new(),
            exits: Vec::new(),
            action,
        }
    }

    pub(super) fn failed(
        &mut self,
        output: &mut Output,
        gate: &GateRef,
        failure: CommandError,
    ) -> Result<(), CommandError> {
        self.exits.push(failure.exit());
        if output.is_json {
            let error = failure.document(output.is_verbose);
            let document = json!({ "job_id": gate.job_id, "stage": gate.stage, "error": error });
            self.documents.push(document);
        } else {
            // What was told of those before it stands above it on a terminal.
            output.flush()?;
            failure.not(self.action).report(false, output.is_verbose);
        }
        Ok(())
    }

    pub(super) fn end(self, output: &mut Output) -> CommandResult {
        if output.is_json {
            output.document(&self.documents)?;
        }
        Ok(Exit::of_several(&self.exits))
    }
}

fn document(gate: &GateRef, (receipt, published): &Committed) -> Value {
    let mut document = json!({
        "job_id": gate.job_id, "stage": gate.stage, "message": receipt.message, "decision": receipt.decision,
        "published": published.is_ok(),
    });
    if let Some(until) = receipt.recall_until() {
        document["recall_until"] = json!(until);
    }
    document
}

fn decided_digest(sealed: &SealedDecision) -> Digest {
    let artifacts = sealed.decision.artifacts();
    Digest::of_gate(
        artifacts
            .iter()
            .filter_map(|artifact| Some((&artifact.path, artifact.decided()?))),
    )
}
