//! Drawing: plain functions from the model to cells. Nothing here changes the model.
//!
//! Every text that comes from outside passes `text` on its way ([`pen::Pen::text`]).

pub(crate) mod banner;
pub(crate) mod board;
pub mod compose;
pub mod diff_rows;
pub(crate) mod figures;
pub mod gate;
pub(crate) mod header;
pub(crate) mod help;
pub(crate) mod hint;
pub(crate) mod history;
pub mod job;
pub(crate) mod jobs;
pub(crate) mod lists;
pub mod media;
pub(crate) mod message;
pub mod plain;
pub mod prompt;
pub mod queue;
pub(crate) mod row_writer;
pub(crate) mod side;
pub(crate) mod values;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use row_writer::RowWriter;

use crate::effect::{DiffFacts, FrameFacts};
use crate::facts::last_call;
use crate::facts::page::is_listed;
use crate::facts::verb::is_gate_shown;
use crate::layout::{self, question};
use crate::model::Model;
use crate::model::file::{Content, FileView};
use crate::model::gate::GateView;
use crate::model::keys::Listed;
use crate::model::panes::Lower;
use crate::model::shown::VisibleRow;
use diff::page::RowPart;

/// Whether there is room for nothing but saying so.
fn is_too_small(columns: u16, rows: u16) -> bool {
    columns < 20 || rows < 8
}

/// Draws into a buffer; returns where the cursor stands, if somewhere.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if is_too_small(area.width, area.height) {
        if !area.is_empty() {
            RowWriter::new(buffer, area).text("holdpoint needs 20x8", model.session.theme().plain());
        }
        return None;
    }
    let layout = layout::of(model);
    header::draw(model, layout.header, buffer);
    banner::draw_strip(model, layout.strip, buffer);
    banner::draw(model, layout.banner, buffer);
    queue::draw(model, &layout, buffer);
    side::draw(model, &layout, buffer);
    let mut cursor = match (&model.compose, model.panes.lower) {
        (Some(compose), _) => compose::draw(model, compose, layout.lower, buffer),
        (None, Lower::Gate) if model.gate.is_some() => {
            gate::draw(model, layout.is_wide, layout.lower, buffer);
            None
        }
        (None, Lower::Gate | Lower::Job) => {
            job::draw(model, layout.lower, buffer);
            None
        }
        (None, Lower::History) => {
            history::draw(model, layout.lower, buffer);
            None
        }
        (None, Lower::Figures) => {
            figures::draw(model, layout.lower, buffer);
            None
        }
        (None, Lower::Jobs) => {
            jobs::draw(model, layout.lower, buffer);
            None
        }
        (None, Lower::Board) => {
            board::draw(model, layout.lower, buffer);
            None
        }
    };
    if layout.prompt.height > 0 {
        cursor = prompt::draw(model, layout.prompt, buffer);
    }
    cursor = message::draw(model, layout.message, buffer).or(cursor);
    hint::draw(model, layout.hint, buffer);
    let Some(overlay) = &model.keys.overlay else {
        return cursor;
    };
    match overlay.listed {
        Listed::Help => help::draw(model, overlay, &layout, buffer),
        Listed::Palette => lists::palette(model, overlay, &layout, buffer),
        Listed::Discarded => lists::discarded(model, overlay, &layout, buffer),
        Listed::Handovers => lists::handovers(model, overlay, &layout, buffer),
        Listed::Context => lists::context(model, overlay, &layout, buffer),
        Listed::Views => lists::views(model, overlay, &layout, buffer),
        Listed::Files => lists::files(model, overlay, &layout, buffer),
    }
}

/// The rows of the diff that are drawn.
fn sights(model: &Model, file: &FileView) -> Vec<VisibleRow> {
    // A list of values is no text: what changed besides them was not shown.
    let Some(page) = layout::diff_page(model, file).filter(|_| !is_listed(model, file)) else {
        return Vec::new();
    };
    let lines = page.lines(page.within(file.scroll.top), layout::diff_rows(model));
    let parts = lines.iter().flat_map(|line| line.parts());
    let sight = |part: &RowPart| VisibleRow::of(page.document, part.row_at, part.bytes.clone());
    parts.filter_map(sight).collect()
}

/// What a drawn frame shows; given back to the model when it has been written.
pub fn facts(model: &Model) -> FrameFacts {
    let is_covered =
        model.keys.overlay.is_some() || !is_gate_shown(model) || is_too_small(model.window.size.0, model.window.size.1);
    let diff = match &model.gate {
        Some(view) if !is_covered => match view.current() {
            Some(file) => (file.digest.is_some() && !file.is_stale).then(|| DiffFacts {
                number: file.reading.number,
                file: view.file,
                sights: sights(model, file),
            }),
            // Without files the gate itself is what there is to see.
            None => view.rows.is_some().then(|| DiffFacts {
                number: view.generation,
                file: view.file,
                sights: Vec::new(),
            }),
        },
        Some(_) | None => None,
    };
    let (prompt, listed) = if model.keys.overlay.is_some() {
        (None, 0..0)
    } else {
        (question::facts(model), question::listed(model))
    };
    let is_read = |view: &&GateView| match view.current() {
        Some(file) => !file.is_stale && !matches!(file.content, Content::Loading | Content::Known),
        None => view.rows.is_some(),
    };
    let shown = model.gate.as_ref().filter(|_| !is_covered).filter(is_read);
    FrameFacts {
        prompt,
        listed,
        diff,
        called: if is_too_small(model.window.size.0, model.window.size.1) {
            Vec::new()
        } else {
            last_call::named(model)
        },
        gate: shown.map(|view| view.key.clone()),
        outcomes: if is_too_small(model.window.size.0, model.window.size.1) {
            0
        } else {
            model.unsent.outcomes
        },
    }
}
