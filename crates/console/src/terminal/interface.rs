//! What the loop needs of a terminal, and of what comes in from it and from the system.

use std::io;
use std::path::Path;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::effect::Attention;
use crate::external_editor::{Ending, ExternalEditor};
use crate::input::TerminalInput;

/// How a console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The operator left.
    Left,
    /// SIGTERM or SIGINT.
    Terminated,
    /// SIGHUP, or the terminal went away. Somebody may send SIGHUP while the terminal lives on: it
    /// is given back then too.
    HungUp,
}

/// What comes in.
#[derive(Debug)]
pub enum Incoming {
    /// Input, all of it that was ready.
    Inputs(Vec<TerminalInput>),
    /// A signal ended the process, or the terminal is gone.
    Ended(Ended),
    /// Somebody continued the process.
    Continued,
    /// Somebody wants the process to stop: SIGTSTP.
    Stop,
    /// A child stopped or ended.
    Child,
    /// The terminal has another size.
    Resized,
}

/// Where input and signals come from.
pub trait InputStream {
    /// Waits for whatever comes first, signals before input. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Incoming>;
    /// Waits for a signal that ends the process, and reads no input. Cancel-safe.
    fn ended(&mut self) -> impl Future<Output = Ended>;
    /// Returns when no input is read any more: what is typed is for another program. What came
    /// until then is dropped.
    fn rest(&mut self) -> impl Future<Output = io::Result<()>>;
    /// Reads again.
    fn go_on(&mut self) -> io::Result<()>;
}

/// What a look at the external editor found.
#[derive(Debug)]
pub enum EditorState {
    /// It runs.
    Running,
    /// It was stopped: Ctrl-Z.
    Stopped,
    Ended(Ending),
}

/// A terminal: frames go out to it, and a shell or an external editor has it for a while. An error
/// means that it is gone.
pub trait Terminal {
    /// Columns and rows.
    fn size(&self) -> (u16, u16);
    /// Makes the next frame a whole one, of this size. Never asks the terminal anything.
    fn repaint(&mut self, size: (u16, u16));
    /// Whether a frame is still being written: no other may be made.
    fn is_busy(&self) -> bool;
    /// Draws a frame and sends it; returns whether all of it is on the terminal now, else
    /// [`Self::written`] tells.
    fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<bool>;
    /// How many bytes the last frame took.
    fn frame_bytes(&self) -> usize;
    /// Waits until a frame is written, for ever when none is under way. False: the terminal is
    /// gone. Cancel-safe.
    fn written(&mut self) -> impl Future<Output = bool>;
    /// Puts a text on the operator's clipboard.
    fn copy(&mut self, text: &str);
    /// Asks for the operator's eyes, with the next frame; the bell rings also while the terminal is
    /// lent.
    fn attend(&mut self, attention: &Attention);
    /// Gives the terminal to an external editor on this file. Inside: why the editor did not start;
    /// the terminal is back then.
    fn lend(&mut self, editor: &ExternalEditor, path: &Path) -> impl Future<Output = io::Result<Result<(), String>>>;
    /// Looks at the external editor, and takes the terminal back from one that ended. None: the
    /// terminal is not lent. Never waits.
    fn editor(&mut self) -> io::Result<Option<EditorState>>;
    /// Whether an external editor has the terminal.
    fn is_lent(&self) -> bool;
    /// Gives the terminal to the shell. False: there is no shell that could continue this process,
    /// and all is as before.
    fn give_back(&mut self) -> impl Future<Output = io::Result<bool>>;
    /// Stops this process until somebody continues it.
    fn stop(&mut self) -> io::Result<()>;
    /// Whether this process may use the terminal again after a stop: it is in the foreground, or no
    /// shell is left.
    fn is_at_hand(&self) -> bool;
    /// Takes the terminal again, for whoever had it when the process was stopped.
    fn resume(&mut self) -> io::Result<()>;
}
