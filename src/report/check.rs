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

/// Compares a table with the CSV file of its name, row by row of the same keys.
fn compare_table(
    outcome: &mut Outcome,
    now: &ReportTable,
    folder: &Path,
    tolerance: Tolerance,
) -> Result<(), Diagnostic> {
    let path = folder.join(&now.file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        outcome.compared += 1;
        outcome.drifts.push(missing(&now.file));
        return Ok(());
    };
    let (header, mut committed) = committed_rows(&text)
        .map_err(|e| Diagnostic::new(format!("{} is no CSV: {e}", path.display())))?;
    let pair = Pair::new(now, &header);
    for column in header.iter().filter(|c| now.table.column(c).is_none()) {
        outcome.drifts.push(pair.drift(String::new(), column, "a column", "no such column".into()));
    }
    for cells in &now.table.rows {
        let same =
            |old: &Option<Vec<String>>| old.as_ref().is_some_and(|old| pair.same(old, cells));
        match committed.iter_mut().find(|old| same(old)).and_then(Option::take) {
            Some(old) => pair.compare_row(outcome, cells, &old, tolerance),
            None => {
                outcome.compared += 1;
                let drift = pair.drift(pair.name(cells), "", "no such row", "a row".into());
                outcome.drifts.push(drift);
            }
        }
    }
    for old in committed.into_iter().flatten() {
        let row: Vec<&str> =
            pair.keys.iter().filter_map(|&k| pair.at[k].map(|i| old[i].as_str())).collect();
        outcome.drifts.push(pair.drift(row.join(" "), "", "a row", "no such row".into()));
    }
    Ok(())
}

/// The header and the rows of a CSV text; a row that has been met is taken out.
type Committed = (Vec<String>, Vec<Option<Vec<String>>>);

fn committed_rows(text: &str) -> Result<Committed, csv::Error> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let words = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
    let header = words(reader.headers()?);
    let rows: Result<Vec<_>, csv::Error> =
        reader.records().map(|record| record.map(|r| Some(words(&r)))).collect();
    Ok((header, rows?))
}

/// A computed table beside its committed file.
struct Pair<'a> {
    now: &'a ReportTable,
    /// Columns that name a row.
    keys: Vec<usize>,
    /// Where each column stands in the file, if it does.
    at: Vec<Option<usize>>,
}

impl<'a> Pair<'a> {
    fn new(now: &'a ReportTable, header: &[String]) -> Self {
        let columns = &now.table.columns;
        let at = columns.iter().map(|column| header.iter().position(|h| *h == column.name));
        let keys = (0..columns.len()).filter(|&c| is_key(&now.table, c)).collect();
        Self { now, keys, at: at.collect() }
    }

    fn name(&self, cells: &[Cell]) -> String {
        self.keys.iter().map(|&k| cells[k].exact()).collect::<Vec<_>>().join(" ")
    }

    /// Whether a committed row is that of some cells.
    fn same(&self, old: &[String], cells: &[Cell]) -> bool {
        self.keys.iter().all(|&k| self.at[k].is_some_and(|i| old[i] == cells[k].exact()))
    }

    fn compare_row(
        &self,
        outcome: &mut Outcome,
        cells: &[Cell],
        old: &[String],
        tolerance: Tolerance,
    ) {
        for (column, cell) in cells.iter().enumerate() {
            outcome.compared += 1;
            let committed = match self.at[column] {
                None => "no such column",
                Some(i) if !agree(cell, &old[i], tolerance) => &old[i],
                Some(_) => continue,
            };
            let heading = &self.now.table.columns[column].name;
            outcome.drifts.push(self.drift(self.name(cells), heading, committed, cell.exact()));
        }
    }

    fn drift(&self, row: String, column: &str, committed: &str, now: String) -> Drift {
        Drift {
            file: self.now.file.clone(),
            row,
            column: column.to_owned(),
            change_percent: change(committed, &now),
            committed: committed.to_owned(),
            now,
        }
    }
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
