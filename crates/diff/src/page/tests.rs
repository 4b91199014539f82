//! Pages against the rows they are made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::document::{DiffSide, Folding};
use crate::lines::Limit;
use crate::lines::tests::edited_pair;

fn compare(old: &[u8], new: &[u8]) -> DiffDocument {
    DiffDocument::compare(Some(Arc::new(old.to_vec())), Arc::new(new.to_vec()), Limit::NONE)
}

fn page(document: &DiffDocument, columns: Columns, wraps: bool) -> Page<'_> {
    Page::new(document, columns, wraps, 0)
}

fn drawn(page: Page<'_>) -> Vec<String> {
    let text = |part: &RowPart| {
        let sign = match part.row.kind {
            RowKind::Context => ' ',
            RowKind::Removed => '-',
            RowKind::Added => '+',
            RowKind::Fold { .. } => '~',
            RowKind::NoNewline => '\\',
        };
        let sign = if part.is_first { sign } else { '>' };
        let bytes = &page.document.row_text(&part.row)[part.bytes.clone()];
        format!("{sign}{}", String::from_utf8_lossy(bytes))
    };
    let lines = page.lines(PagePosition::default(), usize::MAX);
    lines
        .iter()
        .map(|line| match &line.shown {
            PageColumns::One(part) => text(part),
            PageColumns::Two(left, right) => {
                let side = |part: &Option<RowPart>| part.as_ref().map_or(String::new(), text);
                format!("{}|{}", side(left), side(right))
            }
            PageColumns::Aside(words) => format!(";{words}"),
        })
        .collect()
}

#[test]
fn what_stands_for_each_other_stands_side_by_side() {
    let document = compare(b"a\nb\nc\nd", b"a\nB\nd\n");
    assert_eq!(
        drawn(page(&document, Columns::Two(9), true)),
        [" a| a", "-b|+B", "-c|+d", "-d|", "\\|"]
    );
    assert_eq!(
        drawn(page(&document, Columns::One(9), true)),
        [" a", "-b", "-c", "-d", "\\", "+B", "+d"]
    );
}

#[test]
fn long_rows_are_wrapped_on_their_own_side() {
    let document = compare(b"the low tide is here\n", b"the tide\n");
    assert_eq!(
        drawn(page(&document, Columns::Two(8), true)),
        ["-the low |+the tide", ">tide is |", ">here|"]
    );
    assert_eq!(drawn(page(&document, Columns::Two(8), false)), ["-the low|+the tide"]);
    let cut = Page {
        left: 4,
        ..page(&document, Columns::One(3), false)
    };
    // The third cell bears the sign of the cut.
    assert_eq!(drawn(cut), ["-lo", "+ti"]);
}

#[test]
fn what_is_said_of_a_row_stands_below_all_of_it() {
    let document = compare(b"a\nb\n", b"a\nB low tide\n");
    let said = |row: usize, words: &[&str]| (row, words.iter().map(|words| (*words).to_owned()).collect());
    let asides = [said(2, &["unit?", "metres"]), said(1, &["why"]), said(2, &["yes"])];
    let one = page(&document, Columns::One(5), true).with_asides(asides.clone());
    assert_eq!(
        drawn(one.clone()),
        [" a", "-b", ";why", "+B low", "> tide", ";unit?", ";metres", ";yes"]
    );
    // From within what is said, and no more of it than there is room for.
    let from = PagePosition { row: 2, line: 3 };
    let lines = one.lines(from, 1);
    assert_eq!(lines[0].shown, PageColumns::Aside("metres".to_owned()));
    assert_eq!(one.moved(from, -3), PagePosition { row: 2, line: 0 });
    let two = page(&document, Columns::Two(6), false).with_asides(asides);
    assert_eq!(drawn(two), [" a| a", "-b|+B low", ";unit?", ";metres", ";why", ";yes"]);
}

#[test]
fn a_line_of_megabytes_costs_by_what_is_shown() {
    let old = vec![b'x'; 5_000_000];
    let mut new = old.clone();
    new[4_000_000] = b'y';
    let document = compare(&old, &new);
    let page = page(&document, Columns::One(100), true);
    let added = document.row(2).expect("removed, its missing newline, added");
    assert_eq!(document.word_marks(&added).first(), Some(&(4_000_000..4_000_001)));
    let place = page.place_of(2, 4_000_000);
    assert_eq!(place, PagePosition { row: 2, line: 40_000 });
    let lines = page.lines(place, 3);
    assert_eq!(lines.len(), 3);
    let part = lines[0].parts().next().expect("a part");
    assert_eq!(part.bytes, 4_000_000..4_000_100);
    assert_eq!(page.moved(place, -2).line, 39_998);
    assert_eq!(page.last_top(2), PagePosition { row: 2, line: 49_999 });
}

fn columns() -> impl Strategy<Value = Columns> {
    prop_oneof![(1usize..12).prop_map(Columns::One), (1usize..12).prop_map(Columns::Two)]
}

