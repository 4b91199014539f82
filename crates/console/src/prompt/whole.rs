//! Whether a question is wholly on the screen: only then does Enter confirm it.
//!
//! One answer for drawing, for the frame's report and for Enter.

use ratatui::layout::Rect;

use super::lines;
use super::parts::{key, key_name, keys, text, wrapped};
use crate::action::Action;
use crate::facts::window::{MAKE_ROOM, NOT_WHOLE, too_small};
use crate::model::Model;
use crate::model::prompt::PromptLine;
use text::{visible_line, width};

/// Cells of a line behind the rule or the blank that it begins with.
pub(crate) fn columns(area: Rect) -> usize {
    usize::from(area.width).saturating_sub(2)
}

pub(crate) fn parts_of<'l>(line: &'l PromptLine<'_>) -> &'l [(String, ratatui::style::Style)] {
    match line {
        PromptLine::Text(parts) | PromptLine::Head(parts, _) => parts,
        PromptLine::Spare(_) | PromptLine::Field(..) => &[],
    }
}

fn is_cut(line: &PromptLine<'_>, columns: usize) -> bool {
    let cells: usize = parts_of(line).iter().map(|(text, _)| width(&visible_line(text))).sum();
    cells > columns
}

/// The lines to draw, and whether they are all of the question.
pub(crate) fn fitted(model: &Model, area: Rect) -> (Vec<PromptLine<'_>>, bool) {
    let (columns, room) = (columns(area), usize::from(area.height));
    let ask = model.ask();
    let mut all = ask.map_or_else(Vec::new, |ask| ask.within(model, columns, room));
    while all.len() > room
        && let Some(spare) = all.iter().rposition(|line| matches!(line, PromptLine::Spare(_)))
    {
        all.remove(spare);
    }
    let is_binding = ask.is_some_and(|ask| ask.is_binding());
    let fits = all.len() <= room && !all.iter().any(|line| is_cut(line, columns));
    if !is_binding || (fits && too_small(model).is_none()) {
        // A list that is no question is cut at the end of its lines; its keys stay.
        while all.len() > room && all.len() > 2 {
            all.remove(all.len() - 2);
        }
        return (all, true);
    }
    let mut said: Vec<_> = all.drain(..1.min(all.len())).collect();
    let why = too_small(model).unwrap_or_else(|| NOT_WHOLE.to_owned());
    wrapped(
        &format!("{} does nothing: {why}", key_name(model, Action::Accept)),
        columns,
        model.session.theme().error(),
        &mut said,
    );
    said.push(text(MAKE_ROOM, model.session.theme().plain()));
    said.push(keys(
        model,
        columns,
        &[key(model, Action::Close, "back, nothing is done")],
    ));
    while said.len() > room && said.len() > 1 {
        // The title goes first: that Enter does nothing is what has to be known.
        said.remove(if said.len() > 2 { said.len() - 2 } else { 0 });
    }
    (said, false)
}

/// How many lines the question needs at least; none without one, or where it need not be whole.
pub(crate) fn least_height(model: &Model, width: u16) -> u16 {
    let columns = usize::from(width).saturating_sub(2);
    let needed = model.ask().filter(|ask| ask.is_binding()).map_or(0, |ask| {
        let all = lines(model, columns);
        let fixed = all.iter().filter(|line| !matches!(line, PromptLine::Spare(_))).count();
        // Of a list a line, and where it stands.
        fixed + ask.listed().min(2)
    });
    u16::try_from(needed).unwrap_or(u16::MAX)
}
