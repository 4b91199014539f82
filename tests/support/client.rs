//! A server at work and a client that hides nothing: plain sockets, one request a connection.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use domain::ids::Digest;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::pty::patience;
use crate::support::run::Workspace;

/// A gate that a person decides, one with a long timer, one with a short one.
pub const GATES: &str =
    "gates:\n  outline: {}\n  script: {auto_approve: true, auto_approve_after_s: 3600, unseen: approve}\n";
/// No limits, any port, three tokens: `ana-token`, `pipe-token`, `view-token`.
pub fn configuration(more: &str) -> String {
    let sha256 = |name: &str| Digest::of(format!("{name}-token").as_bytes());
    format!(
        "{GATES}server: {{port: 0}}\nsecurity:\n  rate_limiting: {{enabled: false}}\n  tokens:\n    - {{name: ana, role: operator, sha256: {}}}\n    \
         - {{name: pipe, role: pipeline, sha256: {}}}\n    - {{name: view, role: viewer, sha256: {}}}\n{more}",
        sha256("ana"),
        sha256("pipe"),
        sha256("view"),
    )
}

/// A workspace with this in its configuration too, a server on it, and its operator as a client.
pub fn serving(more: &str) -> (Workspace, Served, Client) {
    serving_on(Workspace::new(&configuration(more)))
}

/// The same on a workspace that is there.
pub fn serving_on(workspace: Workspace) -> (Workspace, Served, Client) {
    let served = Served::start(&workspace);
    let ana = served.ana();
    (workspace, served, ana)
}

/// `holdpoint serve`, killed when dropped.
pub struct Served {
    child: Child,
    pub address: SocketAddr,
    /// What it says on standard error, a line each.
    lines: Receiver<String>,
}

impl Served {
    pub fn start(workspace: &Workspace) -> Self {
        Self::start_with(workspace, &[])
    }

    pub fn start_with(workspace: &Workspace, environment: &[(&str, &str)]) -> Self {
        let mut child = workspace
            .command(&["serve"])
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = sync_channel(10_000);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.try_send(line);
            }
        });
        let mut served = Self {
            child,
            address: ([127, 0, 0, 1], 0).into(),
            lines,
        };
        let line = served.until("HTTP on http://");
        served.address = line.rsplit("http://").next().unwrap().trim().parse().unwrap();
        served
    }

    /// Waits for a line on standard error.
    pub fn until(&self, part: &str) -> String {
        let mut said = String::new();
        loop {
            match self.lines.recv_timeout(patience()) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => writeln!(said, "{line}").unwrap(),
                Err(error) => panic!("{part:?} was not said ({error}):\n{said}"),
            }
        }
    }

    pub fn as_(&self, token: &str) -> Client {
        Client {
            address: self.address,
            token: Some(token.to_owned()),
        }
    }

    pub fn ana(&self) -> Client {
        self.as_("ana-token")
    }

    pub fn pipe(&self) -> Client {
        self.as_("pipe-token")
    }

    pub fn view(&self) -> Client {
        self.as_("view-token")
    }

    pub fn nobody(&self) -> Client {
        Client {
            address: self.address,
            token: None,
        }
    }

    /// The memory that it has in use.
    pub fn resident_bytes(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kibibytes: usize = line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
        kibibytes * 1024
    }

    /// The same at this port, from now on.
    pub fn on_port(workspace: &Workspace, port: u16) -> Self {
        let text = workspace.read("conf/operator.yaml");
        workspace.write(
            "conf/operator.yaml",
            text.replace("server: {port: 0}", &format!("server: {{port: {port}}}")),
        );
        Self::start(workspace)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Asks it to end, and it has ended well.
    #[track_caller]
    pub fn leaves(self) {
        self.terminate();
        assert_eq!(self.ended(), Some(0));
    }

    /// Waits for its end; the exit code.
    pub fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub token: Option<String>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    #[track_caller]
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {} {text}", self.status))
    }

    /// The document, with the status that was to be.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[], body.to_string().as_bytes())
    }

    /// Does this to a job.
    pub fn act(&self, job: &str, deed: &str, body: &Value) -> Reply {
        self.post(&format!("/api/v1/jobs/{job}/{deed}"), body)
    }

    /// Approves the gate that a job waits at.
    #[track_caller]
    pub fn approve(&self, job: &str) -> Value {
        self.act(job, "approve", &serde_json::json!({})).expect(200)
    }

    /// What a job is, or what lies below it.
    #[track_caller]
    pub fn job(&self, id: &str, rest: &str) -> Value {
        self.get(&format!("/api/v1/jobs/{id}{rest}")).expect(200)
    }

    /// The events of a job as they happen.
    pub fn follow_job(&self, id: &str) -> Follow {
        self.follow(&format!("/api/v1/jobs/{id}/events/stream"), &[])
    }

    /// A job's id, started in the plain way.
    #[track_caller]
    pub fn start_job(&self, slug: &str) -> String {
        let job = self
            .post("/api/v1/jobs", &serde_json::json!({"slug": slug, "intent": "a test"}))
            .expect(201);
        job["id"].as_str().unwrap().to_owned()
    }

    /// Waits until every file of what was done is on disk: that follows the answer.
    pub fn until_on_disk(&self) {
        let is_owing =
            |metrics: Reply| !String::from_utf8_lossy(&metrics.body).contains("\nholdpoint_jobs_owing_files 0\n");
        while is_owing(self.get("/metrics")) {}
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.try_send(method, path, headers, body).unwrap()
    }

    pub fn try_send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<Reply> {
        let mut stream = self.open(method, path, headers, body)?;
        let mut reader = BufReader::new(&mut stream);
        let (status, headers) = head(&mut reader)?;
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        reader.read_to_end(&mut reply.body)?;
        Ok(reply)
    }

    /// Sends a request and leaves the answer to be read.
    pub fn open(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(patience()))?;
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: holdpoint\r\nConnection: close\r\n");
        if let Some(token) = &self.token {
            write!(text, "Authorization: Bearer {token}\r\n").unwrap();
        }
        for (name, value) in headers {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        write!(text, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(body);
        // A server that refuses early may close before it has read all of it; its answer counts.
        let _ = stream.write_all(&bytes);
        Ok(stream)
    }

    /// A stream of events.
    pub fn follow(&self, path: &str, headers: &[(&str, &str)]) -> Follow {
        Follow::new(self.open("GET", path, headers, b"").unwrap())
    }
}

