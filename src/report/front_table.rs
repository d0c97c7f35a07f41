//! Pareto fronts over the columns of a table: which rows are on one, and a picture of it.
//!
//! Columns are whatever the table has. A row without a number in an objective is an error, never
//! dropped.

use super::table::{Cell, Column, Show, Table};
use crate::spec::Diagnostic;
use crate::spec::source::{did_you_mean, one_of};
use crate::sweep::pareto::{Sense, front};

/// Column that says whether a row is on its front.
pub const ON_FRONT: &str = "on_front";
/// Column that fronts are made apart for if nothing else is said.
const CONTEXT: &str = "context_tokens";
/// Names, or beginnings of names, of what one wants more of.
const MORE_IS_BETTER: [&str; 6] =
    ["active_params", "total_params", "tokens_per_s", "throughput", "effective_rank", "accuracy"];

/// A column and which way is better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objective {
    /// The column's name.
    pub column: String,
    /// Which way is better.
    pub sense: Sense,
}

impl Objective {
    /// Reads `NAME`, `NAME:min` or `NAME:max`; by itself, a name that is known for it is to be
    /// large and any other small.
    ///
    /// # Errors
    /// If something else stands behind the colon.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let (column, sense) = match text.rsplit_once(':') {
            None => (text, default_sense(text)),
            Some((column, "min")) => (column, Sense::Min),
            Some((column, "max")) => (column, Sense::Max),
            Some((_, other)) => {
                let message = format!("an objective is to be `min` or `max`, not `{other}`");
                return Err(Diagnostic::new(message).help("write NAME:min or NAME:max"));
            }
        };
        Ok(Self { column: column.to_owned(), sense })
    }
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
    /// The column that has a front for each of its values, if any.
    pub by: Option<String>,
}

/// Rows that share a front, by their places in the table.
#[derive(Debug)]
pub struct FrontGroup {
    /// The value that they share; nothing if all rows do.
    pub value: Cell,
    /// The rows, in the table's order.
    pub rows: Vec<usize>,
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
    /// The column to group by where the user says nothing: the context, if several are there and
    /// it is no objective itself.
    #[must_use]
    pub fn default_group(table: &Table, objectives: &[Objective]) -> Option<String> {
        let at = table.column(CONTEXT)?;
        let first = table.rows.first().map(|row| &row[at]);
        let several = table.rows.iter().any(|row| Some(&row[at]) != first);
        let objective = objectives.iter().any(|o| o.column == CONTEXT);
        (several && !objective).then(|| CONTEXT.to_owned())
    }

    /// The rows by the front that they compete for, in order of first appearance.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn groups(&self, table: &Table) -> Result<Vec<FrontGroup>, Diagnostic> {
        let by = self.by.as_deref().map(|name| column(table, name)).transpose()?;
        let mut groups: Vec<FrontGroup> = Vec::new();
        for (at, row) in table.rows.iter().enumerate() {
            let value = by.map_or(Cell::None, |by| row[by].clone());
            match groups.iter_mut().find(|group| group.value == value) {
                Some(group) => group.rows.push(at),
                None => groups.push(FrontGroup { value, rows: vec![at] }),
            }
        }
        Ok(groups)
    }

    /// The objectives' values, row by row.
    ///
    /// # Errors
    /// If a column is missing or a row has no number in it.
    pub fn values(&self, table: &Table) -> Result<Vec<Vec<f64>>, Diagnostic> {
        let objectives = self.objectives.iter();
        let places: Vec<usize> =
            objectives.map(|o| column(table, &o.column)).collect::<Result<_, _>>()?;
        let value = |number: usize, row: &[Cell], at: usize| {
            let finite = row[at].number().filter(|n| n.is_finite());
            finite.ok_or_else(|| no_number(table, number, row, at))
        };
        let rows = table.rows.iter().zip(1..);
        rows.map(|(row, number)| places.iter().map(|&at| value(number, row, at)).collect())
            .collect()
    }

    /// Which rows are on the front of their group.
    ///
    /// # Errors
    /// Those of [`Self::values`] and [`Self::groups`].
    pub fn on_front(&self, table: &Table) -> Result<Vec<bool>, Diagnostic> {
        let values = self.values(table)?;
        let senses: Vec<Sense> = self.objectives.iter().map(|o| o.sense).collect();
        let mut on_front = vec![false; table.rows.len()];
        for group in self.groups(table)? {
            let points: Vec<Vec<f64>> = group.rows.iter().map(|&at| values[at].clone()).collect();
            for (&at, on) in group.rows.iter().zip(front(&points, &senses)) {
                on_front[at] = on;
            }
        }
        Ok(on_front)
    }

    /// The table with a column for the front, or only the rows on it.
    #[must_use]
    pub fn mark(&self, table: &Table, on_front: &[bool], front_only: bool) -> Table {
        let old = table.column(ON_FRONT);
        let keep = |at: &usize| Some(*at) != old;
        let places: Vec<usize> = (0..table.columns.len()).filter(keep).collect();
        let mut columns: Vec<Column> = places.iter().map(|&at| table.columns[at].clone()).collect();
        let rows = table.rows.iter().zip(on_front).filter(|(_, on)| **on || !front_only);
        let marked = |(row, on): (&Vec<Cell>, &bool)| {
            let mut row: Vec<Cell> = places.iter().map(|&at| row[at].clone()).collect();
            if !front_only {
                row.push(Cell::Bool(*on));
            }
            row
        };
        let rows = rows.map(marked).collect();
        if !front_only {
            columns.push(Column::new(ON_FRONT, Show::Plain).headed("on front"));
        }
        let mut notes = vec![self.note(on_front)];
        notes.extend(table.notes.iter().cloned());
        Table { columns, rows, notes }
    }

    /// What the fronts are over.
    fn note(&self, on_front: &[bool]) -> String {
        let side = |o: &Objective| {
            let sense = if o.sense == Sense::Min { "less" } else { "more" };
            format!("{} ({sense} is better)", o.column)
        };
        let sides: Vec<String> = self.objectives.iter().map(side).collect();
        let on = on_front.iter().filter(|on| **on).count();
        let each = self.by.as_ref().map(|by| format!(", one for each {by}")).unwrap_or_default();
        let sides = sides.join(", ");
        format!("Pareto front over {sides}{each}: {on} of {} rows are on it.", on_front.len())
    }
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
        let sense = |text: &str| Objective::parse(text).unwrap().sense;
        assert_eq!(sense("total_usd_per_mtok"), Sense::Min);
        assert_eq!(sense("active_params"), Sense::Max);
        assert_eq!(sense("active_params:min"), Sense::Min);
        assert_eq!(sense("tokens_per_second"), Sense::Max);
        assert!(Objective::parse("a:best").unwrap_err().help.is_some());
    }
}
