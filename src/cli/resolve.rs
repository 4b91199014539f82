//! From parsed arguments to what a command works with: configuration, runs directory, identity, our
//! own program.
//!
//! Everything is found once, before anything is opened; nothing here is made or changed.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::unistd::{Gid, Group, Uid, User, gethostname};

use clock::{Clock, SystemClock};
use config::{Config, ConfigText};
use domain::decision::TIMER_NAME;
use domain::operator::{Operator, Surface, Via};
use domain::time::Timestamp;
use engine::client::Client;
use engine::far::FarEngine;
use engine::{Engine, EngineSettings, Role};
use http::drop_folder;
use runs::RunsDir;
use store::{DATABASE_FILE, OldDatabase, Reader, StorePlace};
use text::visible_line;
use wire::DocumentContext;

use super::global::{ColourUse, GlobalArguments};
use super::output::note;
use super::places;
use super::report::CommandError;
use super::server::Server;

/// Names the shared database; goes before `storage.url`.
const STORE_VARIABLE: &str = "HOLDPOINT_STORE";

/// The most bytes of an operator's name.
const OPERATOR_BYTES_MAX: usize = 100;

/// Said where there is no configuration.
pub(crate) const BUILT_IN: &str =
    "There is no configuration: the one built in is used   hint: holdpoint config path tells where one is looked for";

/// What a command works with.
pub(crate) struct CommandContext {
    /// The configuration in force.
    pub(crate) config: Config,
    /// Its file; none: an embedded one.
    pub(crate) config_path: Option<PathBuf>,
    /// The runs directory; it may not exist yet.
    pub(crate) runs_dir: PathBuf,
    /// Whether it is this one only because of where somebody stands.
    is_by_chance: bool,
    /// In whose name everything is done.
    pub(crate) operator: Operator,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the database is.
    place: StorePlace,
    absolute_runs_dir: String,
    program: PathBuf,
    group: Option<u32>,
    old_databases: Vec<OldDatabase>,
    /// The engine on another machine that was named.
    far: Option<FarEngine>,
    /// The context that all of it comes from.
    pub(crate) context: Option<String>,
    /// Whether colours are used.
    pub(crate) color: ColourUse,
}

/// What a command works with, opened.
pub(crate) enum Opened {
    Here(Box<Engine>),
    /// On another machine.
    There(Box<Client>),
}

/// Reads the configuration that a command is to use. Refused: every fault at once.
pub(crate) fn read_config(global: &GlobalArguments) -> Result<(Config, ConfigText), CommandError> {
    let text = config_text(global)?;
    if text.path.is_none() {
        note(BUILT_IN);
    }
    load(text)
}

/// The configuration's text, from the file that was named or the default one.
pub(crate) fn config_text(global: &GlobalArguments) -> Result<ConfigText, CommandError> {
    Ok(ConfigText::read(global.config.as_deref(), &places::usual_files())?)
}

/// Loads a configuration's text.
pub(crate) fn load(text: ConfigText) -> Result<(Config, ConfigText), CommandError> {
    match text.load() {
        Ok(loaded) => Ok((loaded.config, text)),
        Err(problems) => {
            let errors = problems.iter().filter(|problem| problem.is_error()).count();
            let faults = if errors == 1 { "fault" } else { "faults" };
            let failure = CommandError::new("configuration", format!("{} has {errors} {faults}", text.origin));
            let first = problems.iter().find(|problem| problem.is_error());
            let place = first.map(|problem| format!("{}:{}:{}", problem.file, problem.line, problem.column));
            Err(failure
                .hint("mend the file, then look at it with holdpoint config check")
                .with(|told| {
                    told.place = place;
                    told.problems = problems;
                }))
        }
    }
}

impl CommandContext {
    /// Finds everything for a command that came in through `surface`, on this machine or the one
    /// that was named.
    pub(crate) async fn resolve(global: &GlobalArguments, surface: Surface) -> Result<Self, CommandError> {
        let Some(server) = Server::named(global)? else {
            return Self::here(global, surface);
        };
        let (config, text) = load(config_text(global)?)?;
        let far = server.open(global, surface, config).await?;
        if let Some(expiry) = far.session().expiry().filter(|_| surface != Surface::Console) {
            note(&expiry);
        }
        let mut context = Self::with_config(global, surface, far.client().standing().config.as_ref().clone(), text)?;
        context.operator = far.session().operator.clone();
        context.clock = Arc::clone(far.clock()) as Arc<dyn Clock>;
        context.old_databases.clear();
        context.far = Some(far);
        Ok(context)
    }

