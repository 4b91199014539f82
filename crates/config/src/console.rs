//! The section `console`: what a console offers to whoever sits at it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::console_keys::{self, ConsoleKeys};
use super::keys::{Holds, Rules, keys};
use super::kinds::{By, Switch, Word, mapping};
use super::reader::Field;
use super::theme::ThemeSection;
use domain::filter::GateFilter;
use text::visible_line;

/// A digit writes one: there are nine.
const REASONS_MAX: usize = 9;
/// More does not stand on a line of the question.
const REASON_BYTES_MAX: usize = 200;

/// What a last call can do to a terminal.
const ATTENTION: [&str; 3] = ["bell", "title", "notify"];

/// Which time of day a console shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ShownTime {
    #[default]
    Utc,
    /// That of the machine that the console runs on.
    Local,
    /// UTC first.
    Both,
}

fn shown_time(word: &str) -> Option<ShownTime> {
    match word {
        "utc" => Some(ShownTime::Utc),
        "local" => Some(ShownTime::Local),
        "both" => Some(ShownTime::Both),
        _ => None,
    }
}

keys! {
    /// What a console offers.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ConsoleSection [] {
        /// Reasons of a rejection, at most 9 of at most 200 bytes each: in the question that r opens, a digit writes one.
        #[since("0.2.0")]
        pub reasons: Arc<Vec<String>> = Arc::default() => By(Holds::Texts, reasons);
        /// Whether open gates with the same change stand in one row of the queue (×12): l opens it, and K switches that.
        #[since("0.2.0")]
        pub groups: bool = true => Switch;
        /// Filters of the queue by letters or digits, each in the words of `gate list --filter`: ' and the letter show what the filter takes.
        #[since("0.2.0")]
        pub views: Arc<BTreeMap<char, GateFilter>> = Arc::default() => By(Holds::TextByName, views);
        /// Whether JSON, YAML, SQL, Markdown, shell and Rust have colours in the unchanged lines of a diff, and in new files; a console takes it when it starts, and a line that carries frames slowly has none.
        #[since("0.2.0")]
        pub syntax: bool = true => Switch;
        /// What a last call does beside its strip, of bell, title and notify (OSC 9 and 777). While your own editor has the terminal only the bell rings; the others come afterwards.
        #[since("0.2.0")]
        pub attention: Arc<Vec<String>> = Arc::new(ATTENTION.map(str::to_owned).to_vec()) => By(Holds::Texts, attention);
        /// Keys that are bound anew, as `place: {action: key}` or `place: {action: [key, key]}`, over a set of keys (`preset: default` or `emacs`); `holdpoint config keys` lists places and actions. A console takes them when it starts. Enter, Esc and Ctrl-c mean the same everywhere.
        #[since("0.2.0")]
        pub keys: Arc<ConsoleKeys> = Arc::default() => By(Holds::KeysByPlace, console_keys::read);
        /// Which time of day a console shows: utc (`14:03Z`), local (`16:03`, of the machine that the console runs on: TZ, else /etc/localtime) or both. Where it is local, the clock in the header says how far that is from UTC. What the rules say and what is recorded stays in UTC, with its Z. A console takes it when it starts.
        #[since("0.2.0")]
        pub time: ShownTime = ShownTime::Utc => Word(&["utc", "local", "both"], shown_time, "a time of day", "write utc, local or both");
        /// Which colour what has.
        #[since("0.2.0")]
        pub theme: ThemeSection = ThemeSection::default() => mapping::<ThemeSection>();
        /// Whether the wheel scrolls and a click selects; a click never decides. While it is so, a terminal selects text with Shift held down (Option in iTerm2); false leaves the mouse to the terminal. What the rules say and what is recorded stays in UTC, with its Z. A console takes it when it starts. it is the same over SSH, where each click is a few bytes.
        #[since("0.2.0")]
        pub mouse: bool = true => Switch;
    }
}

impl Rules for ConsoleSection {}

fn reasons(field: &Field<'_>) -> Option<Vec<String>> {
    let hint = "write them as [\"wrong cut\", \"too loud\"]";
    let items: Vec<_> = field.items(hint)?.collect();
    if items.len() > REASONS_MAX {
        let message = format!("{} reasons are too many: a digit writes one", items.len());
        return field.refuse(message, format!("keep the {REASONS_MAX} that are used most"));
    }
    let mut read: Vec<String> = Vec::new();
    for item in items {
        let Some(text) = item.text() else {
            continue;
        };
        let fault = if text.trim().is_empty() {
            "an empty text is no reason"
        } else if visible_line(text) != text || text.trim() != text {
            "a reason is one line of visible text, without blanks around it"
        } else if text.len() > REASON_BYTES_MAX {
            "a reason is at most 200 bytes long"
        } else if read.iter().any(|known| known == text) {
            "this reason stands in the list already"
        } else {
            read.push(text.to_owned());
            continue;
        };
        item.refuse::<()>(fault, "write the words that the record is to have");
    }
    Some(read)
}

fn views(field: &Field<'_>) -> Option<BTreeMap<char, GateFilter>> {
    let mut views = BTreeMap::new();
    for entry in field.entries()? {
        let mut letters = entry.name.chars();
        let key = letters.next().filter(|key| key.is_ascii_alphanumeric());
        let Some(key) = key.filter(|_| letters.next().is_none()) else {
            entry.key_error("a view is called by one letter or digit", "write u: \"unseen\"");
            continue;
        };
        match entry.text().map(GateFilter::parse) {
            Some(Ok(filter)) if filter.is_empty() => {
                entry.error("an empty filter hides nothing", "write u: \"unseen\"")
            }
            Some(Ok(filter)) => {
                views.insert(key, filter);
            }
            Some(Err(fault)) => entry.error(fault.fault(), fault.hint),
            None => {}
        }
    }
    Some(views)
}

fn attention(field: &Field<'_>) -> Option<Vec<String>> {
    let hint = format!("write some of {}; [] for none", ATTENTION.join(", "));
    let mut read: Vec<String> = Vec::new();
    for item in field.items(&hint)? {
        let Some(text) = item.text() else { continue };
        if !ATTENTION.contains(&text) {
            item.error("a console knows no such attention", hint.clone());
        } else if read.iter().any(|known| known == text) {
            item.error("it stands here twice", "keep one of them");
        } else {
            read.push(text.to_owned());
        }
    }
    Some(read)
}
