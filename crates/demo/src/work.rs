//! The hands of a stage: reading earlier artifacts, writing its own, and saying what it is doing.

use super::{Brief, DemoError, Notes, StageEnv};
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Begins the name of every file that is not finished.
const UNFINISHED: &str = ".unfinished-";

/// A stage at work.
pub(crate) struct Work<'a> {
    /// What the runner said.
    pub(crate) env: &'a StageEnv,
    /// The settled task.
    pub(crate) brief: Brief,
    /// What operators asked for in earlier attempts.
    pub(crate) notes: Notes,
    log: Log,
    written: Vec<PathBuf>,
}

/// Takes the lines that a stage says.
pub(crate) type Log = fn(&str);

impl<'a> Work<'a> {
    /// Settles the task and clears away what a killed attempt left unfinished.
    pub(crate) fn begin(env: &'a StageEnv, log: Log) -> Result<Self, DemoError> {
        let work = Work {
            env,
            brief: Brief::settle(env)?,
            notes: Notes::gather(env),
            log,
            written: Vec::new(),
        };
        let folder = env.run_dir.join("artifacts").join(&env.stage);
        std::fs::create_dir_all(&folder).map_err(DemoError::file("create", &folder))?;
        for entry in std::fs::read_dir(&folder)
            .map_err(DemoError::file("read", &folder))?
            .flatten()
        {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                std::fs::remove_file(entry.path()).map_err(DemoError::file("remove", &entry.path()))?;
            }
        }
        work.say(&format!(
            "{} – attempt {} of {}",
            work.brief.film.title, env.attempt, env.stage
        ));
        for note in &work.notes.texts {
            work.say(&format!("note to work on: {note}"));
        }
        if let Some(kind) = env
            .patch
            .as_ref()
            .and_then(|patch| patch.get("type"))
            .and_then(Value::as_str)
        {
            work.say(&format!("the last attempt was rejected with a {kind} patch"));
        }
        Ok(work)
    }

    /// Says what is being done.
    pub(crate) fn say(&self, line: &str) {
        (self.log)(line);
    }

    /// Announces a step and takes the time that such a step would take.
    pub(crate) fn step(&self, line: &str, seconds: f64) {
        self.say(line);
        wait(seconds * self.brief.pace);
    }

    /// The text of an artifact, by its path under the run directory.
    pub(crate) fn read_text(&self, path: &str) -> Result<String, DemoError> {
        let bytes = self.read_bytes(path)?;
        String::from_utf8(bytes).map_err(|_| DemoError::artifact(path, "not UTF-8 text"))
    }

    /// The JSON document in an artifact.
    pub(crate) fn read_json(&self, path: &str) -> Result<Value, DemoError> {
        serde_json::from_str(&self.read_text(path)?).map_err(|error| DemoError::artifact(path, error.to_string()))
    }

    /// The bytes of an artifact.
    pub(crate) fn read_bytes(&self, path: &str) -> Result<Vec<u8>, DemoError> {
        let full = self.env.run_dir.join(path);
        std::fs::read(&full).map_err(DemoError::file("read", &full))
    }

    /// Writes `artifacts/<stage>/<name>` whole or not at all.
    pub(crate) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), DemoError> {
        let path = Path::new("artifacts").join(&self.env.stage).join(name);
        let full = self.env.run_dir.join(&path);
        let folder = full.parent().unwrap_or(&self.env.run_dir);
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(folder)
            .map_err(DemoError::file("create a file in", folder))?;
        file.write_all(bytes)
            .and_then(|()| file.as_file().sync_all())
            .map_err(DemoError::file("write", &full))?;
        file.persist(&full)
            .map_err(|error| DemoError::file("write", &full)(error.error))?;
        self.say(&format!("wrote {} ({} bytes)", path.display(), bytes.len()));
        self.written.push(path);
        Ok(())
    }

    /// Writes a JSON document with two-space indent and no final newline, as the tools upstream do.
    pub(crate) fn write_json(&mut self, name: &str, document: &Value) -> Result<(), DemoError> {
        self.write(name, format!("{document:#}").as_bytes())
    }

    /// Paths written, under the run directory.
    pub(crate) fn finish(self) -> Vec<PathBuf> {
        self.written
    }
}

/// Prints a line for the log pane at once.
pub(crate) fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    // A log that nobody takes is no reason to stop working.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The one place that waits for time: a demo stage stands in for minutes of work, and an operator
/// should see it run.
#[allow(
    clippy::disallowed_methods,
    reason = "the waiting is the behaviour; it happens in a child process and never in the console"
)]
fn wait(seconds: f64) {
    if seconds > 0.0 && seconds.is_finite() {
        std::thread::sleep(Duration::from_secs_f64(seconds.min(120.0)));
    }
}