    /// The same for what is done beside the runs directory alone.
    pub(crate) fn here(global: &GlobalArguments, surface: Surface) -> Result<Self, CommandError> {
        if let Some(server) = Server::named(global)? {
            return Err(server.refuse_elsewhere());
        }
        let (config, text) = read_config(global)?;
        Self::with_config(global, surface, config, text)
    }

    /// The same with a configuration that was read before.
    pub(crate) fn with_config(
        global: &GlobalArguments,
        surface: Surface,
        mut config: Config,
        text: ConfigText,
    ) -> Result<Self, CommandError> {
        let program = own_program()?;
        config.resolve_program(&program);
        let operator = identity(global, &config, surface)?;
        let group = group_id(&config)?;
        let (runs_dir, _) = places::runs_dir(global, &config, text.path.as_deref());
        let is_by_chance = places::is_by_chance(global, &runs_dir, text.path.as_deref());
        let place = place(&config, &runs_dir)?;
        let old_databases = OldDatabase::among(config.old_databases(&runs_dir), &runs_dir);
        let absolute = std::path::absolute(&runs_dir).unwrap_or_else(|_| runs_dir.clone());
        Ok(Self {
            runs_dir,
            is_by_chance,
            place,
            absolute_runs_dir: absolute.display().to_string(),
            config,
            config_path: text.path,
            operator,
            clock: Arc::new(SystemClock),
            program: program.into(),
            group: group.map(Gid::as_raw),
            old_databases,
            far: None,
            context: global.context.clone(),
            color: global.color,
        })
    }

    /// The engine on another machine, for whoever stays with it.
    pub(crate) fn take_far(&mut self) -> Option<FarEngine> {
        self.far.take()
    }

    /// The runs directory, where this machine has it.
    pub(crate) fn runs_dir_here(&self) -> Option<&Path> {
        self.far.is_none().then_some(self.runs_dir.as_path())
    }

    /// Where the database is.
    pub(crate) fn place(&self) -> &StorePlace {
        &self.place
    }

    /// The absolute path of the runs directory.
    pub(crate) fn absolute_runs_dir(&self) -> &str {
        &self.absolute_runs_dir
    }

    /// Opens the engine, here or there.
    pub(crate) fn open(&self, role: Role) -> Result<Opened, CommandError> {
        match &self.far {
            Some(far) => Ok(Opened::There(Box::new(far.client()))),
            None => Ok(Opened::Here(Box::new(self.open_here(role)?))),
        }
    }

    /// Opens the engine of this process; makes the runs directory when it is missing. Whoever may
    /// lead answers dropped files beside it.
    pub(crate) fn open_here(&self, role: Role) -> Result<Engine, CommandError> {
        let is_new = !self.has_jobs() && self.is_by_chance;
        let engine = Engine::open(EngineSettings {
            runs_dir: self.runs_dir.clone(),
            place: self.place.clone(),
            config: self.config.clone(),
            config_path: self.config_path.clone(),
            operator: self.operator.clone(),
            role,
            clock: Arc::clone(&self.clock),
            program: self.program.clone(),
            group: self.group,
            old_databases: self.old_databases.clone(),
        })?;
        if is_new && self.operator.via.surface != Surface::Console {
            note(&format!("A new record begins in {}", self.absolute_runs_dir));
        }
        if let Some(newer) = engine.newer() {
            note(&format!("read-only: {newer}"));
            return Ok(engine);
        }
        if let Role::Candidate(_) = role {
            let runs = RunsDir::look(&self.runs_dir, self.group)?;
            tokio::spawn(drop_folder::serve(engine.client(), runs));
        }
        Ok(engine)
    }

    /// Whether any job was ever kept here. Looking must not make what it looks for.
    pub(crate) fn has_jobs(&self) -> bool {
        self.far.is_some() || self.place.is_shared() || self.runs_dir.join(DATABASE_FILE).exists()
    }

    /// The runs directory and its database for somebody who only looks: nothing is made, paid,
    /// locked or brought up.
    pub(crate) fn look(&self) -> Result<(RunsDir, Reader), CommandError> {
        self.refuse_lost()?;
        if !self.has_jobs() {
            return Err(self.no_jobs());
        }
        let runs = self.look_at_runs()?;
        engine::refuse_two_databases(&runs, &self.place)?;
        let reader = Reader::open(self.place.clone())?;
        Ok((runs, reader))
    }

