//! The one front door for what went wrong: exit codes (SPEC §8), the words on stderr, and their JSON form.
//!
//! `Not approved: ana approved script 4 seconds ago   hint: …`: what did not happen, the fact that explains it, what to do (HOUSE §5).
//! Commands hand over a [`Failure`]; nothing else in the command line prints one.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use config::Problem;
use domain::refusal::{Refusal, RefusalCode};
use engine::EngineError;
use patch::PatchError;
use runs::RunsError;
use store::StoreError;
use text::visible_line;

use super::output::printable_json;

/// How a command ended (SPEC §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; for `wait` and `open --wait`: approved.
    Done,
    /// Failed, refused or canceled; a check with findings.
    Failed,
    /// The command line itself is wrong.
    Usage,
    /// Rejected (`wait`, `open --wait`).
    Rejected,
    /// Still open at the time-out.
    StillOpen,
    /// Someone was quicker.
    AlreadyDecided,
    /// No such job, stage or gate.
    NotFound,
    /// Ended by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Rejected => 3,
            Self::StillOpen => 4,
            Self::AlreadyDecided => 5,
            Self::NotFound => 6,
            Self::Interrupted => 130,
        }
    }

    /// Of several results: where all that were not done have one code, that one.
    pub fn of_several(not_done: &[Self]) -> Self {
        match not_done {
            [] => Self::Done,
            [first, rest @ ..] if rest.iter().all(|exit| exit == first) => *first,
            [..] => Self::Failed,
        }
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// Something to be told.
    Told(Box<Told>),
    /// Whoever read standard output has left: nothing to tell and nobody to tell it to.
    OutputGone,
    /// Ctrl-C.
    Interrupted,
}

/// What is told about a failure.
#[derive(Debug)]
pub struct Told {
    /// What did not happen, as a past participle: `approved`.
    pub deed: &'static str,
    /// The word for programs.
    pub code: &'static str,
    /// The one fact that explains it.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The field, path, line or gate.
    pub place: Option<String>,
    /// The number for the shell.
    pub exit: Exit,
    /// All faults of a configuration.
    pub problems: Vec<Problem>,
}

/// What a command comes to.
pub type Outcome = Result<Exit, Failure>;

impl Failure {
    /// Failed or refused, exit code 1.
    pub fn new(deed: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self::Told(Box::new(Told {
            deed,
            code,
            message: message.into(),
            hint: None,
            place: None,
            exit: Exit::Failed,
            problems: Vec::new(),
        }))
    }

    /// There is no such thing, exit code 6.
    pub fn not_found(deed: &'static str, message: impl Into<String>) -> Self {
        Self::new(deed, RefusalCode::NotFound.as_str(), message).with(|told| told.exit = Exit::NotFound)
    }

    /// What the engine's rules say.
    pub fn refused(deed: &'static str, refusal: Refusal) -> Self {
        let exit = match refusal.code {
            RefusalCode::AlreadyDecided => Exit::AlreadyDecided,
            RefusalCode::NotFound => Exit::NotFound,
            RefusalCode::GateCanceled
            | RefusalCode::ArtifactChanged
            | RefusalCode::PatchUnfit
            | RefusalCode::WrongState
            | RefusalCode::DeadlineMoved
            | RefusalCode::Invalid
            | RefusalCode::NotAllowed
            | RefusalCode::NotPossible => Exit::Failed,
        };
        Self::new(deed, refusal.code.as_str(), refusal.message).with(|told| {
            told.hint = refusal.hint;
            told.place = refusal.place;
            told.exit = exit;
        })
    }

    /// A patch that is not taken; `file` is what the operator called it, when its text was read from one.
    pub fn patch(deed: &'static str, file: Option<&str>, error: &PatchError) -> Self {
        let position = match (file, error.line) {
            (Some(file), Some(line)) => Some(format!("{file}:{line}:{}", error.column.unwrap_or(1))),
            (Some(_), None) | (None, _) => None,
        };
        let message = match &position {
            Some(position) => format!("{position}: {error}"),
            None => error.to_string(),
        };
        Self::new(deed, RefusalCode::PatchUnfit.as_str(), message).with(|told| {
            told.hint = error.hint.as_deref().map(str::to_owned);
            told.place = error
                .field
                .as_deref()
                .filter(|field| !field.is_empty())
                .map(str::to_owned)
                .or(position);
        })
    }

