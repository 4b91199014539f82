//! `holdpoint token`: makes what opens HTTP. Writes nothing: the token is shown once, its digest is
//! what the configuration keeps.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use serde::Serialize;

use clock::{Clock as _, SystemClock};
use config::token_name_fault;
use domain::ids::{Digest, StageName};
use domain::operator::TokenRole;
use domain::time::{Timestamp, clock_time, parse_date, parse_span_s};

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
        /// When it ceases to open anything: 2027-01-01 (its beginning in UTC), 2027-01-01T08:00:00Z, or in how long: 90d, 12h
        #[arg(long, value_parser = end, value_name = "TIME")]
        expires: Option<Timestamp>,
        /// Limit it to gates of these stages, with commas between them; reading is not limited
        #[arg(long, value_parser = StageName::new, value_name = "STAGES", value_delimiter = ',')]
        stages: Vec<StageName>,
    },
}

const NEW_HELP: &str = "\
Examples:
  holdpoint token new ana --role operator
  holdpoint token new nightly --role pipeline --json
  holdpoint token new lea --role operator --expires 90d --stages script,audio

Paste the line under security: tokens: in conf/operator.yaml; a running holdpoint
takes it up when the file is saved. Hand the token itself to its holder: it cannot
be shown again. To take a token away, delete its line.";

fn role(text: &str) -> Result<TokenRole, String> {
    TokenRole::parse(text).ok_or_else(|| {
        let known: Vec<_> = TokenRole::ALL.iter().map(|role| role.as_str()).collect();
        format!("the roles are {}", known.join(", "))
    })
}

/// When a token is to end. One that has ended is a slip.
fn end(text: &str) -> Result<Timestamp, String> {
    let now = SystemClock.now().utc;
    let wrong = || format!("{text:?} is no time: write 2027-01-01, 2027-01-01T08:00:00Z, or in how long: 90d, 12h");
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let end = match (parse_date(text), days) {
        (Some(at), _) => at,
        (None, Some(days)) => now.plus_s(u64::from(days) * 86_400),
        (None, None) => now.plus_s(parse_span_s(text).map_err(|_| wrong())?),
    };
    match end > now {
        true => Ok(end),
        false => Err(format!("{} has passed", clock_time(end))),
    }
}

#[derive(Serialize)]
struct TokenDoc<'a> {
    name: &'a str,
    role: TokenRole,
    /// When it ceases to open anything; null: never.
    expires: Option<Timestamp>,
    /// The stages that it is limited to; null: all.
    stages: Option<&'a [StageName]>,
    token: &'a str,
    sha256: Digest,
    /// The line for `security.tokens`.
    line: &'a str,
}

/// Runs one of these commands.
pub(crate) fn run(global: &GlobalArguments, command: &TokenCommand) -> CommandResult {
    let TokenCommand::New {
        name,
        role,
        expires,
        stages,
    } = command;
    if *role == TokenRole::Viewer && !stages.is_empty() {
        let message = "a viewer changes nothing, so there is nothing to limit";
        return Err(CommandError::new("invalid", message)
            .hint("leave --stages out, or make it an operator's")
            .at("--stages"));
    }
    if let Some(fault) = token_name_fault(name) {
        return Err(CommandError::new("invalid", fault).at("NAME"));
    }
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random)
        .map_err(|error| CommandError::new("not_possible", format!("no random bytes: {error}")).because(error))?;
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let sha256 = Digest::of(token.as_bytes());
    let shown_name = serde_json::to_string(name).unwrap_or_default();
    let end = expires.map(|at| format!(", expires: \"{}\"", clock_time(at).replace(' ', "T")));
    let names: Vec<_> = stages.iter().map(StageName::as_str).collect();
    let limit = (!names.is_empty()).then(|| format!(", stages: [{}]", names.join(", ")));
    let more = end.unwrap_or_default() + &limit.unwrap_or_default();
    let line = format!("- {{name: {shown_name}, role: {role}, sha256: \"{sha256}\"{more}}}");
    let mut output = Output::new(global);
    if output.is_json {
        output.document(&TokenDoc {
            name,
            role: *role,
            expires: *expires,
            stages: (!stages.is_empty()).then_some(stages),
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
