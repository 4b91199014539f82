//! What comes of an action.

use super::{
    comment, compose, diff, files, gate, handover, last_call, lease, mark, motion, note, prompt, queue, read_on, recall,
};
use crate::action::Action;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::verb::{self, NoOffer};
use crate::facts::{self, lists, marks, window};
use crate::keymap::Focus;
use crate::model::Model;
use crate::model::keys::{Field, Listed};
use crate::model::panes::{Lower, OwnFilter};
use crate::model::prompt::Intent;
use crate::prompt::menu::{self, Menu};
use crate::prompt::{bulk, cancel, confirm, discard, quit, resume, timer, timers};
use crate::question::Question;
use crate::update::compose::open;
use crate::update::outgoing::{Step, refuse, tell};
use domain::filter::GateFilter;
use domain::gate::Verdict;
use domain::old::ListedDecision;

/// Does what an action asks for in a focus.
pub(crate) fn act(model: &mut Model, focus: Focus, action: Action, fx: &mut Vec<Effect>) {
    if focus == Focus::Menu && verb::replaces_text(action) && !prompt::is_menu_drawn(model) {
        return tell(model, prompt::MENU_NOT_DRAWN);
    }
    if action == Action::TakeIn && !prompt::is_taking_in_drawn(model) {
        return;
    }
    if action == Action::Accept && focus.is_prompt() && !prompt::is_read(model) {
        return;
    }
    if matches!(action, Action::Approve | Action::Reject | Action::Undo) && !read_on::has_stood(model, focus) {
        return;
    }
    if matches!(action, Action::Approve | Action::Reject) && focus == Focus::Queue && model.marks.range.is_some() {
        mark::range(model, fx);
    }
    match verb::offer(model, focus, action) {
        Err(NoOffer::Refused(refused)) => {
            refuse(model, refused.what, &refused.why, &refused.hint);
            model.toasts.is_about_text |= refused.is_about_text;
            return;
        }
        Err(NoOffer::Nothing(words)) if !words.is_empty() => return tell(model, words),
        // Without a message here, the action itself says what is wrong, if anything.
        Err(NoOffer::Nothing(_)) | Ok(()) => {}
    }
    if action != Action::ReadOn
        && let Some(view) = &mut model.gate
    {
        view.is_end_told = false;
    }
    match action {
        Action::Up if matches!(focus, Focus::Types | Focus::Candidates) => compose::move_choice(model, -1),
        Action::Down if matches!(focus, Focus::Types | Focus::Candidates) => compose::move_choice(model, 1),
        Action::Up => motion::go(model, focus, Step::Rows(-1), fx),
        Action::Down => motion::go(model, focus, Step::Rows(1), fx),
        Action::Top => motion::go(model, focus, Step::Top, fx),
        Action::Bottom => motion::go(model, focus, Step::Bottom, fx),
        Action::PageUp => motion::go(model, focus, Step::Pages(-1), fx),
        Action::PageDown => motion::go(model, focus, Step::Pages(1), fx),
        Action::HalfUp => motion::go(model, focus, Step::Half(-1), fx),
        Action::HalfDown => motion::go(model, focus, Step::Half(1), fx),
        Action::Left => motion::sideways(model, focus, false, fx),
        Action::Right => motion::sideways(model, focus, true, fx),
        Action::NextPane => motion::other_pane(model, fx),
        Action::Open if focus == Focus::Jobs => {
            queue::pass_to_listed(model, fx);
            gate::arrive(model, fx);
            motion::show(model, Lower::Job, fx);
            model.panes.is_of_jobs = true;
        }
        Action::Open => {
            // What a list of single gates is at gets its own row.
            if focus == Focus::Board {
                queue::unfold(model, true);
            }
            let lower = if matches!(
                model.panes.lower,
                Lower::History | Lower::Figures | Lower::Jobs | Lower::Board
            ) {
                Lower::Gate
            } else {
                model.panes.lower
            };
            motion::show(model, lower, fx);
        }
        Action::Back => back(model, fx),
        Action::ShowQueue => to_queue(model),
        Action::ShowGate => motion::show(model, Lower::Gate, fx),
        Action::ShowJob => motion::show(model, Lower::Job, fx),
        Action::ShowHistory => motion::show(model, Lower::History, fx),
        Action::ShowFigures => motion::show(model, Lower::Figures, fx),
        Action::ShowBoard => motion::show(model, Lower::Board, fx),
        Action::ShowJobs => motion::show(model, Lower::Jobs, fx),
        Action::Zoom => zoom(model, !model.panes.is_zoomed),
        Action::Filter => model.keys.field = Some(Field::Filter(Editor::of_line(filter(model)))),
        Action::Views => model.keys.list(Listed::Views, 0),
        Action::FoldGroups => {
            let is_on = !model.queue.groups.is_on;
            queue::fold(model, is_on);
            tell(
                model,
                match is_on {
                    true => "Gates with the same change stand in one row",
                    false => "Every gate has its own row",
                },
            );
        }
        Action::Sort => {
            model.queue.sort = model.queue.sort.next();
            queue::rearrange(model, true, fx);
            tell(model, format!("Sorted by {}", model.queue.sort.label()));
        }
        Action::ReadOn => read_on::read_on(model, focus, fx),
        Action::FormerHunk => diff::hunk(model, false),
        Action::NextMatch if focus == Focus::Line => comment::hunk(model, true),
        Action::FormerMatch if focus == Focus::Line => comment::hunk(model, false),
        Action::NextMatch => diff::find_match(model, true, fx),
        Action::FormerMatch => diff::find_match(model, false, fx),
        Action::NextFile => other_file(model, focus, true, fx),
        Action::FormerFile => other_file(model, focus, false, fx),
        Action::Fold => diff::fold(model),
        Action::Mode => diff::mode(model),
        Action::Base => files::next_base(model),
        Action::SinceLook => {
            if let Some(index) = model.gate.as_ref().map(|view| view.file) {
                files::show_since_look(model, index);
            }
        }
        Action::Wrap => diff::wrap(model),
        Action::Comment => comment::begin(model),
        Action::Search => model.keys.field = Some(Field::Search(Editor::of_line(""))),
        Action::Approve if verb::is_group(model, focus) => bulk::open_group(model, Verdict::Approve),
        Action::Reject if verb::is_group(model, focus) => bulk::open_group(model, Verdict::Reject),
        Action::Approve if focus == Focus::Queue && verb::is_bulk(model) => bulk::open(model, Verdict::Approve),
        Action::Reject if focus == Focus::Queue && verb::is_bulk(model) => bulk::open(model, Verdict::Reject),
        Action::Mark if focus == Focus::Board => mark::foreseen(model, fx),
        Action::MarkAll if focus == Focus::Board => mark::all_foreseen(model, fx),
        Action::Mark => mark::toggle(model, fx),
        Action::MarkRange => mark::range(model, fx),
        Action::MarkAll => mark::all(model, fx),
        Action::MarkAgain => mark::again(model, fx),
        Action::MarkRead => read_on::mark_read(model, focus, fx),
        Action::TakeIn => bulk::take_in(model),
        Action::Approve | Action::Reject => {
            let is_approval = action == Action::Approve;
            confirm::open(model, if is_approval { Intent::Approve } else { Intent::Reject });
            // Whether a colleague has written about it is read anew: it stands in the question.
            let of = model.ask().and_then(|ask| Some(ask.pin()?.key.clone()));
            fx.extend(of.map(|of| Effect::Ask(Question::Handovers(Some(of)))));
        }
        Action::Compose if focus == Focus::Confirm => {
            // Only where the prompt says that there is a draft: elsewhere the key is none.
            if verb::applies(model, focus, action) {
                model.prompt = None;
                act(model, Focus::Diff, open::draft_key(model), fx);
            }
        }
        Action::Compose => open::open(model, fx),
        Action::Edit => compose::open_edit(model, fx),
        Action::ExternalEditor => compose::open_external_editor(model, fx),
        Action::OtherType => compose::other_type(model),
        Action::AsPatch => compose::as_patch(model, fx),
        Action::CarryOver => compose::carry_over(model, fx),
        Action::Complete => compose::complete(model, fx),
        Action::Find => compose::find(model),
        Action::FindNext => compose::find_next(model, true),
        Action::FindFormer => compose::find_next(model, false),
        Action::ResizePreview => open::resize_preview(model),
        Action::PreviewUp => open::scroll_preview(model, -1),
        Action::PreviewDown => open::scroll_preview(model, 1),
        Action::Recall => recall::take_back(model, fx),
        Action::Acknowledge => prompt::acknowledge(model, fx),
        Action::Undo => confirm::open(model, Intent::Undo),
        Action::Resume => resume::open(model),
        Action::Cancel => cancel::open(model),
        Action::Hold | Action::Extend | Action::HandOver => {
            if let Some(intent) = verb::timer_intent(model, focus, action) {
                if verb::is_of_marked(model, focus) {
                    let marked = model.marks.on.keys().cloned().collect();
                    timers::open(model, intent, marked);
                } else if verb::is_group(model, focus) {
                    let place = model.queue.place().unwrap_or_default();
                    timers::open(model, intent, marks::gates(model, place..=place));
                } else {
                    timer::open(model, intent);
                }
            }
        }
        Action::HoldCalled => last_call::hold(model, fx),
        Action::TakeOver => lease::take_over(model, fx),
        Action::Accept => accept(model, focus, fx),
        Action::Note => {
            if let Some(note) = model.ask_mut().and_then(|ask| ask.note_mut()) {
                note.is_focused = !note.is_focused;
            }
        }
        Action::FormerNote | Action::LaterNote => note::recall(model, focus, action, fx),
        // Its digit is no part of an action: `keys::press` has taken it.
        Action::Reason => {}
        Action::Close => close(model, focus, fx),
        Action::Menu => model.put(Menu),
        Action::ApproveWith => menu::submit(model, Intent::Approve),
        Action::RejectWith => menu::submit(model, Intent::Reject),
        Action::ApplyOnly => menu::submit(model, Intent::Apply),
        Action::Discard => discard::open(model, fx),
        Action::Leave => open::leave(model),
        Action::Help => {
            // The question is read anew when the keys are closed.
            model.ask_again();
            model.keys.list(Listed::Help, 0);
        }
        Action::Files => {
            let chosen = model.gate.as_ref().map_or(0, |view| view.file);
            model.keys.list(Listed::Files, chosen);
        }
        Action::Handovers => {
            fx.push(Effect::Ask(Question::Handovers(None)));
            model.keys.list(Listed::Handovers, 0);
        }
        Action::Discarded => model.keys.list(Listed::Discarded, 0),
        Action::Context => model.keys.list(Listed::Context, 0),
        Action::Palette => model.keys.list(Listed::Palette, 0),
        Action::Copy => copy(model, fx),
        Action::Repaint => fx.push(Effect::Repaint),
        Action::Suspend => fx.push(Effect::Suspend),
        Action::Quit => quit::open(model, fx),
    }
}

