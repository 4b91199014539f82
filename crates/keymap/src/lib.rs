//! Which key means what, where: data, from which help, hint line, docs/KEYS.md and the keys that
//! the configuration may bind anew are made.
//!
//! A key means one thing in one focus. Must not know what an action does.

pub mod action;
mod bind;
pub mod key_press;
mod lookup;

use action::Action;

pub use bind::{BoundKeys, KeyFault, KeyPlace, PRESETS, places, reference};
pub use lookup::{KeyHelp, bind, bindings, key_in, key_of, keys_of, listed, lookup, out_of_note, page, undo_key};

/// Keys without a meaning are typed into a text.
const TEXT: u8 = 1;
/// A question is open that Enter answers.
const QUESTION: u8 = 2;

/// A row: who receives the keys, and the groups that hold there.
macro_rules! focuses {
    ($($(#[$doc:meta])* $focus:ident $([$($kind:ident)+])? $($group:ident)+;)+) => {
        /// Who receives the keys.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Focus {
            $($(#[$doc])* $focus),+
        }

        impl Focus {
            pub const ALL: [Self; [$(Self::$focus),+].len()] = [$(Self::$focus),+];

            fn kinds(self) -> u8 {
                match self {
                    $(Self::$focus => 0 $($(| $kind)+)?),+
                }
            }
        }

        /// The groups that hold in a focus.
        pub fn groups(focus: Focus) -> Vec<&'static Group> {
            match focus {
                $(Focus::$focus => vec![$(&$group),+]),+
            }
        }
    };
}

focuses! {
    Queue READ_QUEUE DECIDE TIMER QUEUE ALWAYS DIFF_SHOWN PANES MOVE TERMINAL;
    /// The gate's diff.
    Diff READ DECIDE TIMER DIFF DIFF_SHOWN ALWAYS BACK PANES MOVE TERMINAL;
    /// A line of the diff that a comment would be about.
    Line LINE TERMINAL;
    /// What is said about it.
    Comment [QUESTION TEXT] FIELD COMMENT TERMINAL;
    /// The job pane.
    Job READ_ELSEWHERE DECIDE TIMER JOB ALWAYS BACK PANES MOVE PAGES TERMINAL;
    /// The decisions.
    History READ_ELSEWHERE HISTORY ALWAYS BACK PANES MOVE PAGES TERMINAL;
    /// How gates were decided of late.
    Figures READ_ELSEWHERE ALWAYS BACK PANES MOVE PAGES TERMINAL;
    /// All jobs.
    Jobs READ_ELSEWHERE JOBS ALWAYS BACK PANES MOVE PAGES TERMINAL;
    /// What the timers will do.
    Board READ_ELSEWHERE BOARD TIMER ALWAYS BACK PANES MOVE TERMINAL;
    /// A confirm prompt whose note has no focus.
    Confirm [QUESTION] CONFIRM CONFIRM_LOOK TERMINAL;
    /// The note of a confirm prompt.
    Note [QUESTION TEXT] NOTE TERMINAL;
    /// The question about all marked gates.
    Bulk [QUESTION] BULK TERMINAL;
    /// A question that Enter answers with yes.
    Ask [QUESTION] ASK TERMINAL;
    /// The field of a question that wants something typed: the job's id, a reason, how long.
    Answer [QUESTION TEXT] FIELD ANSWER TERMINAL;
    /// The patch editor.
    Compose [TEXT] COMPOSE TERMINAL;
    /// The patch editor's menu.
    Menu MENU TERMINAL;
    /// The queue's filter.
    Filter [TEXT] FIELD TERMINAL;
    /// The diff's search.
    Search [TEXT] FIELD TERMINAL;
    /// The search in a text that is written.
    Find [TEXT] FIELD TERMINAL;
    /// The list of patch types.
    Types TYPES TERMINAL;
    /// The list of what could stand at the cursor; what is typed goes into the text.
    Candidates [TEXT] CANDIDATES TERMINAL;
    Help [TEXT] LIST_FIELD TERMINAL;
    Palette [TEXT] LIST_FIELD TERMINAL;
    /// The list of files.
    Files [TEXT] LIST_FIELD TERMINAL;
    /// The list of what was thrown away.
    Discarded [TEXT] LIST_FIELD TERMINAL;
    /// The list of what colleagues leave.
    Handovers [TEXT] LIST_FIELD TERMINAL;
    /// What the requester says of the gate.
    Context [TEXT] LIST_FIELD TERMINAL;
    /// The saved views of the configuration; the letter of one chooses it.
    Views [TEXT] LIST_FIELD TERMINAL;
}

impl Focus {
    /// Whether a question is open that Enter answers.
    pub fn is_prompt(self) -> bool {
        self.kinds() & QUESTION > 0
    }

    /// Whether keys without a meaning here are typed into a text.
    pub fn is_text(self) -> bool {
        self.kinds() & TEXT > 0
    }
}

/// Some keys and what they mean.
#[derive(Debug)]
pub struct Binding {
    /// What they mean; none: the text that is written takes them itself (see
    /// `editor::Editor::press` of the console).
    pub action: Option<Action>,
    /// Their names (see [`key_press::KeyPress::name`]).
    pub keys: &'static [&'static str],
    /// In the hint line; empty: not there.
    pub hint: &'static str,
    /// What they do; `{}` stands for the key of one of `named`.
    help: &'static str,
    /// Whose keys the help names, in their order; none: the first key of the text that is written.
    named: &'static [Option<Action>],
}

/// Bindings that belong together.
#[derive(Debug)]
pub struct Group {
    /// Its name in the configuration.
    place: &'static str,
    /// Its name in the help.
    pub name: &'static str,
    pub bindings: &'static [Binding],
}

/// `_`: the text that is written takes the keys itself.
macro_rules! meaning {
    (_) => {
        None
    };
    ($action:ident) => {
        Some(Action::$action)
    };
}

/// A row: keys, what they mean, the help, and where there are some the hint and the actions whose
/// keys the help names.
macro_rules! binding {
    ($($key:literal)|+ => $action:tt, $help:expr $(, $hint:literal)? $(, [$($named:tt)+])?) => {
        Binding {
            action: meaning!($action),
            keys: &[$($key),+],
            hint: concat!($($hint)?),
            help: $help,
            named: &[$($(meaning!($named)),+)?],
        }
    };
}

/// Where a gate is open for something, whatever the letters mean there.
const TAKE_OVER: Binding = binding!("Ctrl-t" => TakeOver, "take the gate over from whoever else has it open");
const RESUME: Binding = binding!("R" => Resume, "resume a paused job");
const CANCEL: Binding = binding!("X" => Cancel, "cancel the job (type its id)");
const ACKNOWLEDGE: Binding =
    binding!("d" => Acknowledge, "note that the job failed: it leaves every queue", "notes it");
/// All keys. F1 means that everywhere; `?` wherever it is no letter of a text.
const HELP: Binding = binding!("?" | "F1" => Help, "keys", "keys");
const HELP_IN_TEXT: Binding = binding!("F1" => Help, "keys", "keys");
/// Above all other keys of the diff: it reads without a thought.
const READ_ON: &str = "read on: what was not shown yet, then the next hunk, file and gate; at the end it says so";

/// What marks and does not decide.
const MARK_READ: &str = "mark a gate that was wholly shown, and go on to the next; before that, read on";
/// The nine reasons of the configuration.
const REASON: &str = "in a rejection: that reason of the configuration";

/// The groups of the whole console, each once, in the order of the help. A name is a row that
/// several groups share.
macro_rules! groups {
    ($($group:ident $name:literal { $(
        $($shared:ident)?
        $($($key:literal)|+ => $action:tt, $help:expr $(, $hint:literal)? $(, [$($named:tt)+])?)?;
    )+ })+) => {
        $(static $group: Group = Group {
            place: stringify!($group),
            name: $name,
            bindings: &[$(
                $($shared)?
                $(binding!($($key)|+ => $action, $help $(, $hint)? $(, [$($named)+])?))?
            ),+],
        };)+

        static ALL: &[&Group] = &[$(&$group),+];
    };
}

groups! {
    MOVE "move" {
        "k" | "Up" => Up, "one row up";
        "j" | "Down" => Down, "one row down";
        "g" | "Home" => Top, "to the top";
        "G" | "End" => Bottom, "to the end";
        "PgUp" => PageUp, "one page up; on the queue, of the diff on screen";
        "PgDn" => PageDown, "one page down; on the queue, of the diff on screen";
        "Ctrl-u" => HalfUp, "half a page up";
        "Ctrl-d" => HalfDown, "half a page down";
        "h" | "Left" => Left, "close the group of the row; sideways in the diff, else the pane before";
        "l" | "Right" => Right, "open the group of the row; sideways in the diff, else the next pane";
        "Tab" => NextPane, "the other pane";
    }
    PANES "panes" {
        "1" => ShowQueue, "the queue";
        "2" => ShowGate, "the gate's diff";
        "3" => ShowJob, "the job: stages, events, log";
        "4" => ShowHistory, "history: decisions made";
        "5" => ShowFigures, "figures: how gates were decided in the last 30 days";
        "6" => ShowJobs, "jobs: failed, running, paused, waiting, ended lately";
        "7" | "F" => ShowBoard, "forecast: what the timers will do while nobody does anything";
        "=" => Zoom, "the pane with the keys on the whole screen, and back", "zoom";
    }
    QUEUE "queue" {
        "Enter" => Open, "open the gate or job", "open";
        "Space" => Mark, "mark the gate, or take its mark off";
        "V" => MarkRange, "begin a range of marks; again: end it";
        "*" => MarkAll, "mark all that the filter shows; {} or {} on a marked gate decides all marked", [Approve Reject];
        "/" => Filter, "filter the queue: text, unseen, mine, failed, by:ana, left<10m, stage:audio, label:team=media, severity>=high; !word: not so", "filter";
        "K" => FoldGroups, "gates with the same change in one row (×12), or each in its own; {} opens one such row, {} closes it", [Right Left];
        "'" => Views, "a saved view of the configuration (console.views): then its letter", "views";
        "s" => Sort, "sort: time left, age, job, stage";
        "q" => Quit, "leave; asks when something is under way", "leave";
        "Esc" => Back, "take the marks off (asks for a second {}), then the filter back", [Back];
        "M" => MarkAgain, "set the marks again that were taken off last";
    }
    READ_QUEUE "read, on the queue" {
        "}" => ReadOn, READ_ON, "read on";
        "m" => MarkRead, MARK_READ;
    }
    READ "read, on the gate" {
        "}" | "Space" => ReadOn, READ_ON, "read on";
        "m" => MarkRead, MARK_READ;
    }
    READ_ELSEWHERE "read, on the other panes" {
        "}" => ReadOn, "to the gate of the row, else the most urgent one, to read it";
    }
    DIFF "diff, on the gate" {
        "/" => Search, "find in the diff", "find";
    }
    DIFF_SHOWN "diff, on the queue too" {
        "{" => FormerHunk, "the hunk before";
        "]" => NextFile, "the next file", "file";
        "[" => FormerFile, "the file before";
        "n" => NextMatch, "the next match, else hunk";
        "N" => FormerMatch, "the match before, else hunk";
        "v" => Mode, "unified, side by side, or changed values (JSON)", "view";
        "c" => Base, "compare with another version", "base";
        "S" => SinceLook, "only what changed since you looked at it, today or before", "since";
        "L" => Files, "the list of files";
        "i" => Context, "why the gate is asked for: all that its requester says, with the addresses", "why";
        ";" => Comment, "comment on a line: it goes with your decision, and to the next attempt";
        "w" => Wrap, "wrap long lines, or cut them";
        "z" => Fold, "the whole file, nothing but changed lines, or three around each";
        "f" => PageDown, "one page down";
        "b" => PageUp, "one page up";
    }
    LINE "the line of a comment" {
        "j" | "Down" => Down, "the next line";
        "k" | "Up" => Up, "the line before";
        "PgDn" => PageDown, "one page down";
        "PgUp" => PageUp, "one page up";
        "n" => NextMatch, "the next hunk";
        "N" => FormerMatch, "the hunk before";
        "Enter" | ";" => Accept, "write about it, or change what you wrote; emptied it is taken off", "write";
        HELP;
        "Esc" | "q" | "Ctrl-c" => Close, "back to reading", "back";
    }
    COMMENT "comment" {
        "Ctrl-j" => _, "begin another line";
    }
    PAGES "pages" {
        "Space" | "f" => PageDown, "one page down";
        "b" => PageUp, "one page up";
    }
    HISTORY "history" {
        "/" => Filter, "filter by job, stage, name, verdict, timer, patch, date", "filter";
    }
    JOBS "jobs" {
        "Enter" => Open, "open the job: stages, events, log", "open";
        "/" => Filter, "filter by job, stage, state, how it ended", "filter";
        RESUME;
        CANCEL;
        ACKNOWLEDGE;
    }
    BOARD "forecast" {
        "Enter" => Open, "open the gate", "open";
        "Space" => Mark, "mark the gate, or take its mark off; {}, {} and {} are then about all marked", "mark", [Hold Extend HandOver];
        "*" => MarkAll, "mark all that the timers will decide", "mark all";
    }
    JOB "job and log" {
        "]" => NextFile, "the next stage's log", "log";
        "[" => FormerFile, "the log of the stage before";
    }
    DECIDE "decide (each asks first)" {
        "a" => Approve, "approve", "approve";
        "r" => Reject, "reject", "reject";
        "p" => Compose, "compose a patch", "patch";
        "e" => Edit, "edit the artifact; the patch is derived", "edit";
        "E" => ExternalEditor, "edit in your own editor ($VISUAL, $EDITOR)";
        "u" => Undo, "take the newest patch back", "undo";
        RESUME;
        CANCEL;
        ACKNOWLEDGE;
    }
    TIMER "timer (each asks first)" {
        "t" => Hold, "hold the timer in your name, or let it run again", "timer";
        "+" => Extend, "give it more time";
        ">" => HandOver, "hand it over: hold its timer, and say for whom";
    }
    CONFIRM "confirm prompt" {
        "Enter" => Accept, "do what the prompt says";
        "Tab" => Note, "into the note";
        "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => Reason, REASON;
        "E" => ExternalEditor, "write the note in your own editor";
        "p" => Compose, "to your patch draft instead; nothing is decided";
        TAKE_OVER;
        HELP;
        "Esc" | "q" | "Ctrl-c" => Close, "back, nothing is decided", "back";
    }
    CONFIRM_LOOK "look while asked" {
        "k" | "Up" => Up, "scroll the diff up";
        "j" | "Down" => Down, "scroll the diff down";
        "PgUp" | "b" => PageUp, "one page up";
        "PgDn" | "f" => PageDown, "one page down";
        "}" | "Space" => ReadOn, "read on: what was not shown yet, then the next hunk and file";
        "{" => FormerHunk, "the hunk before";
        "n" => NextMatch, "the next match, else hunk";
        "N" => FormerMatch, "the match before, else hunk";
        "]" => NextFile, "the next file";
        "[" => FormerFile, "the file before";
    }
    NOTE "note" {
        "Enter" => Accept, "do what the prompt says";
        "Tab" => Note, "out of the note";
        "Up" => FormerNote, "your note before this one; first one line up";
        "Down" => LaterNote, "the note after it; first one line down";
        "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => Reason, "the same, where nothing is written yet";
        "Ctrl-j" => _, "begin another line";
        "Ctrl-g" => ExternalEditor, "write on in your own editor";
        TAKE_OVER;
        HELP_IN_TEXT;
        "Esc" | "Ctrl-c" => Close, "back, nothing is decided; the note is kept", "back";
    }
    BULK "all marked gates" {
        "Enter" => Accept, "decide each of them";
        "i" => TakeIn, "take in what you have not wholly seen; {} then asks once more", [Accept];
        "Ctrl-t" => TakeOver, "take over what others have open; it asks once more";
        "Tab" => Note, "into the note";
        "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => Reason, REASON;
        "E" => ExternalEditor, "write the note in your own editor";
        HELP;
        "Esc" | "q" | "Ctrl-c" => Close, "back, nothing is decided", "back";
        "k" | "Up" => Up, "scroll the list up";
        "j" | "Down" => Down, "scroll the list down";
        "PgUp" | "b" => PageUp, "one page up";
        "PgDn" | "Space" | "f" => PageDown, "one page down";
        "g" | "Home" => Top, "to the first";
        "G" | "End" => Bottom, "to the last";
    }
    ASK "question" {
        "Enter" => Accept, "yes";
        HELP;
        "Esc" | "q" | "Ctrl-c" => Close, "no, back", "back";
    }
    FIELD "text field" {
        "Enter" => Accept, "take it";
        HELP_IN_TEXT;
        "Esc" | "Ctrl-c" => Close, "back", "back";
    }
    ANSWER "question with a field" {
        TAKE_OVER;
        "Up" => Up, "of several gates: the list one row up";
        "Down" => Down, "one row down";
        "PgUp" => PageUp, "one page up";
        "PgDn" => PageDown, "one page down";
    }
    LIST_FIELD "list" {
        "Enter" => Accept, "take it";
        HELP_IN_TEXT;
        "Esc" | "Ctrl-c" => Close, "back", "back";
        "Up" => Up, "one row up";
        "Down" => Down, "one row down";
        "PgUp" => PageUp, "one page up";
        "PgDn" => PageDown, "one page down";
    }
    COMPOSE "patch editor" {
        "Esc" | "Ctrl-c" => Menu, "what to do with the patch; the text is kept", "menu";
        "F2" => OtherType, "the patch types; what you wrote in one is kept", "type";
        "Tab" => Complete, "what could stand here: ids, markers, paths; else indent", "complete";
        "Ctrl-f" => Find, "find in the text", "find";
        "Ctrl-g" | "F3" => FindNext, "the next match";
        "Ctrl-p" | "Shift-F3" => FindFormer, "the match before";
        "F4" => ResizePreview, "more room for what the patch would do, or less", "preview";
        TAKE_OVER;
        HELP_IN_TEXT;
        "Alt-Up" => PreviewUp, "scroll that up";
        "Alt-Down" => PreviewDown, "scroll that down";
    }
    TYPES "patch types" {
        "Up" | "k" => Up, "the type before";
        "Down" | "j" | "F2" => Down, "the next type";
        "Enter" | "Tab" => Accept, "write in it";
        HELP;
        "Esc" | "q" | "Ctrl-c" => Close, "back to the text", "back";
    }
    CANDIDATES "what could stand here" {
        "Up" => Up, "the one before";
        "Down" => Down, "the next one";
        "Enter" | "Tab" => Accept, "write it";
        HELP_IN_TEXT;
        "Esc" | "Ctrl-c" => Close, "close the list", "back";
    }
    MENU "patch menu" {
        HELP;
        "a" => ApproveWith, "approve with the patch", "approve with";
        "r" => RejectWith, "reject with the patch", "reject with";
        "t" => ApplyOnly, "apply only, the gate stays open", "apply only";
        "c" => CarryOver, "carry the edit over into the version under review", "carry over";
        "p" => AsPatch, "show the derived patch, to write on in it", "as patch";
        "T" => OtherType, "the patch types; what you wrote in one is kept", "type";
        "D" => Discard, "discard the text (asks for a word)", "discard";
        "q" => Leave, "leave, the draft is kept", "leave";
        "E" => ExternalEditor, "go on in your own editor ($VISUAL, $EDITOR)", "own editor";
        "Esc" | "Ctrl-c" => Close, "back to the text", "text";
    }
    EDITING "while writing" {
        "Ctrl-u" => _, "undo; in a field of one line: clear to its beginning";
        "Ctrl-r" => _, "redo";
        "Ctrl-Right" | "Alt-Right" => _, "one word on";
        "Ctrl-Left" | "Alt-Left" => _, "one word back";
        "Home" => _, "to the line's beginning";
        "End" | "Ctrl-e" => _, "to the line's end";
        "Ctrl-Home" => _, "to the text's beginning";
        "Ctrl-End" => _, "to the text's end";
        "PgUp" => _, "ten lines up";
        "PgDn" => _, "ten lines down";
        "Ctrl-w" => _, "delete the word before";
        "Ctrl-Del" => _, "delete the word behind";
        "Ctrl-k" => _, "delete to the line's end";
        "Shift-Left" | "Shift-Right" | "Shift-Up" | "Shift-Down" | "Shift-Home" | "Shift-End" | "Ctrl-Shift-Home"
            | "Ctrl-Shift-End" => _, "select";
        "Ctrl-x" => _, "cut what is selected";
        "Ctrl-o" => _, "copy what is selected";
        "Ctrl-y" => _, "paste what was deleted, cut or copied last";
    }
    BACK "back" {
        "q" | "Esc" => Back, "back to the queue", "back";
    }
    ALWAYS "always" {
        HELP;
        ":" => Palette, "commands by name, {}q leaves", [Palette];
        "U" => Recall, "take back your last decision, or that of the row, while nothing has come of it (recall_s)", "take back";
        "y" => Copy, "copy the id or digest";
        "<" => Handovers, "what colleagues hold, have half written, marked or seen; Enter adopts draft and marks";
        "Z" => Discarded, "texts discarded in the last days, to restore one";
    }
    TERMINAL "terminal" {
        "Ctrl-n" => HoldCalled, "in a last call, wherever you are: hold that gate's timer, in your name";
        "Ctrl-l" => Repaint, "draw everything anew";
        "Ctrl-z" => Suspend, "suspend, everywhere; fg continues (undo in the editor is {})", [_];
    }
}

/// The keys that the text that is written takes itself.
pub fn writing() -> &'static [Binding] {
    EDITING.bindings
}

/// The groups of the whole console, each once, in the order of the help.
pub fn all_groups() -> &'static [&'static Group] {
    ALL
}

#[cfg(test)]
mod tests;
