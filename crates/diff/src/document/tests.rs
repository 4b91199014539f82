//! Rows, hunks and folds against the texts they come from.

use proptest::prelude::*;

use super::*;
use crate::lines::tests::edited_pair;

fn document(old: &str, new: &str) -> DiffDocument {
    compare(Some(old.as_bytes().to_vec()), new.as_bytes().to_vec())
}

fn compare(old: Option<Vec<u8>>, new: Vec<u8>) -> DiffDocument {
    DiffDocument::compare(old.map(Arc::new), Arc::new(new), Limit::NONE)
}

fn drawn(document: &DiffDocument) -> Vec<String> {
    let rows = document.rows(0..usize::MAX);
    let number = |line: Option<usize>| line.map_or("-".to_owned(), |line| line.to_string());
    rows.iter()
        .map(|row| {
            let text = String::from_utf8_lossy(document.row_text(row));
            let numbers = format!("{} {}", number(row.old_line), number(row.new_line));
            match row.kind {
                RowKind::Context => format!("{numbers}   {text}"),
                RowKind::Removed => format!("{numbers} - {text}"),
                RowKind::Added => format!("{numbers} + {text}"),
                RowKind::Fold { lines } => format!("~~ {lines} lines unchanged ~~"),
                RowKind::NoNewline => format!("\\ {:?}", row.side),
            }
        })
        .collect()
}

fn numbered(count: usize, changed: &[usize]) -> String {
    (1..=count)
        .map(|n| {
            if changed.contains(&n) {
                format!("line {n} changed\n")
            } else {
                format!("line {n}\n")
            }
        })
        .collect()
}

#[test]
fn unchanged_text_far_from_changes_is_folded() {
    let document = document(&numbered(20, &[]), &numbered(20, &[10])).with_folding(Folding::Context(1));
    assert_eq!(
        drawn(&document),
        [
            "~~ 8 lines unchanged ~~",
            "9 9   line 9",
            "10 - - line 10",
            "- 10 + line 10 changed",
            "11 11   line 11",
            "~~ 9 lines unchanged ~~"
        ]
    );
}

#[test]
fn a_single_line_is_never_hidden_behind_a_fold() {
    let document = document("a\nb\nc\n", "a\nb\nX\n").with_folding(Folding::Context(1));
    assert_eq!(drawn(&document), ["1 1   a", "2 2   b", "3 - - c", "- 3 + X"]);
}

#[test]
fn a_missing_final_newline_has_a_row_of_its_own() {
    assert_eq!(
        drawn(&document("a\nb", "a\nb\n")),
        ["1 1   a", "2 - - b", "\\ Old", "- 2 + b"]
    );
    assert_eq!(
        drawn(&document("a\nb\n", "a\nb")),
        ["1 1   a", "2 - - b", "- 2 + b", "\\ New"]
    );
    assert_eq!(
        drawn(&document("a\nb", "x\nb")),
        ["1 - - a", "- 1 + x", "2 2   b", "\\ New"]
    );
}

#[test]
fn a_changed_line_end_is_told() {
    let document = document("a\r\nb\n", "a\nb\n");
    let rows = document.rows(0..9);
    assert!(document.is_end_changed(&rows[0]) && document.is_end_changed(&rows[1]));
    assert_eq!(rows[0].end, LineEnd::CrLf);
    assert!(document.word_marks(&rows[0]).is_empty());
}

#[test]
fn without_a_base_everything_is_new() {
    let document = compare(None, b"a\nb".to_vec());
    assert!(document.is_new() && !document.is_identical());
    assert_eq!(drawn(&document), ["- 1 + a", "- 2 + b", "\\ New"]);
    assert_eq!((document.hunk_count(), document.diff().added), (1, 2));
}

#[test]
fn identical_texts_are_one_fold() {
    let document = document(&numbered(5, &[]), &numbered(5, &[]));
    assert!(document.is_identical());
    assert_eq!(drawn(&document), ["~~ 5 lines unchanged ~~"]);
    assert_eq!(document.hunk_count(), 0);
    let empty = compare(Some(Vec::new()), Vec::new());
    assert_eq!((empty.row_count(), empty.is_identical()), (0, true));
}

#[test]
fn hunks_are_the_same_under_every_folding() {
    let folded = document(&numbered(60, &[]), &numbered(60, &[10, 13, 40]));
    let unfolded = folded.with_folding(Folding::Unfolded);
    assert_eq!((folded.hunk_count(), unfolded.hunk_count()), (2, 2));
    assert_eq!(unfolded.hunk_rows(0), Some(9..15));
    assert_eq!(folded.hunk_rows(0), Some(4..10), "a fold, three lines, then the change");
    assert_eq!(folded.hunk_lines(0, DiffSide::New), Some(9..13));
    assert_eq!(
        (unfolded.hunk_after(8), unfolded.hunk_after(9), unfolded.hunk_after(50)),
        (Some(0), Some(1), None)
    );
    assert_eq!((unfolded.hunk_before(9), unfolded.hunk_before(10)), (None, Some(0)));
    assert_eq!(
        (unfolded.hunk_at(11), unfolded.hunk_at(15), unfolded.hunk_at(8)),
        (Some(0), None, None)
    );
    assert_eq!((unfolded.hunks_in(0..9), unfolded.hunks_in(0..10)), (0..0, 0..1));
    assert_eq!((unfolded.hunks_in(12..62), unfolded.hunks_in(15..20)), (0..2, 1..1));
}

