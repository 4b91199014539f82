//! Reads typed values out of a tree, notes every fault and goes on; it knows kinds of values, not
//! what the keys mean.
//!
//! Each reader returns None after it has noted why. Values are shown only where the caller says
//! they are no secrets.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use super::near_miss::near_miss;
use super::node::{Entry, Node, Value};
use super::problem::{Problem, Severity, SourcePosition};

/// The longest time that a configuration may ask for: ten years, in seconds.
pub(crate) const SECONDS_MAX: u64 = 10 * 365 * 24 * 3600;

/// The most problems of one severity that are told of one text; a file with more is not a
/// configuration.
const PROBLEMS_MAX: usize = 1000;

/// Whether a value may appear in a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    Value,
    KindOnly,
}

/// Where a key hangs, from the top: `gates.audio.required`, `pipeline.stages[2].name`.
#[derive(Clone)]
pub(super) struct Path(String);

impl Path {
    pub(crate) fn top() -> Self {
        Self(String::new())
    }

    pub(crate) fn key(&self, key: &str) -> Self {
        let dot = if self.0.is_empty() { "" } else { "." };
        Self(format!("{}{dot}{}", self.0, shown_key(key)))
    }

    pub(crate) fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
}

/// Collects what is wrong.
pub(super) struct ProblemCollector {
    file: String,
    problems: Vec<Problem>,
    error_count: usize,
    warning_count: usize,
}

