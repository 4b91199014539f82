//! What may be done to the selected gate or job; the rules themselves are the domain's.

use crate::action::Action;
use crate::facts::marks::{in_range, opens};
use crate::facts::{label, page};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::file::{Content, FileView};
use crate::model::gate::GateView;
use crate::model::prompt::{Pin, TimerIntent, Why};
use crate::model::queue::RowKey;
use crate::work::{self, NotEditable};
use domain::job::{JobRows, JobStatus};
use domain::key::GateKey;
use domain::refusal::Refusal;
use domain::timer::GateTimer;
use domain::view::{QueueKind, QueueRow};
use text::words::counted;

pub(crate) fn why(why: impl Into<String>, hint: &str) -> Why {
    (why.into(), hint.to_owned())
}

pub(crate) fn explain(refusal: Refusal) -> Why {
    (refusal.message, refusal.hint.unwrap_or_default())
}

/// Why nothing can be done on the selected gate when it went away: who ended it, and when.
fn gone(model: &Model, key: &GateKey) -> Option<String> {
    if !model.queue.is_gone {
        return None;
    }
    let gate = view(model, key).and_then(GateView::gate);
    // Short, so that the time is not cut: the row itself is in sight.
    let ended = gate.filter(|gate| gate.open_or_refuse().is_err());
    let ended = ended.and_then(|gate| gate.settled.as_ref().map(|settled| (gate.state, settled)));
    Some(match ended {
        Some((state, settled)) => format!("{} {} it at {}", settled.by, state.as_str(), label::clock(settled.at)),
        None => format!("{key} is no longer open"),
    })
}

fn view<'m>(model: &'m Model, key: &GateKey) -> Option<&'m GateView> {
    model.gate.as_ref().filter(|view| view.key == *key)
}

/// The selected gate where it is open and no decision on it is under way.
fn open(model: &Model) -> Result<&GateKey, Why> {
    let Some(RowKey::Gate(key)) = model.queue.selected() else {
        let keys = [Action::Down, Action::Up].map(|action| keymap::key_in(Focus::Queue, action));
        let hint = format!("select one with {}", keys.join(" and "));
        return Err(why("no open gate is selected", &hint));
    };
    if let Some(gone) = gone(model, key) {
        return Err(why(gone, ""));
    }
    model.session.allows_at(&key.stage).map_err(explain)?;
    if model.outgoing.writing(key).is_some() {
        return Err(why(format!("a decision on {key} is being written"), ""));
    }
    match view(model, key).and_then(GateView::gate) {
        Some(gate) => gate.open_or_refuse().map(|()| key).map_err(explain),
        None => Ok(key),
    }
}

/// The gate on screen as a pin, or why nothing can be decided on it.
pub fn pin(model: &Model) -> Result<Pin, Why> {
    let key = open(model)?;
    let view = view(model, key);
    let Some(digest) = view.and_then(GateView::shown_digest) else {
        return Err(why("the files are still being read", "press the key again"));
    };
    let slug = view.map(|view| view.slug.as_str()).unwrap_or_default();
    Ok(Pin {
        key: key.clone(),
        digest,
        label: label::gate(key, slug),
    })
}

/// Whether `a` and `r` on the queue are about all marked gates; a range that is being drawn ends
/// with them.
pub(crate) fn is_bulk(model: &Model) -> bool {
    let range = in_range(model);
    let added = range.iter().filter(|key| !model.marks.on.contains_key(key)).count();
    let is_marked = |key: &GateKey| model.marks.on.contains_key(key) || range.contains(key);
    matches!(model.queue.selected(), Some(RowKey::Gate(key)) if is_marked(key)) && model.marks.on.len() + added > 1
}

/// Whether `a` and `r` are about all gates that the selected row stands for. Where all of them are
/// marked, they are about all marked gates.
pub(crate) fn is_group(model: &Model, focus: Focus) -> bool {
    let place = model
        .queue
        .place()
        .filter(|_| !model.queue.is_gone && matches!(focus, Focus::Queue | Focus::Diff));
    let is_folded = place.filter(|place| model.queue.folded(*place).is_some());
    is_folded.is_some_and(|place| !all_marked(model, place) || focus == Focus::Diff)
}

