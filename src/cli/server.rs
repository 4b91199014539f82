//! The holdpoint on another machine that a command works with: its address, and what opens it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use config::Config;
use domain::operator::Surface;
use engine::far::{FarEngine, FarSettings};
use remote::{Address, AddressFault, Line, LineSettings};

use super::global::GlobalArguments;
use super::report::CommandError;
use super::token_source::TokenSource;
use crate::log_file;

/// How long a command waits for a line that is lost; a console, and what follows, until it is back.
const PATIENCE: Duration = Duration::from_secs(60);

/// Names the server; goes after `--server` and a context.
pub(crate) const SERVER_VARIABLE: &str = "HOLDPOINT_SERVER";

/// A server that was named.
pub(crate) struct Server {
    address: Address,
}

impl Server {
    /// The one that the arguments or the environment name; none: this machine's runs directory is
    /// meant.
    pub(crate) fn named(global: &GlobalArguments) -> Result<Option<Self>, CommandError> {
        let from_environment = || std::env::var(SERVER_VARIABLE).ok().filter(|_| global.runs.is_none());
        let named = global.server.clone().or_else(from_environment);
        let Some(url) = named.filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        if global.operator.is_some() {
            return Err(
                CommandError::new("operator", "on another machine you are who your token says")
                    .hint("leave --operator out")
                    .at("--operator"),
            );
        }
        let may_be_clear = std::env::var_os("HOLDPOINT_ALLOW_HTTP").is_some_and(|value| value == "1");
        let address = Address::parse(&url, may_be_clear).map_err(|fault| {
            let hint = match &fault {
                AddressFault::InTheClear(_) => {
                    "use https://, or a tunnel (ssh -L 8420:127.0.0.1:8420 HOST); in a network that you trust: HOLDPOINT_ALLOW_HTTP=1"
                }
                AddressFault::Unreadable(_) => "holdpoint --server https://holdpoint.example gate list",
            };
            CommandError::new("server", fault.to_string()).hint(hint).at("--server")
        })?;
        Ok(Some(Self { address }))
    }

    /// Its address, for people.
    pub(crate) fn shown(&self) -> String {
        self.address.to_string()
    }

    /// That something is done beside the runs directory alone.
    pub(crate) fn refuse_elsewhere(&self) -> CommandError {
        let message = format!(
            "this works on the machine that has the runs directory, not over {}",
            self.address
        );
        CommandError::new("not_possible", message).hint("log in there, or leave the server out (--server, HOLDPOINT_SERVER, a context); --runs DIR means this machine")
    }

    /// Asks it who we are to it.
    pub(crate) async fn open(
        self,
        global: &GlobalArguments,
        surface: Surface,
        config: Config,
    ) -> Result<FarEngine, CommandError> {
        let authority = global
            .authority
            .as_deref()
            .map(|path| read(path, "--authority"))
            .transpose()?;
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let folder = log_file::folder(variable("XDG_STATE_HOME").as_deref(), variable("HOME").as_deref());
        let folder = folder.ok_or_else(|| {
            CommandError::new("not_possible", "there is no place for what you type: HOME is not set")
                .hint("set HOME, or XDG_STATE_HOME")
        })?;
        let desk = folder.join("servers").join(self.address.to_string().replace('/', "%"));
        let line = LineSettings {
            address: self.address,
            token: Arc::new(token_source(global)),
            authority,
            session: format!("{} {}", std::process::id(), uuid()),
        };
        let line = Line::new(line).await?;
        let patience = (surface != Surface::Console && !global.is_patient).then_some(PATIENCE);
        let settings = FarSettings {
            line,
            surface,
            config,
            patience,
            desk,
        };
        Ok(FarEngine::open(settings).await?)
    }
}

/// Sixteen random digits: two processes of one number on two machines are two sessions.
fn uuid() -> String {
    let mut bytes = [0; 8];
    // Where there is no randomness, the number of the process has to do.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn token_source(global: &GlobalArguments) -> TokenSource {
    let of_context = global.token_source.clone();
    let named = of_context.or_else(|| global.token_file.clone().map(TokenSource::File));
    named.unwrap_or(TokenSource::Environment)
}

fn read(path: &Path, place: &str) -> Result<Vec<u8>, CommandError> {
    std::fs::read(path).map_err(|error| {
        let message = format!("cannot read {}: {error}", path.display());
        CommandError::new("not_found", message).at(place)
    })
}
