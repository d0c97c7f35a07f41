//! The sheet that charts are drawn on: pixels in, SVG text out.
//!
//! The only file that draws with `plotters`. Its backend takes whole numbers only, so the sheet is
//! ruled ten units to the pixel, which rounds every coordinate to 0.1 px. It must not know of axes
//! or charts.

use plotters::coord::Shift;
use plotters::element::{DashedPathElement, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{DrawingArea, IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, ShapeStyle, register_font,
};

use super::error::PlotError;
use super::geometry::{Rect, Xy};
use super::style::{Colour, INK, WHITE, marker};

/// SVG units per pixel.
const UNIT: f64 = 10.0;
/// Fonts in order of preference; the first is embedded and used for measuring.
const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";
/// `plotters` writes a font size divided by this.
const PLOTTERS_FONT_SCALE: f64 = 1.24;
/// DejaVu Sans: ascent plus descent over em, the size the measuring code expects.
const LINE_PER_EM: f64 = 1.164;
/// From the top of text as `plotters` anchors it to the middle of its capitals, over em.
const TOP_TO_MIDDLE: f64 = 0.76 - 0.365;

/// How solid markers are.
const MARKER_OPACITY: f64 = 0.85;
/// Largest side of a page in pixels.
const LARGEST_SIDE: u32 = 10_000;

/// How a stroke looks.
#[derive(Clone, Copy)]
pub(super) struct Pen {
    pub colour: Colour,
    pub width: f64,
    pub dash: Option<(f64, f64)>,
}

/// Where the given position lies along a text.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Start,
    Middle,
    End,
}

/// How a text looks; its position is always the middle of its height.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub size: f64,
    pub bold: bool,
    pub colour: Colour,
    pub align: Align,
    /// Reads from bottom to top.
    pub upright: bool,
}

impl Type {
    /// Ticks, labels, legends.
    pub const SMALL: Self =
        Self { size: 12.0, bold: false, colour: INK, align: Align::Start, upright: false };
    /// The same, centred.
    pub const CENTRED: Self = Self { align: Align::Middle, ..Self::SMALL };
    /// The same, read from bottom to top.
    pub const UPRIGHT: Self = Self { upright: true, ..Self::SMALL };
    /// Axis labels.
    pub const MEDIUM: Self = Self { size: 13.0, align: Align::Middle, ..Self::SMALL };

    fn style(&self) -> FontStyle {
        if self.bold { FontStyle::Bold } else { FontStyle::Normal }
    }

    /// Width of `text` in pixels.
    pub fn width(&self, text: &str) -> Result<f64, PlotError> {
        let font =
            FontDesc::new(FontFamily::Name(FAMILY), self.size * UNIT * LINE_PER_EM, self.style());
        let (width, _) = font.box_size(text).map_err(|e| PlotError::Draw(e.to_string()))?;
        Ok(f64::from(width) / UNIT)
    }

    /// The widest of several texts.
    pub fn widest<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Result<f64, PlotError> {
        texts.into_iter().try_fold(0.0_f64, |widest, text| Ok(widest.max(self.width(text)?)))
    }

    /// Breaks `text` at spaces so that every line fits `room`; a single long word stays whole.
    pub fn wrap(&self, text: &str, room: f64) -> Result<Vec<String>, PlotError> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}"))? <= room => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_string()),
            }
        }
        Ok(lines)
    }
}

/// A sheet being drawn on.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Draws a white page of `width` by `height` pixels and returns it as SVG.
pub(super) fn render(
    width: u32,
    height: u32,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), PlotError>,
) -> Result<String, PlotError> {
    if width > LARGEST_SIDE || height > LARGEST_SIDE {
        return Err(PlotError::Draw(format!("a page of {width} by {height} pixels")));
    }
    let embedded =
        [(FontStyle::Normal, dejavu::sans::regular()), (FontStyle::Bold, dejavu::sans::bold())];
    for (style, bytes) in embedded {
        register_font(FAMILY, style, bytes)
            .map_err(|_| PlotError::Draw("the embedded font is broken".into()))?;
    }
    let units = (width * UNIT as u32, height * UNIT as u32);
    let mut svg = String::new();
    {
        let canvas = Canvas { area: SVGBackend::with_string(&mut svg, units).into_drawing_area() };
        let (x1, y1) = (f64::from(width), f64::from(height));
        canvas.fill(Rect { x0: 0.0, y0: 0.0, x1, y1 }, WHITE)?;
        draw(&canvas)?;
        canvas.area.present().map_err(|e| PlotError::Draw(e.to_string()))?;
    }
    // `plotters` states the page size in units; only the viewBox should stay in them.
    let in_units = format!("width=\"{}\" height=\"{}\"", units.0, units.1);
    Ok(svg.replacen(&in_units, &format!("width=\"{width}\" height=\"{height}\""), 1))
}

