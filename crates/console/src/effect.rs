//! Everything that enters the screen's reducer, and everything it asks the loop to do: plain
//! values.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::draft::{Discarded, Draft};
use super::external_editor::{Ending, ExternalEditor};
use super::input::TerminalInput;
use super::media::Media;
use super::model::shown::VisibleRow;
use super::question::{Answered, Question};
use super::syntax::Tokens;
use config::ConsoleSection;
use diff::DiffDocument;
use diff::json::ChangedValues;
use diff::lines::MovedLine;
use diff::search::{Direction, Hit, Needle};
use domain::ask::Command;
use domain::event::Event;
use domain::handover::MarkedGate;
use domain::ids::{ArtifactPath, Digest, StageName};
use domain::key::GateKey;
use domain::policy::GatePolicy;
use domain::refusal::Refusal;
use domain::rights::Rights;
use domain::time::{Now, Timestamp};
use engine::api::{Receipt, Ticket};
use engine::far::LeftCommand;
use patch::{Completion, PlannedChange};

/// A diff to compute off the loop.
#[derive(Debug, Clone)]
pub struct DiffJob {
    /// Generation of the gate view; a newer one makes this pointless.
    pub(crate) generation: u64,
    /// Number of the file's reading; a newer one of the same file makes this pointless.
    pub(crate) number: u64,
    /// Index of the file.
    pub(crate) file: usize,
    /// The artifact's path.
    pub(crate) path: ArtifactPath,
    /// What it is compared with.
    pub(crate) old: Option<Arc<[u8]>>,
    /// The bytes under review.
    pub(crate) new: Arc<[u8]>,
    /// Whether more than the digest is wanted.
    pub(crate) is_full: bool,
    /// Whether its words are to have colours.
    pub(crate) has_syntax: bool,
}

/// What came of a [`DiffJob`].
#[derive(Debug, Clone)]
pub struct DiffDone {
    /// As in the job.
    pub(crate) number: u64,
    /// As in the job.
    pub(crate) file: usize,
    /// SHA-256 of the new bytes: what is on screen.
    pub(crate) digest: Digest,
    /// What it is compared with, for what is still to be found out.
    pub(crate) old: Option<Arc<[u8]>>,
    /// What is shown, and is needed for patch templates and checks; none if only the digest was
    /// wanted.
    pub(crate) full: Option<Compared>,
}

/// A file in full.
#[derive(Debug, Clone)]
pub(crate) struct Compared {
    /// The bytes under review.
    pub(crate) bytes: Arc<Vec<u8>>,
    /// The diff; none for binaries.
    pub(crate) document: Option<DiffDocument>,
    /// What else is known of it; none: that takes longer, and is still to be found out.
    pub(crate) details: Option<Details>,
}

/// What is known of a file beside its diff.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// The changed values of a JSON document.
    pub values: Option<Arc<ChangedValues>>,
    /// The running time of a storyboard, before and now: `62 s -> 69 s`.
    pub(crate) running_time: Option<String>,
    /// A sound or a picture.
    pub(crate) media: Option<Arc<Media>>,
    /// What the words of the text under review are.
    pub(crate) tokens: Option<Arc<Tokens>>,
}

/// What takes longer than a diff: decoding sounds and pictures, comparing the values of large
/// documents.
#[derive(Debug, Clone)]
pub struct MeasureJob {
    /// Generation of the gate view; a newer one makes this pointless.
    pub(crate) generation: u64,
    /// Number of the file's reading.
    pub number: u64,
    /// Index of the file.
    pub file: usize,
    /// The artifact's path: a sound that cannot be read is known by it.
    pub(crate) path: ArtifactPath,
    /// What it is compared with.
    pub(crate) old: Option<Arc<[u8]>>,
    /// The bytes under review.
    pub(crate) new: Arc<Vec<u8>>,
}

