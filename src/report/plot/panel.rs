//! One pair of axes on the page: grid, numbers, axis labels and the plot area inside.
//!
//! It must not know what is plotted.

use super::axis::{Axis, Marks, Ruler, Span};
use super::canvas::{Align, Canvas, Pen, Type};
use super::error::PlotError;
use super::frame::{Frame, panel_title};
use super::geometry::{Rect, Xy};
use super::style::{FAINT, GRID, INK};

const NUMBERS_HEIGHT: f64 = 22.0;
const LABEL_HEIGHT: f64 = 20.0;
/// Pixels wanted from one number to the next along x and along y.
const X_PITCH: f64 = 50.0;
const Y_PITCH: f64 = 34.0;
/// Least room between two numbers along x.
const X_AIR: f64 = 14.0;
const FRAME_PEN: Pen = Pen { colour: INK, width: 1.0, dash: None };
const GRID_PEN: Pen = Pen { colour: GRID, width: 1.0, dash: None };
const FAINT_PEN: Pen = Pen { colour: FAINT, width: 1.0, dash: None };

/// A drawn pair of axes.
pub(super) struct Panel {
    /// The area inside the axes.
    pub plot: Rect,
    pub x: Ruler,
    pub y: Ruler,
}

impl Panel {
    /// The pixel of a data point.
    pub fn at(&self, point: (f64, f64)) -> Xy {
        (self.x.at(point.0), self.y.at(point.1))
    }
}

/// What a panel is drawn from; `right` is the room kept free beside the plot area.
pub(super) struct Sketch<'a> {
    pub title: &'a str,
    pub x: (&'a Axis, Span),
    pub y: (&'a Axis, Span),
    pub right: f64,
}

impl Sketch<'_> {
    /// Draws the axes into `room`.
    pub fn draw(&self, canvas: &Canvas<'_>, frame: &Frame, room: Rect) -> Result<Panel, PlotError> {
        let bottom = NUMBERS_HEIGHT + LABEL_HEIGHT;
        let upper = Rect { y0: room.y0 + title_height(self.title), y1: room.y1 - bottom, ..room };
        let left = y_margin(self.y.0, self.y.1, upper.height())?;
        let plot = Rect { x0: room.x0 + left, x1: room.x1 - self.right, ..upper };
        frame.require(self.title, plot)?;
        let x = Ruler::new(self.x.0.scale, self.x.1, plot.x0, plot.x1);
        let y = draw_y(canvas, self.y.0, self.y.1, plot, room.x0)?;
        let (marks, faint) = x_marks(self.x.0, self.x.1, plot.width())?;
        for value in faint {
            let at = x.at(value);
            canvas.line(&[(at, plot.y0), (at, plot.y1)], FAINT_PEN)?;
        }
        // Ticks of a logarithmic axis crowd towards its upper end: those without room stay bare.
        let mut clear_from = f64::NEG_INFINITY;
        for (value, text) in marks {
            let at = x.at(value);
            canvas.line(&[(at, plot.y0), (at, plot.y1)], GRID_PEN)?;
            let half = Type::SMALL.width(&text)? / 2.0;
            if at - half >= clear_from {
                canvas.text(&text, (at, plot.y1 + 13.0), Type::CENTRED)?;
                clear_from = at + half + X_AIR / 2.0;
            }
        }
        let below = (plot.centre().0, plot.y1 + NUMBERS_HEIGHT + 10.0);
        canvas.text(&self.x.0.label, below, Type::MEDIUM)?;
        outline(canvas, plot)?;
        panel_title(canvas, self.title, plot)?;
        Ok(Panel { plot, x, y })
    }
}

/// The room that a y axis needs at the left of a plot area of the given height.
pub(super) fn y_margin(axis: &Axis, span: Span, height: f64) -> Result<f64, PlotError> {
    let (marks, _) = axis.marks(span, tick_count(height, Y_PITCH));
    let numbers = Type::SMALL.widest(marks.iter().map(|(_, text)| text.as_str()))?;
    Ok(LABEL_HEIGHT + numbers + 12.0)
}

/// Draws the horizontal grid, its numbers and the label of the y axis, which starts at `left`.
pub(super) fn draw_y(
    canvas: &Canvas<'_>,
    axis: &Axis,
    span: Span,
    plot: Rect,
    left: f64,
) -> Result<Ruler, PlotError> {
    let ruler = Ruler::new(axis.scale, span, plot.y1, plot.y0);
    let (marks, faint) = axis.marks(span, tick_count(plot.height(), Y_PITCH));
    for value in faint {
        let at = ruler.at(value);
        canvas.line(&[(plot.x0, at), (plot.x1, at)], FAINT_PEN)?;
    }
    for (value, text) in marks {
        let at = ruler.at(value);
        canvas.line(&[(plot.x0, at), (plot.x1, at)], GRID_PEN)?;
        let look = Type { align: Align::End, ..Type::SMALL };
        canvas.text(&text, (plot.x0 - 6.0, at), look)?;
    }
    let look = Type { upright: true, ..Type::MEDIUM };
    canvas.text(&axis.label, (left + 8.0, plot.centre().1), look)?;
    Ok(ruler)
}

/// The two axis lines.
pub(super) fn outline(canvas: &Canvas<'_>, plot: Rect) -> Result<(), PlotError> {
    canvas.line(&[(plot.x0, plot.y0), (plot.x0, plot.y1), (plot.x1, plot.y1)], FRAME_PEN)
}

/// As many numbers along x as fit side by side, with the faint lines between them.
fn x_marks(axis: &Axis, span: Span, width: f64) -> Result<Marks, PlotError> {
    let marks = axis.marks(span, tick_count(width, X_PITCH));
    let widest = Type::SMALL.widest(marks.0.iter().map(|(_, text)| text.as_str()))?;
    if widest + X_AIR <= X_PITCH {
        return Ok(marks);
    }
    Ok(axis.marks(span, tick_count(width, widest + X_AIR)))
}

/// The room that a panel's heading takes.
pub(super) fn title_height(title: &str) -> f64 {
    if title.is_empty() { 8.0 } else { 26.0 }
}

fn tick_count(length: f64, pitch: f64) -> usize {
    (length / pitch).floor().max(2.0) as usize
}