    /// The runs directory. A host that has none yet gets one, where the record is shared: its jobs are
    /// there all the same.
    pub(crate) fn look_at_runs(&self) -> Result<RunsDir, CommandError> {
        match self.place.is_shared() && !self.runs_dir.try_exists().unwrap_or(true) {
            true => Ok(RunsDir::open(&self.runs_dir, self.group)?),
            false => Ok(RunsDir::look(&self.runs_dir, self.group)?),
        }
    }

    /// Refuses when the database is gone and the records of its jobs are not.
    pub(crate) fn refuse_lost(&self) -> Result<(), CommandError> {
        if self.place.is_shared() || !self.runs_dir.try_exists().unwrap_or(true) {
            return Ok(());
        }
        let runs = RunsDir::look(&self.runs_dir, self.group)?;
        Ok(engine::refuse_lost_database(&runs)?)
    }

    /// That nothing was ever kept here.
    pub(crate) fn no_jobs(&self) -> CommandError {
        let runs_dir = &self.absolute_runs_dir;
        let but = match self.old_databases.is_empty() {
            true => "",
            false => " but that of an old database: it is read and never written",
        };
        CommandError::not_found(format!("there is no record in {runs_dir}{but}"))
            .hint(places::hint(&self.runs_dir))
            .at(runs_dir.clone())
    }

    /// Refuses to begin a record where nobody said that it is to be: a console in the wrong directory
    /// would show an empty queue.
    pub(crate) fn refuse_chance(&self) -> Result<(), CommandError> {
        if self.has_jobs() || !self.is_by_chance {
            return Ok(());
        }
        self.refuse_lost()?;
        let here = self.runs_dir.display();
        let elsewhere = places::elsewhere(&self.runs_dir);
        let there = elsewhere.iter().map(|flag| format!("; there is a record with {flag}"));
        let hint = format!("holdpoint --runs {here} begins one{}", there.collect::<String>());
        Err(
            CommandError::not_found(format!("there is no record in {}", self.absolute_runs_dir))
                .hint(hint)
                .at(self.absolute_runs_dir.clone()),
        )
    }

    /// Opens the engine for something about a job that must be there already.
    pub(crate) fn open_existing(&self, role: Role) -> Result<Opened, CommandError> {
        if self.has_jobs() {
            return self.open(role);
        }
        self.refuse_lost()?;
        Err(self.no_jobs())
    }

    /// Opens the engine for a list; none when nothing was ever kept here: see
    /// [`Self::note_no_jobs`].
    pub(crate) fn open_list(&self) -> Result<Option<Opened>, CommandError> {
        if self.has_jobs() {
            return self.open(Role::Visitor).map(Some);
        }
        self.refuse_lost()?;
        Ok(None)
    }

    /// Says why a list is empty where nothing was ever kept.
    pub(crate) fn note_no_jobs(&self) {
        if !self.has_jobs() {
            let hint = places::hint(&self.runs_dir);
            note(&format!(
                "There is no record in {}   hint: {hint}",
                self.absolute_runs_dir
            ));
        }
    }

    /// What is said of a list that is empty: nothing more where that was said already.
    pub(crate) fn none<'t>(&self, text: &'t str) -> &'t str {
        if self.has_jobs() { text } else { "" }
    }

    /// The databases of the old system.
    pub(crate) fn old_databases(&self) -> &[OldDatabase] {
        &self.old_databases
    }

    /// The group that shares the files.
    pub(crate) fn group(&self) -> Option<u32> {
        self.group
    }

    /// What documents need to know beside the rows.
    pub(crate) fn lens(&self) -> DocumentContext<'_> {
        DocumentContext {
            policies: &self.config.gates,
            grace_s: self.config.pipeline.overdue_grace_s,
            now: self.clock.now(),
            runs_dir: self.far.is_none().then_some(self.absolute_runs_dir.as_str()),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().utc
    }
}

