//! `holdpoint drafts`: what an operator wrote and has not sent, and what they threw away in the
//! last days.

use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use console::draft::{Discarded, Draft};
use domain::gate::Verdict;
use domain::key::GateKey;
use domain::operator::Surface;
use domain::time::{Timestamp, clock_time};
use runs::RunsDir;

use super::global::GlobalArguments;
use super::output::{Output, note};
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::table::Table;

/// What can be done with drafts.
#[derive(Debug, Subcommand)]
pub(crate) enum DraftsCommand {
    /// List your drafts, and what you discarded in the last 7 days
    List,
    /// Print the text of one of them
    Show {
        /// As `drafts list` names it
        id: String,
    },
    /// Make a discarded text a draft again; nothing written since is written over
    #[command(after_help = RESTORE_HELP)]
    Restore {
        /// As `drafts list` names it
        id: String,
    },
}

impl DraftsCommand {
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::List => "listed",
            Self::Show { .. } => "shown",
            Self::Restore { .. } => "restored",
        }
    }
}

const RESTORE_HELP: &str = "\
The console offers it when it is next started. In a console that is open, Z
lists the same texts, and Enter restores one at once.";

/// One text of an operator.
struct Kept {
    id: String,
    draft: Draft,
    discarded: Option<Discarded>,
}

#[derive(Serialize)]
struct KeptDoc<'a> {
    id: &'a str,
    /// `kept`: it is offered by the console; `discarded`: it was thrown away.
    state: &'static str,
    #[serde(flatten)]
    key: &'a GateKey,
    contents: String,
    discarded_at: Option<Timestamp>,
    /// When it is removed; null: it stays.
    kept_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<&'a Draft>,
}

impl Kept {
    fn document(&self, is_whole: bool) -> KeptDoc<'_> {
        KeptDoc {
            id: &self.id,
            state: if self.discarded.is_some() { "discarded" } else { "kept" },
            key: &self.draft.key,
            contents: self.draft.contents(),
            discarded_at: self.discarded.as_ref().map(|discarded| discarded.discarded_at),
            kept_until: self.discarded.as_ref().map(Discarded::kept_until),
            draft: is_whole.then_some(&self.draft),
        }
    }
}

/// Runs one of them.
pub(crate) fn run(global: &GlobalArguments, command: &DraftsCommand) -> CommandResult {
    let session = CommandContext::here(global, Surface::Cli)?;
    let mut output = Output::new(global);
    let runs = RunsDir::look(&session.runs_dir, session.group())?;
    let all = all(&session, &runs)?;
    match command {
        DraftsCommand::List => list(&mut output, &all)?,
        DraftsCommand::Show { id } => show(&mut output, named(&all, id)?)?,
        DraftsCommand::Restore { id } => restore(&mut output, &session, &runs, named(&all, id)?)?,
    }
    output.flush()?;
    Ok(Exit::Done)
}

/// Drafts first, then what was discarded, the newest first.
fn all(session: &CommandContext, runs: &RunsDir) -> Result<Vec<Kept>, CommandError> {
    let operator = &session.operator.name;
    let kept = runs.load_drafts(operator)?;
    let oldest_us = Discarded::oldest_us(session.now());
    let aside = runs.load_discarded(operator, oldest_us)?;
    for problem in kept.problems.iter().chain(&aside.problems) {
        note(problem);
    }
    let mut all = Vec::new();
    for (path, bytes) in &kept.drafts {
        match serde_json::from_slice::<Draft>(bytes) {
            Ok(draft) => all.push(Kept {
                id: draft.file_name().trim_end_matches(".json").to_owned(),
                draft,
                discarded: None,
            }),
            Err(error) => note(&format!("{} is no draft: {error}", path.display())),
        }
    }
    for (path, bytes) in aside.drafts.iter().rev() {
        match serde_json::from_slice::<Discarded>(bytes) {
            Ok(discarded) => all.push(Kept {
                id: discarded.id(),
                draft: discarded.draft.clone(),
                discarded: Some(discarded),
            }),
            Err(error) => note(&format!("{} is no discarded draft: {error}", path.display())),
        }
    }
    Ok(all)
}