/// Pixels to whole units.
fn unit(position: Xy) -> (i32, i32) {
    ((position.0 * UNIT).round() as i32, (position.1 * UNIT).round() as i32)
}

fn length(pixels: f64) -> u32 {
    (pixels * UNIT).round() as u32
}

impl Canvas<'_> {
    /// A filled rectangle.
    pub fn fill(&self, rect: Rect, colour: Colour) -> Result<(), PlotError> {
        let corners = [unit((rect.x0, rect.y0)), unit((rect.x1, rect.y1))];
        self.put(&Rectangle::new(corners, filled(colour)))
    }

    /// A line through `points`.
    pub fn line(&self, points: &[Xy], pen: Pen) -> Result<(), PlotError> {
        let style =
            ShapeStyle { color: pen.colour.into(), filled: false, stroke_width: length(pen.width) };
        let points: Vec<_> = points.iter().map(|&p| unit(p)).collect();
        match pen.dash {
            None => self.put(&PathElement::new(points, style)),
            Some((on, off)) => {
                let (on, off) = (length(on), length(off));
                self.put(&DashedPathElement::new(points, on, off, style))
            }
        }
    }

    /// The marker of the n-th series, with a thin white rim that parts it from its neighbours; one
    /// below it shines through.
    pub fn marker(&self, nth: usize, at: Xy, radius: f64, colour: Colour) -> Result<(), PlotError> {
        let body: Vec<_> = marker(nth, at, radius).into_iter().map(unit).collect();
        let tint = ShapeStyle { color: colour.mix(MARKER_OPACITY), ..filled(colour) };
        self.put(&Polygon::new(body, tint))?;
        let mut rim = marker(nth, at, radius + 0.6);
        rim.extend(rim.first().copied());
        self.line(&rim, Pen { colour: WHITE, width: 1.2, dash: None })
    }

    /// A circle.
    pub fn ring(&self, at: Xy, radius: f64, pen: Pen) -> Result<(), PlotError> {
        let mut rim = marker(0, at, radius);
        rim.extend(rim.first().copied());
        self.line(&rim, pen)
    }

    /// One line of text, centred on `at` across its reading direction.
    pub fn text(&self, text: &str, at: Xy, look: Type) -> Result<(), PlotError> {
        let lift = TOP_TO_MIDDLE * look.size;
        let (at, turn) = if look.upright {
            ((at.0 - lift, at.1), FontTransform::Rotate270)
        } else {
            ((at.0, at.1 - lift), FontTransform::None)
        };
        let h_pos = match look.align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        let size = look.size * UNIT * PLOTTERS_FONT_SCALE;
        let style = FontDesc::new(FontFamily::Name(FAMILY), size, look.style())
            .transform(turn)
            .color(&look.colour)
            .pos(Pos::new(h_pos, VPos::Top));
        self.put(&Text::new(text.to_string(), unit(at), style))
    }

    fn put<'e, E>(&self, element: &'e E) -> Result<(), PlotError>
    where
        &'e E: plotters::element::PointCollection<'e, (i32, i32)>,
        E: for<'b> plotters::element::Drawable<SVGBackend<'b>>,
    {
        self.area.draw(element).map_err(|e| PlotError::Draw(e.to_string()))
    }
}

fn filled(colour: Colour) -> ShapeStyle {
    ShapeStyle { color: colour.into(), filled: true, stroke_width: 0 }
}
