//! A page as this test reads it: its fenced blocks and what is to be done with each.

use std::ops::Range;
use std::path::Path;

use super::{ROOT, likeness};

pub(super) struct Page {
    pub(super) blocks: Vec<Block>,
    /// Blocks that nobody knows what to do with: line, and why.
    pub(super) faults: Vec<(usize, String)>,
}

pub(super) struct Block {
    /// What stands between the fences, by the numbers of its lines from 0.
    pub(super) lines: Range<usize>,
    pub(super) deed: Deed,
}

pub(super) enum Deed {
    Run(Vec<Command>),
    /// A command that has a terminal from now on.
    Open(String),
    Look {
        keys: Vec<String>,
        shown: String,
    },
    /// The program in the terminal is left.
    Leave,
    /// A file that the reader writes.
    Write(String, String),
    /// A part of a configuration.
    Check(String),
    Nothing,
}

pub(super) struct Command {
    pub(super) text: String,
    /// What it prints; none: whatever it likes.
    pub(super) expected: Option<String>,
    /// Where that stands on the page.
    pub(super) printed: Range<usize>,
}

impl Command {
    pub(super) fn is_like(&self, said: &str) -> bool {
        self.expected
            .as_ref()
            .is_none_or(|wanted| likeness::is_like(wanted, said))
    }
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let (mut blocks, mut faults) = (Vec::new(), Vec::new());
        let mut at = 0;
        while at < lines.len() {
            if lines[at] == "<!-- leave -->" {
                blocks.push(Block {
                    lines: at..at,
                    deed: Deed::Leave,
                });
            }
            let (info, end) = match (lines[at].strip_prefix("```"), lines[at].strip_prefix("<!-- set-up")) {
                (Some(info), _) => (info, "```"),
                (None, Some(_)) => ("set-up", "-->"),
                (None, None) => {
                    at += 1;
                    continue;
                }
            };
            let length = lines[at + 1..].iter().take_while(|line| **line != end).count();
            let inner = at + 1..at + 1 + length;
            match deed(info, &lines, inner.clone()) {
                Ok(deed) => blocks.push(Block {
                    lines: inner.clone(),
                    deed,
                }),
                Err(fault) => faults.push((at + 1, fault)),
            }
            at = inner.end + 1;
        }
        Self { blocks, faults }
    }
}

fn deed(info: &str, lines: &[&str], inner: Range<usize>) -> Result<Deed, String> {
    let text = || lines[inner.clone()].join("\n");
    let (language, told) = info.split_once(',').unwrap_or((info, ""));
    match (language, told.split_once('=').unwrap_or((told, ""))) {
        ("", _) => Err("no language behind the fence".to_owned()),
        (_, ("not-run", "")) => Err("not-run=… says why".to_owned()),
        (_, ("not-run", _)) => Ok(Deed::Nothing),
        (_, ("run-by", test)) => std::fs::read_to_string(Path::new(ROOT).join(test))
            .map(|_| Deed::Nothing)
            .map_err(|_| format!("there is no {test}")),
        (_, ("file", name)) => Ok(Deed::Write(name.to_owned(), text() + "\n")),
        ("console" | "set-up", ("", _)) => commands(lines, inner, language == "set-up").map(Deed::Run),
        ("console", ("terminal", _)) => {
            let command = text();
            let command = command
                .strip_prefix("$ ")
                .filter(|command| command.starts_with("holdpoint"));
            command
                .map(|command| Deed::Open(command.trim().to_owned()))
                .ok_or("not `$ holdpoint …`".to_owned())
        }
        ("screen", ("" | "keys", keys)) => Ok(Deed::Look {
            keys: keys
                .split('+')
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect(),
            shown: text(),
        }),
        ("yaml", ("", _)) => Ok(Deed::Check(text() + "\n")),
        ("sh" | "bash" | "shell", ("", _)) => Err("commands are console, or say run-by=… or not-run=…".to_owned()),
        ("text" | "json" | "nginx" | "python" | "rust" | "toml" | "ini" | "sql" | "diff", ("", _)) => {
            if text()
                .lines()
                .any(|line| line.starts_with("$ ") || line.starts_with("holdpoint "))
            {
                return Err("commands are console, or say run-by=… or not-run=…".to_owned());
            }
            Ok(Deed::Nothing)
        }
        _ => Err(format!("{info:?} is not among what tests/program/book.rs knows")),
    }
}

fn commands(lines: &[&str], inner: Range<usize>, is_set_up: bool) -> Result<Vec<Command>, String> {
    let mut found: Vec<Command> = Vec::new();
    let mut is_begun = false;
    for at in inner {
        let line = lines[at];
        if let Some(text) = line.strip_prefix("$ ") {
            found.push(Command {
                text: text.to_owned(),
                expected: (!is_set_up).then(String::new),
                printed: at + 1..at + 1,
            });
            is_begun = true;
            continue;
        }
        let Some(command) = found.last_mut() else {
            return Err("a block of commands begins with `$ `".to_owned());
        };
        match line.strip_prefix("> ") {
            Some(more) if is_begun => {
                command.text = format!("{}\n{more}", command.text);
                command.printed = at + 1..at + 1;
            }
            _ => {
                is_begun = false;
                command.printed.end = at + 1;
                if let Some(expected) = &mut command.expected {
                    expected.push_str(line);
                    expected.push('\n');
                }
            }
        }
    }
    Ok(found)
}

/// The page with these lines in the place of those; they come in the order of the page.
pub(super) fn corrected(text: &str, corrections: Vec<(Range<usize>, String)>) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut page = String::new();
    let mut at = 0;
    for (range, printed) in corrections {
        for line in &lines[at..range.start] {
            page.push_str(line);
            page.push('\n');
        }
        page.push_str(&printed);
        if !printed.ends_with('\n') && !printed.is_empty() {
            page.push('\n');
        }
        at = range.end;
    }
    for line in &lines[at..] {
        page.push_str(line);
        page.push('\n');
    }
    page
}
