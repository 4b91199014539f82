//! Ctrl-Z: the process stops with nothing in its hands, and takes everything up again when a shell continues it.

use std::io;
use std::time::Duration;

use super::super::backend::Backend;
use super::super::model::Model;
use super::super::terminal::external_editor::Guest;
use super::super::terminal::{Terminal, job_control};
use super::super::update::{release_leases, unsaved_drafts};
use super::effects::EffectRunner;
use super::{Ended, Signals};

/// Between being continued in the background and the next stop: time for a signal that ends the process to be heard.
const BACKGROUND_WAIT: Duration = Duration::from_millis(10);

/// What came of it.
pub(super) enum Suspended {
    /// It was stopped and continued.
    Continued,
    /// It was not stopped: no shell is there to continue it.
    NobodyContinues,
    /// A signal ended it.
    Ended(Ended),
}

/// Gives terminal and lead back, stops, and takes them again in the foreground.
pub(super) async fn suspend<B: Backend>(
    model: &mut Model,
    desk: &mut EffectRunner,
    terminal: &mut Terminal,
    signals: &mut Signals,
    backend: &mut B,
    mut guest: Option<&mut Guest>,
) -> io::Result<Suspended> {
    if !job_control::has_shell() {
        if let Some(guest) = guest {
            guest.step_forward()?;
        }
        return Ok(Suspended::NobodyContinues);
    }
    match &mut guest {
        Some(guest) => guest.step_back()?,
        None => {
            // The shell may have taken the terminal already, when the whole group was told to stop.
            let _guard = job_control::FromBackground::new();
            terminal.leave().await;
        }
    }
    for (key, draft) in unsaved_drafts(model) {
        backend.save_draft(&key, draft.as_ref());
    }
    // Nobody is at a stopped prompt; it takes its lease again when the process goes on.
    desk.take(release_leases(model), backend);
    // A stopped process keeps its locks: the lead must go to someone who runs.
    backend.resign();
    backend.rest().await;
    let is_at_hand = || job_control::is_ours() || !job_control::has_shell();
    loop {
        job_control::stop()?;
        if is_at_hand() {
            break;
        }
        // Continued in the background: without the terminal there is nothing to do, and to touch it would stop this process with
        // the lead.
        tokio::select! {
            biased;
            _ = signals.hangup.recv() => return Ok(Suspended::Ended(Ended::HungUp)),
            _ = signals.terminate.recv() => return Ok(Suspended::Ended(Ended::Terminated)),
            () = tokio::time::sleep(BACKGROUND_WAIT) => {}
        }
        // `fg` behind a `bg` is a continuation as well.
        if is_at_hand() {
            break;
        }
    }
    backend.stand();
    match guest {
        Some(guest) => guest.step_forward()?,
        None => {
            terminal.enter()?;
            model.size = terminal.size();
            terminal.repaint(model.size);
        }
    }
    Ok(Suspended::Continued)
}
