//! The picture of Pareto fronts: the first two objectives against each other, a panel for each
//! context, and in it a colour for each front.

use super::front_table::{CONTEXT, Found, FrontGroup, Fronts};
use super::number::short;
use super::plot::{
    Axis, Chart, Frame, Front, FrontShape, Group, PlotError, Point, Scale, Scatter, ScatterPanel,
    Ticks,
};
use super::table::{Cell, Show, Table};
use crate::spec::Diagnostic;
use crate::sweep::pareto::Sense;

/// More panels than this do not fit on a page.
const MOST_PANELS: usize = 6;
/// More fronts in a panel than this cannot be told apart.
const MOST_COLOURS: usize = 12;
/// With more points than this in a panel, only knees are labelled and only fronts are shown.
const MOST_LABELS: usize = 30;
/// A range of values wider than this is drawn on a logarithmic axis.
const WIDE: f64 = 30.0;

impl From<PlotError> for Diagnostic {
    fn from(error: PlotError) -> Self {
        Self::new(format!("the plot cannot be drawn: {error}"))
    }
}

/// The fronts of a table as a chart, with the texts of `label` at the points.
///
/// # Errors
/// If there are too many fronts.
pub fn chart(
    fronts: &Fronts,
    table: &Table,
    found: &Found,
    label: Option<usize>,
) -> Result<Chart, Diagnostic> {
    let groups = fronts.groups(table)?;
    let panels = panels(fronts, &groups);
    let colours = colours(fronts, &groups);
    let by = fronts.by.join("` and `");
    let (kept, most) = match (panels.len(), colours.len()) {
        (n, _) if n > MOST_PANELS => (n, MOST_PANELS),
        (_, n) if n > MOST_COLOURS => (n, MOST_COLOURS),
        _ => (0, 0),
    };
    if kept > 0 {
        let message = format!("a plot has room for {most} fronts, and `{by}` gives {kept}");
        let complaint = Diagnostic::new(message);
        return Err(complaint.help("choose fewer rows, or `--by none` for one front"));
    }
    let values = fronts.values(table)?;
    let plane = fronts.objectives.len() == 2;
    let sketch = Sketch { fronts, table, values: &values, found, label, plane, colours: &colours };
    let width = u32::try_from(panels.len()).unwrap_or(1) * 520;
    let frame = Frame {
        title: "Pareto front".to_owned(),
        subtitle: sketch.subtitle(),
        footnote: table.notes.first().cloned().unwrap_or_default(),
        width: width.max(1000),
        height: 600,
    };
    let names: Vec<String> = match colours.as_slice() {
        [_] | [] => ["on the front", "beaten"].map(str::to_owned).to_vec(),
        several => several.iter().map(|values| sketch.words(values)).collect(),
    };
    let groups = names.into_iter().enumerate().map(|(style, name)| Group { name, style });
    let panels = panels.iter().map(|groups| sketch.panel(groups)).collect();
    Ok(Scatter { frame, groups: groups.collect(), panels }.into())
}

/// The groups of each panel: those of one context.
fn panels<'g>(fronts: &Fronts, groups: &'g [FrontGroup]) -> Vec<Vec<&'g FrontGroup>> {
    let context = fronts.by.iter().position(|name| name == CONTEXT);
    let of = |group: &FrontGroup| context.map(|at| group.values[at].exact());
    let mut panels: Vec<(Option<String>, Vec<&FrontGroup>)> = Vec::new();
    for group in groups {
        match panels.iter_mut().find(|(context, _)| *context == of(group)) {
            Some((_, groups)) => groups.push(group),
            None => panels.push((of(group), vec![group])),
        }
    }
    panels.into_iter().map(|(_, groups)| groups).collect()
}

/// What a group is beside its context.
fn own(fronts: &Fronts, group: &FrontGroup) -> Vec<Cell> {
    let named = fronts.by.iter().zip(&group.values).filter(|(name, _)| *name != CONTEXT);
    named.map(|(_, value)| value.clone()).collect()
}

/// What fronts are told apart by beside their context, in order of first appearance.
fn colours(fronts: &Fronts, groups: &[FrontGroup]) -> Vec<Vec<Cell>> {
    let mut all: Vec<Vec<Cell>> = Vec::new();
    for group in groups {
        let own = own(fronts, group);
        if !all.contains(&own) {
            all.push(own);
        }
    }
    all
}

