//! The terminal: the one file that knows crossterm.
//!
//! Guards raw mode, alternate screen, bracketed paste and mouse, and gives them back whatever happens. Frames are handed, one at a
//! time, to a thread of their own: a stalled line blocks that thread and never the clock (HOUSE: *The terminal may not block the clock*).

mod cells;
mod keyboard;
mod screen;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tokio::sync::mpsc;

use screen::Screen;

use super::input::{Code, Input, Key, Mouse, MouseKind};

// Clicks and wheel only (1000, 1006): the motion reports that crossterm would also ask for cost a thin line a lot.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?1000h\x1b[?1006h\x1b[2J\x1b[H";
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
    frames: SyncSender<Vec<u8>>,
    written: mpsc::Receiver<()>,
    is_busy: bool,
    events: mpsc::Receiver<Event>,
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
            former(report);
        } else {
            tracing::error!("a worker panicked: {report}");
        }
    }));
}

/// Whether a person sits at stdin and stdout.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn writer_thread(mut out: File) -> io::Result<(SyncSender<Vec<u8>>, mpsc::Receiver<()>)> {
    let (frames, inbox) = sync_channel::<Vec<u8>>(1);
    let (outbox, written) = mpsc::channel(2);
    std::thread::Builder::new().name("terminal".to_owned()).spawn(move || {
        while let Ok(frame) = inbox.recv() {
            // Nothing more is said when the line is gone: the closed channel tells.
            if out.write_all(&frame).is_err() || outbox.blocking_send(()).is_err() {
                break;
            }
        }
    })?;
    Ok((frames, written))
}

impl Terminal {
    /// Takes the terminal.
    pub fn open() -> io::Result<Self> {
        let (columns, rows) = crossterm::terminal::size()?;
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (frames, written) = writer_thread(out)?;
        let is_taken = Arc::new(AtomicBool::new(false));
        restore_on_panic(is_taken.clone());
        let mut terminal = Self {
            screen: Screen::new(columns, rows),
            ahead: Vec::new(),
            frames,
            written,
            is_busy: false,
            events: keyboard::start()?,
            former_size: (columns, rows),
            is_taken,
        };
        terminal.enter()?;
        Ok(terminal)
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        // The former size is a better answer than none.
        crossterm::terminal::size().unwrap_or(self.former_size)
    }

    /// Takes the terminal again after [`Self::leave`].
    pub fn enter(&mut self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        self.is_taken.store(true, Ordering::SeqCst);
        self.ahead.extend_from_slice(ENTER);
        Ok(())
    }

    /// Gives the terminal back, behind the last frame if the line is not stalled.
    pub async fn leave(&mut self) {
        self.ahead.clear();
        if self.is_busy {
            let _ = tokio::time::timeout(LEAVE_WAIT, written(&mut self.written, &mut self.is_busy)).await;
        }
        if !self.is_busy && self.frames.try_send(LEAVE.to_vec()).is_ok() {
            self.is_busy = true;
            if tokio::time::timeout(LEAVE_WAIT, written(&mut self.written, &mut self.is_busy))
                .await
                .is_ok()
            {
                self.is_taken.store(false, Ordering::SeqCst);
                let _ = crossterm::terminal::disable_raw_mode();
                return;
            }
        }
        if self.is_busy {
            // Stalled: another write would block as well. The modes of the line are all that can be given back.
            self.is_taken.store(false, Ordering::SeqCst);
            let _ = crossterm::terminal::disable_raw_mode();
        } else {
            give_back(&self.is_taken);
        }
    }

    /// The line is gone: nothing may be written or asked any more.
    pub fn abandon(self) {
        self.is_taken.store(false, Ordering::SeqCst);
        std::mem::forget(self);
    }

    /// Puts a text on the operator's clipboard (OSC 52), with the next frame.
    pub fn copy(&mut self, text: &str) {
        let mut sequence = String::new();
        if CopyToClipboard::to_clipboard_from(text)
            .write_ansi(&mut sequence)
            .is_ok()
        {
            self.ahead.extend_from_slice(sequence.as_bytes());
        }
    }

