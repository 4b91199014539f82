//! The terminal: the one folder that knows crossterm.
//!
//! Guards raw mode, alternate screen, bracketed paste and mouse, and gives them back whatever happens. Frames go out one at a time; a
//! stalled line never blocks the clock (HOUSE: *The terminal may not block the clock*).

mod cells;
mod decode;
pub(super) mod external_editor;
pub(super) mod job_control;
mod keyboard;
mod line;
mod screen;
mod sequence;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use keyboard::Keyboard;
use line::Line;
use screen::Screen;

use super::input::Input;

// Clicks and wheel only (1000, 1006): the motion reports that crossterm would also ask for cost a thin line a lot.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?1000h\x1b[?1006h\x1b[2J\x1b[H";
// What another program may have left behind: colours, insert mode, a scrolling region, keys of the cursor and the number pad that send
// something else, reports of motion and focus, the other character set, lines that do not go on.
const RESET: &[u8] = b"\x1b[0m\x1b[4l\x1b[r\x1b[?1l\x1b>\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b(B\x0f\x1b[?7h";
const LEAVE: &[u8] = b"\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[0m\x1b[?1049l";

/// A stalled line is waited for no longer than this when the console leaves.
const LEAVE_WAIT: Duration = Duration::from_secs(1);
/// So many inputs are taken before the rest of the loop has its turn.
const BATCH_MAX: usize = 4096;

/// The terminal, given back when this is dropped.
pub(super) struct Terminal {
    screen: Screen,
    /// Goes out before the next frame, in the same write.
    ahead: Vec<u8>,
    line: Line,
    keyboard: Keyboard,
    former_size: (u16, u16),
    /// Shared with the panic hook: whether the terminal is ours right now.
    is_taken: Arc<AtomicBool>,
}

fn give_back(is_taken: &AtomicBool) {
    if is_taken.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        // The line may be gone: then there is nothing to restore and nobody to tell.
        let _ = out.write_all(LEAVE).and_then(|()| out.flush());
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

// A panic on the loop's thread ends the console: the terminal first, then the report. One on another thread is caught by the
// runtime; its report must not be written over the screen.
fn restore_on_panic(is_taken: Arc<AtomicBool>) {
    let loop_thread = std::thread::current().id();
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |report| {
        if std::thread::current().id() == loop_thread || !is_taken.load(Ordering::SeqCst) {
            give_back(&is_taken);
            tracing::error!("the console panicked: {report}");
            former(report);
        } else {
            tracing::error!("a worker panicked: {report}");
        }
    }));
}

/// The columns of the terminal, if there is one.
pub fn columns() -> Option<u16> {
    crossterm::terminal::size().ok().map(|(columns, _)| columns)
}

/// Takes the terminal's foreground and gives it these settings; what was typed and not read is dropped.
pub(super) fn restore(settings: &Termios) -> io::Result<()> {
    let _guard = job_control::FromBackground::new();
    job_control::take()?;
    Ok(tcsetattr(io::stdin(), SetArg::TCSAFLUSH, settings)?)
}

