//! A program in a real terminal: what it writes becomes a screen, what a test sends becomes its
//! keys.
//!
//! Waiting is for something to show, never for time: a reader thread feeds the screen and wakes
//! whoever waits. The one limit, [`patience`], exists so that a test that hangs ends with a picture
//! of the screen instead.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::num::NonZeroU16;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};
use nix::unistd::Pid;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Screen;

use super::terminal::{Shared, State, Tape};
use super::{environment, keys, screen};

/// Since when something is waited for.
pub struct Waiting(Instant);

impl Waiting {
    /// From now on.
    #[expect(
        clippy::disallowed_methods,
        reason = "the tool that takes the pictures shares this file, and has none of our crates"
    )]
    pub fn begun() -> Self {
        Self(Instant::now())
    }

    /// How long it took so far.
    pub fn lasted(&self) -> Duration {
        self.0.elapsed()
    }

    /// Whether it took longer than that.
    pub fn has_lasted(&self, most: Duration) -> bool {
        self.0.elapsed() > most
    }
}

/// So soon behind letters that came in one piece an Enter is theirs.
const ENTER_OF_TEXT: Duration = Duration::from_millis(100);

/// How long a wait may take before the test counts as hung: `HOLDPOINT_TEST_PATIENCE_S` seconds, 60
/// unless told.
pub fn patience() -> Duration {
    let told = std::env::var("HOLDPOINT_TEST_PATIENCE_S").ok();
    Duration::from_secs(told.and_then(|seconds| seconds.parse().ok()).unwrap_or(60))
}

/// What to run and where.
#[derive(Debug, Clone)]
pub struct PtyOptions {
    /// Arguments after the program.
    pub args: Vec<String>,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Variables on top of the clean environment.
    pub env: Vec<(String, String)>,
    /// Working directory, and the home directory unless `env` names another.
    pub cwd: PathBuf,
}

impl PtyOptions {
    /// No arguments, 80 columns and 24 rows, in `cwd`.
    pub fn new(cwd: impl Into<PathBuf>) -> Self {
        Self {
            args: Vec::new(),
            size: (80, 24),
            env: Vec::new(),
            cwd: cwd.into(),
        }
    }

    /// Adds arguments.
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// Adds one variable.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }
}

/// A program in a terminal. Dropping it kills the program.
pub struct Pty {
    shared: Arc<Shared>,
    // Gone after `hang_up`, the writer after `close_keyboard`.
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    reader: Option<JoinHandle<()>>,
    process_id: Pid,
}

impl Pty {
    /// Runs `program` (an absolute path) in a terminal of `xterm-256color`. Panics when it cannot
    /// be started.
    pub fn spawn_program(program: &Path, options: PtyOptions) -> Self {
        Self::start(program, &options)
            .unwrap_or_else(|reason| panic!("cannot run {} in a terminal: {reason}", program.display()))
    }