fn folding() -> impl Strategy<Value = Folding> {
    prop_oneof![Just(Folding::Unfolded), (0usize..4).prop_map(Folding::Context)]
}

proptest! {
    #[test]
    fn every_changed_line_is_on_the_page((old, new) in edited_pair(), columns in columns(), folding in folding(), wraps: bool) {
        let document = compare(&old, &new).with_folding(folding);
        let page = page(&document, columns, wraps);
        let mut seen: BTreeSet<(bool, usize)> = BTreeSet::new();
        for line in page.lines(PagePosition::default(), usize::MAX) {
            for part in line.parts() {
                prop_assert_eq!(document.row(part.row_at), Some(part.row.clone()));
                if matches!(part.row.kind, RowKind::Removed | RowKind::Added) {
                    let number = part.row.old_line.or(part.row.new_line).expect("a line has a number");
                    seen.insert((part.row.side == DiffSide::Old, number));
                }
            }
        }
        let expected: BTreeSet<(bool, usize)> = document.diff().blocks.iter()
            .flat_map(|block| {
                let old = block.removed().map(|line| (true, line + 1));
                old.chain(block.added().map(|line| (false, line + 1)))
            })
            .collect();
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn wrapped_rows_show_every_byte_once((old, new) in edited_pair(), columns in columns()) {
        let document = compare(&old, &new).with_folding(Folding::Unfolded);
        let page = page(&document, columns, true);
        let mut ends = vec![0; document.row_count()];
        for line in page.lines(PagePosition::default(), usize::MAX) {
            let mut parts: Vec<&RowPart> = line.parts().collect();
            parts.dedup_by_key(|part| part.row_at);
            for part in parts {
                prop_assert_eq!(part.bytes.start, ends[part.row_at]);
                ends[part.row_at] = part.bytes.end;
            }
        }
        for (at, row) in document.rows(0..usize::MAX).iter().enumerate() {
            prop_assert_eq!(ends[at], row.text.len());
        }
    }

    #[test]
    fn side_by_side_tells_what_one_column_tells((old, new) in edited_pair(), folding in folding()) {
        let document = compare(&old, &new).with_folding(folding);
        let mut rows: Vec<usize> = Vec::new();
        for pair in 0..document.pair_count() {
            let pair = document.pair(pair).expect("a pair is there");
            match (pair.left, pair.right) {
                (Some(left), Some(right)) if left.0 == right.0 => {
                    let is_change = matches!(left.1.kind, RowKind::Removed | RowKind::Added);
                    prop_assert!(!is_change, "a change on both sides");
                    rows.push(left.0);
                }
                (left, right) => {
                    if let (Some((_, left)), Some((_, right))) = (&left, &right)
                        && left.kind == RowKind::Removed && right.kind == RowKind::Added {
                        prop_assert_eq!(left.pair.map(|pair| pair + 1), right.new_line);
                        prop_assert_eq!(right.pair.map(|pair| pair + 1), left.old_line);
                    }
                    prop_assert!(left.is_some() || right.is_some());
                    rows.extend(left.into_iter().chain(right).map(|(at, _)| at));
                }
            }
        }
        rows.sort_unstable();
        prop_assert_eq!(rows, (0..document.row_count()).collect::<Vec<_>>(), "every row once");
        prop_assert!(document.pair(document.pair_count()).is_none());
        for row in 0..document.row_count() {
            let pair = document.pair(document.pair_of_row(row)).expect("a pair is there");
            let has_it = [pair.left, pair.right].into_iter().flatten().any(|(at, _)| at == row);
            prop_assert!(has_it, "row {} is in its pair", row);
        }
    }

    #[test]
    fn moving_is_walking(
        (old, new) in edited_pair(), columns in columns(), wraps: bool, from in 0usize..60, by in -70isize..70,
        beside in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4), 0..4),
    ) {
        let document = compare(&old, &new);
        prop_assume!(document.row_count() > 0);
        let beside: Vec<_> = beside.into_iter()
            .map(|(row, count)| (row.index(document.row_count()), vec!["said".to_owned(); count]))
            .collect();
        let bare = page(&document, columns, wraps).lines(PagePosition::default(), usize::MAX).len();
        let said: usize = beside.iter().map(|(_, lines)| lines.len()).sum();
        let page = page(&document, columns, wraps).with_asides(beside);
        prop_assert_eq!(page.lines(PagePosition::default(), usize::MAX).len(), bare + said);
        let places: Vec<PagePosition> = page.lines(PagePosition::default(), usize::MAX).iter().map(|line| line.place).collect();
        prop_assume!(!places.is_empty());
        let from = from.min(places.len() - 1);
        let to = from.saturating_add_signed(by).min(places.len() - 1);
        prop_assert_eq!(page.moved(places[from], by), places[to]);
        prop_assert_eq!(page.moved(places[from], isize::MAX / 2), places[places.len() - 1]);
        prop_assert_eq!(page.moved(places[from], isize::MIN / 2), places[0]);
        prop_assert_eq!(page.last_top(5), places[places.len().saturating_sub(5)]);
    }
}
