//! The console's loop: one select, then settle, then at most one frame.

mod copy;
mod desk;
mod guest;
mod suspend;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use nix::sys::signal::Signal;
use tokio::signal::unix::{Signal as UnixSignal, SignalKind, signal};

use super::action::Action;
use super::backend::Backend;
use super::effect::{FrameFacts, Msg};
use super::input::Input;
use super::model::Model;
use super::own_editor::Ending;
use super::session::Session;
use super::terminal::{self, Happened, Terminal};
use super::update::{next_wake_us, release_leases, start, unsaved_drafts, update};
use super::view;
use clock::Alarm;

use desk::{Desk, Order};
use guest::{Found, Guest};
use suspend::Suspended;

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
    Stop,
    Child,
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
        stop: signal(SignalKind::from_raw(Signal::SIGTSTP as i32))?,
        child: signal(SignalKind::child())?,
        resized: signal(SignalKind::window_change())?,
    };
    let mut terminal = Terminal::open()?;
    let mut model = Model::new(session, terminal.size(), backend.now());
    let mut desk = Desk::new();
    let (drafts, problems) = backend.load_drafts();
    let first = update(&mut model, Msg::Drafts(drafts, problems));
    desk.take(first, backend);
    let discarded = backend.load_discarded();
    update(&mut model, Msg::Discarded(discarded));
    let first = start(&mut model);
    desk.take(first, backend);
    let mut guest = None;
    let attended = attend(&mut model, &mut desk, &mut terminal, &mut signals, backend, &mut guest);
    let attended = AssertUnwindSafe(attended).catch_unwind().await;
    let (ended, panic) = match attended {
        Ok(Ok(ended)) => (ended, None),
        // The terminal takes nothing any more: what was written is kept, and nothing else can be done.
        Ok(Err(error)) => {
            tracing::warn!("the terminal went away: {error}");
            (Ended::HungUp, None)
        }
        Err(panic) => (Ended::HungUp, Some(panic)),
    };
    see_off(guest, ended, &mut model, &mut desk).await;
    // What a panic left of the model may be good for nothing but another one.
    let saved = catch_unwind(AssertUnwindSafe(|| {
        for (key, draft) in unsaved_drafts(&mut model) {
            backend.save_draft(&key, draft.as_ref());
        }
    }));
    if let Some(panic) = panic.or(saved.err()) {
        backend.rest().await;
        resume_unwind(panic);
    }
    desk.take(release_leases(&mut model), backend);
    match ended {
        Ended::HungUp => terminal.abandon(),
        Ended::Left | Ended::Terminated => terminal.leave().await,
    }
    Ok(ended)
}

/// Ends the operator's own editor because the console ends; what it leaves becomes the draft.
async fn see_off(guest: Option<Guest>, ended: Ended, model: &mut Model, desk: &mut Desk) {
    if let Some(guest) = guest {
        let signal = match ended {
            Ended::HungUp => Signal::SIGHUP,
            Ended::Left | Ended::Terminated => Signal::SIGTERM,
        };
        guest.end(signal).await;
    }
    if let Some(copy) = desk.take_copy() {
        if let Some(text) = copy.rescued() {
            // Its effects would come too late.
            update(model, Msg::CopySaved(text));
        }
        copy.close(true);
    }
}

struct Signals {
    hangup: UnixSignal,
    terminate: UnixSignal,
    interrupt: UnixSignal,
    resume: UnixSignal,
    stop: UnixSignal,
    child: UnixSignal,
    resized: UnixSignal,
}

