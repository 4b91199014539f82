//! Which key means what, where: data, from which help, hint line and README table are made.
//!
//! A key means one thing in one focus. Must not know what an action does.

use crate::action::Action;
use crate::input::KeyPress;

/// Who receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Focus {
    Queue,
    /// The gate's diff.
    Diff,
    /// The job pane.
    Job,
    /// The decisions.
    History,
    /// A confirm prompt whose note has no focus.
    Confirm,
    /// The note of a confirm prompt.
    Note,
    /// The question about all marked gates.
    Bulk,
    /// A question that Enter answers with yes.
    Ask,
    /// The field of a question that wants something typed: the job's id, a reason, how long.
    Answer,
    /// The patch editor.
    Compose,
    /// The patch editor's menu.
    Menu,
    /// The queue's filter.
    Filter,
    /// The diff's search.
    Search,
    /// The search in a text that is written.
    Find,
    /// The list of patch types.
    Types,
    /// The list of what could stand at the cursor; what is typed goes into the text.
    Candidates,
    Help,
    Palette,
    /// The list of files.
    Files,
    /// The list of what was thrown away.
    Discarded,
}

impl Focus {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Queue,
        Self::Diff,
        Self::Job,
        Self::History,
        Self::Confirm,
        Self::Note,
        Self::Bulk,
        Self::Ask,
        Self::Answer,
        Self::Compose,
        Self::Menu,
        Self::Filter,
        Self::Search,
        Self::Find,
        Self::Types,
        Self::Candidates,
        Self::Help,
        Self::Palette,
        Self::Files,
        Self::Discarded,
    ];

    /// Whether a question is open that Enter answers.
    pub(crate) fn is_prompt(self) -> bool {
        matches!(self, Self::Confirm | Self::Note | Self::Bulk | Self::Ask | Self::Answer)
    }

    /// Whether keys without a meaning here are typed into a text.
    pub fn is_text(self) -> bool {
        match self {
            Self::Note
            | Self::Answer
            | Self::Compose
            | Self::Candidates
            | Self::Filter
            | Self::Search
            | Self::Find
            | Self::Help
            | Self::Palette
            | Self::Files
            | Self::Discarded => true,
            Self::Queue
            | Self::Diff
            | Self::Job
            | Self::History
            | Self::Confirm
            | Self::Bulk
            | Self::Ask
            | Self::Menu
            | Self::Types => false,
        }
    }
}

/// Some keys and what they mean.
#[derive(Debug)]
pub struct Binding {
    /// What they mean; none: the text that is written takes them itself (see
    /// [`super::editor::Editor::press`]).
    pub action: Option<Action>,
    /// Their names (see [`Key::name`]).
    pub keys: &'static [&'static str],
    pub(crate) help: &'static str,
    /// In the hint line; empty: not there.
    pub hint: &'static str,
}

/// Bindings that belong together.
#[derive(Debug)]
pub struct Group {
    /// Its name in the help.
    pub(crate) name: &'static str,
    pub bindings: &'static [Binding],
}

const fn key(action: Action, keys: &'static [&'static str], help: &'static str, hint: &'static str) -> Binding {
    Binding {
        action: Some(action),
        keys,
        help,
        hint,
    }
}

const fn typed(keys: &'static [&'static str], help: &'static str) -> Binding {
    Binding {
        action: None,
        keys,
        help,
        hint: "",
    }
}

/// Where a gate is open for something, whatever the letters mean there.
const TAKE_OVER: Binding = key(
    Action::TakeOver,
    &["Ctrl-t"],
    "take the gate over from whoever else has it open",
    "",
);

/// All keys. F1 means that everywhere; `?` wherever it is no letter of a text.
const HELP: Binding = key(Action::Help, &["?", "F1"], "keys", "keys");
const HELP_IN_TEXT: Binding = key(Action::Help, &["F1"], "keys", "keys");

