//! What the program says about itself while it works: on standard error, or in a file where the
//! screen is the console's.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::log_file::{LogFile, folder};
use text::visible_line;

use super::global::GlobalArguments;
use super::output::note;

/// Warnings and errors: for commands, whose result is what matters, and for the console.
pub(crate) const WARNINGS: &str = "warn";

/// Sends the log to the file that was named, else to standard error, from now on; `RUST_LOG` goes
/// before `level`.
pub(crate) fn to_stderr(global: &GlobalArguments, level: &str) {
    match &global.log_file {
        Some(path) => begin(level, SafeFile::new(LogFile::at(path.clone()))),
        None => begin(level, SafeStderr),
    }
}

/// Sends the log to the file that was named, else to the one of this name in the operator's own state
/// directory; `RUST_LOG` chooses what. Nowhere if there is none.
pub(crate) fn to_file(global: &GlobalArguments, name: &str) {
    if let Some(path) = &global.log_file {
        return begin(WARNINGS, SafeFile::new(LogFile::at(path.clone())));
    }
    let variable = |name: &str| std::env::var_os(name);
    let (state, home) = (variable("XDG_STATE_HOME"), variable("HOME"));
    if let Some(folder) = folder(state.as_ref().map(Path::new), home.as_ref().map(Path::new)) {
        begin(WARNINGS, SafeFile::new(LogFile::new(&folder, name)));
    }
}

fn begin(level: &str, writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_target(false)
        .with_writer(writer);
    // An error means that a subscriber is set already; that one serves as well.
    let _ = log.try_init();
}

/// Standard error behind the gate for untrusted text: messages quote notes, names and what commands
/// said.
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
        note(String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// A file behind the same gate: it is read on a terminal.
#[derive(Clone)]
struct SafeFile(Arc<Mutex<LogFile>>);

impl SafeFile {
    fn new(file: LogFile) -> Self {
        Self(Arc::new(Mutex::new(file)))
    }
}

impl<'a> MakeWriter<'a> for SafeFile {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for SafeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        // Not `lock`: a panic while a line is written is told by the same thread. Consoles share
        // the file, hence the process.
        if let Ok(mut file) = self.0.try_lock() {
            let line = format!("{} {}", std::process::id(), visible_line(text.trim_end()));
            // Nobody can be told that the log cannot be written, and nobody is to be kept from
            // working.
            let _ = file.line(&line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