impl ProblemCollector {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            problems: Vec::new(),
            error_count: 0,
            warning_count: 0,
        }
    }

    pub(crate) fn error(
        &mut self,
        at: SourcePosition,
        path: &Path,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.error_count += 1;
        if self.error_count > PROBLEMS_MAX {
            return;
        }
        self.note(Severity::Error, at, path, message.into(), hint.into());
    }

    pub(crate) fn warning(
        &mut self,
        at: SourcePosition,
        path: &Path,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.warning_count += 1;
        if self.warning_count > PROBLEMS_MAX {
            return;
        }
        self.note(Severity::Warning, at, path, message.into(), hint.into());
    }

    fn note(&mut self, severity: Severity, at: SourcePosition, path: &Path, message: String, hint: String) {
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        let SourcePosition { line, column } = at;
        let (file, path) = (self.file.clone(), path.0.clone());
        self.problems.push(Problem {
            severity,
            file,
            line,
            column,
            path,
            message,
            hint,
        });
    }

    /// How many errors were noted so far, told or not.
    pub(crate) fn error_count(&self) -> usize {
        self.error_count
    }

    /// Everything noted, in the order of the text; a fault in an anchor that many keys repeat is
    /// told once.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems;
        problems.sort_by_key(|problem| (problem.line, problem.column));
        let mut told = HashSet::new();
        problems.retain(|problem| told.insert((problem.line, problem.column, problem.message.clone())));
        problems
    }

    /// Notes every key that stands twice in one mapping, in the whole tree.
    pub(crate) fn refuse_equal_keys(&mut self, node: &Node, path: &Path) {
        match &node.value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.refuse_equal_keys(item, &path.item(index));
                }
            }
            Value::Map(entries) => {
                let mut first = HashMap::new();
                for entry in entries {
                    let path = path.key(&entry.key);
                    // By the text, not the place: two aliases of one key stand in one place.
                    if let Some(before) = first.insert(entry.key.as_str(), entry.key_at) {
                        let message = format!(
                            "this key stands here a second time; the first is in line {}",
                            before.line
                        );
                        self.error(entry.key_at, &path, message, "keep one of them");
                    }
                    self.refuse_equal_keys(&entry.node, &path);
                }
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
        }
    }

    /// Notes a key that nothing reads: refused, with the key that was probably meant.
    pub(crate) fn unknown_key(&mut self, entry: &Entry, path: &Path, what: &str, known: &[&str]) {
        let hint = match near_miss(&entry.key, known.iter().copied()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("the keys are {}", known.join(", ")),
        };
        self.error(
            entry.key_at,
            &path.key(&entry.key),
            format!("{what} has no key of this name"),
            hint,
        );
    }

    /// A mapping; null counts as one without keys (everything under it may be commented out).
    pub(crate) fn map<'n>(&mut self, node: &'n Node, path: &Path, show: Show) -> Option<&'n [Entry]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            Value::Null => Some(&[]),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => {
                let message = format!("{} is not a mapping", describe(node, show));
                self.error(node.at, path, message, "write its keys as indented `key: value` lines");
                None
            }
        }
    }

    pub(crate) fn boolean(&mut self, node: &Node, path: &Path) -> Option<bool> {
        self.boolean_shown(node, path, Show::Value)
    }

    /// The same in a section whose values are not told.
    pub(crate) fn boolean_unshown(&mut self, node: &Node, path: &Path) -> Option<bool> {
        self.boolean_shown(node, path, Show::KindOnly)
    }

    fn boolean_shown(&mut self, node: &Node, path: &Path, show: Show) -> Option<bool> {
        if let Value::Bool(value) = node.value {
            return Some(value);
        }
        let hint = match &node.value {
            Value::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "y" => "write true, without quotes",
                "false" | "no" | "off" | "n" => "write false, without quotes",
                _ => "write true or false",
            },
            Value::Int(1) => "write true",
            Value::Int(0) => "write false",
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => {
                "write true or false"
            }
        };
        self.error(
            node.at,
            path,
            format!("{} is not true or false", describe(node, show)),
            hint,
        );
        None
    }

    /// Whole seconds, `least` to ten years. `otherwise` is the hint where no better one is known.
    pub(crate) fn seconds(&mut self, node: &Node, path: &Path, least: u64, otherwise: &str) -> Option<u64> {
        let (message, hint) = match &node.value {
            Value::Int(value) => match u64::try_from(*value) {
                Ok(seconds) if (least..=SECONDS_MAX).contains(&seconds) => return Some(seconds),
                Ok(seconds) if seconds > SECONDS_MAX => (
                    format!("{value} seconds are more than ten years"),
                    format!("{SECONDS_MAX} is the most"),
                ),
                Ok(_) | Err(_) => (format!("{value} is not a number of seconds"), otherwise.to_owned()),
            },
            // Integers that no machine word holds arrive as floats.
            Value::Float(value) if *value > SECONDS_MAX as f64 => (
                format!("{value:e} seconds are more than ten years"),
                format!("{SECONDS_MAX} is the most"),
            ),
            Value::Float(value) => (
                format!("{value} is not a whole number of seconds"),
                if value.fract() == 0.0 && *value >= 0.0 {
                    format!("write {value:.0}")
                } else {
                    "seconds have no fraction here".to_owned()
                },
            ),
            Value::Text(text) => (
                format!("{} is not a number of seconds", describe(node, Show::Value)),
                match seconds_of(text) {
                    Some(seconds) => format!("write {seconds}, the seconds as a plain number"),
                    None => otherwise.to_owned(),
                },
            ),
            Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => (
                format!("{} is not a number of seconds", describe(node, Show::Value)),
                otherwise.to_owned(),
            ),
        };
        self.error(node.at, path, message, hint);
        None
    }

    pub(crate) fn count(&mut self, node: &Node, path: &Path, range: RangeInclusive<u32>) -> Option<u32> {
        self.count_shown(node, path, range, Show::Value)
    }

    /// The same in a section whose values are not told.
    pub(crate) fn count_unshown(&mut self, node: &Node, path: &Path, range: RangeInclusive<u32>) -> Option<u32> {
        self.count_shown(node, path, range, Show::KindOnly)
    }

    fn count_shown(&mut self, node: &Node, path: &Path, range: RangeInclusive<u32>, show: Show) -> Option<u32> {
        if let Value::Int(value) = node.value
            && let Ok(count) = u32::try_from(value)
            && range.contains(&count)
        {
            return Some(count);
        }
        let is_unshown_number = matches!(node.value, Value::Int(_)) && show == Show::KindOnly;
        let what = if is_unshown_number {
            "it".to_owned()
        } else {
            describe(node, show)
        };
        let message = format!("{what} is not a number from {} to {}", range.start(), range.end());
        self.error(node.at, path, message, "write it as a plain number");
        None
    }

    /// A text without NUL, as an argument, a path or an environment can hold it.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, path: &Path, show: Show) -> Option<&'n str> {
        let (message, hint) = match &node.value {
            Value::Text(text) if !text.contains('\0') => return Some(text),
            Value::Text(_) => ("this text has a NUL character in it".to_owned(), String::new()),
            Value::Null => (
                "null is not a text".to_owned(),
                "an empty text is written \"\"".to_owned(),
            ),
            // The number read is not the text written (1.10, 0755, 1_000), so it is not turned back
            // into one.
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => (
                format!("{} is not a text", describe(node, show)),
                "put it in quotes".to_owned(),
            ),
            Value::List(_) | Value::Map(_) => (format!("{} is not a text", describe(node, show)), String::new()),
        };
        self.error(node.at, path, message, hint);
        None
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, path: &Path, show: Show, hint: &str) -> Option<&'n [Node]> {
        if let Value::List(items) = &node.value {
            return Some(items);
        }
        self.error(node.at, path, format!("{} is not a list", describe(node, show)), hint);
        None
    }
}

