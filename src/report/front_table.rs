//! Pareto fronts over the columns of a table: which rows are on one, and a picture of it.
//!
//! Columns are whatever the table has. A row without a number in an objective is an error, never
//! dropped; one that says it is infeasible is counted and on no front.

use super::table::{Cell, Column, Show, Table};
use crate::spec::Diagnostic;
use crate::spec::source::{did_you_mean, one_of};
use crate::sweep::knee::{knee, thinned};
use crate::sweep::pareto::{Sense, front};
use indexmap::IndexMap;

/// Column that says whether a row is on its front.
pub const ON_FRONT: &str = "on_front";
/// Column that says whether a row is the knee of its front.
pub const KNEE: &str = "knee";
/// Column that fronts are made apart for if nothing else is said.
pub const CONTEXT: &str = "context_tokens";
/// Column that says whether a row can be at all; one that cannot is on no front.
const FEASIBLE: &str = "feasible";
/// Names, or beginnings of names, of what one wants more of.
const MORE_IS_BETTER: [&str; 6] =
    ["active_params", "total_params", "tokens_per_s", "throughput", "effective_rank", "accuracy"];
/// Short names of objectives, and the columns that each may mean, the likeliest first.
const SHORT: [(&str, &[&str]); 6] = [
    ("cost", &["usd_per_mtok", "total_usd_per_mtok"]),
    ("tpot", &["tpot_ms"]),
    ("interactivity", &["tokens_per_s_per_user", "tpot_ms"]),
    ("throughput", &["tokens_per_s_per_device"]),
    ("power", &["power_w"]),
    ("params", &["active_params"]),
];

/// A column and which way is better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objective {
    /// The column's name.
    pub column: String,
    /// Which way is better.
    pub sense: Sense,
}

impl Objective {
    /// Reads `NAME`, `NAME:min` or `NAME:max` for a table; by itself, a name that is known for it
    /// is to be large and any other small. A short name stands for the column that the table has.
    ///
    /// # Errors
    /// If something else stands behind the colon.
    pub fn parse(text: &str, table: &Table) -> Result<Self, Diagnostic> {
        let (name, sense) = match text.rsplit_once(':') {
            None => (text, None),
            Some((name, "min")) => (name, Some(Sense::Min)),
            Some((name, "max")) => (name, Some(Sense::Max)),
            Some((_, other)) => {
                let message = format!("an objective is to be `min` or `max`, not `{other}`");
                return Err(Diagnostic::new(message).help("write NAME:min or NAME:max"));
            }
        };
        let column = resolved(name, table);
        Ok(Self { column: column.to_owned(), sense: sense.unwrap_or(default_sense(column)) })
    }
}

/// The column that a name means.
fn resolved<'n>(name: &'n str, table: &Table) -> &'n str {
    let short = SHORT.iter().find(|(short, _)| *short == name && table.column(name).is_none());
    let known = short.and_then(|(_, all)| all.iter().find(|c| table.column(c).is_some()));
    known.copied().unwrap_or(name)
}

fn default_sense(column: &str) -> Sense {
    let more = MORE_IS_BETTER.iter().any(|name| column.starts_with(name));
    if more { Sense::Max } else { Sense::Min }
}

/// Which fronts to find in a table.
#[derive(Debug)]
pub struct Fronts {
    /// Two or three objectives.
    pub objectives: Vec<Objective>,
    /// The columns that have a front for each combination of their values.
    pub by: Vec<String>,
}

/// Rows that share a front, by their places in the table.
#[derive(Debug)]
pub struct FrontGroup {
    /// The values that they share, one for each column of [`Fronts::by`].
    pub values: Vec<Cell>,
    /// The rows that can be, in the table's order.
    pub rows: Vec<usize>,
}

/// The fronts of a table.
#[derive(Debug)]
pub struct Found {
    /// Whether each row is on the front of its group.
    pub on_front: Vec<bool>,
    /// Whether each row is the knee of its front.
    pub knee: Vec<bool>,
    /// Rows that cannot be.
    pub infeasible: usize,
}

