//! The question before a decision or a patch.

use super::parts::{answers, gate_label, key, keys, note, note_key, outlook, text, title, too_long, until, wrapped};
use super::whole;
use crate::action::Action;
use crate::editor::Editor;
use crate::effect::{Checked, Effect};
use crate::facts::{change, comments, countdown, handover, holder, past, verb, wrap};
use crate::keymap::{self, Focus};
use crate::layout;
use crate::model::gate::GateView;
use crate::model::outgoing::Sent;
use crate::model::panes::Lower;
use crate::model::prompt::{Intent, Note, Pin, PromptLine, Why};
use crate::model::{Closing, Model, PromptKind};
use crate::update::files;
use crate::update::outgoing::{ask_once_more, other_sent, send};
use domain::ask::Command;
use domain::comment::Comment;
use domain::context::GateContext;
use domain::gate::Verdict;
use domain::ids::ArtifactPath;
use domain::key::{GateKey, GateRef};
use domain::time::Timestamp;
use domain::timer::TimerStatus;
use engine::api::Ticket;
use text::width;
use text::words::{counted, counted_are};

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfirmState {
    /// Waits for the operator.
    Asking,
    /// Sent; not yet answered. Its lines stay as many as they were: a prompt that shrinks would move
    /// all that is above it.
    Writing(Ticket, usize),
    /// It will not happen: why, and what to do.
    Refused(String, Option<String>),
}

#[derive(Debug, Clone)]
pub struct Confirm {
    /// What it is about.
    pub pin: Pin,
    /// What it would do.
    pub(crate) intent: Intent,
    pub note: Note,
    /// What its requester said when it was asked; none: a patch depends on none of that.
    pub(crate) context: Option<GateContext>,
    /// The patch that goes with it.
    pub(crate) patch: Option<Checked>,
    pub(crate) state: ConfirmState,
}

/// Asks before the gate on screen is decided, or its newest patch taken back.
///
/// What changed since the operator looked at this gate, at a former login too, is shown first.
pub(crate) fn open(model: &mut Model, intent: Intent) {
    let Ok(pin) = verb::pin(model) else {
        return;
    };
    let name = &model.session.operator.name;
    let view = model.gate.as_ref().filter(|_| intent.is_decision());
    let moved = view.and_then(|view| {
        let index = view.changed_since_look(name)?;
        let file = view.files.get(index)?;
        Some((
            index,
            file.artifact.path.file_name().to_owned(),
            file.former_read()?,
            file.digest?,
        ))
    });
    open_about(model, intent, pin, None);
    let Some((index, name, read, now)) = moved else {
        return;
    };
    if let Some(ask) = model.ask_mut() {
        let why = format!(
            "{name} changed since you looked (you read {}, it is now {})",
            read.short(),
            now.short()
        );
        ask.refuse(
            &why,
            Some("what changed is shown; press the key again to decide on that"),
        );
    }
    files::show_since_look(model, index);
}

/// The same for a pinned gate, with the patch that goes with it.
pub(super) fn open_about(model: &mut Model, intent: Intent, pin: Pin, patch: Option<Checked>) {
    let verdict = intent.verdict().unwrap_or(Verdict::Approve);
    let mut note = Note::kept(model.draft_of_note(&pin.key, verdict), &pin.key, verdict);
    // In an approval a second `a` must not land in the note; a rejection wants a reason.
    note.is_focused = intent == Intent::Reject;
    if !intent.is_decision() {
        note.editor = Editor::of_note("");
    }
    model.panes.lower = Lower::Gate;
    let view = model
        .gate
        .as_ref()
        .filter(|view| view.key == pin.key && intent.is_decision());
    let context = view.and_then(GateView::gate).map(|gate| gate.context.clone());
    let ask = Confirm {
        pin,
        intent,
        note,
        context,
        patch,
        state: ConfirmState::Asking,
    };
    super::open(model, ask);
}

/// The shortest wording; the bound then has a line of its own.
const TIMER_HELD: &str = "timer held";

impl Confirm {
    fn is_asking(&self) -> bool {
        self.state == ConfirmState::Asking
    }