#[test]
fn changed_words_are_marked_on_both_rows() {
    let document = document("{\n  \"duration_ms\": 12000,\n}", "{\n  \"duration_ms\": 19000,\n}");
    let rows = document.rows(0..9);
    let marks = rows
        .iter()
        .flat_map(|row| document.word_marks(row).into_iter().map(|mark| (row.kind, mark)));
    let changed: Vec<_> = marks.collect();
    assert_eq!(changed, [(RowKind::Removed, 17..22), (RowKind::Added, 17..22)]);
}

#[test]
fn a_hidden_line_is_found_at_its_fold() {
    let document = document(&numbered(20, &[]), &numbered(20, &[10])).with_folding(Folding::Context(1));
    assert_eq!(document.row_of_line(DiffSide::New, 3), Some(0));
    assert_eq!(document.row_of_line(DiffSide::Old, 9), Some(2));
    assert_eq!(document.row_of_line(DiffSide::New, 9), Some(3));
    assert_eq!(document.row_of_line(DiffSide::New, 19), Some(5));
    assert_eq!(document.row_of_line(DiffSide::New, 20), None);
}

fn folding() -> impl Strategy<Value = Folding> {
    prop_oneof![Just(Folding::Unfolded), (0usize..5).prop_map(Folding::Context)]
}

proptest! {
    #[test]
    fn unfolded_rows_cover_every_line_once((old, new) in edited_pair()) {
        let document = compare(Some(old.clone()), new.clone()).with_folding(Folding::Unfolded);
        let rows = document.rows(0..usize::MAX);
        prop_assert_eq!(rows.len(), document.row_count());
        for (side, line_of) in [
            (DiffSide::Old, (|row: &Row| row.old_line) as fn(&Row) -> Option<usize>),
            (DiffSide::New, |row: &Row| row.new_line),
        ] {
            let lines: Vec<usize> = rows.iter().filter_map(line_of).collect();
            let expected: Vec<usize> = (1..=document.line_count(side)).collect();
            prop_assert_eq!(lines, expected);
        }
    }

    #[test]
    fn rows_and_lines_find_each_other((old, new) in edited_pair(), folding in folding()) {
        let document = compare(Some(old), new).with_folding(folding);
        let rows = document.rows(0..usize::MAX);
        prop_assert_eq!(rows.len(), document.row_count());
        for (at, row) in rows.iter().enumerate() {
            if row.kind == RowKind::NoNewline { continue }
            if let Some(line) = row.old_line { prop_assert_eq!(document.row_of_line(DiffSide::Old, line - 1), Some(at)); }
            if let Some(line) = row.new_line { prop_assert_eq!(document.row_of_line(DiffSide::New, line - 1), Some(at)); }
            document.word_marks(row);
        }
        let hidden: usize = rows.iter().map(|row| if let RowKind::Fold { lines } = row.kind { lines } else { 0 }).sum();
        let shown = rows.iter().filter(|row| row.new_line.is_some() && !matches!(row.kind, RowKind::Fold { .. })).count();
        prop_assert_eq!(hidden + shown, document.line_count(DiffSide::New));
    }

    #[test]
    fn every_changed_row_is_in_its_hunk((old, new) in edited_pair(), folding in folding()) {
        let document = compare(Some(old), new).with_folding(folding);
        for (at, row) in document.rows(0..usize::MAX).iter().enumerate() {
            if matches!(row.kind, RowKind::Removed | RowKind::Added) {
                let hunk = document.hunk_at(at).expect("a changed row has a hunk");
                prop_assert!(document.hunks_in(at..at + 1).contains(&hunk));
                prop_assert_eq!(document.hunks_in(at..at + 1).len(), 1);
            }
        }
        for hunk in 0..document.hunk_count() {
            let rows = document.hunk_rows(hunk).expect("a hunk has rows");
            prop_assert!(!rows.is_empty() && rows.end <= document.row_count());
            prop_assert_eq!(document.hunk_at(rows.start), Some(hunk));
        }
    }

    #[test]
    fn no_bytes_and_no_questions_panic(
        old in prop::option::of(prop::collection::vec(any::<u8>(), 0..80)),
        new in prop::collection::vec(any::<u8>(), 0..80),
        row in prop_oneof![0usize..20, Just(usize::MAX)],
    ) {
        let document = compare(old.clone(), new.clone());
        for row in document.rows(0..usize::MAX) {
            let text = document.row_text(&row);
            for mark in document.word_marks(&row) { prop_assert!(mark.end <= text.len()); }
        }
        prop_assert!(document.row(row).is_none() || row < document.row_count());
        document.hunk_at(row);
        document.hunk_before(row);
        document.hunk_after(row);
        document.hunks_in(row..row);
        document.hunk_rows(row);
        document.row_of_line(DiffSide::New, row);
        crate::summary(old.as_deref(), &new, Limit::NONE);
        crate::json::changed_values(old.as_deref().unwrap_or_default(), &new, Limit::NONE);
        crate::unified::write(&document, "a", "b");
    }
}
