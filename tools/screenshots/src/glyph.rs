//! Lines, blocks and braille drawn as shapes: a font's glyphs for the first two leave gaps between the rows, the last it lacks.

use std::fmt::Write as _;

/// A cell in units of the drawing.
#[derive(Clone, Copy)]
pub struct Place {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// The shapes of a line, block or braille character, none when it is a letter for the font. `fill` is a colour.
pub fn shapes(character: char, place: Place, fill: &str) -> Option<String> {
    block(character, place, fill)
        .or_else(|| line(character, place, fill))
        .or_else(|| braille(character, place, fill))
}

/// Eight dots in two columns, as spinners use them.
fn braille(character: char, place: Place, fill: &str) -> Option<String> {
    /// Column and row of the dot that each bit stands for.
    const DOTS: [(u32, u32); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
    let set = u32::from(character).checked_sub(0x2800).filter(|set| *set < 256)?;
    let (step_x, step_y) = (f64::from(place.width) / 2.0, f64::from(place.height) / 4.0);
    let mut out = String::new();
    for ((column, row), bit) in DOTS.into_iter().zip(0..) {
        if set >> bit & 1 == 1 {
            let x = f64::from(place.x) + (f64::from(column) + 0.5) * step_x - 1.0;
            let y = f64::from(place.y) + (f64::from(row) + 0.5) * step_y - 1.0;
            rect(&mut out, x, y, 2.0, 2.0, fill, 1.0);
        }
    }
    Some(out)
}

fn rect(out: &mut String, x: f64, y: f64, width: f64, height: f64, fill: &str, opacity: f64) {
    let opacity = if opacity < 1.0 {
        format!(" fill-opacity=\"{opacity}\"")
    } else {
        String::new()
    };
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"{opacity}/>"
    );
}

fn block(character: char, place: Place, fill: &str) -> Option<String> {
    let (x, y) = (f64::from(place.x), f64::from(place.y));
    let (width, height) = (f64::from(place.width), f64::from(place.height));
    let code = u32::from(character);
    let mut out = String::new();
    let mut part = |left: f64, top: f64, right: f64, bottom: f64, opacity: f64| {
        rect(
            &mut out,
            x + left * width,
            y + top * height,
            (right - left) * width,
            (bottom - top) * height,
            fill,
            opacity,
        );
    };
    match code {
        0x2580 => part(0.0, 0.0, 1.0, 0.5, 1.0),
        // Growing from the bottom in eighths, up to the full block.
        0x2581..=0x2588 => part(0.0, 1.0 - f64::from(code - 0x2580) / 8.0, 1.0, 1.0, 1.0),
        // Shrinking towards the left in eighths.
        0x2589..=0x258f => part(0.0, 0.0, f64::from(0x2590 - code) / 8.0, 1.0, 1.0),
        0x2590 => part(0.5, 0.0, 1.0, 1.0, 1.0),
        0x2591..=0x2593 => part(0.0, 0.0, 1.0, 1.0, f64::from(code - 0x2590) / 4.0),
        0x2594 => part(0.0, 0.0, 1.0, 0.125, 1.0),
        0x2595 => part(0.875, 0.0, 1.0, 1.0, 1.0),
        0x2596..=0x259f => {
            // Bits: upper left, upper right, lower left, lower right.
            const QUADRANTS: [u8; 10] = [2, 1, 8, 11, 9, 14, 13, 4, 6, 7];
            let set = QUADRANTS[(code - 0x2596) as usize];
            for (bit, left, top) in [(8, 0.0, 0.0), (4, 0.5, 0.0), (2, 0.0, 0.5), (1, 0.5, 0.5)] {
                if set & bit != 0 {
                    part(left, top, left + 0.5, top + 0.5, 1.0);
                }
            }
        }
        _ => return None,
    }
    Some(out)
}

/// Up, right, down, left: 0 none, 1 light, 2 heavy.
fn arms(character: char) -> Option<[u8; 4]> {
    Some(match character {
        '─' => [0, 1, 0, 1],
        '━' => [0, 2, 0, 2],
        '│' => [1, 0, 1, 0],
        '┃' => [2, 0, 2, 0],
        '┌' => [0, 1, 1, 0],
        '┐' => [0, 0, 1, 1],
        '└' => [1, 1, 0, 0],
        '┘' => [1, 0, 0, 1],
        '├' => [1, 1, 1, 0],
        '┤' => [1, 0, 1, 1],
        '┬' => [0, 1, 1, 1],
        '┴' => [1, 1, 0, 1],
        '┼' => [1, 1, 1, 1],
        '┏' => [0, 2, 2, 0],
        '┓' => [0, 0, 2, 2],
        '┗' => [2, 2, 0, 0],
        '┛' => [2, 0, 0, 2],
        '┣' => [2, 2, 2, 0],
        '┫' => [2, 0, 2, 2],
        '┳' => [0, 2, 2, 2],
        '┻' => [2, 2, 0, 2],
        '╋' => [2, 2, 2, 2],
        '╴' => [0, 0, 0, 1],
        '╵' => [1, 0, 0, 0],
        '╶' => [0, 1, 0, 0],
        '╷' => [0, 0, 1, 0],
        '╸' => [0, 0, 0, 2],
        '╹' => [2, 0, 0, 0],
        '╺' => [0, 2, 0, 0],
        '╻' => [0, 0, 2, 0],
        '┠' => [2, 1, 2, 0],
        '┨' => [2, 0, 2, 1],
        '┝' => [1, 2, 1, 0],
        '┥' => [1, 0, 1, 2],
        '┯' => [0, 2, 1, 2],
        '┷' => [1, 2, 0, 2],
        _ => return None,
    })
}

fn line(character: char, place: Place, fill: &str) -> Option<String> {
    let (x, y) = (f64::from(place.x), f64::from(place.y));
    let (width, height) = (f64::from(place.width), f64::from(place.height));
    // A light line is one unit wide and lies on whole units, so that it is sharp.
    let (middle_x, middle_y) = ((width / 2.0).floor(), (height / 2.0).floor());
    let mut out = String::new();
    if let Some(corner) = round_corner(character, middle_x + 0.5, middle_y + 0.5, width, height) {
        let _ = write!(
            out,
            "<path transform=\"translate({x} {y})\" d=\"{corner}\" fill=\"none\" stroke=\"{fill}\"/>"
        );
        return Some(out);
    }
    let arms = arms(character)?;
    let half = |weight: u8| if weight == 2 { 0.5 } else { 0.0 };
    let joint = half(*arms.iter().max()?);
    for (weight, arm) in arms.into_iter().zip(0..) {
        if weight == 0 {
            continue;
        }
        let wide = 1.0 + 2.0 * half(weight);
        let (left, top) = (middle_x - half(weight), middle_y - half(weight));
        let (to_right, to_bottom) = (middle_x + 1.0 + joint, middle_y + 1.0 + joint);
        let (from_left, from_top) = (middle_x - joint, middle_y - joint);
        let (at_x, at_y, long_x, long_y) = match arm {
            0 => (left, 0.0, wide, to_bottom),
            1 => (from_left, top, width - from_left, wide),
            2 => (left, from_top, wide, height - from_top),
            _ => (0.0, top, to_right, wide),
        };
        rect(&mut out, x + at_x, y + at_y, long_x, long_y, fill, 1.0);
    }
    Some(out)
}

fn round_corner(character: char, middle_x: f64, middle_y: f64, width: f64, height: f64) -> Option<String> {
    let (end_x, end_y) = match character {
        '╭' => (width, height),
        '╮' => (0.0, height),
        '╰' => (width, 0.0),
        '╯' => (0.0, 0.0),
        _ => return None,
    };
    Some(format!("M{middle_x} {end_y}Q{middle_x} {middle_y} {end_x} {middle_y}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        x: 9,
        y: 18,
        width: 9,
        height: 18,
    };

    #[test]
    fn lines_reach_the_edges_of_their_cell() {
        assert_eq!(
            shapes('│', PLACE, "#fff").unwrap(),
            "<rect x=\"13\" y=\"18\" width=\"1\" height=\"10\" fill=\"#fff\"/>\
             <rect x=\"13\" y=\"27\" width=\"1\" height=\"9\" fill=\"#fff\"/>"
        );
    }

    #[test]
    fn the_full_block_fills_its_cell_and_letters_are_for_the_font() {
        assert_eq!(
            shapes('█', PLACE, "#fff").unwrap(),
            "<rect x=\"9\" y=\"18\" width=\"9\" height=\"18\" fill=\"#fff\"/>"
        );
        assert_eq!(shapes('A', PLACE, "#fff"), None);
    }
}
