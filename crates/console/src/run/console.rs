//! The console's loop: one select, then settle, then at most one frame.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use futures_util::FutureExt;

use super::effects::{EffectRunner, Order, translate};
use super::frames::{Frames, Under};
use crate::action::Action;
use crate::backend::Backend;
use crate::effect::{FrameFacts, Msg};
use crate::external_editor::Ending;
use crate::input::TerminalInput;
use crate::model::Model;
use crate::session::Session;
use crate::terminal::{EditorState, Ended, Incoming, InputStream, Terminal};
use crate::update::{next_wake_us, release_leases, start, unsaved_drafts, update};
use crate::view;
use clock::Alarm;
use engine::api::Notice;

/// How many notices are taken before the rest of the loop has its turn.
const NOTICES_MAX: usize = 256;
/// Between being continued in the background and the next stop: time for a signal that ends the
/// process to be heard.
const BACKGROUND_WAIT: Duration = Duration::from_millis(10);

/// What woke the loop.
enum Woken {
    Written(bool),
    Incoming(Incoming),
    Msg(Option<Box<Msg>>),
    Notice(Box<Notice>),
    Timer,
}

/// The console: its model, and the input, the terminal and the engine that its loop joins.
pub struct Console<I, T, B> {
    /// What is shown.
    pub model: Model,
    /// Where keys and signals come from.
    pub input: I,
    /// Where frames go.
    pub terminal: T,
    /// The engine.
    pub backend: B,
    effects: EffectRunner,
    orders: VecDeque<Order>,
    /// What is on the frame that is being written.
    on_the_way: Option<FrameFacts>,
    frames: Frames,
}

impl<I: InputStream, T: Terminal, B: Backend> Console<I, T, B> {
    /// A console that has asked its first questions.
    pub fn new(session: Session, input: I, terminal: T, mut backend: B) -> Self {
        crate::keymap::bind(&session.offers.keys.bound);
        crate::facts::label::tell_times(session.offers.time, session.ahead_s);
        let (drafts, problems) = backend.load_drafts();
        let discarded = backend.load_discarded();
        let marks = backend.load_marks();
        // Whoever only looks is not asked.
        let (unsent, told) = match session.is_read_only {
            true => Default::default(),
            false => backend.take_unsent(),
        };
        let mut console = Self {
            model: Model::new(session, terminal.size(), backend.now()),
            effects: EffectRunner::new(backend.patience()),
            input,
            terminal,
            backend,
            orders: VecDeque::new(),
            on_the_way: None,
            frames: Frames::default(),
        };
        console.tell(Msg::Drafts(drafts, problems));
        console.tell(Msg::Discarded(discarded));
        console.tell(Msg::Marks(marks));
        console.tell(Msg::Unsent(unsent, told));
        let first = start(&mut console.model);
        console.effects.run(first, &mut console.backend, &mut console.orders);
        console
    }

    /// Runs until the console ends.
    pub(crate) async fn run(&mut self) -> io::Result<Ended> {
        let mut alarm = Alarm::default();
        loop {
            if let Some(ended) = self.settle().await? {
                return Ok(ended);
            }
            let put_off_us = self.put_off_us();
            if put_off_us == 0 {
                self.draw()?;
            }
            let put_off = (put_off_us > 0).then_some(put_off_us);
            let wake = next_wake_us(&self.model).min(put_off.unwrap_or(i64::MAX));
            let wake = Duration::from_micros(wake.unsigned_abs());
            let woken = tokio::select! {
                biased;
                woken = self.woken() => woken,
                () = alarm.after(wake) => Woken::Timer,
            };
            if let Some(ended) = self.handle(woken)? {
                return Ok(ended);
            }
        }
    }

    /// Runs until there is nothing left to do but to wait for somebody or for the time; returns how
    /// the console ended, if it did.
    pub async fn until_idle(&mut self) -> io::Result<Option<Ended>> {
        loop {
            let mut ended = self.settle().await?;
            if ended.is_none() {
                self.draw()?;
                let woken = if self.effects.is_idle() {
                    self.woken().now_or_never()
                } else {
                    Some(self.woken().await)
                };
                let Some(woken) = woken else {
                    return Ok(None);
                };
                ended = self.handle(woken)?;
            }
            if ended.is_some() {
                return Ok(ended);
            }
        }
    }