fn other_file(model: &mut Model, focus: Focus, is_forward: bool, fx: &mut Vec<Effect>) {
    if focus != Focus::Job {
        diff::file(model, is_forward);
        return;
    }
    let is_low = window::is_low(model);
    if let Some(job) = &mut model.panes.job {
        let logs = job.logs();
        let current = job.current_log();
        let index = logs.iter().position(|log| Some(log) == current.as_ref()).unwrap_or(0);
        let next = if is_forward {
            index.saturating_add(1)
        } else {
            index.saturating_sub(1)
        };
        // In a low window the logs stand behind the events.
        let next = match (is_low, is_forward, &job.log_of) {
            (true, true, None) => Some(logs.first()),
            (true, false, Some(_)) if index == 0 => Some(None),
            _ => logs.get(next).map(Some),
        };
        if let Some(log) = next {
            job.log_of = log.cloned();
            job.log = None;
            job.up = 0;
        }
    }
    gate::ask_log(model, fx);
}

fn accept(model: &mut Model, focus: Focus, fx: &mut Vec<Effect>) {
    match focus {
        Focus::Confirm | Focus::Note | Focus::Bulk | Focus::Ask | Focus::Answer | Focus::Comment => {
            prompt::accept(model, fx);
        }
        Focus::Line => comment::write(model),
        // A filter with a fault is not the one in force: the line says what would be right.
        Focus::Filter if facts::filter::fault(model).is_some() => {}
        Focus::Filter => {
            if let Some(Field::Filter(editor)) = model.keys.field.take() {
                set_filter(model, &editor.text(), fx);
            }
        }
        Focus::Find => model.keys.field = None,
        Focus::Types => compose::choose_type(model, fx),
        Focus::Candidates => compose::choose_candidate(model, fx),
        Focus::Search => {
            if let Some(Field::Search(editor)) = model.keys.field.take()
                && let Some(view) = &mut model.gate
            {
                let text = editor.text();
                // An empty field searches for the same text again.
                if !text.is_empty() {
                    view.search.text = Some(text);
                    (view.search.hit, view.search.number) = (None, 0);
                }
                if view.search.text.is_some() {
                    diff::find_match(model, true, fx);
                }
            }
        }
        Focus::Help | Focus::Context => model.keys.overlay = None,
        Focus::Handovers => handover::choose(model, fx),
        Focus::Discarded => {
            let listed = lists::discarded(model);
            let chosen = listed.get(model.keys.take_row());
            let discarded = chosen.and_then(|index| model.drafts.discarded.get(*index));
            if let Some(discarded) = discarded.cloned() {
                compose::take_back(model, &discarded, fx);
            }
        }
        Focus::Files => {
            let files = lists::files(model);
            if let Some(index) = files.get(model.keys.take_row()) {
                diff::go_to_file(model, *index);
            }
        }
        Focus::Views => {
            let mut views = lists::views(model).into_iter();
            if let Some((_, filter)) = views.nth(model.keys.take_row()) {
                queue::set_filter(model, filter, fx);
            }
        }
        Focus::Palette => {
            let entries = lists::entries(model);
            if let Some(entry) = entries.get(model.keys.take_row()) {
                let focus = model.pane_focus();
                act(model, focus, entry.action, fx);
            }
        }
        Focus::Queue | Focus::Diff | Focus::Compose | Focus::Menu => {}
        Focus::Job | Focus::History | Focus::Figures | Focus::Jobs | Focus::Board => {}
    }
}