    /// Like [`Pty::spawn_program`], giving the reason instead of a panic.
    pub fn start(program: &Path, options: &PtyOptions) -> Result<Self, String> {
        // The library would fall back to the home directory without a word.
        if !program.is_absolute() || !options.cwd.is_dir() {
            return Err(format!(
                "the program has to be an absolute path, and {} a directory",
                options.cwd.display()
            ));
        }
        let (columns, rows) = options.size;
        let (Some(columns_nonzero), Some(rows_nonzero)) = (NonZeroU16::new(columns), NonZeroU16::new(rows)) else {
            return Err(format!("{columns}x{rows} is no size of a terminal"));
        };
        let pair = native_pty_system()
            .openpty(pty_size(columns, rows))
            .map_err(|error| error.to_string())?;
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        for (name, value) in environment::clean(&options.cwd) {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        for (name, value) in &options.env {
            command.env(name, value);
        }
        command.args(&options.args);
        command.cwd(&options.cwd);
        let child = pair.slave.spawn_command(command).map_err(|error| error.to_string())?;
        // Ours would keep the terminal open after the program has left.
        drop(pair.slave);
        let process_id = child
            .process_id()
            .and_then(|id| i32::try_from(id).ok())
            .map(Pid::from_raw)
            .ok_or("the program has no process id")?;
        let reader = pair.master.try_clone_reader().map_err(|error| error.to_string())?;
        let writer = pair.master.take_writer().map_err(|error| error.to_string())?;
        let shared = Arc::new(Shared::new(columns_nonzero, rows_nonzero));
        let reading = Arc::clone(&shared);
        let reader = std::thread::spawn(move || reading.read_until_end(reader));
        let watching = Arc::clone(&shared);
        std::thread::spawn(move || watching.watch_for_exit(child, process_id));
        Ok(Self {
            shared,
            master: Some(pair.master),
            writer: Some(writer),
            reader: Some(reader),
            process_id,
        })
    }

    /// Waits until `is_met` holds for the screen; panics with the screen when it never does.
    #[track_caller]
    pub fn wait_for(&self, is_met: impl FnMut(&Screen) -> bool) {
        or_panic(self.try_wait_for("what the test looks for", is_met));
    }

    /// Waits until `text` stands on one row of the screen.
    #[track_caller]
    pub fn wait_text(&self, text: &str) {
        or_panic(self.try_wait_for(&format!("{text:?}"), |now| screen::find(now, text).is_some()));
    }

    /// Waits until `text` stands nowhere on the screen. Wait for it to appear first.
    #[track_caller]
    pub fn wait_gone(&self, text: &str) {
        let what = format!("a screen without {text:?}");
        or_panic(self.try_wait_for(&what, |now| screen::find(now, text).is_none()));
    }

    /// Makes the terminal another size, and waits for a frame of that size: the console makes none
    /// before the one before is taken.
    #[track_caller]
    pub fn redrawn(&mut self, columns: u16, rows: u16) {
        self.resize(columns, rows);
        // The clock stands at the right edge of the first row.
        self.wait_for(|now| {
            let head = screen::row(now, 0);
            head.ends_with('Z') && head.chars().count() == usize::from(columns)
        });
    }

    /// Presses Enter on the prompt that is on the screen, once what it would do stands there.
    ///
    /// The console takes that Enter only when the terminal has taken the prompt's frame to its last
    /// byte, which is a moment after the frame can be seen; and where letters came in one piece,
    /// not before a hand could press it, nor while the last line says that they are a text. Returns
    /// the size that the terminal has then.
    #[track_caller]
    pub fn confirm(&mut self) -> (u16, u16) {
        self.wait_gone("asking the rules what it would do");
        self.wait_gone("a text comes in: wait");
        let (mut columns, rows) = self.inspect(screen::size);
        let began = Waiting::begun();
        let mut is_a_hands = false;
        while !is_a_hands {
            columns = if columns.is_multiple_of(2) {
                columns + 1
            } else {
                columns - 1
            };
            self.redrawn(columns, rows);
            is_a_hands = began.has_lasted(ENTER_OF_TEXT);
        }
        self.send("Enter");
        (columns, rows)
    }

    /// Waits until `is_met` holds for a whole frame. The reason given otherwise names `what` and
    /// shows the screen; a program whose output has ended is not waited for.
    pub fn try_wait_for(&self, what: &str, mut is_met: impl FnMut(&Screen) -> bool) -> Result<(), String> {
        let mut is_found = false;
        let state = self.wait_until(|state| {
            is_found = !state.parser.callbacks().is_open && is_met(state.parser.screen());
            is_found || state.is_ended
        });
        if is_found {
            return Ok(());
        }
        let why = if state.is_ended {
            "the output ended"
        } else {
            "patience ran out"
        };
        Err(format!("{why} before there was {what}\n{}", state.describe()))
    }

    /// Sends keys; the syntax is that of [`keys`]. Blocks while the program takes no input and the
    /// terminal's buffer is full.
    #[track_caller]
    pub fn send(&mut self, keys: &str) {
        or_panic(self.try_send(keys));
    }

    /// Like [`Pty::send`], giving the reason instead of a panic.
    pub fn try_send(&mut self, keys: &str) -> Result<(), String> {
        let is_application_cursor = self.shared.lock().parser.screen().application_cursor();
        let bytes = keys::bytes(keys, is_application_cursor)?;
        self.write(&bytes)
    }

    /// Sends bytes as they are: torn escape sequences and the like.
    #[track_caller]
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        or_panic(self.write(bytes));
    }