/// The place of a column.
///
/// # Errors
/// If the table has none of that name.
pub fn column(table: &Table, name: &str) -> Result<usize, Diagnostic> {
    table.column(name).ok_or_else(|| {
        let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_ref()).collect();
        let complaint = Diagnostic::new(format!("the table has no column `{name}`"));
        complaint.help(match did_you_mean(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", one_of(&known).replace(" or ", " and ")),
        })
    })
}

impl Fronts {
    /// The columns to group by where the user says nothing: the context, if several are there and
    /// it is no objective itself.
    #[must_use]
    pub fn default_groups(table: &Table, objectives: &[Objective]) -> Vec<String> {
        let several = |at: usize| table.rows.windows(2).any(|pair| pair[0][at] != pair[1][at]);
        let objective = objectives.iter().any(|o| o.column == CONTEXT);
        let context = table.column(CONTEXT).filter(|&at| several(at) && !objective);
        context.map(|_| CONTEXT.to_owned()).into_iter().collect()
    }

    /// The rows that can be, by the front that they compete for, in order of first appearance.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn groups(&self, table: &Table) -> Result<Vec<FrontGroup>, Diagnostic> {
        let by = self.by.iter().map(|name| column(table, name)).collect::<Result<Vec<_>, _>>()?;
        let mut groups: IndexMap<Vec<String>, FrontGroup> = IndexMap::new();
        for (at, row) in table.rows.iter().enumerate().filter(|(_, row)| feasible(table, row)) {
            let values = || by.iter().map(|&by| row[by].clone()).collect::<Vec<Cell>>();
            let key = by.iter().map(|&by| row[by].exact()).collect();
            let new = || FrontGroup { values: values(), rows: Vec::new() };
            groups.entry(key).or_insert_with(new).rows.push(at);
        }
        Ok(groups.into_values().collect())
    }

    /// The objectives' values, row by row; nothing for a row that cannot be.
    ///
    /// # Errors
    /// If a column is missing or a row that can be has no number in it.
    pub fn values(&self, table: &Table) -> Result<Vec<Vec<f64>>, Diagnostic> {
        let objectives = self.objectives.iter();
        let places: Vec<usize> =
            objectives.map(|o| column(table, &o.column)).collect::<Result<_, _>>()?;
        let value = |number: usize, row: &[Cell], at: usize| {
            let finite = row[at].number().filter(|n| n.is_finite());
            finite.ok_or_else(|| no_number(table, number, row, at))
        };
        let row = |(row, number): (&Vec<Cell>, usize)| match feasible(table, row) {
            true => places.iter().map(|&at| value(number, row, at)).collect(),
            false => Ok(Vec::new()),
        };
        table.rows.iter().zip(1..).map(row).collect()
    }

    /// The senses of the objectives.
    #[must_use]
    pub fn senses(&self) -> Vec<Sense> {
        self.objectives.iter().map(|o| o.sense).collect()
    }

    /// Finds the fronts; of each, at most `thin` points that stand for it where that is given.
    ///
    /// # Errors
    /// Those of [`Self::values`] and [`Self::groups`].
    pub fn find(&self, table: &Table, thin: Option<usize>) -> Result<Found, Diagnostic> {
        let (values, senses) = (self.values(table)?, self.senses());
        let rows = table.rows.len();
        let (mut on_front, mut is_knee) = (vec![false; rows], vec![false; rows]);
        let groups = self.groups(table)?;
        for group in &groups {
            let points: Vec<Vec<f64>> = group.rows.iter().map(|&at| values[at].clone()).collect();
            let on = front(&points, &senses);
            let on: Vec<usize> =
                group.rows.iter().zip(on).filter(|(_, on)| *on).map(|(&at, _)| at).collect();
            let points: Vec<&[f64]> = on.iter().map(|&at| values[at].as_slice()).collect();
            if let Some(at) = knee(&points, &senses) {
                is_knee[on[at]] = true;
            }
            for at in thinned(&points, &senses, thin.unwrap_or(usize::MAX)) {
                on_front[on[at]] = true;
            }
        }
        let competing: usize = groups.iter().map(|group| group.rows.len()).sum();
        Ok(Found { on_front, knee: is_knee, infeasible: rows - competing })
    }

    /// The table with a column for the front, or only the rows on it; with a column for the knee
    /// where it is asked for.
    #[must_use]
    pub fn mark(&self, table: &Table, found: &Found, front_only: bool, with_knee: bool) -> Table {
        let old = [table.column(ON_FRONT), table.column(KNEE).filter(|_| with_knee)];
        let keep = |at: &usize| !old.contains(&Some(*at));
        let places: Vec<usize> = (0..table.columns.len()).filter(keep).collect();
        let mut columns: Vec<Column> = places.iter().map(|&at| table.columns[at].clone()).collect();
        let marks = found.on_front.iter().zip(&found.knee);
        let rows = table.rows.iter().zip(marks).filter(|(_, (on, _))| **on || !front_only);
        let marked = |(row, (on, knee)): (&Vec<Cell>, (&bool, &bool))| {
            let mut row: Vec<Cell> = places.iter().map(|&at| row[at].clone()).collect();
            row.extend((!front_only).then_some(Cell::Bool(*on)));
            row.extend(with_knee.then_some(Cell::Bool(*knee)));
            row
        };
        let rows = rows.map(marked).collect();
        if !front_only {
            columns.push(Column::new(ON_FRONT, Show::Plain).headed("on front"));
        }
        if with_knee {
            columns.push(Column::new(KNEE, Show::Plain));
        }
        let mut notes = vec![self.note(found)];
        notes.extend(table.notes.iter().cloned());
        Table { columns, rows, notes }
    }

    /// What the fronts are over.
    fn note(&self, found: &Found) -> String {
        let side = |o: &Objective| {
            let sense = if o.sense == Sense::Min { "less" } else { "more" };
            format!("{} ({sense} is better)", o.column)
        };
        let sides: Vec<String> = self.objectives.iter().map(side).collect();
        let on = found.on_front.iter().filter(|on| **on).count();
        let each = match self.by.as_slice() {
            [] => String::new(),
            by => format!(", one for each {}", by.join(" and ")),
        };
        let (sides, all) = (sides.join(", "), found.on_front.len());
        let set_aside = match found.infeasible {
            0 => String::new(),
            n => format!(" {n} rows are infeasible and on no front."),
        };
        format!("Pareto front over {sides}{each}: {on} of {all} rows are on it.{set_aside}")
    }
}