/// Refuses what is about one gate where the selected row stands for several.
pub(super) fn is_one(model: &Model, focus: Focus) -> Result<(), Why> {
    let place = model.queue.place().filter(|_| !model.queue.is_gone);
    let folded = place.and_then(|place| model.queue.folded(place));
    let Some(group) = folded.filter(|_| matches!(focus, Focus::Queue | Focus::Diff)) else {
        return Ok(());
    };
    Err(why(
        format!("the row stands for {}", counted(group.len(), "gate")),
        &format!("{} opens it", opens(focus)),
    ))
}

/// Whether every gate that a row stands for is marked.
pub(crate) fn all_marked(model: &Model, place: usize) -> bool {
    let keys = model.queue.members(place).map(|row| RowKey::of(row).gate());
    keys.into_iter()
        .all(|key| key.is_some_and(|key| model.marks.on.contains_key(&key)))
}

/// Why nothing can be done to several gates, and what to do.
pub(crate) fn each_open_elsewhere(model: &Model) -> Why {
    let take = keymap::key_of(model.focus(), Action::TakeOver).unwrap_or_default();
    why(
        "somebody else has each of them open",
        &format!("{take} takes them over"),
    )
}

/// Whether all marked gates can be asked about.
pub(super) fn bulk(model: &Model) -> Result<(), Why> {
    let is_read = model.marks.on.values().all(|mark| mark.digest.is_some());
    if is_read && in_range(model).iter().all(|key| model.marks.on.contains_key(key)) {
        return Ok(());
    }
    Err(why("the marked gates are still being read", "press the key again"))
}

/// The selected gate and its label, or why its timer cannot be touched.
pub fn timed(model: &Model, intent: TimerIntent) -> Result<(GateKey, String), Why> {
    let key = open(model)?;
    let Some(row) = model.queue.gate(key) else {
        return Err(why(format!("{key} is no longer open"), ""));
    };
    let timer = GateTimer::in_hands(row.timer.as_ref(), key).map_err(explain)?;
    if intent != TimerIntent::Release {
        timer
            .addable_or_refuse(key, model.now, row.max_hold_s)
            .map_err(explain)?;
    }
    Ok((key.clone(), label::gate(key, &row.slug)))
}

/// What `t` would do: where a person holds the timer, let it run again.
pub(crate) fn hold_or_release(model: &Model) -> TimerIntent {
    let is_held = |row: &QueueRow| row.timer.as_ref().is_some_and(|timer| timer.hold.is_some());
    match model.queue.current().is_some_and(is_held) {
        true => TimerIntent::Release,
        false => TimerIntent::Hold,
    }
}

/// Whether the newest patch of the gate on screen can be taken back.
pub(super) fn undo(model: &Model) -> Result<(), Why> {
    let pin = pin(model)?;
    match view(model, &pin.key).and_then(GateView::gate) {
        Some(gate) => gate.undoable(None).map(drop).map_err(explain),
        None => Err(why("the gate is still being read", "press the key again")),
    }
}

/// The selected job's rows.
fn job(model: &Model) -> Result<&JobRows, Why> {
    let rows = model.panes.job.as_ref().and_then(|job| job.rows.as_deref());
    rows.ok_or_else(|| why("no job is selected, or it is still being read", ""))
}

/// The paused job that can go on.
pub(crate) fn resumable(model: &Model) -> Result<&JobRows, Why> {
    let rows = job(model)?;
    if rows.job.status == JobStatus::Paused {
        let allowed = rows
            .job
            .stage
            .iter()
            .try_for_each(|stage| model.session.allows_at(stage));
        return allowed.map(|()| rows).map_err(explain);
    }
    Err(explain(Refusal::not_paused(&rows.job.id, rows.job.status)))
}

/// The job that can be canceled.
pub(crate) fn cancelable(model: &Model) -> Result<&JobRows, Why> {
    let rows = job(model)?;
    if !rows.job.status.is_ended() {
        return allows_job(model).map(|()| rows);
    }
    Err(explain(Refusal::job_ended(&rows.job.id, rows.job.status)))
}

/// The row of the failed job that nobody has noted yet.
pub fn failed(model: &Model) -> Result<&QueueRow, Why> {
    let is_failed = |row: &&QueueRow| row.kind == QueueKind::Failed;
    let row = model.queue.current().filter(is_failed);
    row.map(|row| allows_job(model).map(|()| row)).unwrap_or_else(|| {
        let key = keymap::key_in(Focus::Queue, Action::Acknowledge);
        let hint = format!("{key} takes a failed job off the queue");
        Err(why("the selected row is no failed job", &hint))
    })
}

