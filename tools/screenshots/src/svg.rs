//! A screen as a drawing: backgrounds in merged stretches, letters on whole-unit columns, lines and blocks as shapes.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

use crate::glyph::{self, Place};
use crate::palette::{EDGE, GROUND, INK, Rgb, dimmed, hex, rgb};
use crate::picture::FONT_FAMILY;
use crate::screen;

const CELL_WIDTH: u32 = 9;
const CELL_HEIGHT: u32 = 19;
/// From the top of a cell down to where letters stand.
const BASELINE: u32 = 14;
/// The font's advance is 1233 of 2048 parts of its size: at this size a letter is exactly one cell wide.
const FONT_SIZE: f64 = CELL_WIDTH as f64 * 2048.0 / 1233.0;
const MARGIN: u32 = 18;
const CORNER: u32 = 9;

/// What a cell is drawn with.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: Rgb,
    ground: Rgb,
    is_bold: bool,
    is_underlined: bool,
    is_italic: bool,
}

fn look(cell: Option<&Cell>, is_cursor: bool) -> Look {
    let (fg, bg) = cell.map_or((Color::Default, Color::Default), |cell| {
        (cell.fgcolor(), cell.bgcolor())
    });
    let is_set = |attribute: fn(&Cell) -> bool| cell.is_some_and(attribute);
    let (mut ink, mut ground) = (rgb(fg, INK), rgb(bg, GROUND));
    if is_set(Cell::dim) {
        ink = dimmed(ink, ground);
    }
    if is_set(Cell::inverse) != is_cursor {
        std::mem::swap(&mut ink, &mut ground);
    }
    Look {
        ink,
        ground,
        is_bold: is_set(Cell::bold),
        is_underlined: is_set(Cell::underline),
        is_italic: is_set(Cell::italic),
    }
}

/// The drawing of a screen in its window.
pub fn draw(screen: &Screen) -> String {
    let (columns, rows) = screen::size(screen);
    let (inner_width, inner_height) = (u32::from(columns) * CELL_WIDTH, u32::from(rows) * CELL_HEIGHT);
    let (width, height) = (inner_width + 2 * MARGIN, inner_height + 2 * MARGIN);
    let cursor = (!screen.hide_cursor()).then(|| screen.cursor_position());
    let mut grounds = String::new();
    let mut inks = String::new();
    for row in 0..rows {
        let looks: Vec<Look> = (0..columns)
            .map(|column| look(screen.cell(row, column), cursor == Some((row, column))))
            .collect();
        draw_grounds(&mut grounds, row, &looks);
        draw_inks(&mut inks, row, &looks, screen);
    }
    let (frame_width, frame_height) = (width - 1, height - 1);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{frame_width}\" height=\"{frame_height}\" rx=\"{CORNER}\" fill=\"{}\" stroke=\"{}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\" font-family=\"{FONT_FAMILY}\" font-size=\"{FONT_SIZE}\" xml:space=\"preserve\">\n\
         <g shape-rendering=\"crispEdges\">\n{grounds}</g>\n{inks}</g>\n</svg>\n",
        hex(GROUND),
        hex(EDGE),
    )
}

/// Equal neighbours are one rectangle: single ones would show seams.
fn draw_grounds(out: &mut String, row: u16, looks: &[Look]) {
    let mut column = 0;
    for stretch in looks.chunk_by(|one, next| one.ground == next.ground) {
        let length = stretch.len() as u32;
        let ground = stretch[0].ground;
        if ground != GROUND {
            let (x, y) = (column * CELL_WIDTH, u32::from(row) * CELL_HEIGHT);
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{CELL_HEIGHT}\" fill=\"{}\"/>",
                length * CELL_WIDTH,
                hex(ground)
            );
        }
        column += length;
    }
}

fn draw_inks(out: &mut String, row: u16, looks: &[Look], screen: &Screen) {
    let top = u32::from(row) * CELL_HEIGHT;
    let mut column: u16 = 0;
    for stretch in looks.chunk_by(|one, next| one == next) {
        let look = stretch[0];
        let fill = hex(look.ink);
        let mut letters = String::new();
        let mut columns: Vec<String> = Vec::new();
        for _ in stretch {
            let x = u32::from(column) * CELL_WIDTH;
            let contents = screen.cell(row, column).map_or("", Cell::contents);
            column += 1;
            let mut characters = contents.chars();
            let (Some(first), rest) = (characters.next(), characters.as_str()) else {
                continue;
            };
            let place = Place {
                x,
                y: top,
                width: CELL_WIDTH,
                height: CELL_HEIGHT,
            };
            if let Some(shapes) = glyph::shapes(first, place, &fill) {
                let _ = writeln!(out, "<g shape-rendering=\"crispEdges\">{shapes}</g>");
            } else if !rest.is_empty() {
                // A letter with marks stands alone: positions are counted in characters, and its marks take none.
                draw_text(out, &look, &x.to_string(), top, contents);
            } else if first != ' ' {
                letters.push(first);
                columns.push(x.to_string());
            }
        }
        if !letters.is_empty() {
            draw_text(out, &look, &columns.join(" "), top, &letters);
        }
        if look.is_underlined {
            let width = stretch.len() as u32 * CELL_WIDTH;
            let x = u32::from(column) * CELL_WIDTH - width;
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"1\" fill=\"{fill}\"/>",
                top + BASELINE + 2
            );
        }
    }
}

fn draw_text(out: &mut String, look: &Look, columns: &str, top: u32, letters: &str) {
    let weight = if look.is_bold { " font-weight=\"bold\"" } else { "" };
    let baseline = top + BASELINE;
    // There is no italic face among the fonts: the upright one is slanted about its baseline.
    let place = if look.is_italic {
        format!("y=\"0\" transform=\"translate(0 {baseline}) skewX(-11)\"")
    } else {
        format!("y=\"{baseline}\"")
    };
    let letters = letters.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text x=\"{columns}\" {place} fill=\"{}\"{weight}>{letters}</text>",
        hex(look.ink)
    );
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn drawn(output: &str) -> String {
        let mut parser = vt100::Parser::new(NonZeroU16::new(2).unwrap(), NonZeroU16::new(10).unwrap(), 0);
        parser.process(b"\x1b[?25l");
        parser.process(output.as_bytes());
        draw(parser.screen())
    }

    #[test]
    fn equal_backgrounds_are_one_rectangle() {
        let svg = drawn("\x1b[41mab\x1b[32mcd\x1b[0mef");
        assert_eq!(svg.matches("<rect x=\"0\" y=\"0\" width=\"36\"").count(), 1);
        assert!(
            svg.contains("<text x=\"18 27\" y=\"14\" fill=\"#8bc873\">cd</text>"),
            "{svg}"
        );
    }

    #[test]
    fn reverse_exchanges_the_two_colours() {
        let svg = drawn("\x1b[7m>");
        assert!(svg.contains("width=\"9\" height=\"19\" fill=\"#d3d9e2\""), "{svg}");
        assert!(svg.contains("fill=\"#14181f\">></text>"), "{svg}");
    }

    #[test]
    fn what_would_be_markup_is_text() {
        assert!(drawn("<&>").contains("&lt;&amp;></text>"));
    }
}