struct Sketch<'a> {
    fronts: &'a Fronts,
    table: &'a Table,
    values: &'a [Vec<f64>],
    found: &'a Found,
    label: Option<usize>,
    /// Whether the two axes are all objectives, so that the front is a line.
    plane: bool,
    colours: &'a [Vec<Cell>],
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

    /// What a group is beside its context: words as they are, numbers with what they count.
    fn words(&self, values: &[Cell]) -> String {
        let names = self.fronts.by.iter().filter(|name| *name != CONTEXT);
        let word = |(name, value): (&String, &Cell)| match value {
            Cell::Text(text) => text.clone(),
            other => format!("{} {}", self.title_of(name), other.exact()),
        };
        let words: Vec<String> = names.zip(values).map(word).collect();
        words.join(", ")
    }

    /// The colour of a group, where colours tell fronts apart.
    fn colour(&self, group: &FrontGroup) -> Option<usize> {
        let own = own(self.fronts, group);
        let place = self.colours.iter().position(|colour| *colour == own);
        place.filter(|_| self.colours.len() > 1)
    }

    fn panel(&self, groups: &[&FrontGroup]) -> ScatterPanel {
        let rows: usize = groups.iter().map(|group| group.rows.len()).sum();
        let crowded = rows > MOST_LABELS;
        let mut points = Vec::new();
        let mut fronts = Vec::new();
        // What is on a front is drawn last, over what is beaten.
        for on in [false, true] {
            for group in groups {
                let shown = |row: &&usize| {
                    self.found.on_front[**row] == on && (on || !(crowded && self.colours.len() > 1))
                };
                points.extend(group.rows.iter().filter(shown).map(|&row| {
                    let colour = self.colour(group);
                    self.point(row, colour.unwrap_or(usize::from(!on)), crowded, colour.is_some())
                }));
            }
        }
        if self.plane {
            fronts.extend(groups.iter().map(|group| self.front(group)));
        }
        ScatterPanel {
            title: groups.first().map(|group| self.title(group)).unwrap_or_default(),
            x: self.axis(0),
            y: self.axis(1),
            points,
            fronts,
            rays: Vec::new(),
            guides: Vec::new(),
        }
    }

    fn point(&self, row: usize, group: usize, crowded: bool, coloured: bool) -> Point {
        let knee = self.found.knee[row];
        let named = if coloured && crowded { knee } else { self.found.on_front[row] || !crowded };
        let text = |at: usize| self.table.rows[row][at].exact();
        let label = self.label.filter(|_| named).map(text).unwrap_or_default();
        let words = |at: usize| match &self.table.rows[row][at] {
            Cell::Text(text) => Some(text.clone()),
            _ => None,
        };
        let mut detail: Vec<String> = (0..self.table.columns.len()).filter_map(words).collect();
        let value = |(objective, value): (&super::front_table::Objective, &f64)| {
            format!("{} {}", self.title_of(&objective.column), short(*value))
        };
        detail.extend(self.fronts.objectives.iter().zip(&self.values[row]).skip(2).map(value));
        detail.extend(knee.then(|| "the knee of its front".to_owned()));
        let (x, y) = (self.values[row][0], self.values[row][1]);
        Point { x, y, label, detail: detail.join(", "), group }
    }

    fn title(&self, group: &FrontGroup) -> String {
        let context = self.fronts.by.iter().position(|name| name == CONTEXT);
        match (context, self.colours.len() > 1) {
            (Some(at), _) => {
                let value = group.values[at].shown(Show::Tokens);
                format!("{} {value}", self.title_of(CONTEXT))
            }
            (None, true) => String::new(),
            (None, false) => self.words(&own(self.fronts, group)),
        }
    }

    /// What people read above a column.
    fn title_of<'n>(&'n self, name: &'n str) -> &'n str {
        self.table.column(name).map_or(name, |at| self.table.columns[at].heading.as_ref())
    }

    /// One axis for all panels, so that they can be compared.
    fn axis(&self, objective: usize) -> Axis {
        let name = &self.fronts.objectives[objective].column;
        let all = self.values.iter().filter_map(|row| row.get(objective).copied());
        let (low, high) =
            all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let scale = if low > 0.0 && high > low * WIDE { Scale::Log10 } else { Scale::Linear };
        let ticks = match name {
            name if name.contains("usd") => Ticks::Dollars,
            name if name.ends_with("_tokens") => Ticks::Binary,
            _ if high >= 1e4 => Ticks::Si,
            _ => Ticks::Plain,
        };
        let cover = (low <= high).then_some((low, high));
        Axis { label: self.title_of(name).to_owned(), scale, ticks, cover }
    }

    /// The border of what is beaten: stairs through the points on the front.
    fn front(&self, group: &FrontGroup) -> Front {
        let on = group.rows.iter().filter(|&&row| self.found.on_front[row]);
        let mut points: Vec<(f64, f64)> =
            on.map(|&row| (self.values[row][0], self.values[row][1])).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.dedup();
        let shape = match self.sense(0) {
            Sense::Min => FrontShape::StepXFirst,
            Sense::Max => FrontShape::StepYFirst,
        };
        let style = self.colour(group);
        let name = if style.is_some() { "" } else { "Pareto front" };
        Front { name: name.to_owned(), points, shape, style }
    }
}
