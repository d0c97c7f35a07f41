//! `afford check`: a committed report against a fresh one.

use super::{Failure, print, talk};
use crate::catalog::Catalog;
use crate::report::bundle::Bundle;
use crate::report::check::{Outcome, compare};
use crate::report::check_forms::{CheckFormat, Checked, render};
use crate::report::compare::{Tolerance, Tolerances};
use crate::report::inputs::Inputs;
use crate::spec::source::did_you_mean;
use crate::spec::{Diagnostic, Kind};
use clap::Args;
use std::path::PathBuf;

/// Recompute committed reports: what moved and why; exit status 1 if anything did
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford check
  afford check step3_uncertain --tolerance 1e-6 --tolerance usd_per_mtok=0.01
  afford check --baseline main/reports --format markdown
  afford check --update")]
pub struct CheckArgs {
    /// Scenarios, by name or path; every known one that has a committed report if left out
    scenario: Vec<String>,
    /// Folder that holds the committed reports
    #[arg(long, value_name = "DIR", default_value = "reports", alias = "reports")]
    baseline: PathBuf,
    /// Relative change of a number that still counts as the same: 1e-6 for all, or for one
    /// column, COLUMN=SHARE; SHARE+AMOUNT allows an absolute amount too. Figures are compared
    /// only where the tolerance for all is below 1e-7: drawings have no cells [default: 1e-9]
    #[arg(long, value_name = "[COLUMN=]SHARE[+AMOUNT]")]
    tolerance: Vec<String>,
    /// Rewrite the committed reports instead of complaining
    #[arg(long)]
    update: bool,
    /// Form of the output; csv and json list every drift unrounded
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: CheckFormat,
}

impl CheckArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let tolerances = tolerances(&self.tolerance)?;
        let mut all: Vec<Checked> = Vec::new();
        let mut columns: Vec<String> = Vec::new();
        for name in self.scenarios(catalog)? {
            let inputs = Inputs::load(catalog, &name)?;
            let loaded = inputs.loaded()?;
            let name = &loaded.scenario.name.value;
            let folder = self.baseline.join(name);
            let bundle = Bundle::compute(catalog, &loaded)?;
            let named = bundle.tables.iter().flat_map(|t| &t.table.columns);
            columns.extend(named.map(|column| column.name.to_string()));
            let outcome = compare(catalog, &inputs, &bundle, &folder, &tolerances)?;
            self.tell(name, &outcome);
            if self.update && !(outcome.drifts.is_empty() && outcome.inputs_as_committed) {
                bundle.write(&folder)?;
            }
            all.push((name.clone(), outcome));
        }
        known_columns(&tolerances, &columns)?;
        print(&render(&all, self.format))?;
        let drifted = all.iter().any(|(_, outcome)| !outcome.drifts.is_empty());
        if drifted && !self.update { Err(Failure::Finding) } else { Ok(()) }
    }

    /// One line on what was found, with what is unlike the baseline though nothing moved.
    fn tell(&self, scenario: &str, outcome: &Outcome) {
        let inputs = outcome.changes.len();
        let verdict = match (outcome.drifts.len(), self.update) {
            (0, _) if inputs > 0 => {
                format!("all as committed, though {inputs} inputs have changed")
            }
            (0, _) => "all as committed".to_owned(),
            (n, false) => format!("{n} moved"),
            (n, true) => format!("{n} moved, rewritten"),
        };
        let compared = outcome.compared;
        let remark = outcome.version_remark().map(|text| format!(" ({text})")).unwrap_or_default();
        talk(&format!("{scenario}: {compared} cells and files compared, {verdict}{remark}"));
    }

    /// The scenarios to check.
    fn scenarios(&self, catalog: &Catalog) -> Result<Vec<String>, Diagnostic> {
        if !self.scenario.is_empty() {
            return Ok(self.scenario.clone());
        }
        let known = catalog.list(Kind::Scenario).into_iter().map(|entry| entry.name);
        let committed: Vec<String> =
            known.filter(|name| self.baseline.join(name).is_dir()).collect();
        if committed.is_empty() {
            let folder = self.baseline.display();
            return Err(Diagnostic::new(format!("{folder} holds no report of a known scenario"))
                .help("`afford report` writes one; --baseline names another folder"));
        }
        Ok(committed)
    }
}

/// A tolerance for a column that no table has is a slip of the keyboard.
fn known_columns(tolerances: &Tolerances, columns: &[String]) -> Result<(), Diagnostic> {
    let lost = |(column, _): &&(String, Tolerance)| !columns.contains(column);
    let Some((column, _)) = tolerances.columns.iter().find(lost) else { return Ok(()) };
    let complaint = Diagnostic::new(format!("no table of these reports has a column `{column}`"));
    Err(match did_you_mean(column, columns.iter().map(String::as_str)) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help("a column is called as in the CSV files, such as usd_per_mtok"),
    })
}

/// Tolerances as the command line has them.
fn tolerances(texts: &[String]) -> Result<Tolerances, Diagnostic> {
    let mut all =
        Tolerances { all: Tolerance { relative: 1e-9, absolute: 1e-300 }, columns: vec![] };
    for text in texts {
        let (column, amounts) = match text.split_once('=') {
            Some((column, amounts)) => (Some(column.trim()), amounts),
            None => (None, text.as_str()),
        };
        let (relative, absolute) = amounts.split_once('+').unwrap_or((amounts, "1e-300"));
        let read = |amount: &str| {
            let number = amount.trim().parse::<f64>().ok();
            number.filter(|n| *n >= 0.0 && n.is_finite()).ok_or_else(|| {
                Diagnostic::new(format!("--tolerance must be zero or more, not {text}")).help(
                    "1e-6 allows a millionth, usd_per_mtok=0.01+0.001 a hundredth and 0.1 cents",
                )
            })
        };
        let tolerance = Tolerance { relative: read(relative)?, absolute: read(absolute)? };
        match column {
            Some(column) => all.columns.insert(0, (column.to_owned(), tolerance)),
            None => all.all = tolerance,
        }
    }
    Ok(all)
}
