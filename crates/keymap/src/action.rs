//! What a key can mean. The keymap says which key means what where; the update says what comes of
//! it.

/// One thing that an operator can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// Sideways, or to the pane on the left.
    Left,
    /// Sideways, or to the pane on the right.
    Right,
    /// The other pane.
    NextPane,
    /// Into what is selected.
    Open,
    /// Out of it; out of the console on the queue.
    Back,
    ShowQueue,
    /// The gate's diff.
    ShowGate,
    /// The job: stages, events, log.
    ShowJob,
    /// The decisions made so far.
    ShowHistory,
    /// How gates were decided of late.
    ShowFigures,
    /// What the timers will do while nobody does anything.
    ShowBoard,
    /// All jobs: failed, running, paused, ended lately.
    ShowJobs,
    /// The pane with the keys on the whole screen, or all of them again.
    Zoom,
    /// Narrow the queue down.
    Filter,
    /// Rows with the same change in one row, or each in its own.
    FoldGroups,
    /// The saved views of the configuration.
    Views,
    /// The next order of the queue.
    Sort,
    /// Note that the job failed.
    Acknowledge,
    /// To what was not shown yet.
    ReadOn,
    /// The changed place before.
    FormerHunk,
    /// The next match, else hunk.
    NextMatch,
    /// The match before, else hunk.
    FormerMatch,
    /// The next file, or stage log.
    NextFile,
    /// The file before, or stage log.
    FormerFile,
    /// Show or hide unchanged lines.
    Fold,
    /// The next way to show a changed text.
    Mode,
    /// Wrap long lines, or cut them.
    Wrap,
    /// The next version to compare with.
    Base,
    SinceLook,
    /// The texts that were thrown away lately.
    Discarded,
    /// What colleagues hold, have half written, or have seen and not decided.
    Handovers,
    /// Mark again what was marked before.
    MarkAgain,
    /// Take into a bulk what was not looked at.
    TakeIn,
    /// The list of the files under review.
    Files,
    /// What the requester says of the gate.
    Context,
    /// Point at a line of the diff, to comment on it.
    Comment,
    /// Look for text in the diff.
    Search,
    /// Ask to approve.
    Approve,
    /// Ask to reject.
    Reject,
    /// Compose a patch.
    Compose,
    /// Edit the artifact itself.
    Edit,
    /// Edit it in the operator's own editor.
    ExternalEditor,
    /// Ask to take the newest patch back.
    Undo,
    /// Ask to resume a paused job.
    Resume,
    /// Ask to cancel the job.
    Cancel,
    /// Take back the last decision that still can be.
    Recall,
    /// Ask to stop the gate's timer, or to let it run again.
    Hold,
    /// Ask to move the gate's deadline.
    Extend,
    /// Hold it, and say for whom.
    HandOver,
    /// Stop the timer of the gate that is in its last call.
    HoldCalled,
    /// Mark the gate, or take its mark off.
    Mark,
    /// Begin a range of marks, or end it.
    MarkRange,
    /// Mark all gates that the filter shows.
    MarkAll,
    /// Mark the gate that was read whole, and read on.
    MarkRead,
    /// Take the gate over from whoever has it open.
    TakeOver,
    /// Do what the prompt says.
    Accept,
    /// Into the note and out of it.
    Note,
    /// The operator's note before this one.
    FormerNote,
    /// The note after it.
    LaterNote,
    /// The reason of a number, from the configuration.
    Reason,
    /// Close the prompt; nothing happens.
    Close,
    /// The editor's menu.
    Menu,
    /// Approve with the patch.
    ApproveWith,
    /// Reject with the patch.
    RejectWith,
    /// Apply the patch; the gate stays open.
    ApplyOnly,
    /// Throw the patch away (asks).
    Discard,
    /// Leave the editor; the draft is kept.
    Leave,
    /// Another patch type in the editor.
    OtherType,
    /// Make the derived patch one that is written.
    AsPatch,
    /// Bring an edit into the version that is under review by now.
    CarryOver,
    /// What could stand at the cursor.
    Complete,
    /// Look for words in the text.
    Find,
    /// To the next place with the words.
    FindNext,
    /// To the place before.
    FindFormer,
    /// More room for the preview, or less.
    ResizePreview,
    /// The preview a line up.
    PreviewUp,
    /// The preview a line down.
    PreviewDown,
    /// The keys.
    Help,
    /// Commands by name.
    Palette,
    /// Copy an id or digest.
    Copy,
    /// Draw everything anew.
    Repaint,
    /// Stop the process; `fg` continues it.
    Suspend,
    /// Leave the console.
    Quit,
}
