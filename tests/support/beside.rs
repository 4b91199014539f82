//! A holdpoint that runs beside the test: waited for by what it prints, never by time.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use serde_json::Value;

use crate::support::run::{Words, Workspace};

/// Which of its streams is read.
#[derive(Clone, Copy, PartialEq)]
pub enum Stream {
    Stdout,
    Stderr,
    Neither,
}

/// The process; killed when dropped.
pub struct Beside {
    child: Child,
    lines: BufReader<Box<dyn Read>>,
}

impl Beside {
    /// Starts it.
    pub fn start(workspace: &Workspace, args: &(impl Words + ?Sized), stream: Stream) -> Self {
        Self::of(&mut workspace.command(&args.words()), stream)
    }

    /// Starts this command.
    pub fn of(command: &mut Command, stream: Stream) -> Self {
        let piped = |is_read: bool| if is_read { Stdio::piped() } else { Stdio::null() };
        let command = command.stdin(Stdio::null()).stdout(piped(stream == Stream::Stdout));
        let mut child = command
            .stderr(piped(stream == Stream::Stderr))
            .spawn()
            .expect("holdpoint starts");
        let read: Box<dyn Read> = match stream {
            Stream::Stdout => Box::new(child.stdout.take().expect("stdout is a pipe")),
            Stream::Stderr => Box::new(child.stderr.take().expect("stderr is a pipe")),
            Stream::Neither => Box::new(std::io::empty()),
        };
        let lines = BufReader::new(read);
        Self { child, lines }
    }

    /// `serve --no-http` with these variables, heard by nobody.
    pub fn serving(workspace: &Workspace, variables: &[(&str, &str)]) -> Self {
        let mut command = workspace.command(&["serve", "--no-http"]);
        Self::of(command.envs(variables.iter().copied()), Stream::Neither)
    }

    /// `serve --no-http`, once it leads.
    pub fn leader(workspace: &Workspace) -> Self {
        let mut serve = Self::start(workspace, "serve --no-http", Stream::Stderr);
        serve.line_with("this process leads");
        serve
    }

    /// The next line; none at its end.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let bytes = self.lines.read_line(&mut line).expect("its output can be read");
        (bytes > 0).then_some(line)
    }

    /// The next line that holds this text.
    #[track_caller]
    pub fn line_with(&mut self, text: &str) -> String {
        let mut seen = String::new();
        while let Some(line) = self.line() {
            if line.contains(text) {
                return line;
            }
            seen.push_str(&line);
        }
        panic!("it ended without {text:?}; it said:\n{seen}")
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("it is there");
    }

    /// What it still says, and how it ends.
    pub fn finish(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("its output can be read");
        (self.child.wait().expect("it ends"), rest)
    }

    /// The one document that it prints, and it ends with `code`.
    #[track_caller]
    pub fn document(self, code: i32) -> Value {
        let (status, told) = self.finish();
        assert_eq!(status.code(), Some(code), "{told}");
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("no document ({error}): {told}"))
    }

    /// Whether it has not ended.
    pub fn is_there(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_none()
    }

    /// Waits for its end.
    pub fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// Is asked to end, as by an administrator: what it owes is written first.
    pub fn leaves(self) -> (ExitStatus, String) {
        self.signal(Signal::SIGTERM);
        self.finish()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a job and waits until its first gate is open; the id.
pub fn job_at_gate(workspace: &Workspace, args: &[&str]) -> String {
    let started = workspace.ok(&[&["job", "start"], args].concat());
    let id = started.trim().to_owned();
    wait_for(workspace, &id, "gate_opened", 0);
    id
}

/// Waits until a job's log has an event of this type after `since`; its number.
pub fn wait_for(workspace: &Workspace, id: &str, kind: &str, since: u64) -> u64 {
    let since = since.to_string();
    let args = ["events", id, "--follow", "--json", "--since", &since];
    let mut events = Beside::start(workspace, &args, Stream::Stdout);
    let line = events.line_with(&format!("\"type\":\"{kind}\""));
    let event: Value = serde_json::from_str(&line).expect("events are JSON Lines");
    event["seq"].as_u64().expect("events are numbered")
}