async fn attend<B: Backend>(
    model: &mut Model,
    desk: &mut Desk,
    terminal: &mut Terminal,
    signals: &mut Signals,
    backend: &mut B,
    guest: &mut Option<Guest>,
) -> io::Result<Ended> {
    let mut on_the_way: Option<FrameFacts> = None;
    let mut orders: Vec<Order> = Vec::new();
    let mut alarm = Alarm::default();

    loop {
        backend.settle();
        tell(model, desk, backend, Msg::Tick(backend.now()), &mut orders);
        match guest.as_ref().map(Guest::look) {
            Some(Found::Ended(ending)) => {
                if let Some(guest) = guest.take() {
                    terminal.take_back(guest.settings())?;
                }
                come_back(model, desk, terminal, backend, ending, &mut orders);
            }
            Some(Found::Stopped) => orders.push(Order::Suspend),
            Some(Found::Running) | None => {}
        }
        if let Some(ended) = carry_out(&mut orders, model, desk, terminal, signals, backend, guest).await? {
            return Ok(ended);
        }
        while guest.is_none() && model.is_dirty && !terminal.is_busy() {
            model.is_dirty = false;
            let is_written = terminal.draw(|area, buffer| view::draw(model, area, buffer))?;
            let facts = view::facts(model);
            if is_written {
                tell(model, desk, backend, Msg::Drawn(facts), &mut orders);
            } else {
                on_the_way = Some(facts);
            }
        }
        let wake = Duration::from_micros(next_wake_us(model).unsigned_abs());
        let woken = tokio::select! {
            biased;
            _ = signals.hangup.recv() => Woken::Hangup,
            _ = signals.terminate.recv() => Woken::Terminate,
            _ = signals.interrupt.recv() => Woken::Terminate,
            _ = signals.resume.recv() => Woken::Continue,
            _ = signals.stop.recv() => Woken::Stop,
            _ = signals.child.recv() => Woken::Child,
            _ = signals.resized.recv() => Woken::Resized,
            happened = terminal.next() => match happened {
                Happened::Written => Woken::Written,
                Happened::Inputs(inputs) => Woken::Inputs(inputs),
            },
            msg = desk.done() => Woken::Msg(Box::new(msg)),
            notice = backend.notice() => Woken::Msg(Box::new(desk.translate(notice))),
            () = alarm.after(wake) => Woken::Timer,
        };
        // The time first: what an input brings about is dated when it came, not when the loop last slept.
        tell(model, desk, backend, Msg::Tick(backend.now()), &mut orders);
        match woken {
            Woken::Hangup | Woken::Inputs(None) => return Ok(Ended::HungUp),
            Woken::Terminate => return Ok(Ended::Terminated),
            // The terminal is another's, and so is its size.
            Woken::Continue | Woken::Resized if guest.is_some() => {}
            Woken::Stop if model.session.forbids(Action::Suspend).is_some() => {}
            Woken::Stop => orders.push(Order::Suspend),
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
            Woken::Timer | Woken::Child => {}
        }
        for _ in 0..NOTICES_MAX {
            let notice = backend.notice().now_or_never().map(|notice| desk.translate(notice));
            let Some(msg) = notice.or_else(|| desk.done().now_or_never()) else {
                break;
            };
            tell(model, desk, backend, msg, &mut orders);
        }
    }
}

fn tell<B: Backend>(model: &mut Model, desk: &mut Desk, backend: &mut B, msg: Msg, orders: &mut Vec<Order>) {
    let effects = update(model, msg);
    orders.extend(desk.take(effects, backend));
}

/// The terminal is the console's again, and the editor ended so.
fn come_back<B: Backend>(
    model: &mut Model,
    desk: &mut Desk,
    terminal: &Terminal,
    backend: &mut B,
    ending: Ending,
    orders: &mut Vec<Order>,
) {
    model.size = terminal.size();
    tell(model, desk, backend, Msg::OwnEditorEnded(ending), orders);
    tell(model, desk, backend, Msg::Continued, orders);
}

async fn carry_out<B: Backend>(
    orders: &mut Vec<Order>,
    model: &mut Model,
    desk: &mut Desk,
    terminal: &mut Terminal,
    signals: &mut Signals,
    backend: &mut B,
    guest: &mut Option<Guest>,
) -> io::Result<Option<Ended>> {
    for order in std::mem::take(orders) {
        match order {
            Order::Copy(text) => terminal.copy(&text),
            Order::Repaint => {
                fault::panic_point("repaint");
                terminal.repaint(model.size);
                model.is_dirty = true;
            }
            Order::Suspend => {
                let msg = match suspend::suspend(model, desk, terminal, signals, backend, guest.as_mut()).await? {
                    Suspended::Continued => Msg::Continued,
                    Suspended::NobodyContinues => Msg::NotSuspended,
                    Suspended::Ended(ended) => return Ok(Some(ended)),
                };
                tell(model, desk, backend, msg, orders);
            }
            Order::StartOwnEditor(editor, path) => {
                let settings = terminal.lend().await?;
                match Guest::start(&editor, &path, settings.clone()) {
                    Ok(started) => *guest = Some(started),
                    Err(error) => {
                        terminal.take_back(&settings)?;
                        let ending = Ending::NotStarted(error.to_string());
                        come_back(model, desk, terminal, backend, ending, orders);
                    }
                }
            }
            Order::Quit => return Ok(Some(Ended::Left)),
        }
    }
    Ok(None)
}
