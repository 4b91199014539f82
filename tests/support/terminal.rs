//! What a program in a terminal has shown so far, and whether it still lives: fed by two threads,
//! read by whoever waits.
//!
//! The threads wake the waiting through one condition variable; nothing here looks at a clock.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::num::NonZeroU16;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use portable_pty::Child;
use vt100::{Callbacks, Parser, Screen};

use super::pty::Waiting;
use super::screen;

/// The most raw bytes that are kept; older ones are dropped.
pub const RAW_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A thin line takes its bytes in so many steps a second.
const STEPS_PER_S: u32 = 20;

/// The state under its lock, and the signal that it changed.
pub struct Shared {
    pub state: Mutex<State>,
    pub changed: Condvar,
}

/// What is known of the program and its screen.
pub struct State {
    pub parser: Parser<Frames>,
    /// Its last output, at most [`RAW_BYTES_MAX`].
    pub raw: VecDeque<u8>,
    /// Since when all of its output is kept with its times; none: it is not.
    pub tape: Option<Tape>,
    /// The reader takes no more output for now.
    pub is_stalled: bool,
    /// It takes no more than so many bytes a second.
    pub bytes_per_s: Option<usize>,
    /// The reader is to end.
    pub is_leaving: bool,
    /// The reader has ended: nobody has the terminal open, or it was told to leave.
    pub is_ended: bool,
    /// How the program ended.
    pub exit: Option<ExitStatus>,
}

/// All that a terminal took, and when.
pub struct Tape {
    pub begun: Waiting,
    pub pieces: Vec<(Duration, Vec<u8>)>,
}

/// Follows synchronized updates (`ESC[?2026h` … `l`): between the two the screen is half a frame,
/// which nobody may look at.
#[derive(Default)]
pub struct Frames {
    /// A frame has begun and not ended.
    pub is_open: bool,
}

impl Callbacks for Frames {
    fn unhandled_csi(&mut self, _: &mut Screen, i1: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        if i1 == Some(b'?') && params.contains(&[2026].as_slice()) {
            self.is_open = c == 'h';
        }
    }
}

impl Shared {
    /// An empty screen, a program that has not ended.
    pub fn new(columns: NonZeroU16, rows: NonZeroU16) -> Self {
        Self {
            state: Mutex::new(State {
                parser: Parser::new_with_callbacks(rows, columns, 0, Frames::default()),
                raw: VecDeque::new(),
                tape: None,
                is_stalled: false,
                bytes_per_s: None,
                is_leaving: false,
                is_ended: false,
                exit: None,
            }),
            changed: Condvar::new(),
        }
    }

    /// The state, locked.
    // A test that failed while it looked at the screen leaves the screen as good as it was.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Feeds the screen until the output ends or the reader is told to leave.
    pub fn read_until_end(&self, mut reader: Box<dyn Read + Send>) {
        let mut buffer = [0; 4096];
        loop {
            let state = self.lock();
            let state = self
                .changed
                .wait_while(state, |state| state.is_stalled && !state.is_leaving)
                .unwrap_or_else(PoisonError::into_inner);
            if state.is_leaving {
                break;
            }
            let mut most = buffer.len();
            if let Some(bytes_per_s) = state.bytes_per_s {
                most = (bytes_per_s / STEPS_PER_S as usize).clamp(1, most);
                let step = Duration::from_secs(1) / STEPS_PER_S;
                let waited = self.changed.wait_timeout_while(state, step, |state| !state.is_leaving);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            } else {
                drop(state);
            }
            let length = match reader.read(&mut buffer[..most]) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let mut state = self.lock();
            if state.is_leaving {
                break;
            }
            state.take(&buffer[..length]);
            self.changed.notify_all();
        }
        self.lock().is_ended = true;
        self.changed.notify_all();
    }

    /// Waits for the program to end and collects it.
    pub fn watch_for_exit(&self, mut child: Box<dyn Child + Send + Sync>, process_id: Pid) {
        // Looks without collecting: until the lock is held the number still belongs to the program.
        let status = loop {
            match waitid(Id::Pid(process_id), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
                Err(nix::errno::Errno::EINTR) => {}
                other => break other,
            }
        };
        let mut state = self.lock();
        state.exit = Some(match status {
            Ok(WaitStatus::Signaled(_, signal, _)) => ExitStatus::from_raw(signal as i32),
            Ok(WaitStatus::Exited(_, code)) => ExitStatus::from_raw(code << 8),
            other => panic!("the program neither exited nor was killed: {other:?}"),
        });
        child.wait().expect("a child that has ended can be collected");
        self.changed.notify_all();
    }
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        if let Some(tape) = &mut self.tape {
            tape.pieces.push((tape.begun.lasted(), bytes.to_vec()));
        }
        self.raw.extend(bytes);
        let surplus = self.raw.len().saturating_sub(RAW_BYTES_MAX);
        self.raw.drain(..surplus);
    }

    /// The screen in a frame, the program's state and its last bytes: what a failed test prints.
    pub fn describe(&self) -> String {
        let now = self.parser.screen();
        let (columns, rows) = screen::size(now);
        let program = match self.exit {
            Some(exit) => format!("ended, {exit}"),
            None => "running".to_owned(),
        };
        let frame = if self.parser.callbacks().is_open {
            ", a synchronized update is unfinished"
        } else {
            ""
        };
        let picture: String = (0..rows)
            .map(|row| format!("{row:3} |{}\n", screen::row(now, row)))
            .collect();
        let last: Vec<u8> = self.raw.iter().rev().take(200).rev().copied().collect();
        format!(
            "program: {program}{frame}\nscreen {columns}x{rows}:\n{picture}last bytes: {}",
            last.escape_ascii()
        )
    }
}