    /// Pastes text as the terminal would: in brackets if the program asked for them.
    #[track_caller]
    pub fn paste(&mut self, text: &str) {
        let is_bracketed = self.shared.lock().parser.screen().bracketed_paste();
        if is_bracketed {
            self.send_bytes(format!("\x1b[200~{text}\x1b[201~").as_bytes());
        } else {
            self.send_bytes(text.as_bytes());
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let writer = self.writer.as_mut().ok_or("the keyboard is closed")?;
        writer
            .write_all(bytes)
            .and_then(|()| writer.flush())
            .map_err(|error| format!("cannot write to the terminal: {error}"))
    }

    /// Makes the terminal another size; the program gets SIGWINCH.
    #[track_caller]
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let rows_nonzero = NonZeroU16::new(rows).expect("a terminal has at least one row");
        let columns_nonzero = NonZeroU16::new(columns).expect("a terminal has at least one column");
        // First ours: what the program draws for the new size must meet a screen of that size.
        self.shared.lock().parser.set_size(rows_nonzero, columns_nonzero);
        let master = self.master.as_ref().expect("the terminal is not hung up");
        master
            .resize(pty_size(columns, rows))
            .expect("an open terminal can be resized");
    }

    /// Stops taking the program's output, as a line that hangs does: at most one more read, then
    /// its writes block.
    pub fn stall(&self) {
        self.shared.lock().is_stalled = true;
    }

    /// Takes no more than so many bytes a second from here on.
    pub fn thin(&self, bytes_per_s: usize) {
        self.shared.lock().bytes_per_s = Some(bytes_per_s);
    }

    /// Takes the output again.
    pub fn resume(&self) {
        self.shared.lock().is_stalled = false;
        self.shared.changed.notify_all();
    }

    /// Takes the keyboard away: nothing can be sent from here on, and the program sees nothing of
    /// it.
    pub fn close_keyboard(&mut self) {
        if self.writer.is_none() {
            return;
        }
        // The library types a newline and the end-of-file character when its writer goes: that
        // would be keys nobody pressed.
        let terminal = self.open_terminal();
        let mut settings = tcgetattr(&terminal).expect("a terminal has settings");
        settings.control_chars[SpecialCharacterIndices::VEOF as usize] = 0;
        tcsetattr(&terminal, SetArg::TCSANOW, &settings).expect("the settings of our own terminal can be set");
        self.writer = None;
    }

    /// Drops the line: the terminal is gone, the program gets SIGHUP and its reads and writes fail.
    /// Only once.
    pub fn hang_up(&mut self) {
        self.close_keyboard();
        // The line is down only when no descriptor is left, so the reader is woken by a byte and
        // leaves.
        self.shared.lock().is_leaving = true;
        self.shared.changed.notify_all();
        self.open_terminal().write_all(b" ").expect("the reader takes the byte");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
        self.master = None;
    }