    /// Takes one message.
    pub fn tell(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg);
        self.effects.run(effects, &mut self.backend, &mut self.orders);
    }

    /// Does what is due.
    async fn settle(&mut self) -> io::Result<Option<Ended>> {
        self.backend.settle();
        self.tell(Msg::Tick(self.backend.now()));
        match self.terminal.editor()? {
            Some(EditorState::Ended(ending)) => self.editor_ended(ending)?,
            Some(EditorState::Stopped) => self.orders.push_back(Order::Suspend),
            Some(EditorState::Running) | None => {}
        }
        if let Some(ended) = self.carry_out().await? {
            return Ok(Some(ended));
        }
        Ok(None)
    }

    /// Microseconds for which the next frame is put off.
    fn put_off_us(&mut self) -> i64 {
        if !self.model.window.is_dirty {
            self.frames.rest();
            return 0;
        }
        let under = Under {
            is_reading: !self.effects.is_idle(),
            is_writing: self.model.outgoing.is_waiting(),
            is_moving: self.model.panes.pace.is_moving(),
        };
        self.frames.put_off_us(self.model.now.boot_us, under)
    }

    /// Draws a frame if one is wanted and the terminal takes it.
    fn draw(&mut self) -> io::Result<()> {
        while self.model.window.is_dirty && !self.terminal.is_lent() && !self.terminal.is_busy() {
            self.model.window.is_dirty = false;
            let model = &self.model;
            let is_written = self.terminal.draw(|area, buffer| view::draw(model, area, buffer))?;
            let facts = view::facts(model);
            self.frames.drawn(self.model.now.boot_us, self.terminal.frame_bytes());
            if is_written {
                self.tell(Msg::Drawn(facts));
            } else {
                self.on_the_way = Some(facts);
                self.frames.sent(self.backend.now().boot_us);
            }
        }
        Ok(())
    }

    /// Waits for whatever comes first but the time. Cancel-safe.
    async fn woken(&mut self) -> Woken {
        tokio::select! {
            biased;
            is_written = self.terminal.written() => Woken::Written(is_written),
            incoming = self.input.next() => Woken::Incoming(incoming),
            msg = self.effects.done() => Woken::Msg(msg.map(Box::new)),
            notice = self.backend.notice() => Woken::Notice(Box::new(notice)),
        }
    }

    fn handle(&mut self, woken: Woken) -> io::Result<Option<Ended>> {
        // The time first: what an input brings about is dated when it came, not when the loop last
        // slept.
        self.tell(Msg::Tick(self.backend.now()));
        match woken {
            Woken::Written(false) => return Ok(Some(Ended::HungUp)),
            Woken::Written(true) => {
                self.model.window.is_thin |= self.frames.is_slow(self.backend.now().boot_us);
                if let Some(facts) = self.on_the_way.take() {
                    self.tell(Msg::Drawn(facts));
                }
            }
            Woken::Incoming(Incoming::Ended(ended)) => return Ok(Some(ended)),
            Woken::Incoming(incoming) => self.handle_incoming(incoming)?,
            Woken::Msg(Some(msg)) => self.tell(*msg),
            Woken::Notice(notice) => self.handle_notice(*notice),
            Woken::Msg(None) | Woken::Timer => {}
        }
        for _ in 0..NOTICES_MAX {
            if let Some(notice) = self.backend.notice().now_or_never() {
                self.handle_notice(notice);
            } else if let Some(msg) = self.effects.done().now_or_never() {
                msg.into_iter().for_each(|msg| self.tell(msg));
            } else {
                break;
            }
        }
        Ok(None)
    }

    fn handle_notice(&mut self, notice: Notice) {
        self.tell(translate(notice));
    }

    fn handle_incoming(&mut self, incoming: Incoming) -> io::Result<()> {
        match incoming {
            Incoming::Inputs(inputs) => inputs.into_iter().for_each(|input| self.tell(Msg::Input(input))),
            // The terminal is another program's, and so is its size.
            Incoming::Continued | Incoming::Resized if self.terminal.is_lent() => {}
            Incoming::Continued => {
                self.resume()?;
                self.tell(Msg::Continued);
            }
            Incoming::Resized => {
                let (columns, rows) = self.terminal.size();
                self.tell(Msg::Input(TerminalInput::Resize(columns, rows)));
            }
            Incoming::Stop if self.model.session.forbids(Action::Suspend).is_some() => {}
            Incoming::Stop => self.orders.push_back(Order::Suspend),
            Incoming::Child | Incoming::Ended(_) => {}
        }
        Ok(())
    }

    async fn carry_out(&mut self) -> io::Result<Option<Ended>> {
        while let Some(order) = self.orders.pop_front() {
            match order {
                Order::Copy(text) => self.terminal.copy(&text),
                Order::Attend(attention) => {
                    self.terminal.attend(&attention);
                    self.model.window.is_dirty = true;
                }
                Order::Repaint => {
                    fault::panic_point("repaint");
                    self.terminal.repaint(self.model.window.size);
                    self.model.window.is_dirty = true;
                }
                Order::Suspend => {
                    if let Some(ended) = self.suspend().await? {
                        return Ok(Some(ended));
                    }
                }
                Order::LendTo(editor, path) => {
                    self.input.rest().await?;
                    if let Err(why) = self.terminal.lend(&editor, &path).await? {
                        self.editor_ended(Ending::NotStarted(why))?;
                    }
                }
                Order::Quit => return Ok(Some(Ended::Left)),
            }
        }
        Ok(None)
    }

    /// The terminal is the console's again, and the external editor ended so.
    fn editor_ended(&mut self, ending: Ending) -> io::Result<()> {
        self.input.go_on()?;
        self.model.window.size = self.terminal.size();
        self.tell(Msg::ExternalEditorEnded(ending));
        self.tell(Msg::Continued);
        Ok(())
    }

    /// Ctrl-Z: the process gives terminal and lead back, stops with nothing in its hands, and takes
    /// everything up again when a shell continues it in the foreground.
    async fn suspend(&mut self) -> io::Result<Option<Ended>> {
        if !self.terminal.give_back().await? {
            self.tell(Msg::NotSuspended);
            return Ok(None);
        }
        self.save_drafts();
        // Nobody is at a stopped prompt; it takes its lease again when the process goes on.
        self.release_leases();
        // A stopped process keeps its locks: the lead must go to someone who runs.
        self.backend.resign();
        self.backend.rest().await;
        loop {
            self.terminal.stop()?;
            if self.terminal.is_at_hand() {
                break;
            }
            // Continued in the background: without the terminal there is nothing to do, and to
            // touch it would stop this process with the lead.
            tokio::select! {
                biased;
                ended = self.input.ended() => return Ok(Some(ended)),
                () = tokio::time::sleep(BACKGROUND_WAIT) => {}
            }
            // `bg` and then `fg` continue the process too.
            if self.terminal.is_at_hand() {
                break;
            }
        }
        self.backend.stand();
        self.resume()?;
        self.tell(Msg::Continued);
        Ok(None)
    }

    fn resume(&mut self) -> io::Result<()> {
        self.terminal.resume()?;
        self.model.window.size = self.terminal.size();
        self.terminal.repaint(self.model.window.size);
        Ok(())
    }

    /// Writes the drafts that are not on disk yet.
    pub(crate) fn save_drafts(&mut self) {
        for (key, draft) in unsaved_drafts(&mut self.model) {
            self.backend.save_draft(&key, draft.as_ref());
        }
    }

    pub(crate) fn release_leases(&mut self) {
        let effects = release_leases(&mut self.model);
        self.effects.run(effects, &mut self.backend, &mut self.orders);
    }

    /// What an external editor that was ended left becomes the draft.
    pub(crate) fn rescue_copy(&mut self) {
        if let Some(copy) = self.effects.take_copy() {
            if let Some(text) = copy.rescued() {
                // The effects are dropped: the console is ending, nobody would carry them out.
                update(&mut self.model, Msg::CopySaved(text));
            }
            copy.close(true);
        }
    }
}