/// Lines of former versions to be found again.
#[derive(Debug, Clone)]
pub struct PlaceJob {
    /// Generation of the gate view; a newer one makes this pointless.
    pub(crate) generation: u64,
    /// Number of the file's reading.
    pub(crate) number: u64,
    /// Index of the file.
    pub(crate) file: usize,
    /// The bytes under review.
    pub(crate) new: Arc<Vec<u8>>,
    pub(crate) versions: Arc<[(Digest, Arc<[u8]>)]>,
    /// Each with its version, from 1; none: it is not known.
    pub(crate) lines: Vec<Option<(Digest, u32)>>,
}

/// Text to look for in a diff, hidden lines too.
#[derive(Debug, Clone)]
pub struct FindJob {
    /// Numbers the searches; only the newest is of interest.
    pub number: u64,
    pub(crate) document: DiffDocument,
    /// What is looked for.
    pub(crate) needle: Needle,
    /// From this line on, of a side; none: from the first, or the last.
    pub(crate) from: Option<Hit>,
    /// Which way.
    pub(crate) direction: Direction,
}

/// A file of the gate as the workers take it.
#[derive(Debug, Clone)]
pub(crate) struct ReviewedFile {
    /// Its artifact kind.
    pub(crate) kind: String,
    pub(crate) path: ArtifactPath,
    /// The bytes on screen.
    pub(crate) bytes: Arc<Vec<u8>>,
}

/// A file of the gate whose bytes are not there.
#[derive(Debug, Clone)]
pub(crate) struct UnreadFile {
    /// Its artifact kind.
    pub(crate) kind: String,
    pub(crate) path: ArtifactPath,
    /// Why it cannot be read; none: it can.
    pub(crate) problem: Option<String>,
}

/// What was written.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// A patch as JSON.
    Patch(String),
    /// The artifact itself: the version that it was, and the text that it is to be.
    Edit(Arc<Vec<u8>>, String),
}

/// A text to check against the bytes on screen, off the loop.
#[derive(Debug, Clone)]
pub struct CheckJob {
    /// Revision of the text; only the newest is of interest.
    pub revision: u64,
    /// The text in the editor.
    pub(crate) written: Written,
    /// The files of the gate.
    pub(crate) files: Vec<ReviewedFile>,
    /// Those of them whose bytes are not there.
    pub(crate) unread: Vec<UnreadFile>,
    /// The file that the editor was opened on.
    pub(crate) path: ArtifactPath,
    /// The files of the run directory that a patch may name.
    pub(crate) names: Arc<[String]>,
    /// The job's parameters.
    pub(crate) params: Map<String, Value>,
}

/// What could stand at the cursor of a patch, to be found out off the loop.
#[derive(Debug, Clone)]
pub struct CompleteJob {
    /// Revision of the text.
    pub revision: u64,
    /// The text in the editor.
    pub(crate) text: String,
    /// Line and character of the cursor, from 0.
    pub(crate) cursor: (usize, usize),
    /// The artifact that the patch is for.
    pub(crate) file: ReviewedFile,
    /// The files of the run directory that a patch may name.
    pub(crate) names: Arc<[String]>,
}

/// A patch that fits.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The patch as JSON.
    pub value: Value,
    /// Its type.
    pub(crate) type_name: &'static str,
    /// The artifact it changes.
    pub(crate) path: ArtifactPath,
    pub(crate) changes: Vec<PlannedChange>,
    /// What follows from them.
    pub(crate) consequences: Vec<String>,
    /// How an edit came to be this patch; none: it was written as it is.
    pub(crate) reason: Option<String>,
    /// What the patch would make.
    pub(crate) planned: PlannedFile,
}

impl Checked {
    /// Whether it changes the job's parameters and no file: such a patch goes with a rejection only
    /// (SPEC §6).
    pub(crate) fn is_of_job(&self) -> bool {
        self.type_name == "params"
    }
}