/// Whether a row can be; without a column that says so, it can.
fn feasible(table: &Table, row: &[Cell]) -> bool {
    table.column(FEASIBLE).is_none_or(|at| row[at] != Cell::Bool(false))
}

fn no_number(table: &Table, number: usize, row: &[Cell], at: usize) -> Diagnostic {
    let words = row.iter().find_map(|cell| match cell {
        Cell::Text(text) => Some(format!(" ({text})")),
        _ => None,
    });
    let (who, name) = (words.unwrap_or_default(), &table.columns[at].name);
    let message = match &row[at] {
        Cell::None => format!("row {number}{who} has nothing in `{name}`"),
        other => format!("row {number}{who} has no number in `{name}` but `{}`", other.exact()),
    };
    Diagnostic::new(message).help("an objective needs a number in every row; no row is dropped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_read_as_people_write_them() {
        let none = Table::default();
        let sense = |text: &str| Objective::parse(text, &none).unwrap().sense;
        assert_eq!(sense("total_usd_per_mtok"), Sense::Min);
        assert_eq!(sense("active_params"), Sense::Max);
        assert_eq!(sense("active_params:min"), Sense::Min);
        assert_eq!(sense("tokens_per_second"), Sense::Max);
        assert!(Objective::parse("a:best", &none).unwrap_err().help.is_some());
        let mut table = Table::default();
        table.columns.push(Column::new("total_usd_per_mtok", Show::Plain));
        let cost = Objective::parse("cost", &table).unwrap();
        assert_eq!((cost.column.as_str(), cost.sense), ("total_usd_per_mtok", Sense::Min));
        table.columns.push(Column::new("cost", Show::Plain));
        assert_eq!(Objective::parse("cost:max", &table).unwrap().column, "cost");
    }
}
