//! A screen as text, with a legend of its styles: a letter for every style, a line of letters under
//! every styled line.

use std::fmt::Write;

use console::model::Model;
use console::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

fn style(cell: &Cell) -> String {
    let mut words = Vec::new();
    if cell.fg != Color::Reset {
        words.push(format!("{:?}", cell.fg).to_lowercase());
    }
    assert_eq!(cell.bg, Color::Reset, "the terminal's own background is kept");
    for (modifier, word) in [
        (Modifier::BOLD, "bold"),
        (Modifier::REVERSED, "reversed"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::DIM, "dim"),
    ] {
        if cell.modifier.contains(modifier) {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}

/// The screen, `|` at both ends of every line; then the styles.
pub fn picture(model: &Model) -> String {
    let (columns, rows) = model.window.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut cursor = None;
    terminal
        .draw(|frame| {
            let area = frame.area();
            cursor = view::draw(model, area, frame.buffer_mut());
        })
        .unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    let mut legend: Vec<String> = Vec::new();
    let mut runs = String::new();
    for y in 0..rows {
        let mut line = String::new();
        let mut skip = 0;
        let mut row_runs: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..columns {
            let cell = &buffer[(x, y)];
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
            } else {
                skip -= 1;
            }
            let style = style(cell);
            match row_runs.last_mut() {
                Some((_, end, former)) if *former == style && *end + 1 == x => *end = x,
                _ => row_runs.push((x, x, style)),
            }
        }
        writeln!(text, "|{line}|").unwrap();
        for (from, to, style) in row_runs.into_iter().filter(|(_, _, style)| !style.is_empty()) {
            let index = legend.iter().position(|known| *known == style).unwrap_or_else(|| {
                legend.push(style);
                legend.len() - 1
            });
            let letter = char::from(b'a' + index as u8);
            write!(runs, "{y}:{from}-{to}{letter} ").unwrap();
        }
    }
    if let Some(cursor) = cursor {
        writeln!(text, "cursor {},{}", cursor.x, cursor.y).unwrap();
    }
    for (index, style) in legend.iter().enumerate() {
        writeln!(text, "{} {style}", char::from(b'a' + index as u8)).unwrap();
    }
    text.push_str(runs.trim_end());
    text
}

/// The text alone.
pub fn text(model: &Model) -> String {
    let picture = picture(model);
    let lines = picture.lines().take_while(|line| line.starts_with('|'));
    lines
        .map(|line| line.trim_matches('|').trim_end())
        .collect::<Vec<_>>()
        .join("\n")
}
