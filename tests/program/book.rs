//! README.md and the pages of `docs/`: every command that they show is run, in the order of the page,
//! and prints what the page says that it prints.
//!
//! A page is told to this test by the words behind the language of its fenced blocks:
//!
//! | block | what is done |
//! |---|---|
//! | `console` | each `$ ` line (and the `> ` lines that belong to it) is run by bash, and the lines below are what it prints. A command that fails is followed by `$ echo $?` |
//! | `console,terminal` | one `$ holdpoint …` that has a terminal of 80×24 from then on |
//! | `screen,keys=a+Enter` | after these keys, all these lines stand on that terminal, in this order; `confirm` is the Enter of a question |
//! | a comment `<!-- leave -->` | `q` until that program has ended: what comes then is not seen by it |
//! | `console,not-run=why`, `sh,not-run=why` | nothing; the reason is a word or several with hyphens |
//! | `sh,run-by=tests/….rs` | nothing here: that test reads the page and runs it |
//! | `json,file=fix.json` | it is written into this file |
//! | `yaml` | a part of `conf/operator.yaml`, which `config check` takes; `yaml,not-run=why` is none |
//! | a comment `<!-- set-up` … `-->` | its `$ ` lines are run, and readers do not see them |
//!
//! Ids, times, digests and names of logins are compared by their form (`likeness.rs`); a line `…` stands for any
//! lines, and in a line for any text. `INSTA_UPDATE=always` writes what is printed into the page, and
//! `HOLDPOINT_BOOK_PAGE=TOUR.md` runs one page alone.

mod likeness;
mod page;
mod shell;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::http::examples::has;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::{Words as _, Workspace};
use crate::support::screen;
use page::{Block, Deed, Page};
use shell::Shell;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// README.md and each page of the book.
fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let mut pages: Vec<_> = docs.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    for name in ["README.md", "CONTRIBUTING.md", "SECURITY.md"] {
        pages.push(Path::new(ROOT).join(name));
    }
    pages.retain(|page| page.exists());
    pages.sort();
    pages
}

#[test]
fn every_command_of_the_book_prints_what_the_book_says() {
    const TOOLS: &[&[&str]] = &[&["bash", "--version"], &["curl", "--version"], &["jq", "--version"]];
    if !has("the book", TOOLS) {
        return;
    }
    let only = std::env::var("HOLDPOINT_BOOK_PAGE").ok();
    let mut faults = String::new();
    std::thread::scope(|scope| {
        let chosen = pages()
            .into_iter()
            .filter(|page| only.as_ref().is_none_or(|only| page.ends_with(only)));
        let told: Vec<_> = chosen.map(|page| scope.spawn(move || tried(&page))).collect();
        for page in told {
            match page.join() {
                Ok(found) => faults += &found,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    assert!(faults.is_empty(), "{faults}");
}

/// What is wrong with a page.
fn tried(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.strip_prefix(ROOT).unwrap().display().to_string();
    let page = Page::read(&text);
    let mut faults = String::new();
    for fault in &page.faults {
        let _ = writeln!(faults, "{name}:{}: {}", fault.0, fault.1);
    }
    let mut reader = Reader::new();
    let mut corrections = Vec::new();
    for block in &page.blocks {
        for (lines, printed, fault) in reader.follows(block) {
            let _ = writeln!(faults, "{name}:{}: {fault}", lines.start);
            if let Some(printed) = printed {
                corrections.push((lines, likeness::told_by_ana(&printed)));
            }
        }
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") && !corrections.is_empty() {
        std::fs::write(path, page::corrected(&text, corrections)).unwrap();
    }
    faults
}

/// Somebody who follows a page from its first line to its last, in a home directory of their own.
struct Reader {
    workspace: Workspace,
    shell: Option<Shell>,
    terminal: Option<Pty>,
    /// A command failed that should not.
    is_lost: bool,
}

/// The lines that are wrong, what belongs there, and what is to be said.
type Fault = (std::ops::Range<usize>, Option<String>, String);

impl Reader {
    fn new() -> Self {
        let workspace = Workspace::without_configuration();
        // A stranger has no runs directory.
        std::fs::remove_dir(workspace.runs()).unwrap();
        Self {
            workspace,
            shell: None,
            terminal: None,
            is_lost: false,
        }
    }

    fn follows(&mut self, block: &Block) -> Vec<Fault> {
        match &block.deed {
            _ if self.is_lost => Vec::new(),
            Deed::Run(commands) => {
                let shell = self.shell.get_or_insert_with(|| Shell::start(&self.workspace));
                let mut faults = Vec::new();
                for (at, command) in commands.iter().enumerate() {
                    let said = shell.run(&command.text);
                    let is_asked = commands.get(at + 1).is_some_and(|next| next.text == "echo $?");
                    if said.status != 0 && !is_asked {
                        let fault = format!("{} ended with {}: {}", command.text, said.status, said.text);
                        faults.push((command.printed.clone(), None, fault));
                        // What comes after it on the page would fail because of it.
                        self.is_lost = true;
                        return faults;
                    } else if let (Some(wanted), false) = (&command.expected, command.is_like(&said.text)) {
                        let difference = likeness::difference(wanted, &said.text);
                        let fault = format!("{} prints something else:\n{difference}", command.text);
                        faults.push((command.printed.clone(), Some(said.text), fault));
                    }
                }
                faults
            }
            Deed::Open(command) => {
                let arguments = command.strip_prefix("holdpoint").unwrap().words();
                self.terminal = Some(Pty::spawn(PtyOptions::new(self.workspace.root()).args(arguments)));
                Vec::new()
            }
            Deed::Look { keys, shown } => {
                let Some(terminal) = &mut self.terminal else {
                    return vec![(
                        block.lines.clone(),
                        None,
                        "no terminal is open: console,terminal".to_owned(),
                    )];
                };
                for key in keys {
                    if key == "confirm" {
                        terminal.confirm();
                        terminal.resize(80, 24);
                    } else {
                        terminal.send(key);
                    }
                }
                let what = "the lines of the page";
                let is_there = |now: &str| !shown.is_empty() && likeness::stands_in(shown, now);
                let waited = terminal.try_wait_for(what, |now| is_there(&screen::text(now)));
                let fault = |fault| (block.lines.clone(), Some(terminal.screen_text()), fault);
                waited.err().map(fault).into_iter().collect()
            }
            Deed::Check(yaml) => {
                self.workspace.write("checked.yaml", yaml);
                let checked = self
                    .workspace
                    .cmd(&["config", "check", "--config", "checked.yaml"])
                    .output()
                    .unwrap();
                std::fs::remove_file(self.workspace.root().join("checked.yaml")).unwrap();
                if checked.status.success() {
                    return Vec::new();
                }
                let fault = format!("not a configuration: {}", crate::support::run::printed(&checked));
                vec![(block.lines.clone(), None, fault)]
            }
            Deed::Leave => {
                if let Some(mut terminal) = self.terminal.take() {
                    terminal.send("q q");
                    terminal.wait_exit();
                }
                Vec::new()
            }
            Deed::Write(name, text) => {
                self.workspace.write(name, text);
                Vec::new()
            }
            Deed::Nothing => Vec::new(),
        }
    }
}
