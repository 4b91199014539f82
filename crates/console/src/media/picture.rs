//! A picture: its size, and a small copy to be drawn in blocks. Without the feature `images` no
//! picture is known.

use super::{MediaFact, MediaPair};

/// What is told of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureFacts {
    /// `PNG`, `JPEG`, `GIF`, `WebP`.
    pub(crate) format: &'static str,
    /// In pixels.
    pub(crate) width: u32,
    /// In pixels.
    pub(crate) height: u32,
    /// The small copy.
    pub(crate) small: Small,
}

/// A small copy of a picture, transparent parts on black.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Small {
    /// In pixels.
    pub(crate) width: usize,
    /// In pixels.
    pub(crate) height: usize,
    /// Red, green and blue, line by line from the top.
    pub(crate) pixels: Vec<[u8; 3]>,
}

impl Small {
    /// The mean colour of the part that falls on one of `columns` × `lines` cells; black outside.
    pub(crate) fn cell(&self, column: usize, line: usize, columns: usize, lines: usize) -> [u8; 3] {
        let part = |at: usize, cells: usize, pixels: usize| {
            let start = at * pixels / cells.max(1);
            let end = ((at + 1) * pixels).div_ceil(cells.max(1));
            start..end.min(pixels)
        };
        let mut sums = [0u64; 3];
        let mut count = 0u64;
        for y in part(line, lines, self.height) {
            for x in part(column, columns, self.width) {
                if let Some(pixel) = self.pixels.get(y * self.width + x) {
                    for (sum, value) in sums.iter_mut().zip(pixel) {
                        *sum += u64::from(*value);
                    }
                    count += 1;
                }
            }
        }
        sums.map(|sum| u8::try_from(sum.checked_div(count).unwrap_or(0)).unwrap_or(u8::MAX))
    }

    /// The largest size in columns and half lines that keeps the picture's proportions within a
    /// room; a half line is as high as a column is wide.
    pub(crate) fn fitting(&self, columns: usize, half_lines: usize) -> (usize, usize) {
        if self.width == 0 || self.height == 0 {
            return (0, 0);
        }
        let by_width = (columns, (columns * self.height).div_ceil(self.width));
        if by_width.1 <= half_lines {
            by_width
        } else {
            ((half_lines * self.width / self.height).max(1).min(columns), half_lines)
        }
    }
}

/// What is told of a picture, in words.
pub(crate) fn fact(pair: &MediaPair<PictureFacts>, differing: Option<f64>) -> MediaFact {
    let words = |told: &Result<PictureFacts, String>| match told {
        Ok(facts) => format!("{} {} x {}", facts.format, facts.width, facts.height),
        Err(why) => format!("not read: {why}"),
    };
    let size = |facts: &PictureFacts| (facts.width, facts.height);
    let now = pair.now.as_ref().ok();
    let is_same_size = pair.known_before().and_then(|before| Some(size(before) == size(now?)));
    let change = match (is_same_size, differing) {
        (Some(false), _) => "other size".to_owned(),
        (Some(true), Some(share)) if share > 0.0 => format!("{} of the pixels differ", percent(share)),
        (Some(true), Some(_)) => "every pixel the same".to_owned(),
        (Some(true) | None, _) => String::new(),
    };
    MediaFact {
        name: "picture",
        before: pair.before.as_ref().map(words).unwrap_or_default(),
        now: words(&pair.now),
        change,
        is_alarming: pair.now.is_err(),
    }
}

/// A share in words that never says none of something.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 0.1 {
        "less than 0.1 %".to_owned()
    } else {
        format!("{percent:.1} %")
    }
}

#[cfg(feature = "images")]
pub use decoded::{Decoded, facts, is_known};
#[cfg(not(feature = "images"))]
pub use unknown::{Decoded, facts, is_known};

#[cfg(feature = "images")]
mod decoded {
    use std::io::Cursor;

    use image::imageops::FilterType;
    use image::{DynamicImage, ImageFormat, ImageReader, Limits};

    use super::{PictureFacts, Small};

    /// The small copy is no larger than this: twice what the widest usual screen shows of one of
    /// two pictures.
    const SMALL_COLUMNS_MAX: u32 = 200;
    const SMALL_LINES_MAX: u32 = 120;

    /// A side of a picture may be this long, in pixels: more is not decoded.
    const SIDE_MAX: u32 = 16_384;
    /// Decoding may take this much memory, in bytes.
    const MEMORY_MAX: u64 = 256 << 20;

    /// A picture in full, while two of them are compared.
    #[derive(Debug)]
    pub struct Decoded {
        /// What is kept of it.
        pub(crate) facts: PictureFacts,
        pixels: DynamicImage,
    }

    impl Decoded {
        /// The share of pixels that differ, from 0 to 1; none for pictures of different sizes.
        pub(crate) fn differing(&self, other: &Self) -> Option<f64> {
            if (self.facts.width, self.facts.height) != (other.facts.width, other.facts.height) {
                return None;
            }
            let (mine, theirs) = (self.pixels.to_rgba8(), other.pixels.to_rgba8());
            let count = u64::from(self.facts.width) * u64::from(self.facts.height);
            let differing = mine
                .pixels()
                .zip(theirs.pixels())
                .filter(|(mine, theirs)| mine != theirs)
                .count();
            Some(differing as f64 / count.max(1) as f64)
        }
    }