static MOVE: Group = Group {
    name: "move",
    bindings: &[
        key(Action::Up, &["k", "Up"], "one row up", ""),
        key(Action::Down, &["j", "Down"], "one row down", ""),
        key(Action::Top, &["g", "Home"], "to the top", ""),
        key(Action::Bottom, &["G", "End"], "to the end", ""),
        key(
            Action::PageUp,
            &["PgUp"],
            "one page up; on the queue, of the diff on screen",
            "",
        ),
        key(
            Action::PageDown,
            &["PgDn"],
            "one page down; on the queue, of the diff on screen",
            "",
        ),
        key(Action::HalfUp, &["Ctrl-u"], "half a page up", ""),
        key(Action::HalfDown, &["Ctrl-d"], "half a page down", ""),
        key(
            Action::Left,
            &["h", "Left"],
            "sideways in the diff, else the pane before",
            "",
        ),
        key(
            Action::Right,
            &["l", "Right"],
            "sideways in the diff, else the next pane",
            "",
        ),
        key(Action::NextPane, &["Tab"], "the other pane", ""),
    ],
};

static PANES: Group = Group {
    name: "panes",
    bindings: &[
        key(Action::ShowQueue, &["1"], "the queue", ""),
        key(Action::ShowGate, &["2"], "the gate's diff", ""),
        key(Action::ShowJob, &["3"], "the job: stages, events, log", ""),
        key(Action::ShowHistory, &["4"], "history: decisions made", ""),
    ],
};

static QUEUE: Group = Group {
    name: "queue",
    bindings: &[
        key(Action::Open, &["Enter"], "open the gate or job", "open"),
        key(Action::Mark, &["Space"], "mark the gate, or take its mark off", ""),
        key(Action::MarkRange, &["V"], "begin a range of marks; again: end it", ""),
        key(
            Action::MarkAll,
            &["*"],
            "mark all that the filter shows; a or r on a marked gate decides all marked",
            "",
        ),
        key(Action::Filter, &["/"], "filter the queue", "filter"),
        key(Action::Sort, &["s"], "sort: time left, age, job, stage", ""),
        key(Action::Quit, &["q"], "leave; asks when something is under way", "leave"),
        key(
            Action::Back,
            &["Esc"],
            "take the marks off (asks for a second Esc), then the filter back",
            "",
        ),
        key(
            Action::MarkAgain,
            &["M"],
            "set the marks again that were taken off last",
            "",
        ),
    ],
};

/// Above all other keys of the diff: it reads without a thought.
const READ_ON: &str = "read on: what was not shown yet, then the next hunk, file and gate; at the end it says so";

static READ_QUEUE: Group = Group {
    name: "read, on the queue",
    bindings: &[key(Action::ReadOn, &["}"], READ_ON, "read on")],
};

static READ: Group = Group {
    name: "read, on the gate",
    bindings: &[key(Action::ReadOn, &["}", "Space"], READ_ON, "read on")],
};

static DIFF: Group = Group {
    name: "diff, on the gate",
    bindings: &[key(Action::Search, &["/"], "find in the diff", "find")],
};

static DIFF_SHOWN: Group = Group {
    name: "diff, on the queue too",
    bindings: &[
        key(Action::FormerHunk, &["{"], "the hunk before", ""),
        key(Action::NextFile, &["]"], "the next file", "file"),
        key(Action::FormerFile, &["["], "the file before", ""),
        key(Action::NextMatch, &["n"], "the next match, else hunk", ""),
        key(Action::FormerMatch, &["N"], "the match before, else hunk", ""),
        key(
            Action::Mode,
            &["v"],
            "unified, side by side, or changed values (JSON)",
            "view",
        ),
        key(Action::Base, &["c"], "compare with another version", "base"),
        key(Action::Files, &["L"], "the list of files", ""),
        key(Action::Wrap, &["w"], "wrap long lines, or cut them", ""),
        key(
            Action::Fold,
            &["z"],
            "the whole file, nothing but changed lines, or three around each",
            "",
        ),
        key(Action::PageDown, &["f"], "one page down", ""),
        key(Action::PageUp, &["b"], "one page up", ""),
    ],
};

static PAGES: Group = Group {
    name: "pages",
    bindings: &[
        key(Action::PageDown, &["Space", "f"], "one page down", ""),
        key(Action::PageUp, &["b"], "one page up", ""),
    ],
};

