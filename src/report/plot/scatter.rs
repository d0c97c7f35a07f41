//! Labelled points in groups, with fronts and reference lines.
//!
//! It must not know what makes a point good or what a reference line stands for.

use super::axis::{Axis, Span};
use super::canvas::{Canvas, Type, render};
use super::error::PlotError;
use super::frame::{Entry, Frame, LEADER, Sign, legend_rows};
use super::geometry::{Rect, Xy};
use super::labels::{Surroundings, Tag, place};
use super::overlay::{Front, Guide, Ray};
use super::panel::{Panel, Sketch};
use super::style::{MARKER_RADIUS, colour};
use serde::Serialize;

pub(super) const LABEL_HEIGHT: f64 = 15.0;
const PANEL_GAP: f64 = 24.0;
/// A panel with more points labels those of its front alone.
pub(crate) const MOST_LABELS: usize = 20;
/// A panel with more points draws them small.
const CROWD: usize = 150;
/// Half the size of a small marker, in pixels.
const SMALL_MARKER: f64 = 2.8;

/// A scatter chart of one or more panels side by side that share a legend.
#[derive(Debug, Clone, Serialize)]
pub struct Scatter {
    /// Texts and size.
    pub frame: Frame,
    /// The groups that points belong to, in legend order.
    pub groups: Vec<Group>,
    /// Left to right.
    pub panels: Vec<ScatterPanel>,
}

/// A group of points that look alike.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// Legend text.
    pub name: String,
    /// Which colour and marker of the palette.
    pub style: usize,
}

/// One pair of axes.
#[derive(Debug, Clone, Serialize)]
pub struct ScatterPanel {
    /// Heading.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is shown.
    pub points: Vec<Point>,
    /// Lines over the points.
    pub fronts: Vec<Front>,
    /// Reference lines under the points.
    pub rays: Vec<Ray>,
    /// Upright reference lines under the points.
    pub guides: Vec<Guide>,
}

/// One labelled point.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// Horizontal value.
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// Text beside it; empty for none.
    pub label: String,
    /// What else there is to say of it where a reader can ask.
    pub detail: String,
    /// Index into [`Scatter::groups`].
    pub group: usize,
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
        panel.check_overlays()
    }

    fn legend(&self) -> Vec<Entry> {
        let named = |group: &&Group| !group.name.is_empty();
        let mut entries: Vec<Entry> = self
            .groups
            .iter()
            .filter(named)
            .map(|g| Entry { sign: Sign::Marker(g.style), text: g.name.clone() })
            .collect();
        for front in self.panels.iter().flat_map(|panel| &panel.fronts) {
            let crowded = self.panels.iter().any(ScatterPanel::is_crowded);
            let labels = if crowded { " (only its points are labelled)" } else { "" };
            let text = format!("{}{labels}", front.name);
            if !front.name.is_empty() && entries.iter().all(|entry| entry.text != text) {
                entries.push(Entry { sign: Sign::Stroke(front.pen()), text });
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
        let mut lines = panel.draw_guides(canvas, &axes)?;
        lines.extend(panel.draw_rays(canvas, &axes)?);
        lines.extend(panel.draw_fronts(canvas, &axes)?);
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
        let labelled = self.points.iter().filter(|point| !point.label.is_empty()).count();
        !self.fronts.is_empty() && labelled > MOST_LABELS
    }

    fn marker_radius(&self) -> f64 {
        if self.points.len() > CROWD { SMALL_MARKER } else { MARKER_RADIUS }
    }

    fn is_labelled(&self, point: &Point) -> bool {
        let on_front = |front: &Front| front.points.contains(&(point.x, point.y));
        !point.label.is_empty() && (!self.is_crowded() || self.fronts.iter().any(on_front))
    }

    /// The stretches of both axes.
    fn spans(&self) -> Result<(Span, Span), PlotError> {
        let fronts = || self.fronts.iter().flat_map(|front| front.points.iter().copied());
        let points = || self.points.iter().map(|p| (p.x, p.y)).chain(fronts());
        let guides = self.guides.iter().map(|guide| guide.x);
        let x = self.x.span(points().map(|p| p.0).chain(guides))?;
        let right_end = self.x.scale.undo(x.high);
        let ray_ends = self.rays.iter().map(|ray| ray.at(right_end));
        let y = self.y.span(points().map(|p| p.1).chain(ray_ends))?;
        Ok((x, y))
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
