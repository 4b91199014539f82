//! The file of contexts: what to work with, by name. A server with what opens it, or a runs
//! directory of this machine.
//!
//! [`Contexts::load`] is a pure function of the text; paths are as they are written. A token does
//! not stand here, only where it comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keys::{Group, Holds, Rules, Section as _, keys};
use super::kinds::{By, OrNull, Text};
use super::node;
use super::problem::{Problem, ProblemLevel};
use super::reader::{Field, ProblemCollector, Show};

keys! {
    /// What to work with, by name.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Contexts [] {
        /// The one that counts where nothing else is named; null: this directory's own runs directory does.
        pub default: Option<String> = None => OrNull(Text(plain));
        /// All of them.
        pub contexts: Arc<BTreeMap<String, Place>> = Arc::default() => By(Holds::ByStage(Group::of::<Place>()), places);
    }
}

keys! {
    /// A server, or a runs directory of this machine.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Place [] {
        /// The address of the server: https://HOST.
        pub server: Option<String> = None => OrNull(Text(plain));
        /// The file with its token.
        pub token_file: Option<String> = None => OrNull(Text(plain));
        /// A program and its arguments, whose first line is the token.
        pub token_command: Option<Vec<String>> = None => By(Holds::OrNull(Box::new(Holds::Texts)), command);
        /// A PEM file of certificates to trust too.
        pub authority: Option<String> = None => OrNull(Text(plain));
        /// A runs directory of this machine.
        pub runs: Option<String> = None => OrNull(Text(plain));
        /// The configuration that goes with it.
        pub config: Option<String> = None => OrNull(Text(plain));
    }
}

impl Contexts {
    /// Reads a text that messages call `origin`. Refused: every fault, in the order of the text.
    pub fn load(text: &str, origin: &str) -> Result<Self, Vec<Problem>> {
        let collector = ProblemCollector::new(origin);
        let contexts = match node::parse(text) {
            Ok(root) => {
                let file = Field::top(&collector, &root);
                file.refuse_equal_keys();
                Self::read(&file).unwrap_or_default()
            }
            Err(error) => {
                let hint = error.hint.unwrap_or_default();
                collector.note(ProblemLevel::Error, error.at, "", error.message, hint);
                Self::default()
            }
        };
        match collector.error_count() {
            0 => Ok(contexts),
            _ => Err(collector.into_problems()),
        }
    }
}

impl Rules for Contexts {
    fn unknown(entry: &Field<'_>) {
        entry.unknown_key("the file of contexts", &Self::names());
    }

    fn check(&mut self, file: &Field<'_>) {
        let is_known = |name: &String| self.contexts.contains_key(name);
        if let Some(default) = file.get("default")
            && !self.default.as_ref().is_none_or(is_known)
        {
            let names: Vec<_> = self.contexts.keys().map(String::as_str).collect();
            default.error(
                "there is no context of this name",
                format!("the contexts are {}", names.join(", ")),
            );
        }
    }
}

impl Rules for Place {
    fn unknown(entry: &Field<'_>) {
        entry.unknown_key("a context", &Self::names());
    }

    fn check(&mut self, place: &Field<'_>) {
        if !place.is_sound() {
            return;
        }
        let (is_server, is_here) = (self.server.is_some(), self.runs.is_some());
        let (is_file, is_command) = (self.token_file.is_some(), self.token_command.is_some());
        let fault = if is_server == is_here {
            Some((
                "a context is a server, or a runs directory of this machine",
                "write server: https://HOST with token_file or token_command, or runs: DIR with config",
            ))
        } else if is_here && (is_file || is_command || self.authority.is_some()) {
            let hint = "leave token_file, token_command and authority out";
            Some(("a runs directory of this machine needs no token", hint))
        } else if is_server && self.config.is_some() {
            Some(("a server goes by its own configuration", "leave config out"))
        } else if is_server && is_file == is_command {
            let hint = "write one of them: token_file: FILE, or token_command: [PROGRAM, …]";
            Some(("a token comes from a file or from a command", hint))
        } else {
            None
        };
        if let Some((message, hint)) = fault {
            place.error(message, hint);
        }
    }
}

fn places(section: &Field<'_>) -> Option<BTreeMap<String, Place>> {
    let named = section.entries()?.filter_map(|mut entry| {
        entry.show = Show::Value;
        let name = entry.name.to_owned();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 50 || !name.chars().all(is_name) {
            entry.key_error(
                "this cannot be the name of a context",
                "1 to 50 letters, digits, - _ and .",
            );
        }
        Some((name, Place::read(&entry)?))
    });
    Some(named.collect())
}

fn plain(field: &Field<'_>, text: &str) -> Option<String> {
    match text.trim().is_empty() {
        true => field.refuse("an empty text names nothing", "leave the key out"),
        false => Some(text.to_owned()),
    }
}

fn command(field: &Field<'_>) -> Option<Option<Vec<String>>> {
    if field.is_null() {
        return Some(None);
    }
    let hint = "write the program and its arguments as [pass, show, holdpoint]: no shell reads them";
    let words: Vec<_> = field
        .items(hint)?
        .filter_map(|item| Some(item.text()?.to_owned()))
        .collect();
    match words.is_empty() {
        true => field.refuse("an empty list names no program", hint),
        false => Some(Some(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let problems = Contexts::load(text, "c.yaml").err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_context_is_a_server_or_a_runs_directory_and_faults_have_their_lines() {
        let good = "default: here\ncontexts:\n  prod: {server: https://h, token_command: [pass, show, h]}\n  here: {runs: /srv/runs}\n";
        let read = Contexts::load(good, "c.yaml").unwrap();
        assert_eq!(read.default.as_deref(), Some("here"));
        assert_eq!(read.contexts["prod"].token_command.as_deref().unwrap().len(), 3);
        assert_eq!(Contexts::load("", "c.yaml"), Ok(Contexts::default()));
        for (text, fault) in [
            (
                "default: prd\ncontexts: {prod: {runs: a}}",
                "c.yaml:1:10: default: there is no context of this name",
            ),
            (
                "contexts: {a: {}}",
                "c.yaml:1:15: contexts.a: a context is a server, or a runs directory",
            ),
            (
                "contexts: {a: {server: x, runs: y}}",
                "a context is a server, or a runs directory",
            ),
            (
                "contexts: {a: {server: x}}",
                "a token comes from a file or from a command",
            ),
            (
                "contexts: {a: {server: x, token_file: f, token_command: [c]}}",
                "from a file or from a command",
            ),
            (
                "contexts: {a: {server: x, token_command: pass}}",
                "is not a list   hint: write the program and its arguments",
            ),
            (
                "contexts: {a: {server: x, token: t}}",
                "a context has no key of this name",
            ),
            ("contexts: {a: {runs: x, authority: f}}", "needs no token"),
            (
                "contexts: {a: {server: x, token_file: f, config: g}}",
                "a server goes by its own configuration",
            ),
            ("contexts: {'a b': {runs: x}}", "this cannot be the name of a context"),
            ("context: {}", "did you mean contexts?"),
        ] {
            let told = told(text).join("\n");
            assert!(told.contains(fault), "{text}\n{told}");
        }
    }
}
