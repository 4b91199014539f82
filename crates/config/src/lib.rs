//! The operator's configuration: from a YAML or JSON text to checked values, or to every fault at
//! once.
//!
//! [`Config::load`] is a pure function of the text; only [`source`] reads a file. Nothing here
//! watches, knows a job, or opens a gate. No secret leaves this module: messages, `Debug` and
//! [`Config::doc`] never show what may be one.

mod console;
mod console_keys;
mod context;
mod contexts;
mod gates;
mod keys;
mod kinds;
mod node;
mod pipeline;
mod problem;
mod proxy;
mod reader;
mod reference;
mod sections;
mod security;
mod server;
pub(crate) mod source;
mod stages;
mod starters;
#[cfg(test)]
mod tests;
mod theme;
mod webhooks;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::ids::StageName;
use domain::time::Timestamp;
use text::near_miss::near_miss;

use keys::Section as _;
use problem::ProblemLevel;
use reader::{Field, ProblemCollector};

pub use console::{ConsoleSection, ShownTime};
pub use console_keys::ConsoleKeys;
pub use contexts::{Contexts, Place};
pub use problem::{Problem, ValidationDoc};
pub use proxy::TrustedProxy;
pub use reference::{KeyWords, keys, reference, schema};
pub use sections::Config;
pub use security::{ADMIN_NAME, RateLimits, Token, token_name_fault};
pub use source::{ConfigFileError, ConfigText, is_there};
pub use starters::Starter;
pub use theme::{Colour, ColourRole, ThemeSection};
pub use webhooks::{SECRET_PLACE, SecretSource, Webhook};

/// The program name that stands for the running holdpoint in a stage's command.
pub(crate) const OWN_PROGRAM: &str = "{holdpoint}";

/// What the old system called its database.
const OLD_DATABASE: &str = "jobs.db";

/// A configuration and what its author should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings, in the order of the text.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Reads a YAML or JSON text that messages call `origin`. Refused: every fault and warning, in
    /// the order of the text.
    pub fn load(text: &str, origin: &str) -> Result<Loaded, Vec<Problem>> {
        let collector = ProblemCollector::new(origin);
        let config = match node::parse(text) {
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
        let error_count = collector.error_count();
        let problems = collector.into_problems();
        if error_count > 0 {
            Err(problems)
        } else {
            Ok(Loaded {
                config,
                warnings: problems,
            })
        }
    }

    /// Doubts about a text that holds together, which come by time alone: tokens that have expired,
    /// or will within 7 days.
    pub fn doubts(text: &str, origin: &str, now: Timestamp) -> Vec<Problem> {
        let collector = ProblemCollector::new(origin);
        if let Ok(root) = node::parse(text) {
            security::doubt_expiry(&Field::top(&collector, &root), now);
        }
        collector.into_problems()
    }

    /// What to tell whoever opens a gate on a stage that nothing here knows: a slip in its name
    /// loses the timer that was agreed on. None: it is known, or no stage has a gate here.
    pub fn unknown_stage(&self, stage: &StageName) -> Option<String> {
        let is_known = self.gates.contains_key(stage) || self.pipeline.stages.iter().any(|spec| spec.name == *stage);
        if is_known || self.gates.is_empty() {
            return None;
        }
        let gates = || self.gates.keys().map(StageName::as_str);
        let hint = match near_miss(stage.as_str(), gates()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("gates are configured for {}", gates().collect::<Vec<_>>().join(", ")),
        };
        Some(format!(
            "the configuration knows no stage {stage}: no timer, a person must decide   hint: {hint}"
        ))
    }

    /// Puts the path of the running program in the place of `{holdpoint}` as a command's program.
    pub fn resolve_program(&mut self, own_path: &str) {
        let is_own = |command: &[String]| command.first().is_some_and(|program| program == OWN_PROGRAM);
        if !self.pipeline.stages.iter().any(|stage| is_own(&stage.command)) {
            return;
        }
        for stage in Arc::make_mut(&mut self.pipeline.stages) {
            if is_own(&stage.command) {
                own_path.clone_into(&mut stage.command[0]);
            }
        }
    }

    /// The runs directory as it is written: `storage.runs_dir`, else `runs` (SPEC §8).
    pub fn runs_dir(&self) -> &Path {
        &self.storage.runs_dir
    }

    /// Where a database of the old system may lie (SPEC §4): `storage.db_path`, and `jobs.db` in
    /// the working directory and beside the runs directory. Whether there is one is for others to
    /// see.
    pub fn old_databases(&self, runs_dir: &Path) -> Vec<PathBuf> {
        let named = self.storage.db_path.as_deref().and_then(sections::database_file);
        let beside = runs_dir.parent().map(|parent| parent.join(OLD_DATABASE));
        let mut paths: Vec<_> = named.into_iter().collect();
        for path in [Some(PathBuf::from(OLD_DATABASE)), beside].into_iter().flatten() {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }

    /// Whether somebody on this login may act under another name (SPEC §8).
    pub fn is_shared_account(&self, login: &str) -> bool {
        self.security.shared_accounts.iter().any(|account| account == login)
    }

    /// What `config show` and `/config/operator` give (WIRE.md): the values in force, without what
    /// is secret. Of that not even a name is told.
    pub fn doc(&self) -> serde_json::Value {
        self.show()
    }

    /// The same as YAML, which [`Self::load`] reads back.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::SerializeError> {
        serde_yaml::to_string(self)
    }
}

impl fmt::Debug for Config {
    // Through the document, because a stage's environment may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.doc(), f)
    }
}
