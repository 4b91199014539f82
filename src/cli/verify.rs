//! `holdpoint decisions verify` and `head`: the record against itself, and the note to keep
//! elsewhere.

use domain::chain::ChainHead;
use domain::operator::Surface;
use engine::audit::{Scope, audit};

use super::audit_report;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandResult, Exit};
use super::resolve::CommandContext;

/// Walks the chain and compares rows with files; changes nothing, opens nothing for writing.
pub(crate) fn verify(global: &GlobalArguments, output: &mut Output, scope: Scope) -> CommandResult {
    let session = CommandContext::here(global, Surface::Cli)?;
    let (runs, reader) = session.look()?;
    let report = audit(&runs, &reader, scope, &mut audit_report::teller(output.is_json));
    audit_report::print(output, &report)
}

/// Prints the newest decision's number and hash.
pub(crate) fn head(global: &GlobalArguments, output: &mut Output) -> CommandResult {
    let session = CommandContext::here(global, Surface::Cli)?;
    let (_, reader) = session.look()?;
    let head = reader.chain_head()?;
    match (head, output.is_json) {
        (head, true) => output.document(&head)?,
        (Some(head), false) => output.line(&head.to_string())?,
        (None, false) => super::output::note("Nothing was decided yet"),
    }
    Ok(Exit::Done)
}

/// What clap says of a note that is none.
pub(crate) fn noted_head(text: &str) -> Result<ChainHead, String> {
    text.parse()
}
