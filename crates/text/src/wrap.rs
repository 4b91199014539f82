//! Where a line is broken so that every part fits into so many cells, and which byte stands in
//! which cell. Must not know: rows, screens, what is emphasised.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::scan::{PieceKind, Scan};
use super::width;

/// True for a line of which every byte is one cell: printable ASCII, no tab.
pub fn is_plain(line: &[u8]) -> bool {
    // In blocks without a way out in the middle, which the compiler turns into wide comparisons.
    line.chunks(256)
        .all(|block| block.iter().fold(true, |is, byte| is & (0x20..0x7f).contains(byte)))
}

/// Returns where the lines after the first begin when `line` is broken into lines of `cells` cells:
/// behind a blank where there is one in the second half of the line, else where it is full. Tab
/// stops count from each line's beginning. Costs by the line's length.
pub fn wrap(line: &[u8], tab_cells: usize, cells: usize) -> Vec<usize> {
    let cells = cells.max(1);
    if line.len() <= cells && is_plain(line) {
        return Vec::new();
    }
    let mut breaks = Vec::new();
    let mut used = 0;
    // Behind the last blank of this line, and the cells up to there.
    let mut blank: Option<(usize, usize)> = None;
    for unit in units(line, tab_cells) {
        let mut needed = unit.cells_at(used);
        // What stands behind the blank may still leave too little room: then it breaks once more.
        while used > 0 && used + needed > cells {
            // Also before a blank: a line that begins with one looks indented.
            match blank.filter(|&(_, cells_before)| cells_before * 2 >= cells) {
                Some((at, cells_before)) => {
                    breaks.push(at);
                    used -= cells_before;
                }
                None => {
                    breaks.push(unit.bytes.start);
                    used = 0;
                }
            }
            blank = None;
            needed = unit.cells_at(used);
        }
        used += needed;
        if unit.is_blank {
            blank = Some((unit.bytes.end, used));
        }
    }
    breaks
}

/// Cuts a line at least every `cells` cells, so that line n of a very long text is found without
/// reading those before it: the starts of the pieces, the first one 0. What takes more cells than
/// that counts as several pieces, all but the first of them empty. Costs by the line's length.
pub fn chunks(line: &[u8], tab_cells: usize, cells: usize) -> Vec<u32> {
    let cells = cells.max(1);
    let mut starts = vec![0];
    let mut used = 0;
    for unit in units(line, tab_cells) {
        // A tab may stand anywhere when it is drawn: room for the widest.
        let needed = unit.cells_at(0);
        if used > 0 && used + needed > cells {
            starts.push(unit.bytes.start as u32);
            used = 0;
        }
        used += needed;
        while used > cells {
            starts.push(unit.bytes.end as u32);
            used -= cells;
        }
    }
    starts
}

/// Returns the byte that stands in cell `cell` of a line, or its length if the line ends before.
/// Costs by the cells passed.
pub fn offset_of_cell(line: &[u8], tab_cells: usize, cell: usize) -> usize {
    let mut used = 0;
    for unit in units(line, tab_cells) {
        used += unit.cells_at(used);
        if used > cell {
            return unit.bytes.start;
        }
    }
    line.len()
}

/// What may not be broken: a grapheme, a mark, a tab.
struct Unit {
    bytes: Range<usize>,
    cells: UnitCells,
    is_blank: bool,
}

enum UnitCells {
    Fixed(usize),
    UpToStop(usize),
}

impl Unit {
    fn cells_at(&self, column: usize) -> usize {
        match self.cells {
            UnitCells::Fixed(cells) => cells,
            UnitCells::UpToStop(stop) => stop - column % stop,
        }
    }
}

