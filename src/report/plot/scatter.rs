//! Labelled points in groups, with an optional front and straight reference lines.
//!
//! It must not know what makes a point good or what a reference line stands for.

use super::axis::{Axis, Scale, Span};
use super::canvas::{Canvas, Pen, Type, render};
use super::error::PlotError;
use super::frame::{Entry, Frame, LEADER, OVERLAY, Sign, legend_rows};
use super::geometry::{Rect, Xy, spread};
use super::labels::{Surroundings, Tag, place};
use super::panel::{Panel, Sketch};
use super::style::{GREY, MARKER_RADIUS, colour};

const LABEL_HEIGHT: f64 = 15.0;
const PANEL_GAP: f64 = 24.0;
/// A panel with more points labels those of its front alone.
pub(crate) const MOST_LABELS: usize = 20;
/// A panel with more points draws them small.
const CROWD: usize = 150;
/// Half the size of a small marker, in pixels.
const SMALL_MARKER: f64 = 2.8;
const RAY_PEN: Pen = Pen { colour: GREY, width: 1.3, dash: None };

/// A scatter chart of one or more panels side by side that share a legend.
#[derive(Debug, Clone)]
pub struct Scatter {
    /// Texts and size.
    pub frame: Frame,
    /// The groups that points belong to, in legend order.
    pub groups: Vec<Group>,
    /// Left to right.
    pub panels: Vec<ScatterPanel>,
}

/// A group of points that look alike.
#[derive(Debug, Clone)]
pub struct Group {
    /// Legend text.
    pub name: String,
    /// Which colour and marker of the palette.
    pub style: usize,
}

/// One pair of axes.
#[derive(Debug, Clone)]
pub struct ScatterPanel {
    /// Heading.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is shown.
    pub points: Vec<Point>,
    /// A line over the points.
    pub front: Option<Front>,
    /// Reference lines under the points.
    pub rays: Vec<Ray>,
}

/// One labelled point.
#[derive(Debug, Clone)]
pub struct Point {
    /// Horizontal value.
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// Text beside it; empty for none.
    pub label: String,
    /// Index into [`Scatter::groups`].
    pub group: usize,
}

/// A dashed line over the points, such as a Pareto front.
#[derive(Debug, Clone)]
pub struct Front {
    /// Legend text.
    pub name: String,
    /// The corners, in drawing order.
    pub points: Vec<(f64, f64)>,
    /// How they are joined.
    pub shape: FrontShape,
}

/// How the corners of a front are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrontShape {
    /// Straight.
    Line,
    /// Steps that first go along y, then along x.
    StepYFirst,
    /// Steps that first go along x, then along y.
    StepXFirst,
}

/// The reference line `y = slope * x`, labelled at its right end. The y axis grows to hold that end.
#[derive(Debug, Clone)]
pub struct Ray {
    /// Text at its end.
    pub label: String,
    /// Its slope, above zero.
    pub slope: f64,
}

impl Scatter {
    /// Draws the chart.
    pub fn svg(&self) -> Result<String, PlotError> {
        for panel in &self.panels {
            self.check(panel)?;
        }
        if self.panels.is_empty() {
            return Err(PlotError::Empty { what: self.frame.title.clone() });
        }
        render(self.frame.width, self.frame.height, |canvas| {
            let room = self.frame.draw(canvas)?;
            let room = legend_rows(canvas, &self.legend(), room)?;
            let columns = room.columns(self.panels.len(), PANEL_GAP);
            for (panel, room) in self.panels.iter().zip(columns) {
                self.draw_panel(canvas, panel, room)?;
            }
            Ok(())
        })
    }

    fn check(&self, panel: &ScatterPanel) -> Result<(), PlotError> {
        for point in &panel.points {
            panel.x.admit(&point.label, point.x)?;
            panel.y.admit(&point.label, point.y)?;
            if point.group >= self.groups.len() {
                let (expected, found) = (self.groups.len(), point.group);
                return Err(PlotError::Mismatch { what: point.label.clone(), expected, found });
            }
        }
        for (front, point) in panel.front.iter().flat_map(|f| f.points.iter().map(move |p| (f, p)))
        {
            panel.x.admit(&front.name, point.0)?;
            panel.y.admit(&front.name, point.1)?;
        }
        for ray in &panel.rays {
            let positive = Axis { scale: Scale::Log10, ..panel.y.clone() };
            positive.admit(&ray.label, ray.slope)?;
        }
        Ok(())
    }

    fn legend(&self) -> Vec<Entry> {
        let named = |group: &&Group| !group.name.is_empty();
        let mut entries: Vec<Entry> = self
            .groups
            .iter()
            .filter(named)
            .map(|g| Entry { sign: Sign::Marker(g.style), text: g.name.clone() })
            .collect();
        for front in self.panels.iter().filter_map(|panel| panel.front.as_ref()) {
            let crowded = self.panels.iter().any(ScatterPanel::is_crowded);
            let labels = if crowded { " (only its points are labelled)" } else { "" };
            let text = format!("{}{labels}", front.name);
            if entries.iter().all(|entry| entry.text != text) {
                entries.push(Entry { sign: Sign::Stroke(OVERLAY), text });
            }
        }
        entries
    }

