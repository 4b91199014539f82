//! What is wrong with a configuration text: where, which key, why, and what would be right.
//!
//! A problem never carries a value that might be secret: who makes one decides whether the value
//! may be shown.

use std::fmt;
use std::path::Path;

use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a problem refuses the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemLevel {
    /// The configuration is refused.
    Error,
    /// It is taken, but does less than its author may think.
    Warning,
}

/// Where something stands in the text, both counted from 1, columns in characters; 0:0 where no place is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourcePosition {
    /// The line.
    pub line: u32,
    /// The column.
    pub(crate) column: u32,
}

/// One fault or doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// error or warning.
    #[schema(value_type = String)]
    pub severity: ProblemLevel,
    /// The text.
    pub file: String,
    /// From 1; 0 where none is known.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// The key.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    #[schema(required = true)]
    pub hint: Option<String>,
}

/// Whether a configuration may be used.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Validation)]
pub struct ValidationDoc<'a> {
    /// No errors; warnings do not count.
    pub valid: bool,
    /// In one line.
    pub message: String,
    /// When it was looked at.
    #[schema(value_type = String)]
    pub timestamp: Timestamp,
    /// Every fault and doubt.
    pub problems: &'a [Problem],
}

impl Problem {
    /// A fault of the whole.
    pub fn of_whole(message: &str, hint: Option<&str>) -> Self {
        Self {
            severity: ProblemLevel::Error,
            file: String::new(),
            line: 0,
            column: 0,
            path: String::new(),
            message: message.to_owned(),
            hint: hint.map(str::to_owned),
        }
    }

    /// Whether it refuses the configuration.
    pub fn is_error(&self) -> bool {
        self.severity == ProblemLevel::Error
    }

    /// The same for a line of a screen that may be cut: `operator.yaml:12: gate: did you mean gates? (no key of this name is known here)`
    pub fn brief(&self) -> String {
        let mut parts = Vec::new();
        let name = Path::new(&self.file).file_name().map(|name| name.to_string_lossy());
        let line = if self.line > 0 {
            format!(":{}", self.line)
        } else {
            String::new()
        };
        parts.extend(name.map(|name| format!("{name}{line}")));
        parts.extend(Some(self.path.clone()).filter(|path| !path.is_empty()));
        parts.push(match &self.hint {
            Some(hint) if hint.starts_with("did you mean") => format!("{hint} ({})", self.message),
            Some(hint) => format!("{}   hint: {hint}", self.message),
            None => self.message.clone(),
        });
        parts.join(": ")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            f.write_str(&self.file)?;
            if self.line > 0 {
                write!(f, ":{}:{}", self.line, self.column)?;
            }
            f.write_str(": ")?;
        }
        if self.severity == ProblemLevel::Warning {
            f.write_str("warning: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "   hint: {hint}"),
            None => Ok(()),
        }
    }
}
