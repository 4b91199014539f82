//! Where the configuration and the runs directory are, by what they were named, and where else there
//! is a record.
//!
//! Whoever stands in the wrong directory must be told so: nothing here is made or changed.

use std::env::var_os;
use std::path::{Path, PathBuf};

use serde::Serialize;

use config::{Config, ConfigText, is_there};
use store::DATABASE_FILE;

use super::contexts;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::CommandError;
use super::resolve::config_text;
use super::server::Server;
use super::table::Table;
use crate::log_file;

/// Names the configuration; goes after `--config` and a context.
pub(crate) const CONFIG_VARIABLE: &str = "HOLDPOINT_CONFIG";
/// Names the runs directory; goes after `--runs` and a context.
pub(crate) const RUNS_VARIABLE: &str = "HOLDPOINT_RUNS";

/// The configuration of a directory.
const CONFIG_HERE: &str = "conf/operator.yaml";
/// The configuration of the machine, and where it keeps what it names without a / in front.
const CONFIG_OF_MACHINE: (&str, &str) = ("/etc/holdpoint/operator.yaml", "/var/lib/holdpoint");
/// How a runs directory is called where nobody says otherwise.
const RUNS: &str = "runs";

/// By what something was named on purpose.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamedBy {
    pub(crate) config: Option<String>,
    pub(crate) runs: Option<String>,
}

/// The variable's value; an empty one is none.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The directory `holdpoint` below the one that a variable names, else below one of the home directory.
pub(crate) fn below_home(variable_name: &str, at_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    let folder = absolute(variable_name).or_else(|| absolute("HOME").map(|home| home.join(at_home)));
    folder.map(|folder| folder.join("holdpoint"))
}

fn state_folder() -> Option<PathBuf> {
    log_file::folder(variable("XDG_STATE_HOME").as_deref(), variable("HOME").as_deref())
}

/// A configuration that is looked for although nobody named it.
struct Usual {
    whose: &'static str,
    path: PathBuf,
    /// Where its runs directory lies if it is relative; none: in the working directory.
    home: Option<PathBuf>,
}

/// All of them, the first one first.
fn usual() -> Vec<Usual> {
    let here = Usual {
        whose: "this directory's",
        path: CONFIG_HERE.into(),
        home: None,
    };
    let yours = below_home("XDG_CONFIG_HOME", ".config").map(|folder| Usual {
        whose: "yours",
        path: folder.join("operator.yaml"),
        home: state_folder(),
    });
    let of_machine = Usual {
        whose: "this machine's",
        path: CONFIG_OF_MACHINE.0.into(),
        home: Some(CONFIG_OF_MACHINE.1.into()),
    };
    [Some(here), yours, Some(of_machine)].into_iter().flatten().collect()
}

/// The files that are looked for, in order.
pub(crate) fn usual_files() -> Vec<PathBuf> {
    usual().into_iter().map(|usual| usual.path).collect()
}

/// The runs directory, and by what it was named: an argument, else the configuration. Yours and the
/// machine's keep theirs in one place, wherever one stands.
pub(crate) fn runs_dir(global: &GlobalArguments, config: &Config, file: Option<&Path>) -> (PathBuf, String) {
    if let Some(runs) = &global.runs {
        return (
            runs.clone(),
            global.named_by.runs.clone().unwrap_or_else(|| "--runs".to_owned()),
        );
    }
    let home = usual()
        .into_iter()
        .find(|usual| Some(&*usual.path) == file)
        .and_then(|usual| usual.home);
    let home = home.unwrap_or_default();
    (home.join(config.runs_dir()), "storage.runs_dir".to_owned())
}

/// Whether the runs directory is this one only because of where somebody stands.
pub(crate) fn is_by_chance(global: &GlobalArguments, runs_dir: &Path, file: Option<&Path>) -> bool {
    global.runs.is_none() && runs_dir.is_relative() && file != Some(Path::new(CONFIG_HERE))
}

/// Other runs directories with a record, each as the arguments that lead there.
pub(crate) fn elsewhere(here: &Path) -> Vec<String> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // Where it is there, it has one name.
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| absolute(path));
    let here = real(here);
    let named = contexts::runs_directories().into_iter();
    let named = named.map(|(name, path)| (format!("--context {name}"), path));
    // What a configuration of somebody else's names may not be read, and is then no help either.
    let configured = usual().into_iter().filter_map(|usual| {
        let text = ConfigText::read(Some(&usual.path), &[]).ok()?;
        let config = text.load().ok()?.config;
        Some(usual.home.unwrap_or_default().join(config.runs_dir()))
    });
    let standing = std::env::current_dir().unwrap_or_default();
    let around = standing
        .ancestors()
        .flat_map(|above| [above.join(RUNS), above.to_owned()]);
    let homes = [state_folder(), Some(CONFIG_OF_MACHINE.1.into())].into_iter().flatten();
    let usual = homes.map(|home| home.join(RUNS));
    let demo = absolute(&Path::new(RUNS).join("demo"));
    let unnamed = configured
        .chain(around)
        .chain(usual)
        .chain([demo])
        .map(|path| absolute(&path));
    let unnamed = unnamed.map(|path| (format!("--runs {}", path.display()), path));
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for (flag, path) in named.chain(unnamed) {
        let path = real(&path);
        let is_new = path != here && !found.iter().any(|(_, known)| *known == path);
        if is_new && path.join(DATABASE_FILE).exists() {
            found.push((flag, path));
        }
    }
    found.into_iter().map(|(flag, _)| flag).collect()
}