/// The text of this name; the beginning of one is enough.
fn named<'a>(all: &'a [Kept], id: &str) -> Result<&'a Kept, CommandError> {
    if let Some(exact) = all.iter().find(|kept| kept.id == id) {
        return Ok(exact);
    }
    let mut begun = all.iter().filter(|kept| kept.id.starts_with(id));
    let (first, second) = (begun.next(), begun.next());
    let message = match (first, second) {
        (Some(only), None) => return Ok(only),
        (Some(_), Some(_)) => format!("{id} is the beginning of several drafts"),
        (None, _) => format!("you have no draft {id}"),
    };
    Err(CommandError::not_found(message).hint("holdpoint drafts list names them"))
}

fn list(output: &mut Output, all: &[Kept]) -> Result<(), CommandError> {
    if output.is_json {
        let documents: Vec<_> = all.iter().map(|kept| kept.document(false)).collect();
        return output.document(&documents);
    }
    let mut table = Table::new(&["ID", "GATE", "CONTENTS", "STATE"]);
    for kept in all {
        let state = match &kept.discarded {
            Some(discarded) => format!("discarded, kept until {}", clock_time(discarded.kept_until())),
            None => "kept".to_owned(),
        };
        table.row(vec![
            kept.id.clone(),
            kept.draft.key.to_string(),
            kept.draft.contents(),
            state,
        ]);
    }
    table.print(output, "You have no drafts, and discarded none in the last 7 days")
}

fn show(output: &mut Output, kept: &Kept) -> Result<(), CommandError> {
    if output.is_json {
        return output.document(&kept.document(true));
    }
    let draft = &kept.draft;
    for (verdict, words) in [(Verdict::Approve, "an approval"), (Verdict::Reject, "a rejection")] {
        let text = draft.note(verdict);
        if !text.trim().is_empty() {
            output.line(&format!("note of {words}"))?;
            output.block("  ", text)?;
        }
    }
    if let Some(patch) = &draft.patch {
        output.line(&format!("patch for {}", patch.path))?;
        output.block("  ", &patch.text)?;
        for (name, text) in &patch.others {
            output.line(&format!("as {name}"))?;
            output.block("  ", text)?;
        }
    }
    for comment in &draft.comments {
        output.line(&format!(
            "comment on {}, of {}",
            comment.said().place(),
            comment.version.short()
        ))?;
        output.block("  ", &comment.text)?;
    }
    for edit in &draft.edits {
        output.line(&format!("edit of {}, which was {}", edit.path, edit.base.short()))?;
        output.block("  ", &edit.text)?;
    }
    Ok(())
}

fn restore(output: &mut Output, session: &CommandContext, runs: &RunsDir, kept: &Kept) -> Result<(), CommandError> {
    let Some(discarded) = &kept.discarded else {
        let message = format!("{} was not discarded: the console offers it", kept.id);
        return Err(CommandError::new("wrong_state", message));
    };
    let operator = &session.operator.name;
    let key = &discarded.draft.key;
    let drafts = runs.load_drafts(operator)?;
    let read = drafts
        .drafts
        .iter()
        .filter_map(|(_, bytes)| serde_json::from_slice::<Draft>(bytes).ok());
    let mut draft = read
        .into_iter()
        .find(|draft| draft.key == *key)
        .unwrap_or_else(|| Draft::new(key.clone()));
    draft.take_back(&discarded.draft).map_err(|why| {
        CommandError::new("wrong_state", why).hint("send or discard that first; this one stays where it is")
    })?;
    (draft.by, draft.written_at) = (Some(operator.clone()), Some(session.now()));
    let bytes = serde_json::to_vec_pretty(&draft).unwrap_or_default();
    runs.restore(operator, &draft.file_name(), &bytes, &discarded.file_name())?;
    let message = format!("Restored {} of {key}", discarded.draft.contents());
    if output.is_json {
        return output.document(&json!({
            "message": message, "id": kept.id, "job_id": key.job_id, "stage": key.stage, "attempt": key.attempt,
        }));
    }
    output.line(&message)?;
    output.line("The console offers it when it is next started")
}
