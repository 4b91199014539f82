//! Whether a question is wholly on the screen: only then does Enter confirm it.
//!
//! One answer for drawing, for the frame's report and for Enter.

use std::ops::Range;

use ratatui::layout::Rect;

use super::{Line, bulk, keys, lines, text, wrapped};
use crate::effect::PromptFacts;
use crate::layout;
use crate::model::Model;
use crate::model::prompt::Prompt;
use text::{visible_line, width};

/// In a smaller window nothing is asked that decides; everything can be read.
const COLUMNS_MIN: u16 = 60;
/// The same in lines.
pub const ROWS_MIN: u16 = 14;

/// What to do about it.
pub const MAKE_ROOM: &str = "make the window larger; everything can be read";
/// Why Enter does nothing.
pub const NOT_WHOLE: &str = "this window does not hold the whole question";

/// Whether the window is so small that nothing is asked in it that decides.
pub fn is_low(model: &Model) -> bool {
    let (columns, rows) = model.size;
    columns < COLUMNS_MIN || rows < ROWS_MIN
}

/// Why nothing is asked that decides, where the window is too small for that.
pub fn too_small(model: &Model) -> Option<String> {
    let (columns, rows) = model.size;
    is_low(model)
        .then(|| format!("below {COLUMNS_MIN}x{ROWS_MIN} nothing is decided, and this window is {columns}x{rows}"))
}

/// Cells of a line behind the rule or the blank that it begins with.
fn columns(area: Rect) -> usize {
    usize::from(area.width).saturating_sub(2)
}

fn parts_of<'l>(line: &'l Line<'_>) -> &'l [(String, ratatui::style::Style)] {
    match line {
        Line::Text(parts) | Line::Head(parts, _) => parts,
        Line::Spare(_) | Line::Field(..) => &[],
    }
}

fn is_cut(line: &Line<'_>, columns: usize) -> bool {
    let cells: usize = parts_of(line).iter().map(|(text, _)| width(&visible_line(text))).sum();
    cells > columns
}

/// The lines to draw, and whether they are all of the question.
pub(super) fn fitted(model: &Model, area: Rect) -> (Vec<Line<'_>>, bool) {
    let (columns, room) = (columns(area), usize::from(area.height));
    let mut all = match &model.prompt {
        Some(Prompt::Bulk(ask)) => bulk::within(model, ask, columns, room),
        Some(_) | None => lines(model, columns),
    };
    while all.len() > room
        && let Some(spare) = all.iter().rposition(|line| matches!(line, Line::Spare(_)))
    {
        all.remove(spare);
    }
    let is_binding = model.prompt.as_ref().is_some_and(Prompt::is_binding);
    let fits = all.len() <= room && !all.iter().any(|line| is_cut(line, columns));
    if !is_binding || (fits && too_small(model).is_none()) {
        // What is no question is drawn as far as it goes: its keys last.
        while all.len() > room && all.len() > 2 {
            all.remove(all.len() - 2);
        }
        return (all, true);
    }
    let mut said: Vec<_> = all.drain(..1.min(all.len())).collect();
    let why = too_small(model).unwrap_or_else(|| NOT_WHOLE.to_owned());
    wrapped(
        &format!("Enter does nothing: {why}"),
        columns,
        model.theme.error(),
        &mut said,
    );
    said.push(text(MAKE_ROOM, model.theme.plain()));
    said.push(keys(model, columns, &[("Esc", "back, nothing is done")]));
    while said.len() > room && said.len() > 1 {
        // The title goes first: that Enter does nothing is what has to be known.
        said.remove(if said.len() > 2 { said.len() - 2 } else { 0 });
    }
    (said, false)
}

/// How many lines the question needs at least; none without one, or where it need not be whole.
pub fn least_height(model: &Model, width: u16) -> u16 {
    let columns = usize::from(width).saturating_sub(2);
    let needed = match &model.prompt {
        Some(prompt) if !prompt.is_binding() => 0,
        Some(Prompt::Bulk(ask)) => bulk::least_rows(model, ask, columns),
        Some(_) => {
            let all = lines(model, columns);
            all.iter().filter(|line| !matches!(line, Line::Spare(_))).count()
        }
        None => 0,
    };
    u16::try_from(needed).unwrap_or(u16::MAX)
}

/// What of the question is on the screen; none without one.
pub fn facts(model: &Model) -> Option<PromptFacts> {
    let prompt = model.prompt.as_ref()?;
    let area = layout::of(model).prompt;
    let (_, is_whole) = fitted(model, area);
    // Each gate of a bulk is pinned; the list scrolls.
    let all = lines(model, columns(area));
    let parts = all.iter().flat_map(|line| parts_of(line));
    let words = parts
        .flat_map(|(text, _)| text.split(' '))
        .filter(|word| !is_time(word));
    Some(PromptFacts {
        revision: prompt.revision(),
        words: words.collect::<Vec<_>>().join(" "),
        is_whole,
    })
}

/// Which lines of a bulk's list of gates are on the screen, with all of its question.
pub fn listed(model: &Model) -> Range<usize> {
    let area = layout::of(model).prompt;
    match &model.prompt {
        Some(Prompt::Bulk(ask)) if fitted(model, area).1 => {
            let around = bulk::around_words(model, ask, columns(area)).len();
            bulk::window(ask, around, usize::from(area.height))
        }
        Some(_) | None => 0..0,
    }
}

/// `04:58`, `02:13:05Z`, `(00:10)`: what goes on by itself.
fn is_time(word: &str) -> bool {
    let bare = word
        .trim_matches(|c: char| !c.is_ascii_alphanumeric())
        .trim_end_matches('Z');
    bare.contains(':') && bare.chars().all(|c| c.is_ascii_digit() || c == ':')
}