/// What to do where there is no record.
pub(crate) fn hint(here: &Path) -> String {
    match &elsewhere(here)[..] {
        [] => "name the directory with --runs, or a server with --server; holdpoint config path tells where this one comes from".to_owned(),
        [only] => format!("there is one with {only}"),
        several => format!("there is one with {}", several.join(", and with ")),
    }
}

#[derive(Serialize)]
struct LookedDoc {
    r#for: &'static str,
    by: String,
    path: Option<String>,
    state: &'static str,
}

#[derive(Serialize)]
struct FoundDoc {
    path: Option<String>,
    by: String,
    /// Whether there is a record in it; null: it is no directory of this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<bool>,
}

#[derive(Serialize)]
struct PathsDoc {
    config: FoundDoc,
    /// Null: its configuration has faults, so it is not known.
    runs: Option<FoundDoc>,
    looked: Vec<LookedDoc>,
}

/// Tells which configuration and runs directory are used, and each place that was looked at, in order.
pub(crate) fn print(global: &GlobalArguments, output: &mut Output) -> Result<(), CommandError> {
    let text = config_text(global)?;
    let file = text.path.as_deref();
    let shown = |path: &Path| path.display().to_string();
    let mut looked = Vec::new();
    let mut look = |r#for, by: &str, path: Option<&Path>, state| {
        let (by, path) = (by.to_owned(), path.map(shown));
        looked.push(LookedDoc { r#for, by, path, state });
    };
    let context = global.context.as_ref().map(|name| format!("context {name}"));
    // What was named on purpose: the one that counts, and what it went before.
    let named = |by: Option<&String>, flags: [&str; 2]| {
        let [flag, variable_name] = flags;
        let ways = [Some(flag.to_owned()), context.clone(), Some(variable_name.to_owned())];
        ways.into_iter()
            .flatten()
            .map(|way| {
                let is_it = by == Some(&way);
                let is_set = variable(variable_name).is_some() && way == variable_name;
                let state = match (is_it, is_set) {
                    (true, _) => "used",
                    (false, true) => "set, another goes before it",
                    (false, false) => "not named",
                };
                (way, state)
            })
            .collect::<Vec<_>>()
    };
    for (way, state) in named(global.named_by.config.as_ref(), ["--config", CONFIG_VARIABLE]) {
        look("configuration", &way, file.filter(|_| state == "used"), state);
    }
    let mut config_by = global.named_by.config.clone();
    for usual in usual() {
        let is_used = config_by.is_none() && Some(&*usual.path) == file;
        let state = match (is_used, is_there(&usual.path)) {
            (true, _) => "used",
            (false, true) => "there, another goes before it",
            (false, false) => "not there",
        };
        look("configuration", usual.whose, Some(&usual.path), state);
        config_by = config_by.or(is_used.then(|| usual.whose.to_owned()));
    }
    let config_by = config_by.unwrap_or_else(|| "built in".to_owned());
    let state = if file.is_none() {
        "used"
    } else {
        "another goes before it"
    };
    look("configuration", "built in", None, state);
    let server = Server::named(global)?;
    for (way, state) in named(global.named_by.runs.as_ref(), ["--runs", RUNS_VARIABLE]) {
        look(
            "runs directory",
            &way,
            global.runs.as_deref().filter(|_| state == "used"),
            state,
        );
    }
    let runs = match (&server, text.load()) {
        (Some(server), _) => Some(FoundDoc {
            path: Some(server.shown()),
            by: "the server".to_owned(),
            record: None,
        }),
        (None, Err(_)) if global.runs.is_none() => {
            look(
                "runs directory",
                "storage.runs_dir",
                None,
                "not known: the configuration has faults",
            );
            None
        }
        (None, loaded) => {
            let config = loaded.map(|loaded| loaded.config).unwrap_or_default();
            let (runs_dir, by) = runs_dir(global, &config, file);
            if global.runs.is_none() {
                look("runs directory", "storage.runs_dir", Some(&runs_dir), "used");
            }
            let runs_dir = std::path::absolute(&runs_dir).unwrap_or(runs_dir);
            let record = Some(runs_dir.join(DATABASE_FILE).exists());
            Some(FoundDoc {
                path: Some(shown(&runs_dir)),
                by,
                record,
            })
        }
    };
    let path = file.map(|file| shown(&std::path::absolute(file).unwrap_or_else(|_| file.to_owned())));
    let document = PathsDoc {
        config: FoundDoc {
            path,
            by: config_by,
            record: None,
        },
        runs,
        looked,
    };
    if output.is_json {
        return output.document(&document);
    }
    let config = &document.config;
    match &config.path {
        Some(path) => output.line(&format!("configuration   {path} ({})", config.by))?,
        None => output.line("configuration   the one built in")?,
    }
    if let Some(FoundDoc {
        path: Some(path),
        by,
        record,
    }) = &document.runs
    {
        let record = match record {
            Some(true) => ", with a record",
            Some(false) => ", without a record",
            None => "",
        };
        output.line(&format!("runs directory  {path} ({by}){record}"))?;
    }
    output.line("")?;
    let mut table = Table::new(&["FOR", "BY", "PLACE", "STATE"]);
    for LookedDoc { r#for, by, path, state } in document.looked {
        table.row(vec![r#for.to_owned(), by, path.unwrap_or_default(), state.to_owned()]);
    }
    table.print(output, "")
}
