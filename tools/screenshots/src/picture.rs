//! From SVG to PNG, with the two fonts that are part of this package, so that every machine makes the same bytes.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Pixels of the picture for one unit of the drawing.
const ZOOM: f32 = 2.0;

/// The family of the fonts below.
pub const FONT_FAMILY: &str = "DejaVu Sans Mono";

pub struct Painter {
    options: Options<'static>,
}

impl Painter {
    pub fn new() -> Self {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(include_bytes!("../fonts/DejaVuSansMono.ttf").to_vec());
        fonts.load_font_data(include_bytes!("../fonts/DejaVuSansMono-Bold.ttf").to_vec());
        let options = Options {
            font_family: FONT_FAMILY.to_owned(),
            fontdb: Arc::new(fonts),
            ..Options::default()
        };
        Self { options }
    }

    /// The PNG of a drawing.
    pub fn png(&self, svg: &str) -> Result<Vec<u8>, String> {
        let tree = Tree::from_str(svg, &self.options).map_err(|error| format!("the drawing is no SVG: {error}"))?;
        let size = tree
            .size()
            .to_int_size()
            .scale_by(ZOOM)
            .ok_or("the drawing has no size")?;
        let mut pixels = Pixmap::new(size.width(), size.height()).ok_or("the drawing is too large")?;
        resvg::render(&tree, Transform::from_scale(ZOOM, ZOOM), &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| error.to_string())
    }
}
