//! `holdpoint` and `holdpoint console`: the engine under the console's loop.

use std::io::{IsTerminal, stdin, stdout};
use std::sync::Arc;

use nix::unistd::AccessFlags;

use domain::ids::{JobId, StageName};
use domain::operator::{Surface, TokenRole};
use engine::Role;
use engine::far::FarEngine;

use console::external_editor::ExternalEditor;

use super::global::GlobalArguments;
use super::http;
use super::old;
use super::output::wants_colour;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::{BUILT_IN, CommandContext};
use super::zone;
use crate::version;

/// What a console may do besides looking.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rights {
    /// Nothing: it decides nothing.
    pub(crate) read_only: bool,
    /// Nothing outside of it: see [`console::session::Session::forbids`].
    pub(crate) restricted: bool,
}

/// Opens the console, on a job's gate if one is named.
pub(crate) async fn run(
    global: &GlobalArguments,
    job: Option<JobId>,
    stage: Option<StageName>,
    rights: Rights,
) -> CommandResult {
    refuse_without_person(global)?;
    let mut session = CommandContext::resolve(global, Surface::Console).await?;
    if let Some(far) = session.take_far() {
        return show_far(&session, far, job.map(|job| (job, stage)), rights).await;
    }
    // Said on the screen too: the line on stderr is gone as soon as the console takes the terminal.
    session.refuse_chance()?;
    // In a directory with a configuration of its own a first record is what was meant.
    let new = (global.runs.is_some() && !session.has_jobs())
        .then(|| format!("A new record begins in {}", session.absolute_runs_dir()));
    let built_in = session.config_path.is_none().then(|| BUILT_IN.to_owned());
    show(session, job.map(|job| (job, stage)), new.or(built_in), rights).await
}

/// Refuses where nobody sits: before anything is opened or started.
pub(crate) fn refuse_without_person(global: &GlobalArguments) -> Result<(), CommandError> {
    let hint = "use holdpoint gate list, or holdpoint serve";
    let refused = |message: &str| Err(CommandError::new("no_terminal", message).hint(hint));
    if !stdout().is_terminal() {
        return refused("standard output is not a terminal");
    }
    if !stdin().is_terminal() {
        return refused("standard input is not a terminal");
    }
    if global.no_input {
        return refused("the console reads keys, and --no-input is set");
    }
    Ok(())
}

/// Runs the console over this session until the operator leaves.
pub(crate) async fn show(
    session: CommandContext,
    open_at: Option<(JobId, Option<StageName>)>,
    hint: Option<String>,
    rights: Rights,
) -> CommandResult {
    let is_read_only = rights.read_only;
    let role = if is_read_only {
        Role::Visitor
    } else {
        Role::Candidate("console")
    };
    let mut engine = session.open_here(role)?;
    let newer = engine.newer();
    let is_read_only = is_read_only || newer.is_some();
    let hint = old::faults(&session).into_iter().next().or(hint);
    let (serving, hint) = if session.config.server.enabled && !is_read_only {
        match http::listen(&engine, &session) {
            Ok(serving) => {
                let told = format!("HTTP is served on http://{}", serving.address);
                (Some(serving), Some(hint.unwrap_or(told)))
            }
            // Another console may serve already; this one works as well without.
            Err(error) => (None, Some(format!("HTTP is not served: {error}"))),
        }
    } else {
        (None, hint)
    };
    let shown = console::session::Session {
        is_read_only,
        newer: newer.map(|newer| newer.to_string()),
        name: engine.session().to_owned(),
        hint,
        ..shown(&session, open_at, rights)
    };
    let (version, runs_dir) = (version::DESCRIBED.as_str(), session.runs_dir.display());
    tracing::info!("holdpoint {version} shows {runs_dir} to {}", session.operator.name);
    let ended = console::run(shown, &mut engine).await;
    tracing::info!("the console has ended: {ended:?}");
    if let Some(serving) = serving {
        http::leave(&mut engine, serving).await;
    }
    engine.close();
    left(ended)
}

/// Runs the console over an engine on another machine until the operator leaves.
async fn show_far(
    session: &CommandContext,
    mut far: FarEngine,
    open_at: Option<(JobId, Option<StageName>)>,
    rights: Rights,
) -> CommandResult {
    let who = far.session();
    let (name, role) = (&who.operator.name, who.rights.role);
    let may_decide = role >= TokenRole::Operator;
    let looks = (!may_decide && !rights.read_only)
        .then(|| format!("{name} has the role {role}: here you look, and decide nothing"));
    let limit = who.rights.limit().filter(|_| may_decide);
    let limit = limit.map(|limit| format!("the token of {name} is {limit}"));
    let told: Vec<_> = [looks, limit, who.expiry()].into_iter().flatten().collect();
    let rights = Rights {
        read_only: rights.read_only || !may_decide,
        ..rights
    };
    let shown = console::session::Session {
        hint: (!told.is_empty()).then(|| told.join("; ")),
        name: who.session.clone(),
        rights: who.rights.clone(),
        expires: who.expires,
        server: Some(far.address().to_string()),
        place: session.context.clone().unwrap_or_else(|| far.address().to_string()),
        ..shown(session, open_at, rights)
    };
    far.listen();
    tracing::info!(
        "holdpoint {} shows a server to {}",
        version::DESCRIBED.as_str(),
        session.operator.name
    );
    let ended = console::run(shown, &mut far).await;
    tracing::info!("the console has ended: {ended:?}");
    far.leave().await;
    left(ended)
}

/// What a console is told when it starts.
fn shown(
    session: &CommandContext,
    open_at: Option<(JobId, Option<StageName>)>,
    rights: Rights,
) -> console::session::Session {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    console::session::Session {
        operator: session.operator.clone(),
        name: String::new(),
        server: None,
        place: session
            .context
            .clone()
            .unwrap_or_else(|| session.absolute_runs_dir().to_owned()),
        rights: domain::rights::Rights::default(),
        expires: None,
        gates: Arc::clone(&session.config.gates),
        offers: session.config.console.clone(),
        ahead_s: zone::ahead_s,
        overdue_grace_s: session.config.pipeline.overdue_grace_s,
        runs_dir: session.runs_dir.clone(),
        is_read_only: rights.read_only,
        is_restricted: rights.restricted,
        newer: None,
        hint: None,
        has_syntax: session.config.console.syntax,
        has_palette: console::session::has_palette(variable("TERM").as_deref(), variable("COLORTERM").as_deref()),
        has_true_colour: console::session::has_true_colour(variable("COLORTERM").as_deref()),
        has_colour: session.color.wants(wants_colour),
        external_editor: own_editor(),
        open_at,
    }
}

fn left(ended: Result<console::Ended, impl std::fmt::Display>) -> CommandResult {
    match ended {
        Ok(console::Ended::Left | console::Ended::Terminated | console::Ended::HungUp) => Ok(Exit::Done),
        Err(error) => {
            let message = error.to_string();
            let message = message.strip_prefix("Not started: ").unwrap_or(&message);
            Err(CommandError::new("no_terminal", message))
        }
    }
}

/// The editor that the environment names, or vi; none: there is none.
pub(crate) fn own_editor() -> Option<ExternalEditor> {
    ExternalEditor::choose(std::env::var_os("VISUAL"), std::env::var_os("EDITOR"), is_on_path("vi"))
}

/// Whether the shell would find a program of this name.
pub(crate) fn is_on_path(program: &str) -> bool {
    let is_program = |folder: std::path::PathBuf| nix::unistd::access(&folder.join(program), AccessFlags::X_OK).is_ok();
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(is_program))
}
