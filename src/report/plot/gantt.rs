//! Boxes on rows over an axis of time: who is busy with what, when.
//!
//! It must not know what rows and boxes stand for.

use super::axis::{Axis, Ruler, Scale, Span};
use super::canvas::{Align, Canvas, Pen, Type, render};
use super::error::PlotError;
use super::frame::{Entry, Frame, Sign, legend_rows};
use super::geometry::Rect;
use super::panel::outline;
use super::style::{Colour, GREY, GRID, INK, colour, shade};
use super::ticks::Ticks;

/// Room below the rows for the numbers and the label of the axis.
const AXIS_HEIGHT: f64 = 42.0;
/// Height of one line of measures above the rows.
const MEASURE_HEIGHT: f64 = 30.0;
/// Half the height of the strokes that end a measure.
const MEASURE_END: f64 = 5.0;
const TICK_PITCH: f64 = 70.0;
/// Share of a row's height that its boxes fill.
const BOX_SHARE: f64 = 0.72;
/// Room that a label needs beside its text.
const LABEL_AIR: f64 = 3.0;
const GRID_PEN: Pen = Pen { colour: GRID, width: 1.0, dash: None };
const MEASURE_PEN: Pen = Pen { colour: INK, width: 1.0, dash: None };
const ROW_NAME: Type = Type { size: 13.0, align: Align::End, ..Type::SMALL };
const BOX_LABEL: Type = Type { size: 13.0, bold: true, ..Type::CENTRED };

/// A chart of boxes on rows.
#[derive(Debug, Clone)]
pub struct Gantt {
    /// Texts and size.
    pub frame: Frame,
    /// Label of the axis of time, with its unit.
    pub label: String,
    /// What the styles stand for, in order; a style past the list is drawn in grey and not named.
    pub styles: Vec<String>,
    /// Names of the rows, top to bottom; a second line after a line break is set smaller.
    pub rows: Vec<String>,
    /// What is on the rows.
    pub boxes: Vec<GanttBox>,
    /// Lengths marked above the rows, each on its own line.
    pub measures: Vec<Measure>,
    /// Where the axis ends; boxes that begin before and end later are cut there.
    pub end: f64,
}

/// One box.
#[derive(Debug, Clone, PartialEq)]
pub struct GanttBox {
    /// Which row.
    pub row: usize,
    /// Left side.
    pub begin: f64,
    /// Right side.
    pub end: f64,
    /// Text inside, left out where it does not fit.
    pub label: String,
    /// Which of the styles.
    pub style: usize,
}

/// A length with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Left end.
    pub begin: f64,
    /// Right end.
    pub end: f64,
    /// Text on the line.
    pub label: String,
}

impl Gantt {
    /// Draws the chart.
    pub fn svg(&self) -> Result<String, PlotError> {
        self.check()?;
        render(self.frame.width, self.frame.height, |canvas| {
            let room = self.frame.draw(canvas)?;
            let room = legend_rows(canvas, &self.legend(), room)?;
            let names = self.rows.iter().flat_map(|name| name.split('\n'));
            let left = room.x0 + ROW_NAME.widest(names)? + 14.0;
            let above = MEASURE_HEIGHT * self.measures.len() as f64;
            let plot = Rect {
                x0: left,
                x1: room.x1 - 8.0,
                y0: room.y0 + above,
                y1: room.y1 - AXIS_HEIGHT,
            };
            self.frame.require(&self.label, plot)?;
            let span = Span { low: 0.0, high: self.end };
            let ruler = Ruler::new(Scale::Linear, span, plot.x0, plot.x1);
            self.draw_axis(canvas, &ruler, span, plot)?;
            self.draw_rows(canvas, &ruler, plot)?;
            self.draw_measures(canvas, &ruler, plot)?;
            outline(canvas, plot)
        })
    }

    fn check(&self) -> Result<(), PlotError> {
        if self.rows.is_empty() || self.boxes.is_empty() {
            return Err(PlotError::Empty { what: self.frame.title.clone() });
        }
        let finite = |series: &str, value: f64| {
            if value.is_finite() && value >= 0.0 {
                return Ok(());
            }
            Err(PlotError::NotFinite { series: series.to_owned(), value })
        };
        finite(&self.label, self.end)?;
        if self.end <= 0.0 {
            return Err(PlotError::Empty { what: self.label.clone() });
        }
        for one in &self.boxes {
            finite(&one.label, one.begin)?;
            finite(&one.label, one.end)?;
            if one.row >= self.rows.len() {
                let what = one.label.clone();
                return Err(PlotError::Mismatch {
                    what,
                    expected: self.rows.len(),
                    found: one.row,
                });
            }
        }
        self.measures.iter().try_for_each(|measure| {
            finite(&measure.label, measure.begin)?;
            finite(&measure.label, measure.end)
        })
    }

