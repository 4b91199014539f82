//! A command line that is wrong: what clap says about it, and which command was meant.

use std::io::Write as _;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};
use serde_json::json;

use super::args::Arguments;
use super::output::printable_json;
use super::report::Exit;
use text::visible_line;

/// What other programs call it, and the commands that do it here.
const MEANT: [(&str, &[&str]); 12] = [
    ("create", &["job start"]),
    ("install", &["init"]),
    ("jobs", &["job list"]),
    ("log", &["events"]),
    ("logs", &["events"]),
    ("ls", &["gate list", "job list"]),
    ("new", &["job start"]),
    ("run", &["job start", "serve"]),
    ("server", &["serve"]),
    ("setup", &["init"]),
    ("tui", &["console"]),
    ("ui", &["console"]),
];

/// The most commands that are named.
const MEANT_MAX: usize = 5;

/// Tells it, in JSON where that is asked for; help and version are no errors.
pub(crate) fn report(mut error: clap::Error, is_json: bool) -> Exit {
    let is_asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if is_asked_for {
        // If the output is closed, that is no failure of the command.
        let _ = error.print();
        return Exit::Done;
    }
    suggest(&mut error);
    let text = error.render().to_string();
    if !is_json {
        // Not clap's own print: it quotes the arguments as they came, and a script's arguments come
        // from anywhere.
        let mut stderr = std::io::stderr().lock();
        for line in text.lines() {
            let _ = writeln!(stderr, "{}", visible_line(line));
        }
        return Exit::Usage;
    }
    let (message, hint) = (message(&text), hint(&text));
    let document = json!({ "error": { "code": "usage", "message": message, "hint": hint, "where": null } });
    let _ = writeln!(std::io::stderr().lock(), "{}", printable_json(&document, false));
    Exit::Usage
}

/// Adds to an unknown command which one was meant, where that is known: clap knows names that look
/// alike in the same group only.
fn suggest(error: &mut clap::Error) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let found = meant(word);
    if found.is_empty() {
        return;
    }
    let named: Vec<_> = found.iter().map(|path| format!("'holdpoint {path}'")).collect();
    let tip = format!("did you mean {}?", named.join(" or "));
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
    );
}

/// The commands that are called so elsewhere, then those that bear this name at the top and in any
/// group.
fn meant(word: &str) -> Vec<String> {
    let root = Arguments::command();
    let is_named = |command: &&Command| command.get_name() == word;
    let known = MEANT.iter().filter(|(name, _)| *name == word);
    let mut found: Vec<_> = known
        .flat_map(|(_, paths)| *paths)
        .map(|path| (*path).to_owned())
        .collect();
    found.extend(
        visible(&root)
            .find(is_named)
            .map(|command| command.get_name().to_owned()),
    );
    for group in visible(&root) {
        let named = visible(group).filter(is_named);
        found.extend(named.map(|command| format!("{} {}", group.get_name(), command.get_name())));
    }
    found.truncate(MEANT_MAX);
    found
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}

/// The first paragraph in one line: what is missing stands in lines of its own.
fn message(text: &str) -> String {
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let message = lines.collect::<Vec<_>>().join(" ");
    message.strip_prefix("error: ").unwrap_or(&message).to_owned()
}

/// What was meant, and where the rest stands.
fn hint(text: &str) -> String {
    let tips = text.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
    tips.chain(["see --help"]).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn told(arguments: &[&str]) -> String {
        let arguments = [&["holdpoint"], arguments].concat();
        let mut error = Arguments::try_parse_from(arguments).map(|_| ()).unwrap_err();
        suggest(&mut error);
        error.render().to_string()
    }

    #[test]
    fn a_usage_error_in_json_names_what_is_missing() {
        let text = told(&["gate", "show"]);
        assert_eq!(
            message(&text),
            "the following required arguments were not provided: <JOB> <STAGE>"
        );
        assert_eq!(hint(&text), "see --help");
    }

    #[test]
    fn a_word_that_is_no_command_leads_to_the_one_that_was_meant() {
        for (word, wanted) in [
            ("approve", "'holdpoint gate approve'"),
            ("start", "'holdpoint job start'"),
            ("new", "'holdpoint job start' or 'holdpoint token new'"),
            ("run", "'holdpoint job start' or 'holdpoint serve'"),
            ("setup", "'holdpoint init'"),
            ("verify", "'holdpoint decisions verify'"),
        ] {
            assert_eq!(hint(&told(&[word])), format!("did you mean {wanted}?; see --help"));
        }
        for word in ["list", "show"] {
            assert!(hint(&told(&[word])).contains(&format!("'holdpoint gate {word}'")));
        }
        // In the wrong group too.
        assert!(told(&["job", "approve", "j-17", "script"]).contains("did you mean 'holdpoint gate approve'?"));
        for (group, word) in [("gate", "serve"), ("job", "events"), ("job", "demo")] {
            let tip = format!("did you mean 'holdpoint {word}'?; see --help");
            assert_eq!(hint(&told(&[group, word])), tip);
        }
        // What only looks alike is clap's to tell.
        assert!(told(&["gate", "aprove"]).contains("some similar subcommands exist: 'alive', 'approve'"));
        assert!(!told(&["xyzzy"]).contains("tip"));
    }

    #[test]
    fn what_is_named_exists() {
        let root = Arguments::command();
        for path in MEANT.iter().flat_map(|(_, paths)| *paths) {
            let found = path
                .split(' ')
                .try_fold(&root, |command, name| command.find_subcommand(name));
            assert!(found.is_some(), "{path}");
        }
        for (word, _) in MEANT {
            assert!(root.find_subcommand(word).is_none(), "{word} is a command");
        }
    }
}
