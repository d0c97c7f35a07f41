//! A fresh report against a committed one: cell by cell within a tolerance, and what moved.

use super::bundle::{Bundle, ReportTable};
use super::published::is_key;
use super::table::{Cell, Column, Show, Table};
use crate::spec::Diagnostic;
use std::path::Path;

/// How far a number may move before it counts as moved.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// As a share of the committed value.
    pub relative: f64,
    /// As an amount, for values near zero.
    pub absolute: f64,
}

/// One thing that is not as committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The file.
    pub file: String,
    /// The row's keys, or what the drift is about.
    pub row: String,
    /// The column.
    pub column: String,
    /// What is committed.
    pub committed: String,
    /// What was computed now.
    pub now: String,
    /// The change as a share of the committed value, in percent, where both are numbers.
    pub change_percent: Option<f64>,
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Cells and files that were compared.
    pub compared: usize,
    /// Those that differ.
    pub drifts: Vec<Drift>,
}

/// Compares a computed report with the files of a folder. PNG files are not compared: they follow
/// from the SVG files, which are.
///
/// # Errors
/// If a committed table is no CSV.
pub fn compare(
    bundle: &Bundle,
    folder: &Path,
    tolerance: Tolerance,
) -> Result<Outcome, Diagnostic> {
    let mut outcome = Outcome::default();
    for table in &bundle.tables {
        compare_table(&mut outcome, table, folder, tolerance)?;
    }
    for figure in &bundle.figures {
        compare_text(&mut outcome, &format!("{}.svg", figure.file), &figure.svg, folder);
        let png = format!("{}.png", figure.file);
        if !folder.join(&png).is_file() {
            outcome.drifts.push(missing(&png));
        }
    }
    compare_text(&mut outcome, "README.md", &bundle.page, folder);
    Ok(outcome)
}

fn missing(file: &str) -> Drift {
    Drift {
        file: file.to_owned(),
        row: String::new(),
        column: String::new(),
        committed: "no such file".to_owned(),
        now: "a file".to_owned(),
        change_percent: None,
    }
}

/// Compares a text file and points at the first line that differs.
fn compare_text(outcome: &mut Outcome, file: &str, now: &str, folder: &Path) {
    outcome.compared += 1;
    let Ok(committed) = std::fs::read_to_string(folder.join(file)) else {
        outcome.drifts.push(missing(file));
        return;
    };
    if committed == now {
        return;
    }
    let (mut old, mut new) = (committed.lines(), now.lines());
    let mut line = 1;
    let (old, new) = loop {
        match (old.next(), new.next()) {
            (a, b) if a == b && a.is_some() => line += 1,
            (a, b) => break (a.unwrap_or_default(), b.unwrap_or_default()),
        }
    };
    let shorten = |text: &str| text.chars().take(60).collect::<String>();
    outcome.drifts.push(Drift {
        file: file.to_owned(),
        row: format!("line {line}"),
        column: "text".to_owned(),
        committed: shorten(old),
        now: shorten(new),
        change_percent: None,
    });
}

fn compare_table(
    outcome: &mut Outcome,
    now: &ReportTable,
    folder: &Path,
    tolerance: Tolerance,
) -> Result<(), Diagnostic> {
    let Ok(text) = std::fs::read_to_string(folder.join(&now.file)) else {
        outcome.compared += 1;
        outcome.drifts.push(missing(&now.file));
        return Ok(());
    };
    let broken = |e: csv::Error| {
        Diagnostic::new(format!("{} is no CSV: {e}", folder.join(&now.file).display()))
    };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    let mut committed: Vec<Option<Vec<String>>> = Vec::new();
    for record in reader.records() {
        committed.push(Some(record.map_err(broken)?.iter().map(str::to_owned).collect()));
    }
    let drift = |row: String, column: &str, committed: &str, now_text: String| Drift {
        file: now.file.clone(),
        row,
        column: column.to_owned(),
        change_percent: change(committed, &now_text),
        committed: committed.to_owned(),
        now: now_text,
    };
    for column in header.iter().filter(|c| now.table.column(c).is_none()) {
        outcome.drifts.push(drift(String::new(), column, "a column", "no such column".into()));
    }
    let keys: Vec<usize> =
        (0..now.table.columns.len()).filter(|&c| is_key(&now.table, c)).collect();
    let at = |column: usize| header.iter().position(|h| *h == now.table.columns[column].name);
    for cells in &now.table.rows {
        let name: Vec<String> = keys.iter().map(|&k| cells[k].exact()).collect();
        let name = name.join(" ");
        let same = |old: &Option<Vec<String>>| {
            old.as_ref().is_some_and(|old| {
                keys.iter().all(|&k| at(k).is_some_and(|i| old[i] == cells[k].exact()))
            })
        };
        let Some(old) = committed.iter_mut().find(|old| same(old)).and_then(Option::take) else {
            outcome.compared += 1;
            outcome.drifts.push(drift(name, "", "no such row", "a row".into()));
            continue;
        };
        for (column, cell) in cells.iter().enumerate() {
            outcome.compared += 1;
            let heading = &now.table.columns[column].name;
            match at(column) {
                None => outcome.drifts.push(drift(
                    name.clone(),
                    heading,
                    "no such column",
                    cell.exact(),
                )),
                Some(i) if !agree(cell, &old[i], tolerance) => {
                    outcome.drifts.push(drift(name.clone(), heading, &old[i], cell.exact()));
                }
                Some(_) => {}
            }
        }
    }
    for old in committed.into_iter().flatten() {
        let row: Vec<&str> = keys.iter().filter_map(|&k| at(k).map(|i| old[i].as_str())).collect();
        outcome.drifts.push(drift(row.join(" "), "", "a row", "no such row".into()));
    }
    Ok(())
}

fn agree(now: &Cell, committed: &str, tolerance: Tolerance) -> bool {
    match (now.number(), committed.parse::<f64>()) {
        (Some(now), Ok(old)) => {
            (now - old).abs() <= tolerance.absolute + tolerance.relative * old.abs()
        }
        _ => now.exact() == committed,
    }
}

fn change(committed: &str, now: &str) -> Option<f64> {
    let (old, new): (f64, f64) = (committed.parse().ok()?, now.parse().ok()?);
    (old != 0.0).then(|| (new - old) / old.abs() * 100.0)
}

/// The drifts as a table.
#[must_use]
pub fn drift_table(scenario: &str, outcome: &Outcome) -> Table {
    let row = |drift: &Drift| {
        vec![
            Cell::from(scenario),
            drift.file.clone().into(),
            drift.row.clone().into(),
            drift.column.clone().into(),
            drift.committed.clone().into(),
            drift.now.clone().into(),
            drift.change_percent.into(),
        ]
    };
    Table {
        columns: vec![
            Column::new("scenario", Show::Plain),
            Column::new("file", Show::Plain),
            Column::new("row", Show::Plain),
            Column::new("column", Show::Plain),
            Column::new("committed", Show::Plain),
            Column::new("now", Show::Plain),
            Column::new("change_percent", Show::Usd).headed("change %"),
        ],
        rows: outcome.drifts.iter().map(row).collect(),
        notes: Vec::new(),
    }
}