    fn legend(&self) -> Vec<Entry> {
        let entry = |(nth, text): (usize, &String)| Entry {
            sign: Sign::Block(self.tint(nth)),
            text: text.clone(),
        };
        self.styles.iter().enumerate().map(entry).collect()
    }

    /// Light enough for dark text.
    fn tint(&self, style: usize) -> Colour {
        let base = if style < self.styles.len() { colour(style) } else { GRID };
        if style < self.styles.len() { shade(base, 3, 4) } else { base }
    }

    fn rim(&self, style: usize) -> Pen {
        let colour = if style < self.styles.len() { colour(style) } else { GREY };
        Pen { colour, width: 1.0, dash: None }
    }

    fn draw_axis(
        &self,
        canvas: &Canvas<'_>,
        ruler: &Ruler,
        span: Span,
        plot: Rect,
    ) -> Result<(), PlotError> {
        let axis = Axis {
            label: self.label.clone(),
            scale: Scale::Linear,
            ticks: Ticks::Plain,
            cover: None,
        };
        let count = (plot.width() / TICK_PITCH).floor().max(2.0) as usize;
        for (value, text) in axis.marks(span, count).0 {
            let at = ruler.at(value);
            canvas.line(&[(at, plot.y0), (at, plot.y1)], GRID_PEN)?;
            canvas.text(&text, (at, plot.y1 + 13.0), Type::CENTRED)?;
        }
        canvas.text(&self.label, (plot.centre().0, plot.y1 + 32.0), Type::MEDIUM)
    }

    fn draw_rows(&self, canvas: &Canvas<'_>, ruler: &Ruler, plot: Rect) -> Result<(), PlotError> {
        let lanes = plot.rows(self.rows.len(), 0.0);
        for (lane, name) in lanes.iter().zip(&self.rows) {
            canvas.line(&[(plot.x0, lane.y1), (plot.x1, lane.y1)], GRID_PEN)?;
            let lines = name.split('\n').count() as f64;
            for (nth, line) in name.split('\n').enumerate() {
                let y = lane.centre().1 + (nth as f64 - (lines - 1.0) / 2.0) * 16.0;
                let look =
                    if nth == 0 { ROW_NAME } else { Type { size: 11.0, colour: GREY, ..ROW_NAME } };
                canvas.text(line, (plot.x0 - 8.0, y), look)?;
            }
        }
        for one in self.boxes.iter().filter(|one| one.begin < self.end && one.end > one.begin) {
            let lane = lanes[one.row];
            let half = lane.height() * BOX_SHARE / 2.0;
            let (y0, y1) = (lane.centre().1 - half, lane.centre().1 + half);
            let (x0, x1) = (ruler.at(one.begin), ruler.at(one.end.min(self.end)));
            self.draw_box(canvas, Rect { x0, y0, x1, y1 }, one)?;
        }
        Ok(())
    }

    fn draw_box(&self, canvas: &Canvas<'_>, at: Rect, one: &GanttBox) -> Result<(), PlotError> {
        canvas.fill(at, self.tint(one.style))?;
        let corners =
            [(at.x0, at.y0), (at.x1, at.y0), (at.x1, at.y1), (at.x0, at.y1), (at.x0, at.y0)];
        canvas.line(&corners, self.rim(one.style))?;
        if BOX_LABEL.width(&one.label)? + LABEL_AIR <= at.width() {
            canvas.text(&one.label, at.centre(), BOX_LABEL)?;
        }
        Ok(())
    }

    fn draw_measures(
        &self,
        canvas: &Canvas<'_>,
        ruler: &Ruler,
        plot: Rect,
    ) -> Result<(), PlotError> {
        for (nth, measure) in self.measures.iter().enumerate() {
            let y = plot.y0 - 8.0 - MEASURE_HEIGHT * nth as f64;
            let (x0, x1) = (ruler.at(measure.begin), ruler.at(measure.end.min(self.end)));
            canvas.line(&[(x0, y), (x1, y)], MEASURE_PEN)?;
            for x in [x0, x1] {
                canvas.line(&[(x, y - MEASURE_END), (x, y + MEASURE_END)], MEASURE_PEN)?;
            }
            let width = Type::SMALL.width(&measure.label)?;
            let room = (plot.x0 + width / 2.0, plot.x1 - width / 2.0);
            let x = ((x0 + x1) / 2.0).min(room.1).max(room.0);
            canvas.text(&measure.label, (x, y - 13.0), Type::CENTRED)?;
        }
        Ok(())
    }
}
