//! One of the places that people work at: a runs directory, its servers, and its line to the record.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;

use domain::ids::Digest;
use testing::database_line::DatabaseLine;

use crate::support::beside::{Beside, Stream};
use crate::support::environment::STORE_FILE;
use crate::support::random::Random;
use crate::support::run::Workspace;

/// A timed gate, a bare gate of a person, and a stage that hears what was approved.
const PIPELINE: &str = r#"
pipeline:
  max_concurrent_jobs: 4
  overdue_grace_s: 1
  stages:
    - name: script
      command: [sh, -c, 'echo $HOLDPOINT_ATTEMPT >> script.runs; mkdir -p artifacts/script; echo "attempt $HOLDPOINT_ATTEMPT" > artifacts/script/script.txt']
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
    - name: review
    - name: audio
      command: [sh, -c, 'cat artifacts/script/script.txt > audio.heard']
gates:
  script: {required: true, auto_approve: true, auto_approve_after_s: 5, max_hold_s: 20}
  review: {required: true}
"#;

/// HTTP on this port with a token of Ana's, and everything told to whoever listens at this address.
fn outside(port: u16, receiver: SocketAddr) -> String {
    let sha256 = Digest::of(b"ana-token");
    format!(
        "server: {{port: {port}}}\nsecurity:\n  rate_limiting: {{enabled: false}}\n  tokens: [{{name: ana, role: operator, sha256: {sha256}}}]\n\
         webhooks: [{{name: chat, url: 'http://{receiver}/', secret_file: webhook.secret, events: [gate_opened, gate_decided, gate_canceled, job_ended]}}]\n"
    )
}

pub struct Host {
    pub workspace: Workspace,
    /// The first one speaks HTTP.
    pub servers: Vec<Option<Beside>>,
    /// Where it does, always.
    pub address: SocketAddr,
    /// None: the record is in a file here.
    pub line: Option<DatabaseLine>,
}

impl Host {
    /// With its record in a file, and two servers.
    pub fn alone(receiver: SocketAddr) -> Self {
        Self::with(receiver, 2, None)
    }

    /// One of several that share the database of this name behind this line.
    pub fn of_several(receiver: SocketAddr, line: DatabaseLine, database: &str) -> Self {
        let address = testing::postgres::address(&[line.dir()], database);
        let host = Self::with(receiver, 1, Some(line));
        host.workspace.write(STORE_FILE, address);
        host
    }

    fn with(receiver: SocketAddr, servers: usize, line: Option<DatabaseLine>) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let workspace = Workspace::new(&format!("{PIPELINE}{}", outside(address.port(), receiver)));
        workspace.write("webhook.secret", "a secret of two parties");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(workspace.root().join("webhook.secret"), private).unwrap();
        Self {
            workspace,
            servers: (0..servers).map(|_| None).collect(),
            address,
            line,
        }
    }

    pub fn start_server(&mut self, server: usize, random: &mut Random) {
        let arguments: &[&str] = if server == 0 {
            &["serve"]
        } else {
            &["serve", "--no-http"]
        };
        let mut command = self.workspace.command(arguments);
        if random.one_in(2) {
            let (point, _) = fault::POINTS[random.below(fault::POINTS.len())];
            command.env("HOLDPOINT_CRASH_AT", point);
            // Present from time to time only: the crash takes it away.
            command.env("HOLDPOINT_FAULT_WHEN", self.workspace.root().join("armed"));
        }
        self.servers[server] = Some(Beside::of(&mut command, Stream::Neither));
    }

    /// How many had ended by themselves.
    pub fn start_who_is_gone(&mut self, random: &mut Random) -> u32 {
        let mut crashes = 0;
        for server in 0..self.servers.len() {
            let is_gone = self.servers[server].as_mut().is_none_or(|child| !child.is_there());
            if is_gone {
                crashes += u32::from(self.servers[server].is_some());
                self.start_server(server, random);
            }
        }
        crashes
    }

    /// Kills the server that speaks HTTP; how many that were.
    pub fn kill_speaker(&mut self) -> u32 {
        u32::from(self.servers[0].take().is_some())
    }

    /// Kills a server and starts it again; how many were killed.
    pub fn kill_server(&mut self, random: &mut Random) -> u32 {
        let server = random.below(self.servers.len());
        let kills = u32::from(self.servers[server].take().is_some());
        self.start_server(server, random);
        kills
    }

    /// Everything that runs here is killed, but for stages.
    pub fn falls(&mut self) {
        self.servers.fill_with(|| None);
    }

    /// One server is at work again, which nothing hinders.
    pub fn rises(&mut self) {
        if let Some(line) = &self.line {
            line.mend();
        }
        let _ = std::fs::remove_file(self.workspace.root().join("armed"));
        self.servers[0] = Some(Beside::start(&self.workspace, "serve", Stream::Neither));
    }

    /// It ends in order.
    pub fn leaves(&mut self) {
        self.servers[0].take().unwrap().leaves();
    }
}
