//! Rows and cells of a table by the names of their columns, and how sentences write them.

use crate::report::number::significant;
use crate::report::table::{Cell, Table};
use crate::spec::quantity::Tokens;

/// A table whose columns are asked for by name.
#[derive(Clone, Copy)]
pub(super) struct View<'a>(pub(super) &'a Table);

/// A row of it.
pub(super) type Row = Vec<Cell>;

impl<'a> View<'a> {
    pub(super) fn rows(self) -> std::slice::Iter<'a, Row> {
        self.0.rows.iter()
    }

    pub(super) fn cell(self, row: &'a Row, name: &str) -> &'a Cell {
        self.0.column(name).map_or(&Cell::None, |at| &row[at])
    }

    pub(super) fn text(self, row: &'a Row, name: &str) -> String {
        match self.cell(row, name) {
            Cell::None => String::new(),
            cell => cell.exact(),
        }
    }

    pub(super) fn number(self, row: &'a Row, name: &str) -> Option<f64> {
        self.cell(row, name).number()
    }

    /// A context as people write it.
    pub(super) fn tokens(self, row: &'a Row) -> String {
        match self.cell(row, "context_tokens") {
            Cell::Int(n) => Tokens(*n).to_string(),
            Cell::Number(n) if n.fract() == 0.0 => Tokens(*n as u64).to_string(),
            cell => cell.exact(),
        }
    }

    /// The distinct values of a column, in order.
    pub(super) fn distinct(self, name: &str) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for row in self.rows() {
            let text = self.text(row, name);
            if !all.contains(&text) {
                all.push(text);
            }
        }
        all
    }

    pub(super) fn with(self, name: &str, value: &str) -> Vec<&'a Row> {
        self.rows().filter(|row| self.text(row, name) == value).collect()
    }

    /// The least of some rows by a column.
    pub(super) fn least(self, rows: &[&'a Row], name: &str) -> Option<&'a Row> {
        let numbers = rows.iter().filter_map(|row| Some((*row, self.number(row, name)?)));
        numbers.reduce(|a, b| if b.1 < a.1 { b } else { a }).map(|(row, _)| row)
    }

    pub(super) fn greatest(self, rows: &[&'a Row], name: &str) -> Option<&'a Row> {
        let numbers = rows.iter().filter_map(|row| Some((*row, self.number(row, name)?)));
        numbers.reduce(|a, b| if b.1 > a.1 { b } else { a }).map(|(row, _)| row)
    }

    pub(super) fn usd(self, row: &'a Row, name: &str) -> String {
        format!("${}", significant(self.number(row, name).unwrap_or_default(), 3))
    }

    pub(super) fn on(self, row: &'a Row) -> String {
        let near = self.text(row, "attention_hardware");
        let far = self.text(row, "ffn_hardware");
        if near == far {
            format!("on {near}")
        } else {
            format!("with attention on {near} and the FFN on {far}")
        }
    }
}
