//! Where everything stands: a function of the size and of what there is to show. Shared by drawing,
//! paging and the mouse.

pub(crate) mod question;

use ratatui::layout::Rect;

use crate::facts::window::{Zoomed, zoomed};
use crate::facts::{comments, page, wrap};
use crate::model::Model;
use crate::model::file::FileView;
use crate::model::gate::GateView;
use crate::model::look::Mode;
use crate::model::panes::Lower;
use diff::page::Page;

/// In a window of this size the gate has lines of its own for policy, files and base, and the job's
/// stages stand beside it.
const WIDE: (u16, u16) = (110, 30);
/// How many columns a text with its preview, or two texts side by side, needs: the panes to their
/// left give way.
const GATE_COLUMNS: u16 = crate::facts::compose::BESIDE_COLUMNS;
/// How many columns a diff needs before stages and news are shown beside it.
const DIFF_COLUMNS: u16 = 80;
/// A queue beside the gate has this much at least: room for long names and for whoever is at it.
const QUEUE_COLUMNS: u16 = 140;
/// The stages and the news beside the gate have this much at least, and what is left beside a text
/// with its preview, up to this or a quarter of the window.
const SIDE_COLUMNS: (u16, u16) = (36, 48);
/// From this width on the last decisions and the figures of the day stand there too, to the right.
const BROAD: u16 = 160;

/// The regions of the screen. A region without room has no height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Whether policy, files and base have lines of their own.
    pub(crate) is_wide: bool,
    /// Who, who leads, counts, next expiry, clock.
    pub(crate) header: Rect,
    /// A last call, while one stands: nothing lies over it.
    pub(crate) strip: Rect,
    /// What is broken, when something is.
    pub(crate) banner: Rect,
    /// The queue with its head.
    pub(crate) queue: Rect,
    /// Below the queue, beside the gate: stages and news, in a broad window more.
    pub(crate) side: Rect,
    /// The line that parts the gate from what stands beside it.
    pub(crate) rule: Rect,
    /// Gate, job or history; without the prompt.
    pub lower: Rect,
    /// The prompt, at the bottom of the lower pane.
    pub(crate) prompt: Rect,
    /// What happened last, or a field.
    pub(crate) message: Rect,
    /// The keys of the focus.
    pub(crate) hint: Rect,
}

impl Layout {
    /// The lines of the queue's head: where there is but one line, it is the selected row's.
    pub(crate) fn queue_head(&self) -> u16 {
        u16::from(self.queue.height > 1)
    }

    /// How many rows of the queue fit.
    pub(crate) fn queue_rows(&self) -> usize {
        usize::from(self.queue.height.saturating_sub(self.queue_head()))
    }

    /// The first line of the queue's rows.
    pub(crate) fn queue_top(&self) -> u16 {
        self.queue.y.saturating_add(self.queue_head())
    }
}

fn is_wide(model: &Model) -> bool {
    let (width, height) = model.window.size;
    width >= WIDE.0 && height >= WIDE.1
}

/// The columns of a queue that stands beside the gate; none: it stands above it. They follow from
/// the window alone, so that no text that wants room ever moves them.
fn queue_columns(model: &Model) -> Option<u16> {
    let (width, _) = model.window.size;
    let most = width.saturating_sub(GATE_COLUMNS + 1);
    let wanted = QUEUE_COLUMNS.max(width.saturating_mul(2) / 5);
    (is_wide(model) && most >= QUEUE_COLUMNS && zoomed(model).is_none()).then(|| most.min(wanted))
}

/// Whether the last decisions and the figures of the day have room beside the gate.
pub(crate) fn is_broad(model: &Model) -> bool {
    is_wide(model) && model.window.size.0 >= BROAD
}

/// The columns of stages and news below a queue that has the whole width; none where the text wants
/// them, and while one is written.
fn side_columns(model: &Model) -> Option<u16> {
    let is_two = model.panes.look.mode == Mode::SideBySide;
    let needed = if is_two { GATE_COLUMNS } else { DIFF_COLUMNS };
    let is_gate = model.panes.lower == Lower::Gate && model.gate.is_some() && model.compose.is_none();
    let width = model.window.size.0;
    let most = SIDE_COLUMNS.1.max(width / 4);
    let columns = width.saturating_sub(GATE_COLUMNS + 1).clamp(SIDE_COLUMNS.0, most);
    let has_room = width.saturating_sub(columns + 1) >= needed;
    (is_wide(model) && is_gate && has_room && zoomed(model).is_none()).then_some(columns)
}

/// The columns of the gate, the job or the history.
fn lower_columns(model: &Model) -> u16 {
    let left = queue_columns(model).or_else(|| side_columns(model));
    model
        .window
        .size
        .0
        .saturating_sub(left.map_or(0, |columns| columns + 1))
}

