//! The terminal: the one folder that knows crossterm.
//!
//! Guards raw mode, alternate screen, bracketed paste and mouse, and gives them back whatever
//! happens. Frames go out one at a time; a stalled line never blocks the clock (HOUSE: *The
//! terminal may not block the clock*).

mod attention;
mod cells;
mod decode;
mod input;
mod interface;
mod job_control;
mod keyboard;
mod line;
mod running_editor;
mod screen;
mod sequence;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use nix::sys::signal::Signal;
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

pub(crate) use input::TtyInput;
pub use interface::{EditorState, Ended, Incoming, InputStream, Terminal};

use super::effect::Attention;
use super::external_editor::ExternalEditor;
use attention::{BELL, GIVE_TITLE_BACK};
use line::FrameOutput;
use running_editor::RunningEditor;
pub use screen::Screen;

// Clicks and wheel only (1000, 1006): the motion reports that crossterm would also ask for cost a
// thin line a lot.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[2J\x1b[H";
// What another program may have left behind: colours, insert mode, line feeds that return as well, a
// scrolling region, keys of the cursor and the number pad that send something else, reports of motion
// and focus, the other character set, lines that do not go on.
const RESET: &[u8] = b"\x1b[0m\x1b[4l\x1b[20l\x1b[r\x1b[?1l\x1b>\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b(B\x0f\x1b[?7h";
const LEAVE: &[u8] = b"\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[0m\x1b[?1049l";

/// A stalled line is waited for no longer than this when the console leaves.
const LEAVE_WAIT: Duration = Duration::from_secs(1);

/// The terminal of this process, given back when this is dropped.
pub(super) struct Tty {
    screen: Screen,
    /// Whether clicks and the wheel are ours; else they are the terminal's own.
    has_mouse: bool,
    /// Goes out before the next frame, in the same write.
    ahead: Vec<u8>,
    /// Whether the title is ours once that is written; none: nothing of it is about the title.
    title_ahead: Option<bool>,
    line: FrameOutput,
    /// Has the terminal while there is one.
    editor: Option<RunningEditor>,
    former_size: (u16, u16),
    frame_bytes: usize,
    /// Whether tmux stands between this process and the terminal.
    is_in_tmux: bool,
    /// Shared with the panic hook.
    taken: Arc<Taken>,
}

/// What of the terminal is ours right now.
#[derive(Default)]
struct Taken {
    screen: AtomicBool,
    title: AtomicBool,
}

impl Taken {
    fn is_screen(&self) -> bool {
        self.screen.load(Ordering::SeqCst)
    }

    /// What gives it all back; the title only where it was taken.
    fn leave(&self) -> Vec<u8> {
        let title = if self.title.swap(false, Ordering::SeqCst) {
            GIVE_TITLE_BACK
        } else {
            &[]
        };
        [title, LEAVE].concat()
    }
}

fn give_back(taken: &Taken) {
    if taken.screen.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        // The line may be gone: then there is nothing to restore and nobody to tell.
        let _ = out.write_all(&taken.leave()).and_then(|()| out.flush());
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

// A panic on the loop's thread ends the console: the terminal first, then the report. One on
// another thread is caught by the runtime; its report must not be written over the screen.
fn restore_on_panic(taken: Arc<Taken>) {
    let loop_thread = std::thread::current().id();
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |report| {
        if std::thread::current().id() == loop_thread || !taken.is_screen() {
            give_back(&taken);
            tracing::error!("the console panicked: {report}");
            former(report);
        } else {
            tracing::error!("a worker panicked: {report}");
        }
    }));
}

/// The columns of the terminal, if there is one.
pub fn size() -> Option<(u16, u16)> {
    crossterm::terminal::size().ok()
}

/// Takes the terminal's foreground and gives it these settings; what was typed and not read is
/// dropped.
pub(super) fn restore(settings: &Termios) -> io::Result<()> {
    let _guard = job_control::FromBackground::new();
    job_control::take()?;
    Ok(tcsetattr(io::stdin(), SetArg::TCSAFLUSH, settings)?)
}

