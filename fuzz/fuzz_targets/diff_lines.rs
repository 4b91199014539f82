//! Two texts: the blocks turn one into the other, the rows show every changed line once, and a coarse answer is as correct.
#![no_main]

use std::sync::Arc;

use diff::{DiffDocument, Folding, Limit, RowKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>, u8)| {
    let (old, new, patience) = input;
    let asked = std::cell::Cell::new(0_u32);
    let is_over = || {
        asked.set(asked.get() + 1);
        asked.get() > u32::from(patience)
    };
    let far = std::time::Instant::now() + std::time::Duration::from_secs(3600);
    for limit in [Limit::NONE, Limit::new(far, &is_over)] {
        let document = DiffDocument::compare(Some(Arc::new(old.clone())), Arc::new(new.clone()), limit);
        let diff = document.diff();
        let mut made = Vec::new();
        let mut at = 0;
        for block in &diff.blocks {
            let removed = diff.old_lines.range_of(block.removed());
            made.extend_from_slice(&old[at..removed.start]);
            made.extend_from_slice(&new[diff.new_lines.range_of(block.added())]);
            at = removed.end;
        }
        made.extend_from_slice(&old[at..]);
        assert_eq!(made, new);
        let changed: usize = diff.blocks.iter().map(|block| block.removed().len() + block.added().len()).sum();
        let folded = document.with_folding(Folding::Context(3));
        for shown in [&document, &folded] {
            let rows = shown.rows(0..shown.row_count());
            let marked = rows
                .iter()
                .filter(|row| matches!(row.kind, RowKind::Added | RowKind::Removed));
            assert_eq!(marked.count(), changed);
            for row in &rows {
                let text = shown.row_text(row);
                for mark in shown.word_marks(row) {
                    assert!(text.get(mark).is_some());
                }
            }
        }
    }
});
