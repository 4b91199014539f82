//! Plays a scenario in a directory of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use vt100::Screen;

use crate::environment;
use crate::pty::{Pty, PtyOptions};
use crate::scenario::{Action, Problem, Step};
use crate::screen;

/// Where a scenario is played.
pub struct Scene {
    directory: PathBuf,
    program: PathBuf,
}

/// A program beside the one in the terminal; killed when dropped.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Scene {
    /// Makes an empty directory for the scenario `name`. Its path is the same each time, in case a screen shows it.
    pub fn prepare(name: &str, program: &Path) -> Result<Self, String> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scenes").join(name);
        let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
        if directory.exists() {
            std::fs::remove_dir_all(&directory).map_err(failed)?;
        }
        std::fs::create_dir_all(&directory).map_err(failed)?;
        Ok(Self {
            directory,
            program: program.to_owned(),
        })
    }

    /// Plays the steps; `shoot` gets each picture's name and screen.
    pub fn play(
        &self,
        steps: &[Step],
        shoot: &mut dyn FnMut(&str, &Screen) -> Result<(), String>,
    ) -> Result<(), Problem> {
        let mut size = (80, 24);
        let mut variables: Vec<(String, String)> = Vec::new();
        let mut terminal: Option<Pty> = None;
        let mut beside: Vec<Background> = Vec::new();
        for Step { line, action } in steps {
            let outcome = match (action, &mut terminal) {
                (Action::Size(columns, rows), None) => {
                    size = (*columns, *rows);
                    Ok(())
                }
                (Action::Env(name, value), None) => {
                    variables.push((name.clone(), self.filled(value)));
                    Ok(())
                }
                (Action::Setup(words), _) => self.set_up(words, &variables),
                (Action::Background(words), _) => self
                    .command(words, &variables)
                    .and_then(|mut command| command.spawn().map_err(|error| error.to_string()))
                    .map(|child| beside.push(Background(child))),
                (Action::Program(words), None) => self.open(words, size, &variables).map(|pty| terminal = Some(pty)),
                (Action::Wait(text), Some(pty)) => {
                    pty.try_wait_for(&format!("{text:?}"), |now| screen::find(now, text).is_some())
                }
                (Action::Gone(text), Some(pty)) => pty.try_wait_for(&format!("a screen without {text:?}"), |now| {
                    screen::find(now, text).is_none()
                }),
                (Action::Keys(keys), Some(pty)) => rest(pty).and_then(|()| pty.try_send(keys)),
                (Action::Resize(columns, rows), Some(pty)) => {
                    pty.resize(*columns, *rows);
                    Ok(())
                }
                (Action::Shot(name), Some(pty)) => rest(pty).and_then(|()| pty.inspect(|now| shoot(name, now))),
                (Action::Exit, Some(pty)) => {
                    pty.wait_exit();
                    Ok(())
                }
                (Action::Size(..) | Action::Env(..) | Action::Program(..), Some(_)) => {
                    Err("the program is running already".to_owned())
                }
                (
                    Action::Wait(_)
                    | Action::Gone(_)
                    | Action::Keys(_)
                    | Action::Resize(..)
                    | Action::Shot(_)
                    | Action::Exit,
                    None,
                ) => Err("no program is running yet".to_owned()),
            };
            outcome.map_err(|reason| Problem { line: *line, reason })?;
        }
        // Asked rather than killed: its own children end with it.
        if let Some(pty) = terminal {
            pty.terminate(Signal::SIGTERM);
            pty.wait_exit();
        }
        Ok(())
    }

    fn filled(&self, word: &str) -> String {
        word.replace("{bin}", &self.program.to_string_lossy())
            .replace("{dir}", &self.directory.to_string_lossy())
    }

    fn open(
        &self,
        words: &[String],
        (columns, rows): (u16, u16),
        variables: &[(String, String)],
    ) -> Result<Pty, String> {
        let mut words = words.iter().map(|word| self.filled(word));
        let program = find_program(&words.next().ok_or("program: nothing to run")?)?;
        let mut options = PtyOptions::new(&self.directory).args(words).size(columns, rows);
        options.env = variables.to_vec();
        Pty::start(&program, &options)
    }

    fn command(&self, words: &[String], variables: &[(String, String)]) -> Result<Command, String> {
        let mut words = words.iter().map(|word| self.filled(word));
        let mut command = Command::new(find_program(&words.next().ok_or("nothing to run")?)?);
        command
            .args(words)
            .current_dir(&self.directory)
            .env_clear()
            .envs(environment::clean(&self.directory))
            .envs(variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(command)
    }

    fn set_up(&self, words: &[String], variables: &[(String, String)]) -> Result<(), String> {
        let status = self
            .command(words, variables)?
            .status()
            .map_err(|error| error.to_string())?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("setup ended with {status}"))
        }
    }
}

/// What stands on the screen for 300 ms counts as looked at, and then the screen says so: the time for both, on a busy machine too.
const LOOK: Duration = Duration::from_millis(1000);

/// So often a screen that still changes is looked at again: where a log runs it never rests.
const LOOKS_MAX: usize = 10;

/// Looks at the screen as a reader does before the next key: until nothing is pending and what stands there was looked at.
fn rest(pty: &Pty) -> Result<(), String> {
    for _ in 0..LOOKS_MAX {
        pty.try_wait_for("a screen on which nothing is pending", |now| pending(now).is_none())?;
        let before = pty.inspect(without_figures);
        std::thread::sleep(LOOK);
        if pty.inspect(|now| pending(now).is_none() && without_figures(now) == before) {
            break;
        }
    }
    pty.try_wait_for("a screen on which nothing is pending", |now| pending(now).is_none())
}

/// The text of a screen without its clocks and countdowns.
fn without_figures(screen: &Screen) -> String {
    let text = screen::text(screen);
    text.chars().filter(|character| !character.is_ascii_digit()).collect()
}

/// Words that stand on the screen while something is still read, compared or checked. `tests/library/pictures.rs` refuses the same.
const PENDING: [&str; 6] = ["Reading", "reading", "comparing", "checking", "being read", "writing…"];

/// What of it is pending.
fn pending(screen: &Screen) -> Option<&'static str> {
    PENDING.into_iter().find(|word| screen::find(screen, word).is_some())
}

/// The absolute path of a program, looked for on the search path when it is a bare name.
fn find_program(name: &str) -> Result<PathBuf, String> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| format!("{name}: no such program"))
}
