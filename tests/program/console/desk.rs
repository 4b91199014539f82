//! An operator at a console: keys, what is on the screen, and the one trick that makes Enter
//! certain.

use std::path::Path;

use nix::sys::signal::Signal;

use crate::support::beside::job_at_gate;
use crate::support::binary::holdpoint;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::Workspace;
use crate::support::screen;

/// Stages that write what real ones write, and one whose timer decides.
pub const FILM: &str = r#"
pipeline:
  stages:
    - name: script
      command:
        - /bin/sh
        - -c
        - >-
          mkdir -p artifacts/script &&
          printf '**Opening**\n\nLow tide is at noon \342\200\223 bring boots.%s\n\n**Close**\n\nGo home.'
          "${HOLDPOINT_NOTES:+ $HOLDPOINT_NOTES}" > artifacts/script/script.txt
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
    - name: storyboard
      command:
        - /bin/sh
        - -c
        - >-
          mkdir -p artifacts/storyboard &&
          printf '{\n  "scenes": [\n    {"id": "scene_001", "duration_ms": 4000},\n    {"id": "scene_002", "duration_ms": 306.0}\n  ]\n}'
          > artifacts/storyboard/storyboard.json
      artifacts: [{kind: storyboard, path: artifacts/storyboard/storyboard.json}]
    - name: audio
    - name: acceptance
gates:
  script: {required: true}
  storyboard: {required: true}
  audio: {required: false, auto_approve: true, auto_approve_after_s: 2}
  acceptance: {required: true}
"#;

/// Two stages without commands, each with a gate that a person decides.
pub const RELEASE: &str = "\
pipeline: {stages: [{name: release}, {name: handover}]}
gates:
  release: {required: true}
  handover: {required: true}
";

/// A console with somebody in front of it.
pub struct Desk {
    pub pty: Pty,
    columns: u16,
    rows: u16,
}

impl Desk {
    /// Opens the console in 80 columns and 24 rows and waits until it leads.
    pub fn leading(workspace: &Workspace) -> Self {
        let desk = Self::open(workspace);
        desk.sees("lead you");
        desk
    }

    /// One job at the gate of [`RELEASE`]'s first stage, which is selected and read.
    pub fn at_release() -> (Workspace, Self) {
        Self::at(RELEASE, "release", "Nothing is attached")
    }

    /// The same at the script of a [`FILM`].
    pub fn at_script() -> (Workspace, Self) {
        Self::at(FILM, "script", "bring boots")
    }

    fn at(configuration: &str, stage: &str, shown: &str) -> (Workspace, Self) {
        let workspace = Workspace::new(configuration);
        let mut desk = Self::leading(&workspace);
        job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
        desk.reads("j-1", stage, 1, shown);
        (workspace, desk)
    }

    /// Opens the console and waits until the queue is read.
    pub fn open(workspace: &Workspace) -> Self {
        let desk = Self::spawn(PtyOptions::new(workspace.root()));
        desk.sees(" open ");
        desk
    }

    /// Runs holdpoint in a terminal.
    pub fn spawn(options: PtyOptions) -> Self {
        let (columns, rows) = options.size;
        Self {
            pty: Pty::spawn(options),
            columns,
            rows,
        }
    }

    /// A console that was started in another way, in 80 columns and 24 rows.
    pub fn of(pty: Pty) -> Self {
        Self {
            pty,
            columns: 80,
            rows: 24,
        }
    }

    /// The same under a umask.
    pub fn under(umask: &str, options: PtyOptions) -> Self {
        let program = holdpoint().display().to_string();
        let script = "umask \"$0\"; exec \"$@\"".to_owned();
        let options = options.args(["-c".to_owned(), script, umask.to_owned(), program]);
        Self::of(Pty::spawn_program(Path::new("/bin/sh"), options))
    }

