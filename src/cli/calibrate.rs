//! `afford calibrate`: measured kernels into the efficiencies of a hardware profile.

use super::axes::each;
use super::{Failure, Output, print, talk};
use crate::calibrate::fit::FEWEST_ROWS;
use crate::calibrate::profile::{fit_all, yaml};
use crate::catalog::Catalog;
use crate::measured::layout::read_kernels;
use crate::report::fit_table::fit_table;
use crate::report::write::write_whole;
use crate::spec::Diagnostic;
use crate::text_file::read_text;
use clap::Args;
use std::path::PathBuf;

/// No file of measurements is larger.
const MOST_BYTES: u64 = 1 << 30;

/// Fit efficiencies to measured kernels and links
///
/// Reads measured times (the files that calibration/microbench.py writes, and every layout in
/// measured/), fits a small physical model per kernel family, number format and backend, and
/// prints how far each misses the rows it was fitted to and rows it was not. With --out, writes a
/// profile that extends the hardware's and carries the fits.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  afford calibrate gemm.csv attention.csv --hardware h200
  afford calibrate *.csv --hardware h200 --name my-h200 --out my-h200.yaml
  afford estimate --model step-3 --hardware ./my-h200.yaml --deployment 2A2F --context 4Ki")]
pub struct CalibrateArgs {
    /// Files of measured kernels
    #[arg(required = true, value_name = "KERNELS.csv")]
    files: Vec<PathBuf>,
    /// The hardware they were measured on, by name or path; rows of other devices are left out
    #[arg(long, short = 'H', value_name = "HARDWARE")]
    hardware: String,
    /// Name of the written profile [default: the hardware's, with -calibrated]
    #[arg(long, value_name = "NAME", requires = "out")]
    name: Option<String>,
    /// Profile to write, whole or not at all
    #[arg(long, value_name = "PROFILE.yaml")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl CalibrateArgs {
    pub(super) fn run(self, catalog: &Catalog) -> Result<(), Failure> {
        let named = std::slice::from_ref(&self.hardware);
        let hardware = each(named, "--hardware", |name| catalog.hardware(name))?.remove(0);
        let mut rows = Vec::new();
        for file in &self.files {
            let source = read_text(file, MOST_BYTES)?;
            rows.extend(read_kernels(&source, Some(&hardware.name))?.rows);
        }
        let read = rows.len();
        rows.retain(|row| row.hardware == hardware.name);
        if rows.len() < read {
            talk(&format!("note: {} rows are of other devices", read - rows.len()));
        }
        let fits = fit_all(&rows, &hardware).map_err(Diagnostic::from)?;
        if fits.is_empty() {
            let message =
                format!("no family has as many as {FEWEST_ROWS} rows of {}", hardware.name);
            return Err(Diagnostic::new(message).help("measure more shapes and loads").into());
        }
        if let Some(out) = &self.out {
            let name = self.name.unwrap_or_else(|| format!("{}-calibrated", hardware.name));
            let head = format!("name: {name}\nextends: {}\n\n", self.hardware);
            write_whole(out, (head + &yaml(&fits)).as_bytes())?;
            talk(&format!("wrote {}", out.display()));
        }
        print(&fit_table(&fits).render(self.output.format))
    }
}