    /// The database could not be read.
    pub fn store(deed: &'static str, error: &StoreError) -> Self {
        let failure = Self::new(deed, "runs_directory", error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// A file under the runs directory could not be read or written.
    pub fn runs(deed: &'static str, error: &RunsError) -> Self {
        Self::new(deed, "runs_directory", error.to_string())
    }

    /// The runs directory could not be opened.
    pub fn engine(deed: &'static str, error: &EngineError) -> Self {
        match error {
            EngineError::Store(store) => Self::store(deed, store),
            EngineError::Runs(runs) => Self::runs(deed, runs),
            EngineError::LostDatabase { .. } => Self::new(deed, "runs_directory", error.to_string()).hint(
                "put the database back from a copy, or make it again: holdpoint doctor --rebuild; to begin anew, move the run \
                 directories away",
            ),
            EngineError::OlderDatabase { .. } => Self::new(deed, "runs_directory", error.to_string()).hint(
                "put the newer database back; where it is lost, move this one away and make it from the record: holdpoint doctor \
                 --rebuild",
            ),
            EngineError::Thread(_) => Self::new(deed, "runs_directory", error.to_string()),
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.with(|told| told.hint = Some(hint.into()))
    }

    /// Adds the place.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        self.with(|told| told.place = Some(place.into()))
    }

    /// Changes what is told, where something is.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Told)) -> Self {
        if let Self::Told(told) = &mut self {
            change(told);
        }
        self
    }

    /// How the process ends because of it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Told(told) => told.exit,
            Self::OutputGone => Exit::Done,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// What a program is told of it, for one of several results.
    pub fn document(&self) -> Value {
        match self {
            Self::Told(told) => told.error(),
            Self::OutputGone | Self::Interrupted => Value::Null,
        }
    }

    /// Tells the person, or the program, and says how the process ends.
    pub fn report(self, is_json: bool) -> Exit {
        if let Self::Told(told) = &self {
            let text = if is_json { told.to_json() } else { told.to_text() };
            // When even stderr is gone there is nobody left to tell.
            let _ = io::stderr().lock().write_all(text.as_bytes());
        }
        self.exit()
    }
}

impl Told {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            text.push_str(&visible_line(&problem.to_string()));
            text.push('\n');
        }
        let hint = self
            .hint
            .as_ref()
            .map_or(String::new(), |hint| format!("   hint: {hint}"));
        let line = format!("Not {}: {}{hint}", self.deed, self.message);
        text.push_str(&visible_line(&line));
        text.push('\n');
        text
    }

    fn error(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message, "hint": self.hint, "where": self.place });
        if !self.problems.is_empty() {
            error["problems"] = serde_json::to_value(&self.problems).unwrap_or(Value::Null);
        }
        error
    }

    fn to_json(&self) -> String {
        let mut text = printable_json(&json!({ "error": self.error() }), false);
        text.push('\n');
        text
    }
}

impl From<io::Error> for Failure {
    /// Standard output could not be written: every other file error is told where it happens, with its path.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputGone
        } else {
            Self::new(
                "printed",
                "output",
                format!("standard output cannot be written: {error}"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_words_and_gets_its_exit_code() {
        for (code, exit) in [
            (RefusalCode::AlreadyDecided, 5),
            (RefusalCode::GateCanceled, 1),
            (RefusalCode::NotFound, 6),
            (RefusalCode::PatchUnfit, 1),
        ] {
            let refusal = Refusal::new(code, "a fact").with_hint("do this").at("a place");
            let Failure::Told(told) = Failure::refused("approved", refusal) else {
                panic!("a refusal is told")
            };
            assert_eq!(told.exit.code(), exit);
            assert_eq!(told.to_text(), "Not approved: a fact   hint: do this\n");
            let json: Value = serde_json::from_str(&told.to_json()).unwrap();
            assert_eq!(
                json["error"],
                json!({"code": code.as_str(), "message": "a fact", "hint": "do this", "where": "a place"})
            );
        }
    }

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        let failure = Failure::new("approved", "invalid", "ana\u{1b}[2J\nNot rejected: \u{202e}x");
        let Failure::Told(told) = failure else { panic!("told") };
        let text = told.to_text();
        assert_eq!(text.matches('\n').count(), 1);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
        assert!(!told.to_json().contains('\u{202e}'));
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.report(false).code(), 0);
    }
}