fn close(model: &mut Model, focus: Focus, fx: &mut Vec<Effect>) {
    match focus {
        Focus::Confirm | Focus::Note | Focus::Bulk | Focus::Ask | Focus::Answer | Focus::Comment | Focus::Menu => {
            prompt::close(model)
        }
        Focus::Line => comment::leave(model),
        Focus::Filter => {
            model.keys.field = None;
            set_filter(model, "", fx);
        }
        Focus::Find => model.keys.field = None,
        Focus::Types | Focus::Candidates => {
            if let Some(compose) = &mut model.compose {
                compose.list = None;
            }
        }
        Focus::Search => {
            model.keys.field = None;
            if let Some(view) = &mut model.gate {
                view.search.text = None;
            }
        }
        Focus::Help
        | Focus::Palette
        | Focus::Files
        | Focus::Discarded
        | Focus::Handovers
        | Focus::Context
        | Focus::Views => {
            model.keys.overlay = None;
        }
        Focus::Queue | Focus::Diff | Focus::Compose => {}
        Focus::Job | Focus::History | Focus::Figures | Focus::Jobs | Focus::Board => {}
    }
}

/// What the pane that has the keys is filtered by: history, jobs, else the queue.
fn filter(model: &Model) -> &str {
    match model.panes.own_filter() {
        Some(OwnFilter::History) => &model.panes.history.filter,
        Some(OwnFilter::Jobs) => &model.panes.jobs.filter,
        None => model.queue.filter.text(),
    }
}