static JOB: Group = Group {
    name: "job and log",
    bindings: &[
        key(Action::NextFile, &["]"], "the next stage's log", "log"),
        key(Action::FormerFile, &["["], "the log of the stage before", ""),
    ],
};

static DECIDE: Group = Group {
    name: "decide (each asks first)",
    bindings: &[
        key(Action::Approve, &["a"], "approve", "approve"),
        key(Action::Reject, &["r"], "reject", "reject"),
        key(Action::Compose, &["p"], "compose a patch", "patch"),
        key(Action::Edit, &["e"], "edit the artifact; the patch is derived", "edit"),
        key(
            Action::ExternalEditor,
            &["E"],
            "edit in your own editor ($VISUAL, $EDITOR)",
            "",
        ),
        key(Action::Undo, &["u"], "take the newest patch back", "undo"),
        key(Action::Resume, &["R"], "resume a paused job", ""),
        key(Action::Cancel, &["X"], "cancel the job (type its id)", ""),
        key(
            Action::Acknowledge,
            &["d"],
            "note that the job failed: it leaves every queue",
            "notes it",
        ),
    ],
};

static TIMER: Group = Group {
    name: "timer (each asks first)",
    bindings: &[
        key(
            Action::Hold,
            &["t"],
            "hold the timer in your name, or let it run again",
            "timer",
        ),
        key(Action::Extend, &["+"], "give it more time", ""),
    ],
};

static ALWAYS: Group = Group {
    name: "always",
    bindings: &[
        HELP,
        key(Action::Palette, &[":"], "commands by name, :q leaves", ""),
        key(Action::Copy, &["y"], "copy the id or digest", ""),
        key(
            Action::Discarded,
            &["Z"],
            "texts discarded in the last days, to restore one",
            "",
        ),
    ],
};

static BACK: Group = Group {
    name: "back",
    bindings: &[key(Action::Back, &["q", "Esc"], "back to the queue", "back")],
};

static TERMINAL: Group = Group {
    name: "terminal",
    bindings: &[
        key(Action::Repaint, &["Ctrl-l"], "draw everything anew", ""),
        key(
            Action::Suspend,
            &["Ctrl-z"],
            "suspend, everywhere; fg continues (undo in the editor is Ctrl-u)",
            "",
        ),
    ],
};

static CONFIRM: Group = Group {
    name: "confirm prompt",
    bindings: &[
        key(Action::Accept, &["Enter"], "do what the prompt says", ""),
        key(Action::Note, &["Tab"], "into the note", ""),
        key(
            Action::Compose,
            &["p"],
            "to your patch draft instead; nothing is decided",
            "",
        ),
        TAKE_OVER,
        HELP,
        key(
            Action::Close,
            &["Esc", "q", "Ctrl-c"],
            "back, nothing is decided",
            "back",
        ),
    ],
};

static CONFIRM_LOOK: Group = Group {
    name: "look while asked",
    bindings: &[
        key(Action::Up, &["k", "Up"], "scroll the diff up", ""),
        key(Action::Down, &["j", "Down"], "scroll the diff down", ""),
        key(Action::PageUp, &["PgUp", "b"], "one page up", ""),
        key(Action::PageDown, &["PgDn", "f"], "one page down", ""),
        key(
            Action::ReadOn,
            &["}", "Space"],
            "read on: what was not shown yet, then the next hunk and file",
            "",
        ),
        key(Action::FormerHunk, &["{"], "the hunk before", ""),
        key(Action::NextMatch, &["n"], "the next match, else hunk", ""),
        key(Action::FormerMatch, &["N"], "the match before, else hunk", ""),
        key(Action::NextFile, &["]"], "the next file", ""),
        key(Action::FormerFile, &["["], "the file before", ""),
    ],
};

static NOTE: Group = Group {
    name: "note",
    bindings: &[
        key(Action::Accept, &["Enter"], "do what the prompt says", ""),
        key(Action::Note, &["Tab"], "out of the note", ""),
        TAKE_OVER,
        HELP_IN_TEXT,
        key(
            Action::Close,
            &["Esc", "Ctrl-c"],
            "back, nothing is decided; the note is kept",
            "back",
        ),
    ],
};