/// The file that a patch changes, before and after.
#[derive(Debug, Clone)]
pub struct PlannedFile {
    /// Its path: the artifact's, or its sidecar's.
    pub(crate) path: String,
    /// Its bytes as they are; none: there is no such file yet.
    pub(crate) before: Option<Arc<Vec<u8>>>,
    /// Its bytes as they would be.
    pub(crate) after: Arc<Vec<u8>>,
}

/// What a patch would make of a file, ready to be drawn.
#[derive(Debug, Clone)]
pub struct PatchPreview {
    /// The diff; none for binaries.
    pub(crate) document: Option<DiffDocument>,
    /// The effect in words, a line each: running time, peak, loudness.
    pub(crate) facts: Vec<String>,
}

/// A copy for the operator's own editor.
#[derive(Debug, Clone)]
pub struct CopyJob {
    pub(crate) key: GateKey,
    pub path: ArtifactPath,
    /// What to put into the copy.
    pub text: String,
}

/// Where a copy lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyReady {
    /// Its path, from the root.
    pub path: PathBuf,
    /// Whether it is what an editor left there before and could not be taken: it was not written
    /// over.
    pub is_former: bool,
}

/// Why a patch does not fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unfit {
    /// Line in the editor, from 0, where it is known.
    pub(crate) line: Option<usize>,
    /// What is wrong.
    pub(crate) message: String,
    /// What would be right.
    pub(crate) hint: Option<String>,
    /// The file that has to be read before more can be said.
    pub(crate) wants: Option<ArtifactPath>,
}

/// What of a diff was on a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffFacts {
    /// Number of the file's reading.
    pub(crate) number: u64,
    /// Index of the file.
    pub(crate) file: usize,
    pub(crate) sights: Vec<VisibleRow>,
}

/// What of a question was on a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptFacts {
    /// Its revision, where Enter depends on its being drawn.
    pub(crate) revision: Option<u64>,
    /// Everything that has to be read before Enter counts: title, what will happen, what was not
    /// seen, keys. Without clock times, which go on by themselves.
    pub(crate) words: String,
    /// Whether all of that was drawn.
    pub(crate) is_whole: bool,
}

/// What a drawn frame had on it; comes back when it has been written to the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameFacts {
    /// What of a question.
    pub prompt: Option<PromptFacts>,
    /// Which lines of its list of gates.
    pub listed: std::ops::Range<usize>,
    /// What of a diff.
    pub diff: Option<DiffFacts>,
    /// The gates whose last call it tells, the one that is named first.
    pub called: Vec<GateKey>,
    /// The gate whose pane is on it, with what there is to read of its file.
    pub gate: Option<GateKey>,
    /// How many answers to what was sent it was made after.
    pub outcomes: u64,
}