/// Whether a person sits at stdin and stdout.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl Tty {
    /// Takes the terminal.
    pub(crate) fn open(has_mouse: bool) -> io::Result<Self> {
        let (columns, rows) = crossterm::terminal::size()?;
        let line = FrameOutput::open()?;
        let taken = Arc::<Taken>::default();
        restore_on_panic(taken.clone());
        let mut terminal = Self {
            screen: Screen::new(columns, rows),
            has_mouse,
            ahead: Vec::new(),
            title_ahead: None,
            line,
            editor: None,
            former_size: (columns, rows),
            frame_bytes: 0,
            is_in_tmux: std::env::var_os("TMUX").is_some_and(|name| !name.is_empty()),
            taken,
        };
        terminal.enter()?;
        Ok(terminal)
    }

    fn enter(&mut self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        self.taken.screen.store(true, Ordering::SeqCst);
        self.ahead.extend_from_slice(ENTER);
        if self.has_mouse {
            self.ahead.extend_from_slice(MOUSE);
        }
        Ok(())
    }

    /// Gives the terminal back, behind the last frame if the line is not stalled. Where the terminal
    /// is gone, every step fails at once and nothing waits.
    pub(crate) async fn leave(&mut self) {
        if !self.taken.is_screen() {
            return;
        }
        self.ahead.clear();
        self.title_ahead = None;
        if self.line.is_busy() {
            let _ = tokio::time::timeout(LEAVE_WAIT, self.line.written()).await;
        }
        let is_told = !self.line.is_busy()
            && match self.line.send(self.taken.leave()) {
                Ok(true) => true,
                Ok(false) => tokio::time::timeout(LEAVE_WAIT, self.line.written()).await.is_ok(),
                Err(_) => false,
            };
        if is_told || self.line.is_busy() {
            // Where it is stalled, another write would block as well: the modes of the line are all
            // that can be given back.
            self.taken.screen.store(false, Ordering::SeqCst);
            let _ = crossterm::terminal::disable_raw_mode();
        } else {
            give_back(&self.taken);
        }
    }

    /// Takes the terminal again, whatever an editor left it like: with these settings, and without
    /// what was typed for that program.
    fn take_back(&mut self, settings: &Termios) -> io::Result<()> {
        restore(settings)?;
        self.ahead.extend_from_slice(RESET);
        self.enter()?;
        self.repaint(self.size());
        Ok(())
    }

    /// Ends the external editor, if there is one, because the console ends.
    pub(crate) async fn end_editor(&mut self, signal: Signal) {
        if let Some(editor) = self.editor.take() {
            editor.end(signal).await;
        }
    }
}

impl Terminal for Tty {
    fn size(&self) -> (u16, u16) {
        // If the size cannot be read, the last known size is used.
        crossterm::terminal::size().unwrap_or(self.former_size)
    }

    fn repaint(&mut self, (columns, rows): (u16, u16)) {
        self.former_size = (columns, rows);
        self.screen = Screen::new(columns, rows);
    }

    fn is_busy(&self) -> bool {
        self.line.is_busy()
    }

    fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<bool> {
        let frame = self.screen.draw(render)?;
        let mut bytes = std::mem::take(&mut self.ahead);
        if let Some(is_ours) = self.title_ahead.take() {
            self.taken.title.store(is_ours, Ordering::SeqCst);
        }
        bytes.extend_from_slice(&frame);
        self.frame_bytes = bytes.len();
        // No bytes: the cells are the same as before, so nothing is sent.
        Ok(bytes.is_empty() || self.line.send(bytes)?)
    }

    fn frame_bytes(&self) -> usize {
        self.frame_bytes
    }

    async fn written(&mut self) -> bool {
        self.line.written().await
    }

    /// By OSC 52, with the next frame.
    fn copy(&mut self, text: &str) {
        let mut sequence = String::new();
        if CopyToClipboard::to_clipboard_from(text)
            .write_ansi(&mut sequence)
            .is_ok()
        {
            self.ahead.extend_from_slice(sequence.as_bytes());
        }
    }

    // An external editor's screen is its own. A bell is not drawn there and may stand anywhere;
    // title and notification wait: between the bytes of a sequence of the editor's they would end
    // that, and its rest would be text.
    fn attend(&mut self, attention: &Attention) {
        if *attention == Attention::Bell && self.is_lent() && self.line.send_now(BELL) {
            return;
        }
        let is_titled = self.title_ahead.unwrap_or(self.taken.title.load(Ordering::SeqCst));
        self.ahead
            .extend(attention::bytes(attention, is_titled, self.is_in_tmux));
        if let Attention::Title(named) = attention {
            self.title_ahead = Some(named.is_some());
        }
    }

    async fn lend(&mut self, editor: &ExternalEditor, path: &Path) -> io::Result<Result<(), String>> {
        self.leave().await;
        let settings = tcgetattr(io::stdin())?;
        match RunningEditor::start(editor, path, settings.clone()) {
            Ok(started) => self.editor = Some(started),
            Err(error) => {
                self.take_back(&settings)?;
                return Ok(Err(error.to_string()));
            }
        }
        Ok(Ok(()))
    }

    fn editor(&mut self) -> io::Result<Option<EditorState>> {
        let state = self.editor.as_ref().map(RunningEditor::look);
        if let Some(EditorState::Ended(_)) = state
            && let Some(editor) = self.editor.take()
        {
            self.take_back(editor.settings())?;
        }
        Ok(state)
    }

    fn is_lent(&self) -> bool {
        self.editor.is_some()
    }

    async fn give_back(&mut self) -> io::Result<bool> {
        let has_shell = job_control::has_shell();
        match &mut self.editor {
            Some(editor) if has_shell => editor.step_back()?,
            Some(editor) => editor.step_forward()?,
            None if has_shell => {
                // The shell may have taken the terminal already, when the whole group was told to
                // stop.
                let _guard = job_control::FromBackground::new();
                self.leave().await;
            }
            None => {}
        }
        Ok(has_shell)
    }

    fn stop(&mut self) -> io::Result<()> {
        job_control::stop()
    }

    fn is_at_hand(&self) -> bool {
        job_control::is_ours() || !job_control::has_shell()
    }

    fn resume(&mut self) -> io::Result<()> {
        match &mut self.editor {
            Some(editor) => editor.step_forward(),
            None => self.enter(),
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back(&self.taken);
    }
}
