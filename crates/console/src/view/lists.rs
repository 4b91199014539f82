//! What is listed over everything else, as a list to choose from above the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message;
use super::row_writer::{RowWriter, clear};
use crate::action::Action;
use crate::draft::DISCARDED_DAYS;
use crate::facts::label::{self, change_of_file};
use crate::facts::{context, handover, lists};
use crate::keymap::{self, Focus};
use crate::layout::Layout;
use crate::model::Model;
use crate::model::file::FileView;
use crate::model::keys::Overlay;
use crate::theme::Theme;
use text::words::counted;

/// A list with the line above it and the name of its field.
struct Frame<'a> {
    head: &'a str,
    field: &'a str,
    lines: usize,
    /// What is said where there is no row.
    none: &'a str,
}

impl Frame<'_> {
    /// Draws the rows around the chosen one.
    fn draw<T>(
        self,
        model: &Model,
        overlay: &Overlay,
        layout: &Layout,
        buffer: &mut Buffer,
        rows: &[T],
        draw_row: impl Fn(&mut RowWriter<'_>, &T),
    ) -> Option<Position> {
        let theme = model.session.theme();
        let wanted = u16::try_from(self.lines).unwrap_or(u16::MAX).saturating_add(2);
        let height = wanted
            .clamp(3, 16)
            .min(layout.hint.y.saturating_sub(layout.strip.bottom()));
        let area = Rect::new(0, layout.hint.y - height, model.window.size.0, height);
        clear(buffer, area);
        let mut pen = RowWriter::new(buffer, area);
        pen.text("─", theme.rule()).text(self.head, theme.strong()).rule(theme);
        let lines = usize::from(height.saturating_sub(2));
        let top = (overlay.row + 1).saturating_sub(lines);
        for (line, (index, row)) in (1..).zip(rows.iter().enumerate().skip(top).take(lines)) {
            let mut pen = RowWriter::at_line(buffer, area, line);
            let is_chosen = index == overlay.row;
            pen.text(if is_chosen { " > " } else { "   " }, theme.strong());
            draw_row(&mut pen, row);
            if is_chosen {
                pen.fill(theme.selected());
            }
        }
        if rows.is_empty() {
            RowWriter::at_line(buffer, area, 1)
                .skip(3)
                .text(self.none, theme.plain());
        }
        let y = area.bottom().saturating_sub(1);
        let mut pen = RowWriter::at_line(buffer, area, height.saturating_sub(1));
        pen.text(self.field, theme.strong());
        message::field(&mut pen, &overlay.text, 0, y, theme)
    }
}

/// The files under review.
pub(crate) fn files(model: &Model, overlay: &Overlay, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let files = model.gate.as_ref().map_or(&[][..], |view| &view.files[..]);
    let unseen = files.iter().filter(|file| !file.is_wholly_shown()).count();
    let found = lists::files(model).into_iter();
    let rows: Vec<_> = found.filter_map(|index| Some((index, files.get(index)?))).collect();
    let frame = Frame {
        head: &format!(" {}, {unseen} not wholly seen ", counted(files.len(), "file")),
        field: " file: ",
        lines: rows.len(),
        none: "",
    };
    let name_cells = usize::from(model.window.size.0).saturating_sub(44).max(12);
    frame.draw(model, overlay, layout, buffer, &rows, |pen, (index, file)| {
        file_row(pen, *index, file, name_cells, model.session.theme());
    })
}

fn file_row(pen: &mut RowWriter<'_>, index: usize, file: &FileView, name_cells: usize, theme: Theme) {
    let (seen, style) = match (file.is_shown, file.is_wholly_shown()) {
        (_, true) => ("seen", theme.plain()),
        (true, false) => ("partly seen", theme.warning()),
        (false, false) => ("unseen", theme.warning()),
    };
    pen.cell(&(index + 1).to_string(), 4, theme.plain())
        .cell(file.artifact.path.file_name(), name_cells, theme.plain())
        .cell(&format!(" {}", change_of_file(file)), 24, theme.plain())
        .text(seen, style);
    if file.is_changed_on_disk() {
        pen.text(" CHANGED", theme.warning());
    }
}