/// Whether the values that changed have a line above the diff; in a low window it is the diff's.
pub(crate) fn has_values_line(model: &Model) -> bool {
    let has_line = |file: &FileView| file.details.values.is_some() && !page::is_listed(model, file);
    model.file().is_some_and(has_line) && !crate::facts::window::is_low(model)
}

/// Why the gate on screen is open again, and who holds its timer, in the lines that it takes there.
pub(crate) fn hold_lines(model: &Model) -> Vec<String> {
    let columns = usize::from(lower_columns(model).saturating_sub(2));
    let view = model.gate.as_ref();
    let review = view.and_then(GateView::review).map(|review| format!("open {review}"));
    let review = review
        .map(|review| wrap::split(&review, columns, 1))
        .unwrap_or_default();
    let row = view.and_then(|view| model.queue.gate(&view.key));
    let hold = row
        .map(|row| crate::facts::holder::hold(model, row, columns))
        .unwrap_or_default();
    let group = crate::facts::marks::group_line(model, columns);
    let mut lines: Vec<_> = group.into_iter().chain(review).chain(hold).collect();
    // In a low window the diff comes first; the job's events tell the rest.
    if crate::facts::window::is_low(model) {
        lines.truncate(1);
    }
    lines
}

/// Lines above the body of the gate pane: the head, why it is open again, who holds the timer, on a
/// wide screen policy and files, what changed since a rejection where that has no room in the head,
/// and the changed values where there are some.
pub(crate) fn gate_head_height(model: &Model, is_wide: bool) -> u16 {
    let facts = if is_wide { 3 } else { 0 };
    let hold = u16::try_from(hold_lines(model).len()).unwrap_or(0);
    let since = crate::facts::title::since_line(model, is_wide, lower_columns(model));
    let context = crate::facts::context::head_line(model, lower_columns(model));
    1 + hold + u16::from(context.is_some()) + facts + u16::from(since.is_some()) + u16::from(has_values_line(model))
}

/// How many rows of the diff fit.
pub fn diff_rows(model: &Model) -> usize {
    let layout = of(model);
    let around = gate_head_height(model, layout.is_wide) + 1;
    usize::from(layout.lower.height.saturating_sub(around))
}

/// The file's diff as it is laid out now; none without a diff.
pub(crate) fn diff_page<'a>(model: &Model, file: &'a FileView) -> Option<Page<'a>> {
    let columns = of(model).lower.width;
    let document = file.document()?;
    let page = page::page(document, model.panes.look, file.scroll.left, columns);
    Some(page.with_asides(comments::asides(model, file, document, usize::from(columns))))
}

pub(crate) fn take_top(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    let taken = Rect { height, ..*area };
    area.y = area.y.saturating_add(height);
    area.height -= height;
    taken
}

pub(crate) fn take_bottom(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    area.height -= height;
    Rect {
        y: area.y.saturating_add(area.height),
        height,
        ..*area
    }
}

/// An area without its first lines.
pub(crate) fn below(mut area: Rect, lines: u16) -> Rect {
    take_top(&mut area, lines);
    area
}

/// So many columns at the left, and the line that parts them from the rest.
pub(crate) fn take_left(area: &mut Rect, columns: u16, rule: &mut Rect) -> Rect {
    let x = area.x + columns;
    *rule = Rect { x, width: 1, ..*area };
    let taken = Rect {
        width: columns,
        ..*area
    };
    (area.x, area.width) = (x + 1, area.width - columns - 1);
    taken
}

/// The same at the right.
fn take_right(area: &mut Rect, columns: u16, rule: &mut Rect) -> Rect {
    let kept = area.width.saturating_sub(columns + 1);
    let taken = Rect {
        x: area.x + kept + 1,
        width: columns,
        ..*area
    };
    *rule = Rect {
        x: area.x + kept,
        width: 1,
        ..*area
    };
    area.width = kept;
    taken
}

/// How many lines of the lower pane stay in sight above a prompt: its two heads, four rows and its
/// foot.
const DIFF_BESIDE_PROMPT: u16 = 7;

/// How many lines of the queue stay in a low window: its head and the selected row.
const QUEUE_BESIDE_QUESTION: u16 = 2;

/// Whether somebody reads or writes in a low window: of the queue the selected row stays, and of
/// what happened last a line or two.
fn is_read_low(model: &Model) -> bool {
    let is_read_on = model.gate.as_ref().is_some_and(|view| view.is_read_on);
    crate::facts::window::is_low(model) && (model.panes.is_lower_focused || model.compose.is_some() || is_read_on)
}

/// Lines of the queue that show every gate whose last minute runs, the head included; none without
/// such a gate.
fn urgent_height(model: &Model) -> u16 {
    match crate::facts::countdown::urgent_places(model) {
        Some(places) => u16::try_from(places.len() + 1).unwrap_or(u16::MAX),
        None => 0,
    }
}

/// How many lines a queue above the gate has in a wide window, be they empty.
const ROWS_KEPT: u16 = 7;