fn head(reader: &mut impl BufRead) -> std::io::Result<(u16, Vec<(String, String)>)> {
    let (first, headers) = first_and_headers(reader)?;
    Ok((first.split(' ').nth(1).unwrap().parse().unwrap(), headers))
}

/// The first line of a request or an answer, and its headers with their names in small letters.
pub fn first_and_headers(reader: &mut impl BufRead) -> std::io::Result<(String, Vec<(String, String)>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let first = lines.remove(0);
    let headers = lines.iter().map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    Ok((first, headers.collect()))
}

/// A stream of events as it is read.
pub struct Follow {
    reader: Box<dyn BufRead>,
}

impl Follow {
    /// Reads an answer from its first byte.
    #[track_caller]
    pub fn new(stream: impl Read + 'static) -> Self {
        let mut reader = Box::new(BufReader::new(stream));
        let (status, headers) = head(&mut reader).unwrap();
        assert_eq!(status, 200, "{headers:?}");
        let kind = headers.iter().find(|(name, _)| name == "content-type");
        assert_eq!(kind.map(|(_, value)| value.as_str()), Some("text/event-stream"));
        Self { reader }
    }

    /// The next event: its id, where it has one, and its data. None: the stream has ended.
    pub fn next(&mut self) -> Option<(Option<u64>, Value)> {
        let (mut id, mut data) = (None, String::new());
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(text) = line.strip_prefix("id: ") {
                id = Some(text.parse().unwrap());
            } else if let Some(text) = line.strip_prefix("data: ") {
                data.push_str(text);
            } else if line.is_empty() && !data.is_empty() {
                return Some((id, serde_json::from_str(&data).unwrap()));
            }
            // The rest are the sizes of chunks.
        }
    }

    /// Reads until an event of this type.
    #[track_caller]
    pub fn until(&mut self, kind: &str) -> (Option<u64>, Value) {
        loop {
            let (id, event) = self.next().unwrap_or_else(|| panic!("the stream ended before {kind}"));
            if event["type"] == kind {
                return (id, event);
            }
        }
    }
}
