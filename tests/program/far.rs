//! A holdpoint that works with another one: the command line and the console over `--server`.

mod commands;
mod console;

use crate::support::client::Served;
use crate::support::run::Workspace;

/// A machine of somebody else: a directory without a runs directory, and a token.
pub struct Elsewhere {
    pub machine: Workspace,
    server: String,
    token: String,
}

impl Elsewhere {
    pub fn of(served: &Served, token: &str) -> Self {
        let machine = Workspace::without_configuration();
        Self {
            machine,
            server: format!("http://{}", served.address),
            token: token.to_owned(),
        }
    }

    pub fn variables(&self) -> [(&str, &str); 2] {
        [("HOLDPOINT_SERVER", &self.server), ("HOLDPOINT_TOKEN", &self.token)]
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
