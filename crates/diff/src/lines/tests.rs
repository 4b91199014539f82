//! Line diffs, also of lines nobody would write.

use proptest::prelude::*;

use super::*;

/// Applies the blocks: the old text with every block's old lines replaced by its new ones.
fn applied(old: &[u8], new: &[u8], diff: &LineDiff) -> Vec<u8> {
    let mut text = Vec::new();
    let mut at = 0;
    for block in &diff.blocks {
        text.extend_from_slice(&old[diff.old_lines.range_of(at..block.removed().start)]);
        text.extend_from_slice(&new[diff.new_lines.range_of(block.added())]);
        at = block.removed().end;
    }
    text.extend_from_slice(&old[diff.old_lines.range_of(at..diff.old_lines.count())]);
    text
}

fn blocks(old: &str, new: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let diff = diff_lines(old.as_bytes(), new.as_bytes(), Limit::NONE);
    diff.blocks
        .iter()
        .map(|block| (block.removed(), block.added()))
        .collect()
}

/// Lines as they really differ: few kinds, some unique, every kind of end.
pub(crate) fn soup() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        prop::sample::select(vec![
            "\n",
            "a\n",
            "b\n",
            "c\r\n",
            "c\n",
            "    \"id\": 1,\n",
            "  },\n",
            "\r\n",
            "é –\n"
        ])
        .prop_map(|line| line.as_bytes().to_vec()),
        "[a-e]{1,3}\n".prop_map(String::into_bytes),
        prop::collection::vec(1u8..=255, 0..4),
    ];
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.concat())
}

/// A text and an edited copy of it.
pub(crate) fn edited_pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0usize..3, soup()), 0..4);
    prop_oneof![
        (soup(), soup()),
        (soup(), edits).prop_map(|(old, edits)| {
            let mut new = old.clone();
            for (place, length, mut text) in edits {
                let start = place.index(new.len() + 1);
                let end = (start + length * 3).min(new.len());
                text.truncate(9);
                new.splice(start..end, text);
            }
            (old, new)
        }),
    ]
}

#[test]
fn equal_texts_have_no_blocks() {
    assert_eq!(blocks("", ""), []);
    assert_eq!(blocks("a\nb", "a\nb"), []);
}

#[test]
fn a_line_is_found_again_or_known_to_be_gone() {
    let diff = diff_lines(b"a\nb\nc\nd\ne\n", b"new\na\nB\nd\ne\n", Limit::NONE);
    let moved: Vec<_> = (0..6).map(|line| diff.moved(line)).collect();
    use MovedLine::{Changed, Gone, Same};
    assert_eq!(moved, [Same(1), Changed(2), Gone(3), Same(3), Same(4), Gone(5)]);
}

#[test]
fn line_ends_count() {
    assert_eq!(blocks("a\nb\n", "a\nb"), [(1..2, 1..2)], "a lost final newline");
    assert_eq!(blocks("a\r\nb\n", "a\nb\n"), [(0..1, 0..1)], "CRLF to LF");
    assert_eq!(blocks("a\n", "a\n\n"), [(1..1, 1..2)]);
    assert_eq!(blocks("", "\n"), [(0..0, 0..1)]);
}

#[test]
fn a_duration_changed_in_a_storyboard_is_one_block() {
    let old = "{\n  \"id\": \"scene_002\",\n  \"duration_ms\": 12000\n}";
    let new = old.replace("12000", "19000");
    assert_eq!(blocks(old, &new), [(2..3, 2..3)]);
}

#[test]
fn an_added_beat_stays_in_one_piece() {
    let beat = |id| format!("    {{\n      \"id\": {id}\n    }},\n");
    let old = format!("[\n{}{}]\n", beat(1), beat(3));
    let new = format!("[\n{}{}{}]\n", beat(1), beat(2), beat(3));
    assert_eq!(
        blocks(&old, &new),
        [(4..4, 4..7)],
        "from brace to brace, not from id to id"
    );
}

#[test]
fn an_added_paragraph_begins_with_its_text() {
    let old = "**One**\nx\n\n**Three**\nz\n";
    let new = "**One**\nx\n\n**Two**\ny\n\n**Three**\nz\n";
    assert_eq!(blocks(old, new), [(3..3, 3..6)]);
}