/// What was thrown away lately, to take something back.
pub(crate) fn discarded(model: &Model, overlay: &Overlay, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let found = lists::discarded(model).into_iter();
    let rows: Vec<_> = found.filter_map(|index| model.drafts.discarded.get(index)).collect();
    let frame = Frame {
        head: &format!(" discarded in the last {DISCARDED_DAYS} days "),
        field: " text: ",
        lines: rows.len(),
        none: "",
    };
    let plain = model.session.theme().plain();
    frame.draw(model, overlay, layout, buffer, &rows, |pen, discarded| {
        let of = format!("  {}  {}  ", discarded.draft.key, discarded.draft.contents());
        pen.text(&label::time_or_date(discarded.discarded_at, model.now.utc), plain)
            .text(&of, plain)
            .text(&discarded.draft.first_words(), plain);
    })
}

/// What colleagues hold, have half written or marked, or have seen and not decided.
pub(crate) fn handovers(model: &Model, overlay: &Overlay, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let rows = lists::handovers(model);
    let colleagues = &model.drafts.colleagues;
    let none = match (colleagues.is_read, colleagues.problems.first()) {
        (false, _) => "reading…".to_owned(),
        (true, Some(problem)) => format!("nothing that could be read: {problem}"),
        (true, None) => "no colleague holds, has written, has marked or has wholly seen an open gate".to_owned(),
    };
    let chosen = rows.get(overlay.row).map(|(by, gate)| handover::left(model, by, gate));
    let frame = Frame {
        head: &format!(" what colleagues leave{} ", chosen.unwrap_or_default()),
        field: " gate: ",
        lines: rows.len().max(1),
        none: &none,
    };
    let theme = model.session.theme();
    frame.draw(model, overlay, layout, buffer, &rows, |pen, (by, gate)| {
        let label = label::gate(&gate.key, &gate.rows.job.slug);
        pen.cell(by, 12, theme.strong())
            .text(&format!(" {label}  "), theme.plain());
        let hold = gate.hold.as_ref().map(|hold| match &hold.reason {
            Some(reason) => format!("holds it: {reason}"),
            None => "holds it".to_owned(),
        });
        let open = gate.lease.as_ref().map(|lease| lease.purpose.as_str().to_owned());
        let stands: Vec<_> = hold.into_iter().chain(open).collect();
        if !stands.is_empty() {
            pen.text(&format!("{}  ", stands.join(", ")), theme.held());
        }
        if let Some(draft) = &gate.draft {
            let words = format!("{}: {}  ", draft.contents(), draft.first_words());
            pen.text(&words, theme.warning());
        }
        if gate.is_marked {
            pen.text("marked  ", theme.strong());
        }
        if gate.is_marked_otherwise {
            pen.text("marked before it changed  ", theme.warning());
        }
        if gate.is_wholly_seen {
            pen.text("seen wholly", theme.plain());
        }
    })
}

/// What the requester says of the gate.
pub(crate) fn context(model: &Model, overlay: &Overlay, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    let rows = context::rows(model);
    let of = model.gate.as_ref().map(|view| label::gate(&view.key, &view.slug));
    let frame = Frame {
        head: &format!(" why: {} ", of.unwrap_or_default()),
        field: " find: ",
        lines: rows.len(),
        none: "",
    };
    frame.draw(model, overlay, layout, buffer, &rows, |pen, row| {
        let style = if row.is_address {
            theme.emphasis()
        } else {
            theme.plain()
        };
        pen.cell(&row.name, context::NAME_CELLS, theme.strong())
            .text(&row.text, style);
    })
}

/// The saved views, each with the letter that shows it.
pub(crate) fn views(model: &Model, overlay: &Overlay, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    let rows = lists::views(model);
    let frame = Frame {
        head: " views ",
        field: " view: ",
        lines: rows.len(),
        none: "No view is called that",
    };
    frame.draw(model, overlay, layout, buffer, &rows, |pen, (key, filter)| {
        pen.cell(&key.to_string(), 3, theme.strong())
            .text(filter.text(), theme.plain());
    })
}

/// How many lines commands by name have.
const PALETTE_LINES: usize = 8;

/// Commands by name: what the keys of the pane can do, and `q`.
pub(crate) fn palette(model: &Model, overlay: &Overlay, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    let entries = lists::entries(model);
    let close = keymap::keys_of(Focus::Palette, &[Action::Close]);
    let frame = Frame {
        head: "",
        field: " :",
        lines: PALETTE_LINES,
        none: &format!("No command is called that   hint: {close} goes back"),
    };
    frame.draw(model, overlay, layout, buffer, &entries, |pen, entry| {
        pen.cell(&entry.key, 8, theme.strong()).text(&entry.name, theme.plain());
    })
}