    /// Waits until this stands on one row of the screen.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.pty.wait_text(text);
    }

    /// Sends keys.
    #[track_caller]
    pub fn press(&mut self, keys: &str) {
        self.pty.send(keys);
    }

    /// Sends keys and waits for what they do.
    #[track_caller]
    pub fn sees_after(&mut self, keys: &str, text: &str) {
        self.press(keys);
        self.sees(text);
    }

    /// Presses Escape and waits until this is gone.
    #[track_caller]
    pub fn backs_out(&mut self, text: &str) {
        self.press("Esc");
        self.pty.wait_gone(text);
    }

    /// Makes the terminal another size, and waits for a frame of that size.
    #[track_caller]
    pub fn resize(&mut self, columns: u16, rows: u16) {
        (self.columns, self.rows) = (columns, rows);
        self.pty.redrawn(columns, rows);
    }

    /// Presses Enter on the prompt that is on the screen, once what it would do stands there.
    #[track_caller]
    pub fn confirm(&mut self) {
        (self.columns, self.rows) = self.pty.confirm();
    }

    /// The same, and waits for what comes of it.
    #[track_caller]
    pub fn confirms(&mut self, text: &str) {
        self.confirm();
        self.sees(text);
    }

    /// Waits for the question that `a` opens, which was pressed. While something is still read it
    /// is answered in words, and pressed again: never before that answer, for an `a` inside the
    /// question is a slip, after which Enter does nothing for a while.
    #[track_caller]
    pub fn asked(&mut self, workspace: &Workspace, question: &str) {
        for _ in 0..READINGS_MAX {
            // Keys are taken in their order: where the help stands the key before it was answered.
            self.press("?");
            self.sees(HELP);
            self.press("Esc");
            self.pty.wait_gone(HELP);
            if self.pty.screen_text().contains(question) {
                return;
            }
            // Some time passes: a whole command of another process.
            workspace.json("job list");
            self.press("a");
        }
        panic!("no question {question:?}\n{}", self.pty.screen_text());
    }

    /// Puts the selection on an open gate, and waits until it is there.
    #[track_caller]
    pub fn selects(&mut self, job: &str, stage: &str, attempt: u32) {
        let rest_of_former = "Backspace ".repeat(30);
        self.press(&format!("/ {rest_of_former} '{job} {stage}' Enter"));
        self.sees(&format!("{stage}: "));
        let is_there = |row: &String| is_row(row, job, stage, attempt);
        let is_selected = |row: &String| row[SIGNS - 1..].starts_with('>');
        self.pty.wait_for(|now| rows_of(now).iter().any(is_there));
        // A row that went away stays selected until the selection moves: the gate stands beside it.
        let (wanted, selected) = self.pty.inspect(|now| {
            let rows = rows_of(now);
            (rows.iter().position(is_there), rows.iter().position(is_selected))
        });
        if wanted != selected {
            self.press(if wanted > selected { "j" } else { "k" });
            self.pty
                .wait_for(|now| rows_of(now).iter().any(|row| is_there(row) && is_selected(row)));
        }
    }

    /// The same, and waits until this of it is shown.
    #[track_caller]
    pub fn reads(&mut self, job: &str, stage: &str, attempt: u32, text: &str) {
        self.selects(job, stage, attempt);
        self.sees(text);
    }

    /// Approves the selected gate, which is called so.
    #[track_caller]
    pub fn approves(&mut self, gate: &str) {
        self.sees_after("a", &format!("APPROVE {gate}"));
        self.confirms(&format!("Approved {gate}"));
    }

    /// Marks all of these gates and asks to approve them: none is in yet that nobody has looked at.
    #[track_caller]
    pub fn asks_of_all(&mut self, workspace: &Workspace, gates: usize) {
        self.sees_after("*", &format!("{gates} marked"));
        self.press("g a");
        self.asked(workspace, "APPROVE: nothing to approve yet");
    }

    /// Confirms what was not wholly seen, which is asked twice.
    #[track_caller]
    pub fn confirms_twice(&mut self, text: &str) {
        self.confirms(" of them NOT wholly seen by you");
        self.sees("[Enter] approve");
        self.confirms(text);
    }

    /// Replaces the text of the patch editor, and waits for the verdict on the new one.
    #[track_caller]
    pub fn writes_patch(&mut self, patch: &str, verdict: &str) {
        // To the top, then line after line away: the end of a line first, then its line end.
        self.press(&format!("<C-Home> {}", "<C-k> ".repeat(60)));
        self.sees("Not fitting: ");
        self.pty.paste(patch);
        self.sees_verdict(verdict);
    }

    /// Waits for the verdict on the patch as it stands in the editor.
    #[track_caller]
    pub fn sees_verdict(&self, verdict: &str) {
        self.pty
            .wait_for(|now| screen::find(now, verdict).is_some() && screen::find(now, "checking…").is_none());
    }

    /// Opens the question of a rejection with `r` and writes its note; letters in one piece with
    /// that key would be a pasted text.
    #[track_caller]
    pub fn rejects(&mut self, title: &str, note: &str) {
        self.press("r");
        self.sees(title);
        self.press(&format!("'{note}'"));
        self.sees(&format!("note: {note}"));
    }

    /// Discards the text in the editor, whose menu is open.
    #[track_caller]
    pub fn discards(&mut self) {
        self.sees("[D] discard");
        self.press("D");
        self.sees("DISCARD the text");
        self.press("'discard'");
        self.sees("word: discard");
        self.confirm();
        self.sees("The text is discarded");
    }

    /// Leaves with `q` although a draft is not sent.
    #[track_caller]
    pub fn leaves_with_draft(mut self) {
        self.press("q");
        self.sees("not sent");
        self.press("Enter");
        assert!(self.pty.wait_exit().success());
    }

    /// Is killed, and has ended.
    #[track_caller]
    pub fn killed(&self) {
        self.pty.kill9();
        self.pty.wait_exit();
    }

    /// Is asked to end by SIGTERM, and has ended.
    #[track_caller]
    pub fn terminated(&self) {
        self.pty.terminate(Signal::SIGTERM);
        self.pty.wait_exit();
    }

    /// Leaves with `q` and waits for the end.
    #[track_caller]
    pub fn leaves(mut self) {
        self.press("q");
        assert!(self.pty.wait_exit().success());
    }
}

