//! Horizontal ranges with a mark inside, one to a row: a tornado, or percentiles side by side.
//!
//! It must not know what rows and ranges stand for.

use super::axis::{Axis, Ruler, Scale};
use super::canvas::{Align, Canvas, Pen, Type, render};
use super::error::PlotError;
use super::frame::{Entry, Frame, OVERLAY, Sign, legend_rows};
use super::geometry::Rect;
use super::panel::outline;
use super::style::{GRID, INK, colour, shade};
use super::ticks::Ticks;
use serde::Serialize;

/// Room below the rows for the numbers and the label of the axis.
const AXIS_HEIGHT: f64 = 42.0;
/// Height of a row where the page is made to measure, and of all that is around the rows.
const ROW_HEIGHT: u32 = 26;
const AROUND_ROWS: u32 = 190;
/// No page is higher; rows get narrower instead.
const HIGHEST: u32 = 2400;
const TICK_PITCH: f64 = 80.0;
/// Share of a row's height that its bar fills.
const BAR_SHARE: f64 = 0.62;
const GRID_PEN: Pen = Pen { colour: GRID, width: 1.0, dash: None };
const MIDDLE_PEN: Pen = Pen { colour: INK, width: 2.0, dash: None };
const ROW_NAME: Type = Type { align: Align::End, ..Type::SMALL };

/// A chart of ranges.
#[derive(Debug, Clone, Serialize)]
pub struct Ranges {
    /// Texts and size.
    pub frame: Frame,
    /// Label of the axis, with its unit.
    pub label: String,
    /// A value marked through all rows.
    pub reference: Option<f64>,
    /// What the groups of rows stand for, in order; none are named if empty.
    pub groups: Vec<String>,
    /// Top to bottom.
    pub rows: Vec<RangeRow>,
}

/// One range.
#[derive(Debug, Clone, Serialize)]
pub struct RangeRow {
    /// Its name.
    pub label: String,
    /// Left end.
    pub low: f64,
    /// The mark inside.
    pub middle: f64,
    /// Right end.
    pub high: f64,
    /// Rows of one group have one colour.
    pub group: usize,
    /// Text beside the left end.
    pub low_label: String,
    /// Text beside the right end.
    pub high_label: String,
}

impl Ranges {
    /// A page for so many rows.
    #[must_use]
    pub fn frame_for(rows: usize) -> Frame {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX).clamp(3, 1000);
        Frame { height: (AROUND_ROWS + rows * ROW_HEIGHT).min(HIGHEST), ..Frame::default() }
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// If there is nothing to draw, or something that cannot be.
    pub fn svg(&self) -> Result<String, PlotError> {
        if self.rows.is_empty() {
            return Err(PlotError::Empty { what: self.frame.title.clone() });
        }
        let axis = Axis {
            label: self.label.clone(),
            scale: Scale::Linear,
            ticks: Ticks::Dollars,
            cover: self.reference.map(|value| (value, value)),
        };
        let span = axis.span(self.rows.iter().flat_map(|row| [row.low, row.middle, row.high]))?;
        render(self.frame.width, self.frame.height, |canvas| {
            let room = self.frame.draw(canvas)?;
            let room = legend_rows(canvas, &self.legend(), room)?;
            let names = self.rows.iter().map(|row| row.label.as_str());
            let ends = self.rows.iter().flat_map(|row| [&row.low_label, &row.high_label]);
            let ends = Type::SMALL.widest(ends.map(String::as_str))?;
            let left = room.x0 + ROW_NAME.widest(names)? + 14.0;
            let plot =
                Rect { x0: left, x1: room.x1 - 8.0, y0: room.y0 + 8.0, y1: room.y1 - AXIS_HEIGHT };
            self.frame.require(&self.label, plot)?;
            let ruler = Ruler::new(Scale::Linear, span, plot.x0 + ends, plot.x1 - ends);
            let count = (plot.width() / TICK_PITCH).floor().max(2.0) as usize;
            for (value, text) in axis.marks(span, count).0 {
                let at = ruler.at(value);
                canvas.line(&[(at, plot.y0), (at, plot.y1)], GRID_PEN)?;
                canvas.text(&text, (at, plot.y1 + 13.0), Type::CENTRED)?;
            }
            canvas.text(&self.label, (plot.centre().0, plot.y1 + 32.0), Type::MEDIUM)?;
            for (row, lane) in self.rows.iter().zip(plot.rows(self.rows.len(), 0.0)) {
                self.draw_row(canvas, row, lane, &ruler)?;
            }
            if let Some(reference) = self.reference {
                let at = ruler.at(reference);
                canvas.line(&[(at, plot.y0), (at, plot.y1)], OVERLAY)?;
            }
            outline(canvas, plot)
        })
    }

    fn legend(&self) -> Vec<Entry> {
        let entry = |(nth, text): (usize, &String)| Entry {
            sign: Sign::Block(shade(colour(nth), 1, 3)),
            text: text.clone(),
        };
        self.groups.iter().enumerate().map(entry).collect()
    }

    fn draw_row(
        &self,
        canvas: &Canvas<'_>,
        row: &RangeRow,
        lane: Rect,
        ruler: &Ruler,
    ) -> Result<(), PlotError> {
        let (x0, x1) = (ruler.at(row.low), ruler.at(row.high));
        let half = lane.height() * BAR_SHARE / 2.0;
        let y = lane.centre().1;
        // A range of no width is still seen.
        let bar = Rect { x0, x1: x1.max(x0 + 1.0), y0: y - half, y1: y + half };
        canvas.fill(bar, shade(colour(row.group), 1, 3))?;
        if self.reference.is_none() {
            let middle = ruler.at(row.middle);
            canvas.line(&[(middle, bar.y0), (middle, bar.y1)], MIDDLE_PEN)?;
        }
        canvas.text(&row.label, (lane.x0 - 8.0, y), ROW_NAME)?;
        canvas.text(&row.low_label, (x0 - 5.0, y), ROW_NAME)?;
        canvas.text(&row.high_label, (x1 + 5.0, y), Type::SMALL)
    }
}
