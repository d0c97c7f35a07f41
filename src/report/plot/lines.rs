//! Several series over a common kind of x, in one or more panels.
//!
//! It must not know what the series stand for.

use super::axis::Axis;
use super::canvas::{Canvas, Pen, Type, render};
use super::error::PlotError;
use super::frame::{Entry, Frame, LEADER, LINE_MARKER, Sign, legend_column, series_pen};
use super::geometry::{Rect, Xy, spread};
use super::labels::{Surroundings, Tag, place};
use super::panel::{Panel, Sketch};
use super::style::{INK, colour};
use serde::Serialize;

const PANEL_GAP: f64 = 24.0;
const LABEL_PITCH: f64 = 16.0;
const MARK_RADIUS: f64 = 8.0;
const RING: Pen = Pen { colour: INK, width: 1.6, dash: None };

/// A line chart of one or more panels side by side.
#[derive(Debug, Clone, Serialize)]
pub struct Lines {
    /// Texts and size.
    pub frame: Frame,
    /// Where the series are named.
    pub legend: Legend,
    /// Left to right.
    pub panels: Vec<LinePanel>,
}

/// Where the series of a line chart are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Legend {
    /// Once, in a column at the right of the page.
    Right,
    /// In every panel, at the end of each line.
    LineEnds,
}

/// One pair of axes.
#[derive(Debug, Clone, Serialize)]
pub struct LinePanel {
    /// Heading.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is shown.
    pub series: Vec<Series>,
    /// Places of note, ringed and labelled.
    pub marks: Vec<Mark>,
}

/// A place of note on a line chart.
#[derive(Debug, Clone, Serialize)]
pub struct Mark {
    /// Horizontal value.
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// Text beside it.
    pub label: String,
}

/// One line.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// Its name; the same name in several panels is listed once.
    pub name: String,
    /// Which colour, marker and dash pattern of the palette.
    pub style: usize,
    /// Its points, left to right.
    pub points: Vec<(f64, f64)>,
}

impl Lines {
    /// Draws the chart.
    pub fn svg(&self) -> Result<String, PlotError> {
        if self.panels.is_empty() {
            return Err(PlotError::Empty { what: self.frame.title.clone() });
        }
        for panel in &self.panels {
            panel.check()?;
        }
        render(self.frame.width, self.frame.height, |canvas| {
            let mut room = self.frame.draw(canvas)?;
            if self.legend == Legend::Right {
                room = legend_column(canvas, &self.entries(), room)?;
            }
            let columns = room.columns(self.panels.len(), PANEL_GAP);
            for (panel, room) in self.panels.iter().zip(columns) {
                self.draw_panel(canvas, panel, room)?;
            }
            Ok(())
        })
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for series in self.panels.iter().flat_map(|panel| &panel.series) {
            if entries.iter().all(|entry| entry.text != series.name) {
                let sign = Sign::Line(series.style);
                entries.push(Entry { sign, text: series.name.clone() });
            }
        }
        entries
    }

    fn draw_panel(
        &self,
        canvas: &Canvas<'_>,
        panel: &LinePanel,
        room: Rect,
    ) -> Result<(), PlotError> {
        let points = || panel.series.iter().flat_map(|series| &series.points);
        let x = panel.x.span(points().map(|p| p.0))?;
        let y = panel.y.span(points().map(|p| p.1))?;
        let names = Type::SMALL.widest(panel.series.iter().map(|s| s.name.as_str()))?;
        let right = if self.legend == Legend::LineEnds { names + 28.0 } else { 8.0 };
        let sketch = Sketch { title: &panel.title, x: (&panel.x, x), y: (&panel.y, y), right };
        let axes = sketch.draw(canvas, &self.frame, room)?;
        let mut ends = Vec::new();
        for series in &panel.series {
            let path: Vec<Xy> = series.points.iter().map(|&point| axes.at(point)).collect();
            canvas.line(&path, series_pen(series.style))?;
            for &at in &path {
                canvas.marker(series.style, at, LINE_MARKER, colour(series.style))?;
            }
            ends.extend(path.last().copied());
        }
        if self.legend == Legend::LineEnds {
            panel.name_ends(canvas, &axes, &ends)?;
        }
        panel.draw_marks(canvas, &axes)
    }
}

impl LinePanel {
    fn check(&self) -> Result<(), PlotError> {
        for series in &self.series {
            if series.points.is_empty() {
                return Err(PlotError::Empty { what: series.name.clone() });
            }
            for point in &series.points {
                self.x.admit(&series.name, point.0)?;
                self.y.admit(&series.name, point.1)?;
            }
        }
        self.marks.iter().try_for_each(|mark| {
            self.x.admit(&mark.label, mark.x)?;
            self.y.admit(&mark.label, mark.y)
        })
    }

    /// Rings the places of note and writes what they are, clear of the lines.
    fn draw_marks(&self, canvas: &Canvas<'_>, axes: &Panel) -> Result<(), PlotError> {
        let paths = self.series.iter().map(|series| {
            let at: Vec<Xy> = series.points.iter().map(|&point| axes.at(point)).collect();
            at
        });
        let lines: Vec<(Xy, Xy)> = paths
            .flat_map(|path| path.windows(2).map(|p| (p[0], p[1])).collect::<Vec<_>>())
            .collect();
        let dots: Vec<Xy> = self.marks.iter().map(|mark| axes.at((mark.x, mark.y))).collect();
        let mut tags = Vec::new();
        for &at in &dots {
            canvas.ring(at, MARK_RADIUS, RING)?;
        }
        let named = || self.marks.iter().zip(&dots).filter(|(mark, _)| !mark.label.is_empty());
        for (mark, &point) in named() {
            let width = Type::SMALL.width(&mark.label)? + 4.0;
            tags.push(Tag { point, width, height: LABEL_PITCH });
        }
        let around =
            Surroundings { bounds: axes.plot, dots: &dots, radius: MARK_RADIUS, lines: &lines };
        for ((mark, _), place) in named().zip(place(&tags, &around)) {
            if let Some((from, to)) = place.leader {
                canvas.line(&[from, to], LEADER)?;
            }
            let at = (place.rect.x0 + 2.0, place.rect.centre().1);
            canvas.text(&mark.label, at, Type::SMALL)?;
        }
        Ok(())
    }

    /// Writes every series' name beside its last point.
    fn name_ends(&self, canvas: &Canvas<'_>, axes: &Panel, ends: &[Xy]) -> Result<(), PlotError> {
        let wanted: Vec<f64> = ends.iter().map(|end| end.1).collect();
        let heights = spread(&wanted, LABEL_PITCH, axes.plot.y0, axes.plot.y1);
        let x = axes.plot.x1 + 12.0;
        for ((series, end), height) in self.series.iter().zip(ends).zip(heights) {
            canvas.line(&[(end.0 + LINE_MARKER + 3.0, end.1), (x, height)], LEADER)?;
            canvas.marker(series.style, (x + 6.0, height), LINE_MARKER, colour(series.style))?;
            canvas.text(&series.name, (x + 14.0, height), Type::SMALL)?;
        }
        Ok(())
    }
}
