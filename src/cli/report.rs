//! The one place that reports what went wrong: exit codes (SPEC §8), the words on stderr, and their
//! JSON form.
//!
//! `Not approved: ana approved script 4 seconds ago   hint: …`: what did not happen, the fact that explains it, what to do (HOUSE §5).
//! Commands hand over a [`Failure`]; nothing else in the command line prints one.

use std::error::Error;
use std::io::{self, Write as _};

use serde_json::{Value, json};

use config::{ConfigFileError, Problem};
use domain::refusal::{ErrorCause, Refusal, RefusalCode};
use engine::EngineError;
use engine::Trouble;
use engine::client::Unread;
use patch::PatchError;
use runs::RunsError;
use store::StoreError;
use text::visible_line;

use super::output::printable_json;

/// How a command ended (SPEC §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
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
    pub(crate) fn code(self) -> u8 {
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
    pub(crate) fn of_several(not_done: &[Self]) -> Self {
        match not_done {
            [] => Self::Done,
            [first, rest @ ..] if rest.iter().all(|exit| exit == first) => *first,
            [..] => Self::Failed,
        }
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// Something to be told.
    Told(Box<ErrorReport>),
    /// Whoever read standard output has left: nothing to tell and nobody to tell it to.
    OutputGone,
    /// Ctrl-C.
    Interrupted,
}

/// What is told about a failure.
#[derive(Debug)]
pub(crate) struct ErrorReport {
    /// What did not happen, as a past participle: `approved`. None: what the command is for.
    action: Option<&'static str>,
    /// The word for programs.
    pub(crate) code: &'static str,
    /// The one fact that explains it.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// The field, path, line or gate.
    pub(crate) place: Option<String>,
    /// The number for the shell.
    pub(crate) exit: Exit,
    /// All faults of a configuration.
    pub(crate) problems: Vec<Problem>,
    /// The error that it came of.
    cause: ErrorCause,
}

/// What a command comes to.
pub(crate) type CommandResult = Result<Exit, CommandError>;

impl CommandError {
    /// Failed or refused, exit code 1.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self::Told(Box::new(ErrorReport {
            action: None,
            code,
            message: message.into(),
            hint: None,
            place: None,
            exit: Exit::Failed,
            problems: Vec::new(),
            cause: ErrorCause::default(),
        }))
    }

    /// An error of something that is told in its own words.
    pub(crate) fn of(code: &'static str, error: impl Error + Send + Sync + 'static) -> Self {
        Self::new(code, error.to_string()).because(error)
    }

    /// There is no such thing, exit code 6.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Refusal::new(RefusalCode::NotFound, message).into()
    }

    /// A patch that is not taken; `file` is what the operator called it, when its text was read
    /// from one.
    pub(crate) fn patch(file: Option<&str>, error: &PatchError) -> Self {
        let field = error.field.as_deref().filter(|field| !field.is_empty());
        // What the artifact does not offer has no line in the patch; of several replacements, the
        // field says which.
        let position = match (file, error.line, field) {
            (Some(file), Some(line), _) => Some(format!("{file}:{line}:{}", error.column.unwrap_or(1))),
            (Some(file), None, Some(field)) => Some(format!("{file}: {field}")),
            (Some(_), None, None) | (None, _, _) => None,
        };
        let message = match &position {
            Some(position) => format!("{position}: {error}"),
            None => error.to_string(),
        };
        Self::new(RefusalCode::PatchUnfit.as_str(), message).with(|told| {
            told.hint = error.hint.as_deref().map(str::to_owned);
            told.place = field.map(str::to_owned).or(position);
        })
    }

    /// Names what did not happen, unless that is known: who is nearest to it knows best, and `main`
    /// names the rest.
    #[must_use]
    pub(crate) fn not(self, action: &'static str) -> Self {
        self.with(|told| {
            told.action.get_or_insert(action);
        })
    }

    /// Adds the error that it came of.
    #[must_use]
    pub(crate) fn because(self, error: impl Error + Send + Sync + 'static) -> Self {
        self.with(|told| told.cause = ErrorCause::of(error))
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.with(|told| told.hint = Some(hint.into()))
    }

    /// Adds the place.
    #[must_use]
    pub(crate) fn at(self, place: impl Into<String>) -> Self {
        self.with(|told| told.place = Some(place.into()))
    }

    /// Changes what is told, where something is.
    #[must_use]
    pub(crate) fn with(mut self, change: impl FnOnce(&mut ErrorReport)) -> Self {
        if let Self::Told(told) = &mut self {
            change(told);
        }
        self
    }

    /// How the process ends because of it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Told(told) => told.exit,
            Self::OutputGone => Exit::Done,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// What a program is told of it, for one of several results.
    pub(crate) fn document(&self, is_verbose: bool) -> Value {
        match self {
            Self::Told(told) => told.error(is_verbose),
            Self::OutputGone | Self::Interrupted => Value::Null,
        }
    }

    /// Tells the person, or the program, and says how the process ends.
    pub(crate) fn report(self, is_json: bool, is_verbose: bool) -> Exit {
        if let Self::Told(told) = &self {
            let text = if is_json {
                told.to_json(is_verbose)
            } else {
                told.to_text(is_verbose)
            };
            // If stderr is closed too, the message is dropped.
            let _ = io::stderr().lock().write_all(text.as_bytes());
        }
        self.exit()
    }
}