#[test]
fn a_reached_limit_gives_true_but_coarse_blocks() {
    let old: String = (0..200).map(|n| format!("{}\n", n % 5)).collect();
    let new: String = (0..200).map(|n| format!("{}\n", n * 3 % 7)).collect();
    let old = format!("first\n{old}kept\n{old}last\n");
    let new = format!("first\n{new}kept\n{new}last\n");
    let reached = Limit {
        deadline: None,
        is_reached: &|| true,
    };
    let coarse = diff_lines(old.as_bytes(), new.as_bytes(), reached);
    assert!(coarse.is_coarse);
    assert_eq!(coarse.blocks.len(), 2, "still split at the line that occurs once");
    assert_eq!(applied(old.as_bytes(), new.as_bytes(), &coarse), new.as_bytes());
    let fine = diff_lines(old.as_bytes(), new.as_bytes(), Limit::NONE);
    assert!(!fine.is_coarse && fine.added < coarse.added);
}

#[test]
fn an_easy_diff_is_never_called_coarse() {
    let reached = Limit {
        deadline: None,
        is_reached: &|| true,
    };
    assert!(!diff_lines(b"a\nb\nc\n", b"a\nx\nc\n", reached).is_coarse);
}

proptest! {
    #[test]
    fn blocks_applied_to_old_give_new((old, new) in edited_pair()) {
        let diff = diff_lines(&old, &new, Limit::NONE);
        prop_assert_eq!(applied(&old, &new, &diff), new.clone());
        let coarse = diff_lines(&old, &new, Limit { deadline: None, is_reached: &|| true });
        prop_assert_eq!(applied(&old, &new, &coarse), new);
    }

    #[test]
    fn what_lies_between_blocks_is_equal((old, new) in edited_pair()) {
        let diff = diff_lines(&old, &new, Limit::NONE);
        let (mut old_at, mut new_at) = (0, 0);
        for block in &diff.blocks {
            prop_assert!(!block.removed().is_empty() || !block.added().is_empty());
            prop_assert!(old_at == 0 || block.removed().start > old_at || block.added().start > new_at, "touching blocks");
            let old_gap = &old[diff.old_lines.range_of(old_at..block.removed().start)];
            let new_gap = &new[diff.new_lines.range_of(new_at..block.added().start)];
            prop_assert_eq!(old_gap, new_gap);
            (old_at, new_at) = (block.removed().end, block.added().end);
        }
        prop_assert_eq!(diff.added, diff.blocks.iter().map(|block| block.added().len()).sum::<usize>());
    }

    #[test]
    fn a_line_that_is_found_again_is_the_same_and_none_passes_another((old, new) in edited_pair()) {
        let diff = diff_lines(&old, &new, Limit::NONE);
        let mut former = 0;
        let mut found = std::collections::BTreeSet::new();
        for line in 0..diff.old_lines.count() {
            let now = match diff.moved(line) {
                MovedLine::Same(now) => {
                    prop_assert_eq!(&old[diff.old_lines.range(line)], &new[diff.new_lines.range(now)]);
                    prop_assert!(found.insert(now), "two lines are one");
                    now
                }
                MovedLine::Changed(now) => {
                    prop_assert!(diff.blocks.iter().any(|block| block.added().contains(&now)));
                    prop_assert!(found.insert(now), "two lines are one");
                    now
                }
                MovedLine::Gone(now) => now,
            };
            prop_assert!(former <= now && now <= diff.new_lines.count());
            former = now;
        }
        // Every line that both texts have is found.
        let kept = diff.old_lines.count() - diff.removed;
        let same = (0..diff.old_lines.count()).filter(|line| matches!(diff.moved(*line), MovedLine::Same(_)));
        prop_assert_eq!(same.count(), kept);
    }

    #[test]
    fn lines_cover_a_text_once(text in soup()) {
        let lines = LineIndex::of(&text);
        let all: Vec<u8> = (0..lines.count()).flat_map(|line| text[lines.range(line)].to_vec()).collect();
        prop_assert_eq!(all, text.clone());
        for offset in 0..text.len() {
            prop_assert!(lines.range(lines.line_at(offset)).contains(&offset));
        }
    }
}
