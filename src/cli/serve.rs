//! `holdpoint serve`: jobs, timers and HTTP without a terminal, until a signal ends it.

use std::pin::pin;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};

use domain::event::{Event, EventType};
use domain::operator::Surface;
use domain::view::LeaderInfo;
use engine::api::Notice;
use engine::{Engine, Role};

use super::global::GlobalArguments;
use super::output::tell_notes;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::{http, log, old};

/// Serves until SIGTERM, SIGINT or SIGHUP.
pub(crate) async fn run(global: &GlobalArguments, no_http: bool) -> CommandResult {
    let session = CommandContext::here(global, Surface::Cli)?;
    log::to_stderr(global, session.config.server.log_level);
    let refused = |error: std::io::Error| CommandError::new("not_possible", format!("signals: {error}")).because(error);
    let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(refused)?;
    let mut engine = session.open_here(Role::Candidate("serve"))?;
    if let Some(newer) = engine.newer() {
        engine.close();
        return Err(too_old(newer.to_string()));
    }
    let serving = if no_http {
        None
    } else {
        match http::listen(&engine, &session) {
            Ok(serving) => Some(serving),
            Err(error) => {
                engine.close();
                let hint = error.hint();
                return Err(CommandError::of("http", error).hint(hint));
            }
        }
    };
    tracing::info!("serving {} as {}", session.runs_dir.display(), session.operator.name);
    if let Some(serving) = &serving {
        tracing::info!("HTTP on http://{}", serving.address);
    }
    old::faults(&session).iter().for_each(|fault| tracing::warn!("{fault}"));
    // From here on it does what it was asked to: with `--json`, too, the log is told as it happens.
    tell_notes();
    let client = engine.client();
    let mut leader = pin!(client.leader());
    let mut is_told = false;
    let why = loop {
        tokio::select! {
            biased;
            _ = terminate.recv() => break Ok("SIGTERM"),
            _ = interrupt.recv() => break Ok("SIGINT"),
            _ = hangup.recv() => break Ok("SIGHUP"),
            leader = &mut leader, if !is_told => {
                is_told = true;
                if let Ok(Some(leader)) = leader {
                    standby(&engine, &leader);
                }
            }
            notice = engine.notice() => if let Some(why) = log_line(notice) {
                break Err(why);
            },
        }
    };
    let word = why.as_ref().map_or("read-only", |signal| *signal);
    tracing::info!("{word}: leaving; running stages go on under their supervisors");
    if let Some(serving) = serving {
        tokio::select! {
            biased;
            () = http::leave(&mut engine, serving) => {}
            // A second signal ends the process at once.
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    engine.close();
    match why {
        Ok(_) => Ok(Exit::Done),
        Err(why) => Err(too_old(why)),
    }
}

/// Nothing that serve does can be done on a newer database: it runs stages and timers, and takes
/// decisions.
fn too_old(why: String) -> CommandError {
    CommandError::new("runs_directory", why)
        .not("served")
        .hint("install the newer holdpoint; the console and the commands that look can still read")
}

/// Tells it; returns why there is nothing left to serve.
fn log_line(notice: Notice) -> Option<String> {
    match notice {
        Notice::ReadOnly(why) => return Some(why),
        Notice::Lead(true) => tracing::info!("this process leads: it runs stages and timers"),
        Notice::Lead(false) => tracing::info!("this process no longer leads"),
        Notice::Events(events) => events.iter().for_each(tell_event),
        Notice::ConfigLoaded(_, _, warnings) => {
            tracing::info!("the configuration was saved and is in force for gates that open from now on");
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        }
        Notice::ConfigBroken(faults) => {
            faults.iter().for_each(|fault| tracing::error!("{fault}"));
            tracing::error!("the configuration was saved and is broken: the former one stays in force");
        }
        Notice::Trouble(Some(trouble)) => tracing::error!("{}", trouble.with_causes()),
        Notice::Trouble(None) => tracing::info!("it works again"),
        Notice::Done(..)
        | Notice::Published(..)
        | Notice::Changed
        | Notice::Looked
        | Notice::Access(..)
        | Notice::PutAside(_) => {}
    }
    None
}

/// Says whom this process stands by for. A row that a killed leader left says nothing.
fn standby(engine: &Engine, leader: &LeaderInfo) {
    let here = &engine.operator().via;
    let is_here = leader.host == here.host;
    let is_gone =
        is_here && i32::try_from(leader.pid).is_ok_and(|pid| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH));
    if engine.is_lead() || is_gone || (is_here && leader.pid == here.pid) {
        return;
    }
    tracing::info!(
        "standing by: {} of {}@{} (process {}) leads",
        leader.role,
        leader.name,
        leader.host,
        leader.pid
    );
}

/// Decisions and ends of stages and jobs are worth a line; the rest is for whoever asks with
/// RUST_LOG.
fn tell_event(event: &Event) {
    let stage = event.stage.as_ref().map_or("-", |stage| stage.as_str());
    let (kind, job_id, message) = (event.kind.as_str(), &event.job_id, &event.message);
    match event.kind {
        EventType::StageFailed | EventType::JobFailed => tracing::warn!("{job_id} {stage} {kind}: {message}"),
        EventType::GateOpened
        | EventType::GateApproved
        | EventType::GateRejected
        | EventType::GateAutoApproved
        | EventType::GateCanceled
        | EventType::DecisionMade
        | EventType::DecisionRecalled
        | EventType::GateOverdue
        | EventType::LastCall
        | EventType::StageCompleted
        | EventType::PatchApplied
        | EventType::JobPaused
        | EventType::JobResumed
        | EventType::JobCanceled
        | EventType::JobCompleted => tracing::info!("{job_id} {stage} {kind}: {message}"),
        EventType::JobAcknowledged
        | EventType::JobCreated
        | EventType::JobStarted
        | EventType::StageStarted
        | EventType::GateSeen
        | EventType::GateReached
        | EventType::GateHeld
        | EventType::GateContextChanged
        | EventType::GateRequesterGone
        | EventType::GateRequesterBack
        | EventType::GateReleased
        | EventType::GateExtended
        | EventType::ArtifactChanged
        | EventType::PatchUndone => tracing::debug!("{job_id} {stage} {kind}: {message}"),
    }
}
