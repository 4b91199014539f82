//! What a terminal shows after the bytes is what was drawn, whatever was drawn before.

use std::num::NonZeroU16;

use proptest::prelude::*;
use ratatui::style::Style;
use vt100::Parser;

use super::*;

const COLUMNS: u16 = 24;
const ROWS: u16 = 12;

/// Rows of a text, some in colour or with wide characters; the first row of the screen is a title,
/// the last one says where we are.
fn render(top: usize, wide_every: usize, title: &str, buffer: &mut Buffer) {
    buffer.set_string(0, 0, title, Style::new().add_modifier(Modifier::BOLD));
    for row in 1..ROWS - 1 {
        let line = top + usize::from(row);
        let style = if line.is_multiple_of(3) {
            Style::new().fg(Color::Green).bg(Color::Blue)
        } else {
            Style::new()
        };
        let text = if line.is_multiple_of(wide_every) {
            format!("{line} 漢字 {line}")
        } else {
            format!("{line} line of text")
        };
        buffer.set_string(0, row, text, style);
    }
    buffer.set_string(0, ROWS - 1, format!("line {top}"), Style::new());
}

fn draw(screen: &mut Screen, top: usize, wide_every: usize, title: &str, cursor: Option<Position>) -> Vec<u8> {
    screen
        .draw(|_, buffer| {
            render(top, wide_every, title, buffer);
            cursor
        })
        .expect("memory takes all")
}

fn parser() -> Parser {
    let size = |cells| NonZeroU16::new(cells).expect("not zero");
    Parser::new(size(ROWS), size(COLUMNS), 0)
}

#[track_caller]
fn assert_shows(parser: &Parser, screen: &Screen) {
    for y in 0..ROWS {
        for x in 0..COLUMNS {
            let shown = parser.screen().cell(y, x).expect("a cell of the screen");
            let wanted = &screen.shown[(x, y)];
            let text = if shown.has_contents() { shown.contents() } else { " " };
            if !shown.is_wide_continuation() {
                assert_eq!(text, wanted.symbol(), "row {y}, column {x}");
            }
            let background = if wanted.bg == Color::Blue {
                vt100::Color::Idx(4)
            } else {
                vt100::Color::Default
            };
            assert_eq!(shown.bgcolor(), background, "row {y}, column {x}");
            // Of a blank, bold is not seen.
            assert_eq!(
                shown.bold() && text != " ",
                wanted.modifier.contains(Modifier::BOLD) && text != " ",
                "row {y}, column {x}"
            );
        }
    }
}

#[test]
fn a_step_costs_the_row_that_comes_in() {
    let mut screen = Screen::new(COLUMNS, ROWS);
    let mut parser = parser();
    parser.process(&draw(&mut screen, 100, 1_000, "title", None));
    for (top, most) in [(101, 60), (104, 160), (103, 80), (100, 160)] {
        let bytes = draw(&mut screen, top, 1_000, "title", None);
        assert!(bytes.len() <= most, "{}", bytes.escape_ascii());
        parser.process(&bytes);
        assert_shows(&parser, &screen);
    }
    assert_eq!(draw(&mut screen, 100, 1_000, "title", None), b"", "nothing changed");
}

#[test]
fn the_cursor_is_where_it_was_put() {
    let mut screen = Screen::new(COLUMNS, ROWS);
    let mut parser = parser();
    parser.process(&draw(&mut screen, 0, 7, "title", None));
    assert!(parser.screen().hide_cursor());
    let at = Position::new(3, 5);
    parser.process(&draw(&mut screen, 0, 7, "title", Some(at)));
    assert!(!parser.screen().hide_cursor());
    assert_eq!(parser.screen().cursor_position(), (5, 3));
    // Another frame with the cursor where it was.
    parser.process(&draw(&mut screen, 1, 7, "other", Some(at)));
    assert_eq!(parser.screen().cursor_position(), (5, 3));
    assert_eq!(draw(&mut screen, 1, 7, "other", Some(at)), b"");
    parser.process(&draw(&mut screen, 1, 7, "other", None));
    assert!(parser.screen().hide_cursor());
}