static BULK: Group = Group {
    name: "all marked gates",
    bindings: &[
        key(Action::Accept, &["Enter"], "decide each of them", ""),
        key(
            Action::TakeIn,
            &["i"],
            "take in what you have not wholly seen; Enter then asks once more",
            "",
        ),
        key(Action::Note, &["Tab"], "into the note", ""),
        HELP,
        key(
            Action::Close,
            &["Esc", "q", "Ctrl-c"],
            "back, nothing is decided",
            "back",
        ),
        key(Action::Up, &["k", "Up"], "scroll the list up", ""),
        key(Action::Down, &["j", "Down"], "scroll the list down", ""),
        key(Action::PageUp, &["PgUp", "b"], "one page up", ""),
        key(Action::PageDown, &["PgDn", "Space", "f"], "one page down", ""),
        key(Action::Top, &["g", "Home"], "to the first", ""),
        key(Action::Bottom, &["G", "End"], "to the last", ""),
    ],
};

static ASK: Group = Group {
    name: "question",
    bindings: &[
        key(Action::Accept, &["Enter"], "yes", ""),
        HELP,
        key(Action::Close, &["Esc", "q", "Ctrl-c"], "no, back", "back"),
    ],
};

static ANSWER: Group = Group {
    name: "question with a field",
    bindings: &[TAKE_OVER],
};

static FIELD: Group = Group {
    name: "text field",
    bindings: &[
        key(Action::Accept, &["Enter"], "take it", ""),
        HELP_IN_TEXT,
        key(Action::Close, &["Esc", "Ctrl-c"], "back", "back"),
    ],
};

static LIST_FIELD: Group = Group {
    name: "list",
    bindings: &[
        key(Action::Accept, &["Enter"], "take it", ""),
        HELP_IN_TEXT,
        key(Action::Close, &["Esc", "Ctrl-c"], "back", "back"),
        key(Action::Up, &["Up"], "one row up", ""),
        key(Action::Down, &["Down"], "one row down", ""),
        key(Action::PageUp, &["PgUp"], "one page up", ""),
        key(Action::PageDown, &["PgDn"], "one page down", ""),
    ],
};

static COMPOSE: Group = Group {
    name: "patch editor",
    bindings: &[
        key(
            Action::Menu,
            &["Esc", "Ctrl-c"],
            "what to do with the patch; the text is kept",
            "menu",
        ),
        key(
            Action::OtherType,
            &["F2"],
            "the patch types; what you wrote in one is kept",
            "type",
        ),
        key(
            Action::Complete,
            &["Tab"],
            "what could stand here: ids, markers, paths; else indent",
            "complete",
        ),
        key(Action::Find, &["Ctrl-f"], "find in the text", "find"),
        key(Action::FindNext, &["Ctrl-g", "F3"], "the next match", ""),
        key(Action::FindFormer, &["Ctrl-p", "Shift-F3"], "the match before", ""),
        key(
            Action::ResizePreview,
            &["F4"],
            "more room for what the patch would do, or less",
            "preview",
        ),
        TAKE_OVER,
        HELP_IN_TEXT,
        key(Action::PreviewUp, &["Alt-Up"], "scroll that up", ""),
        key(Action::PreviewDown, &["Alt-Down"], "scroll that down", ""),
    ],
};

static TYPES: Group = Group {
    name: "patch types",
    bindings: &[
        key(Action::Up, &["Up", "k"], "the type before", ""),
        key(Action::Down, &["Down", "j", "F2"], "the next type", ""),
        key(Action::Accept, &["Enter", "Tab"], "write in it", ""),
        HELP,
        key(Action::Close, &["Esc", "q", "Ctrl-c"], "back to the text", "back"),
    ],
};

static CANDIDATES: Group = Group {
    name: "what could stand here",
    bindings: &[
        key(Action::Up, &["Up"], "the one before", ""),
        key(Action::Down, &["Down"], "the next one", ""),
        key(Action::Accept, &["Enter", "Tab"], "write it", ""),
        HELP_IN_TEXT,
        key(Action::Close, &["Esc", "Ctrl-c"], "close the list", "back"),
    ],
};

