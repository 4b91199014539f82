//! What comes in from this process's terminal and its signals.

use std::io;

use nix::sys::signal::Signal;
use tokio::signal::unix::{Signal as UnixSignal, SignalKind, signal};

use super::interface::{Ended, Incoming, InputStream};
use super::keyboard::Keyboard;
use crate::input::TerminalInput;

/// How many inputs are taken before the rest of the loop has its turn.
const BATCH_MAX: usize = 4096;

/// The keyboard and the signals of this process.
pub(crate) struct TtyInput {
    keyboard: Keyboard,
    hangup: UnixSignal,
    terminate: UnixSignal,
    interrupt: UnixSignal,
    resume: UnixSignal,
    stop: UnixSignal,
    child: UnixSignal,
    resized: UnixSignal,
}

impl TtyInput {
    /// Takes the signals and begins to read.
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            resume: signal(SignalKind::from_raw(Signal::SIGCONT as i32))?,
            stop: signal(SignalKind::from_raw(Signal::SIGTSTP as i32))?,
            child: signal(SignalKind::child())?,
            resized: signal(SignalKind::window_change())?,
            keyboard: Keyboard::start()?,
        })
    }
}

impl InputStream for TtyInput {
    async fn next(&mut self) -> Incoming {
        tokio::select! {
            biased;
            _ = self.hangup.recv() => Incoming::Ended(Ended::HungUp),
            _ = self.terminate.recv() => Incoming::Ended(Ended::Terminated),
            _ = self.interrupt.recv() => Incoming::Ended(Ended::Terminated),
            _ = self.resume.recv() => Incoming::Continued,
            _ = self.stop.recv() => Incoming::Stop,
            _ = self.child.recv() => Incoming::Child,
            _ = self.resized.recv() => Incoming::Resized,
            inputs = inputs(&mut self.keyboard) => inputs.map_or(Incoming::Ended(Ended::HungUp), Incoming::Inputs),
        }
    }

    async fn ended(&mut self) -> Ended {
        tokio::select! {
            biased;
            _ = self.hangup.recv() => Ended::HungUp,
            _ = self.terminate.recv() => Ended::Terminated,
        }
    }

    async fn rest(&mut self) -> io::Result<()> {
        self.keyboard.rest().await
    }

    fn go_on(&mut self) -> io::Result<()> {
        self.keyboard.go_on()
    }
}

/// All input that is ready, once there is any. None: the terminal is gone.
async fn inputs(keyboard: &mut Keyboard) -> Option<Vec<TerminalInput>> {
    let mut inputs = vec![keyboard.next().await?];
    while inputs.len() < BATCH_MAX
        && let Some(input) = keyboard.ready()
    {
        inputs.push(input);
    }
    Some(inputs)
}
