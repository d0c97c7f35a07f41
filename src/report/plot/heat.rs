//! A map of values over rows and columns, coloured from the least to the greatest, the least of
//! every column framed.
//!
//! It must not know what rows, columns and values stand for.

use super::canvas::{Align, Canvas, Pen, Type, render};
use super::error::PlotError;
use super::frame::Frame;
use super::geometry::Rect;
use super::style::{Colour, FAINT, GREY, INK, WHITE, ramp};
use super::ticks::{Ticks, brief};
use serde::Serialize;

/// Room below the cells for the columns' names and the label of the axis.
const NAMES_HEIGHT: f64 = 46.0;
const BAR_WIDTH: f64 = 16.0;
/// Room for the numbers beside the colour bar.
const BAR_NUMBERS: f64 = 72.0;
const BAR_STEPS: u32 = 64;
const LEAST_PEN: Pen = Pen { colour: INK, width: 2.6, dash: None };
const HATCH_PEN: Pen = Pen { colour: GREY, width: 0.8, dash: None };
/// Darker than this, a colour has white text on it.
const DARK: f64 = 140.0;

/// A heat map.
#[derive(Debug, Clone, Serialize)]
pub struct HeatMap {
    /// Texts and size.
    pub frame: Frame,
    /// What the columns are, with their unit.
    pub x_label: String,
    /// What the rows are, with their unit.
    pub y_label: String,
    /// What the values are, with their unit.
    pub value_label: String,
    /// How the numbers beside the colours are written.
    pub ticks: Ticks,
    /// Names of the columns, left to right.
    pub columns: Vec<String>,
    /// Names of the rows, top to bottom.
    pub rows: Vec<String>,
    /// The cells by row and column.
    pub cells: Vec<Vec<HeatCell>>,
}

/// A cell.
#[derive(Debug, Clone, Serialize)]
pub struct HeatCell {
    /// Its value, above zero; nothing where there is none, which is hatched.
    pub value: Option<f64>,
    /// What else there is to say of it where a reader can ask.
    pub detail: String,
}

/// The least and the greatest value.
struct Ends {
    low: f64,
    high: f64,
}

impl Ends {
    /// Where a value lies between the ends, by ratio: 0 to 1.
    fn share(&self, value: f64) -> f64 {
        if self.high > self.low {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            0.0
        }
    }

    fn at(&self, share: f64) -> f64 {
        self.low * (self.high / self.low).powf(share)
    }
}

impl HeatMap {
    /// Draws the chart.
    pub fn svg(&self) -> Result<String, PlotError> {
        let ends = self.check()?;
        render(self.frame.width, self.frame.height, |canvas| {
            let room = self.frame.draw(canvas)?;
            let names = Type::SMALL.widest(self.rows.iter().map(String::as_str))?;
            let plot = Rect {
                x0: room.x0 + names + 34.0,
                x1: room.x1 - BAR_WIDTH - BAR_NUMBERS - 20.0,
                y0: room.y0 + 8.0,
                y1: room.y1 - NAMES_HEIGHT,
            };
            self.frame.require(&self.value_label, plot)?;
            self.draw_cells(canvas, plot, &ends)?;
            self.draw_names(canvas, plot, room.x0)?;
            self.draw_bar(canvas, plot, &ends)
        })
    }

    fn check(&self) -> Result<Ends, PlotError> {
        let fits = |what: &str, expected: usize, found: usize| match expected == found {
            true => Ok(()),
            false => Err(PlotError::Mismatch { what: what.to_owned(), expected, found }),
        };
        fits("rows", self.rows.len(), self.cells.len())?;
        let mut ends = Ends { low: f64::INFINITY, high: 0.0 };
        for (name, row) in self.rows.iter().zip(&self.cells) {
            fits(name, self.columns.len(), row.len())?;
            for value in row.iter().filter_map(|cell| cell.value) {
                let series = name.clone();
                if !value.is_finite() {
                    return Err(PlotError::NotFinite { series, value });
                }
                if value <= 0.0 {
                    return Err(PlotError::NotPositive { series, value });
                }
                ends = Ends { low: ends.low.min(value), high: ends.high.max(value) };
            }
        }
        if ends.high == 0.0 {
            return Err(PlotError::Empty { what: self.frame.title.clone() });
        }
        Ok(ends)
    }

