//! Who acts, and how they came in.

use serde::{Deserialize, Serialize};

words! {
    /// The front end that a command came through.
    pub enum Surface {
        /// The terminal console.
        Console = "console",
        /// A command.
        Cli = "cli",
        Http = "http",
        /// A file dropped into the run directory (SPEC §8).
        File = "file",
        Timer = "timer",
    }
}

impl Surface {
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

read_words! {
    /// What the holder of an HTTP token may do.
    #[derive(PartialOrd, Ord)]
    pub enum TokenRole {
        /// Reads.
        Viewer = "viewer",
        /// Reads, starts jobs and opens gates.
        Pipeline = "pipeline",
        /// Everything, decisions included.
        Operator = "operator",
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
    /// The address that a request came from, where the process serves another machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Whether the name is what a trusted proxy said, which sent the request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_proxy: bool,
    /// The process: tells two sessions of one person apart.
    pub pid: u32,
}

impl Via {
    /// How somebody came in: `root@vm, command line`, `ana@edit2, console, ssh from 10.0.0.7`.
    pub fn words(&self) -> String {
        let ssh = self.ssh_client.as_ref().map(|client| format!(", ssh from {client}"));
        let how = if self.by_proxy { "named by the proxy at" } else { "from" };
        let peer = self.peer.as_ref().map(|peer| format!(", {how} {peer}"));
        let (login, host, surface) = (&self.login, &self.host, self.surface.words());
        let from = ssh.unwrap_or_default() + &peer.unwrap_or_default();
        format!("{login}@{host}, {surface}{from}")
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
