//! A fresh report against a committed one: what moved, by how much, and why.
//!
//! Why is found by computing again: with one changed input set back at a time, and with all inputs
//! as the committed report has them (`inputs.json`). A cell that moves when an input is set back
//! moved because of that input; one that differs though all inputs are the old ones moved because
//! of the program.

use super::bundle::Bundle;
use super::compare::{Difference, Tolerances, compare_tables, compare_texts};
use super::inputs::{FILE, InputChange, Inputs, VERSION};
use super::read_table::read_table;
use crate::catalog::{Catalog, read_file};
use crate::spec::{Diagnostic, Source};
use std::path::Path;

/// One thing that is not as committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The file.
    pub file: String,
    /// What differs in it.
    pub moved: Difference,
    /// Why, as far as it could be found.
    pub because: Vec<String>,
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Cells and files that were compared.
    pub compared: usize,
    /// Those that differ.
    pub drifts: Vec<Drift>,
    /// The version that computed the committed report, if it says so.
    pub baseline_version: Option<String>,
    /// Inputs that are not as committed.
    pub changes: Vec<InputChange>,
    /// Whether the committed report carries its inputs as they are now.
    pub inputs_as_committed: bool,
}

impl Outcome {
    /// What to say of the baseline's version; nothing if it is the program's own.
    #[must_use]
    pub fn version_remark(&self) -> Option<String> {
        match self.baseline_version.as_deref() {
            Some(VERSION) => None,
            Some(other) => Some(format!("the baseline is from version {other}, this is {VERSION}")),
            None => Some(format!("the baseline has no {FILE}, so nothing is known of its inputs")),
        }
    }
}

/// Compares a computed report with the files of a folder. PNG files are not compared: they follow
/// from the SVG files, which are, unless the tolerance lets figures move: a drawing has no cells.
///
/// # Errors
/// If a committed file cannot be read.
pub fn compare(
    catalog: &Catalog,
    now: &Inputs,
    bundle: &Bundle,
    folder: &Path,
    tolerances: &Tolerances,
) -> Result<Outcome, Diagnostic> {
    let mut outcome = Outcome::default();
    compare_files(&mut outcome, bundle, folder, tolerances)?;
    let path = folder.join(FILE);
    if path.is_file() {
        let source = read_file(&path)?;
        let committed = Inputs::parse(&source)?;
        outcome.baseline_version = Some(committed.version.clone());
        outcome.changes = committed.changes_to(now);
        outcome.inputs_as_committed = source.text == bundle.inputs;
        if !outcome.drifts.is_empty() {
            explain(catalog, &mut outcome, &committed, now, folder)?;
        }
    }
    Ok(outcome)
}

fn compare_files(
    outcome: &mut Outcome,
    bundle: &Bundle,
    folder: &Path,
    tolerances: &Tolerances,
) -> Result<(), Diagnostic> {
    for table in &bundle.tables {
        let path = folder.join(&table.file);
        if !path.is_file() {
            outcome.compared += 1;
            outcome.missing(&table.file);
            continue;
        }
        let found = compare_tables(&read_table(&read_file(&path)?)?, &table.table, tolerances);
        outcome.compared += found.cells;
        outcome.add(&table.file, found.differences);
    }
    let figures = bundle.figures.iter().map(|f| (format!("{}.svg", f.file), f.svg.as_str()));
    let page = std::iter::once(("README.md".to_owned(), bundle.page.as_str()));
    for (file, now) in figures.chain(page) {
        outcome.compared += 1;
        let drawn = file.ends_with(".svg");
        match std::fs::read_to_string(folder.join(&file)) {
            Ok(_) if drawn && tolerances.all.is_loose() => {}
            Ok(committed) => outcome.add(&file, compare_texts(&committed, now, tolerances.all)),
            Err(_) => outcome.missing(&file),
        }
    }
    for png in bundle.figures.iter().map(|figure| format!("{}.png", figure.file)) {
        if !folder.join(&png).is_file() {
            outcome.missing(&png);
        }
    }
    Ok(())
}

