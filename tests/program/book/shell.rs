//! A bash that runs one command after the other, as somebody types them.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::http::examples::command;
use crate::support::pty::patience;
use crate::support::run::Workspace;

/// Ends what a command says: no program here prints it.
const END: &str = "\u{1e}";

pub(super) struct Shell {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    home: String,
}

/// What a command said on both streams, and how it ended.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) status: i32,
}

impl Shell {
    pub(super) fn start(workspace: &Workspace) -> Self {
        let mut bash = command(workspace, "bash", &["--norc"]);
        bash.env("CHECKOUT", super::ROOT).env("TERM", "dumb");
        bash.stdin(Stdio::piped()).stderr(Stdio::null());
        let mut child = bash.process_group(0).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = sync_channel(1_000);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let input = child.stdin.take().unwrap();
        Self {
            child,
            input,
            lines,
            home: workspace.root().display().to_string(),
        }
    }

    pub(super) fn run(&mut self, text: &str) -> Said {
        let end = format!("__status=$?; printf '\\n{END}%s\\n' \"$__status\"; (exit \"$__status\")");
        // A bash that has ended says so by its silence.
        let _ = writeln!(self.input, "{{ {text}\n}} </dev/null 2>&1\n{end}");
        let mut said = String::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(patience()) else {
                self.end();
                return Said {
                    text: format!("{said}(bash ended, or waited too long)"),
                    status: -1,
                };
            };
            if let Some(status) = line.strip_prefix(END) {
                let text = said.trim_end_matches('\n').replace(&self.home, "/home/ana");
                let text = if text.is_empty() { text } else { text + "\n" };
                return Said {
                    text,
                    status: status.parse().unwrap(),
                };
            }
            said.push_str(&line);
            said.push('\n');
        }
    }
}

impl Shell {
    /// Ends bash and all that the page left running.
    fn end(&mut self) {
        let group = Pid::from_raw(self.child.id().try_into().unwrap());
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.end();
    }
}
