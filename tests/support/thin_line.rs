//! A line as it is between two places: so slow, so long, and every byte on it counted
//! (`tools/thin_line.py`, for root).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The line, gone when dropped.
pub struct ThinLine {
    tool: Child,
    asks: Option<ChildStdin>,
    tells: BufReader<ChildStdout>,
    /// The namespace at its far end.
    pub namespace: String,
    /// The address of its near end.
    pub near: String,
}

/// Bytes of IP packets that have gone over a line.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    /// From the far end.
    pub up: u64,
    pub down: u64,
}

impl ThinLine {
    /// 64 kbit/s, 75 ms each way; none, and said so, where there is no root, Python, `ip` or network
    /// namespace.
    pub fn new() -> Option<Self> {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/thin_line.py");
        let mut tool = Command::new(&tool)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (asks, tells) = (tool.stdin.take(), tool.stdout.take().expect("it was asked for"));
        let mut line = Self {
            tool,
            asks,
            tells: BufReader::new(tells),
            namespace: String::new(),
            near: String::new(),
        };
        let told = line.told();
        let mut words = told.split_whitespace().map(str::to_owned);
        line.namespace = words.next()?;
        line.near = words.next().expect("the tool names the near end");
        Some(line)
    }

    fn told(&mut self) -> String {
        let mut told = String::new();
        self.tells.read_line(&mut told).expect("the tool tells text");
        told
    }

    /// What has gone over it until now.
    pub fn carried(&mut self) -> Carried {
        let asks = self.asks.as_mut().expect("it stands until it is dropped");
        asks.write_all(b"\n").expect("the tool is there");
        let told = self.told();
        let mut counts = told
            .split_whitespace()
            .map(|count| count.parse().expect("a count of bytes"));
        let mut next = || counts.next().expect("two counts");
        Carried {
            up: next(),
            down: next(),
        }
    }
}

impl Drop for ThinLine {
    fn drop(&mut self) {
        // The end of what it is asked is the end of the line.
        drop(self.asks.take());
        let _ = self.tool.wait();
    }
}