impl ErrorReport {
    fn to_text(&self, is_verbose: bool) -> String {
        let hint = self
            .hint
            .as_ref()
            .map_or(String::new(), |hint| format!("   hint: {hint}"));
        let action = self.action.unwrap_or("done");
        let mut lines: Vec<_> = self.problems.iter().map(ToString::to_string).collect();
        lines.push(format!("Not {action}: {}{hint}", self.message));
        if is_verbose {
            lines.extend(self.causes().iter().map(|cause| format!("  because: {cause}")));
        }
        let visible = lines.iter().map(|line| visible_line(line) + "\n");
        visible.collect()
    }

    /// What the errors say that it came of.
    fn causes(&self) -> Vec<String> {
        self.cause.chain(&self.message)
    }

    fn error(&self, is_verbose: bool) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message, "hint": self.hint, "where": self.place });
        if !self.problems.is_empty() {
            error["problems"] = serde_json::to_value(&self.problems).unwrap_or(Value::Null);
        }
        if is_verbose {
            error["causes"] = self.causes().into();
        }
        error
    }

    fn to_json(&self, is_verbose: bool) -> String {
        let mut text = printable_json(&json!({ "error": self.error(is_verbose) }), false);
        text.push('\n');
        text
    }
}

impl From<Refusal> for CommandError {
    /// What the engine's rules say.
    fn from(refusal: Refusal) -> Self {
        let exit = match refusal.code {
            RefusalCode::AlreadyDecided => Exit::AlreadyDecided,
            RefusalCode::NotFound => Exit::NotFound,
            RefusalCode::GateCanceled
            | RefusalCode::ArtifactChanged
            | RefusalCode::ContextChanged
            | RefusalCode::PatchUnfit
            | RefusalCode::WrongState
            | RefusalCode::DeadlineMoved
            | RefusalCode::Invalid
            | RefusalCode::NotAllowed
            | RefusalCode::StillRecallable
            | RefusalCode::NotPossible
            | RefusalCode::NotNow
            | RefusalCode::NotUnderstood => Exit::Failed,
        };
        Self::new(refusal.code.as_str(), refusal.message).with(|told| {
            told.hint = refusal.hint;
            told.place = refusal.place;
            told.exit = exit;
            told.cause = refusal.cause;
        })
    }
}

impl From<ConfigFileError> for CommandError {
    fn from(error: ConfigFileError) -> Self {
        let hint = error.hint().map(str::to_owned);
        Self::of("configuration", error).with(|told| told.hint = hint)
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let hint = error.hint().map(str::to_owned);
        Self::of("runs_directory", error).with(|told| told.hint = hint)
    }
}

