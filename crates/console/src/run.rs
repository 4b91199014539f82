//! The console in this process's terminal, from its first frame to whatever ends it.

mod console;
mod copy;
mod effects;
mod frames;
mod slot;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use futures_util::FutureExt;
use nix::sys::signal::Signal;

pub use console::Console;

use super::backend::Backend;
use super::session::Session;
use super::terminal::{self, Ended, Tty, TtyInput};

/// Why a console did not start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// Nobody sits there.
    #[error("Not started: stdout is not a terminal   hint: use holdpoint gate list, or holdpoint serve")]
    NoTerminal,
    /// The terminal or the signals refused.
    #[error("Not started: the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
}

/// Runs the console until it ends. The terminal is restored however that happens; drafts are saved
/// before.
pub async fn run<B: Backend>(session: Session, backend: B) -> Result<Ended, NotStarted> {
    if !terminal::is_there() {
        return Err(NotStarted::NoTerminal);
    }
    let terminal = Tty::open(session.offers.mouse)?;
    let mut console = Console::new(session, TtyInput::open()?, terminal, backend);
    let (ended, panic) = match AssertUnwindSafe(console.run()).catch_unwind().await {
        Ok(Ok(ended)) => (ended, None),
        // The terminal takes nothing any more: what was written is kept, and nothing else can be
        // done.
        Ok(Err(error)) => {
            tracing::warn!("the terminal went away: {error}");
            (Ended::HungUp, None)
        }
        Err(panic) => (Ended::HungUp, Some(panic)),
    };
    let signal = match ended {
        Ended::HungUp => Signal::SIGHUP,
        Ended::Left | Ended::Terminated => Signal::SIGTERM,
    };
    console.terminal.end_editor(signal).await;
    console.rescue_copy();
    // What a panic left of the model may be good for nothing but another one.
    let saved = catch_unwind(AssertUnwindSafe(|| console.save_drafts()));
    if let Some(panic) = panic.or(saved.err()) {
        console.backend.rest().await;
        resume_unwind(panic);
    }
    console.release_leases();
    console.terminal.leave().await;
    Ok(ended)
}
