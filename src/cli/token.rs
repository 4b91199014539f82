//! `holdpoint token`: makes what opens HTTP. Writes nothing: the token is shown once, its digest is
//! what the configuration keeps.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use serde::Serialize;

use config::token_name_fault;
use domain::ids::Digest;
use domain::operator::TokenRole;

use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};

/// What a token begins with, so that a leaked one is known for what it is.
const PREFIX: &str = "holdpoint_";
/// Bytes of chance in a token.
const RANDOM_BYTES: usize = 32;

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it once, with the line for security.tokens; nothing is written
    #[command(after_help = NEW_HELP)]
    New {
        /// Who decides with it: the name in the record
        name: String,
        /// viewer reads; pipeline also starts jobs and opens gates; operator does everything
        #[arg(long, value_parser = role, value_name = "ROLE")]
        role: TokenRole,
    },
}

const NEW_HELP: &str = "\
Examples:
  holdpoint token new ana --role operator
  holdpoint token new nightly --role pipeline --json

Paste the line under security: tokens: in conf/operator.yaml; a running holdpoint
takes it up when the file is saved. Hand the token itself to its holder: it cannot
be shown again. To take a token away, delete its line.";

fn role(text: &str) -> Result<TokenRole, String> {
    TokenRole::parse(text).ok_or_else(|| {
        let known: Vec<_> = TokenRole::ALL.iter().map(|role| role.as_str()).collect();
        format!("the roles are {}", known.join(", "))
    })
}

#[derive(Serialize)]
struct TokenDoc<'a> {
    name: &'a str,
    role: TokenRole,
    token: &'a str,
    sha256: Digest,
    /// The line for `security.tokens`.
    line: &'a str,
}

/// Runs one of these commands.
pub(crate) fn run(global: &GlobalArguments, command: &TokenCommand) -> CommandResult {
    let TokenCommand::New { name, role } = command;
    if let Some(fault) = token_name_fault(name) {
        return Err(CommandError::new("invalid", fault).at("NAME"));
    }
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random)
        .map_err(|error| CommandError::new("not_possible", format!("no random bytes: {error}")).because(error))?;
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let sha256 = Digest::of(token.as_bytes());
    let shown_name = serde_json::to_string(name).unwrap_or_default();
    let line = format!(
        "- {{name: {shown_name}, role: {}, sha256: \"{sha256}\"}}",
        role.as_str()
    );
    let mut output = Output::new(global);
    if output.is_json {
        output.document(&TokenDoc {
            name,
            role: *role,
            token: &token,
            sha256,
            line: &line,
        })?;
    } else {
        output.line(&format!("The token of {name}, shown this once:"))?;
        output.line(&format!("  {token}"))?;
        output.line("The line for conf/operator.yaml, under security: tokens:")?;
        output.line(&format!("  {line}"))?;
    }
    output.flush()?;
    Ok(Exit::Done)
}