static EDITING: Group = Group {
    name: "while writing",
    bindings: &[
        typed(&["Ctrl-u"], "undo; in a field of one line: clear to its beginning"),
        typed(&["Ctrl-r"], "redo"),
        typed(&["Ctrl-Right", "Alt-Right"], "one word on"),
        typed(&["Ctrl-Left", "Alt-Left"], "one word back"),
        typed(&["Home"], "to the line's beginning"),
        typed(&["End", "Ctrl-e"], "to the line's end"),
        typed(&["Ctrl-Home"], "to the text's beginning"),
        typed(&["Ctrl-End"], "to the text's end"),
        typed(&["PgUp"], "ten lines up"),
        typed(&["PgDn"], "ten lines down"),
        typed(&["Ctrl-w"], "delete the word before"),
        typed(&["Ctrl-Del"], "delete the word behind"),
        typed(&["Ctrl-k"], "delete to the line's end"),
        typed(
            &[
                "Shift-Left",
                "Shift-Right",
                "Shift-Up",
                "Shift-Down",
                "Shift-Home",
                "Shift-End",
                "Ctrl-Shift-Home",
                "Ctrl-Shift-End",
            ],
            "select",
        ),
        typed(&["Ctrl-x"], "cut what is selected"),
        typed(&["Ctrl-o"], "copy what is selected"),
        typed(&["Ctrl-y"], "paste what was deleted, cut or copied last"),
    ],
};

static MENU: Group = Group {
    name: "patch menu",
    bindings: &[
        HELP,
        key(Action::ApproveWith, &["a"], "approve with the patch", "approve with"),
        key(Action::RejectWith, &["r"], "reject with the patch", "reject with"),
        key(
            Action::ApplyOnly,
            &["t"],
            "apply only, the gate stays open",
            "apply only",
        ),
        key(
            Action::CarryOver,
            &["c"],
            "carry the edit over into the version under review",
            "carry over",
        ),
        key(
            Action::AsPatch,
            &["p"],
            "show the derived patch, to write on in it",
            "as patch",
        ),
        key(
            Action::OtherType,
            &["T"],
            "the patch types; what you wrote in one is kept",
            "type",
        ),
        key(Action::Discard, &["D"], "discard the text (asks for a word)", "discard"),
        key(Action::Leave, &["q"], "leave, the draft is kept", "leave"),
        key(
            Action::ExternalEditor,
            &["E"],
            "go on in your own editor ($VISUAL, $EDITOR)",
            "own editor",
        ),
        key(Action::Close, &["Esc", "Ctrl-c"], "back to the text", "text"),
    ],
};

/// The groups that hold in a focus.
pub fn groups(focus: Focus) -> Vec<&'static Group> {
    match focus {
        Focus::Queue => vec![
            &READ_QUEUE,
            &DECIDE,
            &TIMER,
            &QUEUE,
            &ALWAYS,
            &DIFF_SHOWN,
            &PANES,
            &MOVE,
            &TERMINAL,
        ],
        Focus::Diff => vec![
            &READ,
            &DECIDE,
            &TIMER,
            &DIFF,
            &DIFF_SHOWN,
            &ALWAYS,
            &BACK,
            &PANES,
            &MOVE,
            &TERMINAL,
        ],
        Focus::Job => vec![&DECIDE, &TIMER, &JOB, &ALWAYS, &BACK, &PANES, &MOVE, &PAGES, &TERMINAL],
        Focus::History => vec![&ALWAYS, &BACK, &PANES, &MOVE, &PAGES, &TERMINAL],
        Focus::Confirm => vec![&CONFIRM, &CONFIRM_LOOK, &TERMINAL],
        Focus::Note => vec![&NOTE, &TERMINAL],
        Focus::Bulk => vec![&BULK, &TERMINAL],
        Focus::Ask => vec![&ASK, &TERMINAL],
        Focus::Answer => vec![&FIELD, &ANSWER, &TERMINAL],
        Focus::Filter | Focus::Search | Focus::Find => vec![&FIELD, &TERMINAL],
        Focus::Compose => vec![&COMPOSE, &TERMINAL],
        Focus::Menu => vec![&MENU, &TERMINAL],
        Focus::Types => vec![&TYPES, &TERMINAL],
        Focus::Candidates => vec![&CANDIDATES, &TERMINAL],
        Focus::Help | Focus::Palette | Focus::Files | Focus::Discarded => vec![&LIST_FIELD, &TERMINAL],
    }
}

