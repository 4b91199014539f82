//! The console's loop: one select, then settle, then at most one frame.

mod desk;

use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use nix::sys::signal::{Signal, raise};
use tokio::signal::unix::{Signal as UnixSignal, SignalKind, signal};

use super::backend::Backend;
use super::effect::{FrameFacts, Msg};
use super::input::Input;
use super::model::Model;
use super::session::Session;
use super::terminal::{self, Happened, Terminal};
use super::update::{next_wake_us, release_leases, start, unsaved_drafts, update};
use super::view;
use desk::{Desk, Order};

/// How a console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The operator left.
    Left,
    /// SIGTERM or SIGINT.
    Terminated,
    /// SIGHUP, or the terminal went away: the process must leave at once, without another word to the terminal.
    HungUp,
}

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

/// So many notices are taken before the rest of the loop has its turn.
const NOTICES_MAX: usize = 256;

/// What woke the loop.
enum Woken {
    Hangup,
    Terminate,
    Continue,
    Resized,
    Inputs(Option<Vec<Input>>),
    Written,
    Msg(Box<Msg>),
    Timer,
}

/// Runs the console until it ends. The terminal is restored however that happens; drafts are saved before.
pub async fn run<B: Backend>(session: Session, backend: &mut B) -> Result<Ended, NotStarted> {
    if !terminal::is_there() {
        return Err(NotStarted::NoTerminal);
    }
    let mut signals = Signals {
        hangup: signal(SignalKind::hangup())?,
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        resume: signal(SignalKind::from_raw(Signal::SIGCONT as i32))?,
        resized: signal(SignalKind::window_change())?,
    };
    let mut terminal = Terminal::open()?;
    let mut model = Model::new(session, terminal.size(), backend.now());
    let mut desk = Desk::new();
    let drafts = backend.load_drafts();
    let first = update(&mut model, Msg::Drafts(drafts));
    desk.take(first, backend);
    let first = start(&mut model);
    desk.take(first, backend);
    // An error here means that the terminal takes nothing any more: what was written is kept, and nothing else can be done.
    let attended = attend(&mut model, &mut desk, &mut terminal, &mut signals, backend).await;
    let ended = attended.unwrap_or_else(|error| {
        tracing::warn!("the terminal went away: {error}");
        Ended::HungUp
    });
    for (key, draft) in unsaved_drafts(&mut model) {
        backend.save_draft(&key, draft.as_ref());
    }
    desk.take(release_leases(&mut model), backend);
    match ended {
        Ended::HungUp => terminal.abandon(),
        Ended::Left | Ended::Terminated => terminal.leave().await,
    }
    Ok(ended)
}

struct Signals {
    hangup: UnixSignal,
    terminate: UnixSignal,
    interrupt: UnixSignal,
    resume: UnixSignal,
    resized: UnixSignal,
}

async fn attend<B: Backend>(
    model: &mut Model,
    desk: &mut Desk,
    terminal: &mut Terminal,
    signals: &mut Signals,
    backend: &mut B,
) -> io::Result<Ended> {
    let mut on_the_way: Option<FrameFacts> = None;
    let mut orders: Vec<Order> = Vec::new();

    loop {
        backend.settle();
        tell(model, desk, backend, Msg::Tick(backend.now()), &mut orders);
        if let Some(ended) = carry_out(&mut orders, model, desk, terminal, backend).await? {
            return Ok(ended);
        }
        while model.is_dirty && !terminal.is_busy() {
            model.is_dirty = false;
            let is_written = terminal.draw(|area, buffer| view::draw(model, area, buffer))?;
            let facts = view::facts(model);
            if is_written {
                on_the_way = Some(facts);
            } else {
                // The same cells as before: they are on the terminal already.
                tell(model, desk, backend, Msg::Drawn(facts), &mut orders);
            }
        }
        let wake = Duration::from_micros(next_wake_us(model).unsigned_abs());
        let woken = tokio::select! {
            biased;
            _ = signals.hangup.recv() => Woken::Hangup,
            _ = signals.terminate.recv() => Woken::Terminate,
            _ = signals.interrupt.recv() => Woken::Terminate,
            _ = signals.resume.recv() => Woken::Continue,
            _ = signals.resized.recv() => Woken::Resized,
            happened = terminal.next() => match happened {
                Happened::Written => Woken::Written,
                Happened::Inputs(inputs) => Woken::Inputs(inputs),
            },
            msg = desk.done() => Woken::Msg(Box::new(msg)),
            notice = backend.notice() => Woken::Msg(Box::new(desk.translate(notice))),
            () = tokio::time::sleep(wake) => Woken::Timer,
        };
        // The time first: what an input brings about is dated when it came, not when the loop last slept.
        tell(model, desk, backend, Msg::Tick(backend.now()), &mut orders);
        match woken {
            Woken::Hangup | Woken::Inputs(None) => return Ok(Ended::HungUp),
            Woken::Terminate => return Ok(Ended::Terminated),
            Woken::Continue => {
                terminal.enter()?;
                model.size = terminal.size();
                terminal.repaint(model.size);
                tell(model, desk, backend, Msg::Continued, &mut orders);
            }
            Woken::Resized => {
                let (columns, rows) = terminal.size();
                let resize = Msg::Input(Input::Resize(columns, rows));
                tell(model, desk, backend, resize, &mut orders);
            }
            Woken::Inputs(Some(inputs)) => {
                for input in inputs {
                    tell(model, desk, backend, Msg::Input(input), &mut orders);
                }
            }
            Woken::Written => {
                if let Some(facts) = on_the_way.take() {
                    tell(model, desk, backend, Msg::Drawn(facts), &mut orders);
                }
            }
            Woken::Msg(msg) => tell(model, desk, backend, *msg, &mut orders),
            Woken::Timer => {}
        }
        for _ in 0..NOTICES_MAX {
            let Some(notice) = backend.notice().now_or_never() else {
                break;
            };
            let msg = desk.translate(notice);
            tell(model, desk, backend, msg, &mut orders);
        }
    }
}

fn tell<B: Backend>(model: &mut Model, desk: &mut Desk, backend: &mut B, msg: Msg, orders: &mut Vec<Order>) {
    let effects = update(model, msg);
    orders.extend(desk.take(effects, backend));
}

async fn carry_out<B: Backend>(
    orders: &mut Vec<Order>,
    model: &mut Model,
    desk: &mut Desk,
    terminal: &mut Terminal,
    backend: &mut B,
) -> io::Result<Option<Ended>> {
    for order in std::mem::take(orders) {
        match order {
            Order::Copy(text) => terminal.copy(&text),
            Order::Repaint => {
                terminal.repaint(model.size);
                model.is_dirty = true;
            }
            Order::Suspend => {
                terminal.leave().await;
                for (key, draft) in unsaved_drafts(model) {
                    backend.save_draft(&key, draft.as_ref());
                }
                // Nobody is at a stopped prompt; it takes its lease again when the process goes on.
                desk.take(release_leases(model), backend);
                // A stopped process keeps its locks: the lead must go to someone who runs.
                backend.resign();
                backend.rest().await;
                raise(Signal::SIGTSTP).map_err(io::Error::from)?;
                backend.stand();
                terminal.enter()?;
                model.size = terminal.size();
                terminal.repaint(model.size);
                tell(model, desk, backend, Msg::Continued, orders);
            }
            Order::Quit => return Ok(Some(Ended::Left)),
        }
    }
    Ok(None)
}
