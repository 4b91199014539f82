//! What to work with, by name: the file of contexts, and which of them counts.
//!
//! Named on purpose goes before named by the environment, and both before the file's default.
//! Nothing is guessed: two that contradict each other are refused.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;

use config::{Contexts, Place};

use super::global::GlobalArguments;
use super::output::{Output, note};
use super::places::{CONFIG_VARIABLE, NamedBy, RUNS_VARIABLE, below_home, variable};
use super::report::CommandError;
use super::server::SERVER_VARIABLE;
use super::table::Table;
use super::token_source::TokenSource;

const VARIABLE: &str = "HOLDPOINT_CONTEXT";

/// The file, as it was found.
struct File {
    path: PathBuf,
    contexts: Contexts,
}

impl File {
    /// `$XDG_CONFIG_HOME/holdpoint/contexts.yaml`, else below `~/.config`; none: there is no such
    /// file.
    fn read() -> Result<Option<Self>, CommandError> {
        let Some(path) = place() else { return Ok(None) };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                return Err(CommandError::new("not_possible", message).because(error));
            }
        };
        match Contexts::load(&text, &path.display().to_string()) {
            Ok(contexts) => Ok(Some(Self { path, contexts })),
            Err(problems) => {
                let message = problems.first().map(ToString::to_string).unwrap_or_default();
                let failure = CommandError::new("contexts", message);
                Err(failure.with(|told| told.problems = problems))
            }
        }
    }

    /// The place of this name.
    fn named(&self, name: &str) -> Result<&Place, CommandError> {
        self.contexts.contexts.get(name).ok_or_else(|| {
            let names: Vec<_> = self.contexts.contexts.keys().map(String::as_str).collect();
            let message = format!("{} has no context {name}", self.path.display());
            CommandError::new("not_found", message).hint(format!("the contexts are {}", names.join(", ")))
        })
    }

    /// A path as the file means it: from its own directory, or from the home directory.
    fn at(&self, path: &str) -> PathBuf {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        match (path.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.path.parent().unwrap_or(Path::new("")).join(path),
        }
    }

    fn token_source(&self, place: &Place) -> Option<TokenSource> {
        let file = place.token_file.as_deref().map(|path| TokenSource::File(self.at(path)));
        file.or_else(|| place.token_command.clone().map(TokenSource::Command))
    }
}