    /// Makes the next frame a whole one, of this size. Never asks the terminal anything.
    pub fn repaint(&mut self, (columns, rows): (u16, u16)) {
        self.former_size = (columns, rows);
        self.screen = Screen::new(columns, rows);
    }

    /// Whether a frame is still being written: no other may be made.
    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Draws a frame and hands it to the thread; returns false when there was nothing to write.
    pub fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<bool> {
        let frame = self.screen.draw(render)?;
        let mut bytes = std::mem::take(&mut self.ahead);
        bytes.extend_from_slice(&frame);
        if bytes.is_empty() {
            return Ok(false);
        }
        match self.frames.try_send(bytes) {
            Ok(()) => {
                self.is_busy = true;
                Ok(true)
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the terminal takes no more output",
            )),
        }
    }

    /// Waits for whatever comes first. Cancel-safe.
    pub async fn next(&mut self) -> Happened {
        tokio::select! {
            biased;
            is_written = written(&mut self.written, &mut self.is_busy) => {
                if is_written { Happened::Written } else { Happened::Inputs(None) }
            }
            inputs = inputs(&mut self.events) => Happened::Inputs(inputs),
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

/// Waits for the thread; for ever when no frame is under way. False: the thread has ended, the line is gone.
async fn written(acknowledged: &mut mpsc::Receiver<()>, is_busy: &mut bool) -> bool {
    if !*is_busy {
        std::future::pending::<()>().await;
    }
    let is_written = acknowledged.recv().await.is_some();
    *is_busy = !is_written;
    is_written
}

/// All input that is ready, once there is any. None: the terminal is gone.
async fn inputs(events: &mut mpsc::Receiver<Event>) -> Option<Vec<Input>> {
    let mut inputs: Vec<Input> = input(events.recv().await?).into_iter().collect();
    while inputs.len() < BATCH_MAX
        && let Ok(event) = events.try_recv()
    {
        inputs.extend(input(event));
    }
    // Of many resizes only the last counts.
    let last = inputs.iter().rposition(|input| matches!(input, Input::Resize(..)));
    let mut index = 0;
    inputs.retain(|input| {
        let is_kept = !matches!(input, Input::Resize(..)) || Some(index) == last;
        index += 1;
        is_kept
    });
    Some(inputs)
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back(&self.is_taken);
    }
}

fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(event) => key(event).map(Input::Key),
        Event::Mouse(event) => mouse(event).map(Input::Mouse),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(columns, rows) => Some(Input::Resize(columns, rows)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let mut is_shift = event.modifiers.contains(KeyModifiers::SHIFT);
    let code = match event.code {
        KeyCode::Char(character) => {
            is_shift = false;
            Code::Char(character)
        }
        KeyCode::BackTab => {
            is_shift = true;
            Code::Tab
        }
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::Function(number),
        KeyCode::Insert
        | KeyCode::Null
        | KeyCode::CapsLock
        | KeyCode::ScrollLock
        | KeyCode::NumLock
        | KeyCode::PrintScreen
        | KeyCode::Pause
        | KeyCode::Menu
        | KeyCode::KeypadBegin
        | KeyCode::Media(_)
        | KeyCode::Modifier(_) => return None,
    };
    Some(Key {
        code,
        is_ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
        is_alt: event.modifiers.contains(KeyModifiers::ALT),
        is_shift,
    })
}

fn mouse(event: MouseEvent) -> Option<Mouse> {
    let kind = match event.kind {
        MouseEventKind::ScrollUp => MouseKind::WheelUp,
        MouseEventKind::ScrollDown => MouseKind::WheelDown,
        MouseEventKind::Down(MouseButton::Left) => MouseKind::Click,
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => return None,
    };
    Some(Mouse {
        kind,
        column: event.column,
        row: event.row,
    })
}
