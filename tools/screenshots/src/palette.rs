//! The sixteen colours of the pictures, on a dark ground, and the rest of the 256.

use vt100::Color;

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// The window.
pub const GROUND: Rgb = (0x14, 0x18, 0x1f);
/// The line around the window.
pub const EDGE: Rgb = (0x2c, 0x33, 0x3e);
/// Letters without a colour of their own.
pub const INK: Rgb = (0xd3, 0xd9, 0xe2);

/// One lightness within each row, so that no colour shouts on its own account; red and yellow may.
const SIXTEEN: [Rgb; 16] = [
    (0x20, 0x26, 0x30),
    (0xf2, 0x6d, 0x6d),
    (0x8b, 0xc8, 0x73),
    (0xe8, 0xc2, 0x68),
    (0x6c, 0xa8, 0xf0),
    (0xc9, 0x91, 0xe8),
    (0x5e, 0xc6, 0xcb),
    (0xc4, 0xcb, 0xd6),
    (0x6b, 0x76, 0x86),
    (0xff, 0x93, 0x8c),
    (0xa9, 0xe0, 0x90),
    (0xf7, 0xd9, 0x8e),
    (0x95, 0xc4, 0xff),
    (0xdf, 0xb5, 0xf7),
    (0x86, 0xe0, 0xe3),
    (0xf4, 0xf6, 0xfa),
];

/// What a terminal colour looks like; `default` is what the program left to the terminal.
pub fn rgb(color: Color, default: Rgb) -> Rgb {
    match color {
        Color::Default => default,
        Color::Rgb(red, green, blue) => (red, green, blue),
        Color::Idx(index) => match index {
            0..=15 => SIXTEEN[usize::from(index)],
            // xterm's cube of six steps a side, then its greys.
            16..=231 => {
                let step = |number: u8| if number == 0 { 0 } else { 55 + 40 * number };
                let index = index - 16;
                (step(index / 36), step(index / 6 % 6), step(index % 6))
            }
            232..=255 => {
                let grey = 8 + 10 * (index - 232);
                (grey, grey, grey)
            }
        },
    }
}

/// The colour 70 % of the way from `ground` to `ink`: dim letters.
pub fn dimmed(ink: Rgb, ground: Rgb) -> Rgb {
    let mix = |ink: u8, ground: u8| ((u16::from(ink) * 7 + u16::from(ground) * 3) / 10) as u8;
    (mix(ink.0, ground.0), mix(ink.1, ground.1), mix(ink.2, ground.2))
}

/// `#rrggbb`.
pub fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
