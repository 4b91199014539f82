//! A scenario: what to run, what to press, what to wait for and when to take a picture. One step a line, `#` comments.
//!
//! ```text
//! size 80x24                  columns and rows, before the program starts; 80x24 unless told
//! env NAME=VALUE              one more variable
//! setup PROGRAM ARGS...       runs to its end and has to succeed
//! background PROGRAM ARGS...  runs beside the program, killed at the end
//! run ARGS...                 holdpoint with these arguments, in the terminal; the same as `program {bin} ARGS...`
//! program PROGRAM ARGS...     any program in the terminal
//! wait TEXT                   until TEXT stands on the screen        gone TEXT: until it no longer does
//! keys KEYS                   keys as in `j j Enter`, `<C-c>`, `'plain text'`; what stands on the screen is looked at first
//! resize 120x40
//! shot NAME                   saves NAME.png and NAME.txt, when nothing is pending and what stands there was looked at
//! exit                        waits until the program has ended by itself
//! ```
//! Words are split like a shell's, with quotes but nothing else. `{bin}` is holdpoint, `{dir}` the scene's own directory, which
//! is empty at the start and the working directory of everything.

use std::path::Path;

/// One line of a scenario that does something.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// From 1.
    pub line: usize,
    pub action: Action,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    Size(u16, u16),
    Env(String, String),
    Setup(Vec<String>),
    Background(Vec<String>),
    Program(Vec<String>),
    Wait(String),
    Gone(String),
    Keys(String),
    Resize(u16, u16),
    Shot(String),
    Exit,
}

/// What is wrong at a line of a scenario.
#[derive(Debug)]
pub struct Problem {
    pub line: usize,
    pub reason: String,
}

impl Problem {
    pub fn at(&self, file: &Path) -> String {
        format!("{}:{}: {}", file.display(), self.line, self.reason)
    }
}

/// Reads a scenario; the first line that is wrong refuses it.
pub fn parse(text: &str) -> Result<Vec<Step>, Problem> {
    let mut steps = Vec::new();
    for (index, written) in text.lines().enumerate() {
        let written = written.trim();
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        let line = index + 1;
        let action = parse_action(written).map_err(|reason| Problem { line, reason })?;
        steps.push(Step { line, action });
    }
    Ok(steps)
}

fn parse_action(written: &str) -> Result<Action, String> {
    let (verb, rest) = written.split_once(char::is_whitespace).unwrap_or((written, ""));
    let rest = rest.trim();
    if rest.is_empty() != matches!(verb, "exit" | "run") && verb != "run" {
        return Err(format!("{verb}: wrong number of words"));
    }
    Ok(match verb {
        "size" => {
            let (columns, rows) = size(rest)?;
            Action::Size(columns, rows)
        }
        "env" => {
            let (name, value) = rest.split_once('=').ok_or("env: NAME=VALUE is wanted")?;
            Action::Env(name.to_owned(), value.to_owned())
        }
        "setup" => Action::Setup(words(rest)?),
        "background" => Action::Background(words(rest)?),
        "program" => Action::Program(words(rest)?),
        "run" => {
            let mut program = vec!["{bin}".to_owned()];
            program.extend(words(rest)?);
            Action::Program(program)
        }
        "wait" => Action::Wait(rest.to_owned()),
        "gone" => Action::Gone(rest.to_owned()),
        "keys" => Action::Keys(rest.to_owned()),
        "resize" => {
            let (columns, rows) = size(rest)?;
            Action::Resize(columns, rows)
        }
        "shot" if rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') => {
            Action::Shot(rest.to_owned())
        }
        "shot" => return Err(format!("shot: {rest:?} is not a name of letters, digits, - and _")),
        "exit" => Action::Exit,
        _ => return Err(format!("{verb}: no such step")),
    })
}

fn size(written: &str) -> Result<(u16, u16), String> {
    written
        .split_once('x')
        .and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)))
        .ok_or_else(|| format!("{written:?} is no size; 80x24 would be"))
}

/// Splits at blanks outside quotes; the other kind of quote is text inside one.
fn words(written: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in written.chars() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => word.get_or_insert_default().push(character),
            None if character == '\'' || character == '"' => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            None if character.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_with_their_lines() {
        let steps = parse("# demo\nsize 120x40\n\nrun demo --runs '{dir}/my runs'\nkeys j j Enter\nexit\n").unwrap();
        let expected = [
            (2, Action::Size(120, 40)),
            (
                4,
                Action::Program(["{bin}", "demo", "--runs", "{dir}/my runs"].map(str::to_owned).into()),
            ),
            (5, Action::Keys("j j Enter".to_owned())),
            (6, Action::Exit),
        ]
        .map(|(line, action)| Step { line, action });
        assert_eq!(steps, expected);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, reason) in [
            ("size 80", "no size"),
            ("\nwait", "wrong number"),
            ("shot ../up", "not a name"),
            ("sleep 3", "no such step"),
            ("program sh -c 'open", "not closed"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.reason.contains(reason), "{text}: {}", problem.reason);
            assert_eq!(problem.line, text.lines().count());
        }
    }
}
