//! The picture of Pareto fronts: the first two objectives against each other, a panel for each
//! front.

use super::front_table::{FrontGroup, Fronts};
use super::plot::{
    Axis, Frame, Front, FrontShape, Group, PlotError, Point, Scale, Scatter, ScatterPanel, Ticks,
};
use super::table::{Show, Table};
use crate::spec::Diagnostic;
use crate::sweep::pareto::Sense;

/// More panels than this do not fit on a page.
const MOST_PANELS: usize = 6;
/// With more points than this in a panel, only those on the front are labelled.
const MOST_LABELS: usize = 30;
/// A range of values wider than this is drawn on a logarithmic axis.
const WIDE: f64 = 30.0;

impl From<PlotError> for Diagnostic {
    fn from(error: PlotError) -> Self {
        Self::new(format!("the plot cannot be drawn: {error}"))
    }
}

/// Draws the fronts of a table, with the texts of `label` at the points.
///
/// # Errors
/// If there are too many fronts, or the values cannot be drawn.
pub fn svg(
    fronts: &Fronts,
    table: &Table,
    on_front: &[bool],
    label: Option<usize>,
) -> Result<String, Diagnostic> {
    let groups = fronts.groups(table)?;
    if groups.len() > MOST_PANELS {
        let by = fronts.by.as_deref().unwrap_or_default();
        let message =
            format!("a plot has room for {MOST_PANELS} fronts, and `{by}` gives {}", groups.len());
        return Err(
            Diagnostic::new(message).help("choose fewer rows, or `--by none` for one front")
        );
    }
    let values = fronts.values(table)?;
    let plane = fronts.objectives.len() == 2;
    let sketch = Sketch { fronts, table, values: &values, on_front, label, plane };
    let width = u32::try_from(groups.len()).unwrap_or(1) * 520;
    let chart = Scatter {
        frame: Frame {
            title: "Pareto front".to_owned(),
            subtitle: sketch.subtitle(),
            footnote: table.notes.first().cloned().unwrap_or_default(),
            width: width.max(1000),
            height: 600,
        },
        groups: ["on the front", "beaten"]
            .into_iter()
            .zip(0..)
            .map(|(name, style)| Group { name: name.to_owned(), style })
            .collect(),
        panels: groups.iter().map(|group| sketch.panel(group)).collect(),
    };
    Ok(chart.svg()?)
}

struct Sketch<'a> {
    fronts: &'a Fronts,
    table: &'a Table,
    values: &'a [Vec<f64>],
    on_front: &'a [bool],
    label: Option<usize>,
    /// Whether the two axes are all objectives, so that the front is a line.
    plane: bool,
}

impl Sketch<'_> {
    fn subtitle(&self) -> String {
        let side = |at: usize| {
            let better = if self.sense(at) == Sense::Min { "less" } else { "more" };
            format!("{}: {better} is better", self.title_of(&self.fronts.objectives[at].column))
        };
        let sides: Vec<String> = (0..self.fronts.objectives.len()).map(side).collect();
        sides.join("; ")
    }

    fn sense(&self, objective: usize) -> Sense {
        self.fronts.objectives[objective].sense
    }

    fn panel(&self, group: &FrontGroup) -> ScatterPanel {
        let crowded = group.rows.len() > MOST_LABELS;
        let point = |&row: &usize| {
            let on = self.on_front[row];
            let label = self.label.filter(|_| on || !crowded);
            Point {
                x: self.values[row][0],
                y: self.values[row][1],
                label: label.map(|at| self.table.rows[row][at].exact()).unwrap_or_default(),
                detail: String::new(),
                group: usize::from(!on),
            }
        };
        // What is on the front is drawn last, over what is beaten.
        let (on, beaten): (Vec<usize>, Vec<usize>) =
            group.rows.iter().partition(|&&row| self.on_front[row]);
        ScatterPanel {
            title: self.title(group),
            x: self.axis(0),
            y: self.axis(1),
            points: beaten.iter().chain(&on).map(point).collect(),
            fronts: self.plane.then(|| self.front(group)).into_iter().collect(),
            rays: Vec::new(),
            guides: Vec::new(),
        }
    }

    fn title(&self, group: &FrontGroup) -> String {
        let Some(by) = &self.fronts.by else { return String::new() };
        let show = if by.ends_with("_tokens") { Show::Tokens } else { Show::Plain };
        format!("{} {}", self.title_of(by), group.value.shown(show))
    }

    /// What people read above a column.
    fn title_of<'n>(&'n self, name: &'n str) -> &'n str {
        self.table.column(name).map_or(name, |at| self.table.columns[at].heading.as_ref())
    }

    /// One axis for all panels, so that they can be compared.
    fn axis(&self, objective: usize) -> Axis {
        let name = &self.fronts.objectives[objective].column;
        let all = self.values.iter().map(|row| row[objective]);
        let (low, high) =
            all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let scale = if low > 0.0 && high > low * WIDE { Scale::Log10 } else { Scale::Linear };
        let ticks = match name {
            name if name.contains("usd") => Ticks::Dollars,
            name if name.ends_with("_tokens") => Ticks::Binary,
            _ if high >= 1e4 => Ticks::Si,
            _ => Ticks::Plain,
        };
        Axis { label: self.title_of(name).to_owned(), scale, ticks, cover: Some((low, high)) }
    }

    /// The border of what is beaten: stairs through the points on the front.
    fn front(&self, group: &FrontGroup) -> Front {
        let on = group.rows.iter().filter(|&&row| self.on_front[row]);
        let mut points: Vec<(f64, f64)> =
            on.map(|&row| (self.values[row][0], self.values[row][1])).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.dedup();
        let shape = match self.sense(0) {
            Sense::Min => FrontShape::StepXFirst,
            Sense::Max => FrontShape::StepYFirst,
        };
        Front { name: "Pareto front".to_owned(), points, shape, style: None }
    }
}
