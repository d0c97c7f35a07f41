//! SVG in, PNG out, with the embedded fonts only: the same bytes on every machine.
//!
//! It must not know what the drawing shows.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::error::PlotError;

/// Largest side of a picture in pixels.
const LARGEST_SIDE: f32 = 20_000.0;

/// Turns an SVG into a PNG of `scale` times its size in pixels.
pub fn png_from_svg(svg: &str, scale: f32) -> Result<Vec<u8>, PlotError> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let options = Options { fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_str(svg, &options)?;
    let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
    let fits = |side: f32| (1.0..=LARGEST_SIDE).contains(&side);
    if !fits(width) || !fits(height) {
        return Err(PlotError::Png(format!("a picture of {width} by {height} pixels")));
    }
    let mut picture = Pixmap::new(width.round() as u32, height.round() as u32)
        .ok_or_else(|| PlotError::Png(format!("no memory for {width} by {height} pixels")))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
    picture.encode_png().map_err(|e| PlotError::Png(e.to_string()))
}
