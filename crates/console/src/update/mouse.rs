//! The mouse: the wheel scrolls what is under it, a click selects. It never decides.

use ratatui::layout::Position;

use super::{motion, queue};
use crate::effect::Effect;
use crate::input::{Mouse, MouseKind};
use crate::keymap::Focus;
use crate::layout;
use crate::model::Model;
use crate::model::panes::Lower;
use crate::update::outgoing::Step;

const WHEEL_ROWS: isize = 3;

/// Takes a mouse event.
pub(crate) fn mouse(model: &mut Model, mouse: Mouse, fx: &mut Vec<Effect>) {
    let layout = layout::of(model);
    let at = Position::new(mouse.column, mouse.row);
    let is_free =
        model.prompt.is_none() && model.compose.is_none() && model.keys.overlay.is_none() && model.keys.field.is_none();
    let wheel = match mouse.kind {
        MouseKind::WheelUp => Some(-1),
        MouseKind::WheelDown => Some(1),
        MouseKind::Click => None,
    };
    let lower = match model.panes.lower {
        Lower::Gate if model.gate.is_some() => Focus::Diff,
        Lower::Gate | Lower::Job => Focus::Job,
        Lower::History => Focus::History,
        Lower::Figures => Focus::Figures,
        Lower::Jobs => Focus::Jobs,
        Lower::Board => Focus::Board,
    };
    match wheel {
        Some(way) if layout.lower.contains(at) && model.keys.overlay.is_none() => {
            motion::go(model, lower, Step::Rows(way * WHEEL_ROWS), fx);
        }
        // Under a prompt the selection stays where it is.
        Some(way) if layout.queue.contains(at) && is_free => motion::go(model, Focus::Queue, Step::Rows(way), fx),
        Some(_) => {}
        None if is_free && layout.queue.contains(at) => {
            model.panes.is_lower_focused = false;
            if mouse.row >= layout.queue_top() {
                let place = model.queue.top + usize::from(mouse.row - layout.queue_top());
                if place < model.queue.len() {
                    queue::choose(model, place, fx);
                }
            }
        }
        None if is_free && layout.lower.contains(at) => motion::show(model, model.panes.lower, fx),
        None => {}
    }
}