/// What stands above the keys while the help is open.
const HELP: &str = " KEYS ";
/// How often `a` may be told that something is still read.
const READINGS_MAX: u32 = 200;

/// Columns of signs before a row: urgent, marked, selected.
const SIGNS: usize = 3;

/// What stands where rows of the queue may stand: left of the other pane, and not drawn.
fn rows_of(now: &vt100::Screen) -> Vec<String> {
    screen::text(now)
        .lines()
        .filter_map(|row| row.split('│').next())
        .filter(|row| row.len() > SIGNS && (1..=SIGNS).all(|at| row.is_char_boundary(at)))
        .map(str::to_owned)
        .collect()
}

/// Whether this word names the job, or as much of it as the column takes.
fn is_name(word: &str, job: &str) -> bool {
    word.split_once('…').map_or(word == job, |(before, after)| {
        !before.is_empty() && job.starts_with(before) && job.ends_with(after)
    })
}

/// Whether a row of the queue is this gate, and it is still open.
fn is_row(row: &str, job: &str, stage: &str, attempt: u32) -> bool {
    let number = attempt.to_string();
    let Some(cells) = row.get(SIGNS..) else {
        return false;
    };
    let words: Vec<&str> = cells.split_whitespace().collect();
    words.first().is_some_and(|word| is_name(word, job))
        && words.windows(2).any(|pair| pair == [stage, number.as_str()])
        && !["running", "queued", "paused", "gone"]
            .iter()
            .any(|word| words.contains(word))
}
