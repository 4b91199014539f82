//! A diff as the console draws it, in lines of plain text: for the command line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::diff_rows;
use crate::facts::{comments, page};
use crate::model::look::{Mode, ViewOptions};
use crate::theme::Theme;
use diff::DiffDocument;
use diff::page::PagePosition;
use engine::said::PlacedComment;
use text::width;

/// How many lines are drawn at a time.
const LINES_AT_ONCE: u16 = 200;

/// Hands over the lines of a diff in two columns, long ones wrapped; a text without a former one
/// has one column. What the former attempt was told stands below its lines.
pub fn side_by_side<E>(
    document: &DiffDocument,
    said: &[PlacedComment],
    columns: u16,
    mut take: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    let look = ViewOptions {
        mode: Mode::SideBySide,
        is_chosen: true,
        wraps: true,
    };
    let theme = Theme {
        has_colour: false,
        has_palette: false,
        has_true_colour: false,
        section: config::ThemeSection::default(),
    };
    let asides = comments::former_asides(document, said, usize::from(columns));
    let page = page::page(document, look, 0, columns).with_asides(asides);
    let mut top = PagePosition::default();
    loop {
        let lines = page.lines(top, usize::from(LINES_AT_ONCE));
        let Some(last) = lines.last() else {
            return Ok(());
        };
        let height = u16::try_from(lines.len()).unwrap_or(LINES_AT_ONCE);
        let area = Rect::new(0, 0, columns, height);
        let mut buffer = Buffer::empty(area);
        diff_rows::draw(&diff_rows::Shown::plain(&page, top), theme, area, &mut buffer);
        for y in 0..height {
            take(line(&buffer, y).trim_end())?;
        }
        top = PagePosition {
            row: last.place.row,
            line: last.place.line + 1,
        };
    }
}

/// The text of a line of cells; a wide character takes its cells once.
fn line(buffer: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut hidden = 0;
    for x in 0..buffer.area.width {
        if hidden > 0 {
            hidden -= 1;
        } else if let Some(cell) = buffer.cell((x, y)) {
            text.push_str(cell.symbol());
            hidden = width(cell.symbol()).saturating_sub(1);
        }
    }
    text
}