/// Filters that pane by something else; words with a fault leave the rows as they are.
pub(crate) fn set_filter(model: &mut Model, words: &str, fx: &mut Vec<Effect>) {
    match model.panes.own_filter() {
        Some(OwnFilter::History) => {
            words.clone_into(&mut model.panes.history.filter);
            model.panes.history.arrange();
        }
        Some(OwnFilter::Jobs) => {
            words.clone_into(&mut model.panes.jobs.filter);
            model.panes.jobs.arrange();
            queue::pass_to_listed(model, fx);
        }
        None => {
            if let Ok(filter) = GateFilter::parse(words) {
                queue::set_filter(model, filter, fx);
            }
        }
    }
}

/// The keys and the pane below the queue go together: with the queue stands the gate of its row.
fn to_queue(model: &mut Model) {
    model.panes.is_lower_focused = false;
    model.panes.lower = Lower::Gate;
    zoom(model, false);
    queue::settle(model);
}

/// Gives the whole screen to the pane that has the keys, or takes it back.
fn zoom(model: &mut Model, is_zoomed: bool) {
    if std::mem::replace(&mut model.panes.is_zoomed, is_zoomed) != is_zoomed {
        queue::settle(model);
    }
}

fn back(model: &mut Model, fx: &mut Vec<Effect>) {
    match (model.panes.is_lower_focused, model.panes.lower) {
        (true, Lower::History) if !model.panes.history.filter.is_empty() => set_filter(model, "", fx),
        (true, Lower::Jobs) if !model.panes.jobs.filter.is_empty() => set_filter(model, "", fx),
        (true, Lower::Job) if model.panes.is_of_jobs => motion::show(model, Lower::Jobs, fx),
        (true, _) => {
            to_queue(model);
            queue::keep_selected(model, fx);
        }
        (false, _) if model.panes.is_zoomed => zoom(model, false),
        (false, _) if mark::clear(model) => {}
        // Esc on the queue takes back the filter; it never leaves.
        (false, _) => {
            queue::set_filter(model, GateFilter::default(), fx);
        }
    }
}

/// A decision's hash; one of the old system has none.
fn hash(entry: ListedDecision<'_>) -> Option<String> {
    match entry {
        ListedDecision::Ours(sealed) => Some(sealed.hash.to_string()),
        ListedDecision::Old(_) => None,
    }
}

fn copy(model: &mut Model, fx: &mut Vec<Effect>) {
    let focus = model.pane_focus();
    let (what, text) = if focus == Focus::History {
        ("hash", model.panes.history.current().and_then(hash))
    } else if focus == Focus::Diff {
        let digest = model.gate.as_ref().and_then(|view| view.shown_digest());
        ("digest", digest.map(|digest| digest.to_string()))
    } else {
        let row = model.queue.selected();
        ("job id", row.map(|key| key.job_id().to_string()))
    };
    match text {
        Some(text) => {
            tell(model, format!("Copied the {what}: {text}"));
            fx.push(Effect::Copy(text));
        }
        None => tell(model, format!("Nothing copied: there is no {what} here")),
    }
}
