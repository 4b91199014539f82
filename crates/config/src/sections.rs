//! The whole file, the section `storage`, and what an old configuration may hold besides.
//!
//! No value of an unused key reaches a message: tokens live there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use domain::ids::StageName;
use domain::policy::GatePolicy;

use super::console::ConsoleSection;
use super::gates::{self, NO_GATE};
use super::keys::{Group, Holds, Rules, Section as _, keys};
use super::kinds::{By, Items, OrNull, Text, mapping};
use super::node::Value;
use super::pipeline::Pipeline;
use super::reader::{Field, Show, quoted};
use super::security::{self, Security};
use super::server::Server;
use super::webhooks::{self, WEBHOOKS_MAX, Webhook};

/// The runs directory where neither `--runs` nor `storage.runs_dir` names one (SPEC §8).
const RUNS_DIR_DEFAULT: &str = "runs";

keys! {
    /// A configuration that holds together; cheap to clone.
    #[derive(Clone, PartialEq)]
    pub struct Config [] {
        /// One entry for each stage that must wait; a stage that is not named passes without a gate.
        pub gates: Arc<BTreeMap<StageName, GatePolicy>> = Arc::default() =>
            By(Holds::ByStage(Group::of::<GatePolicy>()), gates::read);
        /// The stages and how they run.
        pub pipeline: Pipeline = Pipeline::default() => mapping::<Pipeline>(), unshown, moved = 2;
        /// Where things are kept.
        pub storage: Storage = Storage::default() => mapping::<Storage>(), unshown;
        /// Who may do what.
        pub security: Security = Security::default() => mapping::<Security>(), unshown, moved = -4;
        /// Where HTTP listens.
        pub server: Server = Server::default() => mapping::<Server>(), unshown, moved = -6;
        /// What a console offers.
        #[since("0.2.0")]
        pub console: ConsoleSection = ConsoleSection::default() => mapping::<ConsoleSection>();
        /// Who is told over HTTP what happens (WEBHOOKS.md).
        pub webhooks: Arc<Vec<Webhook>> = Arc::default() => Items(WEBHOOKS_MAX, webhooks::read), secret;
    }
}

// No `Debug`: an old `db_path` may be a URL with a password in it.
keys! {
    /// Where things are kept.
    #[derive(Clone, PartialEq, Eq)]
    pub struct Storage [] {
        /// The runs directory; `--runs` and HOLDPOINT_RUNS go before it. Relative to the working directory; of a
        /// configuration in ~/.config to ~/.local/state/holdpoint, of one in /etc to /var/lib/holdpoint.
        pub(crate) runs_dir: PathBuf = PathBuf::from(RUNS_DIR_DEFAULT) =>
            By(Holds::OrNull(Box::new(Holds::Text)), file_path), unshown;
        /// The database that several machines share, `postgres://user@host/database`; null keeps it in the runs
        /// directory. HOLDPOINT_STORE goes before it.
        #[since("0.2.0")]
        pub url: Option<String> = None => OrNull(Text(database_url)), secret;
        /// A Unix group that shares the runs directory; null keeps it private.
        pub group: Option<String> = None => OrNull(Text(group));
        /// The database of the old system: read as history, never written.
        pub(crate) db_path: Option<PathBuf> = None => By(Holds::OrNull(Box::new(Holds::Text)), db_path), secret;
    }
}

impl Rules for Config {
    fn unknown(entry: &Field<'_>) {
        let key = entry.name;
        let homes = [
            ("pipeline", Pipeline::names()),
            ("storage", Storage::names()),
            ("security", Security::names()),
        ];
        if let Some((home, _)) = homes.iter().find(|(_, names)| names.contains(&key)) {
            entry.key_error(
                "this key stands outside its section",
                format!("move it to {home}.{key}"),
            );
        // Sections whose names begin with x- hold anchors that other sections merge.
        } else if !key.starts_with("x-") {
            entry.unused_key(&[Self::names().as_slice(), &["ui"]].concat());
        }
    }

    fn check(&mut self, file: &Field<'_>) {
        let is_read = |section: &Field<'_>| section.is_null() || matches!(section.node.value, Value::Map(_));
        // Where nothing is run, gates come from outside, and need no policy to wait for a person.
        let is_run = !self.pipeline.stages.is_empty();
        match file.get("gates") {
            None if is_run => file.warn_of("gates", file.node.at, NO_GATE.0, NO_GATE.1),
            None => {}
            // A pipeline that was refused lacks stages.
            Some(gates) => {
                let stages = self.pipeline.stages.iter().map(|stage| stage.name.as_str());
                let known: Vec<_> = self.gates.keys().map(StageName::as_str).chain(stages).collect();
                security::doubt_stages(file, &known);
                if is_run && is_read(&gates) && gates.keys().next().is_none() {
                    gates.key_warning(NO_GATE.0, NO_GATE.1);
                }
                if is_run && file.get("pipeline").as_ref().is_none_or(is_read) {
                    self.pipeline.doubt_gates(&gates);
                }
            }
        }
    }
}

impl Rules for Storage {}

fn db_path(field: &Field<'_>) -> Option<Option<PathBuf>> {
    let message =
        "the old system's database is read as history and never written: holdpoint keeps its own in the runs directory";
    field.key_warning(message, "");
    // `sqlite:///jobs.db?…` may carry a password, so the value is never shown.
    Some(file_path(field))
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

fn file_path(field: &Field<'_>) -> Option<PathBuf> {
    if field.is_null() {
        return None;
    }
    let text = field.text()?;
    if text.trim().is_empty() {
        return field.refuse("an empty text is no path", "leave the key out for the default");
    }
    if text.starts_with('~') {
        let hint = "write the path from / on, or relative to the working directory";
        return field.refuse("~ is a shell's word and is not read here", hint);
    }
    Some(PathBuf::from(text))
}

/// The address of a shared database. It may hold a password, so no message shows it.
fn database_url(field: &Field<'_>, text: &str) -> Option<String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Some(text.to_owned());
    }
    field.refuse(
        "it is no address of a PostgreSQL database",
        "write postgres://user@host/database",
    )
}

fn group(field: &Field<'_>, text: &str) -> Option<String> {
    account(field, text, "a Unix group")
}

/// The name of an account or a group.
pub(super) fn account(field: &Field<'_>, text: &str, what: &str) -> Option<String> {
    let is_bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/');
    if (1..=256).contains(&text.len()) && !text.contains(is_bad) {
        return Some(text.to_owned());
    }
    let told = match field.show {
        Show::Value => quoted(text),
        Show::KindOnly => "this text".to_owned(),
    };
    let hint = "names have no space, : or / in them";
    field.refuse(format!("{told} is not the name of {what}"), hint)
}
