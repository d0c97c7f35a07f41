//! `afford check`: a committed report against a fresh one.

use super::{Failure, Output, print, talk};
use crate::catalog::Catalog;
use crate::report::bundle::Bundle;
use crate::report::check::{Outcome, Tolerance, compare, drift_table};
use crate::report::loaded::Loaded;
use crate::report::table::{Format, Table};
use crate::spec::{Diagnostic, Kind};
use clap::Args;
use std::path::PathBuf;

/// Recompute committed reports and say what moved; exit status 1 if anything did
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenarios, by name or path; every known one that has a committed report if left out
    scenario: Vec<String>,
    /// Folder that holds the committed reports
    #[arg(long, value_name = "DIR", default_value = "reports")]
    reports: PathBuf,
    /// Relative change of a number that still counts as the same
    #[arg(long, value_name = "SHARE", default_value_t = 1e-9)]
    tolerance: f64,
    /// Rewrite the committed reports instead of complaining
    #[arg(long)]
    update: bool,
    #[command(flatten)]
    output: Output,
}

impl CheckArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        if !(self.tolerance >= 0.0 && self.tolerance.is_finite()) {
            let message = format!("--tolerance must be zero or more, not {}", self.tolerance);
            return Err(Diagnostic::new(message).help("1e-6 allows a millionth").into());
        }
        let tolerance = Tolerance { relative: self.tolerance, absolute: 1e-300 };
        let mut drifts: Option<Table> = None;
        for name in self.scenarios(catalog)? {
            let loaded = Loaded::load(catalog, &name)?;
            let folder = self.reports.join(&loaded.scenario.name.value);
            let bundle = Bundle::compute(catalog, &loaded)?;
            let outcome = compare(&bundle, &folder, tolerance)?;
            self.tell(&loaded.scenario.name, &outcome);
            if self.update && !outcome.drifts.is_empty() {
                bundle.write(&folder)?;
            }
            let table = drift_table(&loaded.scenario.name, &outcome);
            match &mut drifts {
                None => drifts = Some(table),
                Some(all) => all.rows.extend(table.rows),
            }
        }
        let drifts = drifts.unwrap_or_default();
        if !drifts.rows.is_empty() || matches!(self.output.format, Format::Json | Format::Csv) {
            print(&drifts.render(self.output.format))?;
        }
        if drifts.rows.is_empty() || self.update { Ok(()) } else { Err(Failure::Finding) }
    }

    fn tell(&self, scenario: &str, outcome: &Outcome) {
        let drifted = outcome.drifts.len();
        let verdict = match (drifted, self.update) {
            (0, _) => "all as committed".to_owned(),
            (n, false) => format!("{n} moved"),
            (n, true) => format!("{n} moved, rewritten"),
        };
        let compared = outcome.compared;
        talk(&format!("{scenario}: {compared} cells and files compared, {verdict}"));
    }

    /// The scenarios to check.
    fn scenarios(&self, catalog: &Catalog) -> Result<Vec<String>, Diagnostic> {
        if !self.scenario.is_empty() {
            return Ok(self.scenario.clone());
        }
        let known = catalog.list(Kind::Scenario).into_iter().map(|entry| entry.name);
        let committed: Vec<String> =
            known.filter(|name| self.reports.join(name).is_dir()).collect();
        if committed.is_empty() {
            let folder = self.reports.display();
            return Err(Diagnostic::new(format!("{folder} holds no report of a known scenario"))
                .help("`afford report` writes one; --reports names another folder"));
        }
        Ok(committed)
    }
}
