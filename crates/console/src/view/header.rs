//! The first line: who, who leads, how much waits, what expires next, the clock.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::facts::{countdown, label, shorten};
use crate::model::Model;
use crate::model::queue::RowKey;
use domain::time::SECOND_US;
use text::width;

type Part = (String, Style);

fn leader(model: &Model) -> Part {
    let theme = model.session.theme();
    match (&model.health.lead.leader, model.health.lead.is_here) {
        (_, true) => ("lead you".to_owned(), theme.plain()),
        (Some(leader), false) => (format!("lead {}@{}", leader.name, leader.host), theme.plain()),
        (None, false) if model.health.lead.is_known => ("NO LEADER: stages do not run".to_owned(), theme.urgent()),
        (None, false) => ("lead ?".to_owned(), theme.plain()),
    }
}

/// How much of a name stands in the header.
const NAME_CELLS: usize = 20;
/// How much of what is worked with does.
const PLACE_CELLS: usize = 18;
/// And where the line is short.
const PLACE_CELLS_MIN: usize = 9;
/// Of the own name this much always does.
const OWN_NAME_CELLS_MIN: usize = 10;

/// The next expiry and what it will do; with the job's name, and without.
fn next(model: &Model) -> Option<(Part, Part)> {
    let theme = model.session.theme();
    let (left_us, row) = countdown::next_expiry(model)?;
    let style = countdown::style(model, row, theme);
    let left = countdown::text(left_us);
    let sign = if countdown::is_urgent(model, row) { "!" } else { "" };
    let is_hidden = RowKey::of(row).gate().is_some_and(|key| !model.queue.is_visible(&key));
    let hidden = if is_hidden { ", hidden" } else { "" };
    let short = format!("{sign}NEXT {left} {}{hidden}", countdown::at_zero(model, row));
    let name = if row.slug.is_empty() {
        row.job_id.as_str()
    } else {
        &*row.slug
    };
    let long = format!("{short} {}", shorten::middle(name, NAME_CELLS));
    Some(((long, style), (short, style)))
}

/// What the filter hides.
fn filter(model: &Model) -> Option<Part> {
    let filter = &model.queue.filter;
    let text = || {
        format!(
            "/{}: {} hidden",
            shorten::middle(filter.text(), NAME_CELLS),
            model.queue.hidden()
        )
    };
    (!filter.is_empty()).then(|| (text(), model.session.theme().warning()))
}

/// The clock shows seconds where a countdown ticks and the line is long enough; else it would write
/// for nothing.
fn clock(model: &Model) -> String {
    let ticks = countdown::next_expiry(model).is_some_and(|(left_us, _)| left_us < 3600 * SECOND_US);
    label::header_clock(model.now.utc, ticks && model.window.size.0 >= 100)
}

/// Draws it. What does not fit goes in this order: the product's name, the host, the next job's
/// name, what of the own name is long, what of the place is, the counts, the own name, which goes
/// first where the console only reads; never the place, the leader and the next expiry.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let open = if model.queue.is_loaded {
        let marked = match model.marks.on.len() {
            0 => String::new(),
            count => format!(" {count} marked"),
        };
        format!("{} open{marked}", label::count(model.queue.gates() as u64))
    } else {
        "reading".to_owned()
    };
    let clock = clock(model);
    let name: Part = ("holdpoint".to_owned(), theme.strong());
    // Which of several places is worked with is never left out. The end of a path says most.
    let place = |cells: usize| {
        let place = &*model.session.place;
        let place = match place.starts_with('/') {
            true => shorten::end(place, cells),
            false => shorten::middle(place, cells),
        };
        (!place.is_empty()).then(|| -> Part { (format!("[{place}]"), theme.strong()) })
    };
    let (place, short_place) = (place(PLACE_CELLS), place(PLACE_CELLS_MIN));
    let who: Part = (model.session.who(), theme.plain());
    let own_name = model.session.operator.name.as_str();
    let short_who: Part = (own_name.to_owned(), theme.plain());
    let cut_who: Part = (shorten::middle(own_name, NAME_CELLS), theme.plain());
    let shortest_who: Part = (shorten::middle(own_name, OWN_NAME_CELLS_MIN), theme.plain());
    let stages = model
        .session
        .rights
        .stages
        .as_deref()
        .filter(|_| !model.session.is_read_only);
    let limits = [
        model.session.is_read_only.then(|| "READ ONLY".to_owned()),
        model.session.is_restricted.then(|| "RESTRICTED".to_owned()),
        stages.map(|stages| match stages {
            [only] => format!("ONLY {}", only.as_str().to_uppercase()),
            several => format!("ONLY {} STAGES", several.len()),
        }),
    ];
    let limits: Vec<_> = limits.into_iter().flatten().collect();
    let only: Option<Part> = (!limits.is_empty()).then(|| (limits.join(" "), theme.warning()));
    let open: Part = (open, theme.plain());
    let (leader, filter) = (leader(model), filter(model));
    let (long, short) = next(model).unzip();
    let (only, filter, long, short) = (only.as_ref(), filter.as_ref(), long.as_ref(), short.as_ref());
    let (place, short_place) = (place.as_ref(), short_place.as_ref());
    let arrangement = |is_named: bool, place, who, open, next| {
        vec![
            is_named.then_some(&name),
            place,
            Some(who),
            only,
            Some(&leader),
            open,
            filter,
            next,
        ]
    };
    let without_counts = arrangement(false, short_place, &shortest_who, None, short);
    // A console that only reads does nothing in that name, so the name can give way.
    let without_name = match model.session.is_read_only {
        true => vec![short_place, only, Some(&leader), Some(&open), filter, short],
        false => without_counts.clone(),
    };
    let arrangements: [Vec<Option<&Part>>; 10] = [
        arrangement(true, place, &who, Some(&open), long),
        arrangement(false, place, &who, Some(&open), long),
        arrangement(false, place, &short_who, Some(&open), long),
        arrangement(false, place, &short_who, Some(&open), short),
        arrangement(false, place, &cut_who, Some(&open), short),
        arrangement(false, place, &shortest_who, Some(&open), short),
        arrangement(false, short_place, &shortest_who, Some(&open), short),
        without_name,
        without_counts,
        vec![short_place, only, Some(&leader), filter, short],
    ];
    let room = usize::from(area.width).saturating_sub(width(&clock) + 2);
    let needed = |parts: &Vec<Option<&Part>>| parts.iter().flatten().map(|(text, _)| width(text) + 2).sum::<usize>();
    let chosen = shorten::fitting(arrangements, |parts| needed(parts) <= room + 2);
    let mut pen = RowWriter::new(buffer, area);
    for (index, (text, style)) in chosen.into_iter().flatten().flatten().enumerate() {
        pen.skip(if index > 0 { 2 } else { 0 }).text(text, *style);
    }
    pen.right(&clock, theme.plain());
}