/// A value as a message names it.
pub(super) fn describe(node: &Node, show: Show) -> String {
    match (&node.value, show) {
        (Value::Null, Show::Value | Show::KindOnly) => "null".to_owned(),
        (Value::List(_), Show::Value | Show::KindOnly) => "a list".to_owned(),
        (Value::Map(_), Show::Value | Show::KindOnly) => "a mapping".to_owned(),
        (Value::Bool(value), Show::Value) => value.to_string(),
        (Value::Int(value), Show::Value) => value.to_string(),
        (Value::Float(value), Show::Value) => value.to_string(),
        (Value::Text(text), Show::Value) => quoted(text),
        (Value::Bool(_), Show::KindOnly) => "true or false".to_owned(),
        (Value::Int(_) | Value::Float(_), Show::KindOnly) => "a number".to_owned(),
        (Value::Text(_), Show::KindOnly) => "a text".to_owned(),
    }
}

/// A text in quotes, cut short, with what a terminal must not get raw as escapes.
pub(super) fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{cut:?}{more}")
}

fn shown_key(key: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    let cut = key.chars().take(60);
    cut.flat_map(|c| {
        if is_plain(c) {
            Vec::from([c])
        } else {
            c.escape_debug().collect()
        }
    })
    .collect()
}

/// `30m`, `1 h`, `90`: what somebody means by it in seconds.
fn seconds_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit_s = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        _ => return None,
    };
    digits
        .parse::<u64>()
        .ok()?
        .checked_mul(unit_s)
        .filter(|seconds| *seconds <= SECONDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_in_words_becomes_the_hint_in_seconds() {
        assert_eq!(seconds_of("30m"), Some(1800));
        assert_eq!(seconds_of(" 2 Hours "), Some(7200));
        assert_eq!(seconds_of("90"), Some(90));
        for other in ["", "m", "-3", "1.5h", "30:00", "99999999999999999999", "999999d"] {
            assert_eq!(seconds_of(other), None, "{other:?}");
        }
    }

    #[test]
    fn nothing_that_moves_a_cursor_reaches_a_message() {
        assert_eq!(quoted("a\u{1b}[2J\u{202e}"), "\"a\\u{1b}[2J\\u{202e}\"");
        assert_eq!(shown_key("a\u{1b}\u{200b}b'c"), "a\\u{1b}\\u{200b}b'c");
        assert_eq!(quoted(&"x".repeat(61)), format!("\"{}\"…", "x".repeat(60)));
    }
}
