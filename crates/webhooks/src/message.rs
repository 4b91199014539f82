//! What a person is told in a chat or on a phone, before it is put into the shape of a service.

use domain::context::Severity;
use domain::time::Timestamp;
use text::visible_line;

/// The most characters of one fact: what is longer is for the console.
const FACT_CHARS_MAX: usize = 600;
/// The most characters of a title.
const TITLE_CHARS_MAX: usize = 140;

/// How much it wants of the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Somebody is to decide.
    Decide(Severity),
    /// The same, and there is little time.
    Hurry(Severity),
    /// Something failed: somebody is to look.
    Look,
    /// It is over, and it went well.
    Good,
    /// It is over.
    Over,
}

/// A message, with nothing in it that a terminal or a reader would not see as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub call: Call,
    /// One line.
    pub title: String,
    /// Names and what is told under them: lines at most so long.
    pub facts: Vec<(&'static str, String)>,
    /// Commands that may be pasted.
    pub commands: Vec<String>,
    /// Where more is to be read.
    pub link: Option<String>,
    /// The same for all messages that one gate or job leads to.
    pub about: String,
    /// Where it comes from: the server's address, or holdpoint.
    pub source: String,
    /// The job, and the stage where there is one.
    pub job: String,
    pub stage: Option<String>,
    pub at: Timestamp,
}

impl Message {
    /// A message about this, as yet without facts.
    pub fn new(call: Call, title: &str, about: String, at: Timestamp) -> Self {
        Self {
            call,
            title: cut(&visible_line(title), TITLE_CHARS_MAX),
            facts: Vec::new(),
            commands: Vec::new(),
            link: None,
            about,
            source: "holdpoint".to_owned(),
            job: String::new(),
            stage: None,
            at,
        }
    }

    /// Tells this too, unless it is empty.
    pub fn fact(&mut self, name: &'static str, text: &str) {
        let lines: Vec<_> = text.trim().lines().map(visible_line).collect();
        let text = lines.join("\n");
        if !text.is_empty() {
            self.facts.push((name, cut(&text, FACT_CHARS_MAX)));
        }
    }

    /// Facts and commands as plain lines.
    pub(crate) fn plain(&self) -> String {
        let facts = self.facts.iter().map(|(name, text)| format!("{name}: {text}"));
        facts
            .chain(self.commands.iter().cloned())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// At most so many characters; where some are left out, the last is `…`.
pub(crate) fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(chars.saturating_sub(1)).collect();
            kept + "…"
        }
    }
}

/// The same by bytes.
pub(crate) fn cut_bytes(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes.saturating_sub("…".len()));
    format!("{}…", text.get(..end).unwrap_or_default())
}
