//! Widths in terminal cells, and text cut or padded to a width.
//! Must not know: what is safe to show (it asks [`visible_line`] for that).

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::visible_line;

/// How many cells `text` takes. Counted grapheme by grapheme, as ratatui's buffer does: ligatures
/// over several graphemes (lam-alef) do not make it shorter.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.graphemes(true).map(UnicodeWidthStr::width).sum()
    }
}

/// Returns `text`, made visible, in at most `cells` cells; what was cut off is told by a final `…`.
pub fn cut(text: &str, cells: usize) -> String {
    let safe = visible_line(text);
    let Some(end) = end_of_cut(&safe, cells) else {
        return safe.into_owned();
    };
    if cells == 0 {
        return String::new();
    }
    let mut shown = safe.get(..end).unwrap_or_default().to_owned();
    shown.push('…');
    shown
}

/// Returns `text`, made visible, in exactly `cells` cells: cut as by [`cut`], or padded with
/// spaces.
pub fn fit(text: &str, cells: usize) -> String {
    let mut shown = cut(text, cells);
    let missing = cells.saturating_sub(width(&shown));
    shown.extend(std::iter::repeat_n(' ', missing));
    shown
}

/// Where to cut so that `…` still finds room; `None` when everything fits.
fn end_of_cut(safe: &str, cells: usize) -> Option<usize> {
    let mut used = 0;
    let mut end = 0;
    for (start, grapheme) in safe.grapheme_indices(true) {
        used += grapheme.width();
        if used > cells {
            return Some(end);
        }
        if used < cells {
            end = start + grapheme.len();
        }
    }
    None
}