fn units(line: &[u8], tab_cells: usize) -> impl Iterator<Item = Unit> {
    let stop = tab_cells.max(1);
    Scan::new(line, &[]).flat_map(move |piece| {
        let source = piece.source;
        let (one, graphemes) = match piece.kind {
            PieceKind::Tab => (Some(UnitCells::UpToStop(stop)), ""),
            PieceKind::Mark(text) => (Some(UnitCells::Fixed(width(&text))), ""),
            // Scan vouches for the UTF-8.
            PieceKind::Plain => (None, std::str::from_utf8(&line[source.clone()]).unwrap_or_default()),
        };
        let one = one.map(|cells| Unit {
            bytes: source.clone(),
            is_blank: matches!(cells, UnitCells::UpToStop(_)),
            cells,
        });
        let start = source.start;
        let many = graphemes.grapheme_indices(true).map(move |(at, grapheme)| Unit {
            bytes: start + at..start + at + grapheme.len(),
            cells: UnitCells::Fixed(grapheme.width()),
            is_blank: grapheme == " ",
        });
        one.into_iter().chain(many)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{LineShape, visible_window};
    use super::*;

    fn parts(line: &[u8], cells: usize) -> Vec<Range<usize>> {
        let breaks = wrap(line, 4, cells);
        let starts = std::iter::once(0).chain(breaks.iter().copied());
        let ends = breaks.iter().copied().chain(std::iter::once(line.len()));
        starts.zip(ends).map(|(start, end)| start..end).collect()
    }

    fn texts(line: &str, cells: usize) -> Vec<&str> {
        parts(line.as_bytes(), cells)
            .into_iter()
            .map(|part| &line[part])
            .collect()
    }

    #[test]
    fn lines_break_behind_blanks_else_where_they_are_full() {
        assert_eq!(texts("the low tide", 20), ["the low tide"]);
        assert_eq!(texts("the low tide", 12), ["the low tide"]);
        assert_eq!(texts("the low tide", 10), ["the low ", "tide"]);
        assert_eq!(
            texts("the low tide is", 12),
            ["the low ", "tide is"],
            "none begins with a blank"
        );
        assert_eq!(texts("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(texts("a bcdefghij", 6), ["a bcde", "fghij"], "a blank too far back");
        assert_eq!(texts("", 4), [""]);
        assert_eq!(texts("abcd  ", 4), ["abcd", "  "], "blanks at the end are text");
    }

    #[test]
    fn wide_characters_and_marks_stay_whole() {
        assert_eq!(texts("a海海", 2), ["a", "海", "海"]);
        assert_eq!(texts("e\u{301}e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}", "e\u{301}"]);
        assert_eq!(texts("ab\u{1b}c", 3), ["ab\u{1b}", "c"]);
        assert_eq!(texts("海", 1), ["海"], "what fits nowhere stands alone");
    }

    #[test]
    fn the_byte_in_a_cell_is_found() {
        let line = "a海\tb\u{202e}c".as_bytes();
        let found: Vec<usize> = (0..15).map(|cell| offset_of_cell(line, 4, cell)).collect();
        assert_eq!(found, [0, 1, 1, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 9, 10]);
    }

    #[test]
    fn chunks_hold_so_many_cells_at_most() {
        assert_eq!(chunks(b"abcdefghij", 4, 4), [0, 4, 8]);
        assert_eq!(chunks("海海海".as_bytes(), 4, 4), [0, 6]);
        assert_eq!(
            chunks("a\u{202e}b".as_bytes(), 4, 4),
            [0, 1, 4, 4],
            "eight cells are two chunks"
        );
        assert_eq!(chunks(b"", 4, 4), [0]);
    }

    proptest! {
        #[test]
        fn parts_cover_the_line_and_fit(line in prop::collection::vec(any::<u8>(), 0..80), cells in 1usize..30) {
            let parts = parts(&line, cells);
            let joined: Vec<u8> = parts.iter().flat_map(|part| line[part.clone()].to_vec()).collect();
            prop_assert_eq!(&joined, &line);
            for part in parts {
                let shown = visible_window(&line[part.clone()], LineShape::default(), &[], 0..usize::MAX);
                let used: usize = shown.iter().map(|span| width(&span.text)).sum();
                prop_assert!(used <= cells || units(&line[part.clone()], 4).count() <= 1, "{used} cells in {part:?}");
            }
        }

        #[test]
        fn several_chunks_fit_together(line in "[a-c é海\t\u{1b}\u{202e}]{0,60}", per in 1usize..5) {
            let line = line.as_bytes();
            let starts = chunks(line, 4, 8);
            let starts: Vec<usize> = starts.iter().map(|&start| start as usize).chain([line.len()]).collect();
            prop_assert!(starts.is_sorted());
            for at in (0..starts.len() - 1).step_by(per) {
                let end = starts[(at + per).min(starts.len() - 1)];
                let shown = visible_window(&line[starts[at]..end], LineShape::default(), &[], 0..usize::MAX);
                prop_assert!(shown.iter().map(|span| width(&span.text)).sum::<usize>() <= 8 * per);
            }
        }
    }
}
