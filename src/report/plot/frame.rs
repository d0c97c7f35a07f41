//! The page around the panels: title, subtitle, footnote and legends.
//!
//! It must not know what the panels show.

use super::canvas::{Canvas, Pen, Type};
use super::error::PlotError;
use super::geometry::{Rect, Xy};
use super::style::{Colour, GREY, INK, MARKER_RADIUS, colour, dash};
use serde::Serialize;

const MARGIN: f64 = 18.0;
const TITLE: Type = Type { size: 19.0, bold: true, ..Type::SMALL };
const SUBTITLE: Type = Type { size: 13.5, colour: GREY, ..Type::SMALL };
const FOOTNOTE: Type = Type { colour: GREY, ..Type::SMALL };
const SWATCH_WIDTH: f64 = 16.0;
const LINE_SWATCH_WIDTH: f64 = 40.0;
const LEGEND_ROW: f64 = 21.0;

/// The texts around a chart and the size of its page.
#[derive(Debug, Clone, Serialize)]
pub struct Frame {
    /// What the chart says.
    pub title: String,
    /// The conditions it holds under.
    pub subtitle: String,
    /// Where the numbers come from.
    pub footnote: String,
    /// Page width in pixels.
    pub width: u32,
    /// Page height in pixels.
    pub height: u32,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            title: String::new(),
            subtitle: String::new(),
            footnote: String::new(),
            width: 1100,
            height: 560,
        }
    }
}

impl Frame {
    /// Draws the texts, wrapped to the page, and returns the room left between them.
    pub(super) fn draw(&self, canvas: &Canvas<'_>) -> Result<Rect, PlotError> {
        let (x0, x1) = (MARGIN, f64::from(self.width) - MARGIN);
        let mut y0 = MARGIN;
        for (text, look, step) in [(&self.title, TITLE, 26.0), (&self.subtitle, SUBTITLE, 20.0)] {
            for line in look.wrap(text, x1 - x0)? {
                canvas.text(&line, (x0, y0 + 8.0), look)?;
                y0 += step;
            }
        }
        let mut y1 = f64::from(self.height) - MARGIN;
        for line in FOOTNOTE.wrap(&self.footnote, x1 - x0)?.iter().rev() {
            canvas.text(line, (x0, y1 - 4.0), FOOTNOTE)?;
            y1 -= 16.0;
        }
        Ok(Rect { x0, y0: y0 + 4.0, x1, y1: y1 - 8.0 })
    }

    /// Refuses a panel too small to read.
    pub(super) fn require(&self, panel: &str, room: Rect) -> Result<(), PlotError> {
        if room.width() >= 80.0 && room.height() >= 60.0 {
            return Ok(());
        }
        let (width, height) = (self.width, self.height);
        Err(PlotError::NoRoom { what: panel.to_string(), width, height })
    }
}

/// The sign beside a legend's text.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    /// The n-th marker.
    Marker(usize),
    /// The n-th line with its marker.
    Line(usize),
    /// A plain stroke.
    Stroke(Pen),
    /// A block of colour.
    Block(Colour),
    /// Nothing: parts what is before from what follows.
    Gap,
}

/// One line of a legend.
pub(super) struct Entry {
    pub sign: Sign,
    pub text: String,
}

impl Entry {
    fn sign_width(&self) -> f64 {
        match self.sign {
            Sign::Marker(_) | Sign::Block(_) => SWATCH_WIDTH + 6.0,
            Sign::Line(_) | Sign::Stroke(_) => LINE_SWATCH_WIDTH + 6.0,
            Sign::Gap => SWATCH_WIDTH,
        }
    }

    fn width(&self) -> Result<f64, PlotError> {
        Ok(self.sign_width() + Type::SMALL.width(&self.text)?)
    }

    fn draw(&self, canvas: &Canvas<'_>, at: Xy) -> Result<(), PlotError> {
        let ends = [at, (at.0 + LINE_SWATCH_WIDTH, at.1)];
        let middle = |width: f64| (at.0 + width / 2.0, at.1);
        match self.sign {
            Sign::Marker(nth) => {
                canvas.marker(nth, middle(SWATCH_WIDTH), MARKER_RADIUS, colour(nth))?;
            }
            Sign::Line(nth) => {
                canvas.line(&ends, series_pen(nth))?;
                canvas.marker(nth, middle(LINE_SWATCH_WIDTH), LINE_MARKER, colour(nth))?;
            }
            Sign::Stroke(pen) => canvas.line(&ends, pen)?,
            Sign::Block(colour) => {
                canvas.fill(Rect::around(middle(SWATCH_WIDTH), 15.0, 13.0), colour)?;
            }
            Sign::Gap => {}
        }
        canvas.text(&self.text, (at.0 + self.sign_width(), at.1), Type::SMALL)
    }
}

/// Half the size of a marker on a line.
pub(super) const LINE_MARKER: f64 = 4.5;

/// The stroke of the n-th series.
pub(super) fn series_pen(nth: usize) -> Pen {
    Pen { colour: colour(nth), width: 2.0, dash: dash(nth) }
}

/// A thin dark stroke from a label to what it names.
pub(super) const LEADER: Pen = Pen { colour: GREY, width: 0.8, dash: None };
/// The stroke of overlays.
pub(super) const OVERLAY: Pen = Pen { colour: INK, width: 1.4, dash: Some((7.0, 4.0)) };

/// Draws a legend in rows across the top of `room` and returns what is left below.
pub(super) fn legend_rows(
    canvas: &Canvas<'_>,
    entries: &[Entry],
    room: Rect,
) -> Result<Rect, PlotError> {
    if entries.is_empty() {
        return Ok(room);
    }
    let (mut x, mut y) = (room.x0, room.y0 + 8.0);
    for entry in entries {
        let width = entry.width()?;
        if x > room.x0 && x + width > room.x1 {
            (x, y) = (room.x0, y + LEGEND_ROW);
        }
        entry.draw(canvas, (x, y))?;
        x += width + 20.0;
    }
    Ok(Rect { y0: y + LEGEND_ROW, ..room })
}

/// Draws a legend as a column at the right of `room` and returns what is left of it.
pub(super) fn legend_column(
    canvas: &Canvas<'_>,
    entries: &[Entry],
    room: Rect,
) -> Result<Rect, PlotError> {
    let mut widest = 0.0_f64;
    for entry in entries {
        widest = widest.max(entry.width()?);
    }
    let x = room.x1 - widest;
    for (row, entry) in entries.iter().enumerate() {
        entry.draw(canvas, (x, room.y0 + 40.0 + LEGEND_ROW * row as f64))?;
    }
    Ok(Rect { x1: x - 18.0, ..room })
}

/// The heading of a panel, over the middle of its plot area.
pub(super) fn panel_title(canvas: &Canvas<'_>, title: &str, plot: Rect) -> Result<(), PlotError> {
    let look = Type { size: 14.0, bold: true, ..Type::CENTRED };
    canvas.text(title, (plot.centre().0, plot.y0 - 13.0), look)
}
