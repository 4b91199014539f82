//! The first line: who, who leads, how much waits, what expires next, the clock.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::Pen;
use super::{countdown, label};
use crate::diff::text::width;
use crate::domain::time::SECOND_US;
use crate::domain::view::QueueKind;
use crate::tui::model::Model;

type Part = (String, Style);

fn leader(model: &Model) -> Part {
    let theme = model.theme;
    match (&model.leader, model.is_leading) {
        (_, true) => ("lead you".to_owned(), theme.plain()),
        (Some(leader), false) => (format!("lead {}@{}", leader.role, leader.host), theme.plain()),
        (None, false) if model.is_leader_known => ("NO LEADER: stages do not run".to_owned(), theme.urgent()),
        (None, false) => ("lead ?".to_owned(), theme.plain()),
    }
}

fn next(model: &Model) -> Option<Part> {
    let theme = model.theme;
    let (left_us, row) = countdown::next_expiry(model)?;
    let style = countdown::style(model, row, theme);
    let text = format!("NEXT {} {}", countdown::text(left_us), countdown::at_zero(model, row));
    Some((text, style))
}

/// The clock shows seconds where a countdown ticks and the line is long enough; else it would write for nothing.
fn clock(model: &Model) -> String {
    let ticks = countdown::next_expiry(model).is_some_and(|(left_us, _)| left_us < 3600 * SECOND_US);
    if ticks && model.size.0 >= 100 {
        label::clock(model.now.utc)
    } else {
        label::clock_minutes(model.now.utc)
    }
}

/// Draws it. What does not fit goes in this order: the product's name, the host, the counts; never the leader and the next expiry.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let gates = model.queue.present().filter(|row| row.kind == QueueKind::Gate).count();
    let open = if model.queue.is_loaded {
        format!("{} open", label::count(gates as u64))
    } else {
        "reading".to_owned()
    };
    let clock = clock(model);
    let name: Part = ("holdpoint".to_owned(), theme.strong());
    let who: Part = (model.session.who(), theme.plain());
    let short_who: Part = (model.session.operator.name.clone(), theme.plain());
    let only: Option<Part> = model
        .session
        .is_read_only
        .then(|| ("READ ONLY".to_owned(), theme.warning()));
    let open: Part = (open, theme.plain());
    let (leader, next) = (leader(model), next(model));
    let arrangements: [Vec<Option<&Part>>; 4] = [
        vec![
            Some(&name),
            Some(&who),
            only.as_ref(),
            Some(&leader),
            Some(&open),
            next.as_ref(),
        ],
        vec![Some(&who), only.as_ref(), Some(&leader), Some(&open), next.as_ref()],
        vec![
            Some(&short_who),
            only.as_ref(),
            Some(&leader),
            Some(&open),
            next.as_ref(),
        ],
        vec![Some(&short_who), only.as_ref(), Some(&leader), next.as_ref()],
    ];
    let room = usize::from(area.width).saturating_sub(width(&clock) + 2);
    let needed = |parts: &Vec<Option<&Part>>| parts.iter().flatten().map(|(text, _)| width(text) + 2).sum::<usize>();
    let last = arrangements.len() - 1;
    let chosen = arrangements
        .iter()
        .position(|parts| needed(parts) <= room + 2)
        .unwrap_or(last);
    let mut pen = Pen::new(buffer, area);
    for (text, style) in arrangements[chosen].iter().flatten() {
        pen.text(text, *style).skip(2);
    }
    pen.right(&clock, theme.plain());
}
