//! What is drawn over and under the points of a scatter chart: fronts, rays and roofs, guides.
//!
//! It must not know what makes a point good or what a reference line stands for.

use super::axis::{Axis, Scale};
use super::canvas::{Canvas, Pen, Type};
use super::error::PlotError;
use super::frame::{LEADER, OVERLAY};
use super::geometry::{Xy, spread};
use super::panel::Panel;
use super::scatter::{LABEL_HEIGHT, ScatterPanel};
use super::style::{GREY, colour};
use serde::Serialize;

const RAY_PEN: Pen = Pen { colour: GREY, width: 1.3, dash: None };
const GUIDE_PEN: Pen = Pen { colour: GREY, width: 1.0, dash: Some((2.0, 3.0)) };

/// A line over the points, such as a Pareto front.
#[derive(Debug, Clone, Serialize)]
pub struct Front {
    /// Legend text; empty where a group's marker says it.
    pub name: String,
    /// The corners, in drawing order.
    pub points: Vec<(f64, f64)>,
    /// How they are joined.
    pub shape: FrontShape,
    /// Which colour of the palette; dark and dashed if none.
    pub style: Option<usize>,
}

impl Front {
    pub(super) fn pen(&self) -> Pen {
        self.style.map_or(OVERLAY, |nth| Pen { colour: colour(nth), width: 1.8, dash: None })
    }
}

/// How the corners of a front are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FrontShape {
    /// Straight.
    Line,
    /// Steps that first go along y, then along x.
    StepYFirst,
    /// Steps that first go along x, then along y.
    StepXFirst,
}

/// The reference line `y = slope * x`, labelled at its right end; with a cap it is a roof, which
/// goes on level from there. The y axis grows to hold its right end.
#[derive(Debug, Clone, Serialize)]
pub struct Ray {
    /// Text at its end.
    pub label: String,
    /// Its slope, above zero.
    pub slope: f64,
    /// Where it stops rising.
    pub cap: Option<f64>,
    /// Which colour of the palette; grey if none.
    pub style: Option<usize>,
}

impl Ray {
    /// Its height.
    pub(super) fn at(&self, x: f64) -> f64 {
        (self.slope * x).min(self.cap.unwrap_or(f64::INFINITY))
    }

    fn pen(&self) -> Pen {
        self.style.map_or(RAY_PEN, |nth| Pen { colour: colour(nth), ..RAY_PEN })
    }
}

/// An upright reference line, labelled at its upper end.
#[derive(Debug, Clone, Serialize)]
pub struct Guide {
    /// Text at its end.
    pub label: String,
    /// Where it stands.
    pub x: f64,
}

fn segments(path: &[Xy]) -> impl Iterator<Item = (Xy, Xy)> {
    path.windows(2).map(|pair| (pair[0], pair[1]))
}

impl ScatterPanel {
    pub(super) fn check_overlays(&self) -> Result<(), PlotError> {
        for front in &self.fronts {
            for point in &front.points {
                self.x.admit(&front.name, point.0)?;
                self.y.admit(&front.name, point.1)?;
            }
        }
        for ray in &self.rays {
            let positive = Axis { scale: Scale::Log10, ..self.y.clone() };
            positive.admit(&ray.label, ray.slope)?;
            ray.cap.map_or(Ok(()), |cap| positive.admit(&ray.label, cap))?;
        }
        self.guides.iter().try_for_each(|guide| self.x.admit(&guide.label, guide.x))
    }

    /// Draws the upright lines and returns their segments in pixels.
    pub(super) fn draw_guides(
        &self,
        canvas: &Canvas<'_>,
        axes: &Panel,
    ) -> Result<Vec<(Xy, Xy)>, PlotError> {
        let (top, bottom) = (axes.plot.y0, axes.plot.y1);
        let mut drawn = Vec::new();
        for guide in &self.guides {
            let x = axes.x.at(guide.x);
            canvas.line(&[(x, top), (x, bottom)], GUIDE_PEN)?;
            let look = Type { colour: GREY, upright: true, ..Type::SMALL };
            let reach = look.width(&guide.label)?;
            canvas.text(&guide.label, (x + 8.0, top + reach + 6.0), look)?;
            drawn.extend([((x, top), (x, bottom)), ((x + 8.0, top), (x + 8.0, top + reach + 6.0))]);
        }
        Ok(drawn)
    }

    /// Draws the reference lines with their labels and returns their segments in pixels.
    pub(super) fn draw_rays(
        &self,
        canvas: &Canvas<'_>,
        axes: &Panel,
    ) -> Result<Vec<(Xy, Xy)>, PlotError> {
        let mut drawn = Vec::new();
        let mut ends = Vec::new();
        for ray in &self.rays {
            let path = self.ray_path(ray, axes);
            canvas.line(&path, ray.pen())?;
            ends.push(axes.y.at(ray.at(axes.x.ends().1)));
            drawn.extend(segments(&path));
        }
        let heights = spread(&ends, LABEL_HEIGHT, axes.plot.y0, axes.plot.y1);
        let x = axes.plot.x1;
        for ((ray, end), height) in self.rays.iter().zip(ends).zip(heights) {
            canvas.line(&[(x, end), (x + 12.0, height)], LEADER)?;
            canvas.text(&ray.label, (x + 16.0, height), Type::SMALL)?;
        }
        Ok(drawn)
    }

    /// The pixels a ray runs through, from where it enters the plot area to its right edge.
    fn ray_path(&self, ray: &Ray, axes: &Panel) -> Vec<Xy> {
        let ((x_low, x_high), (y_low, _)) = (axes.x.ends(), axes.y.ends());
        let (from, to) = (x_low.max(y_low / ray.slope), x_high);
        let bend = ray.cap.map(|cap| cap / ray.slope).filter(|bend| (from..to).contains(bend));
        // A ray is straight where both axes scale alike, else a curve.
        let steps: u32 = if self.x.scale == self.y.scale { 1 } else { 64 };
        let even = (0..=steps).map(|step| from + (to - from) * f64::from(step) / f64::from(steps));
        let mut all: Vec<f64> = even.chain(bend).collect();
        all.sort_by(f64::total_cmp);
        all.into_iter().map(|x| axes.at((x, ray.at(x)))).collect()
    }

    /// Draws the fronts and returns their segments in pixels.
    pub(super) fn draw_fronts(
        &self,
        canvas: &Canvas<'_>,
        axes: &Panel,
    ) -> Result<Vec<(Xy, Xy)>, PlotError> {
        let mut drawn = Vec::new();
        for front in &self.fronts {
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
            canvas.line(&path, front.pen())?;
            drawn.extend(segments(&path));
        }
        Ok(drawn)
    }
}
