//! Standard output: lines for people, documents for programs. The only place that writes there.
//!
//! Text that others wrote goes through [`visible_line`]; JSON escapes what a terminal would obey or
//! hide, so both are safe to look at.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use text::visible_line;

use super::global::GlobalArguments;
use super::pager;
use super::report::CommandError;

/// Standard output of one command.
pub(crate) struct Output {
    stdout: BufWriter<StdoutLock<'static>>,
    /// What a pager gets if it is long; none: nothing waits for that.
    held: Option<Vec<u8>>,
    /// Whether documents are wanted instead of lines.
    pub(crate) is_json: bool,
    /// Whether a failure is told with its causes.
    pub(crate) is_verbose: bool,
    /// Whether a person looks at it directly.
    pub(crate) is_terminal: bool,
    /// How many columns and rows the terminal has; none: it is no terminal.
    pub(crate) size: Option<(u16, u16)>,
    has_colour: bool,
    has_pager: bool,
}

/// What a line is, in colour.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Paint {
    Head,
    Added,
    Removed,
    Place,
}

impl Paint {
    /// The colours that the console has for the same.
    fn sequence(self) -> &'static [u8] {
        match self {
            Self::Head => b"\x1b[1m",
            Self::Added => b"\x1b[32m",
            Self::Removed => b"\x1b[31m",
            Self::Place => b"\x1b[36m",
        }
    }
}

impl Output {
    /// Locks standard output for this command.
    pub(crate) fn new(global: &GlobalArguments) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let size = is_terminal.then(console::terminal_size).flatten();
        Self {
            stdout: BufWriter::new(stdout.lock()),
            held: None,
            is_json: global.json,
            is_verbose: global.verbose,
            is_terminal,
            size: size.filter(|(columns, rows)| *columns > 0 && *rows > 0),
            has_colour: global.color.wants(|| is_terminal && wants_colour()),
            has_pager: is_terminal && !global.no_pager,
        }
    }

    /// From here on what is printed may be long: where it is, a terminal gets it through a pager.
    pub(crate) fn may_be_long(&mut self) {
        if self.has_pager && self.held.is_none() {
            self.held = Some(Vec::new());
        }
    }

    /// What follows has this colour; none: the terminal's own.
    pub(crate) fn paint(&mut self, paint: Option<Paint>) -> Result<(), CommandError> {
        match self.has_colour {
            true => self.raw(paint.map_or(&b"\x1b[0m"[..], Paint::sequence)),
            false => Ok(()),
        }
    }

    /// One line for a person, made safe.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), CommandError> {
        self.raw(visible_line(text).trim_end().as_bytes())?;
        self.raw(b"\n")
    }

    /// One line in this colour.
    pub(crate) fn painted(&mut self, paint: Option<Paint>, text: &str) -> Result<(), CommandError> {
        if paint.is_none() || !self.has_colour {
            return self.line(text);
        }
        self.paint(paint)?;
        self.raw(visible_line(text).trim_end().as_bytes())?;
        self.paint(None)?;
        self.raw(b"\n")
    }

    /// Text of several lines, each made safe and indented.
    pub(crate) fn block(&mut self, indent: &str, text: &str) -> Result<(), CommandError> {
        for line in text.lines() {
            self.line(&format!("{indent}{line}"))?;
        }
        Ok(())
    }

    /// Bytes as they are: what another program reads.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        match &mut self.held {
            Some(held) => held.extend_from_slice(bytes),
            None => self.stdout.write_all(bytes)?,
        }
        Ok(())
    }

    /// The one document of a command.
    pub(crate) fn document(&mut self, document: &impl Serialize) -> Result<(), CommandError> {
        self.json(document, true)
    }

    /// One line of JSON Lines, sent off at once: somebody waits for it.
    pub(crate) fn json_line(&mut self, document: &impl Serialize) -> Result<(), CommandError> {
        self.json(document, false)?;
        self.flush()
    }

    fn json(&mut self, document: &impl Serialize, is_pretty: bool) -> Result<(), CommandError> {
        self.raw(printable_json(document, is_pretty).as_bytes())?;
        self.raw(b"\n")
    }

    /// Sends off what is buffered; what may be long when the command is done.
    pub(crate) fn flush(&mut self) -> Result<(), CommandError> {
        self.stdout.flush()?;
        Ok(())
    }

    /// Sends off everything: the command is done, or has failed.
    fn finish(&mut self) -> io::Result<()> {
        if let Some(held) = self.held.take() {
            let is_shown = self.size.is_some_and(|size| is_long(&held, size)) && pager::show(&held);
            if !is_shown {
                self.stdout.write_all(&held)?;
            }
        }
        self.stdout.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // A command that was done has flushed before; whoever reads may have left.
        let _ = self.finish();
    }
}

/// Whether it takes more rows than the terminal has.
fn is_long(text: &[u8], (columns, rows): (u16, u16)) -> bool {
    let rows_of = |line: &[u8]| 1 + line.len().saturating_sub(1) / usize::from(columns);
    text.split(|byte| *byte == b'\n').map(rows_of).sum::<usize>() > usize::from(rows)
}

/// Whether the environment asks for colours.
pub(crate) fn wants_colour() -> bool {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    console::session::wants_colour(variable("NO_COLOR").as_deref(), variable("TERM").as_deref())
}

/// What waits to be told until it is known whether the command did what it was asked to; none:
/// nothing waits, all is told at once.
// With `--json` a failure is one document on standard error, and no other line may stand there.
// Whoever notes does not know the arguments.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);
/// The most lines that wait.
const HELD_MAX: usize = 100;

/// A line on standard error beside the result: what a person should know, and a program need not.
pub(crate) fn note(text: &str) {
    let line = visible_line(text).into_owned();
    match &mut *HELD.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(held) if held.len() < HELD_MAX => held.push(line),
        Some(_) => {}
        None => print_line(&line),
    }
}

/// From now on notes wait for [`tell_notes`].
pub(crate) fn hold_notes() {
    *HELD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
}

/// Tells the notes that waited: the command did what it was asked to.
pub(crate) fn tell_notes() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    held.into_iter().flatten().for_each(|line| print_line(&line));
}

fn print_line(line: &str) {
    // If stderr is closed, the line is dropped.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// JSON in which every character that a terminal would obey or hide is written as `\uXXXX`.
pub(crate) fn printable_json(document: &impl Serialize, is_pretty: bool) -> String {
    let made = if is_pretty {
        serde_json::to_string_pretty(document)
    } else {
        serde_json::to_string(document)
    };
    // Documents are made of names, numbers and text; only a map with keys that are no text could
    // fail.
    let text = made.unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
    if text.bytes().all(|byte| byte == b'\n' || (0x20..0x7f).contains(&byte)) {
        return text;
    }
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || is_printable(c) {
            printable.push(c);
        } else {
            // Such a character stands only inside a JSON text, where the escape means the same.
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                printable.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    printable
}

fn is_printable(c: char) -> bool {
    let mut bytes = [0; 4];
    let text = &*c.encode_utf8(&mut bytes);
    visible_line(text) == text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn json_means_the_same_and_steers_nothing() {
        let value = json!({"notes": "10–12 km \u{202e}evil\u{9b}2J \u{200b}\u{7f} \u{e0041}\n\t😀"});
        for is_pretty in [true, false] {
            let text = printable_json(&value, is_pretty);
            for hidden in ['\u{202e}', '\u{9b}', '\u{200b}', '\u{7f}', '\u{e0041}'] {
                assert!(!text.contains(hidden), "{hidden:?} in {text}");
            }
            assert!(text.contains("10–12 km"), "ordinary letters stay readable: {text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
