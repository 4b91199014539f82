//! A value of the text with the path that leads to it, read as what its key holds; every fault is
//! noted and reading goes on.
//!
//! Each reader returns None after it has noted why. Values are shown only where their key says that
//! they are no secrets.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::node::{Entry, Node, Value};
use super::problem::{Problem, ProblemLevel, SourcePosition};
use domain::time::parse_patience_s;
use text::near_miss::near_miss;

/// The longest time that a configuration may ask for: ten years, in seconds.
pub(super) const SECONDS_MAX: u64 = 10 * 365 * 24 * 3600;

/// The most problems of one severity that are told of one text; a file with more is not a
/// configuration.
const PROBLEMS_MAX: usize = 1000;

/// Whether a value may appear in a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    Value,
    KindOnly,
}

/// Collects what is wrong.
#[derive(Default)]
pub(super) struct ProblemCollector {
    file: String,
    noted: RefCell<Noted>,
}

#[derive(Default)]
struct Noted {
    problems: Vec<Problem>,
    error_count: usize,
    warning_count: usize,
    /// Where names and paths stand that may be used once, by what they name.
    taken: HashMap<(&'static str, String), SourcePosition>,
}

impl ProblemCollector {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn note(&self, severity: ProblemLevel, at: SourcePosition, path: &str, message: String, hint: String) {
        let mut noted = self.noted.borrow_mut();
        let count = match severity {
            ProblemLevel::Error => &mut noted.error_count,
            ProblemLevel::Warning => &mut noted.warning_count,
        };
        *count += 1;
        if *count <= PROBLEMS_MAX {
            noted.problems.push(Problem {
                severity,
                file: self.file.clone(),
                line: at.line,
                column: at.column,
                path: path.to_owned(),
                message,
                hint: Some(hint).filter(|hint| !hint.is_empty()),
            });
        }
    }

    /// How many errors were noted so far, told or not.
    pub(crate) fn error_count(&self) -> usize {
        self.noted.borrow().error_count
    }

    /// Everything noted, in the order of the text; a fault in an anchor that many keys repeat is
    /// told once.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.noted.into_inner().problems;
        problems.sort_by_key(|problem| (problem.line, problem.column));
        let mut told = HashSet::new();
        problems.retain(|problem| told.insert((problem.line, problem.column, problem.message.clone())));
        problems
    }
}

/// A value in the text.
#[derive(Clone)]
pub(super) struct Field<'a> {
    collector: &'a ProblemCollector,
    /// Where it hangs, from the top: `gates.audio.required`, `pipeline.stages[2].name`.
    path: String,
    /// Its key; empty for an item of a list, and for the whole.
    pub(crate) name: &'a str,
    /// Where its key stands.
    pub(crate) key_at: SourcePosition,
    /// Where the mapping or list stands that it is in.
    above_at: SourcePosition,
    pub(crate) node: &'a Node,
    pub(crate) show: Show,
    /// How many errors were noted when reading came to it.
    errors_before: usize,
}

impl<'a> Field<'a> {
    /// The whole text.
    pub(crate) fn top(collector: &'a ProblemCollector, node: &'a Node) -> Self {
        Self {
            collector,
            path: String::new(),
            name: "",
            key_at: node.at,
            above_at: node.at,
            node,
            show: Show::KindOnly,
            errors_before: collector.error_count(),
        }
    }

    fn child(&self, path: String, name: &'a str, key_at: SourcePosition, node: &'a Node) -> Self {
        Self {
            path,
            name,
            key_at,
            above_at: self.node.at,
            node,
            errors_before: self.collector.error_count(),
            ..*self
        }
    }

    fn path_of(&self, key: &str) -> String {
        let dot = if self.path.is_empty() { "" } else { "." };
        format!("{}{dot}{}", self.path, shown_key(key))
    }

    fn entry(&self, entry: &'a Entry) -> Self {
        self.child(self.path_of(&entry.key), &entry.key, entry.key_at, &entry.node)
    }