/// What a key means in a focus; none: nothing, or it is typed.
pub(crate) fn lookup(focus: Focus, key: KeyPress) -> Option<Action> {
    let name = key.name();
    let bindings = groups(focus).into_iter().flat_map(|group| group.bindings);
    bindings
        .filter(|binding| binding.keys.contains(&name.as_str()))
        .find_map(|binding| binding.action)
}

/// The first key that means this in a focus.
pub fn key_of(focus: Focus, action: Action) -> Option<&'static str> {
    let mut bindings = groups(focus).into_iter().flat_map(|group| group.bindings);
    bindings
        .find(|binding| binding.action == Some(action))
        .map(Binding::key)
}

/// The same for a text; nothing where there is none.
pub(crate) fn key_in(focus: Focus, action: Action) -> &'static str {
    key_of(focus, action).unwrap_or_default()
}

/// The keys that mean these in a focus, as they are named in a text.
pub(crate) fn keys_of(focus: Focus, actions: &[Action]) -> String {
    let keys: Vec<_> = actions.iter().filter_map(|action| key_of(focus, *action)).collect();
    keys.join(" ")
}

/// What is undone in the text that is written: the key that [`super::editor::Editor::press`] takes
/// itself.
pub(crate) fn undo_key() -> &'static str {
    EDITING.bindings.first().map_or("", Binding::key)
}

#[cfg(test)]
thread_local! {
    /// Whether every key has the same other name: then none that is written by hand is right.
    static IS_REBOUND: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// What is drawn while every key has another name.
#[cfg(test)]
pub(crate) fn rebound<T>(draw: impl FnOnce() -> T) -> T {
    IS_REBOUND.set(true);
    let drawn = draw();
    IS_REBOUND.set(false);
    drawn
}

impl Binding {
    /// The key that is named for it: the first.
    pub(crate) fn key(&self) -> &'static str {
        #[cfg(test)]
        if IS_REBOUND.get() {
            return "F9";
        }
        self.keys.first().copied().unwrap_or_default()
    }

    /// The key that is named for it where it leads out: the same letter wherever it is no text.
    pub(crate) fn key_out(&self) -> &'static str {
        let letter = self.keys.iter().find(|key| **key == "q");
        #[cfg(test)]
        let letter = letter.filter(|_| !IS_REBOUND.get());
        letter.copied().unwrap_or_else(|| self.key())
    }

    /// Its keys in words: `k or Up`, `Esc, q or Ctrl-c`.
    pub(crate) fn keys_in_words(&self) -> String {
        match self.keys {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [former @ .., last] => format!("{} or {last}", former.join(", ")),
        }
    }
}

/// The groups of the whole console, each once, in the order of the help.
pub(crate) fn all_groups() -> Vec<&'static Group> {
    vec![
        &MOVE,
        &PANES,
        &QUEUE,
        &READ_QUEUE,
        &READ,
        &DIFF,
        &DIFF_SHOWN,
        &PAGES,
        &JOB,
        &DECIDE,
        &TIMER,
        &CONFIRM,
        &CONFIRM_LOOK,
        &NOTE,
        &BULK,
        &ASK,
        &FIELD,
        &ANSWER,
        &LIST_FIELD,
        &COMPOSE,
        &TYPES,
        &CANDIDATES,
        &MENU,
        &EDITING,
        &BACK,
        &ALWAYS,
        &TERMINAL,
    ]
}

/// The key table of the README, in Markdown.
pub fn readme_table() -> String {
    let mut table = String::from("| where | keys |\n|---|---|\n");
    for group in all_groups() {
        let cells: Vec<_> = group
            .bindings
            .iter()
            .map(|binding| {
                let keys: Vec<_> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
                format!("{} {}", keys.join(" or "), binding.help)
            })
            .collect();
        table.push_str(&format!("| {} | {} |\n", group.name, cells.join(" · ")));
    }
    table
}

#[cfg(test)]
mod tests;