    fn draw_panel(
        &self,
        canvas: &Canvas<'_>,
        panel: &ScatterPanel,
        room: Rect,
    ) -> Result<(), PlotError> {
        let (x, y) = panel.spans()?;
        let ray_labels = Type::SMALL.widest(panel.rays.iter().map(|ray| ray.label.as_str()))?;
        let right = if panel.rays.is_empty() { 8.0 } else { ray_labels + 24.0 };
        let sketch = Sketch { title: &panel.title, x: (&panel.x, x), y: (&panel.y, y), right };
        let axes = sketch.draw(canvas, &self.frame, room)?;
        let mut lines = panel.draw_rays(canvas, &axes)?;
        lines.extend(panel.draw_front(canvas, &axes)?);
        let dots: Vec<Xy> = panel.points.iter().map(|p| axes.at((p.x, p.y))).collect();
        panel.draw_labels(canvas, &axes, &dots, &lines)?;
        for (point, at) in panel.points.iter().zip(&dots) {
            // `check` has seen to the index.
            if let Some(group) = self.groups.get(point.group) {
                canvas.marker(group.style, *at, panel.marker_radius(), colour(group.style))?;
            }
        }
        Ok(())
    }
}

impl ScatterPanel {
    /// Whether labels for all points would hide one another, and a front says which matter.
    fn is_crowded(&self) -> bool {
        self.front.is_some() && self.points.len() > MOST_LABELS
    }

    fn marker_radius(&self) -> f64 {
        if self.points.len() > CROWD { SMALL_MARKER } else { MARKER_RADIUS }
    }

    fn is_labelled(&self, point: &Point) -> bool {
        let on_front = |front: &Front| front.points.contains(&(point.x, point.y));
        let front = self.front.as_ref().filter(|_| self.is_crowded());
        !point.label.is_empty() && front.is_none_or(on_front)
    }

    /// The stretches of both axes.
    fn spans(&self) -> Result<(Span, Span), PlotError> {
        let front = || self.front.iter().flat_map(|front| front.points.iter().copied());
        let points = || self.points.iter().map(|p| (p.x, p.y)).chain(front());
        let x = self.x.span(points().map(|p| p.0))?;
        let right_end = self.x.scale.undo(x.high);
        let ray_ends = self.rays.iter().map(|ray| ray.slope * right_end);
        let y = self.y.span(points().map(|p| p.1).chain(ray_ends))?;
        Ok((x, y))
    }

    /// Draws the reference lines with their labels and returns their segments in pixels.
    fn draw_rays(&self, canvas: &Canvas<'_>, axes: &Panel) -> Result<Vec<(Xy, Xy)>, PlotError> {
        let mut segments = Vec::new();
        let mut ends = Vec::new();
        for ray in &self.rays {
            let path = self.ray_path(ray, axes);
            canvas.line(&path, RAY_PEN)?;
            ends.push(axes.y.at(ray.slope * axes.x.ends().1));
            segments.extend(path.windows(2).map(|pair| (pair[0], pair[1])));
        }
        let heights = spread(&ends, LABEL_HEIGHT, axes.plot.y0, axes.plot.y1);
        let x = axes.plot.x1;
        for ((ray, end), height) in self.rays.iter().zip(ends).zip(heights) {
            canvas.line(&[(x, end), (x + 12.0, height)], LEADER)?;
            canvas.text(&ray.label, (x + 16.0, height), Type::SMALL)?;
        }
        Ok(segments)
    }

    /// The pixels a ray runs through, from where it enters the plot area to its right edge.
    fn ray_path(&self, ray: &Ray, axes: &Panel) -> Vec<Xy> {
        let ((x_low, x_high), (y_low, _)) = (axes.x.ends(), axes.y.ends());
        let (from, to) = (x_low.max(y_low / ray.slope), x_high);
        // A ray is straight where both axes scale alike, else a curve.
        let steps: u32 = if self.x.scale == self.y.scale { 1 } else { 64 };
        (0..=steps)
            .map(|step| {
                let x = from + (to - from) * f64::from(step) / f64::from(steps);
                axes.at((x, ray.slope * x))
            })
            .collect()
    }

    /// Draws the front and returns its segments in pixels.
    fn draw_front(&self, canvas: &Canvas<'_>, axes: &Panel) -> Result<Vec<(Xy, Xy)>, PlotError> {
        let Some(front) = &self.front else {
            return Ok(Vec::new());
        };
        let mut path: Vec<Xy> = Vec::new();
        for corner in front.points.iter().map(|&point| axes.at(point)) {
            if let Some(&last) = path.last() {
                match front.shape {
                    FrontShape::Line => {}
                    FrontShape::StepYFirst => path.push((last.0, corner.1)),
                    FrontShape::StepXFirst => path.push((corner.0, last.1)),
                }
            }
            path.push(corner);
        }
        canvas.line(&path, OVERLAY)?;
        Ok(path.windows(2).map(|pair| (pair[0], pair[1])).collect())
    }

    fn draw_labels(
        &self,
        canvas: &Canvas<'_>,
        axes: &Panel,
        dots: &[Xy],
        lines: &[(Xy, Xy)],
    ) -> Result<(), PlotError> {
        let mut tags = Vec::new();
        let mut texts = Vec::new();
        for (point, &at) in self.points.iter().zip(dots).filter(|(p, _)| self.is_labelled(p)) {
            let width = Type::SMALL.width(&point.label)? + 4.0;
            tags.push(Tag { point: at, width, height: LABEL_HEIGHT });
            texts.push(&point.label);
        }
        let radius = self.marker_radius() + 1.5;
        let around = Surroundings { bounds: axes.plot, dots, radius, lines };
        let places = place(&tags, &around);
        for (from, to) in places.iter().filter_map(|place| place.leader) {
            canvas.line(&[from, to], LEADER)?;
        }
        for (text, place) in texts.into_iter().zip(&places) {
            let at = (place.rect.x0 + 2.0, place.rect.centre().1);
            canvas.text(text, at, Type::SMALL)?;
        }
        Ok(())
    }
}
