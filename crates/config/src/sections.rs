//! The top of the file, the section `storage`, and what an old configuration may hold besides.
//!
//! No value of an unused key reaches a message: tokens live there.

use std::path::PathBuf;
use std::sync::Arc;

use super::near_miss::near_miss;
use super::node::{Entry, Node, Value};
use super::reader::{Path, ProblemCollector, Show, quoted};
use super::{Config, gates, keys, pipeline, security, server, webhooks};

/// Where things are kept. No `Debug`: an old `db_path` may be a URL with a password in it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Storage {
    /// The runs directory, relative to the working directory; None leaves it to `--runs` or `runs`
    /// (SPEC §8).
    pub(crate) runs_dir: Option<PathBuf>,
    /// The Unix group that shares the runs directory; None keeps it private (SPEC §9).
    pub group: Option<String>,
    /// The database of the old system: history, never written (SPEC §4).
    pub(crate) db_path: Option<PathBuf>,
}

/// Reads the whole tree.
pub(super) fn read(reader: &mut ProblemCollector, root: &Node) -> Config {
    let top = Path::top();
    let mut config = Config::default();
    reader.refuse_equal_keys(root, &top);
    let Some(entries) = reader.map(root, &top, Show::KindOnly) else {
        return config;
    };
    let (mut gates_node, mut is_pipeline_sound) = (None, true);
    for entry in entries {
        let node = &entry.node;
        match entry.key.as_str() {
            "gates" => {
                gates_node = Some(node);
                config.gates = Arc::new(gates::read(reader, node, entry.key_at));
            }
            "pipeline" => {
                let errors_before = reader.error_count();
                config.pipeline = pipeline::read(reader, node);
                is_pipeline_sound = reader.error_count() == errors_before;
            }
            "storage" => config.storage = storage(reader, node),
            "security" => config.security = security::read(reader, node),
            "server" => config.server = server::read(reader, node),
            "webhooks" => config.webhooks = webhooks::read(reader, node),
            // Sections whose names begin with x- hold anchors that other sections merge.
            key if key.starts_with("x-") => {}
            _ => misplaced_or_unused(reader, entry),
        }
    }
    match gates_node {
        // A refused stage must not be reported as missing too.
        Some(_) if !is_pipeline_sound => {}
        Some(gates) => pipeline::warn_of_gates_without_stage(reader, gates, &config.pipeline),
        None => gates::no_gate(reader, root.at),
    }
    config
}

fn misplaced_or_unused(reader: &mut ProblemCollector, entry: &Entry) {
    let homes = ["pipeline", "storage", "security"];
    match homes
        .into_iter()
        .find(|home| keys::under(home).contains(&entry.key.as_str()))
    {
        Some(home) => {
            let hint = format!("move it to {home}.{}", entry.key);
            reader.error(
                entry.key_at,
                &Path::top().key(&entry.key),
                "this key stands outside its section",
                hint,
            );
        }
        None if entry.key == "ui" => warn_unused(reader, entry, &Path::top()),
        None => unused(
            reader,
            entry,
            &Path::top(),
            &[keys::under("").as_slice(), &["ui"]].concat(),
        ),
    }
}

/// A key of the old system, or of nobody: told, not refused, unless it looks like a slip for one
/// that counts.
// `gate:` for `gates:` taken as unused would be a pipeline without gates.
pub(super) fn unused(reader: &mut ProblemCollector, entry: &Entry, path: &Path, known: &[&str]) {
    match near_miss(&entry.key, known.iter().copied()) {
        Some(meant) => {
            let hint = format!("did you mean {meant}?");
            reader.error(
                entry.key_at,
                &path.key(&entry.key),
                "no key of this name is known here",
                hint,
            );
        }
        None => warn_unused(reader, entry, path),
    }
}

fn warn_unused(reader: &mut ProblemCollector, entry: &Entry, path: &Path) {
    reader.warning(
        entry.key_at,
        &path.key(&entry.key),
        "unused: holdpoint does nothing with it",
        "",
    );
}

fn storage(reader: &mut ProblemCollector, node: &Node) -> Storage {
    let path = Path::top().key("storage");
    let mut storage = Storage::default();
    for entry in reader.map(node, &path, Show::KindOnly).unwrap_or_default() {
        let key_path = path.key(&entry.key);
        match entry.key.as_str() {
            "runs_dir" => storage.runs_dir = file_path(reader, &entry.node, &key_path),
            "group" => storage.group = group(reader, &entry.node, &key_path),
            "db_path" => {
                // `sqlite:///jobs.db?…` may carry a password, so the value is never shown.
                storage.db_path = file_path(reader, &entry.node, &key_path);
                let message = "the old system's database is read as history and never written: holdpoint keeps its own in the runs directory";
                reader.warning(entry.key_at, &key_path, message, "");
            }
            _ => unused(reader, entry, &path, &keys::under("storage")),
        }
    }
    storage
}

/// The file of an old `db_path`: a path, or a `sqlite:` URL as SQLAlchemy reads it (three slashes
/// relative, four absolute). None: it names another kind of database.
pub(super) fn database_file(db_path: &std::path::Path) -> Option<PathBuf> {
    let Some((scheme, rest)) = db_path.to_str().and_then(|text| text.split_once("://")) else {
        return Some(db_path.to_owned());
    };
    let is_sqlite = scheme == "sqlite" || scheme.starts_with("sqlite+");
    let file = rest.strip_prefix('/').filter(|_| is_sqlite)?;
    let file = file.split_once('?').map_or(file, |(file, _)| file);
    (!file.is_empty() && file != ":memory:").then(|| PathBuf::from(file))
}

fn file_path(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<PathBuf> {
    if let Value::Null = node.value {
        return None;
    }
    let text = reader.text(node, path, Show::KindOnly)?;
    if text.trim().is_empty() {
        reader.error(
            node.at,
            path,
            "an empty text is no path",
            "leave the key out for the default",
        );
        return None;
    }
    if text.starts_with('~') {
        let hint = "write the path from / on, or relative to the working directory";
        reader.error(node.at, path, "~ is a shell's word and is not read here", hint);
        return None;
    }
    Some(PathBuf::from(text))
}

fn group(reader: &mut ProblemCollector, node: &Node, path: &Path) -> Option<String> {
    if let Value::Null = node.value {
        return None;
    }
    let text = reader.text(node, path, Show::Value)?;
    account(reader, node, path, text, "a Unix group", Show::Value).then(|| text.to_owned())
}

pub(super) fn account(
    reader: &mut ProblemCollector,
    node: &Node,
    path: &Path,
    text: &str,
    what: &str,
    show: Show,
) -> bool {
    let is_good =
        !text.is_empty() && text.len() <= 256 && !text.contains([':', '/']) && !text.contains(char::is_whitespace);
    if !is_good || text.contains(char::is_control) {
        let told = if show == Show::Value {
            quoted(text)
        } else {
            "this text".to_owned()
        };
        reader.error(
            node.at,
            path,
            format!("{told} is not the name of {what}"),
            "names have no space, : or / in them",
        );
        return false;
    }
    true
}