impl Outcome {
    fn add(&mut self, file: &str, differences: impl IntoIterator<Item = Difference>) {
        let drift = |moved| Drift { file: file.to_owned(), moved, because: Vec::new() };
        self.drifts.extend(differences.into_iter().map(drift));
    }

    fn missing(&mut self, file: &str) {
        let moved = Difference {
            row: String::new(),
            column: String::new(),
            before: "no such file".to_owned(),
            after: "a file".to_owned(),
        };
        self.add(file, [moved]);
    }
}

/// The name by which the program is a cause.
fn program(baseline: &str) -> String {
    if baseline == VERSION {
        format!("the program computes otherwise (both are {VERSION})")
    } else {
        format!("the program: {baseline} -> {VERSION}")
    }
}

/// With more changed inputs than this, all of them together are the cause.
const MOST_SET_BACK: usize = 24;

/// Finds the causes of every drift.
fn explain(
    catalog: &Catalog,
    outcome: &mut Outcome,
    committed: &Inputs,
    now: &Inputs,
    folder: &Path,
) -> Result<(), Diagnostic> {
    let compute = |inputs: &Inputs| Bundle::compute(catalog, &inputs.loaded()?);
    // What the program of today makes of the inputs of then; they may make no sense to it.
    let mut then = committed.clone();
    then.place.clone_from(&now.place);
    let program = program(&committed.version);
    let still = compute(&then).ok().map(|bundle| {
        let mut found = Outcome::default();
        let exact = Tolerances { all: ARITHMETIC, columns: Vec::new() };
        compare_files(&mut found, &bundle, folder, &exact).map(|()| found.drifts)
    });
    let still = still.transpose()?;
    let changes = outcome.changes.clone();
    let mut set_back = Vec::new();
    if changes.len() <= MOST_SET_BACK {
        let fresh = compute(now)?;
        for change in &changes {
            let back = now.with([&change.reversed()], committed);
            set_back.push(compute(&back).ok().map(|bundle| moved_between(&bundle, &fresh)));
        }
    }
    for drift in &mut outcome.drifts {
        let same =
            |other: &Drift| other.file == drift.file && same_place(&other.moved, &drift.moved);
        for (change, moved) in changes.iter().zip(&set_back) {
            if moved.as_ref().is_some_and(|moved| moved.iter().any(same)) {
                drift.because.push(change.in_a_line());
            }
        }
        let still_differs = still.as_ref().is_some_and(|still| still.iter().any(same));
        // A program that cannot compute with the old inputs is another one.
        if still_differs || (still.is_none() && drift.because.is_empty()) {
            drift.because.push(program.clone());
        }
        if drift.because.is_empty() && !changes.is_empty() {
            drift.because.push("changed inputs together".to_owned());
        }
    }
    Ok(())
}

/// What counts as moved where causes are looked for.
const ARITHMETIC: super::compare::Tolerance =
    super::compare::Tolerance { relative: 1e-12, absolute: 1e-300 };

/// The first lines in which two texts differ may be different ones: texts have one place each.
fn same_place(one: &Difference, other: &Difference) -> bool {
    let text = one.column == "text" && other.column == "text";
    text || (one.row == other.row && one.column == other.column)
}

/// What differs between two computed reports.
fn moved_between(before: &Bundle, after: &Bundle) -> Vec<Drift> {
    let mut found = Outcome::default();
    let exact = Tolerances { all: ARITHMETIC, columns: Vec::new() };
    for new in &after.tables {
        let Some(old) = before.tables.iter().find(|old| old.file == new.file) else {
            found.missing(&new.file);
            continue;
        };
        // As files are: through CSV.
        let source = Source::new(old.file.as_str(), old.table.csv());
        if let Ok(old) = read_table(&source) {
            found.add(&new.file, compare_tables(&old, &new.table, &exact).differences);
        }
    }
    for new in &after.figures {
        let file = format!("{}.svg", new.file);
        match before.figures.iter().find(|old| old.file == new.file) {
            None => {
                found.missing(&file);
                found.missing(&format!("{}.png", new.file));
            }
            Some(old) => found.add(&file, compare_texts(&old.svg, &new.svg, ARITHMETIC)),
        }
    }
    found.add("README.md", compare_texts(&before.page, &after.page, ARITHMETIC));
    found.drifts
}