fn allows_job(model: &Model) -> Result<(), Why> {
    let session = &model.session;
    session.rights.allow_of_job(&session.operator.name).map_err(explain)
}

fn file<'m>(model: &'m Model, why_none: &str) -> Result<&'m FileView, Why> {
    let file = model.gate.as_ref().and_then(GateView::current);
    file.ok_or_else(|| why(why_none, ""))
}

fn unread(name: &str, content: &Content) -> Why {
    match content {
        Content::Text(_) | Content::Binary | Content::Loading | Content::Known => {
            why(format!("{name} is still being read"), "press the key again")
        }
        Content::Missing | Content::Failed(_) => why(format!("{name} cannot be read"), "reject it with a note"),
    }
}

/// Whether a patch of the file on screen can be written.
pub(super) fn compose(model: &Model) -> Result<(), Why> {
    pin(model)?;
    let file = file(model, "this gate has no artifact to patch")?;
    let artifact = &file.artifact;
    let name = artifact.path.file_name();
    let (Some(bytes), Some(uses), Content::Text(_) | Content::Binary) = (&file.bytes, file.uses, &file.content) else {
        return Err(unread(name, &file.content));
    };
    if uses.is_patchable {
        return Ok(());
    }
    let params = model.gate.as_ref().and_then(|view| view.rows.as_deref());
    let params = params.map(|rows| &rows.job.params).filter(|params| !params.is_empty());
    let fits = |params| !patch::templates(&artifact.kind, artifact.path.as_str(), bytes, params).is_empty();
    if params.is_some_and(fits) {
        return Ok(());
    }
    // A text that only is no UTF-8 is of a kind that patches change: it would be no reason.
    if let Err(problem @ NotEditable::NotUtf8(_)) = uses.editing {
        return Err(not_editable(problem, name));
    }
    let kind = &artifact.kind;
    let words = format!("{name} is {kind}, and no patch type changes that");
    let next = keymap::key_in(Focus::Diff, Action::NextFile);
    let hint = format!("reject it with a note, or press {next} for another file");
    Err(why(words, &hint))
}

/// Whether a line of the diff on screen can be commented on.
pub(super) fn comment(model: &Model) -> Result<(), Why> {
    pin(model)?;
    let file = file(model, "this gate has no artifact with lines")?;
    let name = file.artifact.path.file_name();
    let is_listed = page::is_listed(model, file);
    match &file.content {
        Content::Text(_) if is_listed => {
            let key = keymap::key_in(Focus::Diff, Action::Mode);
            Err(why("values are shown, not lines", &format!("{key} shows the text")))
        }
        Content::Text(document) if document.row_count() > 0 && super::is_diff_shown(model) => Ok(()),
        Content::Text(_) => Err(why("there is no diff on the screen", "")),
        Content::Binary => Err(why(format!("{name} is no text: it has no lines"), "say it in the note")),
        content @ (Content::Loading | Content::Known | Content::Missing | Content::Failed(_)) => {
            Err(unread(name, content))
        }
    }
}

/// Whether the file on screen can be edited as a text.
pub(super) fn edit(model: &Model) -> Result<(), Why> {
    pin(model)?;
    editing(file(model, "this gate has no artifact to edit")?)
}

/// Whether a file is a text that can be edited.
fn editing(file: &FileView) -> Result<(), Why> {
    let name = file.artifact.path.file_name();
    let problem = match (&file.content, &file.bytes, file.uses) {
        (Content::Text(_), Some(_), Some(uses)) if !file.is_stale => match uses.editing {
            Ok(()) => return Ok(()),
            Err(problem) => problem,
        },
        (Content::Binary, Some(_), _) => NotEditable::Binary,
        (Content::Text(_) | Content::Loading | Content::Known | Content::Missing | Content::Failed(_), ..)
        | (Content::Binary, None, _) => return Err(unread(name, &file.content)),
    };
    Err(not_editable(problem, name))
}

fn not_editable(problem: NotEditable, name: &str) -> Why {
    let compose = keymap::key_in(Focus::Diff, Action::Compose);
    why(problem.about(name).to_string(), &problem.hint(compose))
}

/// The text of a file, or why it has none.
pub(crate) fn editable_text(file: &FileView) -> Result<&str, Why> {
    editing(file)?;
    let bytes = file.bytes.as_ref().map_or(&[][..], |bytes| bytes.as_slice());
    work::editable(bytes).map_err(|problem| not_editable(problem, file.artifact.path.file_name()))
}
