//! The columns of `afford validate`: errors by family, and row by row.

use super::table::{Cell, Column, Show, Table};
use crate::validate::Compared;
use crate::validate::summary::{Errors, Key, Summary};

/// Errors of every family.
#[must_use]
pub fn summary_table(summaries: &[Summary]) -> Table {
    let columns = vec![
        Column::new("family", Show::Plain),
        Column::new("dtype", Show::Plain),
        Column::new("hardware", Show::Plain),
        Column::new("backend", Show::Plain),
        Column::new("model", Show::Plain),
        Column::new("note", Show::Plain),
        Column::new("n", Show::Plain),
        Column::new("not_predicted", Show::Plain).headed("not predicted"),
        Column::new("mape_percent", Show::Short).headed("MAPE %"),
        Column::new("median_ape_percent", Show::Short).headed("median %"),
        Column::new("bias_percent", Show::Short).headed("bias %"),
        Column::new("worst_percent", Show::Short).headed("worst %"),
        Column::new("worst_row", Show::Hidden),
    ];
    let row = |summary: &Summary| {
        let Key { family, hardware, dtype, backend, model, note } = summary.key.clone();
        let figure = |of: fn(&Errors) -> f64| Cell::from(summary.errors.as_ref().map(of));
        vec![
            family.into(),
            dtype.into(),
            hardware.into(),
            word(&backend),
            word(&model),
            word(&note),
            summary.n.into(),
            summary.not_predicted.into(),
            figure(|errors| errors.mape),
            figure(|errors| errors.median),
            figure(|errors| errors.bias),
            figure(|errors| errors.worst),
            summary.errors.as_ref().map(|errors| errors.worst_row.clone()).into(),
        ]
    };
    Table { columns, rows: summaries.iter().map(row).collect(), notes: Vec::new() }
}

/// Every row with what is predicted for it, or why nothing is.
#[must_use]
pub fn rows_table(rows: &[Compared]) -> Table {
    let columns = vec![
        Column::new("family", Show::Plain),
        Column::new("dtype", Show::Plain),
        Column::new("hardware", Show::Plain),
        Column::new("backend", Show::Plain),
        Column::new("model", Show::Plain),
        Column::new("what", Show::Plain),
        Column::new("unit", Show::Plain),
        Column::new("measured", Show::Plain),
        Column::new("predicted", Show::Plain),
        Column::new("error_percent", Show::Short).headed("error %"),
        Column::new("note", Show::Plain),
        Column::new("remark", Show::Plain),
        Column::new("reason", Show::Plain).headed("why not predicted"),
        Column::new("source", Show::Hidden),
        Column::new("file", Show::Hidden),
        Column::new("line", Show::Hidden),
    ];
    let row = |row: &Compared| {
        vec![
            row.family.into(),
            row.dtype.clone().into(),
            row.hardware.clone().into(),
            word(&row.backend),
            word(&row.model),
            row.what.clone().into(),
            row.quantity.into(),
            Some(row.measured).filter(|value| *value > 0.0).into(),
            row.predicted.as_ref().ok().copied().into(),
            row.error_percent().into(),
            row.note.into(),
            row.remark.clone().into(),
            row.predicted.as_ref().err().cloned().into(),
            row.source.clone().into(),
            row.file.clone().into(),
            row.line.into(),
        ]
    };
    Table { columns, rows: rows.iter().map(row).collect(), notes: Vec::new() }
}

/// A word, or nothing.
fn word(text: &str) -> Cell {
    Some(text).filter(|text| !text.is_empty()).into()
}
