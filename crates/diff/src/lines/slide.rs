//! Moves blocks that only add or only remove to where a reader expects them.
//! Must not know: how the blocks were found.
// When the line after an added block equals its first line, the block may as well begin one line
// later. Among the places that are equally true, a reader expects the one that begins at the
// outermost indentation and not with an empty line (as git's indent heuristic does), which keeps a
// whole beat or paragraph in one piece.

use std::ops::Range;

use super::index::LineIndex;
use super::{Block, search::push};

// This bounds the work on long runs of one repeated line.
const SHIFT_MAX: usize = 100;

pub(super) fn slide(old: (&[u8], &LineIndex), new: (&[u8], &LineIndex), blocks: Vec<Block>) -> Vec<Block> {
    let mut placed: Vec<Block> = Vec::with_capacity(blocks.len());
    let ends = (old.1.count(), new.1.count());
    let mut following = blocks.iter().skip(1);
    for block in &blocks {
        let next = following
            .next()
            .map_or(ends, |next| (next.old_start as usize, next.new_start as usize));
        let last = placed
            .last()
            .map_or((0, 0), |last| (last.old_end as usize, last.new_end as usize));
        let (old_range, new_range) = (block.removed(), block.added());
        let shift = match (old_range.is_empty(), new_range.is_empty()) {
            (true, false) => best_shift(new.0, new.1, new_range.clone(), last.1..next.1),
            (false, true) => best_shift(old.0, old.1, old_range.clone(), last.0..next.0),
            (true, true) | (false, false) => 0,
        };
        push(&mut placed, shifted(old_range, shift), shifted(new_range, shift));
    }
    placed
}

fn shifted(lines: Range<usize>, shift: isize) -> Range<usize> {
    lines.start.saturating_add_signed(shift)..lines.end.saturating_add_signed(shift)
}

/// How far to move `lines`, staying inside `room`.
fn best_shift(text: &[u8], index: &LineIndex, lines: Range<usize>, room: Range<usize>) -> isize {
    let line = |at: usize| &text[index.range(at)];
    let up = (1..=SHIFT_MAX.min(lines.start - room.start))
        .take_while(|up| line(lines.start - up) == line(lines.end - up))
        .count();
    let down = (0..SHIFT_MAX.min(room.end - lines.end))
        .take_while(|down| line(lines.start + down) == line(lines.end + down))
        .count();
    // Of equally good places the lowest is taken: `min_by_key` keeps the first, so the order is
    // reversed.
    (-(up as isize)..=down as isize)
        .rev()
        .min_by_key(|&shift| indentation(line(lines.start.saturating_add_signed(shift))))
        .unwrap_or(0)
}

/// Blanks before the first character; an empty line counts as indented most.
fn indentation(line: &[u8]) -> usize {
    line.iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .unwrap_or(usize::MAX)
}
