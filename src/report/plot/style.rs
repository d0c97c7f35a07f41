//! Colours, marker shapes, dash patterns and text sizes: how the n-th thing looks.
//!
//! The palette is Okabe and Ito's, which colour-blind readers can tell apart; shapes and dashes
//! change along with it so that colour is never the only cue. It must not know what is drawn.

pub(super) use plotters::style::RGBColor as Colour;

use super::geometry::Xy;
use serde::Serialize;

/// Text and axis lines.
pub(super) const INK: Colour = Colour(0x22, 0x22, 0x22);
/// Secondary text: subtitles, footnotes.
pub(super) const GREY: Colour = Colour(0x5A, 0x5A, 0x5A);
/// Labelled grid lines.
pub(super) const GRID: Colour = Colour(0xDD, 0xDD, 0xDD);
/// Grid lines between the labelled ones.
pub(super) const FAINT: Colour = Colour(0xF0, 0xF0, 0xF0);
/// The page.
pub(super) const WHITE: Colour = Colour(0xFF, 0xFF, 0xFF);

/// Half the size of a marker, in pixels.
pub(super) const MARKER_RADIUS: f64 = 6.0;

const PALETTE: [Colour; 8] = [
    Colour(0x00, 0x72, 0xB2), // blue
    Colour(0xD5, 0x5E, 0x00), // vermillion
    Colour(0x00, 0x9E, 0x73), // bluish green
    Colour(0xCC, 0x79, 0xA7), // reddish purple
    Colour(0xE6, 0x9F, 0x00), // orange
    Colour(0x56, 0xB4, 0xE9), // sky blue
    Colour(0x00, 0x00, 0x00), // black
    Colour(0xF0, 0xE4, 0x42), // yellow
];

/// Dash and gap in pixels; `None` is a solid line.
const DASHES: [Option<(f64, f64)>; 5] =
    [None, Some((9.0, 4.0)), Some((3.0, 3.0)), Some((16.0, 5.0)), Some((6.0, 7.0))];

/// A marker as a regular star: `corners` tips, turned by `turn` (fraction of a full turn, 0 points
/// up), `waist` the inner radius over the outer one (`None`: a plain polygon).
struct Shape {
    corners: u32,
    turn: f64,
    waist: Option<f64>,
    size: f64,
}

const SHAPES: [Shape; 9] = [
    shape(32, 0.0, None, 0.92),
    shape(4, 0.125, None, 1.15),
    shape(3, 0.0, None, 1.2),
    shape(4, 0.0, None, 1.15),
    shape(3, 0.5, None, 1.2),
    shape(5, 0.0, Some(0.45), 1.3),
    shape(4, 0.125, Some(0.38), 1.35),
    shape(6, 0.0, None, 1.05),
    shape(4, 0.0, Some(0.38), 1.3),
];

const fn shape(corners: u32, turn: f64, waist: Option<f64>, size: f64) -> Shape {
    Shape { corners, turn, waist, size }
}

/// The colour of the n-th series.
pub(super) fn colour(nth: usize) -> Colour {
    PALETTE[nth % PALETTE.len()]
}

/// The dash pattern of the n-th series.
pub(super) fn dash(nth: usize) -> Option<(f64, f64)> {
    DASHES[nth % DASHES.len()]
}

/// The outline of the n-th series' marker around `centre`.
pub(super) fn marker(nth: usize, centre: Xy, radius: f64) -> Vec<Xy> {
    let shape = &SHAPES[nth % SHAPES.len()];
    let per_corner = if shape.waist.is_some() { 2 } else { 1 };
    let steps = shape.corners * per_corner;
    (0..steps)
        .map(|step| {
            let angle = (shape.turn + f64::from(step) / f64::from(steps)) * std::f64::consts::TAU;
            let reach = match shape.waist {
                Some(waist) if step % 2 == 1 => waist,
                _ => 1.0,
            } * shape.size
                * radius;
            (centre.0 + reach * angle.sin(), centre.1 - reach * angle.cos())
        })
        .collect()
}

/// The shade of `base` for the `level`-th of `levels` stacked parts: the first keeps the full
/// colour, the later ones fade towards white.
pub(super) fn shade(base: Colour, level: usize, levels: usize) -> Colour {
    let fade = if levels < 2 { 0.0 } else { 0.68 * level as f64 / (levels - 1) as f64 };
    let mix = |part: u8| (f64::from(part) + (255.0 - f64::from(part)) * fade).round() as u8;
    Colour(mix(base.0), mix(base.1), mix(base.2))
}

/// Stops of the ramp from the least to the greatest: light to dark, of one lightness order also
/// for colour-blind readers.
const RAMP: [Colour; 5] = [
    Colour(0xFB, 0xF7, 0xD5),
    Colour(0xB9, 0xE0, 0xC3),
    Colour(0x5D, 0xB3, 0xC0),
    Colour(0x2F, 0x6F, 0xA8),
    Colour(0x23, 0x2B, 0x68),
];

/// The colour of a share of the way from the least (0) to the greatest (1).
pub(super) fn ramp(share: f64) -> Colour {
    let steps = RAMP.len() - 1;
    let along = share.clamp(0.0, 1.0) * steps as f64;
    let from = (along as usize).min(steps - 1);
    let part = along - from as f64;
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
    let (a, b) = (RAMP[from], RAMP[from + 1]);
    Colour(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// What a page that draws the same charts by itself needs to know of the looks: palette, dash
/// patterns, and the stops of the ramp.
#[derive(Debug, Serialize)]
pub struct Looks {
    palette: Vec<String>,
    dashes: Vec<Option<(f64, f64)>>,
    markers: Vec<Vec<Xy>>,
    ramp: Vec<String>,
}

impl Looks {
    /// The looks of every chart.
    #[must_use]
    pub fn all() -> Self {
        let hex = |c: &Colour| format!("#{:02x}{:02x}{:02x}", c.0, c.1, c.2);
        let rounded = |(x, y): Xy| ((x * 100.0).round() / 100.0, (y * 100.0).round() / 100.0);
        let shape = |nth| marker(nth, (0.0, 0.0), 1.0).into_iter().map(rounded).collect();
        Self {
            palette: PALETTE.iter().map(hex).collect(),
            dashes: DASHES.to_vec(),
            markers: (0..SHAPES.len()).map(shape).collect(),
            ramp: RAMP.iter().map(hex).collect(),
        }
    }
}