/// How many lines of a file, a job or the history are in sight in a low window.
const LINES_LOW: u16 = 2;

/// The lines that what is read has at least in a low window: its head, some lines, its foot. The
/// queue gives way to its selected row.
fn least_read(model: &Model) -> u16 {
    gate_head_height(model, false) + LINES_LOW + 1
}

/// The lines of a queue above the gate: a share of the window, whatever pane is open and whatever
/// happened last.
fn queue_share(lines: u16) -> u16 {
    // In a high window the pane that is read gets the lines.
    const ENOUGH: u16 = 8;
    (lines.saturating_mul(2) / 5).min((lines.saturating_mul(3) / 10).max(ENOUGH))
}

/// The regions for this model.
pub fn of(model: &Model) -> Layout {
    let (width, height) = model.window.size;
    let mut rest = Rect::new(0, 0, width, height);
    let mut layout = Layout {
        is_wide: is_wide(model),
        header: take_top(&mut rest, 1),
        ..Layout::default()
    };
    layout.strip = take_top(&mut rest, u16::from(crate::facts::banner::has_strip(model)));
    layout.banner = take_top(&mut rest, crate::facts::banner::height(model, width));
    layout.hint = take_bottom(&mut rest, 1);
    // A long message never takes a line from a question: what Enter does comes first.
    let question = crate::prompt::whole::least_height(model, lower_columns(model));
    let message = crate::facts::message::height(model, width);
    let is_read_low = is_read_low(model);
    let is_low = crate::facts::window::is_low(model);
    let message = match (is_read_low, model.compose.is_some()) {
        (true, true) => message.min(1),
        (true, false) => message.min(2),
        (false, _) if is_low => message.min(rest.height.saturating_sub(least_read(model))),
        (false, _) => message,
    };
    let beside = rest
        .height
        .saturating_sub(question.saturating_add(QUEUE_BESIDE_QUESTION));
    // A message of several lines must not change how the panes share the room.
    let lines = rest.height.saturating_sub(1);
    layout.message = take_bottom(&mut rest, message.min(beside).max(1));
    // An empty queue says so, and what to do: where lines are short that takes two.
    let rows = u16::try_from(model.queue.len().max(1 + usize::from(model.queue.is_empty())))
        .unwrap_or(u16::MAX)
        .saturating_add(1);
    if let Some(zoomed) = zoomed(model) {
        let lines = if zoomed == Zoomed::Queue { rest.height } else { 0 };
        layout.queue = take_top(&mut rest, lines);
    } else if let Some(columns) = queue_columns(model) {
        let mut left = take_left(&mut rest, columns, &mut layout.rule);
        let most = left.height.saturating_mul(11) / 20;
        // The stages keep their place while rows come and go; only a longer queue moves them, and
        // only so far.
        layout.queue = take_top(&mut left, rows.max(most.min(9)).min(most));
        layout.side = left;
    } else {
        // A prompt changes no share: it takes the bottom of what stands below, so that the rows
        // stay where they are.
        let share = queue_share(lines);
        // Where there is room, what stands below keeps its place while rows come and go.
        let rows = if layout.is_wide { rows.max(ROWS_KEPT) } else { rows };
        // A text being written needs the room more than the queue does.
        let is_long = model.compose.is_some();
        let rows_beside_text = if rest.height >= 32 { 8 } else { 4 };
        let share = if is_long { share.min(rows_beside_text) } else { share };
        // Only a prompt that would leave nothing of the diff makes the queue yield.
        let prompt = crate::prompt::height(model, lower_columns(model));
        let beside = if prompt == 0 { 0 } else { prompt + DIFF_BESIDE_PROMPT };
        let share = share.min(rest.height.saturating_sub(beside));
        let urgent = if is_long {
            urgent_height(model).min(rest.height / 2)
        } else {
            0
        };
        // In a low window the question comes before the queue's third row.
        let least = 3.min(rest.height.saturating_sub(question)).max(1);
        let urgent = urgent.min(rest.height.saturating_sub(question));
        let height = rows.min(share.max(least).max(urgent));
        let height = match (is_read_low, is_low) {
            (true, _) => 1,
            (false, true) => height.min(rest.height.saturating_sub(least_read(model))).max(1),
            (false, false) => height,
        };
        layout.queue = take_top(&mut rest, height);
        if let Some(columns) = side_columns(model) {
            layout.side = match is_broad(model) {
                true => take_right(&mut rest, columns, &mut layout.rule),
                false => take_left(&mut rest, columns, &mut layout.rule),
            };
        }
    }
    let wanted = crate::prompt::height(model, rest.width);
    let question = crate::prompt::whole::least_height(model, rest.width);
    let most = rest.height.saturating_sub(2).max(question.min(rest.height));
    layout.prompt = take_bottom(&mut rest, wanted.min(most));
    layout.lower = rest;
    layout
}