    /// What the timer does meanwhile, the longest wording first.
    fn meanwhile(&self, model: &Model) -> Vec<String> {
        let Some(row) = model.queue.gate(&self.pin.key) else {
            return Vec::new();
        };
        let left = |at: Timestamp| countdown::text(at.us_since(model.now.utc));
        match countdown::status(model, row) {
            Some(TimerStatus::Leased(_)) if model.lease_of_other(&self.pin.key).is_none() => {
                let stands = countdown::stands_for_us(model, row).map_or_else(String::new, countdown::text);
                vec![
                    format!("timer held for you, at most {stands} more"),
                    format!("timer held at most {stands} more"),
                    format!("timer held at most {stands}"),
                    format!("held at most {stands}"),
                    TIMER_HELD.to_owned(),
                ]
            }
            Some(TimerStatus::Running(at) | TimerStatus::Overdue(at)) => {
                vec![format!("{} in {}", countdown::at_zero(model, row), left(at))]
            }
            Some(TimerStatus::Leased(_) | TimerStatus::Held(_) | TimerStatus::HeldByPolicy) | None => Vec::new(),
        }
    }

    /// What Enter sends.
    fn command(&self, model: &Model, notes: Option<String>) -> Command {
        let patch = self.patch.as_ref().map(|checked| checked.value.clone());
        let digest = Some(self.pin.digest);
        let gate = GateRef::from(&self.pin.key);
        match (self.intent.verdict(), self.intent) {
            (Some(verdict), _) => Command::Decide {
                gate,
                verdict,
                notes,
                comments: comments::going(model, &self.pin.key).comments,
                draft_by: model.draft(&self.pin.key).and_then(|draft| draft.adopted.clone()),
                patch,
                digest,
                context_digest: self.context.as_ref().map(GateContext::digest),
            },
            (None, Intent::Undo) => Command::UndoPatch {
                path: undoable_path(model, &self.pin.key),
                gate,
                digest,
            },
            (None, Intent::Apply | Intent::Approve | Intent::Reject) => Command::ApplyPatch {
                gate,
                patch: patch.unwrap_or_default(),
                digest,
            },
        }
    }
}

/// The artifact whose newest patch the prompt spoke of: while the digest is the pinned one, it is
/// the same.
fn undoable_path(model: &Model, key: &GateKey) -> Option<ArtifactPath> {
    let view = model.gate.as_ref().filter(|view| view.key == *key)?;
    let undoable = view.gate()?.undoable(None).ok()?;
    Some(undoable.artifact.path.clone())
}

/// The keys that look around behind the prompt, as far as there is something to look at.
fn look(model: &Model) -> Option<String> {
    let actions = [Action::Down, Action::Up, Action::ReadOn, Action::NextFile];
    let keys: Vec<_> = actions
        .into_iter()
        .filter(|action| verb::is_diff_shown(model) && verb::applies(model, Focus::Confirm, *action))
        .filter_map(|action| keymap::key_of(Focus::Confirm, action))
        .collect();
    (!keys.is_empty()).then(|| format!("{} look at the diff", keys.join(" ")))
}

impl PromptKind for Confirm {
    fn focus(&self) -> Focus {
        match self.note().is_some_and(|note| note.is_focused) {
            true => Focus::Note,
            false => Focus::Confirm,
        }
    }