/// What asks for the operator's eyes, wherever they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attention {
    Bell,
    /// What a desktop is told, by those terminals that can.
    Notify(String),
    /// The window's title; none: it is given back.
    Title(Option<String>),
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// From the terminal.
    Input(TerminalInput),
    /// The time.
    Tick(Now),
    /// The frame with these facts is on the terminal.
    Drawn(FrameFacts),
    /// What was asked for.
    Answered(Answered),
    /// A command was committed or refused.
    Done(Ticket, Result<Box<Receipt>, Refusal>),
    /// A command's files are in place, or not yet.
    Published(Ticket, Result<(), String>),
    /// Something happened, here or elsewhere.
    Events(Vec<Event>),
    /// Something visible changed that is no event.
    Changed,
    /// The rows are as they were; files and who leads may not be.
    Looked,
    /// This process leads now, or no longer.
    Lead(bool),
    /// The configuration was loaded again; its warnings.
    ConfigLoaded(Arc<BTreeMap<StageName, GatePolicy>>, ConsoleSection, Vec<String>),
    /// The configuration is broken.
    ConfigBroken(Vec<String>),
    /// Files or database cannot be written; none: all is well again.
    Trouble(Option<String>),
    /// Nothing may be decided here any more, and why.
    ReadOnly(String),
    DiffReady(Box<DiffDone>),
    /// A diff could not be made: index of the file, number of its reading.
    DiffFailed(usize, u64),
    /// More is known of a file: its index, number of its reading.
    Measured(usize, u64, Details),
    /// Lines of former versions were sought: index of the file, number of its reading, where each
    /// stands.
    Placed(usize, u64, Vec<Option<MovedLine>>),
    /// A search ended: its number, and where.
    Found(u64, Option<Hit>),
    /// A text was checked: its revision and what came of it.
    PatchChecked(u64, Result<Box<Checked>, Unfit>),
    /// What a patch would make can be drawn: the text's revision; none: it could not be made.
    PreviewReady(u64, Option<Box<PatchPreview>>),
    /// What could stand at the cursor of the text of this revision.
    Completed(u64, Vec<Completion>),
    /// The copy for the operator's own editor is ready: where it lies; or it could not be made.
    CopyReady(Result<CopyReady, String>),
    /// The operator's own editor saved this text, and is still open.
    CopySaved(String),
    /// The operator's own editor ended.
    ExternalEditorEnded(Ending),
    /// What the operator's own editor left; or why it cannot be taken.
    CopyRead(Result<String, String>),
    /// Drafts of a former session, and why others are not offered.
    Drafts(Vec<Draft>, Vec<String>),
    /// What the last console has sent and nobody did, and what is told of the rest.
    Unsent(Vec<LeftCommand>, Vec<String>),
    /// What was marked in this operator's earlier sessions.
    Marks(Vec<MarkedGate>),
    /// What was thrown away lately, newest first.
    Discarded(Vec<Discarded>),
    /// Another console of this operator wrote about the same gate: of the two texts this one is no
    /// draft any more.
    PutAside(Box<Draft>),
    /// What the token opens, and until when, is something else now.
    Access(Rights, Option<Timestamp>),
    /// The process was continued after a suspend.
    Continued,
    /// The process was not suspended: nobody would continue it.
    NotSuspended,
}

/// Something for the loop to do.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Submit a command.
    Send(Ticket, Command),
    /// Submit what the last console has left, under the name that it had.
    SendUnsent(Ticket, Box<LeftCommand>),
    /// Forget that.
    ForgetUnsent(Box<LeftCommand>),
    /// The answers to these were on the screen, and what was told of former consoles.
    OutcomesRead(Vec<Ticket>),
    /// Have something read.
    Ask(Question),
    /// Compute a diff.
    Diff(DiffJob),
    /// Find out more about a file.
    Measure(MeasureJob),
    /// Find lines of former versions again.
    Place(PlaceJob),
    /// Look for text.
    Find(FindJob),
    /// Check a text.
    Check(CheckJob),
    /// Make what a patch would do ready to be drawn: the text's revision.
    Preview(u64, PlannedFile),
    /// Find out what could stand at the cursor.
    Complete(CompleteJob),
    /// Make a private copy for the operator's own editor.
    OpenCopy(CopyJob),
    /// Give the terminal to an editor, on this file.
    StartExternalEditor(ExternalEditor, PathBuf),
    /// See whether the editor has saved something.
    LookAtCopy,
    /// Read what the editor left.
    ReadCopy,
    /// The copy has served: remove it, or keep it where only the editor can make something of it.
    CloseCopy {
        /// Whether anything that it is still good for has to stay.
        is_kept: bool,
    },
    /// Write a draft to disk; none: remove it.
    SaveDraft(GateKey, Option<Draft>),
    /// Keep the marks, for whoever takes over.
    SaveMarks(Vec<MarkedGate>),
    /// Keep a text that was thrown away.
    PutAside(Box<Discarded>),
    /// Keep the draft that a text was restored to, and forget what was put aside of it.
    Restore(Box<Draft>, Box<Discarded>),
    /// Put a text on the operator's clipboard.
    Copy(String),
    /// Ask for the operator's eyes.
    Attend(Attention),
    /// Draw everything anew.
    Repaint,
    /// Give the terminal back and stop until continued.
    Suspend,
    /// Leave.
    Quit,
}