    /// The program's end of the terminal.
    fn open_terminal(&self) -> File {
        let master = self.master.as_ref().expect("the terminal is not hung up");
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NOCTTY.bits())
            .open(master.tty_name().expect("the terminal has a name"))
            .expect("the terminal can be opened while its other end is ours")
    }

    /// Whether the terminal collects and echoes lines, as a shell expects it; not while a program
    /// reads single keys.
    pub fn edits_lines(&self) -> bool {
        let settings = tcgetattr(self.open_terminal()).expect("a terminal has settings");
        settings.local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    /// The screen as text, without blanks at the ends of rows.
    pub fn screen_text(&self) -> String {
        screen::text(self.shared.lock().parser.screen())
    }

    /// The screen as text and, below it, a legend of everything that is not plain (see
    /// [`screen::legend`]).
    pub fn styled_text(&self) -> String {
        let state = self.shared.lock();
        let now = state.parser.screen();
        format!("{}\n---\n{}", screen::text(now), screen::legend(now))
    }

    /// Looks at the screen as it is now.
    pub fn inspect<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(self.shared.lock().parser.screen())
    }

    /// The style of one cell, counted from 0.
    pub fn style_at(&self, row: u16, column: u16) -> screen::Style {
        self.inspect(|now| screen::style_at(now, row, column))
    }

    /// The style of the first letter of `text`; panics when it is not on the screen.
    #[track_caller]
    pub fn style_of(&self, text: &str) -> screen::Style {
        let state = self.shared.lock();
        let now = state.parser.screen();
        match screen::find(now, text) {
            Some((row, column)) => screen::style_at(now, row, column),
            None => {
                fail(state, &format!("{text:?} is not on the screen"));
            }
        }
    }

    /// Every byte the program wrote, at most the last [`super::terminal::RAW_BYTES_MAX`].
    pub fn raw_bytes(&self) -> Vec<u8> {
        self.shared.lock().raw.iter().copied().collect()
    }

    /// From now on all that it writes is kept with its times; the screen as it is comes first.
    pub fn record(&self) {
        let mut state = self.shared.lock();
        let begun = Waiting::begun();
        let screen = state.parser.screen().state_formatted();
        state.tape = Some(Tape {
            begun,
            pieces: vec![(Duration::ZERO, screen.into_bytes())],
        });
    }

    /// What was recorded.
    pub fn recorded(&self) -> Vec<(Duration, Vec<u8>)> {
        self.shared.lock().tape.take().map_or_else(Vec::new, |tape| tape.pieces)
    }

    /// The program's process id.
    pub fn process_id(&self) -> i32 {
        self.process_id.as_raw()
    }

    /// SIGKILL to the program, not to its children. Nothing happens when it has ended.
    pub fn kill9(&self) {
        self.terminate(Signal::SIGKILL);
    }

    /// Sends the program a signal. Nothing happens when it has ended.
    pub fn terminate(&self, signal: Signal) {
        let state = self.shared.lock();
        // Under the lock: the program is collected under it too, so its number cannot belong to
        // another by now.
        if state.exit.is_none() {
            kill(self.process_id, signal).expect("our own child can be signalled");
        }
    }

    /// Waits until the program has ended.
    #[track_caller]
    pub fn wait_exit(&self) -> ExitStatus {
        let state = self.wait_until(|state| state.exit.is_some());
        match state.exit {
            Some(exit) => exit,
            None => {
                fail(state, "patience ran out before the program ended");
            }
        }
    }

    /// Waits until nobody has the terminal open any more, so that the screen is final. A child of
    /// the program can hold it.
    #[track_caller]
    pub fn wait_end_of_output(&self) {
        let state = self.wait_until(|state| state.is_ended);
        if !state.is_ended {
            fail(state, "patience ran out before the output ended");
        }
    }

    fn wait_until(&self, mut is_met: impl FnMut(&State) -> bool) -> MutexGuard<'_, State> {
        let state = self.shared.lock();
        self.shared
            .changed
            .wait_timeout_while(state, patience(), |state| !is_met(state))
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.shared.lock().is_leaving = true;
        self.shared.changed.notify_all();
        self.kill9();
    }
}

#[track_caller]
fn or_panic(outcome: Result<(), String>) {
    if let Err(reason) = outcome {
        panic!("{reason}");
    }
}

/// Panics with the screen, and leaves it to be looked at.
#[track_caller]
fn fail(state: MutexGuard<'_, State>, why: &str) -> ! {
    let seen = state.describe();
    drop(state);
    panic!("{why}\n{seen}")
}

fn pty_size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}
