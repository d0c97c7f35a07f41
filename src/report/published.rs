//! Computed tables beside published ones.
//!
//! A published table is a CSV with the computed table's columns; its numbers stand as they were
//! printed, so that "agrees" means: rounds to the printed digits. Rows meet by their key columns,
//! those before the first number.

use super::number::rounds_to;
use super::table::{Cell, Table};
use crate::spec::{Diagnostic, Source};

/// A published table, as text.
#[derive(Debug, Clone)]
pub struct Published {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// How many printed values a computed table meets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Printed values that have a computed one beside them.
    pub compared: usize,
    /// Those that the computed value rounds to.
    pub agree: usize,
    /// The others: where, computed, printed.
    pub misses: Vec<String>,
}

impl Published {
    /// Reads a published table.
    ///
    /// # Errors
    /// If the text is no CSV.
    pub fn parse(source: &Source) -> Result<Self, Diagnostic> {
        let broken = |e: csv::Error| Diagnostic::new(format!("{} is no CSV: {e}", source.name));
        let mut reader = csv::Reader::from_reader(source.text.as_bytes());
        let columns = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record.map_err(broken)?.iter().map(str::to_owned).collect());
        }
        Ok(Self { columns, rows })
    }

    /// The printed text beside a computed cell, if the cell is a number and was published.
    #[must_use]
    pub fn beside(&self, table: &Table, row: usize, column: usize) -> Option<&str> {
        let cells = &table.rows[row];
        if !is_value(table, column) || cells[column].number().is_none() {
            return None;
        }
        let mine = self.columns.iter().position(|name| *name == table.columns[column].name)?;
        let same_keys = |printed: &&Vec<String>| {
            (0..table.columns.len()).filter(|&key| is_key(table, key)).all(|key| {
                let name = &table.columns[key].name;
                let at = self.columns.iter().position(|column| column == name);
                at.is_some_and(|at| printed[at] == cells[key].exact())
            })
        };
        let printed = self.rows.iter().find(same_keys)?[mine].as_str();
        printed.parse::<f64>().ok().map(|_| printed)
    }

    /// Compares every value.
    #[must_use]
    pub fn agreement(&self, table: &Table) -> Agreement {
        let mut found = Agreement::default();
        for (at, row) in table.rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                let (Some(printed), Some(value)) = (self.beside(table, at, column), cell.number())
                else {
                    continue;
                };
                found.compared += 1;
                if rounds_to(value, printed) == Some(true) {
                    found.agree += 1;
                } else {
                    let keys = (0..row.len()).filter(|&key| is_key(table, key));
                    let keys: Vec<String> = keys.map(|key| row[key].exact()).collect();
                    let name = &table.columns[column].name;
                    let value = super::number::significant(value, 4);
                    found.misses.push(format!(
                        "{}, {name}: computed {value}, printed {printed}",
                        keys.join(" ").trim_end()
                    ));
                }
            }
        }
        found
    }
}

/// Key columns hold names, or counts such as contexts, that say which row it is.
#[must_use]
pub fn is_key(table: &Table, column: usize) -> bool {
    let first_value = (0..table.columns.len()).find(|&c| is_value(table, c));
    first_value.is_none_or(|first| column < first)
}

/// Value columns hold numbers that are not whole by nature.
fn is_value(table: &Table, column: usize) -> bool {
    table.rows.iter().any(|row| matches!(row[column], Cell::Number(_)))
}