/// The database that HOLDPOINT_STORE or `storage.url` names, or else the file in the runs directory.
fn place(config: &Config, runs_dir: &Path) -> Result<StorePlace, CommandError> {
    let (address, named_by) = match std::env::var(STORE_VARIABLE) {
        Ok(address) if !address.is_empty() => (address, STORE_VARIABLE),
        Ok(_) | Err(std::env::VarError::NotPresent) => match &config.storage.url {
            Some(address) => (address.clone(), "storage.url"),
            None => return Ok(StorePlace::from(runs_dir)),
        },
        Err(error) => return Err(CommandError::new("database", format!("{STORE_VARIABLE}: {error}"))),
    };
    StorePlace::shared(&address).map_err(|why| {
        CommandError::new("database", format!("{named_by}: {why}"))
            .hint("write postgres://user@host/database")
            .at(named_by)
    })
}

fn own_program() -> Result<String, CommandError> {
    let refused = |why: String| CommandError::new("program", format!("holdpoint cannot tell its own path: {why}"));
    let path = std::env::current_exe().map_err(|error| refused(error.to_string()))?;
    path.into_os_string()
        .into_string()
        .map_err(|path| refused(format!("{} is not UTF-8 text", path.to_string_lossy())).hint("install it elsewhere"))
}

fn group_id(config: &Config) -> Result<Option<Gid>, CommandError> {
    let Some(name) = &config.storage.group else {
        return Ok(None);
    };
    match Group::from_name(name) {
        Ok(Some(group)) => Ok(Some(group.gid)),
        Ok(None) => Err(CommandError::new(
            "configuration",
            format!("storage.group: there is no group {name} on this machine"),
        )
        .hint("name an existing group, or leave storage.group out")
        .at("storage.group")),
        Err(error) => Err(CommandError::new(
            "configuration",
            format!("storage.group: {name} cannot be looked up: {}", error.desc()),
        )
        .at("storage.group")),
    }
}

fn identity(global: &GlobalArguments, config: &Config, surface: Surface) -> Result<Operator, CommandError> {
    let uid = Uid::current();
    let known = User::from_uid(uid).ok().flatten();
    // A container may run under a uid without a name; the number is as true.
    let login = known.map_or_else(|| format!("uid-{uid}"), |user| user.name);
    let refused = |message: String| CommandError::new("operator", message).at("--operator");
    let name = match &global.operator {
        None => login.clone(),
        Some(name) if *name == login => login.clone(),
        Some(_) if !config.is_shared_account(&login) => {
            let shared = config.security.shared_accounts.join(", ");
            let shared = if shared.is_empty() { "nobody" } else { &shared };
            return Err(refused(format!(
                "{login} may not act for others: security.shared_accounts names {shared}"
            ))
            .hint("leave --operator out, or log in as the person who decides"));
        }
        Some(name) => name.clone(),
    };
    if name == TIMER_NAME {
        return Err(refused(format!(
            "{TIMER_NAME} is the timer's name in the record, no person's"
        )));
    }
    let is_plain = !name.trim().is_empty() && name.trim() == name && visible_line(&name) == name;
    if !is_plain || name.len() > OPERATOR_BYTES_MAX {
        return Err(refused(format!(
            "{name:?} is not a name: 1 to {OPERATOR_BYTES_MAX} bytes of visible text, without blanks around it"
        )));
    }
    let via = Via {
        surface,
        login,
        uid: uid.as_raw(),
        host: gethostname().map_or_else(|_| String::new(), |host| host.to_string_lossy().into_owned()),
        ssh_client: std::env::var("SSH_CONNECTION").ok().as_deref().and_then(ssh_client),
        peer: None,
        by_proxy: false,
        pid: std::process::id(),
    };
    Ok(Operator { name, via })
}

/// The client's address of `SSH_CONNECTION` (`client port server port`); anything can stand in a
/// variable, so only an address is taken.
fn ssh_client(connection: &str) -> Option<String> {
    let client = connection.split_whitespace().next()?;
    let address = client.split('%').next()?;
    address.parse::<IpAddr>().ok()?;
    Some(client.chars().take(64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_is_taken_for_the_ssh_client() {
        assert_eq!(
            ssh_client("203.0.113.9 52144 10.0.0.1 22").as_deref(),
            Some("203.0.113.9")
        );
        assert_eq!(ssh_client("fe80::1%eth0 1 fe80::2 22").as_deref(), Some("fe80::1%eth0"));
        assert_eq!(ssh_client("ana decided 1 2"), None);
        assert_eq!(ssh_client(""), None);
    }
}