/// Whether a person sits at stdin and stdout.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl Terminal {
    /// Takes the terminal.
    pub(crate) fn open() -> io::Result<Self> {
        let (columns, rows) = crossterm::terminal::size()?;
        let line = Line::open()?;
        let is_taken = Arc::new(AtomicBool::new(false));
        restore_on_panic(is_taken.clone());
        let mut terminal = Self {
            screen: Screen::new(columns, rows),
            ahead: Vec::new(),
            line,
            keyboard: Keyboard::start()?,
            former_size: (columns, rows),
            is_taken,
        };
        terminal.enter()?;
        Ok(terminal)
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> (u16, u16) {
        // The former size is a better answer than none.
        crossterm::terminal::size().unwrap_or(self.former_size)
    }

    /// Takes the terminal again after [`Self::leave`].
    pub(crate) fn enter(&mut self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        self.is_taken.store(true, Ordering::SeqCst);
        self.ahead.extend_from_slice(ENTER);
        Ok(())
    }

    /// Gives the terminal back, behind the last frame if the line is not stalled.
    pub(crate) async fn leave(&mut self) {
        if !self.is_taken.load(Ordering::SeqCst) {
            return;
        }
        self.ahead.clear();
        if self.line.is_busy() {
            let _ = tokio::time::timeout(LEAVE_WAIT, self.line.written()).await;
        }
        let is_told = !self.line.is_busy()
            && match self.line.send(LEAVE.to_vec()) {
                Ok(true) => true,
                Ok(false) => tokio::time::timeout(LEAVE_WAIT, self.line.written()).await.is_ok(),
                Err(_) => false,
            };
        if is_told || self.line.is_busy() {
            // Where it is stalled, another write would block as well: the modes of the line are all that can be given back.
            self.is_taken.store(false, Ordering::SeqCst);
            let _ = crossterm::terminal::disable_raw_mode();
        } else {
            give_back(&self.is_taken);
        }
    }

    /// Gives the terminal back for another program and reads nothing from it any more. Returns the settings that it has then.
    pub(crate) async fn lend(&mut self) -> io::Result<Termios> {
        self.keyboard.rest().await?;
        self.leave().await;
        Ok(tcgetattr(io::stdin())?)
    }

    /// Takes the terminal again after [`Self::lend`], whatever the other program left it like: with these settings, and without what
    /// was typed for that program.
    pub(crate) fn take_back(&mut self, settings: &Termios) -> io::Result<()> {
        restore(settings)?;
        self.ahead.extend_from_slice(RESET);
        self.enter()?;
        self.keyboard.go_on()?;
        self.repaint(self.size());
        Ok(())
    }

    /// The line is gone: nothing may be written or asked any more.
    pub(crate) fn abandon(self) {
        self.is_taken.store(false, Ordering::SeqCst);
        std::mem::forget(self);
    }

    /// Puts a text on the operator's clipboard (OSC 52), with the next frame.
    pub(crate) fn copy(&mut self, text: &str) {
        let mut sequence = String::new();
        if CopyToClipboard::to_clipboard_from(text)
            .write_ansi(&mut sequence)
            .is_ok()
        {
            self.ahead.extend_from_slice(sequence.as_bytes());
        }
    }

    /// Makes the next frame a whole one, of this size. Never asks the terminal anything.
    pub(crate) fn repaint(&mut self, (columns, rows): (u16, u16)) {
        self.former_size = (columns, rows);
        self.screen = Screen::new(columns, rows);
    }

    /// Whether a frame is still being written: no other may be made.
    pub(crate) fn is_busy(&self) -> bool {
        self.line.is_busy()
    }

    /// Draws a frame and sends it; returns whether all of it is on the terminal now, else [`Happened::Written`] comes.
    pub(crate) fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<bool> {
        let frame = self.screen.draw(render)?;
        let mut bytes = std::mem::take(&mut self.ahead);
        bytes.extend_from_slice(&frame);
        // None: the same cells as before.
        Ok(bytes.is_empty() || self.line.send(bytes)?)
    }

    /// Waits for whatever comes first. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Happened {
        tokio::select! {
            biased;
            is_written = self.line.written() => {
                if is_written { Happened::Written } else { Happened::Inputs(None) }
            }
            inputs = inputs(&mut self.keyboard) => Happened::Inputs(inputs),
        }
    }
}

/// What the terminal brings.
pub(super) enum Happened {
    /// The frame is written.
    Written,
    /// Input, all of it that was ready; none: the terminal is gone.
    Inputs(Option<Vec<Input>>),
}

/// All input that is ready, once there is any. None: the terminal is gone.
async fn inputs(keyboard: &mut Keyboard) -> Option<Vec<Input>> {
    let mut inputs = vec![keyboard.next().await?];
    while inputs.len() < BATCH_MAX
        && let Some(input) = keyboard.ready()
    {
        inputs.push(input);
    }
    Some(inputs)
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back(&self.is_taken);
    }
}
