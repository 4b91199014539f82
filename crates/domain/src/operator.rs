//! Who acts, and how they came in.

use serde::{Deserialize, Serialize};

/// The front end that a command came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Surface {
    /// The terminal console.
    Console,
    /// A command.
    Cli,
    Http,
    /// A file dropped into the run directory (SPEC §8).
    File,
    Timer,
}

impl Surface {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Cli => "cli",
            Self::Http => "http",
            Self::File => "file",
            Self::Timer => "timer",
        }
    }

    /// What an operator reads.
    pub fn words(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Cli => "command line",
            Self::Http => "HTTP",
            Self::File => "dropped file",
            Self::Timer => "timer",
        }
    }
}

/// What the holder of an HTTP token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenRole {
    /// Reads.
    Viewer,
    /// Reads, starts jobs and opens gates.
    Pipeline,
    /// Everything, decisions included.
    Operator,
}

impl TokenRole {
    /// All, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Pipeline, Self::Operator];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Pipeline => "pipeline",
            Self::Operator => "operator",
        }
    }

    /// Reads the word in the configuration.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// How an act came in; kept in the record beside the name (SPEC §8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Via {
    /// The front end.
    pub surface: Surface,
    /// The login name of the process's uid.
    pub login: String,
    pub uid: u32,
    /// The machine's host name.
    pub host: String,
    /// The SSH client's address, when there is one.
    pub ssh_client: Option<String>,
    /// The process: tells two sessions of one person apart.
    pub pid: u32,
}

impl Via {
    /// How somebody came in: `root@vm, command line`, `ana@edit2, console, ssh from 10.0.0.7`.
    pub fn words(&self) -> String {
        let ssh = self.ssh_client.as_ref().map(|client| format!(", ssh from {client}"));
        let (login, host, surface) = (&self.login, &self.host, self.surface.words());
        format!("{login}@{host}, {surface}{}", ssh.unwrap_or_default())
    }
}

/// A person, as the record names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// The name: the login, or what a shared account said with `--operator`.
    pub name: String,
    /// How they came in.
    pub via: Via,
}