fn place() -> Option<PathBuf> {
    below_home("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("contexts.yaml"))
}

/// The runs directories of this machine that have a name. A file that cannot be read names none.
pub(crate) fn runs_directories() -> Vec<(String, PathBuf)> {
    let Ok(Some(file)) = File::read() else {
        return Vec::new();
    };
    let places = file.contexts.contexts.iter();
    let named = places.filter_map(|(name, place)| Some((name.clone(), file.at(place.runs.as_deref()?))));
    named.collect()
}

/// Which context is meant, and by what; none: something else is, or nothing.
fn meant(global: &GlobalArguments, file: Option<&File>) -> Result<Option<(String, &'static str)>, CommandError> {
    if let Some(name) = &global.context {
        return Ok(Some((name.clone(), "--context")));
    }
    if global.server.is_some() || global.runs.is_some() {
        return Ok(None);
    }
    let set = [VARIABLE, SERVER_VARIABLE, RUNS_VARIABLE].into_iter();
    let set: Vec<_> = set.filter_map(|name| Some((name, variable(name)?))).collect();
    match set.as_slice() {
        [] => Ok(file
            .and_then(|file| file.contexts.default.clone())
            .map(|name| (name, "default"))),
        [(VARIABLE, name)] => Ok(Some((name.to_string_lossy().into_owned(), VARIABLE))),
        [_] => Ok(None),
        [(one, _), (other, _), ..] => {
            let message = format!("{one} and {other} are both set: only one can be meant");
            let hint = "unset one of them, or name it with --context, --server or --runs";
            Err(CommandError::new("contexts", message).hint(hint))
        }
    }
}

/// The arguments with what the context says that counts, and else the environment.
pub(crate) fn applied(mut global: GlobalArguments) -> Result<GlobalArguments, CommandError> {
    global.named_by = NamedBy {
        config: global.config.is_some().then(|| "--config".to_owned()),
        runs: global.runs.is_some().then(|| "--runs".to_owned()),
    };
    let mut global = with_context(global)?;
    let elsewhere = global.server.is_some() || variable(SERVER_VARIABLE).is_some();
    if global.runs.is_none() && !elsewhere {
        global.runs = variable(RUNS_VARIABLE);
        global.named_by.runs = global.runs.is_some().then(|| RUNS_VARIABLE.to_owned());
    }
    if global.config.is_none() {
        global.config = variable(CONFIG_VARIABLE);
        global.named_by.config = global.config.is_some().then(|| CONFIG_VARIABLE.to_owned());
    }
    Ok(global)
}

/// The arguments with what the context says that counts; without one as they are.
fn with_context(global: GlobalArguments) -> Result<GlobalArguments, CommandError> {
    let file = File::read()?;
    let Some((name, by)) = meant(&global, file.as_ref())? else {
        return Ok(global);
    };
    let Some(file) = file else {
        let path = place().map_or_else(|| "contexts.yaml".to_owned(), |path| path.display().to_string());
        let message = format!("there is no context {name}: {path} does not exist");
        return Err(CommandError::new("not_found", message)
            .hint("docs/HTTP.md says what stands in it; the lines around changes are gate diff --lines")
            .at(by));
    };
    let place = file.named(&name).map_err(|error| error.at(by))?;
    if by == "default" {
        note(&format!("context {name} (the default)"));
    }
    let at = |path: &Option<String>| path.as_deref().map(|path| file.at(path));
    let by = || Some(format!("context {name}"));
    Ok(GlobalArguments {
        token_source: file.token_source(place),
        server: place.server.clone(),
        authority: at(&place.authority),
        runs: at(&place.runs),
        config: global.config.clone().or_else(|| at(&place.config)),
        named_by: NamedBy {
            config: global
                .named_by
                .config
                .clone()
                .or_else(|| place.config.as_ref().and_then(|_| by())),
            runs: place.runs.as_ref().and_then(|_| by()),
        },
        context: Some(name),
        ..global
    })
}

#[derive(Serialize)]
struct ContextDoc<'a> {
    name: &'a str,
    /// The address of its server; null: it is a runs directory of this machine.
    server: Option<&'a str>,
    runs: Option<PathBuf>,
    config: Option<PathBuf>,
    /// Where its token comes from.
    token: Option<String>,
    /// By what it is the one that counts now; null: it does not.
    used_by: Option<&'static str>,
    /// Why it cannot be used.
    fault: Option<String>,
}

/// Lists them, and says which counts. No token is read aloud, and no command is run.
pub(crate) fn list(global: &GlobalArguments, output: &mut Output) -> Result<(), CommandError> {
    let file = File::read()?;
    let meant = meant(global, file.as_ref())?;
    let Some(file) = file else {
        let path = place().map_or_else(|| "contexts.yaml".to_owned(), |path| path.display().to_string());
        note(&format!("there are no contexts: {path} does not exist"));
        return match output.is_json {
            true => output.document(&[(); 0]),
            false => Ok(()),
        };
    };
    if let Some((name, by)) = &meant {
        file.named(name).map_err(|error| error.at(*by))?;
    }
    let used_by = |name: &str| meant.as_ref().filter(|(meant, _)| meant == name).map(|(_, by)| *by);
    let at = |path: &Option<String>| path.as_deref().map(|path| file.at(path));
    let contexts = file.contexts.contexts.iter().map(|(name, place)| {
        let source = file.token_source(place);
        ContextDoc {
            name,
            server: place.server.as_deref(),
            runs: at(&place.runs),
            config: at(&place.config),
            token: source.as_ref().map(TokenSource::words),
            used_by: used_by(name),
            fault: source
                .as_ref()
                .and_then(TokenSource::fault)
                .map(|refusal| refusal.message),
        }
    });
    let contexts: Vec<_> = contexts.collect();
    if output.is_json {
        return output.document(&contexts);
    }
    let mut table = Table::new(&["NAME", "USED BY", "WORKS WITH", "TOKEN", "FAULT"]);
    for context in contexts {
        let runs = context.runs.map(|runs| runs.display().to_string());
        table.row(vec![
            context.name.to_owned(),
            context.used_by.unwrap_or_default().to_owned(),
            context.server.map(str::to_owned).or(runs).unwrap_or_default(),
            context.token.unwrap_or_default(),
            context.fault.unwrap_or_default(),
        ]);
    }
    table.print(output, &format!("{} names no context", file.path.display()))
}