    /// Whether no other row is below this one in its column.
    fn is_least(&self, row: usize, column: usize) -> bool {
        let least = self.cells.iter().filter_map(|row| row[column].value).reduce(f64::min);
        self.cells[row][column].value.is_some_and(|value| Some(value) == least)
    }

    fn draw_cells(&self, canvas: &Canvas<'_>, plot: Rect, ends: &Ends) -> Result<(), PlotError> {
        let mut framed = Vec::new();
        for (y, band) in plot.rows(self.rows.len(), 0.0).into_iter().enumerate() {
            for (x, cell) in band.columns(self.columns.len(), 0.0).into_iter().enumerate() {
                let inner = Rect::around(cell.centre(), cell.width() - 1.5, cell.height() - 1.5);
                let Some(value) = self.cells[y][x].value else {
                    canvas.fill(inner, FAINT)?;
                    canvas.line(&[(inner.x0, inner.y1), (inner.x1, inner.y0)], HATCH_PEN)?;
                    continue;
                };
                let tint = ramp(ends.share(value));
                canvas.fill(inner, tint)?;
                let least = self.is_least(y, x);
                let look = Type { bold: least, colour: text_on(tint), ..Type::CENTRED };
                canvas.text(&brief3(value), cell.centre(), look)?;
                if least {
                    framed.push(inner);
                }
            }
        }
        for r in framed {
            let rim = [(r.x0, r.y0), (r.x1, r.y0), (r.x1, r.y1), (r.x0, r.y1), (r.x0, r.y0)];
            canvas.line(&rim, LEAST_PEN)?;
        }
        Ok(())
    }

    fn draw_names(&self, canvas: &Canvas<'_>, plot: Rect, left: f64) -> Result<(), PlotError> {
        for (name, band) in self.rows.iter().zip(plot.rows(self.rows.len(), 0.0)) {
            let look = Type { align: Align::End, ..Type::SMALL };
            canvas.text(name, (plot.x0 - 6.0, band.centre().1), look)?;
        }
        for (name, band) in self.columns.iter().zip(plot.columns(self.columns.len(), 0.0)) {
            canvas.text(name, (band.centre().0, plot.y1 + 13.0), Type::CENTRED)?;
        }
        canvas.text(&self.x_label, (plot.centre().0, plot.y1 + 34.0), Type::MEDIUM)?;
        let look = Type { upright: true, ..Type::MEDIUM };
        canvas.text(&self.y_label, (left + 8.0, plot.centre().1), look)
    }

    fn draw_bar(&self, canvas: &Canvas<'_>, plot: Rect, ends: &Ends) -> Result<(), PlotError> {
        let bar = Rect { x0: plot.x1 + 34.0, x1: plot.x1 + 34.0 + BAR_WIDTH, ..plot };
        for (step, band) in bar.rows(BAR_STEPS as usize, 0.0).into_iter().enumerate() {
            let share = 1.0 - (step as f64 + 0.5) / f64::from(BAR_STEPS);
            canvas.fill(Rect { y1: band.y1 + 0.5, ..band }, ramp(share))?;
        }
        let values: Vec<f64> = (0..=4).map(|i| ends.at(f64::from(i) / 4.0)).collect();
        let rounded: Vec<f64> = values.iter().map(|v| brief3(*v).parse().unwrap_or(*v)).collect();
        for (i, text) in self.ticks.write_all(&rounded).iter().enumerate() {
            let y = bar.y1 - bar.height() * i as f64 / 4.0;
            canvas.text(text, (bar.x1 + 6.0, y), Type::SMALL)?;
        }
        let look = Type { upright: true, ..Type::MEDIUM };
        canvas.text(&self.value_label, (bar.x0 - 14.0, bar.centre().1), look)
    }
}

/// Three significant digits.
fn brief3(value: f64) -> String {
    let power = 10.0_f64.powf(2.0 - value.log10().floor());
    brief((value * power).round() / power)
}

fn text_on(tint: Colour) -> Colour {
    let light = 0.299 * f64::from(tint.0) + 0.587 * f64::from(tint.1) + 0.114 * f64::from(tint.2);
    if light < DARK { WHITE } else { INK }
}
