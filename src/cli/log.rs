//! What the program says about itself while it works, on standard error: never to a terminal that shows the console.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::diff::text::visible_line;

/// Warnings and errors: for commands, whose result is what matters.
pub const WARNINGS: &str = "warn";

/// Sends the log to standard error from now on; `RUST_LOG` goes before `level`.
pub fn to_stderr(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_target(false)
        .with_writer(SafeStderr);
    // An error means that there is one already, which serves as well.
    let _ = log.try_init();
}

/// Standard error behind the gate for untrusted text: messages quote notes, names and what commands said.
struct SafeStderr;

impl<'a> MakeWriter<'a> for SafeStderr {
    type Writer = SafeLine;
    fn make_writer(&'a self) -> SafeLine {
        SafeLine
    }
}

struct SafeLine;

impl Write for SafeLine {
    /// The subscriber hands over whole events.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        writeln!(io::stderr().lock(), "{}", visible_line(text.trim_end()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
