//! A holdpoint that works with another one: the command line and the console over `--server`.

mod commands;
mod console;
mod contexts;
mod drafts;
mod hour;
mod limits;
mod lost;
mod proxy;
mod rights;
mod thin;
mod tls;
mod unsent;
mod versions;

use std::net::SocketAddr;
use std::time::Duration;

use crate::console::desk::Desk;
use crate::support::client::Served;
use crate::support::pty::{PtyOptions, Waiting, patience};
use crate::support::run::Workspace;

/// Waits until something is so that no process tells of.
#[track_caller]
pub fn until(is_met: impl Fn() -> bool) {
    let began = Waiting::begun();
    while !is_met() {
        assert!(!began.has_lasted(patience()), "patience ran out");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// A machine of somebody else: a directory without a runs directory, and a token.
pub struct Elsewhere {
    pub machine: Workspace,
    server: String,
    token: String,
}

impl Elsewhere {
    pub fn of(served: &Served, token: &str) -> Self {
        Self::at(served.address, token)
    }

    /// One that knows the server by this address.
    pub fn at(address: SocketAddr, token: &str) -> Self {
        Self::on(Workspace::without_configuration(), format!("http://{address}"), token)
    }

    /// A machine with something on it.
    pub fn on(machine: Workspace, server: String, token: &str) -> Self {
        let token = token.to_owned();
        Self { machine, server, token }
    }

    pub fn variables(&self) -> [(&str, &str); 2] {
        [("HOLDPOINT_SERVER", &self.server), ("HOLDPOINT_TOKEN", &self.token)]
    }

    /// A console there.
    pub fn desk(&self) -> Desk {
        self.desk_with(&[])
    }

    /// The same, started with these arguments.
    pub fn desk_with(&self, args: &[&str]) -> Desk {
        let mut options = PtyOptions::new(self.machine.root()).args(args.iter().copied());
        for (name, value) in self.variables() {
            options = options.env(name, value);
        }
        Desk::spawn(options)
    }

    /// What a command prints there, and how it ends.
    #[track_caller]
    pub fn run(&self, args: &str, code: i32) -> (String, String) {
        let output = self.machine.under(&self.variables(), args);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (told, said) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{args}\n{told}{said}");
        (told, said)
    }
}