proptest! {
    #[test]
    fn any_frames_one_after_the_other(frames in prop::collection::vec((0_usize..40, 2_usize..6, "[a-z]{0,8}", any::<bool>()), 1..12)) {
        let mut screen = Screen::new(COLUMNS, ROWS);
        let mut parser = parser();
        // What stood there before is nobody's.
        parser.process(b"\x1b[41mgarbage\r\nmore\x1b[5;5H");
        for (top, wide_every, title, has_cursor) in frames {
            let cursor = has_cursor.then_some(Position::new(1, 1));
            parser.process(&draw(&mut screen, top, wide_every, &title, cursor));
            assert_shows(&parser, &screen);
        }
    }

    #[test]
    fn any_words_anywhere(frames in prop::collection::vec(prop::collection::vec(placed(), 0..24), 1..10)) {
        let mut screen = Screen::new(COLUMNS, ROWS);
        let mut parser = parser();
        for words in frames {
            let draw = |_: Rect, buffer: &mut Buffer| {
                for (x, y, word, style) in &words {
                    buffer.set_string(*x, *y, word, *style);
                }
                None
            };
            parser.process(&screen.draw(draw).expect("memory takes all"));
            assert_shows(&parser, &screen);
        }
    }
}

/// A word in a style, at a column and a row: no word begins within another one, which no buffer
/// would survive that has wide characters.
fn placed() -> impl Strategy<Value = (u16, u16, &'static str, Style)> {
    let words = [
        "a",
        "of",
        "   ",
        "a word",
        "        ",
        "漢",
        "x漢y",
        "────────",
        " 漢漢",
        "9",
    ];
    let styles = [
        Style::new(),
        Style::new().add_modifier(Modifier::BOLD),
        Style::new().bg(Color::Blue),
        Style::new().fg(Color::Green).add_modifier(Modifier::BOLD),
    ];
    (
        prop::sample::select(vec![0, 8, 16]),
        0..ROWS,
        prop::sample::select(words.to_vec()),
        prop::sample::select(styles.to_vec()),
    )
}

/// A diff of a screen: a number, a sign and a text in each row, and a line that says where it is.
fn diff(first: usize, buffer: &mut Buffer) {
    for row in 0..ROWS - 1 {
        let line = first + usize::from(row);
        buffer.set_string(0, row, format!("{line:3}"), Style::new());
        buffer.set_string(4, row, "+", Style::new().fg(Color::Green).add_modifier(Modifier::BOLD));
        buffer.set_string(6, row, format!("step {line} of all"), Style::new().fg(Color::Green));
    }
    buffer.set_string(0, ROWS - 1, "up to the end", Style::new());
}

#[test]
fn rows_that_are_alike_are_written_column_by_column() {
    let mut screen = Screen::new(COLUMNS, ROWS);
    let bytes = |screen: &mut Screen, first| {
        let bytes = screen.draw(|_, buffer| {
            diff(first, buffer);
            None
        });
        bytes.expect("memory takes all")
    };
    let all = bytes(&mut screen, 100);
    // Row by row the three colours of each row would be told again.
    assert!(all.len() <= 411, "{}: {}", all.len(), all.escape_ascii());
    let changed = bytes(&mut screen, 200);
    assert!(changed.len() <= 90, "{}: {}", changed.len(), changed.escape_ascii());
}

#[test]
fn a_row_that_moved_and_changed_in_a_word_costs_the_word() {
    let mut screen = Screen::new(80, 24);
    let status = "new file   lines 1-10 of 14   NOT YET SHOWN: plan.txt            opened just now";
    let mut bytes = |row: u16, words: &str| {
        let bytes = screen.draw(|_, buffer| {
            buffer.set_string(0, row, words, Style::new());
            None
        });
        bytes.expect("memory takes all").len()
    };
    bytes(21, status);
    let moved = bytes(16, &status.replace("1-10", "1-99"));
    assert!(moved <= 45, "{moved}");
}