impl From<RunsError> for CommandError {
    fn from(error: RunsError) -> Self {
        Self::of("runs_directory", error)
    }
}

impl From<Trouble> for CommandError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(error) => error.into(),
            Trouble::Runs(error) => error.into(),
        }
    }
}

impl From<Unread> for CommandError {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Refused(refusal) => refusal.into(),
            unread @ (Unread::Rows(_) | Unread::Files(_) | Unread::Old(_)) => Self::of("not_possible", unread),
        }
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        let hint = match error {
            EngineError::Store(error) => return error.into(),
            EngineError::Runs(error) => return error.into(),
            EngineError::LostDatabase { .. } => Some(
                "where PostgreSQL has the record, name that (HOLDPOINT_STORE); else put the database back from a copy, or \
                 make it again: holdpoint doctor --rebuild; to begin anew, move the run directories away",
            ),
            EngineError::OlderDatabase { .. } => Some(
                "put the newer database back; a file that is lost is made from the record: move this one away, and holdpoint \
                 doctor --rebuild",
            ),
            EngineError::TwoDatabases { .. } => {
                Some("where the file is an old copy, move it away; else leave HOLDPOINT_STORE and storage.url out")
            }
            EngineError::ClockDiffers { .. } => Some("set the clock of this host, or of the database's (NTP)"),
            EngineError::Thread(_) => None,
        };
        Self::of("runs_directory", error).with(|told| told.hint = hint.map(str::to_owned))
    }
}

impl From<io::Error> for CommandError {
    /// Standard output could not be written: every other file error is told where it happens, with
    /// its path.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputGone
        } else {
            let message = format!("standard output cannot be written: {error}");
            Self::new("output", message).not("printed").because(error)
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
            let CommandError::Told(told) = CommandError::from(refusal).not("approved") else {
                panic!("a refusal is told")
            };
            assert_eq!(told.exit.code(), exit);
            assert_eq!(told.to_text(false), "Not approved: a fact   hint: do this\n");
            let json: Value = serde_json::from_str(&told.to_json(false)).unwrap();
            assert_eq!(
                json["error"],
                json!({"code": code.as_str(), "message": "a fact", "hint": "do this", "where": "a place"})
            );
        }
    }

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        let failure = CommandError::new("invalid", "ana\u{1b}[2J\nNot rejected: \u{202e}x");
        let CommandError::Told(told) = failure else {
            panic!("told")
        };
        let text = told.to_text(false);
        assert_eq!(text.matches('\n').count(), 1);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
        assert!(!told.to_json(false).contains('\u{202e}'));
    }

    #[test]
    fn what_it_came_of_is_told_to_who_asks_once_each() {
        let error = io::Error::from_raw_os_error(28);
        let system = error.to_string();
        let refusal = Refusal::new(RefusalCode::NotPossible, "cannot create x: no space left").because(error);
        let CommandError::Told(told) = CommandError::from(refusal.clone()).not("held").not("approved") else {
            panic!("told")
        };
        let line = "Not held: cannot create x: no space left\n";
        assert_eq!(told.to_text(false), line);
        assert_eq!(told.to_text(true), format!("{line}  because: {system}\n"));
        let error = |is_verbose| serde_json::from_str::<Value>(&told.to_json(is_verbose)).unwrap()["error"].take();
        assert_eq!(error(true)["causes"], json!([system]));
        assert_eq!(error(false).get("causes"), None);
        // A refusal is what it says, on the wire and beside another one.
        assert_eq!(refusal, Refusal::new(RefusalCode::NotPossible, refusal.message.clone()));
        // What the line before says already is no news.
        let nested = refusal.clone().because(refusal);
        assert_eq!(nested.cause.chain(&nested.message), [system]);
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let failure = CommandError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.report(false, false).code(), 0);
    }
}