    fn not_done(&self) -> &'static str {
        self.intent.words().not_done
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let theme = model.session.theme();
        let mut lines = Vec::new();
        let head_style = match self.intent {
            Intent::Approve => theme.added(),
            Intent::Reject => theme.removed(),
            Intent::Apply | Intent::Undo => theme.held(),
        };
        let operator = &model.session.operator.name;
        let has_patch = self.patch.is_some() && self.intent.is_decision();
        let with = if has_patch { " WITH PATCH" } else { "" };
        let verb = format!("{}{with} ", self.intent.words().head);
        let who = format!("  {}  as {operator}", self.pin.digest.short());
        let label = gate_label(&self.pin.label, &self.pin.key, columns, [&verb, &who]);
        let head = [
            (verb, head_style.patch(theme.strong())),
            (label, theme.strong()),
            (who, theme.plain()),
        ];
        let taken: usize = head.iter().map(|(text, _)| width(text)).sum();
        let wordings = self.meanwhile(model);
        let full = wordings.first().cloned();
        let fitting = wordings.into_iter().find(|timer| taken + 4 + width(timer) <= columns);
        let is_bound_told = fitting.as_ref().is_none_or(|fitting| fitting != TIMER_HELD);
        let timer = fitting.map(|timer| format!("  {timer}")).unwrap_or_default();
        lines.extend(title(head, (timer, theme.held()), columns));
        match &self.state {
            ConfirmState::Refused(why, hint) => {
                let why = format!("{}: {why}", self.not_done());
                wrapped(&why, columns, theme.error(), &mut lines);
                if let Some(hint) = hint {
                    wrapped(&format!("hint: {hint}"), columns, theme.plain(), &mut lines);
                }
                let back = key(model, Action::Close, "back, nothing is decided");
                lines.push(keys(model, columns, &[back]));
                return lines;
            }
            ConfirmState::Writing(_, height) => {
                lines.push(text("writing…", theme.held()));
                lines.resize_with((*height).max(lines.len()), || PromptLine::Spare(Vec::new()));
                return lines;
            }
            ConfirmState::Asking => {}
        }
        let view = model.gate.as_ref().filter(|view| view.key == self.pin.key);
        let rows = view.and_then(|view| view.rows.as_deref());
        if self.intent == Intent::Undo {
            let back = rows.map(|rows| past::of_undo(rows, &self.pin.key));
            for line in back.unwrap_or_default() {
                wrapped(&line, columns, theme.plain(), &mut lines);
            }
        }
        if let Some(review) = view.and_then(GateView::review) {
            wrapped(&format!("Open {review}"), columns, theme.plain(), &mut lines);
        }
        outlook(model, columns, &mut lines);
        let mut spare = |parts| lines.push(PromptLine::Spare(parts));
        if let Some(former) = rows.and_then(|rows| past::former_rejection(rows, &self.pin.key)) {
            for line in wrap::split(&former, columns, 2) {
                spare(vec![(line, theme.plain())]);
            }
        }
        if let Some(patch) = &self.patch {
            let shown = 3;
            let each = if model.window.size.1 < 24 { 1 } else { 2 };
            let changes = patch.changes.iter().take(shown);
            for line in changes.flat_map(|one| change::lines(one, columns.saturating_sub(2), each)) {
                let style = change::style(line.side, theme);
                spare(vec![("  ".to_owned(), theme.plain()), (line.text, style)]);
            }
            if let Some(rest) = patch.changes.len().checked_sub(shown + 1) {
                spare(vec![(format!("  and {} more changes", rest + 1), theme.plain())]);
            }
            for consequence in patch.consequences.iter().take(2) {
                for line in wrap::split(consequence, columns.saturating_sub(2), 2) {
                    spare(vec![(format!("  {line}"), theme.warning())]);
                }
            }
        }
        if let Some(full) = full.filter(|_| !is_bound_told) {
            spare(vec![(full, theme.held())]);
        }
        if verb::is_draft_left_out(model) {
            let shows = keymap::key_in(Focus::Confirm, Action::Compose);
            let out = keymap::out_of_note(model.focus());
            let words = format!("Your patch draft is NOT applied ({out}{shows} shows it)");
            wrapped(&words, columns, theme.warning(), &mut lines);
        }
        let unseen = view.map(GateView::unseen).unwrap_or_default();
        if !unseen.is_empty() {
            let words = format!("You have not seen: {}", unseen.join(", "));
            wrapped(&words, columns, theme.warning(), &mut lines);
        }
        let others = model.marks.on.keys().filter(|key| **key != self.pin.key).count();
        if others > 0 && self.intent.is_decision() {
            let words = format!("{} NOT included", counted_are(others, "marked gate"));
            wrapped(&words, columns, theme.warning(), &mut lines);
        }
        let folded = model.queue.place().and_then(|place| model.queue.folded(place));
        if let Some(group) = folded.filter(|_| self.intent.is_decision()) {
            let words = format!(
                "{} with the same change NOT included",
                counted_are(group.len() - 1, "gate")
            );
            wrapped(&words, columns, theme.warning(), &mut lines);
        }
        if let Some(words) = holder::warning(model, &self.pin.key) {
            wrapped(&words, columns, theme.held(), &mut lines);
        }
        let enter = self.intent.words().verb;
        if !self.intent.is_decision() {
            answers(model, columns, enter, &[], "back, nothing is changed", &mut lines);
            return lines;
        }
        for words in handover::lines(model, &self.pin.key) {
            wrapped(&words, columns, theme.held(), &mut lines);
        }
        let going = comments::going(model, &self.pin.key);
        if !going.comments.is_empty() {
            let places: Vec<_> = going.comments.iter().map(Comment::place).collect();
            let verb = if places.len() == 1 { "goes" } else { "go" };
            let count = counted(places.len(), "comment");
            let words = format!("{count} {verb} with it: {}", comments::named(&places));
            wrapped(&words, columns, theme.held(), &mut lines);
        }
        if !going.left.is_empty() {
            let count = counted_are(going.left.len(), "comment");
            let (of, key) = (
                comments::named(&going.left),
                keymap::key_in(Focus::Diff, Action::Comment),
            );
            let words =
                format!("{count} about another version and NOT sent ({of}); press {key} on its line to take it along");
            wrapped(&words, columns, theme.warning(), &mut lines);
        }
        note(model, &self.note, "note: ", &mut lines);
        let note_key = note_key(model, &self.note);
        answers(
            model,
            columns,
            enter,
            &[note_key],
            "back, nothing is decided",
            &mut lines,
        );
        lines
    }

    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool {
        match self.state {
            ConfirmState::Refused(..) => return false,
            ConfirmState::Writing(..) => return true,
            ConfirmState::Asking => {}
        }
        if self.intent == Intent::Reject && self.note.is_missing() && !self.note.is_empty_accepted {
            self.note.is_empty_accepted = true;
            ask_once_more(model);
            return true;
        }
        let command = self.command(model, self.note.editor.words());
        let sent = Sent {
            decides: self.intent.verdict().map(|_| self.pin.key.clone()),
            has_patch: self.patch.is_some(),
            ..other_sent(self.intent.words().done, self.not_done(), &self.pin.label)
        };
        let height = self.lines(model, whole::columns(layout::of(model).lower)).len();
        self.state = ConfirmState::Writing(send(model, sent, command, fx), height);
        true
    }

    /// What can be looked at behind the question, and what holds until Enter.
    fn said(&self, model: &Model, enter: Option<&str>) -> Vec<String> {
        let so = match (&self.state, self.intent) {
            (ConfirmState::Asking, Intent::Apply | Intent::Undo) => Some(until(enter, "changed")),
            (ConfirmState::Asking, Intent::Approve | Intent::Reject) => Some(until(enter, "decided")),
            (ConfirmState::Writing(..), _) => Some("the answer will show here".to_owned()),
            (ConfirmState::Refused(..), _) => None,
        };
        look(model).into_iter().chain(so).collect()
    }

    fn is_sent(&self) -> bool {
        !self.is_asking()
    }

    fn waits_for(&self, ticket: Ticket) -> bool {
        matches!(self.state, ConfirmState::Writing(sent, _) if sent == ticket)
    }

    fn note(&self) -> Option<&Note> {
        (self.is_asking() && self.intent.is_decision()).then_some(&self.note)
    }

    fn note_mut(&mut self) -> Option<&mut Note> {
        (self.is_asking() && self.intent.is_decision()).then_some(&mut self.note)
    }

    fn unfit(&self) -> Option<Why> {
        too_long(&self.note)
    }

    fn commands(&self, model: &Model, note: Option<String>) -> Vec<Command> {
        let command = self.is_asking().then(|| self.command(model, note));
        command.into_iter().collect()
    }

    fn gates(&self, _: &Model) -> Vec<GateKey> {
        match self.state {
            ConfirmState::Asking | ConfirmState::Writing(..) => vec![self.pin.key.clone()],
            ConfirmState::Refused(..) => Vec::new(),
        }
    }

    fn is_unknown(&self) -> bool {
        self.is_asking()
    }

    fn pin(&self) -> Option<&Pin> {
        Some(&self.pin)
    }

    fn context(&self) -> Option<&GateContext> {
        self.context.as_ref()
    }

    fn leaves_draft(&self) -> bool {
        self.intent.is_decision() && self.patch.is_none()
    }

    fn refuse(&mut self, why: &str, hint: Option<&str>) -> bool {
        self.state = ConfirmState::Refused(why.to_owned(), hint.map(str::to_owned));
        true
    }

    fn refused(&mut self, why: &str, hint: Option<&str>) {
        self.refuse(why, hint);
    }

    fn close(&self) -> (Option<&'static str>, Closing) {
        let words = match self.state {
            ConfirmState::Writing(..) => Some("Sent already: the answer will show here"),
            ConfirmState::Asking if !self.note.editor.is_blank() => Some("Nothing is decided; the note is kept"),
            ConfirmState::Asking | ConfirmState::Refused(..) => None,
        };
        (words, Closing::Nothing)
    }
}