    fn word(format: ImageFormat) -> Option<&'static str> {
        // Only these formats are compiled in.
        [
            (ImageFormat::Png, "PNG"),
            (ImageFormat::Jpeg, "JPEG"),
            (ImageFormat::Gif, "GIF"),
            (ImageFormat::WebP, "WebP"),
        ]
        .into_iter()
        .find_map(|(known, word)| (known == format).then_some(word))
    }

    /// Whether the bytes begin as a picture does that can be decoded here.
    pub fn is_known(bytes: &[u8]) -> bool {
        image::guess_format(bytes).is_ok_and(|format| word(format).is_some())
    }

    /// Decodes a picture (its first frame), within limits, or says why not.
    pub fn facts(bytes: &[u8]) -> Result<Decoded, String> {
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|error| error.to_string())?;
        let format = reader
            .format()
            .and_then(word)
            .ok_or("not a PNG, JPEG, GIF or WebP picture")?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(SIDE_MAX);
        limits.max_image_height = Some(SIDE_MAX);
        limits.max_alloc = Some(MEMORY_MAX);
        reader.limits(limits);
        let pixels = reader.decode().map_err(|error| error.to_string())?;
        let (width, height) = (pixels.width(), pixels.height());
        let small = if width <= SMALL_COLUMNS_MAX && height <= SMALL_LINES_MAX {
            pixels.to_rgba8()
        } else {
            pixels
                .resize(SMALL_COLUMNS_MAX, SMALL_LINES_MAX, FilterType::Triangle)
                .to_rgba8()
        };
        let on_black = |[red, green, blue, alpha]: [u8; 4]| {
            [red, green, blue].map(|value| u8::try_from(u16::from(value) * u16::from(alpha) / 255).unwrap_or(u8::MAX))
        };
        let small = Small {
            width: small.width() as usize,
            height: small.height() as usize,
            pixels: small.pixels().map(|pixel| on_black(pixel.0)).collect(),
        };
        let facts = PictureFacts {
            format,
            width,
            height,
            small,
        };
        Ok(Decoded { facts, pixels })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn png(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
            let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb(colour(x, y)));
            let mut bytes = Cursor::new(Vec::new());
            picture
                .write_to(&mut bytes, ImageFormat::Png)
                .expect("a PNG is written");
            bytes.into_inner()
        }

        #[test]
        fn a_picture_is_told_by_its_size_and_a_small_copy() {
            let bytes = png(400, 100, |x, _| if x < 200 { [200, 0, 0] } else { [0, 0, 90] });
            assert!(is_known(&bytes) && !is_known(b"plain text"));
            let facts = facts(&bytes).expect("it is decoded").facts;
            assert_eq!((facts.format, facts.width, facts.height), ("PNG", 400, 100));
            assert_eq!((facts.small.width, facts.small.height), (200, 50));
            assert_eq!(facts.small.cell(0, 0, 10, 5), [200, 0, 0]);
            assert_eq!(facts.small.cell(9, 4, 10, 5), [0, 0, 90]);
            assert_eq!(facts.small.fitting(40, 40), (40, 10));
            assert_eq!(facts.small.fitting(40, 4), (16, 4));
        }

        #[test]
        fn pixels_that_differ_are_counted() {
            let all = facts(&png(10, 10, |_, _| [9, 9, 9])).expect("decoded");
            let some =
                facts(&png(10, 10, |x, y| if x == 0 && y < 5 { [9, 9, 8] } else { [9, 9, 9] })).expect("decoded");
            assert_eq!(all.differing(&some), Some(0.05));
            let other = facts(&png(11, 10, |_, _| [9, 9, 9])).expect("decoded");
            assert_eq!(all.differing(&other), None);
        }

        #[test]
        fn what_would_take_too_much_is_refused() {
            let mut bytes = png(2, 2, |_, _| [1, 1, 1]);
            // The size that the header claims, and its checksum as a PNG of that size would have
            // it.
            bytes[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
            assert!(facts(&bytes).is_err());
            assert!(facts(&bytes[..30]).is_err(), "cut off");
        }
    }
}

#[cfg(not(feature = "images"))]
mod unknown {
    use super::PictureFacts;

    /// There are none.
    #[derive(Debug)]
    pub struct Decoded {
        /// What is kept of it.
        pub(crate) facts: PictureFacts,
    }

    impl Decoded {
        /// Nothing is compared.
        pub(crate) fn differing(&self, _other: &Self) -> Option<f64> {
            None
        }
    }

    /// No picture is known.
    pub fn is_known(_bytes: &[u8]) -> bool {
        false
    }

    /// Pictures were left out of this program.
    pub fn facts(_bytes: &[u8]) -> Result<Decoded, String> {
        Err("this program was built without the feature images".to_owned())
    }
}