    /// The same value in place of the one that is written.
    pub(crate) fn holding<'b>(&self, node: &'b Node) -> Field<'b>
    where
        'a: 'b,
    {
        Field { node, ..self.clone() }
    }

    /// Notes a fault of the value.
    pub(crate) fn error(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.note(ProblemLevel::Error, self.node.at, message, hint);
    }

    /// The same, where that leaves no value.
    pub(crate) fn refuse<T>(&self, message: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.error(message, hint);
        None
    }

    /// Notes a fault of a key that is missing here, or that is wrong together with others.
    pub(crate) fn error_of(&self, key: &str, message: &str, hint: &str) {
        let (at, path) = (self.node.at, self.path_of(key));
        self.collector
            .note(ProblemLevel::Error, at, &path, message.to_owned(), hint.to_owned());
    }

    /// Notes a fault of the key.
    pub(crate) fn key_error(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.note(ProblemLevel::Error, self.key_at, message, hint);
    }

    /// Notes a doubt about the value.
    pub(crate) fn warn(&self, message: &str, hint: &str) {
        self.note(ProblemLevel::Warning, self.node.at, message, hint);
    }

    /// Notes a doubt about the key.
    pub(crate) fn key_warning(&self, message: &str, hint: &str) {
        self.note(ProblemLevel::Warning, self.key_at, message, hint);
    }

    /// Notes a doubt about a key here, whether it is written or not.
    pub(crate) fn warn_of(&self, key: &str, at: SourcePosition, message: &str, hint: &str) {
        let (message, hint) = (message.to_owned(), hint.to_owned());
        self.collector
            .note(ProblemLevel::Warning, at, &self.path_of(key), message, hint);
    }

    fn note(&self, severity: ProblemLevel, at: SourcePosition, message: impl Into<String>, hint: impl Into<String>) {
        self.collector
            .note(severity, at, &self.path, message.into(), hint.into());
    }

    /// Whether no error was noted since this value was come to.
    pub(crate) fn is_sound(&self) -> bool {
        self.collector.error_count() == self.errors_before
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    /// Takes a name or a path that may be used once. Some: where it was taken before.
    pub(crate) fn taken_at(&self, what: &'static str, text: &str) -> Option<SourcePosition> {
        let mut noted = self.collector.noted.borrow_mut();
        noted.taken.insert((what, text.to_owned()), self.node.at)
    }

    /// Whether its key stood in the mapping before; that is refused as such.
    pub(crate) fn is_second(&self) -> bool {
        let key = format!("{:?} {}", self.above_at, self.path);
        self.taken_at("key", &key).is_some()
    }

    /// Notes every key that stands twice in one mapping, in the whole tree.
    pub(crate) fn refuse_equal_keys(&self) {
        match &self.node.value {
            Value::List(items) => self.each(items).for_each(|item| item.refuse_equal_keys()),
            Value::Map(entries) => {
                let mut first = HashMap::new();
                for entry in entries {
                    let field = self.entry(entry);
                    // By the text, not the place: two aliases of one key stand in one place.
                    if let Some(before) = first.insert(field.name, field.key_at) {
                        let line = before.line;
                        let message = format!("this key stands here a second time; the first is in line {line}");
                        field.key_error(message, "keep one of them");
                    }
                    field.refuse_equal_keys();
                }
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
        }
    }

    /// Notes a key that nothing reads: refused, with the key that was probably meant.
    pub(crate) fn unknown_key(&self, what: &str, known: &[&str]) {
        let hint = match near_miss(self.name, known.iter().copied()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("the keys are {}", known.join(", ")),
        };
        self.key_error(format!("{what} has no key of this name"), hint);
    }

    /// A key of the old system, or of nobody: told, not refused, unless it looks like a slip for
    /// one that counts.
    // `gate:` for `gates:` taken as unused would be a pipeline without gates.
    pub(crate) fn unused_key(&self, known: &[&str]) {
        match near_miss(self.name, known.iter().copied().filter(|known| *known != self.name)) {
            Some(meant) => self.key_error("no key of this name is known here", format!("did you mean {meant}?")),
            None => self.key_warning("unused: holdpoint does nothing with it", ""),
        }
    }

    /// The last value of a key of this mapping: the one that counts.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        self.keys().rfind(|entry| entry.name == key)
    }

    /// The keys of a mapping; null counts as one without keys (everything under it may be commented
    /// out).
    pub(crate) fn entries(&self) -> Option<impl Iterator<Item = Self>> {
        match &self.node.value {
            Value::Map(_) | Value::Null => Some(self.keys()),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => {
                let message = format!("{} is not a mapping", self.described());
                self.refuse(message, "write its keys as indented `key: value` lines")
            }
        }
    }

    /// The same of what may be none.
    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = Self> {
        let entries: &[Entry] = if let Value::Map(entries) = &self.node.value {
            entries
        } else {
            &[]
        };
        entries.iter().map(|entry| self.entry(entry))
    }

    /// The items of a list.
    pub(crate) fn items(&self, hint: &str) -> Option<impl ExactSizeIterator<Item = Self>> {
        if let Value::List(items) = &self.node.value {
            return Some(self.each(items));
        }
        self.refuse(format!("{} is not a list", self.described()), hint)
    }

    /// The items of what may be no list.
    pub(crate) fn listed(&self) -> impl ExactSizeIterator<Item = Self> {
        let items: &[Node] = if let Value::List(items) = &self.node.value {
            items
        } else {
            &[]
        };
        self.each(items)
    }

    fn each(&self, items: &'a [Node]) -> impl ExactSizeIterator<Item = Self> {
        let items = items.iter().enumerate();
        items.map(|(index, item)| self.child(format!("{}[{index}]", self.path), "", item.at, item))
    }

    pub(crate) fn switch(&self) -> Option<bool> {
        let hint = match &self.node.value {
            Value::Bool(value) => return Some(*value),
            Value::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "y" => "write true, without quotes",
                "false" | "no" | "off" | "n" => "write false, without quotes",
                _ => "write true or false",
            },
            Value::Int(1) => "write true",
            Value::Int(0) => "write false",
            Value::Null | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => "write true or false",
        };
        self.refuse(format!("{} is not true or false", self.described()), hint)
    }

    /// A length of time within these whole seconds, written as a number or as `10m`, `1h30m`.
    /// `otherwise` is the hint where no better one is known.
    pub(crate) fn seconds(&self, within: &RangeInclusive<u64>, otherwise: &str) -> Option<u64> {
        let otherwise = otherwise.to_owned();
        let (least, most) = (*within.start(), *within.end());
        let too_many = |count: &dyn Display| {
            let limit = if most == SECONDS_MAX {
                "ten years".to_owned()
            } else {
                most.to_string()
            };
            (
                format!("{count} seconds are more than {limit}"),
                format!("{most} is the most"),
            )
        };
        let (message, hint) = match &self.node.value {
            Value::Int(value) => match u64::try_from(*value) {
                Ok(seconds) if within.contains(&seconds) => return Some(seconds),
                Ok(seconds) if seconds > most => too_many(value),
                Ok(_) | Err(_) => (format!("{value} is not a number of seconds"), otherwise),
            },
            // Integers that no machine word holds arrive as floats.
            Value::Float(value) if *value > SECONDS_MAX as f64 => too_many(&format_args!("{value:e}")),
            Value::Float(value) => (
                format!("{value} is not a whole number of seconds"),
                if value.fract() == 0.0 && *value >= 0.0 {
                    format!("write {value:.0}")
                } else {
                    "seconds have no fraction here".to_owned()
                },
            ),
            Value::Text(text) => match parse_patience_s(text) {
                Ok(seconds) if within.contains(&seconds) => return Some(seconds),
                Ok(seconds) if seconds > most => too_many(&seconds),
                Ok(_) => (format!("{text} is less than {least} seconds"), otherwise),
                // It may be a secret on the wrong line.
                Err(_) if self.show == Show::KindOnly => (
                    "this is no length of time".to_owned(),
                    format!("write seconds, or 10m, 1h30m; {otherwise}"),
                ),
                Err(message) => {
                    let (message, written) = message.split_once(": ").unwrap_or((&message, ""));
                    (message.to_owned(), format!("{written}; {otherwise}"))
                }
            },
            Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => {
                (format!("{} is not a number of seconds", self.described()), otherwise)
            }
        };
        self.refuse(message, hint)
    }

    pub(crate) fn count<T: TryFrom<i128> + PartialOrd + Display>(&self, range: &RangeInclusive<T>) -> Option<T> {
        let mut what = self.described();
        if let Value::Int(value) = self.node.value {
            match T::try_from(value) {
                Ok(count) if range.contains(&count) => return Some(count),
                Ok(_) | Err(_) if self.show == Show::KindOnly => what = "it".to_owned(),
                Ok(_) | Err(_) => {}
            }
        }
        let message = format!("{what} is not a number from {} to {}", range.start(), range.end());
        self.refuse(message, "write it as a plain number")
    }

    /// A text without NUL, as an argument, a path or an environment can hold it.
    pub(crate) fn text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) if !text.contains('\0') => Some(text),
            Value::Text(_) => self.refuse("this text has a NUL character in it", ""),
            Value::Null => self.refuse("null is not a text", "an empty text is written \"\""),
            // The number read is not the text written (1.10, 0755, 1_000), so it is not turned back
            // into one.
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                self.refuse(format!("{} is not a text", self.described()), "put it in quotes")
            }
            Value::List(_) | Value::Map(_) => self.refuse(format!("{} is not a text", self.described()), ""),
        }
    }

    /// The value as a message names it.
    pub(crate) fn described(&self) -> String {
        match (&self.node.value, self.show) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_reaches_a_message() {
        assert_eq!(quoted("a\u{1b}[2J\u{202e}"), "\"a\\u{1b}[2J\\u{202e}\"");
        assert_eq!(shown_key("a\u{1b}\u{200b}b'c"), "a\\u{1b}\\u{200b}b'c");
        assert_eq!(quoted(&"x".repeat(61)), format!("\"{}\"…", "x".repeat(60)));
    }
}
